/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain's memory and registers in an ELF core, which gdb reads with the domain's
 * kernel, and crash(8) if the kernel has a VMCOREINFO.
 *
 * The memory is in the file once, at the same distance for each guest frame; pages
 * that the domain does not have, or that are zero, are holes. The first LOAD has it
 * at its guest-physical addresses. The others have it where the upper half of the
 * first vCPU's page tables has it, whatever kernel that is.
 */
#ifndef RL_DUMP_H
#define RL_DUMP_H

#include <signal.h>
#include "ringlet.h"

#define RL_DUMP_MEMORY		0x100000	/* where in the file gfn 0 is */
#define RL_DUMP_NOTES		0xf0000
#define RL_DUMP_SEGMENTS	16384

struct rl_dump {
	const volatile sig_atomic_t *stop;	/* give up when it is set; or NULL */
	bool replace;			/* a file that is there */
	uint64_t pages;			/* out: of the domain, in the file */
	unsigned int vcpus;		/* out */
	unsigned int ranges;		/* out: of kernel addresses */
	bool cut;			/* out: there were more ranges */
};

/*
 * Dump a domain, which is paused meanwhile unless it has ended. On failure no new
 * file is left, but one that was to be replaced is gone.
 * Errors: EINVAL (domain 0), EEXIST, ENOSPC, EINTR (stop) and those of open(2).
 */
int rl_dump_core(struct rl *rl, const struct ringlet_domain_info *domain,
		 const char *path, struct rl_dump *dump);

#endif /* RL_DUMP_H */
