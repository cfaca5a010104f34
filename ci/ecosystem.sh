#!/usr/bin/env bash
# Programs and crates that others wrote, unchanged, with rayon-core and with `rayon-core/` in its place:
# the same output byte for byte, and their own tests. Fetched from crates.io by exact version into
# target/ecosystem (network); nothing of theirs is part of this repository. Takes longer than a lane of
# `.ci/run` may: run by hand.
#
#   ci/ecosystem.sh                        everything
#   ci/ecosystem.sh b3sum tokei            these programs
#   ci/ecosystem.sh tests                  the tests of crates
#   ROUNDS=11 TIMES=1 ci/ecosystem.sh ...  also the time of each program at 1, 2 and 8 threads,
#                                          interleaved: medians and minima in milliseconds
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
    # The lock file that is published with the crate, on both sides; but for rayon-core.
    echo '[workspace]' >> "$eco/$1/Cargo.toml"
    (cd "$eco/$1" && cargo update --quiet -p rayon-core --precise 1.13.0)
    cp -r "$eco/$1" "$eco/$1-patched"
    cat >> "$eco/$1-patched/Cargo.toml" <<TOML
[patch.crates-io]
rayon-core = { path = "$root/rayon-core" }
TOML
    (cd "$eco/$1-patched" && cargo update --quiet -p rayon-core)
    grep -A 2 'name = "rayon-core"' "$eco/$1-patched/Cargo.lock" | grep -q -v source
}

# program NAME VERSION: both builds, as $eco/bin/NAME and $eco/bin/NAME-patched.
program() {
    fetch "$1" "$2"
    mkdir -p "$eco/bin"
    local side
    for side in "$1" "$1-patched"; do
        (cd "$eco/$side" && "$cargo" build --quiet --release --bin "$1" --target-dir "$eco/target")
        cp "$eco/target/release/$1" "$eco/bin/$side"
    done
    # Nobody has measured the same program twice.
    ! cmp -s "$eco/bin/$1" "$eco/bin/$1-patched"
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

# The medians and minima of both, in turns.
times() {
    local name=$1 before=$2 side round start
    shift 2
    : > "$eco/$name.times"
    for round in $(seq "$rounds"); do
        for side in "$name" "$name-patched"; do
            $before
            start=$(date +%s%N)
            "$eco/bin/$side" "$@" > /dev/null 2>&1
            echo "$side $((($(date +%s%N) - start) / 1000))" >> "$eco/$name.times"
        done
    done
    for side in "$name" "$name-patched"; do
        grep "^$side " "$eco/$name.times" | sort -k2n | awk -v n="$rounds" -v side="$side" \
            -v threads="$RAYON_NUM_THREADS" '
            NR == 1 { min = $2 } NR == int((n + 1) / 2) { median = $2 }
            END { printf "%-16s %d threads: median %8.1f ms, minimum %8.1f ms\n", side, threads, median / 1000, min / 1000 }'
    done
}

# A file of 256 MB, the same in every run.
big_file() {
    [ -f "$eco/big" ] || head -c 268435456 /dev/zero | openssl enc -aes-128-ctr -nosalt -K 0 -iv 0 \
        2> /dev/null > "$eco/big"
}

# What tokei and oxipng read: the sources of the toolchain's registry, and pictures.
sources() {
    echo "${CARGO_HOME:-$HOME/.cargo}/registry/src"
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
            same tokei : --sort lines "$(sources)"
            ;;
        oxipng)
            program oxipng 9.1.5
            rm -rf "$eco/pictures"
            mkdir "$eco/pictures"
            find "$(sources)" -name '*.png' -size +8k | sort | head -n 24 | while read -r picture; do
                cp "$picture" "$eco/pictures/$(echo "$picture" | sha256sum | head -c 16).png"
            done
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
