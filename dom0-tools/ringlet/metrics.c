// SPDX-License-Identifier: GPL-2.0-only
/*
 * metrics: the host and its domains as Prometheus's text, for node_exporter's textfile
 * collector. Samples of one metric stand together, as that format wants it.
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NS_PER_S	1000000000ULL
#define PAGE_BYTES	4096ULL

struct subject {
	struct ringlet_domain_info info;
	struct ringlet_perf perf;
	struct ringlet_vcpu_info *vcpus;
	char name[2 * RINGLET_NAME_LEN];	/* as a label's value */
};

struct metrics {
	struct rl rl;
	FILE *out;
	struct ringlet_sysinfo host;
	struct subject *domains;
	size_t nr;
};

static const char *const counters[] = {
#define COUNTER(name, text) #name,
	RINGLET_PERF_COUNTERS(COUNTER)
#undef COUNTER
};

static const struct {
	const char *name;
	uint32_t flag;
} states[] = {
	{ "running", RINGLET_DOMF_RUNNING },
	{ "blocked", RINGLET_DOMF_BLOCKED },
	{ "paused", RINGLET_DOMF_PAUSED },
	{ "ended", RINGLET_DOMF_SHUTDOWN },
	{ "dying", RINGLET_DOMF_DYING },
};

/* --- What there is -------------------------------------------------------- */

static void escape(char *to, const char *from)
{
	for (; *from; from++) {
		if (*from == '"' || *from == '\\')
			*to++ = '\\';
		*to++ = *from;
	}
	*to = 0;
}

/* The rest of a domain; -ESRCH: it has gone meanwhile. */
static int ask_domain(struct rl *rl, struct subject *d)
{
	uint32_t i;
	int rc;

	escape(d->name, d->info.name);
	rc = rl_domain_perf(rl, d->info.domid, &d->perf);
	d->vcpus = calloc(d->info.vcpus + 1UL, sizeof(*d->vcpus));
	if (!d->vcpus)
		return rl_fail(rl, ENOMEM, "out of memory");
	for (i = 0; !rc && i < d->info.vcpus; i++) {
		rc = rl_vcpu_info(rl, d->info.domid, i, &d->vcpus[i]);
		if (rc == -ENOENT)	/* never brought up */
			rc = 0;
	}
	return rc;
}

static int ask(struct metrics *m)
{
	struct subject *more;
	uint32_t from = 0;
	int rc;

	if (rl_sysinfo(&m->rl, &m->host))
		return cli_fail("%s", m->rl.error);
	for (;;) {
		more = realloc(m->domains, (m->nr + 1) * sizeof(*more));
		if (!more)
			return cli_fail("out of memory");
		m->domains = more;
		more += m->nr;
		memset(more, 0, sizeof(*more));
		rc = rl_next_domain(&m->rl, from, &more->info);
		if (rc == -ESRCH)
			return CLI_OK;
		if (!rc) {
			from = more->info.domid + 1;
			rc = ask_domain(&m->rl, more);
		}
		if (!rc) {
			m->nr++;
			continue;
		}
		free(more->vcpus);
		if (rc != -ESRCH)
			return cli_fail("%s", m->rl.error);
	}
}

/* --- The text ------------------------------------------------------------- */

static void describe(struct metrics *m, const char *name, const char *type,
		     const char *help)
{
	fprintf(m->out, "# HELP ringlet_%s %s\n# TYPE ringlet_%s %s\n", name,
		help, name, type);
}

static void host_value(struct metrics *m, const char *name, const char *help,
		       uint64_t value)
{
	describe(m, name, "gauge", help);
	fprintf(m->out, "ringlet_%s %llu\n", name, (unsigned long long)value);
}

static void print_host(struct metrics *m)
{
	const struct ringlet_sysinfo *h = &m->host;
	char model[2 * sizeof(h->cpu_model)], version[2 * sizeof(h->version)];

	escape(model, h->cpu_model);
	escape(version, h->version);
	describe(m, "info", "gauge", "The hypervisor and its host.");
	fprintf(m->out, "ringlet_info{version=\"%s\",abi=\"%u\",cpu_model=\"%s\"} 1\n",
		version, h->abi_version, model);
	host_value(m, "boot_time_seconds", "When the hypervisor started, since 1970.",
		   h->boot_time);
	host_value(m, "cpus", "Physical CPUs.", h->pcpus);
	host_value(m, "domains", "Domains, with domain 0.", h->domains);
	host_value(m, "memory_bytes", "All memory of the host.",
		   h->total_pages * PAGE_BYTES);
	host_value(m, "memory_free_bytes", "Memory for new domains.",
		   h->free_pages * PAGE_BYTES);
	host_value(m, "memory_scrubbing_bytes", "Freed memory that is not free yet.",
		   h->scrub_pages * PAGE_BYTES);
	host_value(m, "memory_hypervisor_bytes", "The hypervisor's own memory.",
		   h->hv_pages * PAGE_BYTES);
}

/* Numbers of a domain that are one each. */
enum figure {
	VCPUS, VCPUS_ONLINE, MEMORY, MEMORY_MAX, SHADOW, SHADOW_MAX, OWN,
	WEIGHT, CAP, REFUSED, NR_FIGURES,
};

static const struct {
	const char *name, *type, *help;
} figures[NR_FIGURES] = {
	[VCPUS] = { "vcpus", "gauge", "Virtual CPUs that it can have." },
	[VCPUS_ONLINE] = { "vcpus_online", "gauge", "Virtual CPUs that are up." },
	[MEMORY] = { "memory_bytes", "gauge", "Memory that it has." },
	[MEMORY_MAX] = { "memory_max_bytes", "gauge", "Memory that it may have." },
	[SHADOW] = { "shadow_bytes", "gauge",
		     "Page tables that the hypervisor keeps for it." },
	[SHADOW_MAX] = { "shadow_max_bytes", "gauge", "Their quota." },
	[OWN] = { "hypervisor_bytes", "gauge",
		  "Other memory of the hypervisor spent on it." },
	[WEIGHT] = { "cpu_weight", "gauge", "Its share of CPU time." },
	[CAP] = { "cpu_cap_percent", "gauge",
		  "Limit of its CPU time, in percent of one CPU; 0: none." },
	[REFUSED] = { "console_refused_bytes_total", "counter",
		      "Console output that found no room." },
};

static uint64_t figure_of(const struct ringlet_domain_info *d, enum figure f)
{
	switch (f) {
	case VCPUS:
		return d->vcpus;
	case VCPUS_ONLINE:
		return d->vcpus_online;
	case MEMORY:
		return d->pages * PAGE_BYTES;
	case MEMORY_MAX:
		return d->max_pages * PAGE_BYTES;
	case SHADOW:
		return d->shadow_pages * PAGE_BYTES;
	case SHADOW_MAX:
		return d->shadow_quota * PAGE_BYTES;
	case OWN:
		return d->hv_pages * PAGE_BYTES;
	case WEIGHT:
		return d->weight;
	case CAP:
		return d->cap;
	case REFUSED:
		return d->console_refused;
	case NR_FIGURES:
		break;
	}
	return 0;
}

static void print_figures(struct metrics *m)
{
	char name[64];
	size_t i;
	int f;

	for (f = 0; f < NR_FIGURES; f++) {
		snprintf(name, sizeof(name), "domain_%s", figures[f].name);
		describe(m, name, figures[f].type, figures[f].help);
		for (i = 0; i < m->nr; i++)
			fprintf(m->out, "ringlet_%s{domain=\"%s\"} %llu\n", name,
				m->domains[i].name, (unsigned long long)
				figure_of(&m->domains[i].info, (enum figure)f));
	}
}

static void print_seconds(struct metrics *m, uint64_t ns)
{
	fprintf(m->out, "%llu.%09llu\n", (unsigned long long)(ns / NS_PER_S),
		(unsigned long long)(ns % NS_PER_S));
}

static void print_identity(struct metrics *m)
{
	const struct ringlet_domain_info *d;
	size_t i, k;

	describe(m, "domain_info", "gauge", "Identifier and UUID of a domain.");
	for (i = 0; i < m->nr; i++) {
		d = &m->domains[i].info;
		fprintf(m->out, "ringlet_domain_info{domain=\"%s\",domid=\"%u\",uuid=\"",
			m->domains[i].name, d->domid);
		for (k = 0; k < sizeof(d->uuid); k++)
			fprintf(m->out, "%s%02x", k == 4 || k == 6 || k == 8 ||
				k == 10 ? "-" : "", d->uuid[k]);
		fputs("\"} 1\n", m->out);
	}
	describe(m, "domain_state", "gauge", "1 for what a domain is at this moment.");
	for (i = 0; i < m->nr; i++)
		for (k = 0; k < sizeof(states) / sizeof(states[0]); k++)
			fprintf(m->out, "ringlet_domain_state{domain=\"%s\",state=\"%s\"} %d\n",
				m->domains[i].name, states[k].name,
				!!(m->domains[i].info.flags & states[k].flag));
	describe(m, "domain_start_time_seconds", "gauge",
		 "When it was made, since 1970.");
	for (i = 0; i < m->nr; i++)
		fprintf(m->out, "ringlet_domain_start_time_seconds{domain=\"%s\"} %llu\n",
			m->domains[i].name, (unsigned long long)
			(m->host.boot_time +
			 m->domains[i].info.created / NS_PER_S));
}

static void print_times(struct metrics *m)
{
	size_t i;

	describe(m, "domain_cpu_seconds_total", "counter",
		 "CPU time of all its virtual CPUs.");
	for (i = 0; i < m->nr; i++) {
		fprintf(m->out, "ringlet_domain_cpu_seconds_total{domain=\"%s\"} ",
			m->domains[i].name);
		print_seconds(m, m->domains[i].info.cpu_time);
	}
}

static void print_vcpu_time(struct metrics *m, const struct subject *d,
			    uint32_t vcpu, const char *state, uint64_t ns)
{
	fprintf(m->out, "ringlet_vcpu_seconds_total{domain=\"%s\",vcpu=\"%u\",state=\"%s\"} ",
		d->name, vcpu, state);
	print_seconds(m, ns);
}

static void print_vcpus(struct metrics *m)
{
	const struct ringlet_vcpu_info *v;
	const struct subject *d;
	uint32_t k;
	size_t i;

	describe(m, "vcpu_seconds_total", "counter",
		 "Time of a virtual CPU: running, waiting for a CPU (runnable), or idle (blocked).");
	for (i = 0; i < m->nr; i++) {
		d = &m->domains[i];
		for (k = 0; k < d->info.vcpus; k++) {
			v = &d->vcpus[k];
			print_vcpu_time(m, d, k, "running", v->time_running);
			print_vcpu_time(m, d, k, "runnable", v->time_runnable);
			print_vcpu_time(m, d, k, "blocked", v->time_blocked);
		}
	}
}

static void print_counters(struct metrics *m)
{
	uint64_t khz = m->host.tsc_khz ? m->host.tsc_khz : 1, ticks;
	size_t i;
	int k;

	describe(m, "domain_events_total", "counter",
		 "What it made the hypervisor do: see 'ringlet perf'.");
	for (i = 0; i < m->nr; i++)
		for (k = 0; k < RINGLET_NR_PERF; k++)
			if (k != RINGLET_PERF_hv_longest)
				fprintf(m->out, "ringlet_domain_events_total{domain=\"%s\",event=\"%s\"} %llu\n",
					m->domains[i].name, counters[k],
					(unsigned long long)
					m->domains[i].perf.count[k]);
	describe(m, "domain_longest_entry_seconds", "gauge",
		 "The longest time that it spent in the hypervisor at once.");
	for (i = 0; i < m->nr; i++) {
		ticks = m->domains[i].perf.count[RINGLET_PERF_hv_longest];
		fprintf(m->out, "ringlet_domain_longest_entry_seconds{domain=\"%s\"} ",
			m->domains[i].name);
		print_seconds(m, (uint64_t)((double)ticks * 1e6 / (double)khz));
	}
}

static void print_all(struct metrics *m)
{
	print_host(m);
	print_identity(m);
	print_times(m);
	print_figures(m);
	print_vcpus(m);
	print_counters(m);
}

/* Into a new file that takes the place of 'path' when it is complete. */
static int print_to(struct metrics *m, const char *path)
{
	char fresh[4096];
	bool ok;

	if ((size_t)snprintf(fresh, sizeof(fresh), "%s.%d", path,
			     (int)getpid()) >= sizeof(fresh))
		return cli_fail("the name of the file is too long");
	m->out = fopen(fresh, "wxe");
	if (!m->out)
		return cli_fail("cannot write %s: %s", fresh, strerror(errno));
	print_all(m);
	ok = !fchmod(fileno(m->out), 0644) && !ferror(m->out);
	if (fclose(m->out) || !ok || rename(fresh, path)) {
		cli_fail("cannot write %s: %s", path, strerror(errno));
		unlink(fresh);
		return CLI_FAILED;
	}
	return CLI_OK;
}

int cmd_metrics(const struct cmd_spec *cmd, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_HELP,
		{ "output", required_argument, NULL, 'o' },
		CLI_END
	};
	struct metrics m = { .out = stdout };
	const char *path = NULL;
	int opt, status;
	size_t i;

	while ((opt = cli_option(cmd, argc, argv, ":ho:", options, &status)) !=
	       -1) {
		if (opt != 'o')
			return status;
		path = optarg;
	}
	status = cli_count(cmd, argc, 0, 0);
	if (status)
		return status;
	if (!cli_open(&m.rl))
		return CLI_FAILED;
	status = ask(&m);
	if (!status && path)
		status = print_to(&m, path);
	else if (!status)
		print_all(&m);
	for (i = 0; i < m.nr; i++)
		free(m.domains[i].vcpus);
	free(m.domains);
	rl_close(&m.rl);
	return status;
}
