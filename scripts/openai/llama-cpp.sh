#!/usr/bin/env bash
# Runs the test with a real llama.cpp server behind the inference node. Python's package of it has no
# wheels, so it is compiled first, which takes some minutes: the other tests do without.

# shellcheck source-path=SCRIPTDIR/.. source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

export OPENLEDGER_LLAMA_CPP="${OPENLEDGER_LLAMA_CPP:-$OPENLEDGER_CACHE/llama-cpp}"

llama_cpp() {
	local requirements="$REPO/scripts/openai/llama-cpp.txt" home="$OPENLEDGER_LLAMA_CPP"
	if cmp -s "$home/installed.txt" "$requirements" && "$home/bin/python" -c 'import llama_cpp.server' 2>/dev/null; then
		note "$home has its packages"
		return
	fi
	note "making the virtual environment $home"
	rm -f "$home/installed.txt"
	python3 -m venv "$home" || die "Python could not make a virtual environment."
	# Without what is for images.
	CMAKE_ARGS="${CMAKE_ARGS:--DLLAVA_BUILD=OFF -DGGML_OPENMP=OFF}" "$home/bin/python" -m pip install --quiet \
		--disable-pip-version-check --requirement "$requirements" ||
		die "pip could not build the packages of scripts/openai/llama-cpp.txt."
	cp "$requirements" "$home/installed.txt"
}

phase "set-up" set_up
phase "set-up: llama.cpp" llama_cpp
cd "$REPO"
phase "build" build openledger-node openledger-inference openledger-pay
log "test"
exec cargo nextest run --locked --workspace -E 'package(openledger-e2e) and binary(llama_cpp)' \
	--run-ignored all "$@"
