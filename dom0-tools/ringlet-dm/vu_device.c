// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device whose backend speaks vhost-user: qemu-storage-daemon for disks,
 * virtiofsd for a shared directory.
 */
#include "vhost_user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>

#define BLK_CONFIG	60	/* bytes that every version of the backend has */
#define FS_CONFIG	40	/* tag, number of request queues */
#define FS_TAG		36
#define TABLE_REGIONS	8	/* that SET_MEM_TABLE takes */
#define CONFIG_HEADER	12
/*
 * The switch of a disk's write cache is not offered. qemu-storage-daemon says that
 * it is off, whatever is so, and a driver that reads that never flushes; without it,
 * VIRTIO_BLK_F_FLUSH means that there is a cache. Nobody else has this bit.
 */
#define CACHE_SWITCH	(1ULL << VIRTIO_BLK_F_CONFIG_WCE)

static struct vu *vu_of(const struct device *d)
{
	return d->private;
}

bool vu_has_reply(uint32_t request)
{
	switch (request) {
	case VU_GET_FEATURES:
	case VU_GET_PROTOCOL_FEATURES:
	case VU_GET_QUEUE_NUM:
	case VU_GET_VRING_BASE:
	case VU_GET_CONFIG:
	case VU_GET_MAX_MEM_SLOTS:
		return true;
	}
	return false;
}

struct config_payload {
	uint32_t offset, size, flags;
	uint8_t data[RINGLET_VBUS_MAX_CONFIG];
};

void vu_ask_config(struct vu *vu)
{
	struct config_payload config = { 0 };

	if (!(vu->protocol & VU_PROTOCOL(CONFIG)) || vu->has_tag)
		return;
	/* One question at a time, however often it is said to have changed. */
	vu->ask_again = vu->asking;
	if (vu->asking)
		return;
	vu->asking = true;
	config.size = BLK_CONFIG;
	vu_send(vu, VU_GET_CONFIG, &config, CONFIG_HEADER + BLK_CONFIG, NULL, 0);
	vu_flush(vu);
}

static bool take_config(struct vu *vu, const uint8_t *payload, uint32_t size)
{
	struct saved_device *s = vu->d->s;

	if (size != CONFIG_HEADER + BLK_CONFIG) {
		device_lost(vu->d, "does not tell its configuration");
		return false;
	}
	payload += CONFIG_HEADER;
	if (s->present && memcmp(s->config, payload, BLK_CONFIG))
		device_config_changed(vu->d);
	memcpy(s->config, payload, BLK_CONFIG);
	s->config_size = BLK_CONFIG;
	vu->config_valid = true;
	vu->asking = false;
	if (vu->ask_again)
		vu_ask_config(vu);
	return true;
}

bool vu_reply(struct vu *vu, uint32_t request, const uint8_t *payload,
	      uint32_t size)
{
	struct saved_device *s = vu->d->s;
	uint64_t value = 0;

	if (request == VU_GET_CONFIG)
		return take_config(vu, payload, size);
	if (size != sizeof(value)) {
		device_lost(vu->d, "sends an answer of a wrong size");
		return false;
	}
	memcpy(&value, payload, sizeof(value));
	switch (request) {
	case VU_GET_FEATURES:
		vu->features = value;
		break;
	case VU_GET_PROTOCOL_FEATURES:
		vu->protocol = value &
			(VU_PROTOCOL(MQ) | VU_PROTOCOL(REPLY_ACK) |
			 VU_PROTOCOL(BACKEND_REQ) | VU_PROTOCOL(CONFIG) |
			 VU_PROTOCOL(CONFIGURE_MEM_SLOTS));
		break;
	case VU_GET_QUEUE_NUM:
		if (value < s->queues)
			s->queues = (uint32_t)value;
		break;
	case VU_GET_MAX_MEM_SLOTS:
		vu->slots = value;
		break;
	}
	return true;
}

/* --- Connecting ------------------------------------------------------------- */

struct mem_region {
	uint64_t start, size, user, offset;
};

static struct mem_region region_payload(unsigned int i)
{
	return (struct mem_region){
		.start = regions[i].start,
		.size = regions[i].size,
		.user = regions[i].start,
	};
}

static void send_table(struct vu *vu)
{
	struct {
		uint32_t count, padding;
		struct mem_region region[TABLE_REGIONS];
	} table = { .count = region_count };
	int fds[TABLE_REGIONS];
	unsigned int i;

	for (i = 0; i < region_count; i++) {
		table.region[i] = region_payload(i);
		fds[i] = regions[i].fd;
	}
	vu_send(vu, VU_SET_MEM_TABLE, &table,
		8 + region_count * sizeof(*table.region), fds, region_count);
}

static void send_regions(struct vu *vu)
{
	struct {
		uint64_t padding;
		struct mem_region region;
	} one = { 0 };
	unsigned int i;

	for (i = 0; i < region_count; i++) {
		one.region = region_payload(i);
		vu_send(vu, VU_ADD_MEM_REG, &one, sizeof(one), &regions[i].fd,
			1);
	}
}

static void ask_properties(struct vu *vu)
{
	vu_send_u64(vu, VU_SET_PROTOCOL_FEATURES, vu->protocol);
	vu_send(vu, VU_SET_OWNER, NULL, 0, NULL, 0);
	if (vu->protocol & VU_PROTOCOL(MQ))
		vu_send(vu, VU_GET_QUEUE_NUM, NULL, 0, NULL, 0);
	if (vu->protocol & VU_PROTOCOL(CONFIGURE_MEM_SLOTS))
		vu_send(vu, VU_GET_MAX_MEM_SLOTS, NULL, 0, NULL, 0);
	vu_ask_config(vu);
	if (vu->protocol & VU_PROTOCOL(BACKEND_REQ) && !vu_open_channel(vu))
		vu_send(vu, VU_SET_BACKEND_REQ_FD, NULL, 0, &vu->channel_peer,
			1);
	vu_send(vu, VU_GET_FEATURES, NULL, 0, NULL, 0);
}

/* Can this backend serve the device? Tell it where the memory is. */
static void check_properties(struct vu *vu)
{
	struct device *d = vu->d;

	if (vu->channel_peer >= 0) {
		close(vu->channel_peer);
		vu->channel_peer = -1;
	}
	if (!vu->config_valid && !vu->has_tag) {
		device_lost(d, "does not tell its configuration");
		return;
	}
	if (!(vu->features & FEATURE_VERSION_1) || !d->s->queues) {
		device_lost(d, "does not serve virtio 1.0");
		return;
	}
	d->s->offered = memory_features(vu->features & ~FEATURES_MASKED &
					~CACHE_SWITCH);
	if (region_count <= TABLE_REGIONS) {
		send_table(vu);
	} else if (vu->slots >= region_count) {
		send_regions(vu);
	} else {
		device_lost(d, "cannot serve a domain with so much memory");
		return;
	}
	vu_send(vu, VU_GET_FEATURES, NULL, 0, NULL, 0);
	vu->step++;
}

static void connect_step(struct vu *vu)
{
	switch (vu->step) {
	case 0:
		if (!(vu->features & VU_F_PROTOCOL_FEATURES)) {
			device_lost(vu->d, "has no protocol features");
			return;
		}
		vu_send(vu, VU_GET_PROTOCOL_FEATURES, NULL, 0, NULL, 0);
		vu->step++;
		break;
	case 1:
		ask_properties(vu);
		vu->step++;
		break;
	case 2:
		check_properties(vu);
		break;
	default:
		device_phase(vu->d, PHASE_READY);
	}
}

void vu_step(struct vu *vu)
{
	struct device *d = vu->d;

	switch (d->phase) {
	case PHASE_CONNECTING:
		connect_step(vu);
		break;
	case PHASE_STARTING:
		device_phase(d, PHASE_STARTED);
		break;
	case PHASE_STOPPING:
		device_phase(d, PHASE_READY);
		break;
	default:
		break;
	}
	if (d->private)
		vu_flush(d->private);
}

/* --- Start and stop --------------------------------------------------------- */

struct vring_state {
	uint32_t index, value;
};

struct vring_address {
	uint32_t index, flags;
	uint64_t desc, used, avail, log;
};

static void start_queue(struct vu *vu, struct queue *q)
{
	const struct saved_queue *s = queue_saved(q);
	struct vring_state number = { q->index, s->size };
	struct vring_state base = { q->index, 0 };
	struct vring_state enable = { q->index, 1 };
	struct vring_address address = {
		.index = q->index,
		.desc = s->desc,
		.used = s->device,
		.avail = s->driver,
	};
	uint64_t index = q->index;

	if (vu->d->s->ran)
		base.value = ring_used(s);
	vu_send(vu, VU_SET_VRING_NUM, &number, sizeof(number), NULL, 0);
	vu_send(vu, VU_SET_VRING_BASE, &base, sizeof(base), NULL, 0);
	vu_send(vu, VU_SET_VRING_ADDR, &address, sizeof(address), NULL, 0);
	vu_send(vu, VU_SET_VRING_CALL, &index, sizeof(index), &q->call, 1);
	vu_send(vu, VU_SET_VRING_KICK, &index, sizeof(index), &q->kick, 1);
	vu_send(vu, VU_SET_VRING_ENABLE, &enable, sizeof(enable), NULL, 0);
}

static void vhost_user_start(struct device *d)
{
	struct vu *vu = vu_of(d);
	unsigned int i;

	vu_send_u64(vu, VU_SET_FEATURES,
		    (d->s->features & ~FEATURES_MASKED) |
		    VU_F_PROTOCOL_FEATURES);
	for (i = 0; i < d->s->queues; i++)
		if (d->s->queue[i].size)
			start_queue(vu, &d->queue[i]);
	vu_send(vu, VU_GET_FEATURES, NULL, 0, NULL, 0);
	vu_flush(vu);
}

static void vhost_user_stop(struct device *d)
{
	struct vring_state state = { 0 };
	struct vu *vu = vu_of(d);
	unsigned int i;

	for (i = 0; i < d->s->queues; i++) {
		if (!d->s->queue[i].size)
			continue;
		state.index = i;
		vu_send(vu, VU_GET_VRING_BASE, &state, sizeof(state), NULL, 0);
	}
	vu_send(vu, VU_GET_FEATURES, NULL, 0, NULL, 0);
	vu_flush(vu);
}

/* It finishes what it has taken, then closes its end. */
static void vhost_user_hang_up(struct device *d)
{
	struct vu *vu = vu_of(d);

	shutdown(vu->source.fd, SHUT_WR);
	vu->hung_up = now_ms();
	wake_at(vu->hung_up + BACKEND_PATIENCE);
}

static void vhost_user_close(struct device *d)
{
	if (d->private)
		vu_close(d->private);
	d->private = NULL;
}

static uint64_t vhost_user_tick(struct device *d, uint64_t now)
{
	return d->private ? vu_tick(d->private, now) : 0;
}

static const struct backend vhost_user = {
	.name = "vhost-user",
	.drains = true,
	.start = vhost_user_start,
	.stop = vhost_user_stop,
	.hang_up = vhost_user_hang_up,
	.close = vhost_user_close,
	.tick = vhost_user_tick,
};

static void fs_config(struct device *d, const char *tag)
{
	uint32_t request_queues = d->s->queues - 1;

	memset(d->s->config, 0, FS_CONFIG);
	memcpy(d->s->config, tag, strlen(tag));
	memcpy(d->s->config + FS_TAG, &request_queues, sizeof(request_queues));
	d->s->config_size = FS_CONFIG;
}

int vhost_user_attach(struct device *d, int fd, const char *tag, char *error,
		      size_t size)
{
	struct vu *vu;

	if (d->s->type == VIRTIO_ID_FS &&
	    (!tag || !*tag || strlen(tag) > FS_TAG || d->s->queues < 2)) {
		snprintf(error, size, "a shared directory needs a tag of 1 to %d bytes, and 2 queues",
			 FS_TAG);
		return -EINVAL;
	}
	vu = vu_open(d, fd);
	if (!vu || fcntl(fd, F_SETFL, O_NONBLOCK) ||
	    source_watch(&vu->source, EPOLLIN)) {
		snprintf(error, size, "cannot use the connection to the backend: %s",
			 strerror(errno));
		if (vu) {
			vu->source.fd = -1;
			vu_close(vu);
		}
		return -EIO;
	}
	if (d->s->type == VIRTIO_ID_FS) {
		vu->has_tag = true;
		fs_config(d, tag);
	}
	d->backend = &vhost_user;
	d->private = vu;
	d->phase = PHASE_CONNECTING;
	vu_send(vu, VU_GET_FEATURES, NULL, 0, NULL, 0);
	vu_flush(vu);
	return 0;
}
