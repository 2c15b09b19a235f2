#!/bin/sh
# Builds build/my-plugin.wasm. Needs Rust and its target wasm32-wasip2: rustup target add wasm32-wasip2
set -eu
cd "$(dirname "$0")"
cargo build --release --target wasm32-wasip2
mkdir -p build
cp "${CARGO_TARGET_DIR:-target}/wasm32-wasip2/release/my_plugin.wasm" build/my-plugin.wasm
