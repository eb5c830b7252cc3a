// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls about the calling vCPU and its domain: handlers, descriptors,
 * debug registers, CPUID and MSRs, scheduling, time.
 */
#include "copy.h"
#include "cpu.h"
#include "cpuid.h"
#include "domain.h"
#include "gate.h"
#include "panic.h"
#include "printk.h"
#include "ringlet/hypercall.h"
#include "smp.h"
#include "time.h"
#include "x86/segments.h"

#include "hypercall-prototypes.h"

#define TRAPS_MAX 33
#define DR7_GD (1UL << 13)
#define DR7_IO 2UL

s64 hc_abi_version(struct vcpu *v)
{
	(void)v;
	return RINGLET_ABI_VERSION;
}

s64 hc_abi_features(struct vcpu *v)
{
	(void)v;
	return RINGLET_FEATURES;
}

/*
 * Handlers of v's domain have changed: have them in the constants of this pCPU's gate,
 * and let its other vCPUs enter the hypervisor, which renews theirs.
 */
static void renew_handlers(struct vcpu *v)
{
	struct domain *d = v->domain;
	u32 i;

	gate_update(this_pcpu(), v);
	for (i = 0; i < d->nr_vcpus; i++)
		if (d->vcpus[i] && d->vcpus[i] != v)
			sched_kick(d->vcpus[i]);
}

s64 hc_set_trap_table(struct vcpu *v, u64 traps, u32 count)
{
	struct ringlet_trap t[TRAPS_MAX];
	struct domain *d = v->domain;
	u32 i;

	if (count > TRAPS_MAX)
		return -EINVAL;
	if (copy_from_guest(v, t, traps, count * sizeof(t[0])))
		return -EFAULT;
	for (i = 0; i < count; i++)
		if ((t[i].vector > 31 && t[i].vector != RINGLET_TRAP_INT80) ||
		    t[i].reserved || !guest_address_ok(t[i].address))
			return -EINVAL;
	for (i = 0; i < count; i++) {
		if (t[i].vector == RINGLET_TRAP_INT80)
			WRITE_ONCE(d->trap_int80, t[i].address);
		else
			WRITE_ONCE(d->traps[t[i].vector & 31], t[i].address);
	}
	renew_handlers(v);
	return 0;
}

s64 hc_set_entries(struct vcpu *v, u64 entries)
{
	struct ringlet_entries e;
	struct domain *d = v->domain;

	if (copy_from_guest(v, &e, entries, sizeof(e)))
		return -EFAULT;
	if (!guest_address_ok(e.syscall) || !guest_address_ok(e.event) ||
	    e.reserved[0] || e.reserved[1])
		return -EINVAL;
	WRITE_ONCE(d->entry_event, e.event);
	WRITE_ONCE(d->entry_syscall, e.syscall);
	renew_handlers(v);
	return 0;
}

s64 hc_set_df_stack(struct vcpu *v, u64 sp)
{
	if (!guest_address_ok(sp))
		return -EINVAL;
	v->df_stack = sp;
	return 0;
}

s64 hc_set_kernel_gs(struct vcpu *v, u64 base)
{
	if (!guest_address_ok(base))
		return -EINVAL;
	v->kernel_gs = base;
	gate_update(this_pcpu(), v);
	__asm__ volatile("wrgsbase %0" : : "r"(base));
	return 0;
}

s64 hc_load_gs(struct vcpu *v, u32 selector)
{
	u32 index = selector >> 3;

	if (selector > 0xffff ||
	    (selector > 3 && selector != SEL_USER_DS && (selector & 7) != 7 &&
	     ((selector & 7) != 3 || index < RINGLET_GDT_TLS_MIN ||
	      index > RINGLET_GDT_TLS_MAX)))
		return -EINVAL;
	v->page->user_gs_base = vcpu_load_gs(v, (u16)selector);
	return 0;
}

/* Present, S = 1, DPL 3, data, 32-bit (SDM vol. 3, 3.4.5), or nothing. */
static bool tls_ok(u64 desc)
{
	u32 access = desc >> 40 & 0xff, flags = desc >> 52 & 0xf;

	return !desc || ((access & 0xf8) == 0xf0 && (flags & 0x6) == 0x4);
}

s64 hc_set_tls(struct vcpu *v, u64 desc0, u64 desc1, u64 desc2)
{
	const u64 accessed = 1UL << 40;

	if (!tls_ok(desc0) || !tls_ok(desc1) || !tls_ok(desc2))
		return -EINVAL;
	/* The GDT is read only: the CPU must not want to set Accessed. */
	v->tls[0] = desc0 ? desc0 | accessed : 0;
	v->tls[1] = desc1 ? desc1 | accessed : 0;
	v->tls[2] = desc2 ? desc2 | accessed : 0;
	gate_load_descriptors(this_pcpu(), v);
	return 0;
}

s64 hc_set_cpunode(struct vcpu *v, u32 value)
{
	if (value > 0xfffff)
		return -EINVAL;
	v->cpunode = value;
	gate_load_descriptors(this_pcpu(), v);
	vcpu_load_tsc_aux(v);
	return 0;
}

static bool dr7_ok(u64 value)
{
	u32 i;

	if (value >> 32 || value & DR7_GD)
		return false;
	/* I/O breakpoints need CR4.DE, which is off. */
	for (i = 0; i < 4; i++)
		if ((value >> (16 + 4 * i) & 3) == DR7_IO)
			return false;
	return true;
}

s64 hc_set_debugreg(struct vcpu *v, u32 number, u64 value)
{
	switch (number) {
	case 0:
	case 1:
	case 2:
	case 3:
		if (!guest_address_ok(value))
			return -EINVAL;
		v->dr[number] = value;
		break;
	case 6:
		v->dr6 = (value & 0xe00f) | 0xffff0ff0;
		break;
	case 7:
		if (!dr7_ok(value))
			return -EINVAL;
		v->dr7 = (value & 0xffff03ff) | 0x400;
		break;
	default:
		return -EINVAL;
	}
	vcpu_load_dr(v);
	return 0;
}

s64 hc_get_debugreg(struct vcpu *v, u32 number, u64 value)
{
	u64 out;

	switch (number) {
	case 0:
	case 1:
	case 2:
	case 3:
		out = v->dr[number];
		break;
	case 6:
		out = v->dr6;
		break;
	case 7:
		out = v->dr7;
		break;
	default:
		return -EINVAL;
	}
	return copy_to_guest(v, value, &out, sizeof(out));
}

s64 hc_cpuid(struct vcpu *v, u32 leaf, u32 subleaf, u64 out)
{
	u32 regs[4];

	guest_cpuid(v, leaf, subleaf, regs);
	return copy_to_guest(v, out, regs, sizeof(regs));
}

s64 hc_rdmsr(struct vcpu *v, u32 msr, u64 value)
{
	u64 out;

	if (!guest_rdmsr(v, msr, &out))
		return -EIO;
	return copy_to_guest(v, value, &out, sizeof(out));
}

s64 hc_wrmsr(struct vcpu *v, u32 msr, u64 value)
{
	return guest_wrmsr(v, msr, value) ? 0 : -EIO;
}

s64 hc_block(struct vcpu *v)
{
	v->page->vif = 1;
	if (!READ_ONCE(v->page->pending))
		sched_block(v);
	return 0;
}

s64 hc_vcpu_wait(struct vcpu *v)
{
	sched_wait_kick(v);
	return 0;
}

s64 hc_vcpu_kick(struct vcpu *v, u32 vcpu)
{
	struct domain *d = v->domain;

	if (vcpu >= d->nr_vcpus)
		return -ENOENT;
	sched_kick_waiter(d->vcpus[index_nospec(vcpu, d->nr_vcpus)]);
	return 0;
}

s64 hc_yield(struct vcpu *v)
{
	(void)v;
	sched_yield();
	return 0;
}

s64 hc_event_check(struct vcpu *v)
{
	/* hv_return delivers. */
	(void)v;
	return 0;
}

s64 hc_iret(struct vcpu *v)
{
	domain_crash(v->domain, v, "hypercall iret, instead of RINGLET_IRET");
	return -EINVAL;
}

s64 hc_load_root(struct vcpu *v, u64 root)
{
	return vtlb_load_root(v, root);
}

s64 hc_set_timer(struct vcpu *v, u64 deadline)
{
	if (deadline)
		timer_set(v, deadline);
	else
		timer_cancel(v);
	return 0;
}

s64 hc_shutdown(struct vcpu *v, u32 reason)
{
	struct domain *d = v->domain;

	if (reason != RINGLET_SHUTDOWN_POWEROFF &&
	    reason != RINGLET_SHUTDOWN_REBOOT &&
	    reason != RINGLET_SHUTDOWN_CRASH)
		return -EINVAL;
	domain_end(d, reason, NULL);
	return 0;
}

s64 hc_vcpu_boot(struct vcpu *v, u32 vcpu, u64 context)
{
	struct ringlet_vcpu_context c;
	struct domain *d = v->domain;
	struct vcpu *other;
	s64 ret;

	if (vcpu >= d->nr_vcpus)
		return -ENOENT;
	if (copy_from_guest(v, &c, context, sizeof(c)))
		return -EFAULT;
	other = d->vcpus[index_nospec(vcpu, d->nr_vcpus)];
	lock(&d->lock);
	if (other->online) {
		ret = -EEXIST;
	} else if (vtlb_check_root(d, c.root)) {
		ret = -EINVAL;
	} else {
		/* One that went down may still be leaving its pCPU. */
		ret = sched_is_off(&other->sched) ? vcpu_set_context(other, &c) :
						 -ERESTART_HV;
		if (!ret)
			ret = vtlb_reserve(other);
		if (!ret)
			other->online = true;
	}
	unlock(&d->lock);
	if (!ret)
		sched_vcpu_online(other);
	return ret;
}

s64 hc_vcpu_down(struct vcpu *v)
{
	struct domain *d = v->domain;
	u32 i, others = 0;

	lock(&d->lock);
	for (i = 0; i < d->nr_vcpus; i++)
		others += d->vcpus[i] != v && d->vcpus[i]->online;
	if (others)
		v->online = false;
	unlock(&d->lock);
	if (!others) {
		domain_crash(d, v, "the last vCPU went down");
		return -EBUSY;
	}
	sched_vcpu_offline(v);
	return 0;
}

s64 hc_vcpu_is_up(struct vcpu *v, u32 vcpu)
{
	struct domain *d = v->domain;

	if (vcpu >= d->nr_vcpus)
		return -ENOENT;
	vcpu = (u32)index_nospec(vcpu, d->nr_vcpus);
	return READ_ONCE(d->vcpus[vcpu]->online);
}
