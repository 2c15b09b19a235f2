#!/bin/sh
# Builds build/my-plugin.wasm. Needs Rust and its target wasm32-wasip2: rustup target add wasm32-wasip2
# Where that is not to be had, another target makes a core module, and Node the component of it.
set -eu
cd "$(dirname "$0")"
mkdir -p build
target=wasm32-wasip2
for there in wasm32-wasip2 wasm32-wasip1 wasm32-unknown-unknown; do
  if [ -d "$(rustc --print target-libdir --target "$there" 2>/dev/null)" ]; then
    target=$there
    break
  fi
done
cargo build --release --target "$target"
built="${CARGO_TARGET_DIR:-target}/$target/release/my_plugin.wasm"
if [ "$target" = wasm32-wasip2 ]; then
  cp "$built" build/my-plugin.wasm
else
  npx wasm-plugin-pool componentize "$built" build/my-plugin.wasm
fi
