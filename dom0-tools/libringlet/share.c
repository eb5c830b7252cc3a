// SPDX-License-Identifier: GPL-2.0-only
/* The notation of shared directories: see share.h. */
#include "share.h"
#include "spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool set_tag(struct rl_spec *s, const char *value)
{
	struct rl_share *share = s->to;
	size_t n = strlen(value), i;

	for (i = 0; i < n; i++)
		if (value[i] <= ' ' || value[i] > '~' || value[i] == '/')
			return rl_spec_fail(s, "'%.80s' cannot be a tag: letters, digits and signs of ASCII other than space, ',' and '/' are possible",
					    value);
	if (!n || n >= sizeof(share->tag))
		return rl_spec_fail(s, "a tag has 1 to %zu characters: '%.80s' has %zu",
				    sizeof(share->tag) - 1, value, n);
	strcpy(share->tag, value);
	return true;
}

static bool set_path(struct rl_spec *s, const char *value)
{
	struct rl_share *share = s->to;

	if (*value != '/')
		return rl_spec_fail(s, "'path' must be that of a directory and begin with '/': it is '%.200s'",
				    value);
	return rl_spec_copy(s, &share->path, value);
}

static bool set_access(struct rl_spec *s, const char *value)
{
	struct rl_share *share = s->to;

	share->readonly = !strcmp(value, "r") || !strcmp(value, "ro");
	if (*value && !share->readonly && strcmp(value, "w") &&
	    strcmp(value, "rw"))
		return rl_spec_fail(s, "the access to a directory is 'ro' or 'rw', not '%.80s'",
				    value);
	return true;
}

static bool set_security_model(struct rl_spec *s, const char *value)
{
	if (!*value || !strcmp(value, "none") || !strcmp(value, "passthrough"))
		return true;
	return rl_spec_fail(s, "security_model=%.80s: files have the owners that the domain gives them: leave it out",
			    value);
}

static const struct rl_parameter parameters[] = {
	{ "tag", false, set_tag },
	{ "path", false, set_path },
	{ "access", false, set_access },
	{ "security_model", false, set_security_model },
	{ "backend", false, rl_spec_backend },
	{ "trusted", true, rl_spec_trusted },
	{ "untrusted", true, rl_spec_untrusted },
};

bool rl_share_parse(const char *text, struct rl_share *share, char *why,
		    size_t size)
{
	struct rl_spec s = {
		.what = "a shared directory",
		.parameters = parameters,
		.nr = sizeof(parameters) / sizeof(parameters[0]),
		.to = share,
		.why = why,
		.size = size,
	};
	bool ok;

	memset(share, 0, sizeof(*share));
	ok = rl_spec_parse(&s, text);
	if (ok && !share->tag[0])
		ok = rl_spec_fail(&s, "the shared directory has no tag: as in 'tag=home,path=/srv/home'");
	if (ok && !share->path)
		ok = rl_spec_fail(&s, "the shared directory has no path: as in 'tag=%s,path=/srv/%s'",
				  share->tag, share->tag);
	if (!ok)
		rl_share_free(share);
	return ok;
}

void rl_share_free(struct rl_share *share)
{
	free(share->path);
	share->path = NULL;
}

char *rl_share_text(const struct rl_share *share)
{
	char *text;

	if (asprintf(&text, "tag=%s,path=%s%s", share->tag, share->path,
		     share->readonly ? ",access=ro" : "") < 0)
		return NULL;
	return text;
}

int rl_share_check(const struct rl_share *share, char *why, size_t size)
{
	struct stat st;

	if (stat(share->path, &st)) {
		snprintf(why, size, "the shared directory %s %s%s", share->path,
			 errno == ENOENT ? "does not exist" : "cannot be opened: ",
			 errno == ENOENT ? "" : strerror(errno));
		return -errno;
	}
	if (S_ISDIR(st.st_mode))
		return 0;
	snprintf(why, size, "%s cannot be shared: it is not a directory",
		 share->path);
	return -ENOTDIR;
}
