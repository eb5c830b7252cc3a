// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decoding of hypercalls, multicalls and restarts.
 *
 * A handler that has worked too long returns -ERESTART_HV, with its progress in
 * the registers that held the arguments: the guest then stands before its
 * SYSCALL again, events are looked at, and the call goes on.
 */
#include "hypercall.h"
#include "copy.h"
#include "domain.h"
#include "percpu.h"
#include "trace.h"
#include "ringlet/hypercall.h"

#include "hypercall-prototypes.h"
#include "hypercall-dispatch.h"

#define MULTICALL_MAX 64

static const char *const names[] = {
#include "hypercall-names.h"
};

const char *hypercall_name(u32 nr)
{
	return nr < ARRAY_SIZE(names) ? names[index_nospec(nr, ARRAY_SIZE(names))] :
					"none";
}

void hypercall(struct vcpu *v)
{
	struct cpu_regs *r = &v->regs;
	u64 a[6] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };
	u64 nr = r->rax & ~(u64)RINGLET_HC_USER;
	s64 ret;

	perf_inc(v->domain, hypercalls);
	v->hc_last = (u32)MIN(nr, (u64)~0U);
	v->hc_user = r->rax & RINGLET_HC_USER;
	trace(v, hypercall, nr, a[0]);
	ret = nr >> 32 ? -ENOSYS : hypercall_dispatch(v, (u32)nr, a);
	v->hc_user = false;
	trace(v, hypercall_done, nr, (u64)ret);
	if (ret == -ERESTART_HV)
		r->rip -= 2;
	else
		r->rax = (u64)ret;
}

static bool allowed_inside(u64 nr)
{
	switch (nr) {
	case RINGLET_HC_multicall:
	case RINGLET_HC_iret:
	case RINGLET_HC_block:
	case RINGLET_HC_vcpu_wait:
	case RINGLET_HC_shutdown:
	case RINGLET_HC_vcpu_down:
		return false;
	default:
		return true;
	}
}

/*
 * One call of a multicall: argument registers are those of the call while it
 * runs, so that a restart finds its progress there.
 */
static s64 multicall_one(struct vcpu *v, struct ringlet_multicall *c)
{
	struct cpu_regs *r = &v->regs;
	s64 ret;

	if (c->nr >> 32 || !allowed_inside(c->nr))
		return -EINVAL;
	trace(v, hypercall, c->nr, c->args[0]);
	r->rdi = c->args[0];
	r->rsi = c->args[1];
	r->rdx = c->args[2];
	r->r10 = c->args[3];
	r->r8 = c->args[4];
	r->r9 = c->args[5];
	ret = hypercall_dispatch(v, (u32)c->nr, c->args);
	trace(v, hypercall_done, c->nr, (u64)ret);
	if (ret == -ERESTART_HV) {
		c->args[0] = r->rdi;
		c->args[1] = r->rsi;
		c->args[2] = r->rdx;
		c->args[3] = r->r10;
		c->args[4] = r->r8;
		c->args[5] = r->r9;
	}
	return ret;
}

s64 hc_multicall(struct vcpu *v, u64 calls, u32 count)
{
	struct cpu_regs *r = &v->regs, saved = *r;
	struct ringlet_multicall c;
	s64 ret = 0;

	if (count > MULTICALL_MAX)
		return -EINVAL;
	while (count) {
		if (copy_from_guest(v, &c, calls, sizeof(c))) {
			ret = -EFAULT;
			break;
		}
		c.ret = multicall_one(v, &c);
		if (copy_to_guest(v, calls, &c, sizeof(c))) {
			ret = -EFAULT;
			break;
		}
		if (c.ret == -ERESTART_HV) {
			ret = -ERESTART_HV;
			break;
		}
		calls += sizeof(c);
		if (--count && work_expired()) {
			ret = -ERESTART_HV;
			break;
		}
	}
	/* No call inside changes other registers of its caller. */
	r->rdi = calls;
	r->rsi = count;
	r->rdx = saved.rdx;
	r->r10 = saved.r10;
	r->r8 = saved.r8;
	r->r9 = saved.r9;
	if (ret != -ERESTART_HV) {
		r->rdi = saved.rdi;
		r->rsi = saved.rsi;
	}
	return ret;
}
