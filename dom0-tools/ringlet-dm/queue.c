// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event channel of a virtqueue, as two eventfds: the guest's events arrive in
 * kick, what is written to call becomes an event for the guest. One port serves
 * both.
 */
#include "dm.h"
#include "guest.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int make_eventfds(struct queue *q)
{
	q->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	q->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return q->kick < 0 || q->call < 0 ? -errno : 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Has the state a port of the guest already, it is a predecessor's. */
int queue_bind(struct queue *q)
{
	struct saved_queue *s = queue_saved(q);
	uint32_t remote = s->port;
	int rc;

	if (q->port >= 0)
		return 0;
	q->port = remote ? guest_port_bind(remote) : guest_port_new(&remote);
	if (q->port < 0) {
		rc = q->port;
		q->port = -1;
		return rc;
	}
	rc = make_eventfds(q);
	if (!rc)
		rc = guest_port_connect(q->port, q->kick, q->call);
	if (rc) {
		queue_unbind(q);
		return rc;
	}
	s->port = remote;
	return 0;
}

void queue_unbind(struct queue *q)
{
	if (q->port >= 0)
		guest_port_close(q->port);
	q->port = -1;
	q->kicked.fd = -1;
	close_fd(&q->kick);
	close_fd(&q->call);
}

static void kicked(struct source *source, uint32_t events)
{
	struct queue *q = (struct queue *)((char *)source -
					   offsetof(struct queue, kicked));
	uint64_t count;

	(void)events;
	if (read(source->fd, &count, sizeof(count)) == sizeof(count))
		q->serve(q);
}

bool queue_watch(struct queue *q, void (*serve)(struct queue *q))
{
	q->serve = serve;
	q->kicked.fd = dup(q->kick);
	q->kicked.ready = kicked;
	if (!source_watch(&q->kicked, EPOLLIN))
		return true;
	device_break(q->d, "its event channel cannot be watched");
	q->d->phase = PHASE_READY;
	return false;
}

static void signal_fd(int fd)
{
	uint64_t one = 1;
	ssize_t n = fd >= 0 ? write(fd, &one, sizeof(one)) : 0;

	(void)n;
}

void queue_kick(struct queue *q)
{
	signal_fd(q->kick);
}

void queue_call(struct queue *q)
{
	signal_fd(q->call);
}
