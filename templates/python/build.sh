#!/bin/sh
# Builds build/my-plugin.wasm. Needs componentize-py: pip install -r requirements.txt
set -eu
cd "$(dirname "$0")"
mkdir -p build
componentize-py --wit-path wit --world plugin-world componentize plugin --output build/my-plugin.wasm
