/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Verified load on a disk, for tests that kill what serves it: random reads and
 * writes at some depth, with flushes between them; each read is compared with what
 * may be there.
 */
#ifndef DM_LOAD_H
#define DM_LOAD_H

#include "dm_fake.h"

#define LOAD_BLOCKS	2048
#define LOAD_DEPTH	32

/*
 * On LOAD_DEPTH buffers of 4096 bytes from a guest-physical address on. The disk
 * is empty.
 */
void load_begin(struct vq *q, uint64_t buffers, unsigned int seed);
/* Go on until 'count' more requests are done. NULL, or what is wrong. */
const char *load_run(unsigned int count);
/* Let everything in flight end within 'ms'. */
const char *load_end(int ms);

#endif /* DM_LOAD_H */
