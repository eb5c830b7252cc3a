// SPDX-License-Identifier: GPL-2.0-only
/*
 * Client side of ringletd's socket: see daemon.h.
 */
#include "daemon.h"
#include "device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <json-c/json.h>

void rl_daemon_path(char *path, size_t size)
{
	snprintf(path, size, "%s/ringletd.sock", rl_run_dir());
}

static int connect_daemon(struct rl *rl)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, rc;

	rl_daemon_path(address.sun_path, sizeof(address.sun_path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&address,
				sizeof(address)))
		return fd;
	rc = errno;
	if (fd >= 0)
		close(fd);
	if (rc == ENOENT || rc == ECONNREFUSED)
		return rl_fail(rl, ECONNREFUSED, "ringletd is not running: start it with 'systemctl start ringletd' (or 'ringletd')");
	if (rc == EACCES)
		return rl_fail(rl, EACCES, "only root may control domains: run this with sudo");
	return rl_fail(rl, rc, "cannot reach ringletd: %s", strerror(rc));
}

static int send_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = send(fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* One byte at a time: what follows the line belongs to the console. */
static int receive_line(int fd, char *line, size_t size)
{
	size_t len = 0;
	ssize_t n;

	for (;;) {
		n = recv(fd, line + len, 1, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n || len == size - 1)
			return -EPROTO;
		if (line[len] == '\n')
			break;
		len++;
	}
	line[len] = 0;
	return 0;
}

/* 'out' takes the reply, or is NULL. */
static int read_reply(struct rl *rl, const char *line,
		      struct json_object **out)
{
	struct json_object *reply = json_tokener_parse(line);
	struct json_object *value;
	int rc;

	if (json_object_object_get_ex(reply, "error", &value))
		rc = rl_fail(rl, EREMOTEIO, "%s",
			     json_object_get_string(value));
	else if (json_object_object_get_ex(reply, "domid", &value))
		rc = json_object_get_int(value);
	else
		rc = rl_fail(rl, EPROTO, "ringletd answers in another way than expected: is it of the same version as 'ringlet'?");
	if (rc >= 0 && out)
		*out = reply;
	else
		json_object_put(reply);
	return rc;
}

static int ask(struct rl *rl, struct json_object *request,
	       struct json_object **reply, int *fd_out)
{
	char line[RL_REQUEST_MAX];
	int fd, rc;

	rc = snprintf(line, sizeof(line), "%s\n",
		      json_object_to_json_string_ext(request,
						     JSON_C_TO_STRING_PLAIN));
	if (rc < 0 || (size_t)rc >= sizeof(line))
		return rl_fail(rl, E2BIG, "the request is too long for ringletd (%d bytes of %d)",
			       rc, RL_REQUEST_MAX);
	fd = connect_daemon(rl);
	if (fd < 0)
		return fd;
	rc = send_all(fd, line, strlen(line));
	if (!rc)
		rc = receive_line(fd, line, sizeof(line));
	if (rc)
		rc = rl_fail(rl, -rc, "ringletd ended the connection without an answer: its log says why");
	else
		rc = read_reply(rl, line, reply);
	if (rc >= 0 && fd_out)
		*fd_out = fd;
	else
		close(fd);
	return rc;
}

int rl_daemon_request(struct rl *rl, struct json_object *request, int *fd)
{
	return ask(rl, request, NULL, fd);
}

int rl_daemon_ask(struct rl *rl, struct json_object *request,
		  struct json_object **reply)
{
	return ask(rl, request, reply, NULL);
}
