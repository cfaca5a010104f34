#!/usr/bin/env bash
# Programs and crates that others wrote, unchanged, with rayon-core and with `rayon-core/` in its place:
# the same output byte for byte, and their own tests. Fetched from crates.io by exact version into
# target/ecosystem (network); nothing of theirs is part of this repository. Takes longer than a lane of
# `.ci/run` may: run by hand.
#
#   ci/ecosystem.sh                        everything
#   ci/ecosystem.sh b3sum tokei            these programs
#   ci/ecosystem.sh tests                  the tests of crates
#   ROUNDS=25 TIMES=1 ci/ecosystem.sh ...  also the time of each program at 1, 2 and 8 threads: medians
#                                          over rounds that run both
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

root=$PWD
eco=$root/target/ecosystem
cargo=${CARGO:-cargo}
parts=${*:-b3sum tokei oxipng tests}
rounds=${ROUNDS:-5}
mkdir -p "$eco"

# fetch NAME VERSION FEATURES: the published source, in $eco/NAME.
fetch() {
    [ -d "$eco/$1-patched" ] && return
    rm -rf "${eco:?}/$1"
    mkdir -p "$eco/fetch-$1/src"
    echo > "$eco/fetch-$1/src/lib.rs"
    cat > "$eco/fetch-$1/Cargo.toml" <<TOML
[package]
name = "fetch"
edition = "2024"
[dependencies]
$1 = "=$2"
[workspace]
TOML
    (cd "$eco/fetch-$1" && cargo vendor --quiet > /dev/null)
    cp -r "$eco/fetch-$1/vendor/$1" "$eco/$1"
    rm -rf "$eco/fetch-$1"
    # The same versions on both sides, and none so old that manyhands cannot use it: cargo would ignore
    # the patch.
    echo '[workspace]' >> "$eco/$1/Cargo.toml"
    (cd "$eco/$1" && cargo update --quiet && cargo update --quiet -p rayon-core --precise 1.13.0)
    cp -r "$eco/$1" "$eco/$1-patched"
    cat >> "$eco/$1-patched/Cargo.toml" <<TOML
[patch.crates-io]
rayon-core = { path = "$root/rayon-core" }
TOML
    (cd "$eco/$1-patched" && cargo update --quiet -p rayon-core)
    if grep -A 2 'name = "rayon-core"' "$eco/$1-patched/Cargo.lock" | grep -q source; then
        echo "the patch of $1 is not used"
        exit 1
    fi
}

# program NAME VERSION: both builds, as $eco/bin/NAME and $eco/bin/NAME-patched.
program() {
    fetch "$1" "$2"
    mkdir -p "$eco/bin"
    local side
    for side in "$1" "$1-patched"; do
        check "$cargo" build --release --bin "$1" --manifest-path "$eco/$side/Cargo.toml" --target-dir "$eco/target"
        cp "$eco/target/release/$1" "$eco/bin/$side"
    done
    if cmp -s "$eco/bin/$1" "$eco/bin/$1-patched"; then
        echo "both builds of $1 are the same program"
        exit 1
    fi
}

# same NAME PREPARE ARGUMENTS...: both print the same; at 1, 2 and 8 threads.
same() {
    local name=$1 before=$2 threads
    shift 2
    for threads in 1 2 8; do
        export RAYON_NUM_THREADS=$threads
        $before
        "$eco/bin/$name" "$@" > "$eco/out" 2>&1
        ! [ -d "$eco/work" ] || (cd "$eco/work" && sha256sum ./*) >> "$eco/out"
        $before
        "$eco/bin/$name-patched" "$@" > "$eco/out-patched" 2>&1
        ! [ -d "$eco/work" ] || (cd "$eco/work" && sha256sum ./*) >> "$eco/out-patched"
        check cmp "$eco/out" "$eco/out-patched"
        [ -z "${TIMES:-}" ] || times "$name" "$before" "$@"
    done
}

# Runs one of both: its time in microseconds.
time_of() {
    local start
    start=$(date +%s%N)
    "$eco/bin/$1" "${@:2}" > /dev/null 2>&1
    echo $((($(date +%s%N) - start) / 1000))
}

# The medians of both, in rounds that each run both; and that of the ratios of the rounds.
times() {
    local name=$1 before=$2 round stock patched
    shift 2
    for round in $(seq "$rounds"); do
        $before
        [ $((round % 2)) -eq 0 ] || stock=$(time_of "$name" "$@")
        $before
        patched=$(time_of "$name-patched" "$@")
        $before
        [ $((round % 2)) -eq 1 ] || stock=$(time_of "$name" "$@")
        echo "$stock $patched"
    done > "$eco/times"
    echo "$name, $RAYON_NUM_THREADS threads: rayon-core $(median '$1 / 1000') ms," \
        "here $(median '$2 / 1000') ms, ratio $(median '$2 / $1')"
}

# The median of an expression over the lines of $eco/times.
median() {
    awk "{ print $1 }" "$eco/times" | sort -n | sed -n "$(((rounds + 1) / 2))p"
}

# A file of 256 MB, the same in every run.
big_file() {
    [ -f "$eco/big" ] || head -c 268435456 /dev/zero | openssl enc -aes-128-ctr -nosalt -K 0 -iv 0 \
        2> /dev/null > "$eco/big"
}

# A tree for tokei: what cargo has fetched so far, as it was at the first run.
tree() {
    [ -d "$eco/tree" ] || cp -r "${CARGO_HOME:-$HOME/.cargo}/registry/src" "$eco/tree"
}

fresh_pictures() {
    rm -rf "$eco/work"
    cp -r "$eco/pictures" "$eco/work"
}

for part in $parts; do
    case $part in
        b3sum)
            program b3sum 1.8.7
            big_file
            same b3sum : "$eco/big"
            ;;
        tokei)
            # Its table is sorted by name; files of equal size have no order of their own.
            program tokei 15.0.0
            tree
            same tokei : --sort lines "$eco/tree"
            ;;
        oxipng)
            program oxipng 9.1.5
            rm -rf "$eco/pictures"
            mkdir "$eco/pictures"
            ci/ecosystem-pictures.pl "$eco/pictures" 12 400
            fresh_pictures
            same oxipng fresh_pictures -o 2 --quiet "$eco/work"/*.png
            rm -rf "$eco/work"
            ;;
        tests)
            for crate in indexmap:2.14.2:rayon hashbrown:0.17.2:rayon ndarray:0.17.2:rayon; do
                name=${crate%%:*}
                features=${crate##*:}
                version=${crate#*:}
                fetch "$name" "${version%%:*}"
                count_tests "$cargo" test --no-fail-fast --features "$features" \
                    --manifest-path "$eco/$name-patched/Cargo.toml" --target-dir "$eco/target"
            done
            ;;
        *) echo "no part $part"; exit 1 ;;
    esac
done
finish
