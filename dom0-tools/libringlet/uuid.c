// SPDX-License-Identifier: GPL-2.0-only
/* UUIDs as text: see config.h. */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void rl_uuid_format(const unsigned char u[16], char out[RL_UUID_LEN])
{
	snprintf(out, RL_UUID_LEN,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9],
		 u[10], u[11], u[12], u[13], u[14], u[15]);
}

bool rl_uuid_parse(const char *text, unsigned char uuid[16])
{
	unsigned int byte, i;

	if (strlen(text) != RL_UUID_LEN - 1)
		return false;
	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			if (*text++ != '-')
				return false;
		if (!isxdigit((unsigned char)text[0]) ||
		    !isxdigit((unsigned char)text[1]) ||
		    sscanf(text, "%2x", &byte) != 1)
			return false;
		uuid[i] = (unsigned char)byte;
		text += 2;
	}
	return true;
}
