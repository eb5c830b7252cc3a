// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser for the syntax of xl.cfg(5): see syntax.h.
 */
#include "syntax.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH	8	/* of lists in lists */

struct parser {
	const char *p;
	const char *source;
	unsigned int line;
	bool bare;
	char *error;
	size_t size;
};

static int fail(struct parser *ps, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(struct parser *ps, const char *format, ...)
{
	va_list args;
	int n;

	if (ps->bare)
		n = snprintf(ps->error, ps->size, "%s: ", ps->source);
	else
		n = snprintf(ps->error, ps->size, "%s:%u: ", ps->source,
			     ps->line);
	if (n < 0 || (size_t)n >= ps->size)
		return -EINVAL;
	va_start(args, format);
	vsnprintf(ps->error + n, ps->size - (size_t)n, format, args);
	va_end(args);
	return -EINVAL;
}

static void skip_blanks(struct parser *ps)
{
	while (*ps->p == ' ' || *ps->p == '\t' || *ps->p == '\r')
		ps->p++;
	if (*ps->p == '#')
		ps->p += strcspn(ps->p, "\n");
}

/* Blanks, comments and ends of lines: between assignments, and in lists. */
static void skip_lines(struct parser *ps, const char *also)
{
	for (;;) {
		skip_blanks(ps);
		if (*ps->p == '\n')
			ps->line++;
		else if (!*ps->p || !strchr(also, *ps->p))
			return;
		ps->p++;
	}
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* What stands at 'p', for a message. */
static const char *found(const struct parser *ps, char *buf, size_t size)
{
	if (!*ps->p)
		return "the end of the text";
	if (*ps->p == '\n')
		return "the end of the line";
	snprintf(buf, size, "'%c'", *ps->p);
	return buf;
}

static int parse_key(struct parser *ps, struct rl_setting *s)
{
	size_t n = 0;
	char buf[8];

	while (is_word(ps->p[n]))
		n++;
	if (!n || isdigit((unsigned char)ps->p[0]))
		return fail(ps, "expected a key, as in 'memory = 512', but found %s",
			    found(ps, buf, sizeof(buf)));
	if (n >= sizeof(s->key))
		return fail(ps, "a key has at most %zu characters",
			    sizeof(s->key) - 1);
	memcpy(s->key, ps->p, n);
	s->key[n] = 0;
	ps->p += n;
	skip_blanks(ps);
	s->append = !strncmp(ps->p, "+=", 2);
	if (s->append)
		ps->p++;
	if (*ps->p != '=')
		return fail(ps, "expected '=' after '%s', but found %s", s->key,
			    found(ps, buf, sizeof(buf)));
	ps->p++;
	skip_blanks(ps);
	return 0;
}

/* A character behind a backslash, as in C; -1: unknown. */
static int escaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '\\':
	case '\'':
	case '"':
		return c;
	}
	return -1;
}

/* A quoted string; 'out' takes it (room for all of the text), or is NULL. */
static int parse_string(struct parser *ps, char *out)
{
	char quote = *ps->p++;
	int c;

	for (; *ps->p != quote; ps->p++) {
		c = (unsigned char)*ps->p;
		if (!c || c == '\n')
			return fail(ps, "the string has no closing %c", quote);
		if (c == '\\') {
			c = escaped(*++ps->p);
			if (c < 0)
				return fail(ps, "unknown character behind '\\' in a string: \\n, \\t, \\\\, \\' and \\\" are known");
		}
		if (out)
			*out++ = (char)c;
	}
	ps->p++;
	if (out)
		*out = 0;
	return 0;
}

static int parse_number(struct parser *ps, char *out)
{
	char *end;

	errno = 0;
	strtoull(ps->p, &end, 0);
	if (is_word(*end) || errno) {
		while (is_word(*end))
			end++;
		return fail(ps, "'%.*s' is not a number; a string needs quotation marks",
			    (int)(end - ps->p > 40 ? 40 : end - ps->p), ps->p);
	}
	if (out) {
		memcpy(out, ps->p, (size_t)(end - ps->p));
		out[end - ps->p] = 0;
	}
	ps->p = end;
	return 0;
}

/*
 * A list; 'out' takes its elements, or is NULL. Counts them, and sets *flat if
 * none is a list.
 */
static int parse_list(struct parser *ps, unsigned int depth, char *out,
		      unsigned int *count, bool *flat)
{
	unsigned int start = ps->line;
	unsigned int inner_count;
	bool inner;
	int rc = 0;

	if (depth > MAX_DEPTH)
		return fail(ps, "lists are nested more than %u deep",
			    MAX_DEPTH);
	ps->p++;
	*flat = true;
	*count = 0;
	for (;;) {
		skip_lines(ps, ",");
		if (*ps->p == ']') {
			ps->p++;
			return 0;
		}
		if (*ps->p == '"' || *ps->p == '\'')
			rc = parse_string(ps, out);
		else if (isdigit((unsigned char)*ps->p))
			rc = parse_number(ps, out);
		else if (*ps->p == '[')
			rc = parse_list(ps, depth + 1, NULL, &inner_count, &inner);
		else if (!*ps->p)
			rc = fail(ps, "the list that begins in line %u has no closing ]",
				  start);
		else
			rc = fail(ps, "expected a string, a number or ] in the list, but found '%c'",
				  *ps->p);
		if (rc)
			return rc;
		++*count;
		if (ps->p[-1] == ']')
			*flat = false;
		else if (out)
			out += strlen(out) + 1;
	}
}

static int parse_value(struct parser *ps, struct rl_setting *s, char *room)
{
	char buf[8];
	int rc;

	s->value = room;
	s->number = s->list = false;
	if (*ps->p == '"' || *ps->p == '\'')
		return parse_string(ps, room);
	if (*ps->p == '[') {
		rc = parse_list(ps, 1, room, &s->count, &s->list);
		s->value = s->list ? room : NULL;
		s->list = true;
		return rc;
	}
	if (ps->bare) {
		strcpy(room, ps->p);
		ps->p += strlen(ps->p);
		return 0;
	}
	if (isdigit((unsigned char)*ps->p)) {
		s->number = true;
		return parse_number(ps, room);
	}
	if (is_word(*ps->p) || *ps->p == '/')
		return fail(ps, "the value of '%s' needs quotation marks: %s = \"%.*s\"",
			    s->key, s->key,
			    (int)strcspn(ps->p, " \t\r\n;#"), ps->p);
	return fail(ps, "expected a string, a number or a list as value of '%s', but found %s",
		    s->key, found(ps, buf, sizeof(buf)));
}

int rl_syntax_parse(const char *text, const char *source, bool bare,
		    int (*set)(void *context, const struct rl_setting *setting),
		    void *context, char *error, size_t size)
{
	struct parser ps = {
		.p = text,
		.source = source,
		.line = 1,
		.bare = bare,
		.error = error,
		.size = size,
	};
	struct rl_setting s = { .source = source };
	char *room = malloc(strlen(text) + 1);
	char buf[8];
	int rc = 0;

	if (!room)
		return fail(&ps, "out of memory");
	for (skip_lines(&ps, ";"); !rc && *ps.p; skip_lines(&ps, ";")) {
		s.line = bare ? 0 : ps.line;
		rc = parse_key(&ps, &s);
		if (!rc)
			rc = parse_value(&ps, &s, room);
		if (rc)
			break;
		skip_blanks(&ps);
		if (*ps.p && *ps.p != '\n' && *ps.p != ';')
			rc = fail(&ps, "expected the end of the line or ';' after the value of '%s', but found %s",
				  s.key, found(&ps, buf, sizeof(buf)));
		else
			rc = set(context, &s);
	}
	free(room);
	return rc;
}
