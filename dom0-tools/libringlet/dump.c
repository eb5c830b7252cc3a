// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cores of domains: see dump.h.
 *
 * A page that the domain does not have (its balloon) gives SIGBUS to who touches it
 * and EFAULT to who writes it to a file. So memory goes from the mapping to a file
 * in memory by write(2), and is looked at only there, and in the core itself: its
 * page tables are as hostile as all that a domain writes.
 */
#include "dump.h"
#include "dump_walk.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096UL
#define CHUNK		256UL		/* pages that are looked at together */
#define MAPPING		16384UL		/* pages that are mapped together */
#define BEHIND		3		/* shared page, time page, virtio bus */
#define NOTES_MAX	(RL_DUMP_MEMORY - RL_DUMP_NOTES)
#define VMCOREINFO_MAX	4096
#define OFF_TRIES	100		/* for an ended domain's vCPUs to be off */
#define OFF_WAIT_NS	(10 * 1000 * 1000L)

struct core {
	struct rl *rl;
	const struct ringlet_domain_info *domain;
	const char *path;
	struct rl_dump *dump;
	int fd;
	int chunk_fd;			/* CHUNK pages in memory */
	uint8_t *chunk;			/* the same, mapped */
	uint64_t end;			/* pages, up to the last one there is */
	uint64_t root;			/* of the first vCPU */
	uint64_t vmcoreinfo;		/* gfn, 0: none */
	uint8_t notes[NOTES_MAX];
	size_t notes_len;
};

static int write_failed(struct core *c, int err)
{
	if (err == ENOSPC || err == EDQUOT || err == EFBIG)
		return rl_fail(c->rl, ENOSPC, "there is no room for a core of domain '%s' in %s: it has up to %llu MiB",
			       c->domain->name, c->path,
			       (unsigned long long)(c->domain->pages >> 8));
	return rl_fail(c->rl, err, "cannot write %s: %s", c->path,
		       strerror(err));
}

static int write_at(struct core *c, const void *data, size_t len, uint64_t at)
{
	ssize_t n;

	while (len) {
		n = pwrite(c->fd, data, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return write_failed(c, n ? errno : EIO);
		data = (const uint8_t *)data + n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static bool is_zero(const uint8_t *page)
{
	return !page[0] && !memcmp(page, page + 1, PAGE - 1);
}

/* What kexec's kernels fill in: a page of text. */
static bool is_vmcoreinfo(const uint8_t *page)
{
	return !memcmp(page, "OSRELEASE=", 10) &&
	       memmem(page, PAGE, "\nPAGESIZE=4096\n", 15);
}

/* A page as the chunk has it: it is kept unless it is zero. */
static int keep_page(struct core *c, uint64_t gfn, const uint8_t *page)
{
	c->dump->pages++;
	c->end = gfn + 1;
	if (is_zero(page))
		return 0;
	if (!c->vmcoreinfo && is_vmcoreinfo(page))
		c->vmcoreinfo = gfn;
	return write_at(c, page, PAGE, RL_DUMP_MEMORY + gfn * PAGE);
}

/* Pages from a mapping; those that the domain does not have are left out. */
static int keep_pages(struct core *c, uint64_t gfn, const uint8_t *from,
		      uint64_t count)
{
	uint64_t done = 0, i, pages;
	ssize_t n;
	int rc;

	while (done < count) {
		n = pwrite(c->chunk_fd, from + done * PAGE,
			   (count - done) * PAGE, 0);
		if (n < 0 && errno != EFAULT)
			return rl_fail(c->rl, errno, "cannot read the memory of domain '%s': %s",
				       c->domain->name, strerror(errno));
		pages = n < 0 ? 0 : (uint64_t)n / PAGE;
		for (i = 0; i < pages; i++) {
			rc = keep_page(c, gfn + done + i, c->chunk + i * PAGE);
			if (rc)
				return rc;
		}
		done += pages ? pages : 1;
	}
	return 0;
}

static int keep_mapping(struct core *c, uint64_t gfn, uint64_t count)
{
	uint8_t *mapping = rl_map(c->rl, c->domain->domid, gfn, count);
	uint64_t done, n;
	int rc = 0;

	if (!mapping && errno == ENOENT)
		return 0;
	if (!mapping)
		return rl_fail(c->rl, errno, "cannot map the memory of domain '%s': %s",
			       c->domain->name, strerror(errno));
	for (done = 0; done < count && !rc; done += n) {
		n = count - done < CHUNK ? count - done : CHUNK;
		rc = c->dump->stop && *c->dump->stop ?
		     rl_fail(c->rl, EINTR, "interrupted") :
		     keep_pages(c, gfn + done, mapping + done * PAGE, n);
	}
	rl_unmap(mapping, count);
	return rc;
}

static int keep_memory(struct core *c)
{
	uint64_t end = c->domain->shared_gfn + BEHIND, gfn, n;
	int rc = 0;

	for (gfn = 0; gfn < end && !rc; gfn += n) {
		n = end - gfn < MAPPING ? end - gfn : MAPPING;
		rc = keep_mapping(c, gfn, n);
	}
	return rc;
}

/* --- Notes ---------------------------------------------------------------- */

static int add_note(struct core *c, const char *name, uint32_t type,
		    const void *data, size_t len)
{
	Elf64_Nhdr h = {
		.n_namesz = (uint32_t)strlen(name) + 1,
		.n_descsz = (uint32_t)len,
		.n_type = type,
	};
	size_t name_len = (h.n_namesz + 3U) & ~3U, data_len = (len + 3) & ~3UL;
	uint8_t *to = c->notes + c->notes_len;

	if (sizeof(h) + name_len + data_len > NOTES_MAX - c->notes_len)
		return rl_fail(c->rl, E2BIG, "domain '%s' has too many vCPUs for a core",
			       c->domain->name);
	memcpy(to, &h, sizeof(h));
	memcpy(to + sizeof(h), name, h.n_namesz);
	memcpy(to + sizeof(h) + name_len, data, len);
	c->notes_len += sizeof(h) + name_len + data_len;
	return 0;
}

static int add_vcpu(struct core *c, uint32_t vcpu,
		    const struct ringlet_vcpu_context *v)
{
	const struct user_regs_struct regs = {
		.r15 = v->r15, .r14 = v->r14, .r13 = v->r13, .r12 = v->r12,
		.rbp = v->rbp, .rbx = v->rbx, .r11 = v->r11, .r10 = v->r10,
		.r9 = v->r9, .r8 = v->r8, .rax = v->rax, .rcx = v->rcx,
		.rdx = v->rdx, .rsi = v->rsi, .rdi = v->rdi,
		.orig_rax = ~0ULL, .rip = v->rip,
		.cs = v->user ? RINGLET_USER_CS : RINGLET_KERNEL_CS,
		.eflags = v->rflags, .rsp = v->rsp,
		.ss = v->user ? RINGLET_USER_DS : RINGLET_KERNEL_DS,
		.fs_base = v->fs_base,
		.gs_base = v->user ? v->user_gs_base : v->kernel_gs_base,
	};
	/* Debuggers call it a thread, whose number is not 0. */
	struct elf_prstatus status = { .pr_pid = (pid_t)vcpu + 1 };

	_Static_assert(sizeof(regs) == sizeof(status.pr_reg), "x86-64");
	memcpy(&status.pr_reg, &regs, sizeof(regs));
	if (!c->dump->vcpus++)
		c->root = v->root;
	return add_note(c, "CORE", NT_PRSTATUS, &status, sizeof(status));
}

/* The registers of a vCPU; an ended domain's may still be on their way off. */
static int get_context(struct core *c, uint32_t vcpu,
		       struct ringlet_vcpu_context *context)
{
	const struct timespec wait = { .tv_nsec = OFF_WAIT_NS };
	unsigned int tries;
	int rc;

	for (tries = 0; ; tries++) {
		rc = rl_vcpu_context(c->rl, c->domain->domid, vcpu, context);
		if (rc != -EBUSY || tries == OFF_TRIES)
			return rc;
		nanosleep(&wait, NULL);
	}
}

static int add_vcpus(struct core *c)
{
	bool ended = c->domain->flags & RINGLET_DOMF_SHUTDOWN;
	struct ringlet_vcpu_context context;
	struct ringlet_vcpu_info info;
	uint32_t i;
	int rc;

	for (i = 0; i < c->domain->vcpus; i++) {
		rc = rl_vcpu_info(c->rl, c->domain->domid, i, &info);
		if (!rc && (ended || info.online)) {
			rc = get_context(c, i, &context);
			if (!rc)
				rc = add_vcpu(c, i, &context);
		}
		/* One that was never brought up has no registers. */
		if (rc && rc != -ENOENT)
			return rc;
	}
	return 0;
}

static int add_vmcoreinfo(struct core *c)
{
	char text[VMCOREINFO_MAX + 1] = "";
	ssize_t n;

	if (!c->vmcoreinfo)
		return 0;
	n = pread(c->fd, text, VMCOREINFO_MAX,
		  (off_t)(RL_DUMP_MEMORY + c->vmcoreinfo * PAGE));
	if (n < 0)
		return write_failed(c, errno);
	return add_note(c, "VMCOREINFO", 0, text, strlen(text));
}

/* --- The file ------------------------------------------------------------- */

/* The ELF header, with the program headers that the walk left behind them. */
static int write_headers(struct core *c, const struct dump_walk *w)
{
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)(w->nr + 2),
	};
	const Elf64_Phdr first[2] = {
		{
			.p_type = PT_NOTE,
			.p_offset = RL_DUMP_NOTES,
			.p_filesz = c->notes_len,
		}, {
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_W | PF_X,
			.p_offset = RL_DUMP_MEMORY,
			.p_filesz = c->end * PAGE,
			.p_memsz = c->end * PAGE,
			.p_align = PAGE,
		}
	};
	int rc;

	_Static_assert(sizeof(header) + (RL_DUMP_SEGMENTS + 2) *
		       sizeof(Elf64_Phdr) <= RL_DUMP_NOTES, "phdrs");
	rc = write_at(c, &header, sizeof(header), 0);
	if (!rc)
		rc = write_at(c, first, sizeof(first), sizeof(header));
	if (!rc)
		rc = write_at(c, w->segments, w->nr * sizeof(Elf64_Phdr),
			      sizeof(header) + sizeof(first));
	if (!rc)
		rc = write_at(c, c->notes, c->notes_len, RL_DUMP_NOTES);
	return rc;
}

/* With all memory in the file: where does the kernel have it? */
static int write_map(struct core *c)
{
	struct dump_walk w = { .pages = c->end, .max = RL_DUMP_SEGMENTS };
	size_t size = RL_DUMP_MEMORY + c->end * PAGE;
	uint8_t *file;
	int rc;

	if (ftruncate(c->fd, (off_t)size))
		return write_failed(c, errno);
	file = mmap(NULL, size, PROT_READ, MAP_SHARED, c->fd, 0);
	if (file == MAP_FAILED)
		return write_failed(c, errno);
	w.memory = file + RL_DUMP_MEMORY;
	w.segments = calloc(w.max, sizeof(*w.segments));
	rc = w.segments ? 0 : rl_fail(c->rl, ENOMEM, "out of memory");
	if (!rc) {
		dump_walk(&w, c->root);
		c->dump->ranges = w.nr;
		c->dump->cut = w.cut;
		rc = write_headers(c, &w);
	}
	free(w.segments);
	munmap(file, size);
	return rc;
}

static int open_core(struct core *c)
{
	int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, err;
	struct stat st;

	c->fd = open(c->path, flags | (c->dump->replace ? 0 : O_EXCL), 0600);
	if (c->fd >= 0 && !fstat(c->fd, &st) && S_ISREG(st.st_mode) &&
	    !ftruncate(c->fd, 0))
		return 0;
	err = c->fd < 0 ? errno : EINVAL;
	if (c->fd >= 0)
		close(c->fd);
	if (err == EEXIST)
		return rl_fail(c->rl, EEXIST, "there is a file %s already: give another name",
			       c->path);
	if (err == EINVAL)
		return rl_fail(c->rl, EINVAL, "a core can be written to a file only: %s is none",
			       c->path);
	return rl_fail(c->rl, err, "cannot write %s: %s", c->path,
		       strerror(err));
}

static int make_buffer(struct core *c)
{
	c->chunk_fd = memfd_create("core", MFD_CLOEXEC);
	if (c->chunk_fd >= 0 &&
	    !ftruncate(c->chunk_fd, (off_t)(CHUNK * PAGE))) {
		c->chunk = mmap(NULL, CHUNK * PAGE, PROT_READ, MAP_SHARED,
				c->chunk_fd, 0);
		if (c->chunk != MAP_FAILED)
			return 0;
	}
	c->chunk = NULL;
	return rl_fail(c->rl, ENOMEM, "out of memory");
}

/* What needs the domain to stand still. */
static int keep_domain(struct core *c)
{
	bool ended = c->domain->flags & RINGLET_DOMF_SHUTDOWN;
	char error[RL_ERROR_LEN];
	int rc;

	if (!ended) {
		rc = rl_domain_pause(c->rl, c->domain->domid);
		if (rc)
			return rc;
	}
	rc = add_vcpus(c);
	if (!rc)
		rc = keep_memory(c);
	memcpy(error, c->rl->error, sizeof(error));
	/* It may have been destroyed meanwhile; what went wrong first counts. */
	if (!ended && rl_domain_unpause(c->rl, c->domain->domid) && !rc)
		return -EIO;
	memcpy(c->rl->error, error, sizeof(error));
	return rc;
}

int rl_dump_core(struct rl *rl, const struct ringlet_domain_info *domain,
		 const char *path, struct rl_dump *dump)
{
	struct core c = {
		.rl = rl, .domain = domain, .path = path, .dump = dump,
		.chunk_fd = -1,
	};
	int rc;

	dump->pages = dump->ranges = dump->vcpus = 0;
	dump->cut = false;
	if (domain->domid == RINGLET_DOMID_0)
		return rl_fail(rl, EINVAL, "domain 0 cannot be dumped: its kernel has kdump(7) for that");
	rc = open_core(&c);
	if (rc)
		return rc;
	rc = make_buffer(&c);
	if (!rc)
		rc = keep_domain(&c);
	if (!rc)
		rc = add_vmcoreinfo(&c);
	if (!rc)
		rc = write_map(&c);
	if (close(c.fd) && !rc)
		rc = write_failed(&c, errno);
	if (rc)
		unlink(path);
	if (c.chunk)
		munmap(c.chunk, CHUNK * PAGE);
	if (c.chunk_fd >= 0)
		close(c.chunk_fd);
	return rc;
}
