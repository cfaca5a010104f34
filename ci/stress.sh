#!/usr/bin/env bash
# Exactly-once accounting on real threads, plain and with seeded delays.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

export MANYHANDS_STRESS_ROUNDS="${MANYHANDS_STRESS_ROUNDS:-100}"
count_tests cargo test --no-fail-fast --release --test stress -- --nocapture
export RUSTFLAGS="--cfg manyhands_chaos"
export MANYHANDS_CHAOS_SEED="${MANYHANDS_CHAOS_SEED:-$(date +%s)}"
echo "MANYHANDS_CHAOS_SEED=$MANYHANDS_CHAOS_SEED"
count_tests cargo test --no-fail-fast --release --test stress --target-dir target/chaos -- --nocapture
finish
