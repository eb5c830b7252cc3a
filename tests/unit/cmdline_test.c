// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hypervisor's command line: values, the last one counts, and each option
 * that is unknown or wrong leaves a report with its text and changes nothing.
 */
#include <check.h>
#include <stdlib.h>
#include "cmdline.h"

static struct cmdline c;

static void expect_ok(const char *text)
{
	ck_assert_msg(!cmdline_parse(&c, text), "%s", c.report[0]);
}

static void expect_report(const char *text, const char *want)
{
	ck_assert_uint_eq(cmdline_parse(&c, text), 1);
	ck_assert_str_eq(c.report[0], want);
}

START_TEST(defaults)
{
	static const char *const texts[] = { "", "   ", "\t\n" };
	u32 i;

	for (i = 0; i < 3; i++) {
		expect_ok(texts[i]);
		ck_assert_uint_eq(c.console,
				  CMDLINE_CONSOLE_COM1 | CMDLINE_CONSOLE_VGA);
		ck_assert_int_eq(c.loglvl, CMDLINE_LOG_WARNING);
		ck_assert_uint_eq(c.dom0_mem, 0);
		ck_assert_uint_eq(c.dom0_max_vcpus, 0);
		ck_assert_uint_eq(c.maxcpus, 0);
		ck_assert_uint_eq(c.baud[0], 0);
		ck_assert(!c.noreboot);
	}
}
END_TEST

START_TEST(all_options)
{
	expect_ok(" console=com2,vga com1=115200,8n1 com2=9600 loglvl=info dom0_mem=768M  dom0_max_vcpus=2 maxcpus=4 noreboot ");
	ck_assert_uint_eq(c.console,
			  CMDLINE_CONSOLE_COM2 | CMDLINE_CONSOLE_VGA);
	ck_assert_uint_eq(c.baud[0], 115200);
	ck_assert_uint_eq(c.baud[1], 9600);
	ck_assert_int_eq(c.loglvl, CMDLINE_LOG_INFO);
	ck_assert_uint_eq(c.dom0_mem, 768ULL << 20);
	ck_assert_uint_eq(c.dom0_max_vcpus, 2);
	ck_assert_uint_eq(c.maxcpus, 4);
	ck_assert(c.noreboot);
}
END_TEST

START_TEST(sizes)
{
	static const struct {
		const char *text;
		u64 bytes;
	} good[] = {
		{ "dom0_mem=1048576", 1ULL << 30 },
		{ "dom0_mem=4096b", 4096 },
		{ "dom0_mem=512k", 512 << 10 },
		{ "dom0_mem=512K", 512 << 10 },
		{ "dom0_mem=3m", 3 << 20 },
		{ "dom0_mem=2G", 2ULL << 30 },
		{ "dom0_mem=1G dom0_mem=2G", 2ULL << 30 },
		{ "dom0_mem=65536G", 1ULL << 46 },
	};
	static const char *const bad[] = {
		"dom0_mem=", "dom0_mem=0", "dom0_mem=M", "dom0_mem=1MB",
		"dom0_mem=1T", "dom0_mem=-1G", "dom0_mem=65537G",
		"dom0_mem=18446744073709551616", "dom0_mem=1.5G",
		"dom0_mem=99999999999999999999999G",
	};
	u32 i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		expect_ok(good[i].text);
		ck_assert_uint_eq(c.dom0_mem, good[i].bytes);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(cmdline_parse(&c, bad[i]) == 1, "%s", bad[i]);
		ck_assert_uint_eq(c.dom0_mem, 0);
		ck_assert_msg(strstr(c.report[0], "like 1G"), "%s",
			      c.report[0]);
	}
	expect_report("dom0_mem=max:1G", "dom0_mem=max:1G: min: and max: are not supported, give one size");
	expect_report("dom0_mem=min:1G", "dom0_mem=min:1G: min: and max: are not supported, give one size");
}
END_TEST

START_TEST(counts)
{
	expect_ok("maxcpus=4096");
	ck_assert_uint_eq(c.maxcpus, 4096);
	expect_report("maxcpus=0", "maxcpus=0: not a number from 1 to 4096");
	expect_report("maxcpus=4097",
		      "maxcpus=4097: not a number from 1 to 4096");
	expect_report("maxcpus=4294967297",
		      "maxcpus=4294967297: not a number from 1 to 4096");
	expect_report("dom0_max_vcpus=2-4",
		      "dom0_max_vcpus=2-4: not a number from 1 to 4096");
	ck_assert_uint_eq(c.dom0_max_vcpus, 0);
}
END_TEST

START_TEST(switches)
{
	static const struct {
		const char *text;
		bool on;
	} cases[] = {
		{ "noreboot", true }, { "noreboot=yes", true },
		{ "noreboot=on", true }, { "noreboot=1", true },
		{ "noreboot=true", true }, { "noreboot noreboot=no", false },
		{ "noreboot noreboot=off", false },
		{ "noreboot noreboot=0", false },
		{ "noreboot noreboot=false", false },
		{ "noreboot no-noreboot", false },
	};
	u32 i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expect_ok(cases[i].text);
		ck_assert_msg(c.noreboot == cases[i].on, "%s", cases[i].text);
	}
	expect_report("noreboot=2", "noreboot=2: this option is yes or no");
	ck_assert(!c.noreboot);
	expect_report("no-noreboot=1",
		      "no-noreboot=1: an option with no- has no value");
	expect_report("no-maxcpus", "no-maxcpus: unknown option");
	expect_ok("vtlb=check sched=random:4294967295");
	ck_assert(c.vtlb_check);
	ck_assert_uint_eq(c.sched_seed, 4294967295);
	expect_report("vtlb=on", "vtlb=on: vtlb can be check");
	expect_report("sched=random:0",
		      "sched=random:0: sched can be random:SEED, a number from 1 to 4294967295");
	expect_report("sched=random:7x",
		      "sched=random:7x: sched can be random:SEED, a number from 1 to 4294967295");
}
END_TEST

START_TEST(console)
{
	expect_ok("console=none");
	ck_assert_uint_eq(c.console, 0);
	expect_ok("console=vga console=com1");
	ck_assert_uint_eq(c.console, CMDLINE_CONSOLE_COM1);
	expect_report("console=com2,tty0", "console=com2,tty0: a console is com1, com2, vga or none");
	ck_assert_uint_eq(c.console,
			  CMDLINE_CONSOLE_COM1 | CMDLINE_CONSOLE_VGA);
	expect_report("console", "console: this option needs a value");
	expect_report("com1=115200,7e1",
		      "com1=115200,7e1: only the frame 8n1 can follow the baud rate");
	expect_report("com1=115201", "com1=115201: the baud rate is auto, 115200 or a whole fraction of that");
	expect_report("com2=0", "com2=0: the baud rate is auto, 115200 or a whole fraction of that");
	expect_ok("com1=auto");
}
END_TEST

START_TEST(levels)
{
	expect_ok("loglvl=none");
	ck_assert_int_eq(c.loglvl, CMDLINE_LOG_NONE);
	expect_ok("loglvl=all");
	ck_assert_int_eq(c.loglvl, CMDLINE_LOG_DEBUG);
	expect_ok("loglvl=debug");
	ck_assert_int_eq(c.loglvl, CMDLINE_LOG_DEBUG);
	expect_report("loglvl=loud", "loglvl=loud: a level is none, error, warning, info or all");
	expect_report("loglvl=info/all", "loglvl=info/all: a level for guest-triggered messages is not supported");
}
END_TEST

START_TEST(reports)
{
	u32 i;

	expect_report("maxcpus=2 frobnicate noreboot",
		      "frobnicate: unknown option");
	ck_assert_uint_eq(c.maxcpus, 2);
	ck_assert(c.noreboot);
	expect_report("iommu=no", "iommu=no: unknown option");
	expect_report("=", "=: unknown option");
	expect_report("consolex=vga", "consolex=vga: unknown option");
	expect_report("cons=vga", "cons=vga: unknown option");
	expect_report("a-very-long-option-that-does-not-fit-into-a-report=1",
		      "a-very-long-option-that-does-not-fit-in...: unknown option");
	ck_assert_uint_eq(cmdline_parse(&c, "a b c d e f g h i j"), 10);
	for (i = 0; i < CMDLINE_MAX_REPORTS; i++)
		ck_assert_int_eq(c.report[i][0], 'a' + (int)i);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cmdline");
	TCase *tc = tcase_create("parse");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(tc, defaults);
	tcase_add_test(tc, all_options);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, counts);
	tcase_add_test(tc, switches);
	tcase_add_test(tc, console);
	tcase_add_test(tc, levels);
	tcase_add_test(tc, reports);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
