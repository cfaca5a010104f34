#!/usr/bin/env bash
# Other targets: compiled, not run. And this one with the futex of those that have none in the kernel.
#
#     ci/targets.sh            the three that differ most: no threads, no futex, no 64-bit atomics
#     ci/targets.sh all        ten, a minute each
#     ci/targets.sh TARGET...
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh
source ci/debian.sh

targets="${*:-wasm32-unknown-unknown x86_64-unknown-openbsd mipsel-unknown-linux-gnu}"
if [ "$targets" = all ]; then
    targets="i686-unknown-linux-gnu aarch64-unknown-linux-gnu riscv64gc-unknown-linux-gnu
        mipsel-unknown-linux-gnu aarch64-apple-darwin x86_64-pc-windows-msvc x86_64-unknown-openbsd
        x86_64-unknown-illumos wasm32-unknown-unknown wasm32-wasip1"
fi

# The standard library has to be built for each target, from its source and by its own compiler.
need_debian 1.96. rustc-web cargo-web libstd-rust-web-dev rust-web-src
/usr/bin/rustc --version
for target in $targets; do
    check env RUSTC_BOOTSTRAP=1 CARGO_PROFILE_DEV_DEBUG=0 /usr/bin/cargo check --locked \
        -Zbuild-std=std,panic_abort --target "$target" --target-dir target/targets
done

# The flag is for this crate alone, so that what it depends on is not built again.
no_futex() {
    local program
    program=$(env -u RUSTC -u RUSTDOC cargo rustc --lib --profile test --message-format json -- \
        --cfg manyhands_no_futex | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
    "$program"
}
count_tests no_futex
finish
