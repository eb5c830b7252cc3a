#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Turn the list of a linked hypervisor's symbols into the table of its functions, in
# assembly: hypervisor/symbols.h.
#
# Usage: nm -n IMAGE | scripts/symbols.sh >TABLE.S
#
# The image and the gate each begin where the lower 32 bits of an address are 0
# (hypervisor/layout.h), so these are the key. What runs before paging has no name.
awk '
BEGIN {
	print "/* Made by scripts/symbols.sh. */"
	print "\t.section .rodata.symbols, \"a\""
}
$1 ~ /^ffff80[08]00/ && $2 ~ /^[tT]$/ {
	name = $3
	if (name == "gate_text_end" || name == "__text_end")
		name = ""
	key = substr($1, 9)
	if (key == last)
		next
	last = key
	keys = keys "\t.long 0x" key "\n"
	names = names "\t.2byte " length_so_far "+0\n"
	text = text "\t.asciz \"" name "\"\n"
	length_so_far += length(name) + 1
	n++
}
END {
	if (length_so_far > 65535) {
		print "symbols.sh: names are longer than symbol_names can tell" >"/dev/stderr"
		exit 1
	}
	print "\t.balign 4\n\t.globl symbol_count\nsymbol_count:\t.long " n + 0
	print "\t.globl symbol_keys\nsymbol_keys:\n" keys
	print "\t.globl symbol_names\nsymbol_names:\n" names
	print "\t.globl symbol_text\nsymbol_text:\n" text
	print "\t.section .note.GNU-stack, \"\", @progbits"
}'
