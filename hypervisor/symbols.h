/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of the hypervisor's functions, for backtraces.
 *
 * The table is made from the linked image by scripts/symbols.sh and linked into it
 * behind all other constants, so that no function moves. A function is known by
 * its distance from the start of the image, or of the gate, which ends before the
 * image's first function begins.
 */
#ifndef HV_SYMBOLS_H
#define HV_SYMBOLS_H

#include "types.h"

extern const u32 symbol_count;
extern const u32 symbol_keys[];		/* ascending */
extern const u16 symbol_names[];	/* where in symbol_text each name is */
extern const char symbol_text[];	/* an empty name: here functions end */

/*
 * The function that has the code at 'va', and how far in it that is. NULL: there is
 * none.
 */
const char *symbol_find(u64 va, u64 *offset);

#endif /* HV_SYMBOLS_H */
