#!/usr/bin/env bash
# Makes the fixtures of a release: states that every later runtime has to carry over (docs/upgrades.md). Run it once, in
# the commit that is tagged; what is there already is never written anew.
#
#   scripts/fixture.sh                    of this spec_version: a small chain, and a busy market; says in
#                                         runtime/tests/storage.json that it is released
#   scripts/fixture.sh NAME STATE.json    a state of a chain that runs it, as `openledger-node export-state` writes it:
#                                         tests/fixtures/SPEC_VERSION-NAME.json, without the runtime that is in it
#
# Such a state is, with that node stopped: openledger-node export-state --chain CHAIN --base-path DIR >STATE.json

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$REPO"

spec_version=$(sed -n 's/^\tspec_version: \([0-9]*\),$/\1/p' runtime/src/lib.rs)
[ -n "$spec_version" ] || die "runtime/src/lib.rs does not say which spec_version it has"
folder=runtime/tests/fixtures

# carried: does this runtime take what there is?
carried() { OPENLEDGER_FIXTURE="$1" cargo nextest run --locked -p openledger-runtime -E 'test(carried_over) + test(a_busy_market)'; }

case "$#" in
0)
	phase "set-up" set_up
	phase "fixtures" carried 1
	for fixture in "$spec_version" "$spec_version-market"; do
		[ -r "$folder/$fixture.json" ] || die "$folder/$fixture.json was not written"
	done
	sed -i "s/^  \"released\": [0-9]*/  \"released\": $spec_version/" runtime/tests/storage.json
	;;
2)
	[[ "$1" =~ ^[a-z0-9-]+$ ]] || die "'$1' is no name: letters, digits and dashes"
	[ -r "$2" ] || die "cannot read $2"
	fixture="$folder/$spec_version-$1.json"
	[ ! -e "$fixture" ] || die "$fixture is there already, and is never written anew"
	mkdir -p "$folder"
	# 0x3a636f6465 is the key `:code`.
	python3 - "$2" >"$fixture" <<'EOF' || { rm -f "$fixture"; die "$2 is not what export-state writes"; }
import json, sys

top = json.load(open(sys.argv[1]))["genesis"]["raw"]["top"]
top.pop("0x3a636f6465", None)
print(json.dumps({"genesis": {"raw": {"top": top}}}, sort_keys=True, separators=(",", ":")))
EOF
	phase "set-up" set_up
	phase "carried over" carried 0
	;;
*) die "usage: scripts/fixture.sh [NAME STATE.json]" ;;
esac
print_phases
note "commit runtime/tests/storage.json and $folder ($(du -sh "$folder" | cut -f1))"
