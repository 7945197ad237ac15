//! The tree over an answer's words: made by node and caller, opened in challenges.

use super::{
	leaf::is_value, AnswerError, AnswerSalts, Entry, Flags, LeafWord, WordLeaf, MAX_ANSWER,
	MAX_ANSWER_WORDS, MAX_OWNERS,
};
use crate::{
	tree::{self, TreeBuilder},
	words::{Word, Words},
	ContributionId, Hash,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// Most words that one proof shows: those that begin in one delivered piece, one before and one after.
pub const MAX_WORDS_SHOWN: u32 = 514;
/// Hashes beside them in the tree of the longest answer: two in each level but the last.
pub const MAX_WORDS_HASHES: u32 = 2 * 22;

/// The rule's verdict on one word, before owners have numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
	/// `true` if it is echoed.
	pub echoed: bool,
	/// `true` if it is frequent.
	pub frequent: bool,
	/// `true` if it was retrieved.
	pub retrieved: bool,
	/// The contribution that owns it.
	pub owner: Option<ContributionId>,
	/// Its worth, in bits: 4 to 14.
	pub bits: u8,
}

/// The tree of an answer's words while it is made. It keeps one hash a level.
#[derive(Clone, Debug)]
pub struct TextBuilder {
	salts: AnswerSalts,
	tree: TreeBuilder,
	info: u32,
	entries: BoundedVec<Entry, ConstU32<MAX_OWNERS>>,
	end: u32,
}

/// A whole answer's words: what goes into its header and its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
	/// The root over the words.
	pub root: Hash,
	/// The number of words.
	pub words: u32,
	/// Their worth together, in quarter bits.
	pub info: u32,
	/// The contributions that own some, in the order of their first ones.
	pub entries: BoundedVec<Entry, ConstU32<MAX_OWNERS>>,
}

impl TextBuilder {
	/// A tree without words.
	pub fn new(salts: AnswerSalts) -> Self {
		Self {
			salts,
			tree: TreeBuilder::default(),
			info: 0,
			entries: BoundedVec::default(),
			end: 0,
		}
	}

	/// Adds the next word, and returns its leaf. A word of a seventeenth contribution has no owner.
	///
	/// # Errors
	///
	/// [`AnswerError::Value`], [`AnswerError::Flags`] or [`AnswerError::Owner`] if the mark contradicts
	/// itself, [`AnswerError::Order`] if the word begins before the one before ends,
	/// [`AnswerError::TooLong`] beyond the longest answer. Nothing was added.
	pub fn push(&mut self, word: &Word, mark: &Mark) -> Result<WordLeaf, AnswerError> {
		let index = self.tree.count();
		let offset = u32::try_from(word.offset).map_err(|_| AnswerError::TooLong)?;
		let end = u32::try_from(word.end()).map_err(|_| AnswerError::TooLong)?;
		if end > MAX_ANSWER || index >= MAX_ANSWER_WORDS {
			return Err(AnswerError::TooLong);
		}
		if offset < self.end {
			return Err(AnswerError::Order);
		}
		let value = u32::from(mark.bits).saturating_mul(4);
		if !is_value(value) {
			return Err(AnswerError::Value);
		}
		let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
		let mut leaf = WordLeaf {
			index,
			salt: self.salts.word(index),
			offset,
			word: LeafWord::new(word)?,
			flags: Flags(
				flag(mark.echoed, Flags::ECHOED)
					| flag(mark.frequent, Flags::FREQUENT)
					| flag(mark.retrieved, Flags::RETRIEVED)
					| flag(word.glued, Flags::GLUED),
			),
			owner: 0,
			info: self.info.checked_add(value).ok_or(AnswerError::TooLong)?,
			credit: 0,
		};
		if mark.owner.is_some() && !leaf.flags.may_be_owned() {
			return Err(AnswerError::Owner);
		}
		let mut entries = self.entries.clone();
		if let Some(contribution) = mark.owner {
			let known = entries.iter().position(|entry| entry.contribution == contribution);
			let new = Entry { contribution, credit: 0, first_word: index };
			let at = known.or_else(|| {
				entries.try_push(new).ok()?;
				entries.len().checked_sub(1)
			});
			if let Some((at, entry)) = at.and_then(|at| Some((at, entries.get_mut(at)?))) {
				let credit = leaf.credit_of(value);
				entry.credit = entry.credit.checked_add(credit).ok_or(AnswerError::TooLong)?;
				leaf.credit = entry.credit;
				leaf.owner = u8::try_from(at.saturating_add(1)).map_err(|_| AnswerError::Owner)?;
			}
		}
		leaf.check()?;
		self.tree.push(leaf.hash()).map_err(|_| AnswerError::TooLong)?;
		self.entries = entries;
		self.info = leaf.info;
		self.end = end;
		Ok(leaf)
	}

	/// The whole answer's words.
	pub fn finish(self) -> Text {
		let Self { tree, info, entries, .. } = self;
		Text { root: tree.root(), words: tree.count(), info, entries }
	}
}

impl Text {
	/// The tree over the words of what was delivered, with one mark a word, and all leaves.
	///
	/// # Errors
	///
	/// [`AnswerError::TooLong`] if more than [`MAX_ANSWER`] bytes were delivered,
	/// [`AnswerError::Marks`] if there are more or fewer marks than words, and as [`TextBuilder::push`].
	pub fn of(
		salts: &AnswerSalts,
		delivered: &[u8],
		marks: impl IntoIterator<Item = Mark>,
	) -> Result<(Self, Vec<WordLeaf>), AnswerError> {
		if u32::try_from(delivered.len()).map_or(true, |length| length > MAX_ANSWER) {
			return Err(AnswerError::TooLong);
		}
		let (mut builder, mut leaves) = (TextBuilder::new(salts.clone()), Vec::new());
		let mut marks = marks.into_iter();
		for word in Words::of_text(delivered) {
			let mark = marks.next().ok_or(AnswerError::Marks)?;
			leaves.push(builder.push(&word, &mark)?);
		}
		if marks.next().is_some() {
			return Err(AnswerError::Marks);
		}
		Ok((builder.finish(), leaves))
	}
}

/// Root that words of an answer are shown against; an answer's hash binds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextRoot {
	/// The root over the words.
	pub root: Hash,
	/// The number of words.
	pub words: u32,
	/// Delivered bytes.
	pub length: u32,
}

/// That some words stand one after the other in an answer: one of them, a window, or all of a piece.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct WordsProof {
	/// The leaves, at least one.
	pub leaves: BoundedVec<WordLeaf, ConstU32<MAX_WORDS_SHOWN>>,
	/// The hashes beside them, from the leaves up, and from left to right.
	pub hashes: BoundedVec<Hash, ConstU32<MAX_WORDS_HASHES>>,
}

impl WordsProof {
	/// Shows the leaves from `first` to the one before `after`, of all leaves of an answer. `None` if there
	/// are none such, or too many.
	pub fn new(all: &[WordLeaf], first: u32, after: u32) -> Option<Self> {
		let shown = all.get(usize::try_from(first).ok()?..usize::try_from(after).ok()?)?.to_vec();
		let leaves: BoundedVec<_, _> = shown.try_into().ok()?;
		let indices: Vec<_> = (first..after).collect();
		let hashes: Vec<_> = all.iter().map(WordLeaf::hash).collect();
		Some(Self { leaves, hashes: tree::prove(&hashes, &indices)?.try_into().ok()? })
	}

	/// Checks that the leaves stand in the answer, one after the other, and that each and each step
	/// between two is possible.
	///
	/// # Errors
	///
	/// [`AnswerError::Count`] if no answer has so many words or bytes, [`AnswerError::Order`] if a word does
	/// not lie inside it, [`AnswerError::Root`] if they are not the answer's or none is shown, and as
	/// [`WordLeaf::check`] and [`WordLeaf::follows`].
	pub fn verify(&self, text: &TextRoot) -> Result<(), AnswerError> {
		if text.length > MAX_ANSWER || text.words > text.length.div_ceil(2) {
			return Err(AnswerError::Count);
		}
		let mut before: Option<&WordLeaf> = None;
		for leaf in &self.leaves {
			leaf.check()?;
			if leaf.end().is_none_or(|end| end > text.length) {
				return Err(AnswerError::Order);
			}
			if let Some(before) = before {
				leaf.follows(before)?;
			}
			before = Some(leaf);
		}
		let opened: Vec<_> = self.leaves.iter().map(|leaf| (leaf.index, leaf.hash())).collect();
		if tree::root_from(text.words, &opened, &self.hashes) != Some(text.root) {
			return Err(AnswerError::Root);
		}
		Ok(())
	}
}
