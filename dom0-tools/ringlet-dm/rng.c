// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entropy, built in: fills what the guest gives with random bytes of domain 0.
 */
#include "dm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <linux/virtio_ids.h>
#include <sys/random.h>

#define PIECES		8	/* of a request, at most */
#define TURN_BYTES	65536	/* then it is others' turn */
#define OFFERED		FEATURE_VERSION_1

struct rng {
	uint16_t next;		/* in the avail ring */
};

/* Fill a request. Returns the bytes written. */
static uint32_t fill(const struct piece *pieces, int count)
{
	uint32_t len = 0;
	ssize_t n;
	int i;

	for (i = 0; i < count && len < TURN_BYTES; i++) {
		if (!pieces[i].write)
			continue;
		n = getrandom(pieces[i].data, pieces[i].len < TURN_BYTES ?
			      pieces[i].len : TURN_BYTES, GRND_NONBLOCK);
		if (n <= 0)
			break;
		len += (uint32_t)n;
		if ((uint32_t)n < pieces[i].len)
			break;
	}
	return len;
}

static void serve(struct queue *q)
{
	const struct saved_queue *s = queue_saved(q);
	struct rng *rng = q->d->private;
	struct piece pieces[PIECES];
	uint32_t total = 0, len;
	bool done = false;
	uint16_t head;
	int n;

	while (total < TURN_BYTES) {
		n = ring_take(s, &rng->next, &head, pieces, PIECES);
		if (n < 0) {
			device_break(q->d, "its request makes no sense");
			source_close(&q->kicked);
			return;
		}
		if (!n)
			break;
		len = fill(pieces, n);
		ring_give(s, head, len);
		total += len + 64;
		done = true;
	}
	if (total >= TURN_BYTES)
		queue_kick(q);
	if (done && ring_wants_call(s))
		queue_call(q);
}

static void rng_start(struct device *d)
{
	struct queue *q = &d->queue[0];
	struct rng *rng = d->private;

	rng->next = d->s->ran ? ring_used(queue_saved(q)) : 0;
	if (queue_saved(q)->size && !queue_watch(q, serve))
		return;
	device_phase(d, PHASE_STARTED);
}

static void rng_stop(struct device *d)
{
	source_close(&d->queue[0].kicked);
	device_phase(d, PHASE_READY);
}

static void rng_close(struct device *d)
{
	source_close(&d->queue[0].kicked);
	free(d->private);
	d->private = NULL;
}

static const struct backend rng_backend = {
	.name = "rng",
	.start = rng_start,
	.stop = rng_stop,
	.hang_up = rng_stop,
	.close = rng_close,
};

int rng_attach(struct device *d, char *error, size_t size)
{
	struct rng *rng = calloc(1, sizeof(*rng));

	if (!rng) {
		snprintf(error, size, "there is no memory for the device");
		return -ENOMEM;
	}

	d->s->queues = 1;
	d->s->offered = memory_features(OFFERED);
	d->backend = &rng_backend;
	d->private = rng;
	d->phase = PHASE_CONNECTING;
	device_phase(d, PHASE_READY);
	return 0;
}
