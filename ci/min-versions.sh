#!/usr/bin/env bash
# The oldest versions that Cargo.toml allows of each dependency compile, with all features.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

# A copy, so that the lock file here stays as it is. The option is unstable.
export RUSTC_BOOTSTRAP=1
copy=target/min-versions/copy
rm -rf "$copy"
mkdir -p "$copy"
cp -r Cargo.toml Cargo.lock build.rs README.md src tests examples benches macros rayon-core "$copy"
check cargo update -Zdirect-minimal-versions --manifest-path "$copy/Cargo.toml"
check cargo check --locked --all-features --manifest-path "$copy/Cargo.toml" \
    --target-dir target/min-versions
finish
