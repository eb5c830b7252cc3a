// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests of the guest's driver to a device. What cannot be right is not done;
 * the answer says what is in effect, and a request that no driver would make
 * breaks the device until it is reset.
 */
#include "dm.h"

#include <string.h>
#include <linux/virtio_config.h>

#define FEATURES_OK	VIRTIO_CONFIG_S_FEATURES_OK
#define DRIVER_OK	VIRTIO_CONFIG_S_DRIVER_OK
#define NEEDS_RESET	VIRTIO_CONFIG_S_NEEDS_RESET
#define VENDOR		0x524c4e47	/* "GNLR" */
#define FEATURE_BLOCKS	4
#define CONFIG_DATA	sizeof(((struct ringlet_vmsg_config *)0)->data)

static int answer(struct ringlet_vmsg *m, const void *body, size_t len)
{
	memcpy(m->body, body, len);
	return (int)len;
}

/* May the driver set things up now? */
static bool may_set(const struct device *d)
{
	return !(d->s->status & (DRIVER_OK | NEEDS_RESET)) && !d->resetting;
}

static int get_info(struct device *d, struct ringlet_vmsg *m)
{
	struct ringlet_vmsg_info body = {
		.device_id = d->s->type,
		.vendor_id = VENDOR,
		.feature_bits = 64,
		.config_size = d->s->config_size,
		.queues = d->s->queues,
	};

	return answer(m, &body, sizeof(body));
}

static int features(struct device *d, struct ringlet_vmsg *m)
{
	struct ringlet_vmsg_features body;
	bool set = m->id == RINGLET_VMSG_SET_FEATURES;
	uint64_t bits, mask;
	unsigned int i, block;

	memcpy(&body, m->body, sizeof(body));
	if (!body.count || body.count > FEATURE_BLOCKS ||
	    body.index >= FEATURE_BLOCKS ||
	    body.index + body.count > FEATURE_BLOCKS) {
		device_break(d, "it is asked for %u blocks of features from %u on",
			     body.count, body.index);
		body.index = 0;
		body.count = FEATURE_BLOCKS;
		set = false;
	}
	if (set && (!may_set(d) || d->s->status & FEATURES_OK)) {
		device_break(d, "its features are set again");
		set = false;
	}
	for (i = 0; i < FEATURE_BLOCKS && set; i++) {
		block = body.index + i;
		if (i >= body.count)
			break;
		bits = block < 2 ? (uint64_t)body.bits[i] << 32 * block : 0;
		mask = block < 2 ? 0xffffffffULL << 32 * block : 0;
		if (bits & ~d->s->offered || (block >= 2 && body.bits[i]))
			device_break(d, "it is to have features that were not offered");
		else
			d->s->features = (d->s->features & ~mask) | bits;
	}
	bits = m->id == RINGLET_VMSG_SET_FEATURES ? d->s->features :
						    d->s->offered;
	for (i = 0; i < FEATURE_BLOCKS; i++) {
		block = body.index + i;
		body.bits[i] = i < body.count && block < 2 ?
			       (uint32_t)(bits >> 32 * block) : 0;
	}
	return answer(m, &body, sizeof(body));
}

static int config(struct device *d, struct ringlet_vmsg *m)
{
	struct ringlet_vmsg_config body;
	bool set = m->id == RINGLET_VMSG_SET_CONFIG;
	uint32_t size = d->s->config_size;

	memcpy(&body, m->body, sizeof(body));
	body.generation = d->s->generation;
	if (body.length > CONFIG_DATA || body.offset > size ||
	    body.length > size - body.offset) {
		device_break(d, "bytes %u to %llu of its configuration do not exist",
			     body.offset,
			     (unsigned long long)body.offset + body.length);
		body.offset = body.length = 0;
	}
	if (set && body.length && d->backend->set_config) {
		memcpy(d->s->config + body.offset, body.data, body.length);
		d->backend->set_config(d, body.offset, body.length);
	}
	memset(body.data, 0, sizeof(body.data));
	memcpy(body.data, d->s->config + body.offset, body.length);
	return answer(m, &body, sizeof(body));
}

static int get_status(struct device *d, struct ringlet_vmsg *m)
{
	struct ringlet_vmsg_status body = { d->s->status };

	return answer(m, &body, sizeof(body));
}

/* DRIVER_OK: can this work at all? */
static void check_queues(struct device *d)
{
	unsigned int i;

	if (!(d->s->status & FEATURES_OK)) {
		device_break(d, "its driver starts without features");
		return;
	}
	for (i = 0; i < d->s->queues; i++) {
		if (d->s->queue[i].size && !d->s->queue[i].port) {
			device_break(d, "queue %u has no event channel", i);
			return;
		}
	}
}

static int set_status(struct device *d, struct ringlet_vmsg *m)
{
	const uint64_t needed = memory_features(FEATURE_VERSION_1);
	struct ringlet_vmsg_status body;
	uint32_t added;

	memcpy(&body, m->body, sizeof(body));
	d->answer_by = now_ms() + GUEST_PATIENCE;
	wake_at(d->answer_by);
	if (!body.status) {
		d->resetting = true;
		return REPLY_LATER;
	}
	if (d->resetting)
		return get_status(d, m);
	body.status &= 0xff & ~(uint32_t)NEEDS_RESET;
	added = body.status & ~d->s->status;
	if (d->s->status & ~body.status & ~(uint32_t)NEEDS_RESET) {
		device_break(d, "its status goes from %#x to %#x",
			     d->s->status, body.status);
		return get_status(d, m);
	}
	if (added & FEATURES_OK && needed & ~d->s->features)
		body.status &= ~(uint32_t)FEATURES_OK;
	d->s->status |= body.status;
	if (added & DRIVER_OK)
		check_queues(d);
	return device_driver_ok(d) ? REPLY_LATER : get_status(d, m);
}

static int answer_queue(struct device *d, struct ringlet_vmsg *m,
			uint32_t index)
{
	struct ringlet_vmsg_queue body = { .index = index };

	if (index < d->s->queues) {
		const struct saved_queue *s = &d->s->queue[index];

		body.max_size = QUEUE_SIZE;
		body.size = s->size;
		body.flags = s->flags;
		body.desc = s->desc;
		body.driver = s->driver;
		body.device = s->device;
	}
	return answer(m, &body, sizeof(body));
}

static int set_queue(struct device *d, struct ringlet_vmsg *m)
{
	struct ringlet_vmsg_queue body;
	struct saved_queue new, *s;

	memcpy(&body, m->body, sizeof(body));
	if (body.index >= d->s->queues || !may_set(d)) {
		device_break(d, "its queue %u cannot be set up%s", body.index,
			     body.index < d->s->queues ? " now" : "");
		return answer_queue(d, m, body.index);
	}
	s = &d->s->queue[body.index];
	new = (struct saved_queue){
		.size = body.size,
		.port = s->port,
		.flags = body.flags & RINGLET_VQ_NUMBERS,
		.desc = body.desc,
		.driver = body.driver,
		.device = body.device,
	};
	if (ring_valid(&new)) {
		*s = new;
	} else {
		s->size = 0;
		if (body.size)
			device_break(d, "queue %u cannot have %u entries at %#llx, %#llx, %#llx",
				     body.index, body.size,
				     (unsigned long long)body.desc,
				     (unsigned long long)body.driver,
				     (unsigned long long)body.device);
	}
	return answer_queue(d, m, body.index);
}

static int bind_queue(struct device *d, struct ringlet_vmsg *m)
{
	struct ringlet_vmsg_bind body;

	memcpy(&body, m->body, sizeof(body));
	body.kick = body.call = 0;
	if (body.index >= d->s->queues || !may_set(d))
		device_break(d, "its queue %u cannot have an event channel%s",
			     body.index,
			     body.index < d->s->queues ? " now" : "");
	else if (queue_bind(&d->queue[body.index]))
		device_break(d, "there is no event channel for queue %u",
			     body.index);
	else
		body.kick = body.call = d->s->queue[body.index].port;
	return answer(m, &body, sizeof(body));
}

/* Bytes that the body of a request must have, or -1: there is no such request. */
static int body_size(unsigned int id)
{
	switch (id) {
	case RINGLET_VMSG_GET_DEVICE_INFO:
	case RINGLET_VMSG_GET_STATUS:
		return 0;
	case RINGLET_VMSG_GET_FEATURES:
		return 2 * sizeof(uint32_t);
	case RINGLET_VMSG_SET_FEATURES:
		return sizeof(struct ringlet_vmsg_features);
	case RINGLET_VMSG_GET_CONFIG:
		return offsetof(struct ringlet_vmsg_config, data);
	case RINGLET_VMSG_SET_CONFIG:
		return sizeof(struct ringlet_vmsg_config);
	case RINGLET_VMSG_SET_STATUS:
		return sizeof(struct ringlet_vmsg_status);
	case RINGLET_VMSG_GET_QUEUE:
	case RINGLET_VMSG_BIND_QUEUE:
		return sizeof(uint32_t);
	case RINGLET_VMSG_SET_QUEUE:
		return sizeof(struct ringlet_vmsg_queue);
	}
	return -1;
}

int device_request(struct device *d, struct ringlet_vmsg *m)
{
	int wanted = body_size(m->id);
	int size = m->size - (int)offsetof(struct ringlet_vmsg, body);
	uint32_t index;

	if (wanted < 0 || size < wanted) {
		device_break(d, "it gets a request %u of %d bytes", m->id, size);
		memset(m->body, 0, sizeof(m->body));
		return sizeof(m->body);
	}
	switch (m->id) {
	case RINGLET_VMSG_GET_DEVICE_INFO:
		return get_info(d, m);
	case RINGLET_VMSG_GET_FEATURES:
	case RINGLET_VMSG_SET_FEATURES:
		return features(d, m);
	case RINGLET_VMSG_GET_CONFIG:
	case RINGLET_VMSG_SET_CONFIG:
		return config(d, m);
	case RINGLET_VMSG_SET_STATUS:
		return set_status(d, m);
	case RINGLET_VMSG_GET_QUEUE:
		memcpy(&index, m->body, sizeof(index));
		return answer_queue(d, m, index);
	case RINGLET_VMSG_SET_QUEUE:
		return set_queue(d, m);
	case RINGLET_VMSG_BIND_QUEUE:
		return bind_queue(d, m);
	}
	return get_status(d, m);
}
