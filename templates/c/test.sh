#!/bin/sh
# Builds the unit tests for this machine and runs them.
set -eu
cd "$(dirname "$0")"
mkdir -p build
"${CC:-cc}" -std=c17 -Wall -Wextra -o build/test test.c slug.c
build/test
