#!/usr/bin/env bash
# rayon's own tests and documented programs, run against this repository. Fetches the sources of rayon
# into target/rayon-suite (network); no text of theirs is part of this repository.
#
#   ci/rayon-suite.sh                             the lane: core
#   ci/rayon-suite.sh core core-docs rayon iter   everything
#
#   iter       rayon's tests of parallel iterators, on manyhands under the name `rayon`
#   core       rayon-core's unit and integration tests, on `rayon-core/`
#   core-docs  the programs in rayon-core's documentation, on `rayon-core/`
#   rayon      rayon itself, unchanged, with its unit, integration and documentation tests, on
#              `rayon-core/` by `[patch.crates-io]`
#
# Tests that cannot pass are taken out; the book's chapter "What is checked, and what is not" says why.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

root=$PWD
suite=$root/target/rayon-suite
parts=${*:-core}

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
[ -d "$suite/fetch/vendor/rayon-core" ] || (cd "$suite/fetch" && cargo vendor --quiet > /dev/null)
rayon=$suite/fetch/vendor/rayon
core=$suite/fetch/vendor/rayon-core

# crate NAME DEPENDENCIES EDITION: an empty crate of the suite.
crate() {
    rm -rf "${suite:?}/$1"
    mkdir -p "$suite/$1/src" "$suite/$1/tests"
    echo > "$suite/$1/src/lib.rs"
    cat > "$suite/$1/Cargo.toml" <<TOML
[package]
name = "$1"
version = "1.13.0"
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

# manyhands under rayon's name, nothing between.
make_iter() {
    crate iter "rayon = { package = \"manyhands\", path = \"$root\" }
$tools"
    local to=$suite/iter/tests
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
}

# `rayon-core/` with the unit tests of the crate that it stands in for, each in the module that has the
# functions: as it is there, so no test is edited.
make_core() {
    crate rayon-core "manyhands = { path = \"$root\", default-features = false }
$tools"
    local to=$suite/rayon-core
    cp -r rayon-core/src "$to"
    cp "$core"/tests/*.rs "$to/tests"
    cp ci/rayon-suite/inside.rs "$to/src"
    cat >> "$to/src/lib.rs" <<'RUST'
#[cfg(test)]
mod inside;
#[cfg(test)]
mod unwind {
    pub(crate) use crate::inside::halt_unwinding;
}
#[cfg(test)]
mod test;
RUST
    echo '#[cfg(test)] pub(crate) use crate::inside::in_worker;' >> "$to/src/registry.rs"
    echo '#[cfg(test)] #[allow(unused_imports)] use crate::unwind;' >> "$to/src/fork.rs"
    cp "$core/src/test.rs" "$to/src"
    local theirs ours
    for pair in join:fork scope:fork spawn:spawn broadcast:broadcast thread_pool:pool; do
        theirs=${pair%%:*}
        ours=${pair##*:}
        mkdir -p "$to/src/$ours"
        cp "$core/src/$theirs/test.rs" "$to/src/$ours/$theirs.rs"
        echo "#[cfg(test)] #[path = \"$ours/$theirs.rs\"] mod test_of_$theirs;" >> "$to/src/$ours.rs"
    done
}

# The programs in the documentation of rayon-core, among them those that must not compile.
make_core_docs() {
    crate core-docs "rayon-core = { path = \"$root/rayon-core\" }
$tools" 2024
    find "$core/src" -name '*.rs' | sort | xargs awk '
        {
            line = $0
            if (open) sub(/^[ \t]*\/\/[\/!] ?/, "", line)
            else if (!sub(/^[ \t]*(\/\/[\/!]|\/\*!) ?/, "", line)) next
        }
        !open && line ~ /^```/ { open = 1; n += 1; print "/// " line; next }
        open && line ~ /^```/ { open = 0; printf "/// ```\n#[doc = \"%s\"]\npub mod d%d {}\n", FILENAME ":" FNR, n; next }
        open { print "/// " line }
    ' > "$suite/core-docs/src/lib.rs"
    # Most of them say `rayon::` for what both crates have.
    cat >> "$suite/core-docs/Cargo.toml" <<TOML
[dev-dependencies]
rayon = "=1.12.0"
[patch.crates-io]
rayon-core = { path = "$root/rayon-core" }
TOML
}

# rayon as it was published.
make_rayon() {
    rm -rf "$suite/rayon"
    cp -r "$rayon" "$suite/rayon"
    cat >> "$suite/rayon/Cargo.toml" <<TOML
[workspace]
[patch.crates-io]
rayon-core = { path = "$root/rayon-core" }
TOML
}

for part in $parts; do
    folder=$part
    case $part in
        iter) make_iter; flags="--tests" ;;
        core) make_core; folder=rayon-core; flags="--tests" ;;
        core-docs) make_core_docs; flags="--doc" ;;
        rayon) make_rayon; flags="" ;;
        *) echo "no part $part"; exit 1 ;;
    esac
    # shellcheck disable=SC2086
    count_tests ${CARGO:-cargo} test --no-fail-fast $flags --manifest-path "$suite/$folder/Cargo.toml" \
        --target-dir "$suite/target"
done
finish
