/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gate: what stands between a guest and the hypervisor, mapped at the same
 * addresses under every root. Rules and pictures: docs/gate.md.
 *
 * All of this page range can be read and executed by ring 1, with any register
 * contents: nothing here is secret, and nothing here trusts a saved RIP without
 * a saved CS of ring 0. What is written to is per pCPU (the entry stacks, the
 * vCPU page) and is mapped on this pCPU alone.
 *
 * In ring 0 and under a guest root: interrupts off; no memory of the guest is
 * touched except between gate_iret_read and gate_iret_read_end; no indirect
 * branch and no RET.
 */
#include "asm-offsets.h"
#include "layout.h"
#include "ringlet/x86.h"
#include "vectors.h"
#include "x86/segments.h"

/* Gate pages, addressed relative to RIP. */
#define CONST(field)	(gate_text + GATE_CONST + field)(%rip)
#define VCPU(field)	(gate_text + GATE_VCPU_PAGE + field)(%rip)
#define ROOTS		(gate_text + GATE_ROOTS)(%rip)
#define STACK_TOP	(gate_text + GATE_STACK_ENTRY + 0x1000)(%rip)
#define STACK_AT(off)	(gate_text + GATE_STACK_ENTRY + 0x1000 + off)(%rip)

/* The general registers behind rax, in the order of struct cpu_regs. */
.macro push_registers
	push	%rbx
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%rbp
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
.endm

.macro pop_registers
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rbp
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rbx
.endm

	.section .gate.text, "ax", @progbits
	.balign 4096
	.globl	gate_text
gate_text:

/* ---- The hypercall page: run by ring 1. Offsets are ABI (x86.h). ---- */

	syscall
gate_call_ret:
	ret

	.org	gate_text + RINGLET_IRET_OFFSET, 0xcc
	.globl	gate_iret_stub
gate_iret_stub:
	syscall
gate_iret_ret:
	ud2

	.org	gate_text + RINGLET_LOAD_ROOT_OFFSET, 0xcc
	syscall
gate_root_ret:
	ret

	.org	gate_text + 0x1000, 0xcc

/*
 * SYSCALL, from ring 3 or ring 1 (LSTAR).
 * In: rcx = address after the instruction, r11 = rflags, rsp and all other
 *     registers the guest's; interrupts off, DF TF NT AC clear (SFMASK).
 */
	.globl	gate_syscall
gate_syscall:
	test	%rcx, %rcx
	js	gate_from_kernel

	/* A system call. Its state goes to the vCPU page; we need rcx and rsp. */
	mov	%rsp, VCPU(RINGLET_VCPU_USER_RSP)
	mov	%rcx, VCPU(RINGLET_VCPU_USER_RIP)
	mov	%r11, VCPU(RINGLET_VCPU_USER_RFLAGS)
	mov	%rsp, STACK_AT(-8)
	lea	STACK_AT(-8), %rsp
	cmpq	$0, CONST(GC_SYSCALL_ENTRY)
	je	gate_no_syscall
	pushq	$SEL_GUEST_SS
	pushq	VCPU(RINGLET_VCPU_KERNEL_SP)
	pushq	$RFLAGS_FORCED
	pushq	$SEL_GUEST_CS
	pushq	CONST(GC_SYSCALL_ENTRY)
	push	%rcx
	rdgsbase %rcx
	mov	%rcx, VCPU(RINGLET_VCPU_USER_GS_BASE)
	mov	CONST(GC_KERNEL_GS), %rcx
	wrgsbase %rcx
	pop	%rcx
	movb	$0, VCPU(RINGLET_VCPU_VIF)
	iretq

/* The guest takes no system calls: undefined instruction, at the SYSCALL. */
gate_no_syscall:
	pushq	$SEL_USER_DS
	pushq	8(%rsp)
	push	%r11
	pushq	$SEL_USER_CS
	sub	$2, %rcx
	push	%rcx
	pushq	$0
	pushq	$6
	jmp	gate_enter

/*
 * SYSCALL in compatibility mode (CSTAR; AMD): there is no such call.
 * In: as gate_syscall, rcx = EIP after the instruction.
 */
	.globl	gate_cstar
gate_cstar:
	mov	%rsp, STACK_AT(-8)
	lea	STACK_AT(-8), %rsp
	pushq	$SEL_USER_DS
	pushq	8(%rsp)
	push	%r11
	pushq	$SEL_USER32_CS
	sub	$2, %ecx
	push	%rcx
	pushq	$0
	pushq	$ENTRY_CSTAR
	jmp	gate_enter

/* SYSCALL from the upper half: one of the three stubs, or an error. */
gate_from_kernel:
	lea	gate_iret_ret(%rip), %r11
	cmp	%r11, %rcx
	je	gate_iret
	lea	gate_root_ret(%rip), %r11
	cmp	%r11, %rcx
	je	gate_load_root

	mov	%rsp, %r11
	lea	STACK_TOP, %rsp
	pushq	$SEL_GUEST_SS
	push	%r11
	pushq	$RFLAGS_FORCED
	pushq	$SEL_GUEST_CS
	push	%rcx
	pushq	$0
	lea	gate_call_ret(%rip), %r11
	cmp	%r11, %rcx
	jne	1f
	pushq	$ENTRY_HYPERCALL
	jmp	gate_enter
1:	pushq	$ENTRY_BAD_SYSCALL
	jmp	gate_enter

/*
 * Load a root. In: rdi = its guest-physical address; rax, rcx, r11 are free.
 * A tag in the root cache has the domain in bits 48 up and bit 0 set, so rdi
 * must have neither, or one domain could name another's root.
 */
gate_load_root:
	mov	%rsp, %r11
	lea	STACK_TOP, %rsp
	pushq	$SEL_GUEST_SS
	push	%r11
	pushq	$RFLAGS_FORCED
	pushq	$SEL_GUEST_CS
	push	%rcx
	mov	%rdi, %rax
	shr	$48, %rax
	jnz	gate_load_root_slow
	test	$0xfff, %edi
	jnz	gate_load_root_slow
	mov	%edi, %ecx
	shr	$12, %ecx
	and	$(ROOT_SETS - 1), %ecx
	mov	%rdi, %rax
	or	CONST(GC_ROOT_TAG), %rax
	lea	ROOTS, %r11
	cmp	%rax, (%r11, %rcx, 8)
	je	1f
	add	$ROOT_SETS, %ecx
	cmp	%rax, (%r11, %rcx, 8)
	jne	gate_load_root_slow
1:	shl	$12, %ecx
	add	CONST(GC_L4_BASE), %rcx
	mov	%rcx, %cr3
	xor	%eax, %eax
	iretq
gate_load_root_slow:
	pushq	$0
	pushq	$ENTRY_LOAD_ROOT
	jmp	gate_enter

/*
 * Return through a frame on the guest kernel's stack (struct
 * ringlet_iret_frame). In: rsp = its address; rcx and r11 are free.
 *
 * The frame is copied to the entry stack, judged there, and used from there.
 * Whatever is not plain goes to the hypervisor, which reads the frame anew.
 * A fault in the copy does the same (gate_ring0).
 */
gate_iret:
	mov	%rsp, %r11
	lea	STACK_TOP, %rsp
	push	%r11
	/* Slots 256 to 271 are address bits 63:43 = 0x1ffff0; what is not
	 * canonical faults. */
	mov	%r11, %rcx
	shr	$43, %rcx
	cmp	$0x1ffff0, %ecx
	je	gate_iret_slow
	.globl	gate_iret_read
gate_iret_read:
	pushq	48(%r11)		/* ss */
	pushq	40(%r11)		/* rsp */
	pushq	32(%r11)		/* rflags */
	pushq	24(%r11)		/* cs */
	pushq	16(%r11)		/* rip */
	pushq	8(%r11)			/* r11 */
	pushq	(%r11)			/* rcx */
	.globl	gate_iret_read_end
gate_iret_read_end:
	/* rsp -> rcx, r11, rip, cs, rflags, rsp, ss, address of the frame */
	cmpl	$0, VCPU(RINGLET_VCPU_HINT_COUNT)
	jne	gate_iret_slow
	mov	32(%rsp), %r11
	mov	%r11d, %ecx
	and	$RFLAGS_GUEST, %ecx
	or	$RFLAGS_FORCED, %ecx
	mov	%rcx, 32(%rsp)
	cmpq	$SEL_USER_CS, 24(%rsp)
	jne	gate_iret_kernel

	cmpq	$SEL_USER_DS, 48(%rsp)
	jne	gate_iret_slow
	mov	16(%rsp), %rcx
	shr	$47, %rcx
	jnz	gate_iret_slow
	mov	VCPU(RINGLET_VCPU_USER_GS_BASE), %r11
	mov	%r11, %rcx
	shl	$16, %rcx
	sar	$16, %rcx
	cmp	%r11, %rcx
	jne	gate_iret_slow
	/* Interrupts are off: who sets 'pending' after this look at it also
	 * interrupts us, as soon as ring 3 runs. */
	cmpb	$0, VCPU(RINGLET_VCPU_PENDING)
	jne	gate_iret_slow
	movb	$1, VCPU(RINGLET_VCPU_VIF)
	wrgsbase %r11
	mov	32(%rsp), %r11
	test	$(RFLAGS_TF | RFLAGS_RF), %r11d
	jnz	1f
	mov	16(%rsp), %rcx
	cmp	%rcx, (%rsp)
	jne	1f
	cmp	%r11, 8(%rsp)
	jne	1f
	/* rcx = rip, r11 = rflags: as after a system call. */
	mov	40(%rsp), %rsp
	sysretq
1:	pop	%rcx
	pop	%r11
	iretq

/* In: r11 = rflags as given, 32(%rsp) as it will be loaded. */
gate_iret_kernel:
	mov	24(%rsp), %rcx
	and	$~1, %rcx
	cmp	$RINGLET_KERNEL_CS, %rcx
	jne	gate_iret_slow
	mov	48(%rsp), %rcx
	test	%rcx, %rcx
	jz	1f
	and	$~1, %rcx
	cmp	$RINGLET_KERNEL_DS, %rcx
	jne	gate_iret_slow
1:	mov	16(%rsp), %rcx
	shl	$16, %rcx
	sar	$16, %rcx
	cmp	%rcx, 16(%rsp)
	jne	gate_iret_slow
	shr	$9, %r11d
	and	$1, %r11d
	jz	2f
	cmpb	$0, VCPU(RINGLET_VCPU_PENDING)
	jne	gate_iret_slow
2:	mov	%r11b, VCPU(RINGLET_VCPU_VIF)
	movq	$SEL_GUEST_CS, 24(%rsp)
	movq	$SEL_GUEST_SS, 48(%rsp)
	pop	%rcx
	pop	%r11
	iretq

/* Let the hypervisor do it: the guest stands before the SYSCALL of the stub. */
gate_iret_slow:
	mov	STACK_AT(-8), %r11
	lea	STACK_TOP, %rsp
	pushq	$SEL_GUEST_SS
	push	%r11
	pushq	$RFLAGS_FORCED
	pushq	$SEL_GUEST_CS
	lea	gate_iret_stub(%rip), %rcx
	push	%rcx
	pushq	$0
	pushq	$ENTRY_IRET
	jmp	gate_enter

/*
 * Exceptions and interrupts. Every gate is an interrupt gate. The stubs stand
 * 16 bytes apart; gate.c makes the IDT from that.
 * Stack after a stub: vector, error code, rip, cs, rflags, rsp, ss.
 */
	.balign	16
	.globl	gate_idt_stubs
gate_idt_stubs:
	.set	vector, 0
	.rept	256
	.balign	16, 0xcc
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || \
	      vector == 21 || vector == 29 || vector == 30)
	pushq	$0
	.endif
	pushq	$vector
	jmp	gate_trap
	.set	vector, vector + 1
	.endr

/*
 * Page faults. Most that ring 3 causes on a page that is not present are the
 * guest's own: where the hypervisor saw that lately (ROOT_DIRECT), the frame is
 * pushed on the guest kernel's stack here, without entering the hypervisor. What
 * is not plain, the same page twice, and every 16th goes to the hypervisor, which
 * walks the guest's tables. The page becomes a hint, so that the return is the
 * hypervisor's in any case. A fault in the push leads to the hypervisor as well,
 * with CR2 as it was (gate_ring0).
 */
	.balign	16
	.globl	gate_page_fault
gate_page_fault:
	cld
	testb	$3, 16(%rsp)
	jz	gate_page_fault_ring0
	push	%rax
	push	%rcx
	push	%rdx
	/* rsp -> rdx, rcx, rax, error code, rip, cs, rflags, rsp, ss */
	mov	24(%rsp), %eax
	and	$~0x12, %eax		/* write and fetch are as good */
	cmp	$4, %eax		/* U, not P, not RSVD */
	jne	gate_page_fault_slow
	cmpq	$SEL_USER_CS, 40(%rsp)
	jne	gate_page_fault_slow
	cmpq	$SEL_USER_DS, 64(%rsp)
	jne	gate_page_fault_slow
	cmpq	$0, CONST(GC_PF_ENTRY)
	je	gate_page_fault_slow
	mov	%cr2, %rdx
	mov	%rdx, %rax
	shr	$47, %rax
	jnz	gate_page_fault_slow
	mov	%cr3, %rax
	sub	CONST(GC_L4_BASE), %rax
	shr	$12, %rax
	and	$(ROOT_SLOTS - 1), %eax
	lea	ROOTS, %rcx
	cmpb	$0, ROOTS_DIRECT(%rcx, %rax)
	je	gate_page_fault_slow
	incb	VCPU(VCPU_GATE_COUNT)
	testb	$15, VCPU(VCPU_GATE_COUNT)
	jz	gate_page_fault_slow
	mov	%rdx, %rax
	shr	$12, %rax
	cmp	%rax, VCPU(VCPU_GATE_PAGE)
	je	gate_page_fault_slow
	mov	%rax, VCPU(VCPU_GATE_PAGE)
	mov	VCPU(RINGLET_VCPU_KERNEL_SP), %rcx
	and	$~15, %rcx
	sub	$48, %rcx
	mov	%rcx, %rax
	shr	$43, %rax
	cmp	$0x1ffff0, %eax		/* slots 256 to 271 */
	je	gate_page_fault_slow
	.globl	gate_pf_write
gate_pf_write:
	mov	64(%rsp), %rax
	mov	%rax, 40(%rcx)
	mov	56(%rsp), %rax
	mov	%rax, 32(%rcx)
	mov	48(%rsp), %rax
	mov	%rax, 24(%rcx)
	mov	40(%rsp), %rax
	mov	%rax, 16(%rcx)
	mov	32(%rsp), %rax
	mov	%rax, 8(%rcx)
	mov	24(%rsp), %rax
	mov	%rax, (%rcx)
	.globl	gate_pf_write_end
gate_pf_write_end:
	mov	%rdx, VCPU(RINGLET_VCPU_CR2)
	movb	$0, VCPU(RINGLET_VCPU_VIF)
	cmpl	$0, VCPU(RINGLET_VCPU_HINT_COUNT)
	jne	1f
	mov	%rdx, %rax
	and	$-0x1000, %rax
	mov	%rax, VCPU(VCPU_HINTS)
	movq	$1, VCPU(VCPU_HINTS + 8)
	movl	$1, VCPU(RINGLET_VCPU_HINT_COUNT)
1:	rdgsbase %rax
	mov	%rax, VCPU(RINGLET_VCPU_USER_GS_BASE)
	mov	CONST(GC_KERNEL_GS), %rax
	wrgsbase %rax
	mov	CONST(GC_PF_ENTRY), %rax
	mov	%rax, 32(%rsp)
	movq	$SEL_GUEST_CS, 40(%rsp)
	movq	$RFLAGS_FORCED, 48(%rsp)
	mov	%rcx, 56(%rsp)
	movq	$SEL_GUEST_SS, 64(%rsp)
	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$8, %rsp
	iretq

/* To the hypervisor. In: rsp as in gate_page_fault after the pushes. */
gate_page_fault_slow:
	pop	%rdx
	pop	%rcx
	pop	%rax
	pushq	$14
	jmp	gate_enter
gate_page_fault_ring0:
	pushq	$14
	jmp	gate_ring0

gate_trap:
	cld
	testb	$3, 24(%rsp)
	jz	gate_ring0

/*
 * Enter the hypervisor.
 * In: rsp -> vector, error code, rip, cs, rflags, rsp, ss on a gate stack; all
 *     other registers are the guest's; a guest root is loaded.
 * The registers are saved in current->regs, which no guest sees.
 */
gate_enter:
	push	%rax
	mov	%cr3, %rax
	push	%rax
	mov	CONST(GC_HV_CR3), %rax
	mov	%rax, %cr3
	mov	%rsp, %rax
	mov	CONST(GC_REGS_END), %rsp
	pushq	64(%rax)		/* ss */
	pushq	56(%rax)		/* rsp */
	pushq	48(%rax)		/* rflags */
	pushq	40(%rax)		/* cs */
	pushq	32(%rax)		/* rip */
	pushq	24(%rax)		/* error code */
	pushq	16(%rax)		/* vector */
	pushq	(%rax)			/* cr3 */
	pushq	8(%rax)			/* rax */
	push_registers
	mov	%rsp, %rdi
	mov	CONST(GC_HV_STACK), %rsp
	/* Fill the return stack buffer, so that no RET below is predicted from
	 * what a guest put there. */
	mov	$16, %ecx
2:	call	3f
	int3
3:	call	4f
	int3
4:	dec	%ecx
	jnz	2b
	mov	CONST(GC_HV_STACK), %rsp
	xor	%eax, %eax
	xor	%ebx, %ebx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%ebp, %ebp
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	/* hv_entry(regs) is out of reach of a near jump. A far return is not
	 * predicted. The zero is the return address hv_entry never uses. */
	pushq	$0
	pushq	$SEL_HV_CS
	pushq	gate_hv_entry(%rip)
	lretq

/*
 * An exception or interrupt in ring 0: in the hypervisor, or in the gate under
 * a guest root. Only CR3 tells which.
 * In: rsp -> vector, error code, rip, cs, rflags, rsp, ss on the current stack.
 */
gate_ring0:
	push	%rax
	mov	%cr3, %rax
	cmp	CONST(GC_HV_CR3), %rax
	je	gate_in_hv
	/* In the gate: the push of a page fault's frame may fault; it is then
	 * delivered by the hypervisor. The registers are where they were pushed. */
	lea	gate_pf_write(%rip), %rax
	cmp	%rax, 24(%rsp)
	jb	1f
	lea	gate_pf_write_end(%rip), %rax
	cmp	%rax, 24(%rsp)
	jae	1f
	mov	%rdx, %cr2
	lea	STACK_AT(-9 * 8), %rsp
	jmp	gate_page_fault_slow
	/* The copy of a return frame may fault. */
1:	lea	gate_iret_read(%rip), %rax
	cmp	%rax, 24(%rsp)
	jb	gate_broken
	lea	gate_iret_read_end(%rip), %rax
	cmp	%rax, 24(%rsp)
	jae	gate_broken
	pop	%rax
	jmp	gate_iret_slow

/* Nothing else in the gate may fault: hv_ring0 panics. */
gate_broken:
	mov	CONST(GC_HV_CR3), %rax
	mov	%rax, %cr3
	/* fall through: the stack is one of the gate's, mapped here as well */
gate_in_hv:
	push_registers
	mov	%rsp, %rdi
	mov	%rsp, %rbx
	and	$~15, %rsp
	/* call hv_ring0(struct ring0_regs *), far as above */
	lea	1f(%rip), %rax
	push	%rax
	pushq	$SEL_HV_CS
	pushq	gate_hv_ring0(%rip)
	lretq
1:	mov	%rbx, %rsp
	pop_registers
	pop	%rax
	add	$16, %rsp		/* vector, error code */
	iretq

/*
 * Debug exception, on its own stack. One in ring 0 is a breakpoint on data that
 * SYSCALL or an INT instruction carried in (MOV SS): it is dropped. From a
 * guest it is an exception like others.
 */
	.balign	16
	.globl	gate_debug
gate_debug:
	testb	$3, 8(%rsp)
	jz	1f
	cld
	pushq	$0
	pushq	$1
	jmp	gate_enter
1:	push	%rax
	xor	%eax, %eax
	mov	%rax, %dr6
	pop	%rax
	movq	$0, -8(%rsp)
	iretq

/*
 * NMI, on its own stack, from anywhere. It touches no guest memory, takes no
 * lock and no fault: it sets a bit and sends this pCPU an interrupt, which comes
 * when interrupts are on again.
 */
	.balign	16
	.globl	gate_nmi
gate_nmi:
	testb	$4, 8(%rsp)
	jnz	1f
	push	%rax
	push	%rcx
	mov	%cr3, %rcx
	mov	CONST(GC_HV_CR3), %rax
	mov	%rax, %cr3
	mov	CONST(GC_PCPU), %rax
	movl	$1, PCPU_NMI_PENDING(%rax)
	movabs	$(DIRECT_BASE + 0xfee00300), %rax
	movl	$(0x40000 | VECTOR_NMI_DEFERRED), (%rax)
	mov	%rcx, %cr3
	mov	(%rsp), %rcx
	mov	8(%rsp), %rax
	movq	$0, (%rsp)
	movq	$0, 8(%rsp)
	lea	16(%rsp), %rsp
	iretq
	/* CS is of an LDT: ring 3, where RIP may be what IRET refuses (rip_ok). */
1:	cld
	pushq	$0
	pushq	$2
	jmp	gate_enter

/* Double fault and machine check, on their own stacks: the machine's end. */
	.balign	16
	.globl	gate_double_fault
gate_double_fault:
	cld
	pushq	$8
	push	%rax
	jmp	gate_broken
	.balign	16
	.globl	gate_machine_check
gate_machine_check:
	cld
	pushq	$0
	pushq	$18
	push	%rax
	jmp	gate_broken

/*
 * The last of gate_exit(): go to a guest.
 * In: hypervisor's root, interrupts off; rdi = regs, rsi = pcpu.
 * After 'mode' is odd this pCPU counts as using the guest's root; what changed in
 * the tables before that is seen, as CR3 is loaded after the fence.
 */
gate_leave:
	incq	PCPU_MODE(%rsi)
	mfence
	lea	STACK_TOP, %rsp
	pushq	REGS_SS(%rdi)
	pushq	REGS_RSP(%rdi)
	pushq	REGS_RFLAGS(%rdi)
	pushq	REGS_CS(%rdi)
	pushq	REGS_RIP(%rdi)
	pushq	REGS_RAX(%rdi)
	testb	$4, REGS_SS(%rdi)
	jz	1f
	/* IRET to a 16-bit stack loads SP alone: let the rest of ESP be the
	 * guest's before, where this page is seen again. */
	mov	REGS_RSP(%rdi), %eax
	mov	%sp, %ax
	movabs	$(GATE_BASE + GATE_STACK_VIEWS), %rsp
	add	%rax, %rsp
1:	mov	REGS_R15(%rdi), %r15
	mov	REGS_R14(%rdi), %r14
	mov	REGS_R13(%rdi), %r13
	mov	REGS_R12(%rdi), %r12
	mov	REGS_R11(%rdi), %r11
	mov	REGS_R10(%rdi), %r10
	mov	REGS_R9(%rdi), %r9
	mov	REGS_R8(%rdi), %r8
	mov	REGS_RBP(%rdi), %rbp
	mov	REGS_RSI(%rdi), %rsi
	mov	REGS_RDX(%rdi), %rdx
	mov	REGS_RCX(%rdi), %rcx
	mov	REGS_RBX(%rdi), %rbx
	mov	REGS_CR3(%rdi), %rax
	mov	REGS_RDI(%rdi), %rdi
	mov	%rax, %cr3
	pop	%rax
	iretq

	.balign	8
gate_hv_entry:
	.quad	hv_entry
gate_hv_ring0:
	.quad	hv_ring0

	.balign	4096, 0xcc
	.globl	gate_text_end
gate_text_end:

/*
 * Addresses in the gate, for C: they are out of reach of 32-bit offsets. The
 * order is that of struct gate_addresses in gate.c.
 */
	.section .rodata
	.balign	8
	.globl	gate_addresses
gate_addresses:
	.quad	gate_text_load
	.quad	gate_text_end - gate_text
	.quad	gate_idt_stubs
	.quad	gate_syscall
	.quad	gate_cstar
	.quad	gate_debug
	.quad	gate_nmi
	.quad	gate_double_fault
	.quad	gate_machine_check
	.quad	gate_page_fault
gate_leave_address:
	.quad	gate_leave

	.text
/* void gate_exit(struct cpu_regs *regs, struct pcpu *p); does not return. */
	.globl	gate_exit
gate_exit:
	pushq	$SEL_HV_CS
	pushq	gate_leave_address(%rip)
	lretq

