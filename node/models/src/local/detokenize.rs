//! Tokens back to text, one by one.

use tokenizers::Tokenizer;

use crate::BackendError;

/// Written by tokenizers for bytes that are no character (yet).
const REPLACEMENT: char = '\u{FFFD}';

/// A character has at most four bytes, so after this many tokens an incomplete one will never be
/// complete: the bytes are simply wrong, and waiting longer would hold back good text behind them.
const MOST_TOKENS_OF_A_CHARACTER: usize = 4;

/// Turns tokens into text without ever giving out part of a character.
///
/// The text of a token may depend on the one before it (a leading space, for instance), so each piece
/// of text is the difference between two decodings of a short window: with the new tokens, and
/// without them.
pub(super) struct Detokenizer<'a> {
	tokenizer: &'a Tokenizer,
	/// The tokens of the last piece, for context, then those not yet given out.
	window: Vec<u32>,
	/// The number of tokens of the window that were given out already.
	given: usize,
}

impl<'a> Detokenizer<'a> {
	pub fn new(tokenizer: &'a Tokenizer) -> Self {
		Self { tokenizer, window: Vec::new(), given: 0 }
	}

	/// Adds a token; returns the text that is complete with it, often none.
	pub fn push(&mut self, token: u32) -> Result<String, BackendError> {
		self.window.push(token);
		let text = self.pending()?;
		let waiting = self.window.len().saturating_sub(self.given);
		if text.is_empty() || (text.ends_with(REPLACEMENT) && waiting < MOST_TOKENS_OF_A_CHARACTER)
		{
			return Ok(String::new());
		}
		self.window.drain(..self.given);
		self.given = self.window.len();
		Ok(text)
	}

	/// The text that is left at the end, without a character that was never completed.
	pub fn finish(self) -> Result<String, BackendError> {
		Ok(self.pending()?.trim_end_matches(REPLACEMENT).to_owned())
	}

	fn pending(&self) -> Result<String, BackendError> {
		let context = self.decode(self.window.get(..self.given).unwrap_or_default())?;
		let all = self.decode(&self.window)?;
		// Where the new tokens change how the old ones read, what was given out stays as it is.
		Ok(all.get(context.len()..).unwrap_or_default().to_owned())
	}

	fn decode(&self, tokens: &[u32]) -> Result<String, BackendError> {
		self.tokenizer.decode(tokens, true).map_err(BackendError::failed)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use tokenizers::{
		decoders::byte_level::ByteLevel,
		models::bpe::{Vocab, BPE},
	};

	/// A tokenizer whose tokens are single bytes.
	fn bytes() -> Tokenizer {
		let mut alphabet: Vec<char> =
			tokenizers::pre_tokenizers::byte_level::ByteLevel::alphabet().into_iter().collect();
		alphabet.sort_unstable();
		let vocab: Vocab = alphabet.into_iter().map(String::from).zip(0..).collect();
		let bpe = BPE::builder().vocab_and_merges(vocab, vec![]).build().expect("a BPE model");
		let mut tokenizer = Tokenizer::new(bpe);
		tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, true, false)));
		tokenizer.with_decoder(Some(ByteLevel::default()));
		tokenizer
	}

	fn tokens(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
		tokenizer.encode(text, false).expect("it encodes").get_ids().to_vec()
	}

	#[test]
	fn characters_come_out_whole() {
		let tokenizer = bytes();
		let text = "a é € 𝄞!";
		let mut detokenizer = Detokenizer::new(&tokenizer);
		let mut pieces = Vec::new();
		for token in tokens(&tokenizer, text) {
			pieces.push(detokenizer.push(token).expect("it decodes"));
		}
		assert_eq!(detokenizer.finish().as_deref(), Ok(""));
		assert_eq!(pieces.concat(), text);
		assert!(pieces.iter().all(|piece| !piece.contains(REPLACEMENT)), "{pieces:?}");
		assert!(pieces.contains(&"𝄞".to_string()), "{pieces:?}");
	}

	#[test]
	fn half_a_character_at_the_end_is_dropped() {
		let tokenizer = bytes();
		let mut all = tokens(&tokenizer, "ok€");
		all.pop();
		let mut detokenizer = Detokenizer::new(&tokenizer);
		let text: String =
			all.iter().map(|token| detokenizer.push(*token).expect("it decodes")).collect();
		assert_eq!((text.as_str(), detokenizer.finish().as_deref()), ("ok", Ok("")));
	}

	#[test]
	fn wrong_bytes_do_not_hold_back_the_rest() {
		let tokenizer = bytes();
		let lead = tokens(&tokenizer, "€")[0];
		let mut detokenizer = Detokenizer::new(&tokenizer);
		let mut text = String::new();
		for token in [lead, lead, lead, lead].into_iter().chain(tokens(&tokenizer, " fine")) {
			text.push_str(&detokenizer.push(token).expect("it decodes"));
		}
		assert!(text.ends_with(" fine"), "{text}");
	}
}
