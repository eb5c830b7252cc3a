// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the scheduler shall do with a domain: vcpu-pin, sched-credit2. Options and
 * columns are those of xl(1).
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <json-c/json.h>

/* An argument of vcpu-pin as mask; '-' leaves it. Returns an exit code. */
static int read_cpus(const char *text, unsigned int host, uint64_t mask[4])
{
	struct rl_cpus cpus;
	char why[128];

	if (!strcmp(text, "-"))
		return CLI_OK;
	if (!rl_cpus_parse(text, &cpus, why, sizeof(why)))
		return cli_fail("%s", why);
	if (!rl_cpus_exist(&cpus, host))
		return cli_fail("not all CPUs of '%s' exist: this host has 0 to %u",
				text, host - 1);
	memcpy(mask, cpus.word, sizeof(cpus.word));
	return CLI_OK;
}

static int pin(struct rl *rl, const struct ringlet_domain_info *d,
	       char **argv)
{
	unsigned long first = 0, last = d->vcpus - 1;
	const char *soft = argv[2] ? argv[2] : "-";
	struct ringlet_affinity a;
	struct ringlet_sysinfo host;
	int status;

	if (strcmp(argv[0], "all")) {
		if (!cli_number(argv[0], 0, last, &first))
			return cli_fail("domain '%s' has no vCPU '%s': it has 0 to %lu, and 'all'",
					d->name, argv[0], last);
		last = first;
	}
	if (rl_sysinfo(rl, &host))
		return cli_fail("%s", rl->error);
	for (; first <= last; first++) {
		if (rl_vcpu_affinity(rl, d->domid, (uint32_t)first, &a))
			return cli_fail("%s", rl->error);
		status = read_cpus(argv[1], host.pcpus, a.hard);
		if (!status)
			status = read_cpus(soft, host.pcpus, a.soft);
		if (status)
			return status;
		if (rl_vcpu_set_affinity(rl, d->domid, (uint32_t)first, &a))
			return cli_fail("%s", rl->error);
	}
	return CLI_OK;
}

int cmd_vcpu_pin(const struct cmd_spec *cmd, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_HELP, { "force", no_argument, NULL, 'f' }, CLI_END
	};
	struct ringlet_domain_info d;
	struct rl rl;
	int opt, status;

	/* '+': "-" and what follows the domain are no options. */
	while ((opt = cli_option(cmd, argc, argv, "+:hf", options, &status)) !=
	       -1)
		if (opt != 'f')
			return status;
	status = cli_count(cmd, argc, 3, 4);
	if (status)
		return status;
	if (!cli_open(&rl))
		return CLI_FAILED;
	if (rl_find_domain(&rl, argv[optind], &d))
		status = cli_fail("%s", rl.error);
	else
		status = pin(&rl, &d, argv + optind + 1);
	rl_close(&rl);
	return status;
}

struct credit2 {
	struct rl rl;
	struct json_object *array;	/* NULL: text */
	const char *domain;
	const char *weight, *cap;
};

static int read_credit2(const struct cmd_spec *cmd, int argc, char **argv,
			struct credit2 *c, bool *json)
{
	static const struct option options[] = {
		CLI_HELP, CLI_JSON,
		{ "domain", required_argument, NULL, 'd' },
		{ "weight", required_argument, NULL, 'w' },
		{ "cap", required_argument, NULL, 'c' },
		CLI_END
	};
	int opt, status;

	while ((opt = cli_option(cmd, argc, argv, ":hd:w:c:", options,
				 &status)) != -1) {
		switch (opt) {
		case 'j':
			*json = true;
			break;
		case 'd':
			c->domain = optarg;
			break;
		case 'w':
			c->weight = optarg;
			break;
		case 'c':
			c->cap = optarg;
			break;
		default:
			return status ? status : -1;
		}
	}
	status = cli_count(cmd, argc, 0, 0);
	if (!status && !c->domain && (c->weight || c->cap))
		status = cli_usage(cmd, "which domain? Name it with -d");
	return status;
}

static void show_credit2(struct credit2 *c, const struct ringlet_domain_info *d)
{
	struct json_object *json;

	if (!c->array) {
		printf("%-33s %4u %6u %4u\n", d->name, d->domid, d->weight,
		       d->cap);
		return;
	}
	json = json_object_new_object();
	cli_add_string(json, "name", d->name);
	cli_add_number(json, "domid", d->domid);
	cli_add_number(json, "weight", d->weight);
	cli_add_number(json, "cap", d->cap);
	json_object_array_add(c->array, json);
}

static int list_credit2(struct credit2 *c, bool json)
{
	struct ringlet_domain_info d;
	uint32_t from;
	int rc = 0;

	if (json)
		c->array = json_object_new_array();
	else
		printf("%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
	if (c->domain) {
		rc = rl_find_domain(&c->rl, c->domain, &d);
		if (!rc)
			show_credit2(c, &d);
	}
	for (from = 0; !rc && !c->domain; from = d.domid + 1) {
		rc = rl_next_domain(&c->rl, from, &d);
		if (!rc)
			show_credit2(c, &d);
	}
	if (rc && (c->domain || rc != -ESRCH)) {
		json_object_put(c->array);
		return cli_fail("%s", c->rl.error);
	}
	return json ? cli_print_json(c->array) : CLI_OK;
}

static int set_credit2(struct credit2 *c)
{
	unsigned long weight = 0, cap = 0;
	struct ringlet_domain_info d;

	if (c->weight && !cli_number(c->weight, 1, 65535, &weight))
		return cli_fail("a weight must be 1 to 65535: it is '%s'",
				c->weight);
	if (c->cap && !cli_number(c->cap, 0, 100 * RINGLET_MAX_VCPUS, &cap))
		return cli_fail("a cap must be percents of one CPU, 0 for none: it is '%s'",
				c->cap);
	if (rl_find_domain(&c->rl, c->domain, &d) ||
	    (c->cap && rl_domain_set_cap(&c->rl, d.domid, (uint32_t)cap)) ||
	    (c->weight &&
	     rl_domain_set_weight(&c->rl, d.domid, (uint32_t)weight)))
		return cli_fail("%s", c->rl.error);
	return CLI_OK;
}

int cmd_sched_credit2(const struct cmd_spec *cmd, int argc, char **argv)
{
	struct credit2 c = { 0 };
	bool json = false;
	int status = read_credit2(cmd, argc, argv, &c, &json);

	if (status)
		return status < 0 ? CLI_OK : status;
	if (!cli_open(&c.rl))
		return CLI_FAILED;
	status = c.weight || c.cap ? set_credit2(&c) : list_credit2(&c, json);
	rl_close(&c.rl);
	return status;
}
