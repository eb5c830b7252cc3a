/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Channels of a domain: further consoles, each a terminal or a socket in domain 0.
 * The notation is that of 'channel' in xl.cfg(5).
 */
#ifndef RL_CHANNEL_H
#define RL_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#define RL_CHANNEL_LEN	65		/* of a name */

struct rl_channel {
	char name[RL_CHANNEL_LEN];
	char *path;			/* of a socket, absolute; NULL: a terminal */
};

/*
 * Parse a specification. Returns false with a sentence in 'why' (size bytes);
 * otherwise rl_channel_free() is due.
 */
bool rl_channel_parse(const char *text, struct rl_channel *channel, char *why,
		      size_t size);
void rl_channel_free(struct rl_channel *channel);

/* The specification, for rl_channel_parse(), to be freed; or NULL. */
char *rl_channel_text(const struct rl_channel *channel);

/*
 * Can it be made? Returns 0, or a negative errno with a sentence in 'why'.
 */
int rl_channel_check(const struct rl_channel *channel, char *why, size_t size);

#endif /* RL_CHANNEL_H */
