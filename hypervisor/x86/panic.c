// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of everything: a reason, registers, a backtrace, and a stop or a reset.
 */
#include "panic.h"

#include "domain.h"
#include "hypercall.h"
#include "percpu.h"
#include "printk.h"
#include "symbols.h"
#include "time.h"
#include "trace.h"
#include "version.h"
#include "x86/cpu.h"
#include "x86/paging.h"
#include "x86/platform.h"
#include "x86/smp.h"

#define MAX_FRAMES	16
#define REBOOT_DELAY_MS	5000
#define LAST_EVENTS	8	/* of each pCPU */

static const char events[][16] = {
#define NAME(name, group, a, b) #name,
	RINGLET_TRACE_EVENTS(NAME)
#undef NAME
};

static bool noreboot;
static bool panicking;
static bool panicked_again;

void panic_set_noreboot(bool on)
{
	noreboot = on;
}

static void log_code(const char *what, u64 va, u64 back)
{
	u64 offset;
	const char *name = symbol_find(va - back, &offset);

	if (name)
		log_error("%s %016lx %s+0x%lx", what, va, name, offset + back);
	else
		log_error("%s %016lx", what, va);
}

/* Behind a call that does not return another function begins: one byte back. */
static void log_caller(u64 va)
{
	log_code("  called from", va, 1);
}

/* Is [va, va + len) of this pCPU's stack? */
static bool on_stack(u64 va, u64 len)
{
	u64 end;

	if (!this_pcpu_known() || va & 7)
		return false;
	end = this_pcpu()->stack_top;
	return va >= end - STACK_SIZE && va <= end - len;
}

/* Frame pointers of this pCPU's stack; outside of it nothing is followed. */
static void backtrace(u64 frame)
{
	const u64 *f;
	u32 i;

	for (i = 0; i < MAX_FRAMES; i++) {
		if (!on_stack(frame, 16))
			return;
		f = (const u64 *)frame;
		if (!f[1])
			return;
		log_caller(f[1]);
		if (f[0] <= frame)
			return;
		frame = f[0];
	}
}

static void __noreturn end_machine(void)
{
	if (noreboot) {
		log_error("noreboot: stopped");
		cpu_stop();
	}
	log_error("resetting the machine in %u seconds", REBOOT_DELAY_MS / 1000);
	platform_delay_ms(REBOOT_DELAY_MS);
	platform_reboot();
}

void boot_failure(const char *fmt, ...)
{
	char text[256];
	__builtin_va_list ap;

	irq_disable();
	smp_stop_others();
	log_single_user();
	__builtin_va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	__builtin_va_end(ap);
	log_error("Ringlet cannot start: %s", text);
	end_machine();
}

/* What this pCPU came in for; the guest's registers as the gate saved them. */
static void log_entry(const struct pcpu *p)
{
	const struct vcpu *v = p->current;

	if (!v) {
		log_error("idle");
		return;
	}
	log_error("d%uv%u vector %#lx rip %016lx rsp %016lx rax %016lx, last hypercall %s (%u)",
		  v->domain->id, v->id, v->regs.vector, v->regs.rip,
		  v->regs.rsp, v->regs.rax, hypercall_name(v->hc_last),
		  v->hc_last);
}

/*
 * From here on this pCPU alone speaks. Two at once: one does. A panic in panic says
 * only its reason, and ends the machine as it would have ended.
 */
static void begin(const char *fmt, __builtin_va_list ap)
{
	bool again;

	irq_disable();
	again = __atomic_exchange_n(&panicking, true, __ATOMIC_ACQ_REL);
	if (again && (!log_is_single_user() || panicked_again))
		cpu_stop();
	panicked_again = again;
	if (!again) {
		smp_stop_others();
		log_single_user();
	}
	if (this_pcpu_known())
		log_error("PANIC on CPU %u:", this_pcpu()->id);
	else
		log_error("PANIC while starting:");
	log_vline(LOG_ERROR, fmt, ap);
	if (again)
		end_machine();
}

static void log_event(u32 pcpu, const struct ringlet_trace_event *e)
{
	char who[16] = "-";

	if (!e->time || e->event >= RINGLET_NR_TRACE)
		return;
	if (e->domain != TRACE_NOBODY)
		snprintf(who, sizeof(who), "d%uv%u", e->domain, e->vcpu);
	log_error("  CPU %u %lu.%06lu %s %s %#lx %#lx%s%s", pcpu,
		  e->time / NS_PER_SEC, e->time % NS_PER_SEC / NS_PER_US, who,
		  events[e->event], e->a, e->b,
		  e->event == RINGLET_TRACE_hypercall ? " " : "",
		  e->event == RINGLET_TRACE_hypercall ?
		  hypercall_name((u32)e->a) : "");
}

/* What each pCPU did last. The others have stopped. */
static void log_last_events(void)
{
	struct ringlet_trace_event e[LAST_EVENTS];
	u64 next;
	u32 i, k, n;

	log_error("last events:");
	for (i = 0; i < nr_pcpus; i++) {
		next = READ_ONCE(pcpus[i].trace.next);
		next -= MIN(next, (u64)LAST_EVENTS);
		n = trace_read(&pcpus[i].trace, &next, e, LAST_EVENTS);
		for (k = 0; k < n; k++)
			log_event(i, &e[k]);
	}
}

static void log_control_registers(void)
{
	log_error("cr0 %lx cr2 %lx cr3 %lx cr4 %lx", read_cr0(), read_cr2(),
		  read_cr3(), read_cr4());
}

/* What panic() and panic_exception() have in common behind their registers. */
static void __noreturn finish(u64 frame)
{
	backtrace(frame);
	log_error("Ringlet %s, %s", hv_version, hv_compile_date);
	if (this_pcpu_known())
		log_entry(this_pcpu());
	log_last_events();
	end_machine();
}

void panic(const char *fmt, ...)
{
	u64 frame = (u64)__builtin_frame_address(0);
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	begin(fmt, ap);
	__builtin_va_end(ap);
	log_control_registers();
	finish(frame);
}

static void __printf(1, 2) begin_exception(const char *fmt, ...)
{
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	begin(fmt, ap);
	__builtin_va_end(ap);
}

void panic_exception(const struct ring0_regs *r)
{
	u64 offset;

	begin_exception("exception %lu (error %#lx) in ring 0", r->vector,
			r->error_code);
	log_code("rip", r->rip, 0);
	log_error("cs %02lx rflags %08lx rsp %016lx ss %02lx", r->cs, r->rflags,
		  r->rsp, r->ss);
	log_error("rax %016lx rbx %016lx rcx %016lx rdx %016lx", r->rax, r->rbx,
		  r->rcx, r->rdx);
	log_error("rsi %016lx rdi %016lx rbp %016lx r8  %016lx", r->rsi, r->rdi,
		  r->rbp, r->r8);
	log_error("r9  %016lx r10 %016lx r11 %016lx r12 %016lx", r->r9, r->r10,
		  r->r11, r->r12);
	log_error("r13 %016lx r14 %016lx r15 %016lx", r->r13, r->r14, r->r15);
	log_control_registers();
	/* No frame yet: at a function's beginning, or where no function is. */
	if ((!symbol_find(r->rip, &offset) || !offset) && on_stack(r->rsp, 8))
		log_caller(*(const u64 *)r->rsp);
	finish(r->rbp);
}
