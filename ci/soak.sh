#!/usr/bin/env bash
# All examples under load, built with chaos points: wrong answers, crashes, hangs, and growth of memory, threads and
# descriptors. What is done to them stands in `ci/soak/`.
#
# MANYHANDS_SOAK_SECONDS says how long: by hand two hours, in a run of all lanes one minute. The table is left in
# target/soak/table.md and all samples in target/soak/samples.csv. `ci/soak.sh --book` runs nothing: it puts that
# table into the book, with the length and the day of the run, and draws it.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

out=$PWD/target/soak
page=book/src/verification.md
if [ "${1:-}" = --book ]; then
    # Of another folder, if one is named.
    out=${2:-$out}
    minutes=$(awk -F, 'NR > 1 && $1 > most { most = $1 } END { print int(most / 60) }' "$out/samples.csv")
    sed -i -e "s/^A run of [0-9]* min, [-0-9]*/A run of $minutes min, $(date -r "$out/table.md" +%F)/" \
        -e '/^| example | runs | requests /,/^$/{/^| example /r '"$out/table.md"'
        /^|/d}' "$page"
    PLOTS=1 cargo test --quiet --test it plots > /dev/null || true
    cargo test --quiet --test it plots
    exit
fi
if [ ! -r /proc/self/status ]; then
    echo "skipped: there is no /proc"
    finish
    exit
fi
mkdir -p "$out"
rm -rf "$out/tree"
mkdir "$out/tree"
# What is counted must not change meanwhile.
cp -r src tests examples macros book/src/*.md "$out/tree"

build() {
    check env RUSTFLAGS="--cfg manyhands_chaos" cargo build --quiet --release --target-dir target/chaos "$@"
}
build --features hyper,async-io --example echo --example http_server --example dashboard --example census \
    --example pipeline --example actors --example scopes --example quicksort --example mixed --example cancel \
    --example responsive
build --features tokio --example tokio_bridge
check rustc --edition 2024 -O --test -o "$out/tests" ci/soak/main.rs
check rustc --edition 2024 -O -o "$out/soak" ci/soak/main.rs
count_tests "$out/tests"
seed=${MANYHANDS_CHAOS_SEED:-$(date +%s)}
echo "MANYHANDS_CHAOS_SEED=$seed"
count_tests "$out/soak" --examples target/chaos/release/examples --tree "$out/tree" --out "$out" \
    --seconds "${MANYHANDS_SOAK_SECONDS:-7200}" --seed "$seed"
finish
