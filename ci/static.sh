#!/usr/bin/env bash
# What can be said without running anything: format, lints, documentation.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

check cargo fmt --all --check
check cargo clippy --workspace --all-targets --all-features -- -D warnings
check cargo clippy --no-default-features -- -D warnings
check env RUSTDOCFLAGS=-Dwarnings cargo doc -p rayon-core --no-deps
# Each feature alone, and those of `default` together.
for feature in $(sed -n '/^\[features\]/,/^$/s/^\([a-z-]*\) = .*/\1/p' Cargo.toml); do
    check cargo clippy --no-default-features --features "$feature" -- -D warnings
done
check env RUSTFLAGS="--cfg manyhands_counters" cargo clippy --target-dir target/counters -- -D warnings
# How the source tree is built; prints its measures.
count_tests ci/house.sh
check env RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps --all-features
# For those who read the source: links between private items.
check env RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps --all-features --document-private-items
if [ -d benches/compare ]; then
    check cargo check --locked --benches --manifest-path benches/compare/Cargo.toml \
        --target-dir target/compare
else
    echo "skipped: there is no benches/compare"
fi
finish
