// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cores of domains that crashed, for on_crash = "coredump-...": DIRECTORY/NAME.core.
 *
 * There is one for each name, the last, so that a domain that crashes again and
 * again does not fill the disk. Until it is written the domain stays as it is: a
 * daemon that is started meanwhile finds it ended, and begins again.
 */
#include "ringletd.h"
#include "device.h"
#include "dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* With those above it; for root alone. */
static int make_directory(struct rl *rl)
{
	char path[256], *end = path;

	snprintf(path, sizeof(path), "%s", rl_dump_dir());
	while (end) {
		end = strchr(end + 1, '/');
		if (end)
			*end = 0;
		if (mkdir(path, end ? 0755 : 0700) && errno != EEXIST)
			return rl_fail(rl, errno, "cannot make the directory %s: %s",
				       path, strerror(errno));
		if (end)
			*end = '/';
	}
	return 0;
}

/* The child: a sentence goes into the pipe. */
static void dump_and_exit(const struct domain *d, int out)
{
	struct rl_dump result = { .replace = true };
	struct ringlet_domain_info info;
	char path[512], text[RL_ERROR_LEN + 64];
	struct rl rl;
	int rc;

	snprintf(path, sizeof(path), "%s/%s.core", rl_dump_dir(),
		 d->config.name);
	rc = rl_open(&rl);
	if (!rc)
		rc = rl_next_domain(&rl, d->domid, &info);
	if (!rc)
		rc = make_directory(&rl);
	if (!rc)
		rc = rl_dump_core(&rl, &info, path, &result);
	if (rc)
		rc = snprintf(text, sizeof(text), "there is no core of it: %s",
			      rl.error);
	else
		rc = snprintf(text, sizeof(text), "its core is %s", path);
	if ((size_t)rc >= sizeof(text))
		rc = sizeof(text) - 1;
	_exit(write(out, text, (size_t)rc) == rc ? 0 : 1);
}

int coredump_start(struct domain *d)
{
	pid_t parent = getpid();
	int pipefd[2], out, err;

	if (pipe2(pipefd, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	out = pipefd[1];
	d->builder = fork();
	err = errno;
	if (!d->builder) {
		become_child(parent, &out);
		dump_and_exit(d, out);
	}
	close(pipefd[1]);
	if (d->builder < 0) {
		close(pipefd[0]);
		d->builder = 0;
		return -err;
	}
	d->result = pipefd[0];
	d->dumping = true;
	return 0;
}

void coredump_ended(struct rl *rl, struct domain *d)
{
	char text[RL_ERROR_LEN + 64] = "";
	ssize_t n = read(d->result, text, sizeof(text) - 1);

	close(d->result);
	d->result = -1;
	d->builder = 0;
	d->dumping = false;
	domain_note(d, n > 0 ? text : "there is no core of it: the process that wrote it was killed");
	domain_dumped(rl, d);
}
