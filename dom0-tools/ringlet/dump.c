// SPDX-License-Identifier: GPL-2.0-only
/*
 * dump-core: a domain as a core file.
 */
#include "cli.h"
#include "dump.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t interrupted;

static void interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* A domain that is paused for the dump must not stay so: signals end it cleanly. */
static void catch_signals(void)
{
	const struct sigaction action = { .sa_handler = interrupt };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static int dump(struct rl *rl, const char *who, const char *path, bool replace)
{
	struct rl_dump result = { .stop = &interrupted, .replace = replace };
	struct ringlet_domain_info domain;
	int rc;

	if (rl_find_domain(rl, who, &domain))
		return cli_fail("%s", rl->error);
	catch_signals();
	rc = rl_dump_core(rl, &domain, path, &result);
	if (rc == -EEXIST)
		return cli_fail("%s, or -f to replace it", rl->error);
	if (rc)
		return cli_fail("%s", rl->error);
	printf("%s: %llu KiB of memory, %u vCPUs\n", path,
	       (unsigned long long)result.pages << 2, result.vcpus);
	if (result.cut)
		fprintf(stderr, "ringlet: warning: the kernel of domain '%s' has its memory in more than %u places: some of its addresses are not in the core\n",
			domain.name, result.ranges);
	return CLI_OK;
}

int cmd_dump_core(const struct cmd_spec *cmd, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_HELP,
		{ "force", no_argument, NULL, 'f' },
		CLI_END
	};
	bool replace = false;
	struct rl rl;
	int opt, status;

	while ((opt = cli_option(cmd, argc, argv, ":hf", options, &status)) !=
	       -1) {
		if (opt != 'f')
			return status;
		replace = true;
	}
	status = cli_count(cmd, argc, 2, 2);
	if (status)
		return status;
	if (!cli_open(&rl))
		return CLI_FAILED;
	status = dump(&rl, argv[optind], argv[optind + 1], replace);
	rl_close(&rl);
	return status;
}
