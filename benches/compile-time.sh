#!/usr/bin/env bash
# How long the compiler takes: the crate alone, and a program with 200 different chains of
# iterators, beside rayon. Clean release builds, one after the other; best of ROUNDS.
#
#   benches/compile-time.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds="${1:-3}"
root=$PWD
work=target/compile-time
mkdir -p "$work"

# 10 sources x 20 chains; the numbers keep the closures different.
program() {
    local n=0
    echo "use $1::prelude::*;"
    echo "fn main() {"
    echo "    let n = std::env::args().count() as u64 * 1000;"
    echo "    let v: Vec<u64> = (0..n).collect();"
    echo "    let mut total = 0_u64;"
    local source chain
    local sources=(
        "v.par_iter().copied()" "v.clone().into_par_iter()"
        "(0..n as u32).into_par_iter().map(u64::from)" "v.par_chunks(7).map(|c| c[0])"
        "v.par_windows(3).map(|w| w[1])" "v.par_iter().zip(&v).map(|(a, b)| a + b)"
        "v.par_iter().enumerate().map(|(i, x)| i as u64 + x)" "v.par_iter().rev().copied()"
        "v.par_iter().skip(3).copied()" "v.par_iter().chain(&v).copied()"
    )
    local chains=(
        "map(|x| x ^ K).sum::<u64>()" "filter(|x| x % K == 0).sum::<u64>()"
        "filter(|x| x % K == 0).count() as u64" "map(|x| x % K).max().unwrap_or(0)"
        "map(|x| x % K).min().unwrap_or(0)" "map(|x| x + K).collect::<Vec<_>>().len() as u64"
        "filter(|x| x % K > 1).collect::<Vec<_>>().len() as u64"
        "flat_map_iter(|x| 0..x % K).sum::<u64>()" "fold(|| K, |a, x| a ^ x).sum::<u64>()"
        "reduce(|| K, |a, b| a.max(b))" "map(|x| x / K).reduce_with(|a, b| a ^ b).unwrap_or(0)"
        "find_any(|x| *x == K).unwrap_or(0)" "find_first(|x| *x > K).unwrap_or(0)"
        "any(|x| x == K) as u64" "all(|x| x != K) as u64"
        "filter_map(|x| x.checked_sub(K)).sum::<u64>()" "inspect(|x| assert!(*x < u64::MAX - K)).count() as u64"
        "map(|x| (x, x % K)).unzip::<_, _, Vec<_>, Vec<_>>().1.len() as u64"
        "partition::<Vec<_>, Vec<_>, _>(|x| x % K == 1).0.len() as u64"
        "map(|x| if x < u64::MAX - K { Ok(x) } else { Err(x) }).collect::<Result<Vec<_>, _>>().unwrap().len() as u64"
    )
    for source in "${sources[@]}"; do
        for chain in "${chains[@]}"; do
            n=$((n + 1))
            echo "    total ^= $source.${chain//K/$((n + 1))};"
        done
    done
    echo '    println!("{total}");'
    echo "}"
}

# The time of a command, in seconds.
seconds() {
    local start end
    start=$(date +%s.%N)
    "$@" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    end=$(date +%s.%N)
    awk "BEGIN { printf \"%.1f\", $end - $start }"
}

best() {
    tr ' ' '\n' | sort -g | head -n 1
}

for name in manyhands rayon; do
    crate=$work/$name
    mkdir -p "$crate/src"
    case $name in
        manyhands) dependency="{ path = \"$root\" }" ;;
        rayon) dependency='"1"' ;;
    esac
    printf '[package]\nname = "chains"\nversion = "0.0.0"\nedition = "2024"\n\n[dependencies]\n%s = %s\n\n[workspace]\n' \
        "$name" "$dependency" > "$crate/Cargo.toml"
    program "$name" > "$crate/src/main.rs"
    cargo fetch --manifest-path "$crate/Cargo.toml" > "$work/log" 2>&1
    library=() chains=()
    for _ in $(seq "$rounds"); do
        cargo clean --manifest-path "$crate/Cargo.toml" --target-dir "$crate/target" > "$work/log" 2>&1
        library+=("$(seconds cargo build --release -p "$name" --manifest-path "$crate/Cargo.toml" --target-dir "$crate/target")")
        chains+=("$(seconds cargo build --release --manifest-path "$crate/Cargo.toml" --target-dir "$crate/target")")
    done
    size=$(stat -c %s "$crate/target/release/chains")
    printf '%-10s library with its dependencies %6s s, 200 chains %6s s, program %5d KiB\n' \
        "$name" "$(best <<< "${library[*]}")" "$(best <<< "${chains[*]}")" $((size / 1024))
done
