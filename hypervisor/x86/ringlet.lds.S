/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the parts of the image stand.
 *
 * The file is loaded at IMAGE_PHYS as it is: what stands at physical address P
 * stands at IMAGE_BASE + P - IMAGE_PHYS. Two parts run elsewhere: .boot at its
 * physical address, before paging, and .gate at GATE_BASE, where every root has
 * it. Access rights change on page boundaries; paging.c maps by these symbols.
 */
#include "layout.h"

OUTPUT_FORMAT("elf64-x86-64")
ENTRY(boot_start)

PHDRS
{
	boot PT_LOAD FLAGS(5);
	gate PT_LOAD FLAGS(5);
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
	stack PT_GNU_STACK FLAGS(6);
}

#define PHYS(va) ((va) - IMAGE_BASE + IMAGE_PHYS)

SECTIONS
{
	. = IMAGE_PHYS;
	.boot : AT(IMAGE_PHYS) {
		KEEP(*(.multiboot2))
		*(.boot.text)
		. = ALIGN(4096);
	} :boot

	. = GATE_BASE + GATE_TEXT;
	.gate : AT(IMAGE_PHYS + SIZEOF(.boot)) {
		*(.gate.text)
		. = ALIGN(4096);
	} :gate
	gate_text_load = LOADADDR(.gate);
	ASSERT(SIZEOF(.gate) <= GATE_IDT, "gate text is larger than its place in layout.h")

	. = IMAGE_BASE + SIZEOF(.boot) + SIZEOF(.gate);
	__text_start = .;
	.text : AT(PHYS(__text_start)) {
		*(.text .text.*)
		. = ALIGN(4096);
	} :text
	__text_end = .;

	.rodata : AT(PHYS(__text_end)) {
		*(.rodata .rodata.*)
		*(.got .got.*)
		. = ALIGN(4096);
	} :rodata
	__rodata_end = .;

	.data : AT(PHYS(__rodata_end)) {
		*(.data .data.*)
		. = ALIGN(4096);
	} :data
	__bss_start = .;
	.bss : AT(PHYS(__bss_start)) {
		*(.bss.page_aligned)
		*(.bss .bss.*)
		*(COMMON)
		. = ALIGN(4096);
	} :data
	__image_end = .;
	ASSERT(__image_end - IMAGE_BASE <= 0x1000000, "image is larger than head.S maps")

	/DISCARD/ : {
		*(.comment)
		*(.note .note.*)
		*(.eh_frame)
	}
}
