// SPDX-License-Identifier: GPL-2.0-only
/* A configuration as JSON, for ringletd and its records: see config.h. */
#include "config.h"

#include <stdlib.h>
#include <json-c/json.h>

static void add_string(struct json_object *json, const char *key,
		       const char *value)
{
	json_object_object_add(json, key, json_object_new_string(value));
}

static void add_number(struct json_object *json, const char *key,
		       uint64_t value)
{
	json_object_object_add(json, key, json_object_new_uint64(value));
}

static void add_cpus(struct json_object *json, const char *key,
		     const struct rl_vcpu_cpus *all)
{
	struct json_object *array = json_object_new_array();
	char text[RL_CPUS_LEN];
	unsigned int i;

	for (i = 0; i < all->nr; i++) {
		rl_cpus_format(&all->cpus[i], RL_CPUS_MAX, text);
		json_object_array_add(array, json_object_new_string(text));
	}
	if (all->list)
		json_object_object_add(json, key, json_object_get(array));
	else if (all->nr)
		add_string(json, key, text);
	json_object_put(array);
}

/* One more specification; takes 'text'. */
static void append(struct json_object *array, char *text)
{
	if (text)
		json_object_array_add(array, json_object_new_string(text));
	free(text);
}

static struct json_object *add_list(struct json_object *json, const char *key)
{
	struct json_object *array = json_object_new_array();

	json_object_object_add(json, key, array);
	return array;
}

/* Devices, as the specifications that describe them. */
static void add_devices(struct json_object *json, const struct rl_config *c)
{
	struct json_object *array;
	unsigned int i;

	array = add_list(json, "disk");
	for (i = 0; i < c->nr_disks; i++)
		append(array, rl_disk_text(&c->disks[i]));
	array = add_list(json, "vif");
	for (i = 0; i < c->nr_vifs; i++)
		append(array, rl_vif_text(&c->vifs[i]));
	array = add_list(json, "virtiofs");
	for (i = 0; i < c->nr_shares; i++)
		append(array, rl_share_text(&c->shares[i]));
	array = add_list(json, "channel");
	for (i = 0; i < c->nr_channels; i++)
		append(array, rl_channel_text(&c->channels[i]));
	if (c->vsock_cid)
		add_number(json, "vsock_cid", c->vsock_cid);
	if (c->has_rng)
		add_number(json, "rng", c->rng);
}

struct json_object *rl_config_to_json(const struct rl_config *config)
{
	struct json_object *json = json_object_new_object();
	char uuid[RL_UUID_LEN];

	rl_uuid_format(config->uuid, uuid);
	add_string(json, "name", config->name);
	add_string(json, "uuid", uuid);
	add_string(json, "kernel", config->kernel);
	if (config->ramdisk)
		add_string(json, "ramdisk", config->ramdisk);
	add_string(json, "cmdline", config->cmdline);
	if (config->cloud_init)
		add_string(json, "cloud_init", config->cloud_init);
	add_number(json, "memory", config->memory);
	add_number(json, "maxmem", config->maxmem);
	if (config->device_pool)
		add_number(json, "device_pool", config->device_pool);
	add_number(json, "vcpus", config->vcpus);
	add_number(json, "maxvcpus", config->maxvcpus);
	add_number(json, "cpu_weight", config->cpu_weight);
	add_number(json, "cap", config->cap);
	add_cpus(json, "cpus", &config->cpus);
	add_cpus(json, "cpus_soft", &config->cpus_soft);
	add_string(json, "on_poweroff", rl_action_name(config->on_poweroff));
	add_string(json, "on_reboot", rl_action_name(config->on_reboot));
	add_string(json, "on_crash", rl_action_name(config->on_crash));
	add_devices(json, config);
	return json;
}
