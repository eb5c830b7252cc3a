// SPDX-License-Identifier: GPL-2.0-only
/*
 * The balloon, built in: the guest gives pages back and gets them again.
 *
 * What is in a request are page numbers that the guest made up: each must be of its
 * memory, and no ring of a device may lie in it. The hypervisor knows which pages
 * there are, so that nothing is lost when this process is killed: its successor
 * does the request again, and pages that have gone already are no error.
 *
 * A guest asks for pages before it uses them again (MUST_TELL_HOST). A request that
 * cannot be met, as the host has no memory or the guest was told to do with less,
 * waits: an answer would let the guest use pages that are not there.
 */
#include "dm.h"
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/virtio_balloon.h>
#include <linux/virtio_ids.h>

#define OFFERED		(FEATURE_VERSION_1 | 1ULL << VIRTIO_BALLOON_F_MUST_TELL_HOST)
#define CONFIG_SIZE	8	/* num_pages, actual */
#define PIECES		8	/* of a request, at most */
#define REQUEST_PAGES	1024
#define TURN_RUNS	32	/* of pages; then it is others' turn */
#define SLACK		1024	/* pages that the guest may have too many */
#define AGAIN_MS	20	/* memory is being scrubbed */
#define LATER_MS	500	/* there is none */

enum { INFLATE, DEFLATE, QUEUES };

/* A request that was taken and is not done. */
struct pending {
	bool valid;
	uint16_t head;
	unsigned int count, at;
	unsigned int refused;		/* pages */
	uint64_t gfn[REQUEST_PAGES];	/* ascending */
};

struct balloon {
	uint16_t next[QUEUES];		/* in the avail ring */
	uint32_t target;		/* pages that the guest shall give */
	struct pending pending[QUEUES];
	uint64_t again_at;		/* ms; 0: no deflate waits */
	bool complained;		/* of what it waits for */
};

/* --- Which pages ------------------------------------------------------------ */

static bool overlaps(uint64_t gfn, uint64_t start, uint64_t len)
{
	return start >> 12 <= gfn && gfn <= (start + len - 1) >> 12;
}

static bool in_ring(uint64_t gfn)
{
	unsigned int i, k;

	for (i = 0; i < RINGLET_VBUS_MAX_DEVICES; i++) {
		for (k = 0; devices[i] && k < devices[i]->s->queues; k++) {
			const struct saved_queue *s = &devices[i]->s->queue[k];

			if (s->size &&
			    (overlaps(gfn, s->desc, 16ULL * s->size) ||
			     overlaps(gfn, s->driver, 6 + 2ULL * s->size) ||
			     overlaps(gfn, s->device, 16 + 12ULL * s->size)))
				return true;
		}
	}
	return false;
}

static bool may_go(uint64_t gfn)
{
	return memory_at(gfn << 12, 4096) && !in_ring(gfn);
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Copy what the guest has written. Returns false if it is no list of pages. */
static bool read_list(struct pending *p, const struct piece *pieces, int n)
{
	uint32_t k, pfn;
	int i;

	p->count = p->at = p->refused = 0;
	for (i = 0; i < n; i++) {
		if (pieces[i].write || pieces[i].len % sizeof(pfn) ||
		    pieces[i].len / sizeof(pfn) > REQUEST_PAGES - p->count)
			return false;
		for (k = 0; k < pieces[i].len; k += sizeof(pfn)) {
			memcpy(&pfn, pieces[i].data + k, sizeof(pfn));
			p->gfn[p->count++] = pfn;
		}
	}
	qsort(p->gfn, p->count, sizeof(p->gfn[0]), by_number);
	return true;
}

/* How many pages from 'at' on follow each other. */
static unsigned int run_of(const struct pending *p)
{
	unsigned int n = 1;

	while (p->at + n < p->count &&
	       p->gfn[p->at + n] == p->gfn[p->at] + n)
		n++;
	return n;
}

/* --- Inflate ---------------------------------------------------------------- */

static void take_pages(struct device *d, struct pending *p)
{
	unsigned int runs, run, n;
	int done;

	for (runs = 0; p->at < p->count && runs < TURN_RUNS; runs++) {
		run = run_of(p);
		for (n = 0; n < run && may_go(p->gfn[p->at] + n); n++)
			;
		done = n ? guest_memory_take(p->gfn[p->at], n) : 0;
		if (done <= 0) {
			p->refused++;
			p->at++;
			continue;
		}
		d->s->pages_given += (uint32_t)done;
		p->at += (unsigned int)done;
	}
	if (d->s->pages_given > d->s->most_given)
		d->s->most_given = d->s->pages_given;
}

/* --- Deflate ---------------------------------------------------------------- */

/* How many of 'count' pages may the guest have, as it keeps enough back? */
static unsigned int may_have(const struct device *d, unsigned int count)
{
	const struct balloon *b = d->private;
	uint32_t most = d->s->most_given, given = d->s->pages_given;
	uint32_t least = b->target < most ? b->target : most;

	if (least <= SLACK)
		return count;
	least -= SLACK;
	if (given <= least)
		return 0;
	return given - least < count ? given - least : count;
}

static void complain(struct device *d, const char *why)
{
	struct balloon *b = d->private;

	if (!b->complained)
		note("device %u: the guest waits for memory: %s", d->nr, why);
	b->complained = true;
}

/* They are there again. */
static void gave_pages(struct device *d, struct pending *p, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		memory_is_back(p->gfn[p->at + i]);
	d->s->pages_given -= n < d->s->pages_given ? n : d->s->pages_given;
	p->at += n;
}

/* Give pages back. Returns 0, or ms until it can be tried again. */
static uint64_t give_pages(struct device *d, struct pending *p)
{
	unsigned int runs, n;
	int done;

	for (runs = 0; p->at < p->count && runs < TURN_RUNS; runs++) {
		n = run_of(p);
		if (!memory_at(p->gfn[p->at] << 12, (uint64_t)n << 12))
			n = 1;
		if (!memory_at(p->gfn[p->at] << 12, 4096)) {
			p->at++;
			continue;
		}
		n = may_have(d, n);
		if (!n) {
			complain(d, "it was told to do with less");
			return LATER_MS;
		}
		done = guest_memory_give(p->gfn[p->at], n);
		if (done == -EAGAIN)
			return AGAIN_MS;
		if (done == -EINVAL || done == -ENOMEM) {
			complain(d, done == -ENOMEM ? "there is none" :
				 "it has as much as it may have");
			return LATER_MS;
		}
		/* EEXIST: it has this one. */
		if (done > 0)
			gave_pages(d, p, (unsigned int)done);
		else
			p->at++;
	}
	return 0;
}

/* --- Queues ----------------------------------------------------------------- */

/* Returns false if there is none, or one that makes no sense. */
static bool next_request(struct queue *q, struct pending *p)
{
	struct balloon *b = q->d->private;
	struct piece pieces[PIECES];
	int n;

	n = ring_take(queue_saved(q), &b->next[q->index], &p->head, pieces,
		      PIECES);
	if (n < 0)
		device_break(q->d, "its request makes no sense");
	else if (n && !read_list(p, pieces, n))
		device_break(q->d, "what it %s is no list of pages",
			     q->index == INFLATE ? "gives back" : "wants back");
	p->valid = n > 0 && device_driver_ok(q->d);
	return p->valid;
}

static void finish(struct queue *q, struct pending *p)
{
	struct balloon *b = q->d->private;

	if (p->refused)
		note("device %u: %u of %u pages that the guest gives back are not its memory, were given before, or have rings in them",
		     q->d->nr, p->refused, p->count);
	if (q->index == DEFLATE)
		b->complained = false;
	p->valid = false;
	ring_give(queue_saved(q), p->head, 0);
	if (ring_wants_call(queue_saved(q)))
		queue_call(q);
}

/* A part of the request that is under way, or of the next; then it is due again. */
static void serve(struct queue *q)
{
	struct balloon *b = q->d->private;
	struct pending *p = &b->pending[q->index];
	uint64_t wait = 0;

	if (!p->valid && !next_request(q, p)) {
		if (!device_driver_ok(q->d))
			source_close(&q->kicked);
		return;
	}
	if (q->index == INFLATE)
		take_pages(q->d, p);
	else
		wait = give_pages(q->d, p);
	if (wait) {
		b->again_at = now_ms() + wait;
		wake_at(b->again_at);
		return;
	}
	if (q->index == DEFLATE)
		b->again_at = 0;
	if (p->at == p->count)
		finish(q, p);
	queue_kick(q);
}

static uint64_t balloon_tick(struct device *d, uint64_t now)
{
	struct balloon *b = d->private;

	if (b->again_at && b->again_at <= now) {
		b->again_at = 0;
		if (d->phase == PHASE_STARTED && device_driver_ok(d))
			serve(&d->queue[DEFLATE]);
	}
	return b->again_at;
}

static void balloon_start(struct device *d)
{
	struct balloon *b = d->private;
	unsigned int i;

	b->again_at = 0;
	for (i = 0; i < QUEUES; i++) {
		struct queue *q = &d->queue[i];

		b->pending[i].valid = false;
		if (!queue_saved(q)->size)
			continue;
		b->next[i] = d->s->ran ? ring_used(queue_saved(q)) : 0;
		if (!queue_watch(q, serve))
			return;
	}
	device_phase(d, PHASE_STARTED);
}

static void close_queues(struct device *d)
{
	struct balloon *b = d->private;
	unsigned int i;

	for (i = 0; i < QUEUES; i++) {
		source_close(&d->queue[i].kicked);
		b->pending[i].valid = false;
	}
	b->again_at = 0;
}

static void balloon_stop(struct device *d)
{
	close_queues(d);
	device_phase(d, PHASE_READY);
}

static void balloon_close(struct device *d)
{
	close_queues(d);
	free(d->private);
	d->private = NULL;
}

/* The driver says how many pages it has given; how many it shall is not its own. */
static void balloon_set_config(struct device *d, uint32_t offset, uint32_t len)
{
	const struct balloon *b = d->private;

	(void)offset;
	(void)len;
	memcpy(d->s->config, &b->target, sizeof(b->target));
}

static const struct backend balloon_backend = {
	.name = "balloon",
	.start = balloon_start,
	.stop = balloon_stop,
	.hang_up = balloon_stop,
	.close = balloon_close,
	.set_config = balloon_set_config,
	.tick = balloon_tick,
};

void balloon_set(struct device *d, uint32_t pages)
{
	struct balloon *b = d->private;

	b->target = pages;
	memcpy(d->s->config, &pages, sizeof(pages));
	device_config_changed(d);
	if (b->again_at) {
		b->again_at = now_ms();
		wake_at(b->again_at);
	}
}

int balloon_attach(struct device *d, uint32_t pages, char *error, size_t size)
{
	struct balloon *b = calloc(1, sizeof(*b));

	if (!b) {
		snprintf(error, size, "there is no memory for the device");
		return -ENOMEM;
	}
	d->s->queues = QUEUES;
	d->s->offered = OFFERED;
	d->s->config_size = CONFIG_SIZE;
	d->backend = &balloon_backend;
	d->private = b;
	balloon_set(d, pages);
	d->phase = PHASE_CONNECTING;
	device_phase(d, PHASE_READY);
	return 0;
}
