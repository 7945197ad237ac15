//! The usage of one call, as a node brings it to the chain.

use crate::{price::Tokens, ContributionId, Hash, Sequence, MAX_RECORDS};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// Most contributions that a call pays directly: as many as an answer has owners.
pub const MAX_ENTRIES: u32 = crate::answer::MAX_OWNERS;

/// The basis points of a whole answer.
pub const WHOLE_ANSWER: u32 = 10_000;

/// One contribution's part of an answer.
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
pub struct AttributionShare {
	/// The contribution.
	#[codec(compact)]
	pub contribution: ContributionId,
	/// Its part, in basis points of the whole answer.
	#[codec(compact)]
	pub basis_points: u16,
}

/// The contributions that a call pays directly, in the order of their first words. What they do not have of
/// the whole answer goes to the data sources.
pub type Attribution = BoundedVec<AttributionShare, ConstU32<MAX_ENTRIES>>;

/// Usage of one call. It holds no charge, which the runtime works out from the lane's price, and nothing that
/// the voucher says.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct CallRecord {
	/// The sequence of the voucher that paid for the call.
	#[codec(compact)]
	pub sequence: Sequence,
	/// Tokens of the prompt.
	#[codec(compact)]
	pub input_tokens: u32,
	/// Those of them that the engine had kept from earlier calls.
	#[codec(compact)]
	pub cached_tokens: u32,
	/// Those of them that are of retrieved passages.
	#[codec(compact)]
	pub retrieved_tokens: u32,
	/// Tokens of the answer that were delivered.
	#[codec(compact)]
	pub output_tokens: u32,
	/// The hash of the answer, which the request's hash is folded into.
	pub response_hash: Hash,
	/// The contributions that are paid directly.
	pub attribution: Attribution,
	/// The hash of what later versions add; none in this one.
	pub extension: Option<Hash>,
}

/// The records of one part of a settlement, in rising order of their sequence.
pub type CallRecords = BoundedVec<CallRecord, ConstU32<MAX_RECORDS>>;

/// Reason for which no call has such a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordError {
	/// More tokens of the prompt are cached or retrieved than it has.
	Tokens,
	/// An entry is for nothing, a contribution is named twice, or all are more than the whole answer.
	Attribution,
	/// It says what this version does not know.
	Extension,
}

impl CallRecord {
	/// Its tokens.
	pub fn tokens(&self) -> Tokens {
		Tokens {
			input: self.input_tokens,
			cached: self.cached_tokens,
			retrieved: self.retrieved_tokens,
			output: self.output_tokens,
		}
	}

	/// Checks what can be seen of a record alone.
	///
	/// # Errors
	///
	/// One of [`RecordError`]'s for each rule.
	pub fn check(&self) -> Result<(), RecordError> {
		if self.extension.is_some() {
			return Err(RecordError::Extension);
		}
		if self.cached_tokens.max(self.retrieved_tokens) > self.input_tokens {
			return Err(RecordError::Tokens);
		}
		let mut sum = 0u32;
		for (at, share) in self.attribution.iter().enumerate() {
			let mut before = self.attribution.iter().take(at);
			sum = sum.saturating_add(share.basis_points.into());
			let is_new = before.all(|other| other.contribution != share.contribution);
			if share.basis_points == 0 || !is_new || sum > WHOLE_ANSWER {
				return Err(RecordError::Attribution);
			}
		}
		Ok(())
	}
}
