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
	struct ringlet_sysinfo host;
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

void cli_state(const struct ringlet_domain_info *d, char out[7])
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

	cli_state(d, state);
	if (!l->json) {
		printf("%-40s %5u %5llu %5u     %s  %8.1f\n", d->name, d->domid,
		       (unsigned long long)(d->pages >> 8), d->vcpus_online,
		       state, (double)d->cpu_time / NS_PER_S);
		return;
	}
	json = add_domain(l, d);
	rl_uuid_format(d->uuid, uuid);
	cli_add_string(json, "uuid", uuid);
	cli_add_number(json, "memory_mib", d->pages >> 8);
	cli_add_number(json, "max_memory_mib", d->max_pages >> 8);
	cli_add_number(json, "vcpus", d->vcpus);
	cli_add_number(json, "vcpus_online", d->vcpus_online);
	cli_add_string(json, "state", state);
	json_object_object_add(json, "cpu_seconds", json_object_new_double(
			       (double)d->cpu_time / NS_PER_S));
	cli_add_number(json, "weight", d->weight);
	cli_add_number(json, "cap", d->cap);
	cli_add_number(json, "shadow_pages", d->shadow_pages);
	cli_add_number(json, "shadow_quota", d->shadow_quota);
	cli_add_number(json, "hypervisor_pages", d->hv_pages);
	cli_add_number(json, "foreign_references", d->foreign_refs);
	cli_add_number(json, "console_bytes_refused", d->console_refused);
	if (d->flags & RINGLET_DOMF_SHUTDOWN)
		cli_add_string(json, "reason", reason_name(d->reason));
	if (d->why[0])
		cli_add_string(json, "why", d->why);
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
		cli_add_string(add_domain(l, d), "uuid", uuid);
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

/* A listing that needs to know the host. */
static int list_with_host(struct listing *l, const struct cmd_spec *cmd,
			  int argc, char **argv, const char *header)
{
	int status;

	if (begin(l, cmd, argc, argv, -1, header, &status))
		return status;
	status = rl_sysinfo(&l->rl, &l->host) ? cli_fail("%s", l->rl.error) :
		 show(l, argv + optind, 0);
	rl_close(&l->rl);
	return status;
}

static void show_vcpu(struct listing *l, const struct ringlet_domain_info *d,
		      const struct ringlet_vcpu_info *v,
		      const struct ringlet_affinity *a)
{
	double seconds = (double)v->time_running / NS_PER_S;
	char state[4], pcpu[12] = "-", hard[RL_CPUS_LEN], soft[RL_CPUS_LEN];
	struct rl_cpus cpus = { 0 };
	struct json_object *json;

	snprintf(state, sizeof(state), "%c%c%c", v->running ? 'r' : '-',
		 v->blocked ? 'b' : '-', v->online ? '-' : 'p');
	memcpy(cpus.word, a->hard, sizeof(cpus.word));
	rl_cpus_format(&cpus, l->host.pcpus, hard);
	memcpy(cpus.word, a->soft, sizeof(cpus.word));
	rl_cpus_format(&cpus, l->host.pcpus, soft);
	if (l->json) {
		json = add_domain(l, d);
		cli_add_number(json, "vcpu", v->vcpu);
		cli_add_number(json, "cpu", v->pcpu);
		json_object_object_add(json, "online",
				       json_object_new_boolean(!!v->online));
		cli_add_string(json, "state", state);
		json_object_object_add(json, "cpu_seconds",
				       json_object_new_double(seconds));
		cli_add_string(json, "hard_affinity", hard);
		cli_add_string(json, "soft_affinity", soft);
		return;
	}
	if (v->online)
		snprintf(pcpu, sizeof(pcpu), "%u", v->pcpu);
	printf("%-32s %5u %5u %5s   %s %9.1f  %s / %s\n", d->name, d->domid,
	       v->vcpu, pcpu, state, seconds, hard, soft);
}

static void show_vcpus(struct listing *l, const struct ringlet_domain_info *d)
{
	struct ringlet_affinity a;
	struct ringlet_vcpu_info v;
	uint32_t i;

	for (i = 0; i < d->vcpus; i++)
		if (!rl_vcpu_info(&l->rl, d->domid, i, &v) &&
		    !rl_vcpu_affinity(&l->rl, d->domid, i, &a))
			show_vcpu(l, d, &v, &a);
}

int cmd_vcpu_list(const struct cmd_spec *cmd, int argc, char **argv)
{
	struct listing l = { .show = show_vcpus };

	return list_with_host(&l, cmd, argc, argv,
			      "Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)");
}

static void show_uptime(struct listing *l, const struct ringlet_domain_info *d)
{
	uint64_t now = l->host.uptime;
	uint64_t s = now > d->created ? (now - d->created) / NS_PER_S : 0;
	char days[32] = "";

	if (l->json) {
		cli_add_number(add_domain(l, d), "seconds", s);
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

	return list_with_host(&l, cmd, argc, argv,
			      "Name                                ID Uptime");
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
