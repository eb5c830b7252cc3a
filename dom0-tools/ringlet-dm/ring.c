// SPDX-License-Identifier: GPL-2.0-only
/*
 * Split virtqueues in the guest's memory, as the manager looks at them: how far
 * they are, requests for a device that is built in, and what a backend that died
 * has left undone. The guest may write there at any time: each value is read
 * once, and none is believed.
 */
#include "dm.h"

#include <errno.h>
#include <stdlib.h>
#include <linux/virtio_ring.h>

static uint16_t load16(const uint16_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static uint64_t avail_len(uint32_t size)
{
	return 6 + 2 * (uint64_t)size;
}

static uint64_t used_len(uint32_t size)
{
	return 6 + 8 * (uint64_t)size;
}

/* Where the driver keeps its numbers of outstanding heads, behind the ring. */
static uint64_t numbers_offset(uint32_t size)
{
	return (used_len(size) + 7) & ~7ULL;
}

bool ring_valid(const struct saved_queue *s)
{
	uint64_t len = used_len(s->size);

	if (s->flags & RINGLET_VQ_NUMBERS)
		len = numbers_offset(s->size) + 4 * (uint64_t)s->size;
	return s->size && s->size <= QUEUE_SIZE && !(s->size & (s->size - 1)) &&
	       !(s->desc & 15) && !(s->driver & 1) && !(s->device & 3) &&
	       memory_at(s->desc, 16 * (uint64_t)s->size) &&
	       memory_at(s->driver, avail_len(s->size)) &&
	       memory_at(s->device, len);
}

static struct vring_avail *avail_of(const struct saved_queue *s)
{
	return memory_at(s->driver, avail_len(s->size));
}

static struct vring_used *used_of(const struct saved_queue *s)
{
	return memory_at(s->device, used_len(s->size));
}

uint16_t ring_avail(const struct saved_queue *s)
{
	return load16(&avail_of(s)->idx);
}

uint16_t ring_used(const struct saved_queue *s)
{
	return load16(&used_of(s)->idx);
}

/* --- Requests for built-in devices ---------------------------------------- */

static int take_chain(const struct saved_queue *s, uint16_t at,
		      struct piece *pieces, unsigned int max)
{
	const struct vring_desc *table = memory_at(s->desc,
						   16 * (uint64_t)s->size);
	struct vring_desc desc;
	unsigned int n = 0;

	for (;;) {
		if (at >= s->size || n == max)
			return -1;
		desc.addr = __atomic_load_n(&table[at].addr, __ATOMIC_RELAXED);
		desc.len = __atomic_load_n(&table[at].len, __ATOMIC_RELAXED);
		desc.flags = __atomic_load_n(&table[at].flags, __ATOMIC_RELAXED);
		desc.next = __atomic_load_n(&table[at].next, __ATOMIC_RELAXED);
		if (desc.flags & VRING_DESC_F_INDIRECT)
			return -1;
		pieces[n].data = memory_at(desc.addr, desc.len);
		pieces[n].len = desc.len;
		pieces[n].write = desc.flags & VRING_DESC_F_WRITE;
		if (!desc.len || !pieces[n++].data)
			return -1;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return (int)n;
		at = desc.next;
	}
}

int ring_take(const struct saved_queue *s, uint16_t *next, uint16_t *head,
	      struct piece *pieces, unsigned int max)
{
	const struct vring_avail *avail = avail_of(s);
	uint16_t idx = load16(&avail->idx);

	if (idx == *next)
		return 0;
	if ((uint16_t)(idx - *next) > s->size)
		return -1;
	*head = load16(&avail->ring[*next & (s->size - 1)]);
	++*next;
	return take_chain(s, *head, pieces, max);
}

void ring_give(const struct saved_queue *s, uint16_t head, uint32_t len)
{
	struct vring_used *used = used_of(s);
	uint16_t idx = load16(&used->idx);
	volatile struct vring_used_elem *e = &used->ring[idx & (s->size - 1)];

	e->id = head;
	e->len = len;
	__atomic_store_n(&used->idx, (uint16_t)(idx + 1), __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

bool ring_wants_call(const struct saved_queue *s)
{
	return !(load16(&avail_of(s)->flags) & VRING_AVAIL_F_NO_INTERRUPT);
}

/* --- Recovery --------------------------------------------------------------- */

struct outstanding {
	uint16_t head;
	uint16_t age;		/* entries made since, in the avail ring */
};

static int by_age(const void *a, const void *b)
{
	return ((const struct outstanding *)b)->age -
	       ((const struct outstanding *)a)->age;
}

/*
 * Heads whose entry is published, as the driver's numbers say. 'done' has those
 * that a backend has finished and the driver has not yet looked at: they have
 * numbers too. Returns how many are left.
 */
static unsigned int collect(const struct saved_queue *s, uint16_t avail,
			    const uint8_t *done, struct outstanding *list)
{
	const uint32_t *number = (const uint32_t *)((const uint8_t *)
		used_of(s) + numbers_offset(s->size));
	unsigned int head, n = 0;
	uint32_t value;

	for (head = 0; head < s->size; head++) {
		value = __atomic_load_n(&number[head], __ATOMIC_ACQUIRE);
		if (!(value & RINGLET_VQ_OUTSTANDING) || (uint16_t)value == avail ||
		    done[head])
			continue;
		list[n].head = (uint16_t)head;
		list[n++].age = (uint16_t)(avail - (uint16_t)value);
	}
	return n;
}

int ring_recover(const struct saved_queue *s, const char **why)
{
	struct outstanding list[QUEUE_SIZE];
	uint8_t done[QUEUE_SIZE] = { 0 };
	struct vring_avail *avail = avail_of(s);
	struct vring_used *used = used_of(s);
	uint16_t end = load16(&avail->idx), at = load16(&used->idx);
	unsigned int i, n, missing = (uint16_t)(end - at);
	uint32_t id;

	*why = "its ring makes no sense";
	if (missing > s->size)
		return -EINVAL;
	if (!missing)
		return 0;
	*why = "its driver does not say which requests are in flight";
	if (!(s->flags & RINGLET_VQ_NUMBERS))
		return -ENOTSUP;
	/* Newest first: there are as many of them as there are too many. */
	*why = "its driver's numbers of requests in flight make no sense";
	for (i = 1; (n = collect(s, end, done, list)) > missing; i++) {
		if (i > s->size)
			return -EINVAL;
		id = __atomic_load_n(&used->ring[(uint16_t)(at - i) &
						 (s->size - 1)].id,
				     __ATOMIC_ACQUIRE);
		if (id >= s->size)
			return -EINVAL;
		done[id] = 1;
	}
	if (n != missing)
		return -EINVAL;
	qsort(list, n, sizeof(*list), by_age);
	for (i = 0; i < n; i++)
		__atomic_store_n(&avail->ring[(uint16_t)(at + i) &
					      (s->size - 1)],
				 list[i].head, __ATOMIC_RELEASE);
	return (int)n;
}
