// SPDX-License-Identifier: GPL-2.0-only
/* RINGLET_BIND_NEW, and descriptors for one domain: RINGLET_IOC_DOMAIN. */
#include "device.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <ringlet/event.h>
#include <ringlet/hypercall.h>

#define NO_DOMAIN	1023

static int limited_fd;

/* A descriptor or a negative errno. */
static int domain_open(int fd, unsigned int domain, unsigned int flags,
		       unsigned int memory)
{
	struct ringlet_domain_fd d = {
		.domain = domain, .flags = flags, .fd = -1,
		.memory = memory,
	};
	int rc = device_ioctl(fd, RINGLET_IOC_DOMAIN, &d);

	return rc ? rc : d.fd;
}

/* A port or a negative errno; *value as the call leaves it. */
static int bind_port(int fd, unsigned int type, unsigned int domain,
		     unsigned int *value)
{
	struct ringlet_evtchn_bind b = {
		.type = type, .domain = domain, .value = *value,
	};
	int rc = device_ioctl(fd, RINGLET_IOC_EVTCHN_BIND, &b);

	*value = b.value;
	return rc ? rc : (int)b.port;
}

static int close_port(int fd, int port)
{
	return device_ioctl(fd, RINGLET_IOC_EVTCHN_CLOSE, (void *)(long)port);
}

static long call(int fd, unsigned long nr, unsigned long domain)
{
	struct ringlet_hypercall h = {
		.nr = nr, .args = { domain, (unsigned long)test.page },
	};
	int rc = device_ioctl(fd, RINGLET_IOC_HYPERCALL, &h);

	return rc ? NOT_CALLED + rc : h.ret;
}

static int memory_open(int fd, unsigned int domain)
{
	struct ringlet_memory m = {
		.domain = domain, .fd = -1, .gfn = test.mailbox_gfn, .count = 1,
	};
	int rc = device_ioctl(fd, RINGLET_IOC_MEMORY, &m);

	return rc ? rc : m.fd;
}

/* A port that is made in the other domain, and connected. */
static void test_new(int fd)
{
	unsigned int value = 0, theirs;
	int port, again;

	EXPECT(bind_port(test.fd, RINGLET_BIND_NEW, NO_DOMAIN, &value), -ESRCH);
	port = bind_port(fd, RINGLET_BIND_NEW, test.domain, &value);
	theirs = value;
	EXPECT(port > 0, true);
	EXPECT(theirs > 0 && theirs < RINGLET_EVTCHN_PORTS, true);
	EXPECT(device_ioctl(fd, RINGLET_IOC_EVTCHN_SEND, (void *)(long)port),
	       0);
	/* There is somebody: us. When we have gone, it takes us again. */
	EXPECT(bind_port(fd, RINGLET_BIND_INTERDOMAIN, test.domain, &value),
	       -EINVAL);
	EXPECT(close_port(fd, port), 0);
	again = bind_port(fd, RINGLET_BIND_INTERDOMAIN, test.domain, &value);
	EXPECT(again > 0, true);
	EXPECT(value, theirs);
	EXPECT(close_port(fd, again), 0);
}

/* Memory may be taken and given below what the descriptor says. */
static void test_memory_limit(void)
{
	const unsigned long pages = 8 << 8;
	int fd = domain_open(test.fd, test.domain, 0, 8);
	struct ringlet_hypercall give = {
		.nr = RINGLET_HC_domctl_populate,
		.args = { test.domain, pages - 1, 1 },
	};
	unsigned long count = 1;

	EXPECT(fd >= 0, true);
	EXPECT(depopulate(fd, test.domain, pages, &count), -EPERM);
	EXPECT(depopulate(fd, test.domain, ~0UL, &count), -EPERM);
	EXPECT(depopulate(fd, NO_DOMAIN, 0, &count), -EPERM);
	count = 2;
	EXPECT(depopulate(fd, test.domain, pages - 1, &count), -EPERM);
	count = ~0UL;
	EXPECT(depopulate(fd, test.domain, pages - 1, &count), -EPERM);
	count = 1;
	EXPECT(depopulate(fd, test.domain, pages - 1, &count), 0);
	EXPECT(device_ioctl(fd, RINGLET_IOC_HYPERCALL, &give), 0);
	EXPECT(give.ret, 1);
	give.args[1] = pages;
	EXPECT(device_ioctl(fd, RINGLET_IOC_HYPERCALL, &give), -EPERM);
	close(fd);
}

static int map_error(int fd, unsigned long gfn, unsigned long count)
{
	struct ringlet_memory m = {
		.domain = test.domain, .gfn = gfn, .count = count,
	};
	int rc = device_ioctl(fd, RINGLET_IOC_MEMORY, &m);

	if (!rc)
		close(m.fd);
	return rc;
}

/* Only a part of the memory, and one page, can be reached. */
static void test_pool(void)
{
	struct ringlet_domain_pool d = {
		.domain = test.domain, .gfn = 1024, .count = 512,
		.page = test.mailbox_gfn,
	}, bad = d;
	unsigned long count = 1;

	EXPECT(device_ioctl(test.fd, RINGLET_IOC_DOMAIN_POOL, &d), 0);
	EXPECT(fcntl(d.fd, F_GETFD), FD_CLOEXEC);
	EXPECT(map_error(d.fd, 1024, 512), 0);
	EXPECT(map_error(d.fd, 1535, 1), 0);
	EXPECT(map_error(d.fd, test.mailbox_gfn, 1), 0);
	EXPECT(map_error(d.fd, test.mailbox_gfn, 2), -EPERM);
	EXPECT(map_error(d.fd, 1023, 1), -EPERM);
	EXPECT(map_error(d.fd, 1023, 2), -EPERM);
	EXPECT(map_error(d.fd, 1024, 513), -EPERM);
	EXPECT(map_error(d.fd, 1536, 1), -EPERM);
	EXPECT(map_error(d.fd, 1535, ~0UL), -EPERM);
	EXPECT(map_error(d.fd, 0, test.pages), -EPERM);
	EXPECT(depopulate(d.fd, test.domain, 1024, &count), -EPERM);
	EXPECT(call(d.fd, RINGLET_HC_domctl_populate, test.domain),
	       NOT_CALLED - EPERM);
	EXPECT(device_ioctl(d.fd, RINGLET_IOC_DOMAIN_POOL, &bad), -EPERM);
	EXPECT(domain_open(d.fd, test.domain, 0, 0), -EPERM);
	EXPECT(device_ioctl(limited_fd, RINGLET_IOC_DOMAIN_POOL, &bad), -EPERM);
	close(d.fd);

	bad.count = ~0UL;
	EXPECT(device_ioctl(test.fd, RINGLET_IOC_DOMAIN_POOL, &bad), -EINVAL);
	bad.count = 1;
	bad.domain = NO_DOMAIN;
	EXPECT(device_ioctl(test.fd, RINGLET_IOC_DOMAIN_POOL, &bad), -ESRCH);
	bad.domain = 0;
	EXPECT(device_ioctl(test.fd, RINGLET_IOC_DOMAIN_POOL, &bad), -EINVAL);
	bad.domain = test.domain;
	bad.flags = 1;
	EXPECT(device_ioctl(test.fd, RINGLET_IOC_DOMAIN_POOL, &bad), -EINVAL);
	EXPECT(device_ioctl(test.fd, RINGLET_IOC_DOMAIN_POOL, NULL), -EFAULT);
}

/* It cannot use up what all share. */
static void test_quota(void)
{
	struct ringlet_memory m = { .domain = test.domain };
	int fd = domain_open(test.fd, test.domain, 0, 0), rc = 0, n, i;
	int regions[10];
	unsigned int value;

	for (n = 0; n < 1000 && rc >= 0; n++) {
		value = 0;
		rc = bind_port(fd, RINGLET_BIND_NEW, test.domain, &value);
	}
	EXPECT(rc, -ENOSPC);
	EXPECT(n, 512 + 1);
	rc = 0;
	for (n = 0; n < 10 && !rc; n++) {
		m.count = test.pages;
		rc = device_ioctl(fd, RINGLET_IOC_MEMORY, &m);
		regions[n] = m.fd;
	}
	EXPECT(rc, -ENOSPC);
	EXPECT(n, 2 + 1);
	for (i = 0; i < n - 1; i++)
		close(regions[i]);
	m.count = test.pages;
	EXPECT(device_ioctl(fd, RINGLET_IOC_MEMORY, &m), 0);
	close(m.fd);
	close(fd);
}

static void test_refused(void)
{
	unsigned int value = test.port;
	unsigned long count = 1;
	int port;

	EXPECT(domain_open(limited_fd, test.domain, 0, 0), -EPERM);
	EXPECT(memory_open(limited_fd, 0), -EPERM);
	EXPECT(memory_open(limited_fd, NO_DOMAIN), -EPERM);
	EXPECT(bind_port(limited_fd, RINGLET_BIND_UNBOUND, test.domain, &value),
	       -EPERM);
	EXPECT(bind_port(limited_fd, RINGLET_BIND_INTERDOMAIN, NO_DOMAIN,
			 &value), -EPERM);
	EXPECT(bind_port(limited_fd, RINGLET_BIND_NEW, 0, &value), -EPERM);
	value = RINGLET_VIRQ_DEBUG;
	EXPECT(bind_port(limited_fd, RINGLET_BIND_VIRQ, test.domain, &value),
	       -EPERM);
	/* A port of another descriptor is not one of this. */
	port = bind_port(test.fd, RINGLET_BIND_VIRQ, 0, &value);
	EXPECT(port > 0, true);
	EXPECT(close_port(limited_fd, port), -ENOENT);
	EXPECT(close_port(test.fd, port), 0);

	EXPECT(depopulate(limited_fd, test.domain, 0, &count), -EPERM);
	EXPECT(call(limited_fd, RINGLET_HC_domctl_populate, test.domain),
	       NOT_CALLED - EPERM);
	EXPECT(call(limited_fd, RINGLET_HC_abi_version, 0),
	       NOT_CALLED - EPERM);
	EXPECT(call(limited_fd, RINGLET_HC_domctl_info, test.domain),
	       NOT_CALLED - EPERM);
	EXPECT(call(limited_fd, RINGLET_HC_domctl_destroy, test.domain),
	       NOT_CALLED - EPERM);
	EXPECT(call(limited_fd, RINGLET_HC_domctl_pause, 0),
	       NOT_CALLED - EPERM);
	EXPECT(call(limited_fd, RINGLET_HC_domctl_pause,
		    test.domain | 1UL << 32), NOT_CALLED - EPERM);
	EXPECT(call(limited_fd, RINGLET_HC_domctl_unpause, NO_DOMAIN),
	       NOT_CALLED - EPERM);
}

static void test_allowed(void)
{
	unsigned int value = test.port;
	int fd, port;

	EXPECT(call(limited_fd, RINGLET_HC_domctl_pause, test.domain), 0);
	EXPECT(call(limited_fd, RINGLET_HC_domctl_unpause, test.domain), 0);
	fd = memory_open(limited_fd, test.domain);
	EXPECT(fd >= 0, true);
	close(fd);
	port = bind_port(limited_fd, RINGLET_BIND_INTERDOMAIN, test.domain,
			 &value);
	EXPECT(port > 0, true);
	EXPECT(close_port(limited_fd, port), 0);
}

/* Its ports go with it; what others have stays. */
static void test_closed(void)
{
	unsigned int value = test.port;
	int fd = domain_open(test.fd, test.domain, 0, 0), port;

	EXPECT(bind_port(fd, RINGLET_BIND_INTERDOMAIN, test.domain, &value) > 0,
	       true);
	EXPECT(bind_port(test.fd, RINGLET_BIND_INTERDOMAIN, test.domain,
			 &value), -EINVAL);
	close(fd);
	port = bind_port(test.fd, RINGLET_BIND_INTERDOMAIN, test.domain,
			 &value);
	EXPECT(port > 0, true);
	EXPECT(close_port(test.fd, port), 0);
}

void test_limited(void)
{
	struct ringlet_domain_fd *d = test.page;

	EXPECT(domain_open(test.fd, 0, 0, 0), -EINVAL);
	EXPECT(domain_open(test.fd, test.domain, 1, 0), -EINVAL);
	EXPECT(domain_open(test.fd, NO_DOMAIN, 0, 0), -ESRCH);
	EXPECT(device_ioctl(test.fd, RINGLET_IOC_DOMAIN, NULL), -EFAULT);
	*d = (struct ringlet_domain_fd){ .domain = test.domain };
	EXPECT(mprotect(d, PAGE, PROT_READ), 0);
	EXPECT(device_ioctl(test.fd, RINGLET_IOC_DOMAIN, d), -EFAULT);
	EXPECT(mprotect(d, PAGE, PROT_READ | PROT_WRITE), 0);

	limited_fd = domain_open(test.fd, test.domain, 0, 0);
	EXPECT(limited_fd >= 0, true);
	EXPECT(fcntl(limited_fd, F_GETFD), FD_CLOEXEC);
	test_new(test.fd);
	test_new(limited_fd);
	test_refused();
	test_allowed();
	test_closed();
	test_memory_limit();
	test_pool();
	test_quota();
}

void test_limited_end(void)
{
	EXPECT(memory_open(limited_fd, test.domain), -ESRCH);
	EXPECT(call(limited_fd, RINGLET_HC_domctl_pause, test.domain),
	       NOT_CALLED - ESRCH);
	close(limited_fd);
}
