// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way to the guest, through a descriptor of /dev/ringlet that is good for
 * this one domain: see guest.h.
 */
#include "guest.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <linux/ringlet.h>
#include <ringlet/hypercall.h>

static int device = -1;
static uint32_t domain;

void guest_use(int fd, uint32_t domid)
{
	device = fd;
	domain = domid;
}

int guest_memory(uint64_t gfn, uint64_t count)
{
	struct ringlet_memory memory = {
		.domain = domain,
		.fd = -1,
		.gfn = gfn,
		.count = count,
	};

	return ioctl(device, RINGLET_IOC_MEMORY, &memory) ? -errno : memory.fd;
}

static int bind_port(uint32_t type, uint32_t *remote)
{
	struct ringlet_evtchn_bind bind = {
		.type = type,
		.domain = domain,
		.value = *remote,
	};

	if (ioctl(device, RINGLET_IOC_EVTCHN_BIND, &bind))
		return -errno;
	*remote = bind.value;
	return (int)bind.port;
}

int guest_port_new(uint32_t *remote)
{
	*remote = 0;
	return bind_port(RINGLET_BIND_NEW, remote);
}

int guest_port_bind(uint32_t remote)
{
	return bind_port(RINGLET_BIND_INTERDOMAIN, &remote);
}

int guest_port_connect(int port, int irqfd, int ioeventfd)
{
	struct ringlet_evtchn_eventfd connect = {
		.port = (uint32_t)port,
		.irqfd = irqfd,
		.ioeventfd = ioeventfd,
	};

	return ioctl(device, RINGLET_IOC_EVTCHN_EVENTFD, &connect) ? -errno : 0;
}

void guest_port_close(int port)
{
	ioctl(device, RINGLET_IOC_EVTCHN_CLOSE, port);
}

static int hypercall(struct ringlet_hypercall *call)
{
	if (ioctl(device, RINGLET_IOC_HYPERCALL, call))
		return -errno;
	return (int)call->ret;
}

int guest_pause(bool pause)
{
	struct ringlet_hypercall call = {
		.nr = pause ? RINGLET_HC_domctl_pause :
			      RINGLET_HC_domctl_unpause,
		.args = { domain },
	};

	return hypercall(&call);
}

int guest_memory_take(uint64_t gfn, uint32_t count)
{
	struct ringlet_depopulate d = {
		.domain = domain,
		.gfn = gfn,
		.count = count,
	};

	return ioctl(device, RINGLET_IOC_DEPOPULATE, &d) ? -errno :
							   (int)d.count;
}

int guest_memory_give(uint64_t gfn, uint32_t count)
{
	struct ringlet_hypercall call = {
		.nr = RINGLET_HC_domctl_populate,
		.args = { domain, gfn, count },
	};

	return hypercall(&call);
}
