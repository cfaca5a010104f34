#!/usr/bin/env bash
# Everything once more under AddressSanitizer and LeakSanitizer. First a canary: two programs with
# an error each, which must be reported, else the lane proves nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

need_sanitizer AddressSanitizer
flags="-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer"
export ASAN_OPTIONS=detect_stack_use_after_return=1:detect_leaks=1

mkdir -p target/asan
# shellcheck disable=SC2086
check rustc --edition 2024 -O $flags --target "$target" -o target/asan/canary ci/canary/asan.rs
check target/asan/canary none
check canary target/asan/canary use-after-free "heap-use-after-free"
check canary target/asan/canary leak "detected memory leaks"

export RUSTFLAGS="$flags"
export MANYHANDS_STRESS_ROUNDS="${MANYHANDS_STRESS_ROUNDS:-10}"
# Three tests run examples.
check cargo build --quiet --example actors --example census --example pipeline --target "$target" --target-dir target/asan

run() {
    count_tests cargo test --no-fail-fast --target "$target" --target-dir target/asan "$@"
}

# What panics inside a destructor that runs because of a panic leaks the second payload, on purpose
# (`unwind::discard`), and so do the values that such a payload holds. These tests run without the
# leak check.
leaky=(panics:: what_stays_home a_payload_that_panics a_panicking_waker_of_the_awaiter)
# Stack frames under the sanitizer are many times as large, and partly elsewhere: tests of stack depth
# say nothing.
skipped=(--skip chains_of_spawns_do_not_grow_the_stack
    --skip stacks_are_as_deep_as_the_program_nests)
for name in "${leaky[@]}"; do
    skipped+=(--skip "$name")
done
# Left out: tests/faults_process.rs, whose limits on memory and stack the sanitizer itself exceeds,
# and tests/use_current_thread.rs, whose pool stays for good by design.
run --lib --test it --test stress --test allocations --test actors --test census --test pipeline --test global_pool \
    -- "${skipped[@]}"
ASAN_OPTIONS=detect_stack_use_after_return=1:detect_leaks=0
run --lib --test it -- "${leaky[@]}"
finish
