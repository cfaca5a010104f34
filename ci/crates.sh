#!/usr/bin/env bash
# Crates that people name, in tasks of the pool: the package `tests/ecosystem`, which has a lock file of
# its own. (The lane that runs published programs on `rayon-core/` is another one: ci/ecosystem.sh.)
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

package="--manifest-path tests/ecosystem/Cargo.toml"
# shellcheck disable=SC2086
check cargo fmt $package --check
# On pools without a reactor, where smol's crates wait for events on a thread of their own.
# shellcheck disable=SC2086
count_tests cargo test --no-fail-fast --locked $package --target-dir target/crates
# Inside a tokio runtime: the same, and what asks for tokio's sockets.
# shellcheck disable=SC2086
count_tests cargo test --no-fail-fast --locked $package --target-dir target/crates --features servers
finish
