# Debian's own Rust, for the lanes `msrv` and `targets`: `source ci/debian.sh` after `ci/lib.sh`.
# Its packages exist in two versions, of which a machine has one at a time.

export RUSTC=/usr/bin/rustc
export RUSTDOC=/usr/bin/rustdoc

# Installs packages of the version that begins with the first argument, or ends the lane.
need_debian() {
    local wanted=$1 found package packages=()
    shift
    if ! command -v apt-get > /dev/null || [ "$(id -u)" -ne 0 ]; then
        skip "no apt-get, or not root"
    fi
    if dpkg-query -W -f '${Status} ${Version}\n' "$@" 2> /dev/null |
        grep -c "^install ok installed $wanted" | grep -q "^$#$"; then
        return
    fi
    apt-get update > /dev/null 2>&1 || true
    for package in "$@"; do
        found=$(apt-cache madison "$package" 2> /dev/null | awk '{ print $3 }' | grep -m 1 "^$wanted" || true)
        if [ -z "$found" ]; then
            skip "Debian's $package $wanted is not to be had"
        fi
        packages+=("$package=$found")
    done
    # What needs the other version goes first.
    apt-get remove -y rustc-web cargo-web libstd-rust-web-dev rust-web-src > /dev/null 2>&1 || true
    check apt-get install -y --no-install-recommends --allow-downgrades "${packages[@]}"
}

skip() {
    echo "skipped: $1"
    finish
    exit
}
