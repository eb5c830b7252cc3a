// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for tests of ringlet-dm: the guest's side of the bus and of virtqueues.
 * See dm_fake.h.
 */
#include "dm_fake.h"

#include <string.h>
#include <unistd.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#define HEADER	offsetof(struct ringlet_vmsg, body)

unsigned int config_events;
static uint32_t device_state[RINGLET_VBUS_MAX_DEVICES];
static uint16_t token;

static void send_event(uint32_t port)
{
	uint64_t one = 1;

	if (fake_ports[port].irqfd >= 0 &&
	    write(fake_ports[port].irqfd, &one, sizeof(one)) < 0)
		return;
}

/* --- The bus ------------------------------------------------------------------ */

void bus_send(const struct ringlet_vmsg *m)
{
	struct ringlet_vbus_ring *ring = &fake_bus->to_device;

	memcpy(&ring->slot[ring->prod % RINGLET_VBUS_SLOTS], m, sizeof(*m));
	__atomic_store_n(&ring->prod, ring->prod + 1, __ATOMIC_RELEASE);
	send_event(FAKE_BUS_PORT);
}

static bool take(struct ringlet_vmsg *m)
{
	struct ringlet_vbus_ring *ring = &fake_bus->to_driver;

	if (__atomic_load_n(&ring->prod, __ATOMIC_ACQUIRE) == ring->cons)
		return false;
	memcpy(m, &ring->slot[ring->cons % RINGLET_VBUS_SLOTS], sizeof(*m));
	__atomic_store_n(&ring->cons, ring->cons + 1, __ATOMIC_RELEASE);
	return true;
}

static void take_event(const struct ringlet_vmsg *m)
{
	struct ringlet_vmsg_device body;

	if (m->type == RINGLET_VMSG_BUS &&
	    m->id == RINGLET_VMSG_EVENT_DEVICE) {
		memcpy(&body, m->body, sizeof(body));
		device_state[body.dev % RINGLET_VBUS_MAX_DEVICES] = body.state;
	} else if (!m->type && m->id == RINGLET_VMSG_EVENT_CONFIG) {
		config_events++;
	}
}

bool bus_receive(struct ringlet_vmsg *m, int ms)
{
	return UNTIL(take(m), (uint64_t)ms);
}

bool bus_ask(unsigned int type, unsigned int dev, unsigned int id,
	     const void *body, size_t len, void *reply, size_t out)
{
	struct ringlet_vmsg m = {
		.type = (uint8_t)type,
		.id = (uint8_t)id,
		.dev = (uint16_t)dev,
		.size = (uint16_t)(HEADER + len),
	}, answer;
	uint64_t end = fake_ms() + 5000;

	m.token = ++token;
	if (len)
		memcpy(m.body, body, len);
	bus_send(&m);
	while (fake_ms() < end) {
		if (!bus_receive(&answer, 5000))
			return false;
		take_event(&answer);
		if (answer.type != (type | RINGLET_VMSG_RESPONSE) ||
		    answer.token != m.token || answer.id != id ||
		    answer.dev != dev || answer.size < HEADER + out)
			continue;
		memcpy(reply, answer.body, out);
		return true;
	}
	return false;
}

uint32_t bus_device_event(unsigned int dev, int ms)
{
	uint64_t end = fake_ms() + (uint64_t)ms;
	struct ringlet_vmsg m;
	uint32_t value;

	while (!device_state[dev] && fake_ms() < end)
		if (bus_receive(&m, 10))
			take_event(&m);
	value = device_state[dev];
	device_state[dev] = 0;
	return value;
}

/* --- Devices -------------------------------------------------------------------- */

uint32_t dev_status(unsigned int dev)
{
	struct ringlet_vmsg_status s = { 0xffffffff };

	bus_ask(0, dev, RINGLET_VMSG_GET_STATUS, NULL, 0, &s, sizeof(s));
	return s.status;
}

uint32_t dev_set_status(unsigned int dev, uint32_t status)
{
	struct ringlet_vmsg_status s = { status }, r = { 0xffffffff };

	bus_ask(0, dev, RINGLET_VMSG_SET_STATUS, &s, sizeof(s), &r, sizeof(r));
	return r.status;
}

bool dev_reset(unsigned int dev)
{
	unsigned int tries;

	for (tries = 0; tries < 5; tries++)
		if (!dev_set_status(dev, 0))
			return true;
	return false;
}

uint64_t dev_features(unsigned int dev)
{
	struct ringlet_vmsg_features f = { .index = 0, .count = 2 }, r = { 0 };

	bus_ask(0, dev, RINGLET_VMSG_GET_FEATURES, &f, sizeof(f), &r,
		sizeof(r));
	return (uint64_t)r.bits[1] << 32 | r.bits[0];
}

static uint64_t avail_at(const struct vq *q)
{
	return q->base + 16 * (uint64_t)q->size;
}

static uint64_t used_at(const struct vq *q)
{
	return (avail_at(q) + 6 + 2 * (uint64_t)q->size + 4095) & ~4095ULL;
}

static uint32_t *number_of(const struct vq *q)
{
	return (uint32_t *)fake_memory(used_at(q) +
				       ((6 + 8 * (uint64_t)q->size + 7) & ~7ULL));
}

bool vq_set(struct vq *q)
{
	struct ringlet_vmsg_queue set = {
		.index = q->index,
		.size = q->size,
		.flags = q->numbers ? RINGLET_VQ_NUMBERS : 0,
		.desc = q->base,
		.driver = avail_at(q),
		.device = used_at(q),
	}, r = { 0 };

	memset(fake_memory(q->base), 0, 16384);
	return bus_ask(0, q->dev, RINGLET_VMSG_SET_QUEUE, &set, sizeof(set),
		       &r, sizeof(r)) && r.size == q->size &&
	       r.device == used_at(q);
}

bool vq_bind(struct vq *q)
{
	struct ringlet_vmsg_bind b = { .index = q->index }, r = { 0 };

	if (!bus_ask(0, q->dev, RINGLET_VMSG_BIND_QUEUE, &b, sizeof(b), &r,
		     sizeof(r)))
		return false;
	q->port = r.kick;
	return r.kick && r.kick == r.call && r.kick < FAKE_PORTS;
}

bool dev_start(unsigned int dev, struct vq *q, uint64_t base,
	       unsigned int size, bool numbers, uint64_t features)
{
	struct ringlet_vmsg_features f = {
		.count = 2,
		.bits = { (uint32_t)features, (uint32_t)(features >> 32) },
	}, r = { 0 };

	*q = (struct vq){ .dev = dev, .size = size, .base = base,
			  .numbers = numbers };
	if (dev_set_status(dev, 1) != 1 || dev_set_status(dev, 3) != 3 ||
	    !bus_ask(0, dev, RINGLET_VMSG_SET_FEATURES, &f, sizeof(f), &r,
		     sizeof(r)) || r.bits[0] != f.bits[0] ||
	    r.bits[1] != f.bits[1] || dev_set_status(dev, 11) != 11)
		return false;
	return vq_bind(q) && vq_set(q) && dev_set_status(dev, 15) == 15;
}

/* --- Queues ---------------------------------------------------------------------- */

void vq_add(struct vq *q, unsigned int head, const struct vq_piece *p,
	    unsigned int n)
{
	struct vring_desc *desc = (void *)fake_memory(q->base);
	struct vring_avail *avail = (void *)fake_memory(avail_at(q));
	unsigned int i, at = head * 3;

	for (i = 0; i < n; i++) {
		desc[at + i].addr = p[i].gpa;
		desc[at + i].len = p[i].len;
		desc[at + i].flags = (p[i].write ? VRING_DESC_F_WRITE : 0) |
				     (i + 1 < n ? VRING_DESC_F_NEXT : 0);
		desc[at + i].next = (uint16_t)(at + i + 1);
	}
	q->busy[head] = true;
	if (q->numbers)
		__atomic_store_n(&number_of(q)[at], RINGLET_VQ_OUTSTANDING |
				 q->avail, __ATOMIC_RELEASE);
	avail->ring[q->avail % q->size] = (uint16_t)at;
	__atomic_store_n(&avail->idx, ++q->avail, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void vq_kick(struct vq *q)
{
	send_event(q->port);
}

static int take_used(struct vq *q)
{
	struct vring_used *used = (void *)fake_memory(used_at(q));
	struct vring_used_elem *e = &used->ring[q->seen % q->size];

	if (__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) == q->seen)
		return -1;
	if (e->id % 3 || e->id / 3 >= FAKE_DEPTH || !q->busy[e->id / 3])
		return -2;
	q->seen++;
	q->busy[e->id / 3] = false;
	q->used_len[e->id / 3] = e->len;
	if (q->numbers)
		__atomic_store_n(&number_of(q)[e->id], 0, __ATOMIC_RELEASE);
	return (int)e->id / 3;
}

int vq_done(struct vq *q, int ms)
{
	int head = -1;

	(void)UNTIL((head = take_used(q)) != -1, (uint64_t)ms);
	return head;
}

/* --- Disks ------------------------------------------------------------------------ */

/* Headers and status bytes of requests lie behind the ring. */
static uint64_t header_at(const struct vq *q, unsigned int head)
{
	return q->base + 0x8000 + head * 32ULL;
}

void blk_begin(struct vq *q, unsigned int head, uint32_t type,
	       uint64_t sector, uint64_t gpa, uint32_t len)
{
	uint64_t at = header_at(q, head);
	struct vq_piece p[3] = {
		{ at, 16, false }, { gpa, len, type == 0 }, { at + 16, 1, true },
	};

	memcpy(fake_memory(at), &type, sizeof(type));
	memset(fake_memory(at + 4), 0, 4);
	memcpy(fake_memory(at + 8), &sector, sizeof(sector));
	*fake_memory(at + 16) = 0xff;
	if (!len)
		p[1] = p[2];
	vq_add(q, head, p, len ? 3 : 2);
}

int blk_status(struct vq *q, unsigned int head)
{
	return *fake_memory(header_at(q, head) + 16);
}

int blk_do(struct vq *q, uint32_t type, uint64_t sector, uint64_t gpa,
	   uint32_t len)
{
	blk_begin(q, 0, type, sector, gpa, len);
	vq_kick(q);
	return vq_done(q, 10000) ? -1 : blk_status(q, 0);
}
