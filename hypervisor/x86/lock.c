// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run-time check of the lock order, in debug builds.
 *
 * A pCPU counts the locks it holds of each class, two bits a class, in
 * pcpu->held_locks. Nothing is checked on a pCPU that has not loaded its task
 * register yet: before gate_init_pcpu() it does not know which one it is.
 */
#include "lock.h"

#include "panic.h"
#include "percpu.h"
#include "x86/smp.h"

#ifdef CONFIG_DEBUG

#define CLASS_BITS 2
#define CLASS_MAX 3U
#define SHIFT(class) ((class) * CLASS_BITS)

_Static_assert(NR_LOCK_CLASSES * CLASS_BITS <= 32, "held_locks is too small");

void lock_check_acquire(const struct spinlock *l, bool second)
{
	struct pcpu *p;
	u32 held, later;

	if (!this_pcpu_known())
		return;
	p = this_pcpu();
	held = p->held_locks;
	later = held >> SHIFT(l->class);
	if (second)
		later >>= CLASS_BITS;
	if (later || (second && !(held >> SHIFT(l->class) & CLASS_MAX))) {
		p->held_locks = 0;
		panic("lock order: class %u wanted%s, classes held 0x%x",
		      l->class, second ? " as second" : "", held);
	}
	if ((held >> SHIFT(l->class) & CLASS_MAX) == CLASS_MAX)
		panic("lock order: class %u nested too deep", l->class);
	p->held_locks = held + (1U << SHIFT(l->class));
}

void lock_check_release(const struct spinlock *l)
{
	struct pcpu *p;

	if (!this_pcpu_known())
		return;
	p = this_pcpu();
	if (!(p->held_locks >> SHIFT(l->class) & CLASS_MAX))
		return;		/* taken before the pCPU knew itself */
	p->held_locks -= 1U << SHIFT(l->class);
}

void lock_check_none(void)
{
	u32 held;

	if (!this_pcpu_known())
		return;
	held = this_pcpu()->held_locks;
	if (held) {
		this_pcpu()->held_locks = 0;
		panic("locks held where none may be: 0x%x", held);
	}
}

#endif
