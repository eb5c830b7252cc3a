// SPDX-License-Identifier: GPL-2.0-only
/*
 * Seeds for cloud-init: see seed.h. The images are written by xorriso or
 * genisoimage, whichever is there.
 */
#include "seed.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ARGUMENTS	24
#define MAX_DISK	26		/* as many names xvda to xvdz */

/* Files that cloud-init looks for, the first of which it does not do without. */
static const char *const files[] = {
	"user-data", "meta-data", "network-config", "vendor-data",
};

#define NR_FILES	(sizeof(files) / sizeof(files[0]))

struct seed {
	const char *image;
	char work[PATH_MAX];		/* the image while it is made */
	char meta[PATH_MAX];		/* the meta-data that was missing */
	char graft[NR_FILES][PATH_MAX];	/* NAME=PATH */
	unsigned int nr;
};

/* A path in 'to', or -ENAMETOOLONG. */
static int join(char to[PATH_MAX], const char *a, const char *b, const char *c)
{
	int n = snprintf(to, PATH_MAX, "%s%s%s", a, b, c);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int fail(int rc, char *why, size_t size, const char *what,
		const char *path)
{
	snprintf(why, size, "%s %s: %s", what, path, strerror(-rc));
	return rc;
}

/* Instances with another name are other machines to cloud-init. */
static int write_meta(const struct seed *s, const char *name)
{
	FILE *f = fopen(s->meta, "wxe");
	int rc;

	if (!f)
		return -errno;
	rc = fprintf(f, "instance-id: %s\nlocal-hostname: %s\n", name,
		     name) < 0;
	rc |= fclose(f);
	return rc ? -EIO : 0;
}

/* Add a file to the image. xorriso wants '=' and '\' in paths quoted. */
static int graft(struct seed *s, const char *name, const char *path)
{
	char *to = s->graft[s->nr];
	size_t n = (size_t)snprintf(to, PATH_MAX, "%s=", name);

	for (; *path; path++) {
		if (n + 3 > PATH_MAX)
			return -ENAMETOOLONG;
		if (*path == '=' || *path == '\\')
			to[n++] = '\\';
		to[n++] = *path;
	}
	to[n] = 0;
	s->nr++;
	return 0;
}

/* Find out what there is. */
static int collect(struct seed *s, const char *source, const char *name,
		   char *why, size_t size)
{
	char path[PATH_MAX];
	unsigned int i;
	int rc;

	for (i = 0; i < NR_FILES; i++) {
		rc = join(path, source, "/", files[i]);
		if (!rc && access(path, R_OK))
			rc = -errno;
		if (rc && (rc != -ENOENT || i == 0))
			return fail(rc, why, size, "cloud_init: cannot read",
				    path);
		if (rc && strcmp(files[i], "meta-data"))
			continue;
		if (rc) {
			rc = write_meta(s, name);
			if (rc)
				return fail(rc, why, size,
					    "cloud_init: cannot write", s->meta);
			strcpy(path, s->meta);
		}
		rc = graft(s, files[i], path);
		if (rc)
			return fail(rc, why, size, "cloud_init:", path);
	}
	return 0;
}

/*
 * Returns the program's exit status, 127 if it is not there, or -errno. What it
 * says goes to 'log'.
 */
static int run(char *const arguments[], FILE *log)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		dup2(fileno(log), STDOUT_FILENO);
		dup2(fileno(log), STDERR_FILENO);
		execvp(arguments[0], arguments);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

/* xorriso greets, and says much: that is of interest only when it fails. */
static void print_log(FILE *log)
{
	char line[256];

	rewind(log);
	while (fgets(line, sizeof(line), log))
		fputs(line, stderr);
}

static int write_image(struct seed *s, char *why, size_t size)
{
	static const char *const programs[][3] = {
		{ "xorriso", "-as", "mkisofs" }, { "genisoimage" },
	};
	static const char *const options[] = {
		"-quiet", "-V", "cidata", "-J", "-r", "-graft-points", "-o",
	};
	char *arguments[MAX_ARGUMENTS];
	unsigned int n, i, k;
	FILE *log = tmpfile();
	int rc = 127;

	if (!log)
		return fail(-errno, why, size, "cloud_init: cannot write in",
			    P_tmpdir);
	for (k = 0; k < 2 && rc == 127; k++) {
		n = 0;
		for (i = 0; i < 3 && programs[k][i]; i++)
			arguments[n++] = (char *)programs[k][i];
		for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
			arguments[n++] = (char *)options[i];
		arguments[n++] = s->work;
		for (i = 0; i < s->nr; i++)
			arguments[n++] = s->graft[i];
		arguments[n] = NULL;
		rc = run(arguments, log);
	}
	if (rc)
		print_log(log);
	fclose(log);
	if (rc == 127)
		snprintf(why, size, "cloud_init: xorriso and genisoimage are missing: apt-get install xorriso");
	else if (rc)
		snprintf(why, size, "cloud_init: %s could not write %s",
			 arguments[0], s->work);
	else if (rename(s->work, s->image))
		return fail(-errno, why, size, "cloud_init: cannot write",
			    s->image);
	return rc ? -EIO : 0;
}

/* The directory of a file, and those above it. */
static int make_directories(const char *file)
{
	char path[PATH_MAX];
	char *slash;

	if (join(path, file, "", ""))
		return -ENAMETOOLONG;
	for (slash = strchr(path + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

int rl_seed_make(const char *source, const char *name, const char *image,
		 char *why, size_t size)
{
	struct seed s = { .image = image };
	mode_t mask;
	int rc;

	rc = make_directories(image);
	if (rc || join(s.work, image, ".new", "") ||
	    join(s.meta, image, ".meta-data", ""))
		return fail(rc ? rc : -ENAMETOOLONG, why, size,
			    "cloud_init: cannot write", image);
	unlink(s.work);
	unlink(s.meta);
	/* Passwords stand in them. */
	mask = umask(077);
	rc = collect(&s, source, name, why, size);
	if (!rc)
		rc = write_image(&s, why, size);
	umask(mask);
	unlink(s.work);
	unlink(s.meta);
	return rc;
}

/* Add an image as the disk behind the last one. */
static int add_disk(struct rl_config *config, const char *image, char *why,
		    size_t size)
{
	char vdev[] = "xvda", text[PATH_MAX + 64];
	unsigned int i, letter = 0;

	for (i = 0; i < config->nr_disks; i++)
		for (; letter < MAX_DISK; letter++) {
			vdev[3] = (char)('a' + letter);
			if (rl_disk_devid(vdev) > config->disks[i].devid)
				break;
		}
	if (letter == MAX_DISK) {
		snprintf(why, size, "cloud_init: there is no name for one more disk");
		return -ENOSPC;
	}
	vdev[3] = (char)('a' + letter);
	snprintf(text, sizeof(text), "format=raw,vdev=%s,access=ro,target=%s",
		 vdev, image);
	return rl_config_add_disk(config, text, why, size) ? 0 : -EINVAL;
}

int rl_seed_attach(struct rl_config *config, const char *directory, char *why,
		   size_t size)
{
	const char *source = config->cloud_init;
	char image[PATH_MAX];
	struct stat st;
	int rc;

	if (!source)
		return 0;
	if (stat(source, &st))
		return fail(-errno, why, size, "cloud_init:", source);
	rc = S_ISDIR(st.st_mode) ?
	     snprintf(image, sizeof(image), "%s/%s.iso", directory,
		      config->name) :
	     snprintf(image, sizeof(image), "%s", source);
	if (rc < 0 || (size_t)rc >= sizeof(image))
		return fail(-ENAMETOOLONG, why, size, "cloud_init:", source);
	rc = S_ISDIR(st.st_mode) ?
	     rl_seed_make(source, config->name, image, why, size) : 0;
	if (!rc)
		rc = add_disk(config, image, why, size);
	if (!rc) {
		free(config->cloud_init);
		config->cloud_init = NULL;
	}
	return rc;
}
