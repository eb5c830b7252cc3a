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
#define MAX_HOLES	64		/* that the guest touches */

struct region regions[MAX_REGIONS];
unsigned int region_count;
static bool is_pool;

/* Pages of zeros, in the place of such as the guest has given back. */
static uint8_t *holes[MAX_HOLES];
static unsigned int hole_count;

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

int memory_open(uint64_t first, uint64_t pages)
{
	uint64_t gfn, count, end = first + pages;
	int rc;

	if (!pages || pages > (uint64_t)MAX_REGIONS * REGION_PAGES)
		return -EINVAL;
	is_pool = first;
	for (gfn = first; gfn < end; gfn += count) {
		count = end - gfn < REGION_PAGES ? end - gfn : REGION_PAGES;
		rc = open_region(&regions[region_count], gfn, count);
		if (rc) {
			memory_close();
			return rc;
		}
		region_count++;
	}
	return 0;
}

/* With it, a driver uses the addresses that its kernel's DMA functions give. */
uint64_t memory_features(uint64_t backend)
{
	return backend | (is_pool ? FEATURE_ACCESS_PLATFORM : 0);
}

void memory_close(void)
{
	while (region_count) {
		region_count--;
		munmap(regions[region_count].mapping,
		       regions[region_count].size);
		close(regions[region_count].fd);
	}
	hole_count = 0;
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

static struct region *region_of(const void *address)
{
	uintptr_t at = (uintptr_t)address;
	unsigned int i;

	for (i = 0; i < region_count; i++) {
		uintptr_t start = (uintptr_t)regions[i].mapping;

		if (at >= start && at - start < regions[i].size)
			return &regions[i];
	}
	return NULL;
}

bool memory_hole(const void *address)
{
	uint8_t *page = (uint8_t *)((uintptr_t)address & ~(uintptr_t)4095);

	if (hole_count == MAX_HOLES || !region_of(address) ||
	    mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return false;
	holes[hole_count++] = page;
	return true;
}

void memory_is_back(uint64_t gfn)
{
	uint8_t *page = memory_at(gfn << 12, 4096);
	struct region *r = region_of(page);
	unsigned int i;

	for (i = 0; i < hole_count; i++) {
		if (holes[i] != page)
			continue;
		if (mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_SHARED |
			 MAP_FIXED, r->fd, page - r->mapping) != MAP_FAILED)
			holes[i] = holes[--hole_count];
		return;
	}
}
