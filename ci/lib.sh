# Shared by the lanes: `source ci/lib.sh` from the root of the repository, after `set -euo pipefail`.
# A lane calls `count_tests` and `check` for its steps and ends with `finish`.

passed=0
failed=0
# What failed, for the end of the whole run.
failures=${CI_FAILURES:-/dev/null}
# Compiler caches of many gigabytes, which nobody would read again.
export CARGO_INCREMENTAL=${CARGO_INCREMENTAL:-0}

# Lines of a run of tests that say that all is well with one test, model or package, or what tests expect.
usual='^$|^running |^test .* ok$|^model .* executions|^shuttle |Shuttle only correctly'
usual+='|^ +(Checking|Compiling|Doc-tests|Downloaded|Downloading|Finished|Fresh|Running) '
usual+='|^thread .*panicked at|^note: run with|^(bomb|Box<dyn Any>)$'

# Runs a command that ends in `test result:` lines and adds up what they say. A command that fails
# without counting a failed test (a build error, say) counts as one. Shown is what is not usual.
count_tests() {
    local log status=0 ok bad
    log=$(mktemp)
    echo "+ $*"
    "$@" 2>&1 | tee "$log" | grep --line-buffered -v -E "$usual" || status=${PIPESTATUS[0]}
    ok=$(sum "$log" passed)
    bad=$(sum "$log" failed)
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
        note_failure "$log" "$* (exit status $status)"
    elif [ "$bad" -ne 0 ]; then
        note_failure "$log" "$*"
    elif [ $((ok + bad)) -eq 0 ]; then
        bad=1
        note_failure "$log" "$* ran no test"
    fi
    rm -f "$log"
    passed=$((passed + ok))
    failed=$((failed + bad))
}

# Says that something failed, and keeps for the end what its log tells: the tests' own reports, or
# else the last lines; and the room on the disk, whose lack has many faces.
note_failure() {
    echo "failed: $2"
    {
        echo "failed: $2"
        # A test that hung is not among the reports: the watchdog ends the process.
        grep -h -A 60 '^watchdog: ' "$1" || true
        sed -n '/^failures:$/,/^test result: FAILED/p' "$1" > "$1.part"
        head -n 150 "$1.part"
        grep -E '_SEED=|^test .* FAILED' "$1" > "$1.part" || true
        tail -n 40 "$1.part"
        # Where output is not captured, panics are not among the reports.
        if ! grep -q '^---- ' "$1"; then
            grep -A 3 'panicked at' "$1" > "$1.part" || true
            tail -n 60 "$1.part"
        fi
        grep -n -E '^error|LLVM ERROR|No space left|signal: ' "$1" > "$1.part" || true
        tail -n 20 "$1.part"
        rm -f "$1.part"
        tail -n 5 "$1"
        df -h . | tail -n 1
    } >> "$failures"
}

# The sum of the numbers before a word in the `test result:` lines of a file.
sum() {
    sed -n "s/^test result:.* \([0-9][0-9]*\) $2;.*/\1/p" "$1" | awk '{ n += $1 } END { print n + 0 }'
}

# Runs a command that counts as one check.
check() {
    local log
    log=$(mktemp)
    echo "+ $*"
    if "$@" > "$log" 2>&1; then
        passed=$((passed + 1))
    else
        cat "$log"
        note_failure "$log" "$*"
        failed=$((failed + 1))
    fi
    rm -f "$log"
}

# For the lanes of a sanitizer, which is named: sets `target`, or ends the lane. Sanitizers are unstable options;
# RUSTC_BOOTSTRAP lets the stable compiler take them.
need_sanitizer() {
    target=x86_64-unknown-linux-gnu
    if [ "$(rustc -vV | sed -n 's/^host: //p')" != "$target" ]; then
        echo "skipped: $1 is set up for $target only"
        finish
        exit
    fi
    export RUSTC_BOOTSTRAP=1
}

# A canary, asked for an error, must fail and report it.
canary() {
    local program=$1 error=$2 report=$3 log
    log=$(mktemp)
    if "$program" "$error" > "$log" 2>&1; then
        echo "the error $error went unnoticed"
        return 1
    fi
    if ! grep -q "$report" "$log"; then
        echo "the canary failed for another reason than $error:"
        cat "$log"
        return 1
    fi
    rm -f "$log"
}

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
