// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared directories: a virtiofsd for each, made ready by a child of the daemon.
 *
 * It gets a root of its own with the directory in it, and the capabilities that
 * acting for any owner of a file takes; it gives up more of them itself. It serves
 * one connection and ends with it. What a domain has open at that time cannot be
 * found by another virtiofsd: that one answers with errors until it is mounted
 * anew.
 */
#include "devices.h"
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FD_SOCKET	3
#define FILE_MAX	"/proc/sys/fs/file-max"
#define FILE_MAX_MIN	32768	/* what virtiofsd wants domain 0 to have */
#define OPEN_FILES	65536
#define CAP(name)	(1ULL << CAP_##name)

/* Those that virtiofsd keeps, and those that it gives up when it has started. */
#define CAPABILITIES	(CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(FOWNER) | \
			 CAP(FSETID) | CAP(SETGID) | CAP(SETUID) | \
			 CAP(SETPCAP) | CAP(SYS_CHROOT))

/* A small domain 0 has less by default than virtiofsd wants to see. */
static void raise_file_max(void)
{
	char text[32] = "";
	int fd = open(FILE_MAX, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text) - 1) > 0 &&
	    strtoull(text, NULL, 10) < FILE_MAX_MIN &&
	    dprintf(fd, "%d\n", FILE_MAX_MIN) < 0)
		note("cannot write %s: %s", FILE_MAX, strerror(errno));
	close(fd);
}

static int start_server(const struct device *dev, const char *fresh, char *why,
			size_t size)
{
	const struct rl_share *share = device_share(dev);
	char program[PATH_LEN], log[PATH_LEN], socket[16];
	char *argv[] = {
		program, socket, "-f", "--rlimit-nofile=0", "-o",
		"source=" SHARE_PATH ",sandbox=chroot,modcaps=-mknod:-setfcap",
		NULL
	};
	struct spawn s = {
		.argv = argv,
		.log = log,
		.path = fresh,
		.share = share->path,
		.readonly = share->readonly,
		.capabilities = CAPABILITIES,
		.files = OPEN_FILES,
		.nr_fds = 1,
	};
	int pid;

	if (!rl_program("virtiofsd", program, sizeof(program))) {
		snprintf(why, size, "virtiofsd is missing: it is in Debian's package qemu-system-common");
		return -1;
	}
	snprintf(socket, sizeof(socket), "--fd=%d", FD_SOCKET);
	device_log(dev->domain, log, sizeof(log));
	s.fds[0] = server_socket(dev);
	pid = s.fds[0] < 0 ? -errno : service_spawn(&s);
	if (s.fds[0] >= 0)
		close(s.fds[0]);
	if (pid > 0)
		return 0;
	snprintf(why, size, "virtiofsd cannot be started: %s", strerror(-pid));
	return -1;
}

int share_prepare(const struct device *dev, char *why, size_t size)
{
	static const char *const ends[] = { ".new", ".pid" };
	char path[PATH_LEN];
	int fd, i;

	if (rl_share_check(device_share(dev), why, size))
		return -1;
	for (i = 1; i >= 0; i--) {
		device_path(dev, ends[i], path, sizeof(path));
		service_kill(path);
	}
	raise_file_max();
	if (start_server(dev, path, why, size) || server_settle(dev, why, size))
		return -1;
	fd = server_connect(dev, why, size);
	device_path(dev, ".sock", path, sizeof(path));
	unlink(path);
	return fd;
}
