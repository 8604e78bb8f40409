#!/bin/bash
# The adapter is pulled out in the middle of a backup: status 6, a result
# object, the part that was read is kept and a resume finishes it.
. "$(dirname "$0")/lib.sh"
factory bk7231n flash.bin
serve bk7231n,flash=flash.bin,power=cycle:2000,pace=1 --tcp 127.0.0.1:0
"$PLUGFLASH" --format json -p "tcp://$address" backup -o copy.bin >out 2>err &
pid=$!
until grep -q '"phase":"read".*"done":[1-9]' out; do kill -0 $pid; sleep 0.05; done
kill -KILL "$server"
got=0
wait $pid || got=$?
[ "$got" -eq 6 ] || { echo "status $got"; tail -3 out; exit 1; }
tail -1 out | jq -e '.ev == "result" and .status == 6'
[ ! -e copy.bin ] && [ -s copy.bin.part ]
expect 0 "$PLUGFLASH" -p "sim:bk7231n,flash=flash.bin" backup -o copy.bin --resume
cmp flash.bin copy.bin
