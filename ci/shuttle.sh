#!/usr/bin/env bash
# Whole pools under random schedules.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

# Panics that the models expect are told in a line each.
export RUST_BACKTRACE=0
# Models use only some of the tools of the tests.
export RUSTFLAGS="--cfg manyhands_shuttle --cfg manyhands_model -A dead_code"
export MANYHANDS_SHUTTLE_ITERATIONS="${MANYHANDS_SHUTTLE_ITERATIONS:-5000}"
count_tests cargo test --no-fail-fast --release --lib --target-dir target/shuttle -- \
    --test-threads=2 --nocapture shuttle
# Those of a paused clock, with the feature that has one.
count_tests cargo test --no-fail-fast --release --features test-util --lib --target-dir target/shuttle -- \
    --test-threads=2 --nocapture shuttle_a_paused
finish
