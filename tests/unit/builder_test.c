// SPDX-License-Identifier: GPL-2.0-only
/*
 * The domain builder on simulated guest memory: where things go, what is in
 * memory afterwards, the device tree read back, the boot tables walked, and the
 * sentences for what cannot be built.
 *
 * Each region is a heap block of its own, and a mapping is given only if it
 * keeps the contract of builder_map(). Memory starts filled with 0xa5, so that
 * what should have been zeroed is seen.
 */
#include <check.h>
#include <libfdt.h>
#include <stdlib.h>
#include "builder.h"
#include "devicetree.h"
#include "image.h"

#define MIB		0x100000ULL
#define GIB		0x40000000ULL
#define JUNK		0xa5

static struct image im;
static struct builder b;
static struct builder_region regions[4];
static u8 *memory[4];
static struct ringlet_vcpu_context context;
static u64 live_gpa, live_len;	/* the mapping that is live */
static int maps_left;		/* mappings that still succeed; -1: all */

static u8 *guest(u64 gpa, u64 len)
{
	u32 i;

	for (i = 0; i < b.in.nr_regions; i++)
		if (gpa >= regions[i].gpa &&
		    gpa + len <= regions[i].gpa + regions[i].size)
			return memory[i] + (gpa - regions[i].gpa);
	ck_abort_msg("0x%lx bytes at 0x%lx are not memory", (long)len,
		     (long)gpa);
	return NULL;
}

void *builder_map(struct builder *builder, u64 gpa, u64 len)
{
	ck_assert_ptr_eq(builder, &b);
	ck_assert_uint_eq(live_len, 0);
	ck_assert_uint_gt(len, 0);
	ck_assert_uint_eq(gpa / BUILDER_MAP_CHUNK,
			  (gpa + len - 1) / BUILDER_MAP_CHUNK);
	if (!maps_left)
		return NULL;
	maps_left -= maps_left > 0;
	live_gpa = gpa;
	live_len = len;
	return guest(gpa, len);
}

void builder_unmap(struct builder *builder, void *mapping, u64 gpa, u64 len)
{
	ck_assert_ptr_eq(builder, &b);
	ck_assert_uint_eq(gpa, live_gpa);
	ck_assert_uint_eq(len, live_len);
	ck_assert_ptr_eq(mapping, guest(gpa, len));
	live_len = 0;
}

static void add_region(u64 gpa, u64 size)
{
	u32 n = b.in.nr_regions++;

	regions[n].gpa = gpa;
	regions[n].size = size;
	memory[n] = malloc(size);
	memset(memory[n], JUNK, size);
	b.in.shared_gpa = gpa + size;
}

/* A domU with no memory yet. */
static void setup(void)
{
	memset(&b, 0, sizeof(b));
	image_make(&im);
	b.in.regions = regions;
	b.in.image = im.bytes;
	b.in.image_size = sizeof(im.bytes);
	b.in.domid = 7;
	b.in.vcpus = 1;
	live_len = 0;
	maps_left = -1;
}

static void teardown(void)
{
	u32 i;

	for (i = 0; i < b.in.nr_regions; i++)
		free(memory[i]);
}

static void plan(void)
{
	int rc = builder_plan(&b);

	ck_assert_msg(!rc, "%d: %s", rc, b.error);
}

static void build(void)
{
	int rc;

	plan();
	rc = builder_load(&b, &context);
	ck_assert_msg(!rc, "%d: %s", rc, b.error);
	ck_assert_uint_eq(live_len, 0);
}

static void expect_refused(int error, const char *part)
{
	ck_assert_int_eq(builder_plan(&b), -error);
	ck_assert_msg(strstr(b.error, part), "'%s' is not in '%s'", part,
		      b.error);
}

/* Nothing that was placed meets anything else, and all of it is memory. */
static void check_disjoint(void)
{
	const struct builder_layout *l = &b.layout;
	u64 r[4][2] = {
		{ l->image_start, l->image_end },
		{ l->initrd_start, (l->initrd_end + 4095) & ~4095ULL },
		{ l->fdt_start, l->fdt_end },
		{ l->tables_start, l->tables_end },
	};
	int i, j;

	for (i = 0; i < 4; i++) {
		ck_assert_uint_le(r[i][0], r[i][1]);
		if (r[i][0] == r[i][1])
			continue;
		guest(r[i][0], r[i][1] - r[i][0]);
		for (j = 0; j < i; j++)
			ck_assert(r[i][0] >= r[j][1] || r[j][0] >= r[i][1]);
	}
}

static void check_image(void)
{
	u64 at = b.layout.image_start, i;
	u8 *p;

	p = guest(at, 0x3000 + IMAGE_BSS);
	for (i = 0; i < 0x1000; i++)
		ck_assert_uint_eq(p[i], image_byte(IMAGE_TEXT + i));
	for (i = 0x1000; i < 0x2000; i++)
		ck_assert_uint_eq(p[i], JUNK);
	for (i = 0; i < 0x1000; i++)
		ck_assert_uint_eq(p[0x2000 + i], image_byte(IMAGE_DATA + i));
	for (i = 0x3000; i < 0x3000 + IMAGE_BSS; i++)
		ck_assert_uint_eq(p[i], 0);
}

/* Walk the boot tables as the CPU does. Returns the entry that maps 'va'. */
static u64 walk(u64 va, u64 *gpa)
{
	u64 table = context.root, entry;
	int shift;

	for (shift = 39;; shift -= 9) {
		ck_assert_uint_ge(table, b.layout.tables_start);
		ck_assert_uint_lt(table, b.layout.tables_end);
		memcpy(&entry, guest(table, 4096) + (va >> shift & 511) * 8, 8);
		if (!(entry & 1))
			return 0;
		ck_assert_msg((entry & 0x67) == 0x63, "entry 0x%lx at level shift %d is not P W A D, or U",
			      (long)entry, shift);
		ck_assert_uint_eq(entry >> 52, 0);
		if (entry & 0x80)
			break;
		ck_assert_int_gt(shift, 21);
		table = entry & 0xffffffffff000;
	}
	ck_assert_int_eq(shift, 21);
	*gpa = (entry & 0xfffffffe00000) | (va & 0x1fffff);
	return entry;
}

/* All of a small map; of a large one, one entry of each table and the last. */
static void check_tables(void)
{
	u64 step = b.layout.mapped_end > 8 * GIB ? GIB - 0x200000 : 0x200000;
	u64 va, gpa;

	for (va = 0x123; va < b.layout.mapped_end; va += step) {
		ck_assert_uint_ne(walk(va, &gpa), 0);
		ck_assert_uint_eq(gpa, va);
	}
	ck_assert_uint_ne(walk(b.layout.mapped_end - 1, &gpa), 0);
	ck_assert_uint_eq(gpa, b.layout.mapped_end - 1);
	ck_assert_uint_eq(walk(b.layout.mapped_end, &gpa), 0);
	ck_assert_uint_eq(walk(1ULL << 47, &gpa), 0);
	ck_assert_uint_eq(walk(511ULL << 39, &gpa), 0);
}

static const void *fdt_blob(void)
{
	const void *fdt = guest(context.rsi, b.layout.fdt_end -
				b.layout.fdt_start);

	ck_assert_uint_eq(context.rsi, b.layout.fdt_start);
	ck_assert_int_eq(fdt_check_header(fdt), 0);
	ck_assert_uint_le(fdt_totalsize(fdt),
			  b.layout.fdt_end - b.layout.fdt_start);
	return fdt;
}

static u64 fdt_u64(const char *path, const char *name, int index)
{
	const void *fdt = fdt_blob();
	const fdt64_t *p;
	int len;

	p = fdt_getprop(fdt, fdt_path_offset(fdt, path), name, &len);
	ck_assert_msg(p && len >= 8 * (index + 1), "%s/%s: length %d", path,
		      name, len);
	return fdt64_ld(p + index);
}

START_TEST(small_domu)
{
	add_region(0, 24 * MIB);
	b.in.cmdline = "console=hvc0";
	build();
	ck_assert_uint_eq(b.layout.image_start, IMAGE_BASE);
	ck_assert_int_eq(b.layout.image_moved, 0);
	ck_assert_uint_eq(b.layout.initrd_start, 0);
	ck_assert_uint_eq(b.layout.initrd_end, 0);
	ck_assert_uint_eq(b.layout.mapped_end, 4 * GIB);
	ck_assert_uint_eq(context.rip, IMAGE_BASE + 0x100);
	ck_assert_uint_eq(context.rflags, 2);
	ck_assert_uint_eq(context.rsp, 0);
	ck_assert_uint_eq(context.root, b.layout.tables_start);
	check_disjoint();
	check_image();
	check_tables();
	ck_assert_str_eq(fdt_getprop(fdt_blob(), fdt_path_offset(fdt_blob(),
			 "/chosen"), "bootargs", NULL), "console=hvc0");
	ck_assert_uint_eq(fdt_u64("/memory@0", "reg", 1), 24 * MIB);
	ck_assert_uint_eq(fdt_u64("/hypervisor", "ringlet,boot-tables", 0),
			  context.root);
	ck_assert_int_lt(fdt_path_offset(fdt_blob(), "/virtio"), 0);
}
END_TEST

START_TEST(virtio_bus)
{
	const void *fdt;
	int node, len;

	add_region(0, 24 * MIB);
	b.in.virtio_gpa = b.in.shared_gpa + BUILDER_SHARED_SIZE;
	b.in.virtio_port = 7;
	b.in.virtio_backend = 3;
	build();
	fdt = fdt_blob();
	node = fdt_path_offset(fdt, "/virtio");
	ck_assert_str_eq(fdt_getprop(fdt, node, "compatible", NULL),
			 "ringlet,virtio-bus");
	ck_assert_uint_eq(fdt_u64("/virtio", "ringlet,page", 0),
			  24 * MIB + 0x2000);
	ck_assert_uint_eq(fdt32_ld(fdt_getprop(fdt, node,
					       "ringlet,event-channel", &len)),
			  7);
	ck_assert_int_eq(len, 4);
	ck_assert_uint_eq(fdt32_ld(fdt_getprop(fdt, node, "ringlet,backend",
					       NULL)), 3);
	ck_assert_ptr_null(fdt_getprop(fdt, node, "memory-region", NULL));
	ck_assert_int_lt(fdt_path_offset(fdt, "/reserved-memory"), 0);
	/* The boot tables reach it. */
	b.in.virtio_gpa = 6 * GIB;
	plan();
	ck_assert_uint_eq(b.layout.mapped_end, 6 * GIB + 2 * MIB);
}
END_TEST

/* Devices that reach a part of memory only: nothing else is put there. */
START_TEST(virtio_pool)
{
	const void *fdt, *phandle;
	int node, len;

	add_region(0, 32 * MIB);
	b.in.virtio_gpa = b.in.shared_gpa + BUILDER_SHARED_SIZE;
	b.in.pool = (struct builder_region){ 24 * MIB, 8 * MIB };
	b.in.reserved = &b.in.pool;
	b.in.nr_reserved = 1;
	build();
	ck_assert_uint_le(b.layout.fdt_end, 24 * MIB);
	ck_assert_uint_le(b.layout.tables_end, 24 * MIB);
	fdt = fdt_blob();
	node = fdt_path_offset(fdt, "/reserved-memory/pool@1800000");
	ck_assert_str_eq(fdt_getprop(fdt, node, "compatible", NULL),
			 "restricted-dma-pool");
	ck_assert_uint_eq(fdt_u64("/reserved-memory/pool@1800000", "reg", 0),
			  24 * MIB);
	ck_assert_uint_eq(fdt_u64("/reserved-memory/pool@1800000", "reg", 1),
			  8 * MIB);
	phandle = fdt_getprop(fdt, node, "phandle", &len);
	ck_assert_int_eq(len, 4);
	node = fdt_path_offset(fdt, "/virtio");
	ck_assert_mem_eq(fdt_getprop(fdt, node, "memory-region", &len), phandle,
			 4);
	ck_assert_int_eq(len, 4);
	node = fdt_path_offset(fdt, "/reserved-memory");
	ck_assert_ptr_nonnull(fdt_getprop(fdt, node, "ranges", &len));
	ck_assert_int_eq(len, 0);
}
END_TEST

/* Nothing but image, tree, tables and initial RAM disk is written. */
START_TEST(writes_nothing_else)
{
	const struct builder_layout *l = &b.layout;
	u64 i;

	add_region(0, 24 * MIB);
	build();
	for (i = 0; i < 24 * MIB; i++) {
		if ((i >= l->image_start && i < l->image_end) ||
		    (i >= l->fdt_start && i < l->fdt_end) ||
		    (i >= l->tables_start && i < l->tables_end))
			continue;
		/* Check's macros are slow: not for each byte. */
		if (memory[0][i] != JUNK)
			ck_abort_msg("byte 0x%lx was written", (long)i);
	}
}
END_TEST

START_TEST(initrd_copied)
{
	u64 size = 5 * MIB + 123, i;
	u8 *initrd = malloc(size), *p;

	for (i = 0; i < size; i++)
		initrd[i] = image_byte(i * 7);
	add_region(0, 32 * MIB);
	b.in.initrd = initrd;
	b.in.initrd_size = size;
	build();
	check_disjoint();
	check_image();
	ck_assert_uint_eq(b.layout.initrd_start & 4095, 0);
	ck_assert_uint_gt(b.layout.initrd_start, b.layout.image_end);
	ck_assert_uint_eq(fdt_u64("/chosen", "linux,initrd-start", 0),
			  b.layout.initrd_start);
	ck_assert_uint_eq(fdt_u64("/chosen", "linux,initrd-end", 0),
			  b.layout.initrd_start + size);
	p = guest(b.layout.initrd_start, size);
	ck_assert_int_eq(memcmp(p, initrd, size), 0);
	ck_assert_uint_eq(p[size], JUNK);
	free(initrd);
}
END_TEST

START_TEST(initrd_below_4g)
{
	b.in.initrd_size = 64 * MIB;
	regions[0] = (struct builder_region){ 0, 2 * GIB };
	regions[1] = (struct builder_region){ 4 * GIB, 4 * GIB };
	b.in.nr_regions = 2;
	b.in.shared_gpa = 8 * GIB;
	plan();
	ck_assert_uint_eq(b.layout.initrd_end, 2 * GIB);
	ck_assert_uint_lt(b.layout.tables_start, 2 * GIB);
	ck_assert_uint_eq(b.layout.mapped_end, 8 * GIB + 2 * MIB);
	/* Too large for what is below: then above. */
	b.in.initrd_size = 3 * GIB;
	plan();
	ck_assert_uint_eq(b.layout.initrd_end, 8 * GIB);
	b.in.nr_regions = 0;
}
END_TEST

/* Domain 0: holes, modules in place, machine data. */
START_TEST(domain0)
{
	static const struct builder_e820 e820[] = {
		{ 0, 0x9fc00, 1 }, { 0xf0000, 0x10000, 2 },
		{ 0x100000000, 0x40000000, 1 },
	};
	static const struct builder_screen screen = {
		0x80000000, 4096, 1024, 768, "x8r8g8b8"
	};
	struct builder_region reserved[] = {
		{ IMAGE_BASE + 0x1234, 0x100 },		/* kernel module */
		{ 0x200000, 0 },			/* empty: no matter */
	};
	u8 seed[32];
	const void *fdt;
	const u8 *p;
	int len, node;

	memset(seed, 0x5c, sizeof(seed));
	add_region(2 * MIB, 30 * MIB);
	add_region(5 * GIB, 8 * MIB);
	memcpy(guest(30 * MIB, 1), "R", 1);
	image_note(&im)->flags = RINGLET_NOTE_RELOCATABLE;
	b.in.shared_gpa = MIB;
	b.in.domid = 0;
	b.in.vcpus = 3;
	b.in.control = true;
	b.in.reserved = reserved;
	b.in.nr_reserved = 2;
	b.in.initrd_gpa = 30 * MIB;
	b.in.initrd_size = 2 * MIB - 5;
	b.in.e820 = e820;
	b.in.nr_e820 = 3;
	b.in.acpi_rsdp = 0xf6a10;
	b.in.screen = &screen;
	b.in.rng_seed = seed;
	build();
	check_disjoint();
	check_image();
	check_tables();

	/* The module is where the image wants to be: the image is moved. */
	ck_assert_uint_eq(b.layout.image_start, 2 * MIB);
	ck_assert_int_eq(b.layout.image_moved, (s64)(2 * MIB - IMAGE_BASE));
	ck_assert_uint_eq(context.rip, 2 * MIB + 0x100);
	ck_assert_uint_eq(b.layout.initrd_start, 30 * MIB);
	ck_assert_uint_eq(*guest(30 * MIB, 1), 'R');
	ck_assert_uint_eq(b.layout.mapped_end, 5 * GIB + 8 * MIB);

	fdt = fdt_blob();
	ck_assert_uint_eq(fdt_u64("/memory@200000", "reg", 3), 8 * MIB);
	node = fdt_path_offset(fdt, "/hypervisor");
	ck_assert_ptr_nonnull(fdt_getprop(fdt, node, "ringlet,control", &len));
	ck_assert_int_eq(len, 0);
	ck_assert_uint_eq(fdt_u64("/hypervisor", "ringlet,acpi-rsdp", 0),
			  0xf6a10);
	ck_assert_uint_eq(fdt_u64("/hypervisor", "ringlet,shared", 0), MIB);
	ck_assert_uint_eq(fdt_u64("/hypervisor", "ringlet,shared", 1), 0x2000);
	p = fdt_getprop(fdt, node, "ringlet,e820", &len);
	ck_assert_int_eq(len, 60);
	ck_assert_uint_eq(fdt64_ld((const fdt64_t *)(p + 40)), 0x100000000);
	ck_assert_uint_eq(fdt32_ld((const fdt32_t *)(p + 36)), 2);
	p = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "rng-seed", &len);
	ck_assert_int_eq(len, 32);
	ck_assert_int_eq(memcmp(p, seed, 32), 0);
	node = fdt_path_offset(fdt, "/chosen/framebuffer@80000000");
	p = fdt_getprop(fdt, node, "compatible", &len);
	ck_assert_str_eq((const char *)p, "simple-framebuffer");
	p = fdt_getprop(fdt, node, "format", &len);
	ck_assert_str_eq((const char *)p, "x8r8g8b8");
	p = fdt_getprop(fdt, node, "stride", &len);
	ck_assert_uint_eq(fdt32_ld((const fdt32_t *)p), 4096);
	p = fdt_getprop(fdt, node, "height", &len);
	ck_assert_uint_eq(fdt32_ld((const fdt32_t *)p), 768);
	p = fdt_getprop(fdt, node, "reg", &len);
	ck_assert_int_eq(len, 16);
	ck_assert_uint_eq(fdt64_ld((const fdt64_t *)(p + 8)), 4096 * 768);
	ck_assert_int_ge(fdt_path_offset(fdt, "/cpus/cpu@2"), 0);
	ck_assert_int_lt(fdt_path_offset(fdt, "/cpus/cpu@3"), 0);
}
END_TEST

/* A moved image keeps its distance from a multiple of the alignment. */
START_TEST(relocation)
{
	u64 align = 0x400000;

	add_region(0, 12 * MIB);
	expect_refused(ENOMEM, "kernel cannot be moved and ends at 17 MiB, the domain has memory up to 12 MiB");
	image_note(&im)->flags = RINGLET_NOTE_RELOCATABLE;
	image_note(&im)->align = align;
	image_phdr(&im, 0)->p_paddr += 0x3000;
	image_phdr(&im, 1)->p_paddr += 0x3000;
	image_note(&im)->entry += 0x3000;
	build();
	ck_assert_uint_eq(b.layout.image_start, align + 0x3000);
	ck_assert_uint_eq(context.rip, align + 0x3100);
	check_disjoint();
	check_image();
	image_note(&im)->align = 0x1000000;
	expect_refused(ENOMEM, "aligned to 16384 KiB");
}
END_TEST

START_TEST(image_not_free)
{
	struct builder_region reserved = { IMAGE_BASE + 0x7fff, 1 };

	add_region(0, 32 * MIB);
	b.in.reserved = &reserved;
	b.in.nr_reserved = 1;
	expect_refused(ENOMEM, "at 0x1000000 to 0x1008000 is not free");
	reserved.gpa++;
	plan();
}
END_TEST

START_TEST(too_small)
{
	u64 size;

	image_note(&im)->flags = RINGLET_NOTE_RELOCATABLE;
	image_note(&im)->align = 0x1000;
	b.in.initrd_size = 3 * MIB;
	b.in.nr_regions = 1;
	regions[0].gpa = 0;
	for (size = 0x1000; size < 16 * MIB; size += 0x1000) {
		regions[0].size = size;
		b.in.shared_gpa = size;
		if (!builder_plan(&b))
			break;
		ck_assert_msg(strstr(b.error, "domain needs at least 5 MiB of memory (kernel 1, initial RAM disk 3), it has"),
			      "%s", b.error);
	}
	ck_assert_uint_gt(size, 4 * MIB);
	ck_assert_uint_le(size, 5 * MIB);
	b.in.nr_regions = 0;
}
END_TEST

START_TEST(huge_requests)
{
	add_region(0, 32 * MIB);
	b.in.initrd_size = ~0ULL - 100;
	expect_refused(ENOMEM, "larger than memory can be");
	b.in.initrd_size = 0;
	image_phdr(&im, 1)->p_memsz = ~0ULL - 2 * IMAGE_BASE;
	expect_refused(ENOMEM, "spread over");
	image_phdr(&im, 1)->p_memsz = 64 * MIB;
	expect_refused(ENOMEM, "domain needs at least 66 MiB");
}
END_TEST

START_TEST(bad_input)
{
	static char line[BUILDER_MAX_CMDLINE + 1];
	struct builder_region reserved = { ~0ULL, 2 };

	expect_refused(E2BIG, "memory has 0 regions");
	add_region(0, 24 * MIB);
	regions[0].size--;
	expect_refused(EINVAL, "memory region 0");
	regions[0].size = ~0xfffULL;
	expect_refused(EINVAL, "memory region 0");
	regions[0].size = 24 * MIB;
	regions[1] = regions[0];
	b.in.nr_regions = 2;
	expect_refused(EINVAL, "memory region 1");
	b.in.nr_regions = 1;
	b.in.vcpus = 65;
	expect_refused(EINVAL, "65 vCPUs: 1 to 64");
	b.in.vcpus = 0;
	expect_refused(EINVAL, "0 vCPUs");
	b.in.vcpus = 1;
	b.in.shared_gpa = 24 * MIB - 4096;
	expect_refused(EINVAL, "shared page at 0x17ff000");
	b.in.shared_gpa = ~0xfffULL;
	expect_refused(EINVAL, "shared page");
	b.in.shared_gpa = 24 * MIB;
	b.in.virtio_gpa = 24 * MIB + 4096;
	expect_refused(EINVAL, "virtio bus at 0x1801000");
	b.in.virtio_gpa = 24 * MIB - 4096;
	expect_refused(EINVAL, "virtio bus at 0x17ff000");
	b.in.virtio_gpa = 24 * MIB + 8193;
	expect_refused(EINVAL, "virtio bus");
	b.in.virtio_gpa = BUILDER_MAX_MEMORY;
	expect_refused(EINVAL, "virtio bus");
	b.in.virtio_gpa = 0;
	b.in.initrd_size = 4097;
	b.in.initrd_gpa = 24 * MIB - 4096;
	expect_refused(EINVAL, "initial RAM disk at 0x17ff000");
	b.in.initrd_size = 0;
	b.in.reserved = &reserved;
	b.in.nr_reserved = 1;
	expect_refused(EINVAL, "reserved range 0");
	b.in.nr_reserved = 0;
	memset(line, 'x', BUILDER_MAX_CMDLINE);
	b.in.cmdline = line;
	expect_refused(E2BIG, "more than 4095 characters");
	line[BUILDER_MAX_CMDLINE - 1] = 0;
	plan();
	image_note(&im)->abi_version = 2;
	expect_refused(EINVAL, "version 2 of the Ringlet ABI");
}
END_TEST

/* The largest tree that the limits allow fits into its room. */
START_TEST(largest_tree)
{
	static struct builder_region many[BUILDER_MAX_REGIONS];
	static struct builder_e820 e820[BUILDER_MAX_E820];
	static char line[BUILDER_MAX_CMDLINE];
	static const u8 seed[32];
	static const struct builder_screen screen = {
		~0ULL, 4096, 1024, 768, "x8r8g8b8"
	};
	struct builder_layout l = { .initrd_end = ~0ULL };
	u64 room, *tree;
	int rc;

	memset(line, 'x', BUILDER_MAX_CMDLINE - 1);
	many[0].gpa = ~0ULL;
	b.in.regions = many;
	b.in.nr_regions = BUILDER_MAX_REGIONS;
	b.in.e820 = e820;
	b.in.nr_e820 = BUILDER_MAX_E820;
	b.in.vcpus = RINGLET_MAX_VCPUS;
	b.in.cmdline = line;
	b.in.initrd_size = 1;
	b.in.rng_seed = seed;
	b.in.acpi_rsdp = 1;
	b.in.screen = &screen;
	b.in.control = true;
	b.in.virtio_gpa = 4096;
	b.in.pool.size = ~0ULL;
	room = devicetree_room(&b.in);
	ck_assert_uint_le(room, BUILDER_MAP_CHUNK);
	tree = malloc(room);
	rc = devicetree_write(tree, room, &b.in, &l);
	ck_assert_msg(!rc, "%s", fdt_strerror(rc));
	free(tree);
	b.in.nr_regions = 0;
}
END_TEST

/* Whichever mapping fails, load says so and leaves none behind. */
START_TEST(map_fails)
{
	int n, rc;

	add_region(0, 24 * MIB);
	plan();
	for (n = 0; n < 100; n++) {
		maps_left = n;
		rc = builder_load(&b, &context);
		ck_assert_uint_eq(live_len, 0);
		if (!rc)
			break;
		ck_assert_int_eq(rc, -EFAULT);
		ck_assert_msg(strstr(b.error, "cannot map 0x"), "%s", b.error);
	}
	ck_assert_int_eq(n, 5);
}
END_TEST

/* More than one level-3 table: memory that ends above 512 GiB. */
START_TEST(large_tables)
{
	add_region(0, 24 * MIB);
	add_region(700 * GIB, 2 * MIB);
	build();
	ck_assert_uint_eq(b.layout.tables_end - b.layout.tables_start,
			  4096 * (1 + 2 + 701));
	check_disjoint();
	check_tables();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("builder");
	TCase *tc = tcase_create("build");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, small_domu);
	tcase_add_test(tc, virtio_bus);
	tcase_add_test(tc, virtio_pool);
	tcase_add_test(tc, writes_nothing_else);
	tcase_add_test(tc, initrd_copied);
	tcase_add_test(tc, initrd_below_4g);
	tcase_add_test(tc, domain0);
	tcase_add_test(tc, relocation);
	tcase_add_test(tc, image_not_free);
	tcase_add_test(tc, too_small);
	tcase_add_test(tc, huge_requests);
	tcase_add_test(tc, bad_input);
	tcase_add_test(tc, largest_tree);
	tcase_add_test(tc, map_fails);
	tcase_add_test(tc, large_tables);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
