// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of disks, looked into before a domain depends on them: see disk.h.
 *
 * Only the first bytes are read, and nothing is believed of them beyond what is
 * needed to name a mistake or to find the file that an image is based on:
 * qemu-storage-daemon, which runs without rights, reads all of it.
 */
#include "disk.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Header of qcow2, big endian (QEMU, docs/interop/qcow2.txt). */
struct qcow2 {
	uint32_t magic;
	uint32_t version;
	uint64_t backing_offset;
	uint32_t backing_size;
	uint32_t cluster_bits;
	uint64_t size;
	uint32_t crypt_method;
	uint32_t l1_size;
	uint64_t l1_offset;
	uint64_t refcount_offset;
	uint32_t refcount_clusters;
	uint32_t snapshots;
	uint64_t snapshots_offset;
	uint64_t incompatible;		/* from here on: version 3 */
	uint64_t compatible;
	uint64_t autoclear;
	uint32_t refcount_order;
	uint32_t header_size;
};

#define QCOW2_MAGIC	0x514649fb
#define V2_SIZE		72
#define EXTERNAL_DATA	4		/* of 'incompatible' */
#define EXT_END		0
#define EXT_FORMAT	0xe2792aca	/* of the file behind it */
#define NAME_MAX_LEN	1023		/* of the file behind it */

/*
 * Bytes of an image that QEMU locks to say what it does with it: at 100 + N that
 * it uses permission N, at 200 + N that it does not share it.
 */
#define LOCK_USES	100
#define LOCK_UNSHARED	200
#define PERM_READ	0
#define PERM_WRITE	1

struct place {
	const char *path;
	char *why;
	size_t size;
};

static int fail(const struct place *at, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(const struct place *at, int err, const char *format, ...)
{
	va_list args;
	int n;

	n = snprintf(at->why, at->size, "disk image %s ", at->path);
	if (n > 0 && (size_t)n < at->size) {
		va_start(args, format);
		vsnprintf(at->why + n, at->size - (size_t)n, format, args);
		va_end(args);
	}
	return -err;
}

static bool is_locked(int fd, off_t at)
{
	struct flock lock = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = at,
		.l_len = 1,
	};

	/* For a file that is open for reading only, the kernel has no F_WRLCK. */
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
		lock.l_type = F_RDLCK;
	return !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
}

/* Does somebody use it in a way that does not allow our use? */
static int check_free(const struct place *at, int fd, bool readonly)
{
	if (is_locked(fd, LOCK_UNSHARED + PERM_READ) ||
	    (!readonly && is_locked(fd, LOCK_UNSHARED + PERM_WRITE)) ||
	    (!readonly && is_locked(fd, LOCK_USES + PERM_WRITE)))
		return fail(at, EBUSY, "is in use: by another domain or by a program such as qemu-img");
	return 0;
}

static int open_file(const struct place *at, bool readonly, int *fd)
{
	struct stat st;

	*fd = open(at->path, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC |
		   O_NONBLOCK | O_NOCTTY);
	if (*fd < 0 && errno == ENOENT)
		return fail(at, ENOENT, "does not exist");
	if (*fd < 0 && errno == EISDIR)
		return fail(at, EINVAL, "is a directory");
	if (*fd < 0 && (errno == EROFS || errno == EACCES) && !readonly)
		return fail(at, errno, "cannot be written (%s): access=ro would be possible",
			    strerror(errno));
	if (*fd < 0)
		return fail(at, errno, "cannot be opened: %s",
			    strerror(errno));
	if (fstat(*fd, &st) || (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)))
		return fail(at, EINVAL, "is neither a file nor a block device");
	if (S_ISREG(st.st_mode) && !st.st_size)
		return fail(at, EINVAL, "is empty: 'truncate -s 1G' or 'qemu-img create' gives it a size");
	return 0;
}

/*
 * Open the next file of a chain. What is behind an image says the image, and so
 * whoever may write to it, which includes what serves it: it is opened with the
 * rights of the image's owner, as qemu-storage-daemon will do it again.
 */
static int open_next(const struct place *at, bool readonly,
		     const struct rl_disk_chain *chain, int *fd)
{
	pid_t parent = getppid();
	int rc, signal = 0;
	struct stat image;

	if (!chain->nr || geteuid())
		return open_file(at, readonly, fd);
	prctl(PR_GET_PDEATHSIG, &signal);
	*fd = -1;
	if (fstat(chain->file[0].fd, &image))
		return fail(at, errno, "cannot be looked at: %s",
			    strerror(errno));
	setfsgid(image.st_gid);
	setfsuid(image.st_uid);
	if ((uid_t)setfsuid((uid_t)-1) == image.st_uid &&
	    (gid_t)setfsgid((gid_t)-1) == image.st_gid)
		rc = open_file(at, readonly, fd);
	else
		rc = fail(at, EPERM, "is behind an image of user %u, whose rights cannot be taken",
			  image.st_uid);
	setfsuid(0);
	setfsgid(getegid());
	/* Another user's rights end this setting, too. */
	prctl(PR_SET_PDEATHSIG, signal);
	if (signal && getppid() != parent)
		raise(signal);
	return rc;
}

/* Formats that are recognized by how a file begins. */
static const struct magic {
	const char *bytes;
	size_t len;
	const char *name;
} magics[] = {
	{ "QFI\xfb\0\0\0\1", 8, "qcow" },
	{ "QFI\xfb", 4, "qcow2" },
	{ "QED\0", 4, "qed" },
	{ "conectix", 8, "vhd" },
	{ "vhdxfile", 8, "vhdx" },
	{ "KDMV", 4, "vmdk" },
	{ "LUKS\xba\xbe", 6, "LUKS" },
};

static const char *found_format(const char *head, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (len >= magics[i].len &&
		    !memcmp(head, magics[i].bytes, magics[i].len))
			return magics[i].name;
	return "raw";
}

/*
 * A file that says it is raw and looks like something else: either a mistake, or
 * a guest that writes a header into its raw disk, to have files of its choice
 * opened when somebody guesses the format next time.
 */
static int check_format(const struct place *at, int fd,
			enum rl_disk_format format)
{
	char head[512] = "";
	ssize_t n = pread(fd, head, sizeof(head), 0);
	const char *found;

	if (n < 0)
		return fail(at, errno, "cannot be read: %s", strerror(errno));
	found = found_format(head, (size_t)n);
	if (!strcmp(found, rl_disk_format_name(format)) ||
	    (format == RL_DISK_RAW && !strcmp(found, "LUKS")))
		return 0;
	if (format == RL_DISK_RAW && !strcmp(found, "qcow2"))
		return fail(at, EINVAL, "is said to be raw, but has the header of qcow2: say format=qcow2 if it is one");
	if (format == RL_DISK_RAW)
		return fail(at, EINVAL, "is said to be raw, but has the header of %s: convert it with 'qemu-img convert -O qcow2'",
			    found);
	return fail(at, EINVAL, "is said to be qcow2, but is not: it looks like %s",
		    found);
}

/* The format of the file behind it is in an extension of the header. */
static int backing_format(const struct place *at, int fd,
			  const struct qcow2 *h, enum rl_disk_format *format)
{
	uint64_t pos = be32toh(h->version) < 3 ? V2_SIZE :
		       be32toh(h->header_size);
	uint32_t ext[2];
	char name[8] = "";

	while (pos < 4096 && pread(fd, ext, 8, (off_t)pos) == 8 &&
	       be32toh(ext[0]) != EXT_END) {
		if (be32toh(ext[0]) == EXT_FORMAT && be32toh(ext[1]) < 8 &&
		    pread(fd, name, be32toh(ext[1]), (off_t)pos + 8) < 0)
			break;
		pos += 8 + (((uint64_t)be32toh(ext[1]) + 7) & ~7ULL);
	}
	*format = strcmp(name, "qcow2") ? RL_DISK_RAW : RL_DISK_QCOW2;
	if (!strcmp(name, "qcow2") || !strcmp(name, "raw"))
		return 0;
	return fail(at, EINVAL, "does not say that the file behind it is raw or qcow2: 'qemu-img rebase -u -F FORMAT' notes it");
}

/* The path of the file behind it: relative to where this one is. */
static int backing_path(const struct place *at, const char *name, char **path)
{
	const char *slash = strrchr(at->path, '/');
	int dir = name[0] == '/' || !slash ? 0 : (int)(slash - at->path) + 1;

	if (!strncmp(name, "json:", 5) || strstr(name, "://") ||
	    !strncmp(name, "nbd:", 4))
		return fail(at, EINVAL, "is based on '%.200s': it can only be based on a file",
			    name);
	if (asprintf(path, "%.*s%s", dir, at->path, name) < 0)
		return fail(at, ENOMEM, "has a name that is too long");
	return 0;
}

/* Find the file that an image is based on: *path is NULL if there is none. */
static int find_backing(const struct place *at, int fd, char **path,
			enum rl_disk_format *format)
{
	char name[NAME_MAX_LEN + 1] = "";
	struct qcow2 h = { 0 };
	uint32_t len;
	int rc;

	*path = NULL;
	if (pread(fd, &h, sizeof(h), 0) < V2_SIZE ||
	    be32toh(h.magic) != QCOW2_MAGIC || be32toh(h.version) < 2 ||
	    be32toh(h.version) > 3)
		return fail(at, EINVAL, "is not a qcow2 image of version 2 or 3");
	if (be32toh(h.version) == 3 &&
	    be64toh(h.incompatible) & EXTERNAL_DATA)
		return fail(at, EINVAL, "keeps its data in another file: Ringlet cannot use that");
	len = be32toh(h.backing_size);
	if (!h.backing_offset || !len)
		return 0;
	if (len > NAME_MAX_LEN ||
	    pread(fd, name, len, (off_t)be64toh(h.backing_offset)) !=
	    (ssize_t)len)
		return fail(at, EINVAL, "is damaged: the name of the file behind it cannot be read");
	rc = backing_format(at, fd, &h, format);
	return rc ? rc : backing_path(at, name, path);
}

/* Open one file of the chain, and find the next. */
static int add_file(const struct place *at, const struct rl_disk *disk,
		    enum rl_disk_format format, struct rl_disk_chain *chain,
		    char **next, enum rl_disk_format *next_format)
{
	bool readonly = disk->readonly || chain->nr;
	struct rl_disk_file *f;
	int rc;

	*next = NULL;
	if (chain->nr == RL_DISK_CHAIN)
		return fail(at, ELOOP, "is behind %d others: no more are possible",
			    RL_DISK_CHAIN);
	f = &chain->file[chain->nr];
	f->format = format;
	rc = open_next(at, readonly, chain, &f->fd);
	if (f->fd >= 0)
		chain->nr++;
	if (!rc)
		rc = check_format(at, f->fd, format);
	if (!rc)
		rc = check_free(at, f->fd, readonly);
	if (!rc && format == RL_DISK_QCOW2)
		rc = find_backing(at, f->fd, next, next_format);
	return rc;
}

int rl_disk_open(const struct rl_disk *disk, struct rl_disk_chain *chain,
		 char *why, size_t size)
{
	enum rl_disk_format format = disk->format, next_format = RL_DISK_RAW;
	struct place at = { disk->target, why, size };
	char *path = NULL, *next;
	int rc;

	memset(chain, 0, sizeof(*chain));
	do {
		rc = add_file(&at, disk, format, chain, &next, &next_format);
		free(path);
		at.path = path = next;
		format = next_format;
	} while (!rc && path);
	free(path);
	if (rc)
		rl_disk_close(chain);
	return rc;
}

void rl_disk_close(struct rl_disk_chain *chain)
{
	while (chain->nr)
		close(chain->file[--chain->nr].fd);
}
