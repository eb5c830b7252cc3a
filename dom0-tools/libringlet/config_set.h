/* SPDX-License-Identifier: GPL-2.0-only */
/* How the files of a configuration's reader work together. */
#ifndef RL_CONFIG_SET_H
#define RL_CONFIG_SET_H

#include "config.h"
#include "syntax.h"

/* Take a setting; 'reader' is a struct rl_config_reader. As rl_config_text(). */
int rl_config_set(void *reader, const struct rl_setting *s);

/*
 * Note an error with its place; s->line is 0 where there are no lines. Returns
 * -EINVAL.
 */
int rl_config_fail(struct rl_config_reader *r, const struct rl_setting *s,
		   const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Devices (config_devices.c). */
int rl_config_set_disk(struct rl_config_reader *r, const struct rl_setting *s);
int rl_config_set_vif(struct rl_config_reader *r, const struct rl_setting *s);
int rl_config_set_virtiofs(struct rl_config_reader *r,
			   const struct rl_setting *s);
int rl_config_set_channel(struct rl_config_reader *r,
			  const struct rl_setting *s);
int rl_config_no_p9(struct rl_config_reader *r, const struct rl_setting *s);
int rl_config_no_bootloader(struct rl_config_reader *r,
			    const struct rl_setting *s);

/* All is read: put devices in order, see whether they go together. */
int rl_config_end_devices(struct rl_config_reader *r,
			  const struct rl_setting *s);
void rl_config_free_devices(struct rl_config *config);

#endif /* RL_CONFIG_SET_H */
