// SPDX-License-Identifier: GPL-2.0-only
/*
 * The smallest program: ends at once.
 *
 * What fork_exec of micro.c executes. Without a C library, so that the time is
 * the kernel's and not that of a library that starts.
 */
#include <asm/unistd.h>

void _start(void)
{
	__asm__ volatile("syscall" : : "a"(__NR_exit), "D"(0));
	__builtin_unreachable();
}
