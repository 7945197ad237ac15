//! Counts the tokens of a text that arrives in pieces.

use crate::{BackendError, ModelTokenizer};

/// Text beyond this many bytes is counted for good, as soon as there is a safe place to cut.
const TAIL: usize = 256;

/// Text that offers no safe place is cut anyway when it is this long, which may count a token too
/// many.
const LONGEST_TAIL: usize = 4_096;

/// Counts without tokenising the whole text again for each piece: what lies before a word boundary
/// can no longer change, so only the text behind the last one is counted anew.
#[derive(Debug, Default)]
pub(super) struct TokenCounter {
	counted: u32,
	tail: String,
	/// Of all the text, when some was added last.
	total: u32,
}

impl TokenCounter {
	/// Adds text; returns the tokens of all the text so far. A later piece may still make it less
	/// by joining tokens.
	pub fn push(&mut self, tokenizer: &ModelTokenizer, text: &str) -> Result<u32, BackendError> {
		self.tail.push_str(text);
		if self.tail.len() > TAIL {
			if let Some(cut) = self.cut() {
				let rest = self.tail.split_off(cut);
				let tokens = tokenizer.count(&self.tail)?;
				self.counted = self.counted.saturating_add(tokens);
				self.tail = rest;
			}
		}
		self.total = self.counted.saturating_add(tokenizer.count(&self.tail)?);
		Ok(self.total)
	}

	/// The tokens of all the text so far.
	pub fn total(&self) -> u32 {
		self.total
	}

	/// The tokens of this text, if it is exactly what was added and was counted in one piece.
	pub fn of_whole(&self, text: &str) -> Option<u32> {
		(self.counted == 0 && self.tail == text).then_some(self.total)
	}

	/// The number of bytes of this text, in whole characters, that can be added within `most` tokens.
	pub fn fitting(
		&self,
		tokenizer: &ModelTokenizer,
		text: &str,
		most: u32,
	) -> Result<usize, BackendError> {
		// A word may take fewer tokens than a part of it.
		let whole = tokenizer.count(&[self.tail.as_str(), text].concat())?;
		if self.counted.saturating_add(whole) <= most {
			return Ok(text.len());
		}
		let places = text.char_indices().map(|(place, _)| place).skip(1);
		let places: Vec<usize> = places.chain([text.len()]).collect();
		// All places before `low` fit; more text rarely takes fewer tokens, and where it does, less
		// than could be is handed out.
		let (mut low, mut high) = (0, places.len());
		while low < high {
			let middle = low.midpoint(high);
			let end = places.get(middle).copied().unwrap_or(text.len());
			let begin = text.get(..end).unwrap_or(text);
			let tokens = tokenizer.count(&[&self.tail, begin].concat())?;
			match self.counted.saturating_add(tokens) <= most {
				true => low = middle.saturating_add(1),
				false => high = middle,
			}
		}
		Ok(low.checked_sub(1).and_then(|last| places.get(last)).copied().unwrap_or(0))
	}

	/// The last place that no token crosses: before a single space between two letters, where every
	/// tokenizer begins a new word.
	fn cut(&self) -> Option<usize> {
		let boundary = self.tail.as_bytes().windows(3).rposition(|around| {
			matches!(around, [before, b' ', after]
                if before.is_ascii_alphabetic() && after.is_ascii_alphabetic())
		});
		let cut = boundary.map(|before| before.saturating_add(1));
		cut.or_else(|| (self.tail.len() > LONGEST_TAIL).then_some(self.tail.len()))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use tokenizers::{
		models::bpe::{Vocab, BPE},
		Tokenizer,
	};

	#[test]
	fn a_word_fits_although_a_part_of_it_does_not() {
		let words = ["a", "b", "c", "bc", "abc"].map(String::from);
		let vocab: Vocab = words.into_iter().zip(0..).collect();
		let merge = |one: &str, other: &str| (one.to_owned(), other.to_owned());
		let merges = vec![merge("b", "c"), merge("a", "bc")];
		let model = BPE::builder().vocab_and_merges(vocab, merges).build().expect("a model");
		let folder = tempfile::tempdir().expect("a folder");
		let path = folder.path().join("tokenizer.json");
		Tokenizer::new(model).save(&path, false).expect("it is written");
		std::fs::write(folder.path().join("chat_template.jinja"), "").expect("it is written");
		let tokenizer = ModelTokenizer::load(&path, None).expect("it loads");

		let mut counter = TokenCounter::default();
		let fitting = |counter: &TokenCounter, text: &str, most: u32| {
			counter.fitting(&tokenizer, text, most).expect("it counts")
		};
		assert_eq!(fitting(&counter, "abc", 1), 3);
		assert_eq!(fitting(&counter, "ab", 1), 1);
		assert_eq!(fitting(&counter, "abc", 0), 0);
		assert_eq!(counter.push(&tokenizer, "ab").expect("it counts"), 2);
		assert_eq!(fitting(&counter, "c", 1), 1, "it makes the word whole");
	}

	#[test]
	fn counting_in_pieces_is_counting() {
		let tokenizer = ModelTokenizer::load(&crate::test_model::path(), None).expect("it loads");
		let text =
			"The sea, in 1914, was 4 fathoms deep; nobody minded. Größe, 海は広い 🌊! ".repeat(12);
		let whole = tokenizer.count(&text).expect("it counts");
		for size in [1, 2, 5, 64] {
			let characters: Vec<char> = text.chars().collect();
			let mut counter = TokenCounter::default();
			let mut count = 0;
			for piece in characters.chunks(size) {
				let piece: String = piece.iter().collect();
				count = counter.push(&tokenizer, &piece).expect("it counts");
			}
			assert_eq!(count, whole, "in pieces of {size}");
		}
	}
}
