#!/usr/bin/env bash
# Asks of the tests whether they would notice. Each patch in tests/sabotage/ breaks one thing that matters
# (a check removed, a sign turned, a durable write skipped) and names the tests that must then fail. A patch
# that no test notices is a check that nobody has tested.
#
#   scripts/sabotage.sh             all patches, one by one; takes an hour or two
#   scripts/sabotage.sh NAME...     only these: tests/sabotage/NAME.patch
#   scripts/sabotage.sh --check     only whether each patch still applies and names its tests; seconds
#
# It works in a copy of the last commit, with the same target directory: the checkout is not touched.
#
# A patch begins with these lines, the last two once for each package whose tests must fail:
#
#   breaks: what no longer holds, in a sentence
#   package: pallet-inference-metering
#   test: tests::records::a_record_counts_once

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$REPO"

check_only=no
if [ "${1:-}" = --check ]; then
	check_only=yes
	shift
fi
patches=()
if [ "$#" -eq 0 ]; then
	patches=(tests/sabotage/*.patch)
else
	for name in "$@"; do patches+=("tests/sabotage/$(basename "$name" .patch).patch"); done
fi

# expected PATCH: a line for each test that must fail, `package test`.
expected() {
	awk '/^--- / { exit } $1 == "package:" { package = $2 } $1 == "test:" { print package, $2 }' "$1"
}

for patch in "${patches[@]}"; do
	[ -r "$patch" ] || die "there is no $patch"
	grep -q '^breaks: .' "$patch" || die "$patch does not say what it breaks (a line 'breaks: …')"
	[ -n "$(expected "$patch")" ] || die "$patch names no test that must fail (lines 'package: …' and 'test: …')"
	git apply --check "$patch" || die "$patch does not apply any more: mend it beside what it breaks"
	while read -r package test; do
		[ -n "$test" ] || die "$patch: a 'test:' line stands before its 'package:' line"
		# The last part of a test's path is a function somewhere in the tree.
		git grep --untracked -qE "fn ${test##*::}\b" -- '*.rs' || die "$patch: there is no test called ${test##*::} ($package)"
	done < <(expected "$patch")
done
note "${#patches[@]} patches apply and name tests that exist"
[ "$check_only" = no ] || exit 0

tree="$OPENLEDGER_CACHE/sabotage"
git worktree remove --force "$tree" >/dev/null 2>&1 || true
git worktree prune
git worktree add --quiet --detach "$tree" HEAD
trap 'cd "$REPO" && git worktree remove --force "$tree"' EXIT
export WASM_BUILD_WORKSPACE_HINT="$tree"
cd "$tree"
with_lints
# A check that is gone may leave behind something that is not used, or that is always so.
export CLIPPY_ARGS="--cap-lints__CLIPPY_HACKERY__warn__CLIPPY_HACKERY__"

# fails PACKAGE TEST: whether the test runs and fails. That it does not compile proves nothing.
log_file=$(mktemp)
fails() {
	local code=0
	if [ "$1" = openledger-e2e ]; then
		# End-to-end tests start the built programs.
		cargo build --locked --workspace >"$log_file" 2>&1 || return 2
	fi
	cargo nextest run --locked -p "$1" --no-fail-fast -E "test(=$2)" --run-ignored all >"$log_file" 2>&1 || code=$?
	case "$code" in
	0) return 1 ;;
	100) return 0 ;;
	*) return 2 ;;
	esac
}

noticed=0 missed=()
for patch in "${patches[@]}"; do
	name=$(basename "$patch" .patch)
	log "$name: $(sed -n 's/^breaks: //p' "$REPO/$patch")"
	git apply "$REPO/$patch"
	while read -r package test; do
		code=0
		fails "$package" "$test" || code=$?
		case "$code" in
		0)
			note "noticed by $package $test"
			noticed=$((noticed + 1))
			;;
		1)
			note "NOT noticed by $package $test"
			missed+=("$name ($test passes)")
			;;
		*)
			tail -n 15 "$log_file"
			missed+=("$name ($test does not build or was not found)")
			;;
		esac
	done < <(expected "$REPO/$patch")
	git checkout --quiet -- .
done

for miss in "${missed[@]}"; do note "missed: $miss"; done
printf '%s passed, %s failed\n' "$noticed" "${#missed[@]}"
[ "${#missed[@]}" -eq 0 ]
