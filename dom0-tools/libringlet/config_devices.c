// SPDX-License-Identifier: GPL-2.0-only
/* Devices in a configuration: lists of specifications. See config.h. */
#include "config_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static unsigned int count(const struct rl_config *config)
{
	return config->nr_disks + config->nr_vifs;
}

/* Room for one more element of a list, or NULL. */
static void *grow(void *list, unsigned int nr, size_t size)
{
	return reallocarray(list, nr + 1, size);
}

static int too_many(struct rl_config_reader *r, const struct rl_setting *s)
{
	return rl_config_fail(r, s, "a domain has at most %d devices",
			      RL_MAX_DEVICES);
}

static int add_disk(struct rl_config_reader *r, const struct rl_setting *s,
		    const char *text)
{
	struct rl_config *c = &r->config;
	struct rl_disk *disks;
	char why[384];

	if (count(c) == RL_MAX_DEVICES)
		return too_many(r, s);
	disks = grow(c->disks, c->nr_disks, sizeof(*disks));
	if (!disks)
		return rl_config_fail(r, s, "out of memory");
	c->disks = disks;
	if (!rl_disk_parse(text, &disks[c->nr_disks], why, sizeof(why)))
		return rl_config_fail(r, s, "'disk': %s", why);
	c->nr_disks++;
	return 0;
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
	int rc = 0;

	if (!s->append)
		free_disks(&r->config);
	for (i = 0; i < s->count && !rc; i++, text += strlen(text) + 1)
		rc = add_disk(r, s, text);
	return rc;
}

static int add_vif(struct rl_config_reader *r, const struct rl_setting *s,
		   const char *text)
{
	struct rl_config *c = &r->config;
	struct rl_vif *vifs;
	char why[384];

	if (count(c) == RL_MAX_DEVICES)
		return too_many(r, s);
	vifs = grow(c->vifs, c->nr_vifs, sizeof(*vifs));
	if (!vifs)
		return rl_config_fail(r, s, "out of memory");
	c->vifs = vifs;
	if (!rl_vif_parse(text, &vifs[c->nr_vifs], why, sizeof(why)))
		return rl_config_fail(r, s, "'vif': %s", why);
	c->nr_vifs++;
	return 0;
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
	int rc = 0;

	if (!s->append)
		free_vifs(&r->config);
	for (i = 0; i < s->count && !rc; i++, text += strlen(text) + 1)
		rc = add_vif(r, s, text);
	return rc;
}

int rl_config_no_p9(struct rl_config_reader *r, const struct rl_setting *s)
{
	if (!s->count)
		return 0;
	return rl_config_fail(r, s, "Ringlet does not share directories by 9P, and not yet by virtiofs, which will replace 'p9': use a disk or a network file system");
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

void rl_config_free_devices(struct rl_config *config)
{
	free_disks(config);
	free_vifs(config);
}
