#!/usr/bin/env bash
# The examples in the documentation, and the book. (The book's chapters are doctests, too.)
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

count_tests cargo test --no-fail-fast --doc --all-features
if [ ! -f book/book.toml ]; then
    echo "skipped: there is no book"
elif ! command -v mdbook > /dev/null; then
    echo "skipped: mdbook is not installed"
else
    check mdbook build --dest-dir ../target/book book
fi
finish
