// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ringletd wants: one JSON object in each packet of a socket, descriptors
 * beside it.
 *
 *   {"id": N, "op": ...} -> {"id": N} or {"id": N, "error": sentence}
 *
 *   start   pages, bus, port, first    first of all; see virtio.h. Memory is pages
 *                                      from 'first' (0) on; if that is not 0 they
 *                                      are a pool, and the guest has more
 *   attach  dev, kind, ...             as below; one that is known goes on
 *   backend dev, ...                   a new backend for a device
 *   detach  dev, force                 answered when the guest has let go
 *   balloon dev, pages                 what the guest shall give back from now on
 *   list                               -> "devices": [...]
 *
 *   kind "vhost-user": type, queues, tag (type 26); descriptor: the connection
 *   kind "vhost-net": mac; descriptors: tap, /dev/vhost-net
 *   kind "vhost-vsock": cid; descriptor: /dev/vhost-vsock
 *   kind "rng"
 *   kind "balloon": pages
 *   kind "console"; descriptor: a listening socket; or two: both ends of a terminal
 *   restarted (vhost-user): the backend's process is a new one; true by default
 *
 * Events: {"event": "backend-lost", "dev": N}: it needs a connection, perhaps a
 * backend; "backend-stuck": it must be killed before a reset can end. The end of the connection is the end of the manager.
 */
#include "dm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <json-c/json.h>
#include <linux/virtio_ids.h>

#define PACKET		16384

static void ready(struct source *source, uint32_t events);

static struct source control = { .fd = -1, .ready = ready };
static bool resumed, started;

/* A request, with descriptors that nobody has taken yet. */
struct request {
	struct json_object *json;
	int64_t id;
	int fds[MAX_FDS];
	unsigned int nfds;
};

static void send_json(struct json_object *json)
{
	const char *text = json_object_to_json_string_ext(json,
						JSON_C_TO_STRING_PLAIN);

	if (control.fd >= 0 && send(control.fd, text, strlen(text),
				    MSG_NOSIGNAL) < 0)
		stop_requested = true;
	json_object_put(json);
}

static struct json_object *reply_to(int64_t id)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "id", json_object_new_int64(id));
	return json;
}

void control_answer(int64_t id, const char *error)
{
	struct json_object *json = reply_to(id);

	if (error)
		json_object_object_add(json, "error",
				       json_object_new_string(error));
	send_json(json);
}

void control_event(const char *event, unsigned int dev)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "event", json_object_new_string(event));
	json_object_object_add(json, "dev", json_object_new_int((int)dev));
	send_json(json);
}

/* --- Reading of requests ---------------------------------------------------- */

/* A number in [0, max], or -1. */
static int64_t number(const struct request *r, const char *key, int64_t max)
{
	struct json_object *value;
	int64_t n;

	if (!json_object_object_get_ex(r->json, key, &value) ||
	    !json_object_is_type(value, json_type_int))
		return -1;
	n = json_object_get_int64(value);
	return n < 0 || n > max ? -1 : n;
}

static bool truth(const struct request *r, const char *key, bool otherwise)
{
	struct json_object *value;

	if (!json_object_object_get_ex(r->json, key, &value))
		return otherwise;
	return json_object_get_boolean(value);
}

static const char *word(const struct request *r, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(r->json, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return "";
	return json_object_get_string(value);
}

static bool parse_mac(const char *text, uint8_t mac[6])
{
	char end;

	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &mac[0],
		      &mac[1], &mac[2], &mac[3], &mac[4], &mac[5], &end) == 6;
}

/* --- Operations --------------------------------------------------------------- */

static void op_start(struct request *r)
{
	int64_t first = json_object_object_get_ex(r->json, "first", NULL) ?
			number(r, "first", 1LL << 40) : 0;
	int64_t pages = number(r, "pages", 1LL << 40);
	int64_t bus = number(r, "bus", 1LL << 40);
	int64_t port = number(r, "port", 1LL << 31);
	char text[160];
	int rc;

	if (started || first < 0 || pages <= 0 || bus < 0 || port <= 0) {
		control_answer(r->id, started ? "the manager has started already" :
			       "'start' needs 'pages', 'bus' and 'port'");
		return;
	}
	rc = memory_open((uint64_t)first, (uint64_t)pages);
	if (rc) {
		snprintf(text, sizeof(text), "the domain's memory (%lld pages) cannot be mapped: %s",
			 (long long)pages, strerror(-rc));
		control_answer(r->id, text);
		return;
	}
	if (resumed)
		devices_resume();
	rc = bus_open((uint64_t)bus, (uint32_t)port, resumed);
	if (rc) {
		devices_close();
		memory_close();
		snprintf(text, sizeof(text), "the device bus (page %#llx, port %lld) cannot be used: %s",
			 (long long)bus, (long long)port, strerror(-rc));
		control_answer(r->id, text);
		return;
	}
	started = true;
	control_answer(r->id, NULL);
}

static enum backend_kind kind_of(const char *text)
{
	if (!strcmp(text, "vhost-user"))
		return KIND_VHOST_USER;
	if (!strcmp(text, "vhost-net"))
		return KIND_VHOST_NET;
	if (!strcmp(text, "vhost-vsock"))
		return KIND_VHOST_VSOCK;
	if (!strcmp(text, "balloon"))
		return KIND_BALLOON;
	if (!strcmp(text, "console"))
		return KIND_CONSOLE;
	return strcmp(text, "rng") ? KIND_NONE : KIND_RNG;
}

static int take_vhost_user(struct request *r, struct device *d, char *error,
			   size_t size)
{
	int64_t queues = number(r, "queues", RINGLET_VBUS_MAX_QUEUES);
	int rc;

	if (r->nfds != 1 || queues == 0) {
		snprintf(error, size, "a vhost-user device needs one descriptor and at least one queue");
		return -EINVAL;
	}
	if (queues > 0)
		d->s->queues = (uint32_t)queues;
	if (!d->s->queues)
		d->s->queues = d->s->type == VIRTIO_ID_FS ? 2 : 1;
	d->restarted = truth(r, "restarted", true);
	rc = vhost_user_attach(d, r->fds[0], word(r, "tag"), error, size);
	if (!rc)
		r->nfds = 0;
	return rc;
}

static int take_vhost_net(struct request *r, struct device *d, char *error,
			  size_t size)
{
	uint8_t mac[6];
	int rc;

	memcpy(mac, d->s->config, sizeof(mac));
	if (r->nfds != 2 || (!parse_mac(word(r, "mac"), mac) &&
			     !d->s->present)) {
		snprintf(error, size, "a vhost-net device needs a tap, /dev/vhost-net, and 'mac' like 00:16:3e:01:02:03");
		return -EINVAL;
	}
	rc = vhost_net_attach(d, r->fds[0], r->fds[1], mac, error, size);
	if (!rc)
		r->nfds = 0;
	return rc;
}

static int take_balloon(struct request *r, struct device *d, char *error,
			size_t size)
{
	int64_t pages = number(r, "pages", UINT32_MAX);

	if (pages < 0) {
		snprintf(error, size, "a balloon needs 'pages', how many the guest shall give back");
		return -EINVAL;
	}
	return balloon_attach(d, (uint32_t)pages, error, size);
}

static int take_vhost_vsock(struct request *r, struct device *d, char *error,
			    size_t size)
{
	int64_t cid = number(r, "cid", UINT32_MAX - 1LL);
	int rc;

	if (r->nfds != 1 || cid < 3) {
		snprintf(error, size, "a vhost-vsock device needs /dev/vhost-vsock, and 'cid' of 3 or more");
		return -EINVAL;
	}
	rc = vhost_vsock_attach(d, r->fds[0], (uint64_t)cid, error, size);
	if (!rc)
		r->nfds = 0;
	return rc;
}

static int take_console(struct request *r, struct device *d, char *error,
			size_t size)
{
	int rc;

	if (r->nfds != 1 && r->nfds != 2) {
		snprintf(error, size, "a console needs a listening socket, or both ends of a terminal");
		return -EINVAL;
	}
	rc = console_attach(d, r->fds, r->nfds, error, size);
	if (!rc)
		r->nfds = 0;
	return rc;
}

/* Give a device its backend; the answer comes when that is ready. */
static void take_backend(struct request *r, struct device *d)
{
	char error[200] = "";
	int rc;

	d->attach_id = r->id;
	d->attach_by = now_ms() + ATTACH_PATIENCE;
	wake_at(d->attach_by);
	switch (d->s->kind) {
	case KIND_VHOST_USER:
		rc = take_vhost_user(r, d, error, sizeof(error));
		break;
	case KIND_VHOST_NET:
		rc = take_vhost_net(r, d, error, sizeof(error));
		break;
	case KIND_VHOST_VSOCK:
		rc = take_vhost_vsock(r, d, error, sizeof(error));
		break;
	case KIND_BALLOON:
		rc = take_balloon(r, d, error, sizeof(error));
		break;
	case KIND_CONSOLE:
		rc = take_console(r, d, error, sizeof(error));
		break;
	default:
		rc = rng_attach(d, error, sizeof(error));
	}
	if (!rc)
		return;
	d->attach_id = -1;
	if (!d->s->present)
		device_remove(d);
	control_answer(r->id, error);
}

/* The virtio type of a kind that has one only. */
static int64_t type_of(enum backend_kind kind)
{
	switch (kind) {
	case KIND_VHOST_NET:
		return VIRTIO_ID_NET;
	case KIND_VHOST_VSOCK:
		return VIRTIO_ID_VSOCK;
	case KIND_BALLOON:
		return VIRTIO_ID_BALLOON;
	case KIND_CONSOLE:
		return VIRTIO_ID_CONSOLE;
	default:
		return VIRTIO_ID_RNG;
	}
}

static void op_attach(struct request *r)
{
	int64_t nr = number(r, "dev", RINGLET_VBUS_MAX_DEVICES - 1);
	enum backend_kind kind = kind_of(word(r, "kind"));
	int64_t type = number(r, "type", 63);
	struct device *d;
	char text[80];

	if (nr < 0 || !kind || (kind == KIND_VHOST_USER && type <= 0)) {
		control_answer(r->id, "'attach' needs 'dev' (0 to 63), 'kind' (vhost-user, vhost-net, vhost-vsock, rng, balloon, console) and, for vhost-user, 'type'");
		return;
	}
	if (kind != KIND_VHOST_USER)
		type = type_of(kind);
	if (devices[nr] && devices[nr]->phase != PHASE_NONE) {
		snprintf(text, sizeof(text), "there is a device %lld already",
			 (long long)nr);
		control_answer(r->id, text);
		return;
	}
	d = device_open((unsigned int)nr, kind, (uint32_t)type);
	if (d)
		take_backend(r, d);
	else
		control_answer(r->id, "there is no memory for the device");
}

static struct device *device_of(struct request *r)
{
	int64_t nr = number(r, "dev", RINGLET_VBUS_MAX_DEVICES - 1);

	if (nr >= 0 && devices[nr])
		return devices[nr];
	control_answer(r->id, "there is no such device");
	return NULL;
}

static void op_backend(struct request *r)
{
	struct device *d = device_of(r);

	if (!d)
		return;
	if (d->phase != PHASE_NONE)
		control_answer(r->id, "the device has a backend");
	else
		take_backend(r, d);
}

static void op_detach(struct request *r)
{
	struct device *d = device_of(r);

	if (!d)
		return;
	if (d->detach_id >= 0) {
		control_answer(r->id, "the device is being detached");
		return;
	}
	d->detach_id = r->id;
	if (truth(r, "force", false) || bus_broken() || !d->s->present) {
		device_remove(d);
		return;
	}
	d->detach_by = now_ms() + DETACH_PATIENCE;
	wake_at(d->detach_by);
	device_unplug(d);
}

static void op_balloon(struct request *r)
{
	int64_t pages = number(r, "pages", UINT32_MAX);
	struct device *d = device_of(r);

	if (!d)
		return;
	if (d->s->kind != KIND_BALLOON || d->phase == PHASE_NONE || pages < 0) {
		control_answer(r->id, "'balloon' needs 'dev', which is a balloon, and 'pages'");
		return;
	}
	balloon_set(d, (uint32_t)pages);
	control_answer(r->id, NULL);
}

static void op_list(struct request *r)
{
	struct json_object *list = json_object_new_array(), *item, *json;
	unsigned int i;

	for (i = 0; i < RINGLET_VBUS_MAX_DEVICES; i++) {
		struct device *d = devices[i];

		if (!d)
			continue;
		item = json_object_new_object();
		json_object_object_add(item, "dev", json_object_new_int((int)i));
		json_object_object_add(item, "type",
				       json_object_new_int((int)d->s->type));
		json_object_object_add(item, "status",
				       json_object_new_int((int)d->s->status));
		json_object_object_add(item, "queues",
				       json_object_new_int((int)d->s->queues));
		json_object_object_add(item, "backend",
				       json_object_new_boolean(d->phase !=
							       PHASE_NONE));
		json_object_array_add(list, item);
	}
	json = reply_to(r->id);
	json_object_object_add(json, "devices", list);
	send_json(json);
}

static void dispatch(struct request *r)
{
	const char *op = word(r, "op");

	if (!strcmp(op, "start"))
		op_start(r);
	else if (!strcmp(op, "list"))
		op_list(r);
	else if (!started)
		control_answer(r->id, "the manager has not been told to start");
	else if (!strcmp(op, "attach"))
		op_attach(r);
	else if (!strcmp(op, "backend"))
		op_backend(r);
	else if (!strcmp(op, "detach"))
		op_detach(r);
	else if (!strcmp(op, "balloon"))
		op_balloon(r);
	else
		control_answer(r->id, "there is no such 'op': it is one of start, attach, backend, detach, balloon, list");
}

/* --- The socket --------------------------------------------------------------- */

static void take_fds(struct msghdr *msg, struct request *r)
{
	struct cmsghdr *c;
	size_t n;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (n > MAX_FDS)
			n = MAX_FDS;
		memcpy(r->fds, CMSG_DATA(c), n * sizeof(int));
		r->nfds = (unsigned int)n;
	}
}

static void ready(struct source *source, uint32_t events)
{
	static char packet[PACKET + 1];
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * MAX_FDS)];
	} ancillary;
	struct iovec iov = { packet, PACKET };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ancillary.space,
		.msg_controllen = sizeof(ancillary.space),
	};
	struct request r = { .json = NULL };
	ssize_t n;

	(void)events;
	n = recvmsg(source->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		stop_requested = true;
		return;
	}
	packet[n] = 0;
	take_fds(&msg, &r);
	r.json = json_tokener_parse(packet);
	r.id = number(&r, "id", INT64_MAX);
	if (r.id < 0)
		note("ringletd sends what is no request");
	else
		dispatch(&r);
	json_object_put(r.json);
	while (r.nfds)
		close(r.fds[--r.nfds]);
}

int control_open(int fd, int state_fd, uint32_t domid)
{
	int rc = state_open(state_fd, domid);

	if (rc < 0)
		return rc;
	resumed = rc;
	started = false;
	control.fd = fd;
	control.events = 0;
	return source_watch(&control, EPOLLIN);
}

void control_close(void)
{
	source_close(&control);
}
