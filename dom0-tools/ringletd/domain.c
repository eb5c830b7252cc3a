// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of domains: how they are built, what happens when they end, and how a
 * new daemon finds them again.
 *
 * The record is always written before the step that it announces, so that
 * whatever a killed daemon was doing can be finished (start, restart) or undone
 * (create) by the next one.
 */
#include "ringletd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS	1000000L
#define SHORT_LIFE	(2000 * NS_PER_MS)	/* then a restart waits */
#define RESTART_DELAY	1000			/* ms */
#define NAME_TRIES	100	/* for the name of the former life to be free */
#define NAME_DELAY	100			/* ms */

struct domain *domains;
bool domains_more_output;

static void sleep_ms(long ms)
{
	const struct timespec t = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * NS_PER_MS,
	};

	nanosleep(&t, NULL);
}

struct domain *domain_find(const char *who)
{
	char domid[12];
	struct domain *d;

	for (d = domains; d; d = d->next) {
		snprintf(domid, sizeof(domid), "%u", d->domid);
		if (!strcmp(d->config.name, who) ||
		    (d->state != CREATING && d->state != RESTARTING &&
		     !strcmp(domid, who)))
			break;
	}
	return d;
}

static struct domain *add_domain(struct rl_config *config,
				 enum domain_state state)
{
	struct domain *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->config = *config;
	memset(config, 0, sizeof(*config));
	d->state = state;
	d->result = -1;
	d->log.fd = -1;
	d->next = domains;
	domains = d;
	return d;
}

static void remove_domain(struct domain *d)
{
	struct domain **p = &domains;

	while (*p != d)
		p = &(*p)->next;
	*p = d->next;
	devices_end(d);
	record_remove(d);
	clients_domain_gone(d);
	conlog_close(&d->log);
	rl_config_free(&d->config);
	free(d);
}

static bool same(const struct domain *d, const struct ringlet_domain_info *info)
{
	return !(info->flags & RINGLET_DOMF_DYING) &&
	       !strcmp(d->config.name, info->name) &&
	       !memcmp(d->config.uuid, info->uuid, sizeof(info->uuid));
}

/*
 * The domain that 'd' is, among those that the hypervisor has. Returns 0,
 * -ESRCH, or another error, after which nobody knows.
 */
static int find_info(struct rl *rl, const struct domain *d,
		     struct ringlet_domain_info *info)
{
	uint32_t from;
	int rc;

	for (from = 0; !(rc = rl_next_domain(rl, from, info));
	     from = info->domid + 1)
		if (same(d, info))
			return 0;
	if (rc != -ESRCH)
		note("%s", rl->error);
	return rc;
}

/* Destroy whatever there is of a domain in the hypervisor. */
static void destroy_any(struct rl *rl, const struct domain *d)
{
	struct ringlet_domain_info info;

	if (!find_info(rl, d, &info) && rl_domain_destroy(rl, info.domid))
		note("%s", rl->error);
}

/* --- Building ------------------------------------------------------------- */

/*
 * The child: build, and write the identifier with the place of the bus, or a
 * sentence, into the pipe.
 */
static void build_and_exit(const struct rl_config *config, bool again,
			   long delay, int out)
{
	char text[RL_ERROR_LEN];
	unsigned int tries = 0;
	struct rl_bus bus = { 0 };
	struct rl rl;
	int rc;

	sleep_ms(delay);
	rc = rl_open(&rl);
	while (!rc) {
		rc = rl_build(&rl, config, again, &bus);
		if (!again || rc != -EEXIST || ++tries == NAME_TRIES)
			break;
		sleep_ms(NAME_DELAY);
		rc = 0;
	}
	if (rc >= 0)
		rc = snprintf(text, sizeof(text), "%d %llu %llu %u", rc,
			      (unsigned long long)bus.pages,
			      (unsigned long long)bus.gfn, bus.port);
	else
		rc = snprintf(text, sizeof(text), "!%s", rl.error);
	if ((size_t)rc >= sizeof(text))
		rc = sizeof(text) - 1;
	_exit(write(out, text, (size_t)rc) == rc ? 0 : 1);
}

void become_child(pid_t parent, int *out)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	*out = dup2(*out, 3);
	close_range(4, ~0U, 0);
}

static int start_builder(struct domain *d, long delay)
{
	pid_t parent = getpid();
	int pipefd[2];
	int out, rc;

	if (pipe2(pipefd, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	out = pipefd[1];
	d->builder = fork();
	if (!d->builder) {
		become_child(parent, &out);
		build_and_exit(&d->config, d->state == RESTARTING, delay, out);
	}
	rc = d->builder < 0 ? -errno : 0;
	close(pipefd[1]);
	if (rc) {
		close(pipefd[0]);
		d->builder = 0;
		return rc;
	}
	d->result = pipefd[0];
	return 0;
}

bool domain_create(struct rl_config *config, bool paused,
		   struct client *creator, char *error, size_t size)
{
	struct domain *d;
	int rc;

	for (d = domains; d; d = d->next) {
		if (strcmp(d->config.name, config->name))
			continue;
		snprintf(error, size, "the name '%s' is in use by another domain: give this one another name",
			 config->name);
		rl_config_free(config);
		return false;
	}
	d = add_domain(config, CREATING);
	if (!d) {
		snprintf(error, size, "ringletd is out of memory");
		rl_config_free(config);
		return false;
	}
	d->paused = paused;
	rc = record_write(d);
	if (!rc)
		rc = start_builder(d, 0);
	if (rc) {
		snprintf(error, size, "ringletd cannot begin to build the domain: %s",
			 strerror(-rc));
		remove_domain(d);
		return false;
	}
	d->creator = creator;
	return true;
}

void domain_cancel(struct client *creator)
{
	struct domain *d;

	for (d = domains; d; d = d->next) {
		if (d->creator != creator)
			continue;
		d->creator = NULL;
		d->cancelled = true;
		if (d->builder)
			kill(d->builder, SIGKILL);
		else if (d->devices_due && !d->devices_error)
			d->devices_error = strdup("the request was withdrawn");
	}
}

/* It did not become a domain: tell who wanted it and forget it. */
void domain_give_up(struct rl *rl, struct domain *d, const char *sentence)
{
	static const char *const what[] = {
		[CREATING] = "create", [STARTING] = "start", [RUNNING] = "run",
		[RESTARTING] = "restart", [ENDED] = "keep",
	};
	struct client *creator = d->creator;
	char why[RL_ERROR_LEN];

	snprintf(why, sizeof(why), "%s", sentence);
	note("cannot %s domain '%s': %s", what[d->state], d->config.name, why);
	destroy_any(rl, d);
	d->creator = NULL;
	remove_domain(d);
	/* Whoever hears of it finds nothing left of it. */
	if (creator)
		client_refuse(creator, "%s", why);
}

/* It is built: let it run, as the record says. */
void domain_start(struct rl *rl, struct domain *d)
{
	bool first = d->state == CREATING;
	struct client *creator = d->creator;

	d->state = STARTING;
	if (record_write(d)) {
		domain_give_up(rl, d, "ringletd cannot write its record");
		return;
	}
	if (d->log.fd < 0 || first) {
		conlog_close(&d->log);
		conlog_open(&d->log, d->config.name, first);
	}
	d->creator = NULL;
	if (!d->paused && rl_domain_unpause(rl, d->domid)) {
		d->creator = creator;
		domain_give_up(rl, d, rl->error);
		return;
	}
	d->paused = false;
	d->state = RUNNING;
	domains_more_output = true;
	record_write(d);
	note("domain '%s' is %u", d->config.name, d->domid);
	if (creator)
		client_created(creator, d);
}

static void read_result(struct domain *d, char *text)
{
	d->domid = (uint32_t)strtoul(text, &text, 10);
	d->bus.pages = strtoull(text, &text, 10);
	d->bus.gfn = strtoull(text, &text, 10);
	d->bus.port = (uint32_t)strtoul(text, &text, 10);
	d->memory = d->config.memory << 8;
}

static void builder_ended(struct rl *rl, struct domain *d, int status)
{
	char text[RL_ERROR_LEN] = "";
	ssize_t n = read(d->result, text, sizeof(text) - 1);

	close(d->result);
	d->result = -1;
	d->builder = 0;
	if (n > 0 && text[0] != '!' && !d->cancelled) {
		read_result(d, text);
		if (!devices_begin(d))
			domain_start(rl, d);
		else if (record_write(d))
			domain_give_up(rl, d, "ringletd cannot write its record");
		return;
	}
	if (d->cancelled)
		snprintf(text, sizeof(text), "!the request was withdrawn");
	else if (n <= 0 && WIFSIGNALED(status))
		snprintf(text, sizeof(text), "!the process that built it was ended by signal %d",
			 WTERMSIG(status));
	else if (n <= 0)
		snprintf(text, sizeof(text), "!the process that built it ended without a result");
	domain_give_up(rl, d, text + 1);
}

void domains_reap(struct rl *rl)
{
	struct domain *d;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (d = domains; d && d->builder != pid; d = d->next)
			;
		if (d && d->dumping)
			coredump_ended(rl, d);
		else if (d)
			builder_ended(rl, d, status);
	}
}

/* --- Consoles ------------------------------------------------------------- */

/* Move output to the log. Returns true if there may be more. */
static bool drain(struct rl *rl, struct domain *d)
{
	size_t n = 0;
	char *data;
	int rc;

	conlog_make_room(&d->log, SPOOL_DATA);
	data = spool_begin(d->config.name, &d->log);
	while (n < SPOOL_DATA) {
		rc = rl_console_read(rl, d->domid, data + n, SPOOL_DATA - n);
		if (rc <= 0 || (size_t)rc > SPOOL_DATA - n)
			break;
		n += (size_t)rc;
	}
	conlog_append(&d->log, data, n);
	spool_end();
	if (n)
		clients_output(d);
	return n == SPOOL_DATA;
}

void domains_drain(struct rl *rl)
{
	struct domain *d;

	domains_more_output = false;
	for (d = domains; d; d = d->next)
		if (d->state != CREATING && d->state != RESTARTING &&
		    drain(rl, d))
			domains_more_output = true;
}

/* --- Ends ----------------------------------------------------------------- */

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

/* Begin the next life. */
static void restart(struct rl *rl, struct domain *d, bool wait)
{
	int rc;

	d->state = RESTARTING;
	d->paused = false;
	devices_end_life(d);
	rc = record_write(d);
	destroy_any(rl, d);
	if (!rc)
		rc = start_builder(d, wait ? RESTART_DELAY : 0);
	if (rc)
		domain_give_up(rl, d, strerror(-rc));
}

/* What follows the end of a domain, with or without a core of it first. */
static void act_on_end(struct rl *rl, struct domain *d,
		       const struct ringlet_domain_info *info, bool dumped)
{
	struct ringlet_sysinfo host;
	bool young;

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
		young = !rl_sysinfo(rl, &host) &&
			host.uptime - info->created < SHORT_LIFE;
		restart(rl, d, young);
		break;
	case RL_COREDUMP_DESTROY:
		if (!dumped && !coredump_start(d))
			break;
		/* fall through */
	case RL_DESTROY:
		destroy_any(rl, d);
		remove_domain(d);
		break;
	}
}

void domain_dumped(struct rl *rl, struct domain *d)
{
	struct ringlet_domain_info info;
	int rc = find_info(rl, d, &info);

	if (!rc)
		act_on_end(rl, d, &info, true);
	else if (rc == -ESRCH)
		remove_domain(d);
}

/* A domain has shut down or crashed: last output, one line, its action. */
static void handle_end(struct rl *rl, struct domain *d,
		       const struct ringlet_domain_info *info)
{
	enum rl_action action = end_action(d, info);
	char line[RINGLET_REASON_LEN + 128];

	while (drain(rl, d))
		;
	snprintf(line, sizeof(line), "domain '%s' (%u) has ended: %s%s%s; action: %s",
		 info->name, info->domid, end_name(info),
		 info->why[0] ? ": " : "", info->why, rl_action_name(action));
	domain_note(d, line);
	act_on_end(rl, d, info, false);
}

/* A domain that was not made by create: keep its console. */
static void adopt(const struct ringlet_domain_info *info)
{
	struct rl_config config = {
		.on_poweroff = RL_DESTROY,
		.on_reboot = RL_DESTROY,
		.on_crash = RL_PRESERVE,
	};
	struct domain *d;
	const char *why;

	if (!rl_name_ok(info->name, &why)) {
		note("domain %u has no console here: its name cannot be that of a file: %s",
		     info->domid, why);
		return;
	}
	memcpy(config.name, info->name, sizeof(config.name));
	memcpy(config.uuid, info->uuid, sizeof(config.uuid));
	d = add_domain(&config, RUNNING);
	if (!d)
		return;
	d->adopted = true;
	d->domid = info->domid;
	domains_more_output = true;
	conlog_open(&d->log, d->config.name, false);
	note("domain '%s' (%u) was not made by 'ringlet create': its console is kept, it will not be restarted",
	     info->name, info->domid);
}

static bool known(const struct ringlet_domain_info *info)
{
	struct domain *d;

	for (d = domains; d; d = d->next)
		if (same(d, info))
			return true;
	return false;
}

static void adopt_unknown(struct rl *rl)
{
	struct ringlet_domain_info info;
	uint32_t from;

	for (from = RINGLET_DOMID_FIRST; !rl_next_domain(rl, from, &info);
	     from = info.domid + 1)
		if (!(info.flags & RINGLET_DOMF_DYING) && !known(&info))
			adopt(&info);
}

void domains_check(struct rl *rl)
{
	struct ringlet_domain_info info;
	struct domain *d, *next;
	int rc;

	for (d = domains; d; d = next) {
		next = d->next;
		if ((d->state != RUNNING && d->state != ENDED) || d->dumping)
			continue;
		rc = find_info(rl, d, &info);
		if (rc == -ESRCH) {
			note("domain '%s' (%u) is gone", d->config.name,
			     d->domid);
			remove_domain(d);
		} else if (!rc && d->state == RUNNING &&
			   info.flags & RINGLET_DOMF_SHUTDOWN) {
			handle_end(rl, d, &info);
		}
	}
	adopt_unknown(rl);
}

/* --- Start and end of the daemon ------------------------------------------ */

/* Finish or undo what the last daemon was doing with a domain. */
static void resume(void *context, struct rl_config *config,
		   const struct record *r)
{
	enum domain_state state = r->state;
	struct domain *d = add_domain(config, state);
	struct ringlet_domain_info info;
	struct rl *rl = context;

	if (!d)
		return;
	d->domid = r->domid;
	d->paused = r->paused;
	d->bus = r->bus;
	d->memory = r->memory;
	devices_resume(d, r->devices);
	if (state == CREATING) {
		note("domain '%s' was being created when the last ringletd ended: it is removed",
		     d->config.name);
		destroy_any(rl, d);
		remove_domain(d);
		return;
	}
	conlog_open(&d->log, d->config.name, false);
	if (state == RESTARTING) {
		restart(rl, d, false);
	} else if (find_info(rl, d, &info) == -ESRCH) {
		note("domain '%s' is gone", d->config.name);
		remove_domain(d);
	} else if (state == STARTING) {
		if (!r->paused && info.flags & RINGLET_DOMF_PAUSED)
			rl_domain_unpause(rl, d->domid);
		d->state = RUNNING;
		record_write(d);
	}
}

void domains_start(struct rl *rl)
{
	records_read(resume, rl);
	domains_drain(rl);
	domains_check(rl);
}

void domains_stop(struct rl *rl)
{
	struct domain *d, *next;

	for (d = domains; d; d = next) {
		next = d->next;
		if (d->builder) {
			kill(d->builder, SIGKILL);
			waitpid(d->builder, NULL, 0);
			close(d->result);
			d->builder = 0;
		}
		if (d->state == CREATING) {
			domain_give_up(rl, d, "ringletd ends");
		} else {
			devices_forget(d);
			conlog_close(&d->log);
		}
	}
}
