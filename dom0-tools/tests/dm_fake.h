/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest and a hypervisor for tests of ringlet-dm: memory, ports and a driver,
 * all in the test's process; the manager runs in another one and reaches them
 * (guest.h) through a socket, which ends with it like a descriptor of
 * /dev/ringlet. Everything that waits also serves the manager.
 */
#ifndef DM_FAKE_H
#define DM_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <json-c/json.h>
#include <ringlet/virtio.h>

#define FAKE_GIB	(1ULL << 30)
#define FAKE_PAGES	((FAKE_GIB + (64 << 20)) >> 12)	/* two regions */
#define FAKE_BUS	0x60000ULL			/* gfn */
#define FAKE_BUS_PORT	7
#define FAKE_PORTS	64
#define FAKE_DEPTH	64

struct fake_port {
	bool used;
	bool bound;		/* by a living manager */
	int irqfd, ioeventfd;
};

extern struct ringlet_vbus *fake_bus;
extern struct fake_port fake_ports[FAKE_PORTS];
extern unsigned int fake_pauses, fake_paused;	/* how often; now */
extern bool fake_absent[FAKE_PAGES];		/* given back by the guest */
extern unsigned int fake_absent_pages;
extern int fake_give_error;			/* instead of memory, if not 0 */
extern pid_t manager;				/* 0: none */
extern char fake_dir[64];

void fake_begin(void);
void fake_end(void);
uint8_t *fake_memory(uint64_t gpa);
/* The last pages give SIGBUS; 0: none do. */
void fake_cut(uint64_t pages);

/* Serve the manager for up to 'ms', or until something has come. */
void fake_pump(int ms);
uint64_t fake_ms(void);
void fake_path(char *buf, size_t size, const char *name);
const char *fake_log(void);

#define UNTIL(condition, ms) ({						\
	uint64_t end_ = fake_ms() + (ms);				\
	bool met_;							\
	while (!(met_ = (condition)) && fake_ms() < end_)		\
		fake_pump(1);						\
	met_;								\
})

/* --- The manager ------------------------------------------------------------ */

void manager_run(void);
/* End its control connection, or kill it; returns the wait status. */
int manager_end(void);
int manager_kill(void);
/* Send a request; "id" is added. 'fds' are closed here afterwards. */
int manager_send(const char *json, const int *fds, unsigned int nfds);
/* The next packet within 'ms', or NULL; the caller puts it. */
struct json_object *manager_packet(int ms);
/* Send and wait for the answer: "" or the sentence. Events are counted. */
const char *manager_ask(const char *json, const int *fds, unsigned int nfds);
extern unsigned int backend_lost_events;
const char *manager_start(void);

/* --- Backend ---------------------------------------------------------------- */

/* With a format that has metadata, each write is on the disk when it is done. */
pid_t storage_run(const char *name, const char *format);
/* A disk of 64 MiB of zeros, of which each request takes so long. */
pid_t storage_run_slow(const char *name, unsigned int ms);
void storage_kill(pid_t pid);
/* A connection to the one of this name. */
int storage_connect(const char *name);

/* --- The driver ------------------------------------------------------------- */

/* Send any message; the driver's indices go on. */
void bus_send(const struct ringlet_vmsg *m);
/* The next message from the manager within 'ms'. */
bool bus_receive(struct ringlet_vmsg *m, int ms);
/*
 * A request and its answer (of at least 'out' bytes into 'reply'); events that
 * come meanwhile are kept. Returns false after 5 s.
 */
bool bus_ask(unsigned int type, unsigned int dev, unsigned int id,
	     const void *body, size_t len, void *reply, size_t out);
/* The last state that an event has told of a device; then forgotten. */
uint32_t bus_device_event(unsigned int dev, int ms);
extern unsigned int config_events;

struct vq {
	unsigned int dev, index, size;
	uint64_t base;			/* where the ring lies */
	uint32_t port;
	uint16_t avail, seen;		/* avail.idx, used entries taken */
	bool numbers;
	uint32_t used_len[256];
	bool busy[256];
};

uint32_t dev_status(unsigned int dev);
uint32_t dev_set_status(unsigned int dev, uint32_t status);
bool dev_reset(unsigned int dev);
uint64_t dev_features(unsigned int dev);
/* All steps up to DRIVER_OK with one queue. */
bool dev_start(unsigned int dev, struct vq *q, uint64_t base,
	       unsigned int size, bool numbers, uint64_t features);
bool vq_set(struct vq *q);
bool vq_bind(struct vq *q);

struct vq_piece {
	uint64_t gpa;
	uint32_t len;
	bool write;
};

/* Add a request at this head (heads use three descriptors each), and kick. */
void vq_add(struct vq *q, unsigned int head, const struct vq_piece *p,
	    unsigned int n);
void vq_kick(struct vq *q);
/* A head that is done, or -1 after 'ms'. */
int vq_done(struct vq *q, int ms);

/* One request to a disk: 0 read, 1 write, 4 flush. Returns its status byte. */
int blk_do(struct vq *q, uint32_t type, uint64_t sector, uint64_t gpa,
	   uint32_t len);
/* The same without waiting; 'head' is the request's, up to FAKE_DEPTH - 1. */
void blk_begin(struct vq *q, unsigned int head, uint32_t type,
	       uint64_t sector, uint64_t gpa, uint32_t len);
int blk_status(struct vq *q, unsigned int head);

#endif /* DM_FAKE_H */
