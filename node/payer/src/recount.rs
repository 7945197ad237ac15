//! Counting the tokens of a call again, where the model's tokenizer is at hand.

use std::{collections::HashMap, path::Path, sync::Arc};

use tokenizers::Tokenizer;

/// Tokens of an answer that leave no text: its end, or half of a character that never came.
const SILENT: usize = 16;
/// A model may write a text with more tokens than a tokenizer would take for it, but rarely: up to
/// this part more is let pass.
const SLACK: usize = 8;

/// Tokens that a model's own form puts around each message of a chat, at most.
const AROUND: usize = 64;
/// Tokens that it puts around all of them, at most.
const FORM: usize = 256;
/// The same where there are tools to be explained.
const FORM_WITH_TOOLS: usize = 1_024;

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

	/// The number of tokens of texts, if their model's tokenizer is at hand; `special` with those that it
	/// puts around each.
	pub async fn count(&self, model: &str, texts: Vec<String>, special: bool) -> Option<usize> {
		let tokenizer = self.tokenizers.get(model)?.clone();
		// A long text takes its time.
		let counting = tokio::task::spawn_blocking(move || {
			texts.into_iter().try_fold(0_usize, |sum, text| {
				let encoding = tokenizer.encode_fast(text, special)?;
				Ok::<_, tokenizers::Error>(sum.saturating_add(encoding.len()))
			})
		});
		let counted = counting.await.unwrap_or_else(|error| Err(error.into()));
		counted
			.inspect_err(|error| tracing::warn!(model, %error, "a text cannot be tokenised"))
			.ok()
	}
}

/// The most tokens that a model's own form adds to a chat of so many messages, or to one with `tools`.
pub fn form(messages: usize, tools: bool) -> usize {
	let form = if tools { FORM_WITH_TOOLS } else { FORM };
	messages.saturating_mul(AROUND).saturating_add(form)
}

/// Compares a number of input tokens with what was `counted` of them.
///
/// # Errors
/// The reason why it cannot be that.
pub fn compare(asked: u32, counted: usize) -> Result<(), String> {
	match asked <= most_owed(usize::MAX, Some(counted)) {
		true => Ok(()),
		false => Err(format!(
			"it wants to be paid for {asked} input tokens where {counted} were counted"
		)),
	}
}

/// The most output tokens that an answer can have of so many bytes of text, in which so many tokens were
/// `counted`, if its model's tokenizer is at hand: no tokenizer makes more tokens of a text than it has
/// bytes.
pub fn most_owed(bytes: usize, counted: Option<usize>) -> u32 {
	let counted = counted.map(|counted| counted.saturating_add(counted / SLACK));
	let most = counted.map_or(bytes, |counted| counted.min(bytes)).saturating_add(SILENT);
	u32::try_from(most).unwrap_or(u32::MAX)
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
		let texts = || vec!["a b".to_owned(), "a".to_owned()];
		assert_eq!(recount.count("m", texts(), false).await, Some(3));
		assert_eq!(recount.count("m", texts(), true).await, Some(3));
		assert_eq!(recount.count("other", texts(), false).await, None);
		let missing = recount.load("m", &folder.path().join("none")).unwrap_err();
		assert!(missing.contains("none"), "{missing}");
	}

	#[test]
	fn a_chat_has_a_form() {
		let holds = |asked, counted: usize, tools| compare(asked, counted + form(2, tools)).is_ok();
		assert!(holds(800, 400, false) && !holds(1_200, 400, false));
		assert!(holds(1_200, 400, true) && !holds(2_000, 400, true));
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
			assert_eq!(charged <= most_owed(999, Some(counted)), holds, "{charged} of {counted}");
		}
	}
}
