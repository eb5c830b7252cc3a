// SPDX-License-Identifier: GPL-2.0-only
/*
 * The notation of disks: see disk.h.
 *
 * What Ringlet does not have is refused rather than ignored: a disk that is not
 * what its user asked for is worse than none.
 */
#include "disk.h"
#include "spec.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Major numbers of Linux that Xen's numbers of disks are made of. */
#define MAJOR_IDE0	3
#define MAJOR_SCSI	8
#define MAJOR_IDE1	22
#define MAJOR_XVD	202
#define EXTENDED	(1U << 28)	/* for xvd beyond the 16th */

static const char *const formats[] = {
	[RL_DISK_RAW] = "raw",
	[RL_DISK_QCOW2] = "qcow2",
};

#define NR_FORMATS	(sizeof(formats) / sizeof(formats[0]))

const char *rl_disk_format_name(enum rl_disk_format format)
{
	return formats[format];
}

/* --- Numbers of disks ------------------------------------------------------ */

/* Letters behind 'prefix' as a number, a = 0, aa = 26; digits must not follow. */
static bool letters(const char *vdev, const char *prefix, uint32_t max,
		    uint32_t *number)
{
	size_t n = strlen(prefix);
	uint64_t value = 0;

	if (strncmp(vdev, prefix, n) || !islower((unsigned char)vdev[n]))
		return false;
	for (; islower((unsigned char)vdev[n]) && value <= max; n++)
		value = value * 26 + (uint64_t)(vdev[n] - 'a') + 1;
	if (vdev[n] || value - 1 > max)
		return false;
	*number = (uint32_t)value - 1;
	return true;
}

static uint32_t xvd(uint32_t disk)
{
	return disk < 16 ? MAJOR_XVD << 8 | disk << 4 : EXTENDED | disk << 8;
}

/* As xen-vbd-interface(7) numbers them. */
uint32_t rl_disk_devid(const char *vdev)
{
	uint32_t disk;
	unsigned long number;
	char *end;

	if (letters(vdev, "xvd", (1 << 20) - 1, &disk) ||
	    letters(vdev, "vd", (1 << 20) - 1, &disk))
		return xvd(disk);
	if (letters(vdev, "sd", 15, &disk))
		return MAJOR_SCSI << 8 | disk << 4;
	if (letters(vdev, "hd", 3, &disk))
		return (disk < 2 ? MAJOR_IDE0 : MAJOR_IDE1) << 8 |
		       (disk & 1) << 6;
	if (vdev[0] == 'd' && isdigit((unsigned char)vdev[1])) {
		number = strtoul(vdev + 1, &end, 10);
		return *end || number >= 1 << 20 ? 0 : xvd((uint32_t)number);
	}
	if (!isdigit((unsigned char)vdev[0]))
		return 0;
	number = strtoul(vdev, &end, 0);
	return *end || number >= 1 << 29 ? 0 : (uint32_t)number;
}

static struct rl_disk *disk_of(const struct rl_spec *s)
{
	return s->to;
}

/* --- Parameters ------------------------------------------------------------ */

static bool set_target(struct rl_spec *s, const char *value)
{
	const char *dev = *value == '/' ? "" : "/dev/";

	if (!*value)
		return true;
	if (asprintf(&disk_of(s)->target, "%s%s", dev, value) < 0) {
		disk_of(s)->target = NULL;
		return rl_spec_fail(s, "out of memory");
	}
	return true;
}

/* Formats of xl-disk-configuration(5) that Ringlet does not have. */
static const char *const formats_of_xl[] = { "qcow", "vhd", "qed", "empty" };

static bool set_format(struct rl_spec *s, const char *value)
{
	size_t i;

	if (!*value)
		return true;
	for (i = 0; i < NR_FORMATS; i++) {
		if (!strcmp(value, formats[i])) {
			disk_of(s)->format = (enum rl_disk_format)i;
			return true;
		}
	}
	for (i = 0; i < sizeof(formats_of_xl) / sizeof(formats_of_xl[0]); i++)
		if (!strcmp(value, formats_of_xl[i]))
			return rl_spec_fail(s, "Ringlet has no disks of format '%s': convert the image with 'qemu-img convert -O qcow2'",
					    value);
	return rl_spec_fail(s, "the format of a disk is 'raw' or 'qcow2', not '%.80s'",
			    value);
}

static bool is_partition(const char *vdev)
{
	char whole[RL_VDEV_LEN];
	size_t n = strlen(vdev);

	while (n && isdigit((unsigned char)vdev[n - 1]))
		n--;
	if (n == strlen(vdev) || n >= sizeof(whole))
		return false;
	memcpy(whole, vdev, n);
	whole[n] = 0;
	return n && rl_disk_devid(whole);
}

static bool set_vdev(struct rl_spec *s, const char *value)
{
	struct rl_disk *d = s->to;

	if (strchr(value, ':'))
		return rl_spec_fail(s, "'%.80s': Ringlet has no CD drives: an image can be a disk with access=ro",
				    value);
	if (is_partition(value))
		return rl_spec_fail(s, "'%.80s' is a partition, and virtio has only disks: give the domain a whole disk, such as xvda",
				    value);
	if (strlen(value) >= sizeof(d->vdev) || !rl_disk_devid(value))
		return rl_spec_fail(s, "'%.80s' is not the name of a disk: xvda, xvdb and so on are",
				    value);
	strcpy(d->vdev, value);
	d->devid = rl_disk_devid(value);
	return true;
}

static bool set_access(struct rl_spec *s, const char *value)
{
	if (!strcmp(value, "r") || !strcmp(value, "ro"))
		disk_of(s)->readonly = true;
	else if (*value && strcmp(value, "w") && strcmp(value, "rw"))
		return rl_spec_fail(s, "the access to a disk is 'ro' or 'rw', not '%.80s'",
				    value);
	return true;
}

static bool set_backendtype(struct rl_spec *s, const char *value)
{
	if (!*value || !strcmp(value, "qdisk") || !strcmp(value, "phy"))
		return true;
	return rl_spec_fail(s, "backendtype=%.80s: all disks are served by qemu-storage-daemon: leave it out",
			    value);
}

static bool set_specification(struct rl_spec *s, const char *value)
{
	if (!*value || !strcmp(value, "virtio"))
		return true;
	return rl_spec_fail(s, "specification=%.80s: disks of Ringlet are virtio: leave it out",
			    value);
}

static bool no_cdrom(struct rl_spec *s, const char *value)
{
	(void)value;
	return rl_spec_fail(s, "Ringlet has no CD drives: an image can be a disk with access=ro");
}

static bool no_script(struct rl_spec *s, const char *value)
{
	(void)value;
	return rl_spec_fail(s, "Ringlet runs no scripts for disks: name a file or block device");
}

static bool no_colo(struct rl_spec *s, const char *value)
{
	(void)value;
	return rl_spec_fail(s, "Ringlet does not replicate disks: there is no 'colo'");
}

/* In QEMU's words. Without one the server of the disk decides. */
static bool set_cache(struct rl_spec *s, const char *value)
{
	if (!*value)
		return true;
	if (strcmp(value, "none") && strcmp(value, "writeback"))
		return rl_spec_fail(s, "the cache of a disk is 'none' or 'writeback', not '%.80s'",
				    value);
	disk_of(s)->cache = *value == 'n' ? RL_DISK_CACHE_NONE :
					    RL_DISK_CACHE_WRITEBACK;
	return true;
}

static bool set_direct(struct rl_spec *s, const char *value)
{
	(void)value;
	return rl_spec_set(s, "cache", "none");
}

static bool set_discard(struct rl_spec *s, const char *value)
{
	(void)value;
	disk_of(s)->no_discard = false;
	return true;
}

static bool set_no_discard(struct rl_spec *s, const char *value)
{
	(void)value;
	disk_of(s)->no_discard = true;
	return true;
}

static const struct rl_parameter parameters[] = {
	{ "target", false, set_target },
	{ "format", false, set_format },
	{ "vdev", false, set_vdev },
	{ "access", false, set_access },
	{ "devtype", false, no_cdrom },
	{ "cdrom", true, no_cdrom },
	{ "backend", false, rl_spec_backend },
	{ "backendtype", false, set_backendtype },
	{ "specification", false, set_specification },
	{ "script", false, no_script },
	{ "cache", false, set_cache },
	{ "direct-io-safe", true, set_direct },
	{ "discard", true, set_discard },
	{ "no-discard", true, set_no_discard },
	{ "trusted", true, rl_spec_trusted },
	{ "untrusted", true, rl_spec_untrusted },
	{ "colo", true, no_colo },
	{ "colo-host", false, no_colo },
	{ "colo-port", false, no_colo },
	{ "colo-export", false, no_colo },
	{ "active-disk", false, no_colo },
	{ "hidden-disk", false, no_colo },
};

/* Prefixes of a target that stand for a format, from long ago. */
static const char *const prefixes[][2] = {
	{ "phy:", "raw" }, { "file:", "raw" }, { "raw:", "raw" },
	{ "qcow2:", "qcow2" },
};

static bool positional(struct rl_spec *s, const char *value)
{
	size_t i;

	if (!rl_spec_seen(s, "target")) {
		for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
			if (!strncmp(value, prefixes[i][0],
				     strlen(prefixes[i][0])))
				return rl_spec_set(s, "format",
						   prefixes[i][1]) &&
				       rl_spec_set(s, "target", value +
						   strlen(prefixes[i][0]));
		return rl_spec_set(s, "target", value);
	}
	if (!rl_spec_seen(s, "format"))
		return rl_spec_set(s, "format", value);
	if (!rl_spec_seen(s, "vdev"))
		return rl_spec_set(s, "vdev", value);
	if (!rl_spec_seen(s, "access"))
		return rl_spec_set(s, "access", value);
	if (!*value)
		return true;
	return rl_spec_fail(s, "'%.80s' is one word too many: a disk is 'TARGET,FORMAT,VDEV,ACCESS'",
			    value);
}

static bool complete(struct rl_spec *s)
{
	const struct rl_disk *disk = s->to;

	if (!disk->target)
		return rl_spec_fail(s, "the disk has no target: it is a path, as in '/srv/web.img,raw,xvda,rw'");
	if (!disk->devid)
		return rl_spec_fail(s, "the disk has no name in the domain: as in '%.200s,%s,xvda,%s'",
				    disk->target,
				    rl_disk_format_name(disk->format),
				    disk->readonly ? "ro" : "rw");
	return true;
}

bool rl_disk_parse(const char *text, struct rl_disk *disk, char *why,
		   size_t size)
{
	struct rl_spec s = {
		.what = "a disk",
		.parameters = parameters,
		.nr = sizeof(parameters) / sizeof(parameters[0]),
		/* By its name, a target may have commas. */
		.rest = "target",
		.word = positional,
		.to = disk,
		.why = why,
		.size = size,
	};
	bool ok;

	memset(disk, 0, sizeof(*disk));
	ok = rl_spec_parse(&s, text) && complete(&s);
	if (!ok)
		rl_disk_free(disk);
	return ok;
}

void rl_disk_free(struct rl_disk *disk)
{
	free(disk->target);
	disk->target = NULL;
}

char *rl_disk_text(const struct rl_disk *disk)
{
	char *text;

	if (asprintf(&text, "format=%s, vdev=%s, access=%s, %s%starget=%s",
		     rl_disk_format_name(disk->format), disk->vdev,
		     disk->readonly ? "ro" : "rw",
		     disk->cache == RL_DISK_CACHE_NONE ? "cache=none, " :
		     disk->cache ? "cache=writeback, " : "",
		     disk->no_discard ? "no-discard, " : "", disk->target) < 0)
		return NULL;
	return text;
}
