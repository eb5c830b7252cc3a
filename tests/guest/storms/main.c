// SPDX-License-Identifier: GPL-2.0-only
/*
 * storms: a guest that never leaves the hypervisor alone.
 *
 * Console output without end, events on every port, timers that are always due,
 * flushes of everything: each is a legal call, and none may take from others more
 * than a share of a pCPU. While one vCPU storms, another one and another domain
 * must go on, nothing that was asked for may be lost, and when the storm is over
 * all is as before.
 */
#include "guest.h"

const char test_title[] = "storms of output, events, timers and flushes";

#define SECOND		1000000000UL
#define STORM		(SECOND / 2)
#define PORTS		3000U

/* Counts in its first word. */
OTHER_CODE(counter, "1:\tincq (%rdi)\n\tpause\n\tjmp 1b");

static struct other neighbour;
static u16 ports[PORTS];
static u32 nr_ports, timer_port;
static volatile u32 storming, stormers;

static void storm_console(void)
{
	static char line[64] = "console flood .................................................\n";
	u32 i;

	line[63] = '\n';
	/* Enough to fill a domU's buffer, little enough for a log. */
	for (i = 0; i < 600 && storming; i++)
		ringlet_console_write(line, sizeof(line));
	/* Lengths and places that are lies. */
	for (i = 0; storming; i++) {
		ringlet_console_write((void *)0x0000010000000000, ~0UL);
		ringlet_console_write((void *)RINGLET_HV_START, 1UL << 40);
		ringlet_console_write(line, 0);
		ringlet_console_read((void *)0x0000800000000000, ~0UL);
	}
}

static void storm_events(void)
{
	u32 i;

	while (storming)
		for (i = 0; i < nr_ports && storming; i++)
			ringlet_evtchn_send(ports[i]);
}

static void storm_timers(void)
{
	static const u64 deadlines[] = { 1, 0, ~0UL, 1UL << 63, 2, 1 };
	u32 i = 0;

	while (storming) {
		ringlet_set_timer(deadlines[i++ % ARRAY_SIZE(deadlines)]);
		ringlet_set_timer(now());
		ringlet_set_timer(now() + 1000);
	}
	ringlet_set_timer(0);
}

static void storm_flushes(void)
{
	while (storming) {
		ringlet_flush(RINGLET_ROOT_ALL, 0, 0, 0);
		ringlet_flush(guest.root, 0, 1UL << 47, 2);
		ringlet_flush(RINGLET_ROOT_KERNEL, 0, 0, 1);
		ringlet_load_root(guest.root);
	}
}

static void (*const storms[])(void) = {
	storm_console, storm_events, storm_timers, storm_flushes,
};
static const char *const names[] = {
	"console", "events", "timers", "flushes",
};

static void storm_main(void *arg)
{
	events_on();
	storms[(u64)arg]();
	events_off();
	__atomic_fetch_add(&stormers, 1, __ATOMIC_SEQ_CST);
}

/* Work that needs the hypervisor: fresh mappings, and the timer. */
static void work(u32 round)
{
	const u64 va = 0x0000018000000000 + (u64)round % 64 * PAGE_SIZE;
	static u64 *page;
	u64 value;

	if (!page)
		page = page_alloc();
	page[0] = round;
	map_page(guest.root, va, (u64)page, PTE_P | PTE_W);
	if (!try_read(va, &value) || value != round)
		failure("round %u: %#lx was read", round, value);
	*pte_of(guest.root, va, 1) = 0;
	flush(guest.root, va, PAGE_SIZE, 0);
	if (try_read(va, &value))
		failure("round %u: an unmapped page can be read", round);
}

static void one_storm(u32 n)
{
	u64 start = now(), before = 0;
	u32 rounds = 0, done = stormers;

	if (guest.control)
		before = neighbour.data[0];
	storming = 1;
	if (guest.vcpus > 1)
		CHECK_EQ(cpu_start(1, storm_main, (void *)(u64)n), 0);
	events_on();
	while (now() - start < STORM || rounds < 10) {
		work(rounds++);
		if (now() - start > 60 * SECOND)
			break;
		ringlet_yield();
	}
	storming = 0;
	if (guest.vcpus > 1)
		CHECK(wait_count(&stormers, done + 1, 30 * SECOND));
	while (ringlet_vcpu_is_up(1) == 1)
		ringlet_yield();
	events_off();
	printk("%s: %u rounds of work in %lu ms\n", names[n], rounds,
	       (now() - start) / 1000000);
	CHECK(rounds >= 10);
	if (guest.control && neighbour.data[0] == before)
		failure("%s: another domain stood still", names[n]);
}

/* After it: each port delivers, once, and the timer comes. */
static void check_after(void)
{
	u32 i, lost = 0, before;

	events_on();
	ringlet_event_check();
	for (i = 0; i < nr_ports; i++) {
		before = event_count[ports[i]];
		ringlet_evtchn_send(ports[i]);
		lost += event_count[ports[i]] != before + 1;
	}
	if (lost)
		failure("%u of %u ports deliver nothing, or twice", lost,
			nr_ports);
	before = event_count[timer_port];
	CHECK_EQ(ringlet_set_timer(now() + 1000000), 0);
	CHECK(wait_count(&event_count[timer_port], before + 1, 10 * SECOND));
	events_off();
}

void test_main(void)
{
	s64 rc = ringlet_evtchn_bind_virq(RINGLET_VIRQ_TIMER, 0);
	u32 n;

	CHECK(rc > 0);
	timer_port = (u32)rc;
	port_unmask(timer_port);
	if (guest.vcpus > 1) {
		rc = ringlet_evtchn_bind_virq(RINGLET_VIRQ_TIMER, 1);
		CHECK(rc > 0);
		port_unmask((u32)rc);
	}
	for (nr_ports = 0; nr_ports < PORTS; nr_ports++) {
		rc = ringlet_evtchn_bind_ipi(0);
		if (rc <= 0)
			break;
		ports[nr_ports] = (u16)rc;
		port_unmask((u32)rc);
	}
	CHECK_EQ(nr_ports, PORTS);
	if (guest.control &&
	    !other_start(&neighbour, counter, (size_t)(counter_end - counter)))
		return;
	for (n = 0; n < ARRAY_SIZE(storms); n++) {
		one_storm(n);
		check_after();
	}
	if (guest.control) {
		CHECK(other_alive(&neighbour));
		other_end(&neighbour);
	}
}
