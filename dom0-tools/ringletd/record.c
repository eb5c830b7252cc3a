// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of domains: what a restarted daemon needs to go on, one small file
 * for each domain. They lie below /run, so that they end with the domains.
 */
#include "ringletd.h"
#include "device.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <json-c/json.h>

static const char *const state_names[] = {
	[CREATING] = "creating",
	[STARTING] = "starting",
	[RUNNING] = "running",
	[RESTARTING] = "restarting",
	[ENDED] = "ended",
	[ENDING] = "ending",
};

#define NR_STATES	(sizeof(state_names) / sizeof(state_names[0]))

static void record_path(char *path, size_t size, const char *name,
			const char *end)
{
	snprintf(path, size, "%s/domains/%s%s", rl_run_dir(), name, end);
}

int records_prepare(void)
{
	char path[PATH_LEN];

	record_path(path, sizeof(path), "", "");
	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	return 0;
}

static struct json_object *bus_to_json(const struct rl_bus *bus)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "first",
			       json_object_new_uint64(bus->first));
	json_object_object_add(json, "pages",
			       json_object_new_uint64(bus->pages));
	json_object_object_add(json, "gfn", json_object_new_uint64(bus->gfn));
	json_object_object_add(json, "port", json_object_new_int64(bus->port));
	return json;
}

static bool read_bus(struct json_object *json, struct rl_bus *bus)
{
	struct json_object *first, *pages, *gfn, *port;

	if (!json_object_object_get_ex(json, "pages", &pages) ||
	    !json_object_object_get_ex(json, "gfn", &gfn) ||
	    !json_object_object_get_ex(json, "port", &port))
		return false;
	/* An older daemon's records do not have it. */
	bus->first = json_object_object_get_ex(json, "first", &first) ?
		     json_object_get_uint64(first) : 0;
	bus->pages = json_object_get_uint64(pages);
	bus->gfn = json_object_get_uint64(gfn);
	bus->port = (uint32_t)json_object_get_int64(port);
	return true;
}

int record_write(const struct domain *d)
{
	char path[PATH_LEN], fresh[PATH_LEN];
	struct json_object *json;
	int rc;

	if (d->adopted)
		return 0;
	record_path(path, sizeof(path), d->config.name, ".json");
	record_path(fresh, sizeof(fresh), d->config.name, ".new");
	json = json_object_new_object();
	json_object_object_add(json, "state", json_object_new_string(
			       state_names[d->state]));
	json_object_object_add(json, "domid", json_object_new_int64(d->domid));
	json_object_object_add(json, "paused",
			       json_object_new_boolean(d->paused));
	json_object_object_add(json, "bus", bus_to_json(&d->bus));
	json_object_object_add(json, "memory",
			       json_object_new_uint64(d->memory));
	json_object_object_add(json, "devices", devices_to_json(d));
	json_object_object_add(json, "config", rl_config_to_json(&d->config));
	rc = json_object_to_file_ext(fresh, json, JSON_C_TO_STRING_PRETTY |
				     JSON_C_TO_STRING_NOSLASHESCAPE);
	json_object_put(json);
	if (!rc && !rename(fresh, path))
		return 0;
	rc = errno ? errno : EIO;
	note("cannot write %s: %s", path, strerror(rc));
	unlink(fresh);
	return -rc;
}

void record_remove(const struct domain *d)
{
	char path[PATH_LEN];

	if (d->adopted)
		return;
	record_path(path, sizeof(path), d->config.name, ".json");
	unlink(path);
}

static bool parse_state(struct json_object *json, enum domain_state *state)
{
	const char *name = json_object_get_string(json);
	size_t i;

	for (i = 0; name && i < NR_STATES; i++) {
		if (!strcmp(name, state_names[i])) {
			*state = (enum domain_state)i;
			return true;
		}
	}
	return false;
}

/* Everything but the configuration. */
static bool parse_record(struct json_object *json, struct record *r)
{
	struct json_object *state, *domid, *paused, *bus, *memory;

	memset(r, 0, sizeof(*r));
	if (!json_object_object_get_ex(json, "state", &state) ||
	    !json_object_object_get_ex(json, "domid", &domid) ||
	    !json_object_object_get_ex(json, "paused", &paused) ||
	    !json_object_object_get_ex(json, "bus", &bus) ||
	    !json_object_object_get_ex(json, "memory", &memory) ||
	    !json_object_object_get_ex(json, "devices", &r->devices) ||
	    !json_object_is_type(r->devices, json_type_array) ||
	    !parse_state(state, &r->state) || !read_bus(bus, &r->bus))
		return false;
	r->domid = (uint32_t)json_object_get_int64(domid);
	r->paused = json_object_get_boolean(paused);
	r->memory = json_object_get_uint64(memory);
	return true;
}

static bool read_record(struct json_object *json, const char *path,
			struct rl_config *config, struct record *record)
{
	struct json_object *value;
	struct rl_config_reader r;

	if (!parse_record(json, record) ||
	    !json_object_object_get_ex(json, "config", &value) ||
	    !json_object_is_type(value, json_type_object))
		return false;
	rl_config_begin(&r, NULL);
	rl_config_json(&r, value);
	if (!rl_config_end(&r, config, path))
		return true;
	note("%s", r.error);
	return false;
}

void records_read(void (*found)(void *context, struct rl_config *config,
				const struct record *record),
		  void *context)
{
	char path[PATH_LEN + 264];
	struct json_object *json;
	struct rl_config config;
	struct record record;
	struct dirent *e;
	const char *dot;
	DIR *dir;

	record_path(path, sizeof(path), "", "");
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		dot = strrchr(e->d_name, '.');
		if (!dot || strcmp(dot, ".json"))
			continue;
		snprintf(path, sizeof(path), "%s/domains/%s", rl_run_dir(),
			 e->d_name);
		json = json_object_from_file(path);
		if (read_record(json, path, &config, &record))
			found(context, &config, &record);
		else
			note("%s is damaged and is left alone", path);
		json_object_put(json);
	}
	if (dir)
		closedir(dir);
}
