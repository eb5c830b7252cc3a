/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Start and entries of a test guest.
 *
 * An exception, an event upcall or a system call arrives with one of these on
 * the stack, and leaves as struct regs (guest.h), lowest address first:
 *
 *	pushed by		exception	event		system call
 *	ss rsp rflags cs rip	hypervisor	hypervisor	here
 *	error			hypervisor/0	0		0
 *	vector			here		VECTOR_EVENT	VECTOR_SYSCALL
 *	rax ... r15		here
 */
#include <ringlet/note.h>
#include <ringlet/x86.h>
#include "vectors.h"

	.section .note.ringlet, "a", @note
	.balign	4
	.long	2f - 1f
	.long	4f - 3f
	.long	RINGLET_NOTE_GUEST
1:	.asciz	RINGLET_NOTE_NAME
2:	.balign	4
3:	.long	RINGLET_ABI_VERSION
	.long	RINGLET_NOTE_RELOCATABLE
	.quad	0x1000000		/* guest_start in guest.lds */
	.quad	0x200000
	.quad	0
4:

/* In: rsi = device tree; stack: none. */
	.section .text.start, "ax"
	.globl	_start
_start:
	lea	boot_stack_top(%rip), %rsp
	lea	_start(%rip), %rax
	sub	$0x1000000, %rax	/* by how much we were moved */
	lea	rela_start(%rip), %rdx
	lea	rela_end(%rip), %rcx
	/* Elf64_Rela: offset, info (R_X86_64_RELATIVE is all there is), addend */
1:	cmp	%rcx, %rdx
	jae	2f
	mov	16(%rdx), %r8
	add	%rax, %r8
	mov	(%rdx), %r9
	mov	%r8, (%r9, %rax)
	add	$24, %rdx
	jmp	1b
2:	xor	%ebp, %ebp
	mov	%rsi, %rdi
	call	guest_main
	ud2

/* In: rdi = function, rsi = its argument. Where a second vCPU starts. */
	.text
	.globl	cpu_entry
cpu_entry:
	mov	%rdi, %rax
	mov	%rsi, %rdi
	xor	%ebp, %ebp
	call	*%rax
	call	cpu_exit
	ud2

/* One entry for each vector, 16 bytes apart. */
	.balign	16
	.globl	trap_stubs
trap_stubs:
	vector = 0
	.rept	33
	.balign	16
	.if	!(0x60227d00 >> vector & 1)	/* no error code */
	push	$0
	.endif
	.if	vector == 32
	push	$RINGLET_TRAP_INT80
	.else
	push	$vector
	.endif
	jmp	trap_common
	vector = vector + 1
	.endr

	.balign	16
	.globl	event_entry
event_entry:
	push	$0
	push	$VECTOR_EVENT
	jmp	trap_common

	.globl	syscall_entry
syscall_entry:
	push	$RINGLET_USER_DS
	push	%rax
	movabsq	RINGLET_VCPU_PAGE + RINGLET_VCPU_USER_RSP, %rax
	xchg	%rax, (%rsp)
	push	%r11
	push	$RINGLET_USER_CS
	push	%rcx
	push	$0
	push	$VECTOR_SYSCALL

trap_common:
	cld
	push	%rax
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
	mov	%rsp, %rdi
	mov	%rsp, %rbx
	and	$-16, %rsp
	call	trap_dispatch
	mov	%rbx, %rsp

/* In: rsp = struct regs. Goes where it says. */
regs_return:
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
	pop	%rax
	add	$16, %rsp
	push	%r11
	push	%rcx
	movabsq	$RINGLET_IRET, %rcx
	jmp	*%rcx

/*
 * Calls that an exception may end: see probe() and run_user(). The stack pointer
 * is left at *save; trap_dispatch() continues at 'recover' with it.
 *
 * bool probe_call(void (*fn)(void *), void *arg, u64 *save)
 * bool enter_regs(struct regs *regs, u64 *save)
 * Return false if the function returned, true after an exception.
 */
	.macro	SAVE at
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	sub	$8, %rsp
	mov	%rsp, (\at)
	.endm

	.globl	probe_call
probe_call:
	SAVE	%rdx
	mov	%rdi, %rax
	mov	%rsi, %rdi
	call	*%rax
	xor	%eax, %eax
	jmp	1f

	.globl	enter_regs
enter_regs:
	SAVE	%rsi
	mov	%rdi, %rsp
	jmp	regs_return

	.globl	recover
recover:
	mov	$1, %eax
1:	add	$8, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.bss
	.balign	4096
	.skip	16384
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
