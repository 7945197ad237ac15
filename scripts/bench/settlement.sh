#!/usr/bin/env bash
# Measures what a node settles: calls in a second of chain time, call by call and by sums, next to transfers
# through the same node, and what it had not enough of (weight, length, the author's time, or its pool). Starts
# a development chain of its own, which is gone afterwards. Takes about five minutes.
#
# Both programs are built as for service (`--release`), which takes half an hour on two cores for the first
# time. Nothing else should run meanwhile: the node, which makes a block in a second and a half at most, shares
# the machine with what it is measured with.
#
#   scripts/bench/settlement.sh              sets up, builds, measures
#   scripts/bench/settlement.sh --no-build   measures what was built last
#
# What can be chosen, by environment variables:
#
#   BENCH_BLOCKS     4       full blocks of each kind
#   BENCH_OPERATORS  8       operators that settle, 32 at most
#   BENCH_SESSIONS   64      sessions with each of them, 64 at most
#   BENCH_RUN        10000   calls of a run that is settled by its sums
#   BENCH_PROFILE    release or debug: the programs of the usual build, which are slower

# shellcheck source-path=SCRIPTDIR/.. source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

build=yes
case "${1:-}" in
"") ;;
--no-build) build=no ;;
*) die "usage: scripts/bench/settlement.sh [--no-build]" ;;
esac

profile="${BENCH_PROFILE:-release}"
programs="$CARGO_TARGET_DIR/$profile"
if [ "$build" = yes ]; then
	phase "set-up" set_up
	case "$profile" in
	release) phase "build" build_release openledger-node openledger-throughput ;;
	debug) phase "build" build openledger-node openledger-throughput ;;
	*) die "BENCH_PROFILE is release or debug" ;;
	esac
fi

folder=$(mktemp -d)
"$programs/openledger-node" --dev --base-path "$folder/chain" --rpc-port 0 --port 0 --no-prometheus \
	--no-mdns --no-telemetry >"$folder/log" 2>&1 &
node=$!
trap 'kill "$node" 2>/dev/null || true; wait "$node" 2>/dev/null || true; rm -rf "$folder"' EXIT

log "starting a development chain"
address=
for _ in $(seq 120); do
	address=$(sed -n 's/.*Running JSON-RPC server: addr=\([0-9.:]*\).*/\1/p' "$folder/log" | head -n 1)
	[ -n "$address" ] && break
	kill -0 "$node" 2>/dev/null || break
	sleep 1
done
if [ -z "$address" ]; then
	tail -n 20 "$folder/log" >&2
	die "the chain node did not start."
fi

log "measuring"
"$programs/openledger-throughput" node --url "ws://$address" --blocks "${BENCH_BLOCKS:-4}" \
	--operators "${BENCH_OPERATORS:-8}" --sessions "${BENCH_SESSIONS:-64}" --run "${BENCH_RUN:-10000}"
