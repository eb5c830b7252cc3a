// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration of domains: what good files give, and that each mistake is
 * answered with its place and with what would be right. The second column of
 * 'mistakes' must be part of the sentence.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
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
	must_parse(GOOD "usbdev = [ 'bridge=br0', [ 1, \"x\" ],\n 'b' ]\n"
		   "type = \"pv\"\n");
	ck_assert_uint_eq(warnings, 2);
	ck_assert_str_eq(warning, "web.cfg:6: warning: 'type' is ignored: this version of Ringlet does not have it");
	rl_config_free(&cfg);
}
END_TEST

START_TEST(device_pool)
{
	must_parse(GOOD);
	ck_assert_uint_eq(cfg.device_pool, 0);
	rl_config_free(&cfg);
	must_parse(GOOD "device_pool = 8\n");
	ck_assert_uint_eq(cfg.device_pool, 8);
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
		   "disk = [ 'vdev=xvda,target=/a, \"b\"' ]\n"
		   "vif = [ '', 'bridge=b,rate=5KB/s' ]\n"
		   "virtiofs = [ 'tag=a,path=/a', "
		   "'path=/b b/, access=ro, tag=b' ]\n"
		   "channel = [ 'connection=pty,name=a', "
		   "'name=b,connection=socket,path=/b' ]\n"
		   "vsock_cid = 7\nrng = 0\n"
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
	ck_assert_uint_eq(copy.nr_disks, 1);
	ck_assert_str_eq(copy.disks[0].target, "/a, \"b\"");
	ck_assert_uint_eq(copy.nr_vifs, 2);
	ck_assert_mem_eq(copy.vifs[0].mac, cfg.vifs[0].mac, 6);
	ck_assert_uint_eq(copy.vifs[1].rate, 5000);
	ck_assert_uint_eq(copy.nr_shares, 2);
	ck_assert(!copy.shares[0].readonly && copy.shares[1].readonly);
	ck_assert_str_eq(copy.shares[1].path, "/b b/");
	ck_assert_str_eq(copy.shares[1].tag, "b");
	ck_assert_uint_eq(copy.nr_channels, 2);
	ck_assert_str_eq(copy.channels[0].name, "a");
	ck_assert_ptr_null(copy.channels[0].path);
	ck_assert_str_eq(copy.channels[1].path, "/b");
	ck_assert_uint_eq(copy.vsock_cid, 7);
	ck_assert(!rl_config_has_rng(&copy));
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

/* What a disk is, in full; NULL and a part of a sentence: it is refused. */
static const char *const disks[][2] = {
	{ "/dev/vg/guest-volume,,hda", "format=raw, vdev=hda, access=rw, target=/dev/vg/guest-volume" },
	{ "/dev/vg/guest-volume,raw,hda,rw", "format=raw, vdev=hda, access=rw, target=/dev/vg/guest-volume" },
	{ "format=raw, vdev=hda, access=rw, target=/dev/vg/guest-volume", "format=raw, vdev=hda, access=rw, target=/dev/vg/guest-volume" },
	{ "raw:/dev/vg/guest-volume,hda,w", "format=raw, vdev=hda, access=rw, target=/dev/vg/guest-volume" },
	{ "phy:vg/lv,xvda,r", "format=raw, vdev=xvda, access=ro, target=/dev/vg/lv" },
	{ " vdev=vdb ,/a.qcow2, format=qcow2,access=ro", "format=qcow2, vdev=vdb, access=ro, target=/a.qcow2" },
	{ "vdev=xvdc,target=/a, b,format=raw ", "format=raw, vdev=xvdc, access=rw, target=/a, b,format=raw " },
	{ "/a,qcow2,51712,w,direct-io-safe,no-discard,backendtype=qdisk,specification=virtio,backend=0",
	  "format=qcow2, vdev=51712, access=rw, cache=none, no-discard, target=/a" },
	{ "/a,raw,xvda,cache=writeback", "format=raw, vdev=xvda, access=rw, cache=writeback, target=/a" },
	{ "cache=none,cache=,/a,raw,xvda", "!'cache' is given twice" },
	{ "/a,raw,xvda,cache=writeback,direct-io-safe", "!'cache' is given twice" },
	{ "/a,raw,xvda,cache=unsafe", "!'none' or 'writeback', not 'unsafe'" },
	{ "/a,vhd,xvda", "!no disks of format 'vhd'" },
	{ "/a,qcow3,xvda", "!'raw' or 'qcow2', not 'qcow3'" },
	{ "/a,raw,xvda1", "!'xvda1' is a partition" },
	{ "/a,raw,xvda:cdrom", "!no CD drives" },
	{ "/a,raw,xvda,cdrom", "!no CD drives" },
	{ "/a,raw,xvda,devtype=cdrom", "!no CD drives" },
	{ "/a,raw,nvme0", "!'nvme0' is not the name of a disk" },
	{ "/a,raw,sdq", "!'sdq' is not the name of a disk" },
	{ "/a,raw,xvda,rx", "!'ro' or 'rw', not 'rx'" },
	{ "/a,raw,xvda,rw,5", "!'5' is one word too many" },
	{ "/a,raw,xvda,access=rw,access=ro", "!'access' is given twice" },
	{ "/a,raw,xvda,target=/b", "!'target' is given twice" },
	{ "/a,raw,xvda,frob=1", "!no 'frob='" },
	{ "/a,raw,xvda,script=block-x", "!no scripts for disks" },
	{ "/a,raw,xvda,backend=storage", "!only domain 0 can serve" },
	{ "/a,raw,xvda,untrusted", "!'untrusted'" },
	{ "/a,raw,xvda,specification=xen", "!disks of Ringlet are virtio" },
};

START_TEST(reads_disks)
{
	const char *expected = disks[_i][1];
	char why[384] = "", *text;
	struct rl_disk disk;

	if (!rl_disk_parse(disks[_i][0], &disk, why, sizeof(why))) {
		ck_assert_msg(expected[0] == '!' && strstr(why, expected + 1),
			      "'%s': %s", disks[_i][0], why);
		return;
	}
	text = rl_disk_text(&disk);
	ck_assert_str_eq(text, expected);
	free(text);
	rl_disk_free(&disk);
}
END_TEST

START_TEST(numbers_disks)
{
	ck_assert_uint_eq(rl_disk_devid("xvda"), 51712);
	ck_assert_uint_eq(rl_disk_devid("vdb"), 51728);
	ck_assert_uint_eq(rl_disk_devid("xvdp"), 51952);
	ck_assert_uint_eq(rl_disk_devid("xvdq"), 268439552);
	ck_assert_uint_eq(rl_disk_devid("xvdaa"), (1 << 28) | 26 << 8);
	ck_assert_uint_eq(rl_disk_devid("d1"), 51728);
	ck_assert_uint_eq(rl_disk_devid("hda"), 768);
	ck_assert_uint_eq(rl_disk_devid("hdd"), 5696);
	ck_assert_uint_eq(rl_disk_devid("sdb"), 2064);
	ck_assert_uint_eq(rl_disk_devid("0xca00"), 51712);
	ck_assert_uint_eq(rl_disk_devid("xvd"), 0);
	ck_assert_uint_eq(rl_disk_devid("xvdzzzzzzzzzzzzzzzz"), 0);
	ck_assert_uint_eq(rl_disk_devid(""), 0);
	must_parse(GOOD "disk = [ '/b,,xvdb', '/a,,xvda' ]\n"
		   "disk += [ '/s,,sda' ]\n");
	ck_assert_uint_eq(cfg.nr_disks, 3);
	ck_assert_str_eq(cfg.disks[0].target, "/s");
	ck_assert_str_eq(cfg.disks[1].target, "/a");
	rl_config_free(&cfg);
	must_parse(GOOD "disk = [ '/b,,xvdb', ]\ndisk = []\n");
	ck_assert_uint_eq(cfg.nr_disks, 0);
	rl_config_free(&cfg);
}
END_TEST

static const char *const vifs[][2] = {
	{ "", "mac=00:00:00:00:00:00,bridge=ringlet0" },
	{ "mac=00:16:3E:74:3d:76,bridge=xenbr0", "mac=00:16:3e:74:3d:76,bridge=xenbr0" },
	{ "bridge=b, vifname=web0 ,rate=10Mb/s,mtu=9000, backend=0", "mac=00:00:00:00:00:00,bridge=b,vifname=web0,rate=1250000B/s@50000us,mtu=9000" },
	{ "rate=1MB/s@20ms", "mac=00:00:00:00:00:00,bridge=ringlet0,rate=1000000B/s@20000us" },
	{ "script=vif-x,ip=10.0.0.1,devid=3", "mac=00:00:00:00:00:00,devid=3,script=/etc/ringlet/scripts/vif-x,ip=10.0.0.1" },
	{ "mac=00:16:3e:74:3d", "!not a MAC address" },
	{ "mac=00:16:3e:74:3d:7g", "!not a MAC address" },
	{ "mac=01:16:3e:74:3d:76", "!one of a group" },
	{ "mac=00:00:00:00:00:00", "!it is zero" },
	{ "model=e1000", "!emulates no network card" },
	{ "type=ioemu", "!emulates no network card" },
	{ "bridge=", "!'' cannot be the name of a network interface" },
	{ "bridge=0123456789abcdef", "!1 to 15 characters" },
	{ "vifname=a/b", "!'a/b' cannot be the name" },
	{ "rate=10", "!'10' is not a rate" },
	{ "rate=10Mb/s@", "!is not a rate" },
	{ "rate=1b/s", "!is not a rate" },
	{ "rate=99999999999Gb/s", "!is not a rate" },
	{ "ip=10.0.0.1", "!'ip' is for a script" },
	{ "gatewaydev=eth0", "!sets up no routes" },
	{ "backend=net", "!only domain 0" },
	{ "devid=64", "!'devid' must be 0 to 63" },
	{ "mtu=1", "!'mtu' must be 68 to 65535" },
	{ "frob", "!an interface has no 'frob'" },
};

START_TEST(reads_vifs)
{
	const char *expected = vifs[_i][1];
	char why[384] = "", *text;
	struct rl_vif vif;

	if (!rl_vif_parse(vifs[_i][0], &vif, why, sizeof(why))) {
		ck_assert_msg(expected[0] == '!' && strstr(why, expected + 1),
			      "'%s': %s", vifs[_i][0], why);
		return;
	}
	text = rl_vif_text(&vif);
	ck_assert_str_eq(text, expected);
	free(text);
	rl_vif_free(&vif);
}
END_TEST

/* The same domain gets the same addresses, others get others. */
START_TEST(chooses_macs)
{
	static const char *const uuids[] = {
		"uuid = '01234567-89ab-cdef-0123-456789abcdef'\n",
		"uuid = '01234567-89ab-cdef-0123-456789abcdee'\n",
	};
	unsigned char mac[5][6];
	char text[512];
	unsigned int i, j;

	for (i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), GOOD "vif = [ '', 'bridge=b' ]\n%s",
			 uuids[i]);
		must_parse(text);
		memcpy(mac[2 * i], cfg.vifs[0].mac, 6);
		memcpy(mac[2 * i + 1], cfg.vifs[1].mac, 6);
		ck_assert_uint_eq(cfg.vifs[1].devid, 1);
		rl_config_free(&cfg);
		must_parse(text);
		ck_assert_mem_eq(mac[2 * i], cfg.vifs[0].mac, 6);
		rl_config_free(&cfg);
	}
	for (i = 0; i < 4; i++) {
		ck_assert_mem_eq(mac[i], "\x00\x16\x3e", 3);
		for (j = 0; j < i; j++)
			ck_assert_mem_ne(mac[i], mac[j], 6);
	}
}
END_TEST

static char image[64];

static void make_image(const void *data, size_t len, off_t size)
{
	int fd;

	strcpy(image, "/tmp/ringlet-image-XXXXXX");
	fd = mkstemp(image);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, data, len, 0), len);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	close(fd);
}

static void open_chain(const char *format, const char *expected,
		       unsigned int files)
{
	struct rl_disk_chain chain;
	char text[256], why[384] = "";
	struct rl_disk disk;
	int rc;

	snprintf(text, sizeof(text), "%s,%s,xvda", image, format);
	ck_assert(rl_disk_parse(text, &disk, why, sizeof(why)));
	rc = rl_disk_open(&disk, &chain, why, sizeof(why));
	if (expected)
		ck_assert_msg(rc < 0 && strstr(why, expected), "%d: %s", rc,
			      why);
	else
		ck_assert_msg(!rc && chain.nr == files, "%s", why);
	rl_disk_close(&chain);
	rl_disk_free(&disk);
}

static void open_image(const char *format, const char *expected)
{
	open_chain(format, expected, 1);
}

START_TEST(looks_into_images)
{
	static const char qcow2[112] = "QFI\xfb\0\0\0\3";
	static const char on_file[] = "QFI\xfb\0\0\0\2\0\0\0\0\0\0\0\x50"
		"\0\0\0\5";
	struct flock lock = { .l_type = F_WRLCK, .l_start = 201, .l_len = 1 };
	int fd;

	make_image("MZ", 2, 1 << 20);
	open_image("raw", NULL);
	open_image("qcow2", "is said to be qcow2, but is not: it looks like raw");
	fd = open(image, O_RDWR);
	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	open_image("raw", "is in use: by another domain");
	close(fd);
	open_image("raw", NULL);
	ck_assert_int_eq(truncate(image, 0), 0);
	open_image("raw", "is empty");
	unlink(image);
	open_image("raw", "does not exist");
	make_image(qcow2, sizeof(qcow2), 1 << 16);
	open_image("qcow2", NULL);
	open_image("raw", "is said to be raw, but has the header of qcow2");
	unlink(image);
	make_image("conectix", 8, 512);
	open_image("raw", "has the header of vhd");
	unlink(image);
	make_image(on_file, sizeof(on_file), 1 << 16);
	open_image("qcow2", "does not say that the file behind it is raw or qcow2");
	unlink(image);
	strcpy(image, "/tmp");
	open_image("raw", "is a directory");
	strcpy(image, "/dev/null");
	open_image("raw", "is neither a file nor a block device");
}
END_TEST

/* Who can write an image says what is behind it: no file of somebody else's. */
START_TEST(looks_behind_images_as_their_owner)
{
	unsigned char header[160] = "QFI\xfb\0\0\0\2\0\0\0\0\0\0\0\x60";
	static const char format[] = "\xe2\x79\x2a\xca\0\0\0\3raw";
	char behind[sizeof(image)];
	int signal = 0;

	if (geteuid())
		return;
	ck_assert_int_eq(prctl(PR_SET_PDEATHSIG, SIGTERM), 0);
	make_image("MZ", 2, 512);
	strcpy(behind, image);
	header[19] = (unsigned char)strlen(behind);
	memcpy(header + 72, format, sizeof(format));
	strcpy((char *)header + 96, behind);
	make_image(header, sizeof(header), 1 << 16);
	ck_assert_int_eq(chown(image, 12345, 12345), 0);
	open_image("qcow2", "cannot be opened: Permission denied");
	ck_assert_int_eq(chown(behind, 12345, 12345), 0);
	ck_assert_int_eq(chmod(behind, 0400), 0);
	open_chain("qcow2", NULL, 2);
	ck_assert_int_eq(prctl(PR_GET_PDEATHSIG, &signal), 0);
	ck_assert_int_eq(signal, SIGTERM);
	unlink(behind);
	unlink(image);
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
	{ "device_pool = 7\nmemory = 64\nname='a'\nkernel='/k'\n", "'device_pool' must be 0, or 8 MiB to half of the memory: it is 7" },
	{ "device_pool = 33\nmemory = 64\nname='a'\nkernel='/k'\n", "'device_pool' must be 0, or 8 MiB to half of the memory: it is 33" },
	{ "memory\n", "expected '=' after 'memory', but found the end of the line" },
	{ "memory 5\n", "expected '=' after 'memory', but found '5'" },
	{ "memory += 5\n", "'+=' is for lists" },
	{ "disk = [\n'/x,raw,xvda,rw', '/y,raw,xvda,rw' ]\n" GOOD, "web.cfg: two disks are the same in the domain: xvda and xvda" },
	{ "disk = '/x,raw,xvda,rw'\n", "web.cfg:1: 'disk' must be a list: disk = [ '/x,raw,xvda,rw' ]" },
	{ "disk = [ '/x,raw,xvda,rw', [ 1 ] ]\n", "'disk' must be a list of strings" },
	{ "disk = [ '/x' ]\n", "web.cfg:1: 'disk': the disk has no name in the domain: as in '/x,raw,xvda,rw'" },
	{ "disk = [ '' ]\n", "the disk has no target" },
	{ "vif = [ '', 'devid=0,bridge=b', 'devid=0' ]\n" GOOD, "two network interfaces have devid=0" },
	{ "vif = [ 'mac=00:16:3e:00:00:01', 'mac=00:16:3E:00:00:01' ]\n" GOOD, "two network interfaces have mac=00:16:3e:00:00:01" },
	{ "vif = ''\n", "'vif' must be a list" },
	{ "channel = [ 'connection=pty' ]\n", "web.cfg:1: 'channel': the channel has no name" },
	{ "channel = [ 'name=x' ]\n", "the channel has no connection: 'connection=pty' or" },
	{ "channel = [ 'connection=tty,name=x' ]\n", "'pty' or 'socket', not 'tty'" },
	{ "channel = [ 'connection=socket,name=x' ]\n", "the channel has no path: as in 'connection=socket,path=/run/x.sock,name=x'" },
	{ "channel = [ 'connection=socket,name=x,path=y' ]\n", "begin with '/' and have at most 107 characters: it is 'y'" },
	{ "channel = [ 'connection=pty,name=x,path=/y' ]\n", "'path' is for connection=socket" },
	{ "channel = [ 'connection=pty,name=a/b' ]\n", "'a/b' cannot be the name of a channel" },
	{ "channel = [ 'connection=pty,name=x', 'connection=pty,name=x' ]\n", "two channels have the name 'x'" },
	{ "p9 = [ 'tag=x' ]\n", "but by virtiofs: virtiofs = [ 'tag=home,path=/srv/home' ]" },
	{ "virtiofs = [ 'path=/x' ]\n", "web.cfg:1: 'virtiofs': the shared directory has no tag" },
	{ "virtiofs = [ 'tag=x' ]\n", "the shared directory has no path: as in 'tag=x,path=/srv/x'" },
	{ "virtiofs = [ 'tag=x,path=y' ]\n", "'path' must be that of a directory and begin with '/': it is 'y'" },
	{ "virtiofs = [ 'tag=0123456789012345678901234567890123456,path=/x' ]\n", "a tag has 1 to 36 characters: '0123456789012345678901234567890123456' has 37" },
	{ "virtiofs = [ 'tag=a b,path=/x' ]\n", "'a b' cannot be a tag" },
	{ "virtiofs = [ 'tag=x,path=/x', 'tag=x,path=/y' ]\n", "two shared directories have the tag 'x'" },
	{ "virtiofs = [ 'tag=x,path=/x,tag=y' ]\n", "'tag' is given twice" },
	{ "virtiofs = [ 'tag=x,path=/x,access=no' ]\n", "the access to a directory is 'ro' or 'rw', not 'no'" },
	{ "virtiofs = [ 'tag=x,path=/x,security_model=mapped' ]\n", "security_model=mapped" },
	{ "virtiofs = [ 'tag=x,path=/x,cache=none' ]\n", "a shared directory has no 'cache='" },
	{ "vsock_cid = 2\n", "'vsock_cid' must be 3 to 4294967294: it is 2" },
	{ "bootloader = 'pygrub'\n", "web.cfg:1: Ringlet does not look for kernels on a guest's disk: leave 'bootloader' out" },
	{ "cloud_init = ''\n", "'cloud_init' must be the path of a file" },
	{ "rng = 2\n", "'rng' must be 0 to 1: it is 2" },
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
	{ "on_crash = \"coredump\"\n", "\"coredump-destroy\" or \"coredump-restart\": it is \"coredump\"" },
	{ "on_reboot = \"jump\"\n", "'on_reboot' must be \"destroy\", \"restart\", \"preserve\", \"coredump-destroy\" or \"coredump-restart\": it is \"jump\"" },
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
	static const char text[] = GOOD "vif = [ '', 1 ]\nextra=\"\\\"\""
		"disk=['/a,raw,xvda','vdev=vdb,target=/b']";
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
	tcase_add_test(t, device_pool);
	tcase_add_test(t, takes_arguments);
	tcase_add_loop_test(t, reads_cpus, 0, sizeof(cpus) / sizeof(cpus[0]));
	tcase_add_test(t, knows_which_cpus_exist);
	tcase_add_test(t, pins_vcpus);
	tcase_add_loop_test(t, reads_disks, 0, sizeof(disks) / sizeof(disks[0]));
	tcase_add_test(t, numbers_disks);
	tcase_add_loop_test(t, reads_vifs, 0, sizeof(vifs) / sizeof(vifs[0]));
	tcase_add_test(t, chooses_macs);
	tcase_add_test(t, looks_into_images);
	tcase_add_test(t, looks_behind_images_as_their_owner);
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
