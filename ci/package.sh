#!/usr/bin/env bash
# What `cargo package` makes: it builds, and its tests and the chapters that come with it pass there. (The
# build folder is that of all lanes: what the crate depends on is built once.)
#
#     ci/package.sh            all tests compile; the unit tests and the chapters run
#     ci/package.sh all        the integration tests run, too: minutes more
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
rm -rf target/package
check cargo package --locked --allow-dirty --no-verify --target-dir target
ls -l "target/package/manyhands-$version.crate"
mkdir -p target/package/open
tar -xzf "target/package/manyhands-$version.crate" -C target/package/open
manifest=target/package/open/manyhands-$version/Cargo.toml
check cargo check --locked --tests --manifest-path "$manifest" --target-dir target
tests="--lib"
if [ "${1:-}" = all ]; then
    tests="--lib --test it"
fi
# shellcheck disable=SC2086
count_tests cargo test --locked --no-fail-fast --manifest-path "$manifest" --target-dir target $tests
# (The lane `docs` runs the rest, which is in the same files.)
count_tests cargo test --locked --no-fail-fast --manifest-path "$manifest" --target-dir target \
    --doc book
finish
