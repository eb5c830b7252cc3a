// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys on the console= device. Only the boot pCPU gets the device's interrupts,
 * so there is one caller.
 */
#include "console_input.h"

#include "console.h"
#include "domain.h"
#include "frame.h"
#include "gate.h"
#include "percpu.h"
#include "printk.h"
#include "x86/platform.h"

#define CTRL_A		0x01
#define SWITCH_COUNT	3

static u32 switch_seen;		/* Ctrl-A in a row */
static bool to_hypervisor;

static void dump_pcpus(void)
{
	const struct pcpu *p;
	const struct vcpu *v;
	u32 i;

	for (i = 0; i < nr_pcpus; i++) {
		p = &pcpus[i];
		/* Alive until we pass a quiescent point ourselves. */
		v = READ_ONCE(p->current);
		if (v)
			log_error("CPU %u: d%uv%u, mode %lu, quiescent %lu, idle %lu ms",
				  i, v->domain->id, v->id, READ_ONCE(p->mode),
				  READ_ONCE(p->quiescent),
				  READ_ONCE(p->idle_time) / 1000000);
		else
			log_error("CPU %u: idle, mode %lu, quiescent %lu, idle %lu ms",
				  i, READ_ONCE(p->mode),
				  READ_ONCE(p->quiescent),
				  READ_ONCE(p->idle_time) / 1000000);
	}
}

static void check_tables(void)
{
	const char *wrong;
	u64 va;
	u32 i;

	for (i = 0; i < nr_pcpus; i++) {
		wrong = gate_check(&pcpus[i], &va);
		if (wrong) {
			log_error("tables of CPU %u: %#lx is %s", i, va, wrong);
			return;
		}
	}
	log_error("tables of %u CPUs are as they should be", nr_pcpus);
}

static void hypervisor_key(char c)
{
	switch (c) {
	case 'h':
		log_error("keys: h help, d CPUs, m memory, t check tables, R reset the machine; Ctrl-A three times: back to domain 0");
		break;
	case 'd':
		dump_pcpus();
		break;
	case 'm':
		log_error("pages: %lu in all, %lu free, %lu waiting, %lu the hypervisor's",
			  frame_total_pages(), frame_free_pages(),
			  frame_limbo_pages(), frame_hv_pages());
		break;
	case 't':
		check_tables();
		break;
	case 'R':
		log_error("reset by key");
		platform_reboot();
	default:
		break;
	}
}

static void to_domain0(char c)
{
	struct domain *d = domain_find(NULL, RINGLET_DOMID_0);

	if (d)
		console_in_push(d, &c, 1);
}

void console_input(char c)
{
	if (c == CTRL_A) {
		if (++switch_seen == SWITCH_COUNT) {
			switch_seen = 0;
			to_hypervisor = !to_hypervisor;
			log_error("input goes to %s (Ctrl-A three times switches)",
				  to_hypervisor ? "the hypervisor, h for help" :
				  "domain 0");
			return;
		}
	} else {
		switch_seen = 0;
	}
	if (to_hypervisor)
		hypervisor_key(c);
	else
		to_domain0(c);
}
