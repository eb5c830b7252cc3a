// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another domain, for tests that run in the control domain: one vCPU in ring 1
 * that runs a few instructions beside us, with a page that both see.
 */
#include "guest.h"

/* Its guest frames. Page tables are frames 0 to 3, one for each level. */
enum { CODE = 4, DATA, STACK, PAGES = OTHER_FRAMES };
#define SHARED_GFN 64

static u64 *frame_address(u64 frame)
{
	return (u64 *)(frame << 12);
}

s64 populate(u32 domid, u64 pages)
{
	u64 gfn;
	s64 n;

	for (gfn = 0; gfn < pages; gfn += n > 0 ? (u64)n : 0) {
		n = ringlet_domctl_populate(domid, gfn, pages - gfn,
					    pages < 512 ? RINGLET_POPULATE_4K :
							  0);
		if (n <= 0 && n != -RINGLET_EAGAIN)
			return n;
	}
	return 0;
}

static s64 map_frames(struct other *o)
{
	u64 gfn;
	s64 n;

	for (gfn = 0; gfn < PAGES; gfn += (u64)n) {
		n = ringlet_domctl_map(o->domid, gfn, PAGES - gfn,
				       &o->frames[gfn]);
		if (n <= 0)
			return n;
	}
	return 0;
}

static s64 create(struct other *o)
{
	struct ringlet_domain_create c = { .vcpus = 1, .max_pages = 64 };
	static u32 count;
	s64 rc;

	memcpy(c.name, "other-0", 8);
	c.name[6] = (char)('0' + count++ % 10);
	rc = ringlet_domctl_create(&c);
	if (rc < 0)
		return rc;
	o->domid = (u32)rc;
	rc = populate(o->domid, PAGES);
	if (!rc)
		rc = ringlet_domctl_set_shared(o->domid, SHARED_GFN);
	return rc ? rc : map_frames(o);
}

static void load(struct other *o, const void *code, size_t len)
{
	u32 i;

	for (i = 0; i < 3; i++)
		frame_address(o->frames[i])[0] = (u64)(i + 1) << 12 | PTE_P |
						 PTE_W;
	for (i = 0; i < PAGES; i++)
		frame_address(o->frames[3])[i] = (u64)i << 12 | PTE_P | PTE_W;
	memcpy(frame_address(o->frames[CODE]), code, len);
	o->data = frame_address(o->frames[DATA]);
}

bool other_start(struct other *o, const void *code, size_t len)
{
	struct ringlet_vcpu_context c;
	s64 rc;

	memset(o, 0, sizeof(*o));
	memset(&c, 0, sizeof(c));
	c.rip = CODE << 12;
	c.rdi = DATA << 12;
	c.rsp = (STACK + 1) << 12;
	c.rflags = 2;
	rc = create(o);
	if (!rc) {
		load(o, code, len);
		rc = ringlet_domctl_set_context(o->domid, 0, &c);
	}
	if (!rc)
		rc = ringlet_domctl_unpause(o->domid);
	if (rc)
		failure("another domain cannot be made: %ld", rc);
	return !rc;
}

bool other_alive(const struct other *o)
{
	struct ringlet_domain_info info;

	return ringlet_domctl_info(o->domid, &info) == o->domid &&
	       !(info.flags & RINGLET_DOMF_SHUTDOWN);
}

void other_end(struct other *o)
{
	u32 i;

	for (i = 0; i < PAGES; i++)
		if (o->frames[i])
			CHECK_EQ(ringlet_domctl_unmap(o->frames[i], 1), 1);
	CHECK_EQ(ringlet_domctl_destroy(o->domid), 0);
}
