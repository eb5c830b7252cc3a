/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Seeds for cloud-init: what a domain's key cloud_init= names becomes a disk that
 * cloud-init in the domain finds by its label, "cidata" (its data source NoCloud).
 */
#ifndef RL_SEED_H
#define RL_SEED_H

#include "config.h"

#define RL_SEED_DIRECTORY	"/var/lib/ringlet/cloud-init"

/*
 * Make an image of the files user-data (needed), meta-data, network-config and
 * vendor-data in 'source'. Without meta-data there is one that gives the domain's
 * name. Replaces 'image', whose directory is made if it is missing.
 * Returns 0 or a negative errno with a sentence in 'why'.
 */
int rl_seed_make(const char *source, const char *name, const char *image,
		 char *why, size_t size);

/*
 * Turn config->cloud_init, if any, into a read-only disk behind the others: it is
 * an image itself, or a directory, of which an image is made in 'directory'.
 * Returns 0 or a negative errno with a sentence in 'why'.
 */
int rl_seed_attach(struct rl_config *config, const char *directory, char *why,
		   size_t size);

#endif /* RL_SEED_H */
