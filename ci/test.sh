#!/usr/bin/env bash
# The tests that everybody runs, and the API tests once more with optimisation.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

# With all features; the optimised tests are without.
count_tests cargo test --no-fail-fast --all-features
count_tests cargo test --no-fail-fast --release --test it
finish
