/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ringlet-dm: the devices of one domain. What its files share.
 *
 * One thread, one epoll loop. Nothing waits for the guest or for a backend: what
 * takes time is a state of the device, and device_advance() takes the next step
 * whenever something has happened. What a successor needs when this process is
 * killed lies in the state file, which is mapped into memory.
 *
 * Hostile are the guest (the bus page and all of its memory) and, less so, a
 * backend: neither may do more than end its own device or the guest's bus.
 */
#ifndef DM_H
#define DM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <ringlet/virtio.h>

#define MAX_FDS		8	/* descriptors in a message */
#define MAX_REGIONS	32	/* of guest memory */
#define QUEUE_SIZE	256	/* of each queue, at most */
#define REPLY_LATER	(-1)

/* Milliseconds. The guest takes a device for broken after 5 s. */
#define GUEST_PATIENCE	3000	/* until a request is answered in any case */
#define DRAIN_POLL	2
#define DRAIN_PATIENCE	2000	/* then the backend is asked in another way */
#define BACKEND_PATIENCE 20000	/* for a reply */
#define ATTACH_PATIENCE	10000
#define DETACH_PATIENCE	10000

/* --- The loop (main.c) ---------------------------------------------------- */

struct source {
	int fd;				/* -1: none */
	uint32_t events;
	void (*ready)(struct source *source, uint32_t events);
};

/* Begin to wait for a descriptor, or for other events of it. */
int source_watch(struct source *source, uint32_t events);
/* Stop, and close the descriptor. */
void source_close(struct source *source);

uint64_t now_ms(void);
/* The loop comes to devices_tick() at this time, or before. */
void wake_at(uint64_t ms);

/* One line in the log; a flood of them is cut. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Wait up to 'timeout' ms (-1: for ever) and handle what comes. */
void turn(int timeout);
bool loop_begin(void);
void loop_end(void);
extern bool stop_requested;

/* --- State that survives (state.c) ---------------------------------------- */

struct saved_queue {
	uint32_t size;			/* 0: not set up */
	uint32_t port;			/* of the guest; 0: none */
	uint32_t flags;			/* RINGLET_VQ_* */
	uint32_t reserved;
	uint64_t desc, driver, device;	/* guest-physical */
};

/* A request that was taken and not answered. */
struct saved_request {
	uint32_t valid;
	struct ringlet_vmsg message;
};

struct saved_device {
	uint32_t present;		/* the guest may know it */
	uint32_t kind;			/* enum backend_kind */
	uint32_t type;			/* virtio device type */
	uint32_t status;
	uint32_t ran;			/* was started since the last reset */
	uint32_t unplug;		/* the guest was asked to release it */
	uint64_t offered;		/* features of the backend, for the guest */
	uint64_t features;		/* that the driver took */
	uint32_t queues;
	uint32_t generation;		/* of the configuration */
	uint32_t config_size;
	uint32_t pages_given;		/* balloon: by the guest, and not yet back */
	uint32_t most_given;
	uint8_t config[RINGLET_VBUS_MAX_CONFIG];
	struct saved_request request;
	struct saved_queue queue[RINGLET_VBUS_MAX_QUEUES];
};

struct state {
	uint32_t magic;
	uint32_t size;
	uint32_t domid;
	uint32_t epoch;
	uint32_t paused;		/* the guest, by the manager */
	uint32_t consumed;		/* to_device.cons */
	uint32_t produced;		/* to_driver.prod */
	uint32_t reserved;
	struct saved_device device[RINGLET_VBUS_MAX_DEVICES];
};

extern struct state *state;

/* Map the state file. Returns 1: a predecessor's, 0: a new one, -errno. */
int state_open(int fd, uint32_t domid);
void state_close(void);
void request_save(struct saved_request *saved, const struct ringlet_vmsg *m);

/* --- Guest memory (memory.c) ---------------------------------------------- */

struct region {
	uint64_t start, size;		/* bytes, guest-physical */
	int fd;
	uint8_t *mapping;
};

extern struct region regions[MAX_REGIONS];
extern unsigned int region_count;

/*
 * Get and map pages [first, first + pages). If 'first' is not 0 they are a pool: the
 * guest has more memory, but devices cannot reach it. Returns 0 or -errno.
 */
int memory_open(uint64_t first, uint64_t pages);

/* What a device offers: what its backend does, and what the memory asks for. */
uint64_t memory_features(uint64_t backend);
void memory_close(void);
/* [gpa, gpa + len) in this process, or NULL: not memory, or of two regions. */
void *memory_at(uint64_t gpa, uint64_t len);
/*
 * The guest has given this memory back and uses it all the same: let there be zeros
 * here. For a SIGBUS handler. Returns false when it cannot be that.
 */
bool memory_hole(const void *address);
/* The page is the guest's again. */
void memory_is_back(uint64_t gfn);

/* --- Devices (device.c) --------------------------------------------------- */

enum backend_kind {
	KIND_NONE,
	KIND_VHOST_USER,
	KIND_VHOST_NET,
	KIND_RNG,
	KIND_VHOST_VSOCK,
	KIND_BALLOON,
	KIND_CONSOLE,
};

/* Where a backend is. It says itself when it has come to the next place. */
enum phase {
	PHASE_NONE,			/* there is none, or it is lost */
	PHASE_CONNECTING,
	PHASE_READY,			/* connected, no queue runs */
	PHASE_STARTING,
	PHASE_STARTED,
	PHASE_STOPPING,
};

struct device;

struct backend {
	const char *name;
	/* Go from READY to STARTED, or from STARTED to READY; at once or not. */
	void (*start)(struct device *d);
	void (*stop)(struct device *d);
	/* Does a request that was taken end only by the backend's work? */
	bool drains;
	/* End the backend in a way that finishes what it has; it will be lost. */
	void (*hang_up)(struct device *d);
	/* Forget it. */
	void (*close)(struct device *d);
	/* The driver has written its configuration: config[offset, + len). */
	void (*set_config)(struct device *d, uint32_t offset, uint32_t len);
	/* Is something overdue? Returns the time of the next such look, or 0. */
	uint64_t (*tick)(struct device *d, uint64_t now);
};

struct queue {
	struct device *d;
	unsigned int index;
	int port;			/* of this side; -1: none */
	int kick, call;			/* eventfds; -1: none */
	struct source kicked;		/* a built-in device's own look at kick */
	void (*serve)(struct queue *q);	/* what it does then */
};

struct device {
	unsigned int nr;
	struct saved_device *s;		/* what the guest has set up */
	const struct backend *backend;
	void *private;			/* of the backend */
	enum phase phase;
	bool restarted;			/* the backend: it knows of no request */
	bool unfinished;		/* the one before may still be at work */
	struct queue queue[RINGLET_VBUS_MAX_QUEUES];
	bool config_event;		/* an event is owed to the driver */
	bool resetting;
	bool draining;
	uint64_t drain_since;
	uint16_t drain_to[RINGLET_VBUS_MAX_QUEUES];	/* used.idx must come there */
	uint64_t answer_by;		/* the request that is under way; 0: none */
	int64_t attach_id, detach_id;	/* of the request that waits; -1: none */
	uint64_t attach_by, detach_by;
};

extern struct device *devices[RINGLET_VBUS_MAX_DEVICES];

/* Features that are never offered: they need more of the manager. */
#define FEATURES_MASKED	(1ULL << 24 | 1ULL << 26 | 1ULL << 30 | ~0ULL << 33)
#define FEATURE_VERSION_1 (1ULL << 32)
#define FEATURE_ACCESS_PLATFORM (1ULL << 33)

/* A device of this number: the predecessor's, or a new one. */
struct device *device_open(unsigned int nr, enum backend_kind kind,
			   uint32_t type);
/* Ask the guest to release it; it is removed when that has happened. */
void device_unplug(struct device *d);
/* It goes: the guest is told, and all of it is forgotten. */
void device_remove(struct device *d);
/* All devices that a predecessor has left wait for their backends. */
void devices_resume(void);
void devices_close(void);
uint64_t devices_tick(uint64_t now);

/* Take the next steps, as far as they can be taken now. */
void device_advance(struct device *d);
/* The guest or the backend has done what cannot go on. */
void device_break(struct device *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The backend is where it was to come. */
void device_phase(struct device *d, enum phase phase);
/* The backend is gone; 'why' is a sentence's end. */
void device_lost(struct device *d, const char *why);
void device_config_changed(struct device *d);
bool device_driver_ok(const struct device *d);

/*
 * A request of the guest. 'm' is a private copy with room for a whole answer,
 * its body filled up with zeros. Returns the bytes of the answer's body, or
 * REPLY_LATER.
 */
int device_request(struct device *d, struct ringlet_vmsg *m);

/* Make the queue's port and eventfds. Returns 0 or -errno. */
int queue_bind(struct queue *q);
void queue_unbind(struct queue *q);
/*
 * For built-in devices: call serve() when the guest kicks. Returns false, with the
 * device broken and out of work, if that cannot be.
 */
bool queue_watch(struct queue *q, void (*serve)(struct queue *q));
/* Events of our own making: to the backend, to the guest. */
void queue_kick(struct queue *q);
void queue_call(struct queue *q);
struct saved_queue *queue_saved(struct queue *q);

/* --- Rings in guest memory (ring.c) --------------------------------------- */

/* Is this a ring in memory? Then its parts can be looked at. */
bool ring_valid(const struct saved_queue *s);
uint16_t ring_avail(const struct saved_queue *s);
uint16_t ring_used(const struct saved_queue *s);

/* A buffer of a request, as a built-in device gets it. */
struct piece {
	uint8_t *data;
	uint32_t len;
	bool write;			/* the device fills it */
};

/*
 * The next request at *next. Returns the number of pieces, 0 when there is none,
 * -1 when what the guest has written makes no sense.
 */
int ring_take(const struct saved_queue *s, uint16_t *next, uint16_t *head,
	      struct piece *pieces, unsigned int max);
/* It is done, 'len' bytes were written. */
void ring_give(const struct saved_queue *s, uint16_t head, uint32_t len);
bool ring_wants_call(const struct saved_queue *s);

/*
 * Write the requests that no backend has finished into the ring again, so that a
 * new backend that begins at used.idx finds exactly these, in the order in which
 * they were made. The guest must be paused. Returns how many, or -errno with a
 * sentence's end in *why.
 */
int ring_recover(const struct saved_queue *s, const char **why);

/* --- The bus (bus.c) ------------------------------------------------------ */

/* Take the page and the port, and answer from now on. Returns 0 or -errno. */
int bus_open(uint64_t gfn, uint32_t port, bool resumed);
void bus_close(void);
/* Answer a request that had to wait, and forget it. */
void bus_answer(struct device *d, struct ringlet_vmsg *m, int body);
/* Events; kept back while there is no room for them. */
void bus_event_config(struct device *d);
void bus_event_device(unsigned int nr, uint32_t device_state);
/* What is owed to the guest. Returns when to try again, or 0. */
uint64_t bus_flush(uint64_t now);
void bus_poll(void);
bool bus_broken(void);

/* --- Backends ------------------------------------------------------------- */

/* Take descriptors; a sentence in 'error' on failure. */
int vhost_user_attach(struct device *d, int fd, const char *tag, char *error,
		      size_t size);
int vhost_net_attach(struct device *d, int tap, int vhost, const uint8_t mac[6],
		     char *error, size_t size);
int vhost_vsock_attach(struct device *d, int vhost, uint64_t cid, char *error,
		       size_t size);
int rng_attach(struct device *d, char *error, size_t size);
/* A listening socket, or both ends of a terminal. */
int console_attach(struct device *d, const int *fds, unsigned int nfds,
		   char *error, size_t size);
/* The guest shall give so many pages back. */
int balloon_attach(struct device *d, uint32_t pages, char *error, size_t size);
void balloon_set(struct device *d, uint32_t pages);

/* For vhost of the kernel (vhost.c). Return 0 or -errno. */
int vhost_set_memory(int fd);
int vhost_set_queue(int fd, struct queue *q);
/* It signals nobody any more. */
void vhost_silence_queue(int fd, unsigned int index);

/* --- Control (control.c) -------------------------------------------------- */

int control_open(int fd, int state_fd, uint32_t domid);
void control_close(void);
/* Answer a request that had to wait; 'error' NULL: it is done. */
void control_answer(int64_t id, const char *error);
void control_event(const char *event, unsigned int dev);

#endif /* DM_H */
