// SPDX-License-Identifier: GPL-2.0-only
/* Devices in a configuration: lists of specifications. See config.h. */
#include "config_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int count(const struct rl_config *config)
{
	return config->nr_disks + config->nr_vifs + config->nr_shares +
	       config->nr_channels;
}

/* Room for one more element of a list, or NULL. */
static void *grow(void *list, unsigned int nr, size_t size)
{
	return reallocarray(list, nr + 1, size);
}

/* Is there room for one more? Otherwise a sentence is in 'why'. */
static bool has_room(const struct rl_config *config, char *why, size_t size)
{
	if (count(config) < RL_MAX_DEVICES)
		return true;
	snprintf(why, size, "a domain has at most %d disks, network interfaces, shared directories and channels",
		 RL_MAX_DEVICES);
	return false;
}

/* Returns the new disk, or NULL with a sentence in 'why'. */
static struct rl_disk *add_disk(struct rl_config *c, const char *text,
				char *why, size_t size)
{
	struct rl_disk *disks;

	if (!has_room(c, why, size))
		return NULL;
	disks = grow(c->disks, c->nr_disks, sizeof(*disks));
	if (!disks) {
		snprintf(why, size, "out of memory");
		return NULL;
	}
	c->disks = disks;
	if (!rl_disk_parse(text, &disks[c->nr_disks], why, size))
		return NULL;
	return &disks[c->nr_disks++];
}

static void free_disks(struct rl_config *config)
{
	while (config->nr_disks)
		rl_disk_free(&config->disks[--config->nr_disks]);
	free(config->disks);
	config->disks = NULL;
}

int rl_config_set_disk(struct rl_config_reader *r, const struct rl_setting *s)
{
	const char *text = s->value;
	unsigned int i;
	char why[384];

	if (!s->append)
		free_disks(&r->config);
	for (i = 0; i < s->count; i++, text += strlen(text) + 1)
		if (!add_disk(&r->config, text, why, sizeof(why)))
			return rl_config_fail(r, s, "'disk': %s", why);
	return 0;
}

static struct rl_vif *add_vif(struct rl_config *c, const char *text, char *why,
			      size_t size)
{
	struct rl_vif *vifs;

	if (!has_room(c, why, size))
		return NULL;
	vifs = grow(c->vifs, c->nr_vifs, sizeof(*vifs));
	if (!vifs) {
		snprintf(why, size, "out of memory");
		return NULL;
	}
	c->vifs = vifs;
	if (!rl_vif_parse(text, &vifs[c->nr_vifs], why, size))
		return NULL;
	return &vifs[c->nr_vifs++];
}

static void free_vifs(struct rl_config *config)
{
	while (config->nr_vifs)
		rl_vif_free(&config->vifs[--config->nr_vifs]);
	free(config->vifs);
	config->vifs = NULL;
}

int rl_config_set_vif(struct rl_config_reader *r, const struct rl_setting *s)
{
	const char *text = s->value;
	unsigned int i;
	char why[384];

	if (!s->append)
		free_vifs(&r->config);
	for (i = 0; i < s->count; i++, text += strlen(text) + 1)
		if (!add_vif(&r->config, text, why, sizeof(why)))
			return rl_config_fail(r, s, "'vif': %s", why);
	return 0;
}

/* One more directory, with a tag that no other one has. */
static bool add_share(struct rl_config *c, const char *text, char *why,
		      size_t size)
{
	struct rl_share *shares;
	unsigned int i;

	if (!has_room(c, why, size))
		return false;
	shares = grow(c->shares, c->nr_shares, sizeof(*shares));
	if (!shares) {
		snprintf(why, size, "out of memory");
		return false;
	}
	c->shares = shares;
	if (!rl_share_parse(text, &shares[c->nr_shares], why, size))
		return false;
	for (i = 0; i < c->nr_shares; i++) {
		if (strcmp(shares[i].tag, shares[c->nr_shares].tag))
			continue;
		snprintf(why, size, "two shared directories have the tag '%s'",
			 shares[i].tag);
		rl_share_free(&shares[c->nr_shares]);
		return false;
	}
	c->nr_shares++;
	return true;
}

static void free_shares(struct rl_config *config)
{
	while (config->nr_shares)
		rl_share_free(&config->shares[--config->nr_shares]);
	free(config->shares);
	config->shares = NULL;
}

int rl_config_set_virtiofs(struct rl_config_reader *r,
			   const struct rl_setting *s)
{
	const char *text = s->value;
	unsigned int i;
	char why[384];

	if (!s->append)
		free_shares(&r->config);
	for (i = 0; i < s->count; i++, text += strlen(text) + 1)
		if (!add_share(&r->config, text, why, sizeof(why)))
			return rl_config_fail(r, s, "'virtiofs': %s", why);
	return 0;
}

/* One more channel, with a name that no other one has. */
static bool add_channel(struct rl_config *c, const char *text, char *why,
			size_t size)
{
	struct rl_channel *channels;
	unsigned int i;

	if (!has_room(c, why, size))
		return false;
	channels = grow(c->channels, c->nr_channels, sizeof(*channels));
	if (!channels) {
		snprintf(why, size, "out of memory");
		return false;
	}
	c->channels = channels;
	if (!rl_channel_parse(text, &channels[c->nr_channels], why, size))
		return false;
	for (i = 0; i < c->nr_channels; i++) {
		if (strcmp(channels[i].name, channels[c->nr_channels].name))
			continue;
		snprintf(why, size, "two channels have the name '%s'",
			 channels[i].name);
		rl_channel_free(&channels[c->nr_channels]);
		return false;
	}
	c->nr_channels++;
	return true;
}

static void free_channels(struct rl_config *config)
{
	while (config->nr_channels)
		rl_channel_free(&config->channels[--config->nr_channels]);
	free(config->channels);
	config->channels = NULL;
}

int rl_config_set_channel(struct rl_config_reader *r,
			  const struct rl_setting *s)
{
	const char *text = s->value;
	unsigned int i;
	char why[384];

	if (!s->append)
		free_channels(&r->config);
	for (i = 0; i < s->count; i++, text += strlen(text) + 1)
		if (!add_channel(&r->config, text, why, sizeof(why)))
			return rl_config_fail(r, s, "'channel': %s", why);
	return 0;
}

bool rl_config_has_rng(const struct rl_config *config)
{
	return config->has_rng ? config->rng :
	       count(config) || config->vsock_cid;
}

int rl_config_no_p9(struct rl_config_reader *r, const struct rl_setting *s)
{
	if (!s->count)
		return 0;
	return rl_config_fail(r, s, "Ringlet does not share directories by 9P, but by virtiofs: virtiofs = [ 'tag=home,path=/srv/home' ]");
}

int rl_config_no_bootloader(struct rl_config_reader *r,
			    const struct rl_setting *s)
{
	return rl_config_fail(r, s, "Ringlet does not look for kernels on a guest's disk: leave 'bootloader' out, and name a kernel of this host: kernel = \"/boot/ringlet/vmlinux-VERSION\"");
}

static int by_devid(const void *a, const void *b)
{
	const struct rl_disk *x = a, *y = b;

	return (x->devid > y->devid) - (x->devid < y->devid);
}

static bool devid_used(const struct rl_config *c, uint32_t devid)
{
	unsigned int i;

	for (i = 0; i < c->nr_vifs; i++)
		if (c->vifs[i].devid == devid)
			return true;
	return false;
}

uint32_t rl_config_free_devid(const struct rl_config *config)
{
	uint32_t devid = 0;

	while (devid_used(config, devid))
		devid++;
	return devid;
}

static int check_vif(struct rl_config_reader *r, const struct rl_setting *s,
		     unsigned int i)
{
	const struct rl_vif *vif = &r->config.vifs[i];
	char mac[RL_MAC_LEN];
	unsigned int j;

	for (j = 0; j < i; j++) {
		if (vif[0].devid == r->config.vifs[j].devid)
			return rl_config_fail(r, s, "two network interfaces have devid=%u",
					      vif->devid);
		if (!memcmp(vif->mac, r->config.vifs[j].mac, 6)) {
			rl_mac_format(vif->mac, mac);
			return rl_config_fail(r, s, "two network interfaces have mac=%s",
					      mac);
		}
	}
	return 0;
}

/*
 * Disks are put in the order of their numbers, which is the order in which the
 * domain finds them: xvda becomes its first one, wherever it stands in the list.
 */
int rl_config_end_devices(struct rl_config_reader *r,
			  const struct rl_setting *s)
{
	struct rl_config *c = &r->config;
	unsigned int i;

	if (c->nr_disks)
		qsort(c->disks, c->nr_disks, sizeof(*c->disks), by_devid);
	for (i = 1; i < c->nr_disks; i++)
		if (c->disks[i].devid == c->disks[i - 1].devid)
			return rl_config_fail(r, s, "two disks are the same in the domain: %s and %s",
					      c->disks[i - 1].vdev,
					      c->disks[i].vdev);
	for (i = 0; i < c->nr_vifs; i++)
		rl_vif_complete(&c->vifs[i], c->uuid, rl_config_free_devid(c));
	for (i = 0; i < c->nr_vifs; i++)
		if (check_vif(r, s, i))
			return -EINVAL;
	return 0;
}

void rl_config_remove_disk(struct rl_config *c, uint32_t devid)
{
	unsigned int i;

	for (i = 0; i < c->nr_disks && c->disks[i].devid != devid; i++)
		;
	if (i == c->nr_disks)
		return;
	rl_disk_free(&c->disks[i]);
	c->nr_disks--;
	memmove(&c->disks[i], &c->disks[i + 1],
		(c->nr_disks - i) * sizeof(*c->disks));
}

void rl_config_remove_vif(struct rl_config *c, uint32_t devid)
{
	unsigned int i;

	for (i = 0; i < c->nr_vifs && c->vifs[i].devid != devid; i++)
		;
	if (i == c->nr_vifs)
		return;
	rl_vif_free(&c->vifs[i]);
	c->nr_vifs--;
	memmove(&c->vifs[i], &c->vifs[i + 1],
		(c->nr_vifs - i) * sizeof(*c->vifs));
}

const struct rl_disk *rl_config_add_disk(struct rl_config *c, const char *text,
					 char *why, size_t size)
{
	struct rl_disk *disk = add_disk(c, text, why, size);
	uint32_t devid;
	unsigned int i;

	if (!disk)
		return NULL;
	devid = disk->devid;
	for (i = 0; i < c->nr_disks - 1; i++) {
		if (c->disks[i].devid != devid)
			continue;
		snprintf(why, size, "the domain has a disk %s already",
			 disk->vdev);
		rl_disk_free(disk);
		c->nr_disks--;
		return NULL;
	}
	qsort(c->disks, c->nr_disks, sizeof(*c->disks), by_devid);
	for (i = 0; c->disks[i].devid != devid; i++)
		;
	return &c->disks[i];
}

const struct rl_vif *rl_config_add_vif(struct rl_config *c, const char *text,
				       char *why, size_t size)
{
	uint32_t devid = rl_config_free_devid(c);
	struct rl_vif *vif = add_vif(c, text, why, size);
	char mac[RL_MAC_LEN];
	unsigned int i;

	if (!vif)
		return NULL;
	rl_vif_complete(vif, c->uuid, devid);
	for (i = 0; i < c->nr_vifs - 1; i++) {
		if (c->vifs[i].devid != vif->devid &&
		    memcmp(c->vifs[i].mac, vif->mac, 6))
			continue;
		rl_mac_format(c->vifs[i].mac, mac);
		snprintf(why, size, "the domain has network interface %u with address %s already",
			 c->vifs[i].devid, mac);
		rl_vif_free(vif);
		c->nr_vifs--;
		return NULL;
	}
	return vif;
}

void rl_config_free_devices(struct rl_config *config)
{
	free_disks(config);
	free_vifs(config);
	free_shares(config);
	free_channels(config);
}
