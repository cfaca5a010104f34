#!/usr/bin/env bash
# The tests that everybody runs, those of the features, and the API tests once more with optimisation.
set -euo pipefail
cd "$(dirname "$0")/.."
source ci/lib.sh

# As the README says. (The lane `docs` runs the programs in documentation once more, with all features.)
count_tests cargo test --no-fail-fast
# The attributes, and what stands in for rayon-core.
count_tests cargo test --no-fail-fast -p manyhands-macros -p rayon-core
# With all features, and optimised: the same API, on threads that also drive a reactor and are traced.
check cargo build --release --all-features --example echo --example http_server --example dashboard \
    --example tokio_bridge
count_tests cargo test --no-fail-fast --release --all-features --test it --test time \
    --test async_io --test echo --test http_server --test dashboard --test tokio_bridge --test tokio_tasks --test trace --test tracing --test paused
count_tests cargo test --no-fail-fast --features test-util --test paused --test time
# With this feature alone workers are inside another reactor than with all.
count_tests cargo test --no-fail-fast --features async-io --test time --test async_io --test echo
finish
