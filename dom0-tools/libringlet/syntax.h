/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The syntax of xl.cfg(5): assignments of strings, numbers and lists.
 *
 * A parser of its own because no library reads this language: libconfuse must
 * know every key beforehand and has neither ';' nor '[ ]', libconfig needs ':'
 * or '=' with typed lists and rejects '...' strings. Both would refuse files
 * that people bring from Xen.
 */
#ifndef RL_SYNTAX_H
#define RL_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

#define RL_KEY_LEN	64

/* One assignment. */
struct rl_setting {
	char key[RL_KEY_LEN];
	/*
	 * String, or number as written; or those of a list one behind the other,
	 * each with its NUL. NULL: not a list of strings and numbers only.
	 */
	char *value;
	unsigned int count;	/* of a list */
	bool number, list;
	bool append;		/* '+=': to what the list has */
	const char *source;	/* file, or a description */
	unsigned int line;	/* 0: the source has no lines */
};

/*
 * Parse 'text' and call 'set' for each assignment, until it fails.
 *
 * @bare: allow a word without quotation marks as string up to the end (for
 *        key=value arguments of a command line)
 *
 * Returns 0, the result of 'set', or -EINVAL with a sentence in error
 * (@size bytes), which names the place.
 */
int rl_syntax_parse(const char *text, const char *source, bool bare,
		    int (*set)(void *context, const struct rl_setting *setting),
		    void *context, char *error, size_t size);

#endif /* RL_SYNTAX_H */
