// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bus: one page that the guest shares, requests in it and their answers (see
 * pv-abi/include/ringlet/virtio.h). The guest may write anywhere in the page at
 * any time: a message is copied before anything of it is looked at, and the
 * manager's own indices are kept in the state file, not read back.
 */
#include "dm.h"
#include "guest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOTS		RINGLET_VBUS_SLOTS
#define ANSWER_ROOM	4		/* slots that events leave free */
#define FLUSH_AGAIN	50		/* ms */
#define HEADER		offsetof(struct ringlet_vmsg, body)

static struct ringlet_vbus *page;
static int local_port = -1;
static int event_out = -1;
static bool broken;
/* RINGLET_VDEV_* that the guest is to be told, by device. */
static uint32_t device_events[RINGLET_VBUS_MAX_DEVICES];

static void bus_ready(struct source *source, uint32_t events);

static struct source event_in = { .fd = -1, .ready = bus_ready };

bool bus_broken(void)
{
	return broken;
}

static void bus_break(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Nothing of this guest is listened to any more; its devices are reset. */
static void bus_break(const char *format, ...)
{
	unsigned int i;
	char text[160];
	va_list args;

	if (broken)
		return;
	broken = true;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	note("the guest's bus is broken: %s", text);
	__atomic_store_n(&page->device_up, 0, __ATOMIC_RELEASE);
	for (i = 0; i < RINGLET_VBUS_MAX_DEVICES; i++) {
		if (!devices[i])
			continue;
		devices[i]->s->request.valid = 0;
		devices[i]->resetting = true;
		device_advance(devices[i]);
	}
}

static void send_event(void)
{
	uint64_t one = 1;
	ssize_t n = write(event_out, &one, sizeof(one));

	(void)n;
}

/* Slots that are free for the driver to read; 0 when the bus is broken. */
static unsigned int room(void)
{
	uint32_t cons = __atomic_load_n(&page->to_driver.cons,
					__ATOMIC_ACQUIRE);
	uint32_t filled = state->produced - cons;

	if (broken)
		return 0;
	if (filled > SLOTS) {
		bus_break("it says that it has read message %u of %u", cons,
			  state->produced);
		return 0;
	}
	return SLOTS - filled;
}

static void push(const struct ringlet_vmsg *m)
{
	struct ringlet_vbus_ring *ring = &page->to_driver;

	memcpy(&ring->slot[state->produced % SLOTS], m, sizeof(*m));
	__atomic_store_n(&state->produced, state->produced + 1,
			 __ATOMIC_RELEASE);
	__atomic_store_n(&ring->prod, state->produced, __ATOMIC_RELEASE);
	send_event();
}

static void answer(struct ringlet_vmsg *m, int body)
{
	m->type |= RINGLET_VMSG_RESPONSE;
	m->size = (uint16_t)(HEADER + (size_t)body);
	memset(m->body + body, 0, sizeof(m->body) - (size_t)body);
	if (room())
		push(m);
	else
		bus_break("it does not read the answers to its requests");
}

void bus_answer(struct device *d, struct ringlet_vmsg *m, int body)
{
	struct ringlet_vmsg copy = *m;

	if (!page || broken)
		return;
	answer(&copy, body);
	d->s->request.valid = 0;
	d->answer_by = 0;
}

/* --- Requests --------------------------------------------------------------- */

static void bus_request(struct ringlet_vmsg *m)
{
	struct ringlet_vmsg_devices body = { 0 };
	unsigned int i;

	switch (m->id) {
	case RINGLET_VMSG_GET_DEVICES:
		for (i = 0; i < RINGLET_VBUS_MAX_DEVICES; i++)
			if (state->device[i].present)
				body.present |= 1ULL << i;
		memcpy(m->body, &body, sizeof(body));
		answer(m, sizeof(body));
		break;
	case RINGLET_VMSG_PING:
		answer(m, m->size - (int)HEADER);
		break;
	default:
		bus_break("it sends the bus a request %u, which there is not",
			  m->id);
	}
}

/* No device has this number, at least no longer: everything of it is 0. */
static void answer_nobody(struct ringlet_vmsg *m)
{
	memset(m->body, 0, sizeof(m->body));
	answer(m, sizeof(m->body));
}

/* What a device was asked and has not answered; also a predecessor's. */
static void run_request(struct device *d)
{
	struct ringlet_vmsg m = d->s->request.message;
	int body = device_request(d, &m);

	if (body == REPLY_LATER)
		device_advance(d);
	else
		bus_answer(d, &m, body);
}

static void to_device(const struct ringlet_vmsg *m)
{
	struct device *d = devices[m->dev];
	struct saved_request *saved;
	struct ringlet_vmsg copy = *m;

	if (!d || !d->s->present) {
		answer_nobody(&copy);
		return;
	}
	saved = &d->s->request;
	if (saved->valid && !memcmp(&saved->message, m, sizeof(*m)))
		return;
	if (saved->valid && m->id != RINGLET_VMSG_SET_STATUS) {
		device_break(d, "it is asked again (%u) before it has answered (%u)",
			     m->id, saved->message.id);
		return;
	}
	saved->valid = 0;
	request_save(saved, m);
	run_request(d);
}

static void handle(struct ringlet_vmsg *m)
{
	if (m->size < HEADER || m->size > sizeof(*m)) {
		bus_break("it sends a message of %u bytes", m->size);
		return;
	}
	memset((uint8_t *)m + m->size, 0, sizeof(*m) - m->size);
	if (m->type & ~RINGLET_VMSG_BUS)
		bus_break("it sends a message of type %#x", m->type);
	else if (m->dev >= RINGLET_VBUS_MAX_DEVICES ||
		 (m->type & RINGLET_VMSG_BUS && m->dev))
		bus_break("it sends a message to device %u", m->dev);
	else if (m->type & RINGLET_VMSG_BUS)
		bus_request(m);
	else
		to_device(m);
}

/*
 * A message counts as taken when it is answered, or saved as the one that its
 * device works on: a successor meets each at least once.
 */
void bus_poll(void)
{
	struct ringlet_vbus_ring *ring;
	struct ringlet_vmsg m;
	uint32_t prod;

	if (!page || broken)
		return;
	ring = &page->to_device;
	prod = __atomic_load_n(&ring->prod, __ATOMIC_ACQUIRE);
	if (prod - state->consumed > SLOTS) {
		bus_break("it says that it has written message %u behind %u",
			  prod, state->consumed);
		return;
	}
	while (state->consumed != prod && !broken) {
		memcpy(&m, &ring->slot[state->consumed % SLOTS], sizeof(m));
		__atomic_thread_fence(__ATOMIC_ACQ_REL);
		handle(&m);
		__atomic_store_n(&state->consumed, state->consumed + 1,
				 __ATOMIC_RELEASE);
		__atomic_store_n(&ring->cons, state->consumed,
				 __ATOMIC_RELEASE);
	}
}

static void bus_ready(struct source *source, uint32_t events)
{
	uint64_t count;

	(void)events;
	if (read(source->fd, &count, sizeof(count)) == sizeof(count))
		bus_poll();
}

/* --- Events ----------------------------------------------------------------- */

void bus_event_config(struct device *d)
{
	d->config_event = true;
	wake_at(now_ms());
}

void bus_event_device(unsigned int nr, uint32_t device_state)
{
	device_events[nr] = device_state;
	wake_at(now_ms());
}

static bool push_event(struct ringlet_vmsg *m)
{
	if (room() <= ANSWER_ROOM)
		return false;
	push(m);
	return true;
}

static bool tell_device(unsigned int nr)
{
	struct ringlet_vmsg_device body = { nr, device_events[nr] };
	struct ringlet_vmsg m = {
		.type = RINGLET_VMSG_BUS,
		.id = RINGLET_VMSG_EVENT_DEVICE,
		.size = HEADER + sizeof(body),
	};

	memcpy(m.body, &body, sizeof(body));
	if (!push_event(&m))
		return false;
	device_events[nr] = 0;
	return true;
}

static bool tell_config(unsigned int nr)
{
	struct ringlet_vmsg m = {
		.id = RINGLET_VMSG_EVENT_CONFIG,
		.dev = (uint16_t)nr,
		.size = HEADER,
	};

	if (!push_event(&m))
		return false;
	devices[nr]->config_event = false;
	return true;
}

uint64_t bus_flush(uint64_t now)
{
	bool listens, owed = false;
	unsigned int i;

	if (!page || broken)
		return 0;
	listens = __atomic_load_n(&page->driver_up, __ATOMIC_ACQUIRE) == 1;
	for (i = 0; i < RINGLET_VBUS_MAX_DEVICES; i++) {
		if (!listens) {
			device_events[i] = 0;
			if (devices[i])
				devices[i]->config_event = false;
			continue;
		}
		if (device_events[i])
			owed |= !tell_device(i);
		if (devices[i] && devices[i]->config_event)
			owed |= !tell_config(i);
	}
	return owed && !broken ? now + FLUSH_AGAIN : 0;
}

/* --- Begin and end ---------------------------------------------------------- */

/*
 * A new state file, but perhaps not a new page: its indices go on, if they can
 * be right at all.
 */
static void adopt_indices(void)
{
	uint32_t prod = page->to_device.prod, cons = page->to_device.cons;

	state->consumed = prod - cons > SLOTS ? prod : cons;
	prod = page->to_driver.prod;
	cons = page->to_driver.cons;
	state->produced = prod - cons > SLOTS ? cons : prod;
	if (page->epoch == state->epoch)
		state->epoch++;
}

static int open_page(uint64_t gfn)
{
	int fd = guest_memory(gfn, 1);
	void *mapping;

	if (fd < 0)
		return fd;
	mapping = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED,
		       fd, 0);
	close(fd);
	if (mapping == MAP_FAILED)
		return -errno;
	page = mapping;
	return 0;
}

static int open_port(uint32_t port)
{
	int rc;

	local_port = guest_port_bind(port);
	if (local_port < 0)
		return local_port;
	event_in.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	event_out = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event_in.fd < 0 || event_out < 0)
		return -errno;
	rc = guest_port_connect(local_port, event_in.fd, event_out);
	return rc ? rc : source_watch(&event_in, EPOLLIN);
}

int bus_open(uint64_t gfn, uint32_t port, bool resumed)
{
	unsigned int i;
	int rc;

	rc = open_page(gfn);
	if (!rc)
		rc = open_port(port);
	if (rc) {
		bus_close();
		return rc;
	}
	if (!resumed)
		adopt_indices();
	page->magic = RINGLET_VBUS_MAGIC;
	page->revision = RINGLET_VBUS_REVISION;
	page->to_device.cons = state->consumed;
	page->to_driver.prod = state->produced;
	page->epoch = state->epoch;
	__atomic_store_n(&page->device_up, 1, __ATOMIC_RELEASE);
	for (i = 0; i < RINGLET_VBUS_MAX_DEVICES; i++)
		if (devices[i] && devices[i]->s->request.valid)
			run_request(devices[i]);
	send_event();
	bus_poll();
	return 0;
}

void bus_close(void)
{
	source_close(&event_in);
	if (event_out >= 0)
		close(event_out);
	if (local_port >= 0)
		guest_port_close(local_port);
	if (page)
		munmap(page, sizeof(*page));
	event_out = local_port = -1;
	page = NULL;
	broken = false;
	memset(device_events, 0, sizeof(device_events));
}
