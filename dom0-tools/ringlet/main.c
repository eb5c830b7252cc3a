// SPDX-License-Identifier: GPL-2.0-only
/*
 * ringlet: control of Ringlet on the command line. The table of verbs, help,
 * and what all verbs have in common.
 *
 * Verbs, options and columns are those of xl(1) wherever both have them.
 */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

#define OPT_JSON "  --json                  print JSON\n"

const struct cmd_spec cmd_table[] = {
	{ "create", cmd_create, "[options] FILE ['key=value' ...]",
	  "Start a domain from a configuration file",
	  "  -c, --console           attach to its console\n"
	  "  -n, --dryrun            check everything, print the configuration as JSON\n"
	  "  -p, --paused            leave it paused\n"
	  "  -q, --quiet             print nothing but errors and warnings\n"
	  "  -f, --defconfig=FILE    the configuration file\n" },
	{ "list", cmd_list, "[--json] [DOMAIN ...]",
	  "List domains", OPT_JSON },
	{ "info", cmd_info, "[--json]",
	  "Describe the host", OPT_JSON },
	{ "vm-list", cmd_vm_list, "[--json]",
	  "List domains with their UUIDs, without domain 0", OPT_JSON },
	{ "vcpu-list", cmd_vcpu_list, "[--json] [DOMAIN ...]",
	  "List virtual CPUs", OPT_JSON },
	{ "vcpu-pin", cmd_vcpu_pin, "DOMAIN VCPU|all HARD|- [SOFT|-]",
	  "Set where virtual CPUs may run (hard), and would rather run (soft)",
	  "  -f, --force             for compatibility, without effect\n\n"
	  "CPUs are numbers and ranges, as in '0-3,5', 'all', 'all,^2'; '-' changes nothing.\n" },
	{ "sched-credit2", cmd_sched_credit2,
	  "[--json] [-d DOMAIN [-w WEIGHT] [-c CAP]]",
	  "Show or set shares of CPU time",
	  "  -d, --domain=DOMAIN     this domain only; needed to set\n"
	  "  -w, --weight=WEIGHT     1 to 65535\n"
	  "  -c, --cap=CAP           percent of one CPU, 0 for no limit\n"
	  OPT_JSON },
	{ "top", cmd_top, "[-b] [-d SECONDS] [-n N] [--json]",
	  "Show what domains use, again and again",
	  "  -b, --batch             print one table behind the other\n"
	  "  -d, --delay=SECONDS     between two tables, 3 by default\n"
	  "  -n, -i, --iterations=N  end after so many tables\n"
	  "  --json                  print JSON, an object for each table; implies -b\n" },
	{ "uptime", cmd_uptime, "[--json] [DOMAIN ...]",
	  "Tell for how long domains have been running", OPT_JSON },
	{ "dmesg", cmd_dmesg, "[-c] [--json]",
	  "Print the log of the hypervisor",
	  "  -c, --clear             next time begin behind what is printed now\n"
	  OPT_JSON },
	{ "perf", cmd_perf, "[-e] [--json] DOMAIN",
	  "Print what a domain made the hypervisor do",
	  "  -e, --emulated          which of its instructions were emulated\n"
	  OPT_JSON },
	{ "trace", cmd_trace, "[-l] [-e EVENT,...] [-d DOMAIN] [-t SECONDS]",
	  "Print what the hypervisor does",
	  "  -e, --events=LIST       these events, or groups of them; all by default\n"
	  "  -d, --domain=DOMAIN     only what a vCPU of this domain was there for\n"
	  "  -t, --time=SECONDS      end after so long\n"
	  "  -l, --last              only what the rings have now, and record no more\n"
	  "      --list              list the events\n" },
	{ "metrics", cmd_metrics, "[--output=FILE]",
	  "Print figures of the host and all domains, for Prometheus",
	  "  -o, --output=FILE       put them into a file, which is complete at any time\n" },
	{ "console", cmd_console, "[-n NUMBER] DOMAIN",
	  "Attach to the console of a domain (Ctrl-] detaches)",
	  "  -n, --number=NUMBER     1 for its first channel, and so on\n" },
	{ "pause", cmd_pause, "DOMAIN", "Stop a domain for a while", NULL },
	{ "unpause", cmd_unpause, "DOMAIN", "Let a paused domain run", NULL },
	{ "shutdown", cmd_shutdown, "[-w] -a|DOMAIN ...",
	  "Ask domains to shut down",
	  "  -a, --all               all domains but domain 0\n"
	  "  -w, --wait              wait until they have\n" },
	{ "reboot", cmd_reboot, "[-w] -a|DOMAIN ...",
	  "Ask domains to restart",
	  "  -a, --all               all domains but domain 0\n"
	  "  -w, --wait              wait until they end, before they start again\n" },
	{ "vcpu-set", cmd_vcpu_set, "DOMAIN COUNT",
	  "Take vCPUs of a domain up or down", NULL },
	{ "mem-set", cmd_mem_set, "DOMAIN SIZE[t|g|m|k|b]",
	  "Change how much memory a domain has", NULL },
	{ "mem-max", cmd_mem_max, "DOMAIN SIZE[t|g|m|k|b]",
	  "Change how much memory a domain may have", NULL },
	{ "destroy", cmd_destroy, "DOMAIN", "End a domain at once", NULL },
	{ "dump-core", cmd_dump_core, "[--force] DOMAIN FILE",
	  "Write the memory and registers of a domain to a file, for debuggers",
	  "  -f, --force             replace a file that is there\n\n"
	  "A running domain is paused meanwhile. 'gdb vmlinux FILE' reads the file.\n" },
	{ "block-attach", cmd_block_attach, "DOMAIN TARGET,FORMAT,VDEV,ACCESS",
	  "Give a running domain a disk", NULL },
	{ "block-detach", cmd_block_detach, "[--force] DOMAIN VDEV",
	  "Take a disk away from a running domain",
	  "  -f, --force             even if the domain does not let go of it\n" },
	{ "block-list", cmd_block_list, "[--json] DOMAIN ...",
	  "List the disks of domains", OPT_JSON },
	{ "network-attach", cmd_network_attach,
	  "DOMAIN [mac=MAC] [bridge=BRIDGE] [KEY=VALUE ...]",
	  "Give a running domain a network interface", NULL },
	{ "network-detach", cmd_network_detach, "[--force] DOMAIN DEVID|MAC",
	  "Take a network interface away from a running domain",
	  "  -f, --force             even if the domain does not let go of it\n" },
	{ "network-list", cmd_network_list, "[--json] DOMAIN ...",
	  "List the network interfaces of domains", OPT_JSON },
	{ "channel-list", cmd_channel_list, "[--json] DOMAIN ...",
	  "List the channels of domains", OPT_JSON },
	{ "domid", cmd_domid, "NAME", "Print the identifier of a domain", NULL },
	{ "domname", cmd_domname, "DOMID", "Print the name of a domain", NULL },
	{ "help", cmd_help, "[VERB]", "Explain a verb", NULL },
};

const unsigned int cmd_count = sizeof(cmd_table) / sizeof(cmd_table[0]);

int cli_fail(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("ringlet: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return CLI_FAILED;
}

int cli_usage(const struct cmd_spec *cmd, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "ringlet %s: ", cmd->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nUsage: ringlet %s %s\n", cmd->name, cmd->usage);
	return CLI_USAGE;
}

static void explain(const struct cmd_spec *cmd)
{
	printf("Usage: ringlet %s %s\n\n%s.\n", cmd->name, cmd->usage,
	       cmd->summary);
	if (cmd->options)
		printf("\nOptions:\n%s", cmd->options);
}

int cli_option(const struct cmd_spec *cmd, int argc, char **argv,
	       const char *letters, const struct option *options, int *status)
{
	int opt;

	opterr = 0;
	opt = getopt_long(argc, argv, letters, options, NULL);
	if (opt == 'h') {
		explain(cmd);
		*status = CLI_OK;
		return '?';
	}
	if (opt == ':') {
		*status = cli_usage(cmd, "option '%s' needs a value",
				    argv[optind - 1]);
		return '?';
	}
	if (opt == '?') {
		if (optopt && optopt < 0x80)
			*status = cli_usage(cmd, "there is no option '-%c'",
					    optopt);
		else
			*status = cli_usage(cmd, "there is no option '%s'",
					    argv[optind - 1]);
	}
	return opt;
}

int cli_count(const struct cmd_spec *cmd, int argc, int min, int max)
{
	int n = argc - optind;

	if (n < min)
		return cli_usage(cmd, "an argument is missing");
	if (max >= 0 && n > max)
		return cli_usage(cmd, "there are too many arguments");
	return CLI_OK;
}

int cli_plain(const struct cmd_spec *cmd, int argc, char **argv, int min,
	      int max, int *status)
{
	static const struct option options[] = { CLI_HELP, CLI_END };

	if (cli_option(cmd, argc, argv, ":h", options, status) != -1)
		return -1;
	*status = cli_count(cmd, argc, min, max);
	return *status ? -1 : 0;
}

int cli_listing(const struct cmd_spec *cmd, int argc, char **argv, int max,
		bool *json, int *status)
{
	static const struct option options[] = { CLI_HELP, CLI_JSON, CLI_END };
	int opt;

	*json = false;
	while ((opt = cli_option(cmd, argc, argv, ":h", options, status)) !=
	       -1) {
		if (opt != 'j')
			return -1;
		*json = true;
	}
	*status = cli_count(cmd, argc, 0, max);
	return *status ? -1 : 0;
}

void cli_add_number(struct json_object *json, const char *key, uint64_t value)
{
	json_object_object_add(json, key, json_object_new_uint64(value));
}

void cli_add_string(struct json_object *json, const char *key,
		    const char *value)
{
	json_object_object_add(json, key, json_object_new_string(value));
}

bool cli_number(const char *text, unsigned long min, unsigned long max,
		unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && !errno &&
	       *value >= min && *value <= max;
}

int cli_print_json(struct json_object *json)
{
	puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_SPACED |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
	return CLI_OK;
}

bool cli_open(struct rl *rl)
{
	if (!rl_open(rl))
		return true;
	cli_fail("%s", rl->error);
	return false;
}

/* A verb by its name, or by a beginning that no other one has. */
static const struct cmd_spec *find_verb(const char *name)
{
	const struct cmd_spec *found = NULL;
	size_t len = strlen(name);
	unsigned int i, matches = 0;

	for (i = 0; i < cmd_count; i++) {
		if (strncmp(cmd_table[i].name, name, len))
			continue;
		if (!cmd_table[i].name[len])
			return &cmd_table[i];
		found = &cmd_table[i];
		matches++;
	}
	return matches == 1 ? found : NULL;
}

static void list_verbs(FILE *to)
{
	unsigned int i;

	fprintf(to, "Usage: ringlet VERB [arguments]\n\n");
	for (i = 0; i < cmd_count; i++)
		fprintf(to, "  %-14s %s\n", cmd_table[i].name,
			cmd_table[i].summary);
	fprintf(to, "\n'ringlet help VERB' explains a verb, ringlet(1) all of them.\n");
}

int cmd_help(const struct cmd_spec *cmd, int argc, char **argv)
{
	const struct cmd_spec *verb;
	int status = CLI_USAGE;

	if (cli_plain(cmd, argc, argv, 0, 1, &status))
		return status;
	if (optind == argc) {
		list_verbs(stdout);
		return CLI_OK;
	}
	verb = find_verb(argv[optind]);
	if (!verb)
		return cli_fail("there is no verb '%s': 'ringlet help' lists all",
				argv[optind]);
	explain(verb);
	return CLI_OK;
}

static int version(void)
{
	printf("ringlet (Ringlet) with ABI version %d\n", RINGLET_ABI_VERSION);
	return CLI_OK;
}

int main(int argc, char **argv)
{
	const struct cmd_spec *verb;
	int status;

	if (argc < 2) {
		list_verbs(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return version();
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		list_verbs(stdout);
		return CLI_OK;
	}
	verb = find_verb(argv[1]);
	if (!verb) {
		cli_fail("there is no verb '%s': 'ringlet help' lists all",
			 argv[1]);
		return CLI_USAGE;
	}
	status = verb->run(verb, argc - 1, argv + 1);
	if (fflush(stdout) && !status)
		return cli_fail("cannot write the output");
	return status;
}
