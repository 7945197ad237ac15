//! The header of an answer: what is said of all of it.

use super::{AnswerError, MAX_ANSWER_WORDS, MAX_OWNERS, MAX_VALUE, MIN_VALUE};
use crate::{domain, stream::MAX_STREAM, ContributionId, Hash};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// Most passages that a node retrieves for one call.
pub const MAX_RETRIEVED: u32 = 64;

/// The voucher's word on whether an answer's leaves may be demanded on chain.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "snake_case"))]
pub enum Evidence {
	/// A window's words, and one that is drawn, may be shown.
	#[codec(index = 0)]
	Open,
	/// Nothing is ever shown; the call names nobody, and pays pools only.
	#[codec(index = 1)]
	Sealed,
}

/// One contribution that words of an answer are owned by.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Entry {
	/// The contribution.
	pub contribution: ContributionId,
	/// The worth of its words to it, in quarter bits.
	pub credit: u32,
	/// The index of the first word that it owns.
	pub first_word: u32,
}

/// A passage of a contribution that was put into the prompt.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct RetrievedRange {
	/// The contribution.
	pub contribution: ContributionId,
	/// Bytes of its stream before the passage.
	pub offset: u64,
	/// Bytes of the passage.
	pub length: u32,
}

impl RetrievedRange {
	fn end(&self) -> Option<u64> {
		self.offset.checked_add(self.length.into()).filter(|end| *end <= MAX_STREAM)
	}
}

/// The facts about a whole answer.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Header {
	/// The version of the attribution rule.
	pub rule: u16,
	/// The root over the contributions of the release at the lane's `as_of`.
	pub release_root: Hash,
	/// The number of words.
	pub words: u32,
	/// The worth of all words together, in quarter bits.
	pub info: u32,
	/// The contributions that own words, in the order of their first ones.
	pub entries: BoundedVec<Entry, ConstU32<MAX_OWNERS>>,
	/// The root over the rendered prompt.
	pub prompt_root: Hash,
	/// The passages that were retrieved, by contribution and offset.
	pub retrieved: BoundedVec<RetrievedRange, ConstU32<MAX_RETRIEVED>>,
	/// The evidence that may be shown.
	pub evidence: Evidence,
}

impl Header {
	/// The hash that an answer's hash is made with.
	pub fn hash(&self) -> Hash {
		domain::hash_encoded(domain::HEADER, self)
	}

	/// Checks what can be seen without the words.
	///
	/// # Errors
	///
	/// [`AnswerError::Count`] if there are more words than an answer has, [`AnswerError::Sums`],
	/// [`AnswerError::Entries`] or [`AnswerError::Retrieved`] if no answer has such a header.
	pub fn check(&self) -> Result<(), AnswerError> {
		if self.words > MAX_ANSWER_WORDS {
			return Err(AnswerError::Count);
		}
		let worth = |value: u32| self.words.checked_mul(value).ok_or(AnswerError::Sums);
		if !(worth(MIN_VALUE)?..=worth(MAX_VALUE)?).contains(&self.info)
			|| !self.info.is_multiple_of(4)
		{
			return Err(AnswerError::Sums);
		}
		self.check_entries()?;
		self.check_retrieved()
	}

	fn check_entries(&self) -> Result<(), AnswerError> {
		if self.evidence == Evidence::Sealed && !self.entries.is_empty() {
			return Err(AnswerError::Entries);
		}
		let mut rest = self.info;
		for (at, entry) in self.entries.iter().enumerate() {
			let (before, _) = self.entries.split_at_checked(at).unwrap_or_default();
			let is_new = before.iter().all(|other| other.contribution != entry.contribution);
			let rises = before.last().is_none_or(|last| last.first_word < entry.first_word);
			if !is_new || !rises || entry.first_word >= self.words || entry.credit == 0 {
				return Err(AnswerError::Entries);
			}
			rest = rest.checked_sub(entry.credit).ok_or(AnswerError::Entries)?;
		}
		Ok(())
	}

	fn check_retrieved(&self) -> Result<(), AnswerError> {
		let mut before: Option<&RetrievedRange> = None;
		for range in &self.retrieved {
			let follows = before.is_none_or(|before| {
				before.contribution < range.contribution
					|| (before.contribution == range.contribution
						&& before.end().is_some_and(|end| end <= range.offset))
			});
			if !follows || range.length == 0 || range.end().is_none() {
				return Err(AnswerError::Retrieved);
			}
			before = Some(range);
		}
		Ok(())
	}
}
