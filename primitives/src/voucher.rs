//! The caller's signed promise.

use crate::{
	signing::Signed, Balance, BlockNumber, Hash, LaneId, ModelId, PriceVersion, Sequence,
	SessionId, VersionId,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt::{self, Display, Formatter};
use scale_info::TypeInfo;

/// Hashed in front of a request: `blake2_256(tag ++ salt ++ body)`.
pub const REQUEST_TAG: &[u8] = b"openledger/request/v1";

/// A caller's promise to pay for one call, and agreement with what the calls before it cost.
/// Amounts and sequences are cumulative within the lane and only ever grow, so the newest voucher
/// replaces all before it.
///
/// A lane is for one agreement: one version of one model at one price version. What a voucher
/// acknowledges is settled at what the voucher names, and split among those who are behind that. So a
/// caller signs no two vouchers of a lane that name different ones: a node could hold back the calls
/// before the second to settle them at terms that came after them. For other terms there are other
/// lanes.
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
	/// The model that is called.
	pub model: ModelId,
	/// Its version, which names the data behind it.
	pub version: VersionId,
	/// The price version that the caller agreed to: what calls cost, and who shares that.
	pub price_version: PriceVersion,
	/// The number of this voucher within the lane, from 1 upwards.
	pub sequence: Sequence,
	/// Cost of all earlier calls of the lane, as the caller agrees, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub acknowledged: Balance,
	/// `acknowledged` plus the most that this call may cost, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub authorised: Balance,
	/// Salted hash of the request that this voucher pays for.
	pub request_hash: Hash,
	/// The node must not start serving the call after this block. Redeeming is not bound by it.
	pub valid_until: BlockNumber,
}

/// The terms that all vouchers of a lane name: agreed on together, and settled together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct LaneTerms {
	/// The model.
	pub model: ModelId,
	/// Its version.
	pub version: VersionId,
	/// The price version.
	pub price_version: PriceVersion,
}

impl Display for LaneTerms {
	fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
		let Self { model, version, price_version } = self;
		write!(formatter, "model {model}, version {version}, price version {price_version}")
	}
}

impl Signed for Voucher {
	const DOMAIN: &'static [u8] = b"openledger/voucher/v2";
}

impl Voucher {
	/// Its terms, which are those of its lane.
	pub fn terms(&self) -> LaneTerms {
		let Self { model, version, price_version, .. } = *self;
		LaneTerms { model, version, price_version }
	}

	/// The most that this voucher's own call may cost. `None` if the voucher contradicts itself.
	pub fn allowance(&self) -> Option<Balance> {
		self.authorised.checked_sub(self.acknowledged)
	}
}

/// The salted hash of a request's exact bytes, so that nothing on chain can be matched against a
/// guessed prompt.
pub fn request_hash(salt: &[u8; 32], body: &[u8]) -> Hash {
	crate::voucher::salted_hash(REQUEST_TAG, salt, body)
}

/// `blake2_256(tag ++ salt ++ bytes)`.
pub(crate) fn salted_hash(tag: &[u8], salt: &[u8; 32], bytes: &[u8]) -> Hash {
	sp_io::hashing::blake2_256(&[tag, salt.as_slice(), bytes].concat()).into()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{signing::wrap, statement::response_hash, Signature};
	use sp_core::{ecdsa, ed25519, sr25519, Pair};
	use sp_runtime::{traits::IdentifyAccount, MultiSigner};

	fn voucher() -> Voucher {
		Voucher {
			genesis_hash: Hash::repeat_byte(1),
			session: 7,
			lane: 3,
			model: 5,
			version: 4,
			price_version: 2,
			sequence: 12,
			acknowledged: 1_000,
			authorised: 1_500,
			request_hash: Hash::repeat_byte(9),
			valid_until: 100,
		}
	}

	#[test]
	fn every_kind_of_key_signs() {
		let payload = voucher().signing_payload();
		let (sr, _) = sr25519::Pair::generate();
		let (ed, _) = ed25519::Pair::generate();
		let (ec, _) = ecdsa::Pair::generate();
		let signed: [(Signature, MultiSigner); 4] = [
			(sr.sign(&payload).into(), sr.public().into()),
			(sr.sign(&wrap(&payload)).into(), sr.public().into()),
			(ed.sign(&payload).into(), ed.public().into()),
			(ec.sign(&payload).into(), ec.public().into()),
		];
		for (signature, signer) in signed {
			let account = signer.into_account();
			assert!(voucher().verify(&signature, &account));
			assert!(!voucher().verify(&signature, &[0; 32].into()));
		}
	}

	#[test]
	fn every_field_is_signed() {
		let (pair, _) = sr25519::Pair::generate();
		let signature: Signature = pair.sign(&voucher().signing_payload()).into();
		let account = MultiSigner::from(pair.public()).into_account();
		let changes: [fn(&mut Voucher); 11] = [
			|voucher| voucher.genesis_hash = Hash::zero(),
			|voucher| voucher.session += 1,
			|voucher| voucher.lane += 1,
			|voucher| voucher.model += 1,
			|voucher| voucher.version += 1,
			|voucher| voucher.sequence += 1,
			|voucher| voucher.acknowledged += 1,
			|voucher| voucher.authorised += 1,
			|voucher| voucher.price_version += 1,
			|voucher| voucher.request_hash = Hash::zero(),
			|voucher| voucher.valid_until += 1,
		];
		for change in changes {
			let mut changed = voucher();
			change(&mut changed);
			assert!(!changed.verify(&signature, &account), "{changed:?}");
		}
	}

	#[test]
	fn allowance_is_never_negative() {
		assert_eq!(voucher().allowance(), Some(500));
		assert_eq!(Voucher { authorised: 999, ..voucher() }.allowance(), None);
	}

	#[test]
	fn hashes_depend_on_salt_tag_and_bytes() {
		let hash = request_hash(&[1; 32], b"hello");
		assert_ne!(hash, request_hash(&[2; 32], b"hello"));
		assert_ne!(hash, request_hash(&[1; 32], b"hello!"));
		assert_ne!(hash, response_hash(&[1; 32], b"hello"));
	}
}
