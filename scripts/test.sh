#!/usr/bin/env bash
# Sets up and runs everything: format, lints, build, and all tests, lane by lane, with the time that each
# takes. The totals of all lanes are the last line.
#
#   scripts/test.sh             everything
#   scripts/test.sh LANE...     only these lanes: lint, chain, nodes, e2e
#
# | lane  | what it runs |
# |-------|--------------|
# | lint  | format, scripts, who depends on whom, patches of tests/sabotage, compiling with lints, examples in the documentation |
# | chain | tests of primitives, pallets and runtime, and the corpus of the fuzz targets |
# | nodes | tests of the node's crates, and of the clients in JavaScript |
# | e2e   | the built programs, used as people use them: real chains and a real language model |
#
# One crate: `source scripts/lib.sh` in bash, then `cargo nextest run -p CRATE`.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

lanes=("$@")
if [ "$#" -eq 0 ]; then lanes=(lint chain nodes e2e); fi
for lane in "${lanes[@]}"; do
	case "$lane" in
	lint | chain | nodes | e2e) ;;
	*) die "unknown lane '$lane': the lanes are lint, chain, nodes, e2e. One crate's tests: source scripts/lib.sh, then cargo nextest run -p CRATE" ;;
	esac
done

phase "set-up" set_up
cd "$REPO"
with_lints

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Their crates, for the test runner.
chain='(package(openledger-primitives) + package(/^pallet-/) + package(openledger-runtime) + package(openledger-fuzz))'
e2e='package(openledger-e2e)'

scripts() {
	local script
	for script in scripts/*.sh scripts/*/*.sh .ci/run; do bash -n "$script"; done
	if have shellcheck; then shellcheck -x scripts/*.sh scripts/*/*.sh .ci/run; fi
	scripts/sabotage.sh --check
	scripts/crates.py --check
	# Test vectors, made anew from the written formats alone.
	python3 tests/vectors/recompute.py
}

failed=0
# tests NAME FILTER: the runner's totals are kept for the sum at the end.
tests() {
	cargo nextest run --locked --workspace -E "$2" 2>&1 | tee "$scratch/$1" || failed=1
}
javascript() {
	(cd scripts/x402 && npm test --silent) || failed=1
}

lane_lint() {
	phase "lint: format" cargo fmt --all --check
	phase "lint: scripts" scripts
	phase "lint: build with lints" cargo build --locked --workspace --all-targets
	# The test runner does not know of them.
	phase "lint: examples" cargo test --locked --workspace --doc --quiet
}
lane_chain() { phase "chain" tests chain "$chain"; }
lane_nodes() {
	phase "nodes" tests nodes "all() - $chain - $e2e"
	phase "nodes: JavaScript" javascript
}
lane_e2e() {
	# Tests start the programs, which the runner does not build where only tests are asked for.
	phase "e2e: programs" cargo build --locked --workspace --all-targets
	phase "e2e" tests e2e "$e2e"
}
for lane in "${lanes[@]}"; do "lane_$lane"; done
print_phases

# total WORD: what all lanes say of it in their summaries.
total() {
	cat "$scratch"/* 2>/dev/null | sed 's/\x1b\[[0-9;]*m//g' |
		awk -v word="$1" '/^ *Summary / { for (i = 2; i <= NF; i++) if ($i ~ "^" word) sum += $(i - 1) } END { print sum + 0 }'
}
printf '%s passed, %s failed, %s skipped\n' "$(total passed)" "$(total failed)" "$(total skipped)"
exit "$failed"
