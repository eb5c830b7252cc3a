// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser of guest images: see elf.h.
 */
#include "elf.h"

#ifdef RINGLET_HOST
#include <stdio.h>
#else
#include "errno.h"
#include "printk.h"
#include "string.h"
#endif

/* System V gABI, chapters 4 (header, notes) and 5 (program headers). */
#define ET_EXEC		2
#define ET_DYN		3
#define EM_X86_64	62
#define PT_LOAD		1
#define PT_NOTE		4

struct elf_header {
	u8 ident[16];
	u16 type;
	u16 machine;
	u32 version;
	u64 entry;
	u64 phoff;
	u64 shoff;
	u32 flags;
	u16 ehsize;
	u16 phentsize;
	u16 phnum;
	u16 shentsize;
	u16 shnum;
	u16 shstrndx;
};

struct elf_phdr {
	u32 type;
	u32 flags;
	u64 offset;
	u64 vaddr;
	u64 paddr;
	u64 filesz;
	u64 memsz;
	u64 align;
};

struct elf_nhdr {
	u32 namesz;
	u32 descsz;
	u32 type;
};

/* The image while it is parsed. */
struct elf_input {
	const u8 *data;
	u64 size;
	bool note_found;
};

#define fail(elf, ...) \
	(snprintf((elf)->error, sizeof((elf)->error), __VA_ARGS__), -EINVAL)

/* Is [offset, offset + len) inside [0, size)? */
static bool range_ok(u64 offset, u64 len, u64 size)
{
	return len <= size && offset <= size - len;
}

/* A boot protocol image of Linux, which people have at hand and try first. */
static bool is_bzimage(const struct elf_input *in)
{
	return in->size >= 0x206 && !memcmp(in->data + 0x202, "HdrS", 4);
}

static int parse_header(struct elf_image *elf, const struct elf_input *in,
			struct elf_header *h)
{
	if (is_bzimage(in))
		return fail(elf, "kernel is a bzImage: Ringlet starts the vmlinux it was made from");
	if (in->size < sizeof(*h))
		return fail(elf, "kernel is not an ELF file: it has only %lu bytes",
			    (unsigned long)in->size);
	memcpy(h, in->data, sizeof(*h));
	if (memcmp(h->ident, "\177ELF", 4))
		return fail(elf, "kernel is not an ELF file: Ringlet starts an uncompressed ELF64 image (vmlinux)");
	if (h->ident[4] != 2 || h->ident[5] != 1 || h->ident[6] != 1 ||
	    h->version != 1)
		return fail(elf, "kernel is not a 64-bit little-endian ELF file of version 1");
	if (h->machine != EM_X86_64)
		return fail(elf, "kernel is for ELF machine %u, not for x86-64 (62)",
			    h->machine);
	if (h->type != ET_EXEC && h->type != ET_DYN)
		return fail(elf, "kernel has ELF type %u: it must be an executable (2) or a shared object (3)",
			    h->type);
	if (h->phentsize != sizeof(struct elf_phdr))
		return fail(elf, "kernel has program headers of %u bytes, not of %u",
			    h->phentsize, (unsigned int)sizeof(struct elf_phdr));
	if (!h->phnum || h->phnum > ELF_MAX_PHDRS)
		return fail(elf, "kernel has %u program headers: 1 to %u are possible",
			    h->phnum, ELF_MAX_PHDRS);
	if (!range_ok(h->phoff, (u64)h->phnum * sizeof(struct elf_phdr),
		      in->size))
		return fail(elf, "kernel is truncated: program headers at offset 0x%lx, file of 0x%lx bytes",
			    (unsigned long)h->phoff, (unsigned long)in->size);
	return 0;
}

static int add_segment(struct elf_image *elf, const struct elf_input *in,
		       const struct elf_phdr *p, u32 index)
{
	struct elf_segment *s;
	u32 i;

	if (!p->memsz && !p->filesz)
		return 0;
	if (!range_ok(p->offset, p->filesz, in->size))
		return fail(elf, "kernel is truncated: segment %u has bytes 0x%lx at offset 0x%lx, file of 0x%lx bytes",
			    index, (unsigned long)p->filesz,
			    (unsigned long)p->offset, (unsigned long)in->size);
	if (p->filesz > p->memsz)
		return fail(elf, "kernel segment %u has more bytes in the file than in memory",
			    index);
	if (p->paddr + p->memsz < p->paddr)
		return fail(elf, "kernel segment %u goes beyond the end of the address space",
			    index);
	if (elf->nr_segments == ELF_MAX_SEGMENTS)
		return fail(elf, "kernel has more than %u segments to load",
			    ELF_MAX_SEGMENTS);
	for (i = 0; i < elf->nr_segments; i++) {
		s = &elf->segment[i];
		if (p->paddr < s->gpa + s->memsz &&
		    s->gpa < p->paddr + p->memsz)
			return fail(elf, "kernel segment %u overlaps another one at physical address 0x%lx",
				    index, (unsigned long)p->paddr);
	}

	s = &elf->segment[elf->nr_segments++];
	s->offset = p->offset;
	s->filesz = p->filesz;
	s->memsz = p->memsz;
	s->gpa = p->paddr;
	if (s->gpa < elf->start)
		elf->start = s->gpa;
	if (s->gpa + s->memsz > elf->end)
		elf->end = s->gpa + s->memsz;
	return 0;
}

static int take_note(struct elf_image *elf, struct elf_input *in,
		     const u8 *desc, u32 descsz)
{
	struct ringlet_note *n = &elf->note;

	if (in->note_found)
		return fail(elf, "kernel has two Ringlet notes");
	in->note_found = true;
	if (descsz >= sizeof(n->abi_version)) {
		memcpy(&n->abi_version, desc, sizeof(n->abi_version));
		if (n->abi_version != RINGLET_ABI_VERSION)
			return fail(elf, "kernel is for version %u of the Ringlet ABI, this Ringlet has version %u: use the one built with it",
				    n->abi_version, RINGLET_ABI_VERSION);
	}
	if (descsz != sizeof(*n))
		return fail(elf, "kernel has a Ringlet note of %u bytes, not of %u",
			    descsz, (unsigned int)sizeof(*n));
	memcpy(n, desc, sizeof(*n));
	if (n->flags & ~RINGLET_NOTE_RELOCATABLE)
		return fail(elf, "kernel has unknown flags 0x%x in its Ringlet note",
			    n->flags & ~RINGLET_NOTE_RELOCATABLE);
	if (n->features & ~(u64)RINGLET_FEATURES)
		return fail(elf, "kernel needs features 0x%lx that this Ringlet does not have",
			    (unsigned long)(n->features &
					    ~(u64)RINGLET_FEATURES));
	if (n->align < 4096 || n->align & (n->align - 1))
		return fail(elf, "kernel asks for alignment 0x%lx in its Ringlet note, not for a power of two from 0x1000",
			    (unsigned long)n->align);
	return 0;
}

/*
 * Notes are padded to 4 bytes, or to 8 in a segment with that alignment (which
 * GNU property notes use).
 */
static int scan_notes(struct elf_image *elf, struct elf_input *in,
		      const struct elf_phdr *p, u32 index)
{
	u64 pad = p->align == 8 ? 7 : 3;
	u64 pos = 0, name, desc;
	struct elf_nhdr n;
	const u8 *data;
	int rc;

	if (!range_ok(p->offset, p->filesz, in->size))
		return fail(elf, "kernel is truncated: notes in segment %u are beyond the end of the file",
			    index);
	data = in->data + p->offset;
	while (range_ok(pos, sizeof(n), p->filesz)) {
		memcpy(&n, data + pos, sizeof(n));
		name = pos + sizeof(n);
		desc = (name + n.namesz + pad) & ~pad;
		if (!range_ok(name, n.namesz, p->filesz) ||
		    !range_ok(desc, n.descsz, p->filesz))
			return fail(elf, "kernel has a damaged note at offset 0x%lx",
				    (unsigned long)(p->offset + pos));
		if (n.type == RINGLET_NOTE_GUEST &&
		    n.namesz == sizeof(RINGLET_NOTE_NAME) &&
		    !memcmp(data + name, RINGLET_NOTE_NAME, n.namesz)) {
			rc = take_note(elf, in, data + desc, n.descsz);
			if (rc)
				return rc;
		}
		pos = (desc + n.descsz + pad) & ~pad;
	}
	return 0;
}

static bool in_segment(const struct elf_image *elf, u64 gpa)
{
	const struct elf_segment *s;
	u32 i;

	for (i = 0; i < elf->nr_segments; i++) {
		s = &elf->segment[i];
		if (gpa >= s->gpa && gpa - s->gpa < s->memsz)
			return true;
	}
	return false;
}

int elf_parse(struct elf_image *elf, const void *image, u64 size)
{
	struct elf_input in = { .data = image, .size = size };
	struct elf_header h;
	struct elf_phdr p;
	u32 i;
	int rc;

	memset(elf, 0, sizeof(*elf));
	elf->start = ~0UL;
	rc = parse_header(elf, &in, &h);
	for (i = 0; !rc && i < h.phnum; i++) {
		memcpy(&p, in.data + h.phoff + i * sizeof(p), sizeof(p));
		if (p.type == PT_LOAD)
			rc = add_segment(elf, &in, &p, i);
		else if (p.type == PT_NOTE)
			rc = scan_notes(elf, &in, &p, i);
	}
	if (rc)
		return rc;
	if (!in.note_found)
		return fail(elf, "kernel has no Ringlet note: rebuild it with CONFIG_RINGLET (see the porting guide)");
	if (!elf->nr_segments)
		return fail(elf, "kernel has nothing to load");
	if (!in_segment(elf, elf->note.entry))
		return fail(elf, "kernel has its entry point 0x%lx outside all segments",
			    (unsigned long)elf->note.entry);
	return 0;
}
