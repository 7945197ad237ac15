#!/usr/bin/env bash
# Measures what a gateway adds to a call: the inference node with paid calls, side by side with LiteLLM's
# proxy, both in front of one backend that answers at once. Prints a table; takes about four minutes.
#
# The node and the load generator are built as for service (`--release`), which takes about twenty
# minutes on two cores for the first time, and three after a change. The chain node is that of the usual
# build (`dev`): no call waits for it.
#
#   scripts/bench/gateway.sh              sets up, builds, measures
#   scripts/bench/gateway.sh --no-build   measures what was built last
#
# What can be chosen, by environment variables:
#
#   BENCH_CONNECTIONS      1,16,64    connections at once, one measurement each, 64 at most
#   BENCH_ROUNDS           3          rounds of each, in turns
#   BENCH_SECONDS          4          length of a round
#   BENCH_LITELLM_WORKERS  1          LiteLLM's processes; its budgets in memory are right with one only
#   BENCH_LOG              info       the node's log filter
#   BENCH_DATA                        a folder for the node's store: how much of it is the disk?

# shellcheck source-path=SCRIPTDIR/.. source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

build=yes
case "${1:-}" in
"") ;;
--no-build) build=no ;;
*) die "usage: scripts/bench/gateway.sh [--no-build]" ;;
esac

gateway() {
	local requirements="$REPO/scripts/bench/requirements.txt" home="$OPENLEDGER_CACHE/gateway-bench"
	export BENCH_LITELLM="$home/bin/litellm"
	if cmp -s "$home/installed.txt" "$requirements" && [ -x "$BENCH_LITELLM" ]; then
		note "$home has its packages"
		return
	fi
	note "making the virtual environment $home"
	rm -f "$home/installed.txt"
	python3 -m venv "$home" || die "Python could not make a virtual environment."
	"$home/bin/python" -m pip install --quiet --disable-pip-version-check --prefer-binary \
		--requirement "$requirements" || die "pip could not install the packages of scripts/bench."
	cp "$requirements" "$home/installed.txt"
}

if [ "$build" = yes ]; then
	phase "set-up" set_up
	phase "build: the chain node" build openledger-node
	phase "build: what is measured" build_release openledger-inference openledger-e2e
fi
phase "set-up: LiteLLM" gateway
log "measuring"
export OPENLEDGER_PROGRAMS="$CARGO_TARGET_DIR/debug"
exec "$CARGO_TARGET_DIR/release/openledger-bench" compare
