//! Types that the pallet stores, that its calls carry, and short names of both in a runtime's types.

use codec::{Decode, Encode, MaxEncodedLen};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	answer::Evidence,
	lane::{Agreement, Attribution, CallRecord, FulfilledCall},
	AccountId, Balance, BlockNumber as Height, Hash, ModelId, PriceVersion, VersionId,
	MAX_REQUEST_INPUT, MAX_REQUEST_OUTPUT,
};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::{
	traits::{One, UniqueSaturatedInto},
	BoundedVec, Saturating,
};

/// Number of slots looked at for one that is not full.
pub const SLOT_SEARCH: u32 = 16;

/// Slots that one block's sweep looks at. After a time of full blocks, the sweep catches up
/// with the chain at this rate.
pub const MAX_SLOTS_SWEPT: u32 = 256;

/// A question. The chain does not look into it: plain text, or the body of a chat request, as
/// the model's operators understand it. Everybody can read it.
pub type RequestInput = BoundedVec<u8, ConstU32<MAX_REQUEST_INPUT>>;

/// An answer. Everybody can read it.
pub type RequestOutput = BoundedVec<u8, ConstU32<MAX_REQUEST_OUTPUT>>;

/// A call that waits for its answer. What is asked is kept apart from it, so that whoever ends the
/// call does not have to read that.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Request<AccountId, BlockNumber> {
	/// Who pays.
	pub caller: AccountId,
	/// The model.
	pub model: ModelId,
	/// The operator who is to answer; anybody who serves the model if there is none.
	pub node: Option<AccountId>,
	/// The model's version that was in force at the request, and answers.
	pub version: VersionId,
	/// The price version that was in force at the request, and applies.
	pub price_version: PriceVersion,
	/// The block of the request. Whoever was behind the call in it is paid.
	pub asked_at: BlockNumber,
	/// The most that the call may cost, in planck. It is on hold.
	pub max_charge: Balance,
	/// Amount on hold for the place that the request takes, in planck.
	pub deposit: Balance,
	/// The last block in which it can be answered.
	pub deadline: BlockNumber,
	/// From which block on it cannot be answered any more, because its caller has cancelled it.
	pub cancelled_at: Option<BlockNumber>,
	/// The slot of the sweep that ends it: never before it is over. None if all that were looked at
	/// were full: then somebody has to end it.
	pub slot: Option<BlockNumber>,
	/// The hash (blake2-256) of what is asked.
	pub input_hash: Hash,
}

impl<AccountId, BlockNumber: Copy + Ord + One + Saturating> Request<AccountId, BlockNumber> {
	/// The first block in which it cannot be answered any more, and can be ended.
	pub fn ends_at(&self) -> BlockNumber {
		let lapses = self.deadline.saturating_add(One::one());
		self.cancelled_at.map_or(lapses, |cancelled| cancelled.min(lapses))
	}
}

impl<AccountId, BlockNumber: Copy + UniqueSaturatedInto<Height>> Request<AccountId, BlockNumber> {
	/// The agreement of caller and node. Everybody can read the call, and it costs the list price.
	pub fn agreement(&self) -> Agreement {
		Agreement {
			model: self.model,
			version: self.version,
			price_version: self.price_version,
			as_of: self.asked_at.unique_saturated_into(),
			evidence: Evidence::Open,
			own_price: None,
		}
	}
}

/// A request, in the types of a runtime.
pub(crate) type RequestOf<T> = Request<AccountId, BlockNumberFor<T>>;

/// The most tokens that a prompt may have beyond its input's bytes.
pub const MOST_ADDED_TOKENS: u32 = 1_024;

/// A node's answer, as it comes with the extrinsic.
pub(crate) struct Answer {
	pub(crate) output: RequestOutput,
	pub(crate) input_tokens: u32,
	pub(crate) output_tokens: u32,
	pub(crate) attribution: Attribution,
}

impl Answer {
	/// Returns `true` if an input of so many bytes and the output can have the tokens that are counted: one
	/// has a byte at least, except for the one that says that the answer ends, and for those that the
	/// model's template and what was retrieved add to the prompt.
	pub(crate) fn is_plausible(&self, input_bytes: usize) -> bool {
		let input = u32::try_from(input_bytes).unwrap_or(u32::MAX);
		self.input_tokens <= input.saturating_add(MOST_ADDED_TOKENS)
			&& self.output_tokens <= length(&self.output).saturating_add(1)
	}

	/// The record of the call: the only one of its lane. Nothing of a prompt is cached or retrieved on chain.
	pub(crate) fn record(&self) -> CallRecord {
		CallRecord {
			sequence: FulfilledCall::SEQUENCE,
			input_tokens: self.input_tokens,
			cached_tokens: 0,
			retrieved_tokens: 0,
			output_tokens: self.output_tokens,
			response_hash: hash(&self.output),
			attribution: self.attribution.clone(),
			extension: None,
		}
	}
}

/// The hash of an input or output.
pub(crate) fn hash(bytes: &[u8]) -> Hash {
	sp_io::hashing::blake2_256(bytes).into()
}

/// The length of a list. The lists here are bounded far below the limits of `u32`.
pub(crate) fn length<Item>(list: &[Item]) -> u32 {
	list.len().try_into().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn request(deadline: u32, cancelled_at: Option<u32>) -> Request<u8, u32> {
		Request {
			caller: 0,
			model: 0,
			node: None,
			version: 0,
			price_version: 0,
			asked_at: 0,
			max_charge: 0,
			deposit: 0,
			deadline,
			cancelled_at,
			slot: None,
			input_hash: Hash::zero(),
		}
	}

	#[test]
	fn a_request_is_over_after_its_deadline_or_once_it_is_cancelled() {
		assert_eq!(request(10, None).ends_at(), 11);
		assert_eq!(request(10, Some(5)).ends_at(), 5);
		assert_eq!(request(10, Some(11)).ends_at(), 11);
		assert_eq!(request(u32::MAX, None).ends_at(), u32::MAX);
	}

	proptest! {
		#[test]
		fn cancelling_never_prolongs(deadline: u32, cancelled_at: u32) {
			let cancelled = request(deadline, Some(cancelled_at));
			prop_assert!(cancelled.ends_at() <= request(deadline, None).ends_at());
			prop_assert!(cancelled.ends_at() <= cancelled_at);
		}
	}
}
