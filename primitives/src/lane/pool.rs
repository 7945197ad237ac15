//! Payments into pools.

use crate::{Balance, DatanetId, ReleaseId, Weight};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Payment into one release's pool, by a settlement of a lane or a call on chain.
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
pub struct PoolPayment {
	/// The datanet.
	pub datanet: DatanetId,
	/// Its release.
	pub release: ReleaseId,
	/// Amount that came in, the curator's part included, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub amount: Balance,
	/// Part of it that went to the datanet's curator, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub curator: Balance,
	/// By how much the pool index rose: a contribution of weight `w` earned `w * raised`.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub raised: Balance,
	/// The release's total weight.
	pub total_weight: Weight,
	/// The carry from earlier payments that went in as well, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub carry_before: Balance,
	/// The carry left for the next payment, in planck:
	/// `amount - curator + carry_before = raised * total_weight + carry_after`.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub carry_after: Balance,
}
