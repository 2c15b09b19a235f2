#!/bin/sh
# Builds build/my-plugin.wasm. Needs clang with wasm-ld, and Node for the last step. CC names another clang.
set -eu
cd "$(dirname "$0")"
mkdir -p build
# A core module without a C library, with the functions of the contract under their canonical names. The stack comes
# first: one that overflows traps below address zero instead of overwriting data.
"${CC:-clang}" --target=wasm32-unknown-unknown -std=c17 -O2 -ffreestanding -nostdlib -fvisibility=hidden -mbulk-memory \
  -Wall -Wextra -Wl,--no-entry,--stack-first,-z,stack-size=65536,--gc-sections \
  -o build/core.wasm component.c plugin.c slug.c
# …and the component that holds it.
npx wasm-plugin-pool componentize build/core.wasm build/my-plugin.wasm
