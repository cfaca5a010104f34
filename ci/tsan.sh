#!/usr/bin/env bash
# The crate's own tests and the stress tests under ThreadSanitizer. First a canary: a program with a race,
# which must be reported, and the same without, which must not.
#
# std comes without the sanitizer's instrumentation; what has to be told because of that: src/sync/tsan.rs and
# ci/tsan.supp.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

need_sanitizer ThreadSanitizer
flags="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer"
# The default pool lives as long as the process, and joins a spare thread that has ended when the next one
# ends: what it has not joined at the exit is no leak.
export TSAN_OPTIONS="suppressions=$PWD/ci/tsan.supp history_size=4 report_thread_leaks=0"

mkdir -p target/tsan
# shellcheck disable=SC2086
check rustc --edition 2024 -O $flags --target "$target" -o target/tsan/canary ci/canary/tsan.rs
check target/tsan/canary none
check canary target/tsan/canary race "data race"

export RUSTFLAGS="$flags --cfg manyhands_tsan"
export MANYHANDS_STRESS_ROUNDS="${MANYHANDS_STRESS_ROUNDS:-20}"
# Left out: a test that looks at what threads did after `thread::scope`, whose end the sanitizer does not see.
count_tests cargo test --no-fail-fast --target "$target" --target-dir target/tsan --lib --test stress -- \
    --skip no_job_of_a_stream_is_left_lying
finish
