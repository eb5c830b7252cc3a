// SPDX-License-Identifier: GPL-2.0-only
/* Where a configuration comes from: text, a file, an argument, JSON. See config.h. */
#include "config_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

#define CONFIG_MAX	(1 << 20)	/* bytes of a configuration file */

int rl_config_text(struct rl_config_reader *r, const char *text,
		   const char *source)
{
	return rl_syntax_parse(text, source, false, rl_config_set, r, r->error,
			       sizeof(r->error));
}

int rl_config_file(struct rl_config_reader *r, const char *path)
{
	bool from_stdin = !strcmp(path, "-");
	FILE *f = from_stdin ? stdin : fopen(path, "re");
	char *text;
	size_t n;
	int rc;

	if (!f) {
		rc = errno;
		snprintf(r->error, sizeof(r->error), "cannot read configuration file %s: %s",
			 path, strerror(rc));
		return -rc;
	}
	text = malloc(CONFIG_MAX + 1);
	n = text ? fread(text, 1, CONFIG_MAX + 1, f) : 0;
	rc = ferror(f) ? errno : 0;
	if (!from_stdin)
		fclose(f);
	if (!text || rc) {
		rc = text ? rc : ENOMEM;
		snprintf(r->error, sizeof(r->error), "cannot read configuration file %s: %s",
			 path, strerror(rc));
	} else if (n > CONFIG_MAX || memchr(text, 0, n)) {
		rc = EINVAL;
		snprintf(r->error, sizeof(r->error), "%s is not a configuration file: it %s",
			 path, n > CONFIG_MAX ? "has more than 1 MiB" :
			 "contains zero bytes");
	} else {
		text[n] = 0;
		rc = -rl_config_text(r, text, from_stdin ? "standard input" :
				     path);
	}
	free(text);
	return -rc;
}

int rl_config_argument(struct rl_config_reader *r, const char *argument)
{
	char source[128];

	snprintf(source, sizeof(source), "argument '%.100s'", argument);
	return rl_syntax_parse(argument, source, true, rl_config_set, r, r->error,
			       sizeof(r->error));
}

/* Of null there is no string. */
static const char *element(struct json_object *array, size_t i)
{
	const char *text = json_object_get_string(
		json_object_array_get_idx(array, i));

	return text ? text : "";
}

/* The strings of an array, as struct rl_setting has them; NULL: no memory. */
static char *join(struct json_object *array)
{
	size_t i, n = json_object_array_length(array), size = 1;
	char *all, *p;

	for (i = 0; i < n; i++)
		size += strlen(element(array, i)) + 1;
	all = p = calloc(1, size);
	for (i = 0; all && i < n; i++)
		p = stpcpy(p, element(array, i)) + 1;
	return all;
}

int rl_config_json(struct rl_config_reader *r, struct json_object *json)
{
	struct rl_setting s = { .source = "configuration" };
	struct json_object_iterator it = json_object_iter_begin(json);
	struct json_object_iterator end = json_object_iter_end(json);
	struct json_object *value;
	int rc = 0;

	for (; !rc && !json_object_iter_equal(&it, &end);
	     json_object_iter_next(&it)) {
		value = json_object_iter_peek_value(&it);
		snprintf(s.key, sizeof(s.key), "%s",
			 json_object_iter_peek_name(&it));
		s.number = json_object_is_type(value, json_type_int);
		s.list = json_object_is_type(value, json_type_array);
		if (!s.number && !s.list &&
		    !json_object_is_type(value, json_type_string))
			return rl_config_fail(r, &s, "'%s' is neither a string nor a number",
				    s.key);
		s.count = s.list ? json_object_array_length(value) : 1;
		s.value = s.list ? join(value) :
				   (char *)json_object_get_string(value);
		rc = rl_config_set(r, &s);
		if (s.list)
			free(s.value);
	}
	return rc;
}
