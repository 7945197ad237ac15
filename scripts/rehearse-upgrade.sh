#!/usr/bin/env bash
# Rehearses a runtime upgrade before it is proposed: loads a chain's state, runs the migrations of this
# checkout's runtime with the checks before and after each, and checks every pallet's invariants. The
# chain itself is not touched.
#
#   openledger-node export-state --chain CHAIN --base-path DIR >state.json    with the node stopped
#   scripts/rehearse-upgrade.sh state.json
#
# Without an argument it takes a small chain that the test makes, and with --dev a development chain that the node of
# this checkout has made blocks of.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage="usage: scripts/rehearse-upgrade.sh [STATE.json | --dev]"
if [ "$#" -gt 1 ]; then die "$usage"; fi
case "${1:-}" in
'') state= ;;
--dev) state=dev ;;
-*) die "$usage" ;;
*)
	[ -r "$1" ] || die "cannot read $1"
	state=$(realpath "$1")
	;;
esac

scratch=$(mktemp -d)
node=
finish() {
	[ -z "$node" ] || kill "$node" 2>/dev/null || true
	rm -rf "$scratch"
}
trap finish EXIT

# A development chain's state after some blocks, as its node leaves it.
export_dev() {
	build openledger-node
	local program="$CARGO_TARGET_DIR/debug/openledger-node" log="$scratch/node.log" waited=0
	"$program" --dev --base-path "$scratch/chain" --rpc-port 0 --port 0 --no-prometheus --no-telemetry \
		>"$log" 2>&1 &
	node=$!
	until grep -qE '(Imported|best:) #([5-9]|[1-9][0-9])' "$log"; do
		kill -0 "$node" 2>/dev/null || die "the node ended: $(tail -n 5 "$log")"
		[ "$waited" -lt 180 ] || die "the node has made no blocks in three minutes: $(tail -n 5 "$log")"
		sleep 1
		waited=$((waited + 1))
	done
	# Its database is another process's once this one is gone.
	kill "$node"
	wait "$node" || true
	node=
	"$program" export-state --chain dev --base-path "$scratch/chain" >"$scratch/state.json" 2>"$scratch/export.log" ||
		die "the state cannot be exported: $(tail -n 5 "$scratch/export.log")"
	state="$scratch/state.json"
}

phase "set-up" set_up
cd "$REPO"
if [ "$state" = dev ]; then phase "development chain" export_dev; fi
if [ -n "$state" ]; then export OPENLEDGER_STATE="$state"; fi
# Built apart, beside the runtime that is benchmarked: with these checks the runtime is another, and a
# node must not pick it up.
rehearse() {
	CARGO_TARGET_DIR="$OPENLEDGER_CACHE/variants" SKIP_WASM_BUILD=1 \
		cargo test --locked --package openledger-runtime --features try-runtime --test upgrade -- --nocapture
}
phase "rehearsal" rehearse
print_phases
