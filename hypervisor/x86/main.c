// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hypervisor's start, after memory and before domains run.
 */
#include "main.h"

#include "boot_build.h"
#include "coherence.h"
#include "domain0.h"
#include "frame.h"
#include "panic.h"
#include "percpu.h"
#include "sched_random.h"
#include "printk.h"
#include "time.h"
#include "traps.h"
#include "version.h"
#include "x86/acpi.h"
#include "x86/boot.h"
#include "x86/cpu.h"
#include "x86/ioapic.h"
#include "x86/lapic.h"
#include "x86/paging.h"
#include "x86/screen.h"
#include "x86/smp.h"
#include "x86/uart.h"

static struct boot_domains boot_domains;

const char hv_version[] = "0.1";
#ifdef __clang__
const char hv_compiler[] = __VERSION__;
#else
const char hv_compiler[] = "gcc " __VERSION__;
#endif
const char hv_compile_date[] = __DATE__ " " __TIME__;
const char *const hv_cmdline = boot_mb2.cmdline;

/* cmdline.h counts from "none"; lines of the start are shown from warnings on. */
static void set_log_level(bool starting)
{
	int level = (int)boot_cmdline.loglvl - 1;

	if (starting && level >= LOG_WARNING)
		level = MAX(level, (int)LOG_INFO);
	log_set_console_level(level);
}

void main_console(void)
{
	u32 i;

	panic_set_noreboot(boot_cmdline.noreboot);
	set_log_level(true);
	for (i = 0; i < 2; i++)
		if (boot_cmdline.console & CMDLINE_CONSOLE_COM1 << i &&
		    !uart_init(i, boot_cmdline.baud[i]))
			log_warning("console=com%u: there is no such port", i + 1);
	if (boot_cmdline.console & CMDLINE_CONSOLE_VGA &&
	    !screen_init(&boot_mb2)) {
		boot_cmdline.console &= ~(u32)CMDLINE_CONSOLE_VGA;
		log_info("console=vga: the boot loader left no screen that Ringlet can write to");
	}
	log_info("Ringlet %s, compiled %s by %s", hv_version, hv_compile_date,
		 hv_compiler);
	log_info("Command line: %s", boot_mb2.cmdline);
	for (i = 0; i < MIN(boot_cmdline.nr_reports, (u32)CMDLINE_MAX_REPORTS);
	     i++)
		log_warning("Command line: %s", boot_cmdline.report[i]);
}

static void check_tables(void)
{
	const char *wrong;
	u64 va;

	wrong = paging_check(pcpus[0].hv_cr3, &va);
	if (wrong)
		panic("the hypervisor's own tables are wrong: %#lx is %s", va,
		      wrong);
}

static void init_acpi(void)
{
	if (boot_mb2.has_rsdp_v2)
		acpi_init(boot_mb2.rsdp_v2, true);
	else if (boot_mb2.has_rsdp_v1)
		acpi_init(boot_mb2.rsdp_v1, false);
	else
		boot_failure("the boot loader found no ACPI tables, which Ringlet needs; turn ACPI on in the firmware's set-up");
}

static u32 boot_uid(void)
{
	u32 i;

	for (i = 0; i < acpi.nr_cpus; i++)
		if (acpi.cpus[i].apic_id == pcpus[0].apic_id)
			return acpi.cpus[i].uid;
	return ~0U - 1;
}

static bool is_tree(const struct multiboot2_module *m)
{
	return boot_domains_is_tree(phys_to_virt(m->start), m->end - m->start);
}

/* Find and read the device tree of boot-time domains, if there is one. */
static void read_tree(void)
{
	const struct multiboot2_module *m;
	u32 i;

	for (i = 1; i < boot_mb2.nr_modules; i++) {
		m = &boot_mb2.module[i];
		if (!is_tree(m))
			continue;
		if (boot_domains.nr)
			boot_failure("module %u is a second device tree; put all domains into one",
				     i);
		if (boot_domains_parse(&boot_domains, phys_to_virt(m->start),
				       m->end - m->start, &boot_mb2))
			boot_failure("module %u: %s", i, boot_domains.error);
	}
}

static void start_domain0(void)
{
	const struct multiboot2_module *m = boot_mb2.module;
	struct builder_screen screen;
	struct domain0_input in = {
		.keep = boot_domains.memory,
		.memory = boot_cmdline.dom0_mem,
		.vcpus = boot_cmdline.dom0_max_vcpus,
		.boot = &boot_mb2,
		.acpi_rsdp = acpi.rsdp,
	};

	if (screen_describe(&boot_mb2, &screen))
		in.screen = &screen;
	if (!boot_mb2.nr_modules)
		boot_failure("there is no kernel for domain 0; GRUB loads it by 'module2 /path/to/vmlinux ...' after 'multiboot2'");
	in.image = phys_to_virt(m[0].start);
	in.image_size = m[0].end - m[0].start;
	in.cmdline = m[0].string;
	if (boot_mb2.nr_modules > 1 && !is_tree(&m[1])) {
		in.initrd = phys_to_virt(m[1].start);
		in.initrd_size = m[1].end - m[1].start;
	}
	domain0_build(&in);
}

/* The modules' memory, once domain 0 has its copies. */
static void free_modules(void)
{
	u64 start, end;
	u32 i;

	for (i = 0; i < boot_mb2.nr_modules; i++) {
		start = ALIGN_UP(boot_mb2.module[i].start, PAGE_SIZE);
		end = ALIGN_DOWN(boot_mb2.module[i].end, PAGE_SIZE);
		if (start < end)
			frame_add(start, end - start);
	}
}

static void init_debugging(void)
{
	if (boot_cmdline.vtlb_check)
		log_warning("vtlb=check: cached translations are compared with the guests' tables, which is slow");
	coherence_setup(boot_cmdline.vtlb_check);
	if (boot_cmdline.sched_seed)
		log_warning("sched=random:%u: vCPUs are preempted at random",
			    boot_cmdline.sched_seed);
	sched_random_init(boot_cmdline.sched_seed);
}

void kmain(void)
{
	check_tables();
	init_acpi();
	pcpus[0].apic_id = cpuid(1, 0).ebx >> 24;
	/*
	 * PICs first: an interrupt that they have raised goes away only while
	 * the local APIC still listens to them (LINT0).
	 */
	ioapic_init();
	lapic_init(boot_uid());
	time_init();
	uart_enable_interrupts();
	smp_init(boot_cmdline.maxcpus);
	if (cpu_has.meltdown)
		log_warning("this CPU has Meltdown: a guest's user programs can read their own kernel");
	init_debugging();
	read_tree();
	start_domain0();
	boot_build_domains(&boot_domains);
	free_modules();
	if (boot_cmdline.console & CMDLINE_CONSOLE_VGA)
		log_info("The screen is domain 0's from here on");
	screen_release();
	set_log_level(false);
	pcpu_start();
}
