#!/bin/bash
# A whole 2 MiB backup over RFC 2217: baud changes and the reset line travel
# in-band, so the plug is reset from afar.
. "$(dirname "$0")/lib.sh"
factory bk7231t flash.bin
serve bk7231t,flash=flash.bin,reset=rts,idle=5000 --rfc2217 127.0.0.1:0
expect 0 "$PLUGFLASH" -v -p "rfc2217://$address" -b 1500000 backup -o copy.bin
cmp flash.bin copy.bin
sha256sum -c copy.bin.sha256
