#!/usr/bin/env bash
# Sets up and runs everything: format, lints, build, and all tests, end-to-end tests included. The test
# runner comes last, so that its totals are the last lines. Arguments go to `cargo nextest run`.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

phase "set-up" set_up
cd "$REPO"
# Lints need no wasm, and its builder would start a second cargo under clippy's wrapper.
lints() {
	SKIP_WASM_BUILD=1 cargo clippy --locked --workspace --all-targets -- -D warnings
}

phase "format" cargo fmt --all --check
phase "lints" lints
phase "build" build_workspace --all-targets
# The examples in the documentation, which the test runner does not know of.
phase "examples" cargo test --locked --workspace --doc --quiet
print_phases

log "tests"
# The same environment as for the build: then nothing is built again.
exec cargo nextest run --locked --workspace "$@"
