// SPDX-License-Identifier: GPL-2.0-only
/*
 * timer: the clock and the one-shot timer.
 *
 * The clock is read without a call, by kernel and user; it must never go
 * backwards, and count what the timer counts. The timer must not fire early
 * (kernels then spin), must fire at once for a time in the past (or a vCPU
 * sleeps for ever), must be one-shot, and must wake a blocked vCPU and preempt
 * one that spins in ring 3.
 */
#include "guest.h"

const char test_title[] = "clock and one-shot timer";

#define MS 1000000UL

USER_CODE(user_spin, "1: jmp 1b");
USER_CODE(user_ud, "ud2");

static u32 port;

static void test_clock(void)
{
	u64 last = now(), t;
	u32 i;

	CHECK(last != 0);
	for (i = 0; i < 100000; i++) {
		t = now();
		if (t < last) {
			failure("the clock went back by %lu ns", last - t);
			break;
		}
		last = t;
	}
	CHECK(guest.time->vcpu[0].tsc_khz != 0);
	/* 2020 to 2100: a wall clock that makes sense. */
	CHECK(guest.time->vcpu[0].wall_sec > 1577836800);
	CHECK(guest.time->vcpu[0].wall_sec < 4102444800);
	CHECK(guest.time->vcpu[0].wall_nsec < 1000000000);
}

/* Sleep until the timer fires; no other event is bound. */
static void sleep_until(u64 deadline)
{
	u32 before = event_count[port];

	events_off();
	CHECK_EQ(ringlet_set_timer(deadline), 0);
	block_until(&event_count[port], before + 1);
}

static void test_sleep(void)
{
	static const u64 spans[] = { 1 * MS, 10 * MS, 100 * MS };
	u64 start, late;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(spans); i++) {
		start = now();
		sleep_until(start + spans[i]);
		late = now() - start;
		if (late < spans[i])
			failure("a timer of %lu ns fired after %lu", spans[i],
				late);
		if (late > spans[i] + 2000 * MS)
			failure("a timer of %lu ns fired after %lu", spans[i],
				late);
	}
}

static void test_past(void)
{
	u64 start = now();

	sleep_until(1);
	sleep_until(start);
	CHECK(now() - start < 1000 * MS);
}

static void test_one_shot(void)
{
	u32 before = event_count[port];

	events_on();
	CHECK_EQ(ringlet_set_timer(now() + 2 * MS), 0);
	CHECK(wait_count(&event_count[port], before + 1, 2000 * MS));
	CHECK(!wait_count(&event_count[port], before + 2, 20 * MS));
	/* Disarmed, and moved: the last word counts. */
	CHECK_EQ(ringlet_set_timer(now() + 5 * MS), 0);
	CHECK_EQ(ringlet_set_timer(0), 0);
	CHECK(!wait_count(&event_count[port], before + 2, 30 * MS));
	CHECK_EQ(ringlet_set_timer(now() + 100000 * MS), 0);
	CHECK_EQ(ringlet_set_timer(now() + 2 * MS), 0);
	CHECK(wait_count(&event_count[port], before + 2, 2000 * MS));
	/* Far in the future: never, and no wrap-around. */
	CHECK_EQ(ringlet_set_timer(~0UL), 0);
	CHECK(!wait_count(&event_count[port], before + 3, 20 * MS));
	CHECK_EQ(ringlet_set_timer(0), 0);
	events_off();
}

/* The upcall interrupts a loop in ring 3, and returns behind it. */
static u64 seen_cs, seen_rip;

static bool leave_loop(struct regs *r)
{
	if (r->vector != VECTOR_EVENT)
		return false;
	event_upcall();
	seen_cs = r->cs;
	seen_rip = r->rip;
	r->rip = user_address(user_ud);
	return true;
}

static volatile u32 spins;

static void spin_until_event(void *arg)
{
	u32 before = event_count[port];

	(void)arg;
	while (event_count[port] == before)
		spins++;
}

static void test_preempts(void)
{
	u64 start = now();

	/* The kernel spins with vif set: the upcall comes in between. */
	events_on();
	CHECK_EQ(ringlet_set_timer(start + 5 * MS), 0);
	spin_until_event(NULL);
	CHECK(now() - start >= 5 * MS);
	events_off();

	/* Ring 3 spins. */
	start = now();
	CHECK_EQ(ringlet_set_timer(start + 5 * MS), 0);
	trap_hook = leave_loop;
	CHECK_EQ(run_user(user_spin, 0)->vector, TRAP_UD);
	trap_hook = NULL;
	CHECK(now() - start >= 5 * MS);
	CHECK_EQ(seen_cs, RINGLET_USER_CS);
	CHECK_EQ(seen_rip, user_address(user_spin));
}

void test_main(void)
{
	s64 rc = ringlet_evtchn_bind_virq(RINGLET_VIRQ_TIMER, 0);

	if (rc <= 0) {
		failure("cannot bind the timer: %ld", rc);
		return;
	}
	port = (u32)rc;
	port_unmask(port);
	test_clock();
	test_sleep();
	test_past();
	test_one_shot();
	test_preempts();
}
