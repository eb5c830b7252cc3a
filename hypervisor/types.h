/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Basic types. The same sources are built freestanding (the hypervisor) and,
 * with RINGLET_HOST, as a host library for unit tests and tools.
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
typedef __UINT64_TYPE__ u64;
typedef int32_t s32;
typedef __INT64_TYPE__ s64;

#else

/* No global offset table: what is declared is in this image. */
#pragma GCC visibility push(hidden)

#include "errno.h"
#include "string.h"

typedef __UINT8_TYPE__ u8;
typedef __UINT16_TYPE__ u16;
typedef __UINT32_TYPE__ u32;
typedef __UINT64_TYPE__ u64;
typedef __INT32_TYPE__ s32;
typedef __INT64_TYPE__ s64;
typedef __SIZE_TYPE__ size_t;
typedef __UINTPTR_TYPE__ uintptr_t;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)
#define offsetof(type, member) __builtin_offsetof(type, member)

#endif

/* Internal result: repeat the hypercall after the guest had a chance to run. */
#define ERESTART_HV 512

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096UL
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define LARGE_SHIFT 21
#define LARGE_SIZE (1UL << LARGE_SHIFT)
#define LARGE_PAGES 512

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a) (((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define CLAMP(x, min, max) MIN(MAX(x, min), max)
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define __noreturn __attribute__((noreturn))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __page_aligned __attribute__((aligned(4096)))

/* One access, not torn, repeated or left out by the compiler. */
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

/*
 * Frame numbers of the machine and of a guest are different types, so that
 * mixing them does not compile.
 */
typedef struct { u64 n; } mfn_t;
typedef struct { u64 n; } gfn_t;
#define MFN(x) ((mfn_t){ (x) })
#define GFN(x) ((gfn_t){ (x) })
#define MFN_NONE MFN(~0UL)

/*
 * 'index' if it is below 'size', else 0, also where the CPU runs ahead of the
 * test that said so: for indices that a guest chose.
 */
static inline u64 index_nospec(u64 index, u64 size)
{
	u64 mask;

	__asm__ volatile("cmpq %2, %1\n\tsbbq %0, %0"
			 : "=r"(mask) : "r"(index), "r"(size) : "cc");
	return index & mask;
}

#endif /* HV_TYPES_H */
