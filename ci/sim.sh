#!/usr/bin/env bash
# Simulated machines: the simulation itself, programs on it, and the table of how they scale.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

count_tests cargo test --no-fail-fast --features sim --lib sim::
count_tests cargo test --no-fail-fast --release --features sim --test sim
count_tests cargo test --no-fail-fast --release --features sim,test-util --test sim paused
# The whole table, with 64 and 128 cores, takes a minute or three.
check cargo bench --features sim --bench scaling -- --cores 1,2,8,32
finish
