// SPDX-License-Identifier: GPL-2.0-only
/*
 * Physical interrupts: each mapped source (a GSI of an IO-APIC, or an MSI vector)
 * is a pirq with a vector of its own, delivered to the boot pCPU, and from there
 * as an event to the domain that bound it.
 *
 * Level-triggered: the redirection entry is masked when the interrupt comes and
 * unmasked when the domain has served the device (pirq_eoi). Edge and MSI: the
 * local APIC is told at once.
 */
#include "domain.h"
#include "ioapic.h"
#include "lapic.h"
#include "lock.h"
#include "percpu.h"
#include "physdev.h"
#include "vectors.h"

#define NR_VECTORS (VECTOR_DEVICE_LAST - VECTOR_DEVICE_FIRST + 1)
#define MSI_ADDRESS 0xfee00000	/* SDM vol. 3, 10.11.1 */
#define NO_GSI (~0U)

_Static_assert(NR_VECTORS <= RINGLET_MAX_PIRQS, "a vector is a pirq");

/* A pirq's number is its vector's place among the device vectors. */
static struct pirq {
	bool mapped;
	bool level;
	bool bound;
	u32 gsi;		/* NO_GSI: MSI */
	u32 flags;
	struct domain *domain;	/* bound: who gets it */
	u32 port;
} pirqs[NR_VECTORS];

static struct spinlock pirq_lock = SPINLOCK(LOCK_PIRQ);

static u32 pirq_vector(u32 pirq)
{
	return VECTOR_DEVICE_FIRST + pirq;
}

/* Under the lock. -ENOSPC. */
static s64 allocate(u32 gsi, u32 flags)
{
	u32 i;

	for (i = 0; i < NR_VECTORS; i++) {
		/* Vector 0x80 is the guests' INT 0x80. */
		if (pirqs[i].mapped ||
		    pirq_vector(i) == RINGLET_TRAP_INT80)
			continue;
		pirqs[i] = (struct pirq){
			.mapped = true,
			.level = flags & RINGLET_PIRQ_LEVEL,
			.gsi = gsi,
			.flags = flags,
		};
		return i;
	}
	return -ENOSPC;
}

s64 physdev_map_gsi(u32 gsi, u32 flags)
{
	s64 ret;
	u32 i;

	if (flags & ~(u32)(RINGLET_PIRQ_LEVEL | RINGLET_PIRQ_LOW))
		return -EINVAL;
	if (gsi == NO_GSI || !ioapic_gsi_ok(gsi))
		return -ENODEV;
	lock(&pirq_lock);
	for (i = 0; i < NR_VECTORS; i++)
		if (pirqs[i].mapped && pirqs[i].gsi == gsi)
			break;
	if (i < NR_VECTORS) {
		ret = pirqs[i].flags == flags ? (s64)i : -EEXIST;
	} else {
		ret = allocate(gsi, flags);
		if (ret >= 0)
			ioapic_set(gsi, (u8)pirq_vector((u32)ret),
				   pcpus[0].apic_id,
				   flags & RINGLET_PIRQ_LEVEL,
				   flags & RINGLET_PIRQ_LOW);
	}
	unlock(&pirq_lock);
	return ret;
}

s64 physdev_map_msi(struct ringlet_msi *msi)
{
	s64 ret;

	lock(&pirq_lock);
	ret = allocate(NO_GSI, 0);
	unlock(&pirq_lock);
	if (ret < 0)
		return ret;
	*msi = (struct ringlet_msi){
		.address = MSI_ADDRESS | pcpus[0].apic_id << 12,
		.data = pirq_vector((u32)ret),	/* fixed, edge */
	};
	return ret;
}

s64 physdev_unmap(u32 pirq)
{
	s64 ret = 0;

	if (pirq >= NR_VECTORS)
		return -ENOENT;
	lock(&pirq_lock);
	if (!pirqs[pirq].mapped) {
		ret = -ENOENT;
	} else if (pirqs[pirq].bound) {
		ret = -EBUSY;
	} else {
		if (pirqs[pirq].gsi != NO_GSI)
			ioapic_mask(pirqs[pirq].gsi);
		pirqs[pirq].mapped = false;
	}
	unlock(&pirq_lock);
	return ret;
}

s64 physdev_eoi(u32 pirq)
{
	s64 ret = 0;

	if (pirq >= NR_VECTORS)
		return -ENOENT;
	lock(&pirq_lock);
	if (!pirqs[pirq].mapped)
		ret = -ENOENT;
	else if (pirqs[pirq].level && pirqs[pirq].bound)
		ioapic_unmask(pirqs[pirq].gsi);
	unlock(&pirq_lock);
	return ret;
}

s64 physdev_bind(struct domain *d, u32 pirq)
{
	s64 port;

	if (pirq >= NR_VECTORS)
		return -ENOENT;
	lock(&pirq_lock);
	if (!pirqs[pirq].mapped || pirqs[pirq].bound) {
		port = pirqs[pirq].mapped ? -EEXIST : -ENOENT;
		unlock(&pirq_lock);
		return port;
	}
	pirqs[pirq].bound = true;
	pirqs[pirq].domain = NULL;
	unlock(&pirq_lock);

	/* EVENT comes before PIRQ in the lock order: 'bound' is our claim. */
	port = event_bind_pirq(d, pirq);

	lock(&pirq_lock);
	if (port < 0) {
		pirqs[pirq].bound = false;
	} else {
		pirqs[pirq].domain = d;
		pirqs[pirq].port = (u32)port;
		if (pirqs[pirq].gsi != NO_GSI)
			ioapic_unmask(pirqs[pirq].gsi);
	}
	unlock(&pirq_lock);
	return port;
}

void pirq_unbind(u32 pirq)
{
	lock(&pirq_lock);
	if (pirqs[pirq].gsi != NO_GSI)
		ioapic_mask(pirqs[pirq].gsi);
	pirqs[pirq].bound = false;
	pirqs[pirq].domain = NULL;
	unlock(&pirq_lock);
}

void physdev_interrupt(u32 vector)
{
	struct pirq *p = &pirqs[vector - VECTOR_DEVICE_FIRST];
	struct domain *d = NULL;
	u32 port = 0;

	lock(&pirq_lock);
	if (p->mapped && p->bound && p->domain) {
		if (p->level)
			ioapic_mask(p->gsi);
		d = p->domain;
		port = p->port;
	} else if (p->mapped && p->gsi != NO_GSI) {
		ioapic_mask(p->gsi);
	}
	unlock(&pirq_lock);
	lapic_eoi();
	/* The domain lives at least until our next quiescent point. */
	if (d)
		event_set(d, port);
}
