/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the `ringlet` command share: the table of verbs, and how
 * they report.
 */
#ifndef CLI_H
#define CLI_H

#include <getopt.h>
#include <stdbool.h>
#include "ringlet.h"

/* Exit codes. */
#define CLI_OK		0
#define CLI_FAILED	1	/* it did not work; a sentence says why */
#define CLI_USAGE	2	/* arguments are not understood */

struct cmd_spec {
	const char *name;
	int (*run)(const struct cmd_spec *cmd, int argc, char **argv);
	const char *usage;		/* arguments, behind the name */
	const char *summary;
	const char *options;		/* a line for each option, or NULL */
};

extern const struct cmd_spec cmd_table[];
extern const unsigned int cmd_count;

/* Print "ringlet: sentence" to stderr. Returns CLI_FAILED. */
int cli_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Print what is wrong with the arguments, and the usage. Returns CLI_USAGE. */
int cli_usage(const struct cmd_spec *cmd, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Options of a verb, for getopt_long; ends with a zero entry. */
#define CLI_HELP	{ "help", no_argument, NULL, 'h' }
#define CLI_JSON	{ "json", no_argument, NULL, 'j' }
#define CLI_END		{ NULL, 0, NULL, 0 }

/*
 * The next option, -1 behind the last one. "-h", "--help" and errors are
 * handled: they return '?' with the exit code in *status.
 */
int cli_option(const struct cmd_spec *cmd, int argc, char **argv,
	       const char *letters, const struct option *options, int *status);

/*
 * Parse a verb without options other than -h, with min to max arguments (max
 * < 0: any number). Returns 0 with optind at the first one, or -1 with the exit
 * code in *status.
 */
int cli_plain(const struct cmd_spec *cmd, int argc, char **argv, int min,
	      int max, int *status);

/* As cli_plain(), with --json. */
int cli_listing(const struct cmd_spec *cmd, int argc, char **argv, int max,
		bool *json, int *status);

/* Check the number of arguments at optind. Returns 0 or the exit code. */
int cli_count(const struct cmd_spec *cmd, int argc, int min, int max);

/* Print and free a JSON value. Returns CLI_OK. */
struct json_object;
int cli_print_json(struct json_object *json);

/* Add a member to a JSON object. */
void cli_add_number(struct json_object *json, const char *key, uint64_t value);
void cli_add_string(struct json_object *json, const char *key,
		    const char *value);

/* A number that the user gave: min to max. Returns false if it is none. */
bool cli_number(const char *text, unsigned long min, unsigned long max,
		unsigned long *value);

/* The letters of a domain's state, as in the list: "rbpscd". */
void cli_state(const struct ringlet_domain_info *d, char out[7]);

/* Open libringlet, or say why not: then the result is false. */
bool cli_open(struct rl *rl);

/*
 * Make the terminal a domain's console, which is the connection 'fd' to
 * ringletd, or 'what' else it is, until either side ends it. Closes 'fd'. Returns an
 * exit code.
 */
int cli_relay(int fd, const char *what);

int cmd_create(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_list(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_vm_list(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_vcpu_list(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_vcpu_pin(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_sched_credit2(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_top(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_info(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_uptime(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_dmesg(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_perf(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_console(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_mem_set(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_mem_max(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_vcpu_set(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_pause(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_unpause(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_shutdown(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_reboot(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_destroy(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_trace(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_metrics(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_dump_core(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_domid(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_domname(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_block_attach(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_block_detach(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_block_list(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_network_attach(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_network_detach(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_network_list(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_channel_list(const struct cmd_spec *cmd, int argc, char **argv);
int cmd_help(const struct cmd_spec *cmd, int argc, char **argv);

#endif /* CLI_H */
