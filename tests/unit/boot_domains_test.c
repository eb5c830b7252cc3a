// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device trees of boot-time domains: what a good one gives, each mistake with its
 * own sentence, and no damage that reads outside. Trees are parsed from a heap
 * block of their exact size, so that AddressSanitizer sees a read beyond the end.
 */
#include <check.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include "boot_domains.h"

#define ROOM 8192

static u8 tree[ROOM];
static u32 size;
static struct multiboot2 boot;
static struct boot_domains all;

/* A node of a module; with a name it has module-name, else module-index. */
struct module {
	const char *compatible;
	u32 index;
	const char *name;
	const char *bootargs;
};

static void ok(int rc)
{
	ck_assert_msg(!rc, "libfdt: %s", fdt_strerror(rc));
}

static void begin(const char *parent)
{
	ok(fdt_create(tree, ROOM));
	ok(fdt_finish_reservemap(tree));
	ok(fdt_begin_node(tree, ""));
	ok(fdt_begin_node(tree, parent));
}

static void begin_domain(const char *name, u64 kib)
{
	ok(fdt_begin_node(tree, name));
	ok(fdt_property_string(tree, "compatible", "ringlet,domain"));
	ok(fdt_property_u64(tree, "memory", kib));
}

static void add_module(const struct module *m)
{
	ok(fdt_begin_node(tree, m->compatible + strlen("multiboot,")));
	ok(fdt_property_string(tree, "compatible", m->compatible));
	if (m->name)
		ok(fdt_property_string(tree, "module-name", m->name));
	else
		ok(fdt_property_u32(tree, "module-index", m->index));
	if (m->bootargs)
		ok(fdt_property_string(tree, "bootargs", m->bootargs));
	ok(fdt_end_node(tree));
}

static void end_domain(void)
{
	ok(fdt_end_node(tree));
}

static void finish(void)
{
	ok(fdt_end_node(tree));
	ok(fdt_end_node(tree));
	ok(fdt_finish(tree));
	size = fdt_totalsize(tree);
}

static const struct module kernel = {
	.compatible = "multiboot,kernel", .index = 2, .bootargs = "quiet a=b",
};
static const struct module ramdisk = {
	.compatible = "multiboot,ramdisk", .name = "disk",
};

/* The strings that the result points to are gone; look at numbers only. */
static int parse_size(u32 bytes)
{
	u8 *copy = malloc(bytes ? bytes : 1);
	int rc;

	memcpy(copy, tree, bytes);
	rc = boot_domains_parse(&all, copy, bytes, &boot);
	free(copy);
	ck_assert_int_eq(!rc, !all.error[0]);
	return rc;
}

static void expect(const char *part)
{
	ck_assert_int_eq(parse_size(size), -EINVAL);
	ck_assert_msg(strstr(all.error, part), "'%s' is not in '%s'", part,
		      all.error);
}

static void setup(void)
{
	boot = (struct multiboot2){ .nr_modules = 4 };
	strcpy(boot.module[0].string, "console=hvc0");
	strcpy(boot.module[1].string, "diskette");
	strcpy(boot.module[3].string, "disk of the second");
}

static void make_good(void)
{
	begin("chosen");
	begin_domain("web", 0x10001);
	ok(fdt_property_u32(tree, "cpus", 3));
	add_module(&kernel);
	add_module(&ramdisk);
	end_domain();
	ok(fdt_begin_node(tree, "other"));
	ok(fdt_property_string(tree, "compatible", "else"));
	ok(fdt_end_node(tree));
	begin_domain("db", 0x40000);
	add_module(&(struct module){ .compatible = "multiboot,kernel" });
	end_domain();
	finish();
}

START_TEST(good)
{
	const struct boot_domain *d = all.domain;

	make_good();
	ck_assert(boot_domains_is_tree(tree, size));
	ck_assert(!boot_domains_is_tree(tree, 3));
	ck_assert_msg(!boot_domains_parse(&all, tree, size, &boot), "%s",
		      all.error);
	ck_assert_uint_eq(all.nr, 2);
	ck_assert_str_eq(d[0].name, "web");
	ck_assert_uint_eq(d[0].memory, 66UL << 20);
	ck_assert_uint_eq(d[0].vcpus, 3);
	ck_assert_str_eq(d[0].bootargs, "quiet a=b");
	ck_assert_ptr_eq(d[0].kernel, &boot.module[2]);
	ck_assert_ptr_eq(d[0].ramdisk, &boot.module[3]);
	ck_assert_str_eq(d[1].name, "db");
	ck_assert_uint_eq(d[1].vcpus, 1);
	ck_assert_ptr_null(d[1].bootargs);
	ck_assert_ptr_eq(d[1].kernel, &boot.module[0]);
	ck_assert_ptr_null(d[1].ramdisk);
	ck_assert_uint_eq(all.memory, (66UL + 256) << 20);
}
END_TEST

START_TEST(truncated)
{
	u32 bytes;

	make_good();
	for (bytes = 0; bytes < size; bytes++)
		ck_assert_int_eq(parse_size(bytes), -EINVAL);
	ck_assert(!parse_size(size));
	bytes = size;
	size = 39;
	expect("cut off");
	size = bytes - 1;
	expect("cut off");
}
END_TEST

/* No byte makes the parser go astray, whatever it says. */
START_TEST(any_byte)
{
	static const u8 values[] = { 0, 1, 2, 4, 9, 0x7f, 0x80, 0xff };
	u32 at, i;
	u8 was;

	make_good();
	for (at = 0; at < size; at++) {
		was = tree[at];
		for (i = 0; i < sizeof(values); i++) {
			tree[at] = values[i];
			parse_size(size);
		}
		tree[at] = was;
	}
	ck_assert(!parse_size(size));
}
END_TEST

START_TEST(damaged)
{
	u8 *structure;
	u32 end;

	make_good();
	tree[0] = 0;
	expect("header is damaged");
	make_good();
	structure = tree + fdt_off_dt_struct(tree);
	end = fdt_size_dt_struct(tree);
	structure[3] = FDT_END_NODE;
	expect("offset 0 of its structure");
	make_good();
	structure[end - 1] = FDT_NOP;
	expect("damaged at offset");
	/* The end comes while a node is open. */
	make_good();
	structure[end - 5] = FDT_END;
	expect("damaged at offset");
	/* The first property's name is outside the strings. */
	make_good();
	structure[38] = 0xff;
	expect("offset 28 of its structure");
	make_good();
	structure[12] = 'x';
	expect("no node /chosen");
}
END_TEST

START_TEST(nothing)
{
	begin("chosen");
	finish();
	expect("has no domain");
	begin("domains");
	begin_domain("web", 1024);
	add_module(&kernel);
	end_domain();
	finish();
	expect("no node /chosen");
}
END_TEST

START_TEST(memory)
{
	static const u64 bad[] = { 0, 1UL << 37, ~0UL };
	u32 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin("chosen");
		begin_domain("web", bad[i]);
		add_module(&kernel);
		end_domain();
		finish();
		expect("'web' has no valid memory property");
	}
	begin("chosen");
	ok(fdt_begin_node(tree, "web"));
	ok(fdt_property_string(tree, "compatible", "ringlet,domain"));
	ok(fdt_property_u32(tree, "memory", 1024));
	add_module(&kernel);
	end_domain();
	finish();
	expect("'web' has no valid memory property");
}
END_TEST

START_TEST(vcpus)
{
	static const u32 bad[] = { 0, RINGLET_MAX_VCPUS + 1, ~0U };
	u32 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin("chosen");
		begin_domain("web", 1024);
		ok(fdt_property_u32(tree, "cpus", bad[i]));
		add_module(&kernel);
		end_domain();
		finish();
		expect("cpus property that is not 1 to 64");
	}
}
END_TEST

static void try_module(const struct module *m, const char *part)
{
	begin("chosen");
	begin_domain("web", 1024);
	add_module(&kernel);
	add_module(m);
	end_domain();
	finish();
	expect(part);
}

START_TEST(modules)
{
	struct module m = ramdisk;

	begin("chosen");
	begin_domain("web", 1024);
	add_module(&ramdisk);
	end_domain();
	finish();
	expect("'web' has no kernel");
	try_module(&kernel, "two kernels");
	m.name = NULL;
	m.index = 4;
	try_module(&m, "names a RAM disk that GRUB has not loaded; module-index is 0 to 3");
	m.name = "disks";
	try_module(&m, "names a RAM disk that GRUB has not loaded");
	m.name = "";
	try_module(&m, "names a RAM disk that GRUB has not loaded");
}
END_TEST

START_TEST(bootargs)
{
	begin("chosen");
	begin_domain("web", 1024);
	ok(fdt_begin_node(tree, "kernel"));
	ok(fdt_property_string(tree, "compatible", "multiboot,kernel"));
	ok(fdt_property_u32(tree, "module-index", 0));
	ok(fdt_property(tree, "bootargs", "no end", 6));
	ok(fdt_end_node(tree));
	end_domain();
	finish();
	expect("'web' has bootargs that are not one string");
}
END_TEST

START_TEST(names)
{
	char name[RINGLET_NAME_LEN + 1];

	memset(name, 'n', sizeof(name));
	name[RINGLET_NAME_LEN] = 0;
	begin("chosen");
	begin_domain(name, 1024);
	add_module(&kernel);
	end_domain();
	finish();
	expect("domain 0 has a name that is too long");
}
END_TEST

START_TEST(many)
{
	char name[8];
	u32 i;

	begin("chosen");
	for (i = 0; i <= BOOT_DOMAINS_MAX; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		begin_domain(name, 1024);
		add_module(&kernel);
		end_domain();
	}
	finish();
	expect("more than 8 domains");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("boot_domains");
	TCase *tc = tcase_create("parse");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, good);
	tcase_add_test(tc, truncated);
	tcase_add_test(tc, any_byte);
	tcase_add_test(tc, damaged);
	tcase_add_test(tc, nothing);
	tcase_add_test(tc, memory);
	tcase_add_test(tc, vcpus);
	tcase_add_test(tc, modules);
	tcase_add_test(tc, bootargs);
	tcase_add_test(tc, names);
	tcase_add_test(tc, many);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
