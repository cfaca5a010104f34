#!/usr/bin/env bash
# The models of single protocols, each explored to its end. A model that does not come to its end
# in the time of src/util/model.rs fails.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

# Panics that the models expect are told in a line each.
export RUST_BACKTRACE=0
# Models use only some of the tools of the tests.
export RUSTFLAGS="--cfg manyhands_loom --cfg manyhands_model -A dead_code"
export LOOM_MAX_PREEMPTIONS="${LOOM_MAX_PREEMPTIONS:-3}"
count_tests cargo test --no-fail-fast --release --lib --target-dir target/loom -- \
    --test-threads=2 --nocapture
# Those of a paused clock, with the feature that has one.
count_tests cargo test --no-fail-fast --release --features test-util --lib --target-dir target/loom -- \
    --test-threads=2 --nocapture rest_
finish
