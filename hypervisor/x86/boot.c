// SPDX-License-Identifier: GPL-2.0-only
/*
 * Start of the boot processor: memory map, first allocations, final tables.
 *
 * Until frame_init() pages come from the top of memory below 4 GiB downwards,
 * past what is in use; nothing allocated here is ever given back.
 */
#include "vtlb.h"
#include "x86/boot.h"

#include "frame.h"
#include "gate.h"
#include "layout.h"
#include "main.h"
#include "panic.h"
#include "percpu.h"
#include "printk.h"
#include "version.h"
#include "x86/cpu.h"
#include "x86/paging.h"
#include "x86/platform.h"
#include "x86/smp.h"

#define LOW_4G		(1UL << 32)
#define LOW_1M		0x100000UL
#define MAX_USED	64

struct multiboot2 boot_mb2;
struct cmdline boot_cmdline;

extern const char __image_end[];

/* What of memory is in use, whole pages, in no order. */
static struct mem_region used[MAX_USED];
static u32 nr_used;
static u64 next_alloc = LOW_4G;	/* pages below this are still to be given */
static struct mem_region *run;	/* of 'used': what was given last */
static bool frames_ready;

static void add_used(u64 start, u64 end)
{
	if (nr_used == MAX_USED)
		boot_failure("memory is in more than %u pieces that are in use; load fewer modules",
			     MAX_USED);
	start = ALIGN_DOWN(start, PAGE_SIZE);
	used[nr_used++] = (struct mem_region){
		.start = start, .size = ALIGN_UP(end, PAGE_SIZE) - start,
	};
}

/* Add one piece of RAM, keeping the list sorted and its pieces apart. */
static void add_ram(u64 start, u64 end)
{
	u32 i, j;

	start = ALIGN_UP(start, PAGE_SIZE);
	end = ALIGN_DOWN(MIN(end, DIRECT_MAX), PAGE_SIZE);
	if (start >= end)
		return;
	for (i = 0; i < platform_nr_ram; i++)
		if (start <= platform_ram[i].start + platform_ram[i].size)
			break;
	for (j = i; j < platform_nr_ram && platform_ram[j].start <= end; j++) {
		start = MIN(start, platform_ram[j].start);
		end = MAX(end, platform_ram[j].start + platform_ram[j].size);
	}
	if (i == j && platform_nr_ram == PLATFORM_MAX_RAM) {
		log_warning("memory is in more than %u pieces, %#lx-%#lx is not used",
			    PLATFORM_MAX_RAM, start, end);
		return;
	}
	memmove(&platform_ram[i + 1], &platform_ram[j],
		(platform_nr_ram - j) * sizeof(platform_ram[0]));
	platform_nr_ram = platform_nr_ram - (j - i) + 1;
	platform_ram[i] = (struct mem_region){ start, end - start };
}

/* Take a piece that is said to be something else out of the RAM. */
static void cut_ram(u64 start, u64 end)
{
	struct mem_region r;
	u32 i = 0;

	start = ALIGN_DOWN(start, PAGE_SIZE);
	end = ALIGN_UP(end, PAGE_SIZE);
	while (i < platform_nr_ram) {
		r = platform_ram[i];
		if (r.start >= end || r.start + r.size <= start) {
			i++;
			continue;
		}
		platform_nr_ram--;
		memmove(&platform_ram[i], &platform_ram[i + 1],
			(platform_nr_ram - i) * sizeof(r));
		if (r.start < start) {
			add_ram(r.start, start);
			i++;
		}
		if (r.start + r.size > end)
			add_ram(end, r.start + r.size);
	}
}

static void find_memory(void)
{
	const struct multiboot2_memory *m;
	u64 total = 0;
	u32 i;

	for (i = 0; i < boot_mb2.nr_memory; i++) {
		m = &boot_mb2.memory[i];
		log_info("memory %012lx-%012lx %s", m->addr,
			 m->addr + m->size,
			 m->type == MULTIBOOT2_RAM ? "usable" :
			 m->type == MULTIBOOT2_ACPI ? "ACPI tables" :
			 m->type == MULTIBOOT2_NVS ? "ACPI NVS" :
			 m->type == MULTIBOOT2_BAD ? "bad" : "reserved");
		if (m->type == MULTIBOOT2_RAM)
			add_ram(m->addr, m->addr + m->size);
	}
	for (i = 0; i < boot_mb2.nr_memory; i++) {
		m = &boot_mb2.memory[i];
		if (m->type != MULTIBOOT2_RAM)
			cut_ram(m->addr, m->addr + m->size);
	}
	for (i = 0; i < platform_nr_ram; i++)
		total += platform_ram[i].size;
	log_info("%lu MiB of memory", total >> 20);

	add_used(0, LOW_1M);
	add_used(IMAGE_PHYS, IMAGE_PHYS + (u64)__image_end - IMAGE_BASE);
	for (i = 0; i < boot_mb2.nr_modules; i++) {
		const struct multiboot2_module *mod = &boot_mb2.module[i];

		log_info("module %u at %#lx-%#lx: %.64s", i, mod->start,
			 mod->end,
			 mod->string[0] ? mod->string : "(no arguments)");
		if (mod->end > mod->start)
			add_used(mod->start, mod->end);
	}
}

/* The highest page of RAM below 'end', or ~0. */
static u64 ram_below(u64 end)
{
	u32 i = platform_nr_ram;
	u64 top;

	while (i--) {
		if (platform_ram[i].start >= end)
			continue;
		top = MIN(platform_ram[i].start + platform_ram[i].size, end);
		return top - PAGE_SIZE;
	}
	return ~0UL;
}

static const struct mem_region *in_use(u64 phys)
{
	u32 i;

	for (i = 0; i < nr_used; i++)
		if (phys >= used[i].start && phys - used[i].start < used[i].size)
			return &used[i];
	return NULL;
}

u64 boot_alloc_page(void)
{
	const struct mem_region *taken;
	u64 phys;
	mfn_t mfn;

	if (frames_ready) {
		mfn = frame_alloc_hv(0);
		if (mfn.n == MFN_NONE.n)
			boot_failure("there is no memory for starting CPUs; use maxcpus=, or give the machine more memory");
		return mfn.n << PAGE_SHIFT;
	}
	for (;;) {
		phys = ram_below(next_alloc);
		if (phys == ~0UL)
			boot_failure("there is not enough memory below 4 GiB; give the machine more memory");
		taken = in_use(phys);
		if (!taken)
			break;
		next_alloc = taken->start;
	}
	next_alloc = phys;
	if (run && phys + PAGE_SIZE == run->start) {
		run->start = phys;
		run->size += PAGE_SIZE;
	} else {
		add_used(phys, phys + PAGE_SIZE);
		run = &used[nr_used - 1];
	}
	memset(phys_to_virt(phys), 0, PAGE_SIZE);
	return phys;
}

u64 boot_low_page(void)
{
	u64 phys = ram_below(0xa0000);

	if (phys == ~0UL || phys < PAGE_SIZE)
		boot_failure("there is no memory below 640 KiB for other CPUs to start in; update the firmware");
	return phys;
}

void boot_main(u32 info)
{
	enum multiboot2_error error;

	error = multiboot2_parse(&boot_mb2, phys_to_virt(info),
				 MIN(LOW_4G - info, (u64)MULTIBOOT2_MAX_SIZE));
	if (error)
		memset(&boot_mb2, 0, sizeof(boot_mb2));
	cmdline_parse(&boot_cmdline, boot_mb2.cmdline);
	main_console();
	if (error)
		boot_failure("the boot information is damaged: %s; use GRUB's 'multiboot2'",
			     multiboot2_strerror(error));
	cpu_identify();
	cpu_init();
	vtlb_setup(cpu_info.phys_bits);
	log_info("CPU: %s, %s, %#x, %u address bits, xcr0 %#lx",
		 cpu_info.vendor, cpu_info.model, cpu_info.signature,
		 cpu_info.phys_bits, cpu_info.xcr0);
	find_memory();
	paging_init();
	smp_init_boot_pcpu();
	write_cr3(pcpus[0].hv_cr3);
	boot_on_stack(pcpus[0].stack_top);
}

void boot_continue(void)
{
	frame_init(platform_ram, platform_nr_ram, used, nr_used);
	frames_ready = true;
	gate_init_pcpu(&pcpus[0]);
	kmain();
}
