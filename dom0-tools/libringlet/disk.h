/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Disks of domains, in the notation of xl-disk-configuration(5), and what is in
 * the files behind them.
 */
#ifndef RL_DISK_H
#define RL_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RL_VDEV_LEN	24
#define RL_DISK_CHAIN	16	/* an image and the files behind it */

enum rl_disk_format {
	RL_DISK_RAW,
	RL_DISK_QCOW2,
};

/* Whether domain 0's page cache lies between a disk and its file. */
enum rl_disk_cache {
	RL_DISK_CACHE_AUTO,		/* not where the file can do without */
	RL_DISK_CACHE_NONE,
	RL_DISK_CACHE_WRITEBACK,
};

struct rl_disk {
	char vdev[RL_VDEV_LEN];		/* as it was given: "xvda" */
	uint32_t devid;			/* its number, as Xen counts: 51712 */
	char *target;			/* absolute path */
	enum rl_disk_format format;
	bool readonly;
	enum rl_disk_cache cache;
	bool no_discard;
};

/*
 * Parse a specification. Returns false with a sentence in 'why' (size bytes);
 * otherwise rl_disk_free() is due.
 */
bool rl_disk_parse(const char *text, struct rl_disk *disk, char *why,
		   size_t size);
void rl_disk_free(struct rl_disk *disk);

/* The specification of a disk, for rl_disk_parse(), to be freed; or NULL. */
char *rl_disk_text(const struct rl_disk *disk);

const char *rl_disk_format_name(enum rl_disk_format format);

/* The number of a virtual disk by name ("xvda") or number ("51712"), or 0. */
uint32_t rl_disk_devid(const char *vdev);

/* A file of a disk: the first is the target, behind it what it is based on. */
struct rl_disk_file {
	int fd;				/* close-on-exec */
	enum rl_disk_format format;
};

struct rl_disk_chain {
	unsigned int nr;
	struct rl_disk_file file[RL_DISK_CHAIN];
};

/*
 * Open the files of a disk, and see whether they are what the disk says and are
 * free. Returns 0 with 'chain' to be closed, or a negative errno with a sentence
 * in 'why'; EBUSY: in use by another process.
 */
int rl_disk_open(const struct rl_disk *disk, struct rl_disk_chain *chain,
		 char *why, size_t size);
void rl_disk_close(struct rl_disk_chain *chain);

#endif /* RL_DISK_H */
