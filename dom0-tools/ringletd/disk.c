// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disks: a qemu-storage-daemon for each, made ready by a child of the daemon.
 *
 * It gets the listening socket and the files as descriptors: it needs no rights
 * to any directory. It opens the files again, by /proc/self/fd, as QEMU's locks
 * of images want; so it runs as the owner of the image, and without privileges.
 */
#include "devices.h"
#include "device.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define START_MS	60000
#define BUSY_TRIES	50
#define BUSY_NS		(100 * 1000 * 1000L)
#define MAX_ARGS	(8 + 4 * RL_DISK_CHAIN)

/* Descriptors of qemu-storage-daemon. */
#define FD_MONITOR	3
#define FD_SOCKET	4
#define FD_FILES	5

struct arguments {
	char *argv[MAX_ARGS + 1];
	unsigned int nr;
};

static void add(struct arguments *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct arguments *a, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (a->nr < MAX_ARGS &&
	    vasprintf(&a->argv[a->nr], format, args) >= 0)
		a->nr++;
	va_end(args);
}

/* Is the file read and written past domain 0's page cache? */
static bool past_cache(const struct rl_disk *disk, int fd)
{
	char path[sizeof("/proc/self/fd/") + 10];
	int again;

	if (disk->cache != RL_DISK_CACHE_AUTO)
		return disk->cache == RL_DISK_CACHE_NONE;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (again >= 0)
		close(again);
	return again >= 0;
}

/* A file, and the format on top of it: nodes fN and dN. */
static void add_file(struct arguments *a, const struct rl_disk *disk,
		     const struct rl_disk_chain *chain, unsigned int i)
{
	const char *readonly = disk->readonly || i ? "on" : "off";
	const char *discard = disk->no_discard ? "ignore" : "unmap";
	struct stat st = { 0 };

	fstat(chain->file[i].fd, &st);
	add(a, "--blockdev");
	add(a, "driver=%s,node-name=f%u,filename=/proc/self/fd/%u,read-only=%s,%s,discard=%s",
	    S_ISBLK(st.st_mode) ? "host_device" : "file", i, FD_FILES + i,
	    readonly, past_cache(disk, chain->file[i].fd) ?
	    "cache.direct=on,aio=native" : "cache.direct=off", discard);
	add(a, "--blockdev");
	if (i + 1 < chain->nr)
		add(a, "driver=qcow2,node-name=d%u,file=f%u,backing=d%u,read-only=%s,discard=%s",
		    i, i, i + 1, readonly, discard);
	else
		add(a, "driver=%s,node-name=d%u,file=f%u,read-only=%s,discard=%s",
		    rl_disk_format_name(chain->file[i].format), i, i, readonly,
		    discard);
}

static void make_arguments(struct arguments *a, const char *program,
			   const struct rl_disk *disk,
			   const struct rl_disk_chain *chain)
{
	unsigned int i;

	add(a, "%s", program);
	for (i = chain->nr; i-- > 0;)
		add_file(a, disk, chain, i);
	add(a, "--export");
	/*
	 * What a qcow2 image's structure needs for a write must not be lost with
	 * the process that has reported the write as done.
	 */
	add(a, "type=vhost-user-blk,id=disk,node-name=d0,addr.type=fd,addr.str=%d,writable=%s,writethrough=%s",
	    FD_SOCKET, disk->readonly ? "off" : "on",
	    disk->format == RL_DISK_QCOW2 ? "on" : "off");
	/* Last: its greeting says that all before it is done. */
	add(a, "--chardev");
	add(a, "socket,id=monitor,fd=%d", FD_MONITOR);
	add(a, "--monitor");
	add(a, "chardev=monitor");
	a->argv[a->nr] = NULL;
}

/* The image may still be in use by the server of a domain that has just gone. */
static int open_files(const struct rl_disk *disk, struct rl_disk_chain *chain,
		      char *why, size_t size)
{
	const struct timespec pause = { .tv_nsec = BUSY_NS };
	int rc, tries = BUSY_TRIES;

	/* Files behind the image are opened as its owner, who has no such groups. */
	if (!geteuid() && setgroups(0, NULL)) {
		snprintf(why, size, "cannot give up groups: %s", strerror(errno));
		return -1;
	}
	while ((rc = rl_disk_open(disk, chain, why, size)) == -EBUSY && tries--)
		nanosleep(&pause, NULL);
	return rc;
}

/* What it wrote last, as the reason of its end. */
static void read_reason(const char *log, off_t from, char *why, size_t size)
{
	char text[2048] = "", *line = text, *end;
	int fd = open(log, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd >= 0) {
		n = pread(fd, text, sizeof(text) - 1, from);
		close(fd);
	}
	text[n > 0 ? n : 0] = 0;
	end = strchr(text, '\n');
	if (end)
		*end = 0;
	if (!strncmp(line, "qemu-storage-daemon: ", 21))
		line += 21;
	snprintf(why, size, "qemu-storage-daemon did not start: %.400s",
		 *line ? line : "it did not say why");
}

/* Wait for the greeting on its monitor. */
static bool greeted(int monitor)
{
	struct pollfd p = { .fd = monitor, .events = POLLIN };
	char byte;

	return poll(&p, 1, START_MS) == 1 && recv(monitor, &byte, 1, 0) == 1;
}

static int run_server(const struct device *dev, struct rl_disk_chain *chain,
		      const char *fresh, char *why, size_t size)
{
	char program[PATH_LEN], log[PATH_LEN];
	struct arguments a = { .nr = 0 };
	struct spawn s = { .argv = a.argv, .log = log, .path = fresh };
	struct stat st = { 0 }, image = { 0 };
	int monitor[2];
	unsigned int i;
	pid_t pid;

	if (!rl_program("qemu-storage-daemon", program, sizeof(program))) {
		snprintf(why, size, "qemu-storage-daemon is missing: it is in Debian's package qemu-system-common");
		return -1;
	}
	device_log(dev->domain, log, sizeof(log));
	stat(log, &st);
	fstat(chain->file[0].fd, &image);
	s.uid = image.st_uid;
	s.gid = image.st_gid;
	make_arguments(&a, program, device_disk(dev), chain);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, monitor)) {
		snprintf(why, size, "cannot make a socket: %s", strerror(errno));
		return -1;
	}
	s.fds[s.nr_fds++] = monitor[1];
	s.fds[s.nr_fds++] = server_socket(dev);
	for (i = 0; i < chain->nr; i++)
		s.fds[s.nr_fds++] = chain->file[i].fd;
	pid = service_spawn(&s);
	close(monitor[1]);
	if (pid > 0 && greeted(monitor[0]))
		return 0;
	if (pid > 0)
		service_kill(fresh);
	read_reason(log, st.st_size, why, size);
	return -1;
}

/*
 * Start the server. Its file has another name until it is ready: if this process
 * is killed before, the next one ends what is half made.
 */
static int start_server(const struct device *dev, char *why, size_t size)
{
	struct rl_disk_chain chain;
	char fresh[PATH_LEN];
	int rc;

	device_path(dev, ".new", fresh, sizeof(fresh));
	service_kill(fresh);
	if (open_files(device_disk(dev), &chain, why, size))
		return -1;
	rc = run_server(dev, &chain, fresh, why, size);
	rl_disk_close(&chain);
	return rc ? rc : server_settle(dev, why, size);
}

int disk_prepare(const struct device *dev, bool *fresh, char *why, size_t size)
{
	char path[PATH_LEN];

	device_path(dev, ".pid", path, sizeof(path));
	*fresh = !service_running(path);
	if (*fresh && start_server(dev, why, size))
		return -1;
	return server_connect(dev, why, size);
}
