// SPDX-License-Identifier: GPL-2.0-only
/*
 * console: the terminal becomes a domain's, through ringletd.
 */
#include "cli.h"
#include "daemon.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>
#include <json-c/json.h>

#define DETACH	0x1d		/* Ctrl-] */

enum end {
	GOES_ON,
	DETACHED,		/* by the user */
	ENDED,			/* by ringletd: the domain has ended */
	BROKEN,			/* standard output is gone */
};

static int write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* From the domain to the terminal. */
static enum end take_output(int fd)
{
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return GOES_ON;
	if (n <= 0)
		return ENDED;
	return write_all(STDOUT_FILENO, buf, (size_t)n) ? BROKEN : GOES_ON;
}

/* From the terminal to the domain. *open becomes false at its end. */
static enum end take_input(int fd, bool *open)
{
	char buf[512], *detach;
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return GOES_ON;
	if (n <= 0) {
		*open = false;
		return GOES_ON;
	}
	detach = memchr(buf, DETACH, (size_t)n);
	if (detach)
		n = detach - buf;
	if (n && send(fd, buf, (size_t)n, MSG_NOSIGNAL) < 0)
		return ENDED;
	return detach ? DETACHED : GOES_ON;
}

static enum end relay(int fd)
{
	struct pollfd p[2] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	enum end end = GOES_ON;
	bool open = true;

	while (end == GOES_ON) {
		if (!open)
			p[1].fd = -1;
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return BROKEN;
		if (p[0].revents)
			end = take_output(fd);
		if (end == GOES_ON && p[1].revents)
			end = take_input(fd, &open);
	}
	return end;
}

static bool make_raw(struct termios *old)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, old))
		return false;
	raw = *old;
	cfmakeraw(&raw);
	return !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

int cli_relay(int fd)
{
	struct termios old;
	enum end end;
	bool raw;

	fflush(stdout);
	raw = make_raw(&old);
	end = relay(fd);
	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &old);
	close(fd);
	if (end == BROKEN)
		return cli_fail("cannot write to standard output");
	if (raw)
		fprintf(stderr, end == DETACHED ?
			"\nringlet: detached, the domain goes on\n" :
			"\nringlet: the domain has ended\n");
	return CLI_OK;
}

static int attach(struct rl *rl, const char *who)
{
	struct json_object *request = json_object_new_object();
	int fd, rc;

	json_object_object_add(request, "op",
			       json_object_new_string("console"));
	json_object_object_add(request, "domain", json_object_new_string(who));
	rc = rl_daemon_request(rl, request, &fd);
	json_object_put(request);
	return rc < 0 ? cli_fail("%s", rl->error) : cli_relay(fd);
}

int cmd_console(const struct cmd_spec *cmd, int argc, char **argv)
{
	struct rl rl;
	int status;

	if (cli_plain(cmd, argc, argv, 1, 1, &status))
		return status;
	if (!cli_open(&rl))
		return CLI_FAILED;
	status = attach(&rl, argv[optind]);
	rl_close(&rl);
	return status;
}
