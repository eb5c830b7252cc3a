// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets between a domain and domain 0: the kernel's vhost-vsock. The third queue
 * tells a driver that its connections are void, after a migration: it stays empty.
 */
#include "dm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <sys/ioctl.h>

#define QUEUES		3
#define KERNEL_QUEUES	2	/* of them */
#define BIT(n)		(1ULL << (n))
#define SEQPACKET	1	/* VIRTIO_VSOCK_F_SEQPACKET */
#define FEATURES	(BIT(SEQPACKET) | BIT(VIRTIO_RING_F_INDIRECT_DESC) | \
			 BIT(VIRTIO_RING_F_EVENT_IDX) | FEATURE_VERSION_1)

struct vsock {
	int vhost;
};

static int vhost_of(const struct device *d)
{
	return ((const struct vsock *)d->private)->vhost;
}

/* The kernel finishes the packets that it has in hand. */
static void stop_queues(struct device *d)
{
	int off = 0;
	unsigned int i;

	ioctl(vhost_of(d), VHOST_VSOCK_SET_RUNNING, &off);
	for (i = 0; i < KERNEL_QUEUES; i++)
		vhost_silence_queue(vhost_of(d), i);
}

static void vsock_start(struct device *d)
{
	uint64_t features = d->s->features & FEATURES;
	int on = 1, rc;
	unsigned int i;

	rc = ioctl(vhost_of(d), VHOST_SET_FEATURES, &features) ? -errno : 0;
	for (i = 0; i < KERNEL_QUEUES && !rc; i++)
		rc = d->s->queue[i].size ?
		     vhost_set_queue(vhost_of(d), &d->queue[i]) : -EINVAL;
	if (!rc && ioctl(vhost_of(d), VHOST_VSOCK_SET_RUNNING, &on))
		rc = -errno;
	if (rc) {
		stop_queues(d);
		d->phase = PHASE_READY;
		device_break(d, "vhost-vsock does not start: %s",
			     strerror(-rc));
		return;
	}
	device_phase(d, PHASE_STARTED);
}

static void vsock_stop(struct device *d)
{
	stop_queues(d);
	device_phase(d, PHASE_READY);
}

static void vsock_close(struct device *d)
{
	if (!d->private)
		return;
	close(vhost_of(d));
	free(d->private);
	d->private = NULL;
}

static const struct backend vhost_vsock = {
	.name = "vhost-vsock",
	.start = vsock_start,
	.stop = vsock_stop,
	.hang_up = vsock_stop,
	.close = vsock_close,
};

int vhost_vsock_attach(struct device *d, int vhost, uint64_t cid, char *error,
		       size_t size)
{
	struct vsock *vsock = calloc(1, sizeof(*vsock));
	uint64_t features = 0;
	int rc;

	if (!vsock) {
		snprintf(error, size, "there is no memory for the device");
		return -ENOMEM;
	}
	rc = ioctl(vhost, VHOST_SET_OWNER) ||
	     ioctl(vhost, VHOST_GET_FEATURES, &features) ||
	     ioctl(vhost, VHOST_VSOCK_SET_GUEST_CID, &cid) ? -errno : 0;
	if (!rc)
		rc = vhost_set_memory(vhost);
	if (rc) {
		snprintf(error, size, rc == -EADDRINUSE ?
			 "another domain has vsock_cid = %llu" :
			 "vhost-vsock cannot be used with vsock_cid = %llu",
			 (unsigned long long)cid);
		free(vsock);
		return rc;
	}
	vsock->vhost = vhost;
	d->s->queues = QUEUES;
	d->s->offered = memory_features(features & FEATURES);
	memcpy(d->s->config, &cid, sizeof(cid));
	d->s->config_size = sizeof(cid);
	d->backend = &vhost_vsock;
	d->private = vsock;
	d->phase = PHASE_CONNECTING;
	device_phase(d, PHASE_READY);
	return 0;
}
