#!/usr/bin/env bash
# Programs and crates that others wrote, unchanged, with rayon-core and with `rayon-core/` in its place:
# the same output byte for byte, and their own tests. Fetched from crates.io by exact version into
# target/ecosystem (network); nothing of theirs is part of this repository. Takes longer than a lane of
# `.ci/run` may: run by hand.
#
#   ci/ecosystem.sh                        everything
#   ci/ecosystem.sh b3sum tokei            these programs
#   ci/ecosystem.sh tests                  the tests of crates
#   ci/ecosystem.sh polars datafusion      programs of `ci/ecosystem/`, as the server is. They are not
#                                          in "everything": each takes over 10 minutes to compile
#   ROUNDS=25 TIMES=1 ci/ecosystem.sh ...  also the time of each program at 1, 2 and 8 threads: medians
#                                          over rounds that run both
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

root=$PWD
eco=$root/target/ecosystem
cargo=${CARGO:-cargo}
parts=${*:-b3sum tokei oxipng exr server tests}
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
    patch_rayon "$eco/$1-patched"
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
    differ "$1"
}

# ours NAME: both builds of a program of `ci/ecosystem/`, as above. Only the patched one has tasks of
# manyhands.
ours() {
    local side features=()
    mkdir -p "$eco/bin"
    for side in "$1" "$1-patched"; do
        mkdir -p "$eco/$side"
        cp -r "ci/ecosystem/$1/." "$eco/$side"
        sed -i "s|path = \"../../..\"|path = \"$root\"|" "$eco/$side/Cargo.toml"
    done
    (cd "$eco/$1" && "$cargo" update --quiet --workspace)
    [ -f "$eco/$1-patched/Cargo.lock" ] || cp "$eco/$1/Cargo.lock" "$eco/$1-patched"
    patch_rayon "$eco/$1-patched"
    for side in "$1" "$1-patched"; do
        [ "$side" = "$1" ] || features=(--features tasks)
        check "$cargo" build --release "${features[@]}" --manifest-path "$eco/$side/Cargo.toml" \
            --target-dir "$eco/target"
        cp "$eco/target/release/$1" "$eco/bin/$side"
    done
    differ "$1"
}

differ() {
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
        export RAYON_NUM_THREADS=$threads POLARS_MAX_THREADS=$threads
        $before
        "$eco/bin/$name" "$@" > "$eco/out" 2>&1
        ! [ -d "$eco/work" ] || (cd "$eco/work" && sha256sum ./*) >> "$eco/out"
        $before
        "$eco/bin/$name-patched" "$@" > "$eco/out-patched" 2>&1
        ! [ -d "$eco/work" ] || (cd "$eco/work" && sha256sum ./*) >> "$eco/out-patched"
        check cmp "$eco/out" "$eco/out-patched"
        [ -z "${TIMES:-}" ] || "${measure:-times}" "$name" "$before" "$@"
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

# The same for a program that prints the milliseconds of its parts if asked by `--times`.
times_of_parts() {
    local name=$1 round part
    shift 2
    for round in $(seq "$rounds"); do
        [ $((round % 2)) -eq 0 ] || "$eco/bin/$name" "$@" --times > "$eco/stock"
        "$eco/bin/$name-patched" "$@" --times > "$eco/patched"
        [ $((round % 2)) -eq 1 ] || "$eco/bin/$name" "$@" --times > "$eco/stock"
        paste -d ' ' "$eco/stock" "$eco/patched"
    done > "$eco/rounds"
    for part in $(awk '!seen[$1]++ { print $1 }' "$eco/rounds"); do
        grep "^$part " "$eco/rounds" > "$eco/times"
        echo "$name, $part, $RAYON_NUM_THREADS threads: rayon-core $(median '$2') ms," \
            "here $(median '$4') ms, ratio $(median '$4 / $2') ($(range '$4 / $2'))"
    done
}

# Half of the rounds lie between these.
range() {
    awk "{ print $1 }" "$eco/times" | sort -n |
        sed -n "$(((rounds + 3) / 4))p;$(((3 * rounds + 1) / 4))p" | paste -sd ' '
}

# The server beside clients that keep the cores busy for 0.75 of the time, and for all of it. A round
# runs every form of the handler on both sides.
times_of_server() {
    local rate load round side form
    rate=$("$eco/bin/server" rate 0.75)
    for load in "$rate" 0; do
        for round in $(seq "$rounds"); do
            for side in server server-patched; do
                for form in direct blocking channel; do
                    echo "$side $form $("$eco/bin/$side" load $form "$load" "${SECONDS_OF_LOAD:-5}")"
                done
            done
        done > "$eco/rounds"
        for side in server server-patched; do
            for form in direct blocking channel; do
                grep "^$side $form " "$eco/rounds" > "$eco/times"
                echo "$side $form, asked $load times a second: answers $(median '$3') a second," \
                    "/health p50 $(median '$4') us, p99 $(median '$5') us ($(range '$5'))," \
                    "/compute p50 $(median '$6') us, p99 $(median '$7') us, cores $(median '$8')"
            done
        done
    done
}

# The milliseconds that each side of the program for DataFusion prints.
times_of_datafusion() {
    local round side part
    for round in $(seq "$rounds"); do
        for side in tokio manyhands manyhands-beside-tokio; do
            "$eco/bin/datafusion" $side --times | sed "s/^/$side /"
        done
    done > "$eco/rounds"
    for part in $(awk '!seen[$2]++ { print $2 }' "$eco/rounds"); do
        for side in tokio manyhands manyhands-beside-tokio; do
            grep "^$side $part " "$eco/rounds" > "$eco/times"
            echo "datafusion, $part, $side: $(median '$3') ms ($(range '$3'))"
        done
    done
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
        polars)
            # Ten million rows need 3 GB of memory.
            ours polars
            measure=times_of_parts same polars : "${ROWS:-10000000}"
            ;;
        exr)
            ours exr
            measure=times_of_parts same exr : "${WIDTH:-2048}"
            ;;
        server)
            ours server
            for form in direct blocking channel; do
                "$eco/bin/server" answers $form > "$eco/out"
                "$eco/bin/server-patched" answers $form > "$eco/out-patched"
                check cmp "$eco/out" "$eco/out-patched"
            done
            [ -z "${TIMES:-}" ] || times_of_server
            ;;
        datafusion)
            # It does not use rayon: one build has both sides.
            mkdir -p "$eco/bin"
            cp -r ci/ecosystem/datafusion "$eco"
            sed -i "s|path = \"../../..\"|path = \"$root\"|" "$eco/datafusion/Cargo.toml"
            check "$cargo" build --release --manifest-path "$eco/datafusion/Cargo.toml" \
                --target-dir "$eco/target"
            cp "$eco/target/release/datafusion" "$eco/bin"
            "$eco/bin/datafusion" tokio > "$eco/out"
            for side in manyhands manyhands-beside-tokio; do
                "$eco/bin/datafusion" $side > "$eco/out-$side"
                check cmp "$eco/out" "$eco/out-$side"
            done
            [ -z "${TIMES:-}" ] || times_of_datafusion
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
