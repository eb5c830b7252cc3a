/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tools as processes of a test, on the hypervisor of fake.h: each test begins
 * in an empty directory with a kernel, a RAM disk and a configuration, web.cfg.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include "fake.h"

#define PATIENCE	10000	/* ms */

int ringlet_main(int argc, char **argv);
int ringletd_main(int argc, char **argv);

extern pid_t daemon_pid;
extern char output[1 << 16];	/* of the last command, stderr included */

void sleep_ms(long ms);

#define WAIT_FOR(condition) do {					\
	long waited_ = 0;						\
	while (!(condition)) {						\
		ck_assert_msg(waited_++ < PATIENCE, "in vain: " #condition); \
		sleep_ms(1);						\
	}								\
} while (0)

/* Files of the test's directory. */
const char *path(const char *name);
void write_file(const char *name, const void *data, size_t len);
const char *read_file(const char *name);
bool exists(const char *name);

/* Start "ringlet ..." with its output in a file; returns the process. */
pid_t start_command(char **argv, int in);
int finish_command(pid_t pid);
int ringlet(const char *first, ...);

#define RINGLET(...) ringlet(__VA_ARGS__, NULL)
#define OK(...) \
	ck_assert_msg(!RINGLET(__VA_ARGS__), "failed: %s", output)
#define SAYS(part) \
	ck_assert_msg(strstr(output, part), "'%s' is not in '%s'", part, output)

/* The command must fail with a sentence that contains 'part'. */
#define FAILS(part, ...) do {						\
	ck_assert_msg(RINGLET(__VA_ARGS__) == 1, "no failure: %s", output); \
	SAYS("ringlet: ");						\
	SAYS(part);							\
} while (0)

int connect_daemon(void);	/* a connection, or -1 */
void start_daemon(void);
void start_daemon_quietly(void);	/* nothing connects to it, which is an event */
int stop_daemon(int sig);

/* Fixtures. */
void setup(void);
void teardown(void);
void setup_daemon(void);

#endif /* HARNESS_H */
