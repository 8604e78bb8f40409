#!/bin/bash
# A whole 2 MiB backup over raw TCP, where neither baud nor lines exist: the
# plug's owner power-cycles it.
. "$(dirname "$0")/lib.sh"
factory bk7231n flash.bin
serve bk7231n,flash=flash.bin,power=cycle:2000 --tcp 127.0.0.1:0
expect 0 "$PLUGFLASH" -v -p "tcp://$address" backup -o copy.bin
cmp flash.bin copy.bin
sha256sum -c copy.bin.sha256
