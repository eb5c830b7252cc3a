// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of domains that run: mem-set and mem-max.
 *
 * A domain is built with all that 'maxmem' says. What it shall do without it gives
 * back through its balloon, a device that comes when it is needed first. How much it
 * has is for the guest to do and for the device manager to see to; here stands how
 * much it shall have.
 */
#include "devices.h"

#include <stdio.h>
#include <string.h>
#include <json-c/json.h>

#define PAGES_PER_MIB	256

static unsigned long long mib(uint64_t pages)
{
	return (unsigned long long)(pages / PAGES_PER_MIB);
}

/* May the domain have so much? Else the client was told. */
static bool may_have(struct rl *rl, struct client *c, const struct domain *d,
		     const struct ringlet_domain_info *info, uint64_t pages)
{
	uint64_t most = info->max_pages - RL_BUS_PAGES;
	uint64_t has = info->pages - RL_BUS_PAGES;
	struct ringlet_sysinfo host;

	if (pages > d->bus.pages) {
		client_refuse(c, "domain '%s' can have at most %llu MiB: it was made with that much (key 'maxmem')",
			      d->config.name, mib(d->bus.pages));
		return false;
	}
	if (pages > most) {
		client_refuse(c, "domain '%s' can have at most %llu MiB: 'ringlet mem-max' has set that",
			      d->config.name, mib(most));
		return false;
	}
	if (pages < has || rl_sysinfo(rl, &host) ||
	    pages - has <= host.free_pages + host.scrub_pages)
		return true;
	client_refuse(c, "domain '%s' cannot have %llu MiB more: %llu MiB are free",
		      d->config.name, mib(pages - has),
		      mib(host.free_pages + host.scrub_pages));
	return false;
}

static void mem_set(struct rl *rl, struct client *c, struct domain *d,
		    const struct ringlet_domain_info *info, uint64_t pages)
{
	struct device *dev = device_find(d, DEVICE_BALLOON, 0);

	if (d->bus.first) {
		client_refuse(c, "domain '%s' has no balloon: its devices reach only a pool of its memory (key 'device_pool')",
			      d->config.name);
		return;
	}
	if (pages < RL_MEMORY_MIN * PAGES_PER_MIB) {
		client_refuse(c, "a domain needs at least %d MiB", RL_MEMORY_MIN);
		return;
	}
	if (!may_have(rl, c, d, info, pages))
		return;
	d->memory = pages;
	record_write(d);
	if (dev && dev->state == ATTACHED)
		manager_balloon(rl, dev, c);
	else if (dev || pages == d->bus.pages)
		client_done(c, d);
	else if (!device_add(d, DEVICE_BALLOON, 0, c))
		client_refuse(c, "ringletd is out of memory");
}

static void mem_max(struct rl *rl, struct client *c, struct domain *d,
		    uint64_t pages)
{
	if (pages < d->memory)
		client_refuse(c, "domain '%s' has %llu MiB: 'ringlet mem-set' must make that less first",
			      d->config.name, mib(d->memory));
	else if (rl_domain_set_max_pages(rl, d->domid, pages + RL_BUS_PAGES))
		client_refuse(c, "%s", rl->error);
	else
		client_done(c, d);
}

void request_memory(struct client *c, struct domain *d, const char *op,
		    struct json_object *json, struct rl *rl)
{
	struct ringlet_domain_info info;
	struct json_object *value;

	if (!json_object_object_get_ex(json, "pages", &value) ||
	    !json_object_is_type(value, json_type_int) ||
	    json_object_get_int64(value) < 0)
		client_refuse(c, "the request does not say how much memory");
	else if (d->state != RUNNING)
		client_refuse(c, "domain '%s' does not run", d->config.name);
	else if (rl_next_domain(rl, d->domid, &info))
		client_refuse(c, "%s", rl->error);
	else if (!strcmp(op, "mem-set"))
		mem_set(rl, c, d, &info, json_object_get_uint64(value));
	else
		mem_max(rl, c, d, json_object_get_uint64(value));
}
