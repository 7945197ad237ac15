//! The agreement to close a session at once.

use crate::{signing::Signed, AccountId, Balance, Hash, SessionId, Signature};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The node's agreement, signed with its receipt key, to closing a session without the notice: the
/// node has settled all that it wants to.
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
pub struct CloseAgreement {
	/// The chain that the session is on.
	pub genesis_hash: Hash,
	/// The session.
	pub session: SessionId,
	/// The amount settled in all when the node agreed, in planck. An agreement from before a later
	/// settlement is void.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub settled: Balance,
	/// The hash of what later versions add; none in this one.
	pub extension: Option<Hash>,
}

impl Signed for CloseAgreement {
	const DOMAIN: &'static [u8] = b"openledger/close/v2";
}

/// An agreement to close of any version that counts.
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
pub enum VersionedCloseAgreement {
	/// Of version 2.
	#[codec(index = 2)]
	V2(CloseAgreement),
}

impl VersionedCloseAgreement {
	/// Returns what it says, in the newest form.
	pub fn newest(&self) -> CloseAgreement {
		match self {
			Self::V2(agreement) => *agreement,
		}
	}

	/// Returns `true` if `signature` is `signer`'s over this agreement.
	pub fn verify(&self, signature: &Signature, signer: &AccountId) -> bool {
		match self {
			Self::V2(agreement) => agreement.verify(signature, signer),
		}
	}
}

impl From<CloseAgreement> for VersionedCloseAgreement {
	fn from(agreement: CloseAgreement) -> Self {
		Self::V2(agreement)
	}
}
