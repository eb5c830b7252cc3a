// SPDX-License-Identifier: GPL-2.0-only
/* More vCPUs. */
#include "guest.h"

static struct {
	void (*fn)(void *arg);
	void *arg;
} jobs[MAX_CPUS];

extern const u8 cpu_entry[];
void cpu_exit(void);

static void cpu_main(void *arg)
{
	u64 n = (u64)arg;

	traps_init();
	jobs[n].fn(jobs[n].arg);
}

void cpu_exit(void)
{
	for (;;)
		ringlet_vcpu_down();
}

s64 cpu_start(u32 n, void (*fn)(void *arg), void *arg)
{
	struct ringlet_vcpu_context c;
	struct cpu *cpu = &cpus[n % MAX_CPUS];

	if (n >= MAX_CPUS)
		return -RINGLET_ENOENT;
	jobs[n].fn = fn;
	jobs[n].arg = arg;
	memset(&c, 0, sizeof(c));
	c.rip = (u64)cpu_entry;
	c.rdi = (u64)cpu_main;
	c.rsi = n;
	c.rsp = (u64)cpu->boot_stack + sizeof(cpu->boot_stack);
	c.rflags = 2;
	c.root = guest.root;
	c.kernel_sp = (u64)cpu->kernel_stack + sizeof(cpu->kernel_stack);
	c.df_stack = (u64)cpu->df_stack + sizeof(cpu->df_stack);
	return ringlet_vcpu_boot(n, &c);
}
