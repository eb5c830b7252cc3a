// SPDX-License-Identifier: GPL-2.0-only
/* Hypercalls of the control domain: what the scheduler does with domains. */
#include "copy.h"
#include "domain.h"
#include "hypercall-prototypes.h"
#include "percpu.h"
#include "ringlet/hypercall.h"

s64 hc_domctl_set_weight(struct vcpu *v, u32 domain, u32 weight)
{
	struct domain *d = domain_find(v->domain, domain);

	if (!d)
		return -ESRCH;
	if (!weight || weight > 65535)
		return -EINVAL;
	sched_domain_set_weight(d, weight);
	return 0;
}

s64 hc_domctl_set_cap(struct vcpu *v, u32 domain, u32 cap)
{
	struct domain *d = domain_find(v->domain, domain);

	if (!d)
		return -ESRCH;
	if (cap > 100 * d->nr_vcpus)
		return -EINVAL;
	sched_domain_set_cap(d, cap);
	return 0;
}

/* The vCPU that a call names, or NULL with an error in *ret. */
static struct vcpu *find(struct vcpu *v, u32 domain, u32 vcpu, s64 *ret)
{
	struct domain *d = domain_find(v->domain, domain);

	*ret = d ? -ENOENT : -ESRCH;
	return d && vcpu < d->nr_vcpus ? d->vcpus[vcpu] : NULL;
}

s64 hc_domctl_vcpu_info(struct vcpu *v, u32 domain, u32 vcpu, u64 info)
{
	struct ringlet_vcpu_info i;
	struct vcpu *target;
	s64 ret;

	target = find(v, domain, vcpu, &ret);
	if (!target)
		return ret;
	sched_vcpu_info(target, &i);
	i.vcpu = vcpu;
	return copy_to_guest(v, info, &i, sizeof(i));
}

/* The pCPUs that exist. */
static u32 existing(void)
{
	return (1U << nr_pcpus) - 1;
}

s64 hc_domctl_set_affinity(struct vcpu *v, u32 domain, u32 vcpu, u64 affinity)
{
	struct ringlet_affinity a;
	struct vcpu *target;
	u32 hard;
	s64 ret;

	target = find(v, domain, vcpu, &ret);
	if (!target)
		return ret;
	if (copy_from_guest(v, &a, affinity, sizeof(a)))
		return -EFAULT;
	hard = (u32)a.hard[0] & existing();
	if (!hard)
		return -EINVAL;
	sched_vcpu_set_affinity(target, hard, (u32)a.soft[0] & existing());
	return 0;
}

s64 hc_domctl_get_affinity(struct vcpu *v, u32 domain, u32 vcpu, u64 affinity)
{
	struct ringlet_affinity a;
	struct vcpu *target;
	s64 ret;

	target = find(v, domain, vcpu, &ret);
	if (!target)
		return ret;
	memset(&a, 0, sizeof(a));
	a.hard[0] = READ_ONCE(target->sched.hard) & existing();
	a.soft[0] = READ_ONCE(target->sched.soft) & existing();
	return copy_to_guest(v, affinity, &a, sizeof(a));
}
