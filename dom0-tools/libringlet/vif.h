/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network interfaces of domains, in the notation of xl-network-configuration(5).
 */
#ifndef RL_VIF_H
#define RL_VIF_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RL_MAC_LEN		18	/* "00:16:3e:01:02:03" */
#define RL_DEFAULT_BRIDGE	"ringlet0"
#define RL_VIF_NO_DEVID		(~0U)

struct rl_vif {
	unsigned char mac[6];		/* all 0: to be chosen */
	uint32_t devid;			/* or RL_VIF_NO_DEVID: to be chosen */
	char bridge[IFNAMSIZ];		/* "" with a script only */
	char vifname[IFNAMSIZ];		/* "": vifDOMID.DEVID */
	char *script;			/* absolute path, or NULL */
	char *ip;			/* for the script, or NULL */
	uint64_t rate;			/* bytes per second, 0: no limit */
	uint32_t interval;		/* microseconds of a credit, with a rate */
	uint32_t mtu;			/* 0: as the bridge */
};

/*
 * Parse a specification. Returns false with a sentence in 'why' (size bytes);
 * otherwise rl_vif_free() is due.
 */
bool rl_vif_parse(const char *text, struct rl_vif *vif, char *why, size_t size);
void rl_vif_free(struct rl_vif *vif);

/* The specification of an interface, for rl_vif_parse(), to be freed; or NULL. */
char *rl_vif_text(const struct rl_vif *vif);

/*
 * Choose what is to be chosen: a MAC address of Xen's range that follows from
 * the domain's uuid and the number of the interface.
 */
void rl_vif_complete(struct rl_vif *vif, const unsigned char uuid[16],
		     uint32_t devid);

void rl_mac_format(const unsigned char mac[6], char out[RL_MAC_LEN]);
bool rl_mac_parse(const char *text, unsigned char mac[6]);

/*
 * Is what the interface needs there: bridge, script? Returns 0, or a negative
 * errno with a sentence in 'why'.
 */
int rl_vif_check(const struct rl_vif *vif, char *why, size_t size);

#endif /* RL_VIF_H */
