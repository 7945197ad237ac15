//! Answers: leaves, header, roots, and what is opened of them.

use crate::{expect, hex, pattern, scale};
use codec::Encode;
use openledger_primitives::{
	answer::{
		delivered_root, prompt_root, AnswerSalts, Entry, Evidence, Flags, Header, LeafWord, Mark,
		PieceProof, PromptProof, Response, RetrievedRange, Text, WordLeaf, WordsProof,
	},
	words::Words,
	Hash,
};
use serde_json::{json, Value};

const SALT: [u8; 32] = [0x5A; 32];
const REQUEST: Hash = Hash::repeat_byte(0x11);

struct Answer {
	response: Response,
	leaves: Vec<WordLeaf>,
	marks: Vec<Mark>,
	delivered: Vec<u8>,
	prompt: Vec<u8>,
}

fn salts() -> AnswerSalts {
	AnswerSalts::new(&SALT, &REQUEST)
}

fn answer(
	delivered: &[u8],
	prompt: &[u8],
	retrieved: Vec<RetrievedRange>,
	mark: impl Fn(u32) -> Mark,
) -> Answer {
	let words = u32::try_from(Words::of_text(delivered).count()).unwrap();
	let marks: Vec<_> = (0..words).map(mark).collect();
	let (text, leaves) = Text::of(&salts(), delivered, marks.iter().copied()).unwrap();
	let response = Response {
		request_hash: REQUEST,
		delivered_root: delivered_root(&salts(), delivered).unwrap(),
		text_root: text.root,
		length: u32::try_from(delivered.len()).unwrap(),
		header: Header {
			rule: 1,
			release_root: Hash::repeat_byte(0x22),
			words: text.words,
			info: text.info,
			evidence: if text.entries.is_empty() { Evidence::Sealed } else { Evidence::Open },
			entries: text.entries,
			prompt_root: prompt_root(&salts(), prompt).unwrap(),
			retrieved: retrieved.try_into().unwrap(),
		},
	};
	response.check().unwrap();
	Answer { response, leaves, marks, delivered: delivered.to_vec(), prompt: prompt.to_vec() }
}

fn case(name: &str, answer: &Answer, ranges: &[(u32, u32)], prompt_ranges: &[(u32, u32)]) -> Value {
	let Answer { response, leaves, marks, delivered, prompt } = answer;
	let marks: Vec<_> = marks
		.iter()
		.map(|mark| {
			json!({
				"echoed": mark.echoed,
				"frequent": mark.frequent,
				"retrieved": mark.retrieved,
				"owner": mark.owner,
				"bits": mark.bits,
			})
		})
		.collect();
	let leaves_json: Vec<_> = leaves
		.iter()
		.map(|leaf| json!({ "leaf": scale(leaf), "hash": hex(leaf.hash()) }))
		.collect();
	let words: Vec<_> = ranges
		.iter()
		.map(|(first, after)| {
			let proof = WordsProof::new(leaves, *first, *after).unwrap();
			proof.verify(&response.text()).unwrap();
			json!({ "first": first, "after": after, "proof": scale(&proof) })
		})
		.collect();
	let pieces: Vec<_> = (0..response.length.div_ceil(1_024))
		.map(|index| {
			let proof = PieceProof::new(&salts(), delivered, index).unwrap();
			proof.verify(&response.delivered_root, response.length).unwrap();
			json!({ "index": index, "proof": scale(&proof) })
		})
		.collect();
	let prompts: Vec<_> = prompt_ranges
		.iter()
		.map(|(first, after)| {
			let proof = PromptProof::new(&salts(), prompt, *first, *after).unwrap();
			proof.verify(&response.header.prompt_root).unwrap();
			json!({ "first": first, "after": after, "proof": scale(&proof) })
		})
		.collect();
	json!({
		"name": name,
		"salt": hex(SALT),
		"request_hash": hex(REQUEST),
		"delivered": hex(delivered),
		"prompt": hex(prompt),
		"marks": marks,
		"rule": response.header.rule,
		"release_root": hex(response.header.release_root),
		"retrieved": response
			.header
			.retrieved
			.iter()
			.map(|range| json!([range.contribution, range.offset, range.length]))
			.collect::<Vec<_>>(),
		"sealed": response.header.evidence == Evidence::Sealed,
		"leaves": leaves_json,
		"text_root": hex(response.text_root),
		"delivered_root": hex(response.delivered_root),
		"prompt_root": hex(response.header.prompt_root),
		"header": scale(&response.header),
		"header_hash": hex(response.header.hash()),
		"response": scale(response),
		"response_hash": hex(response.hash()),
		"words": words,
		"pieces": pieces,
		"prompts": prompts,
	})
}

fn plain(owner: Option<u64>) -> Mark {
	Mark { owner, bits: 14, ..Default::default() }
}

/// Owners, flags, scripts, a seventeenth owner.
fn rich() -> Answer {
	let text = "The **quick** brown fox \u{2014} 狐は jumps; over\tthe lazy dog's back, \
		then 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 again.";
	answer(
		text.as_bytes(),
		"<|user|> Tell me of the lazy dog, please!".as_bytes(),
		vec![
			RetrievedRange { contribution: 7, offset: 0, length: 40 },
			RetrievedRange { contribution: 7, offset: 40, length: 2 },
			RetrievedRange { contribution: 9, offset: 5, length: 1 },
		],
		|index| match index {
			0 => Mark { frequent: true, ..plain(None) },
			1..=5 => Mark { bits: 4 + u8::try_from(index).unwrap(), ..plain(Some(7)) },
			6 | 7 => Mark { retrieved: true, ..plain(Some(9)) },
			8..=10 => Mark { echoed: true, bits: 4, ..plain(None) },
			11..=13 => plain(Some(7)),
			14 => plain(None),
			_ => plain(Some(100 + u64::from(index))),
		},
	)
}

fn header_case(name: &str, change: impl Fn(&mut Header)) -> Value {
	let mut header = rich().response.header;
	change(&mut header);
	json!({ "name": name, "header": scale(&header), "is_valid": header.check().is_ok() })
}

/// The bytes of a header that names a seventeenth contribution.
fn seventeen() -> Value {
	let header = rich().response.header;
	assert_eq!(header.entries.len(), 16);
	let mut bytes = header.encode();
	let entries = 2 + 32 + 4 + 4;
	assert_eq!(bytes[entries], 16 << 2);
	bytes[entries] = 17 << 2;
	let after = entries + 1 + 16 * 16;
	let more = Entry { contribution: 999, credit: 16, first_word: header.words - 1 }.encode();
	bytes.splice(after..after, more);
	json!({ "name": "seventeen owners", "header": hex(bytes), "is_valid": false })
}

fn leaf_case(name: &str, change: impl Fn(&mut WordLeaf)) -> Value {
	let mut leaf = rich().leaves[5].clone();
	change(&mut leaf);
	json!({ "name": name, "leaf": scale(&leaf), "is_valid": leaf.check().is_ok() })
}

fn refusal(name: &str, (first, after): (u32, u32), change: impl Fn(&mut WordsProof)) -> Value {
	let Answer { response, leaves, .. } = rich();
	let mut proof = WordsProof::new(&leaves, first, after).unwrap();
	change(&mut proof);
	assert!(proof.verify(&response.text()).is_err(), "{name}");
	json!({
		"name": name,
		"text_root": hex(response.text_root),
		"words": response.header.words,
		"length": response.length,
		"proof": scale(&proof),
	})
}

#[test]
fn answers() {
	let text = [&b"a B\0c "[..], &b"x".repeat(513), &b" d"[..]].concat();
	let cases = [
		case("nothing", &answer(b"", b"", vec![], |_| plain(None)), &[], &[]),
		case("no words", &answer(b"... \0", b" ", vec![], |_| plain(None)), &[], &[]),
		case(
			"one word",
			&answer(b"Yes", b"Well?", vec![], |_| plain(Some(1))),
			&[(0, 1)],
			&[(0, 1)],
		),
		case("a long word", &answer(&text, &text, vec![], |_| plain(None)), &[(2, 5)], &[(3, 4)]),
		case("owners", &rich(), &[(0, 1), (5, 9), (3, 20), (29, 31)], &[(3, 7)]),
		case(
			"pieces",
			&answer(&pattern(3_000), &pattern(2_000), vec![], |index| {
				plain(Some(u64::from(index) / 50))
			}),
			&[(10, 74)],
			&[(1, 5)],
		),
	];
	let headers = [
		header_case("as it is", |_| ()),
		seventeen(),
		header_case("a contribution twice", |header| {
			header.entries[1].contribution = header.entries[0].contribution
		}),
		header_case("entries out of order", |header| header.entries[..].swap(0, 1)),
		header_case("an entry beyond the words", |header| {
			header.entries[15].first_word = header.words
		}),
		header_case("an entry without credit", |header| header.entries[0].credit = 0),
		header_case("more credit than info", |header| header.entries[0].credit = header.info),
		header_case("entries in a sealed answer", |header| header.evidence = Evidence::Sealed),
		header_case("less info than words", |header| header.info = 16 * header.words - 4),
		header_case("more info than words", |header| header.info = 56 * header.words + 4),
		header_case("info that is no whole bits", |header| header.info -= 1),
		header_case("ranges that overlap", |header| header.retrieved[1].offset = 39),
		header_case("an empty range", |header| header.retrieved[2].length = 0),
		header_case("a range beyond any stream", |header| header.retrieved[2].offset = 1 << 36),
	];
	let leaves = [
		leaf_case("as it is", |_| ()),
		leaf_case("a capital", |leaf| {
			leaf.word = LeafWord::Whole(b"Fox".to_vec().try_into().unwrap())
		}),
		leaf_case("two words", |leaf| {
			leaf.word = LeafWord::Whole(b"fox fox".to_vec().try_into().unwrap())
		}),
		leaf_case("no word", |leaf| leaf.word = LeafWord::Whole(Default::default())),
		leaf_case("a short word as a hash", |leaf| {
			leaf.word = LeafWord::Long { length: 512, hash: REQUEST }
		}),
		leaf_case("a long word", |leaf| leaf.word = LeafWord::Long { length: 513, hash: REQUEST }),
		leaf_case("an unknown flag", |leaf| leaf.flags = Flags(16)),
		leaf_case("echoed and retrieved", |leaf| leaf.flags = Flags(5)),
		leaf_case("owned and frequent", |leaf| leaf.flags = Flags(Flags::FREQUENT)),
		leaf_case("an owner that cannot have come", |leaf| leaf.owner = 7),
		leaf_case("a seventeenth owner", |leaf| {
			(leaf.index, leaf.info, leaf.owner) = (20, 800, 17)
		}),
		leaf_case("an owner without credit", |leaf| leaf.credit = 0),
		leaf_case("credit without an owner", |leaf| leaf.owner = 0),
		leaf_case("more credit than info", |leaf| leaf.credit = leaf.info + 4),
	];
	let refused = [
		refusal("no words", (3, 6), |proof| proof.leaves = Default::default()),
		refusal("a word left out", (3, 6), |proof| {
			proof.leaves.remove(1);
		}),
		refusal("words exchanged", (3, 6), |proof| proof.leaves[..].swap(0, 1)),
		refusal("offsets that overlap", (3, 6), |proof| proof.leaves[2].offset -= 2),
		refusal("another owner", (3, 6), |proof| proof.leaves[1].owner = 2),
		refusal("another salt", (3, 6), |proof| proof.leaves[1].salt[0] ^= 1),
		refusal("a hash more", (3, 6), |proof| proof.hashes.try_push(REQUEST).unwrap()),
		refusal("a hash less", (3, 6), |proof| {
			proof.hashes.pop();
		}),
		refusal("glued without a mark", (4, 6), |proof| proof.leaves[1].flags = Flags(0)),
	];
	expect(
		"answers.json",
		"answers without words, with one, with long ones, with sixteen owners and in pieces",
		json!({ "cases": cases, "headers": headers, "leaves": leaves, "refused": refused }),
	);
}
