#!/bin/bash
# Afterclick, everything on: access tokens of an issuer, heartbeats, history, metrics, and durable writes.
# Port 9341 (INSTANCES=3: also 9351 and 9361, on one database).
#
#   DATABASE=postgres://…  on that database, empty before the first run, instead of SQLite in a file
#   PROGRAM=FILE           of another build
. "${COMMON:-$(dirname "$0")/../../../../shared/bench/peers/common.sh}"
STATE=$STATE${DATABASE:+-elsewhere}
ROOT=$(cd "$HERE/../../.." && pwd)
PROGRAM=${PROGRAM:-${CARGO_TARGET_DIR:-$ROOT/target}/release/afterclick}
mkdir -p "$STATE/data"

export AFTERCLICK_DATABASE_URL=${DATABASE:-sqlite:$STATE/data/afterclick.db}
export AFTERCLICK_SECRET=a-secret-of-the-benches-and-of-nobody-else AFTERCLICK_ISSUERS=$STATE/issuers.toml
# All streams of some measures are one user's.
export AFTERCLICK_STREAMS_PER_USER=20000 AFTERCLICK_POLLS_PER_USER=20000
export AFTERCLICK_LOG_FORMAT=json RUST_LOG=warn

serve() {
    for n in $(seq 0 $((${INSTANCES:-1} - 1))); do
        AFTERCLICK_LISTEN=127.0.0.1:$((9341 + 10 * n)) launch "$PROGRAM"
        wait_port $((9341 + 10 * n))
    done
}

# Once: tokens, a backend's key, and users who are there before their streams are.
prepare() {
    rm -rf "$STATE/data"
    mkdir "$STATE/data"
    "$HERE/prepare.py" issuer "$STATE"
    "$PROGRAM" keys create --name bench >"$STATE/key" 2>>"$STATE/log"
    serve
    "$HERE/prepare.py" users 9341 "$STATE/key" 10000
    stop_all
    rm -rf "$STATE/prepared"
    cp -r "$STATE/data" "$STATE/prepared"
}

start() {
    rm -rf "$STATE/data"
    cp -r "$STATE/prepared" "$STATE/data"
    # Or the first COMMIT writes the whole copy to the disk.
    sync "$STATE"/data/*
    serve
}

if [ "${1:-}" = prepare ]; then prepare; else main "$@"; fi
