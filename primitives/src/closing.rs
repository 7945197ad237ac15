//! The agreement to close a session at once.

use crate::{signing::Signed, Balance, Hash, SessionId};
use codec::{Decode, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The node's agreement, signed with its receipt key, to closing a session without the
/// notice: the node has settled all that it wants to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct CloseAgreement {
	/// The chain that the session is on.
	pub genesis_hash: Hash,
	/// The session.
	pub session: SessionId,
	/// The amount settled in all when the node agreed, in planck. An agreement from before a
	/// later settlement is void.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub settled: Balance,
}

impl Signed for CloseAgreement {
	const DOMAIN: &'static [u8] = b"openledger/close/v1";
}
