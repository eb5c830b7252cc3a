// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device side of /dev/ringlet-loopback, honest or not: an entropy device
 * whose numbers can be recognized, and what a hostile device side would do to
 * the kernel that uses it.
 *
 * device serve            serve until the end of input
 * device hostile SEED N   N device sides, most of whose answers are nonsense
 * device silent           be there, and say nothing, until the end of input
 * device leave            end when the driver is in the middle of its setup
 * device scribble SEED    write all over the page for some seconds
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/ringlet.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>

#include <ringlet/virtio.h>

#define PAGE		4096UL
#define DOMAIN		1
#define QUEUE_SIZE	8
#define PATTERN		0x5a

static struct {
	int fd;				/* RINGLET_IOC_DOMAIN */
	struct ringlet_vbus *page;
	unsigned char *memory;		/* all of it */
	uint64_t pages;
	unsigned int port;		/* of the bus */
	int event;			/* it got an event */
	uint32_t taken, given;		/* indices of the rings */

	uint32_t status;
	uint64_t features;
	struct ringlet_vmsg_queue queue;
	unsigned int queue_port;	/* 0: none */
	uint32_t guest_port;		/* the guest's number of it */
	int kick;
	uint16_t next;			/* entry of the avail ring */
} d;

/* End when a queue is to be set up. */
static bool leaves;

/* How wrong answers are: percent, and a generator. */
static unsigned int wrong;
static uint64_t state;

static void die(const char *what)
{
	printf("device: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint32_t rnd(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

static void barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void *map(uint64_t gfn, uint64_t count)
{
	struct ringlet_memory m = { DOMAIN, -1, gfn, count };
	void *p;

	if (ioctl(d.fd, RINGLET_IOC_MEMORY, &m))
		die("RINGLET_IOC_MEMORY");
	if (lseek(m.fd, 0, SEEK_END) != (off_t)(count * PAGE))
		die("the size of the memory");
	p = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, m.fd,
		 0);
	if (p == MAP_FAILED)
		die("mmap");
	close(m.fd);
	return p;
}

static unsigned int bind_port(uint32_t type, uint32_t *value, int *event)
{
	struct ringlet_evtchn_bind b = { type, DOMAIN, *value, 0 };
	struct ringlet_evtchn_eventfd e = { .ioeventfd = -1 };

	if (ioctl(d.fd, RINGLET_IOC_EVTCHN_BIND, &b))
		die("RINGLET_IOC_EVTCHN_BIND");
	*event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	e.port = b.port;
	e.irqfd = *event;
	if (ioctl(d.fd, RINGLET_IOC_EVTCHN_EVENTFD, &e))
		die("RINGLET_IOC_EVTCHN_EVENTFD");
	*value = b.value;
	return b.port;
}

static void start(void)
{
	struct ringlet_domain_fd f = { .domain = DOMAIN };
	unsigned long gfn, pages;
	uint32_t port;
	char text[128] = "";
	int all = open("/dev/ringlet-loopback", O_RDWR | O_CLOEXEC);

	if (all < 0 || read(all, text, sizeof(text) - 1) <= 0)
		die("/dev/ringlet-loopback");
	if (sscanf(text, "page=%li port=%u pages=%li", (long *)&gfn, &port,
		   (long *)&pages) != 3)
		die(text);
	if (ioctl(all, RINGLET_IOC_DOMAIN, &f))
		die("RINGLET_IOC_DOMAIN");
	d.fd = f.fd;
	if (!ioctl(d.fd, RINGLET_IOC_DOMAIN, &f) || errno != EPERM)
		die("a descriptor for one domain makes another");
	d.pages = pages;
	d.memory = map(0, pages);
	d.page = map(gfn, 1);
	d.port = bind_port(RINGLET_BIND_INTERDOMAIN, &port, &d.event);
	d.taken = d.page->to_device.cons;
	d.given = d.page->to_driver.prod;
	close(all);
}

static void tell(void)
{
	ioctl(d.fd, RINGLET_IOC_EVTCHN_SEND, d.port);
}

/* Be there. Another epoch: who comes after has forgotten what this one knew. */
static void up(void)
{
	d.page->revision = RINGLET_VBUS_REVISION;
	d.page->epoch++;
	d.page->magic = RINGLET_VBUS_MAGIC;
	barrier();
	d.page->device_up = 1;
	tell();
}

static void give(const struct ringlet_vmsg *m)
{
	struct ringlet_vbus_ring *r = &d.page->to_driver;

	while (d.given - *(volatile uint32_t *)&r->cons >= RINGLET_VBUS_SLOTS)
		usleep(1000);
	r->slot[d.given % RINGLET_VBUS_SLOTS] = *m;
	barrier();
	*(volatile uint32_t *)&r->prod = ++d.given;
	tell();
}

static void drop_queue(void)
{
	if (d.queue_port) {
		ioctl(d.fd, RINGLET_IOC_EVTCHN_CLOSE, d.queue_port);
		close(d.kick);
	}
	d.queue_port = 0;
	d.queue.size = 0;
	d.next = 0;
}

/* Give every buffer of the queue back, full of the pattern. */
static void fill_buffers(void)
{
	struct vring v = {
		.num = d.queue.size,
		.desc = (void *)(d.memory + d.queue.desc),
		.avail = (void *)(d.memory + d.queue.driver),
		.used = (void *)(d.memory + d.queue.device),
	};
	uint32_t *numbers = (void *)((char *)v.used + ((6 + 8 * v.num + 7) & ~7));
	uint64_t count;

	if (read(d.kick, &count, sizeof(count)) != sizeof(count) ||
	    !d.queue.size)
		return;
	while (d.next != *(volatile uint16_t *)&v.avail->idx) {
		uint16_t head = v.avail->ring[d.next % v.num];
		uint32_t number = RINGLET_VQ_OUTSTANDING | d.next++;
		struct vring_desc *b = &v.desc[head];
		struct vring_used_elem *e = &v.used->ring[v.used->idx % v.num];

		if (b->flags != VRING_DESC_F_WRITE ||
		    b->addr + b->len > d.pages * PAGE ||
		    (!wrong && numbers[head] != number)) {
			printf("device: a buffer that cannot be\n");
			exit(1);
		}
		memset(d.memory + b->addr, PATTERN, b->len);
		e->id = wrong && rnd(100) < wrong ? rnd(~0U) : head;
		e->len = wrong && rnd(100) < wrong ? rnd(~0U) : b->len;
		barrier();
		v.used->idx += wrong && rnd(100) < wrong ? rnd(65536) : 1;
	}
	ioctl(d.fd, RINGLET_IOC_EVTCHN_SEND, d.queue_port);
}

/* There is device 0 only; drivers of others may still be about. */
static unsigned int answer_no_device(struct ringlet_vmsg *m)
{
	memset(m->body, 0, sizeof(m->body));
	switch (m->id) {
	case RINGLET_VMSG_GET_DEVICE_INFO:
		return sizeof(struct ringlet_vmsg_info);
	case RINGLET_VMSG_GET_FEATURES:
	case RINGLET_VMSG_SET_FEATURES:
		return sizeof(struct ringlet_vmsg_features);
	case RINGLET_VMSG_GET_CONFIG:
	case RINGLET_VMSG_SET_CONFIG:
		return sizeof(struct ringlet_vmsg_config);
	case RINGLET_VMSG_BIND_QUEUE:
		return sizeof(struct ringlet_vmsg_bind);
	case RINGLET_VMSG_GET_STATUS:
	case RINGLET_VMSG_SET_STATUS:
		return sizeof(struct ringlet_vmsg_status);
	default:
		return sizeof(struct ringlet_vmsg_queue);
	}
}

static unsigned int answer_device(struct ringlet_vmsg *m)
{
	struct ringlet_vmsg_features *f = (void *)m->body;
	struct ringlet_vmsg_queue *q = (void *)m->body;
	struct ringlet_vmsg_bind *b = (void *)m->body;
	struct ringlet_vmsg_info info = {
		.device_id = VIRTIO_ID_RNG, .feature_bits = 64, .queues = 1 };
	uint32_t status;

	if (m->dev && !wrong)
		return answer_no_device(m);
	switch (m->id) {
	case RINGLET_VMSG_GET_DEVICE_INFO:
		memcpy(m->body, &info, sizeof(info));
		return sizeof(info);
	case RINGLET_VMSG_GET_FEATURES:
		f->bits[0] = 0;
		f->bits[1] = 1 << (VIRTIO_F_VERSION_1 - 32);
		return sizeof(*f);
	case RINGLET_VMSG_SET_FEATURES:
		return sizeof(*f);
	case RINGLET_VMSG_GET_CONFIG:
	case RINGLET_VMSG_SET_CONFIG:
		return sizeof(struct ringlet_vmsg_config);
	case RINGLET_VMSG_SET_STATUS:
		memcpy(&status, m->body, 4);
		if (!status)
			drop_queue();
		d.status = status;
		/* fall through */
	case RINGLET_VMSG_GET_STATUS:
		memcpy(m->body, &d.status, 4);
		return 4;
	case RINGLET_VMSG_GET_QUEUE:
		q->max_size = q->index ? 0 : QUEUE_SIZE;
		return sizeof(*q);
	case RINGLET_VMSG_SET_QUEUE:
		q->max_size = QUEUE_SIZE;
		if (!(q->flags & RINGLET_VQ_NUMBERS)) {
			printf("device: the driver does not number requests\n");
			exit(1);
		}
		d.queue = *q;
		return sizeof(*q);
	case RINGLET_VMSG_BIND_QUEUE:
		if (!d.queue_port) {
			d.guest_port = 0;
			d.queue_port = bind_port(RINGLET_BIND_NEW,
						 &d.guest_port, &d.kick);
		}
		b->kick = b->call = d.guest_port;
		return sizeof(*b);
	default:
		return 0;
	}
}

static unsigned int answer_bus(struct ringlet_vmsg *m)
{
	struct ringlet_vmsg_devices devices = { 1 };

	if (m->id != RINGLET_VMSG_GET_DEVICES)
		return 0;
	memcpy(m->body, &devices, sizeof(devices));
	return sizeof(devices);
}

/* One of the things that a driver should not believe. */
static bool spoil(struct ringlet_vmsg *m)
{
	unsigned int i;

	switch (rnd(8)) {
	case 0:
		return true;	/* say nothing */
	case 1:
		m->size = (uint16_t)rnd(70);
		break;
	case 2:
		m->id = (uint8_t)rnd(256);
		break;
	case 3:
		m->token = (uint16_t)(m->token + 1 - rnd(3));
		break;
	case 4:
		m->type = (uint8_t)rnd(256);
		m->dev = (uint16_t)rnd(70);
		break;
	default:
		for (i = 0; i <= rnd(56); i++)
			m->body[rnd(56)] = (uint8_t)rnd(256);
	}
	return false;
}

static void serve_messages(void)
{
	volatile struct ringlet_vbus_ring *r = &d.page->to_device;
	uint64_t count;

	if (read(d.event, &count, sizeof(count)) < 0 && errno != EAGAIN)
		die("eventfd");
	while (d.taken != r->prod) {
		struct ringlet_vmsg m;

		barrier();
		memcpy(&m, (void *)&r->slot[d.taken % RINGLET_VBUS_SLOTS],
		       sizeof(m));
		barrier();
		r->cons = ++d.taken;
		if (leaves && m.id == RINGLET_VMSG_SET_QUEUE)
			exit(0);
		m.size = 8 + (uint16_t)(m.type & RINGLET_VMSG_BUS ?
			answer_bus(&m) : answer_device(&m));
		m.type |= RINGLET_VMSG_RESPONSE;
		if (rnd(100) < wrong && spoil(&m))
			continue;
		give(&m);
	}
}

/* Serve for @ms, or until input ends if that is -1. */
static void serve(int ms)
{
	struct timespec t;
	int64_t end;

	clock_gettime(CLOCK_MONOTONIC, &t);
	end = t.tv_sec * 1000 + t.tv_nsec / 1000000 + ms;
	for (;;) {
		struct pollfd p[3] = {
			{ .fd = d.event, .events = POLLIN },
			{ .fd = d.queue_port ? d.kick : -1, .events = POLLIN },
			{ .fd = ms < 0 ? 0 : -1, .events = POLLIN | POLLHUP },
		};
		char c;

		clock_gettime(CLOCK_MONOTONIC, &t);
		if (ms >= 0 && t.tv_sec * 1000 + t.tv_nsec / 1000000 >= end)
			return;
		if (poll(p, 3, ms < 0 ? -1 : 50) < 0)
			die("poll");
		if (p[0].revents)
			serve_messages();
		if (p[1].revents)
			fill_buffers();
		if (p[2].revents && read(0, &c, 1) <= 0)
			return;
	}
}

static void hostile(unsigned int rounds)
{
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		struct ringlet_vmsg m = {
			.type = RINGLET_VMSG_BUS,
			.id = RINGLET_VMSG_EVENT_DEVICE,
			.size = 8 + sizeof(struct ringlet_vmsg_device),
		};
		struct ringlet_vmsg_device e = {
			rnd(3) ? 0 : rnd(70), rnd(5)
		};

		drop_queue();
		d.status = 0;
		/* While it is set up, or while it is in use. */
		wrong = rnd(2) ? 0 : 1 + rnd(20);
		up();
		serve((int)rnd(300));
		wrong = 1 + rnd(20);
		memcpy(m.body, &e, sizeof(e));
		give(&m);
		serve((int)rnd(200));
		if (rnd(4) == 0) {
			spoil(&m);
			give(&m);
		}
		m = (struct ringlet_vmsg){ .id = RINGLET_VMSG_EVENT_CONFIG,
					   .size = 8 };
		give(&m);
		serve((int)rnd(100));
	}
	wrong = 0;
}

static void scribble(void)
{
	volatile uint32_t *words = (void *)d.page;
	unsigned int i;

	up();
	serve(300);
	for (i = 0; i < 200000; i++) {
		words[rnd(1024)] = rnd(~0U);
		if (i % 64 == 0)
			tell();
	}
}

int main(int argc, char **argv)
{
	state = argc > 2 ? strtoull(argv[2], NULL, 0) * 2654435761u + 1 : 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	start();
	if (argc == 2 && !strcmp(argv[1], "serve")) {
		up();
		serve(-1);
	} else if (argc == 2 && !strcmp(argv[1], "silent")) {
		char c;

		up();
		while (read(0, &c, 1) > 0)
			;
	} else if (argc == 2 && !strcmp(argv[1], "leave")) {
		leaves = true;
		up();
		serve(-1);
	} else if (argc == 4 && !strcmp(argv[1], "hostile")) {
		hostile((unsigned int)strtoul(argv[3], NULL, 0));
	} else if (argc == 3 && !strcmp(argv[1], "scribble")) {
		scribble();
	} else {
		printf("device serve | silent | leave | hostile SEED N | scribble SEED\n");
		return 2;
	}
	return 0;
}
