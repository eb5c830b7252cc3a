// SPDX-License-Identifier: GPL-2.0-only
/* Event channels of /dev/ringlet, and eventfds. */
#include "device.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include <ringlet/domctl.h>
#include <ringlet/event.h>
#include <ringlet/hypercall.h>

#define WAIT_MS		10000
#define NONE_MS		300

/* A port or a negative errno. */
static int bind_port(int fd, unsigned int type, unsigned int domain,
		     unsigned int value)
{
	struct ringlet_evtchn_bind b = {
		.type = type, .domain = domain, .value = value,
	};
	int rc = device_ioctl(fd, RINGLET_IOC_EVTCHN_BIND, &b);

	return rc ? rc : (int)b.port;
}

static int bind_virq(int fd, unsigned int virq)
{
	return bind_port(fd, RINGLET_BIND_VIRQ, 0, virq);
}

static int close_port(int fd, int port)
{
	return device_ioctl(fd, RINGLET_IOC_EVTCHN_CLOSE, (void *)(long)port);
}

static int send_port(int fd, int port)
{
	return device_ioctl(fd, RINGLET_IOC_EVTCHN_SEND, (void *)(long)port);
}

static int connect_port(int fd, int port, int irqfd, int ioeventfd)
{
	struct ringlet_evtchn_eventfd e = {
		.port = (unsigned int)port, .irqfd = irqfd,
		.ioeventfd = ioeventfd,
	};

	return device_ioctl(fd, RINGLET_IOC_EVTCHN_EVENTFD, &e);
}

/* Wait for an eventfd and empty it. Its count; 0: it was not signalled. */
static uint64_t wait_for(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t count;

	if (poll(&p, 1, ms) != 1 || read(fd, &count, 8) != 8)
		return 0;
	return count;
}

static void signal_fd(int fd)
{
	uint64_t one = 1;

	EXPECT(write(fd, &one, 8), 8);
}

static void test_bind_refused(void)
{
	struct ringlet_evtchn_bind *b = test.page;
	int other = device_open(), port;

	EXPECT(device_ioctl(test.fd, RINGLET_IOC_EVTCHN_BIND, NULL), -EFAULT);
	EXPECT(bind_port(test.fd, 4, test.domain, 0), -EINVAL);
	EXPECT(bind_port(test.fd, RINGLET_BIND_UNBOUND, 1023, 0), -ESRCH);
	EXPECT(bind_port(test.fd, RINGLET_BIND_INTERDOMAIN, 1023, 1), -ESRCH);
	EXPECT(bind_port(test.fd, RINGLET_BIND_INTERDOMAIN, test.domain,
			 RINGLET_EVTCHN_PORTS - 1), -EINVAL);
	EXPECT(bind_port(test.fd, RINGLET_BIND_INTERDOMAIN, test.domain,
			 0xffffffff), -EINVAL);
	EXPECT(bind_virq(test.fd, RINGLET_NR_VIRQS), -ENOENT);
	/* Linux itself has this one. */
	EXPECT(bind_virq(test.fd, RINGLET_VIRQ_TIMER), -EEXIST);

	port = bind_virq(test.fd, RINGLET_VIRQ_DEBUG);
	EXPECT(port > 0, true);
	EXPECT(bind_virq(test.fd, RINGLET_VIRQ_DEBUG), -EEXIST);
	EXPECT(bind_virq(other, RINGLET_VIRQ_DEBUG), -EEXIST);
	EXPECT(send_port(test.fd, port), -EINVAL);
	/* Ports belong to their descriptor. */
	EXPECT(close_port(other, port), -ENOENT);
	EXPECT(send_port(other, port), -ENOENT);
	EXPECT(connect_port(other, port, -1, -1), -ENOENT);
	EXPECT(close_port(test.fd, port), 0);
	EXPECT(close_port(test.fd, port), -ENOENT);
	EXPECT(close_port(test.fd, 0), -ENOENT);
	EXPECT(close_port(test.fd, -1), -ENOENT);

	/* Where the answer cannot be stored, no port is left bound. */
	*b = (struct ringlet_evtchn_bind){
		.type = RINGLET_BIND_VIRQ, .value = RINGLET_VIRQ_DEBUG,
	};
	EXPECT(mprotect(b, PAGE, PROT_READ), 0);
	EXPECT(device_ioctl(test.fd, RINGLET_IOC_EVTCHN_BIND, b), -EFAULT);
	EXPECT(mprotect(b, PAGE, PROT_READ | PROT_WRITE), 0);
	port = bind_virq(other, RINGLET_VIRQ_DEBUG);
	EXPECT(port > 0, true);
	close(other);
}

static void test_eventfd_refused(int port, int good)
{
	struct ringlet_evtchn_eventfd e = {
		.port = (unsigned int)port, .irqfd = -1, .ioeventfd = -1,
		.reserved = 1,
	};
	int pipes[2];

	EXPECT(pipe(pipes), 0);
	EXPECT(device_ioctl(test.fd, RINGLET_IOC_EVTCHN_EVENTFD, NULL),
	       -EFAULT);
	EXPECT(device_ioctl(test.fd, RINGLET_IOC_EVTCHN_EVENTFD, &e), -EINVAL);
	EXPECT(connect_port(test.fd, 0, good, -1), -ENOENT);
	EXPECT(connect_port(test.fd, port, 999, -1), -EBADF);
	EXPECT(connect_port(test.fd, port, pipes[0], -1), -EINVAL);
	EXPECT(connect_port(test.fd, port, good, 999), -EBADF);
	EXPECT(connect_port(test.fd, port, good, pipes[0]), -EINVAL);
	EXPECT(connect_port(test.fd, port, -2, -1), -EBADF);
	close(pipes[0]);
	close(pipes[1]);
}

/* The partner inverts; the event that ends it comes through irqfd. */
static void ask(unsigned int argument)
{
	mailbox->argument = argument;
	__atomic_store_n(&mailbox->command, PARTNER_INVERT, __ATOMIC_SEQ_CST);
}

static void test_both_ways(int port, int irqfd, int ioeventfd)
{
	unsigned int before;

	/* Binding makes an event pending on the new port, before any irqfd. */
	EXPECT(connect_port(test.fd, port, irqfd, -1), 0);
	EXPECT(wait_for(irqfd, WAIT_MS), 1);
	EXPECT(wait_for(irqfd, NONE_MS), 0);

	ask(0x1234);
	EXPECT(send_port(test.fd, port), 0);
	EXPECT(wait_for(irqfd, WAIT_MS), 1);
	EXPECT(mailbox->answer, ~0x1234);

	/* Signalled before it is connected: sent at once, and taken. */
	ask(0x5678);
	signal_fd(ioeventfd);
	EXPECT(connect_port(test.fd, port, irqfd, ioeventfd), 0);
	EXPECT(wait_for(irqfd, WAIT_MS), 1);
	EXPECT(mailbox->answer, ~0x5678);
	EXPECT(wait_for(ioeventfd, 0), 0);
	ask(0x9abc);
	signal_fd(ioeventfd);
	EXPECT(wait_for(irqfd, WAIT_MS), 1);
	EXPECT(mailbox->answer, ~0x9abc);

	/* Disconnected: a signal sends nothing, an event waits. */
	EXPECT(connect_port(test.fd, port, -1, -1), 0);
	before = mailbox->events;
	signal_fd(ioeventfd);
	EXPECT(wait_for(irqfd, NONE_MS), 0);
	EXPECT(mailbox->events, before);
	EXPECT(wait_for(ioeventfd, 0), 1);
	ask(0xdef0);
	EXPECT(send_port(test.fd, port), 0);
	EXPECT(wait_for(irqfd, NONE_MS), 0);
	EXPECT(mailbox->answer, ~0xdef0);
	EXPECT(connect_port(test.fd, port, irqfd, ioeventfd), 0);
	EXPECT(wait_for(irqfd, WAIT_MS), 1);
}

/* A closed eventfd on either side does no harm. */
static void test_closed_eventfd(int port, int irqfd)
{
	int gone = eventfd(0, 0);

	EXPECT(connect_port(test.fd, port, irqfd, gone), 0);
	close(gone);
	gone = eventfd(0, 0);
	EXPECT(connect_port(test.fd, port, gone, -1), 0);
	close(gone);
	ask(7);
	EXPECT(send_port(test.fd, port), 0);
	EXPECT(connect_port(test.fd, port, irqfd, -1), 0);
	wait_for(irqfd, NONE_MS);
	EXPECT(mailbox->answer, ~7);
}

/* The other way round: the partner binds to a port of ours. */
static void test_unbound(int port, int irqfd)
{
	int ours = bind_port(test.fd, RINGLET_BIND_UNBOUND, test.domain, 0);
	int second = eventfd(0, 0), theirs;

	EXPECT(ours > 0, true);
	EXPECT(connect_port(test.fd, ours, second, -1), 0);
	EXPECT(send_port(test.fd, ours), 0);
	mailbox->argument = (unsigned int)ours;
	__atomic_store_n(&mailbox->command, PARTNER_BIND, __ATOMIC_SEQ_CST);
	EXPECT(send_port(test.fd, port), 0);
	EXPECT(wait_for(irqfd, WAIT_MS), 1);
	theirs = mailbox->answer;
	EXPECT(theirs > 0, true);
	EXPECT(wait_for(second, NONE_MS), 0);
	__atomic_store_n(&mailbox->command, PARTNER_SEND, __ATOMIC_SEQ_CST);
	EXPECT(send_port(test.fd, port), 0);
	EXPECT(wait_for(second, WAIT_MS), 1);
	EXPECT(wait_for(irqfd, WAIT_MS), 1);
	EXPECT(mailbox->answer, 0);
	EXPECT(close_port(test.fd, ours), 0);
	EXPECT(hypercall(RINGLET_HC_domctl_info, test.domain,
			 (unsigned long)test.page, 0), test.domain);
	close(second);
}

/* A virtual interrupt: some domain has changed its state. */
static void test_virq(void)
{
	static const char name[] = "device-test";
	struct ringlet_domain_create *c = test.page;
	int port = bind_virq(test.fd, RINGLET_VIRQ_DOMAIN);
	int irqfd = eventfd(0, 0);
	long domain;

	EXPECT(port > 0, true);
	EXPECT(connect_port(test.fd, port, irqfd, -1), 0);
	wait_for(irqfd, NONE_MS);
	memset(c, 0, sizeof(*c));
	memcpy(c->name, name, sizeof(name));
	c->vcpus = 1;
	c->max_pages = 256;
	domain = hypercall(RINGLET_HC_domctl_create, (unsigned long)c, 0, 0);
	EXPECT(domain > 0, true);
	EXPECT(hypercall(RINGLET_HC_domctl_shutdown, (unsigned long)domain,
			 RINGLET_SHUTDOWN_POWEROFF, 0), 0);
	EXPECT(wait_for(irqfd, WAIT_MS) > 0, true);
	EXPECT(hypercall(RINGLET_HC_domctl_destroy, (unsigned long)domain, 0,
			 0), 0);
	EXPECT(close_port(test.fd, port), 0);
	close(irqfd);
}

/* Ports until there are no more. How many. */
static int exhaust(int fd, int *error)
{
	int n;

	for (n = 0; n < RINGLET_EVTCHN_PORTS; n++) {
		*error = bind_port(fd, RINGLET_BIND_UNBOUND, test.domain, 0);
		if (*error < 0)
			break;
	}
	return n;
}

static int keep_open(void)
{
	return bind_virq(test.fd, RINGLET_VIRQ_DEBUG) != -EEXIST;
}

/* All that a descriptor had is free after its last close. */
static void test_close(void)
{
	int fd = device_open(), again, error, n;

	n = exhaust(fd, &error);
	EXPECT(n > RINGLET_EVTCHN_PORTS / 2, true);
	EXPECT(error, -ENOSPC);
	close(fd);
	fd = device_open();
	EXPECT(exhaust(fd, &error), n);
	close(fd);

	fd = device_open();
	EXPECT(bind_virq(fd, RINGLET_VIRQ_DEBUG) > 0, true);
	again = dup(fd);
	close(fd);
	EXPECT(in_child(keep_open), 0);
	EXPECT(bind_virq(test.fd, RINGLET_VIRQ_DEBUG), -EEXIST);
	close(again);
	n = bind_virq(test.fd, RINGLET_VIRQ_DEBUG);
	EXPECT(n > 0, true);
	EXPECT(close_port(test.fd, n), 0);
}

void test_events(void)
{
	int irqfd = eventfd(0, 0), ioeventfd = eventfd(0, EFD_NONBLOCK), port;

	test_bind_refused();
	port = bind_port(test.fd, RINGLET_BIND_INTERDOMAIN, test.domain,
			 test.port);
	EXPECT(port > 0, true);
	EXPECT(bind_port(test.fd, RINGLET_BIND_INTERDOMAIN, test.domain,
			 test.port), -EINVAL);
	test_eventfd_refused(port, irqfd);
	test_both_ways(port, irqfd, ioeventfd);
	test_closed_eventfd(port, irqfd);
	test_unbound(port, irqfd);
	test_virq();
	test_close();
	/* The partner is still there after all that. */
	ask(0x4321);
	EXPECT(send_port(test.fd, port), 0);
	EXPECT(wait_for(irqfd, WAIT_MS), 1);
	EXPECT(mailbox->answer, ~0x4321);
	EXPECT(close_port(test.fd, port), 0);
	/* The partner's port is unbound again, for us. */
	port = bind_port(test.fd, RINGLET_BIND_INTERDOMAIN, test.domain,
			 test.port);
	EXPECT(port > 0, true);
	close(irqfd);
	close(ioeventfd);
}
