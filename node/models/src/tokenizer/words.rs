//! Tokenising plain text without what the tokenizer's library remembers of it.
//!
//! The library keeps for each piece of a text where it came from, through every step, which takes many
//! times as long as finding the tokens. Where a tokenizer splits text as GPT-2 does, ASCII text is split
//! here instead, and the model is asked only for words that were not seen lately. What comes out is the
//! same, token for token; everything else is left to the library.

use std::{
	collections::HashMap,
	sync::{PoisonError, RwLock},
};

use tokenizers::{
	models::bpe::BPE,
	pre_tokenizers::{byte_level::ByteLevel, PreTokenizerWrapper},
	Model, ModelWrapper, Tokenizer,
};

/// The most words that are remembered; then it begins anew.
const REMEMBERED: usize = 8_192;
/// Longer words, in bytes, are not.
const LONGEST: usize = 32;

/// A word's bytes, and its tokens.
type Known = HashMap<Box<[u8]>, Box<[u32]>>;

/// Splits and looks up words.
#[derive(Debug)]
pub(super) struct Words {
	/// True if each digit is split off first.
	digits: bool,
	/// Texts that are tokens by themselves, wherever they stand: first those that are looked for in a
	/// text as it is, then those that are looked for in the rest.
	added: [Added; 2],
	known: RwLock<Known>,
}

/// Texts that are tokens by themselves.
#[derive(Debug, Default)]
struct Added {
	/// Longest first.
	tokens: Vec<(Box<[u8]>, u32)>,
	/// The bytes that they begin with: few.
	begin: Vec<u8>,
}

impl Added {
	fn new(mut tokens: Vec<(Box<[u8]>, u32)>) -> Self {
		tokens.sort_by_key(|(token, _)| std::cmp::Reverse(token.len()));
		let mut begin: Vec<u8> =
			tokens.iter().filter_map(|(token, _)| token.first().copied()).collect();
		begin.sort_unstable();
		begin.dedup();
		Self { tokens, begin }
	}

	/// The longest that a text begins with.
	fn at(&self, text: &[u8]) -> Option<(usize, u32)> {
		let found = self.tokens.iter().find(|(token, _)| text.starts_with(token));
		found.map(|(token, id)| (token.len(), *id))
	}

	/// The first one in a text: what is before it, its token, and what is behind it.
	fn split<'a>(&self, text: &'a [u8]) -> Option<(&'a [u8], u32, &'a [u8])> {
		let may_begin = text.iter().enumerate().filter(|(_, byte)| self.begin.contains(byte));
		may_begin.map(|(place, _)| place).find_map(|place| {
			let (before, from) = text.split_at_checked(place)?;
			let (length, id) = self.at(from)?;
			Some((before, id, from.get(length..)?))
		})
	}
}

/// The model, if it does the same with a word each time.
fn model(tokenizer: &Tokenizer) -> Option<&BPE> {
	match tokenizer.get_model() {
		ModelWrapper::BPE(model) if model.dropout.is_none() => Some(model),
		_ => None,
	}
}

impl Words {
	/// For a tokenizer that splits text in a way that is known here.
	pub fn of(tokenizer: &Tokenizer) -> Option<Self> {
		let plain = tokenizer.get_normalizer().is_none()
			&& tokenizer.get_truncation().is_none()
			&& tokenizer.get_padding().is_none();
		model(tokenizer).filter(|_| plain)?;
		let digits = match tokenizer.get_pre_tokenizer()? {
			PreTokenizerWrapper::ByteLevel(bytes) if is_gpt2(bytes) => false,
			PreTokenizerWrapper::Sequence(steps) => match steps.as_ref() {
				[PreTokenizerWrapper::Digits(digits), PreTokenizerWrapper::ByteLevel(bytes)]
					if digits.individual_digits && is_gpt2(bytes) =>
				{
					true
				}
				_ => return None,
			},
			_ => return None,
		};
		let vocabulary = tokenizer.get_added_vocabulary();
		let (mut as_it_is, mut rest) = (Vec::new(), Vec::new());
		for (id, token) in vocabulary.get_added_tokens_decoder() {
			if token.single_word || token.lstrip || token.rstrip || token.content.is_empty() {
				return None;
			}
			let list = if token.normalized { &mut rest } else { &mut as_it_is };
			list.push((token.content.as_bytes().into(), *id));
		}
		let added = [as_it_is, rest].map(Added::new);
		let taken_apart = vocabulary.get_encode_special_tokens();
		(!taken_apart).then(|| Self { digits, added, known: RwLock::default() })
	}

	/// The tokens of a text, if it is ASCII. None as well if something fails: the library will say what.
	pub fn tokens(&self, tokenizer: &Tokenizer, text: &str) -> Option<Vec<u32>> {
		if !text.is_ascii() {
			return None;
		}
		let mut reading =
			Reading { words: self, model: model(tokenizer)?, tokens: Vec::new(), new: Vec::new() };
		{
			let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
			reading.split(&known, text.as_bytes(), 0)?;
		}
		let Reading { tokens, new, .. } = reading;
		if !new.is_empty() {
			let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
			if known.len().saturating_add(new.len()) > REMEMBERED {
				known.clear();
			}
			known.extend(new.into_iter().take(REMEMBERED));
		}
		Some(tokens)
	}
}

/// True if it splits as GPT-2 does, and puts nothing before a text.
fn is_gpt2(bytes: &ByteLevel) -> bool {
	bytes.use_regex && !bytes.add_prefix_space
}

/// A text that is being read.
struct Reading<'a> {
	words: &'a Words,
	model: &'a BPE,
	tokens: Vec<u32>,
	/// Words that are to be remembered.
	new: Vec<(Box<[u8]>, Box<[u32]>)>,
}

impl Reading<'_> {
	/// Takes out what are tokens by themselves, and splits what is between them.
	fn split(&mut self, known: &Known, mut text: &[u8], step: usize) -> Option<()> {
		let words = self.words;
		let Some(added) = words.added.get(step) else { return self.pieces(known, text) };
		while let Some((before, id, behind)) = added.split(text) {
			self.split(known, before, step.saturating_add(1))?;
			self.tokens.push(id);
			text = behind;
		}
		self.split(known, text, step.saturating_add(1))
	}

	fn pieces(&mut self, known: &Known, mut text: &[u8]) -> Option<()> {
		while !text.is_empty() {
			// What is between two digits is split by itself.
			let end = match text.first() {
				Some(first) if self.words.digits && first.is_ascii_digit() => 1,
				_ if self.words.digits => {
					text.iter().position(u8::is_ascii_digit).unwrap_or(text.len())
				}
				_ => text.len(),
			};
			let (mut piece, rest) = text.split_at_checked(end)?;
			text = rest;
			while !piece.is_empty() {
				let (word, behind) = piece.split_at_checked(word(piece))?;
				self.word(known, word)?;
				piece = behind;
			}
		}
		Some(())
	}

	fn word(&mut self, known: &Known, word: &[u8]) -> Option<()> {
		if let Some(tokens) = known.get(word) {
			self.tokens.extend_from_slice(tokens);
			return Some(());
		}
		let spelled: String = word.iter().copied().map(spelled).collect();
		let tokens = self.model.tokenize(&spelled).ok()?;
		let tokens: Box<[u32]> = tokens.iter().map(|token| token.id).collect();
		self.tokens.extend_from_slice(&tokens);
		if word.len() <= LONGEST {
			self.new.push((word.into(), tokens));
		}
		Some(())
	}
}

/// The character by which the vocabulary spells a byte of ASCII: those that cannot be seen are moved
/// to where they can be.
fn spelled(byte: u8) -> char {
	const FIRST_MOVED: u32 = 256;
	let moved = match byte {
		b'!'..=b'~' => return char::from(byte),
		0..=b' ' => FIRST_MOVED.saturating_add(byte.into()),
		// The one after the space.
		_ => FIRST_MOVED.saturating_add(33),
	};
	char::from_u32(moved).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The class of a byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
	Letter,
	Digit,
	Space,
	Other,
}

fn kind(byte: u8) -> Kind {
	match byte {
		b'a'..=b'z' | b'A'..=b'Z' => Kind::Letter,
		b'0'..=b'9' => Kind::Digit,
		b' ' | b'\t'..=b'\r' => Kind::Space,
		_ => Kind::Other,
	}
}

/// The length of the first word of a text that is not empty: what GPT-2's expression matches,
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, on ASCII.
fn word(text: &[u8]) -> usize {
	match text {
		[b'\'', b's' | b't' | b'm' | b'd', ..] => return 2,
		[b'\'', b'r' | b'v', b'e', ..] | [b'\'', b'l', b'l', ..] => return 3,
		_ => {}
	}
	let run =
		|from: &[u8], wanted: Kind| from.iter().take_while(|byte| kind(**byte) == wanted).count();
	match text {
		// A single space belongs to what follows.
		[b' ', behind @ ..] if behind.first().is_some_and(|next| kind(*next) != Kind::Space) => {
			let wanted = behind.first().map_or(Kind::Other, |next| kind(*next));
			run(behind, wanted).saturating_add(1)
		}
		[first, ..] if kind(*first) == Kind::Space => {
			let spaces = run(text, Kind::Space);
			// Of several, the last one is left to what follows, if anything does.
			if spaces > 1 && spaces < text.len() {
				spaces.saturating_sub(1)
			} else {
				spaces
			}
		}
		[first, ..] => run(text, kind(*first)),
		[] => 0,
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{test_model, tokenizer::ModelTokenizer};
	use proptest::prelude::*;
	use std::sync::LazyLock;
	use tokenizers::pre_tokenizers::{byte_level::ByteLevel, digits::Digits, sequence::Sequence};

	/// One tokenizer in both ways of splitting.
	static BOTH: LazyLock<[Tokenizer; 2]> = LazyLock::new(|| {
		let model = ModelTokenizer::load(&test_model::path(), None).expect("the tokenizer loads");
		let bytes = || ByteLevel::new(false, true, true);
		let (mut one, mut other) = (model.tokenizer.clone(), model.tokenizer);
		one.with_pre_tokenizer(Some(bytes()));
		let digits = vec![Digits::new(true).into(), bytes().into()];
		other.with_pre_tokenizer(Some(Sequence::new(digits)));
		[one, other]
	});

	fn is_the_same(text: &str) {
		for tokenizer in &*BOTH {
			let words = Words::of(tokenizer).expect("it is known how it splits");
			let expected = tokenizer.encode_fast(text, false).expect("it encodes");
			for time in ["at first", "from memory"] {
				let found = words.tokens(tokenizer, text);
				assert_eq!(found.as_deref(), Some(expected.get_ids()), "{text:?} {time}");
			}
		}
	}

	#[test]
	fn special_cases() {
		for text in [
			"",
			" ",
			"   ",
			"a  b",
			"a   ",
			"\n\nfoo \n bar\t\tbaz",
			"it's we'll they've I'm he'd you're don't 'S 'll'",
			"in 2026, 1 2  3 x1y22z '4 5's",
			"<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
			"<|im_start|><|im_end|><|im_sta",
			" <|endoftext|> x",
			"\u{0}\u{1b}\u{7f} \u{7f}\r\n\u{b}\u{c}",
			"fn main() { println!(\"{:?}\", vec![1, 2]); } // ~~~",
		] {
			is_the_same(text);
		}
	}

	#[test]
	fn what_is_not_ascii_is_left_to_others() {
		let [tokenizer, _] = &*BOTH;
		let words = Words::of(tokenizer).expect("it is known how it splits");
		assert_eq!(words.tokens(tokenizer, "Größe"), None);
	}

	#[test]
	fn the_model_of_the_tests_is_read_here() {
		let model = ModelTokenizer::load(&test_model::path(), None).expect("the tokenizer loads");
		assert!(model.words.is_some());
	}

	#[test]
	fn memory_is_bounded() {
		let [tokenizer, _] = &*BOTH;
		let words = Words::of(tokenizer).expect("it is known how it splits");
		for number in 0..3 {
			let text: String = (0..REMEMBERED).map(|word| format!(" w{number}x{word:x}")).collect();
			assert!(words.tokens(tokenizer, &text).is_some());
			let known = words.known.read().unwrap_or_else(PoisonError::into_inner);
			assert!(known.len() <= REMEMBERED);
		}
	}

	proptest! {
		#[test]
		fn any_ascii_becomes_the_same_tokens(text in "[ -~\\n\\t\\r\\x00]{0,120}") {
			is_the_same(&text);
		}

		#[test]
		fn any_mixture_becomes_the_same_tokens(
			parts in proptest::collection::vec(
				prop_oneof![
					"[a-zA-Z]{1,8}", "[0-9]{1,4}", " {1,4}", "[\\n\\t]{1,3}", "'[a-z]{1,2}",
					"[.,;:!?<|>]{1,4}", Just("<|im_start|>".to_owned()), Just("<|im_end|>".to_owned()),
				],
				0..30,
			)
		) {
			is_the_same(&parts.concat());
		}
	}
}
