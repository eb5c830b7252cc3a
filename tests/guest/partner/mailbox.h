/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest 'partner' and tests/domain0/device.c say to each other, in a
 * page of the guest. The guest looks at it when an event comes on its port.
 */
#ifndef PARTNER_MAILBOX_H
#define PARTNER_MAILBOX_H

#define MAILBOX_MAGIC	0x74726170

enum mailbox_command {
	PARTNER_NOTHING,	/* only count the event */
	PARTNER_INVERT,		/* answer = ~argument, an event back */
	PARTNER_BIND,		/* bind to port 'argument' of domain 0 */
	PARTNER_SEND,		/* an event through the port so bound */
	PARTNER_QUIT,
};

struct mailbox {
	volatile unsigned int magic;
	volatile unsigned int command;
	volatile unsigned int argument;
	volatile int answer;
	volatile unsigned int events;	/* that came to the guest */
};

#endif /* PARTNER_MAILBOX_H */
