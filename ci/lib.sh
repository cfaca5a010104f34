# Shared by the lanes: `source ci/lib.sh` from the root of the repository, after `set -euo pipefail`.
# A lane calls `count_tests` and `check` for its steps and ends with `finish`.

passed=0
failed=0

# Runs a command that ends in `test result:` lines and adds up what they say. A command that fails
# without counting a failed test (a build error, say) counts as one.
count_tests() {
    local log status=0 ok bad
    log=$(mktemp)
    echo "+ $*"
    "$@" 2>&1 | tee "$log" || status=$?
    ok=$(sum "$log" passed)
    bad=$(sum "$log" failed)
    rm -f "$log"
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        echo "failed: $* (exit status $status)"
        bad=1
    elif [ $((ok + bad)) -eq 0 ]; then
        echo "failed: $* ran no test"
        bad=1
    fi
    passed=$((passed + ok))
    failed=$((failed + bad))
}

# The sum of the numbers before a word in the `test result:` lines of a file.
sum() {
    sed -n "s/^test result:.* \([0-9][0-9]*\) $2;.*/\1/p" "$1" | awk '{ n += $1 } END { print n + 0 }'
}

# Runs a command that counts as one check.
check() {
    echo "+ $*"
    if "$@"; then
        passed=$((passed + 1))
    else
        echo "failed: $*"
        failed=$((failed + 1))
    fi
}

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
