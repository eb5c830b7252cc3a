// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way to the hypervisor, through domain 0's /dev/ringlet: see device.h.
 */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int rl_dev_open(void)
{
	int fd = open("/dev/ringlet", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int rl_dev_hypercall(int fd, struct ringlet_hypercall *call)
{
	return ioctl(fd, RINGLET_IOC_HYPERCALL, call) ? -errno : 0;
}

void *rl_dev_map(int fd, uint32_t domid, uint64_t gfn, uint64_t count)
{
	struct ringlet_memory memory = {
		.domain = domid,
		.fd = -1,
		.gfn = gfn,
		.count = count,
	};
	void *mapping;

	if (ioctl(fd, RINGLET_IOC_MEMORY, &memory))
		return NULL;
	mapping = mmap(NULL, count * 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
		       memory.fd, 0);
	close(memory.fd);
	return mapping == MAP_FAILED ? NULL : mapping;
}

void rl_dev_unmap(void *mapping, uint64_t count)
{
	munmap(mapping, count * 4096);
}

int rl_dev_bind_virq(int fd, uint32_t virq, int eventfd)
{
	struct ringlet_evtchn_bind bind = {
		.type = RINGLET_BIND_VIRQ,
		.value = virq,
	};
	struct ringlet_evtchn_eventfd connect = {
		.irqfd = eventfd,
		.ioeventfd = -1,
	};

	if (ioctl(fd, RINGLET_IOC_EVTCHN_BIND, &bind))
		return -errno;
	connect.port = bind.port;
	return ioctl(fd, RINGLET_IOC_EVTCHN_EVENTFD, &connect) ? -errno : 0;
}

int rl_dev_new_port(int fd, uint32_t domid)
{
	struct ringlet_evtchn_bind bind = {
		.type = RINGLET_BIND_NEW,
		.domain = domid,
	};

	if (ioctl(fd, RINGLET_IOC_EVTCHN_BIND, &bind) ||
	    ioctl(fd, RINGLET_IOC_EVTCHN_CLOSE, (unsigned long)bind.port))
		return -errno;
	return (int)bind.value;
}

int rl_dev_domain(int fd, uint32_t domid, uint32_t memory)
{
	struct ringlet_domain_fd domain = {
		.domain = domid,
		.fd = -1,
		.memory = memory,
	};

	return ioctl(fd, RINGLET_IOC_DOMAIN, &domain) ? -errno : domain.fd;
}

int rl_dev_domain_pool(int fd, uint32_t domid, uint64_t gfn, uint64_t count,
		       uint64_t page)
{
	struct ringlet_domain_pool pool = {
		.domain = domid,
		.fd = -1,
		.gfn = gfn,
		.count = count,
		.page = page,
	};

	return ioctl(fd, RINGLET_IOC_DOMAIN_POOL, &pool) ? -errno : pool.fd;
}

bool rl_program(const char *name, char *path, size_t size)
{
	static const char *const directories[] = {
		"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin",
		"/sbin", "/bin", "/usr/lib/qemu", "/usr/libexec",
	};
	ssize_t n = readlink("/proc/self/exe", path, size - 1);
	char *slash;
	size_t i;

	if (n > 0) {
		path[n] = 0;
		slash = strrchr(path, '/');
		snprintf(slash + 1, size - (size_t)(slash + 1 - path), "%s",
			 name);
		if (!access(path, X_OK))
			return true;
	}
	for (i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		snprintf(path, size, "%s/%s", directories[i], name);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

const char *rl_run_dir(void)
{
	return "/run/ringlet";
}

const char *rl_log_dir(void)
{
	return "/var/log/ringlet";
}

const char *rl_dump_dir(void)
{
	return "/var/lib/ringlet/dump";
}
