//! Bytes from outside, encoded as the chain encodes: any can come, and none of them may do
//! more harm than an error.

use codec::{Decode, DecodeAll, DecodeLimit, Encode, MaxEncodedLen};
use openledger_primitives::{
	answer::Evidence,
	lane::{
		Agreement, CallRecord, CallRecords, LaneSettlement, SettledItem, SettledLane, Statement,
		VersionedCloseAgreement, VersionedStatement, VersionedVoucher, Voucher, MAX_ENTRIES,
	},
	lane_list::{AggregateProof, LookupProof},
	model::VersionDetails,
	price::{PriceSchedule, Tokens},
	signing::Signed,
	Hash, Signature,
};
use proptest::{collection::vec, option, prelude::*};
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

fn price() -> impl Strategy<Value = PriceSchedule> {
	any::<[u128; 4]>().prop_map(|[per_call, input, cached, output]| PriceSchedule {
		per_call,
		per_input_token: input,
		per_cached_input_token: cached,
		per_output_token: output,
	})
}

fn agreement() -> impl Strategy<Value = Agreement> {
	let evidence = prop_oneof![Just(Evidence::Open), Just(Evidence::Sealed)];
	(any::<[u32; 4]>(), evidence, option::of(price())).prop_map(
		|([model, version, price_version, as_of], evidence, own_price)| Agreement {
			model,
			version,
			price_version,
			as_of,
			evidence,
			own_price,
		},
	)
}

fn voucher() -> impl Strategy<Value = Voucher> {
	let place = (any::<u64>(), any::<u16>(), any::<u64>());
	let amounts = (any::<u128>(), any::<u128>());
	let hashes = (hash(), hash(), hash(), option::of(hash()));
	(place, agreement(), amounts, hashes, any::<u32>()).prop_map(
		|(place, agreement, amounts, hashes, valid_until)| {
			let (session, lane, sequence) = place;
			let (acknowledged, authorised) = amounts;
			let (genesis_hash, acknowledged_root, request_hash, extension) = hashes;
			Voucher {
				genesis_hash,
				session,
				lane,
				agreement,
				sequence,
				acknowledged,
				acknowledged_root,
				authorised,
				request_hash,
				valid_until,
				extension,
			}
		},
	)
}

/// A statement whose encoding ends with its entries and an extension that there is not.
fn statement(voucher: &Voucher) -> Statement {
	Statement {
		genesis_hash: voucher.genesis_hash,
		session: voucher.session,
		lane: voucher.lane,
		agreement: voucher.agreement,
		sequence: voucher.sequence,
		tokens: Tokens { input: 7, cached: 3, retrieved: 1, output: 9 },
		charge: voucher.acknowledged,
		request_hash: voucher.request_hash,
		response_hash: voucher.acknowledged_root,
		attribution: Default::default(),
		extension: None,
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(2_000))]

	#[test]
	fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..600)) {
		reads::<VersionedVoucher>(&bytes)?;
		reads::<VersionedStatement>(&bytes)?;
		reads::<VersionedCloseAgreement>(&bytes)?;
		reads::<Voucher>(&bytes)?;
		reads::<Statement>(&bytes)?;
		reads::<CallRecord>(&bytes)?;
		reads::<CallRecords>(&bytes)?;
		reads::<LaneSettlement>(&bytes)?;
		reads::<AggregateProof>(&bytes)?;
		reads::<LookupProof>(&bytes)?;
		reads::<SettledLane>(&bytes)?;
		reads::<SettledItem>(&bytes)?;
		reads::<VersionDetails>(&bytes)?;
		reads::<Signature>(&bytes)?;
	}

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
		// What is passed on has the version in front.
		let versioned = VersionedVoucher::from(voucher).encode();
		prop_assert_eq!(versioned.split_first(), Some((&3, encoded.as_slice())));
	}

	/// A length that is not there takes no memory, and a list that is too long is refused.
	#[test]
	fn no_more_contributions_than_there_may_be(
		voucher in voucher(),
		entries in vec((any::<u64>(), any::<u16>()), 0..40),
	) {
		let none = statement(&voucher).encode();
		// Without the length of the entries, and the mark that there is no extension.
		let head = &none[..none.len() - 2];
		let entry = |(contribution, points): &(u64, u16)| {
			(codec::Compact(*contribution), codec::Compact(*points))
		};
		let entries: Vec<_> = entries.iter().map(entry).collect();
		let whole = [head, &entries.encode(), &[0]].concat();
		reads::<Statement>(&whole)?;
		let fits = entries.len() <= usize::try_from(MAX_ENTRIES).unwrap_or(usize::MAX);
		prop_assert_eq!(Statement::decode_all(&mut whole.as_slice()).is_ok(), fits);
		let endless = [head, &codec::Compact(u32::MAX).encode()].concat();
		prop_assert!(Statement::decode_all(&mut endless.as_slice()).is_err());
	}
}
