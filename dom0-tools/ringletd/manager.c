// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device managers: one ringlet-dm for each domain that has devices.
 *
 * It runs without rights and is told what to serve by messages, JSON objects in
 * packets of a socket pair: {"id": N, "op": ...} with descriptors beside them, and
 * {"id": N} or {"id": N, "error": sentence} as answer. What it needs to go on where
 * a dead one was is in a file that it maps. When this daemon ends the manager ends,
 * too, and the next daemon starts another.
 */
#include "devices.h"
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <json-c/json.h>
#include <linux/virtio_ids.h>

#define PACKET_MAX	65536
#define ANSWER_MS	15000
#define END_MS		5000	/* for it to end by itself */
#define LONG_LIFE	10000	/* ms: then the next one need not wait */
#define RETRY_MS	100
#define MAX_FAILURES	6	/* in a row, until nobody waits for it */
#define RETRY_MAX_MS	10000
#define FILE_SIZE	(16 << 20)	/* of its log, and of what it saves */

enum op_kind { OP_START, OP_ATTACH, OP_DETACH, OP_LIST, OP_BALLOON };

/* What the manager was told and has not answered. */
struct op {
	struct op *next;
	enum op_kind kind;
	unsigned int id;
	uint64_t deadline;
	struct device *device;	/* OP_ATTACH, OP_DETACH; NULL: it is gone */
	struct client *client;	/* OP_LIST, OP_BALLOON; NULL: it is gone */
};

static const char *domain_name(const struct domain *d)
{
	return d->config.name;
}

static void manager_path(const struct domain *d, const char *end, char *path,
			 size_t size)
{
	snprintf(path, size, "%s/devices/%s%s", rl_run_dir(), domain_name(d),
		 end);
}

/* It ends with its connection, of which it is told so; otherwise it is killed. */
static void hang_up(struct manager *m)
{
	watch_close(&m->control);
	m->kill_at = now_ms() + END_MS;
}

/* --- Messages --------------------------------------------------------------- */

static void answered(struct rl *rl, struct domain *d, struct op *op,
		     struct json_object *json, const char *error)
{
	struct json_object *devices = NULL;

	switch (op->kind) {
	case OP_START:
		if (error) {
			note("the device manager of domain '%s' cannot serve it: %s",
			     domain_name(d), error);
			hang_up(d->manager);
		} else {
			d->manager->up = true;
		}
		break;
	case OP_ATTACH:
		if (op->device)
			device_attached(rl, op->device, error);
		break;
	case OP_DETACH:
		if (op->device)
			device_detached(rl, op->device, error);
		break;
	case OP_LIST:
		if (!json_object_object_get_ex(json, "devices", &devices) ||
		    !json_object_is_type(devices, json_type_array))
			devices = NULL;
		if (op->client)
			client_listed(op->client, d, devices);
		break;
	case OP_BALLOON:
		if (op->client && error)
			client_refuse(op->client, "%s", error);
		else if (op->client)
			client_done(op->client, d);
		break;
	}
}

static struct op *take_op(struct manager *m, int64_t id)
{
	struct op **p, *op;

	for (p = &m->ops; (op = *p); p = &op->next) {
		if (op->id == id) {
			*p = op->next;
			return op;
		}
	}
	return NULL;
}

/* Everything that was asked fails; devices are attached anew by themselves. */
static void fail_ops(struct rl *rl, struct domain *d, const char *why)
{
	struct op *op, *all = d->manager->ops;

	d->manager->ops = NULL;
	while ((op = all)) {
		all = op->next;
		if (op->kind == OP_LIST || op->kind == OP_DETACH ||
		    op->kind == OP_BALLOON)
			answered(rl, d, op, NULL, why);
		free(op);
	}
}

/*
 * Send a request; takes 'json'. Where the manager does not take it, its end is
 * seen soon, and all is done again.
 */
static void request(struct domain *d, struct json_object *json,
		    enum op_kind kind, struct device *dev,
		    struct client *client)
{
	struct manager *m = d->manager;
	struct op *op = calloc(1, sizeof(*op));
	int rc = -ENOMEM;

	if (op) {
		op->kind = kind;
		op->id = m->next_id++;
		op->deadline = now_ms() + ANSWER_MS;
		op->device = dev;
		op->client = client;
		op->next = m->ops;
		m->ops = op;
		json_object_object_add(json, "id",
				       json_object_new_int64(op->id));
		rc = send_fds(m->control.fd, json_object_to_json_string_ext(
				 json, JSON_C_TO_STRING_PLAIN),
				 dev ? dev->fds : NULL, dev ? dev->nr_fds : 0);
	}
	if (rc) {
		note("the device manager of domain '%s' cannot be told: %s",
		     domain_name(d), strerror(-rc));
		if (m->service)
			service_signal(m->service, SIGKILL);
	}
	json_object_put(json);
}

static struct json_object *new_request(const char *op)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "op", json_object_new_string(op));
	return json;
}

static void add_string(struct json_object *json, const char *key,
		       const char *value)
{
	json_object_object_add(json, key, json_object_new_string(value));
}

static void add_number(struct json_object *json, const char *key,
		       uint64_t value)
{
	json_object_object_add(json, key, json_object_new_uint64(value));
}

/* Something that the manager says on its own. */
static void handle_event(struct domain *d, const char *event,
			 unsigned int number)
{
	struct device *dev = device_by_number(d, number);

	if (!dev)
		return;
	if (!strcmp(event, "backend-lost"))
		device_lost(dev);
	/* It must be gone before the queue may be used again. */
	if (!strcmp(event, "backend-stuck") && dev->server)
		service_signal(dev->server, SIGKILL);
}

/* It goes to logs and terminals: no lines or sequences of the manager's own. */
static const char *plain(const char *sentence)
{
	static char text[WHY_LEN];
	char *p;

	snprintf(text, sizeof(text), "%s", sentence);
	for (p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = '?';
	return text;
}

static void handle_packet(struct rl *rl, struct domain *d,
			  struct json_object *json)
{
	struct json_object *value, *number;
	const char *error = NULL;
	struct op *op;

	if (json_object_object_get_ex(json, "event", &value)) {
		if (json_object_is_type(value, json_type_string) &&
		    json_object_object_get_ex(json, "dev", &number))
			handle_event(d, json_object_get_string(value),
				     (unsigned int)json_object_get_int(number));
		return;
	}
	if (!json_object_object_get_ex(json, "id", &value))
		return;
	op = take_op(d->manager, json_object_get_int64(value));
	if (!op)
		return;
	if (json_object_object_get_ex(json, "error", &value))
		error = json_object_get_string(value);
	if (error)
		error = plain(error);
	answered(rl, d, op, json, error);
	free(op);
}

static struct domain *domain_of(const struct manager *m)
{
	struct domain *d;

	for (d = domains; d && d->manager != m; d = d->next)
		;
	return d;
}

static void control_ready(struct watch *w, uint32_t mask, struct rl *rl)
{
	struct manager *m = container_of(w, struct manager, control);
	static char packet[PACKET_MAX];
	struct domain *d = domain_of(m);
	struct json_object *json;
	ssize_t n;

	(void)mask;
	n = recv(w->fd, packet, sizeof(packet) - 1, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(m);
		return;
	}
	packet[n] = 0;
	json = json_tokener_parse(packet);
	if (json_object_is_type(json, json_type_object))
		handle_packet(rl, d, json);
	json_object_put(json);
}

/* --- Life ------------------------------------------------------------------- */

static void manager_ended(struct service *s, struct rl *rl)
{
	struct manager *m = s->owner;
	struct domain *d = domain_of(m);
	uint64_t now = now_ms(), pause = RETRY_MS;
	unsigned int i;

	m->service = NULL;
	m->up = false;
	m->kill_at = 0;
	watch_close(&m->control);
	if (m->ending) {
		m->ending = false;
		return;
	}
	if (now - m->started > LONG_LIFE)
		m->failures = 0;
	for (i = 0; i < m->failures && pause < RETRY_MAX_MS; i++)
		pause *= 2;
	m->failures++;
	m->retry = now + pause;
	note("the device manager of domain '%s' has ended: it will be started again",
	     domain_name(d));
	devices_manager_lost(d);
	fail_ops(rl, d, "the device manager of the domain has ended, and is started again: try it once more");
	if (m->failures >= MAX_FAILURES)
		devices_failed(rl, d, "the device manager ends again and again: its log in /var/log/ringlet says why");
}

/* Its own file, for as long as the domain lives. */
static int open_state(const struct domain *d)
{
	char path[PATH_LEN];

	manager_path(d, ".state", path, sizeof(path));
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static int spawn_manager(struct rl *rl, struct domain *d, int control)
{
	char program[PATH_LEN], log[PATH_LEN], path[PATH_LEN];
	char domid[32], name[RINGLET_NAME_LEN + 16];
	char *argv[] = { program, domid, name, NULL };
	struct spawn s = {
		.argv = argv,
		.nr_fds = 3,
		.uid = manager_uids + d->domid,
		.gid = manager_uids + d->domid,
		.file_size = FILE_SIZE,
		.log = log,
		.path = path,
	};
	int rc = -ENOENT;

	if (!rl_program("ringlet-dm", program, sizeof(program)))
		return rl_fail(rl, ENOENT, "ringlet-dm is missing: it belongs beside ringletd");
	snprintf(domid, sizeof(domid), "--domain=%u", d->domid);
	snprintf(name, sizeof(name), "--name=%s", domain_name(d));
	device_log(d, log, sizeof(log));
	manager_path(d, ".manager", path, sizeof(path));
	s.fds[0] = d->bus.first ? rl_domain_pool_fd(rl, d->domid, &d->bus) :
				  rl_domain_fd(rl, d->domid, d->bus.pages);
	s.fds[1] = control;
	s.fds[2] = open_state(d);
	if (s.fds[0] >= 0 && s.fds[2] >= 0)
		rc = service_spawn(&s);
	if (rc < 0)
		rl_fail(rl, -rc, "cannot start ringlet-dm: %s", strerror(-rc));
	if (s.fds[0] >= 0)
		close(s.fds[0]);
	if (s.fds[2] >= 0)
		close(s.fds[2]);
	return rc < 0 ? rc : 0;
}

static void send_start(struct domain *d)
{
	struct json_object *json = new_request("start");

	add_number(json, "first", d->bus.first);
	add_number(json, "pages", d->bus.pages);
	add_number(json, "bus", d->bus.gfn);
	add_number(json, "port", d->bus.port);
	request(d, json, OP_START, NULL, NULL);
}

static void start_manager(struct rl *rl, struct domain *d)
{
	struct manager *m = d->manager;
	char path[PATH_LEN];
	int pair[2], rc;

	m->started = now_ms();
	m->retry = m->started + RETRY_MAX_MS;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return;
	rc = spawn_manager(rl, d, pair[1]);
	close(pair[1]);
	if (rc) {
		note("domain '%s': %s", domain_name(d), rl->error);
		close(pair[0]);
		devices_failed(rl, d, rl->error);
		return;
	}
	manager_path(d, ".manager", path, sizeof(path));
	m->service = service_watch(path, m, manager_ended);
	if (!m->service || watch_add(&m->control, pair[0], EPOLLIN,
				     control_ready)) {
		close(pair[0]);
		return;
	}
	send_start(d);
}

/* One that an earlier daemon started, or of the life before, has to go first. */
static bool old_one_is_there(struct domain *d)
{
	struct manager *m = d->manager;
	char path[PATH_LEN];

	manager_path(d, ".manager", path, sizeof(path));
	m->service = service_watch(path, m, manager_ended);
	if (!m->service)
		return false;
	m->ending = true;
	m->retry = now_ms() + END_MS;
	return true;
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

uint64_t manager_advance(struct rl *rl, struct domain *d)
{
	uint64_t now = now_ms(), next = 0;
	struct manager *m = d->manager;
	struct op *op;

	if (!m) {
		m = d->manager = calloc(1, sizeof(*m));
		if (!m)
			return now + RETRY_MAX_MS;
		m->control.fd = -1;
	}
	if (m->service && m->ending && m->retry <= now) {
		service_signal(m->service, SIGKILL);
		m->retry = now + END_MS;
	}
	if (!m->service && m->retry <= now && !old_one_is_there(d))
		start_manager(rl, d);
	if (!m->service || m->ending)
		next = m->retry;
	if (m->service && m->kill_at && m->kill_at <= now) {
		note("the device manager of domain '%s' has closed its connection, and does not end: it is killed",
		     domain_name(d));
		service_signal(m->service, SIGKILL);
		m->kill_at = now + END_MS;
	}
	next = earliest(next, m->kill_at);
	for (op = m->ops; op; op = op->next) {
		if (op->deadline <= now) {
			note("the device manager of domain '%s' does not answer: it is killed",
			     domain_name(d));
			if (m->service)
				service_signal(m->service, SIGKILL);
			op->deadline = now + ANSWER_MS;
		}
		next = earliest(next, op->deadline);
	}
	return next;
}

/* What it is, in the words of ringlet-dm. */
static void describe(struct json_object *json, const struct device *dev)
{
	char mac[RL_MAC_LEN];

	switch (dev->kind) {
	case DEVICE_DISK:
		add_string(json, "kind", "vhost-user");
		add_number(json, "type", VIRTIO_ID_BLOCK);
		add_number(json, "queues", 1);
		break;
	case DEVICE_VIF:
		rl_mac_format(device_vif(dev)->mac, mac);
		add_string(json, "kind", "vhost-net");
		add_string(json, "mac", mac);
		break;
	case DEVICE_SHARE:
		add_string(json, "kind", "vhost-user");
		add_number(json, "type", VIRTIO_ID_FS);
		add_number(json, "queues", 2);
		add_string(json, "tag", device_share(dev)->tag);
		break;
	case DEVICE_VSOCK:
		add_string(json, "kind", "vhost-vsock");
		add_number(json, "cid", dev->domain->config.vsock_cid);
		break;
	case DEVICE_RNG:
		add_string(json, "kind", "rng");
		break;
	case DEVICE_CHANNEL:
		add_string(json, "kind", "console");
		break;
	case DEVICE_BALLOON:
		add_string(json, "kind", "balloon");
		add_number(json, "pages", dev->domain->bus.pages -
					  dev->domain->memory);
		break;
	}
}

void manager_attach(struct rl *rl, struct device *dev)
{
	struct json_object *json;

	(void)rl;
	json = new_request(dev->known ? "backend" : "attach");
	add_number(json, "dev", dev->number);
	describe(json, dev);
	if (dev->kind == DEVICE_DISK)
		json_object_object_add(json, "restarted",
				       json_object_new_boolean(dev->restarted));
	request(dev->domain, json, OP_ATTACH, dev, NULL);
	while (dev->nr_fds)
		close(dev->fds[--dev->nr_fds]);
}

void manager_detach(struct rl *rl, struct device *dev, bool force)
{
	struct json_object *json = new_request("detach");

	(void)rl;
	add_number(json, "dev", dev->number);
	json_object_object_add(json, "force", json_object_new_boolean(force));
	request(dev->domain, json, OP_DETACH, dev, NULL);
}

void manager_balloon(struct rl *rl, struct device *dev, struct client *client)
{
	struct json_object *json = new_request("balloon");

	(void)rl;
	add_number(json, "dev", dev->number);
	add_number(json, "pages", dev->domain->bus.pages - dev->domain->memory);
	request(dev->domain, json, OP_BALLOON, dev, client);
}

void manager_list(struct rl *rl, struct domain *d, struct client *client)
{
	(void)rl;
	if (!d->manager || !d->manager->up)
		client_listed(client, d, NULL);
	else
		request(d, new_request("list"), OP_LIST, NULL, client);
}

static void free_manager(struct domain *d)
{
	struct manager *m = d->manager;
	struct op *op;

	watch_close(&m->control);
	while ((op = m->ops)) {
		m->ops = op->next;
		free(op);
	}
	free(m);
	d->manager = NULL;
}

void manager_end(struct domain *d)
{
	char path[PATH_LEN];

	manager_path(d, ".state", path, sizeof(path));
	unlink(path);
	if (!d->manager) {
		/* An earlier daemon's ends with that one, soon. */
		manager_path(d, ".manager", path, sizeof(path));
		service_end(service_watch(path, NULL, NULL), 0, END_MS,
			    d->domid);
		return;
	}
	service_end(d->manager->service, 0, END_MS, d->domid);
	free_manager(d);
}

void manager_forget(struct domain *d)
{
	if (!d->manager)
		return;
	service_forget(d->manager->service);
	free_manager(d);
}

void manager_forget_device(struct domain *d, const struct device *dev)
{
	struct op *op;

	for (op = d->manager ? d->manager->ops : NULL; op; op = op->next)
		if (op->device == dev)
			op->device = NULL;
}

void manager_forget_client(struct domain *d, const struct client *client)
{
	struct op *op;

	for (op = d->manager ? d->manager->ops : NULL; op; op = op->next)
		if (op->client == client)
			op->client = NULL;
}
