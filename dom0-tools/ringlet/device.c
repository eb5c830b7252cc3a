// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices of domains: block-attach, block-detach, block-list, the same for
 * networks, and channel-list. ringletd does it; arguments and columns are those of xl(1).
 */
#include "cli.h"
#include "daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

/* The kinds, as requests and replies name them. */
#define DISK	"disk"
#define VIF	"vif"

static void add_string(struct json_object *json, const char *key,
		       const char *value)
{
	json_object_object_add(json, key, json_object_new_string(value));
}

/* Send a request about a domain; takes it. Returns an exit code. */
static int ask(struct json_object *request, const char *op, const char *who,
	       struct json_object **reply)
{
	struct json_object *unused = NULL;
	int status = CLI_OK;
	struct rl rl;

	add_string(request, "op", op);
	add_string(request, "domain", who);
	if (!cli_open(&rl)) {
		status = CLI_FAILED;
	} else {
		if (rl_daemon_ask(&rl, request, reply ? reply : &unused) < 0)
			status = cli_fail("%s", rl.error);
		rl_close(&rl);
	}
	json_object_put(unused);
	json_object_put(request);
	return status;
}

/* The words of a description, with commas between them. */
static bool join(char **words, char *text, size_t size)
{
	size_t used = 0;
	int n;

	*text = 0;
	for (; *words; words++) {
		n = snprintf(text + used, size - used, "%s%s",
			     used ? "," : "", *words);
		if (n < 0 || (size_t)n >= size - used)
			return false;
		used += (size_t)n;
	}
	return true;
}

static bool check_disk(const char *text, char *why, size_t size)
{
	struct rl_disk disk;

	if (!rl_disk_parse(text, &disk, why, size))
		return false;
	rl_disk_free(&disk);
	return true;
}

static bool check_vif(const char *text, char *why, size_t size)
{
	struct rl_vif vif;

	if (!rl_vif_parse(text, &vif, why, size))
		return false;
	rl_vif_free(&vif);
	return true;
}

static int attach(const struct cmd_spec *cmd, int argc, char **argv,
		  const char *kind, int min,
		  bool (*check)(const char *text, char *why, size_t size))
{
	struct json_object *request;
	char text[8192], why[512];
	int status;

	if (cli_plain(cmd, argc, argv, min, -1, &status))
		return status;
	if (!join(argv + optind + 1, text, sizeof(text)))
		return cli_usage(cmd, "the device is described by more than %zu characters",
				 sizeof(text));
	if (!check(text, why, sizeof(why)))
		return cli_fail("%s", why);
	request = json_object_new_object();
	add_string(request, kind, text);
	return ask(request, "attach", argv[optind], NULL);
}

int cmd_block_attach(const struct cmd_spec *cmd, int argc, char **argv)
{
	return attach(cmd, argc, argv, DISK, 2, check_disk);
}

int cmd_network_attach(const struct cmd_spec *cmd, int argc, char **argv)
{
	return attach(cmd, argc, argv, VIF, 1, check_vif);
}

static int detach(const struct cmd_spec *cmd, int argc, char **argv,
		  const char *kind)
{
	static const struct option options[] = {
		CLI_HELP,
		{ "force", no_argument, NULL, 'f' },
		CLI_END
	};
	struct json_object *request;
	bool force = false;
	int opt, status;

	while ((opt = cli_option(cmd, argc, argv, ":hf", options, &status)) !=
	       -1) {
		if (opt != 'f')
			return status;
		force = true;
	}
	status = cli_count(cmd, argc, 2, 2);
	if (status)
		return status;
	request = json_object_new_object();
	add_string(request, kind, argv[optind + 1]);
	json_object_object_add(request, "force",
			       json_object_new_boolean(force));
	return ask(request, "detach", argv[optind], NULL);
}

int cmd_block_detach(const struct cmd_spec *cmd, int argc, char **argv)
{
	return detach(cmd, argc, argv, DISK);
}

int cmd_network_detach(const struct cmd_spec *cmd, int argc, char **argv)
{
	return detach(cmd, argc, argv, VIF);
}

/* --- Lists ------------------------------------------------------------------ */

static const char *string_of(struct json_object *json, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(json, key, &value) ?
	       json_object_get_string(value) : "";
}

static long long number_of(struct json_object *json, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(json, key, &value) ?
	       (long long)json_object_get_int64(value) : -1;
}

/* As Xen counts: 1 initialising, 2 waits for the guest, 4 connected, 5 closing. */
static int state_of(struct json_object *json)
{
	const char *state = string_of(json, "state");

	return !strcmp(state, "connected") ? 4 : !strcmp(state, "offered") ? 2 :
	       !strcmp(state, "detaching") ? 5 : 1;
}

/* Event channel and ring are of each queue, and of the manager: not shown. */
static void show_disk(struct json_object *json)
{
	printf("%-5lld %-3d %-6lld %-5d %-6d %-8d %-30s\n",
	       number_of(json, "devid"), 0, number_of(json, "dev"),
	       state_of(json), -1, -1, string_of(json, "target"));
}

static void show_vif(struct json_object *json)
{
	printf("%-3lld %-2d %-17s %-6lld %-5d %-6d %5d/%-11d %s@%s\n",
	       number_of(json, "devid"), 0, string_of(json, "mac"),
	       number_of(json, "dev"), state_of(json), -1, -1, -1,
	       string_of(json, "vifname"), string_of(json, "bridge"));
}

static void show_channel(struct json_object *json)
{
	printf("%-3lld %-2d %-5d %-6d %-8d %-10s %s=%s\n",
	       number_of(json, "devid"), 0, state_of(json), -1, -1,
	       string_of(json, "connection"),
	       string_of(json, "connection"), string_of(json, "path"));
}

struct device_list {
	const char *kind, *header;
	void (*show)(struct json_object *json);
	struct json_object *all;	/* --json */
};

static int list_domain(const struct device_list *l, const char *who)
{
	struct json_object *reply, *devices, *dev;
	size_t i;

	if (ask(json_object_new_object(), "devices", who, &reply))
		return CLI_FAILED;
	json_object_object_get_ex(reply, "devices", &devices);
	for (i = 0; i < json_object_array_length(devices); i++) {
		dev = json_object_array_get_idx(devices, i);
		if (strcmp(string_of(dev, "kind"), l->kind))
			continue;
		if (!l->all) {
			l->show(dev);
			continue;
		}
		json_object_object_add(dev, "domid", json_object_new_int64(
				       number_of(reply, "domid")));
		json_object_array_add(l->all, json_object_get(dev));
	}
	json_object_put(reply);
	return CLI_OK;
}

static int list(const struct cmd_spec *cmd, int argc, char **argv,
		struct device_list *l)
{
	bool json;
	int i, status, all = CLI_OK;

	if (cli_listing(cmd, argc, argv, -1, &json, &status))
		return status;
	status = cli_count(cmd, argc, 1, -1);
	if (status)
		return status;
	if (json)
		l->all = json_object_new_array();
	else
		puts(l->header);
	for (i = optind; i < argc; i++)
		if (list_domain(l, argv[i]))
			all = CLI_FAILED;
	if (json)
		cli_print_json(l->all);
	return all;
}

int cmd_block_list(const struct cmd_spec *cmd, int argc, char **argv)
{
	struct device_list l = {
		.kind = DISK,
		.header = "Vdev  BE  handle state evt-ch ring-ref BE-path",
		.show = show_disk,
	};

	return list(cmd, argc, argv, &l);
}

int cmd_network_list(const struct cmd_spec *cmd, int argc, char **argv)
{
	struct device_list l = {
		.kind = VIF,
		.header = "Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref BE-path",
		.show = show_vif,
	};

	return list(cmd, argc, argv, &l);
}

int cmd_channel_list(const struct cmd_spec *cmd, int argc, char **argv)
{
	struct device_list l = {
		.kind = "channel",
		.header = "Idx BE state evt-ch ring-ref connection params",
		.show = show_channel,
	};

	return list(cmd, argc, argv, &l);
}
