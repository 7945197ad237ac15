//! A settlement's word on each of its items: the event, and the leaf of the settlement's root.

use super::{CallRecord, MAX_ENTRIES};
use crate::{domain, lane_list::Totals, Balance, Hash, Sequence, MAX_LINEAGE};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// An amount in planck, encoded in as few bytes as it needs.
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
pub struct Amount(
	#[codec(compact)]
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub Balance,
);

/// Payment for an entry of a call's attribution.
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
pub struct DirectAmount {
	/// The amount, the curator's part included, in planck; 0 for an entry that does not count.
	#[codec(compact)]
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub amount: Balance,
	/// The position of the release, among the lane's, by which it counts: the newest that has the
	/// contribution. Its curator has a part of the amount. 0 if that is nothing.
	pub source: u8,
}

/// Payments for the entries of a call's attribution, in their order. Empty if none was paid anything.
pub type DirectAmounts = BoundedVec<DirectAmount, ConstU32<MAX_ENTRIES>>;

/// Amounts paid to the owners of the models above the called one, in planck, nearest first. Empty if none was.
pub type RoyaltyAmounts = BoundedVec<Amount, ConstU32<MAX_LINEAGE>>;

/// The parts of what one item of a settlement cost, in planck. What the sources get is the data part less
/// the direct amounts; which pools that goes to stands in the event of the lane.
#[derive(
	Clone,
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
pub struct SettledParts {
	/// To the protocol.
	#[codec(compact)]
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub protocol: Balance,
	/// To the model's developer, without royalties.
	#[codec(compact)]
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub developer: Balance,
	/// To the data.
	#[codec(compact)]
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub data: Balance,
	/// To the owners of the models above.
	pub royalties: RoyaltyAmounts,
}

impl SettledParts {
	/// The rest of a charge for the node, in planck. `None` if the parts are more than the charge.
	pub fn node(&self, charge: Balance) -> Option<Balance> {
		let parts = [self.protocol, self.developer, self.data];
		let royalties = self.royalties.iter().map(|royalty| royalty.0);
		parts.into_iter().chain(royalties).try_fold(charge, Balance::checked_sub)
	}
}

/// A call that was charged, and who was paid.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct SettledCall {
	/// Its usage.
	pub record: CallRecord,
	/// Its cost, in planck.
	#[codec(compact)]
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub charge: Balance,
	/// Who got how much of that; the rest is the node's.
	pub parts: SettledParts,
	/// Amounts of the data part that went to the contributions that the record names.
	pub direct: DirectAmounts,
}

/// Calls that were charged by their sums, and who was paid.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct SettledRun {
	/// The sequence of the first of them.
	#[codec(compact)]
	pub first_sequence: Sequence,
	/// The sequence of the last one.
	#[codec(compact)]
	pub last_sequence: Sequence,
	/// Their number in the lane's list up to and with the last one.
	#[codec(compact)]
	pub count: u32,
	/// The root over the list of calls that the voucher acknowledges.
	pub acknowledged_root: Hash,
	/// Their usage and cost together.
	pub totals: Totals,
	/// Who got how much of that; the rest is the node's.
	pub parts: SettledParts,
}

/// The settled part of a lane: one call, or a run of calls.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(tag = "kind", rename_all = "snake_case"))]
pub enum SettledItem {
	/// A call, of record version 2.
	#[codec(index = 2)]
	Call(SettledCall),
	/// A run, of run version 1.
	#[codec(index = 129)]
	Run(SettledRun),
}

impl SettledItem {
	/// The leaf of the settlement's root.
	pub fn leaf(&self) -> Hash {
		domain::hash_encoded(domain::SETTLED, self)
	}

	/// The last sequence that it settles.
	pub fn last_sequence(&self) -> Sequence {
		match self {
			Self::Call(call) => call.record.sequence,
			Self::Run(run) => run.last_sequence,
		}
	}

	/// Its cost, in planck.
	pub fn charge(&self) -> Balance {
		match self {
			Self::Call(call) => call.charge,
			Self::Run(run) => run.totals.charge,
		}
	}
}
