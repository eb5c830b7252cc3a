// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making devices ready, in a child process for each: files may be on a network
 * that does not answer, scripts take their time, and the daemon must not wait.
 */
#include "devices.h"
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PREPARE_MS	70000
#define KILL_MS		1000

void device_path(const struct device *dev, const char *end, char *path,
		 size_t size)
{
	snprintf(path, size, "%s/devices/%s.%s%u%s", rl_run_dir(),
		 dev->domain->config.name,
		 dev->kind == DEVICE_SHARE ? "fs" : "", dev->devid, end);
}

void device_log(const struct domain *d, char *path, size_t size)
{
	snprintf(path, size, "%s/devices-%s.log", rl_log_dir(),
		 d->config.name);
}

int vsock_prepare(char *why, size_t size)
{
	int fd = open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		snprintf(why, size, "cannot open /dev/vhost-vsock (%s): domain 0's kernel needs the module 'vhost_vsock'",
			 strerror(errno));
	return fd;
}

int send_fds(int fd, const char *text, const int *fds, unsigned int nr)
{
	char control[CMSG_SPACE(sizeof(int) * MAX_FDS)] = "";
	struct iovec iov = { (void *)text, strlen(text) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (nr) {
		m.msg_control = control;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * nr);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * nr);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * nr);
	}
	return sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* --- The child -------------------------------------------------------------- */

/* "+" ("+new": the server is) with descriptors, or a sentence. */
static void prepare_and_exit(const struct device *dev, int out)
{
	char why[WHY_LEN] = "it could not be prepared";
	int fds[MAX_FDS];
	unsigned int nr = 0;
	bool fresh = false;

	switch (dev->kind) {
	case DEVICE_DISK:
		fds[0] = disk_prepare(dev, &fresh, why, sizeof(why));
		nr = fds[0] >= 0 ? 1 : 0;
		break;
	case DEVICE_SHARE:
		fds[0] = share_prepare(dev, why, sizeof(why));
		nr = fds[0] >= 0 ? 1 : 0;
		break;
	case DEVICE_VSOCK:
		fds[0] = vsock_prepare(why, sizeof(why));
		nr = fds[0] >= 0 ? 1 : 0;
		break;
	case DEVICE_CHANNEL:
		nr = (unsigned int)channel_prepare(dev, fds, why, sizeof(why));
		break;
	default:
		nr = tap_prepare(dev, fds, why, sizeof(why)) ? 0 : 2;
	}
	_exit(send_fds(out, !nr ? why : fresh ? "+new" : "+", fds, nr) != 0);
}

/* --- The daemon ------------------------------------------------------------- */

static void server_ended(struct service *s, struct rl *rl)
{
	struct device *dev = s->owner;

	(void)rl;
	dev->server = NULL;
	note("%s of %s of domain '%s' has ended: it will be started again",
	     device_server(dev), device_name(dev), dev->domain->config.name);
	device_lost(dev);
}

static void take_fds(struct device *dev, struct msghdr *m)
{
	struct cmsghdr *c;
	size_t n;

	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(dev->fds, CMSG_DATA(c), n * sizeof(int));
		dev->nr_fds = (unsigned int)n;
	}
}

void device_watch_server(struct device *dev)
{
	char path[PATH_LEN];

	device_path(dev, ".pid", path, sizeof(path));
	dev->server = service_watch(path, dev, server_ended);
}

static void result_ready(struct watch *w, uint32_t mask, struct rl *rl)
{
	struct device *dev = container_of(w, struct device, result);
	char control[CMSG_SPACE(sizeof(int) * MAX_FDS)];
	char text[WHY_LEN] = "";
	struct iovec iov = { text, sizeof(text) - 1 };
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(w->fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	(void)mask;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		take_fds(dev, &m);
	watch_close(&dev->result);
	dev->helper = 0;
	if (n > 0 && text[0] == '+' && dev->nr_fds) {
		dev->state = READY;
		dev->restarted |= !strcmp(text, "+new");
		if (device_server(dev) && !dev->server)
			device_watch_server(dev);
		if (device_server(dev) && !dev->server)
			device_lost(dev);
		return;
	}
	device_failed(rl, dev, n > 0 ? text :
		      "the process that prepared the device ended without a result");
}

int device_prepare(struct device *dev)
{
	pid_t parent = getpid();
	int pair[2], out, rc;

	/* It serves one connection: the next one is another process. */
	if (dev->kind == DEVICE_SHARE) {
		service_end(dev->server, SIGKILL, KILL_MS, dev->domain->domid);
		dev->server = NULL;
	}

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	out = pair[1];
	dev->helper = fork();
	if (!dev->helper) {
		become_child(parent, &out);
		prepare_and_exit(dev, out);
	}
	rc = dev->helper < 0 ? -errno : 0;
	close(pair[1]);
	if (!rc)
		rc = watch_add(&dev->result, pair[0], EPOLLIN, result_ready);
	if (rc) {
		close(pair[0]);
		if (dev->helper > 0)
			kill(dev->helper, SIGKILL);
		dev->helper = 0;
		return rc;
	}
	dev->state = PREPARES;
	dev->deadline = now_ms() + PREPARE_MS;
	return 0;
}

void device_stop_preparing(struct device *dev)
{
	if (dev->helper > 0)
		kill(dev->helper, SIGKILL);
	dev->helper = 0;
	watch_close(&dev->result);
}
