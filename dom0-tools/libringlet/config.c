// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration of a domain: keys and their values. See config.h.
 */
#include "config_set.h"
#include "keys.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#define NEAR		3		/* edits to a suggested key */
#define DEVICE_POOL_MIN	8		/* MiB */

/* The name that it has in this file. */
#define fail rl_config_fail

enum list {
	NO_LIST,
	MAYBE_LIST,			/* one value, or a list of them */
	ONLY_LIST,			/* of devices: may be empty, may grow */
};

struct key {
	const char *name;
	int (*set)(struct rl_config_reader *r, const struct rl_setting *s);
	enum list list;
};

int rl_config_fail(struct rl_config_reader *r, const struct rl_setting *s,
		   const char *format, ...)
{
	va_list args;
	int n;

	if (s->line)
		n = snprintf(r->error, sizeof(r->error), "%s:%u: ", s->source,
			     s->line);
	else
		n = snprintf(r->error, sizeof(r->error), "%s: ", s->source);
	if (n < 0 || (size_t)n >= sizeof(r->error))
		return -EINVAL;
	va_start(args, format);
	vsnprintf(r->error + n, sizeof(r->error) - (size_t)n, format, args);
	va_end(args);
	return -EINVAL;
}

static int set_string(struct rl_config_reader *r, const struct rl_setting *s,
		      char **to)
{
	char *copy;

	if (s->number)
		return fail(r, s, "'%s' must be a string: %s = \"%s\"", s->key,
			    s->key, s->value);
	copy = strdup(s->value);
	if (!copy)
		return fail(r, s, "out of memory");
	free(*to);
	*to = copy;
	return 0;
}

/* A path, made absolute: ringletd reads it again in another directory. */
static int set_path(struct rl_config_reader *r, const struct rl_setting *s,
		    char **to)
{
	char cwd[PATH_MAX], *path;
	int rc;

	rc = set_string(r, s, to);
	if (rc)
		return rc;
	if (!**to)
		return fail(r, s, "'%s' must be the path of a file", s->key);
	if (**to == '/')
		return 0;
	if (!getcwd(cwd, sizeof(cwd)) || asprintf(&path, "%s/%s", cwd, *to) < 0)
		return fail(r, s, "'%s' is a relative path, and the current directory is not known",
			    s->key);
	free(*to);
	*to = path;
	return 0;
}

static int set_number(struct rl_config_reader *r, const struct rl_setting *s,
		      uint64_t min, uint64_t max, const char *unit,
		      uint64_t *to)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(s->value, &end, 0);
	if (!isdigit((unsigned char)s->value[0]) || *end || errno)
		return fail(r, s, "'%s' must be a number%s%s: '%s' is none",
			    s->key, *unit ? " of" : "", unit, s->value);
	if (value < min || value > max)
		return fail(r, s, "'%s' must be %llu to %llu%s: it is %s",
			    s->key, (unsigned long long)min,
			    (unsigned long long)max, unit, s->value);
	*to = value;
	return 0;
}

static int set_name(struct rl_config_reader *r, const struct rl_setting *s)
{
	const char *why;

	if (!rl_name_ok(s->value, &why))
		return fail(r, s, "'%.80s' cannot be the name of a domain: %s",
			    s->value, why);
	memset(r->config.name, 0, sizeof(r->config.name));
	memcpy(r->config.name, s->value, strlen(s->value));
	return 0;
}

static int set_uuid(struct rl_config_reader *r, const struct rl_setting *s)
{
	if (!rl_uuid_parse(s->value, r->config.uuid))
		return fail(r, s, "'uuid' must look like 01234567-89ab-cdef-0123-456789abcdef");
	r->has_uuid = true;
	return 0;
}

static int set_kernel(struct rl_config_reader *r, const struct rl_setting *s)
{
	return set_path(r, s, &r->config.kernel);
}

static int set_ramdisk(struct rl_config_reader *r, const struct rl_setting *s)
{
	if (s->value[0])
		return set_path(r, s, &r->config.ramdisk);
	free(r->config.ramdisk);
	r->config.ramdisk = NULL;
	return 0;
}

static int set_cloud_init(struct rl_config_reader *r,
			  const struct rl_setting *s)
{
	return set_path(r, s, &r->config.cloud_init);
}

static int set_root(struct rl_config_reader *r, const struct rl_setting *s)
{
	return set_string(r, s, &r->root);
}

static int set_extra(struct rl_config_reader *r, const struct rl_setting *s)
{
	return set_string(r, s, &r->extra);
}

static int set_cmdline(struct rl_config_reader *r, const struct rl_setting *s)
{
	return set_string(r, s, &r->cmdline);
}

static int set_memory(struct rl_config_reader *r, const struct rl_setting *s)
{
	r->has_memory = true;
	return set_number(r, s, RL_MEMORY_MIN, RL_MEMORY_MAX, " MiB",
			  &r->config.memory);
}

static int set_maxmem(struct rl_config_reader *r, const struct rl_setting *s)
{
	return set_number(r, s, RL_MEMORY_MIN, RL_MEMORY_MAX, " MiB",
			  &r->config.maxmem);
}

static int set_device_pool(struct rl_config_reader *r,
			   const struct rl_setting *s)
{
	return set_number(r, s, 0, RL_MEMORY_MAX, " MiB",
			  &r->config.device_pool);
}

/* The same for a number of 32 bits; nothing is set when it is refused. */
static int set_number32(struct rl_config_reader *r, const struct rl_setting *s,
			uint64_t min, uint32_t max, const char *unit,
			uint32_t *to)
{
	uint64_t value = 0;
	int rc = set_number(r, s, min, max, unit, &value);

	if (!rc)
		*to = (uint32_t)value;
	return rc;
}

static int set_vcpus(struct rl_config_reader *r, const struct rl_setting *s)
{
	return set_number32(r, s, 1, RINGLET_MAX_VCPUS, "", &r->config.vcpus);
}

static int set_maxvcpus(struct rl_config_reader *r, const struct rl_setting *s)
{
	return set_number32(r, s, 1, RINGLET_MAX_VCPUS, "",
			    &r->config.maxvcpus);
}

static int set_cpu_weight(struct rl_config_reader *r,
			  const struct rl_setting *s)
{
	return set_number32(r, s, 1, 65535, "", &r->config.cpu_weight);
}

static int set_cap(struct rl_config_reader *r, const struct rl_setting *s)
{
	return set_number32(r, s, 0, 100 * RINGLET_MAX_VCPUS, " percent",
			    &r->config.cap);
}

static int set_vcpu_cpus(struct rl_config_reader *r,
			 const struct rl_setting *s, struct rl_vcpu_cpus *to)
{
	const char *text = s->value;
	unsigned int count = s->list ? s->count : 1;
	char why[128];

	to->nr = 0;
	to->list = s->list;
	while (to->nr < count) {
		if (to->nr == RINGLET_MAX_VCPUS)
			return fail(r, s, "the list '%s' has more than %d entries: a domain cannot have so many vCPUs",
				    s->key, RINGLET_MAX_VCPUS);
		if (!rl_cpus_parse(text, &to->cpus[to->nr++], why,
				   sizeof(why)))
			return fail(r, s, "'%s': %s", s->key, why);
		text += strlen(text) + 1;
	}
	return 0;
}

static int set_cpus(struct rl_config_reader *r, const struct rl_setting *s)
{
	return set_vcpu_cpus(r, s, &r->config.cpus);
}

static int set_cpus_soft(struct rl_config_reader *r, const struct rl_setting *s)
{
	return set_vcpu_cpus(r, s, &r->config.cpus_soft);
}

static int set_vsock_cid(struct rl_config_reader *r, const struct rl_setting *s)
{
	return set_number32(r, s, RL_CID_MIN, RL_CID_MAX, "",
			    &r->config.vsock_cid);
}

static int set_rng(struct rl_config_reader *r, const struct rl_setting *s)
{
	uint32_t value = 0;
	int rc = set_number32(r, s, 0, 1, "", &value);

	r->config.has_rng = true;
	r->config.rng = value;
	return rc;
}

static const char *const actions[] = {
	[RL_DESTROY] = "destroy",
	[RL_RESTART] = "restart",
	[RL_PRESERVE] = "preserve",
	[RL_COREDUMP_DESTROY] = "coredump-destroy",
	[RL_COREDUMP_RESTART] = "coredump-restart",
};

/* Actions of xl.cfg(5) that Ringlet does not have. */
static const char *const actions_of_xl[] = {
	"rename-restart", "soft-reset",
};

static int set_action(struct rl_config_reader *r, const struct rl_setting *s,
		      enum rl_action *to)
{
	size_t i;

	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (!strcmp(s->value, actions[i])) {
			*to = (enum rl_action)i;
			return 0;
		}
	}
	for (i = 0; i < sizeof(actions_of_xl) / sizeof(actions_of_xl[0]); i++)
		if (!strcmp(s->value, actions_of_xl[i]))
			return fail(r, s, "'%s' cannot be \"%s\" in this version of Ringlet: \"destroy\", \"restart\", \"preserve\", \"coredump-destroy\" and \"coredump-restart\" are possible",
				    s->key, s->value);
	return fail(r, s, "'%s' must be \"destroy\", \"restart\", \"preserve\", \"coredump-destroy\" or \"coredump-restart\": it is \"%s\"",
		    s->key, s->value);
}

static int set_on_poweroff(struct rl_config_reader *r,
			   const struct rl_setting *s)
{
	return set_action(r, s, &r->config.on_poweroff);
}

static int set_on_reboot(struct rl_config_reader *r, const struct rl_setting *s)
{
	return set_action(r, s, &r->config.on_reboot);
}

static int set_on_crash(struct rl_config_reader *r, const struct rl_setting *s)
{
	return set_action(r, s, &r->config.on_crash);
}

static const struct key keys[] = {
	{ "name", set_name, NO_LIST },
	{ "uuid", set_uuid, NO_LIST },
	{ "kernel", set_kernel, NO_LIST },
	{ "ramdisk", set_ramdisk, NO_LIST },
	{ "root", set_root, NO_LIST },
	{ "extra", set_extra, NO_LIST },
	{ "cmdline", set_cmdline, NO_LIST },
	{ "memory", set_memory, NO_LIST },
	{ "maxmem", set_maxmem, NO_LIST },
	{ "vcpus", set_vcpus, NO_LIST },
	{ "maxvcpus", set_maxvcpus, NO_LIST },
	{ "cpu_weight", set_cpu_weight, NO_LIST },
	{ "cap", set_cap, NO_LIST },
	{ "cpus", set_cpus, MAYBE_LIST },
	{ "cpus_soft", set_cpus_soft, MAYBE_LIST },
	{ "on_poweroff", set_on_poweroff, NO_LIST },
	{ "on_reboot", set_on_reboot, NO_LIST },
	{ "on_crash", set_on_crash, NO_LIST },
	{ "device_pool", set_device_pool, NO_LIST },
	{ "disk", rl_config_set_disk, ONLY_LIST },
	{ "vif", rl_config_set_vif, ONLY_LIST },
	{ "virtiofs", rl_config_set_virtiofs, ONLY_LIST },
	{ "channel", rl_config_set_channel, ONLY_LIST },
	{ "vsock_cid", set_vsock_cid, NO_LIST },
	{ "rng", set_rng, NO_LIST },
	{ "p9", rl_config_no_p9, ONLY_LIST },
	{ "cloud_init", set_cloud_init, NO_LIST },
	{ "bootloader", rl_config_no_bootloader, NO_LIST },
};

#define NR_KEYS		(sizeof(keys) / sizeof(keys[0]))
#define NR_KEYS_OF_XL	(sizeof(rl_keys_of_xl) / sizeof(rl_keys_of_xl[0]))

/* Edits (insert, delete, replace) that make one key of another. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[RL_KEY_LEN + 1];
	size_t la = strlen(a), lb = strlen(b), i, j;
	unsigned int left, cost;

	for (j = 0; j <= lb; j++)
		row[j] = (unsigned int)j;
	for (i = 1; i <= la; i++) {
		left = row[0];
		row[0] = (unsigned int)i;
		for (j = 1; j <= lb; j++) {
			cost = left + (a[i - 1] != b[j - 1]);
			left = row[j];
			if (row[j] + 1 < cost)
				cost = row[j] + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			row[j] = cost;
		}
	}
	return row[lb];
}

static int unknown_key(struct rl_config_reader *r, const struct rl_setting *s)
{
	unsigned int best = NEAR + 1, d;
	const char *near = NULL;
	size_t i;

	for (i = 0; i < NR_KEYS; i++) {
		d = distance(s->key, keys[i].name);
		if (d < best && d < strlen(keys[i].name)) {
			best = d;
			near = keys[i].name;
		}
	}
	if (near)
		return fail(r, s, "there is no key '%s': did you mean '%s'?",
			    s->key, near);
	return fail(r, s, "there is no key '%s': ringlet.cfg(5) lists all keys",
		    s->key);
}

/* Is the value what the key may have: one, a list, more of a list? */
static int check_shape(struct rl_config_reader *r, const struct key *key,
		       const struct rl_setting *s)
{
	const char *text = s->value;
	unsigned int i;

	if (s->append && key->list != ONLY_LIST)
		return fail(r, s, "'+=' is for lists, and '%s' is not one: write '%s = ...' once",
			    s->key, s->key);
	if (!s->list)
		return key->list != ONLY_LIST ? 0 :
		       fail(r, s, "'%s' must be a list: %s = [ '%s' ]", s->key,
			    s->key, s->value);
	if (key->list == NO_LIST)
		return fail(r, s, "'%s' must be one value, not a list", s->key);
	if (!text)
		return fail(r, s, "'%s' must be a list of strings", s->key);
	if (key->list == ONLY_LIST)
		return 0;
	for (i = 0; i < s->count && *text; i++)
		text += strlen(text) + 1;
	return s->count && i == s->count ? 0 :
	       fail(r, s, "'%s' must be a list of strings that are not empty",
		    s->key);
}

int rl_config_set(void *context, const struct rl_setting *s)
{
	struct rl_config_reader *r = context;
	char sentence[512];
	size_t i;

	for (i = 0; i < NR_KEYS; i++) {
		if (strcmp(s->key, keys[i].name))
			continue;
		if (check_shape(r, &keys[i], s))
			return -EINVAL;
		return keys[i].set(r, s);
	}
	for (i = 0; i < NR_KEYS_OF_XL; i++) {
		if (strcmp(s->key, rl_keys_of_xl[i]))
			continue;
		fail(r, s, "warning: '%s' is ignored: this version of Ringlet does not have it",
		     s->key);
		snprintf(sentence, sizeof(sentence), "%s", r->error);
		r->error[0] = 0;
		if (r->warn)
			r->warn(sentence);
		return 0;
	}
	return unknown_key(r, s);
}

void rl_config_begin(struct rl_config_reader *r,
		     void (*warn)(const char *sentence))
{
	memset(r, 0, sizeof(*r));
	r->warn = warn;
	r->config.vcpus = 1;
	r->config.cpu_weight = 256;
	r->config.on_poweroff = RL_DESTROY;
	r->config.on_reboot = RL_RESTART;
	r->config.on_crash = RL_DESTROY;
}

static int make_cmdline(struct rl_config_reader *r, const struct rl_setting *s)
{
	char sentence[256];
	int rc = 0;

	if (r->cmdline) {
		r->config.cmdline = r->cmdline;
		r->cmdline = NULL;
		if ((r->root || r->extra) && r->warn) {
			snprintf(sentence, sizeof(sentence), "%s: warning: 'root' and 'extra' are ignored: 'cmdline' is the whole command line",
				 s->source);
			r->warn(sentence);
		}
	} else if (r->root) {
		rc = asprintf(&r->config.cmdline, "root=%s%s%s", r->root,
			      r->extra ? " " : "", r->extra ? r->extra : "");
	} else {
		rc = asprintf(&r->config.cmdline, "%s",
			      r->extra ? r->extra : "");
	}
	if (rc < 0) {
		r->config.cmdline = NULL;
		return fail(r, s, "out of memory");
	}
	if (strlen(r->config.cmdline) > RL_CMDLINE_MAX)
		return fail(r, s, "the command line of the kernel has %zu characters: %d are possible",
			    strlen(r->config.cmdline), RL_CMDLINE_MAX);
	return 0;
}

static int check_complete(struct rl_config_reader *r,
			  const struct rl_setting *s)
{
	if (!r->config.name[0])
		return fail(r, s, "the domain has no name: add name = \"...\"");
	if (!r->config.kernel)
		return fail(r, s, "the domain has no kernel: add kernel = \"/path/of/vmlinux\"");
	if (!r->has_memory)
		return fail(r, s, "the domain has no memory: add memory = 512 (MiB)");
	if (!r->config.maxmem)
		r->config.maxmem = r->config.memory;
	if (r->config.maxmem < r->config.memory)
		return fail(r, s, "'maxmem' must be at least 'memory': they are %llu and %llu MiB",
			    (unsigned long long)r->config.maxmem,
			    (unsigned long long)r->config.memory);
	if (r->config.device_pool &&
	    (r->config.device_pool < DEVICE_POOL_MIN ||
	     r->config.device_pool > r->config.memory / 2))
		return fail(r, s, "'device_pool' must be 0, or %d MiB to half of the memory: it is %llu",
			    DEVICE_POOL_MIN,
			    (unsigned long long)r->config.device_pool);
	if (r->config.device_pool && r->config.maxmem > r->config.memory)
		return fail(r, s, "a domain with 'device_pool' has no balloon: 'maxmem' must be the same as 'memory'");
	if (!r->config.maxvcpus)
		r->config.maxvcpus = r->config.vcpus;
	if (r->config.maxvcpus < r->config.vcpus)
		return fail(r, s, "'maxvcpus' must be at least 'vcpus': they are %u and %u",
			    r->config.maxvcpus, r->config.vcpus);
	return make_cmdline(r, s);
}

int rl_config_end(struct rl_config_reader *r, struct rl_config *config,
		  const char *source)
{
	struct rl_setting s = { .source = source };
	int rc = r->error[0] ? -EINVAL : check_complete(r, &s);

	if (!rc && !r->has_uuid) {
		if (getrandom(r->config.uuid, sizeof(r->config.uuid), 0) !=
		    sizeof(r->config.uuid))
			rc = fail(r, &s, "no random numbers for a uuid: add uuid = \"...\"");
		/* RFC 4122, 4.4: version 4, variant 1. */
		r->config.uuid[6] = (r->config.uuid[6] & 0x0f) | 0x40;
		r->config.uuid[8] = (r->config.uuid[8] & 0x3f) | 0x80;
	}
	if (!rc)
		rc = rl_config_end_devices(r, &s);
	if (rc) {
		rl_config_free(&r->config);
		memset(config, 0, sizeof(*config));
	} else {
		*config = r->config;
	}
	memset(&r->config, 0, sizeof(r->config));
	free(r->root);
	free(r->extra);
	free(r->cmdline);
	r->root = r->extra = r->cmdline = NULL;
	return rc;
}

void rl_config_free(struct rl_config *config)
{
	free(config->kernel);
	free(config->ramdisk);
	free(config->cmdline);
	free(config->cloud_init);
	config->kernel = config->ramdisk = config->cmdline = NULL;
	config->cloud_init = NULL;
	rl_config_free_devices(config);
}

bool rl_name_ok(const char *name, const char **why)
{
	size_t n = strlen(name), i;

	*why = NULL;
	if (!n)
		*why = "it is empty";
	else if (n >= RINGLET_NAME_LEN)
		*why = "it has more than 63 characters";
	else if (strspn(name, "0123456789") == n)
		*why = "a number would be taken for an identifier";
	else if (name[0] == '-' || name[0] == '.')
		*why = "it begins with '-' or '.'";
	for (i = 0; i < n && !*why; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '/')
			*why = "letters, digits and signs of ASCII other than space and '/' are possible";
	return !*why;
}

const char *rl_action_name(enum rl_action action)
{
	return actions[action];
}
