#!/usr/bin/env bash
# What `cargo package` makes of both crates: it builds, and its tests and the chapters that come with it pass
# there. (The build folder is that of all lanes: what the crate depends on is built once.)
#
#     ci/package.sh            all tests compile; the unit tests and the chapters run
#     ci/package.sh all        the integration tests run, too: minutes more
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
rm -rf target/package
check cargo package -p manyhands -p manyhands-macros --locked --allow-dirty --no-verify --target-dir target
ls -l "target/package/manyhands-$version.crate" "target/package/manyhands-macros-$version.crate"
mkdir -p target/package/open
for crate in manyhands manyhands-macros; do
    tar -xzf "target/package/$crate-$version.crate" -C target/package/open
done
manifest=target/package/open/manyhands-$version/Cargo.toml
# The macros come from their package, and not from crates.io, which the lock file of the package names.
printf '\n[patch.crates-io]\nmanyhands-macros = { path = "../manyhands-macros-%s" }\n' "$version" >> "$manifest"
sed -i '/^name = "manyhands-macros"$/,/^$/{/^source = /d; /^checksum = /d}' "$(dirname "$manifest")/Cargo.lock"
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
