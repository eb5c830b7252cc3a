// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels: a terminal or a listening socket for each, made by a child of the daemon.
 * The device manager has them then; when it dies the next one gets new ones, under the
 * same names.
 */
#include "devices.h"
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static const char *directory(char path[PATH_LEN])
{
	snprintf(path, PATH_LEN, "%s/channels", rl_run_dir());
	return path;
}

void channel_path(const struct device *dev, char *path, size_t size)
{
	const struct rl_channel *channel = device_channel(dev);
	char text[PATH_LEN];

	if (channel->path)
		snprintf(path, size, "%s", channel->path);
	else
		snprintf(path, size, "%s/%s.%s", directory(text),
			 dev->domain->config.name, channel->name);
}

/* Both ends, as the terminal would hang up while nobody has it open. */
static int open_terminal(const struct device *dev, int fds[MAX_FDS])
{
	char path[PATH_LEN], name[64];
	struct termios raw;

	if (mkdir(directory(path), 0755) && errno != EEXIST)
		return -errno;
	fds[0] = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fds[0] < 0 || grantpt(fds[0]) || unlockpt(fds[0]) ||
	    ptsname_r(fds[0], name, sizeof(name)))
		return -errno;
	fds[1] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fds[1] < 0 || tcgetattr(fds[1], &raw))
		return -errno;
	cfmakeraw(&raw);
	if (tcsetattr(fds[1], TCSANOW, &raw))
		return -errno;
	channel_path(dev, path, sizeof(path));
	unlink(path);
	return symlink(name, path) ? -errno : 2;
}

static int open_socket(const struct device *dev, int fds[MAX_FDS])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask = umask(077);
	int rc = 0;

	channel_path(dev, address.sun_path, sizeof(address.sun_path));
	unlink(address.sun_path);
	fds[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fds[0] < 0 || bind(fds[0], (struct sockaddr *)&address,
			       sizeof(address)) || listen(fds[0], 1))
		rc = -errno;
	umask(mask);
	return rc ? rc : 1;
}

int channel_prepare(const struct device *dev, int fds[MAX_FDS], char *why,
		    size_t size)
{
	const struct rl_channel *channel = device_channel(dev);
	int rc;

	/* Its own socket, of the manager before, is nobody's by now. */
	if (rl_channel_check(channel, why, size))
		return 0;
	rc = channel->path ? open_socket(dev, fds) : open_terminal(dev, fds);
	if (rc > 0)
		return rc;
	snprintf(why, size, "channel '%s': cannot make its %s: %s",
		 channel->name, channel->path ? "socket" : "terminal",
		 strerror(-rc));
	return 0;
}

void channel_remove(const struct device *dev)
{
	char path[PATH_LEN];

	channel_path(dev, path, sizeof(path));
	unlink(path);
}
