// SPDX-License-Identifier: GPL-2.0-only
/* Simulated pCPUs for tests of the scheduler; see sched_sim.h. */
#include "sched_sim.h"

#include <stdlib.h>

u64 now, switches;
struct job jobs[MAX_VCPUS];
u32 nr_jobs;
struct domain *doms[MAX_VCPUS];
static u32 nr_doms;
static u64 armed[MAX_PCPUS];
static bool kicked[MAX_PCPUS];

u64 time_ns(void)
{
	return now;
}

void timer_hw_arm(u64 deadline_ns)
{
	armed[host_cpu] = deadline_ns;
}

void pcpu_kick(u32 cpu)
{
	kicked[cpu] = true;
}

void platform_console_write(const char *buf, size_t len)
{
	(void)buf;
	(void)len;
}

void pirq_unbind(u32 pirq)
{
	(void)pirq;
}

void machine(u32 cpus)
{
	host_machine(cpus);
	now = 1000 * MS;
	switches = 0;
	nr_jobs = 0;
	nr_doms = 0;
	memset(jobs, 0, sizeof(jobs));
	for (u32 i = 0; i < cpus; i++) {
		armed[i] = 0;
		kicked[i] = false;
		sched_pcpu_init(&pcpus[i]);
		timer_pcpu_init(&pcpus[i]);
	}
}

struct domain *dom(u32 weight, u32 vcpus)
{
	struct domain *d = calloc(1, sizeof(*d));

	d->id = nr_doms;
	d->nr_vcpus = vcpus;
	lock_init(&d->lock, LOCK_DOMAIN);
	sched_domain_init(d, weight);
	for (u32 i = 0; i < vcpus; i++) {
		struct vcpu *v = aligned_alloc(16, ALIGN_UP(sizeof(*v), 16));

		memset(v, 0, sizeof(*v));
		v->domain = d;
		v->id = i;
		v->page = calloc(1, sizeof(*v->page));
		d->vcpus[i] = v;
		sched_vcpu_init(v);
	}
	doms[nr_doms++] = d;
	return d;
}

struct job *job(struct vcpu *v, u64 run, u64 sleep)
{
	struct job *j = &jobs[nr_jobs++];

	*j = (struct job){ .v = v, .run = run, .sleep = sleep };
	sched_vcpu_online(v);
	return j;
}

void free_all(void)
{
	for (u32 i = 0; i < nr_doms; i++)
		host_domain_free(doms[i]);
}

static struct job *job_of(struct vcpu *v)
{
	for (u32 i = 0; i < nr_jobs; i++) {
		if (jobs[i].v == v)
			return &jobs[i];
	}
	abort();
}

void enter_on(u32 cpu)
{
	host_cpu = cpu;
	kicked[cpu] = true;
}

void hv_return_on(u32 cpu)
{
	struct pcpu *p = &pcpus[cpu];
	u32 turns = 0;

	host_cpu = cpu;
	while (sched_needed() || !p->current) {
		struct vcpu *prev = p->current, *v = sched_pick();

		if (v != prev) {
			p->current = v;
			switches++;
			if (prev)
				sched_switch_done(prev);
		}
		always(++turns < 100);
		if (!v && !sched_needed())
			break;
	}
	lock_check_none();
}

void step_cpu(u32 cpu)
{
	struct pcpu *p = &pcpus[cpu];
	bool entry = !p->current || kicked[cpu];
	struct job *j = p->current ? job_of(p->current) : NULL;

	host_cpu = cpu;
	kicked[cpu] = false;
	if (armed[cpu] && armed[cpu] <= now) {
		armed[cpu] = 0;
		timer_expire();
		entry = true;
	}
	if (j && j->sleep && j->done >= j->run) {
		j->done = 0;
		j->wake_at = now + j->sleep;
		j->v->page->pending = 0;
		sched_block(j->v);
		entry = true;
	}
	if (entry)
		hv_return_on(cpu);
	if (p->current) {
		j = job_of(p->current);
		j->done += STEP;
		j->ran += STEP;
	}
}

/*
 * Nobody is queued while a pCPU is idle on which he may run, and nobody runs
 * where he may not, once everybody got his interrupts.
 */
static void check_places(void)
{
	u32 idle = 0;

	for (u32 i = 0; i < nr_pcpus; i++) {
		if (kicked[i])
			return;
		if (pcpus[i].current)
			always(pcpus[i].current->sched.hard >> i & 1);
		else
			idle |= 1U << i;
	}
	for (u32 i = 0; i < nr_pcpus; i++)
		for (struct vcpu *v = pcpus[i].sched.queue; v; v = v->sched.next)
			always(!(v->sched.hard & idle));
}

void simulate(u64 length)
{
	u64 end = now + length;

	for (; now < end; now += STEP) {
		for (u32 i = 0; i < nr_jobs; i++) {
			struct job *j = &jobs[i];

			if (j->wake_at && j->wake_at <= now) {
				j->wake_at = 0;
				enter_on(i % nr_pcpus);
				j->v->page->pending = 1;
				sched_wake(j->v);
			}
		}
		for (u32 i = 0; i < nr_pcpus; i++)
			step_cpu(i);
		check_places();
		for (u32 i = 0; i < nr_jobs; i++) {
			struct job *j = &jobs[i];

			if (j->v->sched.state != SCHED_RUNNABLE)
				j->waited = 0;
			else
				j->waited += STEP;
			j->worst = MAX(j->worst, j->waited);
		}
	}
}
