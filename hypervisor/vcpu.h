/* SPDX-License-Identifier: GPL-2.0-only */
/* Virtual CPUs. */
#ifndef HV_VCPU_H
#define HV_VCPU_H

#include "layout.h"
#include "ringlet/x86.h"
#include "sched.h"
#include "timer.h"
#include "types.h"

/*
 * Registers of a guest, as the gate saves them: pushed downwards from the end.
 * Selectors are the real ones (ring 1: 0x11, 0x19).
 */
struct cpu_regs {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 cr3;		/* the guest root that was loaded */
	u64 vector;		/* what brought us here: enum entry_vector */
	u64 error_code;
	u64 rip, cs, rflags, rsp, ss;
};

/* Ways in that are not interrupt vectors. */
enum entry_vector {
	ENTRY_HYPERCALL = 0x100,
	ENTRY_IRET,		/* rsp: the frame's address */
	ENTRY_LOAD_ROOT,	/* rdi: the root */
	ENTRY_BAD_SYSCALL,	/* SYSCALL from where none may be */
	ENTRY_CSTAR,		/* SYSCALL in compatibility mode */
};

#define LDT_PAGES 16			/* 8192 descriptors (SDM vol. 3, 3.5.1) */

struct vcpu {
	struct cpu_regs regs __attribute__((aligned(16)));
	struct domain *domain;
	u32 id;
	bool online;			/* under the domain's lock */
	bool reserved;			/* vtlb_reserve(); atomic */

	struct ringlet_vcpu_page *page;	/* hypervisor alias of the vCPU page */
	gfn_t root;			/* guest's level-4 table, when not running */
	u64 kernel_gs;
	u64 df_stack;

	/* State that the hardware holds while the vCPU is on a pCPU. */
	u16 ds, es, fs, gs;
	u64 fs_base, gs_base;		/* gs_base: of the current ring */
	u64 tls[3];
	u64 *ldt[LDT_PAGES];		/* NULL: never needed */
	u32 ldt_count;			/* descriptors in it, 0 = no table */
	u32 cpunode;
	u64 dr[4], dr6, dr7;
	void *xsave;			/* extended state, 64-byte aligned */

	bool hc_user;			/* this hypercall is a user's, passed on */
	u32 hc_last;			/* number of the last hypercall */
	struct sched_vcpu sched;
	struct timer timer;		/* VIRQ_TIMER */
	u32 virq_port[8];		/* per-vCPU virqs; 0 = not bound */
};

static inline bool vcpu_in_user(const struct vcpu *v)
{
	return (v->regs.cs & 3) == 3;
}

/* Virtual addresses that a guest may register: canonical, not the hypervisor's. */
bool guest_address_ok(u64 va);

/*
 * Make vCPU 'id' of a domain, offline. -ENOMEM. Under DOMCTL.
 * vcpu_destroy: the vCPU is on no pCPU and in no queue.
 */
int vcpu_create(struct domain *d, u32 id);
void vcpu_destroy(struct vcpu *v);

/*
 * Set or read the registers of a vCPU that is not on a pCPU. -EINVAL: a value
 * is not allowed; nothing is changed then.
 */
int vcpu_set_context(struct vcpu *v, const struct ringlet_vcpu_context *c);
void vcpu_get_context(const struct vcpu *v, struct ringlet_vcpu_context *c);

/*
 * Save the state of 'prev' and load that of 'next' (NULL: idle) on this pCPU.
 * From the exit path, no lock held.
 */
void vcpu_switch(struct vcpu *prev, struct vcpu *next);

/* The TLS or LDT descriptor that a selector names; 0: none. */
u64 vcpu_descriptor(const struct vcpu *v, u64 sel);

/*
 * Does a TLS or LDT selector name what can be loaded without a fault: into DS,
 * ES, FS or GS; into SS of ring 3; into CS of ring 3 together with this RIP?
 */
bool vcpu_may_load_data(const struct vcpu *v, u64 sel);
bool vcpu_may_load_stack(const struct vcpu *v, u64 sel);
bool vcpu_may_run_at(const struct vcpu *v, u64 sel, u64 rip);

/* Load a validated selector into GS of the current vCPU; returns its base. */
u64 vcpu_load_gs(struct vcpu *v, u16 selector);

/* Load the debug registers, or TSC_AUX, of the current vCPU. */
void vcpu_load_dr(const struct vcpu *v);
void vcpu_load_tsc_aux(const struct vcpu *v);

#endif /* HV_VCPU_H */
