#!/bin/sh
# Builds build/my-plugin.wasm. Needs Go 1.24 or later, and Node for the last step.
set -eu
cd "$(dirname "$0")"
mkdir -p build
# A core module for WASI 0.1, with the functions of the contract under their canonical names…
GOOS=wasip1 GOARCH=wasm go build -trimpath -buildmode=c-shared -ldflags='-s -w' -o build/core.wasm .
# …and the component that holds it.
npx wasm-plugin-pool componentize build/core.wasm build/my-plugin.wasm
