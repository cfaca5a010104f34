#!/usr/bin/env bash
# The Rust Parallel Benchmarks (https://github.com/mcj-group/rpb, MIT), programs that others wrote for
# rayon, built three ways: with rayon and rayon-core, with rayon and `rayon-core/` of this repository, and
# with manyhands in rayon's place. The same output, and the times of all three in turns. Fetched into
# target/rpb (network); nothing of theirs is part of this repository. Run by hand: a round takes 4 minutes.
#
#   ci/rpb.sh                     everything: build inputs same times table
#   ROUNDS=9 ci/rpb.sh times      more rounds; what was measured before is kept
#   ci/rpb.sh table               the medians of all rounds so far
#   ONLY='sort|mis' ci/rpb.sh ... these programs
#   RPB=/path/to/clone ci/rpb.sh  a clone of theirs, where there is no network for git
#
# Left out: `bfs` and `sssp`, which use threads of std and no pool; and `dr`, which panics with rayon as
# well, if a compiler of today (1.95) optimises it at all.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

root=$PWD
rpb=$root/target/rpb
cargo=${CARGO:-cargo}
parts=${*:-build inputs same times table}
rounds=${ROUNDS:-5}
source=${RPB:-https://github.com/mcj-group/rpb}
commit=4aa2943b2963e52add07cbaad36d5ceddc86e062
sides="stock facade own"
mkdir -p "$rpb"

# Program, input, arguments. Where there are none, the program's own choice of algorithm is meant.
runs="sort random.ints
sort almost-sorted.ints -a quick
sort exponential.ints -a sample
sort random.ints -a rayon
isort random.ints
hist few.ints -b 100000
dedup few.ints
dedup exponential.ints
sa trigrams.text
bw trigrams.text
lrs trigrams.text
mis rmat.graph
mis grid.graph
mm rmat.edges
mm grid.edges
sf rmat.edges
sf grid.edges
msf rmat.weighted
msf grid.weighted"
runs=$(grep -E "^(${ONLY:-.*}) " <<< "$runs")

# The three copies of the source, each with what makes it different.
copies() {
    [ -d "$rpb/own" ] && return
    rm -rf "$rpb/clone" "$rpb/stock" "$rpb/facade"
    git clone --quiet "$source" "$rpb/clone"
    git -C "$rpb/clone" checkout --quiet "$commit"
    (
        cd "$rpb/clone"
        "$cargo" generate-lockfile --quiet
        "$cargo" update --quiet -p rayon --precise 1.12.0
        "$cargo" update --quiet -p rayon-core --precise 1.13.0
    )
    cp -r "$rpb/clone" "$rpb/stock"
    cp -r "$rpb/clone" "$rpb/facade"
    patch_rayon "$rpb/facade"
    # `init!` pins each thread to the core with its index, so indexes must be below the number of threads.
    # Here that is so in a pool of workers alone. This line is the only edit of their code.
    cp -r "$rpb/clone" "$rpb/own"
    sed -i "s|^rayon .*|rayon = { package = \"manyhands\", path = \"$root\" }|" "$rpb/own/Cargo.toml"
    local line='rayon::ThreadPoolBuilder::new().max_spare_threads(0).build_global().unwrap();'
    sed -i "s|^ *// pin rayon's threads to cores|        $line\n&|" "$rpb/own/pbbs/src/benchmarks/macros.rs"
    if ! grep -q max_spare_threads "$rpb/own/pbbs/src/benchmarks/macros.rs"; then
        echo "their init! has changed"
        exit 1
    fi
}

build() {
    copies
    local side
    for side in $sides; do
        check "$cargo" build --release -p pbbs --bins --manifest-path "$rpb/$side/Cargo.toml" \
            --target-dir "$rpb/target/$side"
    done
}

inputs() {
    check "$cargo" build --release --manifest-path ci/rpb/Cargo.toml --target-dir "$rpb/target/inputs"
    check "$rpb/target/inputs/release/rpb-inputs" "$rpb/inputs"
}

# start SIDE THREADS PROGRAM INPUT ARGUMENTS...: the program's output.
start() {
    RAYON_NUM_THREADS=$2 MANYHANDS_NUM_THREADS=$2 RUST_BACKTRACE=0 \
        "$rpb/target/$1/release/$3" "$rpb/inputs/$4" "${@:5}" 2>&1
}

# All sides write the same, at 1 and at 2 threads, as rayon-core at 1 thread. The exception is `bw`: with
# rayon, too, it decodes wrongly at 1 thread, where it sorts with a function that is not stable.
same() {
    local program input arguments side threads
    while read -r program input arguments; do
        rm -f "$rpb"/out-*
        for threads in 1 2; do
            [ "$program" != bw ] || rm -f "$rpb/out-expected"
            for side in $sides; do
                # shellcheck disable=SC2086
                check start "$side" "$threads" "$program" "$input" $arguments -r 1 -o "$rpb/out-$side"
                # A set, in the order of a hash table.
                [ "$program" != dedup ] || sort -o "$rpb/out-$side" "$rpb/out-$side"
                [ -f "$rpb/out-expected" ] || cp "$rpb/out-$side" "$rpb/out-expected"
                check cmp "$rpb/out-expected" "$rpb/out-$side"
            done
        done
        # What was encoded comes back.
        [ "$program" != bw ] || check cmp "$rpb/inputs/$input" "$rpb/out-expected"
    done <<< "$runs"
    rm -f "$rpb"/out-*
}

# time_of SIDE THREADS PROGRAM INPUT ARGUMENTS...: the median of five runs in one process, after a second
# of runs that do not count, in seconds.
time_of() {
    start "$@" -r 5 | sed -n "s/^$3:\t//p" | sort -n | sed -n 3p
}

# Rounds that run all three in turns; each begins with another one.
times() {
    local round threads program input arguments order side line before
    touch "$rpb/times"
    before=$(wc -l < "$rpb/times")
    before=$((before / (2 * $(wc -l <<< "$runs"))))
    for round in $(seq "$before" $((before + rounds - 1))); do
        order="stock facade own"
        [ $((round % 3)) -ne 1 ] || order="facade own stock"
        [ $((round % 3)) -ne 2 ] || order="own stock facade"
        while read -r program input arguments; do
            for threads in 1 2; do
                line="$program${arguments:+ $arguments}|$input|$threads"
                for side in $order; do
                    # shellcheck disable=SC2086
                    line+="|$side=$(time_of "$side" "$threads" "$program" "$input" $arguments)"
                done
                echo "$line" >> "$rpb/times"
            done
        done <<< "$runs"
    done
}

# Of each program: the median time with rayon-core, and of both ratios the median and the quartiles.
table() {
    awk -F'|' '
        function quantile(list, part,    values, n, i, j, value, place) {
            n = split(list, values, " ")
            for (i = 2; i <= n; i++) {
                value = values[i] + 0
                for (j = i - 1; j > 0 && values[j] + 0 > value; j--) values[j + 1] = values[j]
                values[j + 1] = value
            }
            # Between two values, if need be.
            place = (n - 1) * part + 1
            i = int(place)
            return i == n ? values[n] : values[i] + (place - i) * (values[i + 1] - values[i])
        }
        function ratio(list, name) {
            sum[name] += log(quantile(list, 0.5))
            return sprintf("%.2f (%.2f to %.2f)", quantile(list, 0.5), quantile(list, 0.25),
                quantile(list, 0.75))
        }
        {
            for (i = 4; i <= 6; i++) { split($i, pair, "="); t[pair[1]] = pair[2] }
            if (!t["stock"] || !t["facade"] || !t["own"]) next
            row = $1 "|" $2
            if (!(row in known)) { known[row] = 1; rows[++count] = row }
            stock[row, $3] = stock[row, $3] " " t["stock"] * 1000
            facade[row, $3] = facade[row, $3] " " t["facade"] / t["stock"]
            own[row, $3] = own[row, $3] " " t["own"] / t["stock"]
        }
        END {
            for (threads = 1; threads <= 2; threads++) {
                print "\n| program | input | rayon-core, threads: " threads " | the facade | own iterators |"
                print "|---|---|---|---|---|"
                delete sum
                for (i = 1; i <= count; i++) {
                    split(rows[i], name, "|")
                    printf "| %s | %s | %.1f ms | %s | %s |\n", name[1], name[2],
                        quantile(stock[rows[i], threads], 0.5), ratio(facade[rows[i], threads], "facade"),
                        ratio(own[rows[i], threads], "own")
                }
                printf "| geometric mean | | | %.3f | %.3f |\n", exp(sum["facade"] / count),
                    exp(sum["own"] / count)
            }
        }' "$rpb/times"
}

for part in $parts; do
    case $part in
        build | inputs | same | times | table) "$part" ;;
        *) echo "no part $part"; exit 1 ;;
    esac
done
finish
