// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of everything: a reason, a backtrace, and a stop or a reset.
 */
#include "panic.h"

#include "percpu.h"
#include "printk.h"
#include "x86/cpu.h"
#include "x86/paging.h"
#include "x86/platform.h"
#include "x86/smp.h"

#define MAX_FRAMES	16
#define REBOOT_DELAY_MS	5000

static bool noreboot;
static bool panicking;

void panic_set_noreboot(bool on)
{
	noreboot = on;
}

/* Frame pointers of this pCPU's stack; outside of it nothing is followed. */
static void backtrace(u64 frame, u64 start, u64 end)
{
	const u64 *f;
	u32 i;

	for (i = 0; i < MAX_FRAMES; i++) {
		if (frame < start || frame > end - 16 || frame & 7)
			return;
		f = (const u64 *)frame;
		if (!f[1])
			return;
		log_error("  called from %#lx", f[1]);
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

void panic(const char *fmt, ...)
{
	u64 frame = (u64)__builtin_frame_address(0), end;
	__builtin_va_list ap;

	irq_disable();
	/* Two at once: one speaks. A panic in panic says only its reason. */
	if (__atomic_exchange_n(&panicking, true, __ATOMIC_ACQ_REL)) {
		if (!log_is_single_user())
			cpu_stop();
		__builtin_va_start(ap, fmt);
		log_vline(LOG_ERROR, fmt, ap);
		__builtin_va_end(ap);
		cpu_stop();
	}
	smp_stop_others();
	log_single_user();
	if (this_pcpu_known())
		log_error("PANIC on CPU %u:", this_pcpu()->id);
	else
		log_error("PANIC while starting:");
	__builtin_va_start(ap, fmt);
	log_vline(LOG_ERROR, fmt, ap);
	__builtin_va_end(ap);
	log_error("cr0 %lx cr2 %lx cr3 %lx cr4 %lx", read_cr0(), read_cr2(),
		  read_cr3(), read_cr4());
	if (this_pcpu_known()) {
		end = this_pcpu()->stack_top;
		backtrace(frame, end - STACK_SIZE, end);
	}
	end_machine();
}
