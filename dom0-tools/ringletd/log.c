// SPDX-License-Identifier: GPL-2.0-only
/*
 * Console logs and the spool: see ringletd.h.
 *
 * Clients read their console from the log file, each at its own place. That
 * bounds memory however slow a client is, and shows the log so far and the live
 * output by the same path. A client that falls two files behind misses output
 * and is told so.
 */
#include "ringletd.h"
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

uint64_t conlog_limit = 1 << 20;

struct spool {
	uint64_t valid;			/* written last, cleared last */
	uint64_t log_size;		/* of the log's file, before */
	char name[RINGLET_NAME_LEN];	/* of the domain */
	char data[SPOOL_DATA];
};

static struct spool *spool;

static void log_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, "%s/console-%s.log", rl_log_dir(), name);
}

static void open_file(struct conlog *log, int flags)
{
	struct stat st;

	log->fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
		       O_NOFOLLOW | flags, 0640);
	if (log->fd < 0)
		note("cannot write %s: %s", log->path, strerror(errno));
	log->size = log->fd >= 0 && !fstat(log->fd, &st) ?
		    (uint64_t)st.st_size : 0;
}

void conlog_open(struct conlog *log, const char *name, bool fresh)
{
	char other[PATH_LEN + 8];

	log_path(log->path, sizeof(log->path), name);
	log->gen = 1;
	if (fresh) {
		snprintf(other, sizeof(other), "%s.1", log->path);
		unlink(other);
		snprintf(other, sizeof(other), "%s.old", log->path);
		rename(log->path, other);
	}
	open_file(log, 0);
}

/*
 * The processes have the file open, so it stays the same one. What they write
 * between the copy and the cut is lost.
 */
void log_cut(const char *path)
{
	int from = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW), to;
	char other[PATH_LEN + 8];
	struct stat st;
	off_t pos;

	if (from < 0)
		return;
	if (fstat(from, &st) || (uint64_t)st.st_size <= conlog_limit) {
		close(from);
		return;
	}
	snprintf(other, sizeof(other), "%s.1", path);
	to = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
		  O_NOFOLLOW, 0640);
	pos = st.st_size - (off_t)conlog_limit;
	while (to >= 0 && pos < st.st_size &&
	       sendfile(to, from, &pos, (size_t)(st.st_size - pos)) > 0)
		;
	if (ftruncate(from, 0))
		note("cannot cut %s: %s", path, strerror(errno));
	if (to >= 0)
		close(to);
	close(from);
}

void conlog_close(struct conlog *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}

void conlog_make_room(struct conlog *log, size_t len)
{
	char other[PATH_LEN + 8];

	if (log->fd < 0)
		open_file(log, 0);
	if (log->fd < 0 || !log->size || log->size + len <= conlog_limit)
		return;
	conlog_close(log);
	snprintf(other, sizeof(other), "%s.1", log->path);
	rename(log->path, other);
	log->gen++;
	open_file(log, O_TRUNC);
}

void conlog_append(struct conlog *log, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len && log->fd >= 0) {
		n = write(log->fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			note("%zu bytes of output are lost: cannot write %s: %s",
			     len, log->path, strerror(errno));
			return;
		}
		p += n;
		len -= (size_t)n;
		log->size += (uint64_t)n;
	}
}

/* Open the file of generation 'gen', the current or the one before. */
static int open_gen(const struct conlog *log, unsigned int gen)
{
	char path[PATH_LEN + 8];

	snprintf(path, sizeof(path), "%s%s", log->path,
		 gen == log->gen ? "" : ".1");
	return open(path, O_RDONLY | O_CLOEXEC);
}

int conreader_open(struct conreader *r, const struct conlog *log)
{
	r->pos = 0;
	r->gen = log->gen - 1;
	r->fd = open_gen(log, r->gen);
	if (r->fd < 0) {
		r->gen = log->gen;
		r->fd = open_gen(log, r->gen);
	}
	return r->fd < 0 ? -errno : 0;
}

void conreader_close(struct conreader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

/* Go to the next file. The one that is open is complete. */
static bool next_file(struct conreader *r, const struct conlog *log)
{
	unsigned int gen = r->gen + 1;
	int fd;

	if (gen + 1 < log->gen) {
		note("a console client of %s was too slow and missed output",
		     log->path);
		gen = log->gen - 1;
	}
	fd = open_gen(log, gen);
	if (fd < 0)
		return false;
	close(r->fd);
	r->fd = fd;
	r->gen = gen;
	r->pos = 0;
	return true;
}

ssize_t conreader_peek(struct conreader *r, const struct conlog *log,
		       void *buf, size_t len)
{
	ssize_t n;

	for (;;) {
		n = pread(r->fd, buf, len, r->pos);
		if (n > 0)
			return n;
		if (n < 0 || !log || r->gen == log->gen || !next_file(r, log))
			return 0;
	}
}

void conreader_skip(struct conreader *r, size_t len)
{
	r->pos += (off_t)len;
}

/* Bytes of the spool up to the last one that is not zero. */
static size_t spool_used(void)
{
	size_t n = sizeof(spool->data);

	while (n && !spool->data[n - 1])
		n--;
	return n;
}

/* Finish what a killed daemon had begun. */
static void recover(void)
{
	struct conlog log;
	size_t used = spool_used();
	uint64_t written;
	const char *why;

	spool->name[sizeof(spool->name) - 1] = 0;
	if (!rl_name_ok(spool->name, &why))
		return;
	conlog_open(&log, spool->name, false);
	written = log.size - spool->log_size;
	if (log.size >= spool->log_size && written < used) {
		conlog_append(&log, spool->data + written, used - written);
		note("recovered %zu bytes of output of domain '%s'",
		     used - (size_t)written, spool->name);
	}
	conlog_close(&log);
}

int spool_open(struct rl *rl)
{
	char path[PATH_LEN];
	int fd, rc = 0;

	snprintf(path, sizeof(path), "%s/spool", rl_run_dir());
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*spool)))
		rc = errno;
	if (!rc) {
		spool = mmap(NULL, sizeof(*spool), PROT_READ | PROT_WRITE,
			     MAP_SHARED, fd, 0);
		if (spool == MAP_FAILED || mlock(spool, sizeof(*spool)))
			rc = errno;
	}
	if (fd >= 0)
		close(fd);
	if (rc)
		return rl_fail(rl, rc, "cannot set up %s: %s", path,
			       strerror(rc));
	madvise(spool, sizeof(*spool), MADV_DONTFORK);
	if (spool->valid)
		recover();
	spool_end();
	return 0;
}

char *spool_begin(const char *name, const struct conlog *log)
{
	memset(spool->data, 0, sizeof(spool->data));
	memset(spool->name, 0, sizeof(spool->name));
	memcpy(spool->name, name, strlen(name));
	spool->log_size = log->size;
	__atomic_store_n(&spool->valid, 1, __ATOMIC_RELEASE);
	return spool->data;
}

void spool_end(void)
{
	__atomic_store_n(&spool->valid, 0, __ATOMIC_RELEASE);
}

void domain_note(struct domain *d, const char *line)
{
	note("%s", line);
	conlog_append(&d->log, "\r\nringletd: ", 12);
	conlog_append(&d->log, line, strlen(line));
	conlog_append(&d->log, "\r\n", 2);
	clients_output(d);
}
