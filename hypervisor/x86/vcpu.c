// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs: making them, and moving their state between memory and the pCPU.
 *
 * General registers are saved by the gate at each entry. What is switched here
 * stays in the hardware while the hypervisor works: segments and their bases,
 * extended state, debug registers. The hypervisor uses none of it.
 */
#include "cpu.h"
#include "domain.h"
#include "frame.h"
#include "gate.h"
#include "panic.h"
#include "time.h"
#include "traps.h"
#include "x86/segments.h"

#define DR7_FIXED		0x400
#define DR7_ENABLES		0xff

static bool address_ok(u64 va)
{
	u64 top = va >> 43;

	/* canonical, and not in slots 256 to 271 */
	return top < 16 || (top > 0x1ffff0 && top <= 0x1fffff);
}

bool guest_address_ok(u64 va)
{
	return address_ok(va);
}

int vcpu_create(struct domain *d, u32 id)
{
	mfn_t self = frame_alloc_hv(0), page = frame_alloc_hv(0);
	mfn_t xsave = frame_alloc_hv(xsave_order());
	struct vcpu *v;

	_Static_assert(sizeof(struct vcpu) <= PAGE_SIZE, "one frame a vCPU");
	if (self.n == MFN_NONE.n || page.n == MFN_NONE.n ||
	    xsave.n == MFN_NONE.n) {
		if (self.n != MFN_NONE.n)
			frame_free_hv(self, 0);
		if (page.n != MFN_NONE.n)
			frame_free_hv(page, 0);
		if (xsave.n != MFN_NONE.n)
			frame_free_hv(xsave, xsave_order());
		return -ENOMEM;
	}
	v = mfn_to_virt(self);
	v->domain = d;
	v->id = id;
	v->page = mfn_to_virt(page);
	v->page->vcpu_id = id;
	v->xsave = mfn_to_virt(xsave);
	v->dr7 = DR7_FIXED;
	xsave_init(v->xsave);
	sched_vcpu_init(v);
	d->vcpus[id] = v;
	__atomic_fetch_add(&d->hv_pages, 2 + (1UL << xsave_order()),
			   __ATOMIC_RELAXED);
	return 0;
}

void vcpu_destroy(struct vcpu *v)
{
	/* domain->vcpus[] goes on naming it: others may be looking. */
	u32 i;

	for (i = 0; i < LDT_PAGES; i++)
		if (v->ldt[i])
			frame_retire_hv(virt_to_mfn(v->ldt[i]), 0);
	frame_retire_hv(virt_to_mfn(v->xsave), xsave_order());
	frame_retire_hv(virt_to_mfn(v->page), 0);
	frame_retire_hv(virt_to_mfn(v), 0);
}

int vcpu_set_context(struct vcpu *v, const struct ringlet_vcpu_context *c)
{
	struct cpu_regs *r = &v->regs;
	u32 i;

	if (c->user || (c->root & ~PAGE_MASK) || c->root >> 48 ||
	    !address_ok(c->rip) || !address_ok(c->kernel_gs_base) ||
	    !address_ok(c->fs_base) || !address_ok(c->user_gs_base) ||
	    !address_ok(c->kernel_sp) || !address_ok(c->df_stack))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(c->reserved); i++)
		if (c->reserved[i])
			return -EINVAL;

	*r = (struct cpu_regs){
		.rax = c->rax, .rbx = c->rbx, .rcx = c->rcx, .rdx = c->rdx,
		.rsi = c->rsi, .rdi = c->rdi, .rbp = c->rbp, .rsp = c->rsp,
		.r8 = c->r8, .r9 = c->r9, .r10 = c->r10, .r11 = c->r11,
		.r12 = c->r12, .r13 = c->r13, .r14 = c->r14, .r15 = c->r15,
		.rip = c->rip, .cs = SEL_GUEST_CS, .ss = SEL_GUEST_SS,
		.rflags = (c->rflags & RFLAGS_GUEST) | RFLAGS_FORCED,
	};
	v->root = GFN(c->root >> PAGE_SHIFT);
	v->kernel_gs = c->kernel_gs_base;
	v->gs_base = c->kernel_gs_base;
	v->fs_base = c->fs_base;
	v->df_stack = c->df_stack;
	v->ds = v->es = v->fs = v->gs = 0;
	v->dr6 = 0;
	v->dr7 = DR7_FIXED;
	v->page->vif = !!(c->rflags & RFLAGS_IF);
	v->page->kernel_sp = c->kernel_sp;
	v->page->user_gs_base = c->user_gs_base;
	xsave_init(v->xsave);
	return 0;
}

void vcpu_get_context(const struct vcpu *v, struct ringlet_vcpu_context *c)
{
	const struct cpu_regs *r = &v->regs;

	*c = (struct ringlet_vcpu_context){
		.rax = r->rax, .rbx = r->rbx, .rcx = r->rcx, .rdx = r->rdx,
		.rsi = r->rsi, .rdi = r->rdi, .rbp = r->rbp, .rsp = r->rsp,
		.r8 = r->r8, .r9 = r->r9, .r10 = r->r10, .r11 = r->r11,
		.r12 = r->r12, .r13 = r->r13, .r14 = r->r14, .r15 = r->r15,
		.rip = r->rip, .rflags = guest_rflags(v),
		.root = v->root.n << PAGE_SHIFT,
		.fs_base = v->fs_base, .kernel_gs_base = v->kernel_gs,
		.user_gs_base = vcpu_in_user(v) ? v->gs_base :
				READ_ONCE(v->page->user_gs_base),
		.kernel_sp = READ_ONCE(v->page->kernel_sp),
		.df_stack = v->df_stack, .user = vcpu_in_user(v),
		.cr2 = READ_ONCE(v->page->cr2),
	};
}

/*
 * A data selector that can be loaded in ring 0 without a fault, or 0. What a
 * guest had loaded may have become invalid since (set_tls, set_ldt).
 */
static u16 loadable(const struct vcpu *v, u16 sel)
{
	u32 index = sel >> 3, rpl = sel & 3;

	if (sel & 4)
		return vcpu_may_load_data(v, sel) ? sel : 0;
	switch (index) {
	case SEL_USER_DS >> 3:
	case SEL_USER_CS >> 3:
	case SEL_USER32_CS >> 3:
	case RINGLET_GDT_CPUNODE:
		return sel;
	case SEL_GUEST_SS >> 3:
	case SEL_GUEST_CS >> 3:
		return rpl <= 1 ? sel : 0;
	case RINGLET_GDT_TLS_MIN:
	case RINGLET_GDT_TLS_MIN + 1:
	case RINGLET_GDT_TLS_MAX:
		return vcpu_may_load_data(v, sel) ? sel : 0;
	default:
		return 0;
	}
}

static void segments_save(struct vcpu *v)
{
	__asm__ volatile("movw %%ds, %0\n\tmovw %%es, %1\n\t"
			 "movw %%fs, %2\n\tmovw %%gs, %3"
			 : "=m"(v->ds), "=m"(v->es), "=m"(v->fs), "=m"(v->gs));
	__asm__ volatile("rdfsbase %0" : "=r"(v->fs_base));
	__asm__ volatile("rdgsbase %0" : "=r"(v->gs_base));
}

static void segments_load(const struct vcpu *v)
{
	/* A load of FS or GS changes the base, so the bases come after. */
	__asm__ volatile("movl %0, %%ds\n\tmovl %1, %%es\n\t"
			 "movl %2, %%fs\n\tmovl %3, %%gs"
			 : : "r"((u32)loadable(v, v->ds)),
			     "r"((u32)loadable(v, v->es)),
			     "r"((u32)loadable(v, v->fs)),
			     "r"((u32)loadable(v, v->gs)));
	__asm__ volatile("wrfsbase %0" : : "r"(v->fs_base));
	__asm__ volatile("wrgsbase %0" : : "r"(v->gs_base));
}

u64 vcpu_load_gs(struct vcpu *v, u16 selector)
{
	u64 kernel, user;

	/* AMD's null selector leaves the base, which is the kernel's here. */
	__asm__ volatile("rdgsbase %0\n\t"
			 "wrgsbase %3\n\t"
			 "movl %2, %%gs\n\t"
			 "rdgsbase %1\n\t"
			 "wrgsbase %0"
			 : "=&r"(kernel), "=&r"(user)
			 : "r"((u32)loadable(v, selector)), "r"(0UL));
	return user;
}

void vcpu_load_dr(const struct vcpu *v)
{
	if (!(v->dr7 & DR7_ENABLES)) {
		write_dr(7, DR7_FIXED);
		return;
	}
	write_dr(0, v->dr[0]);
	write_dr(1, v->dr[1]);
	write_dr(2, v->dr[2]);
	write_dr(3, v->dr[3]);
	write_dr(7, v->dr7);
}

void vcpu_load_tsc_aux(const struct vcpu *v)
{
	if (cpu_has.rdtscp)
		wrmsr(MSR_TSC_AUX, v->cpunode);
}

/* Tell the other vCPUs of the domain whether this one waits for a pCPU. */
static void say_preempted(const struct vcpu *v, bool preempted)
{
	struct ringlet_time_page *t = v->domain->time;

	if (t)
		WRITE_ONCE(t->vcpu[v->id].preempted, preempted);
}

static void vcpu_leave(struct pcpu *p, struct vcpu *v)
{
	vtlb_leave(v);
	say_preempted(v, READ_ONCE(v->sched.state) == SCHED_RUNNABLE);
	segments_save(v);
	xsave(v->xsave);
	if (v->dr7 & DR7_ENABLES)
		write_dr(7, DR7_FIXED);
	gate_wipe_stacks(p);
}

static void vcpu_arrive(struct pcpu *p, struct vcpu *v)
{
	perf_inc(v->domain, context_switches);
	say_preempted(v, false);
	/* AMD's XRSTOR leaves the last x87 instruction's addresses in place when
	 * no exception is pending: they would be another guest's. */
	__asm__ volatile("fninit");
	xrstor(v->xsave);
	gate_set_vcpu(p, v);
	segments_load(v);
	vcpu_load_dr(v);
	vcpu_load_tsc_aux(v);
	vtlb_enter(v);
}

void vcpu_switch(struct vcpu *prev, struct vcpu *next)
{
	struct pcpu *p = this_pcpu();

	if (prev)
		vcpu_leave(p, prev);
	p->current = next;
	if (!next) {
		trace(NULL, idle, 0, 0);
		gate_set_vcpu(p, NULL);
	} else {
		trace(next, run, next->id, p->last_domain);
		/* Identifiers come round; what is predicted here may be older. */
		if (p->last_serial != next->domain->serial) {
			if (cpu_has.ibpb)
				wrmsr(MSR_PRED_CMD, 1);
			if (cpu_has.md_clear)
				cpu_verw();
			p->last_domain = next->domain->id;
			p->last_serial = next->domain->serial;
		}
		vcpu_arrive(p, next);
	}
	if (prev)
		sched_switch_done(prev);
}
