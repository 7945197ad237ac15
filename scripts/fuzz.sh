#!/usr/bin/env bash
# Runs a fuzz target of tests/fuzz, with coverage: libFuzzer looks for inputs that reach code that none before has
# reached, and for one on which the target panics.
#
#   scripts/fuzz.sh                    all targets, a minute each
#   scripts/fuzz.sh TARGET [SECONDS]   one of decode, calls, raw; or `all`
#   scripts/fuzz.sh --keep TARGET      puts the smallest inputs that were found into tests/fuzz/corpus, 16 KiB at most
#   scripts/fuzz.sh --run TARGET FILE  runs one input, such as the one that a find was written to
#
# What is found goes to $OPENLEDGER_CACHE/fuzz, and is the start of the next run. It needs the nightly toolchain and a
# C++ compiler. The first build takes as long as that of the node; it has a target directory of its own.
#
# | variable       | |
# |----------------|---|
# | FUZZ_JOBS      | processes at a time; 1 if nothing is said |
# | FUZZ_SANITIZER | `address` also looks at memory, at half the speed; `none` if nothing is said |

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$REPO"

all_targets=(decode calls raw)
folder="$OPENLEDGER_CACHE/fuzz"
jobs="${FUZZ_JOBS:-1}"
sanitizer="${FUZZ_SANITIZER:-none}"

mode=fuzz
case "${1:-}" in
--keep | --run)
	mode="${1#--}"
	shift
	;;
esac
target="${1:-all}"
case "$target" in
decode | calls | raw) targets=("$target") ;;
all) targets=("${all_targets[@]}") ;;
*) die "unknown target '$target': they are ${all_targets[*]}, and all" ;;
esac
if [ "$mode" != fuzz ] && [ "$target" = all ]; then die "usage: see the head of scripts/fuzz.sh"; fi
seconds="${2:-60}"
if [ "$mode" = fuzz ] && ! [[ "$seconds" =~ ^[1-9][0-9]*$ ]]; then die "'$seconds' is no number of seconds"; fi

have c++ || die "libFuzzer is C++: install a C++ compiler"
rustup run nightly rustc --version >/dev/null 2>&1 ||
	die "coverage needs the nightly toolchain: rustup toolchain install nightly --profile minimal"
# Lints, and the blob, are for other builds.
unset RUSTC_WORKSPACE_WRAPPER CLIPPY_ARGS
export SKIP_WASM_BUILD=1
if ! cargo fuzz --version >/dev/null 2>&1; then
	note "installing cargo-fuzz (takes some minutes)"
	cargo install cargo-fuzz --locked --quiet
fi
export RUSTUP_TOOLCHAIN=nightly

# As the tests are built: sums that overflow panic. Without `cfg(fuzzing)`, by which some libraries leave out checks.
build=(--fuzz-dir tests/fuzz --dev --no-cfg-fuzzing --features libfuzzer
	--sanitizer "$sanitizer" --target-dir "$OPENLEDGER_CACHE/fuzz-target")

# fuzz TARGET ARGUMENT...: runs it with arguments of libFuzzer.
fuzz() {
	local name="$1"
	shift
	cargo fuzz run "${build[@]}" "$name" "$folder/$name" "$folder/seeds/$name" "tests/fuzz/corpus/$name" -- "$@"
}

# What a run has done: libFuzzer's last words, and how much its inputs reach.
report() {
	local name="$1" log="$2" executions edges
	# A line of progress begins with the number of executions. With several processes only such lines have it.
	executions=$(awk 'match($0, /^#[0-9]+/) { last = substr($0, 2, RLENGTH - 1) } END { print last + 0 }' "$log")
	edges=$(awk 'match($0, /cov: [0-9]+/) { last = substr($0, RSTART + 5, RLENGTH - 5) } END { print last + 0 }' "$log")
	printf 'fuzz %s: %s executions, %s edges reached, %s inputs kept, %s minutes: no find\n' "$name" \
		"$executions" "$edges" "$(find "$folder/$name" -type f | wc -l)" "$(minutes "$3")"
}

run_fuzz() {
	local name="$1" start log
	log=$(mktemp)
	mkdir -p "$folder/$name"
	tests/fuzz/seeds.py "$folder/seeds"
	start=$SECONDS
	local limits=(-max_total_time="$seconds" -max_len=4096 -timeout=60 -rss_limit_mb=6144 -print_final_stats=1)
	if [ "$jobs" -gt 1 ]; then limits+=(-fork="$jobs"); fi
	if ! fuzz "$name" "${limits[@]}" 2>&1 | tee "$log"; then
		rm -f "$log"
		die "$name has a find: its input is in tests/fuzz/artifacts/$name; run it with scripts/fuzz.sh --run $name FILE"
	fi
	report "$name" "$log" $((SECONDS - start))
	rm -f "$log"
}

case "$mode" in
fuzz) for name in "${targets[@]}"; do phase "fuzz $name" run_fuzz "$name"; done ;;
run)
	[ -r "${2:-}" ] || die "cannot read '${2:-}'"
	cargo fuzz run "${build[@]}" "$target" "$2"
	;;
keep)
	[ -d "$folder/$target" ] || die "nothing was found yet: scripts/fuzz.sh $target"
	merged=$(mktemp -d)
	trap 'rm -rf "$merged"' EXIT
	cargo fuzz run "${build[@]}" "$target" "$merged" "$folder/$target" -- -merge=1 -max_len=4096
	rm -f "tests/fuzz/corpus/$target"/found-*
	bytes=0
	while read -r size file; do
		bytes=$((bytes + size))
		[ "$bytes" -le 16384 ] || break
		cp "$file" "tests/fuzz/corpus/$target/found-$(basename "$file" | cut -c 1-12)"
	done < <(find "$merged" -type f -printf '%s %p\n' | sort -n)
	note "$(find "tests/fuzz/corpus/$target" -name 'found-*' | wc -l) inputs are kept in tests/fuzz/corpus/$target"
	;;
esac
