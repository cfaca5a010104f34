#!/usr/bin/env bash
# Instructions of one operation in a pool with one thread, counted by valgrind: the difference of two
# runs of different lengths. Unlike times they are the same again on a busy machine.
#
#   benches/instructions.sh [FEATURES]      features of this crate beside the default ones, with commas
set -euo pipefail
cd "$(dirname "$0")/.."
features="${1:-}"
short=10000
long=30000

if ! command -v valgrind > /dev/null; then
    echo "valgrind is not installed (apt-get install valgrind)" >&2
    exit 1
fi
program=$(cargo bench --no-run --features "$features" --bench instructions 2>&1 |
    sed -n 's/.*Executable .*instructions.rs (\(.*\)).*/\1/p')
if [ -z "$program" ]; then
    cargo bench --no-run --features "$features" --bench instructions
    exit 1
fi

count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" 2>&1 |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

for operation in join scope-spawn spawn-and-await spawn-many yield join-from-outside; do
    before=$(count $operation $short)
    after=$(count $operation $long)
    awk -v name=$operation -v more=$((after - before)) -v times=$((long - short)) \
        'BEGIN { printf "%-18s %8.1f\n", name, more / times }'
done
