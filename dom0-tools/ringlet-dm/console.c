// SPDX-License-Identifier: GPL-2.0-only
/*
 * Consoles, built in: a line between the guest and a terminal or a socket of domain 0.
 *
 * The guest's driver waits, with its CPU, until what it writes is taken. So this is
 * taken at once: what nobody reads in domain 0 is lost, as on a serial line. The other
 * way nothing is lost; what the guest has no buffers for waits.
 */
#include "dm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/virtio_ids.h>

#define PIECES		8	/* of a request, at most */
#define TURN_BYTES	65536	/* then it is others' turn */
#define OFFERED		FEATURE_VERSION_1

enum { INPUT, OUTPUT, QUEUES };

struct console {
	struct device *d;
	struct source listener;		/* -1: 'line' is a terminal */
	struct source line;		/* -1: nobody is there */
	int other_end;			/* of the terminal, which keeps it up */
	bool running;
	uint16_t next[QUEUES];		/* in the avail rings */
	size_t in_at, in_len;		/* for the guest */
	size_t out_len;			/* from the guest */
	uint8_t in[4096], out[65536];
};

static struct console *console_of(struct source *source, size_t offset)
{
	return (struct console *)((char *)source - offset);
}

/* Who was on the line has gone; a terminal stays. */
static void hang_up_line(struct console *c)
{
	source_close(&c->line);
	c->out_len = 0;
}

/* Wait for what can be done next. */
static void watch_line(struct console *c)
{
	uint32_t events = 0;

	if (c->line.fd < 0)
		return;
	if (c->running && c->in_at == c->in_len)
		events |= EPOLLIN;
	if (c->out_len)
		events |= EPOLLOUT;
	/* Without events the source is not watched at all. */
	if (source_watch(&c->line, events ? events : EPOLLET))
		hang_up_line(c);
}

static void broken(struct console *c)
{
	device_break(c->d, "its request makes no sense");
	source_close(&c->d->queue[INPUT].kicked);
	source_close(&c->d->queue[OUTPUT].kicked);
	c->running = false;
}

/* --- To the guest ------------------------------------------------------------- */

/* Fill a request's buffers. Returns the bytes written. */
static uint32_t fill(struct console *c, const struct piece *pieces, int count)
{
	uint32_t total = 0, len;
	int i;

	for (i = 0; i < count && c->in_at < c->in_len; i++) {
		if (!pieces[i].write)
			continue;
		len = pieces[i].len;
		if (len > c->in_len - c->in_at)
			len = (uint32_t)(c->in_len - c->in_at);
		memcpy(pieces[i].data, c->in + c->in_at, len);
		c->in_at += len;
		total += len;
	}
	return total;
}

static void serve_input(struct queue *q)
{
	const struct saved_queue *s = queue_saved(q);
	struct console *c = q->d->private;
	struct piece pieces[PIECES];
	bool done = false;
	uint16_t head;
	int n = 0;

	while (c->in_at < c->in_len) {
		n = ring_take(s, &c->next[INPUT], &head, pieces, PIECES);
		if (n <= 0)
			break;
		ring_give(s, head, fill(c, pieces, n));
		done = true;
	}
	if (done && ring_wants_call(s))
		queue_call(q);
	if (n < 0)
		broken(c);
	watch_line(c);
}

static void read_line(struct console *c)
{
	ssize_t n = read(c->line.fd, c->in, sizeof(c->in));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up_line(c);
		return;
	}
	c->in_at = 0;
	c->in_len = (size_t)n;
	serve_input(&c->d->queue[INPUT]);
}

/* --- From the guest ------------------------------------------------------------- */

static void write_line(struct console *c)
{
	ssize_t n;

	if (!c->out_len || c->line.fd < 0)
		return;
	n = write(c->line.fd, c->out, c->out_len);
	if (n > 0) {
		c->out_len -= (size_t)n;
		memmove(c->out, c->out + n, c->out_len);
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		hang_up_line(c);
	}
}

static uint32_t keep(struct console *c, const struct piece *pieces, int count)
{
	uint32_t total = 0;
	size_t len;
	int i;

	for (i = 0; i < count; i++) {
		if (pieces[i].write)
			continue;
		total += pieces[i].len;
		len = sizeof(c->out) - c->out_len;
		if (len > pieces[i].len)
			len = pieces[i].len;
		if (c->line.fd < 0)
			continue;
		memcpy(c->out + c->out_len, pieces[i].data, len);
		c->out_len += len;
	}
	return total;
}

static void serve_output(struct queue *q)
{
	const struct saved_queue *s = queue_saved(q);
	struct console *c = q->d->private;
	struct piece pieces[PIECES];
	uint32_t total = 0;
	bool done = false;
	uint16_t head;
	int n = 0;

	while (total < TURN_BYTES) {
		n = ring_take(s, &c->next[OUTPUT], &head, pieces, PIECES);
		if (n <= 0)
			break;
		total += keep(c, pieces, n) + 64;
		ring_give(s, head, 0);
		done = true;
		if (c->out_len > sizeof(c->out) / 2)
			write_line(c);
	}
	if (total >= TURN_BYTES)
		queue_kick(q);
	if (done && ring_wants_call(s))
		queue_call(q);
	write_line(c);
	if (n < 0)
		broken(c);
	watch_line(c);
}

/* --- The line --------------------------------------------------------------------- */

static void line_ready(struct source *source, uint32_t events)
{
	struct console *c = console_of(source, offsetof(struct console, line));

	if (events & EPOLLOUT)
		write_line(c);
	if (c->line.fd >= 0 && events & EPOLLIN && c->in_at == c->in_len)
		read_line(c);
	else if (c->line.fd >= 0 && events & (EPOLLHUP | EPOLLERR))
		hang_up_line(c);
	watch_line(c);
}

/* One at a time: who comes while somebody is there is sent away. */
static void listener_ready(struct source *source, uint32_t events)
{
	struct console *c = console_of(source,
				       offsetof(struct console, listener));
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	if (c->line.fd >= 0) {
		close(fd);
		return;
	}
	c->line.fd = fd;
	watch_line(c);
}

/* --- The device --------------------------------------------------------------------- */

static void console_start(struct device *d)
{
	struct console *c = d->private;
	unsigned int i;

	for (i = 0; i < QUEUES; i++)
		c->next[i] = d->s->ran && d->s->queue[i].size ?
			     ring_used(&d->s->queue[i]) : 0;
	if (!d->s->queue[INPUT].size || !d->s->queue[OUTPUT].size) {
		device_break(d, "its driver starts without queues");
		d->phase = PHASE_READY;
		return;
	}
	if (!queue_watch(&d->queue[INPUT], serve_input) ||
	    !queue_watch(&d->queue[OUTPUT], serve_output))
		return;
	c->running = true;
	watch_line(c);
	device_phase(d, PHASE_STARTED);
}

static void silence(struct device *d)
{
	struct console *c = d->private;

	source_close(&d->queue[INPUT].kicked);
	source_close(&d->queue[OUTPUT].kicked);
	if (c)
		c->running = false;
}

static void console_stop(struct device *d)
{
	struct console *c = d->private;

	silence(d);
	watch_line(c);
	device_phase(d, PHASE_READY);
}

static void console_close(struct device *d)
{
	struct console *c = d->private;

	silence(d);
	if (!c)
		return;
	source_close(&c->listener);
	source_close(&c->line);
	if (c->other_end >= 0)
		close(c->other_end);
	free(c);
	d->private = NULL;
}

static const struct backend console_backend = {
	.name = "console",
	.start = console_start,
	.stop = console_stop,
	.hang_up = console_stop,
	.close = console_close,
};

int console_attach(struct device *d, const int *fds, unsigned int nfds,
		   char *error, size_t size)
{
	struct console *c = calloc(1, sizeof(*c));
	int rc = 0;

	if (!c) {
		snprintf(error, size, "there is no memory for the device");
		return -ENOMEM;
	}
	c->d = d;
	c->listener = (struct source){ .fd = -1, .ready = listener_ready };
	c->line = (struct source){ .fd = -1, .ready = line_ready };
	c->other_end = -1;
	if (nfds == 1) {
		c->listener.fd = fds[0];
		rc = source_watch(&c->listener, EPOLLIN);
	} else {
		c->line.fd = fds[0];
	}
	if (rc) {
		snprintf(error, size, "its socket cannot be watched: %s",
			 strerror(-rc));
		free(c);
		return rc;
	}
	if (nfds == 2)
		c->other_end = fds[1];
	d->s->queues = QUEUES;
	d->s->offered = memory_features(OFFERED);
	d->backend = &console_backend;
	d->private = c;
	d->phase = PHASE_CONNECTING;
	device_phase(d, PHASE_READY);
	return 0;
}
