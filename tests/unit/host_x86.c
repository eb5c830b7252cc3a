// SPDX-License-Identifier: GPL-2.0-only
/*
 * What hypervisor/x86/ is to the rest, for the host: clocks that stand still, a
 * log that nobody reads, a gate and devices that are not there. All weak, as in
 * host_hv.c.
 */
#include "host_hv.h"

#include <stdlib.h>

#include "console.h"
#include "gate.h"
#include "machine.h"
#include "physdev.h"
#include "printk.h"
#include "time.h"
#include "traps.h"
#include "version.h"
#include "x86/cpu.h"
#include "x86/cpuid.h"

#define WEAK __attribute__((weak))

WEAK u64 host_time;
WEAK struct cpu_features cpu_has;
WEAK const char hv_version[] = "0", hv_compiler[] = "", hv_compile_date[] = "";
WEAK const char *const hv_cmdline = "";

WEAK u64 time_ns(void)
{
	return host_time;
}

WEAK u64 time_wall_boot(void)
{
	return 0;
}

WEAK void time_set_wall(u64 sec, u32 nsec)
{
	(void)sec;
	(void)nsec;
}

WEAK void time_fill(struct ringlet_time *t)
{
	t->tsc_khz = 1000;
}

WEAK u32 time_tsc_khz(void)
{
	return 1000;
}

WEAK void timer_hw_arm(u64 deadline_ns)
{
	(void)deadline_ns;
}

WEAK void log_line(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

WEAK size_t log_read(char *buf, size_t len, u64 *pos)
{
	memset(buf, 'x', len);
	*pos += len;
	return len;
}

WEAK void log_bounds(u64 *oldest, u64 *next)
{
	*oldest = 0;
	*next = 0;
}

WEAK void platform_console_write(const char *text, size_t len)
{
	(void)text;
	(void)len;
}

WEAK void machine_end(u32 reason)
{
	(void)reason;
	abort();
}

WEAK void machine_cpu_model(char *buf, size_t size)
{
	if (size)
		buf[0] = 0;
}

WEAK s64 physdev_map_gsi(u32 gsi, u32 flags)
{
	(void)gsi;
	(void)flags;
	return -ENODEV;
}

WEAK s64 physdev_map_msi(struct ringlet_msi *msi)
{
	(void)msi;
	return -ENOSPC;
}

WEAK s64 physdev_unmap(u32 pirq)
{
	(void)pirq;
	return -ENOENT;
}

WEAK s64 physdev_eoi(u32 pirq)
{
	(void)pirq;
	return -ENOENT;
}

WEAK s64 physdev_bind(struct domain *d, u32 pirq)
{
	(void)d;
	(void)pirq;
	return -ENOENT;
}

WEAK void pirq_unbind(u32 pirq)
{
	(void)pirq;
}

WEAK void gate_set_vcpu(struct pcpu *p, struct vcpu *v)
{
	(void)p;
	(void)v;
}

WEAK void gate_update(struct pcpu *p, struct vcpu *v)
{
	(void)p;
	(void)v;
}

WEAK void gate_load_descriptors(struct pcpu *p, const struct vcpu *v)
{
	(void)p;
	(void)v;
}

WEAK void gate_load_ldt(struct pcpu *p, const struct vcpu *v)
{
	(void)p;
	(void)v;
}

WEAK void gate_wipe_stacks(struct pcpu *p)
{
	(void)p;
}

WEAK u64 guest_rflags(const struct vcpu *v)
{
	return v->regs.rflags;
}

WEAK void guest_cpuid(struct vcpu *v, u32 leaf, u32 subleaf, u32 regs[4])
{
	(void)v;
	(void)leaf;
	(void)subleaf;
	memset(regs, 0, 16);
}

WEAK bool guest_rdmsr(struct vcpu *v, u32 msr, u64 *value)
{
	(void)v;
	(void)msr;
	*value = 0;
	return false;
}

WEAK bool guest_wrmsr(struct vcpu *v, u32 msr, u64 value)
{
	(void)v;
	(void)msr;
	(void)value;
	return false;
}

WEAK u32 xsave_order(void)
{
	return 1;
}

WEAK void xsave_init(void *area)
{
	(void)area;
}
