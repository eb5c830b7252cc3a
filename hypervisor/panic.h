/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The failure verbs.
 *
 *  return -E...          the caller asked for something that cannot be: nothing
 *                        has changed
 *  domain_crash(d, ...)  a guest did what no correct guest does and cannot be
 *                        answered with an errno: it ends, with one reason (the
 *                        first wins); see domain.h
 *  panic(...)            the hypervisor's own state is wrong: everything ends
 *  boot_failure(...)     what the machine is, or what GRUB loaded, does not do:
 *                        before domain 0 runs, instead of panic()
 *
 * ASSERT states what the code relies on. It is not error handling, and it
 * never depends on what a guest does.
 */
#ifndef HV_PANIC_H
#define HV_PANIC_H

#include "types.h"

/*
 * Print a reason with registers, what this pCPU was doing, and who called whom; then
 * stop, or reboot, the machine.
 */
void panic(const char *fmt, ...) __noreturn __printf(1, 2);

/* Registers of an entry from ring 0, as gate_ring0 pushes them. */
struct ring0_regs {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector, error_code;
	u64 rip, cs, rflags, rsp, ss;
};

/* The same for an exception that ring 0 should not have had. */
void panic_exception(const struct ring0_regs *r) __noreturn;

/* Print a sentence, with cause and remedy, and stop, or reboot, the machine. */
void boot_failure(const char *fmt, ...) __noreturn __printf(1, 2);

/* Stop after a panic or boot failure (true), or reset the machine. */
void panic_set_noreboot(bool on);

#ifdef CONFIG_DEBUG
#define ASSERT(x) \
	do { \
		if (unlikely(!(x))) \
			panic("assertion failed: %s, %s:%d", #x, __FILE__, __LINE__); \
	} while (0)
#else
#define ASSERT(x) do { (void)sizeof(x); } while (0)
#endif

#endif /* HV_PANIC_H */
