// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the processes behind disks and shared directories have in common: each
 * listens on a socket that it inherits, and its connection goes to the manager.
 * See devices.h.
 */
#include "devices.h"
#include "device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void address(const struct device *dev, struct sockaddr_un *a)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	device_path(dev, ".sock", a->sun_path, sizeof(a->sun_path));
}

int server_socket(const struct device *dev)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a;

	address(dev, &a);
	unlink(a.sun_path);
	if (fd >= 0 && (bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
			listen(fd, 1))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int server_connect(const struct device *dev, char *why, size_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a;

	address(dev, &a);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	snprintf(why, size, "cannot connect to %s: %s", device_server(dev),
		 strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int server_settle(const struct device *dev, char *why, size_t size)
{
	char fresh[PATH_LEN], path[PATH_LEN];

	device_path(dev, ".new", fresh, sizeof(fresh));
	device_path(dev, ".pid", path, sizeof(path));
	if (!rename(fresh, path))
		return 0;
	snprintf(why, size, "cannot write %s: %s", path, strerror(errno));
	service_kill(fresh);
	return -1;
}
