// SPDX-License-Identifier: GPL-2.0-only
/* The walker over words of a specification: see spec.h. */
#include "spec.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool rl_spec_fail(struct rl_spec *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->why, s->size, format, args);
	va_end(args);
	return false;
}

bool rl_spec_copy(struct rl_spec *s, char **to, const char *value)
{
	free(*to);
	*to = strdup(value);
	return *to || rl_spec_fail(s, "out of memory");
}

bool rl_spec_backend(struct rl_spec *s, const char *value)
{
	if (!*value || !strcmp(value, "0") || !strcmp(value, "Domain-0"))
		return true;
	return rl_spec_fail(s, "backend=%.80s: only domain 0 can serve devices",
			    value);
}

bool rl_spec_trusted(struct rl_spec *s, const char *value)
{
	(void)s;
	(void)value;
	return true;
}

bool rl_spec_untrusted(struct rl_spec *s, const char *value)
{
	(void)value;
	return rl_spec_fail(s, "a device cannot be 'untrusted' in this version of Ringlet: who serves it reaches all memory of the domain");
}

/* --- The walker ------------------------------------------------------------ */

/* The number of a parameter, or s->nr. */
static unsigned int find(const struct rl_spec *s, const char *name)
{
	unsigned int i;

	for (i = 0; i < s->nr && strcmp(s->parameters[i].name, name); i++)
		;
	return i;
}

static bool set(struct rl_spec *s, unsigned int i, const char *value)
{
	const struct rl_parameter *p = &s->parameters[i];
	uint64_t bit = 1ULL << i;

	if (s->given & bit)
		return rl_spec_fail(s, "'%s' is given twice", p->name);
	s->seen |= bit;
	if (p->flag || *value)
		s->given |= bit;
	return p->set(s, value);
}

bool rl_spec_set(struct rl_spec *s, const char *name, const char *value)
{
	return set(s, find(s, name), value);
}

bool rl_spec_seen(const struct rl_spec *s, const char *name)
{
	return s->seen >> find(s, name) & 1;
}

/* One word, without blanks around it. */
static bool take(struct rl_spec *s, char *word)
{
	char *value = strchr(word, '=');
	unsigned int i;

	if (value)
		*value++ = 0;
	i = find(s, word);
	if (i < s->nr && s->parameters[i].flag == !value)
		return set(s, i, value ? value : "");
	if (!value && s->word)
		return s->word(s, word);
	if (!value && !*word)
		return true;
	return rl_spec_fail(s, "%s has no '%.80s%s': ringlet.cfg(5) says what it has",
			    s->what, word, value ? "=" : "");
}

static char *trim(char *word)
{
	size_t n;

	while (isspace((unsigned char)*word))
		word++;
	for (n = strlen(word); n && isspace((unsigned char)word[n - 1]); n--)
		word[n - 1] = 0;
	return word;
}

/* The value of the parameter that takes the rest, if it stands here. */
static const char *rest_of(const struct rl_spec *s, const char *text)
{
	size_t n = s->rest ? strlen(s->rest) : 0;

	while (isspace((unsigned char)*text))
		text++;
	return n && !strncmp(text, s->rest, n) && text[n] == '=' ?
	       text + n + 1 : NULL;
}

bool rl_spec_parse(struct rl_spec *s, const char *text)
{
	char *copy = strdup(text), *word = copy, *next;
	bool ok = copy || rl_spec_fail(s, "out of memory");

	for (; ok && word; word = next) {
		if (rest_of(s, word)) {
			ok = rl_spec_set(s, s->rest, rest_of(s, word));
			break;
		}
		next = strchr(word, ',');
		if (next)
			*next++ = 0;
		ok = take(s, trim(word));
	}
	free(copy);
	return ok;
}
