/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest as its device manager reaches it: memory, event channels, pause.
 * guest.c does it with the descriptor that ringletd has handed over; tests have
 * a guest of their own behind these functions. All return -errno on failure.
 */
#ifndef DM_GUEST_H
#define DM_GUEST_H

#include <stdbool.h>
#include <stdint.h>

/* Take the descriptor, and the guest's domain identifier. */
void guest_use(int fd, uint32_t domid);

/* A descriptor of pages [gfn, gfn + count); its offset 0 is page gfn. */
int guest_memory(uint64_t gfn, uint64_t count);

/* Make a port in the guest and connect to it. Returns the port of this side. */
int guest_port_new(uint32_t *remote);
/* Connect to a port of the guest that waits for it. */
int guest_port_bind(uint32_t remote);
/* Signal irqfd on events from the guest, send one when ioeventfd is signalled. */
int guest_port_connect(int port, int irqfd, int ioeventfd);
void guest_port_close(int port);

int guest_pause(bool pause);

/*
 * Take memory away: of pages [gfn, gfn + count) as many as follow each other. Returns
 * how many; ENOENT: there is none at gfn.
 */
int guest_memory_take(uint64_t gfn, uint32_t count);
/*
 * Give memory, of zeros. Returns how many pages, at least 1. EEXIST: there is some at
 * gfn; EINVAL: the guest has as much as it may; ENOMEM; EAGAIN: soon.
 */
int guest_memory_give(uint64_t gfn, uint32_t count);

#endif /* DM_GUEST_H */
