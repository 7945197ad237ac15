//! One word of an answer, as its tree commits to it.

use super::{AnswerError, MAX_ANSWER, MAX_OWNERS, MAX_VALUE, MIN_VALUE};
use crate::{
	domain::{self, Salt, LONG_WORD, WORD_LEAF},
	words::{is_folded_word, Word, Words, MAX_WORD},
	Hash,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// A folded word: its bytes, or a hash where these are more than [`MAX_WORD`]. A word that long stands in
/// no window, so that nobody ever has to see it on chain.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "snake_case"))]
pub enum LeafWord {
	/// The folded bytes: 1 to [`MAX_WORD`].
	#[codec(index = 0)]
	Whole(BoundedVec<u8, ConstU32<MAX_WORD>>),
	/// A word of more bytes than that.
	#[codec(index = 1)]
	Long {
		/// Its bytes.
		length: u32,
		/// Their hash, folded.
		hash: Hash,
	},
}

impl LeafWord {
	/// The form in which a word stands in a leaf.
	///
	/// # Errors
	///
	/// [`AnswerError::TooLong`] if the word is longer than any answer.
	pub fn new(word: &Word) -> Result<Self, AnswerError> {
		let length = u32::try_from(word.bytes.len()).map_err(|_| AnswerError::TooLong)?;
		if length > MAX_ANSWER {
			return Err(AnswerError::TooLong);
		}
		let folded: Vec<u8> = word.folded().collect();
		Ok(match BoundedVec::try_from(folded) {
			Ok(whole) => Self::Whole(whole),
			Err(folded) => Self::Long { length, hash: domain::hash(LONG_WORD, &[&folded]) },
		})
	}

	/// Its length in bytes, folded or not.
	pub fn length(&self) -> u32 {
		match self {
			Self::Whole(bytes) => u32::try_from(bytes.len()).unwrap_or(u32::MAX),
			Self::Long { length, .. } => *length,
		}
	}

	/// Returns `true` if it is one code point of a script without spaces.
	pub fn is_spaceless(&self) -> bool {
		match self {
			Self::Whole(bytes) => Words::of_text(bytes).next().is_some_and(|word| word.spaceless),
			Self::Long { .. } => false,
		}
	}

	/// Returns `true` if some text has such a word.
	pub fn is_valid(&self) -> bool {
		match self {
			Self::Whole(bytes) => is_folded_word(bytes),
			Self::Long { length, .. } => *length > MAX_WORD && *length <= MAX_ANSWER,
		}
	}
}

/// The facts about a word beside its owner: one bit each.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Flags(pub u8);

impl Flags {
	/// It stands in a run that the prompt has as well.
	pub const ECHOED: u8 = 1;
	/// It stands in a shingle of the frequent list.
	pub const FREQUENT: u8 = 1 << 1;
	/// It stands in a run that a retrieved passage has as well.
	pub const RETRIEVED: u8 = 1 << 2;
	/// Nothing stands between it and the word before it.
	pub const GLUED: u8 = 1 << 3;

	/// Returns `true` if `flag` is set.
	pub fn has(self, flag: u8) -> bool {
		self.0 & flag != 0
	}

	/// Returns `true` if such a word may have an owner.
	pub fn may_be_owned(self) -> bool {
		!self.has(Self::ECHOED | Self::FREQUENT)
	}

	fn is_valid(self) -> bool {
		let known = Self::ECHOED | Self::FREQUENT | Self::RETRIEVED | Self::GLUED;
		// What was retrieved carries that flag instead of the other.
		self.0 & !known == 0 && !(self.has(Self::ECHOED) && self.has(Self::RETRIEVED))
	}
}

/// One leaf of an answer's tree. Sums so far include the word itself.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct WordLeaf {
	/// The word's place among the answer's words, from 0.
	pub index: u32,
	/// Its salt.
	pub salt: Salt,
	/// Delivered bytes before it.
	pub offset: u32,
	/// The folded word.
	pub word: LeafWord,
	/// Its flags.
	pub flags: Flags,
	/// The header's entry that owns it, from 1; 0 for nobody.
	pub owner: u8,
	/// The worth of all words so far, in quarter bits.
	pub info: u32,
	/// The worth of its owner's words so far to the owner, in quarter bits; 0 for nobody.
	pub credit: u32,
}

impl WordLeaf {
	/// The hash that stands in the tree.
	pub fn hash(&self) -> Hash {
		domain::hash_encoded(WORD_LEAF, self)
	}

	/// The delivered byte after its last one. `None` if it does not fit.
	pub fn end(&self) -> Option<u32> {
		self.offset.checked_add(self.word.length())
	}

	/// The worth of the word to its owner, if it is worth `value` quarter bits: what was retrieved
	/// counts a quarter.
	pub fn credit_of(&self, value: u32) -> u32 {
		if self.flags.has(Flags::RETRIEVED) {
			value / 4
		} else {
			value
		}
	}

	/// Checks what can be seen of a leaf alone.
	///
	/// # Errors
	///
	/// [`AnswerError::Word`], [`AnswerError::Flags`], [`AnswerError::Owner`] or [`AnswerError::Sums`] if no
	/// answer has such a leaf.
	pub fn check(&self) -> Result<(), AnswerError> {
		if !self.word.is_valid() {
			return Err(AnswerError::Word);
		}
		if !self.flags.is_valid() || (self.index == 0 && self.flags.has(Flags::GLUED)) {
			return Err(AnswerError::Flags);
		}
		let so_far = self.index.checked_add(1).ok_or(AnswerError::Order)?;
		let owner = u32::from(self.owner);
		let is_owned = owner != 0;
		if owner > MAX_OWNERS.min(so_far) || (is_owned && !self.flags.may_be_owned()) {
			return Err(AnswerError::Owner);
		}
		let worth = |value: u32| so_far.checked_mul(value).ok_or(AnswerError::Sums);
		let is_possible = (worth(MIN_VALUE)?..=worth(MAX_VALUE)?).contains(&self.info)
			&& self.info.is_multiple_of(4)
			&& is_owned == (self.credit > 0)
			&& self.credit <= self.info;
		if !is_possible {
			return Err(AnswerError::Sums);
		}
		Ok(())
	}

	/// Checks that this leaf comes right after another one, and returns what its word is worth, in quarter
	/// bits. Both have been checked alone.
	///
	/// # Errors
	///
	/// [`AnswerError::Order`] if it does not follow, overlaps the other one, or is glued to it and
	/// not marked so; [`AnswerError::Sums`] if a sum does not step by what one word may be worth.
	pub fn follows(&self, before: &Self) -> Result<u32, AnswerError> {
		let end = before.end().ok_or(AnswerError::Order)?;
		let touches = self.offset == end;
		// Two words that touch would be one, unless a script has no spaces.
		let is_in_order = before.index.checked_add(1) == Some(self.index)
			&& self.offset >= end
			&& touches == self.flags.has(Flags::GLUED)
			&& (!touches || self.word.is_spaceless() || before.word.is_spaceless());
		if !is_in_order {
			return Err(AnswerError::Order);
		}
		let value = self.info.checked_sub(before.info).ok_or(AnswerError::Sums)?;
		if !is_value(value) {
			return Err(AnswerError::Sums);
		}
		if self.owner != 0 && self.owner == before.owner {
			let step = self.credit.checked_sub(before.credit);
			if step != Some(self.credit_of(value)) {
				return Err(AnswerError::Sums);
			}
		}
		Ok(value)
	}
}

/// Returns `true` if a word may be worth so many quarter bits.
pub(super) fn is_value(value: u32) -> bool {
	(MIN_VALUE..=MAX_VALUE).contains(&value) && value.is_multiple_of(4)
}
