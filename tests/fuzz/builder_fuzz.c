// SPDX-License-Identifier: GPL-2.0-only
/*
 * A whole domain from what a tenant brings: image, command line, sizes. What is
 * built is in its memory and nowhere else, and the device tree that the guest is
 * given is well-formed.
 *
 * Input: struct choice, command line, image.
 */
#include <libfdt.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "builder.h"
#include "devicetree.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define MEMORY_MAX (40UL << 20)

struct choice {
	u32 memory;		/* bytes */
	u16 cmdline;		/* bytes */
	u8 vcpus;
	u8 flags;		/* 1 control, 2 initrd, 4 seed, 8 e820, 16 bus */
	u8 reserved[4];		/* a reserved region, 256 KiB units, for 2 */
	u32 initrd;		/* bytes */
};

static u8 *memory;
static u64 memory_size, live;

void *builder_map(struct builder *b, u64 gpa, u64 len)
{
	(void)b;
	if (live || !len || gpa >= memory_size || len > memory_size - gpa)
		abort();
	live = 1;
	return memory + gpa;
}

void builder_unmap(struct builder *b, void *mapping, u64 gpa, u64 len)
{
	(void)b;
	(void)len;
	if (!live || mapping != memory + gpa)
		abort();
	live = 0;
}

/* In memory, and apart from what is known already. */
static void apart(struct builder_region *known, u64 start, u64 end)
{
	u32 i;

	if (start > end || end > memory_size)
		abort();
	for (i = 0; i < 5; i++)
		if (start < end && start < known[i].gpa + known[i].size &&
		    known[i].gpa < end)
			abort();
	for (i = 0; known[i].size; i++)
		;
	known[i].gpa = start;
	known[i].size = end - start;
}

static void check(const struct builder *b, const struct ringlet_vcpu_context *c)
{
	const struct builder_layout *l = &b->layout;
	struct builder_region known[6] = { { 0, 0 } };

	if (b->in.nr_reserved)
		known[0] = b->in.reserved[0];
	apart(known, l->image_start, l->image_end);
	apart(known, l->initrd_start, l->initrd_end);
	apart(known, l->fdt_start, l->fdt_end);
	apart(known, l->tables_start, l->tables_end);
	if (l->fdt_start == l->fdt_end || c->root != l->tables_start ||
	    c->rip != l->entry || c->rsi != l->fdt_start)
		abort();
	if (fdt_check_full(memory + l->fdt_start, l->fdt_end - l->fdt_start))
		abort();
}

/* MEMORY_MAX bytes, all 0, and behind them nothing. */
static u8 *arena(void)
{
	static u8 *start;

	if (!start) {
		start = mmap(NULL, MEMORY_MAX + PAGE_SIZE, PROT_READ |
			     PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
			     MAP_NORESERVE, -1, 0);
		if (start == MAP_FAILED ||
		    mprotect(start + MEMORY_MAX, PAGE_SIZE, PROT_NONE))
			abort();
	}
	return start;
}

static void build(const struct choice *c, const char *cmdline, const u8 *image,
		  size_t image_size)
{
	static const u8 random[32];
	static u8 initrd[65536];
	struct builder_region region = { 0, memory_size };
	struct builder_region reserved = { c->reserved[0] * 0x40000UL,
					   c->reserved[1] * 0x40000UL };
	struct builder_e820 e820 = { c->reserved[2] * 0x100000UL,
				     c->reserved[3] * 0x100000UL, 1 };
	struct builder *b = calloc(1, sizeof(*b));
	struct ringlet_vcpu_context context;

	b->in.regions = &region;
	b->in.nr_regions = 1;
	b->in.reserved = &reserved;
	b->in.nr_reserved = reserved.size ? 1 : 0;
	b->in.image = image;
	b->in.image_size = image_size;
	b->in.initrd = initrd;
	b->in.initrd_size = c->flags & 2 ? c->initrd % sizeof(initrd) : 0;
	b->in.cmdline = cmdline;
	b->in.domid = 1;
	b->in.vcpus = 1 + c->vcpus % RINGLET_MAX_VCPUS;
	b->in.control = c->flags & 1;
	b->in.shared_gpa = memory_size;
	b->in.virtio_gpa = c->flags & 16 ? memory_size + 2 * PAGE_SIZE : 0;
	b->in.rng_seed = c->flags & 4 ? random : NULL;
	b->in.e820 = &e820;
	b->in.nr_e820 = c->flags & 8 ? 1 : 0;
	if (!builder_plan(b) && !builder_load(b, &context))
		check(b, &context);
	else if (!b->error[0] || !memchr(b->error, 0, sizeof(b->error)))
		abort();
	if (live)
		abort();
	free(b);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct choice c;
	char *cmdline;
	u8 *image;
	size_t len;

	if (size < sizeof(c))
		return 0;
	memcpy(&c, data, sizeof(c));
	data += sizeof(c);
	size -= sizeof(c);
	len = MIN(size, (size_t)c.cmdline);
	cmdline = malloc(len + 1);
	memcpy(cmdline, data, len);
	cmdline[len] = 0;
	size -= len;
	image = malloc(size ? size : 1);
	memcpy(image, data + len, size);
	memory_size = ALIGN_UP(1 + c.memory % MEMORY_MAX, PAGE_SIZE);
	memory = arena() + MEMORY_MAX - memory_size;
	build(&c, cmdline, image, size);
	madvise(memory, memory_size, MADV_DONTNEED);
	free(image);
	free(cmdline);
	return 0;
}
