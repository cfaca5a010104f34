#!/bin/sh
# Compiles the programs of the table `suite` with a library of C++: build.sh tbb|openmp OUT
# Does nothing if OUT is newer than the sources. If it cannot, it prints why in one line.
set -u
library=$1
out=$2
here=$(dirname "$0")
compiler=${CXX:-g++}

no() {
    echo "$1"
    exit 1
}

has() {
    echo "#include <$1>" | "$compiler" -E -x c++ - >/dev/null 2>&1
}

command -v "$compiler" >/dev/null || no "no $compiler"
case $library in
tbb)
    has tbb/task_group.h || no "no tbb/task_group.h (libtbb-dev)"
    flags="-DSUITE_TBB -ltbb -pthread"
    ;;
openmp)
    flags="-DSUITE_OPENMP -fopenmp -pthread"
    ;;
*)
    no "no library $library"
    ;;
esac

if [ -e "$out" ] && [ -z "$(find "$here" -newer "$out")" ]; then
    exit 0
fi
# Renamed when it is whole: others may be building, too.
new=$out.$$
# No multiplication may be fused with an addition: sums are then those of Rust.
set -- -std=c++17 -O3 -ffp-contract=off -o "$new" "$here"/*.cpp
# shellcheck disable=SC2086
if complaints=$("$compiler" "$@" $flags 2>&1); then
    mv "$new" "$out"
else
    rm -f "$new"
    no "$compiler: $(echo "$complaints" | grep -m 1 -i error || echo "$complaints" | tail -n 1)"
fi
