//! What the pallet stores.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives::{Balance, LaneId, ModelId, Sequence, Uri, MAX_SERVED};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// The models that a node serves, without duplicates.
pub type ServedModels = BoundedVec<ModelId, ConstU32<MAX_SERVED>>;

/// An inference node.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Node<AccountId> {
	/// The base URL of its HTTP API.
	pub endpoint: Uri,
	/// The key that signs its statements, as an account.
	pub receipt_key: AccountId,
	/// What is held from the operator as a bond, in planck.
	pub bond: Balance,
	/// The models that it serves.
	pub models: ServedModels,
}

/// A one-way payment channel from a caller to an inference node.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Session<AccountId, BlockNumber> {
	/// Who pays.
	pub caller: AccountId,
	/// The operator who is paid.
	pub node: AccountId,
	/// The key that signs vouchers, as an account.
	pub signer: AccountId,
	/// What the caller put in, in planck.
	pub deposit: Balance,
	/// What has been settled, in planck. Never more than the deposit; the difference is on hold.
	pub settled: Balance,
	/// The node must not serve calls from this block on.
	pub expires_at: BlockNumber,
	/// If the caller asked to close it: from this block on anyone can.
	pub closes_at: Option<BlockNumber>,
	/// How many lanes have settled records.
	pub lanes: LaneId,
}

impl<AccountId, BlockNumber> Session<AccountId, BlockNumber> {
	/// What is left of the deposit, in planck.
	pub fn remaining(&self) -> Balance {
		self.deposit.saturating_sub(self.settled)
	}
}

/// One of a session's parallel lanes.
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
pub struct Lane {
	/// The sequence of the last settled record.
	pub sequence: Sequence,
	/// What the lane's settled records cost together, in planck.
	pub settled: Balance,
}
