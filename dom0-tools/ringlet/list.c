// SPDX-License-Identifier: GPL-2.0-only
/*
 * Listings of domains: list, vm-list, vcpu-list, uptime, domid, domname.
 * Columns are those of xl(1).
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <json-c/json.h>

#define NS_PER_S	1000000000ULL

/* A listing shows each domain as a line of text, or as a JSON object. */
struct listing {
	struct rl rl;
	bool json;
	struct json_object *array;
	uint64_t now;		/* ns since the hypervisor started */
	void (*show)(struct listing *l, const struct ringlet_domain_info *d);
};

static struct json_object *add_domain(struct listing *l,
				      const struct ringlet_domain_info *d)
{
	struct json_object *json = json_object_new_object();

	json_object_array_add(l->array, json);
	json_object_object_add(json, "name", json_object_new_string(d->name));
	json_object_object_add(json, "domid", json_object_new_int64(d->domid));
	return json;
}

static void add_number(struct json_object *json, const char *key,
		       uint64_t value)
{
	json_object_object_add(json, key, json_object_new_uint64(value));
}

static void add_string(struct json_object *json, const char *key,
		       const char *value)
{
	json_object_object_add(json, key, json_object_new_string(value));
}

/* Show the domains that the arguments name, or all. Returns an exit code. */
static int show(struct listing *l, char **argv, uint32_t first)
{
	struct ringlet_domain_info d;
	uint32_t from;
	int rc = 0;

	if (l->json)
		l->array = json_object_new_array();
	if (*argv) {
		for (; *argv && !rc; argv++) {
			rc = rl_find_domain(&l->rl, *argv, &d);
			if (!rc)
				l->show(l, &d);
		}
	} else {
		for (from = first; !rc; from = d.domid + 1) {
			rc = rl_next_domain(&l->rl, from, &d);
			if (!rc)
				l->show(l, &d);
		}
		if (rc == -ESRCH)
			rc = 0;
	}
	if (rc) {
		json_object_put(l->array);
		return cli_fail("%s", l->rl.error);
	}
	return l->json ? cli_print_json(l->array) : CLI_OK;
}

/* Common part of all listings. Returns 0, or -1 with an exit code. */
static int begin(struct listing *l, const struct cmd_spec *cmd, int argc,
		 char **argv, int max, const char *header, int *status)
{
	if (cli_listing(cmd, argc, argv, max, &l->json, status))
		return -1;
	*status = CLI_FAILED;
	if (!cli_open(&l->rl))
		return -1;
	if (!l->json)
		puts(header);
	return 0;
}

static bool crashed(const struct ringlet_domain_info *d)
{
	return d->flags & RINGLET_DOMF_SHUTDOWN &&
	       (d->reason == RINGLET_SHUTDOWN_CRASH ||
		d->reason == RINGLET_SHUTDOWN_KILLED);
}

static void state_letters(const struct ringlet_domain_info *d, char out[7])
{
	out[0] = d->flags & RINGLET_DOMF_RUNNING ? 'r' : '-';
	out[1] = d->flags & RINGLET_DOMF_BLOCKED ? 'b' : '-';
	out[2] = d->flags & RINGLET_DOMF_PAUSED ? 'p' : '-';
	out[3] = d->flags & RINGLET_DOMF_SHUTDOWN ? 's' : '-';
	out[4] = crashed(d) ? 'c' : '-';
	out[5] = d->flags & RINGLET_DOMF_DYING ? 'd' : '-';
	out[6] = 0;
}

static const char *reason_name(uint32_t reason)
{
	switch (reason) {
	case RINGLET_SHUTDOWN_POWEROFF:
		return "poweroff";
	case RINGLET_SHUTDOWN_REBOOT:
		return "reboot";
	case RINGLET_SHUTDOWN_CRASH:
		return "crash";
	case RINGLET_SHUTDOWN_KILLED:
		return "killed";
	}
	return "unknown";
}

static void show_list(struct listing *l, const struct ringlet_domain_info *d)
{
	struct json_object *json;
	char state[7], uuid[RL_UUID_LEN];

	state_letters(d, state);
	if (!l->json) {
		printf("%-40s %5u %5llu %5u     %s  %8.1f\n", d->name, d->domid,
		       (unsigned long long)(d->pages >> 8), d->vcpus_online,
		       state, (double)d->cpu_time / NS_PER_S);
		return;
	}
	json = add_domain(l, d);
	rl_uuid_format(d->uuid, uuid);
	add_string(json, "uuid", uuid);
	add_number(json, "memory_mib", d->pages >> 8);
	add_number(json, "max_memory_mib", d->max_pages >> 8);
	add_number(json, "vcpus", d->vcpus);
	add_number(json, "vcpus_online", d->vcpus_online);
	add_string(json, "state", state);
	json_object_object_add(json, "cpu_seconds", json_object_new_double(
			       (double)d->cpu_time / NS_PER_S));
	add_number(json, "weight", d->weight);
	add_number(json, "shadow_pages", d->shadow_pages);
	add_number(json, "shadow_quota", d->shadow_quota);
	add_number(json, "hypervisor_pages", d->hv_pages);
	add_number(json, "foreign_references", d->foreign_refs);
	add_number(json, "console_bytes_refused", d->console_refused);
	if (d->flags & RINGLET_DOMF_SHUTDOWN)
		add_string(json, "reason", reason_name(d->reason));
	if (d->why[0])
		add_string(json, "why", d->why);
}

int cmd_list(const struct cmd_spec *cmd, int argc, char **argv)
{
	struct listing l = { .show = show_list };
	int status;

	if (begin(&l, cmd, argc, argv, -1,
		  "Name                                        ID   Mem VCPUs\tState\tTime(s)",
		  &status))
		return status;
	status = show(&l, argv + optind, 0);
	rl_close(&l.rl);
	return status;
}

static void show_vm(struct listing *l, const struct ringlet_domain_info *d)
{
	char uuid[RL_UUID_LEN];

	rl_uuid_format(d->uuid, uuid);
	if (l->json)
		add_string(add_domain(l, d), "uuid", uuid);
	else
		printf("%s  %d    %-30s\n", uuid, d->domid, d->name);
}

int cmd_vm_list(const struct cmd_spec *cmd, int argc, char **argv)
{
	struct listing l = { .show = show_vm };
	int status;

	if (begin(&l, cmd, argc, argv, 0,
		  "UUID                                  ID    name", &status))
		return status;
	status = show(&l, argv + optind, RINGLET_DOMID_FIRST);
	rl_close(&l.rl);
	return status;
}

static void show_vcpu(struct listing *l, const struct ringlet_domain_info *d,
		      const struct ringlet_vcpu_info *v)
{
	double seconds = (double)v->time_running / NS_PER_S;
	struct json_object *json;
	char state[4], pcpu[12] = "-";

	snprintf(state, sizeof(state), "%c%c%c", v->running ? 'r' : '-',
		 v->blocked ? 'b' : '-', v->online ? '-' : 'p');
	if (l->json) {
		json = add_domain(l, d);
		add_number(json, "vcpu", v->vcpu);
		add_number(json, "cpu", v->pcpu);
		json_object_object_add(json, "online",
				       json_object_new_boolean(!!v->online));
		add_string(json, "state", state);
		json_object_object_add(json, "cpu_seconds",
				       json_object_new_double(seconds));
		return;
	}
	if (v->online)
		snprintf(pcpu, sizeof(pcpu), "%u", v->pcpu);
	printf("%-32s %5u %5u %5s   %s %9.1f  all / all\n", d->name, d->domid,
	       v->vcpu, pcpu, state, seconds);
}

static void show_vcpus(struct listing *l, const struct ringlet_domain_info *d)
{
	struct ringlet_vcpu_info v;
	uint32_t i;

	for (i = 0; i < d->vcpus; i++)
		if (!rl_vcpu_info(&l->rl, d->domid, i, &v))
			show_vcpu(l, d, &v);
}

int cmd_vcpu_list(const struct cmd_spec *cmd, int argc, char **argv)
{
	struct listing l = { .show = show_vcpus };
	int status;

	if (begin(&l, cmd, argc, argv, -1,
		  "Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)",
		  &status))
		return status;
	status = show(&l, argv + optind, 0);
	rl_close(&l.rl);
	return status;
}

static void show_uptime(struct listing *l, const struct ringlet_domain_info *d)
{
	uint64_t s = l->now > d->created ? (l->now - d->created) / NS_PER_S : 0;
	char days[32] = "";

	if (l->json) {
		add_number(add_domain(l, d), "seconds", s);
		return;
	}
	if (s >= 86400)
		snprintf(days, sizeof(days), "%llu day%s, ",
			 (unsigned long long)(s / 86400),
			 s < 2 * 86400 ? "" : "s");
	printf("%-33s %4u %s%2llu:%02llu:%02llu\n", d->name, d->domid, days,
	       (unsigned long long)(s / 3600 % 24),
	       (unsigned long long)(s / 60 % 60), (unsigned long long)(s % 60));
}

int cmd_uptime(const struct cmd_spec *cmd, int argc, char **argv)
{
	struct listing l = { .show = show_uptime };
	struct ringlet_sysinfo host;
	int status;

	if (begin(&l, cmd, argc, argv, -1,
		  "Name                                ID Uptime", &status))
		return status;
	if (rl_sysinfo(&l.rl, &host)) {
		status = cli_fail("%s", l.rl.error);
	} else {
		l.now = host.uptime;
		status = show(&l, argv + optind, 0);
	}
	rl_close(&l.rl);
	return status;
}

/* domid and domname print one thing of one domain. */
static int print_one(const struct cmd_spec *cmd, int argc, char **argv,
		     bool name)
{
	struct ringlet_domain_info d;
	struct rl rl;
	int status;

	if (cli_plain(cmd, argc, argv, 1, 1, &status))
		return status;
	if (!cli_open(&rl))
		return CLI_FAILED;
	if (rl_find_domain(&rl, argv[optind], &d))
		status = cli_fail("%s", rl.error);
	else if (name)
		puts(d.name);
	else
		printf("%u\n", d.domid);
	rl_close(&rl);
	return status;
}

int cmd_domid(const struct cmd_spec *cmd, int argc, char **argv)
{
	return print_one(cmd, argc, argv, false);
}

int cmd_domname(const struct cmd_spec *cmd, int argc, char **argv)
{
	return print_one(cmd, argc, argv, true);
}
