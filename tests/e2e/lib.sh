# lib.sh - for scenarios that run the real binary against `plugflash sim`.
#
# Sourced with PLUGFLASH (the binary) and SHIM_PRELOAD (what LD_PRELOAD needs
# for the pty shim) set by ctest. Each scenario gets an empty folder, removed when it ends, and a
# virtual plug of its own, stopped when it ends.
set -euo pipefail

dir=$(mktemp -d)
server=
finish() {
    status=$?
    [ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
    [ $status -eq 0 ] || { echo "-- stderr of the last run:"; tail -20 "$dir/err" 2>/dev/null || true
                           echo "-- stderr of the server:"; tail -20 "$dir/server.err" 2>/dev/null || true; }
    rm -rf "$dir"
    exit $status
}
trap finish EXIT
cd "$dir"

# factory CHIP FILE: the flash of a synthetic plug, as a file.
factory() {
    "$PLUGFLASH" -q -p "sim:$1" backup -o "$2" >/dev/null
}

# serve SPEC HOW...: start a virtual plug; sets $address.
serve() {
    : >server.out
    "$PLUGFLASH" sim "$@" >server.out 2>server.err &
    server=$!
    for _ in $(seq 100); do
        address=$(sed -n 's/^ready //p' server.out)
        [ -z "$address" ] || return 0
        kill -0 "$server" 2>/dev/null || { echo "the server ended early"; return 1; }
        sleep 0.1
    done
    echo "the server never got ready"
    return 1
}

# expect STATUS COMMAND...: run it, compare the exit status.
expect() {
    local want=$1 got=0
    shift
    "$@" >out 2>err || got=$?
    [ "$got" -eq "$want" ] || { echo "exit status $got, expected $want: $*"; cat out; return 1; }
}
