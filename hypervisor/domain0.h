/* SPDX-License-Identifier: GPL-2.0-only */
/* Building domain 0 from boot modules. */
#ifndef HV_DOMAIN0_H
#define HV_DOMAIN0_H

#include "builder.h"
#include "multiboot2.h"
#include "types.h"

struct domain0_input {
	const void *image;		/* kernel, ELF64 */
	u64 image_size;
	const char *cmdline;
	const void *initrd;		/* NULL: none */
	u64 initrd_size;
	u64 memory;			/* bytes; 0 = a quarter of the machine */
	u64 keep;			/* bytes for boot-time domains */
	u32 vcpus;			/* 0 = 1 */
	const struct multiboot2 *boot;	/* for the memory map */
	u64 acpi_rsdp;			/* physical; 0 = none */
	const struct builder_screen *screen;	/* NULL: none */
};

/*
 * Make domain 0 and let it run when scheduling starts. Boot pCPU, once, before
 * pcpu_start(). Panics with a sentence when it cannot be made.
 */
void domain0_build(const struct domain0_input *in);

#endif /* HV_DOMAIN0_H */
