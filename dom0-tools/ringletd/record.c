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

static bool read_record(const char *path, struct rl_config *config,
			enum domain_state *state, uint32_t *domid, bool *paused)
{
	struct json_object *json = json_object_from_file(path);
	struct json_object *s, *id, *p, *c;
	struct rl_config_reader r;
	int rc = -1;

	if (json_object_object_get_ex(json, "state", &s) &&
	    json_object_object_get_ex(json, "domid", &id) &&
	    json_object_object_get_ex(json, "paused", &p) &&
	    json_object_object_get_ex(json, "config", &c) &&
	    json_object_is_type(c, json_type_object) && parse_state(s, state)) {
		*domid = (uint32_t)json_object_get_int64(id);
		*paused = json_object_get_boolean(p);
		rl_config_begin(&r, NULL);
		rl_config_json(&r, c);
		rc = rl_config_end(&r, config, path);
		if (rc)
			note("%s", r.error);
	}
	json_object_put(json);
	return !rc;
}

void records_read(void (*found)(void *context, struct rl_config *config,
				enum domain_state state, uint32_t domid,
				bool paused),
		  void *context)
{
	char path[PATH_LEN + 264];
	struct rl_config config;
	enum domain_state state;
	struct dirent *e;
	uint32_t domid;
	const char *dot;
	bool paused;
	DIR *dir;

	record_path(path, sizeof(path), "", "");
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		dot = strrchr(e->d_name, '.');
		if (!dot || strcmp(dot, ".json"))
			continue;
		snprintf(path, sizeof(path), "%s/domains/%s", rl_run_dir(),
			 e->d_name);
		if (read_record(path, &config, &state, &domid, &paused))
			found(context, &config, state, domid, paused);
		else
			note("%s is damaged and is left alone", path);
	}
	if (dir)
		closedir(dir);
}
