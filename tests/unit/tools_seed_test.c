// SPDX-License-Identifier: GPL-2.0-only
/*
 * Seeds for cloud-init: what is in the image, which disk it becomes, and what is
 * said where there is none. The images are read back with xorriso.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../dom0-tools/libringlet/seed.h"

#define CONFIG "name = \"web\"\nkernel = \"/boot/vmlinux\"\nmemory = 512\n"

static char top[64], source[128], images[128], image[192];
static char why[512];

static void write_file(const char *name, const char *text)
{
	char path[192];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", source, name);
	f = fopen(path, "w");
	ck_assert(f && fputs(text, f) >= 0 && !fclose(f));
}

/* What a command prints. */
static const char *output_of(const char *format, const char *path,
			     const char *file)
{
	static char text[4096];
	char command[512];
	size_t n;
	FILE *f;

	snprintf(command, sizeof(command), format, path, file);
	f = popen(command, "r");
	ck_assert(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = 0;
	pclose(f);
	return text;
}

static const char *in_image(const char *path, const char *file)
{
	return output_of("cd /tmp && rm -f seed-test.out && xorriso -osirrox on -indev %s -extract /%s seed-test.out >/dev/null 2>&1 && cat seed-test.out && rm -f seed-test.out",
			 path, file);
}

static void setup(void)
{
	strcpy(top, "/tmp/seed-XXXXXX");
	ck_assert(mkdtemp(top));
	snprintf(source, sizeof(source), "%s/a=b", top);
	snprintf(images, sizeof(images), "%s/lib/seeds", top);
	snprintf(image, sizeof(image), "%s/web.iso", images);
	ck_assert(!mkdir(source, 0755));
	write_file("user-data", "#cloud-config\n");
	why[0] = 0;
}

static void teardown(void)
{
	output_of("rm -rf %s%s", top, "");
}

static void configure(struct rl_config *config, const char *more)
{
	struct rl_config_reader r;
	char text[512];

	snprintf(text, sizeof(text), "%scloud_init = '%s'\n%s", CONFIG, source,
		 more);
	rl_config_begin(&r, NULL);
	rl_config_text(&r, text, "web.cfg");
	ck_assert_msg(!rl_config_end(&r, config, "web.cfg"), "%s", r.error);
}

START_TEST(makes_an_image)
{
	struct rl_config config;
	struct stat st;

	write_file("network-config", "version: 2\n");
	configure(&config, "disk = [ '/srv/a,raw,xvdb,rw', '/srv/b,raw,sda,rw' ]");
	ck_assert_msg(!rl_seed_attach(&config, images, why, sizeof(why)), "%s",
		      why);
	ck_assert_ptr_null(config.cloud_init);
	ck_assert_uint_eq(config.nr_disks, 3);
	ck_assert_str_eq(config.disks[2].vdev, "xvdc");
	ck_assert_str_eq(config.disks[2].target, image);
	ck_assert(config.disks[2].readonly);
	ck_assert_str_eq(output_of("blkid -p -o value -s %2$s %1$s", image,
				   "LABEL"), "cidata\n");
	ck_assert_str_eq(in_image(image, "user-data"), "#cloud-config\n");
	ck_assert_str_eq(in_image(image, "network-config"), "version: 2\n");
	ck_assert_str_eq(in_image(image, "meta-data"),
			 "instance-id: web\nlocal-hostname: web\n");
	ck_assert(!stat(image, &st));
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	rl_config_free(&config);
}
END_TEST

START_TEST(takes_what_there_is)
{
	write_file("meta-data", "instance-id: 7\n");
	ck_assert(!rl_seed_make(source, "web", image, why, sizeof(why)));
	write_file("user-data", "#!/bin/sh\n");
	ck_assert(!rl_seed_make(source, "web", image, why, sizeof(why)));
	ck_assert_str_eq(in_image(image, "meta-data"), "instance-id: 7\n");
	ck_assert_str_eq(in_image(image, "user-data"), "#!/bin/sh\n");
	ck_assert_str_eq(output_of("ls %s%s", images, ""), "web.iso\n");
}
END_TEST

START_TEST(takes_an_image)
{
	struct rl_config config;

	write_file("seed.iso", "");
	strcat(source, "/seed.iso");
	configure(&config, "");
	ck_assert(!rl_seed_attach(&config, images, why, sizeof(why)));
	ck_assert_uint_eq(config.nr_disks, 1);
	ck_assert_str_eq(config.disks[0].vdev, "xvda");
	ck_assert_str_eq(config.disks[0].target, source);
	rl_config_free(&config);
}
END_TEST

static void must_fail(int error, const char *sentence)
{
	struct rl_config config;

	configure(&config, "");
	ck_assert_int_eq(rl_seed_attach(&config, images, why, sizeof(why)),
			 error);
	ck_assert_msg(strstr(why, sentence), "%s", why);
	ck_assert_uint_eq(config.nr_disks, 0);
	rl_config_free(&config);
}

START_TEST(says_what_is_wrong)
{
	char path[256], *paths = getenv("PATH");

	paths = strdup(paths ? paths : "");
	setenv("PATH", "/none", 1);
	must_fail(-EIO, "xorriso and genisoimage are missing");
	setenv("PATH", paths, 1);
	free(paths);
	snprintf(path, sizeof(path), "%s/user-data", source);
	unlink(path);
	must_fail(-ENOENT, "cloud_init: cannot read");
	strcat(source, "/none");
	must_fail(-ENOENT, "/none: No such file");
	strcpy(images, "/proc/none");
	snprintf(source, sizeof(source), "%s/a=b", top);
	must_fail(-ENOENT, "cloud_init: cannot write /proc/none/web.iso");
}
END_TEST

START_TEST(needs_a_name_for_the_disk)
{
	struct rl_config config;

	configure(&config, "disk = [ '/srv/a,raw,xvdz,rw' ]");
	ck_assert_int_eq(rl_seed_attach(&config, images, why, sizeof(why)),
			 -ENOSPC);
	ck_assert_msg(strstr(why, "no name for one more disk"), "%s", why);
	rl_config_free(&config);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tools_seed");
	TCase *tcase = tcase_create("seed");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, makes_an_image);
	tcase_add_test(tcase, takes_what_there_is);
	tcase_add_test(tcase, takes_an_image);
	tcase_add_test(tcase, says_what_is_wrong);
	tcase_add_test(tcase, needs_a_name_for_the_disk);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
