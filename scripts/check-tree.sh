#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Check the form of the sources: licence lines, marks of unfinished work and merges.
set -eu

cd "$(dirname "$0")/.."
bad=0

files() {
	if [ -e .git ] && command -v git >/dev/null; then
		git ls-files --cached --others --exclude-standard
	else
		find . \( -path ./build -o -path ./.git -o -name __pycache__ \) -prune -o -type f -print | sed 's,^\./,,'
	fi
}

complain() {
	echo "$1"
	bad=1
}

for file in $(files); do
	[ -f "$file" ] || continue
	case $file in
	pv-abi/LICENSE|*.patch|*/layout.txt|*.md|*.json|*/series) continue ;;
	pv-abi/*) licence=MIT ;;
	include/linux/*) licence='GPL-2.0-only WITH Linux-syscall-note' ;;
	*.c|*.h|*.S|*.lds|*.py|*.sh|*.mk|Makefile|Kconfig) licence=GPL-2.0-only ;;
	*) continue ;;
	esac
	head -n 3 "$file" | grep -q "SPDX-License-Identifier: $licence" ||
		complain "$file: wanted 'SPDX-License-Identifier: $licence' at the top"
done

# This file and the checklists that talk about such marks are excepted.
marks='TODO|FIXME|XXX'
for file in $(files); do
	case $file in
	scripts/check-tree.sh|*.patch) continue ;;
	esac
	[ -f "$file" ] || continue
	grep -nHwE "$marks" "$file" && bad=1
	grep -nHE '^(<<<<<<<|>>>>>>>) ' "$file" && bad=1
done

exit "$bad"
