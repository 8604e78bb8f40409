#!/bin/bash
# A whole 2 MiB backup through libserialport itself, on a pty that the preload
# shim makes look like a serial port; its reset line reaches the virtual plug.
. "$(dirname "$0")/lib.sh"
factory bk7231t flash.bin
serve bk7231t,flash=flash.bin,reset=rts,idle=5000,linesock="$dir/lines" --pty "$dir/plug"
pts=$(readlink -f "$dir/plug")
expect 0 env LD_PRELOAD="$SHIM_PRELOAD" PLUGFLASH_SHIM_SOCKET="$dir/lines" \
    "$PLUGFLASH" -v -p "$pts" -b 2000000 backup -o copy.bin
grep -q "opened by libserialport" err
cmp flash.bin copy.bin
sha256sum -c copy.bin.sha256
