/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the machine and the rest of the hypervisor are in unit tests. All of it is
 * weak: a test that is about one of these brings its own or the real one.
 */
#include "host_hv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "lock.h"
#include "panic.h"
#include "printk.h"
#include "shadow.h"

#define WEAK __attribute__((weak))

u8 *host_memory;
WEAK struct pcpu pcpus[MAX_PCPUS];
WEAK u32 nr_pcpus;
__thread u32 host_cpu;
u32 host_work;
u32 host_kicks;
u32 host_log_lines;
jmp_buf host_panic_jump;
bool host_panic_expected;
char host_panic_text[256];

static struct gate_roots root_caches[MAX_PCPUS];
static struct domain *domains[16];

WEAK struct pcpu *this_pcpu(void)
{
	return &pcpus[host_cpu];
}

static void end_test(const char *fmt, va_list ap)
{
	vsnprintf(host_panic_text, sizeof(host_panic_text), fmt, ap);
	if (host_panic_expected) {
		for (u32 i = 0; i < MAX_PCPUS; i++)
			pcpus[i].held_locks = 0;
		longjmp(host_panic_jump, 1);
	}
	fprintf(stderr, "panic: %s\n", host_panic_text);
	abort();
}

WEAK void domain_crash(struct domain *d, struct vcpu *v, const char *fmt, ...)
{
	va_list ap;

	(void)v;
	va_start(ap, fmt);
	vsnprintf(host_panic_text, sizeof(host_panic_text), fmt, ap);
	va_end(ap);
	d->shutdown = true;
	if (!host_panic_expected) {
		fprintf(stderr, "domain %u crashed: %s\n", d->id,
			host_panic_text);
		abort();
	}
}

WEAK void log_line(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
	host_log_lines++;
}

WEAK void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	end_test(fmt, ap);
	va_end(ap);
	abort();
}

WEAK void boot_failure(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	end_test(fmt, ap);
	va_end(ap);
	abort();
}

WEAK bool work_expired(void)
{
	return host_work && --host_work == 0;
}

WEAK void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

/* The other pCPU comes in at once, and leaves again. */
WEAK void pcpu_kick(u32 cpu)
{
	host_kicks++;
	if (pcpus[cpu].mode & 1)
		pcpus[cpu].mode += 2;
	pcpus[cpu].quiescent++;
}

WEAK struct domain *domain_find(struct domain *caller, u32 id)
{
	if (id == RINGLET_DOMID_SELF)
		return caller;
	return id < ARRAY_SIZE(domains) ? domains[id] : NULL;
}

WEAK bool platform_is_ram(u64 phys)
{
	return phys < HOST_MEMORY_MAX;
}

WEAK bool platform_mmio_denied(u64 phys)
{
	return phys >= 0xfec00000 && phys < 0xff000000;
}

WEAK void host_shadow_write(u64 *slot, u64 entry)
{
	(void)slot;
	(void)entry;
}

#ifdef CONFIG_DEBUG
WEAK void lock_check_acquire(const struct spinlock *l, bool second)
{
	u32 *held = &this_pcpu()->held_locks;
	u32 later = second ? ~1U << l->class : ~0U << l->class;

	if (*held & later)
		panic("lock of class %u taken while holding %x", l->class, *held);
	*held |= 1U << l->class;
}

WEAK void lock_check_release(const struct spinlock *l)
{
	this_pcpu()->held_locks &= ~(1U << l->class);
}

WEAK void lock_check_none(void)
{
	if (this_pcpu()->held_locks)
		panic("locks held: %x", this_pcpu()->held_locks);
}
#endif

void host_machine(u32 cpus)
{
	if (host_memory)
		munmap(host_memory, HOST_MEMORY_MAX);
	host_memory = mmap(NULL, HOST_MEMORY_MAX, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (host_memory == MAP_FAILED)
		abort();
	memset(pcpus, 0, sizeof(pcpus));
	memset(root_caches, 0, sizeof(root_caches));
	memset(domains, 0, sizeof(domains));
	nr_pcpus = cpus;
	for (u32 i = 0; i < cpus; i++) {
		pcpus[i].id = i;
		pcpus[i].online = true;
		pcpus[i].roots = &root_caches[i];
	}
	host_cpu = 0;
	host_work = 0;
	host_kicks = 0;
}

void host_machine_ram(u32 cpus, u64 size)
{
	struct mem_region ram = { 1UL << 20, size };

	host_machine(cpus);
	vtlb_setup(40);
	frame_init(&ram, 1, NULL, 0);
	for (u32 i = 0; i < cpus; i++)
		vtlb_pcpu_init(&pcpus[i]);
}

void host_quiesce(void)
{
	for (u32 i = 0; i < nr_pcpus; i++)
		pcpus[i].quiescent++;
}

struct domain *host_domain(u32 id, u32 vcpus, u64 max_pages, u64 quota,
			   bool identity)
{
	struct domain *d = calloc(1, sizeof(*d));

	d->id = id;
	d->control = identity;
	d->max_pages = max_pages;
	d->nr_vcpus = vcpus;
	lock_init(&d->lock, LOCK_DOMAIN);
	for (u32 i = 0; i < vcpus; i++) {
		struct vcpu *v = aligned_alloc(16, ALIGN_UP(sizeof(*v), 16));

		memset(v, 0, sizeof(*v));
		v->domain = d;
		v->id = i;
		v->online = true;
		v->page = calloc(1, sizeof(*v->page));
		v->root = GFN(~0UL);
		d->vcpus[i] = v;
	}
	if (p2m_init(d, identity) || vtlb_init(d, quota))
		abort();
	domains[id] = d;
	return d;
}

void host_domain_free(struct domain *d)
{
	domains[d->id] = NULL;
	for (u32 i = 0; i < d->nr_vcpus; i++) {
		free(d->vcpus[i]->page);
		free(d->vcpus[i]);
	}
	free(d);
}

void host_run(u32 cpu, struct domain *d, u32 n)
{
	u32 self = host_cpu;

	host_cpu = cpu;
	d->vcpus[n]->sched.on_pcpu = true;
	pcpus[cpu].current = d->vcpus[n];
	vtlb_enter(d->vcpus[n]);
	pcpus[cpu].mode |= 1;
	host_cpu = self;
}

void host_enter(u32 cpu)
{
	pcpus[cpu].mode += pcpus[cpu].mode & 1;
}

void host_idle(u32 cpu)
{
	u32 self = host_cpu;

	host_enter(cpu);
	host_cpu = cpu;
	if (pcpus[cpu].current) {
		vtlb_leave(pcpus[cpu].current);
		pcpus[cpu].current->sched.on_pcpu = false;
	}
	pcpus[cpu].current = NULL;
	host_cpu = self;
}
