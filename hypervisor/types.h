/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Basic types. The hypervisor has no C library; host builds (unit tests, tools)
 * take theirs from it.
 */
#ifndef HV_TYPES_H
#define HV_TYPES_H

#ifdef RINGLET_HOST

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#else

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long s64;
typedef __SIZE_TYPE__ size_t;

#define bool _Bool
#define true 1
#define false 0
#define NULL ((void *)0)

#endif

#endif /* HV_TYPES_H */
