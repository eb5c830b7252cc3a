/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maker of small ELF64 guest images, for tests of the parser and the builder:
 * a good image in one call, whose headers a test then spoils.
 */
#ifndef TEST_IMAGE_H
#define TEST_IMAGE_H

#include <elf.h>
#include <string.h>
#include "types.h"
#include <ringlet/note.h>

#define IMAGE_SIZE	0x3000
#define IMAGE_PHDRS	4
#define IMAGE_NOTE	0x204	/* offset of the note header */
#define IMAGE_TEXT	0x1000	/* offset and size of the text segment */
#define IMAGE_DATA	0x2000
#define IMAGE_BASE	0x1000000ULL	/* p_paddr of the text segment */
#define IMAGE_BSS	0x5000	/* bytes of bss behind the data's 0x1000 */

struct image {
	_Alignas(16) u8 bytes[IMAGE_SIZE];
};

static inline Elf64_Ehdr *image_ehdr(struct image *im)
{
	return (Elf64_Ehdr *)im->bytes;
}

/* 0: text, 1: data with bss, 2: note, 3: an empty PT_LOAD */
static inline Elf64_Phdr *image_phdr(struct image *im, int n)
{
	return (Elf64_Phdr *)(im->bytes + sizeof(Elf64_Ehdr)) + n;
}

static inline Elf64_Nhdr *image_nhdr(struct image *im)
{
	return (Elf64_Nhdr *)(im->bytes + IMAGE_NOTE);
}

static inline struct ringlet_note *image_note(struct image *im)
{
	return (struct ringlet_note *)(im->bytes + IMAGE_NOTE +
				       sizeof(Elf64_Nhdr) + 8);
}

static inline void image_segment(struct image *im, int n, u64 offset,
				 u64 filesz, u64 memsz, u64 paddr)
{
	Elf64_Phdr *p = image_phdr(im, n);

	p->p_type = PT_LOAD;
	p->p_offset = offset;
	p->p_filesz = filesz;
	p->p_memsz = memsz;
	p->p_paddr = paddr;
	p->p_vaddr = 0xffffffff80000000 + paddr;
	p->p_align = 4096;
}

/* Byte at an offset of the image's contents: never 0. */
static inline u8 image_byte(u64 offset)
{
	return (u8)(1 + offset % 251);
}

static inline void image_make(struct image *im)
{
	Elf64_Ehdr *h = image_ehdr(im);
	struct ringlet_note *note = image_note(im);
	u64 i;

	memset(im, 0, sizeof(*im));
	memcpy(h->e_ident, ELFMAG, SELFMAG);
	h->e_ident[EI_CLASS] = ELFCLASS64;
	h->e_ident[EI_DATA] = ELFDATA2LSB;
	h->e_ident[EI_VERSION] = EV_CURRENT;
	h->e_type = ET_EXEC;
	h->e_machine = EM_X86_64;
	h->e_version = EV_CURRENT;
	h->e_phoff = sizeof(*h);
	h->e_ehsize = sizeof(*h);
	h->e_phentsize = sizeof(Elf64_Phdr);
	h->e_phnum = IMAGE_PHDRS;

	image_segment(im, 0, IMAGE_TEXT, 0x1000, 0x1000, IMAGE_BASE);
	image_segment(im, 1, IMAGE_DATA, 0x1000, 0x1000 + IMAGE_BSS,
		      IMAGE_BASE + 0x2000);
	image_phdr(im, 2)->p_type = PT_NOTE;
	image_phdr(im, 2)->p_offset = IMAGE_NOTE;
	image_phdr(im, 2)->p_filesz = sizeof(Elf64_Nhdr) + 8 + sizeof(*note);
	image_phdr(im, 2)->p_align = 4;
	image_segment(im, 3, IMAGE_SIZE, 0, 0, 0);

	image_nhdr(im)->n_namesz = sizeof(RINGLET_NOTE_NAME);
	image_nhdr(im)->n_descsz = sizeof(*note);
	image_nhdr(im)->n_type = RINGLET_NOTE_GUEST;
	memcpy(image_nhdr(im) + 1, RINGLET_NOTE_NAME,
	       sizeof(RINGLET_NOTE_NAME));
	note->abi_version = RINGLET_ABI_VERSION;
	note->entry = IMAGE_BASE + 0x100;
	note->align = 0x200000;
	for (i = IMAGE_TEXT; i < IMAGE_SIZE; i++)
		im->bytes[i] = image_byte(i);
}

#endif /* TEST_IMAGE_H */
