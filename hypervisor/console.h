/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Consoles of domains: two rings in the hypervisor. Domain 0's output goes to
 * the console= device instead; every other domain's is read by domain 0.
 */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include "lock.h"
#include "ringlet/domctl.h"
#include "types.h"

struct domain;

struct console {
	struct spinlock lock;		/* class CONSOLE */
	char out[RINGLET_CONSOLE_OUT];
	char in[RINGLET_CONSOLE_IN];
	u64 out_head, out_tail;		/* bytes put, bytes taken, since start */
	u64 in_head, in_tail;
	u64 refused;			/* bytes that found the ring full */
};

void console_init(struct domain *d);

/* console_write: the domain's output. Returns bytes taken. */
size_t console_write(struct domain *d, const char *buf, size_t len);

/*
 * Output of a domain, for domain 0: look, then take what was copied out. *at is
 * where those bytes are; false: another vCPU took them meanwhile, look again.
 */
size_t console_out_peek(struct domain *d, char *buf, size_t len, u64 *at);
bool console_out_skip(struct domain *d, u64 at, size_t len);

/* Input: from domain 0 or a person. Returns bytes taken. */
size_t console_in_push(struct domain *d, const char *buf, size_t len);
/* As for output. */
size_t console_peek(struct domain *d, char *buf, size_t len, u64 *at);
bool console_skip(struct domain *d, u64 at, size_t len);

/* Bytes of output that console_write() did not take, offered again or not. */
u64 console_refused(struct domain *d);

/* Write to the console= device, by platform code. */
void platform_console_write(const char *buf, size_t len);

#endif /* HV_CONSOLE_H */
