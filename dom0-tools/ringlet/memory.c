// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of domains that run: mem-set and mem-max. ringletd does it; sizes are
 * written as for xl(1).
 */
#include "cli.h"
#include "daemon.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

#define PAGE_KIB	4
#define KIB_MAX		(1ULL << 40)

/* A size in KiB: a number, and one of t, g, m, k, b behind it; m without. */
static bool parse_size(const char *text, uint64_t *kib)
{
	static const char units[] = "kmgt";
	unsigned long long value;
	const char *unit;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || errno || strlen(end) > 1)
		return false;
	if (tolower((unsigned char)*end) == 'b') {
		*kib = value >> 10;
		return true;
	}
	unit = *end ? strchr(units, tolower((unsigned char)*end)) : units + 1;
	if (!unit || value > KIB_MAX >> 10 * (unit - units))
		return false;
	*kib = value << 10 * (unit - units);
	return true;
}

static int change(const struct cmd_spec *cmd, int argc, char **argv)
{
	struct json_object *request;
	uint64_t kib;
	struct rl rl;
	int status;

	if (cli_plain(cmd, argc, argv, 2, 2, &status))
		return status;
	if (!parse_size(argv[optind + 1], &kib))
		return cli_usage(cmd, "'%s' is not a size: a number of MiB, or one with t, g, m, k or b behind it",
				 argv[optind + 1]);
	if (!cli_open(&rl))
		return CLI_FAILED;
	request = json_object_new_object();
	cli_add_string(request, "op", cmd->name);
	cli_add_string(request, "domain", argv[optind]);
	cli_add_number(request, "pages", kib / PAGE_KIB);
	if (rl_daemon_request(&rl, request, NULL) < 0)
		status = cli_fail("%s", rl.error);
	json_object_put(request);
	rl_close(&rl);
	return status;
}

int cmd_mem_set(const struct cmd_spec *cmd, int argc, char **argv)
{
	return change(cmd, argc, argv);
}

int cmd_mem_max(const struct cmd_spec *cmd, int argc, char **argv)
{
	return change(cmd, argc, argv);
}
