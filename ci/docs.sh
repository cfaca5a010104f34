#!/usr/bin/env bash
# The examples in the documentation, and the book: built, and its links followed. (The book's chapters are doctests,
# too.) `ci/pages.sh` looks at the pages.
#
# Without mdbook the lane installs it below target/tools, which takes a minute or two once.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

count_tests cargo test --no-fail-fast --doc --all-features
book
check rustc --edition 2024 -O -o target/tools/links ci/links.rs
check target/tools/links target/book
finish
