// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser of the Multiboot2 information structure: see multiboot2.h. Section
 * numbers are those of the Multiboot2 Specification, version 2.0.
 */
#include "multiboot2.h"
#include "unaligned.h"

#ifndef RINGLET_HOST
#include "string.h"
#endif

/* Tag types, section 3.6. */
#define TAG_END			0
#define TAG_CMDLINE		1
#define TAG_LOADER		2
#define TAG_MODULE		3
#define TAG_MEMORY		6
#define TAG_FRAMEBUFFER		8
#define TAG_RSDP_V1		14
#define TAG_RSDP_V2		15

/* Offsets within tags. */
#define TAG_HEADER		8	/* type, size */
#define MODULE_START		8
#define MODULE_END		12
#define MODULE_STRING		16
#define MEMORY_ENTRY_SIZE	8
#define MEMORY_ENTRIES		16
#define MEMORY_ENTRY_MIN	24
#define FRAMEBUFFER_MIN		30
#define FRAMEBUFFER_RGB_MIN	38
#define RSDP_LENGTH		20	/* within an RSDP of version 2 */

/* A tag: 'size' bytes at 'data' can be read, at least TAG_HEADER. */
struct tag {
	const u8 *data;
	u32 type;
	u32 size;
};

/* Copy the string at 'offset' of a tag. If it is too long, cut or refuse it. */
static enum multiboot2_error get_string(const struct tag *t, u32 offset,
					char *to, u32 room, bool cut)
{
	u32 len = 0;

	if (t->size < offset)
		return MULTIBOOT2_TAG_SIZE;
	while (offset + len < t->size && t->data[offset + len])
		len++;
	if (offset + len == t->size)
		return MULTIBOOT2_STRING;
	if (len >= room) {
		if (!cut)
			return MULTIBOOT2_STRING_LENGTH;
		len = room - 1;
	}
	memcpy(to, t->data + offset, len);
	to[len] = 0;
	return MULTIBOOT2_OK;
}

/* Section 3.6.6 */
static enum multiboot2_error get_module(struct multiboot2 *m,
					const struct tag *t)
{
	struct multiboot2_module *module;
	u64 start, end;
	u32 i;

	if (t->size < MODULE_STRING)
		return MULTIBOOT2_TAG_SIZE;
	start = get32(t->data + MODULE_START);
	end = get32(t->data + MODULE_END);
	if (end < start)
		return MULTIBOOT2_MODULE_RANGE;
	if (m->nr_modules == MULTIBOOT2_MAX_MODULES)
		return MULTIBOOT2_MODULE_COUNT;
	for (i = 0; i < m->nr_modules; i++)
		if (start < m->module[i].end && m->module[i].start < end)
			return MULTIBOOT2_MODULE_OVERLAP;
	module = &m->module[m->nr_modules++];
	module->start = start;
	module->end = end;
	return get_string(t, MODULE_STRING, module->string,
			  sizeof(module->string), false);
}

/* Section 3.6.8 */
static enum multiboot2_error get_memory(struct multiboot2 *m,
					const struct tag *t)
{
	struct multiboot2_memory e;
	u32 entry_size, left;
	const u8 *p;

	if (t->size < MEMORY_ENTRIES)
		return MULTIBOOT2_TAG_SIZE;
	entry_size = get32(t->data + MEMORY_ENTRY_SIZE);
	left = t->size - MEMORY_ENTRIES;
	if (entry_size < MEMORY_ENTRY_MIN || entry_size & 7 ||
	    left % entry_size)
		return MULTIBOOT2_MEMORY_ENTRY;
	for (p = t->data + MEMORY_ENTRIES; left; p += entry_size) {
		left -= entry_size;
		e.addr = get64(p);
		e.size = get64(p + 8);
		e.type = get32(p + 16);
		if (!e.size)
			continue;
		if (e.addr + e.size < e.addr)
			return MULTIBOOT2_MEMORY_RANGE;
		if (m->nr_memory == MULTIBOOT2_MAX_MEMORY)
			return MULTIBOOT2_MEMORY_COUNT;
		m->memory[m->nr_memory++] = e;
	}
	return MULTIBOOT2_OK;
}

/* Section 3.6.12 */
static enum multiboot2_error get_framebuffer(struct multiboot2 *m,
					     const struct tag *t)
{
	struct multiboot2_framebuffer *fb = &m->framebuffer;

	if (t->size < FRAMEBUFFER_MIN ||
	    (t->data[29] == MULTIBOOT2_FB_RGB && t->size < FRAMEBUFFER_RGB_MIN))
		return MULTIBOOT2_TAG_SIZE;
	fb->addr = get64(t->data + 8);
	fb->pitch = get32(t->data + 16);
	fb->width = get32(t->data + 20);
	fb->height = get32(t->data + 24);
	fb->bpp = t->data[28];
	fb->type = t->data[29];
	if (fb->type == MULTIBOOT2_FB_RGB) {
		fb->red = (struct multiboot2_colour){ t->data[32], t->data[33] };
		fb->green = (struct multiboot2_colour){ t->data[34], t->data[35] };
		fb->blue = (struct multiboot2_colour){ t->data[36], t->data[37] };
	}
	m->has_framebuffer = true;
	return MULTIBOOT2_OK;
}

static bool checksum_ok(const u8 *p, u32 len)
{
	u8 sum = 0;

	while (len--)
		sum = (u8)(sum + *p++);
	return !sum;
}

/*
 * Sections 3.6.15 and 3.6.16; ACPI 6.4, 5.2.5.3. An RSDP of version 2 may have
 * more bytes than are copied; its checksum is over all of them.
 */
static enum multiboot2_error get_rsdp(struct multiboot2 *m,
				      const struct tag *t)
{
	bool v2 = t->type == TAG_RSDP_V2;
	u32 min = v2 ? MULTIBOOT2_RSDP_V2 : MULTIBOOT2_RSDP_V1;
	u32 size = t->size - TAG_HEADER;
	const u8 *rsdp = t->data + TAG_HEADER;
	u32 len = min;

	if (size < min)
		return MULTIBOOT2_TAG_SIZE;
	if (v2)
		len = get32(rsdp + RSDP_LENGTH);
	if (memcmp(rsdp, "RSD PTR ", 8) || len < min || len > size ||
	    !checksum_ok(rsdp, MULTIBOOT2_RSDP_V1) || !checksum_ok(rsdp, len))
		return MULTIBOOT2_RSDP;
	if (v2) {
		memcpy(m->rsdp_v2, rsdp, MULTIBOOT2_RSDP_V2);
		m->has_rsdp_v2 = true;
	} else {
		memcpy(m->rsdp_v1, rsdp, MULTIBOOT2_RSDP_V1);
		m->has_rsdp_v1 = true;
	}
	return MULTIBOOT2_OK;
}

static enum multiboot2_error get_tag(struct multiboot2 *m,
				     const struct tag *t)
{
	switch (t->type) {
	case TAG_CMDLINE:
		return get_string(t, TAG_HEADER, m->cmdline,
				  sizeof(m->cmdline), false);
	case TAG_LOADER:
		return get_string(t, TAG_HEADER, m->loader,
				  sizeof(m->loader), true);
	case TAG_MODULE:
		return get_module(m, t);
	case TAG_MEMORY:
		return get_memory(m, t);
	case TAG_FRAMEBUFFER:
		return get_framebuffer(m, t);
	case TAG_RSDP_V1:
	case TAG_RSDP_V2:
		return get_rsdp(m, t);
	default:
		return MULTIBOOT2_OK;
	}
}

/* Tags that are read and may be there once. */
static bool is_single(u32 type)
{
	return type == TAG_CMDLINE || type == TAG_LOADER ||
	       type == TAG_MEMORY || type == TAG_FRAMEBUFFER ||
	       type == TAG_RSDP_V1 || type == TAG_RSDP_V2;
}

static enum multiboot2_error get_tags(struct multiboot2 *m, const u8 *data)
{
	enum multiboot2_error error;
	u32 pos = 8, seen = 0;
	struct tag t;

	while (m->size - pos >= TAG_HEADER) {
		t.data = data + pos;
		t.type = get32(t.data);
		t.size = get32(t.data + 4);
		if (t.size < TAG_HEADER)
			return MULTIBOOT2_TAG_SIZE;
		if (t.size > m->size - pos)
			return MULTIBOOT2_TAG_BOUNDS;
		if (t.type == TAG_END)
			return m->nr_memory ? MULTIBOOT2_OK :
				MULTIBOOT2_NO_MEMORY;
		if (is_single(t.type)) {
			if (seen & 1U << t.type)
				return MULTIBOOT2_TWICE;
			seen |= 1U << t.type;
		}
		error = get_tag(m, &t);
		if (error)
			return error;

		/* The next tag begins at a multiple of 8. */
		t.size = (t.size + 7) & ~7U;
		if (t.size > m->size - pos)
			return MULTIBOOT2_NO_END;
		pos += t.size;
	}
	return MULTIBOOT2_NO_END;
}

enum multiboot2_error multiboot2_parse(struct multiboot2 *m, const void *info,
				       u64 readable)
{
	memset(m, 0, sizeof(*m));
	if ((u64)info & 7)
		return MULTIBOOT2_UNALIGNED;
	if (readable < 8)
		return MULTIBOOT2_TRUNCATED;
	m->size = get32(info);
	if (m->size < 8 + TAG_HEADER)
		return MULTIBOOT2_TOO_SMALL;
	if (m->size > MULTIBOOT2_MAX_SIZE)
		return MULTIBOOT2_TOO_LARGE;
	if (m->size > readable)
		return MULTIBOOT2_TRUNCATED;
	return get_tags(m, info);
}

const char *multiboot2_strerror(enum multiboot2_error error)
{
	switch (error) {
#define MULTIBOOT2_TEXT(name, text) case MULTIBOOT2_##name: return text;
	MULTIBOOT2_ERRORS(MULTIBOOT2_TEXT)
#undef MULTIBOOT2_TEXT
	}
	return "an unknown error";
}
