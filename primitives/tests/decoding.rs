//! Bytes from outside, encoded as the chain encodes: any can come, and none of them may do
//! more harm than an error.

use codec::{Decode, DecodeAll, DecodeLimit, Encode, MaxEncodedLen};
use openledger_primitives::{
	aggregate::Aggregate,
	merkle::InclusionProof,
	model::VersionDetails,
	record::{CallRecord, CallRecords},
	signing::Signed,
	statement::Statement,
	voucher::Voucher,
	Hash, Signature, MAX_ATTRIBUTION,
};
use proptest::{collection::vec, prelude::*};
use std::fmt::Debug;

/// The depth that the chain decodes extrinsics to.
const DEPTH: u32 = 256;

/// Whatever these bytes are read as, they are what that is encoded as, and nothing is left over unseen.
fn reads<T: Encode + Decode + PartialEq + Debug>(bytes: &[u8]) -> Result<(), TestCaseError> {
	let mut rest = bytes;
	let Ok(read) = T::decode(&mut rest) else {
		prop_assert!(T::decode_all(&mut &*bytes).is_err());
		return Ok(());
	};
	let taken = bytes.len() - rest.len();
	let again = read.encode();
	prop_assert_eq!(&T::decode_all(&mut again.as_slice()), &Ok(read));
	prop_assert_eq!(again.len(), taken, "one way to write it");
	prop_assert_eq!(T::decode_all(&mut &*bytes).is_ok(), rest.is_empty());
	prop_assert_eq!(T::decode_all_with_depth_limit(DEPTH, &mut &*bytes).is_ok(), rest.is_empty());
	Ok(())
}

fn is_bounded<T: MaxEncodedLen + Encode>(value: &T) -> Result<(), TestCaseError> {
	prop_assert!(value.encoded_size() <= T::max_encoded_len());
	Ok(())
}

fn hash() -> impl Strategy<Value = Hash> {
	any::<[u8; 32]>().prop_map(Hash::from)
}

fn voucher() -> impl Strategy<Value = Voucher> {
	let place = (any::<u64>(), any::<u16>(), any::<u64>());
	let terms = (any::<u32>(), any::<u32>(), any::<u32>());
	let amounts = (any::<u128>(), any::<u128>());
	(hash(), place, terms, amounts, hash(), any::<u32>()).prop_map(
		|(genesis_hash, place, terms, amounts, request_hash, valid_until)| {
			let (session, lane, sequence) = place;
			let (model, version, price_version) = terms;
			let (acknowledged, authorised) = amounts;
			Voucher {
				genesis_hash,
				session,
				lane,
				model,
				version,
				price_version,
				sequence,
				acknowledged,
				authorised,
				request_hash,
				valid_until,
			}
		},
	)
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(2_000))]

	#[test]
	fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..600)) {
		reads::<Voucher>(&bytes)?;
		reads::<Statement>(&bytes)?;
		reads::<CallRecord>(&bytes)?;
		reads::<CallRecords>(&bytes)?;
		reads::<Aggregate>(&bytes)?;
		reads::<InclusionProof>(&bytes)?;
		reads::<VersionDetails>(&bytes)?;
		reads::<Signature>(&bytes)?;
	}

	/// Vouchers are of one length, so that nearly all bytes of it are one.
	#[test]
	fn vouchers_come_back_as_they_were(voucher in voucher(), more in vec(any::<u8>(), 1..9)) {
		let encoded = voucher.encode();
		is_bounded(&voucher)?;
		reads::<Voucher>(&encoded)?;
		prop_assert_eq!(Voucher::decode_all(&mut encoded.as_slice()), Ok(voucher));
		for end in 0..encoded.len() {
			prop_assert!(Voucher::decode_all(&mut &encoded[..end]).is_err(), "cut at {}", end);
		}
		let longer = [encoded.clone(), more].concat();
		prop_assert!(Voucher::decode_all(&mut longer.as_slice()).is_err());
		// What is signed is the tag and the voucher.
		let payload = voucher.signing_payload();
		prop_assert!(payload.starts_with(Voucher::DOMAIN));
		prop_assert_eq!(&payload[Voucher::DOMAIN.len()..], encoded.as_slice());
	}

	/// A length that is not there takes no memory, and a list that is too long is refused.
	#[test]
	fn no_more_contributions_than_there_may_be(
		statement in voucher(),
		entries in vec((any::<u64>(), any::<u64>()), 0..20),
	) {
		// The fixed fields of a statement, however they are filled.
		let mut bytes = statement.encode();
		bytes.extend(statement.encode());
		let mut head = bytes.clone();
		head.truncate(32 + 8 + 2 + 8 + 4 * 5 + 16 + 32 + 32);
		let whole = [head.clone(), entries.encode()].concat();
		reads::<Statement>(&whole)?;
		let fits = entries.len() <= usize::try_from(MAX_ATTRIBUTION).unwrap_or(usize::MAX);
		prop_assert_eq!(Statement::decode_all(&mut whole.as_slice()).is_ok(), fits);
		let endless = [head, codec::Compact(u32::MAX).encode()].concat();
		prop_assert!(Statement::decode_all(&mut endless.as_slice()).is_err());
	}
}
