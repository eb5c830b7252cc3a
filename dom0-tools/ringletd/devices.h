/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices of domains, as ringletd keeps them: what its files for devices share.
 *
 * A domain with devices has a manager, ringlet-dm, which is told what to serve by
 * messages (manager.c). Behind each disk is a qemu-storage-daemon, behind each
 * network interface a tap. Both are made ready by a child process (prepare.c),
 * which hands back descriptors for the manager. devices.c drives each device
 * from one state to the next; whatever dies is started again after a pause.
 */
#ifndef DEVICES_H
#define DEVICES_H

#include <sys/resource.h>
#include "ringletd.h"

#define WHY_LEN		512
#define MAX_FDS		2	/* that a device hands to its manager */

/* --- Processes that outlive the daemon (service.c) ------------------------- */

/*
 * A process is known by a file with its number, which it holds locked for as long
 * as it lives: the lock is on a descriptor that it inherited. So a daemon that
 * comes later finds it, and never takes another process for it.
 */
struct service {
	struct service *next;	/* of those that are being ended */
	struct watch watch;	/* its pidfd */
	void (*ended)(struct service *s, struct rl *rl);
	void *owner;
	uint64_t kill_at;	/* ms; 0: it is not being ended */
	uint32_t domid;		/* whom it has served, when it is being ended */
	char path[PATH_LEN];	/* of its file */
};

/* How to start one. */
struct spawn {
	char *const *argv;
	int fds[40];		/* become 3, 4 ...; behind them comes the lock */
	unsigned int nr_fds;
	uid_t uid;
	gid_t gid;
	bool trusted;		/* gives up its rights by itself */
	uint64_t capabilities;	/* that it keeps, as root */
	rlim_t files;		/* that it may open; 0: as many as the daemon */
	rlim_t file_size;	/* bytes that a file may have; 0: any */
	const char *share;	/* directory that it sees, as SHARE_PATH; or NULL */
	bool readonly;		/* of that */
	const char *log;	/* file that takes its output */
	const char *path;	/* of its file */
};

/* What serves devices sees a shared directory here. */
#define SHARE_PATH	"/share"

/* Start a process, without privileges unless it is trusted. Returns its number or -errno. */
pid_t service_spawn(const struct spawn *spawn);

/*
 * As fork(2), with namespaces of its own for the child, if the kernel lets domain
 * 0 have them (*own). There sandbox_enter() gives it a root that has no more than
 * it needs. Returns 0 or -errno.
 */
pid_t sandbox_fork(bool *own);
int sandbox_enter(const struct spawn *spawn);

/* The number of the process that holds the file, or 0. */
pid_t service_running(const char *path);

/* Kill the process that holds the file, if any, and wait for its end. */
void service_kill(const char *path);

/*
 * Watch the process that holds the file: 'ended' is called once, then the
 * service is freed. NULL: there is none.
 */
struct service *service_watch(const char *path, void *owner,
			      void (*ended)(struct service *s, struct rl *rl));

/*
 * End it, which has served a domain; nobody is told. It is killed if it needs more
 * than 'ms'.
 */
void service_end(struct service *s, int sig, unsigned int ms, uint32_t domid);
/* Is something being ended that has served this domain? */
bool services_ending(uint32_t domid);
void service_signal(const struct service *s, int sig);

/* The daemon ends, the process goes on. */
void service_forget(struct service *s);

/* Kill what had its time. Returns when to come back (ms), or 0. */
uint64_t services_advance(void);

/* --- Devices (devices.c) --------------------------------------------------- */

enum device_kind {
	DEVICE_DISK,
	DEVICE_VIF,
	DEVICE_SHARE,
	DEVICE_VSOCK,
	DEVICE_RNG,
	DEVICE_BALLOON,
	DEVICE_CHANNEL,
};

enum device_state {
	WAITS,			/* to be prepared, not before 'retry' */
	PREPARES,		/* a child does it */
	READY,			/* its descriptors are there */
	ATTACHES,		/* the manager was told */
	ATTACHED,
	DETACHES,
};

struct device {
	struct device *next;
	struct domain *domain;
	unsigned int number;	/* on the bus */
	enum device_kind kind;
	uint32_t devid;		/* names it among its kind */
	enum device_state state;
	bool known;		/* to the manager: it gets a new backend */
	uint64_t retry;		/* WAITS: ms */
	uint64_t deadline;	/* PREPARES: ms */
	uint64_t attached;	/* ATTACHED: since then, ms */
	unsigned int failures;	/* in a row */
	pid_t helper;		/* PREPARES */
	struct watch result;	/* PREPARES: from the child */
	int fds[MAX_FDS];	/* READY */
	unsigned int nr_fds;
	struct service *server;	/* qemu-storage-daemon or virtiofsd, or NULL */
	bool restarted;		/* since the manager last had it: another process */
	char tap[IFNAMSIZ];	/* network: "" if there is none */
	struct client *client;	/* waits for it to come or go */
};

/* What the configuration says about a device. */
const struct rl_disk *device_disk(const struct device *dev);
const struct rl_vif *device_vif(const struct device *dev);
const struct rl_share *device_share(const struct device *dev);
const struct rl_channel *device_channel(const struct device *dev);

/* For sentences: "xvda"; and the program behind it, or NULL. */
const char *device_name(const struct device *dev);
const char *device_server(const struct device *dev);

/* Its backend was lost: prepare it again. */
void device_lost(struct device *dev);

/* It cannot be had. May end the domain, when that is being started. */
void device_failed(struct rl *rl, struct device *dev, const char *sentence);

/* The manager cannot be had: as device_failed(), for all that wait for it. */
void devices_failed(struct rl *rl, struct domain *d, const char *sentence);

struct device *device_by_number(struct domain *d, unsigned int number);
struct device *device_find(struct domain *d, enum device_kind kind,
			   uint32_t devid);

/* A device of the configuration that came while the domain runs. */
struct device *device_add(struct domain *d, enum device_kind kind,
			  uint32_t devid, struct client *client);

/* Take away all that serves it. */
void device_release(struct device *dev);

/* The manager answered ATTACHES or DETACHES. */
void device_attached(struct rl *rl, struct device *dev, const char *error);
void device_detached(struct rl *rl, struct device *dev, const char *error);

/* All managers' devices must be attached anew. */
void devices_manager_lost(struct domain *d);

/* --- Preparing (prepare.c and others) ---------------------------- */

/* Begin: a child is started. Returns 0 or -errno. */
int device_prepare(struct device *dev);
void device_stop_preparing(struct device *dev);

/* Find its server, which an earlier daemon started. */
void device_watch_server(struct device *dev);

/* Where the files of a device are: rl_run_dir()/devices/NAME.DEVID + end. */
void device_path(const struct device *dev, const char *end, char *path,
		 size_t size);

/* The file that takes what the processes behind a domain's devices say. */
void device_log(const struct domain *d, char *path, size_t size);

/*
 * Send a packet of text with 'nr' descriptors, up to MAX_FDS; does not wait for
 * room. Returns 0 or -errno.
 */
int send_fds(int fd, const char *text, const int *fds, unsigned int nr);

/*
 * In the child: a connection to the server of a disk, or -1 with a sentence.
 * *fresh: the server was started for it.
 */
int disk_prepare(const struct device *dev, bool *fresh, char *why, size_t size);

/* In the child: a connection to a new virtiofsd, or -1 with a sentence. */
int share_prepare(const struct device *dev, char *why, size_t size);

/* In the child: /dev/vhost-vsock, or -1 with a sentence. */
int vsock_prepare(char *why, size_t size);

/*
 * For servers, in the child: a socket to listen on, or -1; a connection to it, or
 * -1 with a sentence; and, when it is ready, its file becomes the one by which the
 * daemon knows it (until then ".new").
 */
int server_socket(const struct device *dev);
int server_connect(const struct device *dev, char *why, size_t size);
int server_settle(const struct device *dev, char *why, size_t size);

/*
 * In the child: what a channel has in domain 0, a listening socket or both ends of a
 * terminal. Returns how many descriptors, 0 with a sentence.
 */
int channel_prepare(const struct device *dev, int fds[MAX_FDS], char *why,
		    size_t size);

/* Where that is found, and when it is not needed any more. */
void channel_path(const struct device *dev, char *path, size_t size);
void channel_remove(const struct device *dev);

/* In the child: tap and /dev/vhost-net. 0, or -1 with a sentence. */
int tap_prepare(const struct device *dev, int fds[MAX_FDS], char *why,
		size_t size);

/* Take a tap away, in a child of its own. */
void tap_remove(const struct device *dev);

/*
 * Make the network that domains are in by default, if it is not there: a bridge
 * with addresses of its own, translated to those of domain 0.
 */
int nat_prepare(char *why, size_t size);

/* --- Managers (manager.c) --------------------------------------------------- */

struct op;

struct manager {
	struct service *service;
	struct watch control;
	struct op *ops;		/* that were not yet answered */
	unsigned int next_id;
	bool up;		/* has answered "start" */
	bool ending;		/* an earlier one, which must have gone first */
	uint64_t retry;		/* ms: not to be started before */
	uint64_t started;	/* ms */
	uint64_t kill_at;	/* ms: it must have ended by then; 0: it need not */
	unsigned int failures;
};

/* Start it if need be, see to its deadlines. When to come back (ms), or 0. */
uint64_t manager_advance(struct rl *rl, struct domain *d);

/* Tell it how much memory the guest shall have. */
void manager_balloon(struct rl *rl, struct device *dev, struct client *client);

/* Tell it about a device; device_attached() or device_detached() follows. */
void manager_attach(struct rl *rl, struct device *dev);
void manager_detach(struct rl *rl, struct device *dev, bool force);

/* Ask it for its list; client_listed() gets it, or NULL. */
struct json_object;
void manager_list(struct rl *rl, struct domain *d, struct client *client);

/* End it and forget what it knew: the domain is gone, or will be another. */
void manager_end(struct domain *d);

/* The daemon ends: the manager will follow. */
void manager_forget(struct domain *d);

/* Nobody waits for an answer for this device, or client, any more. */
void manager_forget_device(struct domain *d, const struct device *dev);
void manager_forget_client(struct domain *d, const struct client *client);

/* --- For clients (request.c) ------------------------------------------------ */

/* The list of a domain's devices; 'known' is the manager's, or NULL. */
void client_listed(struct client *c, struct domain *d,
		   struct json_object *known);

#endif /* DEVICES_H */
