/* SPDX-License-Identifier: MIT */
/*
 * Ringlet ABI: control of domains and of the host, for the control domain.
 */
#ifndef RINGLET_DOMCTL_H
#define RINGLET_DOMCTL_H

#include "abi.h"

/* Reasons of the shutdown hypercall, and 'reason' of an ended domain. */
#define RINGLET_SHUTDOWN_POWEROFF	0
#define RINGLET_SHUTDOWN_REBOOT		1
#define RINGLET_SHUTDOWN_SUSPEND	2	/* reserved: refused with EINVAL */
#define RINGLET_SHUTDOWN_CRASH		3	/* the guest says so (panic) */
#define RINGLET_SHUTDOWN_KILLED		4	/* the hypervisor crashed it */

/* Bits of ringlet_domain_info.flags. */
#define RINGLET_DOMF_RUNNING		0x01	/* a vCPU is on a pCPU */
#define RINGLET_DOMF_BLOCKED		0x02	/* every vCPU waits for an event */
#define RINGLET_DOMF_PAUSED		0x04	/* by domctl_pause, or not started */
#define RINGLET_DOMF_SHUTDOWN		0x08	/* ended, 'reason' says how */
#define RINGLET_DOMF_DYING		0x10	/* being destroyed */

/* Flags of domctl_populate. */
#define RINGLET_POPULATE_4K		0x1	/* never use 2 MiB frames */

/* Console buffers of a domain, bytes. */
#define RINGLET_CONSOLE_OUT		16384
#define RINGLET_CONSOLE_IN		2048

#ifndef __ASSEMBLER__

/* Argument of domctl_create. */
struct ringlet_domain_create {
	char name[RINGLET_NAME_LEN];	/* not empty, NUL-terminated, printable
					   ASCII without space or '/', unique */
	ringlet_u8 uuid[16];
	ringlet_u32 vcpus;		/* 1 to RINGLET_MAX_VCPUS */
	ringlet_u32 weight;		/* 1 to 65535; 0 = 256 */
	ringlet_u64 max_pages;		/* most memory it may have, 4 KiB pages */
	ringlet_u64 shadow_pages;	/* quota of shadow pages; 0 = by size */
	ringlet_u32 flags;		/* must be 0 */
	ringlet_u32 reserved[9];
};
RINGLET_ASSERT_SIZE(ringlet_domain_create, 144);

/* Result of domctl_info. */
struct ringlet_domain_info {
	char name[RINGLET_NAME_LEN];
	ringlet_u8 uuid[16];
	ringlet_u32 domid;
	ringlet_u32 flags;		/* RINGLET_DOMF_* */
	ringlet_u32 reason;		/* RINGLET_SHUTDOWN_*, if SHUTDOWN */
	ringlet_u32 vcpus;		/* as created */
	ringlet_u32 vcpus_online;
	ringlet_u32 weight;
	ringlet_u64 max_pages;
	ringlet_u64 pages;		/* frames it owns */
	ringlet_u64 shadow_pages;	/* shadow pages in use */
	ringlet_u64 shadow_quota;
	ringlet_u64 hv_pages;		/* other hypervisor frames spent on it */
	ringlet_u64 foreign_refs;	/* its frames that others have mapped */
	ringlet_u64 cpu_time;		/* ns, all vCPUs */
	ringlet_u64 created;		/* ns since the hypervisor started */
	ringlet_u64 shared_gfn;		/* the shared page */
	ringlet_u64 console_refused;	/* bytes of output that found no room */
	char why[RINGLET_REASON_LEN];	/* KILLED: the reason, in words */
	ringlet_u32 cap;		/* percent of one pCPU; 0 = none */
	ringlet_u32 reserved0;
	ringlet_u64 reserved[5];
};
RINGLET_ASSERT_SIZE(ringlet_domain_info, 392);

/* Result of domctl_vcpu_info. */
struct ringlet_vcpu_info {
	ringlet_u32 vcpu;
	ringlet_u32 online;		/* 1 = brought up */
	ringlet_u32 running;		/* 1 = on a pCPU now */
	ringlet_u32 blocked;
	ringlet_u32 pcpu;		/* where it runs, or ran last */
	ringlet_u32 reserved0;
	ringlet_u64 time_running;	/* ns */
	ringlet_u64 time_runnable;
	ringlet_u64 time_blocked;
	ringlet_u64 reserved1;
};
RINGLET_ASSERT_SIZE(ringlet_vcpu_info, 56);

/*
 * Argument of domctl_set_affinity, result of domctl_get_affinity: a bit for each
 * pCPU, pCPU 0 is bit 0 of the first word.
 */
struct ringlet_affinity {
	ringlet_u64 hard[4];		/* where the vCPU may run */
	ringlet_u64 soft[4];		/* which of these it prefers */
};
RINGLET_ASSERT_SIZE(ringlet_affinity, 64);

/* Result of sysctl_info. */
struct ringlet_sysinfo {
	ringlet_u32 abi_version;
	ringlet_u32 pcpus;
	ringlet_u64 features;
	ringlet_u64 total_pages;	/* all RAM the hypervisor found */
	ringlet_u64 free_pages;		/* for new domains */
	ringlet_u64 scrub_pages;	/* waiting to be scrubbed */
	ringlet_u64 hv_pages;		/* the hypervisor's own */
	ringlet_u64 uptime;		/* ns */
	ringlet_u64 boot_time;		/* seconds since 1970 UTC */
	ringlet_u32 tsc_khz;
	ringlet_u32 domains;
	char version[64];
	char compiler[64];
	char compile_date[32];
	char cmdline[256];
	char cpu_model[64];
	ringlet_u64 reserved[8];
};
RINGLET_ASSERT_SIZE(ringlet_sysinfo, 616);

/*
 * Counters of domctl_perf, one u64 each. X(name, what it counts): the index of
 * a name is its place here; new ones are added at the end.
 */
#define RINGLET_PERF_COUNTERS(X) \
	X(hv_entries, "entries into the hypervisor proper") \
	X(hypercalls, "hypercalls, without those the gate finished") \
	X(iret_slow, "returns the gate passed on") \
	X(load_root_miss, "root loads that missed the root cache") \
	X(faults, "page faults") \
	X(fills, "faults answered by a fill") \
	X(fill_pages, "shadow entries filled") \
	X(hint_pages, "shadow entries filled by hints") \
	X(faults_forwarded, "page faults delivered to the guest") \
	X(exceptions, "other exceptions delivered") \
	X(flushes, "flushes of ranges") \
	X(flush_pages, "shadow entries, and whole tables of them, dropped by flushes") \
	X(shootdowns, "flushes that interrupted another pCPU") \
	X(evictions, "roots or subtrees evicted for want of shadow pages") \
	X(events_sent, "events sent") \
	X(upcalls, "event upcalls delivered") \
	X(interrupts, "interrupts taken while it ran") \
	X(timers, "timers expired") \
	X(context_switches, "times a vCPU was put on a pCPU") \
	X(emulated_io, "port accesses decoded in #GP") \
	X(emulated_other, "other instructions decoded in #GP") \
	X(msr_unknown, "reads and writes of unknown MSRs") \
	X(hv_longest, "most TSC ticks in the hypervisor at once")

enum ringlet_perf_index {
#define RINGLET_PERF_ENUM(name, text) RINGLET_PERF_##name,
	RINGLET_PERF_COUNTERS(RINGLET_PERF_ENUM)
#undef RINGLET_PERF_ENUM
	RINGLET_NR_PERF
};

struct ringlet_perf {
	ringlet_u64 count[64];		/* [RINGLET_PERF_*]; the rest is 0 */
};
RINGLET_ASSERT_SIZE(ringlet_perf, 512);

/*
 * Emulation log of domctl_emulated: addresses of the instructions that #GP
 * decoded, first come first kept.
 */
struct ringlet_emulated {
	ringlet_u64 rip;
	ringlet_u64 count;
	ringlet_u8 bytes[15];		/* the instruction */
	ringlet_u8 length;
};
RINGLET_ASSERT_SIZE(ringlet_emulated, 32);
#define RINGLET_EMULATED_MAX		64

#endif /* __ASSEMBLER__ */
#endif /* RINGLET_DOMCTL_H */
