/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Directories of domain 0 that a domain shares, by virtiofs. The notation is that
 * of 'p9' in xl.cfg(5).
 */
#ifndef RL_SHARE_H
#define RL_SHARE_H

#include <stdbool.h>
#include <stddef.h>

#define RL_TAG_LEN	37		/* 36 bytes, as virtio has it */

struct rl_share {
	char tag[RL_TAG_LEN];		/* its name in the domain */
	char *path;			/* absolute */
	bool readonly;
};

/*
 * Parse a specification. Returns false with a sentence in 'why' (size bytes);
 * otherwise rl_share_free() is due.
 */
bool rl_share_parse(const char *text, struct rl_share *share, char *why,
		    size_t size);
void rl_share_free(struct rl_share *share);

/* The specification, for rl_share_parse(), to be freed; or NULL. */
char *rl_share_text(const struct rl_share *share);

/*
 * Is the directory there? Returns 0, or a negative errno with a sentence in
 * 'why'.
 */
int rl_share_check(const struct rl_share *share, char *why, size_t size);

#endif /* RL_SHARE_H */
