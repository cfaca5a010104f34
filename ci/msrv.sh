#!/usr/bin/env bash
# The oldest Rust that Cargo.toml declares: everything compiles, and the unit tests pass.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh
source ci/debian.sh

declared=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
need_debian "$declared." rustc-web cargo-web libstd-rust-web-dev
/usr/bin/rustc --version
check /usr/bin/cargo check --locked --all-features --target-dir target/msrv
count_tests /usr/bin/cargo test --locked --no-fail-fast --target-dir target/msrv --lib
finish
