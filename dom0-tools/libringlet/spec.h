/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Specifications of devices, as xl writes them: words between commas, "key=value",
 * a flag, or a value that its place says the key of. One walker for all tables of
 * such words.
 */
#ifndef RL_SPEC_H
#define RL_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rl_spec;

struct rl_parameter {
	const char *name;
	bool flag;			/* has no value */
	/* Take a value, "" if it is empty or a flag. */
	bool (*set)(struct rl_spec *s, const char *value);
};

/* A specification while it is read. */
struct rl_spec {
	const char *what;		/* "a disk": for sentences */
	const struct rl_parameter *parameters;
	unsigned int nr;		/* of them, up to 64 */
	const char *rest;		/* the one that goes up to the end, or NULL */
	/* A word that is no key and no flag; NULL: there are none. */
	bool (*word)(struct rl_spec *s, const char *word);
	void *to;			/* what it becomes */
	uint64_t seen, given;		/* parameters; given: with a value */
	char *why;
	size_t size;			/* of it */
};

/* Read all of 'text'. Returns false with a sentence in s->why. */
bool rl_spec_parse(struct rl_spec *s, const char *text);

/* Set a parameter of the table, as "name=value" does. */
bool rl_spec_set(struct rl_spec *s, const char *name, const char *value);

/* Was there a word for this parameter, empty or not? */
bool rl_spec_seen(const struct rl_spec *s, const char *name);

/* Note what is wrong. Returns false. */
bool rl_spec_fail(struct rl_spec *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A copy of a value. Frees what was there. */
bool rl_spec_copy(struct rl_spec *s, char **to, const char *value);

/* What devices of all kinds have: backend=, trusted, untrusted. */
bool rl_spec_backend(struct rl_spec *s, const char *value);
bool rl_spec_trusted(struct rl_spec *s, const char *value);
bool rl_spec_untrusted(struct rl_spec *s, const char *value);

#endif /* RL_SPEC_H */
