//! The node's signed answer, which the caller keeps.

use crate::{
	attribution::Attribution, record::CallRecord, signing::Signed, Balance, Hash, LaneId, ModelId,
	PriceVersion, Sequence, SessionId, VersionId,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Hashed in front of an answer: `blake2_256(tag ++ salt ++ text)`, with the request's salt.
pub const RESPONSE_TAG: &[u8] = b"openledger/response/v1";

/// An inference node's word on what one call was and cost, signed with its receipt key.
///
/// The caller keeps it: a statement and a settled record of the same session, lane and sequence
/// that differ are proof against the node.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Statement {
	/// The chain that the session is on.
	pub genesis_hash: Hash,
	/// The session that pays.
	pub session: SessionId,
	/// The lane within the session.
	pub lane: LaneId,
	/// The sequence of the voucher that paid for the call.
	pub sequence: Sequence,
	/// The model that answered.
	pub model: ModelId,
	/// Its version.
	pub version: VersionId,
	/// The price schedule that was applied.
	pub price_version: PriceVersion,
	/// Tokens of the prompt.
	pub input_tokens: u32,
	/// Tokens of the answer that were delivered.
	pub output_tokens: u32,
	/// Cost of the call, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub charge: Balance,
	/// Salted hash of the request, as in the voucher.
	pub request_hash: Hash,
	/// Salted hash of the delivered answer.
	pub response_hash: Hash,
	/// The contributions that the answer came from.
	pub attribution: Attribution,
}

impl Signed for Statement {
	const DOMAIN: &'static [u8] = b"openledger/statement/v1";
}

impl Statement {
	/// The statement that belongs to a record.
	pub fn of(
		genesis_hash: Hash,
		session: SessionId,
		lane: LaneId,
		record: &CallRecord,
		charge: Balance,
	) -> Self {
		Self {
			genesis_hash,
			session,
			lane,
			sequence: record.sequence,
			model: record.model,
			version: record.version,
			price_version: record.price_version,
			input_tokens: record.input_tokens,
			output_tokens: record.output_tokens,
			charge,
			request_hash: record.request_hash,
			response_hash: record.response_hash,
			attribution: record.attribution.clone(),
		}
	}
}

/// The salted hash of the delivered text of an answer.
pub fn response_hash(salt: &[u8; 32], text: &[u8]) -> Hash {
	crate::voucher::salted_hash(RESPONSE_TAG, salt, text)
}
