// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's memory: one descriptor for each region, which backends get too, and
 * a mapping of it for what the manager itself looks at.
 */
#include "dm.h"
#include "guest.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define REGION_PAGES	262144		/* 1 GiB; as much as a descriptor can be of */

struct region regions[MAX_REGIONS];
unsigned int region_count;

static int open_region(struct region *r, uint64_t gfn, uint64_t count)
{
	void *mapping;
	int fd;

	fd = guest_memory(gfn, count);
	if (fd < 0)
		return fd;
	mapping = mmap(NULL, count << 12, PROT_READ | PROT_WRITE, MAP_SHARED,
		       fd, 0);
	if (mapping == MAP_FAILED) {
		close(fd);
		return -errno;
	}
	*r = (struct region){
		.start = gfn << 12,
		.size = count << 12,
		.fd = fd,
		.mapping = mapping,
	};
	return 0;
}

int memory_open(uint64_t pages)
{
	uint64_t gfn, count;
	int rc;

	if (!pages || pages > (uint64_t)MAX_REGIONS * REGION_PAGES)
		return -EINVAL;
	for (gfn = 0; gfn < pages; gfn += count) {
		count = pages - gfn < REGION_PAGES ? pages - gfn : REGION_PAGES;
		rc = open_region(&regions[region_count], gfn, count);
		if (rc) {
			memory_close();
			return rc;
		}
		region_count++;
	}
	return 0;
}

void memory_close(void)
{
	while (region_count) {
		region_count--;
		munmap(regions[region_count].mapping,
		       regions[region_count].size);
		close(regions[region_count].fd);
	}
}

void *memory_at(uint64_t gpa, uint64_t len)
{
	unsigned int i;

	for (i = 0; i < region_count; i++) {
		const struct region *r = &regions[i];

		if (gpa >= r->start && gpa - r->start < r->size &&
		    len <= r->size - (gpa - r->start))
			return r->mapping + (gpa - r->start);
	}
	return NULL;
}
