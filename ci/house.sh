#!/usr/bin/env bash
# The measures of the source tree and their limits: tests/it/house.rs, layers.rs, words.rs, wrap.rs.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo test --test it -- --nocapture house:: layers:: source:: words:: wrap::
