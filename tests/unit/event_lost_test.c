/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * No event is lost: sender and receiver are interrupted by each other after every
 * single instruction of event.c and sched.c. These are compiled without
 * sanitizers here (event_lost.mk): fewer instructions, all of them the real ones.
 */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>

#include "host_hv.h"
#include "time.h"

#define EFL_TF 0x100

static struct domain *d;		/* its vCPU 0 is the receiver */
static u32 kicks[MAX_PCPUS];
static u64 now;

u64 time_ns(void)
{
	return now;
}

void timer_hw_arm(u64 deadline_ns)
{
	(void)deadline_ns;
}

void pcpu_kick(u32 cpu)
{
	kicks[cpu]++;
}

void pirq_unbind(u32 pirq)
{
	(void)pirq;
}

struct domain *domain_find(struct domain *caller, u32 id)
{
	return id == d->id ? d : caller;
}

static void setup(void)
{
	struct vcpu *v = aligned_alloc(16, ALIGN_UP(sizeof(*v), 16));

	host_machine_ram(2, 32UL << 20);
	now = 1000;
	memset(kicks, 0, sizeof(kicks));
	for (u32 i = 0; i < 2; i++) {
		sched_pcpu_init(&pcpus[i]);
		timer_pcpu_init(&pcpus[i]);
	}
	d = calloc(1, sizeof(*d));
	d->id = 1;
	d->nr_vcpus = 1;
	d->shared = calloc(1, sizeof(*d->shared));
	lock_init(&d->lock, LOCK_DOMAIN);
	sched_domain_init(d, 256);
	ck_assert_int_eq(event_init(d), 0);
	memset(v, 0, sizeof(*v));
	v->domain = d;
	v->page = calloc(1, sizeof(*v->page));
	sched_vcpu_init(v);
	d->vcpus[0] = v;
}

static void teardown(void)
{
	event_destroy(d);
	free(d->shared);
	free(d->vcpus[0]->page);
	free(d->vcpus[0]);
	free(d);
}

/* Steps of one side; after each instruction the other may come in, once. */
static u64 steps, stop_at;
static bool came_in;
static void (*other_side)(void);
static u32 handled;
static u32 port;

static bool locks_free(void)
{
	struct spinlock *a = &pcpus[0].sched.lock, *b = &pcpus[1].sched.lock;
	struct spinlock *c = &d->events.lock;

	return a->next == a->owner && b->next == b->owner && c->next == c->owner;
}

static void single_step(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	u32 cpu = host_cpu;

	(void)sig;
	(void)info;
	if (++steps < stop_at || !locks_free())
		return;
	uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)EFL_TF;
	came_in = true;
	other_side();
	host_cpu = cpu;
}

/* Run f and, after its instruction number n, g. False: it has fewer. */
static bool interleave(void (*f)(void), void (*g)(void), u64 n)
{
	steps = 0;
	stop_at = n;
	came_in = false;
	other_side = g;
	__asm__ volatile("pushfq; orq %0, (%%rsp); popfq" : : "i"(EFL_TF)
			 : "memory", "cc");
	f();
	__asm__ volatile("pushfq; andq %0, (%%rsp); popfq" : : "i"(~EFL_TF)
			 : "memory", "cc");
	return came_in;
}

static void send_from_other(void)
{
	host_cpu = 1;
	event_set(d, port);
}

/* The receiver as event.h describes it. */
static void upcall(void)
{
	struct ringlet_vcpu_page *page = d->vcpus[0]->page;
	struct ringlet_shared *s = d->shared;
	u64 sel, word;

	do {
		__atomic_store_n(&page->pending, 0, __ATOMIC_SEQ_CST);
		sel = __atomic_exchange_n(&page->evtchn_sel, 0,
					  __ATOMIC_SEQ_CST);
		for (; sel; sel &= sel - 1) {
			u32 w = (u32)__builtin_ctzl(sel);

			word = __atomic_load_n(&s->evtchn_pending[w],
					       __ATOMIC_SEQ_CST) &
			       ~s->evtchn_mask[w];
			__atomic_fetch_and(&s->evtchn_pending[w], ~word,
					   __ATOMIC_SEQ_CST);
			handled += (u32)__builtin_popcountl(word);
		}
	} while (__atomic_load_n(&page->pending, __ATOMIC_SEQ_CST));
}

static void receive_and_block(void)
{
	host_cpu = 0;
	upcall();
	sched_block(d->vcpus[0]);
}

/* The receiver unmasks, as event.h describes it, and then waits. */
static void unmask_and_block(void)
{
	struct ringlet_shared *s = d->shared;
	u64 bit = 1UL << port % 64;

	host_cpu = 0;
	__atomic_fetch_and(&s->evtchn_mask[port / 64], ~bit, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&s->evtchn_pending[port / 64], __ATOMIC_SEQ_CST) &
	    bit)
		event_unmask(d, port);
	receive_and_block();
}

/* vCPU 0 of domain 1 runs on pCPU 0 and knows of nothing. */
static void receiver_runs(void)
{
	struct vcpu *v = d->vcpus[0];

	host_cpu = 0;
	handled = 0;
	v->page->pending = 0;
	v->page->evtchn_sel = 0;
	memset(d->shared, 0, sizeof(*d->shared));
	v->sched.pcpu = 0;
	sched_vcpu_online(v);
	while (pcpus[0].sched.running != v) {
		pcpus[0].current = sched_pick();
		ck_assert_ptr_eq(pcpus[0].current, v);
	}
}

/*
 * Both are done. When the vCPU sleeps, nothing may be left; when it runs, it
 * comes into the hypervisor if it must, and gets its upcall.
 */
static void check_not_lost(u64 n, u32 sent)
{
	struct vcpu *v = d->vcpus[0];
	struct vcpu *prev = pcpus[0].current;

	host_cpu = 0;
	if (sched_needed()) {
		pcpus[0].current = sched_pick();
		if (prev && pcpus[0].current != prev)
			sched_switch_done(prev);
	}
	if (pcpus[0].current && v->page->pending)
		upcall();
	if (handled < 1 || handled > sent)
		ck_abort_msg("after step %lu: %u of %u handled, state %u, pending %u",
			     (unsigned long)n, handled, sent, v->sched.state,
			     v->page->pending);
	if (pcpus[0].current) {
		sched_vcpu_offline(v);
		pcpus[0].current = sched_pick();
		sched_switch_done(v);
	} else {
		v->sched.state = SCHED_OFFLINE;
	}
}

static void enumerate(void (*f)(void), void (*g)(void), u64 mask, bool early)
{
	struct sigaction old, sa = { .sa_sigaction = single_step,
				     .sa_flags = SA_SIGINFO | SA_NODEFER };
	u64 n;
	bool more = true;

	port = (u32)event_bind_ipi(d, 0);
	sigaction(SIGTRAP, &sa, &old);
	for (n = 1; more; n++) {
		receiver_runs();
		d->shared->evtchn_mask[port / 64] = mask;
		if (early)
			send_from_other();
		more = interleave(f, g, n);
		if (!more)
			g();
		check_not_lost(n, early ? 2 : 1);
	}
	sigaction(SIGTRAP, &old, NULL);
	ck_assert_uint_gt(n, 30);
}

START_TEST(sender_is_interrupted)
{
	enumerate(send_from_other, receive_and_block, 0, _i);
}
END_TEST

START_TEST(receiver_is_interrupted)
{
	enumerate(receive_and_block, send_from_other, 0, _i);
}
END_TEST

START_TEST(unmasking_is_interrupted)
{
	enumerate(unmask_and_block, send_from_other, ~0UL, false);
}
END_TEST

START_TEST(sender_to_masked_is_interrupted)
{
	enumerate(send_from_other, unmask_and_block, ~0UL, _i);
}
END_TEST

/* The sender never looks at the receiver's interrupt flag, nor at its mode. */
START_TEST(kick_does_not_depend_on_vif)
{
	for (u32 vif = 0; vif < 2; vif++) {
		port = (u32)event_bind_ipi(d, 0);
		receiver_runs();
		d->vcpus[0]->page->vif = (u8)vif;
		kicks[0] = 0;
		send_from_other();
		ck_assert_uint_eq(kicks[0], 1);
		/* It knows already. */
		memset(d->shared, 0, sizeof(*d->shared));
		send_from_other();
		ck_assert_uint_eq(kicks[0], 1);
		host_cpu = 0;
		check_not_lost(0, 2);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("event_lost");
	TCase *tc = tcase_create("event_lost");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, sender_is_interrupted, 0, 2);
	tcase_add_loop_test(tc, receiver_is_interrupted, 0, 2);
	tcase_add_test(tc, unmasking_is_interrupted);
	tcase_add_loop_test(tc, sender_to_masked_is_interrupted, 0, 2);
	tcase_add_test(tc, kick_does_not_depend_on_vif);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
