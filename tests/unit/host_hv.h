/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Simulated machine for unit tests of the hypervisor: memory, pCPUs, panic.
 */
#ifndef HOST_HV_H
#define HOST_HV_H

#include <setjmp.h>

#include "domain.h"
#include "frame.h"
#include "percpu.h"
#include "types.h"
#include "vcpu.h"

/* Memory of the machine is sparse: what is not touched costs nothing. */
#define HOST_MEMORY_MAX (6UL << 30)

/* A fresh machine: 'cpus' pCPUs, zeroed memory, no frame table. */
void host_machine(u32 cpus);

/* The same with frame_init() for RAM [1 MiB, 1 MiB + size), and level-4 pages and
 * root caches for each pCPU. */
void host_machine_ram(u32 cpus, u64 size);

/* The pCPU that the calling thread is. */
extern __thread u32 host_cpu;

/* Every pCPU passes a quiescent point. */
void host_quiesce(void);

/* An empty domain with p2m and vTLB and 'vcpus' vCPUs; found by domain_find(). */
struct domain *host_domain(u32 id, u32 vcpus, u64 max_pages, u64 quota,
			   bool identity);
/* Free what the simulation allocated for it. */
void host_domain_free(struct domain *d);

/* Put vCPU n of d on a pCPU with its root, running: mode is odd. */
void host_run(u32 cpu, struct domain *d, u32 n);
/* That pCPU enters the hypervisor: mode is even. */
void host_enter(u32 cpu);
/* It goes idle. */
void host_idle(u32 cpu);

/* work_expired() answers true after this many calls; 0: never. */
extern u32 host_work;
/* Calls of pcpu_kick() so far, and lines logged. */
extern u32 host_kicks, host_log_lines;

/* Panics that a test expects: true if 'statement' panicked. */
extern jmp_buf host_panic_jump;
extern bool host_panic_expected;
extern char host_panic_text[256];

#define host_panics(statement) \
	({ \
		volatile bool panicked_ = true; \
		host_panic_expected = true; \
		if (!setjmp(host_panic_jump)) { \
			statement; \
			panicked_ = false; \
		} \
		host_panic_expected = false; \
		panicked_; \
	})

#endif /* HOST_HV_H */
