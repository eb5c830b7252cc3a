// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests of clients about devices: attach, detach, list. The protocol is
 * described in libringlet's daemon.h.
 */
#include "devices.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

static const char *string_of(struct json_object *json, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(json, key, &value) ?
	       json_object_get_string(value) : NULL;
}

/* The domain that a request is about, or NULL: the client was told. */
static struct domain *find_domain(struct client *c, struct json_object *json)
{
	const char *who = string_of(json, "domain");
	struct domain *d = who ? domain_find(who) : NULL;

	if (!d)
		client_refuse(c, "there is no domain '%.80s' ('ringlet list' shows those that exist)",
			      who ? who : "");
	else if (d->state == CREATING || d->state == RESTARTING)
		client_refuse(c, "domain '%s' is still being built: try again in a moment",
			      d->config.name);
	else if (d->state == ENDING)
		client_refuse(c, "domain '%s' is being destroyed",
			      d->config.name);
	else if (!d->bus.pages)
		client_refuse(c, "domain '%s' was not made by 'ringlet create': it has no devices, and its memory stays as it is",
			      d->config.name);
	else
		return d;
	return NULL;
}

/* --- Attach ----------------------------------------------------------------- */

static void attach_disk(struct client *c, struct domain *d, const char *text)
{
	const struct rl_disk *disk;
	char why[WHY_LEN];

	disk = rl_config_add_disk(&d->config, text, why, sizeof(why));
	if (!disk) {
		client_refuse(c, "%s", why);
	} else if (!device_add(d, DEVICE_DISK, disk->devid, c)) {
		rl_config_remove_disk(&d->config, disk->devid);
		client_refuse(c, "ringletd is out of memory");
	}
}

static void attach_vif(struct client *c, struct domain *d, const char *text)
{
	const struct rl_vif *vif;
	char why[WHY_LEN];

	vif = rl_config_add_vif(&d->config, text, why, sizeof(why));
	if (!vif) {
		client_refuse(c, "%s", why);
	} else if (!device_add(d, DEVICE_VIF, vif->devid, c)) {
		rl_config_remove_vif(&d->config, vif->devid);
		client_refuse(c, "ringletd is out of memory");
	}
}

static void attach(struct client *c, struct domain *d, struct json_object *json)
{
	const char *disk = string_of(json, "disk");
	const char *vif = string_of(json, "vif");

	if (d->state == ENDED)
		client_refuse(c, "domain '%s' has ended", d->config.name);
	else if (disk)
		attach_disk(c, d, disk);
	else if (vif)
		attach_vif(c, d, vif);
	else
		client_refuse(c, "the request names no device");
}

/* --- Detach ----------------------------------------------------------------- */

static struct device *find_disk(struct domain *d, const char *who)
{
	uint32_t devid = rl_disk_devid(who);

	return devid ? device_find(d, DEVICE_DISK, devid) : NULL;
}

/* By number, or by MAC address. */
static struct device *find_vif(struct domain *d, const char *who)
{
	unsigned char mac[6];
	struct device *dev;

	if (!rl_mac_parse(who, mac)) {
		if (!*who || strspn(who, "0123456789") != strlen(who))
			return NULL;
		return device_find(d, DEVICE_VIF,
				   (uint32_t)strtoul(who, NULL, 10));
	}
	for (dev = d->devices; dev; dev = dev->next)
		if (dev->kind == DEVICE_VIF &&
		    !memcmp(device_vif(dev)->mac, mac, 6))
			break;
	return dev;
}

static void detach(struct client *c, struct domain *d, struct json_object *json,
		   struct rl *rl)
{
	const char *disk = string_of(json, "disk");
	const char *vif = string_of(json, "vif");
	struct json_object *value;
	struct device *dev = NULL;

	if (disk)
		dev = find_disk(d, disk);
	else if (vif)
		dev = find_vif(d, vif);
	if (!dev) {
		client_refuse(c, "domain '%s' has no %s '%.80s': 'ringlet %s %s' shows what it has",
			      d->config.name, disk ? "disk" : "network interface",
			      disk ? disk : vif ? vif : "",
			      disk ? "block-list" : "network-list", d->config.name);
	} else if (dev->client || dev->state == DETACHES) {
		client_refuse(c, "the device is being attached or detached already");
	} else if (dev->state != ATTACHED) {
		client_refuse(c, "what serves the device is being started again: try it once more in a moment");
	} else {
		dev->client = c;
		dev->state = DETACHES;
		manager_detach(rl, dev, json_object_object_get_ex(
			       json, "force", &value) &&
			       json_object_get_boolean(value));
	}
}

/* --- List ------------------------------------------------------------------- */

#define STATUS_DRIVER_OK	4

/* What the manager says of a device: has the guest's driver taken it? */
static bool has_driver(struct json_object *known, unsigned int number)
{
	struct json_object *json, *dev, *status;
	size_t i;

	for (i = 0; known && i < json_object_array_length(known); i++) {
		json = json_object_array_get_idx(known, i);
		if (json_object_object_get_ex(json, "dev", &dev) &&
		    json_object_object_get_ex(json, "status", &status) &&
		    json_object_get_int64(dev) == number)
			return json_object_get_int64(status) &
			       STATUS_DRIVER_OK;
	}
	return false;
}

static const char *state_of(const struct device *dev, struct json_object *known)
{
	switch (dev->state) {
	case ATTACHED:
		return has_driver(known, dev->number) ? "connected" : "offered";
	case DETACHES:
		return "detaching";
	default:
		return "preparing";
	}
}

static void add_string(struct json_object *json, const char *key,
		       const char *value)
{
	json_object_object_add(json, key, json_object_new_string(value));
}

static void add_disk(struct json_object *json, const struct rl_disk *disk)
{
	add_string(json, "kind", "disk");
	add_string(json, "vdev", disk->vdev);
	add_string(json, "target", disk->target);
	add_string(json, "format", rl_disk_format_name(disk->format));
	add_string(json, "access", disk->readonly ? "ro" : "rw");
}

static void add_balloon(struct json_object *json, const struct domain *d)
{
	add_string(json, "kind", "balloon");
	json_object_object_add(json, "memory_mib", json_object_new_int64(
			       (int64_t)(d->memory >> 8)));
}

static void add_vif(struct json_object *json, const struct device *dev)
{
	const struct rl_vif *vif = device_vif(dev);
	char mac[RL_MAC_LEN];

	rl_mac_format(vif->mac, mac);
	add_string(json, "kind", "vif");
	add_string(json, "mac", mac);
	add_string(json, "bridge", vif->bridge);
	add_string(json, "vifname", dev->tap);
}

static void add_share(struct json_object *json, const struct rl_share *share)
{
	add_string(json, "kind", "virtiofs");
	add_string(json, "tag", share->tag);
	add_string(json, "path", share->path);
	add_string(json, "access", share->readonly ? "ro" : "rw");
}

static void add_channel(struct json_object *json, const struct device *dev)
{
	const struct rl_channel *channel = device_channel(dev);
	char path[PATH_LEN];

	channel_path(dev, path, sizeof(path));
	add_string(json, "kind", "channel");
	add_string(json, "name", channel->name);
	add_string(json, "connection", channel->path ? "socket" : "pty");
	add_string(json, "path", path);
}

static void add_device(struct json_object *json, const struct device *dev)
{
	switch (dev->kind) {
	case DEVICE_DISK:
		add_disk(json, device_disk(dev));
		break;
	case DEVICE_VIF:
		add_vif(json, dev);
		break;
	case DEVICE_SHARE:
		add_share(json, device_share(dev));
		break;
	case DEVICE_VSOCK:
		add_string(json, "kind", "vsock");
		json_object_object_add(json, "cid", json_object_new_int64(
				       dev->domain->config.vsock_cid));
		break;
	case DEVICE_RNG:
		add_string(json, "kind", "rng");
		break;
	case DEVICE_CHANNEL:
		add_channel(json, dev);
		break;
	case DEVICE_BALLOON:
		add_balloon(json, dev->domain);
	}
}

void client_listed(struct client *c, struct domain *d,
		   struct json_object *known)
{
	struct json_object *reply = json_object_new_object();
	struct json_object *array = json_object_new_array(), *json;
	const struct device *dev;

	for (dev = d->devices; dev; dev = dev->next) {
		json = json_object_new_object();
		add_device(json, dev);
		json_object_object_add(json, "devid",
				       json_object_new_int64(dev->devid));
		json_object_object_add(json, "dev",
				       json_object_new_int64(dev->number));
		add_string(json, "state", state_of(dev, known));
		json_object_array_add(array, json);
	}
	json_object_object_add(reply, "domid",
			       json_object_new_int64(d->domid));
	json_object_object_add(reply, "devices", array);
	client_reply(c, reply);
}

void request_devices(struct client *c, const char *op,
		     struct json_object *json, struct rl *rl)
{
	struct domain *d = find_domain(c, json);

	if (!d)
		return;
	if (!strcmp(op, "attach"))
		attach(c, d, json);
	else if (!strcmp(op, "detach"))
		detach(c, d, json, rl);
	else if (!strcmp(op, "mem-set") || !strcmp(op, "mem-max"))
		request_memory(c, d, op, json, rl);
	else
		manager_list(rl, d, c);
}
