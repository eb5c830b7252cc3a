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
 *   {"op": "attach", "domain": ..., "disk": specification} (or "vif")
 *       give a running domain a device, as in its configuration. The reply
 *       comes when its manager has it.
 *   {"op": "detach", "domain": ..., "disk": name or number, "force": bool}
 *       (or "vif": number or MAC address) take it away; the guest must let go of
 *       it, unless that is forced.
 *   {"op": "mem-set", "domain": ..., "pages": N}
 *       have the guest use that much memory from now on. The reply comes when its
 *       balloon was told; the guest does it in its own time.
 *   {"op": "mem-max", "domain": ..., "pages": N}
 *       limit what mem-set may give it.
 *   {"op": "destroy", "domain": ...}
 *       end a domain at once. What serves it ends before; the reply comes when the
 *       hypervisor has been told.
 *   {"op": "devices", "domain": ...}
 *       the reply has "devices": an array of objects with "kind" ("disk",
 *       "vif", "balloon" or "channel"), "devid", "dev" (the number on its bus), "state" ("preparing",
 *       "offered", "connected", "detaching"), and what the kind has: "vdev",
 *       "target", "format", "access"; "mac", "bridge", "vifname"; "memory_mib", which
 *       the domain shall have; "name", "connection" ("pty" or "socket"), "path".
 */
#ifndef RL_DAEMON_H
#define RL_DAEMON_H

#include "ringlet.h"

#define RL_REQUEST_MAX	65536	/* bytes of a request or reply line */

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

/* As rl_daemon_request(); *reply is the whole of it, to be freed. */
int rl_daemon_ask(struct rl *rl, struct json_object *request,
		  struct json_object **reply);

/* The path of the socket in rl_run_dir(). */
void rl_daemon_path(char *path, size_t size);

#endif /* RL_DAEMON_H */
