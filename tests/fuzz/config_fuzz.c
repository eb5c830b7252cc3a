// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration files of domains: whatever is in one, it is read or refused with
 * a sentence; and what was read survives the way through JSON, on which it goes
 * to the daemon.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "../../dom0-tools/libringlet/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(struct rl_config *config)
{
	struct json_object *json = rl_config_to_json(config), *second;
	struct rl_config_reader r;
	struct rl_config copy;

	rl_config_begin(&r, NULL);
	if (rl_config_json(&r, json) || rl_config_end(&r, &copy, "again"))
		abort();
	second = rl_config_to_json(&copy);
	if (strcmp(json_object_to_json_string(json),
		   json_object_to_json_string(second)))
		abort();
	json_object_put(json);
	json_object_put(second);
	rl_config_free(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct rl_config_reader r;
	struct rl_config config;
	const char *why;

	memcpy(text, data, size);
	text[size] = 0;
	rl_config_begin(&r, NULL);
	rl_config_text(&r, text, "fuzz.cfg");
	if (rl_config_end(&r, &config, "fuzz.cfg")) {
		if (!r.error[0] || !memchr(r.error, 0, sizeof(r.error)))
			abort();
	} else {
		if (!rl_name_ok(config.name, &why) ||
		    config.memory < RL_MEMORY_MIN ||
		    config.memory > RL_MEMORY_MAX || !config.vcpus ||
		    config.vcpus > RINGLET_MAX_VCPUS || !config.cmdline ||
		    strlen(config.cmdline) > RL_CMDLINE_MAX)
			abort();
		again(&config);
		rl_config_free(&config);
	}
	free(text);
	return 0;
}
