// SPDX-License-Identifier: GPL-2.0-only
/*
 * Offsets that assembly needs: this file is compiled to assembly, and the lines
 * with "->" become build/generated/asm-offsets.h.
 */
#include "percpu.h"
#include "vcpu.h"

#define DEFINE(name, value) \
	__asm__ volatile("\n.ascii \"->" #name " %0\"" : : "i"(value))
#define OFFSET(name, type, member) DEFINE(name, offsetof(struct type, member))

void asm_offsets(void);
void asm_offsets(void)
{
	OFFSET(REGS_R15, cpu_regs, r15);
	OFFSET(REGS_R14, cpu_regs, r14);
	OFFSET(REGS_R13, cpu_regs, r13);
	OFFSET(REGS_R12, cpu_regs, r12);
	OFFSET(REGS_R11, cpu_regs, r11);
	OFFSET(REGS_R10, cpu_regs, r10);
	OFFSET(REGS_R9, cpu_regs, r9);
	OFFSET(REGS_R8, cpu_regs, r8);
	OFFSET(REGS_RBP, cpu_regs, rbp);
	OFFSET(REGS_RDI, cpu_regs, rdi);
	OFFSET(REGS_RSI, cpu_regs, rsi);
	OFFSET(REGS_RDX, cpu_regs, rdx);
	OFFSET(REGS_RCX, cpu_regs, rcx);
	OFFSET(REGS_RBX, cpu_regs, rbx);
	OFFSET(REGS_RAX, cpu_regs, rax);
	OFFSET(REGS_CR3, cpu_regs, cr3);
	OFFSET(REGS_RIP, cpu_regs, rip);
	OFFSET(REGS_CS, cpu_regs, cs);
	OFFSET(REGS_RFLAGS, cpu_regs, rflags);
	OFFSET(REGS_RSP, cpu_regs, rsp);
	OFFSET(REGS_SS, cpu_regs, ss);
	DEFINE(REGS_SIZE, sizeof(struct cpu_regs));
	OFFSET(PCPU_MODE, pcpu, mode);
	OFFSET(PCPU_NMI_PENDING, pcpu, nmi_pending);
	OFFSET(GC_PCPU, gate_const, pcpu);
	OFFSET(GC_HV_CR3, gate_const, hv_cr3);
	OFFSET(GC_HV_STACK, gate_const, hv_stack);
	OFFSET(GC_REGS_END, gate_const, regs_end);
	OFFSET(GC_SYSCALL_ENTRY, gate_const, syscall_entry);
	OFFSET(ROOTS_DIRECT, gate_roots, direct);
	OFFSET(VCPU_GATE_PAGE, ringlet_vcpu_page, gate[0]);
	OFFSET(VCPU_GATE_COUNT, ringlet_vcpu_page, gate[1]);
	OFFSET(VCPU_HINTS, ringlet_vcpu_page, hints);
	OFFSET(GC_PF_ENTRY, gate_const, pf_entry);
	OFFSET(GC_KERNEL_GS, gate_const, kernel_gs);
	OFFSET(GC_ROOT_TAG, gate_const, root_tag);
	OFFSET(GC_L4_BASE, gate_const, l4_base);
	DEFINE(ENTRY_HYPERCALL, ENTRY_HYPERCALL);
	DEFINE(ENTRY_IRET, ENTRY_IRET);
	DEFINE(ENTRY_LOAD_ROOT, ENTRY_LOAD_ROOT);
	DEFINE(ENTRY_BAD_SYSCALL, ENTRY_BAD_SYSCALL);
	DEFINE(ENTRY_CSTAR, ENTRY_CSTAR);
}
