// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reader of the flattened device tree (Devicetree Specification 0.4, chapter 5),
 * from the hypervisor or the control domain, hence trusted.
 */
#include "guest.h"

#define FDT_MAGIC	0xd00dfeed
#define FDT_BEGIN_NODE	1
#define FDT_END_NODE	2
#define FDT_PROP	3
#define FDT_NOP		4

/* Offsets in the header. */
#define OFF_STRUCT	8
#define OFF_STRINGS	12

static u32 be32(const void *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

u64 fdt_number(const void *p, u32 cells)
{
	u64 v = be32(p);

	return cells == 2 ? v << 32 | be32((const u8 *)p + 4) : v;
}

static bool equal(const char *a, const char *b)
{
	size_t len = strlen(a);

	return len == strlen(b) && !memcmp(a, b, len);
}

static bool begins(const char *s, const char *prefix)
{
	size_t len = strlen(prefix);

	return strlen(s) >= len && !memcmp(s, prefix, len);
}

/* Is this the name of a node called 'want', with or without an address? */
static bool name_is(const char *name, const char *want)
{
	size_t len = strlen(want);

	return begins(name, want) && (!name[len] || name[len] == '@');
}

/*
 * Go through the tree. Depth 1 is the root; a node wanted is at depth 2, or the
 * root itself if 'path' is "/". Calls are few, so one walk does all.
 */
static const void *scan(const void *fdt, const char *path, const char *name,
			u32 *len, const char *prefix, u32 *children)
{
	const u8 *p = (const u8 *)fdt + be32((const u8 *)fdt + OFF_STRUCT);
	const char *strings = (const char *)fdt +
			      be32((const u8 *)fdt + OFF_STRINGS);
	u32 depth = 0, target = path[1] ? 2 : 1;
	bool inside = false;

	if (be32(fdt) != FDT_MAGIC)
		return NULL;
	for (;;) {
		u32 token = be32(p), size;

		p += 4;
		switch (token) {
		case FDT_BEGIN_NODE:
			depth++;
			if (depth == target)
				inside = target == 1 ||
					 name_is((const char *)p, path + 1);
			else if (inside && prefix && depth == target + 1 &&
				 begins((const char *)p, prefix))
				++*children;
			p += (strlen((const char *)p) + 4) & ~3UL;
			break;
		case FDT_END_NODE:
			if (depth == target)
				inside = false;
			depth--;
			break;
		case FDT_PROP:
			size = be32(p);
			if (inside && name && depth == target &&
			    equal(strings + be32(p + 4), name)) {
				if (len)
					*len = size;
				return p + 8;
			}
			p += 8 + ((size + 3) & ~3U);
			break;
		case FDT_NOP:
			break;
		default:
			return NULL;
		}
	}
}

const void *fdt_property(const void *fdt, const char *path, const char *name,
			 u32 *len)
{
	return scan(fdt, path, name, len, NULL, NULL);
}

u32 fdt_children(const void *fdt, const char *path, const char *prefix)
{
	u32 n = 0;

	scan(fdt, path, NULL, NULL, prefix, &n);
	return n;
}
