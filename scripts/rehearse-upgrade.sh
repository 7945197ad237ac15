#!/usr/bin/env bash
# Rehearses a runtime upgrade before it is proposed: loads a chain's state, runs the migrations of this
# checkout's runtime with the checks before and after each, and checks every pallet's invariants. The
# chain itself is not touched.
#
#   openledger-node export-state --chain CHAIN --base-path DIR >state.json    with the node stopped
#   scripts/rehearse-upgrade.sh state.json
#
# Without an argument it takes a small chain that the test makes.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ "$#" -gt 1 ]; then die "usage: scripts/rehearse-upgrade.sh [STATE.json]"; fi
if [ "$#" -eq 1 ]; then
	[ -r "$1" ] || die "cannot read $1"
	OPENLEDGER_STATE=$(realpath "$1")
	export OPENLEDGER_STATE
fi

phase "set-up" set_up
cd "$REPO"
# Built apart, beside the runtime that is benchmarked: with these checks the runtime is another, and a
# node must not pick it up.
rehearse() {
	CARGO_TARGET_DIR="$OPENLEDGER_CACHE/variants" SKIP_WASM_BUILD=1 \
		cargo test --locked --package openledger-runtime --features try-runtime --test upgrade -- --nocapture
}
phase "rehearsal" rehearse
print_phases
