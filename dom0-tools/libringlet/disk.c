// SPDX-License-Identifier: GPL-2.0-only
/*
 * The notation of disks: see disk.h.
 *
 * What Ringlet does not have is refused rather than ignored: a disk that is not
 * what its user asked for is worse than none.
 */
#include "disk.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Major numbers of Linux that Xen's numbers of disks are made of. */
#define MAJOR_IDE0	3
#define MAJOR_SCSI	8
#define MAJOR_IDE1	22
#define MAJOR_XVD	202
#define EXTENDED	(1U << 28)	/* for xvd beyond the 16th */

struct parser {
	struct rl_disk *disk;
	bool has_target, has_format, has_vdev, has_access;
	char *why;
	size_t size;
};

static bool fail(struct parser *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool fail(struct parser *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->why, p->size, format, args);
	va_end(args);
	return false;
}

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

/* --- Parameters ------------------------------------------------------------ */

static bool set_target(struct parser *p, const char *value)
{
	const char *dev = *value == '/' ? "" : "/dev/";

	if (p->disk->target)
		return fail(p, "'target' is given twice");
	p->has_target = true;
	if (!*value)
		return true;
	if (asprintf(&p->disk->target, "%s%s", dev, value) < 0) {
		p->disk->target = NULL;
		return fail(p, "out of memory");
	}
	return true;
}

/* Formats of xl-disk-configuration(5) that Ringlet does not have. */
static const char *const formats_of_xl[] = { "qcow", "vhd", "qed", "empty" };

static bool set_format(struct parser *p, const char *value)
{
	size_t i;

	if (p->has_format)
		return fail(p, "'format' is given twice");
	p->has_format = true;
	if (!*value)
		return true;
	for (i = 0; i < NR_FORMATS; i++) {
		if (!strcmp(value, formats[i])) {
			p->disk->format = (enum rl_disk_format)i;
			return true;
		}
	}
	for (i = 0; i < sizeof(formats_of_xl) / sizeof(formats_of_xl[0]); i++)
		if (!strcmp(value, formats_of_xl[i]))
			return fail(p, "Ringlet has no disks of format '%s': convert the image with 'qemu-img convert -O qcow2'",
				    value);
	return fail(p, "the format of a disk is 'raw' or 'qcow2', not '%.80s'",
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

static bool set_vdev(struct parser *p, const char *value)
{
	struct rl_disk *d = p->disk;

	if (p->has_vdev)
		return fail(p, "'vdev' is given twice");
	p->has_vdev = true;
	if (strchr(value, ':'))
		return fail(p, "'%.80s': Ringlet has no CD drives: an image can be a disk with access=ro",
			    value);
	if (is_partition(value))
		return fail(p, "'%.80s' is a partition, and virtio has only disks: give the domain a whole disk, such as xvda",
			    value);
	if (strlen(value) >= sizeof(d->vdev) || !rl_disk_devid(value))
		return fail(p, "'%.80s' is not the name of a disk: xvda, xvdb and so on are",
			    value);
	strcpy(d->vdev, value);
	d->devid = rl_disk_devid(value);
	return true;
}

static bool set_access(struct parser *p, const char *value)
{
	if (p->has_access)
		return fail(p, "'access' is given twice");
	p->has_access = true;
	if (!strcmp(value, "r") || !strcmp(value, "ro"))
		p->disk->readonly = true;
	else if (*value && strcmp(value, "w") && strcmp(value, "rw"))
		return fail(p, "the access to a disk is 'ro' or 'rw', not '%.80s'",
			    value);
	return true;
}

static bool set_backend(struct parser *p, const char *value)
{
	if (!*value || !strcmp(value, "0") || !strcmp(value, "Domain-0"))
		return true;
	return fail(p, "backend=%.80s: only domain 0 can serve devices", value);
}

static bool set_backendtype(struct parser *p, const char *value)
{
	if (!*value || !strcmp(value, "qdisk") || !strcmp(value, "phy"))
		return true;
	return fail(p, "backendtype=%.80s: all disks are served by qemu-storage-daemon: leave it out",
		    value);
}

static bool set_specification(struct parser *p, const char *value)
{
	if (!*value || !strcmp(value, "virtio"))
		return true;
	return fail(p, "specification=%.80s: disks of Ringlet are virtio: leave it out",
		    value);
}

static bool no_cdrom(struct parser *p, const char *value)
{
	(void)value;
	return fail(p, "Ringlet has no CD drives: an image can be a disk with access=ro");
}

static bool no_script(struct parser *p, const char *value)
{
	(void)value;
	return fail(p, "Ringlet runs no scripts for disks: name a file or block device");
}

static bool no_colo(struct parser *p, const char *value)
{
	(void)value;
	return fail(p, "Ringlet does not replicate disks: there is no 'colo'");
}

static bool set_direct(struct parser *p, const char *value)
{
	(void)value;
	p->disk->direct = true;
	return true;
}

static bool set_discard(struct parser *p, const char *value)
{
	(void)value;
	p->disk->no_discard = false;
	return true;
}

static bool set_no_discard(struct parser *p, const char *value)
{
	(void)value;
	p->disk->no_discard = true;
	return true;
}

static bool set_trusted(struct parser *p, const char *value)
{
	(void)p;
	(void)value;
	return true;
}

static bool no_untrusted(struct parser *p, const char *value)
{
	(void)value;
	return fail(p, "a device cannot be 'untrusted' in this version of Ringlet: who serves it reaches all memory of the domain");
}

static const struct parameter {
	const char *name;
	bool flag;			/* has no value */
	bool (*set)(struct parser *p, const char *value);
} parameters[] = {
	{ "target", false, set_target },
	{ "format", false, set_format },
	{ "vdev", false, set_vdev },
	{ "access", false, set_access },
	{ "devtype", false, no_cdrom },
	{ "cdrom", true, no_cdrom },
	{ "backend", false, set_backend },
	{ "backendtype", false, set_backendtype },
	{ "specification", false, set_specification },
	{ "script", false, no_script },
	{ "direct-io-safe", true, set_direct },
	{ "discard", true, set_discard },
	{ "no-discard", true, set_no_discard },
	{ "trusted", true, set_trusted },
	{ "untrusted", true, no_untrusted },
	{ "colo", true, no_colo },
	{ "colo-host", false, no_colo },
	{ "colo-port", false, no_colo },
	{ "colo-export", false, no_colo },
	{ "active-disk", false, no_colo },
	{ "hidden-disk", false, no_colo },
};

#define NR_PARAMETERS	(sizeof(parameters) / sizeof(parameters[0]))

/* Prefixes of a target that stand for a format, from long ago. */
static const char *const prefixes[][2] = {
	{ "phy:", "raw" }, { "file:", "raw" }, { "raw:", "raw" },
	{ "qcow2:", "qcow2" },
};

static bool positional(struct parser *p, const char *value)
{
	size_t i;

	if (!p->has_target) {
		for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
			if (!strncmp(value, prefixes[i][0],
				     strlen(prefixes[i][0])))
				return set_format(p, prefixes[i][1]) &&
				       set_target(p, value +
						  strlen(prefixes[i][0]));
		return set_target(p, value);
	}
	if (!p->has_format)
		return set_format(p, value);
	if (!p->has_vdev)
		return set_vdev(p, value);
	if (!p->has_access)
		return set_access(p, value);
	if (!*value)
		return true;
	return fail(p, "'%.80s' is one word too many: a disk is 'TARGET,FORMAT,VDEV,ACCESS'",
		    value);
}

/* One parameter, without blanks around it. */
static bool parameter(struct parser *p, char *word)
{
	char *value = strchr(word, '=');
	size_t i;

	if (value)
		*value++ = 0;
	for (i = 0; i < NR_PARAMETERS; i++)
		if (parameters[i].flag == !value &&
		    !strcmp(word, parameters[i].name))
			return parameters[i].set(p, value ? value : "");
	if (value)
		return fail(p, "a disk has no '%.80s=': ringlet.cfg(5) says what it has",
			    word);
	return positional(p, word);
}

static char *trim(char *word)
{
	size_t n;

	while (isspace((unsigned char)*word))
		word++;
	for (n = strlen(word); n && isspace((unsigned char)word[n - 1]); n--)
		word[n - 1] = 0;
	return word;
}

static bool parse(struct parser *p, char *text)
{
	char *next;

	do {
		while (isspace((unsigned char)*text))
			text++;
		/* By its name, a target goes up to the end. */
		if (!strncmp(text, "target=", 7)) {
			if (!set_target(p, text + 7))
				return false;
			break;
		}
		next = strchr(text, ',');
		if (next)
			*next++ = 0;
		if (!parameter(p, trim(text)))
			return false;
		text = next;
	} while (text);
	if (!p->disk->target)
		return fail(p, "the disk has no target: it is a path, as in '/srv/web.img,raw,xvda,rw'");
	if (!p->disk->devid)
		return fail(p, "the disk has no name in the domain: as in '%.200s,%s,xvda,%s'",
			    p->disk->target,
			    rl_disk_format_name(p->disk->format),
			    p->disk->readonly ? "ro" : "rw");
	return true;
}

bool rl_disk_parse(const char *text, struct rl_disk *disk, char *why,
		   size_t size)
{
	struct parser p = { .disk = disk, .why = why, .size = size };
	char *copy = strdup(text);
	bool ok;

	memset(disk, 0, sizeof(*disk));
	ok = copy ? parse(&p, copy) : fail(&p, "out of memory");
	free(copy);
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
		     disk->direct ? "direct-io-safe, " : "",
		     disk->no_discard ? "no-discard, " : "", disk->target) < 0)
		return NULL;
	return text;
}
