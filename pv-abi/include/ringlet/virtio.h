/* SPDX-License-Identifier: MIT */
/*
 * Ringlet ABI: virtio devices without traps.
 *
 * A domain that has devices shares one page with the domain that serves them, and
 * an event channel. Messages in the page find devices and set them up; then each
 * virtqueue has event channels of its own, and neither page nor hypervisor take
 * part any more. The messages are shaped after virtio-msg, a draft of the virtio
 * committee; conformance to a revision of it is not claimed. What stands here is
 * the whole of it. Numbers are little endian.
 *
 * The device tree says where the page is:
 *
 *	virtio {
 *		compatible = "ringlet,virtio-bus";
 *		ringlet,page = <0x0 0x40002000>;	guest-physical, 64 bits
 *		ringlet,event-channel = <5>;		a port of the guest
 *		ringlet,backend = <0>;			domain identifier
 *	};
 *
 * With a memory-region at it, the handle of a node "restricted-dma-pool" below
 * /reserved-memory, the devices reach that part of memory only: rings and data must lie
 * there. They then offer VIRTIO_F_ACCESS_PLATFORM, which a driver must accept.
 *
 * The page is not part of the memory that the tree lists. The port is unbound until
 * the device manager connects to it, and again after the manager has died: 'epoch'
 * then has another value, all devices are as after a reset of the transport, and
 * the guest sets up again those it had in use.
 *
 * Both sides treat the page as hostile: a message is copied out before anything of
 * it is looked at, and an index that cannot be is the end of the bus, not of the
 * kernel.
 */
#ifndef RINGLET_VIRTIO_H
#define RINGLET_VIRTIO_H

#include "abi.h"

#define RINGLET_VBUS_MAGIC		0x31535542	/* "BUS1" */
#define RINGLET_VBUS_REVISION		1
#define RINGLET_VBUS_SLOTS		16	/* of each ring */
#define RINGLET_VBUS_MAX_MESSAGE	64	/* bytes, with the header */
#define RINGLET_VBUS_MAX_DEVICES	64	/* numbers are 0 to 63 */
#define RINGLET_VBUS_MAX_QUEUES		64	/* of a device */
#define RINGLET_VBUS_MAX_CONFIG		256	/* bytes of a device's configuration */

/* Bits of ringlet_vmsg.type. */
#define RINGLET_VMSG_RESPONSE		0x1
#define RINGLET_VMSG_BUS		0x2	/* of the bus: dev is 0 */

/* Requests of the driver, to a device; each has a response. */
#define RINGLET_VMSG_GET_DEVICE_INFO	0x02	/* -> ringlet_vmsg_info */
#define RINGLET_VMSG_GET_FEATURES	0x03	/* ringlet_vmsg_features, both ways */
#define RINGLET_VMSG_SET_FEATURES	0x04	/* ringlet_vmsg_features, both ways */
#define RINGLET_VMSG_GET_CONFIG		0x05	/* ringlet_vmsg_config, both ways */
#define RINGLET_VMSG_SET_CONFIG		0x06	/* ringlet_vmsg_config, both ways */
#define RINGLET_VMSG_GET_STATUS		0x07	/* -> ringlet_vmsg_status */
#define RINGLET_VMSG_SET_STATUS		0x08	/* ringlet_vmsg_status, both ways */
#define RINGLET_VMSG_GET_QUEUE		0x09	/* ringlet_vmsg_queue, both ways */
#define RINGLET_VMSG_SET_QUEUE		0x0a	/* ringlet_vmsg_queue, both ways */
#define RINGLET_VMSG_RESET_QUEUE	0x0b	/* ringlet_vmsg_queue, both ways */
#define RINGLET_VMSG_BIND_QUEUE		0x80	/* ringlet_vmsg_bind, both ways */

/* Events of a device, to the driver; no response. */
#define RINGLET_VMSG_EVENT_CONFIG	0x40	/* configuration or status changed */

/* Requests of the driver to the bus. */
#define RINGLET_VMSG_GET_DEVICES	0x02	/* -> ringlet_vmsg_devices */
#define RINGLET_VMSG_PING		0x03	/* nothing, both ways */
/* Event of the bus. */
#define RINGLET_VMSG_EVENT_DEVICE	0x40	/* ringlet_vmsg_device */

/* ringlet_vmsg_device.state */
#define RINGLET_VDEV_READY		1	/* was plugged in */
#define RINGLET_VDEV_REMOVED		2	/* is gone: what it had is lost */
#define RINGLET_VDEV_UNPLUG		3	/* please release it: it will go */

#ifndef __ASSEMBLER__

struct ringlet_vmsg {
	ringlet_u8 type;		/* RINGLET_VMSG_RESPONSE, _BUS */
	ringlet_u8 id;
	ringlet_u16 dev;
	ringlet_u16 token;		/* of the request; its response has the same */
	ringlet_u16 size;		/* bytes, with this header */
	ringlet_u8 body[RINGLET_VBUS_MAX_MESSAGE - 8];
};
RINGLET_ASSERT_SIZE(ringlet_vmsg, 64);

struct ringlet_vmsg_info {
	ringlet_u32 device_id;		/* virtio device type, 1 = network ... */
	ringlet_u32 vendor_id;
	ringlet_u32 feature_bits;	/* how many there are, up to 128 */
	ringlet_u32 config_size;	/* up to RINGLET_VBUS_MAX_CONFIG */
	ringlet_u32 queues;		/* up to RINGLET_VBUS_MAX_QUEUES */
	ringlet_u32 reserved;
};
RINGLET_ASSERT_SIZE(ringlet_vmsg_info, 24);

struct ringlet_vmsg_features {
	ringlet_u32 index;		/* of the first block of 32 bits */
	ringlet_u32 count;		/* blocks, 1 to 4 */
	ringlet_u32 bits[4];
};
RINGLET_ASSERT_SIZE(ringlet_vmsg_features, 24);

struct ringlet_vmsg_config {
	ringlet_u32 generation;
	ringlet_u32 offset;
	ringlet_u32 length;		/* bytes of data, up to 32 */
	ringlet_u8 data[32];		/* SET_CONFIG request, all responses */
};
RINGLET_ASSERT_SIZE(ringlet_vmsg_config, 44);

/* A response has what the status is now: 0 after a reset that is complete. */
struct ringlet_vmsg_status {
	ringlet_u32 status;
};
RINGLET_ASSERT_SIZE(ringlet_vmsg_status, 4);

/*
 * The driver says which requests are outstanding, so that a backend that dies can
 * be followed by another one: behind the used ring, at device + ((6 + 8 * size + 7)
 * & ~7), there is a ringlet_u32 number[size], all 0 when the queue is set up.
 * number[head] is RINGLET_VQ_OUTSTANDING | the avail index of the request's entry
 * (16 bits), written before avail.idx says that there is the entry; and 0 again
 * when the driver has taken the used entry.
 */
#define RINGLET_VQ_NUMBERS		0x1
#define RINGLET_VQ_OUTSTANDING		0x10000

struct ringlet_vmsg_queue {
	ringlet_u32 index;
	ringlet_u32 max_size;		/* response; 0: there is no such queue */
	ringlet_u32 size;		/* in use; 0: none */
	ringlet_u32 flags;		/* RINGLET_VQ_* */
	ringlet_u64 desc;		/* guest-physical addresses */
	ringlet_u64 driver;
	ringlet_u64 device;
};
RINGLET_ASSERT_SIZE(ringlet_vmsg_queue, 40);

/*
 * Event channels of a queue: ports of the guest, made and connected by the device
 * manager. An event channel goes both ways, so both may be the same port.
 */
struct ringlet_vmsg_bind {
	ringlet_u32 index;
	ringlet_u32 kick;		/* response: the driver sends to this one */
	ringlet_u32 call;		/* response: the device's events arrive here */
};
RINGLET_ASSERT_SIZE(ringlet_vmsg_bind, 12);

struct ringlet_vmsg_devices {
	ringlet_u64 present;		/* bit N: there is a device N */
};
RINGLET_ASSERT_SIZE(ringlet_vmsg_devices, 8);

struct ringlet_vmsg_device {
	ringlet_u32 dev;
	ringlet_u32 state;		/* RINGLET_VDEV_* */
};
RINGLET_ASSERT_SIZE(ringlet_vmsg_device, 8);

/*
 * One producer, one consumer. Indices run freely; the slot is index % SLOTS. The
 * producer writes the slot, then prod (release), then sends an event. It waits
 * while prod - cons is SLOTS.
 */
struct ringlet_vbus_ring {
	ringlet_u32 prod;
	ringlet_u32 reserved0[15];
	ringlet_u32 cons;
	ringlet_u32 reserved1[15];
	struct ringlet_vmsg slot[RINGLET_VBUS_SLOTS];
};
RINGLET_ASSERT_SIZE(ringlet_vbus_ring, 1152);

/*
 * The page. [MGR] the device manager writes it, [GST] the guest. All zero before
 * the first manager has come.
 */
struct ringlet_vbus {
	ringlet_u32 magic;		/* [MGR] RINGLET_VBUS_MAGIC */
	ringlet_u32 revision;		/* [MGR] RINGLET_VBUS_REVISION */
	ringlet_u32 epoch;		/* [MGR] another one for each manager */
	ringlet_u32 device_up;		/* [MGR] 1: it answers */
	ringlet_u32 reserved0[12];
	ringlet_u32 driver_up;		/* [GST] 1: it listens to events */
	ringlet_u32 reserved1[15];
	struct ringlet_vbus_ring to_device;	/* [GST] prod and slots, [MGR] cons */
	struct ringlet_vbus_ring to_driver;	/* [MGR] prod and slots, [GST] cons */
	ringlet_u8 reserved2[4096 - 128 - 2 * 1152];
};
RINGLET_ASSERT_SIZE(ringlet_vbus, 4096);

#endif /* __ASSEMBLER__ */
#endif /* RINGLET_VIRTIO_H */
