//! The words of the prompt, as the model's template renders it.
//!
//! One leaf a word, so that a challenge shows the run that an answer has echoed, and no more of the
//! prompt. The root is one hash over the number of words and the tree's root, because nothing
//! else says how many there are.

use super::{AnswerError, AnswerSalts, LeafWord, MAX_ANSWER, MAX_ANSWER_WORDS};
use crate::{
	domain::{self, Salt, PROMPT, PROMPT_LEAF},
	tree,
	words::Words,
	Hash,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// Most words of a prompt that one proof shows: as many as the longest window has.
pub const MAX_PROMPT_SHOWN: u32 = 128;
/// Hashes beside them in the tree of the longest prompt: two in each level but the last.
pub const MAX_PROMPT_HASHES: u32 = 2 * 22;

fn leaf(index: u32, salt: &Salt, word: &LeafWord) -> Hash {
	domain::hash(PROMPT_LEAF, &[&index.to_le_bytes(), salt, &word.encode()])
}

fn root_of(words: u32, root: &Hash) -> Hash {
	domain::hash(PROMPT, &[&words.to_le_bytes(), root.as_bytes()])
}

fn words_of(prompt: &[u8]) -> Result<Vec<LeafWord>, AnswerError> {
	if u32::try_from(prompt.len()).map_or(true, |length| length > MAX_ANSWER) {
		return Err(AnswerError::TooLong);
	}
	Words::of_text(prompt).map(|word| LeafWord::new(&word)).collect()
}

fn hashes_of(salts: &AnswerSalts, words: &[LeafWord]) -> Vec<Hash> {
	(0..).zip(words).map(|(index, word)| leaf(index, &salts.prompt(index), word)).collect()
}

/// The root over a rendered prompt.
///
/// # Errors
///
/// [`AnswerError::TooLong`] if it has more than [`MAX_ANSWER`] bytes.
pub fn prompt_root(salts: &AnswerSalts, prompt: &[u8]) -> Result<Hash, AnswerError> {
	let hashes = hashes_of(salts, &words_of(prompt)?);
	let words = u32::try_from(hashes.len()).map_err(|_| AnswerError::TooLong)?;
	Ok(root_of(words, &tree::root(&hashes).ok_or(AnswerError::TooLong)?))
}

/// A word of a prompt, and its salt.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct PromptWord {
	/// Its salt.
	pub salt: Salt,
	/// The folded word.
	pub word: LeafWord,
}

/// That some words stand one after the other in a prompt.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct PromptProof {
	/// The number of the prompt's words.
	pub count: u32,
	/// The place of the first word that is shown, from 0.
	pub first: u32,
	/// The words.
	pub words: BoundedVec<PromptWord, ConstU32<MAX_PROMPT_SHOWN>>,
	/// The hashes beside them, from the leaves up, and from left to right.
	pub hashes: BoundedVec<Hash, ConstU32<MAX_PROMPT_HASHES>>,
}

impl PromptProof {
	/// Shows the words from `first` to the one before `after`. `None` if there are none such, or too many,
	/// or the prompt is too long.
	pub fn new(salts: &AnswerSalts, prompt: &[u8], first: u32, after: u32) -> Option<Self> {
		let words = words_of(prompt).ok()?;
		let indices: Vec<_> = (first..after).take(tree::MAX_OPENED).collect();
		let hashes = tree::prove(&hashes_of(salts, &words), &indices)?;
		let shown: Vec<_> = indices
			.iter()
			.zip(words.iter().skip(usize::try_from(first).ok()?))
			.map(|(index, word)| PromptWord { salt: salts.prompt(*index), word: word.clone() })
			.collect();
		Some(Self {
			count: u32::try_from(words.len()).ok()?,
			first,
			words: shown.try_into().ok()?,
			hashes: hashes.try_into().ok()?,
		})
	}

	/// Checks that the words stand in the prompt that has this root.
	///
	/// # Errors
	///
	/// [`AnswerError::Count`] if no prompt has so many words, [`AnswerError::Word`] if one of them is none,
	/// [`AnswerError::Root`] if they do not stand there, or none is shown.
	pub fn verify(&self, prompt_root: &Hash) -> Result<(), AnswerError> {
		if self.count > MAX_ANSWER_WORDS {
			return Err(AnswerError::Count);
		}
		if !self.words.iter().all(|word| word.word.is_valid()) {
			return Err(AnswerError::Word);
		}
		let opened: Vec<_> = (self.first..self.count)
			.zip(&self.words)
			.map(|(index, word)| (index, leaf(index, &word.salt, &word.word)))
			.collect();
		if opened.len() != self.words.len() {
			return Err(AnswerError::Root);
		}
		let root = tree::root_from(self.count, &opened, &self.hashes);
		if root.map(|root| root_of(self.count, &root)) != Some(*prompt_root) {
			return Err(AnswerError::Root);
		}
		Ok(())
	}
}
