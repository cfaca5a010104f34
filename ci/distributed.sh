#!/usr/bin/env bash
# The census on several processes, over loopback: `examples/distributed`, on timely dataflow and on MPI.
#
# MPI needs mpicc, mpirun and libclang. As root on Debian the lane installs them; elsewhere it says that this half
# was skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

cd examples/distributed
export CARGO_TARGET_DIR=../../target/distributed

has_mpi() {
    command -v mpicc > /dev/null && command -v mpirun > /dev/null &&
        ldconfig -p | grep -q 'libclang[-.0-9]*\.so'
}

check cargo fmt --check
if ! has_mpi && command -v apt-get > /dev/null && [ "$(id -u)" -eq 0 ]; then
    apt-get update > /dev/null 2>&1 || true
    apt-get install -y --no-install-recommends libopenmpi-dev openmpi-bin libclang-dev > /dev/null 2>&1 || true
fi
if has_mpi; then
    features="--features mpi"
    # More ranks than cores, as root, in a container, and nothing but loopback.
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
    export OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_plm_rsh_agent=false
else
    features=""
    echo "skipped: MPI, without mpicc, mpirun or libclang"
fi
# shellcheck disable=SC2086
check cargo clippy --locked --all-targets $features -- -D warnings
# shellcheck disable=SC2086
count_tests cargo test --locked --no-fail-fast $features
finish
