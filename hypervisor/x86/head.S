/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry from the boot loader: from 32-bit protected mode to 64-bit C.
 *
 * GRUB jumps to boot_start with paging off, flat segments, EAX = magic and
 * EBX = physical address of the boot information (Multiboot2 specification,
 * 3.3). What the rest cannot do without is tested here, where the answer to a
 * CPU without it can still be a sentence.
 */
#include "layout.h"
#include "x86/cpu.h"

#define MULTIBOOT2_HEADER_MAGIC	0xe85250d6
#define MULTIBOOT2_LOADER_MAGIC	0x36d76289

#define PTE_P	0x001
#define PTE_W	0x002
#define PTE_PS	0x080

#define BOOT_CODE32	0x08
#define BOOT_DATA	0x10
#define BOOT_CODE64	0x18

/* Physical address of a symbol of the image. */
#define PHYS(sym) ((sym) - IMAGE_BASE + IMAGE_PHYS)

	.section .multiboot2, "a"
	.balign 8
header:
	.long MULTIBOOT2_HEADER_MAGIC
	.long 0
	.long header_end - header
	.long -(MULTIBOOT2_HEADER_MAGIC + (header_end - header))
	/* information request: command line, modules, memory map */
	.balign 8
	.short 1, 0
	.long 20
	.long 1, 3, 6
	/* VGA text will do; else a framebuffer, if there is one, of any size */
	.balign 8
	.short 4, 0
	.long 12
	.long 2
	.balign 8
	.short 5, 1
	.long 20
	.long 0, 0, 32
	/* modules on page boundaries */
	.balign 8
	.short 6, 0
	.long 8
	.balign 8
	.short 0, 0
	.long 8
header_end:

	.section .boot.text, "ax"
	.code32
	.globl boot_start
boot_start:
	cld
	cli
	cmpl	$MULTIBOOT2_LOADER_MAGIC, %eax
	movl	$no_multiboot, %esi
	jne	refuse
	movl	$PHYS(boot_stack_end), %esp
	movl	%ebx, %ebp

	/* CPUID leaves, then features: SDM volume 2, CPUID */
	movl	$no_long_mode, %esi
	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000008, %eax
	jb	refuse
	movl	$0x80000001, %eax
	cpuid
	btl	$29, %edx
	jnc	refuse
	movl	$no_nx, %esi
	btl	$20, %edx
	jnc	refuse
	xorl	%eax, %eax
	cpuid
	movl	$no_xsave, %esi
	cmpl	$0xd, %eax
	jb	refuse
	movl	$1, %eax
	cpuid
	btl	$26, %ecx
	jnc	refuse
	movl	$7, %eax
	xorl	%ecx, %ecx
	cpuid
	movl	$no_fsgsbase, %esi
	btl	$0, %ebx
	jnc	refuse

	/*
	 * Early tables: the first 4 GiB at 0 and in the direct map, 16 MiB of
	 * image, in 2 MiB pages. paging.c replaces them.
	 */
	movl	$PHYS(boot_l2), %edi
	movl	$(PTE_P | PTE_W | PTE_PS), %eax
	movl	$2048, %ecx
1:	movl	%eax, (%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	loop	1b
	movl	$PHYS(boot_l2) + PTE_P + PTE_W, %eax
	movl	$PHYS(boot_l3), %edi
	movl	$4, %ecx
1:	movl	%eax, (%edi)
	addl	$0x1000, %eax
	addl	$8, %edi
	loop	1b
	movl	$IMAGE_PHYS + PTE_P + PTE_W + PTE_PS, %eax
	movl	$PHYS(boot_image_l2), %edi
	movl	$8, %ecx
1:	movl	%eax, (%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	loop	1b
	movl	$PHYS(boot_image_l2) + PTE_P + PTE_W, PHYS(boot_image_l3)
	movl	$PHYS(boot_l3) + PTE_P + PTE_W, PHYS(boot_l4)
	movl	$PHYS(boot_image_l3) + PTE_P + PTE_W, PHYS(boot_l4) + SLOT_IMAGE * 8
	movl	$PHYS(boot_l3) + PTE_P + PTE_W, PHYS(boot_l4) + SLOT_DIRECT * 8

	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$PHYS(boot_l4), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	movl	$(EFER_LME | EFER_NXE), %eax
	xorl	%edx, %edx
	wrmsr
	movl	$(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE), %eax
	movl	%eax, %cr0
	lgdt	boot_gdt_pointer
	ljmp	$BOOT_CODE64, $1f
	.code64
1:	movl	$BOOT_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movabsq	$boot_high, %rax
	jmp	*%rax

	/* Print the sentence at ESI on VGA, emptied first, and COM1, and stop. */
	.code32
refuse:
	movl	$0xb8000, %edi
	movl	$0x07200720, %eax
	movl	$(80 * 25 / 2), %ecx
	rep stosl
	movl	$0xb8000, %edi
1:	lodsb
	testb	%al, %al
	jz	4f
	movb	%al, %bl
	cmpb	$' ', %al
	jb	5f
	movb	$0x07, %ah
	stosw
5:
	movl	$100000, %ecx
2:	movw	$0x3fd, %dx
	inb	%dx, %al
	testb	$0x20, %al
	jnz	3f
	loop	2b
3:	movb	%bl, %al
	movw	$0x3f8, %dx
	outb	%al, %dx
	jmp	1b
4:	hlt
	jmp	4b

no_multiboot:
	.asciz "Ringlet: not started by a Multiboot2 loader; use GRUB's 'multiboot2' command.\r\n"
no_long_mode:
	.asciz "Ringlet: this CPU has no 64-bit mode, which Ringlet needs; use an x86-64 CPU (QEMU: -cpu max).\r\n"
no_nx:
	.asciz "Ringlet: this CPU has no NX bit, which Ringlet needs, or the firmware hides it; turn it on in the firmware's set-up (QEMU: -cpu max).\r\n"
no_xsave:
	.asciz "Ringlet: this CPU has no XSAVE, which Ringlet needs; use a newer CPU (QEMU: -cpu max).\r\n"
no_fsgsbase:
	.asciz "Ringlet: this CPU has no FSGSBASE, which Ringlet needs; use a newer CPU (QEMU: -cpu max).\r\n"

	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* 32-bit code */
	.quad 0x00cf93000000ffff	/* data */
	.quad 0x00af9b000000ffff	/* 64-bit code */
boot_gdt_end:
boot_gdt_pointer:
	.word boot_gdt_end - boot_gdt - 1
	.long boot_gdt

	.text
	.code64
boot_high:
	/* The GDT has to stay reachable when the identity map goes. */
	leaq	boot_stack_end(%rip), %rsp
	subq	$16, %rsp
	movw	$(boot_gdt_end - boot_gdt - 1), (%rsp)
	movabsq	$DIRECT_BASE, %rax
	addq	$boot_gdt, %rax
	movq	%rax, 2(%rsp)
	lgdt	(%rsp)
	addq	$16, %rsp
	movl	%ebp, %edi
	xorl	%ebp, %ebp
	call	boot_main
	ud2

/*
 * void boot_on_stack(u64 top)
 *
 * Go on in boot_continue() on another stack.
 */
	.globl boot_on_stack
boot_on_stack:
	movq	%rdi, %rsp
	xorl	%ebp, %ebp
	call	boot_continue
	ud2

	.bss
	.balign 4096
boot_l4:
	.skip 4096
boot_l3:
	.skip 4096
boot_l2:
	.skip 4 * 4096
boot_image_l3:
	.skip 4096
boot_image_l2:
	.skip 4096
boot_stack:
	.skip 16384
boot_stack_end:

	.section .note.GNU-stack, "", @progbits
