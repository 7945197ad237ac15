//! Code points that words are told apart by: two short lists, and no other table of Unicode.
//!
//! The lists are of whole blocks (Unicode 16.0, `Blocks.txt`), whose borders Unicode does not move, so
//! that a character that is assigned later is treated as its neighbours are. A list is never changed:
//! another one is another version of the stream's format and of the attribution rule.

/// A range of code points, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
	/// The first code point.
	pub first: u32,
	/// The last code point.
	pub last: u32,
	/// The blocks.
	pub name: &'static str,
}

const fn range(first: u32, last: u32, name: &'static str) -> Range {
	Range { first, last, name }
}

/// Code points outside ASCII that separate words, as every ASCII byte does that is no letter or digit.
///
/// U+2000–206F and U+3000–303F are punctuation and spaces. The first three are white space, which a
/// stream never contains: so an answer with a no-break space has the words of the data. The last four
/// are the full-width forms of ASCII's own punctuation, so that a comma may be changed into the
/// other one and the words stay.
pub const SEPARATORS_V1: [Range; 9] = [
	range(0x0085, 0x0085, "next line"),
	range(0x00A0, 0x00A0, "no-break space"),
	range(0x1680, 0x1680, "Ogham space mark"),
	range(0x2000, 0x206F, "General Punctuation"),
	range(0x3000, 0x303F, "CJK Symbols and Punctuation"),
	range(0xFF01, 0xFF0F, "full-width ! to /"),
	range(0xFF1A, 0xFF20, "full-width : to @"),
	range(0xFF3B, 0xFF40, "full-width [ to `"),
	range(0xFF5B, 0xFF65, "full-width { to half-width katakana middle dot"),
];

/// Scripts that are written without spaces between words: each code point is a word of its own.
///
/// The scripts are those whose characters Unicode's line breaking algorithm (UAX #14) has in its classes
/// SA (complex context: Thai, Lao, Myanmar, Khmer and their relatives), ID and CJ (ideographs, kana, Yi)
/// and AK (Javanese, Balinese), and Tibetan, whose syllables a mark separates and not a space. Hangul is
/// not among them: Korean has spaces. Of the planes 2 and 3 all code points are meant, as UAX #14 means
/// them.
pub const SPACELESS_V1: [Range; 35] = [
	range(0x0E00, 0x0E7F, "Thai"),
	range(0x0E80, 0x0EFF, "Lao"),
	range(0x0F00, 0x0FFF, "Tibetan"),
	range(0x1000, 0x109F, "Myanmar"),
	range(0x1780, 0x17FF, "Khmer"),
	range(0x1950, 0x197F, "Tai Le"),
	range(0x1980, 0x19DF, "New Tai Lue"),
	range(0x19E0, 0x19FF, "Khmer Symbols"),
	range(0x1A20, 0x1AAF, "Tai Tham"),
	range(0x1B00, 0x1B7F, "Balinese"),
	range(0x2E80, 0x2EFF, "CJK Radicals Supplement"),
	range(0x2F00, 0x2FDF, "Kangxi Radicals"),
	range(0x2FF0, 0x2FFF, "Ideographic Description Characters"),
	range(0x3040, 0x309F, "Hiragana"),
	range(0x30A0, 0x30FF, "Katakana"),
	range(0x3100, 0x312F, "Bopomofo"),
	range(0x3190, 0x319F, "Kanbun"),
	range(0x31A0, 0x31BF, "Bopomofo Extended"),
	range(0x31C0, 0x31EF, "CJK Strokes"),
	range(0x31F0, 0x31FF, "Katakana Phonetic Extensions"),
	range(0x3200, 0x32FF, "Enclosed CJK Letters and Months"),
	range(0x3300, 0x33FF, "CJK Compatibility"),
	range(0x3400, 0x4DBF, "CJK Unified Ideographs Extension A"),
	range(0x4E00, 0x9FFF, "CJK Unified Ideographs"),
	range(0xA000, 0xA48F, "Yi Syllables"),
	range(0xA490, 0xA4CF, "Yi Radicals"),
	range(0xA980, 0xA9DF, "Javanese"),
	range(0xA9E0, 0xA9FF, "Myanmar Extended-B"),
	range(0xAA60, 0xAA7F, "Myanmar Extended-A"),
	range(0xAA80, 0xAADF, "Tai Viet"),
	range(0xF900, 0xFAFF, "CJK Compatibility Ideographs"),
	range(0xFF66, 0xFF9F, "half-width Katakana"),
	range(0x1AFF0, 0x1AFFF, "Kana Extended-B"),
	range(0x1B000, 0x1B16F, "Kana Supplement, Kana Extended-A, Small Kana Extension"),
	range(0x20000, 0x3FFFF, "planes 2 and 3"),
];

/// The bytes at the beginning of a text, as far as they are one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
	/// They separate words.
	Separator,
	/// `0x00`, which closes a document in a stream.
	Nul,
	/// They are a word of their own.
	Spaceless,
	/// They are a part of a word.
	Letter,
}

/// The kind of what `bytes` begin with, and its length in bytes. `None` if there are none.
///
/// Listed code points are found wherever their encoding stands in the bytes, whatever is around it: no
/// encoding overlaps another one. So bytes can be looked at from any place on, and need not be UTF-8: a
/// byte that belongs to no encoding is a part of a word.
pub(super) fn first(bytes: &[u8]) -> Option<(Kind, usize)> {
	let kind = match bytes.first()? {
		0 => Kind::Nul,
		byte if byte.is_ascii_alphanumeric() => Kind::Letter,
		byte if byte.is_ascii() => Kind::Separator,
		_ => {
			let Some((code_point, length)) = decode(bytes) else { return Some((Kind::Letter, 1)) };
			let kind = if stands_in(&SEPARATORS_V1, code_point) {
				Kind::Separator
			} else if stands_in(&SPACELESS_V1, code_point) {
				Kind::Spaceless
			} else {
				Kind::Letter
			};
			return Some((kind, length));
		}
	};
	Some((kind, 1))
}

fn stands_in(ranges: &[Range], code_point: u32) -> bool {
	let after = ranges.partition_point(|range| range.first <= code_point);
	after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|range| code_point <= range.last)
}

/// The code point that `bytes` begin with, if it has more than one byte and they are its shortest
/// encoding, and its length.
fn decode(bytes: &[u8]) -> Option<(u32, usize)> {
	let follows = |byte: u8| matches!(byte, 0x80..=0xBF).then_some(u32::from(byte & 0x3F));
	match *bytes {
		[a @ 0xC2..=0xDF, b, ..] => Some(((u32::from(a & 0x1F) << 6) | follows(b)?, 2)),
		[a @ 0xE0..=0xEF, b, c, ..] => {
			let code_point = (u32::from(a & 0x0F) << 12) | (follows(b)? << 6) | follows(c)?;
			(code_point >= 0x800 && !matches!(code_point, 0xD800..=0xDFFF))
				.then_some((code_point, 3))
		}
		[a @ 0xF0..=0xF4, b, c, d, ..] => {
			let low = (follows(b)? << 12) | (follows(c)? << 6) | follows(d)?;
			let code_point = (u32::from(a & 0x07) << 18) | low;
			matches!(code_point, 0x1_0000..=0x10_FFFF).then_some((code_point, 4))
		}
		_ => None,
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::{collection::vec, prelude::*};

	#[test]
	fn the_lists_rise_and_do_not_overlap() {
		let mut all: Vec<_> = SEPARATORS_V1.iter().chain(&SPACELESS_V1).collect();
		for list in [&SEPARATORS_V1[..], &SPACELESS_V1] {
			assert!(list.windows(2).all(|pair| pair[0].last < pair[1].first));
		}
		all.sort_by_key(|range| range.first);
		for range in &all {
			assert!(range.first <= range.last && range.first >= 0x80, "{}", range.name);
		}
		assert!(all.windows(2).all(|pair| pair[0].last < pair[1].first));
	}

	#[test]
	fn each_code_point_is_decoded_as_the_standard_library_does() {
		for char in ('\u{80}'..=char::MAX).step_by(7).chain(['\u{80}', '\u{7FF}', '\u{800}']) {
			let mut bytes = [0; 4];
			let bytes = char.encode_utf8(&mut bytes).as_bytes();
			assert_eq!(decode(bytes), Some((char.into(), bytes.len())));
			assert_eq!(decode(&bytes[..bytes.len() - 1]), None);
		}
	}

	#[test]
	fn what_is_no_encoding_is_a_part_of_a_word() {
		// Longer than needed, half of a pair, beyond the last, no beginning, cut.
		for bad in [
			&[0xC0, 0xA0][..],
			&[0xE0, 0x82, 0xA0],
			&[0xED, 0xA0, 0x80],
			&[0xF4, 0x90, 0x80, 0x80],
			&[0xF0, 0x80, 0x80, 0x80],
			&[0x80],
			&[0xFF],
			&[0xE4, 0xB8],
		] {
			assert_eq!(first(bad), Some((Kind::Letter, 1)), "{bad:x?}");
		}
		assert_eq!(first(&[]), None);
	}

	proptest! {
		#[test]
		fn any_bytes_are_decoded_as_the_standard_library_does(bytes in vec(any::<u8>(), 4)) {
			let expected = (1..=4).find_map(|length| {
				let char = core::str::from_utf8(&bytes[..length]).ok()?.chars().next()?;
				(!char.is_ascii()).then_some((u32::from(char), length))
			});
			prop_assert_eq!(decode(&bytes), expected);
		}
	}
}
