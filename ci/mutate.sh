#!/usr/bin/env bash
# Weakens the code in one place at a time and checks that a model or a test notices.
#
#   ci/mutate.sh LIST [NAME...]      all mutants of a list file, or the named ones
#   ci/mutate.sh --table LIST        writes what came out to the list's page in the book
#
# A line of the list is
#
#   name | file | sed expression | test filter | loom or test [| equivalent: why]
#
# The separator is " | ", with one space on each side; lines that begin with # are comments. One that begins
# with #: says in words what the next mutant weakens, `# --- title` begins a section of the table. Each expression is
# applied to a scratch copy of the tree, never to the working tree; it must change the file, and
# the result must build. `loom` runs the filtered tests under loom with at most two preemptions
# (or LOOM_MAX_PREEMPTIONS), `test` runs them on real threads. A failure, a deadlock, or a test that does not end is `killed`.
# Survivors fail the run, unless the list says why they are equivalent; an equivalent one that is
# killed fails it too, because then the list is wrong.
#
# What came out is kept in target/mutate/results, so that a long list can be run in pieces; of a mutant that
# ran twice the later result counts. A table keeps its row for a mutant that has not run since.
#
# MUTATE_TIMEOUT: seconds a mutant's tests may take (60). CARGO: the cargo to call.
set -u -o pipefail

if [ $# -lt 1 ]; then
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
if [ "$1" = --table ]; then
    list=${2:?which list?}
    name=$(basename "$list" .txt)
    page=$root/book/src/mutations-$name.md
    results=$root/target/mutate/results/$name.txt
    [ -f "$results" ] || results=/dev/null
    awk -f "$root/ci/mutants/table.awk" pass=0 "$list" pass=1 "$results" pass=2 "$page" pass=3 "$list" \
        pass=4 "$page" >"$page.new" && mv "$page.new" "$page"
    exit
fi
list=$1
shift
names=" $* "
cargo=${CARGO:-cargo}
limit=${MUTATE_TIMEOUT:-60}
scratch=$root/target/mutate
tree=$scratch/tree

rm -rf "$tree"
mkdir -p "$tree" "$scratch/results"
results=$scratch/results/$(basename "$list" .txt).txt
tar -C "$root" --exclude=./target --exclude=./.git -cf - . | tar -C "$tree" -xf -

# Builds the tests of the scratch tree; prints the path of the test executable.
build() {
    local flags=() rustflags=""
    if [ "$1" = loom ]; then
        # loom itself optimised, this crate quickly built: a mutant is run once.
        flags=(--release --config profile.release.opt-level=1 --config profile.release.debug=0
            --config profile.release.incremental=true
            --config 'profile.release.package."*".opt-level=3')
        rustflags="--cfg manyhands_loom --cfg manyhands_model"
    fi
    (cd "$tree" && RUSTFLAGS=$rustflags $cargo test --lib --no-run --features test-util "${flags[@]}" \
        --target-dir "$scratch/$1" 2>&1) |
        tee "$scratch/build.log" |
        sed -n 's/.*Executable unittests src\/lib.rs (\(.*\)).*/\1/p'
}

# Runs the filtered tests; 0: they passed, 3: there was nothing to run.
run() {
    # shellcheck disable=SC2086  # a filter may be several words
    (cd "$tree" && LOOM_MAX_PREEMPTIONS=${LOOM_MAX_PREEMPTIONS:-2} timeout -k 5 "$limit" \
        "$1" $2 --test-threads=1 >"$scratch/run.log" 2>&1)
    local status=$?
    if [ $status = 0 ] && ! grep -q '^test result: ok\. [1-9]' "$scratch/run.log"; then
        return 3
    fi
    return $status
}

passed=0
failed=0
say() { printf '%-10s %-44s %s\n' "$1" "$2" "$3"; }
# Keeps a result for the table. Of a test, the path inside its module of tests is enough.
keep() { printf '%s | %s\n' "$1" "$2" | sed 's/[a-z_:]*tests:://g' >>"$results"; }

while IFS= read -r line; do
    case $line in '' | '#'*) continue ;; esac
    # From both ends, since the expression may contain the separator.
    IFS=$'\1' read -r -a fields <<<"${line//" | "/$'\1'}"
    last=$((${#fields[@]} - 1))
    reason=""
    if [[ ${fields[last]} == equivalent:* ]]; then
        reason=${fields[last]}
        last=$((last - 1))
    fi
    if [ "$last" -lt 4 ]; then
        say MALFORMED "${fields[0]}" "name | file | sed expression | test filter | loom or test"
        failed=$((failed + 1))
        continue
    fi
    name=${fields[0]} file=${fields[1]} filter=${fields[last - 1]} kind=${fields[last]}
    change=${line#"$name | $file | "}
    change=${change%" | $filter | $kind"*}
    if [ "$names" != "  " ] && [[ $names != *" $name "* ]]; then continue; fi

    sed "$change" "$root/$file" >"$tree/$file"
    if cmp -s "$root/$file" "$tree/$file"; then
        result=UNCHANGED
    else
        exe=$(build "$kind")
        if [ -z "$exe" ]; then
            result=UNBUILT
        else
            case $exe in /*) ;; *) exe=$tree/$exe ;; esac
            run "$exe" "$filter"
            case $? in
            0) result=SURVIVED ;;
            3) result=UNTESTED ;;
            124 | 137) result=killed how="did not end in $limit s" ;;
            *) result=killed
                # The first test that failed, or else the one in which the process was aborted.
                how=$(sed -n 's/^test \([^ ]*\) .*FAILED$/`\1`/p' "$scratch/run.log" | head -1)
                how=${how:-$(sed -n 's/^test \([^ ]*\) \.\.\. *$/`\1`/p' "$scratch/run.log" | tail -1)}
                if grep -q 'deadlock; threads' "$scratch/run.log"; then how="deadlock in $how"; fi
                how=${how:-failed}
                ;;
            esac
        fi
    fi
    cp "$root/$file" "$tree/$file"

    case $result/$reason in
    killed/) say killed "$name" "$how"; keep "$name" "$how"; passed=$((passed + 1)) ;;
    SURVIVED/equivalent:*) say equivalent "$name" "${reason#equivalent: }"; keep "$name" equivalent; passed=$((passed + 1)) ;;
    killed/*) say KILLED "$name" "listed as equivalent, but: $how"; keep "$name" "$how"; failed=$((failed + 1)) ;;
    *) say "$result" "$name" "$change"; keep "$name" "**$result**"; failed=$((failed + 1)) ;;
    esac
done <"$list"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
