#!/bin/bash
# Ctrl-C while waiting for a plug that never answers: status 130, a result
# object, no file left behind.
. "$(dirname "$0")/lib.sh"
serve bk7231n,power=on:3600000 --tcp 127.0.0.1:0
set -m # a background job of a script would ignore SIGINT otherwise
"$PLUGFLASH" --format json -p "tcp://$address" backup -o copy.bin >out 2>err &
pid=$!
until grep -q '"ev":"sync"' out; do kill -0 $pid; sleep 0.05; done
kill -INT $pid
got=0
wait $pid || got=$?
[ "$got" -eq 130 ] || { echo "status $got"; exit 1; }
tail -1 out | jq -e '.ev == "result" and .status == 130 and .err == "canceled"'
[ ! -e copy.bin ]
