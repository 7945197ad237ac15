#!/usr/bin/env bash
# Asks a chain whose runtime knows the hash of its metadata, as those of releases do, whether it takes what an offline
# wallet signs. Its node is built apart, with the feature `metadata-hash`: to work the hash out, the blob is built twice.
#
#   scripts/wallets.sh
#
# OPENLEDGER_RPC_PORT (9955) says where its JSON-RPC listens meanwhile.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

port="${OPENLEDGER_RPC_PORT:-9955}"
build_directory="$OPENLEDGER_CACHE/variants"
scratch=$(mktemp -d)
node=
finish() {
	[ -z "$node" ] || kill "$node" 2>/dev/null || true
	rm -rf "$scratch"
}
trap finish EXIT

build_node() {
	(
		cd "$REPO"
		CARGO_TARGET_DIR="$build_directory" cargo build --locked --package openledger-node \
			--features openledger-runtime/metadata-hash
	)
}

sign() {
	"$build_directory/debug/openledger-node" --dev --base-path "$scratch/chain" --rpc-port "$port" --port 0 \
		>"$scratch/node.log" 2>&1 &
	node=$!
	# It answers once its server is up; a node that has ended never does.
	until curl --silent --fail --output /dev/null "http://127.0.0.1:$port/health"; do
		kill -0 "$node" 2>/dev/null || die "the node ended: $(tail -n 5 "$scratch/node.log")"
		sleep 1
	done
	node "$REPO/scripts/polkadot-js/sign-offline.mjs" accepted "ws://127.0.0.1:$port"
}

phase "set-up" set_up
phase "node with a metadata hash" build_node
phase "offline wallet" sign
print_phases
