// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domain 0: identity-mapped, so that its drivers' DMA goes where they think. Its
 * memory is taken from the allocator like everybody's, and described to it as
 * the machine's memory map in which all other RAM is reserved.
 */
#include "domain0.h"
#include "boot_build.h"
#include "domain.h"
#include "frame.h"
#include "machine.h"
#include "panic.h"
#include "printk.h"

#define MIB (1UL << 20)
#define DOM0_MIN (512 * MIB)
#define DOM0_MAX (8192 * MIB)
#define DOM0_LEAST (32 * MIB)
/* What the hypervisor keeps for itself and its tables, at least. */
#define HV_RESERVE (32 * MIB)

static struct builder_region regions[BUILDER_MAX_REGIONS];
static struct builder_e820 e820[BUILDER_MAX_E820];
static u32 nr_regions, nr_e820;
static u64 rng_seed[BUILDER_RNG_SEED / sizeof(u64)];

static u64 memory_size(const struct domain0_input *in)
{
	u64 total = frame_total_pages() << PAGE_SHIFT;
	u64 avail = frame_free_pages() << PAGE_SHIFT;
	u64 want = in->memory;

	avail = avail > HV_RESERVE ? avail - HV_RESERVE : 0;
	if (in->keep > avail)
		boot_failure("boot-time domains ask for %lu MiB of memory, %lu MiB are free; ask for less, or give the machine more memory",
			     in->keep / MIB, avail / MIB);
	avail = ALIGN_DOWN(avail - in->keep, LARGE_SIZE);
	if (!want)
		want = MAX(DOM0_MIN, MIN(DOM0_MAX, total / 4));
	want = ALIGN_DOWN(want, LARGE_SIZE);
	if (want > avail && !in->memory)
		want = avail;
	if (want > avail)
		boot_failure("dom0_mem: %lu MiB are not free for domain 0, %lu MiB are; ask for less, or give the machine more memory",
			     want / MIB, avail / MIB);
	if (want < DOM0_LEAST)
		boot_failure("domain 0 needs %lu MiB of memory or more, %lu MiB are %s",
			     DOM0_LEAST / MIB, want / MIB, in->memory ?
			     "what dom0_mem= gives it; ask for more" :
			     "free; give the machine more memory");
	return want;
}

/* Domain 0's memory, as the allocator gave it. */
static void find_regions(const struct domain *d, u64 end)
{
	u64 n;

	for (n = 0; n < end; n++) {
		struct builder_region *r = &regions[nr_regions - 1];

		if (!frame_valid(MFN(n)) ||
		    frame_of(MFN(n))->state != FRAME_DOMAIN ||
		    frame_of(MFN(n))->owner != d->id)
			continue;
		if (nr_regions && r->gpa + r->size == n << PAGE_SHIFT) {
			r->size += PAGE_SIZE;
			continue;
		}
		/* More pieces than can be listed: it has the rest unlisted. */
		if (nr_regions == BUILDER_MAX_REGIONS)
			return;
		regions[nr_regions++] = (struct builder_region){
			.gpa = n << PAGE_SHIFT, .size = PAGE_SIZE,
		};
	}
}

static void e820_add(u64 start, u64 end, u32 type)
{
	if (start >= end)
		return;
	if (nr_e820 == BUILDER_MAX_E820)
		boot_failure("the memory map has more than %d entries for domain 0",
			     BUILDER_MAX_E820);
	e820[nr_e820++] = (struct builder_e820){ start, end - start, type };
}

/* One RAM entry of the machine: what is not domain 0's is reserved to it. */
static void e820_add_ram(u64 start, u64 end)
{
	u32 i;

	for (i = 0; i < nr_regions; i++) {
		u64 s = MAX(start, regions[i].gpa);
		u64 e = MIN(end, regions[i].gpa + regions[i].size);

		if (s >= e)
			continue;
		e820_add(start, s, MULTIBOOT2_RESERVED);
		e820_add(s, e, MULTIBOOT2_RAM);
		start = e;
	}
	e820_add(start, end, MULTIBOOT2_RESERVED);
}

static void make_e820(const struct multiboot2 *boot)
{
	u32 i;

	for (i = 0; i < boot->nr_memory; i++) {
		const struct multiboot2_memory *m = &boot->memory[i];

		if (m->type == MULTIBOOT2_RAM)
			e820_add_ram(m->addr, m->addr + m->size);
		else
			e820_add(m->addr, m->addr + m->size, m->type);
	}
}

static u64 ram_end(const struct multiboot2 *boot)
{
	u64 end = 0;
	u32 i;

	for (i = 0; i < boot->nr_memory; i++)
		if (boot->memory[i].type == MULTIBOOT2_RAM)
			end = MAX(end, boot->memory[i].addr +
					       boot->memory[i].size);
	return end;
}

static struct domain *create(const struct domain0_input *in, u64 memory)
{
	struct ringlet_domain_create c = {
		.name = "Domain-0",
		.vcpus = in->vcpus ? in->vcpus : 1,
		.weight = 256,
		.max_pages = memory >> PAGE_SHIFT,
	};
	struct domain *d;
	s64 ret = domain_create(&c, RINGLET_DOMID_0, &d);
	u64 done;

	if (ret)
		boot_failure("domain 0 cannot be created: error %ld", (long)-ret);
	for (done = 0; done < memory >> PAGE_SHIFT; done += (u64)ret) {
		ret = p2m_populate_identity(d, (memory >> PAGE_SHIFT) - done);
		if (ret <= 0)
			boot_failure("no memory for domain 0 after %lu MiB: error %ld",
				     (done << PAGE_SHIFT) / MIB, (long)-ret);
	}
	ret = domain_set_shared(d, GFN(0));
	if (ret)
		boot_failure("no shared page for domain 0: error %ld", (long)-ret);
	return d;
}

void domain0_build(const struct domain0_input *in)
{
	u64 memory = memory_size(in);
	struct domain *d = create(in, memory);
	struct builder_input build;

	find_regions(d, ram_end(in->boot) >> PAGE_SHIFT);
	make_e820(in->boot);
	build = (struct builder_input){
		.regions = regions,
		.nr_regions = nr_regions,
		.image = in->image,
		.image_size = in->image_size,
		.initrd = in->initrd,
		.initrd_size = in->initrd_size,
		.initrd_gpa = BUILDER_COPY_INITRD,
		.cmdline = in->cmdline,
		.domid = RINGLET_DOMID_0,
		.vcpus = d->nr_vcpus,
		.control = true,
		.shared_gpa = d->shared_gfn.n << PAGE_SHIFT,
		.e820 = e820,
		.nr_e820 = nr_e820,
		.acpi_rsdp = in->acpi_rsdp,
		.screen = in->screen,
		.rng_seed = machine_random(rng_seed, sizeof(rng_seed)) ?
			    (const u8 *)rng_seed : NULL,
	};
	boot_build(d, &build);
	memset(rng_seed, 0, sizeof(rng_seed));
}
