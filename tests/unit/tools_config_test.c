// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration of domains: what good files give, and that each mistake is
 * answered with its place and with what would be right. The second column of
 * 'mistakes' must be part of the sentence.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include "../../dom0-tools/libringlet/config.h"

#define GOOD "name = \"web\"\nkernel = \"/boot/vmlinux\"\nmemory = 512\n"

static struct rl_config_reader r;
static struct rl_config cfg;
static char warning[512];
static unsigned int warnings;

static void warn(const char *sentence)
{
	strncpy(warning, sentence, sizeof(warning) - 1);
	warnings++;
}

static int parse(const char *text)
{
	warnings = 0;
	warning[0] = 0;
	rl_config_begin(&r, warn);
	rl_config_text(&r, text, "web.cfg");
	return rl_config_end(&r, &cfg, "web.cfg");
}

static void must_parse(const char *text)
{
	ck_assert_msg(!parse(text), "%s", r.error);
}

START_TEST(gives_values)
{
	must_parse("# a comment\n"
		   "name = \"web\"   # another\n"
		   "kernel = '/boot/vm\\tlinux' ; ramdisk = \"/boot/initrd\"\n"
		   "memory = 0x200; vcpus=2\n"
		   "\n;;\n"
		   "extra = \"console=hvc0 \\\"quoted\\\"\"\n"
		   "on_poweroff = \"preserve\"\r\n"
		   "on_reboot = 'destroy'\n"
		   "on_crash = \"restart\"\n"
		   "cpu_weight = \"512\"\n"
		   "uuid = \"01234567-89ab-cdef-0123-456789ABCDEF\"");
	ck_assert_str_eq(cfg.name, "web");
	ck_assert_str_eq(cfg.kernel, "/boot/vm\tlinux");
	ck_assert_str_eq(cfg.ramdisk, "/boot/initrd");
	ck_assert_str_eq(cfg.cmdline, "console=hvc0 \"quoted\"");
	ck_assert_uint_eq(cfg.memory, 512);
	ck_assert_uint_eq(cfg.vcpus, 2);
	ck_assert_uint_eq(cfg.cpu_weight, 512);
	ck_assert_int_eq(cfg.on_poweroff, RL_PRESERVE);
	ck_assert_int_eq(cfg.on_reboot, RL_DESTROY);
	ck_assert_int_eq(cfg.on_crash, RL_RESTART);
	ck_assert_uint_eq(cfg.uuid[0], 0x01);
	ck_assert_uint_eq(cfg.uuid[15], 0xef);
	ck_assert_uint_eq(warnings, 0);
	rl_config_free(&cfg);
}
END_TEST

START_TEST(has_defaults)
{
	must_parse(GOOD);
	ck_assert_str_eq(cfg.cmdline, "");
	ck_assert_ptr_null(cfg.ramdisk);
	ck_assert_uint_eq(cfg.vcpus, 1);
	ck_assert_int_eq(cfg.on_poweroff, RL_DESTROY);
	ck_assert_int_eq(cfg.on_reboot, RL_RESTART);
	ck_assert_int_eq(cfg.on_crash, RL_DESTROY);
	ck_assert_uint_eq(cfg.uuid[6] & 0xf0, 0x40);
	ck_assert_uint_eq(cfg.uuid[8] & 0xc0, 0x80);
	rl_config_free(&cfg);
}
END_TEST

START_TEST(joins_command_line)
{
	must_parse(GOOD "root = \"/dev/vda ro\"\nextra = \"quiet\"\n");
	ck_assert_str_eq(cfg.cmdline, "root=/dev/vda ro quiet");
	rl_config_free(&cfg);
	must_parse(GOOD "root = \"/dev/vda\"\n");
	ck_assert_str_eq(cfg.cmdline, "root=/dev/vda");
	rl_config_free(&cfg);
	must_parse(GOOD "extra = \"quiet\"\ncmdline = \"all\"\n");
	ck_assert_str_eq(cfg.cmdline, "all");
	ck_assert_uint_eq(warnings, 1);
	rl_config_free(&cfg);
}
END_TEST

START_TEST(warns_of_keys_of_xl)
{
	must_parse(GOOD "vif = [ 'bridge=br0', [ 1, \"x\" ],\n 'b' ]\n"
		   "type = \"pv\"\n");
	ck_assert_uint_eq(warnings, 2);
	ck_assert_str_eq(warning, "web.cfg:6: warning: 'type' is ignored: this version of Ringlet does not have it");
	rl_config_free(&cfg);
}
END_TEST

START_TEST(takes_arguments)
{
	rl_config_begin(&r, warn);
	ck_assert_int_eq(rl_config_text(&r, GOOD, "web.cfg"), 0);
	ck_assert_int_eq(rl_config_argument(&r, "name=other"), 0);
	ck_assert_int_eq(rl_config_argument(&r, "memory = 1024"), 0);
	ck_assert_int_eq(rl_config_argument(&r, "extra=\"a b\"; vcpus=3"), 0);
	ck_assert_int_eq(rl_config_argument(&r, "kernel=/k"), 0);
	ck_assert_int_eq(rl_config_end(&r, &cfg, "web.cfg"), 0);
	ck_assert_str_eq(cfg.name, "other");
	ck_assert_str_eq(cfg.kernel, "/k");
	ck_assert_str_eq(cfg.cmdline, "a b");
	ck_assert_uint_eq(cfg.memory, 1024);
	ck_assert_uint_eq(cfg.vcpus, 3);
	ck_assert_uint_eq(cfg.maxvcpus, 3);
	rl_config_free(&cfg);

	rl_config_begin(&r, warn);
	ck_assert_int_lt(rl_config_argument(&r, "memory=lots"), 0);
	ck_assert_str_eq(r.error, "argument 'memory=lots': 'memory' must be a number of MiB: 'lots' is none");
	rl_config_end(&r, &cfg, "web.cfg");
}
END_TEST

/* What a set of CPUs is, on a host with 8; NULL: it is refused. */
static const char *const cpus[][2] = {
	{ "all", "all" }, { "0-7", "all" }, { "0-6", "0-6" }, { "3", "3" },
	{ "1,0", "0-1" }, { "0-3,5,^1", "0,2-3,5" }, { "all,^7", "0-6" },
	{ "all,^0,^7", "1-6" }, { "0, 2", "0,2" }, { "^0,0", "0" },
	{ "0-1,3-4,6-7", "0-1,3-4,6-7" }, { "9", "none" }, { "0,255", "0" },
	{ "", NULL }, { "0,", NULL }, { ",0", NULL }, { "x", NULL },
	{ "1-", NULL }, { "-1", NULL }, { "3-1", NULL }, { "256", NULL },
	{ "99999999999999999999", NULL }, { "0-3,^0-3", NULL }, { "^1", NULL },
	{ "0 1", NULL }, { "node:0", NULL }, { "nodes:0-1", NULL },
	{ "all7", NULL },
};

START_TEST(reads_cpus)
{
	char text[RL_CPUS_LEN], why[128] = "";
	struct rl_cpus set;
	bool ok = rl_cpus_parse(cpus[_i][0], &set, why, sizeof(why));

	ck_assert_msg(ok == !!cpus[_i][1], "'%s': %s", cpus[_i][0], why);
	if (ok) {
		rl_cpus_format(&set, 8, text);
		ck_assert_str_eq(text, cpus[_i][1]);
	} else {
		ck_assert_int_ne(why[0], 0);
	}
}
END_TEST

START_TEST(knows_which_cpus_exist)
{
	struct rl_cpus set;
	char why[128];

	ck_assert(rl_cpus_parse("all,^1", &set, why, sizeof(why)));
	ck_assert(rl_cpus_exist(&set, 4));
	ck_assert(rl_cpus_parse("0-3", &set, why, sizeof(why)));
	ck_assert(rl_cpus_exist(&set, 4));
	ck_assert(!rl_cpus_exist(&set, 3));
}
END_TEST

START_TEST(pins_vcpus)
{
	char text[RL_CPUS_LEN];

	must_parse(GOOD "cpus = \"0-3,^1\"\ncap = 150\nvcpus = 3\n"
		   "cpus_soft = [ \"2\", 3 ]\n");
	ck_assert_uint_eq(cfg.cap, 150);
	rl_cpus_format(rl_vcpu_cpus(&cfg.cpus, 2), 8, text);
	ck_assert_str_eq(text, "0,2-3");
	rl_cpus_format(rl_vcpu_cpus(&cfg.cpus_soft, 1), 8, text);
	ck_assert_str_eq(text, "3");
	ck_assert_ptr_null(rl_vcpu_cpus(&cfg.cpus_soft, 2));
	ck_assert_uint_eq(warnings, 0);
	rl_config_free(&cfg);
	must_parse(GOOD "cpus = 1\n");
	rl_cpus_format(rl_vcpu_cpus(&cfg.cpus, 0), 8, text);
	ck_assert_str_eq(text, "1");
	ck_assert_ptr_null(rl_vcpu_cpus(&cfg.cpus_soft, 0));
	rl_config_free(&cfg);
}
END_TEST

START_TEST(survives_json)
{
	struct json_object *json;
	struct rl_config copy;

	must_parse(GOOD "ramdisk = \"/r\"\nextra = \"x\"\non_crash = \"preserve\"\n"
		   "cpus = 'all,^2'\ncpus_soft = [ '1', '0-200' ]\ncap = 7\n");
	json = rl_config_to_json(&cfg);
	rl_config_begin(&r, warn);
	ck_assert_int_eq(rl_config_json(&r, json), 0);
	ck_assert_int_eq(rl_config_end(&r, &copy, "record"), 0);
	ck_assert_str_eq(copy.name, cfg.name);
	ck_assert_str_eq(copy.kernel, cfg.kernel);
	ck_assert_str_eq(copy.ramdisk, cfg.ramdisk);
	ck_assert_str_eq(copy.cmdline, cfg.cmdline);
	ck_assert_mem_eq(copy.uuid, cfg.uuid, 16);
	ck_assert_uint_eq(copy.memory, cfg.memory);
	ck_assert_int_eq(copy.on_crash, RL_PRESERVE);
	ck_assert_uint_eq(copy.cap, 7);
	ck_assert_mem_eq(&copy.cpus, &cfg.cpus, sizeof(cfg.cpus));
	ck_assert_mem_eq(&copy.cpus_soft, &cfg.cpus_soft, sizeof(cfg.cpus));
	json_object_put(json);
	rl_config_free(&cfg);
	rl_config_free(&copy);
}
END_TEST

START_TEST(makes_paths_absolute)
{
	char *cwd = realpath(".", NULL);

	must_parse("name='a'\nkernel='vmlinux'\nmemory=64\n");
	ck_assert_msg(!strncmp(cfg.kernel, cwd, strlen(cwd)), "%s", cfg.kernel);
	ck_assert_str_eq(cfg.kernel + strlen(cwd), "/vmlinux");
	free(cwd);
	rl_config_free(&cfg);
}
END_TEST

static const char *const mistakes[][2] = {
	{ "memroy = 5\n", "web.cfg:1: there is no key 'memroy': did you mean 'memory'?" },
	{ "\n\nonpoweroff='x'\n", "web.cfg:3: there is no key 'onpoweroff': did you mean 'on_poweroff'?" },
	{ "frobnicate = 1\n", "web.cfg:1: there is no key 'frobnicate': ringlet.cfg(5) lists all keys" },
	{ "name = web\n", "web.cfg:1: the value of 'name' needs quotation marks: name = \"web\"" },
	{ "name = \"web\n", "web.cfg:1: the string has no closing \"" },
	{ "name = \"w\\q\"\n", "unknown character behind '\\'" },
	{ "name = \"w b\"\n", "'w b' cannot be the name of a domain" },
	{ "name = \"../x\"\n", "cannot be the name" },
	{ "name = \"a/x\"\n", "cannot be the name" },
	{ "name = \"17\"\n", "a number would be taken for an identifier" },
	{ "name = \"\"\n", "it is empty" },
	{ "name = \"0123456789012345678901234567890123456789012345678901234567890abc\"\n", "more than 63 characters" },
	{ "name = 5\n", "cannot be the name" },
	{ "kernel = 5\n", "'kernel' must be a string: kernel = \"5\"" },
	{ "kernel = [ 'a' ]\n", "'kernel' must be one value, not a list" },
	{ "memory = 12MB\n", "'12MB' is not a number" },
	{ "memory = 99999999999999999999\n", "is not a number" },
	{ "memory = \"-5\"\n", "'memory' must be a number of MiB: '-5' is none" },
	{ "memory = 1\n", "'memory' must be 4 to 16777216 MiB: it is 1" },
	{ "memory\n", "expected '=' after 'memory', but found the end of the line" },
	{ "memory 5\n", "expected '=' after 'memory', but found '5'" },
	{ "memory += 5\n", "'+=' is for lists" },
	{ "memory =\n", "expected a string, a number or a list as value of 'memory', but found the end of the line" },
	{ "memory = 5 6\n", "expected the end of the line or ';' after the value of 'memory', but found '6'" },
	{ "= 5\n", "expected a key, as in 'memory = 512', but found '='" },
	{ "vif = [ 'a'\n", "the list that begins in line 1 has no closing ]" },
	{ "vif = [ a ]\n", "expected a string, a number or ] in the list, but found 'a'" },
	{ "vif = [[[[[[[[[1]]]]]]]]]\n", "lists are nested more than 8 deep" },
	{ "cpus = \"0-x\"\n", "web.cfg:1: 'cpus': expected 'all', or numbers of CPUs as in '0-3,5,^2', at 'x'" },
	{ "cpus = [ \"0\", \"300\" ]\n", "CPU 300 cannot exist: numbers go up to 255" },
	{ "cpus_soft = \"1-2,^1-2\"\n", "'cpus_soft': '1-2,^1-2' names no CPU" },
	{ "cpus = \"node:1\"\n", "Ringlet does not tell NUMA nodes apart" },
	{ "cpus = []\n", "'cpus' must be a list of strings that are not empty" },
	{ "cpus = [ '0', '', '1' ]\n", "strings that are not empty" },
	{ "cpus = [ '0', [ '1' ] ]\n", "'cpus' must be a list of strings" },
	{ "cap = 6401\n", "'cap' must be 0 to 6400 percent: it is 6401" },
	{ "vcpus = 65\n", "'vcpus' must be 1 to 64: it is 65" },
	{ "vcpus = 0\n", "'vcpus' must be 1 to 64: it is 0" },
	{ "uuid = \"x\"\n", "'uuid' must look like" },
	{ "uuid = \"01234567-89ab-cdef-0123-456789abcdeg\"\n", "'uuid' must look like" },
	{ "on_crash = \"rename-restart\"\n", "web.cfg:1: 'on_crash' cannot be \"rename-restart\" in this version of Ringlet" },
	{ "on_crash = \"coredump-destroy\"\n", "in this version of Ringlet" },
	{ "on_reboot = \"jump\"\n", "'on_reboot' must be \"destroy\", \"restart\" or \"preserve\": it is \"jump\"" },
	{ "kernel='/k'\nmemory=64\n", "web.cfg: the domain has no name" },
	{ "name='a'\nmemory=64\n", "the domain has no kernel" },
	{ "name='a'\nkernel='/k'\n", "the domain has no memory: add memory = 512 (MiB)" },
};

START_TEST(explains_mistake)
{
	ck_assert_int_eq(parse(mistakes[_i][0]), -EINVAL);
	ck_assert_msg(strstr(r.error, mistakes[_i][1]), "'%s' is not in '%s'",
		      mistakes[_i][1], r.error);
}
END_TEST

/* Each prefix of a file, each byte of it replaced: no crash, and a reason. */
START_TEST(survives_damage)
{
	static const char text[] = GOOD "vif = [ 'a', 1 ]\nextra=\"\\\"\"";
	static const char bytes[] = "\"'[]=;\\#\n1a\x80";
	char copy[sizeof(text)];
	size_t i, j;

	for (i = 0; i < sizeof(text) - 1; i++) {
		memcpy(copy, text, i);
		copy[i] = 0;
		if (!parse(copy))
			rl_config_free(&cfg);
		else
			ck_assert_int_ne(r.error[0], 0);
		for (j = 0; j < sizeof(bytes) - 1; j++) {
			memcpy(copy, text, sizeof(text));
			copy[i] = bytes[j];
			if (!parse(copy))
				rl_config_free(&cfg);
			else
				ck_assert_int_ne(r.error[0], 0);
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tools_config");
	TCase *t = tcase_create("config");
	SRunner *sr;
	int failed;

	tcase_add_test(t, gives_values);
	tcase_add_test(t, has_defaults);
	tcase_add_test(t, joins_command_line);
	tcase_add_test(t, warns_of_keys_of_xl);
	tcase_add_test(t, takes_arguments);
	tcase_add_loop_test(t, reads_cpus, 0, sizeof(cpus) / sizeof(cpus[0]));
	tcase_add_test(t, knows_which_cpus_exist);
	tcase_add_test(t, pins_vcpus);
	tcase_add_test(t, survives_json);
	tcase_add_test(t, makes_paths_absolute);
	tcase_add_loop_test(t, explains_mistake, 0,
			    sizeof(mistakes) / sizeof(mistakes[0]));
	tcase_add_test(t, survives_damage);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
