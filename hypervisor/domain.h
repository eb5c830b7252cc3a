/* SPDX-License-Identifier: GPL-2.0-only */
/* Domains: running guests. */
#ifndef HV_DOMAIN_H
#define HV_DOMAIN_H

#include "console.h"
#include "event.h"
#include "lock.h"
#include "p2m.h"
#include "ringlet/domctl.h"
#include "ringlet/event.h"
#include "types.h"
#include "vcpu.h"
#include "vtlb.h"

struct domain {
	u32 id;
	u64 serial;			/* never used again, unlike the id */
	bool control;			/* has the control domain's permissions */
	struct domain *next;		/* list by id; LOCK_DOMCTL */
	char name[RINGLET_NAME_LEN];
	u8 uuid[16];
	u64 created;			/* ns */
	u64 aged;			/* ns: last vtlb_age(); atomic */

	struct spinlock lock;		/* what follows, up to 'why' */
	u32 pause_count;
	bool shutdown;			/* ended: no vCPU runs again */
	bool dying;			/* being destroyed */
	u32 reason;			/* RINGLET_SHUTDOWN_* */
	char why[RINGLET_REASON_LEN];
	bool destroy_busy;		/* a domctl_destroy works on it */
	bool torn_down;			/* only foreign references keep it */

	u32 nr_vcpus;
	struct vcpu *vcpus[RINGLET_MAX_VCPUS];

	/* Guest handlers, read by any pCPU, each word by itself. */
	u64 traps[32];
	u64 trap_int80;
	u64 entry_syscall;
	u64 entry_event;

	struct p2m p2m;
	struct vtlb vtlb;
	struct event_table events;
	struct console console;
	struct sched_domain sched;
	u64 max_pages;
	u64 pages;			/* frames owned; atomic */
	u64 hv_pages;			/* hypervisor frames spent on it; atomic */
	u64 foreign_refs;		/* references to its frames; atomic */

	struct ringlet_shared *shared;	/* hypervisor alias; set once */
	struct ringlet_time_page *time;
	gfn_t shared_gfn;

	u64 perf[RINGLET_NR_PERF];	/* atomic adds */
	struct ringlet_emulated emulated[RINGLET_EMULATED_MAX];
	struct spinlock emulated_lock;	/* class CONSOLE */
};

#define perf_add(d, name, n) \
	((void)__atomic_fetch_add(&(d)->perf[RINGLET_PERF_##name], (n), \
				  __ATOMIC_RELAXED))
#define perf_inc(d, name) perf_add(d, name, 1)

static inline bool domain_is_control(const struct domain *d)
{
	return d->control;
}

/*
 * The domain with this identifier (RINGLET_DOMID_SELF: the caller's), or NULL.
 * Valid until the pCPU's next quiescent point. Dying domains are found too.
 */
struct domain *domain_find(struct domain *caller, u32 id);

/* Printable, terminated within RINGLET_NAME_LEN, without blank and slash. */
bool domain_name_ok(const char *name);

/*
 * Make a domain with vCPUs that are offline, and no memory; one pause is
 * counted. 'id': RINGLET_DOMID_0, or RINGLET_DOMID_NONE for the next free one.
 * -EEXIST the name is in use, -ENOSPC no identifier is free, -ENOMEM. No lock held.
 */
s64 domain_create(const struct ringlet_domain_create *c, u32 id,
		  struct domain **out);

/* domctl_destroy, domctl_set_shared: as in the table of hypercalls. */
s64 domain_destroy(struct domain *d);
s64 domain_set_shared(struct domain *d, gfn_t gfn);

/* sysctl_set_wallclock: the time now, seconds since 1970 UTC and nanoseconds. */
void domain_set_wallclock(u64 sec, u32 nsec);

/* Free the domains that nothing but foreign references kept. No lock held. */
void domain_free_dead(void);

/* The first domain whose identifier is not below id, or NULL. As domain_find. */
struct domain *domain_next(u32 id);

/*
 * End a domain: RINGLET_SHUTDOWN_*; why: a reason in words, or NULL. The first end
 * counts. Its vCPUs do not run again. Domain 0's end is the machine's: does not
 * return then.
 */
void domain_end(struct domain *d, u32 reason, const char *why);

/*
 * End a domain because of something it did; the first reason wins and is logged
 * with the registers of 'v' (NULL: none). The caller goes on harmlessly; the
 * domain's vCPUs do not run again. Any context, no lock held above DOMAIN.
 */
void domain_crash(struct domain *d, struct vcpu *v, const char *fmt, ...)
	__printf(3, 4);

/* Tell domain 0 that a domain changed state (VIRQ_DOMAIN). */
void domain_notify(void);

#endif /* HV_DOMAIN_H */
