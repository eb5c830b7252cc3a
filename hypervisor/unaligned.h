/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers at any address, in the byte order of the CPU: tables of the firmware
 * and of the boot loader do not align theirs.
 */
#ifndef HV_UNALIGNED_H
#define HV_UNALIGNED_H

#include "types.h"

static inline u16 get16(const u8 *p)
{
	u16 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline u32 get32(const u8 *p)
{
	u32 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline u64 get64(const u8 *p)
{
	u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

#endif /* HV_UNALIGNED_H */
