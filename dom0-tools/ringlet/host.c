// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host and the hypervisor: info, dmesg, perf.
 */
#include "cli.h"
#include "device.h"

#include <cpuid.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <json-c/json.h>

#define NS_PER_S	1000000000ULL

static void put_text(struct json_object *json, const char *key,
		     const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void put_text(struct json_object *json, const char *key,
		     const char *format, ...)
{
	char text[320];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_object_object_add(json, key, json_object_new_string(text));
}

static void put_number(struct json_object *json, const char *key,
		       uint64_t value)
{
	json_object_object_add(json, key, json_object_new_uint64(value));
}

/* Threads of a core and cores of a socket: CPUID leaf 0xb, SDM vol. 2. */
static void topology(uint32_t pcpus, unsigned int *threads, unsigned int *cores)
{
	unsigned int eax, ebx, ecx, edx;

	*threads = *cores = 0;
	if (__get_cpuid_count(0xb, 0, &eax, &ebx, &ecx, &edx))
		*threads = ebx & 0xffff;
	if (!*threads)
		*threads = 1;
	if (__get_cpuid_count(0xb, 1, &eax, &ebx, &ecx, &edx))
		*cores = (ebx & 0xffff) / *threads;
	if (!*cores)
		*cores = pcpus;
}

/* Keys that scripts for xl(1) look for; what they say is Ringlet's. */
static void describe_as_xl(struct json_object *json,
			   const struct ringlet_sysinfo *i)
{
	unsigned int major = 0, minor = 0;
	int used = 0;

	if (sscanf(i->version, "%u.%u%n", &major, &minor, &used) < 2)
		used = 0;
	put_number(json, "xen_major", major);
	put_number(json, "xen_minor", minor);
	put_text(json, "xen_extra", "%s", i->version + used);
	put_text(json, "xen_version", "%s", i->version);
	put_text(json, "xen_caps", "ringlet-%u-x86_64", i->abi_version);
	put_text(json, "xen_scheduler", "credit2");
	put_number(json, "xen_pagesize", 4096);
	put_text(json, "xen_commandline", "%s", i->cmdline);
}

static struct json_object *describe_host(const struct ringlet_sysinfo *i)
{
	struct json_object *json = json_object_new_object();
	unsigned int threads, cores;
	struct utsname u;

	topology(i->pcpus, &threads, &cores);
	if (!uname(&u)) {
		put_text(json, "host", "%s", u.nodename);
		put_text(json, "release", "%s", u.release);
		put_text(json, "version", "%s", u.version);
		put_text(json, "machine", "%s", u.machine);
	}
	put_number(json, "nr_cpus", i->pcpus);
	put_number(json, "max_cpu_id", i->pcpus - 1);
	put_number(json, "nr_nodes", 1);
	put_number(json, "cores_per_socket", cores);
	put_number(json, "threads_per_core", threads);
	put_text(json, "cpu_model", "%s", i->cpu_model);
	put_text(json, "cpu_mhz", "%u.%03u", i->tsc_khz / 1000,
		 i->tsc_khz % 1000);
	put_number(json, "total_memory", i->total_pages >> 8);
	put_number(json, "free_memory", (i->free_pages + i->scrub_pages) >> 8);
	put_number(json, "free_memory_kib",
		   (i->free_pages + i->scrub_pages) << 2);
	put_number(json, "scrub_memory", i->scrub_pages >> 8);
	put_number(json, "hypervisor_memory_kib", i->hv_pages << 2);
	put_number(json, "domains", i->domains);
	put_number(json, "uptime", i->uptime / NS_PER_S);
	put_text(json, "ringlet_version", "%s", i->version);
	put_number(json, "ringlet_abi", i->abi_version);
	put_text(json, "ringlet_features", "0x%llx",
		 (unsigned long long)i->features);
	put_text(json, "ringlet_commandline", "%s", i->cmdline);
	describe_as_xl(json, i);
	put_text(json, "cc_compiler", "%s", i->compiler);
	put_text(json, "cc_compile_date", "%s", i->compile_date);
	return json;
}

int cmd_info(const struct cmd_spec *cmd, int argc, char **argv)
{
	struct ringlet_sysinfo info;
	struct json_object *host;
	struct rl rl;
	bool json;
	int status;

	if (cli_listing(cmd, argc, argv, 0, &json, &status))
		return status;
	if (!cli_open(&rl))
		return CLI_FAILED;
	if (rl_sysinfo(&rl, &info)) {
		status = cli_fail("%s", rl.error);
	} else {
		host = describe_host(&info);
		if (json) {
			cli_print_json(host);
		} else {
			json_object_object_foreach(host, key, value)
				printf("%-23s: %s\n", key,
				       json_object_get_string(value));
			json_object_put(host);
		}
	}
	rl_close(&rl);
	return status;
}

/*
 * Where "dmesg -c" left off. The hypervisor's log has no owner who could clear
 * it, so the position is remembered beside ringletd's socket until the next
 * boot.
 */
static FILE *open_mark(const char *mode)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/dmesg.position", rl_run_dir());
	return fopen(path, mode);
}

static uint64_t read_mark(void)
{
	unsigned long long position = 0;
	FILE *f = open_mark("re");

	if (f) {
		if (fscanf(f, "%llu", &position) != 1)
			position = 0;
		fclose(f);
	}
	return position;
}

static int write_mark(uint64_t position)
{
	FILE *f = open_mark("we");
	bool ok;

	if (!f)
		return cli_fail("cannot remember the position: is ringletd running, which makes %s?",
				rl_run_dir());
	ok = fprintf(f, "%llu\n", (unsigned long long)position) > 0;
	ok &= !fclose(f);
	return ok ? CLI_OK : cli_fail("cannot remember the position in %s",
				      rl_run_dir());
}

static int print_dmesg(struct rl *rl, bool json, bool clear)
{
	struct json_object *lines = json ? json_object_new_array() : NULL;
	uint64_t position = read_mark();
	char buf[2048], *line = NULL;
	size_t size = 0;
	FILE *text;
	int n;

	text = json ? tmpfile() : stdout;
	if (!text)
		return cli_fail("cannot make a temporary file");
	while ((n = rl_dmesg(rl, &position, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)n, text);
	if (json) {
		rewind(text);
		while (getline(&line, &size, text) > 0) {
			line[strcspn(line, "\n")] = 0;
			json_object_array_add(lines,
					      json_object_new_string(line));
		}
		free(line);
		fclose(text);
		cli_print_json(lines);
	}
	if (n < 0)
		return cli_fail("%s", rl->error);
	return clear ? write_mark(position) : CLI_OK;
}

int cmd_dmesg(const struct cmd_spec *cmd, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_HELP, CLI_JSON,
		{ "clear", no_argument, NULL, 'c' },
		CLI_END
	};
	bool json = false, clear = false;
	struct rl rl;
	int opt, status;

	while ((opt = cli_option(cmd, argc, argv, ":hc", options, &status)) !=
	       -1) {
		if (opt == 'j')
			json = true;
		else if (opt == 'c')
			clear = true;
		else
			return status;
	}
	status = cli_count(cmd, argc, 0, 0);
	if (status)
		return status;
	if (!cli_open(&rl))
		return CLI_FAILED;
	status = print_dmesg(&rl, json, clear);
	rl_close(&rl);
	return status;
}

struct counter {
	const char *name;
	const char *text;
};

static const struct counter counters[] = {
#define COUNTER(name, text) { #name, text },
	RINGLET_PERF_COUNTERS(COUNTER)
#undef COUNTER
};

static int print_counters(struct rl *rl, uint32_t domid, bool json)
{
	struct json_object *object = json ? json_object_new_object() : NULL;
	struct ringlet_perf perf;
	unsigned int i;

	if (rl_domain_perf(rl, domid, &perf)) {
		json_object_put(object);
		return cli_fail("%s", rl->error);
	}
	for (i = 0; i < RINGLET_NR_PERF; i++) {
		if (json)
			put_number(object, counters[i].name, perf.count[i]);
		else
			printf("%-17s %14llu  %s\n", counters[i].name,
			       (unsigned long long)perf.count[i],
			       counters[i].text);
	}
	return json ? cli_print_json(object) : CLI_OK;
}

static void format_bytes(const struct ringlet_emulated *e, char *out,
			 size_t size)
{
	size_t i, n = e->length < sizeof(e->bytes) ? e->length :
		      sizeof(e->bytes);

	out[0] = 0;
	for (i = 0; i < n && 3 * i + 3 < size; i++)
		sprintf(out + 3 * i, "%02x ", e->bytes[i]);
	if (i)
		out[3 * i - 1] = 0;
}

static int print_emulated(struct rl *rl, uint32_t domid, bool json)
{
	struct json_object *array = json ? json_object_new_array() : NULL;
	struct ringlet_emulated log[RINGLET_EMULATED_MAX];
	struct json_object *entry;
	char bytes[64];
	int i, n;

	n = rl_domain_emulated(rl, domid, log);
	if (n < 0) {
		json_object_put(array);
		return cli_fail("%s", rl->error);
	}
	if (!json)
		printf("%-18s %12s  %s\n", "Address", "Count", "Instruction");
	for (i = 0; i < n; i++) {
		format_bytes(&log[i], bytes, sizeof(bytes));
		if (!json) {
			printf("0x%016llx %12llu  %s\n",
			       (unsigned long long)log[i].rip,
			       (unsigned long long)log[i].count, bytes);
			continue;
		}
		entry = json_object_new_object();
		put_text(entry, "address", "0x%016llx",
			 (unsigned long long)log[i].rip);
		put_number(entry, "count", log[i].count);
		put_text(entry, "instruction", "%s", bytes);
		json_object_array_add(array, entry);
	}
	return json ? cli_print_json(array) : CLI_OK;
}

int cmd_perf(const struct cmd_spec *cmd, int argc, char **argv)
{
	static const struct option options[] = {
		CLI_HELP, CLI_JSON,
		{ "emulated", no_argument, NULL, 'e' },
		CLI_END
	};
	bool json = false, emulated = false;
	struct ringlet_domain_info d;
	struct rl rl;
	int opt, status;

	while ((opt = cli_option(cmd, argc, argv, ":he", options, &status)) !=
	       -1) {
		if (opt == 'j')
			json = true;
		else if (opt == 'e')
			emulated = true;
		else
			return status;
	}
	status = cli_count(cmd, argc, 1, 1);
	if (status)
		return status;
	if (!cli_open(&rl))
		return CLI_FAILED;
	if (rl_find_domain(&rl, argv[optind], &d))
		status = cli_fail("%s", rl.error);
	else if (emulated)
		status = print_emulated(&rl, d.domid, json);
	else
		status = print_counters(&rl, d.domid, json);
	rl_close(&rl);
	return status;
}
