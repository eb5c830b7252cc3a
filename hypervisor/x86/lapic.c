// SPDX-License-Identifier: GPL-2.0-only
/*
 * Local APIC, by its memory-mapped registers.
 */
#include "x86/lapic.h"

#include "layout.h"
#include "lock.h"
#include "panic.h"
#include "time.h"
#include "x86/acpi.h"
#include "x86/cpu.h"
#include "x86/vectors.h"

#define APIC_ID		0x020
#define APIC_TPR	0x080
#define APIC_EOI	0x0b0
#define APIC_SVR	0x0f0
#define APIC_ISR	0x100
#define APIC_ESR	0x280
#define APIC_ICR_LOW	0x300
#define APIC_ICR_HIGH	0x310
#define APIC_LVT_TIMER	0x320
#define APIC_LVT_THERMAL 0x330
#define APIC_LVT_PMC	0x340
#define APIC_LVT_LINT0	0x350
#define APIC_LVT_LINT1	0x360
#define APIC_LVT_ERROR	0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE 0x3e0

#define SVR_ENABLE	0x100
#define LVT_MASKED	0x10000
#define LVT_LEVEL	0x8000
#define LVT_LOW		0x2000
#define LVT_NMI		0x400
#define ICR_FIXED	0x000
#define ICR_NMI		0x400
#define ICR_INIT	0x500
#define ICR_STARTUP	0x600
#define ICR_PENDING	0x1000
#define ICR_ASSERT	0x4000
#define DIVIDE_BY_1	0xb

#define BASE_ENABLE	0x800
#define BASE_X2APIC	0x400

static u64 timer_rate;		/* ticks in 2^32 ns */

static u32 apic_read(u32 reg)
{
	return *(volatile u32 *)phys_to_virt(acpi.lapic_phys + reg);
}

static void apic_write(u32 reg, u32 value)
{
	*(volatile u32 *)phys_to_virt(acpi.lapic_phys + reg) = value;
}

static void init_nmi_lines(u32 uid)
{
	const struct acpi_lint_nmi *n;
	u32 i, lvt;

	for (i = 0; i < acpi.nr_nmis; i++) {
		n = &acpi.nmis[i];
		if (n->uid != ~0U && n->uid != uid)
			continue;
		lvt = LVT_NMI | (n->level ? LVT_LEVEL : 0) |
			(n->low ? LVT_LOW : 0);
		apic_write(n->lint ? APIC_LVT_LINT1 : APIC_LVT_LINT0, lvt);
	}
}

void lapic_init(u32 uid)
{
	u64 base = rdmsr(MSR_APIC_BASE);
	u32 i, j;

	if (base & BASE_X2APIC)
		boot_failure("the firmware left the local APIC in x2APIC mode; turn x2APIC off in the firmware's set-up");
	if ((base & cpu_info.phys_mask) != acpi.lapic_phys)
		boot_failure("the local APIC is at %#lx, but ACPI says %#lx; update the firmware",
			     base & cpu_info.phys_mask, acpi.lapic_phys);
	/* gate_nmi in gate.S and the address of MSIs rely on it. */
	if (acpi.lapic_phys != 0xfee00000)
		boot_failure("the local APIC is at %#lx; the firmware must leave it at 0xfee00000",
			     acpi.lapic_phys);
	wrmsr(MSR_APIC_BASE, base | BASE_ENABLE);
	apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	apic_write(APIC_LVT_THERMAL, LVT_MASKED);
	apic_write(APIC_LVT_PMC, LVT_MASKED);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_MASKED);
	apic_write(APIC_LVT_ERROR, LVT_MASKED | VECTOR_APIC_ERROR);
	apic_write(APIC_ESR, 0);
	init_nmi_lines(uid);
	/* What the firmware left in service would block what is below it. */
	for (i = 0; i < 8; i++)
		for (j = 0; j < 32 && apic_read(APIC_ISR + i * 16); j++)
			lapic_eoi();
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	apic_write(APIC_TIMER_INITIAL, 0);
}

u32 lapic_id(void)
{
	return apic_read(APIC_ID) >> 24;
}

void lapic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

/*
 * Interrupts are off, but an NMI may come between the two writes and send its
 * own: it only ever sends to itself, by shorthand, which leaves ICR_HIGH alone.
 */
static void send(u32 apic_id, u32 command)
{
	while (apic_read(APIC_ICR_LOW) & ICR_PENDING)
		cpu_relax();
	apic_write(APIC_ICR_HIGH, apic_id << 24);
	apic_write(APIC_ICR_LOW, command | ICR_ASSERT);
}

void lapic_send_ipi(u32 apic_id, u8 vector)
{
	send(apic_id, ICR_FIXED | vector);
}

void lapic_send_nmi(u32 apic_id)
{
	send(apic_id, ICR_NMI);
}

void lapic_send_init(u32 apic_id)
{
	send(apic_id, ICR_INIT);
}

void lapic_send_startup(u32 apic_id, u8 page)
{
	send(apic_id, ICR_STARTUP | page);
}

void lapic_timer_count(u32 ticks)
{
	apic_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	apic_write(APIC_TIMER_INITIAL, ticks);
}

u32 lapic_timer_left(void)
{
	return apic_read(APIC_TIMER_CURRENT);
}

void lapic_timer_set_rate(u64 ticks_per_4s)
{
	timer_rate = ticks_per_4s;
}

void timer_hw_arm(u64 deadline_ns)
{
	u64 now, delta, ticks;

	if (!deadline_ns) {
		apic_write(APIC_TIMER_INITIAL, 0);
		return;
	}
	now = time_ns();
	delta = deadline_ns > now ? deadline_ns - now : 0;
	/* at most 2^31 ns, so that the product fits for any rate */
	delta = MIN(delta, 1UL << 31);
	ticks = (delta * timer_rate >> 32) + 1;
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
	apic_write(APIC_TIMER_INITIAL, (u32)MIN(ticks, 0xffffffffUL));
}
