// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices of domains: from the configuration to what the guest sees, and back
 * again when something that serves them has died. See devices.h.
 */
#include "devices.h"
#include "device.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <json-c/json.h>

#define RETRY_MS	200	/* doubled with each failure in a row */
#define RETRY_MAX_MS	10000
#define CUT_MS		5000	/* between looks at the size of logs */
#define STEADY_MS	1000	/* attached for so long, it has not failed */
#define SERVER_END_MS	10000	/* for a server to write what it has */

static const char *const kinds[] = {
	[DEVICE_DISK] = "disk",
	[DEVICE_VIF] = "vif",
	[DEVICE_SHARE] = "virtiofs",
	[DEVICE_VSOCK] = "vsock",
	[DEVICE_RNG] = "rng",
	[DEVICE_BALLOON] = "balloon",
	[DEVICE_CHANNEL] = "channel",
};

#define NR_KINDS	(sizeof(kinds) / sizeof(kinds[0]))

int devices_prepare(void)
{
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "%s/devices", rl_run_dir());
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

const struct rl_disk *device_disk(const struct device *dev)
{
	const struct rl_config *c = &dev->domain->config;
	unsigned int i;

	for (i = 0; i < c->nr_disks; i++)
		if (c->disks[i].devid == dev->devid)
			return &c->disks[i];
	return NULL;
}

const struct rl_vif *device_vif(const struct device *dev)
{
	const struct rl_config *c = &dev->domain->config;
	unsigned int i;

	for (i = 0; i < c->nr_vifs; i++)
		if (c->vifs[i].devid == dev->devid)
			return &c->vifs[i];
	return NULL;
}

/* They are there as long as the domain: their numbers are their places. */
const struct rl_share *device_share(const struct device *dev)
{
	return &dev->domain->config.shares[dev->devid];
}

const struct rl_channel *device_channel(const struct device *dev)
{
	return &dev->domain->config.channels[dev->devid];
}

const char *device_name(const struct device *dev)
{
	static char text[64];

	switch (dev->kind) {
	case DEVICE_DISK:
		return device_disk(dev)->vdev;
	case DEVICE_SHARE:
		snprintf(text, sizeof(text), "virtiofs '%s'",
			 device_share(dev)->tag);
		break;
	case DEVICE_CHANNEL:
		snprintf(text, sizeof(text), "channel '%.48s'",
			 device_channel(dev)->name);
		break;
	default:
		snprintf(text, sizeof(text), "%s %u", kinds[dev->kind],
			 dev->devid);
	}
	return text;
}

const char *device_server(const struct device *dev)
{
	switch (dev->kind) {
	case DEVICE_DISK:
		return "qemu-storage-daemon";
	case DEVICE_SHARE:
		return "virtiofsd";
	default:
		return NULL;
	}
}

struct device *device_by_number(struct domain *d, unsigned int number)
{
	struct device *dev;

	for (dev = d->devices; dev && dev->number != number; dev = dev->next)
		;
	return dev;
}

struct device *device_find(struct domain *d, enum device_kind kind,
			   uint32_t devid)
{
	struct device *dev;

	for (dev = d->devices; dev; dev = dev->next)
		if (dev->kind == kind && dev->devid == devid)
			break;
	return dev;
}

/* --- States ----------------------------------------------------------------- */

static void close_fds(struct device *dev)
{
	while (dev->nr_fds)
		close(dev->fds[--dev->nr_fds]);
}

static void wait_ms(struct device *dev, uint64_t ms)
{
	close_fds(dev);
	dev->state = WAITS;
	dev->retry = now_ms() + ms;
}

static uint64_t pause_of(const struct device *dev)
{
	uint64_t pause = RETRY_MS;
	unsigned int i;

	for (i = 0; i < dev->failures && pause < RETRY_MAX_MS; i++)
		pause *= 2;
	return pause;
}

void device_lost(struct device *dev)
{
	if (dev->state == PREPARES || dev->state == WAITS)
		return;
	if (dev->state == ATTACHED && now_ms() - dev->attached >= STEADY_MS)
		dev->failures = 0;
	wait_ms(dev, pause_of(dev));
	dev->failures++;
}

void devices_manager_lost(struct domain *d)
{
	struct device *dev;

	for (dev = d->devices; dev; dev = dev->next) {
		dev->known = false;
		if (dev->state != PREPARES && dev->state != READY)
			wait_ms(dev, 0);
	}
}

/* Take a device out of its domain, and of the configuration. */
static void remove_device(struct device *dev)
{
	struct domain *d = dev->domain;
	struct device **p;

	for (p = &d->devices; *p != dev; p = &(*p)->next)
		;
	*p = dev->next;
	device_release(dev);
	if (dev->kind == DEVICE_DISK)
		rl_config_remove_disk(&d->config, dev->devid);
	else if (dev->kind == DEVICE_VIF)
		rl_config_remove_vif(&d->config, dev->devid);
	free(dev);
	record_write(d);
}

void device_failed(struct rl *rl, struct device *dev, const char *sentence)
{
	struct domain *d = dev->domain;

	(void)rl;
	device_stop_preparing(dev);
	wait_ms(dev, pause_of(dev));
	dev->failures++;
	if (d->devices_due) {
		if (!d->devices_error)
			d->devices_error = strdup(sentence);
	} else if (dev->client) {
		client_refuse(dev->client, "%s", sentence);
		dev->client = NULL;
		remove_device(dev);
	} else {
		note("%s of domain '%s': %s; it is tried again",
		     device_name(dev), d->config.name, sentence);
	}
}

void devices_failed(struct rl *rl, struct domain *d, const char *sentence)
{
	struct device *dev, *next;

	for (dev = d->devices; dev; dev = next) {
		next = dev->next;
		if (d->devices_due || dev->client)
			device_failed(rl, dev, sentence);
	}
}

void device_attached(struct rl *rl, struct device *dev, const char *error)
{
	char log[PATH_LEN], text[WHY_LEN + PATH_LEN];

	if (!error)
		dev->known = true;
	if (dev->state != ATTACHES)
		return;
	if (error) {
		dev->known = false;
		device_log(dev->domain, log, sizeof(log));
		snprintf(text, sizeof(text), "%s: %s (%s has more)",
			 device_name(dev), error, log);
		device_failed(rl, dev, text);
		return;
	}
	dev->state = ATTACHED;
	dev->attached = now_ms();
	dev->restarted = false;
	if (dev->client)
		client_done(dev->client, dev->domain);
	dev->client = NULL;
	/* It may have been changed meanwhile. */
	if (dev->kind == DEVICE_BALLOON)
		manager_balloon(rl, dev, NULL);
}

void device_detached(struct rl *rl, struct device *dev, const char *error)
{
	struct client *client = dev->client;
	struct domain *d = dev->domain;

	(void)rl;
	dev->client = NULL;
	if (error) {
		if (dev->state == DETACHES)
			dev->state = ATTACHED;
		if (client)
			client_refuse(client, "%s", error);
		return;
	}
	remove_device(dev);
	if (client)
		client_done(client, d);
}

/* --- Driving ---------------------------------------------------------------- */

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

/* Returns when to come back, or 0. May free 'dev'. */
static uint64_t advance_device(struct rl *rl, struct device *dev)
{
	struct manager *m = dev->domain->manager;
	uint64_t now = now_ms();
	int rc;

	switch (dev->state) {
	case WAITS:
		if (dev->retry > now)
			return dev->retry;
		/* The manager itself serves it. */
		if (dev->kind == DEVICE_RNG || dev->kind == DEVICE_BALLOON) {
			dev->state = READY;
			return now;
		}
		rc = device_prepare(dev);
		if (!rc)
			return dev->deadline;
		device_failed(rl, dev, strerror(-rc));
		return now + RETRY_MS;
	case PREPARES:
		if (dev->deadline > now)
			return dev->deadline;
		device_failed(rl, dev, "nothing answered while the device was prepared");
		return now + RETRY_MS;
	case READY:
		if (m && m->up) {
			dev->state = ATTACHES;
			manager_attach(rl, dev);
		}
		return 0;
	default:
		return 0;
	}
}

static bool all_attached(const struct domain *d)
{
	const struct device *dev;

	for (dev = d->devices; dev; dev = dev->next)
		if (dev->state != ATTACHED)
			return false;
	return true;
}

static uint64_t advance_domain(struct rl *rl, struct domain *d)
{
	struct device *dev, *next_dev;
	uint64_t next = 0;

	if (!d->devices || d->builder || d->state == ENDED || d->end_by)
		return 0;
	next = manager_advance(rl, d);
	for (dev = d->devices; dev; dev = next_dev) {
		next_dev = dev->next;
		next = earliest(next, advance_device(rl, dev));
	}
	return next;
}

static uint64_t next_time;

/* Now and then, for as long as there are devices. Returns the next time, or 0. */
static uint64_t cut_logs(void)
{
	static uint64_t next;
	uint64_t now = now_ms();
	char path[PATH_LEN];
	bool due = next <= now, any = false;
	struct domain *d;

	for (d = domains; d; d = d->next) {
		if (!d->devices)
			continue;
		any = true;
		device_log(d, path, sizeof(path));
		if (due)
			log_cut(path);
	}
	if (due)
		next = now + CUT_MS;
	return any ? next : 0;
}

void devices_advance(struct rl *rl)
{
	struct domain *d, *next;

	next_time = earliest(services_advance(), cut_logs());
	for (d = domains; d; d = next) {
		next = d->next;
		next_time = earliest(next_time, advance_domain(rl, d));
		if (!d->devices_due)
			continue;
		if (d->devices_error) {
			d->devices_due = false;
			domain_give_up(rl, d, d->devices_error);
		} else if (all_attached(d)) {
			d->devices_due = false;
			domain_start(rl, d);
		}
	}
}

int devices_timeout(void)
{
	uint64_t now = now_ms();

	if (!next_time)
		return -1;
	return next_time <= now ? 0 : (int)(next_time - now);
}

/* --- Life ------------------------------------------------------------------- */

static struct device *add_device(struct domain *d, enum device_kind kind,
				 uint32_t devid)
{
	struct device *dev = calloc(1, sizeof(*dev)), **p;

	if (!dev)
		return NULL;
	dev->domain = d;
	dev->kind = kind;
	dev->devid = devid;
	dev->result.fd = -1;
	while (device_by_number(d, dev->number))
		dev->number++;
	for (p = &d->devices; *p; p = &(*p)->next)
		;
	*p = dev;
	return dev;
}

static void name_tap(struct device *dev)
{
	const struct rl_vif *vif = device_vif(dev);

	if (dev->kind != DEVICE_VIF)
		return;
	if (vif->vifname[0])
		strcpy(dev->tap, vif->vifname);
	else
		snprintf(dev->tap, sizeof(dev->tap), "vif%u.%u",
			 dev->domain->domid, dev->devid);
}

bool devices_begin(struct domain *d)
{
	const struct rl_config *c = &d->config;
	struct device *dev;
	unsigned int i;

	if (!d->devices) {
		for (i = 0; i < c->nr_disks; i++)
			add_device(d, DEVICE_DISK, c->disks[i].devid);
		for (i = 0; i < c->nr_vifs; i++)
			add_device(d, DEVICE_VIF, c->vifs[i].devid);
		for (i = 0; i < c->nr_shares; i++)
			add_device(d, DEVICE_SHARE, i);
		for (i = 0; i < c->nr_channels; i++)
			add_device(d, DEVICE_CHANNEL, i);
		if (c->vsock_cid)
			add_device(d, DEVICE_VSOCK, 0);
		if (rl_config_has_rng(c))
			add_device(d, DEVICE_RNG, 0);
		if (c->memory < c->maxmem)
			add_device(d, DEVICE_BALLOON, 0);
	}
	for (dev = d->devices; dev; dev = dev->next) {
		name_tap(dev);
		wait_ms(dev, 0);
	}
	d->devices_due = d->devices;
	return d->devices_due;
}

/* A name that the configuration gives may be that of another device's tap. */
static bool tap_is_shared(const struct device *dev)
{
	const struct device *other;
	const struct domain *d;

	for (d = domains; d; d = d->next)
		for (other = d->devices; other; other = other->next)
			if (other != dev && !strcmp(other->tap, dev->tap))
				return true;
	return false;
}

/* Let go of what a device has in this life of its domain. */
static void release_life(struct device *dev)
{
	manager_forget_device(dev->domain, dev);
	device_stop_preparing(dev);
	close_fds(dev);
	dev->known = false;
	dev->failures = 0;
	dev->state = WAITS;
	if (dev->client)
		client_refuse(dev->client, "the domain has ended");
	dev->client = NULL;
	if (dev->tap[0] && !tap_is_shared(dev))
		tap_remove(dev);
	dev->tap[0] = 0;
}

void device_release(struct device *dev)
{
	static const char *const ends[] = { ".pid", ".sock", ".new" };
	char path[PATH_LEN];
	size_t i;

	release_life(dev);
	if (dev->kind == DEVICE_CHANNEL)
		channel_remove(dev);
	if (!device_server(dev))
		return;
	device_path(dev, ".new", path, sizeof(path));
	service_kill(path);
	service_end(dev->server, SIGTERM, SERVER_END_MS, dev->domain->domid);
	dev->server = NULL;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		device_path(dev, ends[i], path, sizeof(path));
		unlink(path);
	}
}

void devices_end_life(struct domain *d)
{
	struct device *dev;

	manager_end(d);
	d->devices_due = false;
	for (dev = d->devices; dev; dev = dev->next)
		release_life(dev);
}

void devices_end(struct domain *d)
{
	struct device *dev;

	manager_end(d);
	while ((dev = d->devices)) {
		device_release(dev);
		d->devices = dev->next;
		free(dev);
	}
	free(d->devices_error);
	d->devices_error = NULL;
}

void devices_forget(struct domain *d)
{
	struct device *dev;

	manager_forget(d);
	while ((dev = d->devices)) {
		device_stop_preparing(dev);
		close_fds(dev);
		service_forget(dev->server);
		d->devices = dev->next;
		free(dev);
	}
}

void devices_cancel(const struct client *client)
{
	struct device *dev;
	struct domain *d;

	for (d = domains; d; d = d->next) {
		manager_forget_client(d, client);
		for (dev = d->devices; dev; dev = dev->next)
			if (dev->client == client)
				dev->client = NULL;
	}
}

/* --- Records ---------------------------------------------------------------- */

struct json_object *devices_to_json(const struct domain *d)
{
	struct json_object *array = json_object_new_array(), *json;
	const struct device *dev;

	for (dev = d->devices; dev; dev = dev->next) {
		json = json_object_new_object();
		json_object_object_add(json, "dev",
				       json_object_new_int64(dev->number));
		json_object_object_add(json, "kind",
				       json_object_new_string(kinds[dev->kind]));
		json_object_object_add(json, "devid",
				       json_object_new_int64(dev->devid));
		json_object_object_add(json, "tap",
				       json_object_new_string(dev->tap));
		json_object_array_add(array, json);
	}
	return array;
}

static void restore(struct domain *d, struct json_object *json)
{
	struct json_object *number, *kind, *devid, *tap;
	struct device *dev;
	size_t i = 0;

	if (!json_object_object_get_ex(json, "dev", &number) ||
	    !json_object_object_get_ex(json, "kind", &kind) ||
	    !json_object_object_get_ex(json, "devid", &devid) ||
	    !json_object_object_get_ex(json, "tap", &tap))
		return;
	while (i < NR_KINDS && strcmp(json_object_get_string(kind), kinds[i]))
		i++;
	if ((i == DEVICE_SHARE && json_object_get_int64(devid) >=
				  d->config.nr_shares) ||
	    (i == DEVICE_CHANNEL && json_object_get_int64(devid) >=
				    d->config.nr_channels))
		return;
	dev = i == NR_KINDS ? NULL :
	      add_device(d, (enum device_kind)i,
			 (uint32_t)json_object_get_int64(devid));
	if (!dev)
		return;
	dev->number = (unsigned int)json_object_get_int64(number);
	snprintf(dev->tap, sizeof(dev->tap), "%s",
		 json_object_get_string(tap));
	if (dev->kind == DEVICE_DISK)
		device_watch_server(dev);
}

void devices_resume(struct domain *d, struct json_object *array)
{
	size_t i;

	for (i = 0; i < json_object_array_length(array); i++)
		restore(d, json_object_array_get_idx(array, i));
}

struct device *device_add(struct domain *d, enum device_kind kind,
			  uint32_t devid, struct client *client)
{
	struct device *dev = add_device(d, kind, devid);

	if (!dev)
		return NULL;
	name_tap(dev);
	dev->client = client;
	record_write(d);
	return dev;
}
