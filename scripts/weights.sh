#!/usr/bin/env bash
# Measures what the extrinsics cost, and writes the weights to runtime/src/weights/, one file a pallet.
# The benchmarks run inside the runtime's wasm, built as for production, on the development genesis.
# Run it on the class of machine that validators are to have, with nothing beside it.
#
#   scripts/weights.sh                       the pallets of this chain, and those below them
#   scripts/weights.sh pallet_balances ...   only these
#
# OPENLEDGER_WEIGHTS_STEPS (50) says how many values each component takes, OPENLEDGER_WEIGHTS_REPEAT (20)
# how often each is measured, OPENLEDGER_WEIGHTS_SECONDS (10) for how long each extrinsic at the least.
# Fewer will do to try the benchmarks out.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Of the same release set as the runtime's dependencies.
bencher_version=0.28.0
tools="$OPENLEDGER_CACHE/tools"
bencher="$tools/bin/frame-omni-bencher"
# A runtime with benchmarks must not get where the node looks for its own: it is built apart.
build_directory="$OPENLEDGER_CACHE/variants"
runtime="$build_directory/debug/wbuild/openledger-runtime/openledger_runtime.compact.compressed.wasm"
weights="$REPO/runtime/src/weights"
steps="${OPENLEDGER_WEIGHTS_STEPS:-50}"
repeat="${OPENLEDGER_WEIGHTS_REPEAT:-20}"
seconds="${OPENLEDGER_WEIGHTS_SECONDS:-10}"

pallets=(
	pallet_model_registry
	pallet_data_attribution
	pallet_inference_metering
	pallet_inference_requests
	pallet_revenue_split
	pallet_length_fee
	pallet_parameters
	pallet_balances
	frame_system
)
if [ "$#" -gt 0 ]; then pallets=("$@"); fi
for pallet in "${pallets[@]}"; do
	case "$pallet" in
	*[!a-z0-9_]* | "") die "usage: scripts/weights.sh [pallet_name ...], as in the runtime's list of benchmarks" ;;
	esac
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

get_bencher() {
	if [ "$("$bencher" --version 2>/dev/null)" = "frame-omni-bencher $bencher_version" ]; then
		note "frame-omni-bencher $bencher_version is there"
		return
	fi
	note "installing frame-omni-bencher $bencher_version (takes a while)"
	# Into its own target directory, which is kept until it works: its flags are not the workspace's. A
	# test runtime that comes with it is not needed.
	CARGO_TARGET_DIR="$tools/target" SKIP_WASM_BUILD=1 cargo install frame-omni-bencher --version "=$bencher_version" --locked \
		--quiet --root "$tools" || die "frame-omni-bencher could not be installed."
	"$bencher" --version >/dev/null || die "frame-omni-bencher was installed but does not run."
	rm -rf "$tools/target"
}

# Only the blob is of interest; the code around it is built as always, so that other variants share it.
build_runtime() {
	(
		cd "$REPO"
		CARGO_TARGET_DIR="$build_directory" WASM_BUILD_TYPE=production \
			cargo build --locked --package openledger-runtime --features runtime-benchmarks,release-blob
	)
	[ -s "$runtime" ] || die "the build left no runtime at $runtime."
}

# What kind of machine this is, without what would tell which one.
machine_class() {
	local processor memory
	processor=$(sed -n '/^model name/ { s/^[^:]*: *//p; q; }' /proc/cpuinfo 2>/dev/null) || true
	memory=$(awk '/^MemTotal:/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo 2>/dev/null) || true
	printf '%s cores, %s, %s of memory' "$(nproc)" "${processor:-$(uname -m)}" "${memory:-unknown}"
}

write_header() {
	{
		printf '//! | | |\n//! |---|---|\n'
		printf '//! | machine | %s |\n' "$(machine_class)"
		printf '//! | compiler | %s |\n' "$(rustc --version)"
		printf '//! | runtime | wasm, production profile |\n'
		printf '//! | database | ParityDb, which the node uses: `DbWeight` of the runtime counts each access |\n'
	} >"$scratch/header.rs"
}

measure() {
	local output="$scratch/$1.rs"
	"$bencher" v1 benchmark pallet --runtime "$runtime" --pallet "$1" --extrinsic '*' \
		--genesis-builder runtime --genesis-builder-preset development \
		--steps "$steps" --repeat "$repeat" --min-duration "$seconds" --quiet \
		--template "$REPO/scripts/weights.hbs" --header "$scratch/header.rs" --output "$output" ||
		die "the benchmarks of $1 failed."
	[ -s "$output" ] || die "the benchmarks of $1 gave no weights."
	mv "$output" "$weights/$1.rs"
}

# Names every file that is there, those of earlier runs too.
list_modules() {
	local file
	{
		printf '%s\n\n' "//! What the extrinsics cost, as measured by \`scripts/weights.sh\`: one module a pallet."
		for file in "$weights"/*.rs; do
			file=$(basename "$file" .rs)
			[ "$file" = mod ] || printf 'pub mod %s;\n' "$file"
		done
	} >"$scratch/mod.rs"
	mv "$scratch/mod.rs" "$weights/mod.rs"
}

phase "set-up" set_up --demo
phase "benchmark runner" get_bencher
phase "runtime with benchmarks" build_runtime
mkdir -p "$weights"
write_header
for pallet in "${pallets[@]}"; do
	phase "$pallet" measure "$pallet"
done
list_modules
print_phases
log "weights are in runtime/src/weights/; machine: $(machine_class)"
