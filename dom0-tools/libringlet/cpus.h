/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sets of physical CPUs in the notation of xl(1) and xl.cfg(5): "0-3,^2", "all".
 */
#ifndef RL_CPUS_H
#define RL_CPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ringlet/abi.h>

#define RL_CPUS_MAX	256		/* as struct ringlet_affinity has */

struct rl_cpus {
	uint64_t word[RL_CPUS_MAX / 64];
};

/*
 * Parse a set; the parts add or, with ^, take away in the order in which they
 * stand. Returns false, with the reason in 'why' (size bytes), if it is not
 * understood or empty.
 */
bool rl_cpus_parse(const char *text, struct rl_cpus *cpus, char *why,
		   size_t size);

/* Is each CPU of 'cpus' below 'host', or is it all of them? */
bool rl_cpus_exist(const struct rl_cpus *cpus, unsigned int host);

/* Room for any set as text. */
#define RL_CPUS_LEN	(RL_CPUS_MAX * 4)

/*
 * A set as text, of a host with that many CPUs: "all", "none" or "0-1,3".
 */
void rl_cpus_format(const struct rl_cpus *cpus, unsigned int host,
		    char out[RL_CPUS_LEN]);

/* Sets of a domain's vCPUs: one for all, or a list with one for each. */
struct rl_vcpu_cpus {
	unsigned int nr;		/* 0: not restricted */
	bool list;			/* vCPUs behind it are not restricted */
	struct rl_cpus cpus[RINGLET_MAX_VCPUS];
};

/* The set of a vCPU, or NULL. */
const struct rl_cpus *rl_vcpu_cpus(const struct rl_vcpu_cpus *all,
				   unsigned int vcpu);

#endif /* RL_CPUS_H */
