// SPDX-License-Identifier: GPL-2.0-only
/*
 * console: the terminal becomes a domain's, through ringletd, or one of its
 * channels.
 */
#include "cli.h"
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
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
	if (n && write_all(fd, buf, (size_t)n))
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

int cli_relay(int fd, const char *what)
{
	struct termios old;
	enum end end;
	bool raw;

	fflush(stdout);
	signal(SIGPIPE, SIG_IGN);
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
			"\nringlet: the %s has ended\n", what);
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
	return rc < 0 ? cli_fail("%s", rl->error) : cli_relay(fd, "domain");
}

static const char *string_of(struct json_object *json, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(json, key, &value) ?
	       json_object_get_string(value) : "";
}

static int open_channel(const char *path, bool terminal)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (terminal)
		return open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address,
			       sizeof(address))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* What the daemon says of channel 'number', or NULL. */
static struct json_object *find_channel(struct json_object *reply,
					unsigned long number)
{
	struct json_object *devices, *dev, *devid;
	size_t i;

	if (!json_object_object_get_ex(reply, "devices", &devices))
		return NULL;
	for (i = 0; i < json_object_array_length(devices); i++) {
		dev = json_object_array_get_idx(devices, i);
		if (!strcmp(string_of(dev, "kind"), "channel") &&
		    json_object_object_get_ex(dev, "devid", &devid) &&
		    (unsigned long)json_object_get_int64(devid) == number)
			return dev;
	}
	return NULL;
}

/* Console 'number' of 1 and more is the channel before that. */
static int attach_channel(struct rl *rl, const char *who, unsigned long number)
{
	struct json_object *request = json_object_new_object();
	struct json_object *reply = NULL, *dev;
	int fd, status;

	json_object_object_add(request, "op",
			       json_object_new_string("devices"));
	json_object_object_add(request, "domain", json_object_new_string(who));
	if (rl_daemon_ask(rl, request, &reply) < 0) {
		status = cli_fail("%s", rl->error);
	} else if (!(dev = find_channel(reply, number - 1))) {
		status = cli_fail("domain '%s' has no console %lu: 'ringlet channel-list %s' shows its channels, the first of which is console 1",
				  who, number, who);
	} else {
		fd = open_channel(string_of(dev, "path"),
				  !strcmp(string_of(dev, "connection"), "pty"));
		status = fd < 0 ? cli_fail("cannot open %s: %s",
					   string_of(dev, "path"),
					   strerror(errno)) :
				  cli_relay(fd, "channel");
	}
	json_object_put(reply);
	json_object_put(request);
	return status;
}

int cmd_console(const struct cmd_spec *cmd, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_HELP,
		{ "number", required_argument, NULL, 'n' },
		CLI_END
	};
	unsigned long number = 0;
	int opt, status;
	struct rl rl;
	char *end;

	while ((opt = cli_option(cmd, argc, argv, ":hn:", options, &status)) !=
	       -1) {
		if (opt != 'n')
			return status;
		number = strtoul(optarg, &end, 10);
		if (!*optarg || *end)
			return cli_usage(cmd, "'%s' is not the number of a console",
					 optarg);
	}
	status = cli_count(cmd, argc, 1, 1);
	if (status)
		return status;
	if (!cli_open(&rl))
		return CLI_FAILED;
	status = number ? attach_channel(&rl, argv[optind], number) :
			  attach(&rl, argv[optind]);
	rl_close(&rl);
	return status;
}
