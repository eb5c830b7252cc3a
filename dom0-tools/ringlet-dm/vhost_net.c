// SPDX-License-Identifier: GPL-2.0-only
/*
 * Networks: the kernel's vhost-net between the guest's queues and a tap device.
 * ringletd opens both; the manager needs no rights for what it does to them.
 */
#include "dm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/if_tun.h>
#include <linux/vhost.h>
#include <linux/virtio_net.h>
#include <sys/ioctl.h>

#define HEADER_SIZE	12	/* struct virtio_net_hdr_mrg_rxbuf */
#define BIT(n)		(1ULL << (n))
/* What the tap does, what vhost does, and what this program says. */
#define TAP_FEATURES	(BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_GUEST_CSUM) | \
			 BIT(VIRTIO_NET_F_GUEST_TSO4) | \
			 BIT(VIRTIO_NET_F_GUEST_TSO6) | \
			 BIT(VIRTIO_NET_F_HOST_TSO4) | \
			 BIT(VIRTIO_NET_F_HOST_TSO6))
#define VHOST_FEATURES	(BIT(VIRTIO_NET_F_MRG_RXBUF) | \
			 BIT(VIRTIO_RING_F_INDIRECT_DESC) | \
			 BIT(VIRTIO_RING_F_EVENT_IDX) | FEATURE_VERSION_1)
#define OWN_FEATURES	BIT(VIRTIO_NET_F_MAC)

struct net {
	int tap, vhost;
	uint64_t vhost_features;
};

static struct net *net_of(const struct device *d)
{
	return d->private;
}

/* What the guest can take, the tap may send. */
static int set_offload(struct device *d)
{
	uint64_t f = d->s->features;
	unsigned long offload = 0;

	if (f & BIT(VIRTIO_NET_F_GUEST_CSUM))
		offload |= TUN_F_CSUM;
	if (offload && f & BIT(VIRTIO_NET_F_GUEST_TSO4))
		offload |= TUN_F_TSO4;
	if (offload && f & BIT(VIRTIO_NET_F_GUEST_TSO6))
		offload |= TUN_F_TSO6;
	return ioctl(net_of(d)->tap, TUNSETOFFLOAD, offload) ? -errno : 0;
}

static int start_queue(struct device *d, struct queue *q)
{
	struct vhost_vring_file backend = { q->index, net_of(d)->tap };
	int rc = vhost_set_queue(net_of(d)->vhost, q);

	if (rc)
		return rc;
	return ioctl(net_of(d)->vhost, VHOST_NET_SET_BACKEND, &backend) ?
	       -errno : 0;
}

/* The kernel finishes the packets that it has in hand. */
static void stop_queues(struct device *d)
{
	struct vhost_vring_file none = { .fd = -1 };
	unsigned int i;

	for (i = 0; i < d->s->queues; i++) {
		none.index = i;
		ioctl(net_of(d)->vhost, VHOST_NET_SET_BACKEND, &none);
		vhost_silence_queue(net_of(d)->vhost, i);
	}
}

static void net_start(struct device *d)
{
	uint64_t features = d->s->features & VHOST_FEATURES;
	unsigned int i;
	int rc;

	rc = ioctl(net_of(d)->vhost, VHOST_SET_FEATURES, &features) ?
	     -errno : set_offload(d);
	for (i = 0; i < d->s->queues && !rc; i++)
		if (d->s->queue[i].size)
			rc = start_queue(d, &d->queue[i]);
	if (rc) {
		stop_queues(d);
		d->phase = PHASE_READY;
		device_break(d, "vhost-net does not start: %s", strerror(-rc));
		return;
	}
	device_phase(d, PHASE_STARTED);
}

static void net_stop(struct device *d)
{
	stop_queues(d);
	device_phase(d, PHASE_READY);
}

static void net_close(struct device *d)
{
	struct net *net = net_of(d);

	if (!net)
		return;
	close(net->vhost);
	close(net->tap);
	free(net);
	d->private = NULL;
}

static const struct backend vhost_net = {
	.name = "vhost-net",
	.start = net_start,
	.stop = net_stop,
	.hang_up = net_stop,
	.close = net_close,
};

static void net_config(struct device *d, const uint8_t mac[6])
{
	struct virtio_net_config config = {
		.status = VIRTIO_NET_S_LINK_UP,
		.max_virtqueue_pairs = 1,
	};

	memcpy(config.mac, mac, sizeof(config.mac));
	d->s->config_size = offsetof(struct virtio_net_config, mtu);
	memcpy(d->s->config, &config, d->s->config_size);
}

int vhost_net_attach(struct device *d, int tap, int vhost,
		     const uint8_t mac[6], char *error, size_t size)
{
	struct net *net = calloc(1, sizeof(*net));
	int header = HEADER_SIZE, rc;

	if (!net) {
		snprintf(error, size, "there is no memory for the device");
		return -ENOMEM;
	}
	net->tap = tap;
	net->vhost = vhost;
	rc = ioctl(vhost, VHOST_SET_OWNER) ||
	     ioctl(vhost, VHOST_GET_FEATURES, &net->vhost_features) ||
	     ioctl(tap, TUNSETVNETHDRSZ, &header) ? -errno : 0;
	if (!rc)
		rc = vhost_set_memory(vhost);
	if (rc) {
		snprintf(error, size, "vhost-net or the tap cannot be used: %s",
			 strerror(-rc));
		free(net);
		return rc;
	}
	d->s->queues = 2;
	d->s->offered = memory_features(TAP_FEATURES | OWN_FEATURES |
					(net->vhost_features & VHOST_FEATURES));
	net_config(d, mac);
	d->backend = &vhost_net;
	d->private = net;
	d->phase = PHASE_CONNECTING;
	device_phase(d, PHASE_READY);
	return 0;
}
