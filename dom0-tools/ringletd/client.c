// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients of ringletd: requests, replies and attached consoles. The protocol is
 * described in libringlet's daemon.h.
 */
#include "ringletd.h"
#include "daemon.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <json-c/json.h>

enum client_state {
	REQUEST,		/* its line is not complete */
	WAITING,		/* for a domain to be built, or a device */
	CONSOLE,
	DEAD,			/* freed at the end of this turn */
};

struct client {
	struct watch watch;	/* its socket */
	struct client *next;
	enum client_state state;
	bool wants_console;	/* WAITING */
	bool blocked;		/* CONSOLE: its socket is full */
	struct domain *domain;	/* CONSOLE; NULL: gone, send the rest */
	struct conreader reader;
	size_t len;		/* bytes in line, or in input */
	union {
		char line[RL_REQUEST_MAX];	/* REQUEST */
		char input[INPUT_LEN];		/* CONSOLE */
	};
};

static struct client *clients;
static struct watch listener = { .fd = -1 };

static void accept_client(struct watch *w, uint32_t mask, struct rl *rl);
static void client_event(struct watch *w, uint32_t events, struct rl *rl);

int clients_listen(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, rc = 0;
	mode_t mask;

	rl_daemon_path(address.sun_path, sizeof(address.sun_path));
	unlink(address.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mask = umask(0177);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, 16))
		rc = -errno;
	umask(mask);
	if (rc)
		return rc;
	return watch_add(&listener, fd, EPOLLIN, accept_client);
}

static void accept_client(struct watch *w, uint32_t mask, struct rl *rl)
{
	struct client *c;
	unsigned int n = 0;
	int fd;

	(void)mask;
	(void)rl;
	fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	for (c = clients; c; c = c->next)
		n++;
	c = n < MAX_CLIENTS ? calloc(1, sizeof(*c)) : NULL;
	if (!c || watch_add(&c->watch, fd, EPOLLIN, client_event)) {
		note("a client was refused: there are %u", n);
		free(c);
		close(fd);
		return;
	}
	c->reader.fd = -1;
	c->next = clients;
	clients = c;
}

static void drop(struct client *c)
{
	if (c->state == DEAD)
		return;
	if (c->state == WAITING)
		domain_cancel(c);
	if (c->state == WAITING)
		devices_cancel(c);
	c->state = DEAD;
	c->domain = NULL;
	conreader_close(&c->reader);
	watch_close(&c->watch);
}

/* Wait for what this client can do next. */
static void arm(struct client *c)
{
	uint32_t mask = 0;

	if (c->state != CONSOLE || (c->domain && c->len < INPUT_LEN))
		mask |= EPOLLIN;
	if (c->blocked)
		mask |= EPOLLOUT;
	watch_arm(&c->watch, mask);
}

/* Send a reply. It is the first that this socket carries, so it has room. */
static void reply(struct client *c, struct json_object *json)
{
	char line[RL_REQUEST_MAX];
	int n;

	n = snprintf(line, sizeof(line), "%s\n",
		     json_object_to_json_string_ext(json,
						    JSON_C_TO_STRING_PLAIN));
	json_object_put(json);
	if (send(c->watch.fd, line, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) != n)
		drop(c);
}

void client_refuse(struct client *c, const char *format, ...)
{
	struct json_object *json = json_object_new_object();
	char *sentence;
	va_list args;

	va_start(args, format);
	if (vasprintf(&sentence, format, args) < 0)
		sentence = NULL;
	va_end(args);
	json_object_object_add(json, "error", json_object_new_string(
		sentence ? sentence : "ringletd is out of memory"));
	free(sentence);
	client_reply(c, json);
}

/* Send what the log has beyond this client's place, as far as it goes. */
static void send_output(struct client *c)
{
	const struct conlog *log = c->domain ? &c->domain->log : NULL;
	char buf[4096];
	ssize_t n, sent;

	c->blocked = false;
	while ((n = conreader_peek(&c->reader, log, buf, sizeof(buf))) > 0) {
		sent = send(c->watch.fd, buf, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno != EAGAIN && errno != EINTR) {
			drop(c);
			return;
		}
		if (sent > 0)
			conreader_skip(&c->reader, (size_t)sent);
		if (sent < n) {
			c->blocked = true;
			break;
		}
	}
	if (!c->domain && !c->blocked)
		drop(c);
	else
		arm(c);
}

static void become_console(struct client *c, struct domain *d)
{
	if (conreader_open(&c->reader, &d->log)) {
		note("a client cannot read %s", d->log.path);
		drop(c);
		return;
	}
	c->state = CONSOLE;
	c->domain = d;
	c->len = 0;
	send_output(c);
}

static struct json_object *domid_of(const struct domain *d)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "domid", json_object_new_int64(d->domid));
	return json;
}

void client_reply(struct client *c, struct json_object *json)
{
	c->state = REQUEST;
	reply(c, json);
	drop(c);
}

void client_done(struct client *c, const struct domain *d)
{
	client_reply(c, domid_of(d));
}

void client_created(struct client *c, struct domain *d)
{
	c->state = REQUEST;
	reply(c, domid_of(d));
	if (c->state == DEAD)
		return;
	if (c->wants_console)
		become_console(c, d);
	else
		drop(c);
}

static void request_create(struct client *c, struct json_object *json)
{
	struct json_object *value;
	struct rl_config_reader r;
	struct rl_config config;
	char error[RL_ERROR_LEN];
	bool paused;

	if (!json_object_object_get_ex(json, "config", &value) ||
	    !json_object_is_type(value, json_type_object)) {
		client_refuse(c, "the request has no configuration");
		return;
	}
	rl_config_begin(&r, NULL);
	rl_config_json(&r, value);
	if (rl_config_end(&r, &config, "request")) {
		client_refuse(c, "%s", r.error);
		return;
	}
	if (config.cloud_init) {
		client_refuse(c, "request: 'cloud_init' becomes a disk before it is sent here");
		rl_config_free(&config);
		return;
	}
	paused = json_object_object_get_ex(json, "paused", &value) &&
		 json_object_get_boolean(value);
	c->wants_console = json_object_object_get_ex(json, "console", &value) &&
			   json_object_get_boolean(value);
	c->state = WAITING;
	if (!domain_create(&config, paused, c, error, sizeof(error)))
		client_refuse(c, "%s", error);
}

static void request_console(struct client *c, struct json_object *json)
{
	struct json_object *value;
	char error[RL_ERROR_LEN];
	const char *who = NULL;
	struct domain *d;

	if (json_object_object_get_ex(json, "domain", &value))
		who = json_object_get_string(value);
	d = who ? domain_find(who) : NULL;
	if (who && (!strcmp(who, "0") || !strcmp(who, "Domain-0"))) {
		client_refuse(c, "the console of domain 0 is that of the machine");
	} else if (!d) {
		snprintf(error, sizeof(error), "there is no domain '%.80s' ('ringlet list' shows those that exist)",
			 who ? who : "");
		client_refuse(c, "%s", error);
	} else if (d->state == CREATING) {
		snprintf(error, sizeof(error), "domain '%s' is still being built: try again in a moment",
			 d->config.name);
		client_refuse(c, "%s", error);
	} else {
		c->wants_console = true;
		client_created(c, d);
	}
}

static void request_wait(struct client *c, const char *op,
			 struct json_object *json, struct rl *rl)
{
	struct json_object *who;

	c->state = WAITING;
	if (strcmp(op, "destroy"))
		request_devices(c, op, json, rl);
	else
		request_destroy(c, json_object_object_get_ex(json, "domain",
							     &who) ?
				json_object_get_string(who) : NULL, rl);
}

static void handle_request(struct client *c, struct rl *rl)
{
	struct json_object *json = json_tokener_parse(c->line);
	struct json_object *value;
	const char *op = "";

	if (json_object_is_type(json, json_type_object) &&
	    json_object_object_get_ex(json, "op", &value))
		op = json_object_get_string(value);
	if (op && !strcmp(op, "create"))
		request_create(c, json);
	else if (op && !strcmp(op, "console"))
		request_console(c, json);
	else if (op && (!strcmp(op, "attach") || !strcmp(op, "detach") ||
			!strcmp(op, "devices") || !strcmp(op, "mem-set") ||
			!strcmp(op, "mem-max") || !strcmp(op, "destroy")))
		request_wait(c, op, json, rl);
	else
		client_refuse(c, "the request is not understood: is 'ringlet' of the same version as ringletd?");
	json_object_put(json);
}

static void read_request(struct client *c, struct rl *rl)
{
	ssize_t n = recv(c->watch.fd, c->line + c->len,
			 sizeof(c->line) - 1 - c->len, 0);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || c->state != REQUEST) {
		drop(c);
		return;
	}
	c->len += (size_t)n;
	end = memchr(c->line, '\n', c->len);
	if (end) {
		*end = 0;
		handle_request(c, rl);
	} else if (c->len == sizeof(c->line) - 1) {
		client_refuse(c, "the request is too long");
	}
}

/* Give pending input to the domain. Returns true if some is left. */
static bool push_input(struct client *c, struct rl *rl)
{
	int n;

	if (!c->domain || !c->len || c->domain->state == RESTARTING)
		return false;
	n = rl_console_write(rl, c->domain->domid, c->input, c->len);
	if (n > 0 && (size_t)n <= c->len) {
		c->len -= (size_t)n;
		memmove(c->input, c->input + n, c->len);
		arm(c);
	}
	return c->len > 0;
}

static void read_input(struct client *c, struct rl *rl)
{
	ssize_t n;

	if (c->len == INPUT_LEN)
		return;
	n = recv(c->watch.fd, c->input + c->len, INPUT_LEN - c->len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	c->len += (size_t)n;
	push_input(c, rl);
	arm(c);
}

static void client_event(struct watch *w, uint32_t events, struct rl *rl)
{
	struct client *c = container_of(w, struct client, watch);

	if (c->state == CONSOLE && events & EPOLLOUT)
		send_output(c);
	if (c->state == CONSOLE && events & EPOLLIN)
		read_input(c, rl);
	else if ((c->state == REQUEST || c->state == WAITING) &&
		 events & EPOLLIN)
		read_request(c, rl);
	if (events & (EPOLLHUP | EPOLLERR))
		drop(c);
}

void clients_output(struct domain *d)
{
	struct client *c;

	for (c = clients; c; c = c->next)
		if (c->state == CONSOLE && c->domain == d && !c->blocked)
			send_output(c);
}

void clients_domain_gone(struct domain *d)
{
	struct client *c;

	for (c = clients; c; c = c->next) {
		if (c->state != CONSOLE || c->domain != d)
			continue;
		c->domain = NULL;
		send_output(c);
	}
}

bool clients_push_input(struct rl *rl)
{
	bool left = false;
	struct client *c;

	for (c = clients; c; c = c->next)
		if (c->state == CONSOLE && push_input(c, rl))
			left = true;
	return left;
}

void clients_free_dead(void)
{
	struct client **p = &clients, *c;

	while ((c = *p)) {
		if (c->state == DEAD) {
			*p = c->next;
			free(c);
		} else {
			p = &c->next;
		}
	}
}

void clients_stop(void)
{
	char path[PATH_LEN];
	struct client *c;

	for (c = clients; c; c = c->next)
		drop(c);
	clients_free_dead();
	rl_daemon_path(path, sizeof(path));
	unlink(path);
	watch_close(&listener);
}
