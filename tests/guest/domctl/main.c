// SPDX-License-Identifier: GPL-2.0-only
/*
 * domctl: the calls of the control domain, each with success and each of its errors.
 *
 * Tools check before they call, so what the hypervisor itself refuses is never asked
 * in daily use: a wrong index, a domain that is gone, a pointer that is none, memory
 * that is not there. Beside domain 0 this guest sees that all of it is refused.
 */
#include "guest.h"

const char test_title[] = "calls of the control domain";

static const char shapes[RINGLET_NR_HYPERCALLS][8] = {
#include "hypercall-shapes.h"
};

#define NOBODY	0x7000U			/* no domain has this identifier */
#define BAD	((void *)0xffff800000001000UL)
#define PAGES	600U
#define MSR_EFER 0xc0000080U

static u64 frames[PAGES];

static s64 call(u64 nr, const u64 a[6])
{
	register u64 r10 __asm__("r10") = a[3];
	register u64 r8 __asm__("r8") = a[4];
	register u64 r9 __asm__("r9") = a[5];
	s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
			 : "=a"(ret), "+r"(r10), "+r"(r8), "+r"(r9)
			 : "0"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2])
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

/*
 * An argument of 32 bits with a higher bit set is refused by each call, and a call
 * of the control domain by any other before that.
 */
static void test_shapes(void)
{
	u32 nr, i;

	for (nr = 0; nr < RINGLET_NR_HYPERCALLS; nr++) {
		const char *shape = shapes[nr];
		bool may = shape[0] == 'a' || guest.control;
		u32 n = (u32)strlen(shape);

		for (i = 1; i < n; i++) {
			u64 a[6] = { 0 };
			s64 want = may ? -RINGLET_EINVAL : -RINGLET_EPERM;
			s64 got;

			if (may && shape[i] != 'u' && shape[i] != 'd' &&
			    shape[i] != 'p')
				continue;
			a[i - 1] = 1UL << 32;
			got = call(nr, a);
			if (got != want)
				failure("call %u, argument %u: %ld, not %ld", nr,
					i, got, want);
		}
	}
}

static void describe(struct ringlet_domain_create *c, const char *name, u32 vcpus)
{
	memset(c, 0, sizeof(*c));
	memcpy(c->name, name, strlen(name));
	c->vcpus = vcpus;
	c->max_pages = PAGES;
}

/* vCPUs come up as long as there are shadow pages for them. Little memory is free. */
static void test_no_memory(u32 id)
{
	struct ringlet_vcpu_context c;
	struct ringlet_sysinfo info;
	u32 i = 0;
	s64 ret;

	memset(&c, 0, sizeof(c));
	c.rip = 0x1000;
	c.rflags = 2;
	/* What the last creation had taken comes back after a while. */
	do {
		ret = ringlet_domctl_set_context(id, i, &c);
		i += !ret;
		ringlet_yield();
		CHECK_EQ(ringlet_sysctl_info(&info), 0);
	} while (i < RINGLET_MAX_VCPUS &&
		 (!ret || info.free_pages || info.scrub_pages));
	CHECK_EQ(ringlet_domctl_set_context(id, i, &c), -RINGLET_ENOMEM);
	if (guest.vcpus > 1) {
		c.root = guest.root;
		CHECK_EQ(ringlet_vcpu_boot(1, &c), -RINGLET_ENOMEM);
		CHECK_EQ(ringlet_vcpu_is_up(1), 0);
	}
}

/* What ended domains had comes back when a CPU is idle. */
static void wait_for_memory(void)
{
	s64 port = ringlet_evtchn_bind_virq(RINGLET_VIRQ_TIMER, 0);
	struct ringlet_sysinfo info;

	CHECK(port > 0);
	port_unmask((u32)port);
	do {
		CHECK_EQ(ringlet_set_timer(now() + 1000000), 0);
		block_until(&event_count[port], event_count[port] + 1);
		CHECK_EQ(ringlet_sysctl_info(&info), 0);
	} while (info.scrub_pages);
	CHECK_EQ(ringlet_evtchn_close((u32)port), 0);
}

static u32 test_create(void)
{
	struct ringlet_domain_create c;
	struct ringlet_domain_info info;
	s64 id, more, big;

	describe(&c, "a name", 1);
	CHECK_EQ(ringlet_domctl_create(&c), -RINGLET_EINVAL);
	describe(&c, "child", 0);
	CHECK_EQ(ringlet_domctl_create(&c), -RINGLET_EINVAL);
	describe(&c, "child", 1);
	c.reserved[8] = 1;
	CHECK_EQ(ringlet_domctl_create(&c), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_create(BAD), -RINGLET_EFAULT);
	describe(&c, "child", 1);
	id = ringlet_domctl_create(&c);
	if (id <= 0) {
		failure("domctl_create gave %ld", id);
		finish();
	}
	CHECK_EQ(ringlet_domctl_create(&c), -RINGLET_EEXIST);
	CHECK_EQ(ringlet_domctl_info((u32)id, &info), id);
	CHECK_EQ(info.flags & RINGLET_DOMF_PAUSED, RINGLET_DOMF_PAUSED);
	CHECK_EQ(ringlet_domctl_info(NOBODY, &info), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_info((u32)id, BAD), -RINGLET_EFAULT);

	describe(&c, "big", RINGLET_MAX_VCPUS + 1);
	CHECK_EQ(ringlet_domctl_create(&c), -RINGLET_EINVAL);
	describe(&c, "big", RINGLET_MAX_VCPUS);
	big = ringlet_domctl_create(&c);
	CHECK(big > 0);
	CHECK_EQ(ringlet_domctl_populate((u32)big, 0, 1, 0), 1);

	/* Memory ends before identifiers do. */
	describe(&c, "many-00", RINGLET_MAX_VCPUS);
	for (more = 0; more >= 0; c.name[6]++) {
		if (c.name[6] > '9') {
			c.name[6] = '0';
			c.name[5]++;
		}
		more = ringlet_domctl_create(&c);
	}
	if (more != -RINGLET_ENOMEM)
		failure("domctl_create without memory: %ld, not %ld", more,
			(s64)-RINGLET_ENOMEM);
	test_no_memory((u32)big);
	while (ringlet_domctl_info((u32)id + 1, &info) > 0)
		CHECK_EQ(ringlet_domctl_destroy(info.domid), 0);
	wait_for_memory();
	return (u32)id;
}

static void test_memory(u32 id)
{
	s64 done, n;

	CHECK_EQ(ringlet_domctl_populate(NOBODY, 0, 1, 0), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_populate(id, 0, 0, 0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_populate(id, 0, 1, 2), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_populate(id, 1UL << 40, 1, 0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_populate(guest.domid, 0, 1, 0), -RINGLET_EINVAL);
	/* What domains had that have ended may still be on its way back. */
	for (done = 0; done < 512; done += n > 0 ? n : 0) {
		n = ringlet_domctl_populate(id, (u64)done, 512 - (u64)done, 0);
		if (n < 0 && n != -RINGLET_EAGAIN) {
			failure("domctl_populate gave %ld", n);
			break;
		}
		ringlet_yield();
	}
	CHECK_EQ(ringlet_domctl_populate(id, 511, 1, 0), -RINGLET_EEXIST);

	CHECK_EQ(ringlet_domctl_set_vcpus(NOBODY, 1), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_set_vcpus(id, 0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_set_vcpus(id, 2), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_set_vcpus(id, 1), -RINGLET_ENODEV);
	CHECK_EQ(ringlet_domctl_set_shared(NOBODY, 700), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_set_shared(id, 1UL << 40), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_set_shared(id, 700), 0);
	CHECK_EQ(ringlet_domctl_set_shared(id, 702), -RINGLET_EEXIST);
	CHECK_EQ(ringlet_domctl_set_vcpus(id, 1), 0);

	CHECK_EQ(ringlet_domctl_map(NOBODY, 0, 1, frames), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_map(guest.domid, 0, 1, frames), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_map(id, 0, 0, frames), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_map(id, 600, 1, frames), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_domctl_map(id, 700, 1, frames), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_domctl_map(id, 0, 2, BAD), -RINGLET_EFAULT);
	/* Less than asked for: that page is still leaving since the call before. */
	for (done = 0; done < 2; done += n > 0 ? n : 2) {
		n = ringlet_domctl_map(id, (u64)done, 2 - (u64)done, frames + done);
		CHECK(n == 1 || n == 2 - done);
	}
	CHECK_EQ(ringlet_domctl_unmap(frames[0], 1), 1);
	CHECK_EQ(ringlet_domctl_unmap(frames[0], 1), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_domctl_unmap(frames[1], 0), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_domctl_unmap(frames[1], 1), 1);
}

/* 512 pages are there; at the end they are again. */
static void test_less_memory(u32 id)
{
	struct ringlet_domain_info info;
	s64 n = 0;

	CHECK_EQ(ringlet_domctl_depopulate(NOBODY, 0, 1, 0), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_depopulate(guest.domid, 0, 1, 0),
		 -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_depopulate(id, 0, 0, 0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_depopulate(id, 0, 1, 2), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_depopulate(id, 600, 1, 0), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_domctl_depopulate(id, 1UL << 40, 1, 0),
		 -RINGLET_ENOENT);
	/* The shared page is not the domain's own. */
	CHECK_EQ(ringlet_domctl_depopulate(id, 700, 1, 0), -RINGLET_ENOENT);
	/* Up to where there is none. */
	CHECK_EQ(ringlet_domctl_depopulate(id, 500, 100, 0), 12);
	CHECK_EQ(ringlet_domctl_depopulate(id, 500, 1, 0), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_domctl_map(id, 500, 1, frames), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_domctl_info(id, &info), id);
	CHECK_EQ(info.pages, 500);

	CHECK_EQ(ringlet_domctl_set_max_pages(NOBODY, 1), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_set_max_pages(guest.domid, 1),
		 -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_set_max_pages(id, 0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_set_max_pages(id, 1UL << 36), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_set_max_pages(id, 100), 0);
	CHECK_EQ(ringlet_domctl_populate(id, 500, 1, 0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_set_max_pages(id, 511), 0);
	while (n < 11 && n >= 0) {
		s64 got = ringlet_domctl_populate(id, 500 + (u64)n, 12, 0);

		n = got > 0 || got == -RINGLET_EAGAIN ? n + (got > 0 ? got : 0) :
		    got;
		ringlet_yield();
	}
	CHECK_EQ(n, 11);
	CHECK_EQ(ringlet_domctl_populate(id, 511, 1, 0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_set_max_pages(id, PAGES), 0);
	CHECK_EQ(ringlet_domctl_info(id, &info), id);
	CHECK_EQ(info.max_pages, PAGES);
}

static void test_contexts(u32 id)
{
	struct ringlet_vcpu_context c, got;
	struct ringlet_vcpu_info info;
	struct ringlet_affinity a;

	memset(&c, 0, sizeof(c));
	c.rip = 0x1000;
	c.rflags = 2;
	c.root = 1UL << 40;
	CHECK_EQ(ringlet_domctl_set_context(NOBODY, 0, &c), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_set_context(id, 1, &c), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_domctl_set_context(id, 0, BAD), -RINGLET_EFAULT);
	CHECK_EQ(ringlet_domctl_set_context(id, 0, &c), -RINGLET_EINVAL);
	c.root = 0;
	c.rip = (u64)BAD;
	CHECK_EQ(ringlet_domctl_set_context(id, 0, &c), -RINGLET_EINVAL);
	c.rip = 0x1000;
	CHECK_EQ(ringlet_domctl_set_context(id, 0, &c), 0);
	CHECK_EQ(ringlet_domctl_set_context(id, 0, &c), -RINGLET_EBUSY);

	CHECK_EQ(ringlet_domctl_get_context(NOBODY, 0, &got), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_get_context(id, 1, &got), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_domctl_get_context(id, 0, BAD), -RINGLET_EFAULT);
	CHECK_EQ(ringlet_domctl_get_context(guest.domid, 0, &got),
		 -RINGLET_EBUSY);
	CHECK_EQ(ringlet_domctl_get_context(id, 0, &got), 0);
	CHECK_EQ(got.rip, 0x1000);

	CHECK_EQ(ringlet_domctl_vcpu_info(NOBODY, 0, &info), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_vcpu_info(id, 1, &info), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_domctl_vcpu_info(id, 0, BAD), -RINGLET_EFAULT);
	CHECK_EQ(ringlet_domctl_vcpu_info(id, 0, &info), 0);
	CHECK_EQ(info.online, 1);
	CHECK_EQ(ringlet_domctl_get_affinity(id, 0, BAD), -RINGLET_EFAULT);
	CHECK_EQ(ringlet_domctl_get_affinity(id, 0, &a), 0);
}

static void test_texts(u32 id)
{
	struct ringlet_emulated log[4];
	struct ringlet_sysinfo info;
	struct ringlet_perf perf;
	char text[64];
	u64 bounds[2];

	CHECK_EQ(ringlet_domctl_console_write(NOBODY, text, 1), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_console_write(id, BAD, 1), -RINGLET_EFAULT);
	CHECK_EQ(ringlet_domctl_console_write(id, text, 4), 4);
	CHECK_EQ(ringlet_domctl_console_read(NOBODY, text, 1), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_console_read(id, text, sizeof(text)), 0);
	CHECK_EQ(ringlet_domctl_console_write(guest.domid, text, 4), 4);
	CHECK_EQ(ringlet_console_read(BAD, 4), -RINGLET_EFAULT);
	CHECK_EQ(ringlet_console_read(text, sizeof(text)), 4);
	CHECK_EQ(ringlet_domctl_perf(NOBODY, &perf), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_perf(id, BAD), -RINGLET_EFAULT);
	CHECK_EQ(ringlet_domctl_perf(guest.domid, &perf), 0);
	CHECK(perf.count[RINGLET_PERF_hypercalls] > 0);
	/* The delay that PC programs wait with. */
	__asm__ volatile("outb %%al, $0x80" : : "a"(0));
	CHECK_EQ(ringlet_domctl_emulated(NOBODY, log, 4), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_emulated(guest.domid, BAD, 4), -RINGLET_EFAULT);
	CHECK(ringlet_domctl_emulated(guest.domid, log, 4) > 0);
	CHECK_EQ(ringlet_sysctl_info(BAD), -RINGLET_EFAULT);
	CHECK_EQ(ringlet_sysctl_info(&info), 0);
	CHECK_EQ(ringlet_sysctl_dmesg_bounds(BAD), -RINGLET_EFAULT);
	CHECK_EQ(ringlet_sysctl_dmesg_bounds(bounds), 0);
	CHECK_EQ(ringlet_sysctl_dmesg(BAD, 64, bounds[0]), -RINGLET_EFAULT);
	CHECK_EQ(ringlet_sysctl_dmesg(text, 64, bounds[0]), 64);
	CHECK_EQ(ringlet_sysctl_set_wallclock(1, 1000000000), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_sysctl_set_wallclock(1234567890, 0), 0);
}

/* Number of the events of this kind among n, with this first number. */
static u32 count_events(const struct ringlet_trace_event *e, s64 n, u32 event,
			u64 a)
{
	u32 found = 0;
	s64 i;

	for (i = 0; i < n; i++)
		found += e[i].event == event && e[i].a == a &&
			 e[i].domain == guest.domid && e[i].time;
	return found;
}

/* Events on all pCPUs: this vCPU may be on any. */
static u32 traced(u32 event, u64 a)
{
	static struct ringlet_trace_event e[2000];
	u32 pcpu, found = 0;
	u64 at;
	s64 n;

	for (pcpu = 0;; pcpu++) {
		at = 0;
		/* A call that takes long stores a part; each call is an event. */
		do {
			n = ringlet_sysctl_trace_read(pcpu, &at, e, 2000);
			CHECK(n <= 2000 && (n < 0 || at >= (u64)n));
			found += count_events(e, n, event, a);
		} while (n >= 32);
		if (n < 0)
			break;
	}
	CHECK_EQ(n, -RINGLET_ENOENT);
	return found;
}

static void test_trace(void)
{
	static struct ringlet_trace_event e[8];
	u64 at = ~0UL, yields = 1UL << RINGLET_TRACE_hypercall_done;
	u32 i;

	CHECK_EQ(ringlet_sysctl_trace(1UL << RINGLET_NR_TRACE), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_sysctl_trace_read(999, &at, e, 8), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_sysctl_trace_read(0, BAD, e, 8), -RINGLET_EFAULT);
	at = 0;
	CHECK_EQ(ringlet_sysctl_trace_read(0, &at, BAD, 8), -RINGLET_EFAULT);
	CHECK_EQ(ringlet_sysctl_trace_read(0, &at, e, 0), 0);
	/* A few events are always there: the call that asks is one. */
	CHECK(traced(RINGLET_TRACE_hypercall, RINGLET_HC_sysctl_trace_read) > 0);
	CHECK_EQ(traced(RINGLET_TRACE_hypercall_done, RINGLET_HC_vcpu_is_up), 0);
	CHECK_EQ(ringlet_sysctl_trace(yields), 0);
	for (i = 0; i < 100; i++)
		CHECK_EQ(ringlet_vcpu_is_up(0), 1);
	CHECK_EQ(traced(RINGLET_TRACE_hypercall_done, RINGLET_HC_vcpu_is_up), 100);
	CHECK_EQ(traced(RINGLET_TRACE_upcall, 0), 0);
	/* More than a ring keeps: it goes on with the oldest one that is whole. */
	for (i = 0; i < RINGLET_TRACE_KEPT; i++)
		ringlet_vcpu_is_up(0);
	CHECK(traced(RINGLET_TRACE_hypercall_done, RINGLET_HC_vcpu_is_up) > 900);
	CHECK_EQ(ringlet_sysctl_trace(0), 0);
	ringlet_vcpu_is_up(0);
	CHECK_EQ(traced(RINGLET_TRACE_hypercall_done, RINGLET_HC_vcpu_is_up), 0);
}

static void test_pirqs(void)
{
	struct ringlet_msi msi;
	s64 pirq, port, n, first;

	CHECK_EQ(ringlet_pirq_map_gsi(10, 8), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_pirq_map_gsi(4, 0), -RINGLET_ENODEV);
	CHECK_EQ(ringlet_pirq_map_gsi(999, 0), -RINGLET_ENODEV);
	pirq = ringlet_pirq_map_gsi(10, RINGLET_PIRQ_LEVEL);
	CHECK(pirq >= 0);
	CHECK_EQ(ringlet_pirq_map_gsi(10, RINGLET_PIRQ_LEVEL), pirq);
	CHECK_EQ(ringlet_pirq_map_gsi(10, 0), -RINGLET_EEXIST);
	CHECK_EQ(ringlet_evtchn_bind_pirq(9999), -RINGLET_ENOENT);
	port = ringlet_evtchn_bind_pirq((u32)pirq);
	CHECK(port > 0);
	CHECK_EQ(ringlet_evtchn_bind_pirq((u32)pirq), -RINGLET_EEXIST);
	CHECK_EQ(ringlet_pirq_eoi((u32)pirq), 0);
	CHECK_EQ(ringlet_pirq_eoi(9999), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_pirq_unmap((u32)pirq), -RINGLET_EBUSY);
	CHECK_EQ(ringlet_evtchn_close((u32)port), 0);
	CHECK_EQ(ringlet_pirq_map_msi(BAD), -RINGLET_EFAULT);
	first = ringlet_pirq_map_msi(&msi);
	CHECK(first >= 0);
	do
		n = ringlet_pirq_map_msi(&msi);
	while (n >= 0);
	CHECK_EQ(n, -RINGLET_ENOSPC);
	CHECK_EQ(ringlet_pirq_map_msi(&msi), -RINGLET_ENOSPC);
	CHECK_EQ(ringlet_pirq_map_gsi(11, 0), -RINGLET_ENOSPC);
	for (n = 0; n < 256; n++)
		if (n != pirq)
			ringlet_pirq_unmap((u32)n);
	CHECK_EQ(ringlet_pirq_unmap((u32)first), -RINGLET_ENOENT);
}

/* All ports are used: no call finds another. Ends with all of ours closed. */
static void test_ports(void)
{
	s64 pirq = ringlet_pirq_map_gsi(10, RINGLET_PIRQ_LEVEL);
	s64 port, other, highest = 0;

	CHECK_EQ(ringlet_evtchn_alloc(NOBODY, 0), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_evtchn_status(NOBODY, 1), -RINGLET_ESRCH);
	other = ringlet_evtchn_alloc(RINGLET_DOMID_SELF, guest.domid);
	CHECK(other > 0);
	CHECK_EQ(ringlet_evtchn_bind_vcpu((u32)other, 999), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_evtchn_unmask((u32)other), 0);
	for (;;) {
		port = ringlet_evtchn_alloc(RINGLET_DOMID_SELF, guest.domid);
		if (port < 0)
			break;
		highest = port;
	}
	CHECK_EQ(port, -RINGLET_ENOSPC);
	CHECK_EQ(ringlet_evtchn_alloc(RINGLET_DOMID_SELF, guest.domid),
		 -RINGLET_ENOSPC);
	CHECK_EQ(ringlet_evtchn_bind_interdomain(guest.domid, (u32)other),
		 -RINGLET_ENOSPC);
	CHECK_EQ(ringlet_evtchn_bind_ipi(0), -RINGLET_ENOSPC);
	CHECK_EQ(ringlet_evtchn_bind_virq(RINGLET_VIRQ_TIMER, 0),
		 -RINGLET_ENOSPC);
	CHECK_EQ(ringlet_evtchn_bind_pirq((u32)pirq), -RINGLET_ENOSPC);
	for (port = 1; port <= highest; port++)
		ringlet_evtchn_close((u32)port);
	CHECK_EQ(ringlet_pirq_unmap((u32)pirq), 0);
}

static void test_ends(u32 id)
{
	s64 port;

	CHECK_EQ(ringlet_domctl_request(NOBODY, 1), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_request(id, 77), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_request(id, RINGLET_REQUEST_POWEROFF),
		 -RINGLET_ENODEV);
	port = ringlet_evtchn_bind_virq(RINGLET_VIRQ_REQUEST, 0);
	CHECK(port > 0);
	CHECK_EQ(ringlet_domctl_request(guest.domid, RINGLET_REQUEST_REBOOT), 0);
	CHECK_EQ(ringlet_domctl_pause(NOBODY), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_pause(guest.domid), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_pause(id), 0);
	CHECK_EQ(ringlet_domctl_unpause(NOBODY), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_unpause(guest.domid), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_unpause(id), 0);
	CHECK_EQ(ringlet_domctl_shutdown(NOBODY, 0), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_shutdown(guest.domid, 0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_shutdown(id, RINGLET_SHUTDOWN_SUSPEND),
		 -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_shutdown(id, RINGLET_SHUTDOWN_CRASH), 0);
	CHECK_EQ(ringlet_domctl_destroy(NOBODY), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_destroy(guest.domid), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_destroy(id), 0);
}

/* Calls of every domain, with pointers that are none. */
static void test_pointers(void)
{
	CHECK_EQ(ringlet_set_trap_table(BAD, 1), -RINGLET_EFAULT);
	CHECK_EQ(ringlet_set_entries(BAD), -RINGLET_EFAULT);
	CHECK_EQ(ringlet_rdmsr(MSR_EFER, BAD), -RINGLET_EFAULT);
	CHECK_EQ(ringlet_vcpu_boot(0, BAD), -RINGLET_EFAULT);
	CHECK_EQ(ringlet_set_cpunode(7), 0);
}

/* A kick that comes before the wait is not lost: this would never end. */
static void test_waits(void)
{
	CHECK_EQ(ringlet_vcpu_kick(999), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_vcpu_kick(0), 0);
	CHECK_EQ(ringlet_vcpu_wait(), 0);
}

void test_main(void)
{
	u32 id;

	test_shapes();
	test_waits();
	test_pointers();
	if (!guest.control) {
		CHECK_EQ(ringlet_evtchn_status(0, 1), -RINGLET_EPERM);
		return;
	}
	id = test_create();
	test_memory(id);
	test_less_memory(id);
	test_contexts(id);
	test_texts(id);
	test_trace();
	test_pirqs();
	test_ports();
	test_ends(id);
}
