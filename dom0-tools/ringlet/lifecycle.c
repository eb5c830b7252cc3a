// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of domains that exist: pause, unpause, shutdown, reboot, destroy.
 *
 * All of these work while ringletd is down: they go to the hypervisor directly, and
 * ringletd learns of the result as of any other change of state. Only destroy asks
 * ringletd, if it is there: what serves the domain is to end first.
 */
#include "cli.h"
#include "daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <json-c/json.h>

#define POLL_NS		(50 * 1000 * 1000L)
#define SETTLE_POLLS	40	/* for ringletd to act on the end of a domain */

/* A verb on one domain other than domain 0. */
static int on_domain(const struct cmd_spec *cmd, int argc, char **argv,
		     int (*act)(struct rl *rl, uint32_t domid))
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
	else if (d.domid == RINGLET_DOMID_0)
		status = cli_fail("domain 0 cannot be %s%s: it is the one that this command runs in",
				  cmd->name, cmd->name[strlen(cmd->name) - 1] ==
				  'e' ? "d" : "ed");
	else if (act(&rl, d.domid))
		status = cli_fail("%s", rl.error);
	rl_close(&rl);
	return status;
}

int cmd_pause(const struct cmd_spec *cmd, int argc, char **argv)
{
	return on_domain(cmd, argc, argv, rl_domain_pause);
}

int cmd_unpause(const struct cmd_spec *cmd, int argc, char **argv)
{
	return on_domain(cmd, argc, argv, rl_domain_unpause);
}

static int destroy(struct rl *rl, uint32_t domid)
{
	struct json_object *request = json_object_new_object();
	char who[12];
	int rc;

	snprintf(who, sizeof(who), "%u", domid);
	json_object_object_add(request, "op",
			       json_object_new_string("destroy"));
	json_object_object_add(request, "domain", json_object_new_string(who));
	rc = rl_daemon_request(rl, request, NULL);
	json_object_put(request);
	return rc < 0 ? rl_domain_destroy(rl, domid) : 0;
}

int cmd_destroy(const struct cmd_spec *cmd, int argc, char **argv)
{
	return on_domain(cmd, argc, argv, destroy);
}

int cmd_vcpu_set(const struct cmd_spec *cmd, int argc, char **argv)
{
	struct ringlet_domain_info d;
	unsigned long vcpus;
	struct rl rl;
	char *end;
	int status;

	if (cli_plain(cmd, argc, argv, 2, 2, &status))
		return status;
	errno = 0;
	vcpus = strtoul(argv[optind + 1], &end, 10);
	if (!*argv[optind + 1] || *end || errno || !vcpus)
		return cli_usage(cmd, "'%s' is not a number of vCPUs: 1 or more",
				 argv[optind + 1]);
	if (!cli_open(&rl))
		return CLI_FAILED;
	if (rl_find_domain(&rl, argv[optind], &d))
		status = cli_fail("%s", rl.error);
	else if (vcpus > d.vcpus)
		status = cli_fail("domain '%s' can have at most %u vCPUs: it was made with that many (key 'maxvcpus')",
				  d.name, d.vcpus);
	else if (rl_domain_set_vcpus(&rl, d.domid, (uint32_t)vcpus))
		status = cli_fail("%s", rl.error);
	rl_close(&rl);
	return status;
}

/* Domains that were asked to shut down or reboot. */
struct asked {
	struct ringlet_domain_info *domain;
	size_t count;
};

static bool add_asked(struct asked *a, const struct ringlet_domain_info *d)
{
	struct ringlet_domain_info *grown;

	grown = realloc(a->domain, (a->count + 1) * sizeof(*grown));
	if (!grown)
		return false;
	a->domain = grown;
	a->domain[a->count++] = *d;
	return true;
}

static int ask(struct rl *rl, struct asked *a,
	       const struct ringlet_domain_info *d, uint32_t request)
{
	if (d->domid == RINGLET_DOMID_0)
		return cli_fail("domain 0 is not ended from here: use 'poweroff' or 'reboot', which end the machine");
	if (rl_domain_request(rl, d->domid, request))
		return cli_fail("%s", rl->error);
	return add_asked(a, d) ? CLI_OK : cli_fail("out of memory");
}

static int ask_named(struct rl *rl, struct asked *a, char **names,
		     uint32_t request)
{
	struct ringlet_domain_info d;
	int status = CLI_OK;

	for (; *names; names++) {
		if (rl_find_domain(rl, *names, &d))
			status = cli_fail("%s", rl->error);
		else if (ask(rl, a, &d, request))
			status = CLI_FAILED;
	}
	return status;
}

static int ask_all(struct rl *rl, struct asked *a, uint32_t request)
{
	struct ringlet_domain_info d;
	int status = CLI_OK, rc;
	uint32_t from;

	for (from = RINGLET_DOMID_FIRST; ; from = d.domid + 1) {
		rc = rl_next_domain(rl, from, &d);
		if (rc == -ESRCH)
			return status;
		if (rc)
			return cli_fail("%s", rl->error);
		if (d.flags & (RINGLET_DOMF_SHUTDOWN | RINGLET_DOMF_DYING))
			continue;
		if (ask(rl, a, &d, request))
			status = CLI_FAILED;
	}
}

/* 0: it runs; 1: it has ended but is still there; 2: it is gone. */
static int progress(struct rl *rl, const struct ringlet_domain_info *d)
{
	struct ringlet_domain_info now;

	if (rl_next_domain(rl, d->domid, &now) || now.domid != d->domid ||
	    memcmp(now.uuid, d->uuid, sizeof(now.uuid)) ||
	    now.created != d->created || now.flags & RINGLET_DOMF_DYING)
		return 2;
	return now.flags & RINGLET_DOMF_SHUTDOWN ? 1 : 0;
}

/*
 * Wait until all have ended. ringletd then takes most of them away: give it a
 * little time, so that a listing behind this shows the result. A domain that is
 * preserved stays.
 */
static void wait_for(struct rl *rl, const struct asked *a)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	unsigned int settle;
	size_t i;
	int state;

	for (i = 0; i < a->count; i++) {
		settle = 0;
		for (;;) {
			state = progress(rl, &a->domain[i]);
			if (state == 2 || (state == 1 &&
					   settle++ == SETTLE_POLLS))
				break;
			nanosleep(&pause, NULL);
		}
	}
}

static int request(const struct cmd_spec *cmd, int argc, char **argv,
		   uint32_t what)
{
	static const struct option options[] = {
		CLI_HELP,
		{ "all", no_argument, NULL, 'a' },
		{ "wait", no_argument, NULL, 'w' },
		CLI_END
	};
	bool all = false, wait = false;
	struct asked a = { 0 };
	struct rl rl;
	int opt, status;

	while ((opt = cli_option(cmd, argc, argv, ":haw", options, &status)) !=
	       -1) {
		if (opt == 'a')
			all = true;
		else if (opt == 'w')
			wait = true;
		else
			return status;
	}
	if (all && optind < argc)
		return cli_usage(cmd, "-a is for all domains: name none");
	status = cli_count(cmd, argc, all ? 0 : 1, -1);
	if (status)
		return status;
	if (!cli_open(&rl))
		return CLI_FAILED;
	status = all ? ask_all(&rl, &a, what) :
		       ask_named(&rl, &a, argv + optind, what);
	if (wait)
		wait_for(&rl, &a);
	free(a.domain);
	rl_close(&rl);
	return status;
}

int cmd_shutdown(const struct cmd_spec *cmd, int argc, char **argv)
{
	return request(cmd, argc, argv, RINGLET_REQUEST_POWEROFF);
}

int cmd_reboot(const struct cmd_spec *cmd, int argc, char **argv)
{
	return request(cmd, argc, argv, RINGLET_REQUEST_REBOOT);
}
