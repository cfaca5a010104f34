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

# patch_rayon FOLDER: `rayon-core/` of this repository in the place of rayon-core, in the workspace there.
# `root` and `cargo` are the caller's.
patch_rayon() {
    cat >> "$1/Cargo.toml" <<TOML
[patch.crates-io]
rayon-core = { path = "$root/rayon-core" }
TOML
    (cd "$1" && "$cargo" update --quiet -p rayon-core)
    if grep -A 2 'name = "rayon-core"' "$1/Cargo.lock" | grep -q source; then
        echo "the patch of $1 is not used"
        exit 1
    fi
}

# Builds the book into target/book.
book() {
    local mdbook=target/tools/bin/mdbook version=0.5.4
    mkdir -p target/tools
    if [ "$("$mdbook" --version 2> /dev/null)" != "mdbook v$version" ]; then
        # Without optimisation it is built in half the time, and fast enough.
        check cargo install --quiet mdbook --version "$version" --locked --debug --no-default-features \
            --features search --root target/tools --target-dir target/tools/build
        rm -rf target/tools/build
    fi
    rm -rf target/book
    check "$mdbook" build --dest-dir "$PWD/target/book" book
}

# Sets `browser` to a Chromium, or ends the lane. As root on Debian it is installed.
need_chromium() {
    browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
    if [ -n "$browser" ]; then
        "$browser" --version
        return
    fi
    if ! command -v apt-get > /dev/null || [ "$(id -u)" -ne 0 ]; then
        echo "skipped: there is no Chromium, and no apt-get, or not root"
        finish
        exit
    fi
    apt-get update > /dev/null 2>&1 || true
    if [ -z "$(apt-cache madison chromium 2> /dev/null)" ]; then
        echo "skipped: there is no Chromium, and Debian's is not to be had"
        finish
        exit
    fi
    check apt-get install -y --no-install-recommends chromium fonts-dejavu-core
    browser=$(command -v chromium) || { finish; exit 1; }
    "$browser" --version
}

# Opens Chromium without a screen and without network, with a profile of its own below the folder.
browse() {
    local folder=$1 profile status=0
    shift
    profile=$(mktemp -d "$folder/profile-XXXXXX")
    timeout "${BROWSE_SECONDS:-60}" "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars \
        --user-data-dir="$profile" "$@" || status=$?
    rm -rf "$profile"
    return "$status"
}
