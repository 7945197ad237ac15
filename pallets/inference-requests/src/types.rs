//! Types that the pallet stores, that its calls carry, and short names of both in a runtime's types.

use codec::{Decode, Encode, MaxEncodedLen};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	answer::Evidence,
	lane::{Agreement, Attribution, CallRecord, FulfilledCall},
	on_chain::{text_hash, DeclineReason, Refusal, MAX_REFUSALS},
	text::Text,
	AccountId, Balance, BlockNumber as Height, Hash, ModelId, PriceVersion, Signature, VersionId,
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

/// Number of slots looked at for one that is not full, for an outcome.
pub const OUTCOME_SEARCH: u32 = 4;

/// A question. The chain does not look into it: plain text, or a chat request in JSON. Everybody can read it.
pub type RequestInput = Text<ConstU32<MAX_REQUEST_INPUT>>;

/// An answer. Everybody can read it.
pub type RequestOutput = Text<ConstU32<MAX_REQUEST_OUTPUT>>;

/// A node's right to be the only one to answer a request for a while.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Claim<AccountId, BlockNumber> {
	/// The operator.
	pub node: AccountId,
	/// Amount on hold on the operator's account, in planck.
	pub deposit: Balance,
	/// The last block in which the operator alone can answer. After it, the deposit is lost.
	pub until: BlockNumber,
}

/// The operators that will not answer a request, or did not, in the order of what they did.
pub type Refusals<AccountId> = BoundedVec<(AccountId, Refusal), ConstU32<MAX_REFUSALS>>;

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
	/// The most tokens of a prompt that can be charged: one for each byte of the input, and what the version's template
	/// adds for a message.
	pub most_input_tokens: u32,
	/// The claim of a node on it. One whose time is over is still here until somebody comes upon it.
	pub claim: Option<Claim<AccountId, BlockNumber>>,
	/// Who will not answer it, or did not.
	pub refusals: Refusals<AccountId>,
}

impl<AccountId, BlockNumber: Copy + Ord + One + Saturating> Request<AccountId, BlockNumber> {
	/// The first block in which it cannot be answered any more, and can be ended.
	pub fn ends_at(&self) -> BlockNumber {
		let lapses = self.deadline.saturating_add(One::one());
		self.cancelled_at.map_or(lapses, |cancelled| cancelled.min(lapses))
	}

	/// The claim, if its time is not over in block `now`.
	pub fn claim_at(&self, now: BlockNumber) -> Option<&Claim<AccountId, BlockNumber>> {
		self.claim.as_ref().filter(|claim| now <= claim.until)
	}
}

impl<AccountId: PartialEq, BlockNumber> Request<AccountId, BlockNumber> {
	/// Number of claims that have come to nothing, and are not here any more.
	pub fn lost_claims(&self) -> u32 {
		count(self.refusals.iter().filter(|(_, refusal)| refusal.was_claimed()).count())
	}

	/// Number of nodes that have said, without a claim, why they will not answer.
	pub fn notes(&self) -> u32 {
		count(self.refusals.iter().filter(|(_, refusal)| !refusal.was_claimed()).count())
	}

	/// Returns `true` if the operator will not answer it, or did not.
	pub fn is_refused_by(&self, operator: &AccountId) -> bool {
		self.refusals.iter().any(|(node, _)| node == operator)
	}
}

/// The end of a call of which it is kept for a while.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum End<AccountId> {
	/// It was answered.
	#[codec(index = 0)]
	Answered {
		/// The operator.
		node: AccountId,
		/// Its cost, in planck.
		charge: Balance,
		/// The answer.
		output: RequestOutput,
	},
	/// The node that its caller had named will not answer it.
	#[codec(index = 1)]
	Declined {
		/// The operator.
		node: AccountId,
		/// Its reason.
		reason: DeclineReason,
	},
}

/// What became of a request, for its caller to read.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Outcome<AccountId, BlockNumber> {
	/// Who has asked.
	pub caller: AccountId,
	/// The model.
	pub model: ModelId,
	/// Amount on hold on the caller's account for its place, in planck.
	pub deposit: Balance,
	/// The block in which the request ended.
	pub at: BlockNumber,
	/// The last block in which it is kept, unless its caller has it removed before.
	pub until: BlockNumber,
	/// The slot of the sweep that removes it: never before that. None if all that were looked at were full.
	pub slot: Option<BlockNumber>,
	/// How it ended.
	pub end: End<AccountId>,
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
/// A claim, in the types of a runtime.
pub(crate) type ClaimOf<T> = Claim<AccountId, BlockNumberFor<T>>;
/// An outcome, in the types of a runtime.
pub(crate) type OutcomeOf<T> = Outcome<AccountId, BlockNumberFor<T>>;

/// A node's answer, as it comes with the extrinsic.
pub(crate) struct Answer {
	pub(crate) output: RequestOutput,
	pub(crate) input_tokens: u32,
	pub(crate) output_tokens: u32,
	pub(crate) attribution: Attribution,
	pub(crate) signature: Signature,
}

impl Answer {
	/// Returns `true` if input and output can have the tokens that are counted: one of the output has a byte at
	/// least, except for the one that says that the answer ends.
	pub(crate) fn is_plausible(&self, most_input_tokens: u32) -> bool {
		self.input_tokens <= most_input_tokens
			&& self.output_tokens <= bytes(&self.output).saturating_add(1)
	}

	/// The record of the call: the only one of its lane. Nothing of a prompt is cached or retrieved on chain.
	pub(crate) fn record(&self) -> CallRecord {
		CallRecord {
			sequence: FulfilledCall::SEQUENCE,
			input_tokens: self.input_tokens,
			cached_tokens: 0,
			retrieved_tokens: 0,
			output_tokens: self.output_tokens,
			response_hash: text_hash(self.output.as_str()),
			attribution: self.attribution.clone(),
			extension: None,
		}
	}
}

/// The length of a text in bytes. All here are bounded far below the limits of `u32`, and so are lists.
pub(crate) fn bytes<Bound>(text: &Text<Bound>) -> u32 {
	count(text.as_bytes().len())
}

/// The length of a list.
pub(crate) fn length<Item>(list: &[Item]) -> u32 {
	count(list.len())
}

fn count(length: usize) -> u32 {
	length.try_into().unwrap_or(u32::MAX)
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
			most_input_tokens: 0,
			claim: None,
			refusals: Default::default(),
		}
	}

	#[test]
	fn a_claim_counts_through_its_last_block() {
		let claim = Claim { node: 1, deposit: 0, until: 5 };
		let claimed = Request { claim: Some(claim), ..request(10, None) };
		assert!(claimed.claim_at(5).is_some());
		assert!(claimed.claim_at(6).is_none() && claimed.claim.is_some());
	}

	#[test]
	fn what_was_claimed_and_what_was_only_said_are_counted_apart() {
		let declined = Refusal::Declined(DeclineReason::TooDear);
		let refusals = vec![(1, declined), (2, Refusal::Lapsed), (3, declined)];
		let refused = Request { refusals: refusals.try_into().unwrap(), ..request(10, None) };
		assert_eq!((refused.lost_claims(), refused.notes()), (1, 2));
		assert!(refused.is_refused_by(&2) && !refused.is_refused_by(&4));
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
