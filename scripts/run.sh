#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Install what is missing, build everything, and boot it in QEMU.
#
# Usage: scripts/run.sh [QEMU OPTION]...
set -eu

cd "$(dirname "$0")/.."
scripts/install-deps.sh
make -j"$(nproc)" iso
exec scripts/qemu.sh "$@"
