// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains from creation to the last trace of them.
 *
 * A domain that ends stays, with its memory, until somebody destroys it. Then
 * its event channels, shadows and memory go; the structure itself goes when no
 * other domain has one of its frames mapped, after a grace period: whoever found
 * it in the list may use it until his next quiescent point.
 */
#include "domain.h"
#include "frame.h"
#include "hypercall.h"
#include "panic.h"
#include "printk.h"
#include "machine.h"
#include "percpu.h"
#include "time.h"
#include "traps.h"

static struct spinlock domctl_lock = SPINLOCK(LOCK_DOMCTL);
static struct domain *domains;		/* ascending identifiers */
static u32 next_id = RINGLET_DOMID_FIRST;
static u64 last_serial;

static u32 domain_order(void)
{
	u32 order = 0;

	while ((PAGE_SIZE << order) < sizeof(struct domain))
		order++;
	return order;
}

struct domain *domain_next(u32 id)
{
	struct domain *d;

	for (d = READ_ONCE(domains); d; d = READ_ONCE(d->next))
		if (d->id >= id)
			return d;
	return NULL;
}

struct domain *domain_find(struct domain *caller, u32 id)
{
	struct domain *d;

	if (id == RINGLET_DOMID_SELF)
		return caller;
	d = domain_next(id);
	return d && d->id == id ? d : NULL;
}

void domain_notify(void)
{
	struct domain *d = domain_next(RINGLET_DOMID_0);

	if (d && d->control)
		event_raise_domain_virq(d, RINGLET_VIRQ_DOMAIN);
}

/* Under DOMCTL. Returns RINGLET_DOMID_NONE when all are used. */
static u32 free_id(void)
{
	u32 tries, id = next_id;

	for (tries = 0; tries <= RINGLET_DOMID_MAX; tries++, id++) {
		struct domain *d;

		if (id > RINGLET_DOMID_MAX)
			id = RINGLET_DOMID_FIRST;
		d = domain_next(id);
		if (!d || d->id != id) {
			next_id = id + 1;
			return id;
		}
	}
	return RINGLET_DOMID_NONE;
}

/* Under DOMCTL: a place in the list for the name, or an error. */
static s64 insert(struct domain *d, u32 id)
{
	struct domain **link, *other;

	for (other = domains; other; other = other->next)
		if (!strcmp(other->name, d->name) && !other->torn_down)
			return -EEXIST;
	d->id = id == RINGLET_DOMID_NONE ? free_id() : id;
	if (d->id == RINGLET_DOMID_NONE)
		return -ENOSPC;
	d->serial = ++last_serial;
	for (link = &domains; *link && (*link)->id < d->id;
	     link = &(*link)->next)
		;
	d->next = *link;
	/* Who finds it without the lock finds all of it. */
	__atomic_store_n(link, d, __ATOMIC_RELEASE);
	return 0;
}

/* Free a domain that never ran, or that is torn down. */
static void domain_free(struct domain *d)
{
	u32 i;

	for (i = 0; i < d->nr_vcpus; i++)
		if (d->vcpus[i])
			vcpu_destroy(d->vcpus[i]);
	if (d->shared)
		frame_retire_hv(virt_to_mfn(d->shared), 1);
	frame_retire_hv(virt_to_mfn(d), domain_order());
}

static s64 domain_init(struct domain *d, const struct ringlet_domain_create *c)
{
	u32 i;
	s64 ret;

	ret = p2m_init(d, d->control);
	if (ret)
		return ret;
	ret = vtlb_init(d, c->shadow_pages);
	if (ret)
		return ret;
	ret = event_init(d);
	if (ret)
		return ret;
	for (i = 0; i < d->nr_vcpus; i++) {
		ret = vcpu_create(d, i);
		if (ret)
			return ret;
	}
	return 0;
}

bool domain_name_ok(const char *name)
{
	size_t i, len = strnlen(name, RINGLET_NAME_LEN);

	if (!len || len == RINGLET_NAME_LEN)
		return false;
	for (i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '/')
			return false;
	return true;
}

s64 domain_create(const struct ringlet_domain_create *c, u32 id,
		  struct domain **out)
{
	mfn_t mfn = frame_alloc_hv(domain_order());
	struct domain *d;
	s64 ret;

	if (mfn.n == MFN_NONE.n)
		return -ENOMEM;
	d = mfn_to_virt(mfn);
	d->id = RINGLET_DOMID_NONE;
	d->control = id == RINGLET_DOMID_0;
	memcpy(d->name, c->name, sizeof(d->name));
	memcpy(d->uuid, c->uuid, sizeof(d->uuid));
	d->created = time_ns();
	d->nr_vcpus = c->vcpus;
	d->max_pages = c->max_pages;
	d->pause_count = 1;
	d->hv_pages = 1UL << domain_order();
	lock_init(&d->lock, LOCK_DOMAIN);
	lock_init(&d->emulated_lock, LOCK_CONSOLE);
	console_init(d);
	sched_domain_init(d, c->weight ? c->weight : 256);

	ret = domain_init(d, c);
	if (!ret) {
		lock(&domctl_lock);
		ret = insert(d, id);
		unlock(&domctl_lock);
	}
	if (ret) {
		/* Nothing of it was ever visible, and it has no memory. */
		while (!event_destroy(d))
			;
		while (p2m_teardown(d) == -ERESTART_HV)
			;
		domain_free(d);
		return ret;
	}
	trace(this_pcpu()->current, create, d->id, d->nr_vcpus);
	*out = d;
	return 0;
}

/* A reader sees an odd 'version', or a changed one, and reads again. */
static void fill_time(struct ringlet_time *t)
{
	u32 version = t->clock.version & ~1U;

	WRITE_ONCE(t->clock.version, version + 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	time_fill(t);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	WRITE_ONCE(t->clock.version, version + 2);
}

static void fill_times(struct ringlet_time_page *t)
{
	u32 i;

	for (i = 0; i < RINGLET_MAX_VCPUS; i++)
		fill_time(&t->vcpu[i]);
}

void domain_set_wallclock(u64 sec, u32 nsec)
{
	struct domain *d;

	lock(&domctl_lock);
	time_set_wall(sec, nsec);
	for (d = domains; d; d = d->next)
		if (d->time)
			fill_times(d->time);
	unlock(&domctl_lock);
}

s64 domain_set_shared(struct domain *d, gfn_t gfn)
{
	struct ringlet_shared *shared;
	struct ringlet_time_page *t;
	mfn_t mfn;
	s64 ret;

	if (READ_ONCE(d->shared))
		return -EEXIST;
	/* Two frames in a row: domain 0 has them where they are. */
	mfn = frame_alloc_hv(1);
	if (mfn.n == MFN_NONE.n)
		return -ENOMEM;
	if (d->control)
		gfn = GFN(mfn.n);
	shared = mfn_to_virt(mfn);
	t = mfn_to_virt(MFN(mfn.n + 1));
	memset(shared->evtchn_mask, 0xff, sizeof(shared->evtchn_mask));
	fill_times(t);

	ret = p2m_add_shared(d, gfn, mfn);
	if (ret) {
		frame_free_hv(mfn, 1);
		return ret;
	}
	/* From here on the frames go when the domain goes. Whoever set the time just
	 * before did not find the page. */
	lock(&domctl_lock);
	d->time = t;
	fill_times(t);
	unlock(&domctl_lock);
	d->shared_gfn = gfn;
	__atomic_fetch_add(&d->hv_pages, 2, __ATOMIC_RELAXED);
	__atomic_store_n(&d->shared, shared, __ATOMIC_RELEASE);
	return 0;
}

static const char *reason_name(u32 reason)
{
	switch (reason) {
	case RINGLET_SHUTDOWN_POWEROFF:
		return "poweroff";
	case RINGLET_SHUTDOWN_REBOOT:
		return "reboot";
	case RINGLET_SHUTDOWN_CRASH:
		return "crash, as the guest says";
	default:
		return "killed by the hypervisor";
	}
}

void domain_end(struct domain *d, u32 reason, const char *why)
{
	bool first;

	lock(&d->lock);
	first = !d->shutdown;
	if (first) {
		d->shutdown = true;
		d->reason = reason;
		if (why)
			snprintf(d->why, sizeof(d->why), "%s", why);
	}
	unlock(&d->lock);
	if (!first)
		return;
	sched_domain_stop(d);
	trace(this_pcpu()->current, end, d->id, reason);
	log_info("Domain %u shutdown: %s", d->id, reason_name(reason));
	if (d->control)
		machine_end(reason);
	domain_notify();
}

static void log_registers(const struct domain *d, const struct vcpu *v)
{
	const struct cpu_regs *r = &v->regs;

	log_error("d%uv%u rip %016lx cs %02lx rflags %08lx rsp %016lx ss %02lx",
		  d->id, v->id, r->rip, r->cs, guest_rflags(v), r->rsp, r->ss);
	log_error("d%uv%u rax %016lx rbx %016lx rcx %016lx rdx %016lx", d->id,
		  v->id, r->rax, r->rbx, r->rcx, r->rdx);
	log_error("d%uv%u rsi %016lx rdi %016lx rbp %016lx r8  %016lx", d->id,
		  v->id, r->rsi, r->rdi, r->rbp, r->r8);
	log_error("d%uv%u r9  %016lx r10 %016lx r11 %016lx r12 %016lx", d->id,
		  v->id, r->r9, r->r10, r->r11, r->r12);
	log_error("d%uv%u r13 %016lx r14 %016lx r15 %016lx", d->id, v->id,
		  r->r13, r->r14, r->r15);
	log_error("d%uv%u vector %lu error %#lx cr2 %016lx root %#lx", d->id,
		  v->id, r->vector, r->error_code, v->page->cr2,
		  v->root.n << PAGE_SHIFT);
	log_error("d%uv%u last hypercall %s (%u)", d->id, v->id,
		  hypercall_name(v->hc_last), v->hc_last);
}

void domain_crash(struct domain *d, struct vcpu *v, const char *fmt, ...)
{
	char why[RINGLET_REASON_LEN];
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	__builtin_va_end(ap);
	if (!READ_ONCE(d->shutdown)) {
		log_error("Domain %u (%s) crashed: %s", d->id, d->name, why);
		if (v)
			log_registers(d, v);
	}
	domain_end(d, RINGLET_SHUTDOWN_KILLED, why);
}

static void unlink(struct domain *d)
{
	struct domain **link;

	for (link = &domains; *link != d; link = &(*link)->next)
		;
	WRITE_ONCE(*link, d->next);
}

void domain_free_dead(void)
{
	struct domain *d;

	for (;;) {
		lock(&domctl_lock);
		for (d = domains; d; d = d->next)
			if (d->torn_down &&
			    !__atomic_load_n(&d->foreign_refs,
					     __ATOMIC_ACQUIRE))
				break;
		if (d)
			unlink(d);
		unlock(&domctl_lock);
		if (!d)
			return;
		log_debug("Domain %u (%s) is gone", d->id, d->name);
		domain_free(d);
		domain_notify();
	}
}

s64 domain_destroy(struct domain *d)
{
	s64 ret;
	u32 i;

	lock(&d->lock);
	if (d->destroy_busy) {
		unlock(&d->lock);
		return -ERESTART_HV;
	}
	d->destroy_busy = true;
	d->dying = true;
	d->shutdown = true;
	unlock(&d->lock);

	ret = 0;
	if (!d->torn_down) {
		sched_domain_stop(d);
		sched_domain_wait(d);
		for (i = 0; i < d->nr_vcpus; i++)
			timer_cancel(d->vcpus[i]);
		ret = event_destroy(d) ? p2m_teardown(d) : -ERESTART_HV;
		if (!ret) {
			trace(this_pcpu()->current, destroy, d->id, 0);
			WRITE_ONCE(d->torn_down, true);
		}
	}
	lock(&d->lock);
	d->destroy_busy = false;
	unlock(&d->lock);
	if (!ret) {
		domain_free_dead();
		domain_notify();
	}
	return ret;
}
