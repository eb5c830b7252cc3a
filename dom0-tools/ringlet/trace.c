// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace: what the hypervisor does, as it does it, by the rings of its CPUs.
 *
 * Rings are read ten times a second. What is younger than the begin of a reading is
 * kept for the next one: other CPUs may have older events to come.
 */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ringlet/trace.h>

#define NS_PER_S	1000000000ULL
#define READ_NS		(100 * 1000 * 1000L)
#define PCPUS		256
#define NOBODY		0xffff

static const struct {
	const char *name, *group, *a, *b;
} kinds[] = {
#define KIND(name, group, a, b) { #name, #group, a, b },
	RINGLET_TRACE_EVENTS(KIND)
#undef KIND
};

static const char *const calls[] = {
#include "hypercall-names.h"
};

struct record {
	struct ringlet_trace_event event;
	uint32_t pcpu;
};

struct trace {
	struct rl rl;
	uint64_t mask;			/* events that are shown */
	long domain;			/* of this domain only; -1: all */
	unsigned long seconds;		/* 0: until interrupted */
	bool last;			/* what is in the rings, and no more */
	uint32_t pcpus;
	uint64_t position[PCPUS], lost;
	struct record *records;
	size_t nr, room;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* "name,group,...": a word that is neither is told to the user. */
static int set_events(const struct cmd_spec *cmd, struct trace *t, char *list)
{
	char *word, *rest = NULL;
	bool found;
	size_t i;

	t->mask = 0;
	for (word = strtok_r(list, ",", &rest); word;
	     word = strtok_r(NULL, ",", &rest)) {
		found = false;
		for (i = 0; i < RINGLET_NR_TRACE; i++) {
			if (strcmp(kinds[i].name, word) &&
			    strcmp(kinds[i].group, word) && strcmp(word, "all"))
				continue;
			t->mask |= 1ULL << i;
			found = true;
		}
		if (!found)
			return cli_usage(cmd, "there is no event '%s': 'ringlet trace --list' shows all",
					 word);
	}
	return CLI_OK;
}

static int list_events(void)
{
	size_t i;

	printf("%-15s %-10s %s\n", "Event", "Group", "Numbers");
	for (i = 0; i < RINGLET_NR_TRACE; i++)
		printf("%-15s %-10s %s; %s\n", kinds[i].name, kinds[i].group,
		       kinds[i].a, kinds[i].b);
	return CLI_OK;
}

/* Returns an exit code, or -1: go on. */
static int read_options(const struct cmd_spec *cmd, int argc, char **argv,
			struct trace *t, const char **domain)
{
	static const struct option options[] = {
		CLI_HELP,
		{ "events", required_argument, NULL, 'e' },
		{ "domain", required_argument, NULL, 'd' },
		{ "time", required_argument, NULL, 't' },
		{ "last", no_argument, NULL, 'l' },
		{ "list", no_argument, NULL, 'L' },
		CLI_END
	};
	int opt, status = CLI_OK;

	while ((opt = cli_option(cmd, argc, argv, ":he:d:t:l", options,
				 &status)) != -1) {
		switch (opt) {
		case 'e':
			status = set_events(cmd, t, optarg);
			break;
		case 'd':
			*domain = optarg;
			break;
		case 't':
			if (!cli_number(optarg, 1, 86400, &t->seconds))
				status = cli_usage(cmd, "the time must be 1 to 86400 seconds: it is '%s'",
						   optarg);
			break;
		case 'l':
			t->last = true;
			break;
		case 'L':
			return list_events();
		default:
			return status;
		}
		if (status)
			return status;
	}
	status = cli_count(cmd, argc, 0, 0);
	return status ? status : -1;
}

static bool keep(struct trace *t, uint32_t pcpu,
		 const struct ringlet_trace_event *e)
{
	struct record *more;

	if (!e->time || e->event >= RINGLET_NR_TRACE ||
	    !(t->mask >> e->event & 1) ||
	    (t->domain >= 0 && e->domain != t->domain))
		return true;
	if (t->nr == t->room) {
		t->room = 2 * t->room + 1024;
		more = realloc(t->records, t->room * sizeof(*more));
		if (!more)
			return false;
		t->records = more;
	}
	t->records[t->nr++] = (struct record){ *e, pcpu };
	return true;
}

/* All that a ring has. Returns an exit code. */
static int read_ring(struct trace *t, uint32_t pcpu)
{
	struct ringlet_trace_event events[RL_TRACE_READ];
	uint64_t from;
	int n, i;

	do {
		from = t->position[pcpu];
		n = rl_trace_read(&t->rl, pcpu, &t->position[pcpu], events);
		if (n < 0)
			return cli_fail("%s", t->rl.error);
		if (from)
			t->lost += t->position[pcpu] - from - (uint64_t)n;
		for (i = 0; i < n; i++)
			if (!keep(t, pcpu, &events[i]))
				return cli_fail("out of memory");
	} while (n == RL_TRACE_READ && !interrupted);
	return CLI_OK;
}

static int by_time(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	if (x->event.time != y->event.time)
		return x->event.time < y->event.time ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void print(const struct record *r)
{
	const struct ringlet_trace_event *e = &r->event;
	char who[24] = "-";

	if (e->domain != NOBODY)
		snprintf(who, sizeof(who), "d%uv%u", e->domain, e->vcpu);
	printf("%6llu.%09llu %3u %-8s %-15s",
	       (unsigned long long)(e->time / NS_PER_S),
	       (unsigned long long)(e->time % NS_PER_S), r->pcpu, who,
	       kinds[e->event].name);
	if (!strcmp(kinds[e->event].group, "hypercall"))
		printf(" %s", e->a < sizeof(calls) / sizeof(calls[0]) ?
		       calls[e->a] : "none");
	else
		printf(" 0x%llx", (unsigned long long)e->a);
	if (e->event == RINGLET_TRACE_hypercall_done)
		printf(" %lld\n", (long long)e->b);
	else
		printf(" 0x%llx\n", (unsigned long long)e->b);
}

/* What is older than 'until', in order; the rest is kept. */
static void print_until(struct trace *t, uint64_t until)
{
	size_t i;

	qsort(t->records, t->nr, sizeof(*t->records), by_time);
	for (i = 0; i < t->nr && t->records[i].event.time < until; i++)
		print(&t->records[i]);
	t->nr -= i;
	memmove(t->records, t->records + i, t->nr * sizeof(*t->records));
	fflush(stdout);
}

static int read_rings(struct trace *t)
{
	struct ringlet_sysinfo host;
	int status = CLI_OK;
	uint32_t i;

	if (rl_sysinfo(&t->rl, &host))
		return cli_fail("%s", t->rl.error);
	t->pcpus = host.pcpus < PCPUS ? host.pcpus : PCPUS;
	for (i = 0; i < t->pcpus && !status; i++)
		status = read_ring(t, i);
	if (!status)
		print_until(t, t->last ? ~0ULL : host.uptime);
	return status;
}

static int follow(struct trace *t)
{
	const struct timespec wait = { .tv_nsec = READ_NS };
	unsigned long readings = t->seconds * NS_PER_S / READ_NS;
	int status = CLI_OK;

	if (rl_trace(&t->rl, t->mask))
		return cli_fail("%s", t->rl.error);
	while (!status && !interrupted) {
		nanosleep(&wait, NULL);
		status = read_rings(t);
		if (t->seconds && !--readings)
			break;
	}
	print_until(t, ~0ULL);
	if (rl_trace(&t->rl, 0) && !status)
		status = cli_fail("%s", t->rl.error);
	if (t->lost)
		fprintf(stderr, "ringlet: warning: %llu events were overwritten before they were read: ask for fewer with -e\n",
			(unsigned long long)t->lost);
	return status;
}

int cmd_trace(const struct cmd_spec *cmd, int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = interrupt };
	struct trace t = { .mask = (1ULL << RINGLET_NR_TRACE) - 1, .domain = -1 };
	struct ringlet_domain_info d;
	const char *domain = NULL;
	int status = read_options(cmd, argc, argv, &t, &domain);

	if (status >= 0)
		return status;
	if (!cli_open(&t.rl))
		return CLI_FAILED;
	if (domain && rl_find_domain(&t.rl, domain, &d)) {
		status = cli_fail("%s", t.rl.error);
	} else {
		if (domain)
			t.domain = (long)d.domid;
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		status = t.last ? read_rings(&t) : follow(&t);
	}
	free(t.records);
	rl_close(&t.rl);
	return status;
}
