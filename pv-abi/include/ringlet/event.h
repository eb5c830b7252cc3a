/* SPDX-License-Identifier: MIT */
/*
 * Ringlet ABI: event channels, the shared page, time.
 *
 * A domain has a shared page and a time page, at consecutive guest frames right
 * behind its memory (domain 0: elsewhere); the device tree names the first in
 * /hypervisor/ringlet,shared. Both stay where they are until the domain ends.
 */
#ifndef RINGLET_EVENT_H
#define RINGLET_EVENT_H

#include "abi.h"

#define RINGLET_EVTCHN_PORTS		4096	/* ports of a domain; 0 is never used */

/* Virtual interrupts. Each vCPU may bind those marked 'vCPU', one vCPU of the
 * domain those marked 'domain'. */
#define RINGLET_VIRQ_TIMER		0	/* vCPU: the one-shot timer expired */
#define RINGLET_VIRQ_CONSOLE		1	/* domain: console input, or room */
#define RINGLET_VIRQ_REQUEST		2	/* domain: see 'request' and 'vcpus' in
						   struct ringlet_shared */
#define RINGLET_VIRQ_DOMAIN		3	/* domain 0: some domain changed state */
#define RINGLET_VIRQ_DOMAIN_CONSOLE	4	/* domain 0: a domain wrote output */
#define RINGLET_VIRQ_DEBUG		5	/* domain: a person asked for a dump */
#define RINGLET_NR_VIRQS		6

/* What evtchn_status says of a port. */
#define RINGLET_EVTCHN_FREE		0
#define RINGLET_EVTCHN_UNBOUND		1	/* waits for the other side */
#define RINGLET_EVTCHN_INTERDOMAIN	2
#define RINGLET_EVTCHN_VIRQ		3
#define RINGLET_EVTCHN_IPI		4
#define RINGLET_EVTCHN_PIRQ		5

/* Values of ringlet_shared.request. */
#define RINGLET_REQUEST_NONE		0
#define RINGLET_REQUEST_POWEROFF	1
#define RINGLET_REQUEST_REBOOT		2

#ifndef __ASSEMBLER__

/*
 * The shared page.
 *
 * To send, the hypervisor (1) sets the pending bit; if it was clear and the
 * mask bit is clear, (2) sets the bit of its word in evtchn_sel of the vCPU that
 * the port is bound to, (3) sets 'pending' there, and if that was clear (4)
 * interrupts or wakes the vCPU. Upcalls are delivered while vif and 'pending'
 * are both set.
 *
 * To receive, the guest (1) clears 'pending', (2) exchanges evtchn_sel with 0,
 * (3) for each word in it looks at pending & ~mask, (4) clears a pending bit
 * before it calls the port's handler, and begins again if 'pending' was set.
 *
 * To unmask, the guest clears the mask bit; if the pending bit is set then, it
 * calls evtchn_unmask, which does steps 2 to 4 of sending.
 */
struct ringlet_shared {
	ringlet_u64 evtchn_pending[RINGLET_EVTCHN_PORTS / 64]; /* [HV] sets, [GST] clears */
	ringlet_u64 evtchn_mask[RINGLET_EVTCHN_PORTS / 64];    /* [GST]; all ones at start */
	ringlet_u32 request;		/* [HV] RINGLET_REQUEST_*, [GST] clears */
	ringlet_u32 vcpus;		/* [HV] vCPUs that should be online; 0: all */
	ringlet_u8 reserved1[4096 - 1032];
};
RINGLET_ASSERT_SIZE(ringlet_shared, 4096);

/*
 * pvclock, in the layout that Linux, KVM and Xen share. Nanoseconds since the
 * hypervisor started = system_time + (((tsc - tsc_timestamp) << tsc_shift) *
 * tsc_to_system_mul >> 32), a negative shift being one to the right. Read
 * 'version' before and after; an odd or changed one means: read again.
 */
struct ringlet_pvclock {
	ringlet_u32 version;		/* [HV] all fields */
	ringlet_u32 pad0;
	ringlet_u64 tsc_timestamp;
	ringlet_u64 system_time;
	ringlet_u32 tsc_to_system_mul;
	signed char tsc_shift;
	ringlet_u8 flags;
	ringlet_u8 pad[2];
};
RINGLET_ASSERT_SIZE(ringlet_pvclock, 32);
#define RINGLET_PVCLOCK_TSC_STABLE	0x1	/* one clock for all vCPUs */

/*
 * The time page; a guest can only read it. Entry n is vCPU n's. The wall clock
 * at system_time 0 (seconds since 1970 UTC, and nanoseconds) and the TSC
 * frequency stand in every entry.
 */
struct ringlet_time {
	struct ringlet_pvclock clock;
	ringlet_u64 wall_sec;
	ringlet_u32 wall_nsec;
	ringlet_u32 tsc_khz;
	ringlet_u32 preempted;		/* 1 while it could run and has no pCPU */
	ringlet_u8 reserved[12];
};
RINGLET_ASSERT_SIZE(ringlet_time, 64);

struct ringlet_time_page {
	struct ringlet_time vcpu[RINGLET_MAX_VCPUS];
};
RINGLET_ASSERT_SIZE(ringlet_time_page, 4096);

#endif /* __ASSEMBLER__ */
#endif /* RINGLET_EVENT_H */
