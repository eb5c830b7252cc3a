// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device manager between a hostile guest and a hostile backend: an input is a
 * program of messages, writes into the bus page and into memory, answers of a
 * vhost-user backend, ends and successors of the manager, and time that passes.
 * Whatever it does, the manager touches nothing that is not its own, loses no
 * descriptor, and answers ringletd.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../dom0-tools/ringlet-dm/dm.h"
#include "../../dom0-tools/ringlet-dm/guest.h"

#define PAGES		16
#define BUS		100
#define RING		0x1000	/* what op 5 writes into */
#define PORTS		8
#define DESCRIPTORS	80	/* more than it ever has */
#define DISK		0
#define RNG		1

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t clock_ms = 1;
static struct ringlet_vbus *page;
static uint8_t *memory;
static int memory_fd = -1, bus_fd = -1, state_fd = -1;
static int control = -1, backend = -1;
static int irqfds[PORTS];
static bool bound[PORTS];
static bool absent[PAGES];	/* given back by the guest */

int fuzz_clock(clockid_t id, struct timespec *t);
int fuzz_print(FILE *to, const char *format, ...);

int fuzz_clock(clockid_t id, struct timespec *t)
{
	(void)id;
	t->tv_sec = (time_t)(clock_ms / 1000);
	t->tv_nsec = (long)(clock_ms % 1000) * 1000000;
	return 0;
}

int fuzz_print(FILE *to, const char *format, ...)
{
	char text[1024];
	va_list args;
	int n;

	(void)to;
	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return n;
}

/* --- What the manager reaches ------------------------------------------------- */

void guest_use(int fd, uint32_t domid)
{
	(void)fd;
	(void)domid;
}

int guest_memory(uint64_t gfn, uint64_t count)
{
	if (gfn == BUS && count == 1)
		return dup(bus_fd);
	return gfn || count != PAGES ? -22 : dup(memory_fd);
}

int guest_port_new(uint32_t *remote)
{
	uint32_t i;

	for (i = 2; i < PORTS; i++) {
		if (!bound[i]) {
			bound[i] = true;
			*remote = i;
			return (int)i;
		}
	}
	return -28;
}

int guest_port_bind(uint32_t remote)
{
	if (remote >= PORTS || bound[remote])
		return -2;
	bound[remote] = true;
	return (int)remote;
}

int guest_port_connect(int port, int irqfd, int ioeventfd)
{
	(void)ioeventfd;
	irqfds[port] = irqfd;
	return 0;
}

void guest_port_close(int port)
{
	bound[port] = false;
	irqfds[port] = -1;
}

int guest_pause(bool pause)
{
	(void)pause;
	return 0;
}

/* Only what is memory of the guest may be asked for at all. */
static void check_range(uint64_t gfn, uint32_t count)
{
	if (gfn >= PAGES || !count || count > PAGES - gfn)
		abort();
}

int guest_memory_take(uint64_t gfn, uint32_t count)
{
	int n;

	check_range(gfn, count);
	for (n = 0; (uint32_t)n < count && !absent[gfn + (uint32_t)n]; n++)
		absent[gfn + (uint32_t)n] = true;
	return n ? n : -2;
}

/* Sometimes there is no memory. */
int guest_memory_give(uint64_t gfn, uint32_t count)
{
	int n;

	check_range(gfn, count);
	if (clock_ms / 100 % 4 == 3)
		return clock_ms / 400 % 2 ? -12 : -11;
	for (n = 0; (uint32_t)n < count && absent[gfn + (uint32_t)n]; n++)
		absent[gfn + (uint32_t)n] = false;
	return n ? n : -17;
}

/* --- ringletd -------------------------------------------------------------------- */

static void turns(unsigned int n)
{
	while (n--)
		turn(0);
}

static void ask(const char *text, int fd)
{
	_Alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { (void *)(uintptr_t)text, strlen(text) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	char sink[4096];

	if (fd >= 0) {
		msg.msg_control = space;
		msg.msg_controllen = sizeof(space);
		CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(fd));
	}
	if (sendmsg(control, &msg, MSG_NOSIGNAL) < 0)
		abort();
	if (fd >= 0)
		close(fd);
	turns(3);
	while (recv(control, sink, sizeof(sink), MSG_DONTWAIT) > 0)
		;
}

static void attach_disk(const char *request)
{
	int pair[2];

	if (backend >= 0)
		close(backend);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
		abort();
	backend = pair[1];
	ask(request, pair[0]);
}

static void begin_manager(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) || !loop_begin())
		abort();
	control = pair[0];
	if (control_open(pair[1], state_fd, 1))
		abort();
	ask("{\"id\":1,\"op\":\"start\",\"pages\":16,\"bus\":100,\"port\":1}",
	    -1);
	attach_disk("{\"id\":2,\"op\":\"attach\",\"dev\":0,\"kind\":\"vhost-user\",\"type\":2,\"queues\":2}");
	ask("{\"id\":3,\"op\":\"attach\",\"dev\":1,\"kind\":\"rng\"}", -1);
	ask("{\"id\":3,\"op\":\"attach\",\"dev\":2,\"kind\":\"balloon\",\"pages\":4}",
	    -1);
}

static void end_manager(void)
{
	devices_close();
	bus_close();
	memory_close();
	control_close();
	state_close();
	loop_end();
	close(control);
	close(backend);
	backend = -1;
}

/* --- The program -------------------------------------------------------------------- */

struct input {
	const uint8_t *data;
	size_t left;
};

static uint8_t byte(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->data++;
}

static void bytes(struct input *in, void *to, size_t len)
{
	uint8_t *p = to;

	while (len--)
		*p++ = byte(in);
}

static void event(unsigned int port)
{
	uint64_t one = 1;

	if (port < PORTS && bound[port] && irqfds[port] >= 0 &&
	    write(irqfds[port], &one, sizeof(one)) < 0)
		abort();
	turns(4);
}

static void send_message(const struct ringlet_vmsg *m)
{
	struct ringlet_vbus_ring *ring = &page->to_device;

	memcpy(&ring->slot[ring->prod % RINGLET_VBUS_SLOTS], m, sizeof(*m));
	ring->prod++;
	page->to_driver.cons = page->to_driver.prod;
	event(1);
}

static void well_formed(struct input *in)
{
	struct ringlet_vmsg m = { .id = byte(in), .dev = byte(in) };
	size_t len = byte(in) % (sizeof(m.body) + 1);

	m.type = m.dev & 0x80 ? RINGLET_VMSG_BUS : 0;
	m.dev &= 0x3f;
	m.size = (uint16_t)(8 + len);
	bytes(in, m.body, len);
	send_message(&m);
}

/* A backend that does what it is asked: answers that the manager can use. */
static void answer_one(void)
{
	static const uint8_t config[272];
	uint32_t header[3], size;
	uint8_t payload[600];
	uint64_t value = 0;
	const void *answer = &value;

	if (backend < 0 || recv(backend, header, 12, 0) != 12 ||
	    header[2] > sizeof(payload))
		return;
	if (header[2] && recv(backend, payload, header[2], 0) < 0)
		return;
	size = sizeof(value);
	switch (header[0]) {
	case 1:
		value = 1ULL << 32 | 1 << 30 | 1 << 9;
		break;
	case 15:
		value = 1 << 0 | 1 << 3 | 1 << 5 | 1 << 9 | 1 << 15;
		break;
	case 17:
		value = 2;
		break;
	case 24:
		answer = config;
		size = header[2];
		break;
	}
	header[1] = 5;
	header[2] = size;
	if (send(backend, header, 12, MSG_NOSIGNAL) == 12 &&
	    send(backend, answer, size, MSG_NOSIGNAL) < 0)
		return;
	turns(2);
}

static void raw_answer(struct input *in)
{
	uint8_t text[64];
	size_t len = byte(in) % sizeof(text);

	bytes(in, text, len);
	if (backend >= 0 && send(backend, text, len, MSG_NOSIGNAL) < 0)
		return;
	turns(2);
}

static void step(struct input *in)
{
	struct ringlet_vmsg m;
	uint16_t at, value;
	uint32_t word;

	switch (byte(in)) {
	case 0:
		bytes(in, &m, sizeof(m));
		send_message(&m);
		break;
	case 1:
		well_formed(in);
		break;
	case 2:
		bytes(in, &at, sizeof(at));
		bytes(in, &word, sizeof(word));
		memcpy((uint8_t *)page + at % 4093, &word, sizeof(word));
		event(1);
		break;
	case 3:
		answer_one();
		break;
	case 4:
		raw_answer(in);
		break;
	case 5:
		bytes(in, &at, sizeof(at));
		bytes(in, &value, sizeof(value));
		memcpy(memory + RING + (at & 0x3ffe), &value, sizeof(value));
		break;
	case 6:
		for (word = 2; word < PORTS; word++)
			event(word);
		break;
	case 7:
		end_manager();
		begin_manager();
		break;
	case 8:
		ask(byte(in) & 1 ? "{\"id\":9,\"op\":\"detach\",\"dev\":0}" :
		    "{\"id\":9,\"op\":\"detach\",\"dev\":1,\"force\":true}", -1);
		break;
	case 9:
		clock_ms += byte(in) * 100ULL;
		turns(2);
		break;
	case 10:
		attach_disk("{\"id\":4,\"op\":\"backend\",\"dev\":0}");
		break;
	case 11:
		if (backend >= 0)
			close(backend);
		backend = -1;
		turns(2);
		break;
	case 12:
		ask(byte(in) & 1 ? "{\"id\":9,\"op\":\"balloon\",\"dev\":2,\"pages\":16}" :
		    "{\"id\":9,\"op\":\"balloon\",\"dev\":2,\"pages\":0}", -1);
		break;
	}
}

static int sized(uint64_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)size))
		abort();
	return fd;
}

static void set_up(void)
{
	memory_fd = sized(PAGES << 12);
	bus_fd = sized(4096);
	state_fd = sized(0);
	memory = mmap(NULL, PAGES << 12, PROT_READ | PROT_WRITE, MAP_SHARED,
		      memory_fd, 0);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, bus_fd, 0);
	if (memory == MAP_FAILED || page == MAP_FAILED)
		abort();
}

static unsigned int open_descriptors(void)
{
	unsigned int n = 0;
	int fd;

	for (fd = 0; fd < DESCRIPTORS; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	unsigned int before;

	if (!page)
		set_up();
	memset(page, 0, 4096);
	memset(memory, 0, PAGES << 12);
	memset(absent, 0, sizeof(absent));
	if (ftruncate(state_fd, 0))
		abort();
	before = open_descriptors();
	page->driver_up = 1;
	begin_manager();
	while (in.left)
		step(&in);
	/* ringletd is answered at once, whatever was. */
	ask("{\"id\":5,\"op\":\"list\"}", -1);
	end_manager();
	if (open_descriptors() != before)
		abort();
	return 0;
}
