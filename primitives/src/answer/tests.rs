//! Answers: what is committed to is what can be shown, in one form, and nothing else.

use super::*;
use crate::words::Words;
use codec::DecodeAll;
use proptest::{collection::vec, prelude::*};

const LENGTHS: [usize; 6] = [0, 1, 1_023, 1_024, 1_025, 3_000];

fn salts() -> AnswerSalts {
	AnswerSalts::new(&[5; 32], &Hash::repeat_byte(9))
}

fn mark(owner: Option<u64>) -> Mark {
	Mark { owner, bits: 10, ..Default::default() }
}

fn entry(contribution: u64, credit: u32, first_word: u32) -> Entry {
	Entry { contribution, credit, first_word }
}

fn header(text: &Text) -> Header {
	Header {
		rule: 1,
		release_root: Hash::repeat_byte(3),
		words: text.words,
		info: text.info,
		entries: text.entries.clone(),
		prompt_root: prompt_root(&salts(), b"a prompt").unwrap(),
		retrieved: Default::default(),
		evidence: Evidence::Open,
	}
}

/// An answer's response, its text root and its leaves.
fn answer(delivered: &[u8], marks: Vec<Mark>) -> (Response, Vec<WordLeaf>) {
	let (text, leaves) = Text::of(&salts(), delivered, marks).unwrap();
	let response = Response {
		request_hash: Hash::repeat_byte(9),
		delivered_root: delivered_root(&salts(), delivered).unwrap(),
		text_root: text.root,
		length: u32::try_from(delivered.len()).unwrap(),
		header: header(&text),
	};
	(response, leaves)
}

fn words_of(delivered: &[u8], owner: Option<u64>) -> (Response, Vec<WordLeaf>) {
	let words = Words::of_text(delivered).count();
	answer(delivered, vec![mark(owner); words])
}

#[test]
fn an_answer_without_words_is_an_answer() {
	for delivered in [&b""[..], b"... \0"] {
		let (response, leaves) = words_of(delivered, None);

		assert!(leaves.is_empty());
		assert_eq!(response.text_root, tree::empty());
		assert_eq!(response.check(), Ok(()));
		let proof = WordsProof { leaves: Default::default(), hashes: Default::default() };
		assert_eq!(proof.verify(&response.text()), Err(AnswerError::Root));
	}
}

#[test]
fn a_word_of_a_seventeenth_has_no_owner() {
	let text: String = (0..18).map(|word| format!("w{word} ")).collect();
	let marks = (0..17).chain([3]).map(|owner| mark(Some(100 + owner))).collect();

	let (response, leaves) = answer(text.as_bytes(), marks);

	let owners: Vec<_> = leaves.iter().map(|leaf| leaf.owner).collect();
	assert_eq!(owners, (1..=16).chain([0, 4]).collect::<Vec<u8>>());
	assert_eq!(leaves[16].credit, 0);
	assert_eq!(leaves[17].credit, 80);
	assert_eq!(response.check(), Ok(()));
	// And a header cannot name one.
	let mut bytes = response.header.encode();
	let at = 2 + 32 + 4 + 4;
	assert_eq!(bytes[at], 16 << 2);
	bytes[at] = 17 << 2;
	let more = entry(200, 4, 17).encode();
	bytes.splice(at + 1 + 16 * 16..at + 1 + 16 * 16, more);
	assert!(Header::decode(&mut bytes.as_slice()).is_err());
}

#[test]
fn a_long_word_stands_as_a_hash() {
	let long = |length: usize| LeafWord::new(&Words::of_text(&vec![b'A'; length]).next().unwrap());

	assert!(
		matches!(long(512), Ok(LeafWord::Whole(bytes)) if bytes.iter().all(|byte| *byte == b'a'))
	);
	let LeafWord::Long { length: 513, hash } = long(513).unwrap() else { panic!() };
	assert_eq!(hash, domain::hash(domain::LONG_WORD, &[&[b'a'; 513]]));
	assert!(LeafWord::Long { length: 513, hash }.is_valid());
	assert!(!LeafWord::Long { length: 512, hash }.is_valid());
	assert!(!LeafWord::Long { length: MAX_ANSWER + 1, hash }.is_valid());
	// Words of 513 bytes are hashed, committed to, and shown like others.
	let text = [vec![b'x'; 513], b" y".to_vec()].concat();
	let (response, leaves) = words_of(&text, None);
	assert_eq!(WordsProof::new(&leaves, 0, 2).unwrap().verify(&response.text()), Ok(()));
}

#[test]
fn marks_that_contradict_themselves_are_refused() {
	let build = |mark: Mark| Text::of(&salts(), b"a", [mark]).map(|_| ());
	let plain = mark(None);

	assert_eq!(build(plain), Ok(()));
	for bits in [0, 3, 15, 255] {
		assert_eq!(build(Mark { bits, ..plain }), Err(AnswerError::Value));
	}
	let both = Mark { echoed: true, retrieved: true, ..plain };
	assert_eq!(build(both), Err(AnswerError::Flags));
	assert_eq!(build(Mark { echoed: true, ..mark(Some(1)) }), Err(AnswerError::Owner));
	assert_eq!(build(Mark { frequent: true, ..mark(Some(1)) }), Err(AnswerError::Owner));
	assert_eq!(Text::of(&salts(), b"a b", [plain]).map(|_| ()), Err(AnswerError::Marks));
	assert_eq!(Text::of(&salts(), b"a", [plain; 2]).map(|_| ()), Err(AnswerError::Marks));
}

#[test]
fn what_was_retrieved_counts_a_quarter() {
	let retrieved = Mark { retrieved: true, ..mark(Some(7)) };
	let (response, leaves) = answer(b"a b", vec![mark(Some(7)), retrieved]);

	assert_eq!(leaves.iter().map(|leaf| leaf.credit).collect::<Vec<_>>(), [40, 50]);
	assert_eq!(response.header.info, 80);
	assert_eq!(response.header.entries.to_vec(), [entry(7, 50, 0)]);
}

#[test]
fn impossible_leaves_are_refused() {
	let (_, leaves) = words_of(b"first second third", Some(1));
	let check = |change: fn(&mut WordLeaf)| {
		let mut leaf = leaves[1].clone();
		change(&mut leaf);
		leaf.check().unwrap_err()
	};
	assert_eq!(
		check(|leaf| leaf.word = LeafWord::Whole(b"A".to_vec().try_into().unwrap())),
		AnswerError::Word
	);
	assert_eq!(check(|leaf| leaf.word = LeafWord::Whole(Default::default())), AnswerError::Word);
	assert_eq!(check(|leaf| leaf.flags = Flags(1 << 4)), AnswerError::Flags);
	assert_eq!(
		check(|leaf| leaf.flags = Flags(Flags::ECHOED | Flags::RETRIEVED)),
		AnswerError::Flags
	);
	assert_eq!(check(|leaf| leaf.flags = Flags(Flags::FREQUENT)), AnswerError::Owner);
	assert_eq!(check(|leaf| leaf.owner = 3), AnswerError::Owner);
	assert_eq!(check(|leaf| leaf.owner = 0), AnswerError::Sums);
	assert_eq!(check(|leaf| leaf.credit = 0), AnswerError::Sums);
	assert_eq!(check(|leaf| leaf.credit = leaf.info + 1), AnswerError::Sums);
	assert_eq!(check(|leaf| leaf.info = 28), AnswerError::Sums);
	assert_eq!(check(|leaf| leaf.info = 116), AnswerError::Sums);
	assert_eq!(check(|leaf| leaf.info += 1), AnswerError::Sums);
	let mut glued = leaves[0].clone();
	glued.flags = Flags(Flags::GLUED);
	assert_eq!(glued.check(), Err(AnswerError::Flags));
	let mut endless = leaves[2].clone();
	endless.index = u32::MAX;
	assert!(endless.check().is_err());
}

#[test]
fn leaves_that_do_not_follow_are_refused() {
	let (_, leaves) = words_of("ab\u{4E2D} cd ef".as_bytes(), Some(1));
	let follows = |at: usize, change: fn(&mut WordLeaf)| {
		let mut leaf = leaves[at].clone();
		change(&mut leaf);
		leaf.follows(&leaves[at - 1])
	};
	for at in 1..leaves.len() {
		assert_eq!(follows(at, |_| ()), Ok(40));
		assert_eq!(follows(at, |leaf| leaf.offset -= 2), Err(AnswerError::Order));
		assert_eq!(follows(at, |leaf| leaf.flags.0 ^= Flags::GLUED), Err(AnswerError::Order));
		assert_eq!(follows(at, |leaf| leaf.index += 1), Err(AnswerError::Order));
		assert_eq!(follows(at, |leaf| leaf.info += 20), Err(AnswerError::Sums));
		assert_eq!(follows(at, |leaf| leaf.info -= 28), Err(AnswerError::Sums));
		assert_eq!(follows(at, |leaf| leaf.credit += 4), Err(AnswerError::Sums));
	}
	// Two words of letters that touch are one word.
	let split = follows(3, |leaf| {
		leaf.offset -= 1;
		leaf.flags = Flags(Flags::GLUED);
	});
	assert_eq!(split, Err(AnswerError::Order));
}

#[test]
fn impossible_headers_are_refused() {
	let (response, _) = words_of(b"one two three four", Some(1));
	let good = response.header;
	assert_eq!(good.check(), Ok(()));
	let check = |change: &dyn Fn(&mut Header)| {
		let mut header = good.clone();
		change(&mut header);
		header.check()
	};
	let entries = |entries: Vec<Entry>| {
		check(&move |header| header.entries = entries.clone().try_into().unwrap())
	};
	assert_eq!(entries(vec![entry(1, 80, 0), entry(2, 80, 1)]), Ok(()));
	for bad in [
		vec![entry(1, 80, 0), entry(1, 80, 1)],
		vec![entry(1, 80, 1), entry(2, 80, 1)],
		vec![entry(1, 80, 2), entry(2, 80, 1)],
		vec![entry(1, 80, 4)],
		vec![entry(1, 0, 0)],
		vec![entry(1, 80, 0), entry(2, 84, 1)],
		vec![entry(1, u32::MAX, 0), entry(2, u32::MAX, 1)],
	] {
		assert_eq!(entries(bad.clone()), Err(AnswerError::Entries), "{bad:?}");
	}
	assert_eq!(check(&|header| header.evidence = Evidence::Sealed), Err(AnswerError::Entries));
	assert_eq!(check(&|header| header.words = MAX_ANSWER_WORDS + 1), Err(AnswerError::Count));
	for info in [60, 162, 228] {
		assert_eq!(check(&|header| header.info = info), Err(AnswerError::Sums));
	}
	let range = |contribution, offset, length| RetrievedRange { contribution, offset, length };
	let retrieved = |ranges: Vec<RetrievedRange>| {
		check(&move |header| header.retrieved = ranges.clone().try_into().unwrap())
	};
	assert_eq!(retrieved(vec![range(1, 0, 5), range(1, 5, 5), range(2, 0, 1)]), Ok(()));
	for bad in [
		vec![range(1, 0, 0)],
		vec![range(1, 0, 5), range(1, 4, 5)],
		vec![range(1, 5, 5), range(1, 0, 5)],
		vec![range(2, 0, 1), range(1, 0, 1)],
		vec![range(1, u64::MAX, 1)],
		vec![range(1, crate::stream::MAX_STREAM, 1)],
	] {
		assert_eq!(retrieved(bad.clone()), Err(AnswerError::Retrieved), "{bad:?}");
	}
}

#[test]
fn counts_that_contradict_one_another_are_refused() {
	let (good, _) = words_of(b"one two", Some(1));
	assert_eq!(good.check(), Ok(()));
	let refused = [
		Response { length: 2, ..good.clone() },
		Response { length: 0, ..good.clone() },
		Response { delivered_root: tree::empty(), ..good.clone() },
		Response { text_root: tree::empty(), ..good.clone() },
	];
	for response in refused {
		assert_eq!(response.check(), Err(AnswerError::Count));
		assert_ne!(response.hash(), good.hash());
	}
	let long = Response { length: MAX_ANSWER + 1, ..good.clone() };
	assert_eq!(long.check(), Err(AnswerError::TooLong));
	let other = Response { request_hash: Hash::zero(), ..good.clone() };
	assert_ne!(other.hash(), good.hash());
}

#[test]
fn salts_differ_by_purpose_place_and_request() {
	let salts = salts();
	let all = [salts.word(0), salts.word(1), salts.piece(0), salts.prompt(0)];
	for (at, one) in all.iter().enumerate() {
		assert!(all[..at].iter().all(|other| other != one));
	}
	// A salt that is used twice gives nothing away where the request is another one.
	assert_ne!(AnswerSalts::new(&[5; 32], &Hash::zero()).word(0), salts.word(0));
	assert_eq!(format!("{salts:?}"), "AnswerSalts(…)");
}

#[test]
fn pieces_are_shown_whole_and_at_their_place() {
	for length in LENGTHS {
		let delivered: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
		let root = delivered_root(&salts(), &delivered).unwrap();
		let length = u32::try_from(length).unwrap();
		let pieces = length.div_ceil(1_024);
		assert!(PieceProof::new(&salts(), &delivered, pieces).is_none());
		for index in 0..pieces {
			let proof = PieceProof::new(&salts(), &delivered, index).unwrap();

			assert_eq!(proof.verify(&root, length), Ok(index * 1_024));
			let mut cut = proof.clone();
			cut.bytes.pop();
			assert_eq!(cut.verify(&root, length), Err(AnswerError::Count));
			let elsewhere = PieceProof { index: u32::MAX, ..proof.clone() };
			assert_eq!(elsewhere.verify(&root, length), Err(AnswerError::Count));
			let salted = PieceProof { salt: [0; 16], ..proof.clone() };
			assert_eq!(salted.verify(&root, length), Err(AnswerError::Root));
			let mut more = proof.clone();
			more.hashes.try_push(Hash::zero()).unwrap();
			assert_eq!(more.verify(&root, length), Err(AnswerError::Root));
			assert_eq!(proof.verify(&root, MAX_ANSWER + 1), Err(AnswerError::TooLong));
		}
	}
}

#[test]
fn a_prompt_shows_the_run_and_its_place() {
	let prompt: String = (0..40).map(|word| format!("Word{word}, ")).collect();
	let root = prompt_root(&salts(), prompt.as_bytes()).unwrap();

	let proof = PromptProof::new(&salts(), prompt.as_bytes(), 7, 11).unwrap();

	assert_eq!(proof.verify(&root), Ok(()));
	assert_eq!(proof.words.len(), 4);
	let refused = [
		PromptProof { first: 8, ..proof.clone() },
		PromptProof { first: u32::MAX, ..proof.clone() },
		PromptProof { count: 41, ..proof.clone() },
		PromptProof { count: 9, ..proof.clone() },
		PromptProof { words: Default::default(), ..proof.clone() },
	];
	for proof in refused {
		assert_eq!(proof.verify(&root), Err(AnswerError::Root));
	}
	let lie = PromptProof { count: MAX_ANSWER_WORDS + 1, ..proof.clone() };
	assert_eq!(lie.verify(&root), Err(AnswerError::Count));
	assert!(PromptProof::new(&salts(), prompt.as_bytes(), 3, 3).is_none());
	assert!(PromptProof::new(&salts(), prompt.as_bytes(), 39, 41).is_none());
	assert!(prompt_root(&salts(), b"").is_ok());
}

proptest! {
	#[test]
	fn exactly_the_words_that_are_there_are_shown(
		text in "[a-cA-C ,中\u{2019}]{1,60}",
		marks in vec((any::<bool>(), any::<bool>(), 0u64..20, 4u8..=14), 60),
		(first, after) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
		change in any::<prop::sample::Index>(),
	) {
		let count = Words::of_text(text.as_bytes()).count();
		prop_assume!(count > 0);
		let marks = marks.into_iter().take(count).map(|(flagged, retrieved, owner, bits)| Mark {
			frequent: flagged,
			retrieved,
			echoed: flagged && !retrieved,
			owner: (!flagged && owner < 18).then_some(owner),
			bits,
		});
		let (response, leaves) = answer(text.as_bytes(), marks.collect());
		let (first, after) = (first.index(count), after.index(count));
		let (first, after) = (first.min(after), first.max(after) + 1);

		let range = (u32::try_from(first).unwrap(), u32::try_from(after).unwrap());
		let proof = WordsProof::new(&leaves, range.0, range.1).unwrap();

		prop_assert_eq!(response.check(), Ok(()));
		prop_assert_eq!(proof.verify(&response.text()), Ok(()));
		prop_assert_eq!(&WordsProof::decode(&mut proof.encode().as_slice()), &Ok(proof.clone()));
		// Any other leaf, wherever it is changed, is refused.
		let mut other = proof.clone();
		let at = change.index(other.leaves.len());
		let mut bytes = other.leaves[at].encode();
		let byte = change.index(bytes.len());
		bytes[byte] ^= 1;
		if let Ok(leaf) = WordLeaf::decode_all(&mut bytes.as_slice()) {
			other.leaves[at] = leaf;
			prop_assert!(other.verify(&response.text()).is_err());
		}
		// Words that are left out, one hash more or less, another number of words.
		if proof.leaves.len() > 2 {
			let mut other = proof.clone();
			other.leaves.remove(1);
			prop_assert_eq!(other.verify(&response.text()), Err(AnswerError::Order));
		}
		let mut other = proof.clone();
		other.hashes.try_push(Hash::zero()).unwrap();
		prop_assert_eq!(other.verify(&response.text()), Err(AnswerError::Root));
		let mut other = proof.clone();
		if other.hashes.pop().is_some() {
			prop_assert_eq!(other.verify(&response.text()), Err(AnswerError::Root));
		}
		let short = TextRoot { length: 0, ..response.text() };
		prop_assert_eq!(proof.verify(&short), Err(AnswerError::Count));
	}

	#[test]
	fn any_bytes_are_refused(bytes in vec(any::<u8>(), 0..400)) {
		let (response, _) = words_of(b"one two three", None);
		if let Ok(proof) = WordsProof::decode(&mut bytes.as_slice()) {
			prop_assert!(proof.verify(&response.text()).is_err());
		}
		if let Ok(proof) = PieceProof::decode(&mut bytes.as_slice()) {
			prop_assert!(proof.verify(&response.delivered_root, response.length).is_err());
		}
		if let Ok(proof) = PromptProof::decode(&mut bytes.as_slice()) {
			prop_assert!(proof.verify(&response.header.prompt_root).is_err());
		}
		if let Ok(header) = Header::decode(&mut bytes.as_slice()) {
			let _ = header.check();
		}
	}
}
