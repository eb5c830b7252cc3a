// SPDX-License-Identifier: GPL-2.0-only
/*
 * crash: what is left of a domain that the hypervisor ends.
 *
 * SYSCALL in the upper half, but outside the hypercall page, is none of the three
 * calls, and no system call either: the domain ends. One reason and the registers
 * must be in the log, and the last hypercall by its name: mostly what a kernel did
 * last is what it did wrong.
 */
#include "guest.h"

const char test_title[] = "the log of a domain that is ended";

#define UPPER	RINGLET_COMMON_START

void test_main(void)
{
	u8 *code = page_alloc();

	code[0] = 0x0f;			/* syscall */
	code[1] = 0x05;
	map_page(guest.root, UPPER, (u64)code, PTE_P);
	flush(RINGLET_ROOT_KERNEL, UPPER, PAGE_SIZE, 0);
	CHECK_EQ(ringlet_set_timer(0), 0);
	((void (*)(void))UPPER)();
	failure("SYSCALL outside the hypercall page came back");
}
