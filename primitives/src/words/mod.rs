//! Words of data, answers and prompts, folded so that case and punctuation change nothing.
//!
//! Folding is bytewise and needs no tables of Unicode but two short lists: A–Z become a–z, and
//! each other ASCII byte that is no letter or digit, and each code point of [`SEPARATORS_V1`], becomes
//! space. A word is a maximal run of bytes other than `0x20` and `0x00`; each code point of
//! [`SPACELESS_V1`] is a word of its own, and two of them count as one word: lengths and runs are
//! counted in *half words*.
//!
//! Nothing here needs valid UTF-8, and nothing depends on what stands before the bytes that are looked
//! at. So words can be cut out of any range of a stream; only the first and the last of them may be cut
//! themselves, if they touch an end of the range that is not an end of a document.

mod ranges;

pub use ranges::{Range, SEPARATORS_V1, SPACELESS_V1};

use ranges::Kind;

/// Bytes of the longest word that can stand in a window, which has no more than these.
pub const MAX_WORD: u32 = 512;

/// Half words that a word counts as.
pub const HALVES_OF_A_WORD: u8 = 2;
/// Half words that a code point of a script without spaces counts as.
pub const HALVES_OF_A_SPACELESS: u8 = 1;

/// One word of a text, as it stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
	/// Bytes before it in the source.
	pub offset: usize,
	/// Its bytes as they stand in the source, not folded; never none. Folded they are as many.
	pub bytes: &'a [u8],
	/// `true` if it is one code point of a script without spaces.
	pub spaceless: bool,
	/// `true` if nothing stands between it and the word before it.
	pub glued: bool,
	/// `true` if it is the first of the source, or a `0x00` that closes a document stands between it and
	/// the word before it.
	pub starts_document: bool,
}

impl Word<'_> {
	/// Its folded bytes.
	pub fn folded(&self) -> impl Iterator<Item = u8> + '_ {
		self.bytes.iter().map(u8::to_ascii_lowercase)
	}

	/// Returns `true` if both are the same word, whatever case they are written in.
	pub fn is_same(&self, other: &Word) -> bool {
		self.bytes.eq_ignore_ascii_case(other.bytes)
	}

	/// Half words that it counts as in lengths and runs.
	pub fn halves(&self) -> u8 {
		if self.spaceless {
			HALVES_OF_A_SPACELESS
		} else {
			HALVES_OF_A_WORD
		}
	}

	/// The byte after its last one in the source.
	pub fn end(&self) -> usize {
		self.offset.saturating_add(self.bytes.len())
	}
}

/// The meaning of `0x00` in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nul {
	ClosesDocument,
	Space,
}

/// The words of a source, in order, without copying any.
#[derive(Clone, Debug)]
pub struct Words<'a> {
	source: &'a [u8],
	at: usize,
	nul: Nul,
	/// Where the word before ended.
	end: Option<usize>,
	starts_document: bool,
}

impl<'a> Words<'a> {
	/// The words of a canonical stream, or of a range of it: `0x00` closes a document.
	pub fn of_stream(stream: &'a [u8]) -> Self {
		Self::new(stream, Nul::ClosesDocument)
	}

	/// The words of an answer or a prompt: `0x00` is a space like any other.
	pub fn of_text(text: &'a [u8]) -> Self {
		Self::new(text, Nul::Space)
	}

	fn new(source: &'a [u8], nul: Nul) -> Self {
		Self { source, at: 0, nul, end: None, starts_document: true }
	}

	fn first(&self) -> Option<(Kind, usize)> {
		ranges::first(self.source.get(self.at..)?)
	}
}

impl<'a> Iterator for Words<'a> {
	type Item = Word<'a>;

	fn next(&mut self) -> Option<Word<'a>> {
		let (offset, spaceless) = loop {
			let (kind, length) = self.first()?;
			let offset = self.at;
			self.at = offset.saturating_add(length);
			match kind {
				Kind::Separator => {}
				Kind::Nul => self.starts_document |= self.nul == Nul::ClosesDocument,
				Kind::Spaceless => break (offset, true),
				Kind::Letter => break (offset, false),
			}
		};
		if !spaceless {
			while let Some((Kind::Letter, length)) = self.first() {
				self.at = self.at.saturating_add(length);
			}
		}
		let word = Word {
			offset,
			bytes: self.source.get(offset..self.at)?,
			spaceless,
			glued: self.end == Some(offset),
			starts_document: self.starts_document,
		};
		self.end = Some(self.at);
		self.starts_document = false;
		Some(word)
	}
}

impl core::iter::FusedIterator for Words<'_> {}

/// Folds a canonical stream in place: each byte of what separates words becomes `0x20`, A–Z become a–z,
/// and `0x00` stays. Every other byte stays where it is.
pub fn fold_stream(stream: &mut [u8]) {
	fold(stream, Nul::ClosesDocument);
}

/// Folds an answer or a prompt in place, as [`fold_stream`] does, and `0x00` becomes `0x20` as well.
pub fn fold_text(text: &mut [u8]) {
	fold(text, Nul::Space);
}

fn fold(mut rest: &mut [u8], nul: Nul) {
	while let Some((kind, length)) = ranges::first(rest) {
		let Some((head, tail)) = rest.split_at_mut_checked(length) else { return };
		match (kind, nul) {
			(Kind::Separator, _) | (Kind::Nul, Nul::Space) => head.fill(b' '),
			(Kind::Letter, _) => head.make_ascii_lowercase(),
			_ => {}
		}
		rest = tail;
	}
}

/// Returns `true` if `bytes` are one whole word, and folded.
pub fn is_folded_word(bytes: &[u8]) -> bool {
	let mut words = Words::of_text(bytes);
	words.next().is_some_and(|word| word.bytes == bytes)
		&& !bytes.iter().any(u8::is_ascii_uppercase)
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::{collection::vec, prelude::*};

	fn words(text: &[u8]) -> Vec<&[u8]> {
		Words::of_text(text).map(|word| word.bytes).collect()
	}

	fn folded(text: &str) -> Vec<String> {
		Words::of_text(text.as_bytes())
			.map(|word| String::from_utf8(word.folded().collect()).unwrap())
			.collect()
	}

	#[test]
	fn case_and_punctuation_change_nothing() {
		let plain = folded("the quick brown fox don t jump");

		assert_eq!(
			folded("**The** quick_brown\u{A0}fox: \u{201C}DON\u{2019}T jump!\u{201D}"),
			plain
		);
		assert_eq!(folded("\tthe\u{85}quick\u{1680}brown\0fox\u{3000}don't\r\njump"), plain);
		assert_eq!(folded("你好\u{FF0C}世界"), folded("你好, 世界"));
		// Only ASCII has case here.
		assert_eq!(folded("ÉCOLE"), ["École"]);
	}

	#[test]
	fn scripts_without_spaces_have_a_word_a_code_point() {
		let text = "ab\u{4E2D}\u{6587}c \u{20000}";
		let found: Vec<_> = Words::of_text(text.as_bytes())
			.map(|word| (word.offset, word.bytes.len(), word.spaceless, word.glued, word.halves()))
			.collect();
		assert_eq!(
			found,
			[
				(0, 2, false, false, 2),
				(2, 3, true, true, 1),
				(5, 3, true, true, 1),
				(8, 1, false, true, 2),
				(10, 4, true, false, 1),
			]
		);
		// Korean has spaces.
		assert_eq!(folded("한국어 텍스트").len(), 2);
	}

	#[test]
	fn documents_are_told_apart_in_a_stream_only() {
		let starts = |words: Words| words.map(|word| word.starts_document).collect::<Vec<_>>();

		assert_eq!(starts(Words::of_stream(b"a b\0c\0")), [true, false, true]);
		assert_eq!(starts(Words::of_text(b"a b\0c\0")), [true, false, false]);
		assert!(words(b"").is_empty() && words(b" \0.\xE2\x80\x99").is_empty());
	}

	#[test]
	fn what_is_not_utf8_is_a_part_of_a_word() {
		assert_eq!(words(b"a\xFFb \x80 c"), [&b"a\xFFb"[..], b"\x80", b"c"]);
		// A listed code point is found behind a byte that begins nothing.
		assert_eq!(words(b"a\xE2\xE4\xB8\xADb"), [&b"a\xE2"[..], b"\xE4\xB8\xAD", b"b"]);
		assert_eq!(words(b"a\xE2\x80"), [b"a\xE2\x80"]);
	}

	#[test]
	fn a_word_has_no_end_of_its_own() {
		let long = vec![b'x'; 5_000];
		assert_eq!(words(&long), [&long[..]]);
	}

	#[test]
	fn only_whole_folded_words_are_such() {
		for good in [&b"a"[..], b"z9", "中".as_bytes(), "école".as_bytes(), b"\xFF"] {
			assert!(is_folded_word(good), "{good:?}");
		}
		for bad in
			[&b""[..], b"A", b"a b", b" a", b"a ", b"a\0", "中文".as_bytes(), "a中".as_bytes()]
		{
			assert!(!is_folded_word(bad), "{bad:?}");
		}
	}

	/// Bytes that are often something: ASCII, parts of listed code points, anything.
	fn bytes() -> impl Strategy<Value = Vec<u8>> {
		let piece = prop_oneof![
			any::<u8>().prop_map(|byte| vec![byte]),
			"[a-dA-D .,_\u{A0}\u{2019}中ぁกé\u{20000}\u{FF0C}]{1,4}".prop_map(String::into_bytes),
			prop::sample::select(vec![0, 0x80, 0xC2, 0xE2, 0xE3, 0xE4, 0xF0, 0xA0])
				.prop_map(|byte| vec![byte]),
		];
		vec(piece, 0..30).prop_map(|pieces| pieces.concat())
	}

	proptest! {
		#[test]
		fn words_and_what_separates_them_make_up_the_source(bytes in bytes()) {
			for words in [Words::of_text(&bytes), Words::of_stream(&bytes)] {
				let mut end = 0;
				for word in words {
					prop_assert!(word.offset >= end && !word.bytes.is_empty());
					prop_assert_eq!(word.bytes, &bytes[word.offset..word.end()]);
					prop_assert_eq!(word.glued, end == word.offset && end > 0);
					prop_assert!(is_folded_word(&word.folded().collect::<Vec<_>>()));
					let between = &bytes[end..word.offset];
					prop_assert_eq!(Words::of_text(between).next(), None);
					end = word.end();
				}
				prop_assert_eq!(Words::of_text(&bytes[end..]).next(), None);
			}
		}

		#[test]
		fn folding_keeps_every_word_in_its_place(bytes in bytes()) {
			let (mut text, mut stream) = (bytes.clone(), bytes.clone());
			fold_text(&mut text);
			fold_stream(&mut stream);

			let places = |words: Words| -> Vec<_> {
				words.map(|word| (word.offset, word.folded().collect::<Vec<_>>())).collect()
			};
			prop_assert_eq!(places(Words::of_text(&text)), places(Words::of_text(&bytes)));
			prop_assert_eq!(places(Words::of_stream(&stream)), places(Words::of_stream(&bytes)));
			for (folded, bytes) in stream.iter().zip(&bytes) {
				prop_assert!(*bytes != 0 || *folded == 0);
			}
			let mut again = text.clone();
			fold_text(&mut again);
			prop_assert_eq!(again, text);
		}

		/// From any place on, only words that touch it may be others.
		#[test]
		fn words_are_the_same_from_wherever_they_are_looked_for(
			bytes in bytes(), cut in any::<prop::sample::Index>(),
		) {
			let from = cut.index(bytes.len() + 1);
			let whole: Vec<_> = Words::of_text(&bytes)
				.filter(|word| word.offset > from)
				.map(|word| (word.offset, word.bytes))
				.collect();
			let part: Vec<_> = Words::of_text(&bytes[from..])
				.map(|word| (word.offset + from, word.bytes))
				.filter(|(offset, _)| *offset > from)
				.collect();
			// A code point that the cut divides leaves up to three bytes that look like letters.
			let touching = |offset: usize| offset <= from + 3;
			let skip = |words: &[(usize, &[u8])]| -> Vec<(usize, Vec<u8>)> {
				words
					.iter()
					.filter(|(offset, _)| !touching(*offset))
					.map(|(offset, bytes)| (*offset, bytes.to_vec()))
					.collect()
			};
			prop_assert_eq!(skip(&whole), skip(&part));
		}
	}
}
