#!/usr/bin/env bash
# Installs a Redis server for the tests of the distributed queue, where there is none and it may: as root, on Debian and
# its like. Nothing is started: the tests start servers of their own.
set -euo pipefail
command -v redis-server >/dev/null || command -v valkey-server >/dev/null && exit 0
[ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || {
  echo 'Install redis-server or valkey-server to run the tests of the distributed queue.' >&2
  exit 1
}
# Two files of tests may want it at once.
exec 9>"${TMPDIR:-/tmp}/wasm-plugin-pool-redis.lock"
flock 9
command -v redis-server >/dev/null && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
RUNLEVEL=1 apt-get install -q -y --no-install-recommends redis-server
