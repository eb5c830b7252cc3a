// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a process that serves devices can see: itself, libraries, and at most one
 * directory. See devices.h.
 *
 * It is the first process of a PID namespace: it can neither name a process of
 * another domain, nor leave one behind, since the kernel ends all that it started
 * when it ends itself. Its files are a root of its own in memory. The files that it
 * serves are descriptors, which it has already.
 */
#include "devices.h"
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SPACES	(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC)
#define SAFE	(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

/*
 * What is shown, where it exists: libraries, the time zone; on /dev/null QEMU tries
 * whether files can be locked.
 */
static const struct {
	const char *path;
	uint64_t attributes;
} shown[] = {
	{ "/lib", SAFE | MOUNT_ATTR_RDONLY },
	{ "/lib64", SAFE | MOUNT_ATTR_RDONLY },
	{ "/usr/lib", SAFE | MOUNT_ATTR_RDONLY },
	{ "/usr/lib64", SAFE | MOUNT_ATTR_RDONLY },
	{ "/etc/localtime", SAFE | MOUNT_ATTR_RDONLY },
	{ "/dev/null", MOUNT_ATTR_NOSUID },
};

#define NR_SHOWN	(sizeof(shown) / sizeof(shown[0]))

static pid_t fork_apart(void)
{
	return (pid_t)syscall(SYS_clone, SPACES | SIGCHLD, NULL, NULL, NULL, NULL);
}

/* Nothing that is mounted afterwards is seen outside. Not so in a mere chroot(2). */
static int part_mounts(void)
{
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ? -errno : 0;
}

/* Tried once, as a child that has been started has nobody to ask. */
static bool possible(void)
{
	static int tried = 1;
	int status = 0;
	pid_t pid;

	if (tried != 1)
		return !tried;
	pid = fork_apart();
	if (!pid)
		_exit(-part_mounts());
	if (pid < 0)
		tried = -errno;
	else if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
		tried = -WEXITSTATUS(status);
	else
		tried = -EIO;
	if (tried)
		note("what serves devices cannot have namespaces of its own: %s",
		     strerror(-tried));
	return !tried;
}

pid_t sandbox_fork(bool *own)
{
	*own = possible();
	return *own ? fork_apart() : fork();
}

/* A copy of the mounts below a path, or -1. */
static int open_tree_at(const char *path)
{
	return (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE |
			    OPEN_TREE_CLOEXEC | AT_RECURSIVE);
}

static int set_attributes(int fd, uint64_t attributes)
{
	struct mount_attr attr = { .attr_set = attributes };

	return (int)syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH |
			    AT_RECURSIVE, &attr, sizeof(attr));
}

/* Make what a mount needs to lie on, with the directories above it. */
static int make_place(char *path, bool directory)
{
	char *p;
	int fd;

	for (p = path; (p = strchr(p + 1, '/')); *p = '/') {
		*p = 0;
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
	}
	if (directory)
		return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Put copied mounts below the current directory, which will be the root. */
static int place(int tree, const char *path, uint64_t attributes)
{
	char at[PATH_LEN];
	struct stat st;
	int rc;

	snprintf(at, sizeof(at), ".%s", path);
	if (fstat(tree, &st))
		return -errno;
	rc = make_place(at, S_ISDIR(st.st_mode));
	if (rc)
		return rc;
	if (set_attributes(tree, attributes) ||
	    syscall(SYS_move_mount, tree, "", AT_FDCWD, at,
		    MOVE_MOUNT_F_EMPTY_PATH))
		return -errno;
	close(tree);
	return 0;
}

static int fill_root(const struct spawn *s, const int trees[], int share)
{
	size_t i;
	int rc;

	for (i = 0; i < NR_SHOWN; i++) {
		if (trees[i] < 0)
			continue;
		rc = place(trees[i], shown[i].path, shown[i].attributes);
		if (rc)
			return rc;
	}
	rc = make_place((char []){ "./proc" }, true);
	if (!rc && mount("proc", "./proc", "proc", MS_NOSUID | MS_NODEV |
			 MS_NOEXEC, NULL))
		rc = -errno;
	if (!rc && s->share)
		rc = place(share, SHARE_PATH, SAFE | (s->readonly ?
			   MOUNT_ATTR_RDONLY : 0));
	return rc;
}

int sandbox_enter(const struct spawn *s)
{
	struct mount_attr readonly = { .attr_set = SAFE | MOUNT_ATTR_RDONLY };
	int trees[NR_SHOWN], share = -1, rc;
	char root[PATH_LEN];
	size_t i;

	rc = part_mounts();
	if (rc)
		return rc;
	if (s->share) {
		share = open_tree_at(s->share);
		if (share < 0)
			return -errno;
	}
	for (i = 0; i < NR_SHOWN; i++)
		trees[i] = open_tree_at(shown[i].path);
	snprintf(root, sizeof(root), "%s/devices", rl_run_dir());
	if (mount("ringlet", root, "tmpfs", 0, "mode=755,size=64k") ||
	    chdir(root))
		return -errno;
	rc = fill_root(s, trees, share);
	if (rc)
		return rc;
	/* As switch_root(8): pivot_root(2) cannot replace an initramfs. */
	if (mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		return -errno;
	return syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &readonly,
		       sizeof(readonly)) ? -errno : 0;
}
