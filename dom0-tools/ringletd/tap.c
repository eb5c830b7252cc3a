// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network interfaces: a tap in a bridge, or given to a script.
 *
 * The tap is persistent: it stays, with its place in the bridge, when a manager
 * or this daemon is started again, and goes when the domain does.
 */
#include "devices.h"
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ATTACH_TRIES	50	/* until the manager before has let it go */
#define ATTACH_NS	(100 * 1000 * 1000L)

/* As Xen's: no bridge takes this one for its own address. */
static const unsigned char tap_mac[6] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff };

static bool link_exists(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s", name);
	return !access(path, F_OK);
}

/* Write to a file of /proc or /sys. */
static void set(const char *value, const char *format, const char *name)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), format, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		note("cannot write %s: %s", path, strerror(errno));
	close(fd);
}

static int open_tap(const char *name, char *why, size_t size)
{
	const struct timespec pause = { .tv_nsec = ATTACH_NS };
	struct ifreq r = {
		.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR,
	};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int i, rc = 0;

	if (fd < 0) {
		snprintf(why, size, "cannot open /dev/net/tun (%s): domain 0's kernel needs the module 'tun'",
			 strerror(errno));
		return -1;
	}
	strcpy(r.ifr_name, name);
	for (i = 0; i < ATTACH_TRIES; i++) {
		rc = ioctl(fd, TUNSETIFF, &r);
		if (!rc || errno != EBUSY)
			break;
		nanosleep(&pause, NULL);
	}
	if (rc || ioctl(fd, TUNSETPERSIST, 1UL)) {
		snprintf(why, size, "cannot make network interface %s: %s",
			 name, errno == EINVAL ? "there is another one of this name" :
			 errno == EBUSY ? "another program uses it" :
			 strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

/* The name of the bridge that an interface is in. */
static bool in_bridge(const char *name, const char *bridge)
{
	char path[64], target[128];
	const char *last;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/net/%s/master", name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = 0;
	last = strrchr(target, '/');
	return last && !strcmp(last + 1, bridge);
}

static int add_to_bridge(int s, const char *name, const char *bridge)
{
	struct ifreq r = { .ifr_ifindex = (int)if_nametoindex(name) };

	if (in_bridge(name, bridge))
		return 0;
	strcpy(r.ifr_name, bridge);
	return ioctl(s, SIOCBRADDIF, &r);
}

static int set_mtu(int s, const char *name, const struct rl_vif *vif)
{
	struct ifreq r = { .ifr_mtu = (int)vif->mtu };

	if (!vif->mtu) {
		if (!vif->bridge[0])
			return 0;
		strcpy(r.ifr_name, vif->bridge);
		if (ioctl(s, SIOCGIFMTU, &r))
			return -1;
	}
	strcpy(r.ifr_name, name);
	return ioctl(s, SIOCSIFMTU, &r);
}

static int set_up(int s, const char *name)
{
	struct ifreq r = { .ifr_flags = 0 };

	strcpy(r.ifr_name, name);
	if (ioctl(s, SIOCGIFFLAGS, &r))
		return -1;
	r.ifr_flags |= IFF_UP;
	return ioctl(s, SIOCSIFFLAGS, &r);
}

/* Run a program and wait for it. Returns its exit status, or -1. */
static int run(char *const *argv)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		signal(SIGPIPE, SIG_DFL);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Run tc with 'line', words between single blanks. */
static int tc(char *line)
{
	char program[PATH_LEN];
	char *argv[32] = { program };
	unsigned int n = 1;

	if (!rl_program("tc", program, sizeof(program)))
		return -1;
	while (n < 31 && (argv[n] = strsep(&line, " ")))
		n++;
	return run(argv);
}

/*
 * Limit what the domain sends, which is what arrives from the tap. The credit is
 * that of Xen: the rate for one interval.
 */
static int limit_rate(const char *name, const struct rl_vif *vif, char *why,
		      size_t size)
{
	uint64_t burst = vif->rate * vif->interval / 1000000;
	char queue[64], filter[256];

	if (burst < 65536)
		burst = 65536;	/* a packet of segmentation offload */
	/* One that a tap of an earlier life may have is replaced. */
	snprintf(queue, sizeof(queue), "qdisc replace dev %s handle ffff: ingress",
		 name);
	snprintf(filter, sizeof(filter),
		 "filter replace dev %s parent ffff: handle 1 protocol all prio 1 matchall action police rate %llubps burst %llu mtu 65536 conform-exceed drop",
		 name, (unsigned long long)vif->rate,
		 (unsigned long long)burst);
	if (!tc(queue) && !tc(filter))
		return 0;
	snprintf(why, size, "cannot limit the rate of %s: 'tc' (Debian's package iproute2) is missing or failed",
		 name);
	return -1;
}

/*
 * A script gets what it may need in its environment, as Xen's hotplug scripts
 * do; "online" or "offline" is its argument.
 */
static int run_script(const struct device *dev, const struct rl_vif *vif,
		      const char *name, const char *action)
{
	char *argv[] = { vif->script, (char *)action, NULL };
	char mac[RL_MAC_LEN], text[16];

	rl_mac_format(vif->mac, mac);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("vif", name, 1);
	setenv("mac", mac, 1);
	setenv("bridge", vif->bridge, 1);
	setenv("ip", vif->ip ? vif->ip : "", 1);
	setenv("domain", dev->domain->config.name, 1);
	snprintf(text, sizeof(text), "%u", dev->domain->domid);
	setenv("domid", text, 1);
	snprintf(text, sizeof(text), "%u", vif->devid);
	setenv("devid", text, 1);
	return run(argv);
}

static int configure(const struct device *dev, const struct rl_vif *vif,
		     bool fresh, char *why, size_t size)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;
	struct ifreq r = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };

	strcpy(r.ifr_name, dev->tap);
	memcpy(r.ifr_hwaddr.sa_data, tap_mac, 6);
	if (fresh) {
		ioctl(s, SIOCSIFHWADDR, &r);
		set("1", "/proc/sys/net/ipv6/conf/%s/disable_ipv6", dev->tap);
	}
	if (set_mtu(s, dev->tap, vif))
		rc = errno;
	if (!rc && vif->bridge[0] && !vif->script &&
	    add_to_bridge(s, dev->tap, vif->bridge))
		rc = errno;
	if (!rc && set_up(s, dev->tap))
		rc = errno;
	close(s);
	if (rc) {
		snprintf(why, size, "cannot connect %s with bridge '%s': %s",
			 dev->tap, vif->bridge, strerror(rc));
		return -1;
	}
	if (vif->rate && limit_rate(dev->tap, vif, why, size))
		return -1;
	if (fresh && vif->script && run_script(dev, vif, dev->tap, "online")) {
		snprintf(why, size, "the script %s failed for %s", vif->script,
			 dev->tap);
		return -1;
	}
	return 0;
}

int tap_prepare(const struct device *dev, int fds[MAX_FDS], char *why,
		size_t size)
{
	const struct rl_vif *vif = device_vif(dev);
	bool fresh = !link_exists(dev->tap);

	if (!strcmp(vif->bridge, RL_DEFAULT_BRIDGE) && nat_prepare(why, size))
		return -1;
	if (rl_vif_check(vif, why, size))
		return -1;
	fds[1] = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	if (fds[1] < 0) {
		snprintf(why, size, "cannot open /dev/vhost-net (%s): domain 0's kernel needs the module 'vhost_net'",
			 strerror(errno));
		return -1;
	}
	fds[0] = open_tap(dev->tap, why, size);
	return fds[0] < 0 || configure(dev, vif, fresh, why, size) ? -1 : 0;
}

static bool is_tap(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s/tun_flags", name);
	return !access(path, F_OK);
}

/* Delete a link by rtnetlink(7). It may be in use. */
static void delete_link(const char *name)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
	} m = {
		.header = {
			.nlmsg_len = sizeof(m),
			.nlmsg_type = RTM_DELLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
		.info.ifi_index = (int)if_nametoindex(name),
	};
	char answer[512];
	int s;

	if (!m.info.ifi_index)
		return;
	s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (s < 0 || send(s, &m, sizeof(m), 0) != sizeof(m) ||
	    recv(s, answer, sizeof(answer), 0) < 0)
		note("cannot remove network interface %s: %s", name,
		     strerror(errno));
	if (s >= 0)
		close(s);
}

void tap_remove(const struct device *dev)
{
	const struct rl_vif *vif = device_vif(dev);
	sigset_t none;

	if (!dev->tap[0] || fork())
		return;
	spare_memory_killer(false);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close_range(3, ~0U, 0);
	if (vif && vif->script)
		run_script(dev, vif, dev->tap, "offline");
	/* What has the name may be what kept the tap from being made. */
	if (is_tap(dev->tap))
		delete_link(dev->tap);
	_exit(0);
}
