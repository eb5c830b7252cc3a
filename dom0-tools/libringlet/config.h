/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a domain shall be: the keys of xl.cfg(5) that Ringlet has, from a
 * configuration file, from arguments of the command line, or from ringletd's
 * records, all checked by the same table.
 */
#ifndef RL_CONFIG_H
#define RL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ringlet/abi.h>
#include "channel.h"
#include "cpus.h"
#include "disk.h"
#include "share.h"
#include "vif.h"

struct json_object;

#define RL_MEMORY_MIN	4		/* MiB */
#define RL_MEMORY_MAX	(16 << 20)	/* MiB */
#define RL_CMDLINE_MAX	4095		/* characters */
#define RL_MAX_DEVICES	60		/* of a domain that are in a list */
#define RL_CID_MIN	3		/* addresses of vsock(7) for domains */
#define RL_CID_MAX	0xfffffffeU

enum rl_action {
	RL_DESTROY,
	RL_RESTART,
	RL_PRESERVE,
	RL_COREDUMP_DESTROY,
	RL_COREDUMP_RESTART,
};

struct rl_config {
	char name[RINGLET_NAME_LEN];
	unsigned char uuid[16];
	char *kernel;			/* absolute path */
	char *ramdisk;			/* absolute path, or NULL */
	char *cmdline;			/* never NULL */
	char *cloud_init;		/* absolute path (see seed.h), or NULL */
	uint64_t memory;		/* MiB, once its balloon is up */
	uint64_t maxmem;		/* MiB */
	uint64_t device_pool;		/* MiB of it that backends see; 0: all */
	uint32_t vcpus;		/* online at first */
	uint32_t maxvcpus;
	uint32_t cpu_weight;
	uint32_t cap;			/* percent of a pCPU; 0 = none */
	struct rl_vcpu_cpus cpus, cpus_soft;
	enum rl_action on_poweroff, on_reboot, on_crash;
	struct rl_disk *disks;		/* ascending by devid */
	struct rl_vif *vifs;
	struct rl_share *shares;
	struct rl_channel *channels;
	unsigned int nr_disks, nr_vifs, nr_shares, nr_channels;
	uint32_t vsock_cid;		/* 0: none */
	bool rng, has_rng;		/* has_rng: it was said */
};

/* Has the domain a source of entropy? By default, if it has other devices. */
bool rl_config_has_rng(const struct rl_config *config);

/* A configuration while it is read. */
struct rl_config_reader {
	struct rl_config config;
	char *root, *extra, *cmdline;
	bool has_uuid, has_memory;
	void (*warn)(const char *sentence);	/* or NULL */
	char error[512];
};

void rl_config_begin(struct rl_config_reader *r,
		     void (*warn)(const char *sentence));

/*
 * Read a file ("-": standard input), or one key=value argument. What comes later
 * replaces what came before.
 * Returns 0, -EINVAL or an errno of open(2) with a sentence in r->error.
 */
int rl_config_file(struct rl_config_reader *r, const char *path);
int rl_config_text(struct rl_config_reader *r, const char *text,
		   const char *source);
int rl_config_argument(struct rl_config_reader *r, const char *argument);
int rl_config_json(struct rl_config_reader *r, struct json_object *json);

/*
 * Check that all is there and give the result to 'config', to be freed by
 * rl_config_free(). A domain without uuid gets a random one.
 * Returns 0 or -EINVAL with a sentence in r->error. The reader is empty then.
 */
int rl_config_end(struct rl_config_reader *r, struct rl_config *config,
		  const char *source);

void rl_config_free(struct rl_config *config);

/* The configuration as JSON object, which rl_config_json() reads. */
struct json_object *rl_config_to_json(const struct rl_config *config);

/* The lowest number that no network interface of a domain has. */
uint32_t rl_config_free_devid(const struct rl_config *config);

/*
 * One more device. Returns it, or NULL with a sentence in 'why'. The pointer is
 * good until the next change.
 */
const struct rl_disk *rl_config_add_disk(struct rl_config *config,
					 const char *text, char *why,
					 size_t size);
const struct rl_vif *rl_config_add_vif(struct rl_config *config,
				       const char *text, char *why,
				       size_t size);
void rl_config_remove_disk(struct rl_config *config, uint32_t devid);
void rl_config_remove_vif(struct rl_config *config, uint32_t devid);

/* May a domain have this name? Else a reason is in 'why'. */
bool rl_name_ok(const char *name, const char **why);

const char *rl_action_name(enum rl_action action);

#define RL_UUID_LEN	37
void rl_uuid_format(const unsigned char uuid[16], char out[RL_UUID_LEN]);
bool rl_uuid_parse(const char *text, unsigned char uuid[16]);

#endif /* RL_CONFIG_H */
