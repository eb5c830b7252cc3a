// SPDX-License-Identifier: GPL-2.0-only
/* Hypercalls of the control domain: domains, and the host. */
#include "copy.h"
#include "domain.h"
#include "frame.h"
#include "hypercall-prototypes.h"
#include "machine.h"
#include "percpu.h"
#include "printk.h"
#include "ringlet/hypercall.h"
#include "time.h"
#include "version.h"

/* The domain that a control call names, or an error through *ret. */
static struct domain *find(struct vcpu *v, u32 id)
{
	return domain_find(v->domain, id);
}

static bool max_pages_ok(u64 pages)
{
	return pages && !(pages >> 36);
}

s64 hc_domctl_create(struct vcpu *v, u64 create)
{
	struct ringlet_domain_create c;
	struct domain *d;
	u32 i;
	s64 ret;

	if (copy_from_guest(v, &c, create, sizeof(c)))
		return -EFAULT;
	if (!domain_name_ok(c.name) || !c.vcpus || c.vcpus > RINGLET_MAX_VCPUS ||
	    c.weight > 65535 || !max_pages_ok(c.max_pages) ||
	    c.shadow_pages >> 24 || c.flags)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(c.reserved); i++)
		if (c.reserved[i])
			return -EINVAL;
	ret = domain_create(&c, RINGLET_DOMID_NONE, &d);
	return ret ? ret : (s64)d->id;
}

s64 hc_domctl_destroy(struct vcpu *v, u32 domain)
{
	struct domain *d = find(v, domain);

	if (!d)
		return -ESRCH;
	if (d->control)
		return -EINVAL;
	return domain_destroy(d);
}

s64 hc_domctl_pause(struct vcpu *v, u32 domain)
{
	struct domain *d = find(v, domain);

	if (!d)
		return -ESRCH;
	if (d->control)
		return -EINVAL;
	lock(&d->lock);
	d->pause_count++;
	unlock(&d->lock);
	sched_domain_pause(d);
	return 0;
}

s64 hc_domctl_unpause(struct vcpu *v, u32 domain)
{
	struct domain *d = find(v, domain);
	bool last;

	if (!d)
		return -ESRCH;
	lock(&d->lock);
	if (!d->pause_count) {
		unlock(&d->lock);
		return -EINVAL;
	}
	last = !--d->pause_count;
	unlock(&d->lock);
	if (last)
		sched_domain_unpause(d);
	return 0;
}

static void describe(struct domain *d, struct ringlet_domain_info *info)
{
	bool running = false, blocked = true;
	u32 i;

	memset(info, 0, sizeof(*info));
	memcpy(info->name, d->name, sizeof(info->name));
	memcpy(info->uuid, d->uuid, sizeof(info->uuid));
	info->domid = d->id;
	info->vcpus = d->nr_vcpus;
	for (i = 0; i < d->nr_vcpus; i++) {
		struct ringlet_vcpu_info vi;

		if (!d->vcpus[i])
			continue;
		sched_vcpu_info(d->vcpus[i], &vi);
		info->vcpus_online += vi.online;
		info->cpu_time += vi.time_running;
		running |= vi.running;
		blocked &= !vi.online || vi.blocked;
	}
	info->weight = READ_ONCE(d->sched.weight);
	info->cap = READ_ONCE(d->sched.cap);
	info->max_pages = READ_ONCE(d->max_pages);
	info->pages = __atomic_load_n(&d->pages, __ATOMIC_RELAXED);
	info->shadow_pages = vtlb_pages(d);
	info->shadow_quota = d->vtlb.quota;
	info->hv_pages = __atomic_load_n(&d->hv_pages, __ATOMIC_RELAXED);
	info->foreign_refs = __atomic_load_n(&d->foreign_refs, __ATOMIC_RELAXED);
	info->created = d->created;
	info->shared_gfn = d->shared_gfn.n;
	info->console_refused = console_refused(d);
	lock(&d->lock);
	info->reason = d->reason;
	memcpy(info->why, d->why, sizeof(info->why));
	info->flags = (d->pause_count ? RINGLET_DOMF_PAUSED : 0) |
		      (d->shutdown ? RINGLET_DOMF_SHUTDOWN : 0) |
		      (d->dying ? RINGLET_DOMF_DYING : 0);
	unlock(&d->lock);
	if (running)
		info->flags |= RINGLET_DOMF_RUNNING;
	else if (blocked && info->vcpus_online)
		info->flags |= RINGLET_DOMF_BLOCKED;
}

s64 hc_domctl_info(struct vcpu *v, u32 domain, u64 info)
{
	struct ringlet_domain_info i;
	struct domain *d = domain == RINGLET_DOMID_SELF ? v->domain :
							  domain_next(domain);

	if (!d)
		return -ESRCH;
	describe(d, &i);
	if (copy_to_guest(v, info, &i, sizeof(i)))
		return -EFAULT;
	return d->id;
}

s64 hc_domctl_set_context(struct vcpu *v, u32 domain, u32 vcpu, u64 context)
{
	struct ringlet_vcpu_context c;
	struct domain *d = find(v, domain);
	struct vcpu *target;
	s64 ret;

	if (!d)
		return -ESRCH;
	if (vcpu >= d->nr_vcpus)
		return -ENOENT;
	if (copy_from_guest(v, &c, context, sizeof(c)))
		return -EFAULT;
	target = d->vcpus[vcpu];
	lock(&d->lock);
	if (!d->pause_count || d->shutdown || target->online ||
	    !sched_is_off(&target->sched))
		ret = -EBUSY;
	else if (vtlb_check_root(d, c.root))
		ret = -EINVAL;
	else
		ret = vcpu_set_context(target, &c);
	if (!ret)
		ret = vtlb_reserve(target);
	if (!ret)
		target->online = true;
	unlock(&d->lock);
	if (!ret)
		sched_vcpu_online(target);
	return ret;
}

s64 hc_domctl_get_context(struct vcpu *v, u32 domain, u32 vcpu, u64 context)
{
	struct ringlet_vcpu_context c;
	struct domain *d = find(v, domain);
	struct vcpu *target;
	s64 ret = 0;

	if (!d)
		return -ESRCH;
	if (vcpu >= d->nr_vcpus || !d->vcpus[vcpu])
		return -ENOENT;
	target = d->vcpus[vcpu];
	lock(&d->lock);
	if ((!d->pause_count && !d->shutdown) || !sched_is_off(&target->sched))
		ret = -EBUSY;
	else
		vcpu_get_context(target, &c);
	unlock(&d->lock);
	if (ret)
		return ret;
	return copy_to_guest(v, context, &c, sizeof(c));
}

s64 hc_domctl_populate(struct vcpu *v, u32 domain, u64 gfn, u64 count, u32 flags)
{
	struct domain *d = find(v, domain);

	if (!d)
		return -ESRCH;
	if (d->control || flags & ~(u32)RINGLET_POPULATE_4K || !count)
		return -EINVAL;
	return p2m_populate(d, GFN(gfn), count, flags);
}

/* Ends when the frames are gone: the batch that leaves last is waited for. */
s64 hc_domctl_depopulate(struct vcpu *v, u32 domain, u64 gfn, u64 count, u64 done)
{
	struct domain *d = find(v, domain);
	s64 n = 0;

	if (!d)
		return -ESRCH;
	if (d->control || !count || done > count)
		return -EINVAL;
	if (done < count)
		n = p2m_remove(d, GFN(gfn + done), count - done);
	if (n == -ERESTART_HV || (n < 0 && !done))
		return n;
	done += (u64)MAX(n, 0);
	if (n < 0 || done == count) {
		p2m_leave(d);
		if (!p2m_is_leaving(&d->p2m))
			return (s64)done;
	}
	v->regs.r10 = done;
	return -ERESTART_HV;
}

s64 hc_domctl_set_max_pages(struct vcpu *v, u32 domain, u64 pages)
{
	struct domain *d = find(v, domain);

	if (!d)
		return -ESRCH;
	if (d->control || !max_pages_ok(pages))
		return -EINVAL;
	WRITE_ONCE(d->max_pages, pages);
	return 0;
}

s64 hc_domctl_set_shared(struct vcpu *v, u32 domain, u64 gfn)
{
	struct domain *d = find(v, domain);

	if (!d)
		return -ESRCH;
	if (d->control)
		return -EEXIST;
	return domain_set_shared(d, GFN(gfn));
}

/* Frame numbers are stored in pieces, so that little has to be undone. */
#define MAP_CHUNK 64

s64 hc_domctl_map(struct vcpu *v, u32 domain, u64 gfn, u64 count, u64 frames)
{
	struct domain *d = find(v, domain);
	u64 out[MAP_CHUNK], n = 0, i;
	s64 ret = 0;

	if (!d)
		return -ESRCH;
	if (d == v->domain || d->control || !count)
		return -EINVAL;
	for (; n < MIN(count, (u64)MAP_CHUNK); n++) {
		mfn_t mfn;

		ret = p2m_map_foreign(v->domain, d, GFN(gfn + n), &mfn);
		if (ret)
			break;
		out[n] = mfn.n;
	}
	if (n && !copy_to_guest(v, frames, out, n * sizeof(out[0])))
		return (s64)n;
	for (i = 0; i < n; i++)
		while (p2m_unmap_foreign(v->domain, GFN(out[i]), 1) ==
		       -ERESTART_HV)
			;
	/* The references that we drop may be all that kept it. */
	domain_free_dead();
	return n ? -EFAULT : ret;
}

s64 hc_domctl_unmap(struct vcpu *v, u64 frame, u64 count)
{
	s64 ret = p2m_unmap_foreign(v->domain, GFN(frame), count);

	/* It may also have ended what another call began. */
	domain_free_dead();
	return ret;
}

s64 hc_domctl_request(struct vcpu *v, u32 domain, u32 request)
{
	struct domain *d = find(v, domain);

	if (!d)
		return -ESRCH;
	if (request != RINGLET_REQUEST_POWEROFF &&
	    request != RINGLET_REQUEST_REBOOT)
		return -EINVAL;
	if (!d->shared || d->shutdown)
		return -ENODEV;
	WRITE_ONCE(d->shared->request, request);
	return event_raise_domain_virq(d, RINGLET_VIRQ_REQUEST) ? 0 : -ENODEV;
}

s64 hc_domctl_set_vcpus(struct vcpu *v, u32 domain, u32 vcpus)
{
	struct domain *d = find(v, domain);

	if (!d)
		return -ESRCH;
	if (!vcpus || vcpus > d->nr_vcpus)
		return -EINVAL;
	if (!d->shared || d->shutdown)
		return -ENODEV;
	WRITE_ONCE(d->shared->vcpus, vcpus);
	event_raise_domain_virq(d, RINGLET_VIRQ_REQUEST);
	return 0;
}

s64 hc_domctl_shutdown(struct vcpu *v, u32 domain, u32 reason)
{
	struct domain *d = find(v, domain);

	if (!d)
		return -ESRCH;
	if (d->control || (reason != RINGLET_SHUTDOWN_POWEROFF &&
			   reason != RINGLET_SHUTDOWN_REBOOT &&
			   reason != RINGLET_SHUTDOWN_CRASH))
		return -EINVAL;
	domain_end(d, reason, NULL);
	return 0;
}

s64 hc_domctl_console_read(struct vcpu *v, u32 domain, u64 buf, u64 len)
{
	struct domain *d = find(v, domain);
	char chunk[1024];
	size_t n;
	u64 at;

	if (!d)
		return -ESRCH;
	n = console_out_peek(d, chunk, MIN(len, sizeof(chunk)), &at);
	if (copy_to_guest(v, buf, chunk, n))
		return -EFAULT;
	return console_out_skip(d, at, n) ? (s64)n : -ERESTART_HV;
}

s64 hc_domctl_console_write(struct vcpu *v, u32 domain, u64 buf, u64 len)
{
	struct domain *d = find(v, domain);
	char chunk[1024];
	size_t n = MIN(len, sizeof(chunk));

	if (!d)
		return -ESRCH;
	if (copy_from_guest(v, chunk, buf, n))
		return -EFAULT;
	return (s64)console_in_push(d, chunk, n);
}

s64 hc_domctl_perf(struct vcpu *v, u32 domain, u64 perf)
{
	struct domain *d = find(v, domain);
	struct ringlet_perf p;
	u32 i;

	_Static_assert(RINGLET_NR_PERF <= 64, "struct ringlet_perf");
	if (!d)
		return -ESRCH;
	memset(&p, 0, sizeof(p));
	for (i = 0; i < RINGLET_NR_PERF; i++)
		p.count[i] = __atomic_load_n(&d->perf[i], __ATOMIC_RELAXED);
	return copy_to_guest(v, perf, &p, sizeof(p));
}

s64 hc_domctl_emulated(struct vcpu *v, u32 domain, u64 log, u32 count)
{
	struct domain *d = find(v, domain);
	struct ringlet_emulated e;
	u32 i;

	if (!d)
		return -ESRCH;
	for (i = 0; i < MIN(count, (u32)RINGLET_EMULATED_MAX); i++) {
		lock(&d->emulated_lock);
		e = d->emulated[i];
		unlock(&d->emulated_lock);
		if (!e.count)
			break;
		if (copy_to_guest(v, log + i * sizeof(e), &e, sizeof(e)))
			return -EFAULT;
	}
	return i;
}

s64 hc_sysctl_info(struct vcpu *v, u64 info)
{
	struct ringlet_sysinfo i;
	struct domain *d;

	memset(&i, 0, sizeof(i));
	i.abi_version = RINGLET_ABI_VERSION;
	i.pcpus = nr_pcpus;
	i.features = RINGLET_FEATURES;
	i.total_pages = frame_total_pages();
	i.free_pages = frame_free_pages();
	i.scrub_pages = frame_limbo_pages();
	i.hv_pages = frame_hv_pages();
	i.uptime = time_ns();
	i.boot_time = time_wall_boot();
	i.tsc_khz = time_tsc_khz();
	for (d = domain_next(0); d; d = READ_ONCE(d->next))
		i.domains++;
	snprintf(i.version, sizeof(i.version), "%s", hv_version);
	snprintf(i.compiler, sizeof(i.compiler), "%s", hv_compiler);
	snprintf(i.compile_date, sizeof(i.compile_date), "%s", hv_compile_date);
	snprintf(i.cmdline, sizeof(i.cmdline), "%s", hv_cmdline);
	machine_cpu_model(i.cpu_model, sizeof(i.cpu_model));
	return copy_to_guest(v, info, &i, sizeof(i));
}

s64 hc_sysctl_dmesg(struct vcpu *v, u64 buf, u64 len, u64 position)
{
	char chunk[1024];
	size_t n = log_read(chunk, MIN(len, sizeof(chunk)), &position);

	if (copy_to_guest(v, buf, chunk, n))
		return -EFAULT;
	return (s64)n;
}

s64 hc_sysctl_dmesg_bounds(struct vcpu *v, u64 bounds)
{
	u64 b[2];

	log_bounds(&b[0], &b[1]);
	return copy_to_guest(v, bounds, b, sizeof(b));
}

s64 hc_sysctl_reboot(struct vcpu *v)
{
	(void)v;
	machine_end(RINGLET_SHUTDOWN_REBOOT);
}

s64 hc_sysctl_set_wallclock(struct vcpu *v, u64 sec, u32 nsec)
{
	(void)v;
	if (nsec > 999999999)
		return -EINVAL;
	domain_set_wallclock(sec, nsec);
	return 0;
}
