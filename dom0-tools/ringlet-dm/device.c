// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices as the guest's driver sees them: features, configuration, queues,
 * status. What the driver has set up is in the state file; where the backend is
 * says 'phase'; device_advance() brings the two together.
 *
 * A queue is only stopped when the backend has finished what it took: not every
 * backend waits for that itself, and the driver frees the buffers after a reset.
 */
#include "dm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/virtio_config.h>
#include "guest.h"

#define ACKNOWLEDGE	VIRTIO_CONFIG_S_ACKNOWLEDGE
#define DRIVER		VIRTIO_CONFIG_S_DRIVER
#define DRIVER_OK	VIRTIO_CONFIG_S_DRIVER_OK
#define FEATURES_OK	VIRTIO_CONFIG_S_FEATURES_OK
#define NEEDS_RESET	VIRTIO_CONFIG_S_NEEDS_RESET

struct device *devices[RINGLET_VBUS_MAX_DEVICES];

/* Removed ones: a caller further up may still hold a pointer. */
static struct device *removed[RINGLET_VBUS_MAX_DEVICES];
static unsigned int removed_count;

struct saved_queue *queue_saved(struct queue *q)
{
	return &q->d->s->queue[q->index];
}

bool device_driver_ok(const struct device *d)
{
	return d->s->status & DRIVER_OK && !(d->s->status & NEEDS_RESET) &&
	       !d->resetting;
}

void device_break(struct device *d, const char *format, ...)
{
	char text[200];
	va_list args;

	if (d->s->status & NEEDS_RESET)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	note("device %u is broken until it is reset: %s", d->nr, text);
	d->s->status |= NEEDS_RESET;
	bus_event_config(d);
}

void device_config_changed(struct device *d)
{
	d->s->generation++;
	bus_event_config(d);
}

/* --- Beginning and end of a device ------------------------------------------ */

static void nothing(struct device *d)
{
	(void)d;
}

/* Of a device that nobody has attached yet in this process. */
static const struct backend no_backend = {
	.name = "none",
	.start = nothing,
	.stop = nothing,
	.hang_up = nothing,
	.close = nothing,
};

static struct device *device_make(unsigned int nr)
{
	struct device *d = calloc(1, sizeof(*d));
	unsigned int i;

	if (!d)
		return NULL;
	d->nr = nr;
	d->s = &state->device[nr];
	d->backend = &no_backend;
	d->attach_id = d->detach_id = -1;
	for (i = 0; i < RINGLET_VBUS_MAX_QUEUES; i++)
		d->queue[i] = (struct queue){
			.d = d,
			.index = i,
			.port = -1,
			.kick = -1,
			.call = -1,
			.kicked.fd = -1,
		};
	devices[nr] = d;
	return d;
}

struct device *device_open(unsigned int nr, enum backend_kind kind,
			   uint32_t type)
{
	struct device *d = devices[nr];

	if (d && (d->s->kind != kind || d->s->type != type))
		device_remove(d);
	d = devices[nr];
	if (d)
		return d;
	memset(&state->device[nr], 0, sizeof(state->device[nr]));
	d = device_make(nr);
	if (d) {
		d->s->kind = kind;
		d->s->type = type;
	}
	return d;
}

void devices_resume(void)
{
	unsigned int i;

	for (i = 0; i < RINGLET_VBUS_MAX_DEVICES; i++) {
		struct saved_device *s = &state->device[i];

		if (!s->present)
			memset(s, 0, sizeof(*s));
		else if (device_make(i))
			devices[i]->unfinished = s->kind == KIND_VHOST_USER &&
						 s->status & DRIVER_OK;
	}
	if (state->paused)
		guest_pause(false);
	state->paused = 0;
}

static void device_detached(struct device *d, const char *error)
{
	if (d->detach_id >= 0)
		control_answer(d->detach_id, error);
	d->detach_id = -1;
}

static void device_forget(struct device *d)
{
	unsigned int i;

	d->backend->close(d);
	for (i = 0; i < RINGLET_VBUS_MAX_QUEUES; i++)
		queue_unbind(&d->queue[i]);
	devices[d->nr] = NULL;
	removed[removed_count++] = d;
}

static void free_removed(void)
{
	while (removed_count)
		free(removed[--removed_count]);
}

void device_remove(struct device *d)
{
	bool present = d->s->present;

	if (removed_count == RINGLET_VBUS_MAX_DEVICES)
		free_removed();
	device_forget(d);
	memset(d->s, 0, sizeof(*d->s));
	device_detached(d, NULL);
	if (d->attach_id >= 0)
		control_answer(d->attach_id, "the device was detached");
	d->attach_id = -1;
	if (present)
		bus_event_device(d->nr, RINGLET_VDEV_REMOVED);
}

void device_unplug(struct device *d)
{
	if (!(d->s->status & DRIVER) && !d->resetting) {
		device_remove(d);
		return;
	}
	d->s->unplug = 1;
	bus_event_device(d->nr, RINGLET_VDEV_UNPLUG);
}

/* The process ends: what is saved stays for a successor. */
void devices_close(void)
{
	unsigned int i;

	for (i = 0; i < RINGLET_VBUS_MAX_DEVICES; i++) {
		if (devices[i])
			device_forget(devices[i]);
		free_removed();
	}
}

/* --- Reset ------------------------------------------------------------------- */

static void reset_done(struct device *d)
{
	struct saved_device *s = d->s;
	bool unplug = s->unplug;
	unsigned int i;

	for (i = 0; i < RINGLET_VBUS_MAX_QUEUES; i++) {
		queue_unbind(&d->queue[i]);
		memset(&s->queue[i], 0, sizeof(s->queue[i]));
	}
	s->features = 0;
	s->ran = 0;
	s->status = 0;
	d->resetting = d->draining = false;
	if (s->request.valid) {
		s->request.message.size = sizeof(s->request.message);
		memset(s->request.message.body, 0,
		       sizeof(s->request.message.body));
		bus_answer(d, &s->request.message,
			   sizeof(struct ringlet_vmsg_status));
	}
	if (unplug)
		device_remove(d);
}

/* Where each queue's used.idx will be when all is done that was asked for. */
static void drain_begin(struct device *d)
{
	unsigned int i;

	d->draining = true;
	d->drain_since = now_ms();
	for (i = 0; i < d->s->queues; i++) {
		if (!d->s->queue[i].size)
			continue;
		d->drain_to[i] = ring_avail(&d->s->queue[i]);
		queue_kick(&d->queue[i]);
	}
}

static bool drained(struct device *d)
{
	unsigned int i;

	for (i = 0; i < d->s->queues; i++)
		if (d->s->queue[i].size &&
		    (int16_t)(ring_used(&d->s->queue[i]) - d->drain_to[i]) < 0)
			return false;
	return true;
}

static void drain_advance(struct device *d)
{
	uint64_t now = now_ms();

	if (!d->draining)
		drain_begin(d);
	if (!d->backend->drains || drained(d)) {
		d->draining = false;
		d->phase = PHASE_STOPPING;
		d->backend->stop(d);
		return;
	}
	if (!d->drain_since)
		return;
	if (now > d->drain_since + DRAIN_PATIENCE) {
		note("device %u: requests do not end, the connection to the backend does",
		     d->nr);
		d->drain_since = 0;
		d->backend->hang_up(d);
		return;
	}
	wake_at(now + DRAIN_POLL);
}

/* --- Start ------------------------------------------------------------------- */

/* No backend is there: what the guest adds now comes in its order. */
static bool nothing_in_flight(struct device *d)
{
	unsigned int i;

	for (i = 0; i < d->s->queues; i++)
		if (d->s->queue[i].size && ring_avail(&d->s->queue[i]) !=
					   ring_used(&d->s->queue[i]))
			return false;
	return true;
}

/*
 * A backend comes to a device that was at work. What its predecessor took and
 * did not finish must come again, exactly: the guest stands still meanwhile.
 */
static int recover(struct device *d)
{
	const char *why = "the guest cannot be paused";
	unsigned int i;
	int n, total = 0;

	if (nothing_in_flight(d))
		return 0;
	state->paused = 1;
	n = guest_pause(true);
	if (!n) {
		for (i = 0; i < d->s->queues && n >= 0; i++) {
			if (!d->s->queue[i].size)
				continue;
			n = ring_recover(&d->s->queue[i], &why);
			total += n > 0 ? n : 0;
		}
		guest_pause(false);
	}
	state->paused = 0;
	if (n == -ENOTSUP && !d->restarted)
		n = 0;
	if (n < 0)
		device_break(d, "requests in flight are lost: %s", why);
	else if (total)
		note("device %u: %d requests in flight are done again", d->nr,
		     total);
	return n < 0 ? n : 0;
}

/* Its rings and ports may be a predecessor's. */
static int take_queues(struct device *d)
{
	unsigned int i;

	for (i = 0; i < d->s->queues; i++) {
		if (!d->s->queue[i].size)
			continue;
		if (!ring_valid(&d->s->queue[i]) || queue_bind(&d->queue[i])) {
			device_break(d, "queue %u cannot go on", i);
			return -EINVAL;
		}
	}
	return 0;
}

static void start(struct device *d)
{
	if (d->s->features & ~d->s->offered) {
		device_break(d, "the backend lacks features that the last one had (%#llx)",
			     (unsigned long long)(d->s->features &
						  ~d->s->offered));
		return;
	}
	if (take_queues(d) || (d->s->ran && d->backend->drains && recover(d)))
		return;
	d->phase = PHASE_STARTING;
	d->backend->start(d);
}

/* It works again or for the first time: events may have been lost before. */
static void started(struct device *d)
{
	unsigned int i;

	for (i = 0; d->s->ran && i < d->s->queues; i++) {
		if (!d->s->queue[i].size)
			continue;
		queue_kick(&d->queue[i]);
		queue_call(&d->queue[i]);
	}
	d->s->ran = 1;
	d->restarted = false;
}

void device_advance(struct device *d)
{
	struct saved_request *r = &d->s->request;
	struct ringlet_vmsg_status body;

	if (d->resetting) {
		if (d->phase == PHASE_STARTED)
			drain_advance(d);
		if (d->resetting && (d->phase == PHASE_READY ||
				     (!d->unfinished &&
				      (d->phase == PHASE_NONE ||
				       d->phase == PHASE_CONNECTING))))
			reset_done(d);
		return;
	}
	if (d->phase == PHASE_READY && device_driver_ok(d))
		start(d);
	if (r->valid && r->message.id == RINGLET_VMSG_SET_STATUS &&
	    (d->phase == PHASE_STARTED || d->s->status & NEEDS_RESET)) {
		body.status = d->s->status;
		memcpy(r->message.body, &body, sizeof(body));
		bus_answer(d, &r->message, sizeof(body));
	}
}

/* A new device is ready for the guest, or an old one has its backend again. */
static void attached(struct device *d)
{
	if (d->attach_id < 0)
		return;
	if (!d->s->present) {
		__atomic_store_n(&d->s->present, 1, __ATOMIC_RELEASE);
		bus_event_device(d->nr, RINGLET_VDEV_READY);
	}
	control_answer(d->attach_id, NULL);
	d->attach_id = -1;
}

void device_phase(struct device *d, enum phase phase)
{
	enum phase before = d->phase;

	d->phase = phase;
	/* A backend serves a connection when it has finished with the last. */
	if (phase == PHASE_READY)
		d->unfinished = false;
	if (before == PHASE_CONNECTING && phase == PHASE_READY)
		attached(d);
	if (phase == PHASE_STARTED)
		started(d);
	device_advance(d);
}

void device_lost(struct device *d, const char *why)
{
	char text[200];

	d->backend->close(d);
	d->phase = PHASE_NONE;
	if (d->attach_id >= 0) {
		snprintf(text, sizeof(text), "device %u: the backend %s",
			 d->nr, why);
		control_answer(d->attach_id, text);
		d->attach_id = -1;
		if (!d->s->present) {
			device_remove(d);
			return;
		}
	} else {
		note("device %u: the backend %s", d->nr, why);
		control_event("backend-lost", d->nr);
	}
	device_advance(d);
}

/* --- What is overdue --------------------------------------------------------- */

/* The guest is not left without an answer, even if it is not what it wants. */
static void answer_late(struct device *d)
{
	struct ringlet_vmsg_status body;

	if (!d->resetting)
		device_break(d, "its backend has not started in %d ms",
			     GUEST_PATIENCE);
	body.status = d->s->status;
	if (d->resetting && !body.status)
		body.status = NEEDS_RESET;
	memcpy(d->s->request.message.body, &body, sizeof(body));
	bus_answer(d, &d->s->request.message, sizeof(body));
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

static uint64_t device_tick(struct device *d, uint64_t now)
{
	uint64_t next = 0;

	if (d->s->request.valid && d->answer_by) {
		if (now >= d->answer_by)
			answer_late(d);
		else
			next = earlier(next, d->answer_by);
	}
	if (d->backend->tick && d->phase != PHASE_NONE)
		next = earlier(next, d->backend->tick(d, now));
	if (devices[d->nr] != d)
		return 0;
	if (d->detach_id >= 0 && now >= d->detach_by) {
		device_detached(d, "the guest has not released the device in 10 seconds");
		d->s->unplug = 0;
	}
	if (d->detach_id >= 0)
		next = earlier(next, d->detach_by);
	if (d->attach_id >= 0 && now >= d->attach_by) {
		device_lost(d, "does not answer");
		return next;
	}
	if (d->attach_id >= 0)
		next = earlier(next, d->attach_by);
	if (d->draining)
		device_advance(d);
	return next;
}

uint64_t devices_tick(uint64_t now)
{
	uint64_t next = 0;
	unsigned int i;

	for (i = 0; i < RINGLET_VBUS_MAX_DEVICES; i++)
		if (devices[i])
			next = earlier(next, device_tick(devices[i], now));
	free_removed();
	return next;
}
