// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhost-user: the conversation with a backend over its socket (QEMU's
 * docs/interop/vhost-user.rst). Messages are queued and sent as the socket takes
 * them; answers come in the same order. When all that was asked for a phase is
 * answered, vu_step() goes on.
 *
 * Addresses that the protocol calls the front-end's are guest-physical ones here:
 * backends use them only to look up what SET_MEM_TABLE has told them.
 */
#include "vhost_user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VERSION		0x1
#define FLAG_REPLY	0x4
#define FLAG_NEED_REPLY	0x8
#define CONFIG_CHANGE	2	/* of the backend's own channel */

struct header {
	uint32_t request, flags, size;
};

/* It is given up: nobody knows what it still does. */
static void lost(struct vu *vu, const char *why)
{
	if (vu->d->phase >= PHASE_STARTING)
		vu->d->unfinished = true;
	device_lost(vu->d, why);
}

/* --- Sending ---------------------------------------------------------------- */

/* Returns 0, -EAGAIN, or another -errno. */
static int send_one(struct vu *vu, struct vu_message *m)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * MAX_FDS)];
	} control = { .space = { 0 } };
	struct iovec iov = { m->data + m->sent, m->len - m->sent };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	ssize_t n;

	if (m->nfds && !m->sent) {
		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * m->nfds);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * m->nfds);
		memcpy(CMSG_DATA(c), m->fds, sizeof(int) * m->nfds);
	}
	n = sendmsg(vu->source.fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	m->sent += (size_t)n;
	return m->sent == m->len ? 0 : -EAGAIN;
}

/* Send what can be sent. A failure shows when the socket is read. */
static void flush(struct vu *vu)
{
	struct vu_message *m;
	int rc;

	while ((m = STAILQ_FIRST(&vu->out))) {
		rc = send_one(vu, m);
		if (rc == -EAGAIN || rc == -EWOULDBLOCK) {
			source_watch(&vu->source, EPOLLIN | EPOLLOUT);
			return;
		}
		STAILQ_REMOVE_HEAD(&vu->out, link);
		if (m->replies)
			STAILQ_INSERT_TAIL(&vu->waiting, m, link);
		else
			free(m);
	}
	source_watch(&vu->source, EPOLLIN);
}

void vu_send(struct vu *vu, uint32_t request, const void *payload, size_t len,
	     const int *fds, unsigned int nfds)
{
	struct header header = { request, VERSION, (uint32_t)len };
	struct vu_message *m = calloc(1, sizeof(*m));

	if (!m || len > VU_PAYLOAD || nfds > MAX_FDS) {
		free(m);
		note("device %u: a message to the backend cannot be made",
		     vu->d->nr);
		shutdown(vu->source.fd, SHUT_RDWR);
		return;
	}
	m->request = request;
	m->native = vu_has_reply(request);
	m->replies = m->native || vu->protocol & VU_PROTOCOL(REPLY_ACK);
	if (m->replies && !m->native)
		header.flags |= FLAG_NEED_REPLY;
	memcpy(m->data, &header, sizeof(header));
	if (len)
		memcpy(m->data + sizeof(header), payload, len);
	m->len = sizeof(header) + len;
	if (nfds)
		memcpy(m->fds, fds, nfds * sizeof(int));
	m->nfds = nfds;
	if (STAILQ_EMPTY(&vu->waiting) && STAILQ_EMPTY(&vu->out))
		vu->progress = now_ms();
	STAILQ_INSERT_TAIL(&vu->out, m, link);
	wake_at(vu->progress + BACKEND_PATIENCE);
}

void vu_send_u64(struct vu *vu, uint32_t request, uint64_t value)
{
	vu_send(vu, request, &value, sizeof(value), NULL, 0);
}

void vu_flush(struct vu *vu)
{
	flush(vu);
}

/* --- Receiving -------------------------------------------------------------- */

/* Returns false when the connection is gone. */
static bool take_reply(struct vu *vu, const struct header *h,
		       const uint8_t *payload)
{
	struct vu_message *m = STAILQ_FIRST(&vu->waiting);
	bool native;
	char why[80];
	uint64_t value;

	if (!m || m->request != h->request || !(h->flags & FLAG_REPLY)) {
		lost(vu, "answers what it was not asked");
		return false;
	}
	STAILQ_REMOVE_HEAD(&vu->waiting, link);
	native = m->native;
	free(m);
	vu->progress = now_ms();
	if (native)
		return vu_reply(vu, h->request, payload, h->size);
	memcpy(&value, payload, sizeof(value));
	if (h->size == sizeof(value) && !value)
		return true;
	snprintf(why, sizeof(why), "refuses request %u", h->request);
	lost(vu, why);
	return false;
}

/* Handle all whole messages that are there. False: the connection is gone. */
static bool take_messages(struct vu *vu)
{
	struct header h;

	while (vu->in_len >= sizeof(h)) {
		memcpy(&h, vu->in, sizeof(h));
		if (h.size > VU_PAYLOAD || (h.flags & 3) != VERSION) {
			lost(vu, "sends what is not vhost-user");
			return false;
		}
		if (vu->in_len < sizeof(h) + h.size)
			break;
		if (!take_reply(vu, &h, vu->in + sizeof(h)))
			return false;
		vu->in_len -= sizeof(h) + h.size;
		memmove(vu->in, vu->in + sizeof(h) + h.size, vu->in_len);
	}
	return true;
}

static void ready(struct source *source, uint32_t events)
{
	struct vu *vu = (struct vu *)((char *)source -
				      offsetof(struct vu, source));
	ssize_t n;

	if (events & EPOLLOUT)
		flush(vu);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = recv(source->fd, vu->in + vu->in_len,
		 sizeof(vu->in) - vu->in_len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		device_lost(vu->d, "has closed the connection");
		return;
	}
	vu->in_len += (size_t)n;
	if (!take_messages(vu))
		return;
	if (STAILQ_EMPTY(&vu->waiting) && STAILQ_EMPTY(&vu->out))
		vu_step(vu);
}

/* The backend's own channel: only changes of the configuration are of interest. */
static void channel_ready(struct source *source, uint32_t events)
{
	struct vu *vu = (struct vu *)((char *)source -
				      offsetof(struct vu, channel));
	uint8_t data[sizeof(struct header) + VU_PAYLOAD];
	const uint64_t refused = 1;
	struct header h;
	ssize_t n;

	(void)events;
	n = recv(source->fd, data, sizeof(h), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != sizeof(h)) {
		source_close(source);
		return;
	}
	memcpy(&h, data, sizeof(h));
	if (h.size > VU_PAYLOAD || (h.size && recv(source->fd, data, h.size,
						   MSG_DONTWAIT) != h.size)) {
		source_close(source);
		return;
	}
	if (h.request == CONFIG_CHANGE)
		vu_ask_config(vu);
	if (!(h.flags & FLAG_NEED_REPLY))
		return;
	n = h.size = sizeof(refused);
	h.flags = VERSION | FLAG_REPLY;
	memcpy(data, &h, sizeof(h));
	memcpy(data + sizeof(h), &refused, sizeof(refused));
	if (h.request == CONFIG_CHANGE)
		memset(data + sizeof(h), 0, sizeof(refused));
	if (send(source->fd, data, sizeof(h) + (size_t)n,
		 MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		source_close(source);
}

/* --- Begin and end ---------------------------------------------------------- */

struct vu *vu_open(struct device *d, int fd)
{
	struct vu *vu = calloc(1, sizeof(*vu));

	if (!vu)
		return NULL;
	vu->d = d;
	STAILQ_INIT(&vu->out);
	STAILQ_INIT(&vu->waiting);
	vu->source = (struct source){ .fd = fd, .ready = ready };
	vu->channel = (struct source){ .fd = -1, .ready = channel_ready };
	vu->channel_peer = -1;
	return vu;
}

int vu_open_channel(struct vu *vu)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       pair))
		return -errno;
	vu->channel.fd = pair[0];
	vu->channel_peer = pair[1];
	return source_watch(&vu->channel, EPOLLIN);
}

static void free_messages(struct vu_messages *list)
{
	struct vu_message *m;

	while ((m = STAILQ_FIRST(list))) {
		STAILQ_REMOVE_HEAD(list, link);
		free(m);
	}
}

void vu_close(struct vu *vu)
{
	source_close(&vu->source);
	source_close(&vu->channel);
	if (vu->channel_peer >= 0)
		close(vu->channel_peer);
	free_messages(&vu->out);
	free_messages(&vu->waiting);
	free(vu);
}

uint64_t vu_tick(struct vu *vu, uint64_t now)
{
	if (vu->hung_up && now >= vu->hung_up + BACKEND_PATIENCE) {
		note("device %u: the backend does not end", vu->d->nr);
		control_event("backend-stuck", vu->d->nr);
		vu->hung_up = now;
	}
	if (vu->hung_up)
		return vu->hung_up + BACKEND_PATIENCE;
	if (STAILQ_EMPTY(&vu->waiting) && STAILQ_EMPTY(&vu->out))
		return 0;
	if (now < vu->progress + BACKEND_PATIENCE)
		return vu->progress + BACKEND_PATIENCE;
	lost(vu, "does not answer");
	return 0;
}
