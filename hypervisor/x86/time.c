// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clocks: the TSC tells the time, measured at the start against the ACPI PM
 * timer or, without one, the PIT; the real-time clock gives the date.
 *
 * The conversion is pvclock's own, with the same numbers for the hypervisor and
 * for guests, so that both read the same nanosecond.
 */
#include "time.h"

#include "lock.h"
#include "panic.h"
#include "printk.h"
#include "ringlet/event.h"
#include "x86/acpi.h"
#include "x86/cpu.h"
#include "x86/lapic.h"

#define PM_TIMER_HZ	3579545UL
#define PIT_HZ		1193182UL
#define SAMPLES		5
#define SAMPLE_MS	20
#define PIT_CHANNEL2	0x42
#define PIT_COMMAND	0x43
#define PORT_B		0x61	/* gate of channel 2, and its output */

static u64 tsc_start;
static u32 tsc_mul;		/* as in struct ringlet_pvclock */
static signed char tsc_shift;
static u32 tsc_khz;
static u64 wall_boot;
static u32 wall_boot_nsec;

static u64 scale(u64 ticks)
{
	if (tsc_shift >= 0)
		ticks <<= tsc_shift;
	else
		ticks >>= -tsc_shift;
	return (u64)((unsigned __int128)ticks * tsc_mul >> 32);
}

u64 time_ns(void)
{
	u64 tsc;

	if (!tsc_mul)
		return 0;
	tsc = rdtsc_ordered();
	/* TSCs of two pCPUs may differ by a few ticks at the very start. */
	return tsc > tsc_start ? scale(tsc - tsc_start) : 0;
}

void time_pvclock(struct ringlet_pvclock *clock)
{
	clock->tsc_timestamp = tsc_start;
	clock->system_time = 0;
	clock->tsc_to_system_mul = tsc_mul;
	clock->tsc_shift = tsc_shift;
	clock->flags = RINGLET_PVCLOCK_TSC_STABLE;
}

u64 time_wall_boot(void)
{
	return wall_boot;
}

void time_set_wall(u64 sec, u32 nsec)
{
	u64 now = time_ns();
	u64 part = now % NS_PER_SEC;

	wall_boot = sec - now / NS_PER_SEC;
	if (nsec < part) {
		wall_boot--;
		nsec += NS_PER_SEC;
	}
	wall_boot_nsec = nsec - (u32)part;
}

void time_fill(struct ringlet_time *t)
{
	time_pvclock(&t->clock);
	t->wall_sec = wall_boot;
	t->wall_nsec = wall_boot_nsec;
	t->tsc_khz = tsc_khz;
}

u32 time_tsc_khz(void)
{
	return tsc_khz;
}

void time_delay_us(u64 us)
{
	u64 end = time_ns() + us * NS_PER_US;

	while (time_ns() < end)
		cpu_relax();
}

/* (high << 64 | low) / by; the result fits, as high < by. */
static u64 div128(u64 high, u64 low, u64 by)
{
	u64 quotient, rest;

	__asm__("divq %4" : "=a"(quotient), "=d"(rest)
		: "a"(low), "d"(high), "rm"(by) : "cc");
	return quotient;
}

/* Numbers such that ns = (ticks << shift) * mul >> 32, mul >= 2^31. */
static void set_frequency(u64 hz)
{
	u64 numerator = NS_PER_SEC, scaled = hz;

	tsc_khz = (u32)(hz / 1000);
	tsc_shift = 0;
	/* bring ns per tick between 1/2 and 1 */
	while (scaled > 2 * numerator) {
		scaled >>= 1;
		tsc_shift--;
	}
	while (scaled <= numerator) {
		scaled <<= 1;
		tsc_shift++;
	}
	/* exact: from hz, not from what was shifted out of 'scaled' */
	if (tsc_shift < 0)
		numerator <<= -tsc_shift;
	else
		hz <<= tsc_shift;
	tsc_mul = (u32)div128(numerator >> 32, numerator << 32, hz);
}

/* A reading of the PM timer and of the TSC at the same moment. */
static u32 pm_read(u64 *tsc)
{
	u64 before, after, best = ~0UL;
	u32 i, value, result = 0;

	/* The narrowest of a few: an outer hypervisor may have come between. */
	for (i = 0; i < 5; i++) {
		before = rdtsc_ordered();
		value = inl(acpi.pm_timer_port);
		after = rdtsc_ordered();
		if (after - before < best) {
			best = after - before;
			*tsc = before + best / 2;
			result = value;
		}
	}
	return result & 0xffffff;
}

/* TSC and local APIC timer ticks a second, once; false without a PM timer. */
static bool sample_pm(u64 *tsc_hz, u64 *apic_hz)
{
	u64 tsc0, tsc1, spins = 0;
	u32 pm0, ticks, left0, left1;

	if (!acpi.pm_timer_port)
		return false;
	lapic_timer_count(0xffffffff);
	left0 = lapic_timer_left();
	pm0 = pm_read(&tsc0);
	do {
		ticks = (inl(acpi.pm_timer_port) - pm0) & 0xffffff;
		if (!ticks && ++spins > 100000)
			return false;
	} while (ticks < PM_TIMER_HZ * SAMPLE_MS / 1000);
	left1 = lapic_timer_left();
	ticks = (pm_read(&tsc1) - pm0) & 0xffffff;
	lapic_timer_count(0);
	*tsc_hz = (tsc1 - tsc0) * PM_TIMER_HZ / ticks;
	*apic_hz = (u64)(left0 - left1) * PM_TIMER_HZ / ticks;
	return true;
}

static bool sample_pit(u64 *tsc_hz, u64 *apic_hz)
{
	const u32 latch = PIT_HZ * SAMPLE_MS / 1000;
	u64 tsc0, tsc1, spins = 0;
	u32 left0, left1;

	/* Channel 2, mode 0: its output rises when the count has run down. */
	outb(PORT_B, (inb(PORT_B) & ~2) | 1);
	outb(PIT_COMMAND, 0xb0);
	outb(PIT_CHANNEL2, (u8)latch);
	lapic_timer_count(0xffffffff);
	left0 = lapic_timer_left();
	outb(PIT_CHANNEL2, (u8)(latch >> 8));
	tsc0 = rdtsc_ordered();
	while (!(inb(PORT_B) & 0x20))
		if (++spins > 10000000)
			return false;
	tsc1 = rdtsc_ordered();
	left1 = lapic_timer_left();
	lapic_timer_count(0);
	*tsc_hz = (tsc1 - tsc0) * 1000 / SAMPLE_MS;
	*apic_hz = (u64)(left0 - left1) * 1000 / SAMPLE_MS;
	return true;
}

static u64 median(u64 *v, u32 nr)
{
	u32 i, j;
	u64 t;

	for (i = 1; i < nr; i++) {
		for (j = i; j && v[j - 1] > v[j]; j--) {
			t = v[j];
			v[j] = v[j - 1];
			v[j - 1] = t;
		}
	}
	return v[nr / 2];
}

static void calibrate(void)
{
	u64 tsc[SAMPLES], apic[SAMPLES], tsc_hz, apic_hz;
	const char *source = "the ACPI PM timer";
	u32 i;

	for (i = 0; i < SAMPLES; i++) {
		if (sample_pm(&tsc[i], &apic[i]))
			continue;
		source = "the PIT";
		if (!sample_pit(&tsc[i], &apic[i]))
			boot_failure("neither the ACPI PM timer nor the PIT runs, so the speed of the TSC is unknown; turn one of them on in the firmware's set-up");
	}
	tsc_hz = median(tsc, SAMPLES);
	apic_hz = median(apic, SAMPLES);
	if (tsc_hz < 1000000 || apic_hz < 100000)
		boot_failure("impossible clock rates: TSC %lu Hz, local APIC %lu Hz",
			     tsc_hz, apic_hz);
	lapic_timer_set_rate((apic_hz << 32) / NS_PER_SEC);
	set_frequency(tsc_hz);
	log_info("TSC %lu.%03lu MHz%s, local APIC timer %lu.%03lu MHz, by %s; samples from %lu to %lu kHz",
		 tsc_hz / 1000000, tsc_hz / 1000 % 1000,
		 cpu_has.invariant_tsc ? "" : " (not said to be invariant)",
		 apic_hz / 1000000, apic_hz / 1000 % 1000, source,
		 tsc[0] / 1000, tsc[SAMPLES - 1] / 1000);
}

struct rtc {
	u32 second, minute, hour, day, month, year, century;
};

static u8 cmos_read(u8 index)
{
	outb(0x70, index);
	return inb(0x71);
}

static void rtc_read(struct rtc *r)
{
	u32 i;

	/* An update takes 2 ms at most: MC146818A data sheet. */
	for (i = 0; i < 10000 && cmos_read(0x0a) & 0x80; i++)
		;
	r->second = cmos_read(0);
	r->minute = cmos_read(2);
	r->hour = cmos_read(4);
	r->day = cmos_read(7);
	r->month = cmos_read(8);
	r->year = cmos_read(9);
	r->century = acpi.rtc_century ? cmos_read(acpi.rtc_century & 0x7f) : 0;
}

static u32 from_bcd(u32 v)
{
	return (v >> 4) * 10 + (v & 15);
}

/* Days since 1970-01-01 of a date in the Gregorian calendar. */
static u64 days_from_date(u32 year, u32 month, u32 day)
{
	/* years begin in March, so that a leap day is the last of one */
	u64 y = year - (month <= 2), era_year = y % 400;
	u64 yday = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;

	return y / 400 * 146097 + era_year * 365 + era_year / 4 -
		era_year / 100 + yday - 719468;
}

static u64 wall_now(void)
{
	struct rtc a, b;
	u32 i, status, pm;

	/* Twice the same is not in the middle of a change. */
	rtc_read(&b);
	for (i = 0; i < 10; i++) {
		a = b;
		rtc_read(&b);
		if (!memcmp(&a, &b, sizeof(a)))
			break;
	}
	status = cmos_read(0x0b);
	pm = b.hour & 0x80;
	b.hour &= 0x7f;
	if (!(status & 4)) {
		b.second = from_bcd(b.second);
		b.minute = from_bcd(b.minute);
		b.hour = from_bcd(b.hour);
		b.day = from_bcd(b.day);
		b.month = from_bcd(b.month);
		b.year = from_bcd(b.year);
		b.century = from_bcd(b.century);
	}
	if (!(status & 2))
		b.hour = b.hour % 12 + (pm ? 12 : 0);
	if (b.century < 19 || b.century > 30)
		b.century = 20;
	if (b.month < 1 || b.month > 12 || b.day < 1 || b.day > 31)
		return 0;
	return days_from_date(b.century * 100 + b.year, b.month, b.day) * 86400 +
		b.hour * 3600 + b.minute * 60 + b.second;
}

void time_init(void)
{
	tsc_start = rdtsc_ordered();
	calibrate();
	wall_boot = wall_now() - time_ns() / NS_PER_SEC;
}
