//! Counting the tokens of an answer again, where the model's tokenizer is at hand.

use std::{collections::HashMap, path::Path, sync::Arc};

use tokenizers::Tokenizer;

/// Tokens of an answer that leave no text: its end, or half of a character that never came.
const SILENT: usize = 16;
/// A model may write a text with more tokens than a tokenizer would take for it, but rarely: up to
/// this part more is let pass.
const SLACK: usize = 8;

/// The tokenizers that are at hand, by the names of their models.
#[derive(Clone, Default)]
pub struct Recount {
	tokenizers: HashMap<String, Arc<Tokenizer>>,
}

impl std::fmt::Debug for Recount {
	fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		formatter.debug_list().entries(self.tokenizers.keys()).finish()
	}
}

impl Recount {
	/// Reads a model's `tokenizer.json`.
	///
	/// # Errors
	/// If it cannot be read.
	pub fn load(&mut self, model: &str, path: &Path) -> Result<(), String> {
		let tokenizer = Tokenizer::from_file(path)
			.map_err(|error| format!("cannot read the tokenizer {}: {error}", path.display()))?;
		self.tokenizers.insert(model.to_owned(), Arc::new(tokenizer));
		Ok(())
	}

	/// How many tokens a text of a model has, if its tokenizer is at hand.
	pub async fn count(&self, model: &str, text: &str) -> Option<usize> {
		let tokenizer = self.tokenizers.get(model)?.clone();
		let text = text.to_owned();
		// A long text takes its time.
		let counting = tokio::task::spawn_blocking(move || tokenizer.encode_fast(text, false));
		match counting.await {
			Ok(Ok(encoding)) => Some(encoding.len()),
			Ok(Err(error)) => {
				tracing::warn!(model, %error, "an answer cannot be tokenised");
				None
			}
			Err(error) => {
				tracing::warn!(model, %error, "an answer cannot be tokenised");
				None
			}
		}
	}
}

/// Why a number of tokens cannot be that of a text that was `counted`, if it cannot.
///
/// # Errors
/// That.
pub fn compare(charged: u32, counted: usize) -> Result<(), String> {
	let most = counted.saturating_add(counted / SLACK).saturating_add(SILENT);
	match usize::try_from(charged) {
		Ok(tokens) if tokens <= most => Ok(()),
		_ => Err(format!("it charges {charged} output tokens where {counted} were counted")),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// A tokenizer whose tokens are words.
	const WORDS: &str = r#"{
		"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
		"normalizer": null, "pre_tokenizer": { "type": "Whitespace" },
		"post_processor": null, "decoder": null,
		"model": { "type": "WordLevel", "vocab": { "[UNK]": 0, "a": 1 }, "unk_token": "[UNK]" }
	}"#;

	#[tokio::test]
	async fn texts_are_counted_with_their_models_tokenizer() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("tokenizer.json");
		std::fs::write(&path, WORDS).unwrap();
		let mut recount = Recount::default();
		recount.load("m", &path).unwrap();
		assert_eq!(recount.count("m", "a b a").await, Some(3));
		assert_eq!(recount.count("other", "a b a").await, None);
		let missing = recount.load("m", &folder.path().join("none")).unwrap_err();
		assert!(missing.contains("none"), "{missing}");
	}

	#[test]
	fn a_few_tokens_more_are_let_pass() {
		for (charged, counted, holds) in [
			(0, 0, true),
			(16, 0, true),
			(17, 0, false),
			(100, 100, true),
			(128, 100, true),
			(129, 100, false),
			(u32::MAX, 100, false),
		] {
			assert_eq!(compare(charged, counted).is_ok(), holds, "{charged} of {counted}");
		}
	}
}
