// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ends of domains, by themselves or because somebody wants it.
 *
 * What serves a domain ends before the domain is destroyed, as it would otherwise
 * find its memory gone in the middle of what it does. This takes a moment, in which
 * the domain is in state ENDING, or RESTARTING when another life follows.
 */
#include "devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS	12000	/* until it is destroyed in any case */
#define NS_PER_MS	1000000L
#define SHORT_LIFE	(2000 * NS_PER_MS)	/* then a restart waits */
#define RESTART_DELAY	1000			/* ms */

/* Who hears of it finds nothing left of it. */
static void forget(struct domain *d)
{
	const struct domain ended = { .domid = d->domid };
	struct client *creator = d->creator, *destroyer = d->destroyer;
	char why[RL_ERROR_LEN];

	snprintf(why, sizeof(why), "%s", d->why ? d->why :
		 "the domain was destroyed");
	d->creator = d->destroyer = NULL;
	domain_remove(d);
	if (creator)
		client_refuse(creator, "%s", why);
	if (destroyer)
		client_done(destroyer, &ended);
}

static void finish(struct rl *rl, struct domain *d)
{
	int rc;

	d->end_by = 0;
	domain_destroy_any(rl, d);
	if (d->state != RESTARTING) {
		forget(d);
		return;
	}
	rc = domain_build(d, d->young ? RESTART_DELAY : 0);
	if (rc)
		domain_give_up(rl, d, strerror(-rc));
}

void ending_advance(struct rl *rl, struct domain *d)
{
	if (d->end_by && (!services_ending(d->domid) || d->end_by <= now_ms() ||
			  domains_stopping))
		finish(rl, d);
}

void endings_advance(struct rl *rl)
{
	struct domain *d, *next;

	for (d = domains; d; d = next) {
		next = d->next;
		ending_advance(rl, d);
	}
}

/* Its record, if any, says already what this is. May free the domain. */
static void end(struct rl *rl, struct domain *d)
{
	d->state = ENDING;
	d->end_by = now_ms() + PATIENCE_MS;
	devices_end(d);
	ending_advance(rl, d);
}

void domain_give_up(struct rl *rl, struct domain *d, const char *sentence)
{
	static const char *const what[] = {
		[CREATING] = "create", [STARTING] = "start", [RUNNING] = "run",
		[RESTARTING] = "restart", [ENDED] = "keep", [ENDING] = "end",
	};

	free(d->why);
	d->why = strdup(sentence);
	note("cannot %s domain '%s': %s", what[d->state], d->config.name,
	     sentence);
	end(rl, d);
}

void ending_destroy(struct rl *rl, struct domain *d)
{
	d->state = ENDING;
	record_write(d);
	end(rl, d);
}

void ending_restart(struct rl *rl, struct domain *d, bool wait)
{
	int rc;

	d->state = RESTARTING;
	d->paused = false;
	d->young = wait;
	d->end_by = now_ms() + PATIENCE_MS;
	devices_end_life(d);
	rc = record_write(d);
	if (rc)
		domain_give_up(rl, d, strerror(-rc));
	else
		ending_advance(rl, d);
}

static const char *end_name(const struct ringlet_domain_info *info)
{
	switch (info->reason) {
	case RINGLET_SHUTDOWN_POWEROFF:
		return "power off";
	case RINGLET_SHUTDOWN_REBOOT:
		return "reboot";
	case RINGLET_SHUTDOWN_CRASH:
		return "crash of its kernel";
	}
	return "killed by Ringlet";
}

static enum rl_action end_action(const struct domain *d,
				 const struct ringlet_domain_info *info)
{
	if (info->reason == RINGLET_SHUTDOWN_POWEROFF)
		return d->config.on_poweroff;
	if (info->reason == RINGLET_SHUTDOWN_REBOOT)
		return d->config.on_reboot;
	return d->config.on_crash;
}

/* What follows the end of a domain, with or without a core of it first. */
static void act(struct rl *rl, struct domain *d,
		const struct ringlet_domain_info *info, bool dumped)
{
	struct ringlet_sysinfo host;

	switch (end_action(d, info)) {
	case RL_PRESERVE:
		d->state = ENDED;
		record_write(d);
		break;
	case RL_COREDUMP_RESTART:
		if (!dumped && !coredump_start(d))
			break;
		/* fall through */
	case RL_RESTART:
		ending_restart(rl, d, !rl_sysinfo(rl, &host) &&
			       host.uptime - info->created < SHORT_LIFE);
		break;
	case RL_COREDUMP_DESTROY:
		if (!dumped && !coredump_start(d))
			break;
		/* fall through */
	case RL_DESTROY:
		ending_destroy(rl, d);
		break;
	}
}

void domain_dumped(struct rl *rl, struct domain *d)
{
	struct ringlet_domain_info info;
	int rc;

	/* Somebody wanted it to be destroyed meanwhile. */
	if (d->cancelled) {
		ending_destroy(rl, d);
		return;
	}
	rc = domain_find_info(rl, d, &info);
	if (!rc)
		act(rl, d, &info, true);
	else if (rc == -ESRCH)
		domain_remove(d);
}

/* Last output, one line, its action. */
void ending_shutdown(struct rl *rl, struct domain *d,
		     const struct ringlet_domain_info *info)
{
	enum rl_action action = end_action(d, info);
	char line[RINGLET_REASON_LEN + 128];

	while (domain_drain(rl, d))
		;
	snprintf(line, sizeof(line), "domain '%s' (%u) has ended: %s%s%s; action: %s",
		 info->name, info->domid, end_name(info),
		 info->why[0] ? ": " : "", info->why, rl_action_name(action));
	domain_note(d, line);
	act(rl, d, info, false);
}

void request_destroy(struct client *c, const char *who, struct rl *rl)
{
	struct domain *d = who ? domain_find(who) : NULL;

	if (!d) {
		client_refuse(c, "there is no domain '%.80s' ('ringlet list' shows those that exist)",
			      who ? who : "");
		return;
	}
	if (d->destroyer) {
		client_refuse(c, "domain '%s' is being destroyed already",
			      d->config.name);
		return;
	}
	d->destroyer = c;
	if (d->builder || d->devices_due) {
		domain_withdraw(d);
	} else if (d->state == RESTARTING) {
		end(rl, d);
	} else if (d->state != ENDING) {
		/* It makes no more requests to its devices. */
		if (rl_domain_pause(rl, d->domid))
			note("%s", rl->error);
		note("domain '%s' (%u) is destroyed", d->config.name, d->domid);
		ending_destroy(rl, d);
	}
}
