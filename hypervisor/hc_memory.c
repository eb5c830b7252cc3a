// SPDX-License-Identifier: GPL-2.0-only
/* Hypercalls on roots and translations; the work is vtlb.c's. */
#include "copy.h"
#include "domain.h"
#include "hypercall-prototypes.h"

s64 hc_set_kernel_root(struct vcpu *v, u64 root)
{
	return vtlb_set_kernel_root(v->domain, root);
}

s64 hc_root_dying(struct vcpu *v, u64 root)
{
	return vtlb_root_dying(v->domain, root);
}

s64 hc_root_destroy(struct vcpu *v, u64 root)
{
	return vtlb_root_destroy(v->domain, root);
}

s64 hc_flush(struct vcpu *v, u64 root, u64 start, u64 end, u32 flags)
{
	u64 progress = start;
	s64 ret = vtlb_flush(v->domain, root, start, end, flags, &progress);

	if (ret == -ERESTART_HV)
		v->regs.rsi = progress;
	return ret;
}
