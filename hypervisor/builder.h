/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The domain builder: makes a guest image, an initial RAM disk and a command
 * line into a domain that is ready to start.
 *
 * The same source is compiled into the hypervisor, which builds domain 0 (and
 * domains from boot modules), and into libringlet, which builds domUs from
 * domain 0. It works in two steps. builder_plan() reads and validates all of it
 * and decides where it goes: it writes no guest memory. builder_load() then
 * writes guest memory and produces the start state of vCPU 0; it can fail only
 * when memory cannot be mapped.
 *
 * struct builder takes about 6 KiB: do not put it on a hypervisor stack.
 */
#ifndef HV_BUILDER_H
#define HV_BUILDER_H

#include "types.h"
#include "elf.h"
#include <ringlet/x86.h>

#define BUILDER_MAX_REGIONS	64
#define BUILDER_MAX_RESERVED	32
#define BUILDER_MAX_E820	128
#define BUILDER_MAX_CMDLINE	4096	/* bytes, with the terminating NUL */
#define BUILDER_MAX_MEMORY	(1ULL << 46)	/* highest guest-physical end */
#define BUILDER_MAP_CHUNK	0x200000ULL	/* see builder_map() */
#define BUILDER_COPY_INITRD	0ULL		/* see builder_input.initrd_gpa */
#define BUILDER_SHARED_SIZE	0x2000ULL	/* shared page and time page */
#define BUILDER_RNG_SEED	32		/* bytes of /chosen/rng-seed */

/* A range of guest-physical memory, bytes. */
struct builder_region {
	u64 gpa;
	u64 size;
};

/* One entry of the machine's memory map, as ACPI types it (1 is RAM). */
struct builder_e820 {
	u64 addr;
	u64 size;
	u32 type;
};

/* The screen as the boot loader left it: pixels, or characters of VGA text. */
struct builder_screen {
	u64 addr;		/* physical */
	u32 pitch;		/* bytes from a line to the next */
	u32 width, height;	/* pixels, or characters */
	/* Of a pixel, as the binding simple-framebuffer has it; NULL: VGA text. */
	const char *format;
};

/*
 * What to build. The caller fills it and keeps everything it points to
 * unchanged until builder_load() has returned. Unused fields are 0.
 */
struct builder_input {
	/*
	 * The domain's memory: ascending, not empty, not overlapping, 4 KiB
	 * aligned. domU: one region from 0. Domain 0: its machine memory.
	 */
	const struct builder_region *regions;
	u32 nr_regions;			/* 1 to BUILDER_MAX_REGIONS */

	/*
	 * Parts of that memory which the builder must not write, because
	 * something is read from there while it loads (domain 0: the boot module
	 * of the kernel, if it lies in domain 0's memory). Any alignment and
	 * order. Afterwards they are free memory of the guest.
	 */
	const struct builder_region *reserved;
	u32 nr_reserved;		/* up to BUILDER_MAX_RESERVED */

	const void *image;		/* ELF64; hostile */
	u64 image_size;

	/*
	 * Initial RAM disk, or size 0. With initrd_gpa = BUILDER_COPY_INITRD it
	 * is copied from 'initrd', below 4 GiB if there is room. Otherwise it is
	 * in the domain's memory at initrd_gpa (4 KiB aligned) already, and
	 * 'initrd' is not read.
	 */
	const void *initrd;
	u64 initrd_size;
	u64 initrd_gpa;

	const char *cmdline;		/* NULL counts as "" */
	u32 domid;
	u32 vcpus;			/* 1 to RINGLET_MAX_VCPUS */
	bool control;			/* the control domain */
	u64 shared_gpa;			/* shared page; time page behind it */

	/* The page of the virtio bus (ringlet/virtio.h), or 0: there is none. */
	u64 virtio_gpa;
	u32 virtio_port;		/* an event channel port of the domain */
	u32 virtio_backend;		/* domain that serves the devices */
	/* The part of memory that devices reach; size 0: all. In 'reserved', too. */
	struct builder_region pool;

	/* Domain 0: the machine. What is 0 or NULL is not in the tree. */
	const struct builder_e820 *e820;
	u32 nr_e820;			/* up to BUILDER_MAX_E820 */
	u64 acpi_rsdp;
	const struct builder_screen *screen;

	const u8 *rng_seed;		/* BUILDER_RNG_SEED random bytes, or NULL */
};

/* Where things went. Ends are exclusive; a range that is not there is 0, 0. */
struct builder_layout {
	u64 image_start, image_end;	/* the span of all segments, moved */
	s64 image_moved;		/* added to each address of the image */
	u64 entry;
	u64 initrd_start, initrd_end;	/* exact, not rounded to pages */
	u64 fdt_start, fdt_end;		/* room for the device tree */
	u64 tables_start, tables_end;	/* the root is at tables_start */
	u64 mapped_end;			/* boot tables map [0, mapped_end) */
	u64 memory_size;		/* sum of the regions */
	u64 memory_end;			/* end of the last region */
};

struct builder {
	struct builder_input in;	/* set by the caller */
	void *env;			/* the caller's, for builder_map() */

	struct builder_layout layout;	/* set by builder_plan() */
	struct elf_image elf;		/* set by builder_plan() */
	struct builder_region busy[BUILDER_MAX_RESERVED + 5];	/* in use */
	u32 nr_busy;
	char error[RINGLET_REASON_LEN];	/* set when a function fails */
};

/*
 * Validate the input and decide the layout. Pure computation: calls neither
 * builder_map() nor anything that sleeps.
 *
 * Returns 0, or with a sentence in b->error:
 *   -EINVAL  the image, or a field of the input, is not allowed
 *   -ENOMEM  the domain's memory is too small, or not free where needed
 *   -E2BIG   the command line or a list is too long
 * Locking: none. The caller owns 'b'.
 */
int builder_plan(struct builder *b);

/*
 * Do what builder_plan() decided: write image, initial RAM disk, device tree
 * and boot tables, and fill in vCPU 0's start state. What a segment has beyond
 * its file bytes (bss) is zeroed; memory outside all of these is left as it is.
 *
 * @context: receives all fields; those that mean nothing are 0
 *
 * Returns 0, or with a sentence in b->error:
 *   -EFAULT  builder_map() failed
 *   -ENOSPC  the device tree outgrew its room (an error of this program)
 * Locking: none; may call builder_map() and builder_unmap().
 */
int builder_load(struct builder *b, struct ringlet_vcpu_context *context);

/*
 * Provided by the environment (hypervisor, libringlet, unit tests).
 *
 * builder_map() returns a writable mapping of guest-physical [gpa, gpa + len),
 * or NULL. The range lies in one region, is not empty and does not cross a
 * multiple of BUILDER_MAP_CHUNK; gpa may have any alignment. At most one
 * mapping is live at a time. builder_unmap() gets the pointer and the same
 * range.
 */
void *builder_map(struct builder *b, u64 gpa, u64 len);
void builder_unmap(struct builder *b, void *mapping, u64 gpa, u64 len);

#endif /* HV_BUILDER_H */
