// SPDX-License-Identifier: GPL-2.0-only
/* Sets of physical CPUs as text: see cpus.h. */
#include "cpus.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has(const struct rl_cpus *cpus, unsigned int cpu)
{
	return cpus->word[cpu / 64] >> cpu % 64 & 1;
}

/* A number at *p, which is moved behind it. */
static bool parse_cpu(const char **p, unsigned int *cpu, char *why,
		      size_t size)
{
	unsigned long value;
	char *end;

	if (!isdigit((unsigned char)**p)) {
		snprintf(why, size, "expected 'all', or numbers of CPUs as in '0-3,5,^2', at '%.20s'",
			 *p);
		return false;
	}
	value = strtoul(*p, &end, 10);
	if (value >= RL_CPUS_MAX) {
		snprintf(why, size, "CPU %.*s cannot exist: numbers go up to %d",
			 (int)(end - *p > 20 ? 20 : end - *p), *p,
			 RL_CPUS_MAX - 1);
		return false;
	}
	*cpu = (unsigned int)value;
	*p = end;
	return true;
}

/* "5", "0-3" or "all" at *p. */
static bool parse_part(const char **p, unsigned int *first, unsigned int *last,
		       char *why, size_t size)
{
	if (!strncmp(*p, "all", 3)) {
		*p += 3;
		*first = 0;
		*last = RL_CPUS_MAX - 1;
		return true;
	}
	if (!strncmp(*p, "node", 4)) {
		snprintf(why, size, "'node:' is not known: Ringlet does not tell NUMA nodes apart");
		return false;
	}
	if (!parse_cpu(p, first, why, size))
		return false;
	*last = *first;
	if (**p != '-')
		return true;
	++*p;
	if (!parse_cpu(p, last, why, size))
		return false;
	if (*last >= *first)
		return true;
	snprintf(why, size, "the range %u-%u ends before it begins", *first,
		 *last);
	return false;
}

bool rl_cpus_parse(const char *text, struct rl_cpus *cpus, char *why,
		   size_t size)
{
	static const struct rl_cpus none;
	unsigned int first, last;
	const char *p = text;
	bool without;

	*cpus = none;
	for (;;) {
		while (*p == ' ')
			p++;
		without = *p == '^';
		p += without;
		if (!parse_part(&p, &first, &last, why, size))
			return false;
		for (; first <= last; first++) {
			if (without)
				cpus->word[first / 64] &= ~(1ULL << first % 64);
			else
				cpus->word[first / 64] |= 1ULL << first % 64;
		}
		while (*p == ' ')
			p++;
		if (!*p)
			break;
		if (*p++ != ',') {
			snprintf(why, size, "expected ',' between CPUs at '%.20s'",
				 p - 1);
			return false;
		}
	}
	if (memcmp(cpus, &none, sizeof(none)))
		return true;
	snprintf(why, size, "'%.40s' names no CPU", text);
	return false;
}

bool rl_cpus_exist(const struct rl_cpus *cpus, unsigned int host)
{
	unsigned int cpu;

	/* Behind 'all' or 'all,^1' all that cannot exist are named. */
	for (cpu = host; cpu < RL_CPUS_MAX && has(cpus, cpu); cpu++)
		;
	if (cpu == RL_CPUS_MAX)
		return true;
	for (cpu = host; cpu < RL_CPUS_MAX; cpu++)
		if (has(cpus, cpu))
			return false;
	return true;
}

void rl_cpus_format(const struct rl_cpus *cpus, unsigned int host,
		    char out[RL_CPUS_LEN])
{
	unsigned int cpu, end, n = 0;

	for (cpu = 0; cpu < host && has(cpus, cpu); cpu++)
		;
	if (cpu == host) {
		strcpy(out, "all");
		return;
	}
	strcpy(out, "none");
	for (cpu = 0; cpu < host; cpu = end + 1) {
		for (end = cpu; end < host && has(cpus, end); end++)
			;
		if (end == cpu)
			continue;
		n += (unsigned int)sprintf(out + n, "%s%u", n ? "," : "", cpu);
		if (end > cpu + 1)
			n += (unsigned int)sprintf(out + n, "-%u", end - 1);
	}
}

const struct rl_cpus *rl_vcpu_cpus(const struct rl_vcpu_cpus *all,
				   unsigned int vcpu)
{
	if (!all->nr || (all->list && vcpu >= all->nr))
		return NULL;
	return &all->cpus[all->list ? vcpu : 0];
}
