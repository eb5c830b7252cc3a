// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices as people use them: disks with a real qemu-storage-daemon, and a device
 * manager of the test, which takes all it is told and writes it down. Whatever is
 * killed must come again, and nothing may be left when a domain is gone.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <json-c/json.h>

/* --- The device manager of the test ------------------------------------------ */

/* What it says of its devices: all that were attached, with a driver. */
static void list(struct json_object *reply, uint64_t present)
{
	struct json_object *array = json_object_new_array(), *dev;
	int i;

	for (i = 0; i < 64; i++) {
		if (!(present >> i & 1))
			continue;
		dev = json_object_new_object();
		json_object_object_add(dev, "dev", json_object_new_int(i));
		json_object_object_add(dev, "status", json_object_new_int(15));
		json_object_array_add(array, dev);
	}
	json_object_object_add(reply, "devices", array);
}

static struct json_object *act(struct json_object *json, unsigned int fds)
{
	struct json_object *reply = json_object_new_object(), *op, *dev, *id;
	static uint64_t present;
	const char *name;
	int number = 0;

	json_object_object_get_ex(json, "id", &id);
	json_object_object_add(reply, "id", json_object_get(id));
	json_object_object_get_ex(json, "op", &op);
	name = json_object_get_string(op);
	if (json_object_object_get_ex(json, "dev", &dev))
		number = json_object_get_int(dev);
	fprintf(stderr, "%s %d with %u", name, number, fds);
	if (json_object_object_get_ex(json, "pages", &dev))
		fprintf(stderr, ", pages %d", json_object_get_int(dev));
	fputc('\n', stderr);
	if (!strcmp(name, "attach"))
		present |= 1ULL << number;
	else if (!strcmp(name, "detach") && access("refuse-detach", F_OK))
		present &= ~(1ULL << number);
	else if (!strcmp(name, "detach"))
		json_object_object_add(reply, "error", json_object_new_string(
				       "the domain does\nnot let go of it"));
	else if (!strcmp(name, "list") && !access("talk-nonsense", F_OK))
		json_object_object_add(reply, "devices",
				       json_object_new_int(5));
	else if (!strcmp(name, "list"))
		list(reply, present);
	return reply;
}

/* It runs without rights: what it may send ringletd is anything. */
static void talk_nonsense(void)
{
	static const char *const packets[] = {
		"{\"event\": null, \"dev\": 0}", "{\"event\": {}, \"dev\": 0}",
		"{\"event\": \"backend-lost\", \"dev\": null}",
		"{\"event\": \"backend-lost\", \"dev\": -1}",
		"{\"id\": null, \"error\": null}", "{\"id\": []}", "[]", "null", "{",
	};
	size_t i;

	for (i = 0; i < sizeof(packets) / sizeof(packets[0]); i++)
		send(4, packets[i], strlen(packets[i]), 0);
}

/*
 * It keeps what it has and says nothing more. In a namespace of its own it starts
 * another process, which is to end with it.
 */
static void hang_up(void)
{
	close(4);
	if (!getppid())
		fork();
	for (;;)
		pause();
}

/* Whom it runs as, and what it can reach, if the host lets ringletd choose. */
static bool confined(const char *domain)
{
	struct rlimit limit;
	unsigned int domid;

	if (getppid())
		return true;
	return sscanf(domain, "--domain=%u", &domid) == 1 &&
	       getuid() == 1900000000 + domid && getgid() == getuid() &&
	       !getrlimit(RLIMIT_FSIZE, &limit) &&
	       limit.rlim_cur == 16 << 20 && getpid() == 1 &&
	       access("/etc/passwd", F_OK) && access("/proc/2", F_OK) &&
	       !getenv("HOME");
}

/* The domain must be there until this process has gone. */
static int end(void)
{
	if (!access("end-slowly", F_OK))
		sleep_ms(500);
	while (!access("end-late", F_OK))
		sleep_ms(10);
	fputs("has ended\n", stderr);
	return 0;
}

static int manage(const char *domain)
{
	char text[65536], control[CMSG_SPACE(8)];
	struct iovec iov = { text, sizeof(text) - 1 };
	struct json_object *json, *reply;
	struct cmsghdr *c;
	ssize_t n;

	if (fchdir(3) || fcntl(5, F_GETFD) < 0 ||
	    !access("refuse-start", F_OK) || !confined(domain))
		return 1;
	/* The number in its file is not its to change. */
	if (fcntl(6, F_GETFD) < 0 || write(6, "1\n", 2) >= 0)
		return 1;
	for (;;) {
		struct msghdr m = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};

		n = recvmsg(4, &m, 0);
		if (n <= 0)
			return end();
		text[n] = 0;
		json = json_tokener_parse(text);
		c = CMSG_FIRSTHDR(&m);
		reply = act(json, c ? (c->cmsg_len - CMSG_LEN(0)) / 4 : 0);
		strcpy(text, json_object_to_json_string(reply));
		if (!access("talk-nonsense", F_OK))
			talk_nonsense();
		if (!access("hang-up", F_OK))
			hang_up();
		if (send(4, text, strlen(text), 0) < 0)
			return 1;
		json_object_put(json);
		json_object_put(reply);
	}
}

/* --- Tests ------------------------------------------------------------------- */

static char disk[400];		/* disk=['/.../disk.img,raw,xvda,rw'] */

static void begin(void)
{
	char self[256] = "";

	setup_daemon();
	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
	ck_assert_int_eq(symlink(self, path("ringlet-dm")), 0);
	write_file("disk.img", "MZ", 2);
	ck_assert_int_eq(truncate(path("disk.img"), 1 << 20), 0);
	snprintf(disk, sizeof(disk), "disk=['%s,raw,xvda,rw']",
		 path("disk.img"));
}

/* The process that holds this file of the directory 'devices', or 0. */
static pid_t server(const char *name)
{
	char text[16] = "", file[64];
	int fd;
	bool held;

	snprintf(file, sizeof(file), "devices/%s", name);
	fd = open(path(file), O_RDONLY);
	if (fd < 0)
		return 0;
	held = flock(fd, LOCK_SH | LOCK_NB) && read(fd, text, 15) > 0;
	close(fd);
	return held ? atoi(text) : 0;
}

static bool told(const char *what, unsigned int times)
{
	const char *p = read_file("devices-web.log");
	unsigned int n = 0;

	for (; (p = strstr(p, what)); p += strlen(what))
		n++;
	return n >= times;
}

static void none_left(void)
{
	WAIT_FOR(!server("web.51712.pid") && !server("web.manager"));
	ck_assert(!exists("devices/web.51712.sock"));
	ck_assert(!exists("devices/web.51712.pid"));
	ck_assert(!exists("devices/web.state"));
}

START_TEST(serves_a_disk)
{
	char again[400];

	OK("create", "-q", "web.cfg", disk);
	ck_assert_uint_eq(fake_find("web")->pauses, 0);
	ck_assert(told("start", 1) && told("attach 0 with 1", 1));
	ck_assert_int_ne(server("web.51712.pid"), 0);
	OK("block-list", "web");
	SAYS("Vdev  BE  handle state evt-ch ring-ref BE-path");
	SAYS("51712 0   0      4     -1     -1");
	SAYS(path("disk.img"));
	OK("block-list", "--json", "web");
	SAYS("\"state\": \"connected\"");
	OK("network-list", "web");
	ck_assert_ptr_null(strstr(output, "51712"));
	/* It is in use. */
	snprintf(again, sizeof(again), "disk=['%s,raw,xvda,rw']",
		 path("disk.img"));
	FAILS("is in use", "create", "-q", "web.cfg", "name=other", again);
	ck_assert_ptr_null(fake_find("other"));
	OK("destroy", "web");
	none_left();
}
END_TEST

START_TEST(attaches_and_detaches)
{
	char spec[300], file[300];

	OK("create", "-q", "web.cfg");
	OK("block-list", "web");
	snprintf(spec, sizeof(spec), "%s,raw,xvda,rw", path("disk.img"));
	OK("block-attach", "web", spec);
	ck_assert(told("attach 0 with 1", 1));
	FAILS("the domain has a disk xvda already", "block-attach", "web", spec);
	FAILS("does not exist", "block-attach", "web", "/none.img,raw,xvdb");
	snprintf(file, sizeof(file), "target=%s", path("disk.img"));
	FAILS("is said to be qcow2, but is not", "block-attach", "web",
	      "format=qcow2", "vdev=xvdb", file);
	FAILS("the disk has no name in the domain", "block-attach", "web", "/x");
	FAILS("there is no domain 'none'", "block-attach", "none", spec);
	FAILS("no network bridge 'nobridge'", "network-attach", "web",
	      "bridge=nobridge");
	OK("block-list", "web");
	SAYS("51712");
	ck_assert_ptr_null(strstr(output, "51728"));
	ck_assert_ptr_nonnull(strstr(read_file("domains/web.json"),
				     "vdev=xvda"));
	FAILS("domain 'web' has no disk 'xvdb'", "block-detach", "web", "xvdb");
	FAILS("domain 'web' has no network interface '0'", "network-detach",
	      "web", "0");
	write_file("refuse-detach", "", 0);
	FAILS("the domain does?not let go of it", "block-detach", "web", "xvda");
	unlink(path("refuse-detach"));
	OK("block-detach", "web", "51712");
	WAIT_FOR(!server("web.51712.pid"));
	OK("block-list", "web");
	ck_assert_ptr_null(strstr(output, "51712"));
	OK("block-attach", "web", "vdev=xvda", file);
	OK("destroy", "web");
	none_left();
}
END_TEST

START_TEST(explains_before_it_creates)
{
	FAILS("disk image /none.img does not exist", "create", "-q", "web.cfg",
	      "disk=['/none.img,raw,xvda']");
	FAILS("there is no network bridge 'nobridge'", "create", "-q",
	      "web.cfg", "vif=['bridge=nobridge']");
	FAILS("does not exist", "create", "-n", "web.cfg",
	      "disk=['/none.img,raw,xvda']");
	ck_assert_ptr_null(fake_find("web"));
	/* What only qemu-storage-daemon sees ends the domain. */
	write_file("bad.img", "QFI\xfb\0\0\0\3", 8);
	ck_assert_int_eq(truncate(path("bad.img"), 1 << 20), 0);
	snprintf(disk, sizeof(disk), "disk=['%s,qcow2,xvda']", path("bad.img"));
	FAILS("qemu-storage-daemon did not start: ", "create", "-q", "web.cfg",
	      disk);
	ck_assert_ptr_null(fake_find("web"));
	ck_assert(!exists("domains/web.json"));
	snprintf(disk, sizeof(disk), "disk=['%s,raw,xvda']", path("disk.img"));
	write_file("refuse-start", "", 0);
	FAILS("the device manager ends again and again", "create", "-q",
	      "web.cfg", disk);
	ck_assert_ptr_null(fake_find("web"));
	unlink(path("ringlet-dm"));
	FAILS("ringlet-dm is missing", "create", "-q", "web.cfg", disk);
	none_left();
}
END_TEST

START_TEST(brings_back_what_dies)
{
	pid_t dm, qsd;

	OK("create", "-q", "web.cfg", disk);
	qsd = server("web.51712.pid");
	dm = server("web.manager");
	kill(qsd, SIGKILL);
	WAIT_FOR(told("backend 0 with 1", 1));
	ck_assert_int_eq(server("web.manager"), dm);
	ck_assert_int_ne(server("web.51712.pid"), qsd);
	qsd = server("web.51712.pid");
	kill(dm, SIGKILL);
	WAIT_FOR(told("attach 0 with 1", 2));
	ck_assert_int_eq(server("web.51712.pid"), qsd);
	kill(server("web.manager"), SIGKILL);
	kill(qsd, SIGKILL);
	WAIT_FOR(told("attach 0 with 1", 3));
	OK("destroy", "web");
	none_left();
}
END_TEST

START_TEST(survives_a_hostile_manager)
{
	pid_t qsd;

	OK("create", "-q", "web.cfg", disk);
	qsd = server("web.51712.pid");
	write_file("talk-nonsense", "", 0);
	OK("block-list", "web");
	SAYS("51712");
	unlink(path("talk-nonsense"));
	WAIT_FOR(told("backend 0 with 1", 1));
	OK("block-list", "--json", "web");
	ck_assert_int_eq(server("web.51712.pid"), qsd);
	OK("destroy", "web");
	none_left();
}
END_TEST

/* A manager that does not end with its connection; what it started ends with it. */
START_TEST(ends_a_manager_that_hangs_up)
{
	OK("create", "-q", "web.cfg", disk);
	write_file("hang-up", "", 0);
	OK("block-list", "web");
	SAYS("51712");
	unlink(path("hang-up"));
	WAIT_FOR(told("attach 0 with 1", 2));
	OK("block-list", "web");
	OK("destroy", "web");
	none_left();
}
END_TEST

/* Before a domain is destroyed what serves it ends; another life follows, or none. */
START_TEST(ends_what_serves_first)
{
	unsigned int first;
	pid_t qsd;

	write_file("end-slowly", "", 0);
	OK("create", "-q", "web.cfg", disk, "on_reboot='restart'");
	qsd = server("web.51712.pid");
	first = fake_find("web")->info.domid;
	fake_end(fake_find("web"), RINGLET_SHUTDOWN_REBOOT, "");
	WAIT_FOR(!fake_find("web") || fake_find("web")->info.domid != first);
	ck_assert(told("has ended", 1));
	WAIT_FOR(told("attach 0 with 1", 2));
	/* It does not end before it runs. */
	WAIT_FOR(fake_find("web") && !fake_find("web")->pauses);
	ck_assert_int_eq(server("web.51712.pid"), qsd);
	fake_end(fake_find("web"), RINGLET_SHUTDOWN_POWEROFF, "");
	WAIT_FOR(!fake_find("web"));
	ck_assert(told("has ended", 2));
	ck_assert_int_eq(server("web.51712.pid"), 0);
	OK("create", "-q", "web.cfg", disk);
	ck_assert_uint_eq(fake_find("web")->pauses, 0);
	OK("destroy", "web");
	ck_assert_ptr_null(fake_find("web"));
	ck_assert(told("has ended", 1));
	ck_assert_int_eq(server("web.51712.pid"), 0);
	none_left();
}
END_TEST

/* A daemon that is killed while it destroys: the next one goes on with that. */
START_TEST(destroys_after_a_daemon_is_killed)
{
	pid_t command;
	char *argv[] = { (char *)"ringlet", (char *)"destroy", (char *)"web",
			 NULL };

	OK("create", "-q", "web.cfg", disk);
	write_file("end-late", "", 0);
	command = start_command(argv, -1);
	WAIT_FOR(strstr(read_file("domains/web.json"), "\"ending\""));
	kill(command, SIGKILL);
	waitpid(command, NULL, 0);
	stop_daemon(SIGKILL);
	start_daemon();
	sleep_ms(100);
	ck_assert_ptr_nonnull(fake_find("web"));
	unlink(path("end-late"));
	WAIT_FOR(!fake_find("web") && !exists("domains/web.json"));
	ck_assert(told("has ended", 1));
	none_left();
}
END_TEST

START_TEST(cuts_logs)
{
	static char noise[40000];

	memset(noise, 'x', sizeof(noise) - 1);
	noise[0] = 'a';
	OK("create", "-q", "web.cfg", disk);
	write_file("devices-web.log", noise, sizeof(noise));
	WAIT_FOR(!read_file("devices-web.log")[0]);
	ck_assert_uint_eq(strlen(read_file("devices-web.log.1")), 32767);
	OK("block-list", "web");
	ck_assert(told("list", 1));
	OK("destroy", "web");
}
END_TEST

START_TEST(goes_on_after_a_daemon_is_killed)
{
	pid_t qsd;

	OK("create", "-q", "web.cfg", disk);
	qsd = server("web.51712.pid");
	stop_daemon(SIGKILL);
	start_daemon_quietly();
	WAIT_FOR(told("attach 0 with 1", 2));
	ck_assert_int_eq(server("web.51712.pid"), qsd);
	ck_assert_int_eq(stop_daemon(SIGTERM), 0);
	ck_assert_int_eq(server("web.51712.pid"), qsd);
	start_daemon();
	WAIT_FOR(told("attach 0 with 1", 3));
	kill(qsd, SIGKILL);
	WAIT_FOR(told("backend 0 with 1", 1));
	stop_daemon(SIGKILL);
	OK("destroy", "web");
	start_daemon();
	WAIT_FOR(!exists("domains/web.json"));
	none_left();
}
END_TEST

/* Directories are shared only where a process can have mounts of its own. */
static bool can_part_mounts(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET |
			      CLONE_NEWIPC) ||
		      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	return waitpid(pid, &status, 0) == pid && !status;
}

/* Files of a directory: a real virtiofsd, which ends with its connection. */
START_TEST(shares_a_directory)
{
	char share[400];
	pid_t server_pid;

	if (geteuid())
		return;
	ck_assert_int_eq(mkdir(path("home"), 0755), 0);
	snprintf(share, sizeof(share), "virtiofs=['tag=home,path=%s']",
		 path("home"));
	if (!can_part_mounts()) {
		FAILS("virtiofsd cannot be started: Operation not permitted",
		      "create", "-q", "web.cfg", share);
		return;
	}
	OK("create", "-q", "web.cfg", share);
	ck_assert(told("attach 0 with 1", 1));
	ck_assert(told("attach 1 with 0", 1));
	ck_assert(!exists("devices/web.fs0.sock"));
	server_pid = server("web.fs0.pid");
	ck_assert_msg(server_pid, "no virtiofsd: %s",
		      read_file("devices-web.log"));
	kill(server_pid, SIGKILL);
	WAIT_FOR(told("backend 0 with 1", 1));
	ck_assert_int_ne(server("web.fs0.pid"), server_pid);
	kill(server("web.manager"), SIGKILL);
	WAIT_FOR(told("attach 0 with 1", 2));
	server_pid = server("web.fs0.pid");
	stop_daemon(SIGKILL);
	start_daemon();
	WAIT_FOR(told("attach 0 with 1", 3));
	ck_assert_int_ne(server("web.fs0.pid"), server_pid);
	OK("destroy", "web");
	WAIT_FOR(!server("web.fs0.pid") && !exists("devices/web.fs0.pid"));
	none_left();
	FAILS("the shared directory /none does not exist", "create", "-q",
	      "web.cfg", "virtiofs=['tag=home,path=/none']");
	snprintf(share, sizeof(share), "virtiofs=['tag=home,path=%s']",
		 path("disk.img"));
	FAILS("cannot be shared: it is not a directory", "create", "-q",
	      "web.cfg", share);
	ck_assert_ptr_null(fake_find("web"));
}
END_TEST

/* A terminal and a socket, which the manager has; files lead to them. */
START_TEST(has_channels)
{
	char channels[400], link[64];

	snprintf(channels, sizeof(channels), "channel=['connection=pty,name=shell','connection=socket,name=agent,path=%s']",
		 path("agent.sock"));
	OK("create", "-q", "web.cfg", channels);
	ck_assert(told("attach 0 with 2", 1) && told("attach 1 with 1", 1));
	ck_assert_int_gt(readlink(path("channels/web.shell"), link,
				  sizeof(link)), 0);
	ck_assert(!strncmp(link, "/dev/pts/", 9));
	ck_assert(exists("agent.sock"));
	OK("channel-list", "web");
	SAYS("Idx BE state evt-ch ring-ref connection params");
	SAYS("pty=/");
	SAYS("agent.sock");
	OK("channel-list", "--json", "web");
	SAYS("\"name\": \"shell\"");
	FAILS("domain 'web' has no console 3", "console", "-n", "3", "web");
	ck_assert_int_eq(RINGLET("console", "-n", "x", "web"), 2);
	FAILS("another program listens there", "create", "-q", "web.cfg",
	      "name=other", channels);
	OK("destroy", "web");
	none_left();
	ck_assert(!exists("agent.sock") && !exists("channels/web.shell"));
	write_file("agent.sock", "", 0);
	FAILS("a file of this name that is no socket", "create", "-q",
	      "web.cfg", channels);
}
END_TEST

START_TEST(reboots)
{
	struct fake_domain *d;
	pid_t qsd;

	OK("create", "-q", "web.cfg", disk);
	qsd = server("web.51712.pid");
	d = fake_find("web");
	d->listens = true;
	OK("reboot", "-w", "web");
	WAIT_FOR((d = fake_find("web")) && d->info.domid == 2 && !d->pauses);
	ck_assert(told("start", 2) && told("attach 0 with 1", 2));
	ck_assert_int_eq(server("web.51712.pid"), qsd);
	d->listens = true;
	OK("shutdown", "-w", "web");
	none_left();
}
END_TEST

START_TEST(changes_memory)
{
	struct fake_domain *d;

	OK("create", "-q", "web.cfg");
	d = fake_find("web");
	FAILS("domain 'web' can have at most 32 MiB: it was made with that much (key 'maxmem')",
	      "mem-set", "web", "33");
	FAILS("a domain needs at least 4 MiB", "mem-set", "web", "4095k");
	FAILS("there is no domain 'none'", "mem-set", "none", "16");
	ck_assert_int_eq(RINGLET("mem-set", "web", "16x"), 2);
	SAYS("'16x' is not a size");
	ck_assert_int_eq(RINGLET("mem-max", "web", "-1"), 2);
	ck_assert_int_eq(RINGLET("mem-max", "web", "99999999999t"), 2);
	/* There is nothing to give back. */
	OK("mem-set", "web", "33554432b");
	ck_assert(!told("attach", 1));

	OK("mem-set", "web", "16");
	WAIT_FOR(told("attach 0 with 0, pages 4096", 1));
	WAIT_FOR(told("balloon 0 with 0, pages 4096", 1));
	OK("mem-set", "web", "20480K");
	ck_assert(told("balloon 0 with 0, pages 3072", 1));
	OK("block-list", "web");
	ck_assert_ptr_null(strstr(output, "balloon"));
	FAILS("domain 'web' has 20 MiB: 'ringlet mem-set' must make that less first",
	      "mem-max", "web", "19m");
	OK("mem-max", "web", "24m");
	ck_assert_uint_eq(d->info.max_pages, 24 * 256 + 1);
	FAILS("domain 'web' can have at most 24 MiB: 'ringlet mem-max' has set that",
	      "mem-set", "web", "28");
	OK("mem-max", "web", "1g");
	d->info.pages = 20 * 256 + 1;
	fake->free_pages = 256;
	FAILS("domain 'web' cannot have 4 MiB more: 1 MiB are free", "mem-set",
	      "web", "24");
	fake->free_pages = 256 << 8;

	stop_daemon(SIGKILL);
	start_daemon();
	WAIT_FOR(told("attach 0 with 0, pages 3072", 1));
	kill(server("web.manager"), SIGKILL);
	WAIT_FOR(told("attach 0 with 0, pages 3072", 2));
	/* All of it in the next life. */
	d->listens = true;
	OK("reboot", "-w", "web");
	WAIT_FOR((d = fake_find("web")) && d->info.domid == 2 && !d->pauses);
	WAIT_FOR(told("attach 0 with 0, pages 0", 1));
	OK("destroy", "web");
	none_left();
}
END_TEST

/* It begins with all of its memory, and shall give back a part. */
START_TEST(starts_with_less)
{
	FAILS("'maxmem' must be at least 'memory': they are 16 and 32 MiB",
	      "create", "-q", "web.cfg", "maxmem=16");
	OK("create", "-q", "web.cfg", "maxmem=48");
	ck_assert_uint_eq(fake_find("web")->info.pages, 48 * 256 + 1);
	ck_assert_uint_eq(fake_find("web")->info.max_pages, 48 * 256 + 1);
	ck_assert(told("attach 0 with 0, pages 4096", 1));
	OK("mem-set", "web", "48");
	WAIT_FOR(told("balloon 0 with 0, pages 0", 1));
	OK("destroy", "web");
	none_left();
}
END_TEST

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	Suite *s;
	TCase *t;
	SRunner *sr;
	int failed;

	if (argc > 1 && name && !strcmp(name, "/ringlet-dm"))
		return manage(argv[1]);
	s = suite_create("tools_devices");
	t = tcase_create("devices");
	tcase_add_checked_fixture(t, begin, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, serves_a_disk);
	tcase_add_test(t, attaches_and_detaches);
	tcase_add_test(t, explains_before_it_creates);
	tcase_add_test(t, brings_back_what_dies);
	tcase_add_test(t, survives_a_hostile_manager);
	tcase_add_test(t, goes_on_after_a_daemon_is_killed);
	tcase_add_test(t, ends_a_manager_that_hangs_up);
	tcase_add_test(t, ends_what_serves_first);
	tcase_add_test(t, destroys_after_a_daemon_is_killed);
	tcase_add_test(t, cuts_logs);
	tcase_add_test(t, shares_a_directory);
	tcase_add_test(t, has_channels);
	tcase_add_test(t, reboots);
	tcase_add_test(t, changes_memory);
	tcase_add_test(t, starts_with_less);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
