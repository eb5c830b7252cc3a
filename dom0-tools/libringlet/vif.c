// SPDX-License-Identifier: GPL-2.0-only
/* The notation of network interfaces: see vif.h. */
#include "vif.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCRIPTS		"/etc/ringlet/scripts"
#define INTERVAL	50000		/* microseconds, as in Xen */
#define INTERVAL_MAX	4000000
#define RATE_MAX	(1ULL << 50)
#define MTU_MIN		68
#define MTU_MAX		65535
#define DEVID_MAX	63

struct parser {
	struct rl_vif *vif;
	bool has_bridge;
	char *why;
	size_t size;
};

static bool fail(struct parser *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool fail(struct parser *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->why, p->size, format, args);
	va_end(args);
	return false;
}

void rl_mac_format(const unsigned char m[6], char out[RL_MAC_LEN])
{
	snprintf(out, RL_MAC_LEN, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1],
		 m[2], m[3], m[4], m[5]);
}

bool rl_mac_parse(const char *text, unsigned char mac[6])
{
	unsigned int byte, i;

	for (i = 0; i < 6; i++) {
		if (!isxdigit((unsigned char)text[0]) ||
		    !isxdigit((unsigned char)text[1]) ||
		    text[2] != (i < 5 ? ':' : 0))
			return false;
		sscanf(text, "%2x", &byte);
		mac[i] = (unsigned char)byte;
		text += 3;
	}
	return true;
}

static bool set_mac(struct parser *p, const char *value)
{
	static const unsigned char none[6];

	if (!rl_mac_parse(value, p->vif->mac))
		return fail(p, "'%.80s' is not a MAC address: 00:16:3e:01:02:03 is one",
			    value);
	if (!memcmp(p->vif->mac, none, 6) || p->vif->mac[0] & 1)
		return fail(p, "%s cannot be the MAC address of an interface: it is %s",
			    value, p->vif->mac[0] & 1 ? "one of a group" : "zero");
	return true;
}

/* A name that Linux takes for a network interface. */
static bool set_name(struct parser *p, const char *value, char name[IFNAMSIZ])
{
	size_t n = strlen(value), i;

	for (i = 0; i < n; i++)
		if (value[i] <= ' ' || value[i] > '~' || value[i] == '/' ||
		    value[i] == ':' || value[i] == '%')
			break;
	if (!n || n >= IFNAMSIZ || i < n || !strcmp(value, ".") ||
	    !strcmp(value, ".."))
		return fail(p, "'%.80s' cannot be the name of a network interface: it has 1 to %d characters, none of them '/', ':', '%%' or a blank",
			    value, IFNAMSIZ - 1);
	strcpy(name, value);
	return true;
}

static bool set_bridge(struct parser *p, const char *value)
{
	p->has_bridge = true;
	return set_name(p, value, p->vif->bridge);
}

static bool set_vifname(struct parser *p, const char *value)
{
	return set_name(p, value, p->vif->vifname);
}

static bool set_copy(struct parser *p, char **to, const char *directory,
		     const char *value)
{
	free(*to);
	if (asprintf(to, "%s%s", directory, value) < 0) {
		*to = NULL;
		return fail(p, "out of memory");
	}
	return true;
}

static bool set_script(struct parser *p, const char *value)
{
	if (!*value)
		return true;
	return set_copy(p, &p->vif->script,
			strchr(value, '/') ? "" : SCRIPTS "/", value);
}

static bool set_ip(struct parser *p, const char *value)
{
	return set_copy(p, &p->vif->ip, "", value);
}

static bool number(const char *text, uint64_t min, uint64_t max, char **end,
		   uint64_t *value)
{
	errno = 0;
	*value = strtoull(text, end, 10);
	return isdigit((unsigned char)*text) && !errno && *value >= min &&
	       *value <= max;
}

/* Bytes or bits: "10Mb" is 1250000 bytes. The units are those of Xen. */
static bool rate_value(const char **text, uint64_t *bytes)
{
	uint64_t unit = 1;
	char *end;

	if (!number(*text, 1, RATE_MAX, &end, bytes))
		return false;
	if (*end == 'G' || *end == 'M' || *end == 'K')
		unit = *end == 'G' ? 1000000000 : *end == 'M' ? 1000000 : 1000;
	end += unit > 1;
	if ((*end != 'b' && *end != 'B') || *bytes > RATE_MAX / unit)
		return false;
	*bytes = *bytes * unit / (*end == 'b' ? 8 : 1);
	*text = end + 1;
	return *bytes > 0;
}

static bool interval_value(const char *text, uint32_t *interval)
{
	uint64_t value, unit;
	char *end;

	if (!number(text, 1, INTERVAL_MAX, &end, &value))
		return false;
	unit = !strcmp(end, "s") ? 1000000 : !strcmp(end, "ms") ? 1000 :
	       !strcmp(end, "us");
	if (!unit || value > INTERVAL_MAX / unit)
		return false;
	*interval = (uint32_t)(value * unit);
	return true;
}

static bool set_rate(struct parser *p, const char *value)
{
	const char *at = value;

	p->vif->interval = INTERVAL;
	if (!rate_value(&at, &p->vif->rate) || strncmp(at, "/s", 2) ||
	    (at[2] && (at[2] != '@' ||
		       !interval_value(at + 3, &p->vif->interval))))
		return fail(p, "'%.80s' is not a rate: 10Mb/s, 250KB/s and 1MB/s@20ms are",
			    value);
	return true;
}

static bool set_mtu(struct parser *p, const char *value)
{
	uint64_t mtu;
	char *end;

	if (!number(value, MTU_MIN, MTU_MAX, &end, &mtu) || *end)
		return fail(p, "'mtu' must be %d to %d: it is '%.80s'", MTU_MIN,
			    MTU_MAX, value);
	p->vif->mtu = (uint32_t)mtu;
	return true;
}

static bool set_devid(struct parser *p, const char *value)
{
	uint64_t devid;
	char *end;

	if (!number(value, 0, DEVID_MAX, &end, &devid) || *end)
		return fail(p, "'devid' must be 0 to %d: it is '%.80s'",
			    DEVID_MAX, value);
	p->vif->devid = (uint32_t)devid;
	return true;
}

static bool set_backend(struct parser *p, const char *value)
{
	if (!*value || !strcmp(value, "0") || !strcmp(value, "Domain-0"))
		return true;
	return fail(p, "backend=%.80s: only domain 0 can serve devices", value);
}

static bool no_model(struct parser *p, const char *value)
{
	return fail(p, "Ringlet emulates no network card, so '%.80s' cannot be chosen: its interfaces are virtio",
		    value);
}

static bool no_gateway(struct parser *p, const char *value)
{
	return fail(p, "Ringlet sets up no routes by way of '%.80s': a script can (script=)",
		    value);
}

static bool set_trusted(struct parser *p, const char *value)
{
	(void)p;
	(void)value;
	return true;
}

static bool no_untrusted(struct parser *p, const char *value)
{
	(void)value;
	return fail(p, "a device cannot be 'untrusted' in this version of Ringlet: who serves it reaches all memory of the domain");
}

static const struct parameter {
	const char *name;
	bool flag;			/* has no value */
	bool (*set)(struct parser *p, const char *value);
} parameters[] = {
	{ "mac", false, set_mac },
	{ "bridge", false, set_bridge },
	{ "vifname", false, set_vifname },
	{ "script", false, set_script },
	{ "ip", false, set_ip },
	{ "rate", false, set_rate },
	{ "mtu", false, set_mtu },
	{ "devid", false, set_devid },
	{ "backend", false, set_backend },
	{ "type", false, no_model },
	{ "model", false, no_model },
	{ "gatewaydev", false, no_gateway },
	{ "netdev", false, no_gateway },
	{ "trusted", true, set_trusted },
	{ "untrusted", true, no_untrusted },
};

#define NR_PARAMETERS	(sizeof(parameters) / sizeof(parameters[0]))

static bool parameter(struct parser *p, char *word)
{
	char *value = strchr(word, '=');
	size_t i;

	if (!*word)
		return true;
	if (value)
		*value++ = 0;
	for (i = 0; i < NR_PARAMETERS; i++)
		if (parameters[i].flag == !value &&
		    !strcmp(word, parameters[i].name))
			return parameters[i].set(p, value ? value : "");
	return fail(p, "an interface has no '%.80s%s': ringlet.cfg(5) says what it has",
		    word, value ? "=" : "");
}

static char *trim(char *word)
{
	size_t n;

	while (isspace((unsigned char)*word))
		word++;
	for (n = strlen(word); n && isspace((unsigned char)word[n - 1]); n--)
		word[n - 1] = 0;
	return word;
}

static bool parse(struct parser *p, char *text)
{
	char *next;

	for (; text; text = next) {
		next = strchr(text, ',');
		if (next)
			*next++ = 0;
		if (!parameter(p, trim(text)))
			return false;
	}
	if (!p->has_bridge && !p->vif->script)
		strcpy(p->vif->bridge, RL_DEFAULT_BRIDGE);
	if (p->vif->ip && !p->vif->script)
		return fail(p, "'ip' is for a script, and there is none: the domain itself sets its address");
	return true;
}

bool rl_vif_parse(const char *text, struct rl_vif *vif, char *why, size_t size)
{
	struct parser p = { .vif = vif, .why = why, .size = size };
	char *copy = strdup(text);
	bool ok;

	memset(vif, 0, sizeof(*vif));
	vif->devid = RL_VIF_NO_DEVID;
	ok = copy ? parse(&p, copy) : fail(&p, "out of memory");
	free(copy);
	if (!ok)
		rl_vif_free(vif);
	return ok;
}

void rl_vif_free(struct rl_vif *vif)
{
	free(vif->script);
	free(vif->ip);
	vif->script = vif->ip = NULL;
}

char *rl_vif_text(const struct rl_vif *vif)
{
	char mac[RL_MAC_LEN], *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	rl_mac_format(vif->mac, mac);
	fprintf(f, "mac=%s", mac);
	if (vif->devid != RL_VIF_NO_DEVID)
		fprintf(f, ",devid=%u", vif->devid);
	if (vif->bridge[0])
		fprintf(f, ",bridge=%s", vif->bridge);
	if (vif->vifname[0])
		fprintf(f, ",vifname=%s", vif->vifname);
	if (vif->script)
		fprintf(f, ",script=%s", vif->script);
	if (vif->ip)
		fprintf(f, ",ip=%s", vif->ip);
	if (vif->rate)
		fprintf(f, ",rate=%lluB/s@%uus", (unsigned long long)vif->rate,
			vif->interval);
	if (vif->mtu)
		fprintf(f, ",mtu=%u", vif->mtu);
	return fclose(f) ? NULL : text;
}

void rl_vif_complete(struct rl_vif *vif, const unsigned char uuid[16],
		     uint32_t devid)
{
	static const unsigned char none[6];
	uint64_t hash = 0xcbf29ce484222325;	/* FNV-1a */
	unsigned int i;

	if (vif->devid == RL_VIF_NO_DEVID)
		vif->devid = devid;
	if (memcmp(vif->mac, none, 6))
		return;
	for (i = 0; i < 17; i++)
		hash = (hash ^ (i < 16 ? uuid[i] : vif->devid)) *
		       0x100000001b3;
	hash ^= hash >> 29;
	/* As Xen chooses: its range, upper half left to administrators. */
	vif->mac[0] = 0x00;
	vif->mac[1] = 0x16;
	vif->mac[2] = 0x3e;
	vif->mac[3] = hash >> 16 & 0x7f;
	vif->mac[4] = hash >> 8 & 0xff;
	vif->mac[5] = hash & 0xff;
}

int rl_vif_check(const struct rl_vif *vif, char *why, size_t size)
{
	char path[64];

	if (vif->script && access(vif->script, X_OK)) {
		snprintf(why, size, "the script %s of a network interface cannot be run: %s",
			 vif->script, strerror(errno));
		return -errno;
	}
	/* The default one is made when it is needed. */
	if (!vif->bridge[0] || !strcmp(vif->bridge, RL_DEFAULT_BRIDGE))
		return 0;
	snprintf(path, sizeof(path), "/sys/class/net/%s/bridge", vif->bridge);
	if (!access(path, F_OK))
		return 0;
	*strrchr(path, '/') = 0;
	if (!access(path, F_OK))
		snprintf(why, size, "'%s' is a network interface, but not a bridge: 'ip -br link show type bridge' shows the bridges",
			 vif->bridge);
	else
		snprintf(why, size, "there is no network bridge '%s': 'ip link add %s type bridge' makes one, 'ip -br link show type bridge' shows those that exist",
			 vif->bridge, vif->bridge);
	return -ENODEV;
}
