//! Streams, folding and words.

use crate::{expect, hex};
use openledger_primitives::{
	stream::{canonical, is_canonical, StreamError},
	words::{fold_stream, fold_text, is_folded_word, Word, Words, SEPARATORS_V1, SPACELESS_V1},
};
use serde_json::{json, Value};

fn stream_case(name: &str, documents: &[&[u8]]) -> Value {
	let (stream, refused) = match canonical(documents) {
		Ok(stream) => (Some(hex(stream)), None),
		Err(StreamError::Nul { document, offset }) => (None, Some([document, offset])),
		Err(error) => panic!("{error}"),
	};
	json!({
		"name": name,
		"documents": documents.iter().map(hex).collect::<Vec<_>>(),
		"stream": stream,
		"nul_at": refused,
	})
}

#[test]
fn streams() {
	let all_white = "a\u{9}\u{A}\u{B}\u{C}\u{D} \u{85}\u{A0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\
		\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200A}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}b";
	let no_white = "a\u{200B}b\u{180E}c\u{FEFF}d\u{2060}e\u{1C}f";
	let cases = [
		stream_case("no documents", &[]),
		stream_case("an empty document", &[b""]),
		stream_case("only white space", &[b" \t", "\u{3000}\u{2028}".as_bytes()]),
		stream_case("empty documents between others", &[b"", b"a", b"", b"b", b""]),
		stream_case("all 25 code points", &[all_white.as_bytes()]),
		stream_case("code points that are not white space", &[no_white.as_bytes()]),
		stream_case("trimmed", &["\u{A0} a  b \r\n".as_bytes(), b"\nc"]),
		stream_case("Chinese", &["你好，\u{3000}世界".as_bytes()]),
		stream_case(
			"not UTF-8",
			&[b"a\xC0\xA0b \xE2\x80 \xFF", b"\xE2\xC2\x85\xE2\x80\xE3\x80\x80a"],
		),
		stream_case("white space cut at the end", &[b"a\xE2\x80", b"\xA8b\xC2"]),
		stream_case("a document with NUL", &[b"a", b" b\0c"]),
		stream_case("nothing but NUL", &[b"\0"]),
	];
	let canonical: Vec<_> = [
		&b""[..],
		b"a\0",
		b"a b\0c\0",
		b"a",
		b"\0",
		b"a\0\0",
		b" a\0",
		b"a \0",
		b"a  b\0",
		b"a\tb\0",
	]
	.iter()
	.map(|stream| json!({ "stream": hex(stream), "is_canonical": is_canonical(stream) }))
	.collect();
	expect("streams.json", "canonical streams", json!({ "cases": cases, "canonical": canonical }));
}

fn words(words: Words) -> Vec<Value> {
	words
		.map(|word: Word| {
			json!({
				"offset": word.offset,
				"length": word.bytes.len(),
				"folded": hex(word.folded().collect::<Vec<_>>()),
				"halves": word.halves(),
				"glued": word.glued,
				"starts_document": word.starts_document,
			})
		})
		.collect()
}

fn words_case(name: &str, source: &[u8]) -> Value {
	let (mut text, mut stream) = (source.to_vec(), source.to_vec());
	fold_text(&mut text);
	fold_stream(&mut stream);
	json!({
		"name": name,
		"source": hex(source),
		"as_text": { "folded": hex(text), "words": words(Words::of_text(source)) },
		"as_stream": { "folded": hex(stream), "words": words(Words::of_stream(source)) },
	})
}

#[test]
fn words_of_texts_and_streams() {
	let edges: String = SEPARATORS_V1
		.iter()
		.chain(&SPACELESS_V1)
		.flat_map(|range| [range.first - 1, range.first, range.last, range.last + 1])
		.filter_map(char::from_u32)
		.collect();
	let cases = [
		words_case("nothing", b""),
		words_case("no words", "... \0 \u{2019}\u{3000}".as_bytes()),
		words_case(
			"case and marks",
			"**The** quick_brown fox: \u{201C}DON\u{2019}T!\u{201D}".as_bytes(),
		),
		words_case("letters beyond ASCII keep their case", "ÉCOLE École".as_bytes()),
		words_case("white space that no stream has", "a\u{85}b\u{A0}c\u{1680}d".as_bytes()),
		words_case("two documents", b"a b\0c\0"),
		words_case("scripts without spaces", "ab中文c ひらカタ \u{20000}x กขค".as_bytes()),
		words_case("full-width marks", "你好\u{FF0C}世界\u{FF01}".as_bytes()),
		words_case("Korean has spaces", "한국어 텍스트".as_bytes()),
		words_case(
			"not UTF-8",
			b"a\xFFb \x80 \xE2\xE4\xB8\xADb \xE0\x82\xA0 \xED\xA0\x80 \xF4\x90\x80\x80",
		),
		words_case("cut code points", b"\x80\x99a \xE4\xB8"),
		words_case("a long word", &[b"x".repeat(513), b" y".to_vec()].concat()),
		words_case("the edges of all ranges", edges.as_bytes()),
	];
	let folded: Vec<_> = [
		&b"a"[..],
		b"z9",
		b"\xFF",
		"中".as_bytes(),
		b"",
		b"A",
		b"a b",
		b" a",
		b"a\0",
		"中文".as_bytes(),
		"a中".as_bytes(),
	]
	.iter()
	.map(|bytes| json!({ "bytes": hex(bytes), "is_folded_word": is_folded_word(bytes) }))
	.collect();
	let ranges = |ranges: &[openledger_primitives::words::Range]| -> Vec<_> {
		ranges.iter().map(|range| json!([range.first, range.last])).collect()
	};
	expect(
		"words.json",
		"folding and words",
		json!({
			"separators": ranges(&SEPARATORS_V1),
			"spaceless": ranges(&SPACELESS_V1),
			"cases": cases,
			"folded_words": folded,
		}),
	);
}
