// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starting pCPUs, one after the other: SDM volume 3, 9.4.4.
 */
#include "x86/smp.h"

#include "domain.h"
#include "gate.h"
#include "lock.h"
#include "machine.h"
#include "panic.h"
#include "percpu.h"
#include "printk.h"
#include "ringlet/domctl.h"
#include "time.h"
#include "traps.h"
#include "x86/acpi.h"
#include "x86/boot.h"
#include "x86/cpu.h"
#include "x86/lapic.h"
#include "x86/paging.h"
#include "x86/platform.h"
#include "x86/vectors.h"

#define START_TIMEOUT_US	30000000	/* an emulator's CPU may wait for its host */
#define WARP_ROUNDS		2000
#define WARP_ACCEPTED_NS	1000
#define WORK_US			1000

struct pcpu pcpus[MAX_PCPUS];
u32 nr_pcpus;

extern const u8 trampoline_start[], trampoline_end[];
extern const u8 trampoline_cr3[], trampoline_stack[], trampoline_gdt_base[];
extern const u8 trampoline_far32[], trampoline_far64[];

static u64 trampoline_page;
static struct pcpu *starting;	/* the pCPU that is on its way up */
static u32 starting_uid;
static bool released;		/* all are up: go and schedule */
static bool stopping;

/* TSC comparison: both sides take turns under the lock. */
static struct spinlock warp_lock = SPINLOCK(LOCK_LOG);
static u64 warp_last, warp_max;
static bool warp_done;

u64 smp_trampoline_page(void)
{
	return trampoline_page;
}

bool this_pcpu_known(void)
{
	u64 selector;

	__asm__ volatile("str %0" : "=r"(selector));
	return selector & 0xfff8;
}

void smp_init_boot_pcpu(void)
{
	struct pcpu *p = &pcpus[0];

	p->hv_cr3 = paging_new_root();
	p->stack_top = paging_map_stack(0);
	sched_pcpu_init(p);
	timer_pcpu_init(p);
	p->online = true;
	nr_pcpus = 1;
}

/* One turn; what the other side read before must not be later. */
static void warp_turn(void)
{
	u64 now;

	lock_take(&warp_lock);
	now = rdtsc_ordered();
	if (now < warp_last)
		warp_max = MAX(warp_max, warp_last - now);
	warp_last = now;
	__atomic_store_n(&warp_lock.owner, (u16)(warp_lock.owner + 1),
			 __ATOMIC_RELEASE);
}

void smp_start(void)
{
	struct pcpu *p = starting;
	u32 i;

	cpu_init();
	write_cr3(p->hv_cr3);
	gate_init_pcpu(p);
	lapic_init(starting_uid);
	if (lapic_id() != p->apic_id)
		panic("CPU %u has APIC identifier %u, ACPI says %u", p->id,
		      lapic_id(), p->apic_id);
	for (i = 0; i < WARP_ROUNDS; i++)
		warp_turn();
	__atomic_store_n(&warp_done, true, __ATOMIC_RELEASE);
	__atomic_store_n(&p->online, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&released, __ATOMIC_ACQUIRE))
		cpu_relax();
	pcpu_start();
}

static void put32(const u8 *field, u64 value)
{
	u32 v = (u32)value;

	memcpy(phys_to_virt(trampoline_page + (u64)(field - trampoline_start)),
	       &v, sizeof(v));
}

static void put64(const u8 *field, u64 value)
{
	memcpy(phys_to_virt(trampoline_page + (u64)(field - trampoline_start)),
	       &value, sizeof(value));
}

/* Fields that hold offsets into the page become addresses. */
static void relocate(const u8 *field)
{
	u32 v;

	memcpy(&v, field, sizeof(v));
	put32(field, v + trampoline_page);
}

static void prepare_trampoline(void)
{
	trampoline_page = boot_low_page();
	memcpy(phys_to_virt(trampoline_page), trampoline_start,
	       (size_t)(trampoline_end - trampoline_start));
	relocate(trampoline_gdt_base);
	relocate(trampoline_far32);
	relocate(trampoline_far64);
	put32(trampoline_cr3, paging_map_trampoline(trampoline_page));
}

static bool wait_online(struct pcpu *p, u64 us)
{
	u64 end = time_ns() + us * NS_PER_US;

	while (!__atomic_load_n(&p->online, __ATOMIC_ACQUIRE)) {
		if (time_ns() > end)
			return false;
		if (!__atomic_load_n(&warp_done, __ATOMIC_ACQUIRE))
			warp_turn();
	}
	return true;
}

static bool start_pcpu(const struct acpi_cpu *cpu)
{
	struct pcpu *p = &pcpus[nr_pcpus];
	u8 page = (u8)(trampoline_page >> PAGE_SHIFT);

	p->id = nr_pcpus;
	p->apic_id = cpu->apic_id;
	sched_pcpu_init(p);
	timer_pcpu_init(p);
	p->hv_cr3 = paging_new_root();
	p->stack_top = paging_map_stack(p->id);
	put64(trampoline_stack, p->stack_top);
	warp_last = 0;
	warp_done = false;
	starting_uid = cpu->uid;
	__atomic_store_n(&starting, p, __ATOMIC_RELEASE);

	lapic_send_init(cpu->apic_id);
	time_delay_us(10000);
	lapic_send_startup(cpu->apic_id, page);
	if (!wait_online(p, 1000)) {
		lapic_send_startup(cpu->apic_id, page);
		if (!wait_online(p, START_TIMEOUT_US)) {
			/* Hold it, so that it does not come up later. */
			lapic_send_init(cpu->apic_id);
			log_warning("the CPU with APIC identifier %u did not start",
				    cpu->apic_id);
			return false;
		}
	}
	nr_pcpus++;
	return true;
}

static void report_warp(void)
{
	u64 ns = warp_max * 1000000 / time_tsc_khz();

	if (ns > WARP_ACCEPTED_NS)
		log_warning("TSCs of the CPUs differ by %lu ns or more: clocks may go backwards by that",
			    ns);
	else
		log_info("TSCs of the CPUs agree to %lu ns", ns);
}

void smp_init(u32 maxcpus)
{
	u32 limit = maxcpus ? MIN(maxcpus, (u32)MAX_PCPUS) : MAX_PCPUS;
	const struct acpi_cpu *cpu;
	u32 i, left_out = 0;

	prepare_trampoline();
	for (i = 0; i < acpi.nr_cpus; i++) {
		cpu = &acpi.cpus[i];
		if (cpu->apic_id == pcpus[0].apic_id)
			continue;
		if (nr_pcpus == limit || cpu->apic_id >= 0xff) {
			left_out++;
			continue;
		}
		/* A pCPU that hangs may still use its place: stop there. */
		if (!start_pcpu(cpu))
			break;
	}
	paging_unmap_trampoline();
	if (nr_pcpus > 1)
		report_warp();
	log_info("%u CPUs are up%s", nr_pcpus,
		 left_out ? ", others are left out" : "");
	if (left_out && !maxcpus)
		log_warning("%u CPUs are left out: Ringlet uses %u at most, with APIC identifiers below 255",
			    left_out, MAX_PCPUS);
	__atomic_store_n(&released, true, __ATOMIC_RELEASE);
}

void pcpu_kick(u32 pcpu)
{
	lapic_send_ipi(pcpus[pcpu].apic_id, VECTOR_KICK);
}

void smp_kicked(void)
{
	if (__atomic_load_n(&stopping, __ATOMIC_ACQUIRE))
		cpu_stop();
}

void smp_stop_others(void)
{
	u32 i, self;

	__atomic_store_n(&stopping, true, __ATOMIC_RELEASE);
	if (!this_pcpu_known())
		return;
	self = this_pcpu()->id;
	for (i = 0; i < nr_pcpus; i++) {
		if (i == self)
			continue;
		lapic_send_ipi(pcpus[i].apic_id, VECTOR_KICK);
		lapic_send_nmi(pcpus[i].apic_id);
	}
}

bool work_expired(void)
{
	return rdtsc() - this_pcpu()->entry_tsc >
		(u64)time_tsc_khz() * WORK_US / 1000;
}

void machine_end(u32 reason)
{
	if (reason == RINGLET_SHUTDOWN_REBOOT) {
		log_info("resetting the machine");
		platform_reboot();
	}
	if (reason == RINGLET_SHUTDOWN_CRASH ||
	    reason == RINGLET_SHUTDOWN_KILLED)
		panic("domain 0 has crashed");
	log_info("domain 0 has ended; the machine may be switched off");
	smp_stop_others();
	cpu_stop();
}
