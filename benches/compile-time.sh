#!/usr/bin/env bash
# How long the compiler takes, beside rayon: the crate alone, a program with 200 different chains of
# iterators, and one with 20 of them after a change of one. How large the programs become, and how
# much memory the linker takes. One after the other; best of ROUNDS.
#
#   benches/compile-time.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds="${1:-3}"
root=$PWD
work=target/compile-time
mkdir -p "$work"

# As many sources as the second argument says, x 20 chains; the numbers keep the closures different.
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
    for source in "${sources[@]:0:$2}"; do
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

# A crate NAME in FOLDER with the dependency of the library, and chains of SOURCES sources.
prepare() {
    local folder=$1 library=$2 sources=$3 dependency='"1"'
    [ "$library" = rayon ] || dependency="{ path = \"$root\" }"
    mkdir -p "$folder/src"
    printf '[package]\nname = "chains"\nversion = "0.0.0"\nedition = "2024"\n\n[dependencies]\n%s = %s\n\n[workspace]\n' \
        "$library" "$dependency" > "$folder/Cargo.toml"
    program "$library" "$sources" > "$folder/src/main.rs"
    cargo fetch --manifest-path "$folder/Cargo.toml" > "$work/log" 2>&1
}

# A linker that notes its peak memory, in KiB.
cat > "$work/linker" << 'END'
#!/bin/sh
exec /usr/bin/time -f %M -o "$LINKER_MEMORY" cc "$@"
END
chmod +x "$work/linker"

for name in manyhands rayon; do
    crate=$work/$name
    prepare "$crate" "$name" 10
    build=(cargo build --manifest-path "$crate/Cargo.toml" --target-dir "$crate/target")
    library=() chains=() debug=()
    for _ in $(seq "$rounds"); do
        rm -rf "$crate/target"
        library+=("$(CARGO_INCREMENTAL=0 seconds "${build[@]}" --release -p "$name")")
        chains+=("$(CARGO_INCREMENTAL=0 seconds "${build[@]}" --release)")
        CARGO_INCREMENTAL=0 seconds "${build[@]}" -p "$name" > "$work/log"
        debug+=("$(CARGO_INCREMENTAL=0 seconds "${build[@]}")")
    done
    kib() { echo $(($(stat -c %s "$1") / 1024)); }
    release_kib=$(kib "$crate/target/release/chains") debug_kib=$(kib "$crate/target/debug/chains")
    memory=-
    if [ -x /usr/bin/time ]; then
        touch "$crate/src/main.rs"
        LINKER_MEMORY=$PWD/$work/memory CARGO_INCREMENTAL=0 seconds \
            "${build[@]}" --config "target.'cfg(all())'.linker = '$PWD/$work/linker'" > "$work/log"
        memory=$(tail -n 1 "$work/memory")
    fi

    # One constant of one chain changes from build to build.
    small=$work/$name-20
    prepare "$small" "$name" 1
    build=(cargo build --manifest-path "$small/Cargo.toml" --target-dir "$crate/target-20")
    again() {
        local n times=()
        CARGO_INCREMENTAL=1 seconds "${build[@]}" "$@" > "$work/log"
        for n in $(seq $((3 * rounds))); do
            sed -i "s/map(|x| x ^ [0-9]*).sum/map(|x| x ^ 10$n).sum/" "$small/src/main.rs"
            times+=("$(CARGO_INCREMENTAL=1 seconds "${build[@]}" "$@")")
        done
        best <<< "${times[*]}"
    }
    printf '%-10s release: library with its dependencies %5s s, 200 chains %5s s, program %5d KiB\n' \
        "$name" "$(best <<< "${library[*]}")" "$(best <<< "${chains[*]}")" "$release_kib"
    printf '%-10s debug: 200 chains %5s s, program %6d KiB, linker %7s KiB at its peak\n' \
        "$name" "$(best <<< "${debug[*]}")" "$debug_kib" "$memory"
    printf '%-10s one of 20 chains changed: debug %5s s, release %5s s\n' \
        "$name" "$(again)" "$(again --release)"
done
