/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/ringlet: what domain 0's Linux offers the tools. Opening it needs
 * CAP_SYS_ADMIN. Shared by guest-patches/ (copied to include/uapi/linux/) and
 * dom0-tools/.
 */
#ifndef _UAPI_LINUX_RINGLET_H
#define _UAPI_LINUX_RINGLET_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * Make a hypercall. Pointers among the arguments are to memory of the calling
 * process, which must be resident (mlock(2)). 'ret' is the hypercall's result,
 * an errno negated included; the ioctl itself fails only with EFAULT, EPERM (not
 * a control call: only abi_*, domctl_*, sysctl_* are passed on, and of these not
 * domctl_map, domctl_unmap and domctl_depopulate, see struct ringlet_memory and
 * struct ringlet_depopulate) or ENODEV. After domctl_destroy nothing of the domain's
 * memory can be reached any more: access to a mapping of it gives SIGBUS.
 */
struct ringlet_hypercall {
	__u64 nr;
	__u64 args[6];
	__s64 ret;
};

/*
 * Map memory of a domain: pages [gfn, gfn + count), count 1 to 262144. 'fd' is a
 * new close-on-exec file descriptor that can be passed on and mapped with
 * mmap(2) (MAP_SHARED; offset 0 is gfn; its size is what lseek SEEK_END says), and
 * with O_DIRECT. Access to a page that the domain does not have gives SIGBUS; when it
 * gets one, that is found. The domain keeps its pages until it ends; the hypervisor
 * keeps those that are mapped or that a device still writes to until that is over.
 * Errors: those of the domctl_map hypercall, ENOENT only if no page is there; ESRCH
 * also when the domain is being destroyed; ENOSPC when a descriptor for one domain has
 * too many: 1024, or together more than twice what the domain may have and 1024 pages.
 */
struct ringlet_memory {
	__u32 domain;
	__s32 fd;
	__u64 gfn;
	__u64 count;
};

/*
 * Take pages [gfn, gfn + count) of a domain's memory away, and end all mappings that
 * there are of them. 'count' becomes how many were taken, from gfn on; it is an error
 * when there was none. What the domain gets there later (domctl_populate) is found by
 * the next access to a mapping. Errors: those of the domctl_depopulate hypercall.
 */
struct ringlet_depopulate {
	__u32 domain;
	__u32 reserved;		/* 0 */
	__u64 gfn;
	__u64 count;		/* in and out */
};

#define RINGLET_BIND_UNBOUND		0	/* domain: who may bind to it */
#define RINGLET_BIND_INTERDOMAIN	1	/* domain, value: remote port */
#define RINGLET_BIND_VIRQ		2	/* value: virq, on vCPU 0 */
#define RINGLET_BIND_NEW		3	/* domain: make a port there and connect
						   to it; value: its number (out) */

/*
 * Make an event channel port that is closed with this descriptor. The other side
 * of an interdomain port stays, unbound, and may be bound to again.
 */
struct ringlet_evtchn_bind {
	__u32 type;
	__u32 domain;
	__u32 value;
	__u32 port;		/* out */
};

/*
 * Connect a port of this descriptor with eventfd(2) descriptors. irqfd is
 * signalled when an event arrives; when ioeventfd is signalled an event is sent.
 * -1: none (which ends an earlier connection).
 */
struct ringlet_evtchn_eventfd {
	__u32 port;
	__s32 irqfd;
	__s32 ioeventfd;
	__u32 reserved;		/* 0 */
};

/*
 * Make a descriptor of this device for one domain only, to be handed to a program
 * that serves it. Allowed are RINGLET_IOC_MEMORY, the ports RINGLET_BIND_INTERDOMAIN
 * and _NEW (up to 512, then ENOSPC), and the hypercalls domctl_pause and
 * domctl_unpause, of that domain; and below 'memory' RINGLET_IOC_DEPOPULATE and the
 * hypercall domctl_populate. Anything else fails with EPERM. Errors: ESRCH no such
 * domain, EINVAL domain 0 or flags, EPERM when this descriptor is such a one itself.
 */
struct ringlet_domain_fd {
	__u32 domain;
	__u32 flags;		/* 0 */
	__s32 fd;		/* out, close-on-exec */
	__u32 memory;		/* MiB from guest-physical address 0 on, 0: none */
};

/*
 * The same for a program that is to see only a part of the memory: of it, pages
 * [gfn, gfn + count) and page 'page' can be mapped, and none be taken away or given.
 */
struct ringlet_domain_pool {
	__u32 domain;
	__u32 flags;		/* 0 */
	__s32 fd;		/* out, close-on-exec */
	__u32 reserved;		/* 0 */
	__u64 gfn;
	__u64 count;
	__u64 page;
};

#define RINGLET_IOC_HYPERCALL		_IOWR('R', 0x80, struct ringlet_hypercall)
#define RINGLET_IOC_MEMORY		_IOWR('R', 0x81, struct ringlet_memory)
#define RINGLET_IOC_EVTCHN_BIND		_IOWR('R', 0x82, struct ringlet_evtchn_bind)
#define RINGLET_IOC_EVTCHN_CLOSE	_IO('R', 0x83)	/* arg: port */
#define RINGLET_IOC_EVTCHN_SEND		_IO('R', 0x84)	/* arg: port */
#define RINGLET_IOC_EVTCHN_EVENTFD	_IOW('R', 0x85, struct ringlet_evtchn_eventfd)
#define RINGLET_IOC_DOMAIN		_IOWR('R', 0x86, struct ringlet_domain_fd)
#define RINGLET_IOC_DEPOPULATE		_IOWR('R', 0x87, struct ringlet_depopulate)
#define RINGLET_IOC_DOMAIN_POOL		_IOWR('R', 0x88, struct ringlet_domain_pool)

#endif /* _UAPI_LINUX_RINGLET_H */
