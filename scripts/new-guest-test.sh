#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Start a test guest: tests/guest/NAME/main.c, which builds and succeeds.
#
# Usage: scripts/new-guest-test.sh NAME    (make new-guest-test NAME=...)
set -eu

cd "$(dirname "$0")/.."
name=${1:-}

fail() {
	echo "new-guest-test: $*" >&2
	exit 1
}

case $name in
'')
	fail "a name is missing: make new-guest-test NAME=my-test"
	;;
lib | *[!a-z0-9-]* | -*)
	fail "'$name' is not a name: use lower-case letters, digits and '-'"
	;;
esac
dir=tests/guest/$name
[ ! -e "$dir" ] || fail "$dir exists"
mkdir "$dir"
cat >"$dir/main.c" <<END
// SPDX-License-Identifier: GPL-2.0-only
/*
 * $name: say here which promise of the ABI is tested, what could be wrong in
 * the hypervisor, and what a guest would see then.
 */
#include "guest.h"

const char test_title[] = "$name";

void test_main(void)
{
	CHECK_EQ(ringlet_abi_version(), RINGLET_ABI_VERSION);
}
END
echo "$dir/main.c is there. Write the test, add a line to tests/plan, and run"
echo "make guests"
