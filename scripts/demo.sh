#!/usr/bin/env bash
# From a bare machine to a paid, split and traced model call: sets up, builds, and runs the demo, which
# starts a development chain and an inference node, makes three paid calls, and prints who was paid what.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

phase "set-up" set_up --demo
# What the demo starts, and nothing else.
phase "build" build openledger-node openledger-inference openledger-pay openledger-e2e

run_demo() { "$CARGO_TARGET_DIR/debug/openledger-demo" "$@"; }
phase "run" run_demo "$@"
print_phases
