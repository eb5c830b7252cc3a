/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's log: a ring in memory, and the console= device for lines at
 * or below the loglvl= level. Any context; NMI and #MC handlers excepted.
 */
#ifndef HV_PRINTK_H
#define HV_PRINTK_H

#include "types.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Formats: %s %c %% %d %i %u %x %p with l, ll, z, width, precision
 * of %s, the flags 0 - #, and * */
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, __builtin_va_list ap);

/* Log one line; the newline is added. */
void log_line(enum log_level level, const char *fmt, ...) __printf(2, 3);

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* Copy log bytes from position *pos on (moved up to the oldest kept one, then
 * past what was copied). Returns bytes copied. */
size_t log_read(char *buf, size_t len, u64 *pos);
void log_bounds(u64 *oldest, u64 *next);

void log_vline(enum log_level level, const char *fmt, __builtin_va_list ap);

/* Show lines up to this level on the console; -1: none. */
void log_set_console_level(int level);
/* Panic: only this pCPU logs from here on, all levels, and without the lock. */
void log_single_user(void);
bool log_is_single_user(void);

#endif /* HV_PRINTK_H */
