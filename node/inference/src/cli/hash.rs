//! `hash`: what the registry wants to know of a model's files.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::show;
use openledger_models::{hash_file, hash_tokenizer};

/// Prints the hashes of a model's files as the registry on chain wants them: of the
/// weights, and of the tokenizer in them or in a file of its own.
///
/// Examples:
///
///   openledger-inference hash SmolLM2-135M-Instruct.Q4_1.gguf
///   openledger-inference hash model.safetensors tokenizer.json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Hash {
	/// GGUF files, other weights, or a `tokenizer.json`.
	#[arg(required = true, value_name = "FILE")]
	files: Vec<PathBuf>,
}

impl Hash {
	pub(super) fn main(self) -> anyhow::Result<()> {
		for (name, hash) in self.hashes()? {
			show::row(name, hash);
		}
		Ok(())
	}

	fn hashes(&self) -> anyhow::Result<Vec<(&'static str, String)>> {
		let mut hashes = Vec::new();
		for path in &self.files {
			let ending = |wanted: &str| {
				path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(wanted))
			};
			if !ending("json") {
				let hash = hash_file(path).with_context(|| path.display().to_string())?;
				hashes.push(("weights", format!("{hash:?}")));
			}
			if ending("json") || ending("gguf") {
				hashes.push(("tokenizer", format!("{:?}", hash_tokenizer(path)?)));
			}
		}
		Ok(hashes)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_core::Hasher;

	#[test]
	fn each_file_has_the_hashes_of_its_kind() {
		let folder = tempfile::tempdir().unwrap();
		let file = |name: &str| {
			let path = folder.path().join(name);
			std::fs::write(&path, b"{}").unwrap();
			path
		};
		let files = vec![file("model.safetensors"), file("tokenizer.json")];
		let hashes = Hash { files }.hashes().unwrap();
		let hash = format!("{:?}", sp_core::Blake2Hasher::hash(b"{}"));
		assert_eq!(hashes, [("weights", hash.clone()), ("tokenizer", hash)]);
		let broken = Hash { files: vec![file("model.gguf")] }.hashes().unwrap_err();
		assert!(format!("{broken:#}").contains("model.gguf"), "{broken:#}");
		let gone = Hash { files: vec!["gone.bin".into()] }.hashes().unwrap_err();
		assert!(format!("{gone:#}").contains("gone.bin"), "{gone:#}");
	}
}
