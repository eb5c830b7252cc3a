/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parser of the Multiboot2 information structure, which GRUB leaves in memory.
 *
 * It copies what the hypervisor needs, strings too, so that the structure's
 * memory may be used for something else afterwards. Source: Multiboot2
 * Specification version 2.0, section 3.6.
 */
#ifndef HV_MULTIBOOT2_H
#define HV_MULTIBOOT2_H

#include "types.h"

#define MULTIBOOT2_BOOTLOADER_MAGIC	0x36d76289	/* eax at the start */
#define MULTIBOOT2_MAX_SIZE	0x100000	/* of the whole structure, bytes */
#define MULTIBOOT2_MAX_MODULES	16
#define MULTIBOOT2_MAX_MEMORY	128	/* memory map entries */
#define MULTIBOOT2_MAX_STRING	1024	/* with the terminating NUL */
#define MULTIBOOT2_MAX_LOADER	64
#define MULTIBOOT2_RSDP_V1	20	/* bytes */
#define MULTIBOOT2_RSDP_V2	36

/* Memory types, as in ACPI's memory map (table 15-374 of ACPI 6.4). */
#define MULTIBOOT2_RAM		1
#define MULTIBOOT2_RESERVED	2
#define MULTIBOOT2_ACPI		3
#define MULTIBOOT2_NVS		4
#define MULTIBOOT2_BAD		5

/* Framebuffer types. */
#define MULTIBOOT2_FB_INDEXED	0
#define MULTIBOOT2_FB_RGB	1
#define MULTIBOOT2_FB_TEXT	2

/* X(name, what is wrong) */
#define MULTIBOOT2_ERRORS(X) \
	X(OK, "nothing") \
	X(UNALIGNED, "the structure is not at a multiple of 8") \
	X(TRUNCATED, "the structure says it is larger than what can be read") \
	X(TOO_SMALL, "the structure says it is too small for an end tag") \
	X(TOO_LARGE, "the structure is larger than 1 MiB") \
	X(TAG_SIZE, "a tag is smaller than what it must contain") \
	X(TAG_BOUNDS, "a tag goes beyond the end of the structure") \
	X(NO_END, "there is no end tag") \
	X(TWICE, "a tag that may be there once is there twice") \
	X(STRING, "a string is not terminated within its tag") \
	X(STRING_LENGTH, "a command line has more than 1023 characters") \
	X(MODULE_RANGE, "a module ends before it begins") \
	X(MODULE_OVERLAP, "two modules overlap") \
	X(MODULE_COUNT, "there are more than 16 modules") \
	X(MEMORY_ENTRY, "the memory map has an entry size that is not allowed") \
	X(MEMORY_RANGE, "a memory map entry goes beyond the end of the address space") \
	X(MEMORY_COUNT, "the memory map has more than 128 entries") \
	X(NO_MEMORY, "there is no memory map") \
	X(RSDP, "a copy of the ACPI RSDP has a wrong signature, length or checksum")

enum multiboot2_error {
#define MULTIBOOT2_ENUM(name, text) MULTIBOOT2_##name,
	MULTIBOOT2_ERRORS(MULTIBOOT2_ENUM)
#undef MULTIBOOT2_ENUM
};

struct multiboot2_module {
	u64 start, end;			/* physical, end exclusive */
	char string[MULTIBOOT2_MAX_STRING];	/* what follows the file name */
};

struct multiboot2_memory {
	u64 addr, size;			/* size is not 0, the sum does not wrap */
	u32 type;			/* MULTIBOOT2_RAM, ..., or unknown */
};

/* The bits of one colour within a pixel. */
struct multiboot2_colour {
	u8 pos, size;
};

struct multiboot2_framebuffer {
	u64 addr;
	u32 pitch, width, height;	/* bytes; pixels, or characters if TEXT */
	u8 bpp;
	u8 type;			/* MULTIBOOT2_FB_* */
	struct multiboot2_colour red, green, blue;	/* RGB only, else 0 */
};

struct multiboot2 {
	u32 size;			/* of the whole structure, bytes */
	char cmdline[MULTIBOOT2_MAX_STRING];	/* "" if not given */
	char loader[MULTIBOOT2_MAX_LOADER];	/* cut if longer */
	struct multiboot2_module module[MULTIBOOT2_MAX_MODULES];
	u32 nr_modules;
	/* In the firmware's order; entries may overlap. */
	struct multiboot2_memory memory[MULTIBOOT2_MAX_MEMORY];
	u32 nr_memory;
	bool has_rsdp_v1, has_rsdp_v2;	/* checked copies, not addresses */
	u8 rsdp_v1[MULTIBOOT2_RSDP_V1];
	u8 rsdp_v2[MULTIBOOT2_RSDP_V2];
	bool has_framebuffer;
	struct multiboot2_framebuffer framebuffer;
};

/*
 * Parse the structure at @info, of which @readable bytes can be read.
 *
 * Fills @m, which is about 20 KiB. On failure @m must not be used. Unknown tags
 * are skipped.
 *
 * Returns MULTIBOOT2_OK (0) or what is wrong. Locking: none.
 */
enum multiboot2_error multiboot2_parse(struct multiboot2 *m, const void *info,
				       u64 readable);

/* What is wrong, in words: see MULTIBOOT2_ERRORS. */
const char *multiboot2_strerror(enum multiboot2_error error);

#endif /* HV_MULTIBOOT2_H */
