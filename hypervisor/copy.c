/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies page by page. Each page is translated once, and what the translation
 * gave is used before this pCPU passes a quiescent point.
 */
#include "copy.h"

#include "shadow.h"

static u64 page_rest(u64 va, size_t len)
{
	return MIN(len, PAGE_SIZE - (va & ~PAGE_MASK));
}

static int copy_in(struct vcpu *v, void *dst, u64 va, size_t len, u32 access)
{
	u8 *to = dst;

	while (len) {
		u64 n = page_rest(va, len);
		mfn_t mfn;

		if (vtlb_translate(v, va, access, &mfn))
			return -EFAULT;
		memcpy(to, (u8 *)mfn_to_virt(mfn) + (va & ~PAGE_MASK), n);
		to += n;
		va += n;
		len -= n;
	}
	return 0;
}

static int copy_out(struct vcpu *v, u64 va, const void *src, size_t len,
		    u32 access)
{
	const u8 *from = src;

	while (len) {
		u64 n = page_rest(va, len);
		mfn_t mfn;

		if (vtlb_translate(v, va, access | PF_WRITE, &mfn))
			return -EFAULT;
		memcpy((u8 *)mfn_to_virt(mfn) + (va & ~PAGE_MASK), from, n);
		from += n;
		va += n;
		len -= n;
	}
	return 0;
}

int copy_from_guest(struct vcpu *v, void *dst, u64 va, size_t len)
{
	return copy_in(v, dst, va, len, v->hc_user ? PF_USER : 0);
}

int copy_to_guest(struct vcpu *v, u64 va, const void *src, size_t len)
{
	return copy_out(v, va, src, len, v->hc_user ? PF_USER : 0);
}

int copy_from_kernel(struct vcpu *v, void *dst, u64 va, size_t len)
{
	return copy_in(v, dst, va, len, 0);
}

int copy_to_kernel(struct vcpu *v, u64 va, const void *src, size_t len)
{
	return copy_out(v, va, src, len, 0);
}

size_t copy_code_from_guest(struct vcpu *v, void *dst, u64 va, size_t len,
			    bool user)
{
	u32 access = PF_FETCH | (user ? PF_USER : 0);
	size_t done = 0;

	while (done < len) {
		u64 n = page_rest(va + done, len - done);

		if (copy_in(v, (u8 *)dst + done, va + done, n, access))
			break;
		done += n;
	}
	return done;
}
