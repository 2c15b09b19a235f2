#!/usr/bin/env bash
# Usage: install-server.sh redis|registry
# Installs what some tests run against, where there is none and it may: as root, on Debian and its like. Nothing is started: the
# tests start servers of their own.
set -euo pipefail
case "${1-}" in
  redis) package=redis-server commands='redis-server valkey-server' for='the distributed queue' ;;
  registry) package=docker-registry commands=docker-registry for='registries of artifacts' ;;
  *) sed -n 2p "$0" >&2 && exit 2 ;;
esac
is_there() {
  local command
  for command in $commands; do
    if command -v "$command" >/dev/null; then return 0; fi
  done
  return 1
}
is_there && exit 0
[ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || {
  echo "Install one of $commands to run the tests of $for." >&2
  exit 1
}
# Two files of tests may want one at once.
exec 9>"${TMPDIR:-/tmp}/wasm-plugin-pool-install.lock"
flock 9
is_there && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
RUNLEVEL=1 apt-get install -q -y --no-install-recommends "$package"
