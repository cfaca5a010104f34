#!/usr/bin/env bash
# The crate's own tests and the stress tests under ThreadSanitizer. First a canary: a program with a race,
# which must be reported, and the same without, which must not.
#
# The sanitizers are unstable options; RUSTC_BOOTSTRAP lets the stable compiler take them. std comes
# without its instrumentation; what the sanitizer has to be told because of that: src/sync/tsan.rs and
# ci/tsan.supp.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

target=x86_64-unknown-linux-gnu
if [ "$(rustc -vV | sed -n 's/^host: //p')" != "$target" ]; then
    echo "skipped: ThreadSanitizer is set up for $target only"
    finish
    exit
fi

export RUSTC_BOOTSTRAP=1
flags="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer"
export TSAN_OPTIONS="suppressions=$PWD/ci/tsan.supp history_size=4"

canary() {
    local log
    log=$(mktemp)
    if target/tsan/canary race > "$log" 2>&1; then
        echo "the race went unnoticed"
        return 1
    fi
    if ! grep -q "data race" "$log"; then
        echo "the canary failed for another reason:"
        cat "$log"
        return 1
    fi
    rm -f "$log"
}

mkdir -p target/tsan
# shellcheck disable=SC2086
check rustc --edition 2024 -O $flags --target "$target" -o target/tsan/canary ci/canary/tsan.rs
check target/tsan/canary none
check canary

export RUSTFLAGS="$flags --cfg manyhands_tsan"
export MANYHANDS_STRESS_ROUNDS="${MANYHANDS_STRESS_ROUNDS:-20}"
# Left out: a test that looks at what threads did after `thread::scope`, whose end the sanitizer does not see.
count_tests cargo test --no-fail-fast --target "$target" --target-dir target/tsan --lib --test stress -- \
    --skip no_job_of_a_stream_is_left_lying
finish
