// SPDX-License-Identifier: GPL-2.0-only
/* Event channels as ringlet/event.h says a guest receives, and the clock. */
#include "guest.h"

volatile u32 event_count[RINGLET_EVTCHN_PORTS];
volatile u32 upcalls;

static void scan_word(u32 word)
{
	struct ringlet_shared *s = guest.shared;
	u64 bits, bit;
	u32 port;

	bits = READ_ONCE(s->evtchn_pending[word]) &
	       ~READ_ONCE(s->evtchn_mask[word]);
	while (bits) {
		port = (u32)__builtin_ctzll(bits);
		bit = 1UL << port;
		bits &= ~bit;
		__atomic_fetch_and(&s->evtchn_pending[word], ~bit,
				   __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&event_count[word * 64 + port], 1,
				   __ATOMIC_SEQ_CST);
	}
}

void event_upcall(void)
{
	struct ringlet_vcpu_page *page = vcpu_page();
	u64 words;

	__atomic_fetch_add(&upcalls, 1, __ATOMIC_RELAXED);
	do {
		WRITE_ONCE(page->pending, 0);
		words = __atomic_exchange_n(&page->evtchn_sel, 0,
					    __ATOMIC_SEQ_CST);
		for (; words; words &= words - 1)
			scan_word((u32)__builtin_ctzll(words));
	} while (READ_ONCE(page->pending));
}

void events_on(void)
{
	WRITE_ONCE(vcpu_page()->vif, 1);
	__asm__ volatile("" ::: "memory");
	if (READ_ONCE(vcpu_page()->pending))
		ringlet_event_check();
}

bool events_off(void)
{
	bool was = READ_ONCE(vcpu_page()->vif);

	WRITE_ONCE(vcpu_page()->vif, 0);
	return was;
}

void port_unmask(u32 port)
{
	struct ringlet_shared *s = guest.shared;
	u64 bit = 1UL << (port & 63);

	__atomic_fetch_and(&s->evtchn_mask[port / 64], ~bit, __ATOMIC_SEQ_CST);
	if (READ_ONCE(s->evtchn_pending[port / 64]) & bit)
		ringlet_evtchn_unmask(port);
}

static u64 rdtsc(void)
{
	u32 low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

u64 now(void)
{
	const volatile struct ringlet_pvclock *c;
	u64 delta, ns;
	u32 version;

	c = &guest.time->vcpu[READ_ONCE(vcpu_page()->vcpu_id)].clock;
	do {
		version = c->version;
		__asm__ volatile("" ::: "memory");
		delta = rdtsc() - c->tsc_timestamp;
		if (c->tsc_shift < 0)
			delta >>= -c->tsc_shift;
		else
			delta <<= c->tsc_shift;
		ns = c->system_time +
		     (u64)((unsigned __int128)delta * c->tsc_to_system_mul >>
			   32);
		__asm__ volatile("" ::: "memory");
	} while (version & 1 || version != c->version);
	return ns;
}

bool wait_count(const volatile u32 *count, u32 want, u64 ns)
{
	u64 end = now() + ns;

	while (*count < want) {
		if (now() > end)
			return false;
		ringlet_yield();
	}
	return true;
}

void block_until(const volatile u32 *count, u32 want)
{
	/* With vif set the last event could come between test and block. */
	for (events_off(); *count < want; events_off())
		ringlet_block();
}
