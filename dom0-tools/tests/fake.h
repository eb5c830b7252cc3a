/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hypervisor for tests of the tools: what libringlet's device.h offers, on
 * memory that all processes of a test share. The test plays the guests.
 */
#ifndef FAKE_H
#define FAKE_H

#include <pthread.h>
#include <stdbool.h>
#include <ringlet/abi.h>
#include <ringlet/domctl.h>
#include <ringlet/event.h>
#include <ringlet/x86.h>

#define FAKE_DOMAINS	8
#define FAKE_MEMORY	(64UL << 20)	/* most memory of a domain, bytes */

struct fake_domain {
	bool used;
	bool listens;			/* acts on requests at once */
	bool started;			/* has a start state */
	unsigned int pauses;
	struct ringlet_domain_info info;
	struct ringlet_vcpu_context context;	/* of vCPU 0; it has no others */
	struct ringlet_affinity affinity[4];	/* of the first vCPUs */
	unsigned int ports;		/* that were made in it */
	unsigned long bus_gfn;		/* of its virtio bus; 0: none */
	unsigned int request;
	char out[RINGLET_CONSOLE_OUT];
	size_t out_len;
	char in[RINGLET_CONSOLE_IN];
	size_t in_len;
};

struct fake {
	pthread_mutex_t lock;		/* survives a process that is killed */
	int open_error;			/* of the device, or 0 */
	unsigned int abi_version;
	unsigned long free_pages;
	unsigned int populate_delay;	/* ms for each call */
	unsigned int busy_names;	/* so many creations fail */
	bool kill_reader;		/* behind its next console_read */
	unsigned int next_domid;
	unsigned long raised[RINGLET_NR_VIRQS];
	char log[8192];
	size_t log_len;
	char dir[64];			/* run and log directory */
	struct fake_domain domain[FAKE_DOMAINS];
	unsigned char *memory;		/* FAKE_MEMORY for each domain */
};

extern struct fake *fake;

/* Begin with domain 0 alone, and an empty directory. */
void fake_start(void);
void fake_stop(void);

/* The living domain of this name, or NULL. */
struct fake_domain *fake_find(const char *name);
unsigned char *fake_memory_of(const struct fake_domain *d);

/* What a guest does. */
void fake_print(struct fake_domain *d, const char *text);
void fake_end(struct fake_domain *d, unsigned int reason, const char *why);

/* A domain that nobody created by the tools. */
struct fake_domain *fake_add(const char *name);

#endif /* FAKE_H */
