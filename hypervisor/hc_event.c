// SPDX-License-Identifier: GPL-2.0-only
/* Hypercalls on event channels and the own console; see event.c, console.c. */
#include "copy.h"
#include "domain.h"
#include "hypercall-prototypes.h"
#include "percpu.h"
#include "physdev.h"

/* A serial line takes milliseconds for a chunk; nobody else runs meanwhile. */
#define CONSOLE_CHUNK 128
#define CONSOLE_READ 1024
#define CONSOLE_MAX 4096

s64 hc_console_write(struct vcpu *v, u64 buf, u64 len)
{
	char chunk[CONSOLE_CHUNK];
	u64 done = 0, want = MIN(len, (u64)CONSOLE_MAX);

	while (done < want) {
		size_t n = MIN(want - done, (u64)CONSOLE_CHUNK), taken;

		if (copy_from_guest(v, chunk, buf + done, n))
			return done ? (s64)done : -EFAULT;
		taken = console_write(v->domain, chunk, n);
		done += taken;
		if (taken < n || work_expired())
			break;
	}
	return (s64)done;
}

s64 hc_console_read(struct vcpu *v, u64 buf, u64 len)
{
	char chunk[CONSOLE_READ];
	u64 at;
	size_t n = console_peek(v->domain, chunk, MIN(len, sizeof(chunk)), &at);

	if (copy_to_guest(v, buf, chunk, n))
		return -EFAULT;
	return console_skip(v->domain, at, n) ? (s64)n : -ERESTART_HV;
}

s64 hc_evtchn_alloc(struct vcpu *v, u32 domain, u32 remote)
{
	return event_alloc(v->domain, domain, remote);
}

s64 hc_evtchn_bind_interdomain(struct vcpu *v, u32 remote, u32 remote_port)
{
	return event_bind_interdomain(v->domain, remote, remote_port);
}

s64 hc_evtchn_bind_virq(struct vcpu *v, u32 virq, u32 vcpu)
{
	return event_bind_virq(v->domain, virq, vcpu);
}

s64 hc_evtchn_bind_ipi(struct vcpu *v, u32 vcpu)
{
	return event_bind_ipi(v->domain, vcpu);
}

s64 hc_evtchn_bind_pirq(struct vcpu *v, u32 pirq)
{
	return physdev_bind(v->domain, pirq);
}

s64 hc_evtchn_bind_vcpu(struct vcpu *v, u32 port, u32 vcpu)
{
	return event_bind_vcpu(v->domain, port, vcpu);
}

s64 hc_evtchn_close(struct vcpu *v, u32 port)
{
	return event_close(v->domain, port);
}

s64 hc_evtchn_send(struct vcpu *v, u32 port)
{
	return event_send(v->domain, port);
}

s64 hc_evtchn_unmask(struct vcpu *v, u32 port)
{
	return event_unmask(v->domain, port);
}

s64 hc_evtchn_status(struct vcpu *v, u32 domain, u32 port)
{
	return event_status(v->domain, domain, port);
}

s64 hc_pirq_map_gsi(struct vcpu *v, u32 gsi, u32 flags)
{
	(void)v;
	return physdev_map_gsi(gsi, flags);
}

s64 hc_pirq_map_msi(struct vcpu *v, u64 msi)
{
	struct ringlet_msi m;
	s64 pirq = physdev_map_msi(&m);

	if (pirq >= 0 && copy_to_guest(v, msi, &m, sizeof(m))) {
		physdev_unmap((u32)pirq);
		return -EFAULT;
	}
	return pirq;
}

s64 hc_pirq_unmap(struct vcpu *v, u32 pirq)
{
	(void)v;
	return physdev_unmap(pirq);
}

s64 hc_pirq_eoi(struct vcpu *v, u32 pirq)
{
	(void)v;
	return physdev_eoi(pirq);
}
