// SPDX-License-Identifier: GPL-2.0-only
/* Console rings of domains. */
#include "console.h"
#include "domain.h"

void console_init(struct domain *d)
{
	lock_init(&d->console.lock, LOCK_CONSOLE);
}

static size_t ring_put(char *ring, size_t size, u64 *head, u64 tail,
		       const char *buf, size_t len)
{
	size_t n = MIN(len, (size_t)(size - (*head - tail))), i;

	for (i = 0; i < n; i++)
		ring[(*head + i) % size] = buf[i];
	*head += n;
	return n;
}

static size_t ring_peek(const char *ring, size_t size, u64 head, u64 tail,
			char *buf, size_t len)
{
	size_t n = MIN(len, (size_t)(head - tail)), i;

	for (i = 0; i < n; i++)
		buf[i] = ring[(tail + i) % size];
	return n;
}

size_t console_write(struct domain *d, const char *buf, size_t len)
{
	struct console *c = &d->console;
	struct domain *control;
	size_t n;

	if (d->control) {
		platform_console_write(buf, len);
		return len;
	}
	lock(&c->lock);
	n = ring_put(c->out, sizeof(c->out), &c->out_head, c->out_tail, buf,
		     len);
	c->refused += len - n;
	unlock(&c->lock);
	control = n ? domain_find(d, RINGLET_DOMID_0) : NULL;
	if (control)
		event_raise_domain_virq(control, RINGLET_VIRQ_DOMAIN_CONSOLE);
	return n;
}

size_t console_out_peek(struct domain *d, char *buf, size_t len, u64 *at)
{
	struct console *c = &d->console;
	size_t n;

	lock(&c->lock);
	*at = c->out_tail;
	n = ring_peek(c->out, sizeof(c->out), c->out_head, c->out_tail, buf,
		      len);
	unlock(&c->lock);
	return n;
}

bool console_out_skip(struct domain *d, u64 at, size_t len)
{
	struct console *c = &d->console;
	bool was_full, first;

	lock(&c->lock);
	was_full = c->out_head - c->out_tail == sizeof(c->out);
	first = c->out_tail == at;
	if (first)
		c->out_tail += len;
	unlock(&c->lock);
	if (first && was_full && len)
		event_raise_domain_virq(d, RINGLET_VIRQ_CONSOLE);
	return first;
}

size_t console_in_push(struct domain *d, const char *buf, size_t len)
{
	struct console *c = &d->console;
	size_t n;

	lock(&c->lock);
	n = ring_put(c->in, sizeof(c->in), &c->in_head, c->in_tail, buf, len);
	unlock(&c->lock);
	if (n)
		event_raise_domain_virq(d, RINGLET_VIRQ_CONSOLE);
	return n;
}

size_t console_peek(struct domain *d, char *buf, size_t len, u64 *at)
{
	struct console *c = &d->console;
	size_t n;

	lock(&c->lock);
	*at = c->in_tail;
	n = ring_peek(c->in, sizeof(c->in), c->in_head, c->in_tail, buf, len);
	unlock(&c->lock);
	return n;
}

bool console_skip(struct domain *d, u64 at, size_t len)
{
	struct console *c = &d->console;
	bool first;

	lock(&c->lock);
	first = c->in_tail == at;
	if (first)
		c->in_tail += len;
	unlock(&c->lock);
	return first;
}

u64 console_refused(struct domain *d)
{
	return READ_ONCE(d->console.refused);
}
