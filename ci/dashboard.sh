#!/usr/bin/env bash
# The page of `examples/dashboard.rs` in a browser without a screen: does it draw what the pool does, in light and
# dark, on a desk and on a phone? The pictures are left in target/dashboard.
#
# Needs Chromium. As root on Debian the lane installs it; elsewhere it says that it was skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

need_chromium
check cargo build --release --features hyper --example dashboard
out=target/dashboard
rm -rf "$out"
mkdir -p "$out"
target/release/examples/dashboard 127.0.0.1:0 --threads 4 > "$out/log" &
server=$!
trap 'kill $server 2> /dev/null || true' EXIT
for _ in $(seq 100); do
    address=$(sed -n 's/^listening on //p' "$out/log")
    [ -z "$address" ] || break
    sleep 0.1
done
# The page shows what was before it was opened: let there be a loop or two, and some samples.
sleep "${DASHBOARD_SECONDS:-20}"

# Draws, and has a look at what was drawn: rows in the tables, lines in the pictures, nothing beyond the
# window's edge, no error of the script.
looks_well() {
    local name=$1 size=$2 colours=$3 page
    local flags=(--window-size="$size" --blink-settings=preferredColorScheme="$colours" --virtual-time-budget=2500)
    browse "$out" "${flags[@]}" --screenshot="$PWD/$out/$name.png" "$address/" > /dev/null
    page=$(browse "$out" "${flags[@]}" --dump-dom "$address/")
    echo "$page" > "$out/$name.html"
    [ "$(stat -c %s "$out/$name.png")" -gt 20000 ] || { echo "the picture is empty"; return 1; }
    local wanted
    for wanted in 'data-state="live"' 'data-errors="0"' 'data-overflow="no"' 'worker 3</text>' \
        'fill="var(--computing)"' '<small>future, dashboard/load.rs:' '<small>compute</small>'; do
        grep -q -e "$wanted" <<< "$page" || { echo "$name: no $wanted"; return 1; }
    done
    [ "$(grep -o 'd="M' <<< "$page" | wc -l)" -ge 12 ] || { echo "$name: lines are missing"; return 1; }
}

# Chromium's numbers: 0 is dark, 1 light.
check looks_well desk-light 1280,1700 1
check looks_well desk-dark 1280,1700 0
check looks_well phone-light 390,2900 1
check looks_well phone-dark 390,2900 0
finish
