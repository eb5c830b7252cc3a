/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vhost-user: between the conversation (vhost_user.c) and what is said in it
 * (vu_device.c).
 */
#ifndef DM_VHOST_USER_H
#define DM_VHOST_USER_H

#include <sys/queue.h>
#include "dm.h"

/* The longest: eight regions; and a configuration. */
#define VU_PAYLOAD	(12 + RINGLET_VBUS_MAX_CONFIG)

enum {
	VU_GET_FEATURES = 1,
	VU_SET_FEATURES = 2,
	VU_SET_OWNER = 3,
	VU_SET_MEM_TABLE = 5,
	VU_SET_VRING_NUM = 8,
	VU_SET_VRING_ADDR = 9,
	VU_SET_VRING_BASE = 10,
	VU_GET_VRING_BASE = 11,
	VU_SET_VRING_KICK = 12,
	VU_SET_VRING_CALL = 13,
	VU_GET_PROTOCOL_FEATURES = 15,
	VU_SET_PROTOCOL_FEATURES = 16,
	VU_GET_QUEUE_NUM = 17,
	VU_SET_VRING_ENABLE = 18,
	VU_SET_BACKEND_REQ_FD = 21,
	VU_GET_CONFIG = 24,
	VU_GET_MAX_MEM_SLOTS = 36,
	VU_ADD_MEM_REG = 37,
};

#define VU_F_PROTOCOL_FEATURES	(1ULL << 30)
#define VU_PROTOCOL(name)	(1ULL << VU_PROTOCOL_##name)
#define VU_PROTOCOL_MQ			0
#define VU_PROTOCOL_REPLY_ACK		3
#define VU_PROTOCOL_BACKEND_REQ		5
#define VU_PROTOCOL_CONFIG		9
#define VU_PROTOCOL_CONFIGURE_MEM_SLOTS	15

struct vu_message {
	STAILQ_ENTRY(vu_message) link;
	uint32_t request;
	bool native;			/* has an answer of its own */
	bool replies;			/* has one, if only 'done' */
	size_t len, sent;
	unsigned int nfds;
	int fds[MAX_FDS];
	uint8_t data[12 + VU_PAYLOAD];
};
STAILQ_HEAD(vu_messages, vu_message);

struct vu {
	struct device *d;
	struct source source;		/* the socket */
	struct source channel;		/* what the backend asks */
	int channel_peer;
	struct vu_messages out, waiting;
	uint64_t progress;		/* ms: last answer, or first question */
	uint64_t hung_up;		/* ms: since when it is to finish; 0: no */
	uint8_t in[12 + VU_PAYLOAD];
	size_t in_len;
	unsigned int step;
	uint64_t features, protocol;
	uint64_t slots;
	bool config_valid;
	bool has_tag;
	bool asking, ask_again;		/* for the configuration */
};

struct vu *vu_open(struct device *d, int fd);
int vu_open_channel(struct vu *vu);
void vu_close(struct vu *vu);
uint64_t vu_tick(struct vu *vu, uint64_t now);

/* Queue a message; vu_flush() begins to send what is queued. */
void vu_send(struct vu *vu, uint32_t request, const void *payload, size_t len,
	     const int *fds, unsigned int nfds);
void vu_send_u64(struct vu *vu, uint32_t request, uint64_t value);
void vu_flush(struct vu *vu);

/* In vu_device.c: */
bool vu_has_reply(uint32_t request);
/* An answer. Returns false when it has ended the connection. */
bool vu_reply(struct vu *vu, uint32_t request, const uint8_t *payload,
	      uint32_t size);
/* All is answered. */
void vu_step(struct vu *vu);
void vu_ask_config(struct vu *vu);

#endif /* DM_VHOST_USER_H */
