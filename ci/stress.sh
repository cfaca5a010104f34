#!/usr/bin/env bash
# Exactly-once accounting on real threads, plain and with seeded delays; random programs; all pairs
# of waits on simulated machines, under ten times as many seeds as in the lane `sim` (by hand; three
# times as many in a run of all lanes).
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

export MANYHANDS_STRESS_ROUNDS="${MANYHANDS_STRESS_ROUNDS:-100}"
count_tests cargo test --no-fail-fast --release --test stress -- --nocapture
MANYHANDS_SIM_SEEDS="${MANYHANDS_STRESS_SEEDS:-1000}" \
    count_tests cargo test --no-fail-fast --release --features sim --test sim waits
MANYHANDS_PROGRAMS="${MANYHANDS_PROGRAMS:-5000}" \
    count_tests cargo test --no-fail-fast --release --test programs
export RUSTFLAGS="--cfg manyhands_chaos"
export MANYHANDS_CHAOS_SEED="${MANYHANDS_CHAOS_SEED:-$(date +%s)}"
echo "MANYHANDS_CHAOS_SEED=$MANYHANDS_CHAOS_SEED"
count_tests cargo test --no-fail-fast --release --test stress --target-dir target/chaos -- --nocapture
finish
