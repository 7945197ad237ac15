//! Answers, prompts and streams: proofs as they come, and those that are made of any text, which have to hold.

use super::{fits, read, Input};
use openledger_primitives::{
	answer::{
		delivered::PIECE_BYTES, prompt::MAX_PROMPT_SHOWN, prompt_root, text::MAX_WORDS_SHOWN,
		unattributed, AnswerSalts, Evidence, Mark, PieceProof, PromptProof, Response, Text,
		TextRoot, WordLeaf, WordsProof, MAX_VALUE, MIN_VALUE,
	},
	stream::{canonical, is_canonical, StreamBuilder},
	tree,
	words::{fold_stream, fold_text, is_folded_word, Words},
	Hash,
};

pub(super) fn words_proof(input: &mut Input) -> Option<()> {
	let (proof, (root, words, length)) = read::<(WordsProof, (Hash, u32, u32))>(input)?;
	fits(&proof);
	let _ = proof.verify(&TextRoot { root, words, length });
	let opened = proof.leaves.iter().map(|leaf| (leaf.index, leaf.hash())).collect::<Vec<_>>();
	let root = tree::root_from(words, &opened, &proof.hashes)?;
	if proof.verify(&TextRoot { root, words, length }).is_ok() {
		let mut ends = proof.leaves.iter().map(WordLeaf::end);
		assert!(ends.all(|end| end.is_some_and(|end| end <= length)));
	}
	Some(())
}

pub(super) fn piece_proof(input: &mut Input) -> Option<()> {
	let (proof, root, length) = read::<(PieceProof, Hash, u32)>(input)?;
	fits(&proof);
	let _ = proof.verify(&root, length);
	Some(())
}

pub(super) fn prompt_proof(input: &mut Input) -> Option<()> {
	let (proof, root) = read::<(PromptProof, Hash)>(input)?;
	fits(&proof);
	let _ = proof.verify(&root);
	Some(())
}

pub(super) fn response(input: &mut Input) -> Option<()> {
	let response = read::<Response>(input)?;
	fits(&response);
	let _ = (response.hash(), response.text());
	if response.check().is_ok() {
		assert_eq!(response.header.check(), Ok(()));
		let credits = response.header.entries.iter().map(|entry| u64::from(entry.credit));
		assert!(credits.sum::<u64>() <= u64::from(response.header.info));
	}
	Some(())
}

pub(super) fn word_leaves(input: &mut Input) -> Option<()> {
	let (first, second) = read::<(WordLeaf, WordLeaf)>(input)?;
	for leaf in [&first, &second] {
		fits(leaf);
		let _ = (leaf.hash(), leaf.end(), leaf.credit_of(MAX_VALUE));
	}
	let alone = first.check().is_ok() && second.check().is_ok();
	if let (Ok(value), true) = (second.follows(&first), alone) {
		assert!((MIN_VALUE..=MAX_VALUE).contains(&value));
	}
	Some(())
}

/// Part of `count` things that is shown, at most `most` of them: the first, and the one after the last.
fn some_of(count: usize, most: u32, pick: u8) -> Option<(u32, u32)> {
	let count = u32::try_from(count).ok()?;
	let first = u32::from(pick).checked_rem(count)?;
	let shown = 1 + u32::from(pick) * 3 % (count - first).min(most);
	Some((first, first + shown))
}

/// An answer and a prompt that are made of the bytes: whatever they are, they have a hash, and all parts of them can be
/// shown.
pub(super) fn answer(input: &mut Input) -> Option<()> {
	let (salt, request, pick) = read::<([u8; 32], Hash, u8)>(input)?;
	let (delivered, prompt) = input.split_at(input.len() / 2);
	let salts = AnswerSalts::new(&salt, &request);
	let prompt_root = prompt_root(&salts, prompt).expect("any prompt has a root");
	let response = unattributed(&salt, &request, delivered, prompt_root, Evidence::Open)
		.expect("any answer has a hash");
	assert_eq!(response.check(), Ok(()));

	let pieces = delivered.chunks(usize::try_from(PIECE_BYTES).ok()?).len();
	if let Some((index, _)) = some_of(pieces, 1, pick) {
		let proof = PieceProof::new(&salts, delivered, index).expect("there is such a piece");
		let shown = proof.verify(&response.delivered_root, response.length);
		assert_eq!(shown, Ok(index * PIECE_BYTES));
	}

	let words = Words::of_text(delivered).count();
	let bits = u8::try_from(MIN_VALUE / 4).ok()?;
	let marks = std::iter::repeat_n(Mark { bits, ..Mark::default() }, words);
	let (text, leaves) = Text::of(&salts, delivered, marks).expect("any answer has words");
	assert_eq!((text.root, text.words), (response.text_root, response.header.words));
	if let Some((first, after)) = some_of(words, MAX_WORDS_SHOWN, pick) {
		let proof = WordsProof::new(&leaves, first, after).expect("there are such words");
		assert_eq!(proof.verify(&response.text()), Ok(()));
	}

	let words = Words::of_text(prompt).count();
	if let Some((first, after)) = some_of(words, MAX_PROMPT_SHOWN, pick) {
		let proof = PromptProof::new(&salts, prompt, first, after).expect("there are such words");
		assert_eq!(proof.verify(&prompt_root), Ok(()));
	}
	Some(())
}

/// Documents, divided by 0xFF, as one stream, in one piece and byte by byte.
pub(super) fn stream(input: &mut Input) -> Option<()> {
	let documents = input.split(|byte| *byte == u8::MAX).collect::<Vec<_>>();
	let whole = canonical(&documents);
	let mut pieces = Vec::new();
	let mut builder = StreamBuilder::new(|bytes: &[u8]| pieces.extend_from_slice(bytes));
	let built = documents
		.iter()
		.try_for_each(|document| {
			document.iter().try_for_each(|byte| builder.push(&[*byte]))?;
			builder.close_document()
		})
		.and_then(|()| builder.finish());
	match whole {
		Ok(stream) => {
			let size = built.expect("bytes come in any pieces");
			assert_eq!(Ok(size.bytes), u64::try_from(stream.len()));
			assert_eq!(pieces, stream);
			assert!(is_canonical(&stream));
			assert_eq!(canonical(stream.split(|byte| *byte == 0)), Ok(stream.clone()));
			let _ = Words::of_stream(&stream).count();
		}
		Err(error) => assert_eq!(built, Err(error)),
	}
	Some(())
}

/// The words of any bytes, and of what they are folded to.
pub(super) fn words(input: &mut Input) -> Option<()> {
	let text = *input;
	let mut folded = text.to_vec();
	fold_text(&mut folded);
	let mut again = folded.clone();
	fold_text(&mut again);
	assert_eq!(again, folded, "what is folded stays");
	fold_stream(&mut again);
	assert_eq!(again, folded);

	let (found, of_folded) = (Words::of_text(text), Words::of_text(&folded).collect::<Vec<_>>());
	let mut end = 0;
	let mut count = 0;
	for (word, other) in found.zip(&of_folded) {
		assert!(word.offset >= end && !word.bytes.is_empty());
		assert_eq!(word.glued, word.offset == end && count > 0);
		assert_eq!(text.get(word.offset..word.end()), Some(word.bytes));
		assert_eq!((word.offset, word.end()), (other.offset, other.end()));
		assert!(word.folded().eq(other.bytes.iter().copied()) && word.is_same(other));
		assert!(is_folded_word(other.bytes), "{:?} is no word", other.bytes);
		end = word.end();
		count += 1;
	}
	assert_eq!(count, of_folded.len());
	assert_eq!(count, Words::of_text(text).count());
	Some(())
}
