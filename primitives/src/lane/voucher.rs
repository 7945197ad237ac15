//! The caller's signed promise.

use super::Agreement;
use crate::{
	lane_list::Acknowledged, signing::Signed, AccountId, Balance, BlockNumber, Hash, LaneId,
	Sequence, SessionId, Signature,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// A caller's promise to pay for one call, and agreement with what the calls before it were and cost.
/// Amounts and sequences are cumulative within the lane and only ever grow, so the newest voucher replaces
/// all before it.
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
pub struct Voucher {
	/// The chain that the session is on: a voucher is worthless on any other.
	pub genesis_hash: Hash,
	/// The session that pays.
	pub session: SessionId,
	/// The lane within the session.
	pub lane: LaneId,
	/// The agreement that all calls of the lane are made under.
	pub agreement: Agreement,
	/// The number of this voucher within the lane, from 1 upwards.
	pub sequence: Sequence,
	/// Cost of all earlier calls of the lane, as the caller agrees, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub acknowledged: Balance,
	/// The root over the list of those calls: see [`lane_list`](crate::lane_list).
	pub acknowledged_root: Hash,
	/// `acknowledged` plus the most that this call may cost, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub authorised: Balance,
	/// Salted hash of the request that this voucher pays for.
	pub request_hash: Hash,
	/// The node must not start serving the call after this block. It may redeem the voucher for one
	/// settlement window more.
	pub valid_until: BlockNumber,
	/// The hash of what later versions add; none in this one.
	pub extension: Option<Hash>,
}

impl Signed for Voucher {
	const DOMAIN: &'static [u8] = b"openledger/voucher/v3";
}

impl Voucher {
	/// The most that this voucher's own call may cost, in planck. `None` if the voucher contradicts itself.
	pub fn allowance(&self) -> Option<Balance> {
		self.authorised.checked_sub(self.acknowledged)
	}

	/// The voucher's word on the calls before its own.
	pub fn acknowledges(&self) -> Acknowledged {
		Acknowledged {
			sequence: self.sequence,
			charge: self.acknowledged,
			root: self.acknowledged_root,
		}
	}
}

/// A voucher of any version that can be redeemed.
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
#[cfg_attr(feature = "std", serde(tag = "format", rename_all = "snake_case"))]
pub enum VersionedVoucher {
	/// Of version 3.
	#[codec(index = 3)]
	V3(Voucher),
}

impl VersionedVoucher {
	/// Returns what it says, in the newest form.
	pub fn newest(&self) -> Voucher {
		match self {
			Self::V3(voucher) => *voucher,
		}
	}

	/// Returns `true` if `signature` is `signer`'s over this voucher.
	pub fn verify(&self, signature: &Signature, signer: &AccountId) -> bool {
		match self {
			Self::V3(voucher) => voucher.verify(signature, signer),
		}
	}
}

impl From<Voucher> for VersionedVoucher {
	fn from(voucher: Voucher) -> Self {
		Self::V3(voucher)
	}
}
