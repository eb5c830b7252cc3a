// SPDX-License-Identifier: GPL-2.0-only
/*
 * create: read a configuration and have ringletd start the domain.
 *
 * ringletd builds, because it must be able to do that anyway when a domain
 * restarts, and because it is still there to remove a half-built domain when
 * this process is interrupted: it sees the connection close. The seed of cloud-init
 * is made here: ringletd gets a disk like others.
 */
#include "cli.h"
#include "daemon.h"
#include "seed.h"

#include <stdio.h>
#include <string.h>
#include <json-c/json.h>

struct create_options {
	bool console, dryrun, paused, quiet;
	const char *file;
};

static void warn(const char *sentence)
{
	fprintf(stderr, "ringlet: %s\n", sentence);
}

static int read_options(const struct cmd_spec *cmd, int argc, char **argv,
			struct create_options *o)
{
	static const struct option options[] = {
		CLI_HELP,
		{ "console", no_argument, NULL, 'c' },
		{ "dryrun", no_argument, NULL, 'n' },
		{ "paused", no_argument, NULL, 'p' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "defconfig", required_argument, NULL, 'f' },
		CLI_END
	};
	int opt, status;

	while ((opt = cli_option(cmd, argc, argv, ":hcnpqf:", options,
				 &status)) != -1) {
		switch (opt) {
		case 'c':
			o->console = true;
			break;
		case 'n':
			o->dryrun = true;
			break;
		case 'p':
			o->paused = true;
			break;
		case 'q':
			o->quiet = true;
			break;
		case 'f':
			o->file = optarg;
			break;
		default:
			return status ? status : -1;
		}
	}
	if (!o->file && optind < argc && !strchr(argv[optind], '='))
		o->file = argv[optind++];
	if (!o->file && optind == argc)
		return cli_usage(cmd, "the configuration file is missing");
	return CLI_OK;
}

/* Read the file and the arguments behind it. */
static int read_config(const struct create_options *o, char **arguments,
		       struct rl_config *config)
{
	const char *source = o->file ? o->file : "arguments";
	struct rl_config_reader r;
	int rc = 0;

	rl_config_begin(&r, warn);
	if (o->file) {
		if (!o->quiet && !o->dryrun)
			printf("Parsing config from %s\n", o->file);
		fflush(stdout);
		rc = rl_config_file(&r, o->file);
	}
	for (; !rc && *arguments; arguments++)
		rc = rl_config_argument(&r, *arguments);
	if (rl_config_end(&r, config, source) || rc)
		return cli_fail("%s", r.error);
	return CLI_OK;
}

static int dryrun(const struct rl_config *config)
{
	struct rl rl = { .fd = -1 };

	if (rl_build_check(&rl, config))
		return cli_fail("%s", rl.error);
	return cli_print_json(rl_config_to_json(config));
}

static int create(const struct create_options *o, struct rl_config *config)
{
	struct json_object *request;
	int fd, rc, status = CLI_FAILED;
	char why[512];
	struct rl rl;

	if (rl_seed_attach(config, RL_SEED_DIRECTORY, why, sizeof(why)))
		return cli_fail("%s", why);
	request = json_object_new_object();
	json_object_object_add(request, "op", json_object_new_string("create"));
	json_object_object_add(request, "config", rl_config_to_json(config));
	json_object_object_add(request, "paused",
			       json_object_new_boolean(o->paused));
	json_object_object_add(request, "console",
			       json_object_new_boolean(o->console));
	if (cli_open(&rl)) {
		rc = rl_daemon_request(&rl, request, o->console ? &fd : NULL);
		if (rc < 0)
			cli_fail("%s", rl.error);
		else
			status = o->console ? cli_relay(fd, "domain") : CLI_OK;
		rl_close(&rl);
	}
	json_object_put(request);
	return status;
}

int cmd_create(const struct cmd_spec *cmd, int argc, char **argv)
{
	struct create_options o = { 0 };
	struct rl_config config;
	int status;

	status = read_options(cmd, argc, argv, &o);
	if (status)
		return status < 0 ? CLI_OK : status;
	status = read_config(&o, argv + optind, &config);
	if (status)
		return status;
	status = o.dryrun ? dryrun(&config) : create(&o, &config);
	rl_config_free(&config);
	return status;
}
