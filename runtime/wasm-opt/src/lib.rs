//! Stand-in for the crate `wasm-opt`, which compiles binaryen: 16 of the 94 minutes of work of a first build,
//! on the way to everything that needs the runtime's Wasm blob (`docs/adr/0015-a-stand-in-for-wasm-opt.md`).
//!
//! `substrate-wasm-builder` asks it for two things, and a development blob needs neither: to lower sign
//! extension, which a compiler for `wasm32v1-none` does not emit, and to strip debug information, which
//! makes the blob smaller. Without the feature `binaryen` the blob is copied as the compiler wrote it.
//! With it (`--features openledger-runtime/release-blob`) the original crate does the work.

use std::{
	fmt, io,
	path::{Path, PathBuf},
};

/// The passes that the builder of the runtime's blob asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
	/// Removes DWARF debug information.
	StripDwarf,
	/// Replaces sign-extension instructions by instructions of the first version of Wasm.
	SignextLowering,
}

/// The work to be done on a blob.
#[derive(Clone, Debug, Default)]
pub struct OptimizationOptions {
	mvp_features_only: bool,
	debug_info: bool,
	passes: Vec<Pass>,
}

impl OptimizationOptions {
	/// Returns options that optimise nothing.
	pub fn new_opt_level_0() -> Self {
		Self::default()
	}

	/// Allows only features of the first version of Wasm.
	pub fn mvp_features_only(&mut self) -> &mut Self {
		self.mvp_features_only = true;
		self
	}

	/// Keeps or drops the names of functions.
	pub fn debug_info(&mut self, keep: bool) -> &mut Self {
		self.debug_info = keep;
		self
	}

	/// Adds a pass.
	pub fn add_pass(&mut self, pass: Pass) -> &mut Self {
		self.passes.push(pass);
		self
	}

	/// Reads the blob at `from` and writes what becomes of it to `to`, which may be the same file.
	///
	/// # Errors
	///
	/// The blob cannot be read or written, or binaryen refuses it.
	pub fn run(
		&self,
		from: impl AsRef<Path>,
		to: impl AsRef<Path>,
	) -> Result<(), OptimizationError> {
		let (from, to) = (from.as_ref(), to.as_ref());
		self.write(from, to).map_err(|error| OptimizationError { blob: from.to_owned(), error })
	}

	#[cfg(not(feature = "binaryen"))]
	fn write(&self, from: &Path, to: &Path) -> io::Result<()> {
		if from != to {
			std::fs::copy(from, to)?;
		}
		Ok(())
	}

	#[cfg(feature = "binaryen")]
	fn write(&self, from: &Path, to: &Path) -> io::Result<()> {
		let mut options = binaryen::OptimizationOptions::new_opt_level_0();
		if self.mvp_features_only {
			options.mvp_features_only();
		}
		options.debug_info(self.debug_info);
		for pass in &self.passes {
			options.add_pass(match pass {
				Pass::StripDwarf => binaryen::Pass::StripDwarf,
				Pass::SignextLowering => binaryen::Pass::SignextLowering,
			});
		}
		options.run(from, to).map_err(io::Error::other)
	}
}

/// A blob that could not be processed.
#[derive(Debug)]
pub struct OptimizationError {
	blob: PathBuf,
	error: io::Error,
}

impl fmt::Display for OptimizationError {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{}: {}", self.blob.display(), self.error)
	}
}

impl std::error::Error for OptimizationError {}
