#!/bin/sh
# Builds the plugin from its C sources: build.sh [OUTPUT], by default redact.wasm beside this file, and then also the lock.
# Needs clang 22, wasm-ld 22 and Node. The same sources and tools give the same bytes. CC, LD and NODE name other tools.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
CC=${CC:-clang-22} LD=${LD:-wasm-ld-22} NODE=${NODE:-node}
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT

for source in *.c; do
  "$CC" --target=wasm32-unknown-unknown -std=c17 -O2 -ffreestanding -nostdlib -fvisibility=hidden -mbulk-memory \
    -Wall -Wextra -Werror -c "$source" -o "$objects/$source.o"
done
# The stack first: one that overflows traps below address zero instead of overwriting static data.
"$LD" --no-entry --stack-first -z stack-size=16384 --gc-sections --strip-all "$objects"/*.o -o "$objects/core.wasm"
"$NODE" link.ts "$objects/core.wasm" "$("$CC" --version | head -n 1)" "$@"
