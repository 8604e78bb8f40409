#!/bin/sh
# Does the table of nds32_vectors.c say what the toolchain says, and does the ECR6600
# stub use only what is in it?
#   nds32_coverage.sh NDS32_TEST TESTED_TXT SCRATCH_DIR
# Ends with 77 (skipped) where there is no nds32le-elf toolchain; scripts/nds32-gcc makes one.
set -eu
test=$1 tested=$2 out=$3
top=$(cd "$(dirname "$0")/../.." && pwd)
export LC_ALL=C

# The folder of the programs, or nothing. Never builds them: that takes minutes.
find_tools() {
    if objdump=$(command -v nds32le-elf-objdump); then
        dirname "$objdump"
        return
    fi
    for dir in "${XDG_CACHE_HOME:-$HOME/.cache}"/plugflash/nds32le-elf-*/bin; do
        if [ -x "$dir/nds32le-elf-objdump" ]; then
            echo "$dir"
            return
        fi
    done
}

bin=$(find_tools)
if [ -z "$bin" ]; then
    echo "skipped: no nds32le-elf-objdump; scripts/nds32-gcc builds one" >&2
    exit 77
fi
mkdir -p "$out"

# First words of the instructions of an ELF file; data show as .word and the like.
mnemonics() {
    "$bin/nds32le-elf-objdump" -d "$@" | awk -F '\t' 'NF > 2 { split($3, w, " "); print w[1] }' |
        sort -u
}

# ---- every encoding is what the assembler makes of its text ----

"$test" --list >"$out/rows"
awk -F '\t' 'BEGIN { print ".text\n.globl _start\n_start:" } { print $2 }' "$out/rows" >"$out/rows.s"
"$bin/nds32le-elf-as" -mall-ext -o "$out/rows.o" "$out/rows.s"
"$bin/nds32le-elf-ld" --no-relax --no-warn-rwx-segments -Ttext=0x100000 -o "$out/rows.elf" "$out/rows.o"
"$bin/nds32le-elf-objcopy" -O binary -j .text "$out/rows.elf" "$out/rows.bin"
od -An -v -tx1 "$out/rows.bin" | tr -d ' \n' >"$out/rows.hex"

awk -F '\t' 'NR == FNR { hex = $0; next }
    {
        got = substr(hex, 1, length($1)); hex = substr(hex, length($1) + 1)
        if (got != $1) { print $2 ": the table has " $1 ", the assembler " got; bad = 1; exit }
    }
    END {
        if (!bad && length(hex)) { print "left over: " hex; bad = 1 }
        if (!bad) print FNR " encodings are the assembler'"'"'s"
        exit bad
    }' "$out/rows.hex" "$out/rows"

# ---- and the disassembler finds the same names in them ----

mnemonics "$out/rows.elf" >"$out/rows.names"
if comm -23 "$out/rows.names" "$tested" | grep .; then
    echo "^ is how the disassembler reads a row, but in no row" >&2
    exit 1
fi

# ---- nothing in the stub is without a row ----

# Compiling says more than the image could, where nothing tells constants from code. That
# this is the image in stubs/generated/ is what `scripts/stubs check` is for.
stub=$out/stub/ecr6600-program.elf load=$out/stub/ecr6600.elf
rm -f "$stub" "$load"
(cd "$top" && scripts/stubs check "$out/stub") >"$out/stub.log" 2>&1 || true
if [ ! -f "$stub" ] || [ ! -f "$load" ]; then
    cat "$out/stub.log" >&2
    echo "the stub cannot be built" >&2
    exit 1
fi
# What unpacks the program ends where the packed bytes begin.
packed=$("$bin/nds32le-elf-nm" "$load" | awk '$3 == "stub_packed" { print "0x" $1 }')
{ mnemonics "$stub"; mnemonics "$load" "--stop-address=$packed"; } | grep -v '^\.' |
    sort -u >"$out/stub.names"
if comm -23 "$out/stub.names" "$tested" | grep .; then
    echo "^ is in the stub, but not in $tested" >&2
    exit 1
fi
echo "the stub uses $(wc -l <"$out/stub.names") of $(wc -l <"$tested") tested mnemonics"
