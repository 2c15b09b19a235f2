#!/bin/sh
# Builds the plugin from its sources: build.sh [OUTPUT], by default greys.wasm beside this file, and then also the lock.
# Needs Rust with the target wasm32-unknown-unknown, and Node 24.2 or later. CARGO, RUSTC and NODE name other tools, CARGO_ARGUMENTS adds
# arguments: `-Zbuild-std=std,panic_abort` where Rust comes without the target, as Debian's rustc-web does.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
NODE=${NODE:-node}
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
# No path of the machine in the binary.
export RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$PWD=. --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo"
# shellcheck disable=SC2086
CARGO_TARGET_DIR="$objects" "${CARGO:-cargo}" build --release --locked --target wasm32-unknown-unknown ${CARGO_ARGUMENTS:-}
"$NODE" ../prebuilt.ts greys "$objects/wasm32-unknown-unknown/release/greys.wasm" "$("${RUSTC:-rustc}" --version)" "$@"
