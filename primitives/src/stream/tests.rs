//! Streams: what is one space, what is left out, and that pieces change nothing.

use super::*;
use proptest::{collection::vec, prelude::*};

const WHITE: [char; 25] = [
	'\u{9}', '\u{A}', '\u{B}', '\u{C}', '\u{D}', ' ', '\u{85}', '\u{A0}', '\u{1680}', '\u{2000}',
	'\u{2001}', '\u{2002}', '\u{2003}', '\u{2004}', '\u{2005}', '\u{2006}', '\u{2007}', '\u{2008}',
	'\u{2009}', '\u{200A}', '\u{2028}', '\u{2029}', '\u{202F}', '\u{205F}', '\u{3000}',
];

/// The same, by the standard library's list, for text.
fn by_characters(documents: &[String]) -> Vec<u8> {
	let words = |document: &String| document.split_whitespace().collect::<Vec<_>>().join(" ");
	let filled = documents.iter().map(words).filter(|document| !document.is_empty());
	filled.flat_map(|document| [document.into_bytes(), vec![0]].concat()).collect()
}

#[test]
fn the_list_is_that_of_the_standard_library() {
	for char in '\0'..=char::MAX {
		let mut bytes = [0; 4];
		let bytes = char.encode_utf8(&mut bytes).as_bytes();
		let is_white = white_space(bytes) == White::Space(bytes.len());
		assert_eq!(is_white, char.is_whitespace(), "{char:?}");
		assert_eq!(is_white, WHITE.contains(&char), "{char:?}");
		for end in 1..bytes.len() {
			let cut = white_space(&bytes[..end]);
			assert!(!matches!(cut, White::Space(_)), "{char:?}");
			assert!(!is_white || cut == White::Cut, "{char:?}");
		}
	}
}

#[test]
fn white_space_is_one_space_and_none_at_the_ends() {
	let stream = canonical(["\u{3000} a\t\r\n b\u{2009}\u{A0}c \n", "", " \u{2028}", "d"]).unwrap();

	assert_eq!(stream, b"a b c\0d\0");
	assert_eq!(canonical(Vec::<&[u8]>::new()).unwrap(), b"");
	assert_eq!(canonical([""]).unwrap(), b"");
}

#[test]
fn no_document_contains_a_nul() {
	let mut out = Vec::new();
	let mut builder = StreamBuilder::new(|bytes: &[u8]| out.extend_from_slice(bytes));
	builder.push(b"first").unwrap();
	builder.close_document().unwrap();
	builder.push(b"ab ").unwrap();

	let refused = Err(StreamError::Nul { document: 1, offset: 4 });
	assert_eq!(builder.push(b"c\0d"), refused);
	// Whatever comes then, the stream is none.
	assert_eq!(builder.push(b"e"), refused);
	assert_eq!(builder.close_document(), refused);
	assert_eq!(builder.finish().map(|_| ()), refused);
	assert_eq!(out, b"first\0ab");
}

#[test]
fn an_offset_counts_what_was_held_back() {
	let mut builder = StreamBuilder::new(|_: &[u8]| ());
	builder.push(b"a\xE2").unwrap();
	builder.push(b"\x80").unwrap();
	builder.push(b"\x80").unwrap();
	assert_eq!(builder.push(b"\0"), Err(StreamError::Nul { document: 0, offset: 4 }));
}

#[test]
fn an_open_document_is_no_stream() {
	let mut builder = StreamBuilder::new(|_: &[u8]| ());
	builder.push(b"a").unwrap();
	assert_eq!(builder.finish(), Err(StreamError::Open));
}

#[test]
fn a_stream_has_a_greatest_size() {
	let mut builder = StreamBuilder::new(|_: &[u8]| ());
	builder.size.bytes = MAX_STREAM - 2;
	builder.push(b"a").unwrap();
	let mut full = builder.clone();

	builder.close_document().unwrap();
	assert_eq!(builder.clone().finish().unwrap().bytes, MAX_STREAM);
	assert_eq!(builder.push(b"b"), Err(StreamError::TooLong));
	full.push(b"b").unwrap();
	assert_eq!(full.close_document(), Err(StreamError::TooLong));
	assert_eq!(full.finish(), Err(StreamError::TooLong));
}

#[test]
fn what_is_not_utf8_is_taken_as_it_is() {
	// Overlong, cut, reversed; and white space between bytes that are no text.
	for same in [&b"a\xC0\xA0b"[..], b"a\xE2\x80", b"\x85\xC2", b"\xFF\xFE"] {
		assert_eq!(canonical([same]).unwrap(), [same, b"\0"].concat());
	}
	assert_eq!(canonical([b"\xE2\xC2\x85\xE2\x80\xE3\x80\x80a"]).unwrap(), b"\xE2 \xE2\x80 a\0");
}

#[test]
fn only_canonical_bytes_are_a_stream() {
	for good in [&b""[..], b"a\0", b"a b\0c\0", b"\xFF\0"] {
		assert!(is_canonical(good), "{good:?}");
	}
	for bad in [&b"a"[..], b"\0", b"a\0\0", b" a\0", b"a \0", b"a  b\0", b"a\tb\0", b"a\xC2\xA0b\0"]
	{
		assert!(!is_canonical(bad), "{bad:?}");
	}
}

/// A piece that is often white space, or a part of it.
fn piece() -> impl Strategy<Value = Vec<u8>> {
	prop_oneof![
		prop::sample::select(WHITE.to_vec()).prop_map(|char| char.to_string().into_bytes()),
		prop::sample::select(vec![0x80, 0x81, 0x85, 0x9A, 0x9F, 0xA0, 0xC2, 0xE1, 0xE2, 0xE3])
			.prop_map(|byte| vec![byte]),
		vec(1..=255u8, 0..4),
		"[ab é中]{0,3}".prop_map(String::into_bytes),
	]
}

fn document() -> impl Strategy<Value = Vec<u8>> {
	vec(piece(), 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
	#[test]
	fn pieces_change_nothing(
		documents in vec(document(), 0..5), sizes in vec(1usize..5, 1..20),
	) {
		let whole = canonical(&documents).unwrap();

		let mut stream = Vec::new();
		let mut builder = StreamBuilder::new(|bytes: &[u8]| stream.extend_from_slice(bytes));
		let mut sizes = sizes.iter().cycle();
		for document in &documents {
			let mut rest = document.as_slice();
			while !rest.is_empty() {
				let (piece, after) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
				builder.push(piece).unwrap();
				rest = after;
			}
			builder.push(b"").unwrap();
			builder.close_document().unwrap();
		}
		let size = builder.finish().unwrap();

		prop_assert_eq!(&stream, &whole);
		prop_assert_eq!(size.bytes, whole.len() as u64);
		let closed = whole.iter().filter(|byte| **byte == 0).count();
		prop_assert_eq!(size.documents, closed as u64);
	}

	#[test]
	fn a_stream_is_its_own_canonical_form(documents in vec(document(), 0..5)) {
		let stream = canonical(&documents).unwrap();

		prop_assert!(is_canonical(&stream));
		let again: Vec<_> = stream.split(|byte| *byte == 0).collect();
		prop_assert_eq!(canonical(again).unwrap(), stream);
	}

	#[test]
	fn exactly_what_comes_out_of_it_is_canonical(bytes in document(), ends in any::<bool>()) {
		let stream = [bytes, if ends { vec![0] } else { vec![] }].concat();
		let documents: Vec<_> = stream.split(|byte| *byte == 0).collect();
		prop_assert_eq!(is_canonical(&stream), canonical(documents).unwrap() == stream);
	}

	#[test]
	fn text_is_split_as_the_standard_library_does(
		documents in vec("[a-c \t\u{85}\u{A0}\u{2009}\u{3000}é中\u{200B}]{0,12}", 0..4),
	) {
		prop_assert_eq!(canonical(&documents).unwrap(), by_characters(&documents));
	}
}
