//! The node's signed answer.

use super::{Agreement, Attribution, CallRecord};
use crate::{
	domain, lane_list::Totals, price::Tokens, signing::Signed, AccountId, Balance, Hash, LaneId,
	Sequence, SessionId, Signature,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// An inference node's word on what one call was and cost, signed with its receipt key.
///
/// The caller keeps it: a statement and a settled call of the same session, lane and sequence that differ
/// are proof against the node.
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
	/// The agreement that all calls of the lane are made under.
	pub agreement: Agreement,
	/// The sequence of the voucher that paid for the call.
	pub sequence: Sequence,
	/// Tokens of prompt and answer.
	pub tokens: Tokens,
	/// Cost of the call, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub charge: Balance,
	/// Salted hash of the request, as in the voucher.
	pub request_hash: Hash,
	/// The hash of the answer: see [`answer`](crate::answer).
	pub response_hash: Hash,
	/// The contributions that are paid directly.
	pub attribution: Attribution,
	/// The hash of what later versions add; none in this one.
	pub extension: Option<Hash>,
}

impl Signed for Statement {
	const DOMAIN: &'static [u8] = b"openledger/statement/v2";
}

impl Statement {
	/// The record of the call, for its settlement.
	pub fn record(&self) -> CallRecord {
		CallRecord {
			sequence: self.sequence,
			input_tokens: self.tokens.input,
			cached_tokens: self.tokens.cached,
			retrieved_tokens: self.tokens.retrieved,
			output_tokens: self.tokens.output,
			response_hash: self.response_hash,
			attribution: self.attribution.clone(),
			extension: self.extension,
		}
	}

	/// The call's addition to the totals of its lane.
	pub fn totals(&self) -> Totals {
		Totals {
			calls: 1,
			charge: self.charge,
			input_tokens: self.tokens.input.into(),
			cached_tokens: self.tokens.cached.into(),
			retrieved_tokens: self.tokens.retrieved.into(),
			output_tokens: self.tokens.output.into(),
			calls_with_entries: (!self.attribution.is_empty()).into(),
		}
	}
}

/// A statement of any version that counts.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(tag = "format", rename_all = "snake_case"))]
pub enum VersionedStatement {
	/// Of version 2.
	#[codec(index = 2)]
	V2(Statement),
}

impl VersionedStatement {
	/// Returns what it says, in the newest form.
	pub fn newest(&self) -> &Statement {
		match self {
			Self::V2(statement) => statement,
		}
	}

	/// Returns `true` if `signature` is `signer`'s over this statement.
	pub fn verify(&self, signature: &Signature, signer: &AccountId) -> bool {
		match self {
			Self::V2(statement) => statement.verify(signature, signer),
		}
	}

	/// The hash that stands in the lane's list.
	pub fn hash(&self) -> Hash {
		domain::hash_encoded(domain::STATEMENT, self)
	}
}

impl From<Statement> for VersionedStatement {
	fn from(statement: Statement) -> Self {
		Self::V2(statement)
	}
}
