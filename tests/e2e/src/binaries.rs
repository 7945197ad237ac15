//! Where the built programs are.

use anyhow::{bail, Context, Result};
use std::{env, path::PathBuf};

/// A program of this workspace that was built beside the running one: in its own folder, or in that
/// above it, as for the executables of tests; else in the folder `OPENLEDGER_PROGRAMS`, where one is
/// given.
///
/// # Errors
/// If it was not built.
pub fn binary(name: &str) -> Result<PathBuf> {
	let own = env::current_exe().context("the path of this program")?;
	let beside = own.ancestors().skip(1).take(2).map(PathBuf::from);
	for folder in beside.chain(env::var_os("OPENLEDGER_PROGRAMS").map(PathBuf::from)) {
		let candidate = folder.join(name);
		if candidate.is_file() {
			return Ok(candidate);
		}
	}
	bail!("{name} is not built; build the whole workspace first: cargo build --workspace")
}

/// The file of the small language model.
///
/// # Errors
/// If it is not there.
pub fn model_file() -> Result<PathBuf> {
	let file = match env::var_os("OPENLEDGER_MODEL") {
		Some(file) => PathBuf::from(file),
		None => cache()?.join("models/SmolLM2-135M-Instruct.Q4_1.gguf"),
	};
	if !file.is_file() {
		bail!("no language model at {}; scripts/setup.sh downloads it", file.display());
	}
	Ok(file)
}

/// The Python interpreter that has the clients which models are called with.
///
/// # Errors
/// If it is not there.
pub fn python() -> Result<PathBuf> {
	let home = match env::var_os("OPENLEDGER_PYTHON_CLIENTS") {
		Some(home) => PathBuf::from(home),
		None => cache()?.join("python-clients"),
	};
	let python = home.join("bin/python");
	if !python.is_file() {
		bail!("no Python at {}; scripts/setup.sh installs it", python.display());
	}
	Ok(python)
}

/// Where scripts/setup.sh keeps what it downloads.
fn cache() -> Result<PathBuf> {
	if let Some(cache) = env::var_os("OPENLEDGER_CACHE") {
		return Ok(cache.into());
	}
	let home = env::var_os("HOME").context("HOME is not set")?;
	Ok(PathBuf::from(home).join(".cache/openledger"))
}
