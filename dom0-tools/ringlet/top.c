// SPDX-License-Identifier: GPL-2.0-only
/*
 * top: what domains use of the host, again and again. Columns are those of
 * xentop(1) that Ringlet has.
 *
 * The figures of one table are differences to the one before; of the first one,
 * to the start of each domain.
 */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <json-c/json.h>

#define NS_PER_S	1000000000ULL
#define DELAY_MAX	86400		/* s */

/* CPU time of a domain at one moment. */
struct sample {
	uint32_t domid;
	uint64_t cpu_time, at;
};

struct top {
	struct rl rl;
	bool batch, json;
	double delay;			/* s */
	unsigned long tables;		/* 0: until interrupted */
	struct ringlet_sysinfo host;
	struct ringlet_domain_info *domains;
	struct sample *samples;		/* of the last table */
	size_t nr, nr_samples, room;
};

static int read_options(const struct cmd_spec *cmd, int argc, char **argv,
			struct top *t)
{
	static const struct option options[] = {
		CLI_HELP, CLI_JSON,
		{ "batch", no_argument, NULL, 'b' },
		{ "delay", required_argument, NULL, 'd' },
		{ "iterations", required_argument, NULL, 'n' },
		CLI_END
	};
	int opt, status;
	char *end;

	while ((opt = cli_option(cmd, argc, argv, ":hbd:n:i:", options,
				 &status)) != -1) {
		switch (opt) {
		case 'j':
			t->json = true;
			/* fall through */
		case 'b':
			t->batch = true;
			break;
		case 'd':
			t->delay = strtod(optarg, &end);
			if (!isdigit((unsigned char)*optarg) || *end ||
			    !(t->delay >= 0.1 && t->delay <= DELAY_MAX))
				return cli_usage(cmd, "the delay must be 0.1 to %d seconds: it is '%s'",
						 DELAY_MAX, optarg);
			break;
		case 'n':
		case 'i':
			if (!cli_number(optarg, 1, 1000000000, &t->tables))
				return cli_usage(cmd, "the number of iterations must be at least 1: it is '%s'",
						 optarg);
			break;
		default:
			return status ? status : -1;
		}
	}
	return cli_count(cmd, argc, 0, 0);
}

/* Ask for all domains. Returns an exit code. */
static int take(struct top *t)
{
	struct ringlet_domain_info *more;
	uint32_t from = 0;
	int rc;

	if (rl_sysinfo(&t->rl, &t->host))
		return cli_fail("%s", t->rl.error);
	for (t->nr = 0; ; from = t->domains[t->nr++].domid + 1) {
		if (t->nr == t->room) {
			t->room = 2 * t->room + 16;
			more = realloc(t->domains, t->room * sizeof(*more));
			if (!more)
				return cli_fail("out of memory");
			t->domains = more;
		}
		rc = rl_next_domain(&t->rl, from, &t->domains[t->nr]);
		if (rc == -ESRCH)
			return CLI_OK;
		if (rc)
			return cli_fail("%s", t->rl.error);
	}
}

/* Percent of one CPU, since the last table. */
static double cpu_percent(const struct top *t,
			  const struct ringlet_domain_info *d)
{
	uint64_t since = d->created, before = 0;
	size_t i;

	for (i = 0; i < t->nr_samples; i++) {
		if (t->samples[i].domid != d->domid)
			continue;
		since = t->samples[i].at;
		before = t->samples[i].cpu_time;
	}
	if (t->host.uptime <= since || d->cpu_time < before)
		return 0;
	return 100.0 * (double)(d->cpu_time - before) /
	       (double)(t->host.uptime - since);
}

/* Keep what the next table is compared with. */
static int keep(struct top *t)
{
	size_t i;

	free(t->samples);
	t->nr_samples = 0;
	t->samples = malloc((t->nr + 1) * sizeof(*t->samples));
	if (!t->samples)
		return cli_fail("out of memory");
	for (i = 0; i < t->nr; i++)
		t->samples[i] = (struct sample){
			t->domains[i].domid, t->domains[i].cpu_time,
			t->host.uptime,
		};
	t->nr_samples = t->nr;
	return CLI_OK;
}

static double share(uint64_t pages, uint64_t total)
{
	return total ? 100.0 * (double)pages / (double)total : 0;
}

static struct json_object *to_json(const struct top *t)
{
	struct json_object *table = json_object_new_object(), *json;
	struct json_object *array = json_object_new_array();
	char state[7], percent[16];
	size_t i;

	cli_add_number(table, "uptime_ns", t->host.uptime);
	cli_add_number(table, "cpus", t->host.pcpus);
	cli_add_number(table, "memory_kib", t->host.total_pages << 2);
	cli_add_number(table, "free_memory_kib", t->host.free_pages << 2);
	for (i = 0; i < t->nr; i++) {
		const struct ringlet_domain_info *d = &t->domains[i];

		json = json_object_new_object();
		cli_state(d, state);
		cli_add_string(json, "name", d->name);
		cli_add_number(json, "domid", d->domid);
		cli_add_string(json, "state", state);
		cli_add_number(json, "cpu_time_ns", d->cpu_time);
		snprintf(percent, sizeof(percent), "%.2f", cpu_percent(t, d));
		json_object_object_add(json, "cpu_percent",
				       json_object_new_double_s(
				       cpu_percent(t, d), percent));
		cli_add_number(json, "memory_kib", d->pages << 2);
		cli_add_number(json, "max_memory_kib", d->max_pages << 2);
		cli_add_number(json, "vcpus", d->vcpus_online);
		json_object_array_add(array, json);
	}
	json_object_object_add(table, "domains", array);
	return table;
}

static void print_summary(const struct top *t, const char *eol)
{
	unsigned int running = 0, blocked = 0, paused = 0, ended = 0;
	uint64_t used = t->host.total_pages - t->host.free_pages;
	char clock[16];
	time_t now = time(NULL);
	struct tm tm;
	size_t i;

	for (i = 0; i < t->nr; i++) {
		running += !!(t->domains[i].flags & RINGLET_DOMF_RUNNING);
		blocked += !!(t->domains[i].flags & RINGLET_DOMF_BLOCKED);
		paused += !!(t->domains[i].flags & RINGLET_DOMF_PAUSED);
		ended += !!(t->domains[i].flags & RINGLET_DOMF_SHUTDOWN);
	}
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&now, &tm));
	printf("ringlet top - %s   Ringlet %s%s", clock, t->host.version, eol);
	printf("%zu domains: %u running, %u blocked, %u paused, %u ended%s",
	       t->nr, running, blocked, paused, ended, eol);
	printf("Mem: %lluk total, %lluk used, %lluk free    CPUs: %u @ %uMHz%s",
	       (unsigned long long)t->host.total_pages << 2,
	       (unsigned long long)used << 2,
	       (unsigned long long)t->host.free_pages << 2, t->host.pcpus,
	       t->host.tsc_khz / 1000, eol);
}

static void print_table(const struct top *t, const char *eol)
{
	char state[7];
	size_t i;

	printf("%10s  %-6s %10s %6s %10s %6s %10s %9s %5s%s", "NAME", "STATE",
	       "CPU(sec)", "CPU(%)", "MEM(k)", "MEM(%)", "MAXMEM(k)",
	       "MAXMEM(%)", "VCPUS", eol);
	for (i = 0; i < t->nr; i++) {
		const struct ringlet_domain_info *d = &t->domains[i];

		cli_state(d, state);
		printf("%10s  %-6s %10llu %6.1f %10llu %6.1f %10llu %9.1f %5u%s",
		       d->name, state,
		       (unsigned long long)(d->cpu_time / NS_PER_S),
		       cpu_percent(t, d), (unsigned long long)d->pages << 2,
		       share(d->pages, t->host.total_pages),
		       (unsigned long long)d->max_pages << 2,
		       share(d->max_pages, t->host.total_pages),
		       d->vcpus_online, eol);
	}
}

/* Print what take() found. */
static void print(const struct top *t)
{
	/* To the end of the line, as what stood there may be longer. */
	const char *eol = t->batch ? "\n" : "\033[K\r\n";

	if (t->json) {
		cli_print_json(to_json(t));
		return;
	}
	if (!t->batch) {
		printf("\033[H");
		print_summary(t, eol);
	}
	print_table(t, eol);
	if (!t->batch)
		printf("\033[J");
}

/* Until the next table; false: the user wants to end. */
static bool wait_for_next(const struct top *t)
{
	struct timespec delay = {
		.tv_sec = (time_t)t->delay,
		.tv_nsec = (long)((t->delay - floor(t->delay)) * 1e9),
	};
	struct pollfd in = { .fd = 0, .events = POLLIN };
	char key;

	fflush(stdout);
	if (t->batch) {
		nanosleep(&delay, NULL);
		return true;
	}
	if (poll(&in, 1, (int)(t->delay * 1000)) <= 0)
		return true;
	/* Any other key shows the next table at once. */
	return read(0, &key, 1) == 1 && key != 'q' && key != 'Q' &&
	       key != '\003';
}

static int run(struct top *t)
{
	unsigned long done;
	int status;

	for (done = 1; ; done++) {
		status = take(t);
		if (status)
			return status;
		print(t);
		if (done == t->tables)
			return CLI_OK;
		status = keep(t);
		if (status || !wait_for_next(t))
			return status;
	}
}

/* With keys as they are pressed, on a cleared screen. */
static int run_on_terminal(struct top *t)
{
	struct termios was, raw;
	int status;

	if (tcgetattr(0, &was) || !isatty(1))
		return cli_fail("this is not a terminal: use -b");
	raw = was;
	cfmakeraw(&raw);
	tcsetattr(0, TCSANOW, &raw);
	printf("\033[2J");
	status = run(t);
	tcsetattr(0, TCSANOW, &was);
	return status;
}

int cmd_top(const struct cmd_spec *cmd, int argc, char **argv)
{
	struct top t = { .delay = 3 };
	int status = read_options(cmd, argc, argv, &t);

	if (status)
		return status < 0 ? CLI_OK : status;
	if (!cli_open(&t.rl))
		return CLI_FAILED;
	status = t.batch ? run(&t) : run_on_terminal(&t);
	free(t.domains);
	free(t.samples);
	rl_close(&t.rl);
	return status;
}
