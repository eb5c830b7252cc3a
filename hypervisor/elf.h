/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parser of guest images: ELF64 with a Ringlet note.
 *
 * Images come from tenants, so every field is hostile. The parser reads the
 * image once, checks all of it, and leaves what the builder needs in a plain
 * structure; nothing later goes back to the headers.
 */
#ifndef HV_ELF_H
#define HV_ELF_H

#include "types.h"
#include <ringlet/note.h>

#define ELF_MAX_SEGMENTS	32	/* PT_LOAD segments of an image */
#define ELF_MAX_PHDRS		128	/* program headers of an image */

struct elf_segment {
	u64 offset;		/* in the image, bytes */
	u64 filesz;		/* bytes to copy */
	u64 memsz;		/* bytes in memory, at least filesz */
	u64 gpa;		/* p_paddr */
};

struct elf_image {
	struct elf_segment segment[ELF_MAX_SEGMENTS];
	u32 nr_segments;	/* at least 1; none empty, none overlap */
	u64 start, end;		/* span of all segments, guest-physical */
	struct ringlet_note note;
	char error[RINGLET_REASON_LEN];
};

/*
 * Parse and validate an image.
 *
 * @elf:   receives the result; on failure only 'error' counts, a sentence
 *         that begins with "kernel"
 * @image: the image, @size bytes. It must not change until the load is done.
 *
 * Checked: ELF header (64-bit, little endian, x86-64, executable or shared
 * object), program headers and segment contents within @size, sums that do not
 * overflow, segments that do not overlap, the note with ABI version, flags,
 * features and alignment, and an entry point inside a segment.
 *
 * Returns 0, or -EINVAL: not an image that can run here.
 * Locking: none. Source: System V gABI chapters 4 and 5, ringlet/note.h.
 */
int elf_parse(struct elf_image *elf, const void *image, u64 size);

#endif /* HV_ELF_H */
