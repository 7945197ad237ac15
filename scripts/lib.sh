# shellcheck shell=bash
# Sourced by the other scripts: where things are kept, and how the build is set up. Every script
# goes through here, so that all of them build with the same flags into the same directory. So may an
# interactive bash.

# Not in a shell that somebody types into: the first command that fails would close it.
case $- in
*i*) ;;
*) set -euo pipefail ;;
esac

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export REPO="$repo"

# Everything that is downloaded or built: kept out of the checkout, so that clones share it.
export OPENLEDGER_CACHE="${OPENLEDGER_CACHE:-$HOME/.cache/openledger}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$OPENLEDGER_CACHE/target}"
# Without it, a wasm build whose target directory is elsewhere does not find Cargo.lock.
export WASM_BUILD_WORKSPACE_HINT="$REPO"
# The small language model of the demo and the end-to-end tests.
export OPENLEDGER_MODEL="${OPENLEDGER_MODEL:-$OPENLEDGER_CACHE/models/SmolLM2-135M-Instruct.Q4_1.gguf}"
# The virtual environment with the Python clients that the end-to-end tests call models with.
export OPENLEDGER_PYTHON_CLIENTS="${OPENLEDGER_PYTHON_CLIENTS:-$OPENLEDGER_CACHE/python-clients}"

log() { printf '\033[1m==> %s\033[0m\n' "$*"; }
note() { printf '    %s\n' "$*"; }
die() {
	printf '\nerror: %s\n' "$*" >&2
	exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

minutes() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# phase NAME COMMAND...: runs the command and remembers how long it took.
declare -a phase_times
phase() {
	local name="$1" start=$SECONDS
	shift
	log "$name"
	"$@"
	phase_times+=("$(printf '%-28s %6s' "$name" "$(minutes $((SECONDS - start)))")")
}
print_phases() {
	log "time taken (minutes:seconds)"
	local line
	for line in "${phase_times[@]}"; do note "$line"; done
}

# Rust may be installed without being on PATH (rustup writes to shell profiles that a script does not
# read), or belong to the account while HOME points elsewhere, as when trying out a clean home.
find_rust() {
	local account_home
	account_home=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6 || true)
	account_home="${account_home:-$HOME}"
	if ! have cargo; then
		local dir
		for dir in "$HOME/.cargo/bin" "$account_home/.cargo/bin"; do
			if [ -x "$dir/cargo" ]; then
				export PATH="$dir:$PATH"
				break
			fi
		done
	fi
	# What `cargo install` installs.
	local installs="${CARGO_HOME:-$HOME/.cargo}/bin"
	case ":$PATH:" in *":$installs:"*) ;; *) export PATH="$PATH:$installs" ;; esac
	if [ -z "${RUSTUP_HOME:-}" ] && [ ! -e "$HOME/.rustup" ] && [ -d "$account_home/.rustup" ]; then
		export RUSTUP_HOME="$account_home/.rustup"
	fi
}
find_rust

# rust-toolchain.toml names a compiler. Where it is not installed and cannot be, the one that rustup has
# as its default serves; scripts/setup.sh checks that it is new enough.
use_rust_toolchain() {
	have rustup || return 0
	[ -z "${RUSTUP_TOOLCHAIN:-}" ] || return 0
	local pinned default
	pinned=$(sed -n 's/^channel *= *"\(.*\)"$/\1/p' "$REPO/rust-toolchain.toml")
	if rustup run "$pinned" rustc --version >/dev/null 2>&1; then return 0; fi
	default=$(cd / && rustup default 2>/dev/null | cut -d' ' -f1) || true
	if [ -n "$default" ]; then export RUSTUP_TOOLCHAIN="$default"; fi
}
use_rust_toolchain

# A newer Node.js than the system's, where scripts/setup.sh had to get one.
export OPENLEDGER_NODE_JS="${OPENLEDGER_NODE_JS:-$OPENLEDGER_CACHE/node-js}"
find_node_js() {
	local programs="$OPENLEDGER_NODE_JS/node_modules/node/bin"
	case ":$PATH:" in *":$programs:"*) return ;; esac
	[ -x "$programs/node" ] || return 0
	export PATH="$programs:$PATH"
	# It brings its own certificates; where the system trusts more, so must it.
	local trusted=/etc/ssl/certs/ca-certificates.crt
	if [ -r "$trusted" ]; then export NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-$trusted}"; fi
}
find_node_js

# scripts/setup.sh leaves word of the compiler that builds the runtime's wasm; one that is named in the
# environment comes first.
wasm_toolchain_given="${WASM_BUILD_TOOLCHAIN:-}"
use_wasm_toolchain() {
	local chosen="$wasm_toolchain_given" word="$OPENLEDGER_CACHE/wasm-toolchain"
	if [ -z "$chosen" ] && [ -r "$word" ]; then chosen=$(cat "$word"); fi
	if [ -n "$chosen" ]; then
		export WASM_BUILD_TOOLCHAIN="$chosen"
	else
		unset WASM_BUILD_TOOLCHAIN
	fi
}
use_wasm_toolchain

set_up() {
	"$REPO/scripts/setup.sh" "$@"
	find_rust
	unset RUSTUP_TOOLCHAIN
	use_rust_toolchain
	find_node_js
	use_wasm_toolchain
}

# Lints run while the workspace is compiled: clippy's driver stands in for the compiler of its crates, and
# the dependencies are built once for lints, tests and programs.
with_lints() {
	export RUSTC_WORKSPACE_WRAPPER=clippy-driver
	export CLIPPY_ARGS="-Dwarnings__CLIPPY_HACKERY__"
}

# build PACKAGE...: the programs of these packages. scripts/workspace-hack gives dependencies the same
# features whatever is built, so that nothing is built twice.
build() { (cd "$REPO" && cargo build --locked "${@/#/--package=}"); }
# The same, optimised as for service.
build_release() { (cd "$REPO" && cargo build --locked --release "${@/#/--package=}"); }
