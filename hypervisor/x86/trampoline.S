/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the other pCPUs start: a page below 1 MiB, in real mode.
 *
 * smp.c copies the code between trampoline_start and trampoline_end to a page
 * of low memory and fills in the parameters. The page is only read and executed
 * by the starting pCPU. SDM volume 3, 9.4 and 10.8.5.
 */
#include "layout.h"
#include "x86/cpu.h"

#define OFFSET(sym) ((sym) - trampoline_start)

#define CODE32	0x08
#define DATA	0x10
#define CODE64	0x18

	.section .rodata
	.balign 16
	.globl trampoline_start, trampoline_end
	.globl trampoline_base, trampoline_cr3, trampoline_stack, trampoline_gdt_base
	.globl trampoline_far32, trampoline_far64
	.code16
trampoline_start:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	movzwl	%ax, %ebp
	shll	$4, %ebp		/* the page's own address */
	lgdtl	OFFSET(trampoline_gdt_pointer)
	movl	$CR0_PE, %eax
	movl	%eax, %cr0
	ljmpl	*OFFSET(trampoline_far32)

	.code32
protected:
	movl	$DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	OFFSET(trampoline_cr3)(%ebp), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	movl	$(EFER_LME | EFER_NXE), %eax
	xorl	%edx, %edx
	wrmsr
	movl	$(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE), %eax
	movl	%eax, %cr0
	ljmpl	*OFFSET(trampoline_far64)(%ebp)

	.code64
long_mode:
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movq	trampoline_stack(%rip), %rsp
	xorl	%ebp, %ebp
	movabsq	$smp_start, %rax
	call	*%rax
	ud2

	.balign 8
trampoline_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* 32-bit code */
	.quad 0x00cf93000000ffff	/* data */
	.quad 0x00af9b000000ffff	/* 64-bit code */
trampoline_gdt_pointer:
	.word . - trampoline_gdt - 1
trampoline_gdt_base:
	.long OFFSET(trampoline_gdt)
	.balign 8
trampoline_far32:
	.long OFFSET(protected)
	.word CODE32
	.balign 8
trampoline_far64:
	.long OFFSET(long_mode)
	.word CODE64
	.balign 8
trampoline_cr3:
	.long 0
	.balign 8
trampoline_stack:
	.quad 0
trampoline_end:

	.section .note.GNU-stack, "", @progbits
