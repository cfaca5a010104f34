#!/usr/bin/env bash
# rayon's own tests and documented programs, run against this crate. Fetches the sources of rayon
# into target/rayon-suite (network); no text of theirs is part of this repository.
#
#   ci/rayon-suite.sh                     everything
#   ci/rayon-suite.sh iter|core|docs      one part
#   SUITE_SPARES=0 ci/rayon-suite.sh core  the same, on pools without spare threads
#
# Tests that cannot pass are taken out; the book's chapter "What is checked, and what is not" says why.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

root=$PWD
suite=$root/target/rayon-suite
parts=${*:-iter core docs}

# A crate with the two versions as dependencies, to have their sources vendored.
mkdir -p "$suite/fetch/src"
echo > "$suite/fetch/src/lib.rs"
cat > "$suite/fetch/Cargo.toml" <<TOML
[package]
name = "fetch"
edition = "2024"
[dependencies]
rayon = "=1.12.0"
rayon-core = "=1.13.0"
[workspace]
TOML
(cd "$suite/fetch" && cargo vendor --quiet > /dev/null)
rayon=$suite/fetch/vendor/rayon
core=$suite/fetch/vendor/rayon-core

# crate NAME DEPENDENCIES: an empty crate of the suite.
crate() {
    rm -rf "${suite:?}/$1"
    mkdir -p "$suite/$1/src" "$suite/$1/tests"
    echo > "$suite/$1/src/lib.rs"
    cat > "$suite/$1/Cargo.toml" <<TOML
[package]
name = "$1"
version = "1.0.0"
edition = "${3:-2021}"
[dependencies]
$2
[workspace]
TOML
}

# drop_tests FILE NAME...: takes tests out of a file.
drop_tests() {
    local file=$1 name
    shift
    for name in "$@"; do
        perl -0pi -e "s/#\\[test\\]\\n(#\\[[^\\n]*\\]\\n)*fn $name\\(.*?\\n\\}\\n//s or die '$name'" "$file"
    done
}

tools='rand = "0.9"
rand_xorshift = "0.4"
crossbeam-utils = "0.8"
scoped-tls = "1"
libc = "0.2"'

crate shim "manyhands = { path = \"$root\" }"
cp ci/rayon-suite/shim.rs "$suite/shim/src/lib.rs"

# The tests of parallel iterators: this crate under rayon's name, nothing between.
crate iter "rayon = { package = \"manyhands\", path = \"$root\" }
$tools"
to=$suite/iter/tests
cp "$rayon"/tests/*.rs "$to"
{
    echo 'use rayon::iter::{plumbing::*, *}; use std::collections::LinkedList;'
    sed '/^use super::\*/d; s/^use rayon_core::/use rayon::/; s/crate::/rayon::/' "$rayon/src/iter/test.rs"
} > "$to/iter_test.rs"
sed 's/crate::/rayon::/' "$rayon/src/slice/test.rs" > "$to/slice_test.rs"
for name in range range_inclusive; do
    # From the first test on: they stand at the end.
    sed -n '/^#\[test\]/,$ { s/crate::/rayon::/; p }' "$rayon/src/$name.rs" > "$to/$name.rs"
    sed -i '1i use rayon::prelude::*;' "$to/$name.rs"
done
drop_tests "$to/range.rs" check_range_split_at_overflow test_i128_len_doesnt_overflow
for name in fold_chunks fold_chunks_with; do
    sed -n '/^mod test/,$ { s/super::\*/rayon::prelude::*/; p }' "$rayon/src/iter/$name.rs" \
        > "$to/$name.rs"
done
drop_tests "$to/iter_test.rs" fold_is_full
rm "$to/named-threads.rs"
sed -i '/^sort!(par_sort_by, /d; /^sort!(par_sort_unstable_by, /d' "$to/slice_test.rs"

# The tests of pools, joins and scopes, through the shim.
crate core "rayon-core = { package = \"shim\", path = \"$suite/shim\" }
$tools"
to=$suite/core/tests
cp "$core"/tests/*.rs "$to"
for name in join scope spawn broadcast thread_pool; do
    sed 's/use super::/use rayon_core::/; s/crate::/rayon_core::/; s/\bunwind::/rayon_core::&/;
        s/rayon_core::rayon_core::/rayon_core::/' "$core/src/$name/test.rs" > "$to/${name}_test.rs"
done
sed 's/crate::/rayon_core::/' "$core/src/test.rs" > "$to/test.rs"
rm "$to/double_init_fail.rs"
drop_tests "$to/join_test.rs" join_context_both
drop_tests "$to/spawn_test.rs" lifo_order lifo_fifo_order fifo_lifo_order \
    mixed_lifo_fifo_order mixed_fifo_lifo_order
drop_tests "$to/thread_pool_test.rs" spawn_lifo_order

# The programs in the documentation, among them those that must not compile.
crate docs "rayon = { package = \"shim\", path = \"$suite/shim\" }
$tools" 2024
find "$rayon/src" "$core/src" -name '*.rs' ! -name must_use.rs | sort | xargs awk '
    {
        line = $0
        if (open) sub(/^[ \t]*\/\/[\/!] ?/, "", line)
        else if (!sub(/^[ \t]*(\/\/[\/!]|\/\*!) ?/, "", line)) next
    }
    !open && line ~ /^```/ { open = 1; n += 1; print "/// " line; next }
    open && line ~ /^```/ { open = 0; printf "/// ```\n#[doc = \"%s\"]\npub mod d%d {}\n", FILENAME ":" FNR, n; next }
    open { print "/// " line }
' | sed 's/rayon_core/rayon/g' > "$suite/docs/src/lib.rs"
cp "$rayon/src/compile_fail/must_use.rs" "$suite/docs/src"
echo 'mod must_use;' >> "$suite/docs/src/lib.rs"

for part in $parts; do
    flags=$([ "$part" = docs ] && echo --doc || echo --tests)
    count_tests cargo test --no-fail-fast "$flags" --manifest-path "$suite/$part/Cargo.toml" \
        --target-dir "$suite/target"
done
finish
