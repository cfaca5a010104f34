#!/bin/sh
# How good are the models? Breaks the source in one place at a time and looks who notices.
#
#   ci/mutate.sh LIST FILTER [ROW...]
#
# LIST (ci/mutants/*.txt) has one mutant per line: a name, a file and a sed program, separated by
# " | ". FILTER is what is passed to `cargo test` to choose the models, which run at preemption
# bound 3 (LOOM_MAX_PREEMPTIONS). What the models let pass is given to the unit tests of the same
# name. Only the mutants in the given rows are tried, if any are given.
#
# Prints one row of a markdown table per mutant, and the counts at the end. Works on a copy in
# target/mutate, so that the tree stays as it is.
set -u
cd "$(dirname "$0")/.." || exit 1
list=$1 filter=$2
shift 2
copy=target/mutate/tree
mkdir -p "$copy"
logs=target/mutate/logs
mkdir -p "$logs"
: "${LOOM_MAX_PREEMPTIONS:=3}" "${MUTANT_TIMEOUT:=120}"
export LOOM_MAX_PREEMPTIONS

# Runs one lane in the copy; prints what noticed the mutant, or nothing.
lane() {
    log=$1 flags=$2 target=$3
    (
        cd "$copy" || exit 1
        RUSTFLAGS=$flags cargo test --quiet --release --lib --target-dir "$target" --no-run
    ) >"$log" 2>&1 || { echo "does not build"; return; }
    (
        cd "$copy" || exit 1
        RUSTFLAGS=$flags timeout "$MUTANT_TIMEOUT" cargo test --release --lib \
            --target-dir "$target" "$filter" -- --test-threads=1
    ) >"$log" 2>&1
    code=$?
    [ $code -eq 0 ] && return
    failed=$(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$log" | sed 's/.*:://' | sort -u |
        sed 's/.*/`&`/' | paste -sd' ' -)
    if [ -n "$failed" ]; then
        echo "$failed"
    elif [ $code -eq 124 ]; then
        echo "a test that does not end"
    else
        sed -n 's/^test \([^ ]*\) \.\.\..*/\1/p' "$log" | tail -1 |
            sed 's/.*::\(.*\)/`\1` (aborts)/'
    fi
}

row=0 killed=0 survived=0
while IFS= read -r line; do
    case $line in '' | '#'*) continue ;; esac
    row=$((row + 1))
    if [ $# -gt 0 ]; then
        case " $* " in *" $row "*) ;; *) continue ;; esac
    fi
    name=${line%% | *}
    rest=${line#* | }
    file=${rest%% | *}
    program=${rest#* | }
    rm -rf "$copy/src"
    cp -r Cargo.toml Cargo.lock src "$copy"
    for more in README.md benches examples tests book; do
        [ -e "$more" ] && rm -rf "${copy:?}/$more" && cp -r "$more" "$copy"
    done
    sed -i "$program" "$copy/$file"
    if cmp -s "$file" "$copy/$file"; then
        echo "| $row | $name | **the mutant changes nothing: fix the list** |"
        survived=$((survived + 1))
        continue
    fi
    by=$(lane "$logs/$row.loom" "--cfg manyhands_loom" ../loom)
    if [ -z "$by" ]; then
        by=$(lane "$logs/$row.unit" "" ../unit)
    fi
    if [ -z "$by" ]; then
        by='**survives**'
        survived=$((survived + 1))
    else
        killed=$((killed + 1))
    fi
    echo "| $row | $name | $by |"
done <"$list"
echo "$killed killed, $survived survived"
