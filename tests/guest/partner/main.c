// SPDX-License-Identifier: GPL-2.0-only
/*
 * partner: the other side for a test of domain 0's /dev/ringlet.
 *
 * It offers domain 0 a port and a page, says where they are, and does what the
 * page says each time an event comes. It has no question of its own: that it
 * gets to its wait is all that can be seen of it alone.
 */
#include "guest.h"
#include "mailbox.h"

const char test_title[] = "a partner for domain 0";

static struct mailbox mailbox __page_aligned;

static void act(u32 port, u32 *second)
{
	s64 ret = 0;

	switch (mailbox.command) {
	case PARTNER_INVERT:
		ret = (int)~mailbox.argument;
		break;
	case PARTNER_BIND:
		ret = ringlet_evtchn_bind_interdomain(0, mailbox.argument);
		if (ret > 0)
			*second = (u32)ret;
		break;
	case PARTNER_SEND:
		ret = ringlet_evtchn_send(*second);
		break;
	case PARTNER_QUIT:
		finish();
	default:
		return;
	}
	mailbox.answer = (int)ret;
	mailbox.command = PARTNER_NOTHING;
	CHECK_EQ(ringlet_evtchn_send(port), 0);
}

void test_main(void)
{
	s64 port = ringlet_evtchn_alloc(RINGLET_DOMID_SELF, 0);
	u32 seen = 0, second = 0;

	if (port <= 0) {
		failure("evtchn_alloc gave %ld", port);
		return;
	}
	mailbox.magic = MAILBOX_MAGIC;
	port_unmask((u32)port);
	printk("Partner: port %ld, mailbox at %#lx\n", port, (u64)&mailbox);
	for (;;) {
		block_until(&event_count[port], seen + 1);
		seen = event_count[port];
		mailbox.events = seen;
		act((u32)port, &second);
	}
}
