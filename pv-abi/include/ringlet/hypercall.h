/* SPDX-License-Identifier: MIT */
/*
 * Ringlet ABI: hypercall numbers and guest stubs. Made by pv-abi/gen.py from
 * pv-abi/hypercalls.tbl: change that file instead. What each call does and
 * returns: docs/hypercalls.md.
 */
#ifndef RINGLET_HYPERCALL_H
#define RINGLET_HYPERCALL_H

#include "domctl.h"
#include "event.h"
#include "memory.h"
#include "physdev.h"
#include "trace.h"
#include "x86.h"

#define RINGLET_HC_abi_version              0
#define RINGLET_HC_abi_features             1
#define RINGLET_HC_console_write            2
#define RINGLET_HC_console_read             3
#define RINGLET_HC_set_trap_table           4
#define RINGLET_HC_set_entries              5
#define RINGLET_HC_set_df_stack             6
#define RINGLET_HC_set_kernel_gs            7
#define RINGLET_HC_load_root                8
#define RINGLET_HC_set_kernel_root          9
#define RINGLET_HC_root_dying               10
#define RINGLET_HC_root_destroy             11
#define RINGLET_HC_flush                    12
#define RINGLET_HC_load_gs                  13
#define RINGLET_HC_set_tls                  14
#define RINGLET_HC_set_cpunode              15
#define RINGLET_HC_set_debugreg             16
#define RINGLET_HC_get_debugreg             17
#define RINGLET_HC_cpuid                    18
#define RINGLET_HC_rdmsr                    19
#define RINGLET_HC_wrmsr                    20
#define RINGLET_HC_block                    21
#define RINGLET_HC_yield                    22
#define RINGLET_HC_event_check              23
#define RINGLET_HC_shutdown                 24
#define RINGLET_HC_vcpu_boot                25
#define RINGLET_HC_vcpu_down                26
#define RINGLET_HC_vcpu_is_up               27
#define RINGLET_HC_set_timer                28
#define RINGLET_HC_evtchn_alloc             29
#define RINGLET_HC_evtchn_bind_interdomain  30
#define RINGLET_HC_evtchn_bind_virq         31
#define RINGLET_HC_evtchn_bind_ipi          32
#define RINGLET_HC_evtchn_bind_pirq         33
#define RINGLET_HC_evtchn_bind_vcpu         34
#define RINGLET_HC_evtchn_close             35
#define RINGLET_HC_evtchn_send              36
#define RINGLET_HC_evtchn_unmask            37
#define RINGLET_HC_evtchn_status            38
#define RINGLET_HC_multicall                39
#define RINGLET_HC_iret                     40
#define RINGLET_HC_pirq_map_gsi             41
#define RINGLET_HC_pirq_map_msi             42
#define RINGLET_HC_pirq_unmap               43
#define RINGLET_HC_pirq_eoi                 44
#define RINGLET_HC_domctl_create            45
#define RINGLET_HC_domctl_destroy           46
#define RINGLET_HC_domctl_pause             47
#define RINGLET_HC_domctl_unpause           48
#define RINGLET_HC_domctl_info              49
#define RINGLET_HC_domctl_vcpu_info         50
#define RINGLET_HC_domctl_set_context       51
#define RINGLET_HC_domctl_get_context       52
#define RINGLET_HC_domctl_populate          53
#define RINGLET_HC_domctl_set_shared        54
#define RINGLET_HC_domctl_map               55
#define RINGLET_HC_domctl_unmap             56
#define RINGLET_HC_domctl_request           57
#define RINGLET_HC_domctl_shutdown          58
#define RINGLET_HC_domctl_console_read      59
#define RINGLET_HC_domctl_console_write     60
#define RINGLET_HC_domctl_perf              61
#define RINGLET_HC_domctl_emulated          62
#define RINGLET_HC_sysctl_info              63
#define RINGLET_HC_sysctl_dmesg             64
#define RINGLET_HC_sysctl_dmesg_bounds      65
#define RINGLET_HC_sysctl_reboot            66
#define RINGLET_HC_sysctl_set_wallclock     67
#define RINGLET_HC_domctl_set_weight        68
#define RINGLET_HC_domctl_set_cap           69
#define RINGLET_HC_domctl_set_affinity      70
#define RINGLET_HC_domctl_get_affinity      71
#define RINGLET_HC_vcpu_wait                72
#define RINGLET_HC_vcpu_kick                73
#define RINGLET_HC_domctl_set_vcpus         74
#define RINGLET_HC_set_ldt                  75
#define RINGLET_HC_domctl_depopulate        76
#define RINGLET_HC_domctl_set_max_pages     77
#define RINGLET_HC_sysctl_trace             78
#define RINGLET_HC_sysctl_trace_read        79
#define RINGLET_NR_HYPERCALLS               80

/*
 * Set in the number when a kernel passes on a call of its user: pointers then
 * reach only memory that the guest's tables give to ring 3.
 */
#define RINGLET_HC_USER				0x80000000

#ifndef __ASSEMBLER__

struct ringlet_multicall {
	ringlet_u64 nr;
	ringlet_u64 args[6];
	ringlet_s64 ret;		/* [HV] */
};
RINGLET_ASSERT_SIZE(ringlet_multicall, 64);

/* How a stub gets to the hypercall page; a kernel may define its own way. */
#ifndef RINGLET_CALL_INSN
#define RINGLET_CALL_INSN "movabsq $0xffff800000000000, %%rcx\n\tcall *%%rcx"
#endif

static inline ringlet_s64 ringlet_abi_version(void)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_abi_version)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_abi_features(void)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_abi_features)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_console_write(void *buf, ringlet_u64 len)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)buf;
	ringlet_u64 a1 = (ringlet_u64)len;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_console_write)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_console_read(void *buf, ringlet_u64 len)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)buf;
	ringlet_u64 a1 = (ringlet_u64)len;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_console_read)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_trap_table(struct ringlet_trap *traps, ringlet_u32 count)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)traps;
	ringlet_u64 a1 = (ringlet_u64)count;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_set_trap_table)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_entries(struct ringlet_entries *entries)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)entries;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_set_entries)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_df_stack(ringlet_u64 sp)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)sp;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_set_df_stack)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_kernel_gs(ringlet_u64 base)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)base;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_set_kernel_gs)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_load_root(ringlet_u64 root)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)root;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_load_root)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_kernel_root(ringlet_u64 root)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)root;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_set_kernel_root)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_root_dying(ringlet_u64 root)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)root;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_root_dying)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_root_destroy(ringlet_u64 root)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)root;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_root_destroy)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_flush(ringlet_u64 root, ringlet_u64 start, ringlet_u64 end, ringlet_u32 flags)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)root;
	ringlet_u64 a1 = (ringlet_u64)start;
	ringlet_u64 a2 = (ringlet_u64)end;
	ringlet_u64 a3 = (ringlet_u64)flags;

	__asm__ volatile("movq %[a3], %%r10\n\t" RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1), "+d"(a2)
		: "0"((ringlet_s64)RINGLET_HC_flush), [a3] "m"(a3)
		: "rcx", "r11", "memory", "cc", "r10");
	return ret;
}

static inline ringlet_s64 ringlet_load_gs(ringlet_u32 selector)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)selector;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_load_gs)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_tls(ringlet_u64 desc0, ringlet_u64 desc1, ringlet_u64 desc2)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)desc0;
	ringlet_u64 a1 = (ringlet_u64)desc1;
	ringlet_u64 a2 = (ringlet_u64)desc2;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1), "+d"(a2)
		: "0"((ringlet_s64)RINGLET_HC_set_tls)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_cpunode(ringlet_u32 value)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)value;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_set_cpunode)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_debugreg(ringlet_u32 number, ringlet_u64 value)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)number;
	ringlet_u64 a1 = (ringlet_u64)value;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_set_debugreg)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_get_debugreg(ringlet_u32 number, void *value)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)number;
	ringlet_u64 a1 = (ringlet_u64)value;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_get_debugreg)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_cpuid(ringlet_u32 leaf, ringlet_u32 subleaf, void *out)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)leaf;
	ringlet_u64 a1 = (ringlet_u64)subleaf;
	ringlet_u64 a2 = (ringlet_u64)out;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1), "+d"(a2)
		: "0"((ringlet_s64)RINGLET_HC_cpuid)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_rdmsr(ringlet_u32 msr, void *value)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)msr;
	ringlet_u64 a1 = (ringlet_u64)value;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_rdmsr)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_wrmsr(ringlet_u32 msr, ringlet_u64 value)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)msr;
	ringlet_u64 a1 = (ringlet_u64)value;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_wrmsr)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_block(void)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_block)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_yield(void)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_yield)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_event_check(void)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_event_check)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_shutdown(ringlet_u32 reason)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)reason;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_shutdown)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_vcpu_boot(ringlet_u32 vcpu, struct ringlet_vcpu_context *context)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)vcpu;
	ringlet_u64 a1 = (ringlet_u64)context;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_vcpu_boot)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_vcpu_down(void)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_vcpu_down)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_vcpu_is_up(ringlet_u32 vcpu)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)vcpu;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_vcpu_is_up)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_timer(ringlet_u64 deadline)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)deadline;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_set_timer)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_alloc(ringlet_u32 domain, ringlet_u32 remote)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)remote;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_alloc)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_bind_interdomain(ringlet_u32 remote, ringlet_u32 remote_port)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)remote;
	ringlet_u64 a1 = (ringlet_u64)remote_port;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_bind_interdomain)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_bind_virq(ringlet_u32 virq, ringlet_u32 vcpu)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)virq;
	ringlet_u64 a1 = (ringlet_u64)vcpu;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_bind_virq)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_bind_ipi(ringlet_u32 vcpu)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)vcpu;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_bind_ipi)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_bind_pirq(ringlet_u32 pirq)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)pirq;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_bind_pirq)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_bind_vcpu(ringlet_u32 port, ringlet_u32 vcpu)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)port;
	ringlet_u64 a1 = (ringlet_u64)vcpu;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_bind_vcpu)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_close(ringlet_u32 port)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)port;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_close)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_send(ringlet_u32 port)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)port;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_send)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_unmask(ringlet_u32 port)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)port;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_unmask)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_status(ringlet_u32 domain, ringlet_u32 port)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)port;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_status)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_multicall(struct ringlet_multicall *calls, ringlet_u32 count)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)calls;
	ringlet_u64 a1 = (ringlet_u64)count;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_multicall)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_iret(void)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_iret)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_pirq_map_gsi(ringlet_u32 gsi, ringlet_u32 flags)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)gsi;
	ringlet_u64 a1 = (ringlet_u64)flags;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_pirq_map_gsi)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_pirq_map_msi(struct ringlet_msi *msi)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)msi;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_pirq_map_msi)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_pirq_unmap(ringlet_u32 pirq)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)pirq;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_pirq_unmap)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_pirq_eoi(ringlet_u32 pirq)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)pirq;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_pirq_eoi)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_create(struct ringlet_domain_create *create)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)create;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_domctl_create)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_destroy(ringlet_u32 domain)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_domctl_destroy)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_pause(ringlet_u32 domain)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_domctl_pause)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_unpause(ringlet_u32 domain)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_domctl_unpause)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_info(ringlet_u32 domain, struct ringlet_domain_info *info)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)info;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_domctl_info)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_vcpu_info(ringlet_u32 domain, ringlet_u32 vcpu, struct ringlet_vcpu_info *info)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)vcpu;
	ringlet_u64 a2 = (ringlet_u64)info;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1), "+d"(a2)
		: "0"((ringlet_s64)RINGLET_HC_domctl_vcpu_info)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_set_context(ringlet_u32 domain, ringlet_u32 vcpu, struct ringlet_vcpu_context *context)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)vcpu;
	ringlet_u64 a2 = (ringlet_u64)context;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1), "+d"(a2)
		: "0"((ringlet_s64)RINGLET_HC_domctl_set_context)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_get_context(ringlet_u32 domain, ringlet_u32 vcpu, struct ringlet_vcpu_context *context)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)vcpu;
	ringlet_u64 a2 = (ringlet_u64)context;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1), "+d"(a2)
		: "0"((ringlet_s64)RINGLET_HC_domctl_get_context)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_populate(ringlet_u32 domain, ringlet_u64 gfn, ringlet_u64 count, ringlet_u32 flags)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)gfn;
	ringlet_u64 a2 = (ringlet_u64)count;
	ringlet_u64 a3 = (ringlet_u64)flags;

	__asm__ volatile("movq %[a3], %%r10\n\t" RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1), "+d"(a2)
		: "0"((ringlet_s64)RINGLET_HC_domctl_populate), [a3] "m"(a3)
		: "rcx", "r11", "memory", "cc", "r10");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_set_shared(ringlet_u32 domain, ringlet_u64 gfn)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)gfn;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_domctl_set_shared)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_map(ringlet_u32 domain, ringlet_u64 gfn, ringlet_u64 count, void *frames)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)gfn;
	ringlet_u64 a2 = (ringlet_u64)count;
	ringlet_u64 a3 = (ringlet_u64)frames;

	__asm__ volatile("movq %[a3], %%r10\n\t" RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1), "+d"(a2)
		: "0"((ringlet_s64)RINGLET_HC_domctl_map), [a3] "m"(a3)
		: "rcx", "r11", "memory", "cc", "r10");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_unmap(ringlet_u64 frame, ringlet_u64 count)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)frame;
	ringlet_u64 a1 = (ringlet_u64)count;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_domctl_unmap)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_request(ringlet_u32 domain, ringlet_u32 request)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)request;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_domctl_request)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_shutdown(ringlet_u32 domain, ringlet_u32 reason)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)reason;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_domctl_shutdown)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_console_read(ringlet_u32 domain, void *buf, ringlet_u64 len)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)buf;
	ringlet_u64 a2 = (ringlet_u64)len;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1), "+d"(a2)
		: "0"((ringlet_s64)RINGLET_HC_domctl_console_read)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_console_write(ringlet_u32 domain, void *buf, ringlet_u64 len)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)buf;
	ringlet_u64 a2 = (ringlet_u64)len;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1), "+d"(a2)
		: "0"((ringlet_s64)RINGLET_HC_domctl_console_write)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_perf(ringlet_u32 domain, struct ringlet_perf *perf)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)perf;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_domctl_perf)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_emulated(ringlet_u32 domain, struct ringlet_emulated *log, ringlet_u32 count)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)log;
	ringlet_u64 a2 = (ringlet_u64)count;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1), "+d"(a2)
		: "0"((ringlet_s64)RINGLET_HC_domctl_emulated)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_sysctl_info(struct ringlet_sysinfo *info)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)info;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_sysctl_info)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_sysctl_dmesg(void *buf, ringlet_u64 len, ringlet_u64 position)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)buf;
	ringlet_u64 a1 = (ringlet_u64)len;
	ringlet_u64 a2 = (ringlet_u64)position;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1), "+d"(a2)
		: "0"((ringlet_s64)RINGLET_HC_sysctl_dmesg)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_sysctl_dmesg_bounds(void *bounds)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)bounds;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_sysctl_dmesg_bounds)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_sysctl_reboot(void)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_sysctl_reboot)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_sysctl_set_wallclock(ringlet_u64 sec, ringlet_u32 nsec)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)sec;
	ringlet_u64 a1 = (ringlet_u64)nsec;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_sysctl_set_wallclock)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_set_weight(ringlet_u32 domain, ringlet_u32 weight)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)weight;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_domctl_set_weight)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_set_cap(ringlet_u32 domain, ringlet_u32 cap)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)cap;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_domctl_set_cap)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_set_affinity(ringlet_u32 domain, ringlet_u32 vcpu, struct ringlet_affinity *affinity)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)vcpu;
	ringlet_u64 a2 = (ringlet_u64)affinity;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1), "+d"(a2)
		: "0"((ringlet_s64)RINGLET_HC_domctl_set_affinity)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_get_affinity(ringlet_u32 domain, ringlet_u32 vcpu, struct ringlet_affinity *affinity)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)vcpu;
	ringlet_u64 a2 = (ringlet_u64)affinity;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1), "+d"(a2)
		: "0"((ringlet_s64)RINGLET_HC_domctl_get_affinity)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_vcpu_wait(void)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_vcpu_wait)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_vcpu_kick(ringlet_u32 vcpu)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)vcpu;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_vcpu_kick)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_set_vcpus(ringlet_u32 domain, ringlet_u32 vcpus)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)vcpus;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_domctl_set_vcpus)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_ldt(void *descriptors, ringlet_u32 count)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)descriptors;
	ringlet_u64 a1 = (ringlet_u64)count;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_set_ldt)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_depopulate(ringlet_u32 domain, ringlet_u64 gfn, ringlet_u64 count, ringlet_u64 done)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)gfn;
	ringlet_u64 a2 = (ringlet_u64)count;
	ringlet_u64 a3 = (ringlet_u64)done;

	__asm__ volatile("movq %[a3], %%r10\n\t" RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1), "+d"(a2)
		: "0"((ringlet_s64)RINGLET_HC_domctl_depopulate), [a3] "m"(a3)
		: "rcx", "r11", "memory", "cc", "r10");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_set_max_pages(ringlet_u32 domain, ringlet_u64 pages)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)domain;
	ringlet_u64 a1 = (ringlet_u64)pages;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1)
		: "0"((ringlet_s64)RINGLET_HC_domctl_set_max_pages)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_sysctl_trace(ringlet_u64 events)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)events;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0)
		: "0"((ringlet_s64)RINGLET_HC_sysctl_trace)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_sysctl_trace_read(ringlet_u32 pcpu, void *position, struct ringlet_trace_event *events, ringlet_u32 count)
{
	ringlet_s64 ret;
	ringlet_u64 a0 = (ringlet_u64)pcpu;
	ringlet_u64 a1 = (ringlet_u64)position;
	ringlet_u64 a2 = (ringlet_u64)events;
	ringlet_u64 a3 = (ringlet_u64)count;

	__asm__ volatile("movq %[a3], %%r10\n\t" RINGLET_CALL_INSN
		: "=a"(ret), "+D"(a0), "+S"(a1), "+d"(a2)
		: "0"((ringlet_s64)RINGLET_HC_sysctl_trace_read), [a3] "m"(a3)
		: "rcx", "r11", "memory", "cc", "r10");
	return ret;
}

#endif /* __ASSEMBLER__ */
#endif /* RINGLET_HYPERCALL_H */
