//! Calls that are requested and answered on chain: what they are called among sessions, what a node states of them,
//! and why it does not answer one.
//!
//! An answered call stands among the settlements of sessions like the only call of a lane of its own: its record,
//! its statement and its root are of a session that there is not. Sessions are numbered below [`CALLS_FROM`], and the
//! numbers from there on stand for requests.

use crate::{
	lane::{Agreement, CallRecord, Statement},
	Balance, Hash, LaneId, RequestId, SessionId,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The session that stands for the first call on chain. All from here on stand for calls, all before it are sessions.
pub const CALLS_FROM: SessionId = 1 << 63;
/// The lane that stands for a call on chain.
pub const CALL_LANE: LaneId = 0;

/// Most claims of one request that may come to nothing. Then nobody can claim it any more.
pub const MAX_CLAIMS: u32 = 4;
/// Most nodes that say of one request, without having claimed it, why they will not answer it.
pub const MAX_NOTES: u32 = 4;
/// Most nodes that are kept of those that will not answer a request, or did not.
pub const MAX_REFUSALS: u32 = MAX_CLAIMS + MAX_NOTES;

/// The session that stands for a call on chain. Requests have ids below [`CALLS_FROM`].
pub fn call_session(request: RequestId) -> SessionId {
	CALLS_FROM | request
}

/// Returns `true` if the session stands for a call on chain.
pub fn is_call(session: SessionId) -> bool {
	session >= CALLS_FROM
}

/// The hash (blake2-256) of an input or output of a call on chain.
pub fn text_hash(text: &str) -> Hash {
	sp_io::hashing::blake2_256(text.as_bytes()).into()
}

/// The node's word on a call on chain, which its receipt key signs: that on any call, with what only a session has as
/// it is for calls on chain. The hash of its request is that of its input.
pub fn call_statement(
	genesis_hash: Hash,
	request: RequestId,
	input_hash: Hash,
	agreement: Agreement,
	record: &CallRecord,
	charge: Balance,
) -> Statement {
	Statement {
		genesis_hash,
		session: call_session(request),
		lane: CALL_LANE,
		agreement,
		sequence: record.sequence,
		tokens: record.tokens(),
		charge,
		request_hash: input_hash,
		response_hash: record.response_hash,
		attribution: record.attribution.clone(),
		extension: record.extension,
	}
}

/// Reason for which a node does not answer a call on chain.
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
pub enum DeclineReason {
	/// The input is empty, or JSON that is no chat request, or asks for what no answer on chain can be.
	#[codec(index = 0)]
	BadInput,
	/// The prompt leaves no room for an answer.
	#[codec(index = 1)]
	PromptTooLong,
	/// What is on hold does not pay for an answer.
	#[codec(index = 2)]
	TooDear,
	/// There is not enough time left.
	#[codec(index = 3)]
	TooLate,
	/// The node does not serve the model at the request's version, or not at its price.
	#[codec(index = 4)]
	NotServed,
	/// The model does not answer.
	#[codec(index = 5)]
	Unavailable,
}

/// The way in which a node came not to answer a call on chain.
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
pub enum Refusal {
	/// It will not, and never claimed it.
	#[codec(index = 0)]
	Declined(DeclineReason),
	/// It had claimed it, and gave the claim up.
	#[codec(index = 1)]
	GaveUp(DeclineReason),
	/// It had claimed it, and let the time pass.
	#[codec(index = 2)]
	Lapsed,
}

impl Refusal {
	/// Returns `true` if there was a claim.
	pub fn was_claimed(&self) -> bool {
		!matches!(self, Self::Declined(_))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn calls_are_no_sessions() {
		for request in [0, 1, CALLS_FROM - 1] {
			assert!(is_call(call_session(request)), "{request}");
			assert_eq!(call_session(request) - CALLS_FROM, request);
		}
		assert!(!is_call(0) && !is_call(CALLS_FROM - 1));
	}

	#[test]
	fn only_what_was_claimed_counts_as_claimed() {
		assert!(!Refusal::Declined(DeclineReason::TooDear).was_claimed());
		assert!(Refusal::GaveUp(DeclineReason::TooDear).was_claimed());
		assert!(Refusal::Lapsed.was_claimed());
	}
}
