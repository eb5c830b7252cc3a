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
#define RINGLET_NR_HYPERCALLS               78

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

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_console_write), "D"((ringlet_u64)buf), "S"((ringlet_u64)len)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_console_read(void *buf, ringlet_u64 len)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_console_read), "D"((ringlet_u64)buf), "S"((ringlet_u64)len)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_trap_table(struct ringlet_trap *traps, ringlet_u32 count)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_set_trap_table), "D"((ringlet_u64)traps), "S"((ringlet_u64)count)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_entries(struct ringlet_entries *entries)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_set_entries), "D"((ringlet_u64)entries)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_df_stack(ringlet_u64 sp)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_set_df_stack), "D"((ringlet_u64)sp)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_kernel_gs(ringlet_u64 base)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_set_kernel_gs), "D"((ringlet_u64)base)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_load_root(ringlet_u64 root)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_load_root), "D"((ringlet_u64)root)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_kernel_root(ringlet_u64 root)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_set_kernel_root), "D"((ringlet_u64)root)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_root_dying(ringlet_u64 root)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_root_dying), "D"((ringlet_u64)root)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_root_destroy(ringlet_u64 root)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_root_destroy), "D"((ringlet_u64)root)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_flush(ringlet_u64 root, ringlet_u64 start, ringlet_u64 end, ringlet_u32 flags)
{
	ringlet_s64 ret;
	ringlet_u64 a3 = (ringlet_u64)flags;

	__asm__ volatile("movq %[a3], %%r10\n\t" RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_flush), "D"((ringlet_u64)root), "S"((ringlet_u64)start), "d"((ringlet_u64)end), [a3] "m"(a3)
		: "rcx", "r11", "memory", "cc", "r10");
	return ret;
}

static inline ringlet_s64 ringlet_load_gs(ringlet_u32 selector)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_load_gs), "D"((ringlet_u64)selector)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_tls(ringlet_u64 desc0, ringlet_u64 desc1, ringlet_u64 desc2)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_set_tls), "D"((ringlet_u64)desc0), "S"((ringlet_u64)desc1), "d"((ringlet_u64)desc2)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_cpunode(ringlet_u32 value)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_set_cpunode), "D"((ringlet_u64)value)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_debugreg(ringlet_u32 number, ringlet_u64 value)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_set_debugreg), "D"((ringlet_u64)number), "S"((ringlet_u64)value)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_get_debugreg(ringlet_u32 number, void *value)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_get_debugreg), "D"((ringlet_u64)number), "S"((ringlet_u64)value)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_cpuid(ringlet_u32 leaf, ringlet_u32 subleaf, void *out)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_cpuid), "D"((ringlet_u64)leaf), "S"((ringlet_u64)subleaf), "d"((ringlet_u64)out)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_rdmsr(ringlet_u32 msr, void *value)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_rdmsr), "D"((ringlet_u64)msr), "S"((ringlet_u64)value)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_wrmsr(ringlet_u32 msr, ringlet_u64 value)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_wrmsr), "D"((ringlet_u64)msr), "S"((ringlet_u64)value)
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

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_shutdown), "D"((ringlet_u64)reason)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_vcpu_boot(ringlet_u32 vcpu, struct ringlet_vcpu_context *context)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_vcpu_boot), "D"((ringlet_u64)vcpu), "S"((ringlet_u64)context)
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

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_vcpu_is_up), "D"((ringlet_u64)vcpu)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_timer(ringlet_u64 deadline)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_set_timer), "D"((ringlet_u64)deadline)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_alloc(ringlet_u32 domain, ringlet_u32 remote)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_alloc), "D"((ringlet_u64)domain), "S"((ringlet_u64)remote)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_bind_interdomain(ringlet_u32 remote, ringlet_u32 remote_port)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_bind_interdomain), "D"((ringlet_u64)remote), "S"((ringlet_u64)remote_port)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_bind_virq(ringlet_u32 virq, ringlet_u32 vcpu)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_bind_virq), "D"((ringlet_u64)virq), "S"((ringlet_u64)vcpu)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_bind_ipi(ringlet_u32 vcpu)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_bind_ipi), "D"((ringlet_u64)vcpu)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_bind_pirq(ringlet_u32 pirq)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_bind_pirq), "D"((ringlet_u64)pirq)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_bind_vcpu(ringlet_u32 port, ringlet_u32 vcpu)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_bind_vcpu), "D"((ringlet_u64)port), "S"((ringlet_u64)vcpu)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_close(ringlet_u32 port)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_close), "D"((ringlet_u64)port)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_send(ringlet_u32 port)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_send), "D"((ringlet_u64)port)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_unmask(ringlet_u32 port)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_unmask), "D"((ringlet_u64)port)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_evtchn_status(ringlet_u32 domain, ringlet_u32 port)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_evtchn_status), "D"((ringlet_u64)domain), "S"((ringlet_u64)port)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_multicall(struct ringlet_multicall *calls, ringlet_u32 count)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_multicall), "D"((ringlet_u64)calls), "S"((ringlet_u64)count)
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

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_pirq_map_gsi), "D"((ringlet_u64)gsi), "S"((ringlet_u64)flags)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_pirq_map_msi(struct ringlet_msi *msi)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_pirq_map_msi), "D"((ringlet_u64)msi)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_pirq_unmap(ringlet_u32 pirq)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_pirq_unmap), "D"((ringlet_u64)pirq)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_pirq_eoi(ringlet_u32 pirq)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_pirq_eoi), "D"((ringlet_u64)pirq)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_create(struct ringlet_domain_create *create)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_create), "D"((ringlet_u64)create)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_destroy(ringlet_u32 domain)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_destroy), "D"((ringlet_u64)domain)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_pause(ringlet_u32 domain)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_pause), "D"((ringlet_u64)domain)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_unpause(ringlet_u32 domain)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_unpause), "D"((ringlet_u64)domain)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_info(ringlet_u32 domain, struct ringlet_domain_info *info)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_info), "D"((ringlet_u64)domain), "S"((ringlet_u64)info)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_vcpu_info(ringlet_u32 domain, ringlet_u32 vcpu, struct ringlet_vcpu_info *info)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_vcpu_info), "D"((ringlet_u64)domain), "S"((ringlet_u64)vcpu), "d"((ringlet_u64)info)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_set_context(ringlet_u32 domain, ringlet_u32 vcpu, struct ringlet_vcpu_context *context)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_set_context), "D"((ringlet_u64)domain), "S"((ringlet_u64)vcpu), "d"((ringlet_u64)context)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_get_context(ringlet_u32 domain, ringlet_u32 vcpu, struct ringlet_vcpu_context *context)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_get_context), "D"((ringlet_u64)domain), "S"((ringlet_u64)vcpu), "d"((ringlet_u64)context)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_populate(ringlet_u32 domain, ringlet_u64 gfn, ringlet_u64 count, ringlet_u32 flags)
{
	ringlet_s64 ret;
	ringlet_u64 a3 = (ringlet_u64)flags;

	__asm__ volatile("movq %[a3], %%r10\n\t" RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_populate), "D"((ringlet_u64)domain), "S"((ringlet_u64)gfn), "d"((ringlet_u64)count), [a3] "m"(a3)
		: "rcx", "r11", "memory", "cc", "r10");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_set_shared(ringlet_u32 domain, ringlet_u64 gfn)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_set_shared), "D"((ringlet_u64)domain), "S"((ringlet_u64)gfn)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_map(ringlet_u32 domain, ringlet_u64 gfn, ringlet_u64 count, void *frames)
{
	ringlet_s64 ret;
	ringlet_u64 a3 = (ringlet_u64)frames;

	__asm__ volatile("movq %[a3], %%r10\n\t" RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_map), "D"((ringlet_u64)domain), "S"((ringlet_u64)gfn), "d"((ringlet_u64)count), [a3] "m"(a3)
		: "rcx", "r11", "memory", "cc", "r10");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_unmap(ringlet_u64 frame, ringlet_u64 count)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_unmap), "D"((ringlet_u64)frame), "S"((ringlet_u64)count)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_request(ringlet_u32 domain, ringlet_u32 request)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_request), "D"((ringlet_u64)domain), "S"((ringlet_u64)request)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_shutdown(ringlet_u32 domain, ringlet_u32 reason)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_shutdown), "D"((ringlet_u64)domain), "S"((ringlet_u64)reason)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_console_read(ringlet_u32 domain, void *buf, ringlet_u64 len)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_console_read), "D"((ringlet_u64)domain), "S"((ringlet_u64)buf), "d"((ringlet_u64)len)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_console_write(ringlet_u32 domain, void *buf, ringlet_u64 len)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_console_write), "D"((ringlet_u64)domain), "S"((ringlet_u64)buf), "d"((ringlet_u64)len)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_perf(ringlet_u32 domain, struct ringlet_perf *perf)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_perf), "D"((ringlet_u64)domain), "S"((ringlet_u64)perf)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_emulated(ringlet_u32 domain, struct ringlet_emulated *log, ringlet_u32 count)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_emulated), "D"((ringlet_u64)domain), "S"((ringlet_u64)log), "d"((ringlet_u64)count)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_sysctl_info(struct ringlet_sysinfo *info)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_sysctl_info), "D"((ringlet_u64)info)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_sysctl_dmesg(void *buf, ringlet_u64 len, ringlet_u64 position)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_sysctl_dmesg), "D"((ringlet_u64)buf), "S"((ringlet_u64)len), "d"((ringlet_u64)position)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_sysctl_dmesg_bounds(void *bounds)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_sysctl_dmesg_bounds), "D"((ringlet_u64)bounds)
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

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_sysctl_set_wallclock), "D"((ringlet_u64)sec), "S"((ringlet_u64)nsec)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_set_weight(ringlet_u32 domain, ringlet_u32 weight)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_set_weight), "D"((ringlet_u64)domain), "S"((ringlet_u64)weight)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_set_cap(ringlet_u32 domain, ringlet_u32 cap)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_set_cap), "D"((ringlet_u64)domain), "S"((ringlet_u64)cap)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_set_affinity(ringlet_u32 domain, ringlet_u32 vcpu, struct ringlet_affinity *affinity)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_set_affinity), "D"((ringlet_u64)domain), "S"((ringlet_u64)vcpu), "d"((ringlet_u64)affinity)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_get_affinity(ringlet_u32 domain, ringlet_u32 vcpu, struct ringlet_affinity *affinity)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_get_affinity), "D"((ringlet_u64)domain), "S"((ringlet_u64)vcpu), "d"((ringlet_u64)affinity)
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

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_vcpu_kick), "D"((ringlet_u64)vcpu)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_set_vcpus(ringlet_u32 domain, ringlet_u32 vcpus)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_set_vcpus), "D"((ringlet_u64)domain), "S"((ringlet_u64)vcpus)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_set_ldt(void *descriptors, ringlet_u32 count)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_set_ldt), "D"((ringlet_u64)descriptors), "S"((ringlet_u64)count)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_depopulate(ringlet_u32 domain, ringlet_u64 gfn, ringlet_u64 count, ringlet_u64 done)
{
	ringlet_s64 ret;
	ringlet_u64 a3 = (ringlet_u64)done;

	__asm__ volatile("movq %[a3], %%r10\n\t" RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_depopulate), "D"((ringlet_u64)domain), "S"((ringlet_u64)gfn), "d"((ringlet_u64)count), [a3] "m"(a3)
		: "rcx", "r11", "memory", "cc", "r10");
	return ret;
}

static inline ringlet_s64 ringlet_domctl_set_max_pages(ringlet_u32 domain, ringlet_u64 pages)
{
	ringlet_s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
		: "=a"(ret)
		: "0"((ringlet_s64)RINGLET_HC_domctl_set_max_pages), "D"((ringlet_u64)domain), "S"((ringlet_u64)pages)
		: "rcx", "r11", "memory", "cc");
	return ret;
}

#endif /* __ASSEMBLER__ */
#endif /* RINGLET_HYPERCALL_H */
