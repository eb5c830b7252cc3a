/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Talking to ringletd.
 *
 * A request is a JSON object in one line on a Unix socket (ringletd.sock in
 * rl_run_dir(), mode 0600), the reply another one: {"domid": N} or
 * {"error": sentence}. Requests:
 *
 *   {"op": "create", "config": {...}, "paused": bool, "console": bool}
 *       build, record and start a domain; 'config' is rl_config_to_json()'s.
 *       When the client goes away before the reply, no domain is left. With
 *       "console" the connection goes on as below.
 *   {"op": "console", "domain": identifier or name as a string}
 *       behind the reply the connection is the console: output of this
 *       domain's life so far, then live; input the other way. The end of the
 *       stream is the end of the domain.
 */
#ifndef RL_DAEMON_H
#define RL_DAEMON_H

#include "ringlet.h"

#define RL_REQUEST_MAX	16384	/* bytes of a request or reply line */

struct json_object;

/*
 * Connect to ringletd, send a request and wait for the reply.
 *
 * @fd: receives the connection behind the reply, or NULL: it is closed
 *
 * Returns the reply's domid. Errors: ECONNREFUSED (the daemon is down), EPROTO,
 * EREMOTEIO with the daemon's sentence, and those of socket calls.
 */
int rl_daemon_request(struct rl *rl, struct json_object *request, int *fd);

/* The path of the socket in rl_run_dir(). */
void rl_daemon_path(char *path, size_t size);

#endif /* RL_DAEMON_H */
