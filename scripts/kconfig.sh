#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Turn the configuration into a header, without asking anything.
#
# Usage: scripts/kconfig.sh HEADER [all-yes|all-no]
#
# Starts from .config when there is one and from the defaults of Kconfig when
# there is none; or takes every option that can be had, or none. The header is only written when its content changes, so that
# make does not compile everything again.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
header=$1

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
case ${2:-} in
all-yes) kind=--allyesconfig ;;
all-no) kind=--allnoconfig ;;
*)
	kind=--olddefconfig
	[ ! -e "$top/.config" ] || cp "$top/.config" "$tmp/.config"
	;;
esac
(cd "$tmp" && kconfig-conf "$kind" "$top/Kconfig") \
	>"$tmp/log" 2>&1 </dev/null || {
	cat "$tmp/log" >&2
	echo "kconfig.sh: cannot read the configuration: is the Debian package kconfig-frontends-nox installed? (scripts/install-deps.sh)" >&2
	exit 1
}
{
	echo "/* Made by scripts/kconfig.sh from .config and Kconfig. */"
	sed -n -e 's/^\(CONFIG_[A-Za-z0-9_]*\)=y$/#define \1 1/p' \
		-e 's/^\(CONFIG_[A-Za-z0-9_]*\)=\([^y].*\)$/#define \1 \2/p' \
		"$tmp/.config"
} >"$tmp/config.h"
if ! cmp -s "$tmp/config.h" "$header"; then
	mkdir -p "$(dirname "$header")"
	cp "$tmp/config.h" "$header"
fi
