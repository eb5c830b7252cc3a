// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel as a backend, by the ioctls that its vhost drivers share. It works on
 * this process's mapping of the guest's memory.
 */
#include "dm.h"

#include <errno.h>
#include <stdlib.h>
#include <linux/vhost.h>
#include <sys/ioctl.h>

int vhost_set_memory(int fd)
{
	struct vhost_memory *table;
	unsigned int i;
	int rc;

	table = calloc(1, sizeof(*table) +
		       region_count * sizeof(*table->regions));
	if (!table)
		return -ENOMEM;
	table->nregions = region_count;
	for (i = 0; i < region_count; i++) {
		table->regions[i].guest_phys_addr = regions[i].start;
		table->regions[i].memory_size = regions[i].size;
		table->regions[i].userspace_addr =
			(uintptr_t)regions[i].mapping;
	}
	rc = ioctl(fd, VHOST_SET_MEM_TABLE, table) ? -errno : 0;
	free(table);
	return rc;
}

static uint64_t user_address(uint64_t gpa)
{
	return (uintptr_t)memory_at(gpa, 1);
}

int vhost_set_queue(int fd, struct queue *q)
{
	const struct saved_queue *s = queue_saved(q);
	struct vhost_vring_state number = { q->index, s->size };
	struct vhost_vring_state base = { q->index, 0 };
	struct vhost_vring_addr address = {
		.index = q->index,
		.desc_user_addr = user_address(s->desc),
		.used_user_addr = user_address(s->device),
		.avail_user_addr = user_address(s->driver),
	};
	struct vhost_vring_file kick = { q->index, q->kick };
	struct vhost_vring_file call = { q->index, q->call };

	if (q->d->s->ran)
		base.num = ring_used(s);
	if (ioctl(fd, VHOST_SET_VRING_NUM, &number) ||
	    ioctl(fd, VHOST_SET_VRING_BASE, &base) ||
	    ioctl(fd, VHOST_SET_VRING_ADDR, &address) ||
	    ioctl(fd, VHOST_SET_VRING_CALL, &call) ||
	    ioctl(fd, VHOST_SET_VRING_KICK, &kick))
		return -errno;
	return 0;
}

void vhost_silence_queue(int fd, unsigned int index)
{
	struct vhost_vring_file none = { index, -1 };

	ioctl(fd, VHOST_SET_VRING_KICK, &none);
	ioctl(fd, VHOST_SET_VRING_CALL, &none);
}
