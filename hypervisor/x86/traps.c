// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries and exits of the hypervisor proper.
 *
 * The gate comes to hv_entry with the guest's registers in current->regs;
 * hv_return leaves. Between them the pCPU has its own stack, the hypervisor's
 * root, and interrupts off.
 */
#include "copy.h"
#include "cpu.h"
#include "domain.h"
#include "frame.h"
#include "gate.h"
#include "hypercall.h"
#include "lapic.h"
#include "panic.h"
#include "physdev.h"
#include "printk.h"
#include "quiesce.h"
#include "smp.h"
#include "time.h"
#include "trace.h"
#include "traps.h"
#include "uart.h"
#include "vectors.h"
#include "x86/segments.h"

void hv_ring0(struct ring0_regs *r);

#define AGE_NS (250 * NS_PER_MS)

static const u32 error_code_vectors =
	1U << 8 | 1U << 10 | 1U << 11 | 1U << 12 | 1U << 13 | 1U << 14 |
	1U << 17 | 1U << 21 | 1U << 29 | 1U << 30;

u64 guest_rflags(const struct vcpu *v)
{
	u64 flags = v->regs.rflags & ~(u64)RFLAGS_IF;

	if (vcpu_in_user(v) || READ_ONCE(v->page->vif))
		flags |= RFLAGS_IF;
	return flags;
}

/* The guest enters its kernel: GS changes on the way from ring 3. */
static void enter_kernel(struct vcpu *v, u64 rip, u64 rsp)
{
	if (vcpu_in_user(v)) {
		u64 base;

		__asm__ volatile("rdgsbase %0" : "=r"(base));
		v->page->user_gs_base = base;
		__asm__ volatile("wrgsbase %0" : : "r"(v->kernel_gs));
	}
	v->regs.cs = SEL_GUEST_CS;
	v->regs.ss = SEL_GUEST_SS;
	v->regs.rip = rip;
	v->regs.rsp = rsp;
	v->regs.rflags = RFLAGS_FORCED;
	v->page->vif = 0;
}

/* Push a frame below 'sp' and enter 'handler'. -EFAULT, nothing changed. */
static int push_frame(struct vcpu *v, u64 handler, u64 sp, u32 error_code,
		      bool has_error)
{
	struct {
		u64 error_code;
		struct ringlet_trap_frame f;
	} frame;
	const struct cpu_regs *r = &v->regs;
	bool user = vcpu_in_user(v);
	void *start = &frame;
	size_t len = sizeof(frame);

	frame.error_code = error_code;
	frame.f.rip = r->rip;
	frame.f.cs = user ? r->cs : RINGLET_KERNEL_CS;
	frame.f.rflags = guest_rflags(v);
	frame.f.rsp = r->rsp;
	frame.f.ss = user ? r->ss : RINGLET_KERNEL_DS;
	if (!has_error) {
		start = &frame.f;
		len = sizeof(frame.f);
	}
	sp = ALIGN_DOWN(sp, 16) - len;
	if (copy_to_kernel(v, sp, start, len))
		return -EFAULT;
	enter_kernel(v, handler, sp);
	return 0;
}

static u64 frame_stack(struct vcpu *v)
{
	return vcpu_in_user(v) ? READ_ONCE(v->page->kernel_sp) : v->regs.rsp;
}

static void deliver_double_fault(struct vcpu *v, u32 vector)
{
	struct domain *d = v->domain;
	u64 handler = READ_ONCE(d->traps[TRAP_DF]);

	if (!handler || !v->df_stack ||
	    push_frame(v, handler, v->df_stack, 0, true))
		domain_crash(d, v, "double fault: no stack at %#lx for the frame of vector %u",
			     frame_stack(v), vector);
}

void deliver_exception(struct vcpu *v, u32 vector, u32 error_code)
{
	struct domain *d = v->domain;
	bool has_error = vector < 32 && error_code_vectors >> vector & 1;
	u64 handler;

	handler = vector == RINGLET_TRAP_INT80 ? READ_ONCE(d->trap_int80) :
						 READ_ONCE(d->traps[vector & 31]);
	perf_inc(d, exceptions);
	trace(v, exception, vector, v->regs.rip);
	if (!handler) {
		domain_crash(d, v, "exception %u without a handler", vector);
		return;
	}
	if (push_frame(v, handler, frame_stack(v), error_code, has_error))
		deliver_double_fault(v, vector);
}

void deliver_page_fault(struct vcpu *v, u64 va, u32 error_code)
{
	v->page->cr2 = va;
	perf_inc(v->domain, faults_forwarded);
	trace(v, page_fault, va, error_code);
	deliver_exception(v, TRAP_PF, error_code);
}

static void deliver_upcall(struct vcpu *v)
{
	u64 handler = READ_ONCE(v->domain->entry_event);

	if (!handler)
		return;
	perf_inc(v->domain, upcalls);
	trace(v, upcall, v->regs.rip, 0);
	if (push_frame(v, handler, frame_stack(v), 0, false))
		deliver_double_fault(v, 0);
}

/* A return frame that the CPU would refuse: see struct ringlet_iret_frame. */
static void refuse_frame(struct vcpu *v, const struct ringlet_iret_frame *f)
{
	struct cpu_regs *r = &v->regs;
	struct {
		u64 error_code;
		struct ringlet_trap_frame f;
	} frame;
	u64 handler = READ_ONCE(v->domain->traps[TRAP_GP]), sp;

	if ((f->cs & 3) != 3) {
		deliver_exception(v, TRAP_GP, 0);
		return;
	}
	/* As from ring 3; GS is the kernel's already, registers are the target's. */
	r->rcx = f->rcx;
	r->r11 = f->r11;
	frame.error_code = 0;
	frame.f.rip = f->rip;
	frame.f.cs = f->cs;
	frame.f.rflags = (f->rflags & RFLAGS_GUEST) | RFLAGS_FORCED;
	frame.f.rsp = f->rsp;
	frame.f.ss = f->ss;
	sp = ALIGN_DOWN(READ_ONCE(v->page->kernel_sp), 16) - sizeof(frame);
	perf_inc(v->domain, exceptions);
	if (!handler) {
		domain_crash(v->domain, v, "refused return frame, and no handler for #GP");
		return;
	}
	if (copy_to_kernel(v, sp, &frame, sizeof(frame))) {
		deliver_double_fault(v, TRAP_GP);
		return;
	}
	enter_kernel(v, handler, sp);
}

static bool canonical(u64 va)
{
	return (u64)((s64)(va << 16) >> 16) == va;
}

/*
 * Where may ring 3 go on? In the upper half of 64-bit code nothing is executable,
 * so that the fetch faults; Linux emulates its vsyscall page by that.
 */
static bool user_frame_ok(const struct vcpu *v,
			  const struct ringlet_iret_frame *f)
{
	if (f->ss != SEL_USER_DS &&
	    (f->ss >> 16 || !vcpu_may_load_stack(v, f->ss)))
		return false;
	if (f->cs == SEL_USER_CS)
		return guest_address_ok(f->rip);
	if (f->cs == SEL_USER32_CS)
		return !(f->rip >> 32);
	return vcpu_may_run_at(v, f->cs, f->rip);
}

/*
 * Can the CPU load this RIP, or would IRET fault in the gate? An instruction may
 * end where its segment does, and be interrupted there.
 */
static bool rip_ok(const struct vcpu *v)
{
	if (v->regs.cs & 4)
		return vcpu_may_run_at(v, v->regs.cs, v->regs.rip);
	return canonical(v->regs.rip);
}

static void do_iret(struct vcpu *v)
{
	struct ringlet_iret_frame f;
	struct cpu_regs *r = &v->regs;
	u64 gs;
	bool user;

	perf_inc(v->domain, iret_slow);
	if (copy_from_kernel(v, &f, r->rsp, sizeof(f))) {
		mfn_t mfn;
		u64 va = r->rsp;

		/* The first byte that cannot be read. */
		if (!vtlb_translate(v, va, 0, &mfn))
			va = ALIGN_UP(va + 1, PAGE_SIZE);
		deliver_page_fault(v, va, 0);
		return;
	}
	if (f.cs == SEL_USER_CS || f.cs == SEL_USER32_CS ||
	    (f.cs & ~0xfff8UL) == 7) {
		gs = READ_ONCE(v->page->user_gs_base);
		if (!user_frame_ok(v, &f) || !canonical(gs)) {
			refuse_frame(v, &f);
			return;
		}
		user = true;
	} else if ((f.cs & ~1UL) == RINGLET_KERNEL_CS &&
		   (!f.ss || (f.ss & ~1UL) == RINGLET_KERNEL_DS) &&
		   canonical(f.rip)) {
		user = false;
	} else {
		refuse_frame(v, &f);
		return;
	}
	r->rcx = f.rcx;
	r->r11 = f.r11;
	r->rip = f.rip;
	r->rsp = f.rsp;
	r->rflags = (f.rflags & RFLAGS_GUEST) | RFLAGS_FORCED;
	if (user) {
		r->cs = f.cs;
		r->ss = f.ss;
		v->page->vif = 1;
		__asm__ volatile("wrgsbase %0" : : "r"(gs));
	} else {
		r->cs = SEL_GUEST_CS;
		r->ss = SEL_GUEST_SS;
		v->page->vif = !!(f.rflags & RFLAGS_IF);
	}
}

static void do_page_fault(struct vcpu *v, u64 va)
{
	u32 error_code = 0;
	bool own = vtlb_fault(v, va, v->regs.error_code, &error_code) ==
		   VTLB_FAULT;

	vtlb_direct(v, v->regs.error_code, own);
	if (own)
		deliver_page_fault(v, va, error_code);
}

static void do_debug(struct vcpu *v)
{
	u64 dr6 = read_dr(6);

	write_dr(6, 0xffff0ff0);
	v->page->dr6 = dr6;
	v->dr6 = dr6;
	deliver_exception(v, TRAP_DB, 0);
}

/*
 * INT 0x80. To a kernel that has no handler for it, it is what INT with any
 * other number is, or each of its programs could crash it: SDM vol. 3, 6.12.1.2.
 */
static void do_int80(struct vcpu *v)
{
	if (READ_ONCE(v->domain->trap_int80)) {
		deliver_exception(v, RINGLET_TRAP_INT80, 0);
		return;
	}
	v->regs.rip -= 2;
	deliver_exception(v, TRAP_GP, RINGLET_TRAP_INT80 * 8 + 2);
}

static void do_exception(struct vcpu *v, u32 vector, u64 cr2)
{
	switch (vector) {
	case TRAP_PF:
		do_page_fault(v, cr2);
		break;
	case TRAP_GP:
		if (vcpu_in_user(v) || v->regs.error_code || !emulate_gp(v))
			deliver_exception(v, vector, v->regs.error_code);
		break;
	case TRAP_DB:
		do_debug(v);
		break;
	case TRAP_NMI:
		log_warning("NMI on CPU %u", this_pcpu()->id);
		break;
	case RINGLET_TRAP_INT80:
		do_int80(v);
		break;
	default:
		deliver_exception(v, vector, v->regs.error_code);
		break;
	}
}

/*
 * A guest clears Accessed without a flush: what it uses gets the bit again only
 * when the shadow entry is filled anew.
 */
static void age(struct vcpu *v)
{
	struct domain *d;
	u64 now = time_ns(), last;

	if (!v)
		return;
	d = v->domain;
	last = READ_ONCE(d->aged);
	if (now - last > AGE_NS &&
	    __atomic_compare_exchange_n(&d->aged, &last, now, false,
					__ATOMIC_RELAXED, __ATOMIC_RELAXED))
		vtlb_age(d);
}

static void do_interrupt(u32 vector)
{
	struct pcpu *p = this_pcpu();

	trace(p->current, interrupt, vector, 0);
	switch (vector) {
	case VECTOR_TIMER:
		lapic_eoi();
		timer_expire();
		age(p->current);
		break;
	case VECTOR_KICK:
		lapic_eoi();
		smp_kicked();
		break;
	case VECTOR_NMI_DEFERRED:
		lapic_eoi();
		if (__atomic_exchange_n(&p->nmi_pending, 0, __ATOMIC_RELAXED))
			log_warning("NMI on CPU %u", p->id);
		break;
	case VECTOR_UART:
		lapic_eoi();
		uart_interrupt();
		break;
	case VECTOR_SPURIOUS:
		break;
	default:
		if (vector >= VECTOR_DEVICE_FIRST &&
		    vector <= VECTOR_DEVICE_LAST)
			physdev_interrupt(vector);
		else
			lapic_eoi();
		break;
	}
}

void hv_ring0(struct ring0_regs *r)
{
	if (r->vector >= 32 && read_cr3() == this_pcpu()->hv_cr3 &&
	    r->rip >= IMAGE_BASE) {
		do_interrupt((u32)r->vector);
		return;
	}
	panic_exception(r);
}

void hv_entry(struct cpu_regs *r)
{
	struct pcpu *p = this_pcpu();
	struct vcpu *v = p->current;
	u64 cr2 = read_cr2();

	WRITE_ONCE(p->mode, p->mode + 1);
	p->entry_tsc = rdtsc();
	p->entered = v->domain;
	ASSERT(r == &v->regs && (p->mode & 1) == 0);
	perf_inc(v->domain, hv_entries);

	switch (r->vector) {
	case ENTRY_HYPERCALL:
		hypercall(v);
		break;
	case ENTRY_IRET:
		do_iret(v);
		break;
	case ENTRY_LOAD_ROOT:
		r->rax = (u64)vtlb_load_root(v, r->rdi);
		break;
	case ENTRY_BAD_SYSCALL:
		domain_crash(v->domain, v, "SYSCALL at %#lx, outside the hypercall page",
			     r->rip - 2);
		break;
	case ENTRY_CSTAR:
		deliver_exception(v, TRAP_UD, 0);
		break;
	default:
		if (r->vector < 32 || r->vector == RINGLET_TRAP_INT80) {
			do_exception(v, (u32)r->vector, cr2);
		} else {
			perf_inc(v->domain, interrupts);
			do_interrupt((u32)r->vector);
		}
		break;
	}
	hv_return();
}

/* What a vCPU came in for is done: how long did it take? */
static void note_stay(struct pcpu *p)
{
	u64 ticks = rdtsc() - p->entry_tsc, most, *longest;

	if (!p->entered)
		return;
	longest = &p->entered->perf[RINGLET_PERF_hv_longest];
	most = READ_ONCE(*longest);
	while (ticks > most &&
	       !__atomic_compare_exchange_n(longest, &most, ticks, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	p->entered = NULL;
}

/* Wait for an interrupt; the hypervisor has interrupts on here only. */
static void idle(struct pcpu *p)
{
	u64 start = time_ns();
	bool more;

	note_stay(p);
	more = frame_reap();

	/* After it: a grace period that it began waits for us as well, and
	 * nobody may ever wake us. */
	WRITE_ONCE(p->quiescent, p->quiescent + 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!more && !sched_needed())
		cpu_wait();
	else
		__asm__ volatile("sti\n\tnop\n\tcli" ::: "memory");
	p->entry_tsc = rdtsc();
	p->idle_time += time_ns() - start;
}

void hv_return(void)
{
	struct pcpu *p = this_pcpu();
	struct vcpu *v;

	for (;;) {
		if (sched_needed() || !p->current) {
			v = sched_pick();
			if (v != p->current)
				vcpu_switch(p->current, v);
		}
		v = p->current;
		if (!v) {
			idle(p);
			continue;
		}
		if (READ_ONCE(v->page->hint_count))
			vtlb_hints(v);
		if (p2m_is_leaving(&v->domain->p2m) && p2m_leave(v->domain))
			domain_free_dead();
		/* As a fetch there would. */
		if (!rip_ok(v))
			deliver_exception(v, TRAP_GP, 0);
		if (vcpu_event_pending(v))
			deliver_upcall(v);
		if (!sched_needed())
			break;
	}
	lock_check_none();
	/* Another vCPU may have called set_entries. */
	gate_update(p, v);
	note_stay(p);
	WRITE_ONCE(p->quiescent, p->quiescent + 1);
	gate_exit(&v->regs, p);
}

void pcpu_start(void)
{
	hv_return();
}
