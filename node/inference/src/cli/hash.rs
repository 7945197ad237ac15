//! `hash`: what the registry wants to know of a model's files.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::show;
use openledger_models::{hash_file, hash_template};

/// Prints the hashes of a model's files as the registry on chain wants them: of the
/// weights, of the tokenizer's file, and of the chat template. That of a file is what
/// `b2sum -l 256 FILE` prints; the template's is that of its text, which a GGUF file
/// brings along.
///
/// Examples:
///
///   openledger-inference hash SmolLM2-135M-Instruct.Q4_1.gguf tokenizer.json
///   openledger-inference hash model.safetensors tokenizer.json chat_template.jinja
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Hash {
	/// GGUF files, other weights, a `tokenizer.json`, or a chat template ending in `.jinja`.
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
			let kind = if ending("json") {
				"tokenizer"
			} else if ending("jinja") {
				"template"
			} else {
				"weights"
			};
			let hash = hash_file(path).with_context(|| path.display().to_string())?;
			hashes.push((kind, format!("{hash:?}")));
			if ending("gguf") {
				hashes.extend(hash_template(path)?.map(|hash| ("template", format!("{hash:?}"))));
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
		let files = ["model.safetensors", "tokenizer.json", "chat_template.jinja"];
		let files = files.map(file).to_vec();
		let hashes = Hash { files }.hashes().unwrap();
		let hash = format!("{:?}", sp_core::Blake2Hasher::hash(b"{}"));
		let kinds = ["weights", "tokenizer", "template"];
		assert_eq!(hashes, kinds.map(|kind| (kind, hash.clone())));
		let broken = Hash { files: vec![file("model.gguf")] }.hashes().unwrap_err();
		assert!(format!("{broken:#}").contains("model.gguf"), "{broken:#}");
		let gone = Hash { files: vec!["gone.bin".into()] }.hashes().unwrap_err();
		assert!(format!("{gone:#}").contains("gone.bin"), "{gone:#}");
	}
}
