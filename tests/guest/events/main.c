// SPDX-License-Identifier: GPL-2.0-only
/*
 * events: channels of every kind that a domain can make with itself.
 *
 * An event is one bit on its way through three words and a flag. Each step may
 * be lost: a bit set while masked must be delivered by the unmask, one that
 * comes while vif is clear must wait for it, a return that opens vif must
 * deliver before its target runs, and a blocked vCPU must wake. A lost event is
 * a hang that comes once a week.
 */
#include "guest.h"

const char test_title[] = "event channels and upcalls";

#define SECOND 1000000000UL

/* Tells by a byte of the user data that it ran. */
USER_CODE(user_mark, "movb $1, (%rdi); syscall; ud2");

/* An unbound port for ourselves, and its other end. */
static void pair(u32 *a, u32 *b)
{
	s64 port = ringlet_evtchn_alloc(RINGLET_DOMID_SELF, guest.domid);

	if (port <= 0 || port >= RINGLET_EVTCHN_PORTS) {
		failure("evtchn_alloc gave %ld", port);
		finish();
	}
	*a = (u32)port;
	CHECK_EQ(ringlet_evtchn_status(RINGLET_DOMID_SELF, *a) & 0xffff,
		 RINGLET_EVTCHN_UNBOUND);
	port = ringlet_evtchn_bind_interdomain(guest.domid, *a);
	if (port <= 0 || port >= RINGLET_EVTCHN_PORTS) {
		failure("evtchn_bind_interdomain gave %ld", port);
		finish();
	}
	*b = (u32)port;
	CHECK_EQ(ringlet_evtchn_status(RINGLET_DOMID_SELF, *b) & 0xffff,
		 RINGLET_EVTCHN_INTERDOMAIN);
}

static bool pending(u32 port)
{
	return READ_ONCE(guest.shared->evtchn_pending[port / 64]) >>
	       (port & 63) & 1;
}

static void test_masked(u32 a, u32 b)
{
	u32 before = event_count[a];

	/* Masked from the start: nothing comes, the bit is there. */
	events_on();
	CHECK_EQ(ringlet_evtchn_send(b), 0);
	CHECK(pending(a));
	CHECK_EQ(event_count[a], before);
	/* The unmask delivers it, once. */
	port_unmask(a);
	CHECK_EQ(event_count[a], before + 1);
	CHECK(!pending(a));
	port_unmask(a);
	CHECK_EQ(event_count[a], before + 1);
}

static void test_vif(u32 a, u32 b)
{
	u32 before = event_count[a];

	events_on();
	CHECK_EQ(ringlet_evtchn_send(b), 0);
	CHECK_EQ(event_count[a], before + 1);
	/* The upcall's return has set vif again. */
	CHECK(READ_ONCE(vcpu_page()->vif));

	CHECK(events_off());
	CHECK_EQ(ringlet_evtchn_send(b), 0);
	CHECK_EQ(ringlet_evtchn_send(b), 0);
	CHECK_EQ(event_count[a], before + 1);
	CHECK(READ_ONCE(vcpu_page()->pending));
	events_on();
	/* One-bit: two sends, one event. */
	CHECK_EQ(event_count[a], before + 2);
}

/* What arrived, and how, on the way into ring 3 and back. */
static struct {
	u64 upcall_rip, upcall_cs, syscall_rip, syscall_cs;
	u8 marked, vif;
} seen;

static bool look(struct regs *r)
{
	if (r->vector == VECTOR_EVENT) {
		seen.upcall_rip = r->rip;
		seen.upcall_cs = r->cs;
		seen.marked = READ_ONCE(user_data[0]);
	} else if (r->vector == VECTOR_SYSCALL) {
		seen.syscall_rip = r->rip;
		seen.syscall_cs = r->cs;
		seen.vif = READ_ONCE(vcpu_page()->vif);
	}
	return false;
}

/*
 * A return to ring 3 takes what is pending first, and a system call arrives with
 * vif clear. The code ran before, so no fault on the way enters the hypervisor.
 */
static void test_return_to_user(u32 a, u32 b)
{
	u32 before = event_count[a], i;

	CHECK_EQ(run_user(user_mark, USER_DATA)->vector, VECTOR_SYSCALL);
	for (i = 1; i <= 20; i++) {
		events_off();
		CHECK_EQ(ringlet_evtchn_send(b), 0);
		CHECK_EQ(event_count[a], before + i - 1);
		memset(&seen, 0xff, sizeof(seen));
		user_data[0] = 0;
		trap_hook = look;
		CHECK_EQ(run_user(user_mark, USER_DATA)->vector,
			 VECTOR_SYSCALL);
		trap_hook = NULL;
		CHECK_EQ(event_count[a], before + i);
		CHECK_EQ(seen.upcall_rip, user_address(user_mark));
		CHECK_EQ(seen.upcall_cs, RINGLET_USER_CS);
		CHECK_EQ(seen.marked, 0);
		CHECK_EQ(seen.syscall_rip, user_address(user_mark) + 5);
		CHECK_EQ(seen.syscall_cs, RINGLET_USER_CS);
		CHECK_EQ(seen.vif, 0);
		CHECK_EQ(user_data[0], 1);
	}
}

/* The same for a return to the kernel that sets vif, and for one that does not. */
static u32 breakpoint_port;

static bool send_in_breakpoint(struct regs *r)
{
	if (r->vector != TRAP_BP)
		return false;
	CHECK_EQ(ringlet_evtchn_send(breakpoint_port), 0);
	return true;
}

static void test_return_to_kernel(u32 a, u32 b)
{
	u32 before = event_count[a], after, i;

	breakpoint_port = b;
	trap_hook = send_in_breakpoint;
	for (i = 1; i <= 20; i++) {
		events_off();
		__asm__ volatile("int3" : : : "memory");
		after = event_count[a];
		CHECK_EQ(after, before + i - 1);
		CHECK(!READ_ONCE(vcpu_page()->vif));
		events_on();
		CHECK_EQ(event_count[a], before + i);
	}
	for (; i <= 40; i++) {
		__asm__ volatile("int3" : : : "memory");
		after = event_count[a];
		CHECK_EQ(after, before + i);
		CHECK(READ_ONCE(vcpu_page()->vif));
	}
	trap_hook = NULL;
	events_off();
}

static void test_block(u32 a, u32 b)
{
	u32 before = event_count[a];

	/* Pending already: block must not sleep. */
	events_off();
	CHECK_EQ(ringlet_evtchn_send(b), 0);
	CHECK_EQ(ringlet_block(), 0);
	CHECK_EQ(event_count[a], before + 1);
	CHECK(READ_ONCE(vcpu_page()->vif));
}

static void test_ipi(void)
{
	s64 port = ringlet_evtchn_bind_ipi(0);
	u32 before;

	CHECK(port > 0);
	CHECK_EQ(ringlet_evtchn_bind_ipi(guest.vcpus), -RINGLET_ENOENT);
	before = event_count[port];
	port_unmask((u32)port);
	events_on();
	CHECK_EQ(ringlet_evtchn_send((u32)port), 0);
	CHECK_EQ(event_count[port], before + 1);
	CHECK_EQ(ringlet_evtchn_bind_vcpu((u32)port, 0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_evtchn_close((u32)port), 0);
	CHECK_EQ(ringlet_evtchn_send((u32)port), -RINGLET_EINVAL);
}

static void test_errors(u32 a)
{
	s64 timer;

	CHECK_EQ(ringlet_evtchn_send(0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_evtchn_send(RINGLET_EVTCHN_PORTS), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_evtchn_send(0xffffffff), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_evtchn_close(0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_evtchn_close(RINGLET_EVTCHN_PORTS), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_evtchn_unmask(0xffffffff), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_evtchn_bind_interdomain(guest.domid, a),
		 -RINGLET_EINVAL);
	CHECK_EQ(ringlet_evtchn_bind_interdomain(0x3ff, 1), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_evtchn_bind_virq(RINGLET_NR_VIRQS, 0),
		 -RINGLET_ENOENT);
	CHECK_EQ(ringlet_evtchn_bind_virq(0xffffffff, 0), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_evtchn_bind_virq(0, guest.vcpus), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_evtchn_status(RINGLET_DOMID_SELF,
				       RINGLET_EVTCHN_PORTS), -RINGLET_EINVAL);
	timer = ringlet_evtchn_bind_virq(RINGLET_VIRQ_TIMER, 0);
	CHECK(timer > 0);
	CHECK_EQ(ringlet_evtchn_bind_virq(RINGLET_VIRQ_TIMER, 0),
		 -RINGLET_EEXIST);
	CHECK_EQ(ringlet_evtchn_send((u32)timer), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_evtchn_close((u32)timer), 0);
}

/* All ports can be used, no more, and all come back. */
static void test_exhaustion(void)
{
	static u16 ports[RINGLET_EVTCHN_PORTS];
	u32 n = 0;
	s64 port;

	for (;;) {
		port = ringlet_evtchn_alloc(RINGLET_DOMID_SELF, guest.domid);
		if (port < 0 || n == RINGLET_EVTCHN_PORTS)
			break;
		ports[n++] = (u16)port;
	}
	CHECK_EQ(port, -RINGLET_ENOSPC);
	CHECK(n > RINGLET_EVTCHN_PORTS / 2);
	while (n)
		CHECK_EQ(ringlet_evtchn_close(ports[--n]), 0);
	port = ringlet_evtchn_alloc(RINGLET_DOMID_SELF, guest.domid);
	CHECK(port > 0);
	CHECK_EQ(ringlet_evtchn_close((u32)port), 0);
}

/* A second vCPU: events for it run there, and wake it. */
static volatile u32 other_ready, other_done;
static u32 other_port;

static void other_main(void *arg)
{
	(void)arg;
	events_on();
	other_ready = 1;
	block_until(&event_count[other_port], 3);
	other_done = 1;
}

static void test_second_vcpu(void)
{
	s64 port;
	u32 i;

	if (guest.vcpus < 2)
		return;
	port = ringlet_evtchn_bind_ipi(1);
	CHECK(port > 0);
	other_port = (u32)port;
	port_unmask(other_port);
	events_on();
	CHECK_EQ(cpu_start(1, other_main, NULL), 0);
	CHECK(wait_count(&other_ready, 1, 5 * SECOND));
	for (i = 1; i <= 3; i++) {
		CHECK_EQ(ringlet_evtchn_send(other_port), 0);
		CHECK(wait_count(&event_count[other_port], i, 5 * SECOND));
	}
	CHECK(wait_count(&other_done, 1, 5 * SECOND));
	events_off();
}

void test_main(void)
{
	u32 a, b;

	pair(&a, &b);
	test_masked(a, b);
	test_vif(a, b);
	test_return_to_user(a, b);
	test_return_to_kernel(a, b);
	test_block(a, b);
	test_ipi();
	test_errors(a);
	test_second_vcpu();
	CHECK_EQ(ringlet_evtchn_close(b), 0);
	CHECK_EQ(ringlet_evtchn_status(RINGLET_DOMID_SELF, a) & 0xffff,
		 RINGLET_EVTCHN_UNBOUND);
	CHECK_EQ(ringlet_evtchn_send(a), 0);
	CHECK_EQ(ringlet_evtchn_close(a), 0);
	test_exhaustion();
}
