/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device tree that a guest gets at its start. Bindings: docs/abi.md, Start.
 *
 * Not called fdt.h, since libfdt has a header of that name.
 */
#ifndef HV_DEVICETREE_H
#define HV_DEVICETREE_H

#include "builder.h"

/* Bytes that are enough for the tree of this domain, rounded up to a page. */
u64 devicetree_room(const struct builder_input *in);

/*
 * Write the tree of a domain into @buf, @room bytes, 8-byte aligned.
 *
 * Returns 0, or a negative error number of libfdt (-3: no room).
 * Locking: none.
 */
int devicetree_write(void *buf, u64 room, const struct builder_input *in,
		     const struct builder_layout *layout);

#endif /* HV_DEVICETREE_H */
