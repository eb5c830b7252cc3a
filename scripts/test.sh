#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Install what is missing, build everything, and run the tests.
#
# The last line is "N passed, N failed".
cd "$(dirname "$0")/.." || exit 1
scripts/install-deps.sh || {
	echo "test.sh: cannot install what the tests need"
	echo "0 passed, 1 failed"
	exit 1
}
exec tests/run check test
