// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory, ports and processes for tests of ringlet-dm: see dm_fake.h.
 */
#include "dm_fake.h"
#include "../ringlet-dm/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int dm_main(int argc, char **argv);

struct ringlet_vbus *fake_bus;
struct fake_port fake_ports[FAKE_PORTS];
unsigned int fake_pauses, fake_paused, backend_lost_events;
unsigned int fake_absent_pages;
int fake_give_error;
bool fake_absent[FAKE_PAGES];
pid_t manager;
char fake_dir[64];

static int memory_fd[2] = { -1, -1 }, bus_fd = -1, state_fd = -1;
static uint8_t *memory[2];
static int hv = -1, control = -1;	/* this process's ends */
static int next_id;

/* --- The manager's side of guest.h ------------------------------------------ */

enum {
	CALL_MEMORY, CALL_NEW, CALL_BIND, CALL_CONNECT, CALL_CLOSE, CALL_PAUSE,
	CALL_TAKE, CALL_GIVE,
};

struct call {
	int op;
	int flags;		/* CONNECT: which descriptors there are */
	uint64_t a, b;
};

struct result {
	int rc;
	uint32_t value;
};

static int guest_fd = -1;

static void pack_fds(struct msghdr *msg, char *space, const int *fds,
		     unsigned int nfds)
{
	struct cmsghdr *c;

	if (!nfds)
		return;
	msg->msg_control = space;
	msg->msg_controllen = CMSG_SPACE(nfds * sizeof(int));
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
	memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
}

static unsigned int unpack_fds(struct msghdr *msg, int fds[8])
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	unsigned int n;

	if (!c)
		return 0;
	n = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(fds, CMSG_DATA(c), n * sizeof(int));
	return n;
}

static bool send_with(int to, const void *data, size_t len, const int *fds,
		      unsigned int nfds)
{
	_Alignas(struct cmsghdr) char space[CMSG_SPACE(8 * sizeof(int))] = { 0 };
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	pack_fds(&msg, space, fds, nfds);
	return sendmsg(to, &msg, MSG_NOSIGNAL) == (ssize_t)len;
}

static ssize_t receive_with(int from, void *data, size_t len, int fds[8],
			    unsigned int *nfds)
{
	_Alignas(struct cmsghdr) char space[CMSG_SPACE(8 * sizeof(int))];
	struct iovec iov = { data, len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space),
	};
	ssize_t n = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);

	*nfds = n > 0 ? unpack_fds(&msg, fds) : 0;
	return n;
}

static int call(int op, int flags, uint64_t a, uint64_t b, const int *fds,
		unsigned int nfds, uint32_t *value)
{
	struct call c = { op, flags, a, b };
	struct result r = { 0 };
	int got[8] = { -1 };

	if (!send_with(guest_fd, &c, sizeof(c), fds, nfds) ||
	    receive_with(guest_fd, &r, sizeof(r), got, &nfds) != sizeof(r))
		_exit(9);
	if (value)
		*value = r.value;
	return nfds ? got[0] : r.rc;
}

void guest_use(int fd, uint32_t domid)
{
	(void)domid;
	guest_fd = fd;
}

int guest_memory(uint64_t gfn, uint64_t count)
{
	return call(CALL_MEMORY, 0, gfn, count, NULL, 0, NULL);
}

int guest_port_new(uint32_t *remote)
{
	return call(CALL_NEW, 0, 0, 0, NULL, 0, remote);
}

int guest_port_bind(uint32_t remote)
{
	return call(CALL_BIND, 0, remote, 0, NULL, 0, NULL);
}

int guest_port_connect(int port, int irqfd, int ioeventfd)
{
	const int fds[2] = { irqfd, ioeventfd };

	return call(CALL_CONNECT, 0, (uint64_t)port, 0, fds, 2, NULL);
}

void guest_port_close(int port)
{
	call(CALL_CLOSE, 0, (uint64_t)port, 0, NULL, 0, NULL);
}

int guest_pause(bool pause)
{
	return call(CALL_PAUSE, 0, pause, 0, NULL, 0, NULL);
}

int guest_memory_take(uint64_t gfn, uint32_t count)
{
	return call(CALL_TAKE, 0, gfn, count, NULL, 0, NULL);
}

int guest_memory_give(uint64_t gfn, uint32_t count)
{
	return call(CALL_GIVE, 0, gfn, count, NULL, 0, NULL);
}

/* --- The hypervisor's side ---------------------------------------------------- */

static void unbind(struct fake_port *p)
{
	if (p->irqfd >= 0)
		close(p->irqfd);
	if (p->ioeventfd >= 0)
		close(p->ioeventfd);
	p->irqfd = p->ioeventfd = -1;
	p->bound = false;
}

/* Ports of the manager's side have the guest's numbers and 1000. */
static struct fake_port *port_of(uint64_t local)
{
	local -= 1000;
	return local < FAKE_PORTS && fake_ports[local].bound ?
	       &fake_ports[local] : NULL;
}

static int hv_new(uint32_t *value)
{
	uint32_t i;

	for (i = FAKE_BUS_PORT + 1; i < FAKE_PORTS; i++) {
		if (fake_ports[i].used)
			continue;
		fake_ports[i] = (struct fake_port){ true, true, -1, -1 };
		*value = i;
		return (int)i + 1000;
	}
	return -ENOSPC;
}

static int hv_bind(uint64_t port)
{
	if (port >= FAKE_PORTS || !fake_ports[port].used)
		return -ENOENT;
	if (fake_ports[port].bound)
		return -EBUSY;
	fake_ports[port].bound = true;
	return (int)port + 1000;
}

/* Pages from gfn on that are there, or are not, change. What goes is lost. */
static int hv_change(uint64_t gfn, uint64_t count, bool absent)
{
	int n;

	for (n = 0; (uint64_t)n < count && gfn + (uint64_t)n < FAKE_PAGES &&
		    fake_absent[gfn + (uint64_t)n] != absent; n++) {
		fake_absent[gfn + (uint64_t)n] = absent;
		fake_absent_pages += absent ? 1 : -1U;
		memset(fake_memory((gfn + (uint64_t)n) << 12), absent ? 0xee : 0,
		       4096);
	}
	return n ? n : absent ? -ENOENT : -EEXIST;
}

static int hv_call(const struct call *c, const int *fds, unsigned int nfds,
		   struct result *r, int *fd)
{
	struct fake_port *p = port_of(c->a);

	switch (c->op) {
	case CALL_MEMORY:
		*fd = c->a == FAKE_BUS ? bus_fd :
		      memory_fd[c->a << 12 >= FAKE_GIB];
		return 0;
	case CALL_NEW:
		return hv_new(&r->value);
	case CALL_BIND:
		return hv_bind(c->a);
	case CALL_CONNECT:
		if (!p || nfds != 2)
			return -EINVAL;
		p->irqfd = dup(fds[0]);
		p->ioeventfd = dup(fds[1]);
		return 0;
	case CALL_CLOSE:
		if (p)
			unbind(p);
		return 0;
	case CALL_TAKE:
		return hv_change(c->a, c->b, true);
	case CALL_GIVE:
		return fake_give_error ? fake_give_error :
					 hv_change(c->a, c->b, false);
	default:
		fake_pauses += c->a != 0;
		fake_paused += c->a ? 1 : -1U;
		return 0;
	}
}

static void hv_gone(void)
{
	unsigned int i;

	for (i = 0; i < FAKE_PORTS; i++)
		unbind(&fake_ports[i]);
	close(hv);
	hv = -1;
}

void fake_pump(int ms)
{
	struct pollfd p = { hv, POLLIN, 0 };
	struct result r = { 0, 0 };
	struct call c = { 0 };
	unsigned int nfds;
	int fds[8], fd = -1;

	if (poll(&p, 1, ms) <= 0)
		return;
	if (receive_with(hv, &c, sizeof(c), fds, &nfds) != sizeof(c)) {
		hv_gone();
		return;
	}
	r.rc = hv_call(&c, fds, nfds, &r, &fd);
	while (nfds)
		close(fds[--nfds]);
	send_with(hv, &r, sizeof(r), &fd, fd >= 0);
}

uint64_t fake_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- Begin and end ------------------------------------------------------------ */

void fake_path(char *buf, size_t size, const char *name)
{
	snprintf(buf, size, "%s/%s", fake_dir, name);
}

static int sized_file(const char *name, uint64_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)size))
		abort();
	return fd;
}

static void *mapped(int fd, uint64_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_NORESERVE, fd, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

void fake_begin(void)
{
	unsigned int i;

	/* No file may wait for a disk: the manager's patience has ends. */
	snprintf(fake_dir, sizeof(fake_dir), "/dev/shm/ringlet-dm-XXXXXX");
	if (!mkdtemp(fake_dir))
		abort();
	memory_fd[0] = sized_file("low", FAKE_GIB);
	memory_fd[1] = sized_file("high", (FAKE_PAGES << 12) - FAKE_GIB);
	bus_fd = sized_file("bus", 4096);
	state_fd = sized_file("state", 0);
	memory[0] = mapped(memory_fd[0], FAKE_GIB);
	memory[1] = mapped(memory_fd[1], (FAKE_PAGES << 12) - FAKE_GIB);
	fake_bus = mapped(bus_fd, 4096);
	for (i = 0; i < FAKE_PORTS; i++)
		fake_ports[i] = (struct fake_port){ false, false, -1, -1 };
	fake_ports[FAKE_BUS_PORT].used = true;
	fake_bus->driver_up = 1;
	memset(fake_absent, 0, sizeof(fake_absent));
	fake_absent_pages = 0;
	fake_give_error = 0;
}

void fake_cut(uint64_t pages)
{
	if (ftruncate(memory_fd[1], (off_t)((FAKE_PAGES - pages) << 12) -
				    (off_t)FAKE_GIB))
		abort();
}

void fake_end(void)
{
	char command[128];

	if (manager)
		manager_kill();
	snprintf(command, sizeof(command), "rm -rf %s", fake_dir);
	if (system(command))
		abort();
}

uint8_t *fake_memory(uint64_t gpa)
{
	return gpa < FAKE_GIB ? memory[0] + gpa : memory[1] + (gpa - FAKE_GIB);
}

const char *fake_log(void)
{
	static char text[65536];
	char path[128];
	size_t n = 0;
	FILE *f;

	fake_path(path, sizeof(path), "log");
	f = fopen(path, "r");
	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = 0;
	return text;
}

/* --- The manager's process ------------------------------------------------------ */

static void child(int guest_end, int control_end)
{
	char *argv[] = { (char *)"ringlet-dm", (char *)"--domain=3",
			 (char *)"--name=test", NULL };
	int fds[3] = { guest_end, control_end, state_fd };
	char path[128];
	int i, log;

	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	fake_path(path, sizeof(path), "log");
	log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(log, 2);
	for (i = 0; i < 3; i++)
		fds[i] = fcntl(fds[i], F_DUPFD, 200);
	for (i = 0; i < 3; i++)
		dup2(fds[i], 3 + i);
	close_range(6, ~0U, 0);
	exit(dm_main(3, argv));
}

void manager_run(void)
{
	int guest_pair[2], control_pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, guest_pair) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control_pair))
		abort();
	fflush(NULL);
	manager = fork();
	if (!manager)
		child(guest_pair[1], control_pair[1]);
	close(guest_pair[1]);
	close(control_pair[1]);
	hv = guest_pair[0];
	control = control_pair[0];
}

static int reap(void)
{
	int status = -1;
	uint64_t end = fake_ms() + 10000;

	while (waitpid(manager, &status, WNOHANG) != manager) {
		if (fake_ms() > end)
			kill(manager, SIGKILL);
		fake_pump(1);
	}
	manager = 0;
	if (control >= 0)
		close(control);
	control = -1;
	if (hv >= 0)
		hv_gone();
	return status;
}

int manager_end(void)
{
	close(control);
	control = -1;
	return reap();
}

int manager_kill(void)
{
	kill(manager, SIGKILL);
	return reap();
}

int manager_send(const char *json, const int *fds, unsigned int nfds)
{
	char text[512];
	int id = ++next_id;
	unsigned int i;

	snprintf(text, sizeof(text), "{\"id\":%d,%s}", id, json);
	send_with(control, text, strlen(text), fds, nfds);
	for (i = 0; i < nfds; i++)
		close(fds[i]);
	return id;
}

struct json_object *manager_packet(int ms)
{
	uint64_t end = fake_ms() + (uint64_t)ms;
	struct json_object *event;
	struct json_object *json;
	static char text[16384];
	ssize_t n;

	do {
		n = recv(control, text, sizeof(text) - 1, MSG_DONTWAIT);
		if (n <= 0) {
			fake_pump(1);
			continue;
		}
		text[n] = 0;
		json = json_tokener_parse(text);
		if (!json_object_object_get_ex(json, "event", &event))
			return json;
		backend_lost_events++;
		json_object_put(json);
	} while (fake_ms() < end);
	return NULL;
}

const char *manager_ask(const char *text, const int *fds, unsigned int nfds)
{
	int id = manager_send(text, fds, nfds);
	static char sentence[512];
	struct json_object *json, *value;

	do {
		json = manager_packet(15000);
		if (!json)
			return "no answer";
		json_object_object_get_ex(json, "id", &value);
		if (json_object_get_int(value) == id)
			break;
		json_object_put(json);
	} while (1);
	sentence[0] = 0;
	if (json_object_object_get_ex(json, "error", &value))
		snprintf(sentence, sizeof(sentence), "%s",
			 json_object_get_string(value));
	json_object_put(json);
	return sentence;
}

const char *manager_start(void)
{
	char text[128];

	snprintf(text, sizeof(text), "\"op\":\"start\",\"pages\":%llu,\"bus\":%llu,\"port\":%d",
		 (unsigned long long)FAKE_PAGES, FAKE_BUS, FAKE_BUS_PORT);
	return manager_ask(text, NULL, 0);
}

/* --- qemu-storage-daemon --------------------------------------------------------- */

/* 'file' and 'node' are the two block nodes of a disk. */
static pid_t run_storage(const char *name, const char *file, const char *node,
			 const char *writethrough)
{
	char export[320], sock[160];
	pid_t pid;

	snprintf(sock, sizeof(sock), "%s/%s.sock", fake_dir, name);
	snprintf(export, sizeof(export), "type=vhost-user-blk,id=e,node-name=d,addr.type=unix,addr.path=%s,writable=on,writethrough=%s",
		 sock, writethrough);
	unlink(sock);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		signal(SIGTERM, SIG_DFL);
		close_range(3, ~0U, 0);
		execlp("qemu-storage-daemon", "qemu-storage-daemon",
		       "--blockdev", file, "--blockdev", node, "--export",
		       export, NULL);
		_exit(127);
	}
	return pid;
}

pid_t storage_run(const char *name, const char *format)
{
	char file[160], node[64];

	snprintf(file, sizeof(file), "driver=file,filename=%s/%s.img,node-name=f",
		 fake_dir, name);
	snprintf(node, sizeof(node), "driver=%s,file=f,node-name=d", format);
	return run_storage(name, file, node,
			   strcmp(format, "raw") ? "on" : "off");
}

pid_t storage_run_slow(const char *name, unsigned int ms)
{
	char file[160];

	snprintf(file, sizeof(file), "driver=null-co,size=67108864,read-zeroes=on,latency-ns=%u000000,node-name=f",
		 ms);
	return run_storage(name, file, "driver=raw,file=f,node-name=d", "off");
}

void storage_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* It may come from a disk that is busy; one that refuses is ending. */
int storage_connect(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	uint64_t begin = fake_ms(), patience;
	int fd;

	fake_path(address.sun_path, sizeof(address.sun_path), name);
	strcat(address.sun_path, ".sock");
	do {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
			return fd;
		patience = errno == ENOENT ? 20000 : 2000;
		close(fd);
		fake_pump(5);
	} while (fake_ms() - begin < patience);
	return -1;
}
