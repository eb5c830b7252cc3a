#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Turn the compiler's output for asm-offsets.c into a header for assembly.
#
# Usage: scripts/asm-offsets.sh <asm-offsets.s >asm-offsets.h
#
# The input has lines  ->NAME $value comment  (with or without a leading
# .ascii and quotes, as the compiler writes inline assembly).
echo "/* Made by scripts/asm-offsets.sh from asm-offsets.c. */"
echo "#ifndef ASM_OFFSETS_H"
echo "#define ASM_OFFSETS_H"
sed -n 's/^[^>]*->\([A-Za-z0-9_]*\) [$#]*\(-\{0,1\}[0-9][0-9]*\) *\([^"]*\).*$/#define \1 \2 \/* \3 *\//p'
echo "#endif"
