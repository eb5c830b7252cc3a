// SPDX-License-Identifier: GPL-2.0-only
/* The notation of network interfaces: see vif.h. */
#include "vif.h"
#include "spec.h"

#include <ctype.h>
#include <errno.h>
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

static struct rl_vif *vif_of(const struct rl_spec *s)
{
	return s->to;
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

static bool set_mac(struct rl_spec *s, const char *value)
{
	static const unsigned char none[6];

	if (!rl_mac_parse(value, vif_of(s)->mac))
		return rl_spec_fail(s, "'%.80s' is not a MAC address: 00:16:3e:01:02:03 is one",
				    value);
	if (!memcmp(vif_of(s)->mac, none, 6) || vif_of(s)->mac[0] & 1)
		return rl_spec_fail(s, "%s cannot be the MAC address of an interface: it is %s",
				    value, vif_of(s)->mac[0] & 1 ? "one of a group" : "zero");
	return true;
}

/* A name that Linux takes for a network interface. */
static bool set_name(struct rl_spec *s, const char *value, char name[IFNAMSIZ])
{
	size_t n = strlen(value), i;

	for (i = 0; i < n; i++)
		if (value[i] <= ' ' || value[i] > '~' || value[i] == '/' ||
		    value[i] == ':' || value[i] == '%')
			break;
	if (!n || n >= IFNAMSIZ || i < n || !strcmp(value, ".") ||
	    !strcmp(value, ".."))
		return rl_spec_fail(s, "'%.80s' cannot be the name of a network interface: it has 1 to %d characters, none of them '/', ':', '%%' or a blank",
				    value, IFNAMSIZ - 1);
	strcpy(name, value);
	return true;
}

static bool set_bridge(struct rl_spec *s, const char *value)
{
	return set_name(s, value, vif_of(s)->bridge);
}

static bool set_vifname(struct rl_spec *s, const char *value)
{
	return set_name(s, value, vif_of(s)->vifname);
}

static bool set_script(struct rl_spec *s, const char *value)
{
	struct rl_vif *vif = s->to;

	if (!*value)
		return true;
	if (asprintf(&vif->script, "%s%s", strchr(value, '/') ? "" :
		     SCRIPTS "/", value) >= 0)
		return true;
	vif->script = NULL;
	return rl_spec_fail(s, "out of memory");
}

static bool set_ip(struct rl_spec *s, const char *value)
{
	return rl_spec_copy(s, &vif_of(s)->ip, value);
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

static bool set_rate(struct rl_spec *s, const char *value)
{
	const char *at = value;

	vif_of(s)->interval = INTERVAL;
	if (!rate_value(&at, &vif_of(s)->rate) || strncmp(at, "/s", 2) ||
	    (at[2] && (at[2] != '@' ||
		       !interval_value(at + 3, &vif_of(s)->interval))))
		return rl_spec_fail(s, "'%.80s' is not a rate: 10Mb/s, 250KB/s and 1MB/s@20ms are",
				    value);
	return true;
}

static bool set_mtu(struct rl_spec *s, const char *value)
{
	uint64_t mtu;
	char *end;

	if (!number(value, MTU_MIN, MTU_MAX, &end, &mtu) || *end)
		return rl_spec_fail(s, "'mtu' must be %d to %d: it is '%.80s'", MTU_MIN,
				    MTU_MAX, value);
	vif_of(s)->mtu = (uint32_t)mtu;
	return true;
}

static bool set_devid(struct rl_spec *s, const char *value)
{
	uint64_t devid;
	char *end;

	if (!number(value, 0, DEVID_MAX, &end, &devid) || *end)
		return rl_spec_fail(s, "'devid' must be 0 to %d: it is '%.80s'",
				    DEVID_MAX, value);
	vif_of(s)->devid = (uint32_t)devid;
	return true;
}

static bool no_model(struct rl_spec *s, const char *value)
{
	return rl_spec_fail(s, "Ringlet emulates no network card, so '%.80s' cannot be chosen: its interfaces are virtio",
			    value);
}

static bool no_gateway(struct rl_spec *s, const char *value)
{
	return rl_spec_fail(s, "Ringlet sets up no routes by way of '%.80s': a script can (script=)",
			    value);
}

static const struct rl_parameter parameters[] = {
	{ "mac", false, set_mac },
	{ "bridge", false, set_bridge },
	{ "vifname", false, set_vifname },
	{ "script", false, set_script },
	{ "ip", false, set_ip },
	{ "rate", false, set_rate },
	{ "mtu", false, set_mtu },
	{ "devid", false, set_devid },
	{ "backend", false, rl_spec_backend },
	{ "type", false, no_model },
	{ "model", false, no_model },
	{ "gatewaydev", false, no_gateway },
	{ "netdev", false, no_gateway },
	{ "trusted", true, rl_spec_trusted },
	{ "untrusted", true, rl_spec_untrusted },
};

static bool complete(struct rl_spec *s)
{
	struct rl_vif *vif = s->to;

	if (!rl_spec_seen(s, "bridge") && !vif->script)
		strcpy(vif->bridge, RL_DEFAULT_BRIDGE);
	if (vif->ip && !vif->script)
		return rl_spec_fail(s, "'ip' is for a script, and there is none: the domain itself sets its address");
	return true;
}

bool rl_vif_parse(const char *text, struct rl_vif *vif, char *why, size_t size)
{
	struct rl_spec s = {
		.what = "an interface",
		.parameters = parameters,
		.nr = sizeof(parameters) / sizeof(parameters[0]),
		.to = vif,
		.why = why,
		.size = size,
	};
	bool ok;

	memset(vif, 0, sizeof(*vif));
	vif->devid = RL_VIF_NO_DEVID;
	ok = rl_spec_parse(&s, text) && complete(&s);
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
