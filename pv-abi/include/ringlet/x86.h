/* SPDX-License-Identifier: MIT */
/*
 * Ringlet ABI, x86-64: the gate, selectors, the vCPU page, frames, and the
 * register context of a vCPU.
 */
#ifndef RINGLET_X86_H
#define RINGLET_X86_H

#include "abi.h"

/*
 * Slots 256 to 271 of every level-4 table belong to the hypervisor. What a
 * guest writes into these slots of its own tables is ignored. Addresses from
 * RINGLET_COMMON_START up are common to all roots of a domain and are walked
 * from the kernel root (set_kernel_root) alone.
 */
#define RINGLET_HV_START		0xffff800000000000
#define RINGLET_HV_END			0xffff880000000000
#define RINGLET_COMMON_START		0xffff880000000000

/*
 * Hypercall page: three entry points, called (the last two: called, jumped to)
 * by the guest kernel. Numbers and arguments: hypercall.h.
 *
 *  CALL       rax = number, rdi rsi rdx r10 r8 r9 = arguments; returns rax;
 *             rcx and r11 are lost.
 *  LOAD_ROOT  the load_root hypercall: rdi = guest-physical address of the root;
 *             returns rax; rcx and r11 are lost. Does not enter the hypervisor
 *             when the root is in the pCPU's root cache.
 *  IRET       return through a frame: rsp points at struct ringlet_iret_frame.
 *             Jumped to; does not come back.
 */
#define RINGLET_HYPERCALL_PAGE		0xffff800000000000
#define RINGLET_CALL_OFFSET		0x00
#define RINGLET_IRET_OFFSET		0x40
#define RINGLET_LOAD_ROOT_OFFSET	0x80
#define RINGLET_CALL			(RINGLET_HYPERCALL_PAGE + RINGLET_CALL_OFFSET)
#define RINGLET_IRET			(RINGLET_HYPERCALL_PAGE + RINGLET_IRET_OFFSET)
#define RINGLET_LOAD_ROOT		(RINGLET_HYPERCALL_PAGE + RINGLET_LOAD_ROOT_OFFSET)

/*
 * The vCPU page: shared state of the vCPU that runs on this pCPU. It is a
 * hypervisor frame: it has no guest frame number, and it is mapped at this
 * address on the pCPU that runs the vCPU, for supervisor access only.
 */
#define RINGLET_VCPU_PAGE		0xffff800000040000

/* Offsets into the vCPU page, for assembly; struct ringlet_vcpu_page has them. */
#define RINGLET_VCPU_VIF		0x000
#define RINGLET_VCPU_PENDING		0x001
#define RINGLET_VCPU_EVTCHN_SEL		0x008
#define RINGLET_VCPU_CR2		0x010
#define RINGLET_VCPU_KERNEL_SP		0x018
#define RINGLET_VCPU_USER_RIP		0x020
#define RINGLET_VCPU_USER_RFLAGS	0x028
#define RINGLET_VCPU_USER_RSP		0x030
#define RINGLET_VCPU_USER_GS_BASE	0x038
#define RINGLET_VCPU_HINT_COUNT		0x040
#define RINGLET_VCPU_ID			0x044
#define RINGLET_VCPU_DR6		0x048

#define RINGLET_HINT_SLOTS		8

/*
 * Selectors as a guest sees them in frames, and may use. The guest kernel runs
 * with real selectors of its own ring; frames show RPL 0. In a return frame
 * both forms of the kernel selectors are accepted.
 */
#define RINGLET_KERNEL_CS		0x10
#define RINGLET_KERNEL_DS		0x18
#define RINGLET_USER32_CS		0x23
#define RINGLET_USER_DS			0x2b
#define RINGLET_USER_CS			0x33
#define RINGLET_GDT_TLS_MIN		12	/* GDT indices of set_tls */
#define RINGLET_GDT_TLS_MAX		14
#define RINGLET_GDT_CPUNODE		15	/* set_cpunode */

/* Trap numbers of set_trap_table: the CPU's exceptions, and int 0x80. */
#define RINGLET_TRAP_INT80		0x80

#ifndef __ASSEMBLER__

/*
 * A hint says: these pages will be touched next, fill them. Written by the
 * guest after it resolved a fault; consumed by the return that follows.
 */
struct ringlet_hint {
	ringlet_u64 va;			/* [GST] any address in the first page */
	ringlet_u64 count;		/* [GST] pages, 1 to 512 */
};

struct ringlet_vcpu_page {
	/*
	 * [GST][HV] virtual interrupt flag: 1 = events may be delivered. In
	 * ring 3 it counts as 1. To set it: store 1, then test 'pending', and if
	 * that is set call event_check. The HV clears it when it delivers
	 * anything, the gate when it enters a system call.
	 */
	ringlet_u8 vif;
	/* [HV] sets, [GST] clears before it scans evtchn_sel. */
	ringlet_u8 pending;
	ringlet_u8 reserved0[6];
	/* [HV] sets bit n when word n of the pending bitmap got a bit for this
	 * vCPU, [GST] exchanges it with 0. */
	ringlet_u64 evtchn_sel;
	/* [HV] address of the last page fault delivered. */
	ringlet_u64 cr2;
	/* [GST] stack pointer for entries from ring 3. */
	ringlet_u64 kernel_sp;
	/* [HV] set at each system call: return address, flags, stack pointer. */
	ringlet_u64 user_rip;
	ringlet_u64 user_rflags;
	ringlet_u64 user_rsp;
	/* [HV] GS base of ring 3, saved at each entry from there and loaded at
	 * each return to it. [GST] may change it. */
	ringlet_u64 user_gs_base;
	/* [GST] valid slots in hints[]; [HV] clears it, and may put the page of
	 * a fault into the first when it delivers that. */
	ringlet_u32 hint_count;
	/* [HV] number of this vCPU in its domain. */
	ringlet_u32 vcpu_id;
	/* [HV] DR6 at the last debug exception delivered. */
	ringlet_u64 dr6;
	/* The gate's own notes on the last page fault that it delivered. */
	ringlet_u64 gate[2];
	ringlet_u64 reserved1[4];
	struct ringlet_hint hints[RINGLET_HINT_SLOTS];	/* [GST] */
	/*
	 * [HV] nanoseconds this vCPU has run, waited for a pCPU (stolen time),
	 * been blocked, and been offline; current as of the last time the vCPU
	 * was put on a pCPU.
	 */
	ringlet_u64 time_running;
	ringlet_u64 time_runnable;
	ringlet_u64 time_blocked;
	ringlet_u64 time_offline;
	ringlet_u8 reserved2[4096 - 0x120];
};
RINGLET_ASSERT_SIZE(ringlet_vcpu_page, 4096);

/*
 * What RINGLET_IRET reads from the guest kernel's stack. The guest has pushed
 * its own rcx and r11 below an ordinary IRET frame; all other general registers
 * hold what they shall hold after the return.
 *
 *  cs      0x33, 0x23 or an LDT selector with RPL 3: ring 3; 0x10, 0x11: the
 *          guest kernel
 *  ss      ring 3: 0x2b or a TLS or LDT selector with RPL 3, kernel: 0x18, 0x19
 *          or 0
 *  rflags  IF is the virtual interrupt flag (ring 3: taken as 1); IOPL, NT, VM,
 *          VIF and VIP are ignored; TF, RF, AC and ID are honoured
 *
 * A frame that breaks these rules, or that the CPU would refuse (an address
 * that is not canonical or over the segment's limit), becomes a general protection fault with error code 0:
 *  - bits 0 and 1 of cs set: as if the return had been done and ring 3 had
 *    faulted: on kernel_sp, showing the refused values;
 *  - else as a fault of the guest kernel, with rip = RINGLET_IRET and rsp = the
 *    address of the frame.
 * A frame that cannot be read becomes a page fault of the latter kind.
 */
struct ringlet_iret_frame {
	ringlet_u64 rcx;
	ringlet_u64 r11;
	ringlet_u64 rip;
	ringlet_u64 cs;
	ringlet_u64 rflags;
	ringlet_u64 rsp;
	ringlet_u64 ss;
};
RINGLET_ASSERT_SIZE(ringlet_iret_frame, 56);

/*
 * What an exception or an event upcall pushes onto the guest kernel's stack
 * (from ring 3: kernel_sp, aligned down to 16; from the kernel: its rsp,
 * aligned down to 16), as the CPU does: error code (only where the SDM has one,
 * vol. 3, table 6-1), rip, cs, rflags, rsp, ss. rflags.IF is the virtual
 * interrupt flag, which is clear when the handler starts.
 */
struct ringlet_trap_frame {
	ringlet_u64 rip;
	ringlet_u64 cs;
	ringlet_u64 rflags;
	ringlet_u64 rsp;
	ringlet_u64 ss;
};
RINGLET_ASSERT_SIZE(ringlet_trap_frame, 40);

/* One entry of set_trap_table. */
struct ringlet_trap {
	ringlet_u32 vector;		/* 0 to 31, or RINGLET_TRAP_INT80 */
	ringlet_u32 reserved;
	ringlet_u64 address;		/* canonical, outside slots 256 to 271 */
};
RINGLET_ASSERT_SIZE(ringlet_trap, 16);

/* Argument of set_entries. All addresses as in struct ringlet_trap. */
struct ringlet_entries {
	ringlet_u64 syscall;		/* SYSCALL from ring 3 */
	ringlet_u64 event;		/* event upcall */
	ringlet_u64 reserved[2];
};
RINGLET_ASSERT_SIZE(ringlet_entries, 32);

/*
 * Register context of a vCPU: argument of vcpu_boot and of the domctl_*_context
 * calls. A vCPU starts in ring 1 with 'rip', 'rsp', 'rflags' (IF: the virtual
 * interrupt flag), the root 'root', and GS base 'kernel_gs_base'.
 * For a vCPU that was interrupted in ring 3 'user' is 1.
 */
struct ringlet_vcpu_context {
	ringlet_u64 rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
	ringlet_u64 r8, r9, r10, r11, r12, r13, r14, r15;
	ringlet_u64 rip;
	ringlet_u64 rflags;
	ringlet_u64 root;		/* guest-physical, 4 KiB aligned */
	ringlet_u64 fs_base;
	ringlet_u64 kernel_gs_base;
	ringlet_u64 user_gs_base;
	ringlet_u64 kernel_sp;
	ringlet_u64 df_stack;		/* 0 = none: a double fault crashes */
	ringlet_u64 user;		/* 1 = cs is ring 3 (read only) */
	ringlet_u64 cr2;		/* (read only) */
	ringlet_u64 reserved[6];
};
RINGLET_ASSERT_SIZE(ringlet_vcpu_context, 256);

#endif /* __ASSEMBLER__ */
#endif /* RINGLET_X86_H */
