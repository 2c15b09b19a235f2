#!/bin/sh
# Builds the plugin from its sources: build.sh [OUTPUT], by default timestamps.wasm beside this file, and then also the lock.
# Needs Go 1.24 or later, and Node 24.2 or later. GO and NODE name other tools.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
GO=${GO:-go} NODE=${NODE:-node}
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
GOOS=wasip1 GOARCH=wasm "$GO" build -trimpath -buildvcs=false -buildmode=c-shared -ldflags='-s -w' -o "$objects/core.wasm" .
"$NODE" ../prebuilt.ts timestamps "$objects/core.wasm" "$("$GO" env GOVERSION)" "$@"
