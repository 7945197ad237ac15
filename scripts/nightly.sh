#!/usr/bin/env bash
# What is too long for every change: run once a night, and before a release. Each part is reported with its
# time and its verdict; the report goes to docs/results/nightly.md, so that the last results can be read
# beside the code.
#
#   scripts/nightly.sh            everything; takes some hours
#   scripts/nightly.sh PART...    only these: features, licences, endurance, upgrade, wallets, fuzz, sabotage
#
# FUZZ_SECONDS says for how long each target is fuzzed; an hour if nothing is said.
#
# | part      | what it asks |
# |-----------|--------------|
# | features  | does any crate, built alone, build a dependency with other features? |
# | licences  | cargo deny: licences, sources and advisories of all dependencies |
# | endurance | 200 kills under load, ten thousand calls with an eye on memory, a one-sided close |
# | upgrade   | the migrations and invariants of this runtime, on the state of a development chain |
# | wallets   | does a runtime that is built as for a release take what an offline wallet signs? |
# | fuzz      | does anything panic, or break an invariant, that a fuzzer finds in an hour a target? |
# | sabotage  | does a test notice each patch of tests/sabotage? |

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

parts=("$@")
if [ "$#" -eq 0 ]; then parts=(features licences endurance upgrade wallets fuzz sabotage); fi

tool() {
	cargo "$1" --version >/dev/null 2>&1 && return
	note "installing cargo-$1 (takes some minutes)"
	cargo install "cargo-$1" --locked --quiet
}

part_features() { scripts/workspace-hack/generate.py --check; }
part_licences() { tool deny && cargo deny --all-features check; }
part_endurance() {
	cargo build --locked --workspace --all-targets &&
		cargo nextest run --locked --workspace --run-ignored only -E 'package(openledger-e2e) - binary(llama_cpp)'
}
part_upgrade() { scripts/rehearse-upgrade.sh && scripts/rehearse-upgrade.sh --dev; }
part_wallets() { scripts/wallets.sh; }
part_fuzz() { scripts/fuzz.sh all "${FUZZ_SECONDS:-3600}"; }
part_sabotage() { scripts/sabotage.sh; }

for part in "${parts[@]}"; do
	declare -F "part_$part" >/dev/null || die "unknown part '$part': see the head of scripts/nightly.sh"
done

phase "set-up" set_up
cd "$REPO"
# As the tests are built, so that nothing is built twice.
with_lints
mkdir -p docs/results
report=docs/results/nightly.md
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

failed=0 rows=()
for part in "${parts[@]}"; do
	log "$part"
	start=$SECONDS verdict=passed
	"part_$part" 2>&1 | tee "$scratch/$part" || verdict=FAILED
	[ "$verdict" = passed ] || failed=1
	rows+=("| $part | $verdict | $(minutes $((SECONDS - start))) |")
done

last_words() {
	sed 's/\x1b\[[0-9;]*m//g' "$1" | grep -E '^ *(Summary|soak:|fuzz [a-z]+:|[0-9]+ kills|[0-9]+ passed)|NOT noticed|missed:' | tail -n 40 || true
}
{
	printf '# Last nightly run\n\n%s, commit %s, %s cores.\n\n' \
		"$(date -u +%F)" "$(git rev-parse --short HEAD)" "$(nproc)"
	printf '| part | verdict | minutes |\n|---|---|---:|\n'
	printf '%s\n' "${rows[@]}"
	for part in "${parts[@]}"; do
		printf '\n## %s\n\n```text\n%s\n```\n' "$part" "$(last_words "$scratch/$part")"
	done
} >"$report"
log "the report is in $report"
exit "$failed"
