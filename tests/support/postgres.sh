#!/usr/bin/env bash
# A private PostgreSQL server: made, run until standard input closes, and gone with all its files.
#
#   tests/support/postgres.sh        prints one line: URL PID FOLDER
#   … standby URL                    the same, for a server that follows the one at URL
#   … durable                        the same, for one that is killed and loses nothing it acknowledged
#
# The line "again" on standard input starts a server that was killed where it was, and prints the
# line again. Whoever starts it holds its standard input open; when that process ends, however it ends, the
# server does too. It listens on 127.0.0.1 and on a socket in FOLDER, never runs as root, and does
# not sync to disk. Used by tests/run (one server a run) and by tests/support/postgres.rs.
set -euo pipefail

tries=20
commit=off
[[ "${1:-}" == durable ]] && commit=on

bin=
for candidate in "${AFTERCLICK_POSTGRES_BIN:-}" /usr/lib/postgresql/*/bin \
    "$(dirname "$0")"/../../target/debs/usr/lib/postgresql/*/bin; do
  if [[ -x "$candidate/initdb" && -x "$candidate/postgres" ]]; then
    bin=$(cd "$candidate" && pwd)
  fi
done
if [[ -z "$bin" ]]; then
  echo "no PostgreSQL server here: run tests/run, or apt-get install postgresql" >&2
  exit 1
fi
# A server unpacked from .debs finds its libraries beside it.
if [[ "$bin" == */target/debs/* ]]; then
  root=${bin%/usr/lib/postgresql/*}
  export LD_LIBRARY_PATH="$root/usr/lib/$(uname -m)-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi

folder=$(mktemp -d /tmp/afterclick-postgres.XXXXXX)
server=
finish() {
  trap - EXIT
  if [[ -n "$server" ]]; then
    kill -INT "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 143' TERM INT HUP

# PostgreSQL refuses to run as root.
as=()
if [[ $(id -u) -eq 0 ]]; then
  user=nobody
  id -u postgres >/dev/null 2>&1 && user=postgres
  as=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups --)
  chown "$user" "$folder"
fi
run() { (cd "$folder" && exec env -u TMPDIR "${as[@]}" "$@"); }

if [[ "${1:-}" == standby ]]; then
  run "$bin/pg_basebackup" -d "$2" -D "$folder/data" -R --no-sync -c fast \
    >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }
  password=${2#*://*:} password=${password%%@*}
else
# Of the kernel's dice; over sockets a test's password is checked as a real one is.
password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$password" >"$folder/password"
chmod 644 "$folder/password"
run "$bin/initdb" -D "$folder/data" -U afterclick --pwfile="$folder/password" --no-sync \
  --auth-host=scram-sha-256 --auth-local=trust --encoding=UTF8 --locale=C \
  >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }
fi

# Runs it until it says that it is ready; `server` is empty where it ended before.
serve() {
  local log=$2 ready=
  : >"$log"
  (cd "$folder" && exec env -u TMPDIR "${as[@]}" "$bin/postgres" -D "$folder/data" -p "$1" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories="$folder" \
    -c fsync=off -c full_page_writes=off -c synchronous_commit="$commit" -c max_connections=300 \
    -c shared_buffers=64MB -c log_checkpoints=off -c cluster_name=afterclick-tests) \
    </dev/null >>"$log" 2>&1 &
  server=$!
  while kill -0 "$server" 2>/dev/null; do
    if grep -q 'ready to accept \(read-only \)\?connections' "$log"; then ready=1; break; fi
    sleep 0.05
  done
  if [[ -z "$ready" ]]; then
    wait "$server" || true
    server=
  fi
}

# PostgreSQL cannot be told to take any port, and one that was free may be taken when it starts:
# so it is asked for a random one, until it gets it. Below the range of outgoing connections.
for ((try = 1; try <= tries; try++)); do
  port=$((10240 + $(od -An -N2 -tu2 /dev/urandom) % 22000))
  serve "$port" "$folder/postgres.$try.log"
  [[ -n "$server" ]] && break
  if ! grep -q 'Address already in use\|could not create any TCP/IP sockets' \
    "$folder/postgres.$try.log"; then
    cat "$folder/postgres.$try.log" >&2
    exit 1
  fi
done
[[ -n "$server" ]] || { echo "no free port in $tries tries" >&2; exit 1; }
tell() { echo "postgres://afterclick:$password@127.0.0.1:$port/postgres $server $folder"; }
tell

# Until the one who started us lets go. `read` rather than `cat`, so that a signal is heard.
while IFS= read -r order; do
  [[ "$order" == again ]] || continue
  wait "$server" || true
  # What a killed server left behind goes a moment after it.
  for ((try = 1; try <= 100; try++)); do
    serve "$port" "$folder/postgres.again.log"
    [[ -n "$server" ]] && break
    sleep 0.1
  done
  tell
done 2>/dev/null || true # bash would tell how a killed one ended
