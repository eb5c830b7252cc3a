/* SPDX-License-Identifier: GPL-2.0-only */
/* The gate's pages and descriptors on each pCPU; see x86/gate.S, docs/gate.md. */
#ifndef HV_GATE_H
#define HV_GATE_H

#include "percpu.h"
#include "vcpu.h"

/*
 * Make this pCPU's gate, level-4 pages and root cache, enter the gate into its
 * roots, and load GDT, IDT, TSS and the SYSCALL registers. Called once on each
 * pCPU, with its hypervisor root loaded (p->hv_cr3) and interrupts off; this_pcpu()
 * works from here on. Panics without memory.
 */
void gate_init_pcpu(struct pcpu *p);

/*
 * Let the gate of this pCPU serve this vCPU: constants, TLS descriptors, LDT and
 * the vCPU page. NULL: none; the vCPU page is unmapped. The hardware's translation
 * of the old page dies when CR3 is loaded at the exit.
 */
void gate_set_vcpu(struct pcpu *p, struct vcpu *v);

/* Renew the constants after a hypercall changed what they come from. */
void gate_update(struct pcpu *p, struct vcpu *v);

/* Set TLS or CPU-number descriptors of this pCPU from its current vCPU. */
void gate_load_descriptors(struct pcpu *p, const struct vcpu *v);

/* Load the LDT of 'v', this pCPU's current vCPU, or (NULL) none. */
void gate_load_ldt(struct pcpu *p, const struct vcpu *v);

/* Wipe this pCPU's gate stacks, which the guest could read. */
void gate_wipe_stacks(struct pcpu *p);

/*
 * Walk this pCPU's live tables, the hypervisor's root and the gate's slot in all
 * level-4 pages: is anything writable and executable, writable that must not
 * be, or writable on two pCPUs? Returns NULL or what is wrong, with its address
 * in *va. Any pCPU may ask about any other.
 */
const char *gate_check(struct pcpu *p, u64 *va);

/* gate.S */
void gate_exit(struct cpu_regs *regs, struct pcpu *p) __noreturn;
void hv_entry(struct cpu_regs *regs) __noreturn;

#endif /* HV_GATE_H */
