// SPDX-License-Identifier: GPL-2.0-only
/*
 * The domain builder: see builder.h.
 */
#include "builder.h"
#include "devicetree.h"

#ifdef RINGLET_HOST
#include <stdio.h>
#else
#include "errno.h"
#include "printk.h"
#include "string.h"
#endif

#define KIB		1024UL
#define MIB		(1024UL * 1024)
#define GIB		(1024UL * 1024 * 1024)
#define PAGE		4096UL

/*
 * Nothing that the builder may place freely goes below: PCs have firmware data
 * there, and Linux its real-mode trampoline.
 */
#define LOWEST		MIB

/* Page table entries (SDM vol. 3, 4.5). A table here is always writable. */
#define PTE_TABLE	0x63UL		/* P, W, A, D */
#define PTE_2M		0xe3UL		/* P, W, A, D, PS */
#define PER_TABLE	512UL
#define TABLE_2M	0x200000UL	/* what an entry of each level maps */
#define TABLE_1G	GIB
#define TABLE_512G	(512 * GIB)

#define fail(b, err, ...) \
	(snprintf((b)->error, sizeof((b)->error), __VA_ARGS__), -(err))

static u64 round_up(u64 value, u64 align)
{
	return (value + align - 1) & ~(align - 1);
}

static u64 div_up(u64 value, u64 by)
{
	return (value + by - 1) / by;
}

static unsigned long mib(u64 bytes)
{
	return div_up(bytes, MIB);
}

/* Does [start, start + size) meet 'r'? Neither wraps. */
static bool overlaps(const struct builder_region *r, u64 start, u64 size)
{
	return start < r->gpa + r->size && r->gpa < start + size;
}

static bool meets_memory(const struct builder *b, u64 start, u64 size)
{
	u32 i;

	for (i = 0; i < b->in.nr_regions; i++)
		if (overlaps(&b->in.regions[i], start, size))
			return true;
	return false;
}

/* Is all of [start, start + size) in one region? */
static bool in_region(const struct builder *b, u64 start, u64 size)
{
	const struct builder_region *r;
	u32 i;

	for (i = 0; i < b->in.nr_regions; i++) {
		r = &b->in.regions[i];
		if (start >= r->gpa && size <= r->size &&
		    start - r->gpa <= r->size - size)
			return true;
	}
	return false;
}

/* The first busy range that meets [start, start + size), or NULL. */
static const struct builder_region *busy_at(const struct builder *b, u64 start,
					    u64 size)
{
	u32 i;

	for (i = 0; i < b->nr_busy; i++)
		if (overlaps(&b->busy[i], start, size))
			return &b->busy[i];
	return NULL;
}

static void add_busy(struct builder *b, u64 start, u64 size)
{
	b->busy[b->nr_busy].gpa = start;
	b->busy[b->nr_busy].size = size;
	b->nr_busy++;
}

/*
 * The highest free place of 'size' bytes at a multiple of 'align' below
 * 'limit', or 0.
 */
static u64 find_high(const struct builder *b, u64 size, u64 align, u64 limit)
{
	const struct builder_region *r, *busy;
	u64 top, start;
	u32 i;

	for (i = b->in.nr_regions; i-- > 0;) {
		r = &b->in.regions[i];
		top = r->gpa + r->size;
		if (top > limit)
			top = limit;
		while (top > r->gpa && top - r->gpa >= size) {
			start = (top - size) & ~(align - 1);
			if (start < r->gpa || start < LOWEST)
				break;
			busy = busy_at(b, start, size);
			if (!busy)
				return start;
			top = busy->gpa;
		}
	}
	return 0;
}

/* As find_high(), below 4 GiB if there is room there; takes the place. */
static u64 take_high(struct builder *b, u64 size, u64 align)
{
	u64 start = find_high(b, size, align, 4 * GIB);

	if (!start)
		start = find_high(b, size, align, BUILDER_MAX_MEMORY);
	if (start)
		add_busy(b, start, size);
	return start;
}

static int check_regions(struct builder *b)
{
	const struct builder_region *r = b->in.regions;
	u64 end = 0;
	u32 i;

	if (!b->in.nr_regions || b->in.nr_regions > BUILDER_MAX_REGIONS)
		return fail(b, E2BIG, "memory has %u regions: 1 to %u are possible",
			    b->in.nr_regions, BUILDER_MAX_REGIONS);
	for (i = 0; i < b->in.nr_regions; i++, r++) {
		if ((r->gpa | r->size) & (PAGE - 1) || !r->size ||
		    r->gpa < end || r->size > BUILDER_MAX_MEMORY ||
		    r->gpa > BUILDER_MAX_MEMORY - r->size)
			return fail(b, EINVAL, "memory region %u (0x%lx, 0x%lx bytes) is empty, not in order, not of whole pages, or beyond 64 TiB",
				    i, (unsigned long)r->gpa,
				    (unsigned long)r->size);
		end = r->gpa + r->size;
		b->layout.memory_size += r->size;
	}
	b->layout.memory_end = end;
	return 0;
}

static int check_reserved(struct builder *b)
{
	const struct builder_region *r = b->in.reserved;
	u32 i;

	if (b->in.nr_reserved > BUILDER_MAX_RESERVED)
		return fail(b, E2BIG, "%u ranges are reserved: up to %u are possible",
			    b->in.nr_reserved, BUILDER_MAX_RESERVED);
	for (i = 0; i < b->in.nr_reserved; i++, r++) {
		if (r->gpa + r->size < r->gpa)
			return fail(b, EINVAL, "reserved range %u (0x%lx, 0x%lx bytes) goes beyond the end of the address space",
				    i, (unsigned long)r->gpa,
				    (unsigned long)r->size);
		if (r->size)
			add_busy(b, r->gpa, r->size);
	}
	return 0;
}

/* Length of a string that is shorter than 'max', or 'max'. */
static u64 bounded_length(const char *s, u64 max)
{
	u64 n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

static int check_input(struct builder *b)
{
	const struct builder_input *in = &b->in;
	int rc;

	rc = check_regions(b);
	if (!rc)
		rc = check_reserved(b);
	if (rc)
		return rc;
	if (!in->vcpus || in->vcpus > RINGLET_MAX_VCPUS)
		return fail(b, EINVAL, "domain has %u vCPUs: 1 to %u are possible",
			    in->vcpus, RINGLET_MAX_VCPUS);
	if (in->cmdline && bounded_length(in->cmdline, BUILDER_MAX_CMDLINE) ==
	    BUILDER_MAX_CMDLINE)
		return fail(b, E2BIG, "command line has more than %u characters",
			    BUILDER_MAX_CMDLINE - 1);
	if (in->nr_e820 > BUILDER_MAX_E820)
		return fail(b, E2BIG, "memory map has %u entries: up to %u are possible",
			    in->nr_e820, BUILDER_MAX_E820);
	if (in->shared_gpa & (PAGE - 1) ||
	    in->shared_gpa > BUILDER_MAX_MEMORY - BUILDER_SHARED_SIZE ||
	    meets_memory(b, in->shared_gpa, BUILDER_SHARED_SIZE))
		return fail(b, EINVAL, "shared page at 0x%lx is not at a page outside memory",
			    (unsigned long)in->shared_gpa);
	if (in->virtio_gpa &&
	    (in->virtio_gpa & (PAGE - 1) ||
	     in->virtio_gpa > BUILDER_MAX_MEMORY - PAGE ||
	     meets_memory(b, in->virtio_gpa, PAGE) ||
	     in->virtio_gpa - in->shared_gpa < BUILDER_SHARED_SIZE))
		return fail(b, EINVAL, "page of the virtio bus at 0x%lx is not at a page of its own outside memory",
			    (unsigned long)in->virtio_gpa);
	return 0;
}

/* An initial RAM disk that is in place already must be known to all others. */
static int check_initrd(struct builder *b)
{
	const struct builder_input *in = &b->in;
	u64 size;

	if (!in->initrd_size)
		return 0;
	if (in->initrd_size > BUILDER_MAX_MEMORY)
		return fail(b, ENOMEM, "initial RAM disk of %lu MiB is larger than memory can be",
			    mib(in->initrd_size));
	if (in->initrd_gpa == BUILDER_COPY_INITRD)
		return 0;
	size = round_up(in->initrd_size, PAGE);
	if (in->initrd_gpa & (PAGE - 1) || !in_region(b, in->initrd_gpa, size))
		return fail(b, EINVAL, "initial RAM disk at 0x%lx is not at a page in the domain's memory",
			    (unsigned long)in->initrd_gpa);
	b->layout.initrd_start = in->initrd_gpa;
	add_busy(b, in->initrd_gpa, size);
	return 0;
}

/* Root, level-3 and level-2 tables, in this order. */
static void plan_tables(struct builder *b, u64 *size)
{
	struct builder_layout *l = &b->layout;
	u64 end = l->memory_end, shared_end;

	shared_end = b->in.shared_gpa + BUILDER_SHARED_SIZE;
	if (end < shared_end)
		end = shared_end;
	if (b->in.virtio_gpa && end < b->in.virtio_gpa + PAGE)
		end = b->in.virtio_gpa + PAGE;
	if (end < 4 * GIB)
		end = 4 * GIB;
	l->mapped_end = round_up(end, TABLE_2M);
	*size = PAGE * (1 + div_up(l->mapped_end, TABLE_512G) +
			div_up(l->mapped_end, TABLE_1G));
}

static bool image_fits(const struct builder *b, u64 start, u64 size)
{
	return in_region(b, start, size) && !busy_at(b, start, size);
}

/*
 * The lowest free place for the image that differs from where it wants to be by
 * a multiple of its alignment, or 0.
 */
static u64 find_image(const struct builder *b, u64 size)
{
	u64 align = b->elf.note.align;
	u64 phase = b->elf.start & (align - 1);
	const struct builder_region *r, *busy;
	u64 low, start;
	u32 i;

	for (i = 0; i < b->in.nr_regions; i++) {
		r = &b->in.regions[i];
		low = r->gpa < LOWEST ? LOWEST : r->gpa;
		for (;;) {
			start = low;
			if (start > phase)
				start = round_up(start - phase, align) + phase;
			else
				start = phase;
			if (start < low || !in_region(b, start, size))
				break;
			busy = busy_at(b, start, size);
			if (!busy)
				return start;
			low = busy->gpa + busy->size;
		}
	}
	return 0;
}

static int place_image(struct builder *b)
{
	const struct elf_image *elf = &b->elf;
	u64 size = elf->end - elf->start;
	u64 start = elf->start;

	if (!image_fits(b, start, size)) {
		if (!(elf->note.flags & RINGLET_NOTE_RELOCATABLE)) {
			if (elf->end > b->layout.memory_end)
				return fail(b, ENOMEM, "kernel cannot be moved and ends at %lu MiB, the domain has memory up to %lu MiB",
					    mib(elf->end),
					    (unsigned long)
					    (b->layout.memory_end / MIB));
			return fail(b, ENOMEM, "kernel cannot be moved, and the memory that it needs at 0x%lx to 0x%lx is not free",
				    (unsigned long)start,
				    (unsigned long)elf->end);
		}
		start = find_image(b, size);
		if (!start)
			return fail(b, ENOMEM, "kernel needs %lu MiB in one piece, aligned to %lu KiB: the domain's memory has no such piece",
				    mib(size),
				    (unsigned long)(elf->note.align / KIB));
	}
	add_busy(b, start, size);
	b->layout.image_start = start;
	b->layout.image_end = start + size;
	b->layout.image_moved = (s64)(start - elf->start);
	b->layout.entry = elf->note.entry + (start - elf->start);
	return 0;
}

/* Compare sums first: then a person learns one number that would be enough. */
static int check_sum(struct builder *b, u64 fdt, u64 tables)
{
	u64 image = b->elf.end - b->elf.start;
	u64 low = b->in.regions[0].gpa;
	u64 need;

	if (image > BUILDER_MAX_MEMORY)
		return fail(b, ENOMEM, "kernel segments are spread over %lu MiB, more than memory can be",
			    mib(image));
	need = image + round_up(b->in.initrd_size, PAGE) + fdt + tables;
	if (low < LOWEST)
		need += LOWEST - low;
	if (need > b->layout.memory_size)
		return fail(b, ENOMEM, "domain needs at least %lu MiB of memory (kernel %lu, initial RAM disk %lu), it has %lu",
			    mib(need), mib(image),
			    mib(b->in.initrd_size),
			    (unsigned long)(b->layout.memory_size / MIB));
	return 0;
}

static int place_rest(struct builder *b, u64 fdt_size, u64 tables_size)
{
	struct builder_layout *l = &b->layout;
	u64 fdt_align = PAGE;

	if (b->in.initrd_size && !l->initrd_start) {
		l->initrd_start = take_high(b, round_up(b->in.initrd_size, PAGE),
					    PAGE);
		if (!l->initrd_start)
			return fail(b, ENOMEM, "initial RAM disk needs %lu MiB in one piece: the domain's memory has no such piece besides the kernel",
				    mib(b->in.initrd_size));
	}
	l->initrd_end = l->initrd_start + b->in.initrd_size;

	/* Written through one mapping, so it must not cross a chunk. */
	while (fdt_align < fdt_size)
		fdt_align <<= 1;
	l->fdt_start = take_high(b, fdt_size, fdt_align);
	l->fdt_end = l->fdt_start + fdt_size;
	if (l->fdt_start)
		l->tables_start = take_high(b, tables_size, PAGE);
	l->tables_end = l->tables_start + tables_size;
	if (!l->tables_start)
		return fail(b, ENOMEM, "domain's memory has no room for %lu KiB of device tree and page tables",
			    (unsigned long)((fdt_size + tables_size) / KIB));
	return 0;
}

int builder_plan(struct builder *b)
{
	u64 fdt_size, tables_size;
	int rc;

	memset(&b->layout, 0, sizeof(b->layout));
	b->nr_busy = 0;
	b->error[0] = 0;
	rc = check_input(b);
	if (!rc)
		rc = check_initrd(b);
	if (rc)
		return rc;
	if (elf_parse(&b->elf, b->in.image, b->in.image_size))
		return fail(b, EINVAL, "%s", b->elf.error);
	fdt_size = devicetree_room(&b->in);
	plan_tables(b, &tables_size);
	rc = check_sum(b, fdt_size, tables_size);
	if (!rc)
		rc = place_image(b);
	if (!rc)
		rc = place_rest(b, fdt_size, tables_size);
	return rc;
}

/* Bytes from 'gpa' to the end of its chunk, at most 'len'. */
static u64 chunk_len(u64 gpa, u64 len)
{
	u64 room = BUILDER_MAP_CHUNK - (gpa & (BUILDER_MAP_CHUNK - 1));

	return len < room ? len : room;
}

static int map_failed(struct builder *b, u64 gpa, u64 len)
{
	return fail(b, EFAULT, "cannot map 0x%lx bytes of the domain's memory at 0x%lx",
		    (unsigned long)len, (unsigned long)gpa);
}

/* Copy to guest-physical memory; zero it if 'from' is NULL. */
static int put(struct builder *b, u64 gpa, const void *from, u64 len)
{
	const u8 *bytes = from;
	void *to;
	u64 n;

	while (len) {
		n = chunk_len(gpa, len);
		to = builder_map(b, gpa, n);
		if (!to)
			return map_failed(b, gpa, n);
		if (bytes) {
			memcpy(to, bytes, n);
			bytes += n;
		} else {
			memset(to, 0, n);
		}
		builder_unmap(b, to, gpa, n);
		gpa += n;
		len -= n;
	}
	return 0;
}

static int load_image(struct builder *b)
{
	const struct elf_segment *s;
	const u8 *image = b->in.image;
	u64 gpa;
	u32 i;
	int rc;

	for (i = 0; i < b->elf.nr_segments; i++) {
		s = &b->elf.segment[i];
		gpa = s->gpa + (u64)b->layout.image_moved;
		rc = put(b, gpa, image + s->offset, s->filesz);
		if (!rc)
			rc = put(b, gpa + s->filesz, NULL,
				 s->memsz - s->filesz);
		if (rc)
			return rc;
	}
	return 0;
}

static int load_fdt(struct builder *b)
{
	u64 gpa = b->layout.fdt_start;
	u64 size = b->layout.fdt_end - gpa;
	void *fdt = builder_map(b, gpa, size);
	int rc;

	if (!fdt)
		return map_failed(b, gpa, size);
	memset(fdt, 0, size);
	rc = devicetree_write(fdt, size, &b->in, &b->layout);
	builder_unmap(b, fdt, gpa, size);
	if (rc)
		return fail(b, ENOSPC, "device tree does not fit into %lu bytes (libfdt error %d)",
			    (unsigned long)size, -rc);
	return 0;
}

/*
 * Fill one table. Tables are numbered as they lie in memory: the root is 0, then
 * come 'nr_l3' level-3 tables, then the level-2 tables.
 */
static void fill_table(const struct builder_layout *l, u64 *table, u64 number)
{
	u64 nr_l3 = div_up(l->mapped_end, TABLE_512G);
	u64 nr_l2 = div_up(l->mapped_end, TABLE_1G);
	u64 first, count, step, flags, base, i;

	if (number == 0) {
		first = 0;
		count = nr_l3;
		base = l->tables_start + PAGE;
		step = PAGE;
		flags = PTE_TABLE;
	} else if (number <= nr_l3) {
		first = (number - 1) * PER_TABLE;
		count = nr_l2;
		base = l->tables_start + PAGE * (1 + nr_l3);
		step = PAGE;
		flags = PTE_TABLE;
	} else {
		first = (number - 1 - nr_l3) * PER_TABLE;
		count = l->mapped_end / TABLE_2M;
		base = 0;
		step = TABLE_2M;
		flags = PTE_2M;
	}
	for (i = 0; i < PER_TABLE; i++)
		table[i] = first + i < count ?
			   (base + (first + i) * step) | flags : 0;
}

static int load_tables(struct builder *b)
{
	const struct builder_layout *l = &b->layout;
	u64 gpa = l->tables_start;
	u64 n, i, number = 0;
	u8 *to;

	while (gpa < l->tables_end) {
		n = chunk_len(gpa, l->tables_end - gpa);
		to = builder_map(b, gpa, n);
		if (!to)
			return map_failed(b, gpa, n);
		for (i = 0; i < n; i += PAGE)
			fill_table(l, (u64 *)(to + i), number++);
		builder_unmap(b, to, gpa, n);
		gpa += n;
	}
	return 0;
}

int builder_load(struct builder *b, struct ringlet_vcpu_context *context)
{
	int rc;

	b->error[0] = 0;
	rc = load_image(b);
	if (!rc && b->in.initrd_size &&
	    b->in.initrd_gpa == BUILDER_COPY_INITRD)
		rc = put(b, b->layout.initrd_start, b->in.initrd,
			 b->in.initrd_size);
	if (!rc)
		rc = load_fdt(b);
	if (!rc)
		rc = load_tables(b);
	if (rc)
		return rc;
	memset(context, 0, sizeof(*context));
	context->rip = b->layout.entry;
	context->rsi = b->layout.fdt_start;
	context->rflags = 2;
	context->root = b->layout.tables_start;
	return 0;
}
