/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boot-time domains: a device tree among the boot modules describes domains
 * that the hypervisor builds itself. The binding: docs/boot-domains.md.
 */
#ifndef HV_BOOT_DOMAINS_H
#define HV_BOOT_DOMAINS_H

#include "multiboot2.h"
#include "ringlet/abi.h"
#include "types.h"

#define BOOT_DOMAINS_MAX	8

struct boot_domain {
	char name[RINGLET_NAME_LEN];
	u64 memory;			/* bytes, whole 2 MiB, not 0 */
	u32 vcpus;
	const char *bootargs;		/* in the tree; NULL: none */
	const struct multiboot2_module *kernel;
	const struct multiboot2_module *ramdisk;	/* NULL: none */
};

struct boot_domains {
	struct boot_domain domain[BOOT_DOMAINS_MAX];
	u32 nr;
	u64 memory;			/* sum */
	char error[RINGLET_REASON_LEN];
};

/* Does a module of 'size' bytes begin as a device tree does? */
bool boot_domains_is_tree(const void *module, u64 size);

/*
 * Read and validate a device tree of 'size' bytes, at a multiple of 8; anything
 * may be in it. The result points into the tree and to modules of 'boot'.
 *
 * Returns 0, or -EINVAL with a sentence in 'error'. Locking: none.
 */
int boot_domains_parse(struct boot_domains *all, const void *tree, u64 size,
		       const struct multiboot2 *boot);

#endif /* HV_BOOT_DOMAINS_H */
