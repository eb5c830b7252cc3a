// SPDX-License-Identifier: GPL-2.0-only
/* The notation of channels: see channel.h. */
#include "channel.h"
#include "spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* It becomes part of a file's name. */
static bool set_name(struct rl_spec *s, const char *value)
{
	static const char signs[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	struct rl_channel *channel = s->to;
	size_t n = strlen(value);

	if (strspn(value, signs) != n || *value == '.')
		return rl_spec_fail(s, "'%.80s' cannot be the name of a channel: letters, digits, '.', '_' and '-' are possible",
				    value);
	if (!n || n >= sizeof(channel->name))
		return rl_spec_fail(s, "the name of a channel has 1 to %zu characters: '%.80s' has %zu",
				    sizeof(channel->name) - 1, value, n);
	strcpy(channel->name, value);
	return true;
}

static bool set_connection(struct rl_spec *s, const char *value)
{
	if (!strcmp(value, "pty") || !strcmp(value, "socket"))
		return true;
	return rl_spec_fail(s, "the connection of a channel is 'pty' or 'socket', not '%.80s'",
			    value);
}

static bool set_path(struct rl_spec *s, const char *value)
{
	const size_t most = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
	struct rl_channel *channel = s->to;

	if (*value != '/' || strlen(value) > most)
		return rl_spec_fail(s, "'path' must be that of a socket, begin with '/' and have at most %zu characters: it is '%.200s'",
				    most, value);
	return rl_spec_copy(s, &channel->path, value);
}

static const struct rl_parameter parameters[] = {
	{ "connection", false, set_connection },
	{ "name", false, set_name },
	{ "path", false, set_path },
	{ "backend", false, rl_spec_backend },
};

static bool complete(struct rl_spec *s, bool socket)
{
	struct rl_channel *channel = s->to;

	if (!channel->name[0])
		return rl_spec_fail(s, "the channel has no name: as in 'connection=pty,name=agent'");
	if (!rl_spec_seen(s, "connection"))
		return rl_spec_fail(s, "the channel has no connection: 'connection=pty' or 'connection=socket,path=...'");
	if (socket && !channel->path)
		return rl_spec_fail(s, "the channel has no path: as in 'connection=socket,path=/run/%s.sock,name=%s'",
				    channel->name, channel->name);
	if (!socket && channel->path)
		return rl_spec_fail(s, "'path' is for connection=socket: the terminal of a channel gets its path by itself");
	return true;
}

bool rl_channel_parse(const char *text, struct rl_channel *channel, char *why,
		      size_t size)
{
	struct rl_spec s = {
		.what = "a channel",
		.parameters = parameters,
		.nr = sizeof(parameters) / sizeof(parameters[0]),
		.to = channel,
		.why = why,
		.size = size,
	};

	memset(channel, 0, sizeof(*channel));
	if (rl_spec_parse(&s, text) &&
	    complete(&s, strstr(text, "connection=socket")))
		return true;
	rl_channel_free(channel);
	return false;
}

void rl_channel_free(struct rl_channel *channel)
{
	free(channel->path);
	channel->path = NULL;
}

char *rl_channel_text(const struct rl_channel *channel)
{
	char *text;

	if (asprintf(&text, "connection=%s,name=%s%s%s",
		     channel->path ? "socket" : "pty", channel->name,
		     channel->path ? ",path=" : "",
		     channel->path ? channel->path : "") < 0)
		return NULL;
	return text;
}

/* Does somebody listen there? */
static bool in_use(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes;

	strcpy(address.sun_path, path);
	yes = fd >= 0 && (!connect(fd, (struct sockaddr *)&address,
				   sizeof(address)) || errno == EAGAIN);
	if (fd >= 0)
		close(fd);
	return yes;
}

int rl_channel_check(const struct rl_channel *channel, char *why, size_t size)
{
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct stat st;

	if (!channel->path)
		return 0;
	strcpy(directory, channel->path);
	strrchr(directory, '/')[1] = 0;
	if (stat(directory, &st) || !S_ISDIR(st.st_mode)) {
		snprintf(why, size, "channel '%s' cannot have the socket %s: there is no directory %s",
			 channel->name, channel->path, directory);
		return -ENOENT;
	}
	if (lstat(channel->path, &st))
		return 0;
	if (S_ISSOCK(st.st_mode) && !in_use(channel->path))
		return 0;
	snprintf(why, size, "channel '%s' cannot have the socket %s: %s",
		 channel->name, channel->path, S_ISSOCK(st.st_mode) ?
		 "another program listens there" :
		 "there is a file of this name that is no socket");
	return -EEXIST;
}
