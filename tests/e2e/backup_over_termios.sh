#!/bin/bash
# A whole 2 MiB backup through a pty, which libserialport refuses: the termios
# backend takes over by itself.
. "$(dirname "$0")/lib.sh"
factory bk7231n flash.bin
serve bk7231n,flash=flash.bin,power=cycle:2000 --pty "$dir/plug"
expect 0 "$PLUGFLASH" -v -p "$dir/plug" -b 2000000 backup -o copy.bin
grep -q "opened by termios" err
cmp flash.bin copy.bin
sha256sum -c copy.bin.sha256
