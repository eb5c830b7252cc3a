// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls of domain 0 and of two other domains on two simulated pCPUs, with
 * page faults, hints, interrupts and time between them.
 *
 * The input is a program; see step(). After it no shadow maps what its domain does
 * not have, and when all domains but the control domain are gone, each frame is
 * accounted for. Left out are the few calls that work on the hardware.
 *
 * Each domain has its memory's first pages, or in domain 0 some pages of its own,
 * as an arena: page 0 is the root, pages 1 to 3 the tables below it, which map
 * the arena at 0; pages 4 to 7 are other roots.
 */
#include <stdio.h>
#include <stdlib.h>

/* For its list of domains, which each input begins anew. */
#include "../../hypervisor/domain.c"

#include "host_hv.h"
#include "hypercall-prototypes.h"
#include "hypercall.h"
#include "quiesce.h"
#include "ringlet/hypercall.h"
#include "x86/segments.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define RAM		(40UL << 20)
#define CPUS		2
#define ARENA		32		/* pages */
#define RESTARTS	20000
#define STEPS		400

extern u64 host_time;

static const char shapes[RINGLET_NR_HYPERCALLS][8] = {
#include "hypercall-shapes.h"
};

static const u8 *input, *input_end;
static bool kicked[CPUS];
static u32 expires;			/* work_expired() after so many calls */
static u64 dom0_arena;			/* its first gfn */
static u64 frames, hv_frames;		/* at the start; see accounted() */

/* --- Input --- */

static u8 byte(void)
{
	return input < input_end ? *input++ : 0;
}

static u64 number(u32 bytes)
{
	u64 n = 0;

	while (bytes--)
		n = n << 8 | byte();
	return n;
}

/* --- pCPUs --- */

static void enter(u32 cpu)
{
	host_cpu = cpu;
	pcpus[cpu].mode += pcpus[cpu].mode & 1;
}

/* What hv_return() does, but for what it delivers. */
static void leave(u32 cpu)
{
	struct pcpu *p = &pcpus[cpu];
	u32 turns;

	host_cpu = cpu;
	kicked[cpu] = false;
	for (turns = 0; turns < 100; turns++) {
		if (sched_needed() || !p->current) {
			struct vcpu *v = sched_pick(), *old = p->current;

			if (v != old) {
				if (old)
					vtlb_leave(old);
				p->current = v;
				if (v)
					vtlb_enter(v);
				if (old)
					sched_switch_done(old);
			}
		}
		if (p->current && READ_ONCE(p->current->page->hint_count))
			vtlb_hints(p->current);
		if (p->current && p2m_is_leaving(&p->current->domain->p2m) &&
		    p2m_leave(p->current->domain))
			domain_free_dead();
		if (!sched_needed())
			break;
	}
	lock_check_none();
	p->quiescent++;
	if (p->current)
		p->mode |= 1;
	else
		frame_reap();
}

void pcpu_kick(u32 cpu)
{
	kicked[cpu] = true;
}

/* Somebody waits for another pCPU: that one comes in, and leaves. */
void cpu_relax(void)
{
	u32 self = host_cpu, i;

	if (pcpus[self].held_locks)
		abort();
	for (i = 0; i < CPUS; i++) {
		if (i == self || !kicked[i])
			continue;
		enter(i);
		leave(i);
	}
	host_cpu = self;
}

bool work_expired(void)
{
	static u32 calls;

	return expires && ++calls % expires == 0;
}

/* --- Guests --- */

static u64 arena_of(const struct domain *d)
{
	return d->control ? dom0_arena : 0;
}

/* A page of the arena, if the domain still has it. */
static u64 *arena_page(struct domain *d, u32 n)
{
	struct p2m_entry e = p2m_lookup(d, GFN(arena_of(d) + n % ARENA));

	return e.flags ? mfn_to_virt(e.mfn) : NULL;
}

static void make_tables(struct domain *d)
{
	u64 flags = 0x67, base = arena_of(d) << PAGE_SHIFT, i;

	for (i = 0; i < 3; i++)
		arena_page(d, (u32)i)[0] = (base + ((i + 1) << PAGE_SHIFT)) |
					   flags;
	for (i = 0; i < ARENA; i++)
		arena_page(d, 3)[i] = (base + (i << PAGE_SHIFT)) | flags;
}

static u64 argument(struct vcpu *v, char kind)
{
	u8 choice = byte();

	if (choice >= 0xf0)
		return number(8);
	switch (kind) {
	case 'g':
		return choice & 0x80 ? choice :
		       (arena_of(v->domain) + choice % 16) << PAGE_SHIFT;
	case 'v':
		return (u64)choice << PAGE_SHIFT;
	case 'b':
		return (u64)(choice % ARENA) << PAGE_SHIFT |
		       (choice & 0x40 ? PAGE_SIZE - 16 : 0);
	case 'd':
		return choice & 0x40 ? RINGLET_DOMID_SELF : choice % 4;
	case 'q':
		return choice & 0x80 ? number(2) : choice;
	default:
		return choice % 40;
	}
}

static void fill_create(struct ringlet_domain_create *c)
{
	memset(c, 0, sizeof(*c));
	c->name[0] = 'a' + byte() % 4;
	c->vcpus = byte() % 5;
	c->weight = byte();
	c->max_pages = number(2) % 2048;
	c->shadow_pages = byte() * 2;
	c->reserved[0] = byte() == 255;
}

static void fill_context(struct domain *d, struct ringlet_vcpu_context *c)
{
	memset(c, 0, sizeof(*c));
	c->rip = number(2);
	c->rsp = number(2);
	c->root = (arena_of(d) + byte() % 8) << PAGE_SHIFT;
	c->user = byte() == 255;
}

static void fill_multicall(struct vcpu *v, struct ringlet_multicall *m)
{
	u32 i, k, n = byte() % 8;

	for (i = 0; i < n; i++) {
		m[i].nr = byte() % RINGLET_NR_HYPERCALLS;
		for (k = 0; k < 6; k++)
			m[i].args[k] = k + 1 < strlen(shapes[m[i].nr]) ?
				argument(v, shapes[m[i].nr][k + 1]) : 0;
	}
}

/* Page 9 of the arena gets what a call reads. */
static void fill_buffer(struct vcpu *v, u64 nr)
{
	void *page = arena_page(v->domain, 9);

	if (!page)
		return;
	if (nr == RINGLET_HC_domctl_create)
		fill_create(page);
	else if (nr == RINGLET_HC_vcpu_boot ||
		 nr == RINGLET_HC_domctl_set_context)
		fill_context(v->domain, page);
	else if (nr == RINGLET_HC_multicall)
		fill_multicall(v, page);
}

/* Calls that end the machine, or work on its registers. */
static bool left_out(u64 nr)
{
	switch (nr) {
	case RINGLET_HC_set_kernel_gs:
	case RINGLET_HC_load_gs:
	case RINGLET_HC_set_cpunode:
	case RINGLET_HC_set_debugreg:
	case RINGLET_HC_shutdown:
	case RINGLET_HC_vcpu_down:
	case RINGLET_HC_iret:
	case RINGLET_HC_sysctl_reboot:
		return true;
	default:
		return false;
	}
}

static bool multicall_ok(struct vcpu *v)
{
	struct ringlet_multicall *m = (void *)arena_page(v->domain, 9);
	u32 i;

	for (i = 0; m && i < PAGE_SIZE / sizeof(*m); i++)
		if (left_out(m[i].nr))
			return false;
	return m;
}

/* Call, and call again while it asks for that. */
static void call(u32 cpu, u64 nr, const u64 *a)
{
	struct vcpu *v = pcpus[cpu].current;
	u32 restarts = 0;
	u64 rip;

	v->regs.rdi = a[0];
	v->regs.rsi = a[1];
	v->regs.rdx = a[2];
	v->regs.r10 = a[3];
	v->regs.r8 = a[4];
	v->regs.r9 = a[5];
	do {
		if (++restarts > RESTARTS) {
			fprintf(stderr, "call %lu restarts for ever: rdi %lx rsi %lx rdx %lx\n",
				nr, v->regs.rdi, v->regs.rsi, v->regs.rdx);
			abort();
		}
		enter(cpu);
		v->regs.rax = nr;
		rip = v->regs.rip;
		hypercall(v);
		leave(cpu);
	} while (v->regs.rip != rip && pcpus[cpu].current == v);
	v->regs.rip = rip;
}

static void step_call(u32 cpu)
{
	struct vcpu *v = pcpus[cpu].current;
	u64 nr = byte() % RINGLET_NR_HYPERCALLS, a[6] = { 0 };
	u32 i, n = (u32)strlen(shapes[nr]) - 1;
	bool own = byte() & 1;

	if (left_out(nr))
		return;
	for (i = 0; i < n; i++) {
		a[i] = argument(v, shapes[nr][i + 1]);
		if (shapes[nr][i + 1] == 'b' && own) {
			fill_buffer(v, nr);
			a[i] = 9 << PAGE_SHIFT;
		}
	}
	if (nr == RINGLET_HC_multicall) {
		a[0] = 9 << PAGE_SHIFT;
		a[1] %= 64;
		if (!multicall_ok(v))
			return;
	}
	call(cpu, nr | (byte() == 255 ? RINGLET_HC_USER : 0), a);
}

/* The guest changes an entry of a table, or more of its memory. */
static void step_write(struct domain *d)
{
	u64 *page = arena_page(d, byte());
	u32 slot = byte() % 64;
	u64 choice = byte(), entry;

	if (!page || byte() == 255)
		return;
	entry = (arena_of(d) + choice % ARENA) << PAGE_SHIFT | byte();
	if (choice >= 0xe0)
		entry = number(8);
	page[slot] = entry;
}

static void step_fault(u32 cpu)
{
	struct vcpu *v = pcpus[cpu].current;
	u64 va = (u64)byte() << PAGE_SHIFT;
	u32 error;

	if (byte() >= 0xf0)
		va = number(8);
	enter(cpu);
	vtlb_fault(v, va, byte() & 0x17, &error);
	leave(cpu);
}

static void step_hints(struct vcpu *v)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		v->page->hints[i].va = number(2) << PAGE_SHIFT;
		v->page->hints[i].count = byte();
	}
	v->page->hint_count = byte();
}

static void step_time(u32 cpu)
{
	host_time += number(2) * 1000;
	enter(cpu);
	timer_expire();
	if (pcpus[cpu].current)
		vtlb_age(pcpus[cpu].current->domain);
	leave(cpu);
}

static void step(void)
{
	u8 op = byte();
	u32 cpu = op & 1, i;
	struct vcpu *v = pcpus[cpu].current;

	switch (v ? op >> 1 & 7 : 7) {
	case 0:
	case 1:
	case 2:
	case 3:
		step_call(cpu);
		break;
	case 4:
		step_write(v->domain);
		break;
	case 5:
		step_fault(cpu);
		break;
	case 6:
		step_hints(v);
		break;
	default:
		step_time(cpu);
		break;
	}
	for (i = 0; i < CPUS; i++) {
		if (!kicked[i])
			continue;
		enter(i);
		leave(i);
	}
}

/* --- Before and after --- */

/* A domain that runs, as the tools would make one. */
static void make_domain(char name, u32 vcpus)
{
	struct ringlet_domain_create c = {
		.name = { name }, .vcpus = vcpus, .max_pages = 1024,
	};
	struct ringlet_vcpu_context context = { .rip = 0x1000 };
	struct domain *d;

	if (domain_create(&c, RINGLET_DOMID_NONE, &d) ||
	    p2m_populate(d, GFN(0), ARENA, 0) != ARENA ||
	    domain_set_shared(d, GFN(ARENA)))
		abort();
	make_tables(d);
	if (vcpu_set_context(d->vcpus[0], &context))
		abort();
	d->vcpus[0]->online = true;
	sched_vcpu_online(d->vcpus[0]);
	d->pause_count = 0;
	sched_domain_unpause(d);
}

static void make_domain0(void)
{
	struct ringlet_domain_create c = { .name = "Domain-0", .vcpus = 2,
					   .max_pages = 4096 };
	struct ringlet_vcpu_context context = { .rip = 0x1000 };
	struct domain *d;
	u64 n = 0;

	if (domain_create(&c, RINGLET_DOMID_0, &d) ||
	    p2m_populate_identity(d, 512) != 512)
		abort();
	while (!p2m_is_table(p2m_lookup(d, GFN(n))))
		n++;
	dom0_arena = n;
	make_tables(d);
	context.root = n << PAGE_SHIFT;
	if (domain_set_shared(d, GFN(0)) ||
	    vcpu_set_context(d->vcpus[0], &context))
		abort();
	d->vcpus[0]->online = true;
	sched_vcpu_online(d->vcpus[0]);
	d->pause_count = 0;
	sched_domain_unpause(d);
}

/* Frames that are free, or known to be the hypervisor's or domain 0's. */
static u64 accounted(u64 *hv)
{
	struct domain *d = domain_next(0);
	u64 own = d->hv_pages + d->vtlb.pool_pages;
	u32 i;

	for (i = 0; i < 1000 && frame_limbo_pages(); i++) {
		host_quiesce();
		frame_reap();
	}
	*hv = frame_hv_pages() - own;
	return frame_free_pages() + frame_limbo_pages() + frame_hv_pages() +
	       d->pages;
}

static void begin(void)
{
	u32 i;

	host_machine_ram(CPUS, RAM);
	domains = NULL;
	next_id = RINGLET_DOMID_FIRST;
	for (i = 0; i < CPUS; i++) {
		sched_pcpu_init(&pcpus[i]);
		timer_pcpu_init(&pcpus[i]);
		kicked[i] = false;
	}
	expires = 0;
	make_domain0();
	frames = accounted(&hv_frames);
	make_domain('x', 2);
	make_domain('y', 1);
	for (i = 0; i < CPUS; i++)
		leave(i);
}

/* Domain 0 drops what it has mapped and asked for, and everybody else. */
static void end(void)
{
	struct domain *d, *dom0 = domain_next(0);
	u64 n, hv;
	s64 ret;
	u32 i;

	expires = 0;
	for (d = dom0; d; d = d->next)
		vtlb_audit(d);
	/* Nobody else runs: the caller of what follows is not one of them. */
	for (d = domain_next(1); d; d = d->next) {
		d->pause_count++;
		sched_domain_stop(d);
	}
	for (i = 0; i < CPUS; i++) {
		enter(i);
		leave(i);
	}
	enter(0);
	if (hc_sysctl_trace(dom0->vcpus[0], 0))
		abort();
	p2m_leave(dom0);
	for (n = 0; frame_valid(MFN(n)); n++)
		while (frame_refs(MFN(n)) &&
		       (p2m_lookup(dom0, GFN(n)).flags & P2M_FOREIGN))
			if (p2m_unmap_foreign(dom0, GFN(n), 1) != 1)
				abort();
	domain_free_dead();
	while ((d = domain_next(1))) {
		do {
			ret = domain_destroy(d);
			for (i = 0; i < CPUS; i++) {
				enter(i);
				leave(i);
			}
			enter(0);
		} while (ret == -ERESTART_HV);
		if (ret)
			abort();
	}
	n = accounted(&hv);
	if (n != frames || hv != hv_frames || dom0->foreign_refs ||
	    frame_limbo_pages()) {
		fprintf(stderr, "frames: %lu before, %lu now; the hypervisor's: %lu before, %lu now\n",
			frames, n, hv_frames, hv);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u32 steps;

	begin();
	input = data;
	input_end = data + size;
	expires = byte() % 16;
	for (steps = 0; input < input_end && steps < STEPS; steps++)
		step();
	end();
	return 0;
}
