//! Identifiers, bounds and the money type. Bounds are here because they are part of the encoding
//! that clients and runtime must agree on.

use sp_core::ConstU32;
use sp_runtime::{
	traits::{IdentifyAccount, Verify},
	BoundedVec, MultiSignature,
};

/// Any key that can sign for an account: sr25519, ed25519 or ECDSA.
pub type Signature = MultiSignature;
/// A 32-byte account.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// An amount of OPEN in planck, its smallest unit (10^-18 OPEN).
pub type Balance = u128;
/// A block's height.
pub type BlockNumber = u32;
/// A 32-byte hash.
pub type Hash = sp_core::H256;

/// A model in the registry. Given out from 0 upwards, never reused.
pub type ModelId = u32;
/// A version of one model: which weights answered.
pub type VersionId = u32;
/// A version of one model's price schedule.
pub type PriceVersion = u32;
/// A datanet. Given out from 0 upwards, never reused.
pub type DatanetId = u32;
/// A release of one datanet, numbered from 1 upwards.
pub type ReleaseId = u32;
/// A contribution, unique over all datanets.
pub type ContributionId = u64;
/// A payment session. Given out from 0 upwards, never reused.
pub type SessionId = u64;
/// A model call that was requested on chain. Given out from 0 upwards, never reused.
pub type RequestId = u64;
/// One of the parallel lanes of a session.
pub type LaneId = u16;
/// A voucher's number within its lane, from 1 upwards.
pub type Sequence = u64;
/// The weight of a contribution or a data source.
pub type Weight = u64;

/// The prefix of the chain's addresses in SS58, which makes them begin with `op`.
pub const SS58_PREFIX: u16 = 4521;

/// Longest name of a model or datanet, in bytes.
pub const MAX_NAME: u32 = 64;
/// Longest URI, in bytes.
pub const MAX_URI: u32 = 256;
/// Most data sources of a model version.
pub const MAX_SOURCES: u32 = 8;
/// Most records that one settlement carries.
pub const MAX_RECORDS: u32 = 256;
/// Most levels of parents above a model.
pub const MAX_LINEAGE: u32 = 4;
/// Most hashes in a proof that a record is one of those behind a root: enough for 2^32 records.
pub const MAX_PROOF: u32 = 32;
/// Longest input of a call on chain, in bytes.
pub const MAX_REQUEST_INPUT: u32 = 4_096;
/// Longest output of a call on chain, in bytes.
pub const MAX_REQUEST_OUTPUT: u32 = 8_192;
/// Most contributions that one submission carries.
pub const MAX_SUBMISSION: u32 = 32;
/// Number of lanes of a session: they are numbered from 0 up to one less than this. Their operator pays for the
/// place of each.
pub const MAX_LANES: LaneId = 1_024;
/// Most models that one inference node serves.
pub const MAX_SERVED: u32 = 64;
/// Most releases that one claim pays.
pub const MAX_CLAIM: u32 = 16;
/// Most entries that one query of a runtime API returns.
pub const MAX_PAGE: u32 = 256;

/// A model's or datanet's name.
pub type Name = BoundedVec<u8, ConstU32<MAX_NAME>>;
/// A URI: where more is to be found about a thing, or where a node listens.
pub type Uri = BoundedVec<u8, ConstU32<MAX_URI>>;

/// One OPEN, in planck.
pub const OPEN: Balance = 1_000_000_000_000_000_000;
/// A thousandth of an OPEN, in planck.
pub const MILLI_OPEN: Balance = OPEN / 1_000;
/// A millionth of an OPEN, in planck.
pub const MICRO_OPEN: Balance = OPEN / 1_000_000;

/// Returns `true` if `name` is a readable name: 1 to 64 of `a-z 0-9 . _ - /`, starting and ending with a
/// letter or a digit.
pub fn is_valid_name(name: &[u8]) -> bool {
	let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
	name.len() <= MAX_NAME as usize
		&& name.first().is_some_and(alphanumeric)
		&& name.last().is_some_and(alphanumeric)
		&& name.iter().all(|byte| alphanumeric(byte) || b"._-/".contains(byte))
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_core::crypto::{Ss58AddressFormat, Ss58Codec};

	#[test]
	fn addresses_begin_with_op() {
		let address = |byte: u8| {
			let format = Ss58AddressFormat::custom(SS58_PREFIX);
			AccountId::from([byte; 32]).to_ss58check_with_version(format)
		};

		for byte in 0..=u8::MAX {
			assert!(address(byte).starts_with("op"), "{}", address(byte));
		}
	}

	#[test]
	fn names_are_readable() {
		for good in ["a", "smollm2-135m", "meta/llama-3.1_8b", "0x"] {
			assert!(is_valid_name(good.as_bytes()), "{good}");
		}
		for bad in ["", "-a", "a-", "A", "a b", "ä", "a\n", &"a".repeat(65)] {
			assert!(!is_valid_name(bad.as_bytes()), "{bad}");
		}
	}
}
