/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ringletd: consoles and life of domains. What its files share.
 *
 * One thread, one epoll loop; nothing in it blocks on a client or a domain.
 * Builds, which take long, run in child processes. All that must survive the
 * daemon is in files: records of domains, console logs, and the spool.
 */
#ifndef RINGLETD_H
#define RINGLETD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "ringlet.h"

#define PATH_LEN	256
#define INPUT_LEN	RINGLET_CONSOLE_IN
#define MAX_CLIENTS	64

/* --- Events (main.c) ------------------------------------------------------- */

/* Something that is waited for; part of a larger structure. */
struct watch {
	int fd;			/* -1: none */
	void (*ready)(struct watch *w, uint32_t mask, struct rl *rl);
};

#define container_of(pointer, type, member) \
	((type *)((char *)(pointer) - offsetof(type, member)))

/*
 * Call 'ready' from the loop when one of the events of 'mask' (EPOLLIN ...)
 * comes. watch_close() also closes the descriptor. Returns 0 or -errno.
 */
int watch_add(struct watch *w, int fd, uint32_t mask,
	      void (*ready)(struct watch *w, uint32_t mask, struct rl *rl));
void watch_arm(struct watch *w, uint32_t mask);
void watch_close(struct watch *w);

uint64_t now_ms(void);		/* since some time in the past */

/* --- Console logs (log.c) ------------------------------------------------- */

/*
 * The console log of a domain's life. It is cut into files of a limited size:
 * the current one, and one before it (".1"). 'gen' counts them.
 */
struct conlog {
	char path[PATH_LEN];
	int fd;			/* -1: cannot be written */
	uint64_t size;
	unsigned int gen;
};

/* A place in a console log that goes forward at a client's pace. */
struct conreader {
	int fd;
	unsigned int gen;
	off_t pos;
};

/*
 * Open the log of a domain. @fresh: a new life begins, what is there is kept as
 * ".old".
 */
void conlog_open(struct conlog *log, const char *name, bool fresh);
void conlog_close(struct conlog *log);

/* Begin a new file if there is not room for 'len' more bytes in this one. */
void conlog_make_room(struct conlog *log, size_t len);
void conlog_append(struct conlog *log, const void *data, size_t len);

/* Begin at the oldest byte kept. Returns 0 or -errno. */
int conreader_open(struct conreader *r, const struct conlog *log);
void conreader_close(struct conreader *r);

/*
 * Look at what comes next, and move on. 'log' is NULL when the domain is gone.
 * Returns bytes stored, 0 when there is no more for now.
 */
ssize_t conreader_peek(struct conreader *r, const struct conlog *log,
		       void *buf, size_t len);
void conreader_skip(struct conreader *r, size_t len);

extern uint64_t conlog_limit;	/* bytes of one file */

/*
 * Cut a log that other processes append to, if it has grown beyond a size: its end
 * is kept as ".1".
 */
void log_cut(const char *path);

/*
 * The spool: a file mapped into memory that the hypervisor writes console
 * output into. So what was taken from the hypervisor and not yet written to
 * the log survives when this process is killed between the two.
 */
#define SPOOL_DATA	RINGLET_CONSOLE_OUT

int spool_open(struct rl *rl);	/* recovers what a killed daemon left */
char *spool_begin(const char *name, const struct conlog *log);
void spool_end(void);

/* --- Domains (domain.c) and their records (record.c) ---------------------- */

enum domain_state {
	CREATING,		/* a child builds it; no domain if that fails */
	STARTING,		/* built, about to run */
	RUNNING,
	RESTARTING,		/* a child builds it again */
	ENDED,			/* and preserved */
	ENDING,			/* to be destroyed; what serves it ends first */
};

struct client;
struct device;
struct manager;
struct json_object;

struct domain {
	struct domain *next;
	struct rl_config config;
	enum domain_state state;
	bool adopted;		/* not made by create: no record, no restart */
	bool paused;		/* do not let it run when it is built */
	bool cancelled;		/* whoever wanted it is gone */
	uint32_t domid;		/* not in CREATING and RESTARTING */
	struct rl_bus bus;	/* as domid; all 0 if it is not known */
	uint64_t memory;	/* pages that it shall have; as domid */
	pid_t builder;		/* 0: none */
	int result;		/* pipe from the builder */
	bool dumping;		/* the builder writes a core instead */
	struct client *creator;	/* waits for the reply, or NULL */
	struct client *destroyer; /* the same in ENDING */
	char *why;		/* what to tell the creator in ENDING */
	uint64_t end_by;	/* ms, until then what serves it may end; 0: it goes on */
	bool young;		/* RESTARTING: it has not lived for long */
	struct device *devices;
	struct manager *manager;
	bool devices_due;	/* they must be there before it may run */
	char *devices_error;	/* why they will not be */
	struct conlog log;
};

extern struct domain *domains;

void domains_start(struct rl *rl);	/* go on where the last daemon was */
void domains_check(struct rl *rl);	/* some domain changed state */
void domains_drain(struct rl *rl);	/* some domain wrote output */
void domains_reap(struct rl *rl);	/* a child has ended */
void domains_stop(struct rl *rl);	/* the daemon ends */
extern bool domains_more_output;	/* domains_drain() is due again */
extern bool domains_stopping;		/* the daemon ends: nothing is waited for */

/*
 * Begin to build a domain for a client; takes 'config'. The reply comes by
 * client_created() or client_refuse(). Returns false with a sentence in
 * 'error'.
 */
bool domain_create(struct rl_config *config, bool paused,
		   struct client *creator, char *error, size_t size);
void domain_cancel(struct client *creator);
struct domain *domain_find(const char *who);

/* Nobody wants it any more: it is given up as soon as that can be. */
void domain_withdraw(struct domain *d);

/* All that a new domain needs is there: let it run, as the record says. */
void domain_start(struct rl *rl, struct domain *d);

/* Begin to build it, after a delay in ms. Returns 0 or -errno. */
int domain_build(struct domain *d, long delay);

/* Destroy whatever there is of it in the hypervisor. */
void domain_destroy_any(struct rl *rl, const struct domain *d);

/* Forget it, and end at once what serves it. */
void domain_remove(struct domain *d);

/* Move output to its log. Returns true if there may be more. */
bool domain_drain(struct rl *rl, struct domain *d);

/* In a child: end with the parent; descriptor 3 is *out, there are no others. */
void become_child(pid_t parent, int *out);

/* --- Ends of domains (ending.c) -------------------------------------------- */

/* It does not become a domain: tell who wanted it and forget it. */
void domain_give_up(struct rl *rl, struct domain *d, const char *sentence);

/* It has shut down or crashed. */
void ending_shutdown(struct rl *rl, struct domain *d,
		     const struct ringlet_domain_info *info);
/* Begin its next life; @wait: not at once. */
void ending_restart(struct rl *rl, struct domain *d, bool wait);
void ending_destroy(struct rl *rl, struct domain *d);
/* Go on with an end, if what serves the domain has ended. May free it. */
void ending_advance(struct rl *rl, struct domain *d);
void endings_advance(struct rl *rl);
/* A client wants it to be destroyed, and waits. */
void request_destroy(struct client *c, const char *who, struct rl *rl);

/*
 * Write a core of a domain that has ended, in a child that is its builder meanwhile.
 * Returns 0 or -errno. When the child has ended its result goes to the logs, and
 * domain_dumped() goes on where the domain's end was.
 */
int coredump_start(struct domain *d);
void coredump_ended(struct rl *rl, struct domain *d);
void domain_dumped(struct rl *rl, struct domain *d);

/*
 * The domain that 'd' is, among those that the hypervisor has. Returns 0,
 * -ESRCH, or another error, after which nobody knows.
 */
int domain_find_info(struct rl *rl, const struct domain *d,
		     struct ringlet_domain_info *info);

/* A line for ringletd's log and the domain's console. */
void domain_note(struct domain *d, const char *line);

/* Records: NAME.json in the directory 'domains'. Replaced atomically. */
int records_prepare(void);
int record_write(const struct domain *d);
void record_remove(const struct domain *d);

/* What a record says, beside the configuration. */
struct record {
	enum domain_state state;
	uint32_t domid;
	bool paused;
	struct rl_bus bus;
	uint64_t memory;
	struct json_object *devices;	/* for devices_resume(), or NULL */
};

/* Call 'found' for each record; it takes the configuration. */
void records_read(void (*found)(void *context, struct rl_config *config,
				const struct record *record),
		  void *context);

/* --- Devices (devices.c and others, see devices.h) ------------------------- */

/* Device managers run as this user and group, plus the domain's identifier. */
extern uid_t manager_uids;

int devices_prepare(void);	/* the daemon starts: 0 or -errno */
void devices_advance(struct rl *rl);	/* do what is due */
int devices_timeout(void);	/* ms until something is due, -1: nothing is */

/*
 * A domain was built: get its devices. Returns false if it has none; otherwise
 * domain_start() or domain_give_up() follows.
 */
bool devices_begin(struct domain *d);
void devices_end_life(struct domain *d);	/* it will start again */
void devices_end(struct domain *d);		/* it is gone */
void devices_forget(struct domain *d);		/* the daemon ends */
void devices_cancel(const struct client *client);	/* it is gone */

struct json_object *devices_to_json(const struct domain *d);
void devices_resume(struct domain *d, struct json_object *array);

/* --- Clients (client.c) --------------------------------------------------- */

int clients_listen(void);
void client_refuse(struct client *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The domain is there: reply, and become its console if that was asked for. */
void client_created(struct client *c, struct domain *d);

/* What it waited for was done: a reply with the domain's identifier. */
void client_done(struct client *c, const struct domain *d);
void client_reply(struct client *c, struct json_object *json);

/* A request about devices (request.c) or memory (memory.c); the client waits for the reply. */
void request_devices(struct client *c, const char *op,
		     struct json_object *json, struct rl *rl);
void request_memory(struct client *c, struct domain *d, const char *op,
		    struct json_object *json, struct rl *rl);
void clients_output(struct domain *d);	/* the log has grown */
void clients_domain_gone(struct domain *d);
bool clients_push_input(struct rl *rl);	/* true: some input waits for room */
void clients_free_dead(void);
void clients_stop(void);

/* --- main.c --------------------------------------------------------------- */

/*
 * Shall the kernel spare this process when memory runs out? It counts the domain's
 * memory as one of what serves it, which would make these the first to be killed.
 */
void spare_memory_killer(bool spare);

/* One line with the time in the daemon's own log. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* RINGLETD_H */
