use super::*;
use crate::{
	answer::Evidence,
	policy::RevenuePolicy,
	price::{PriceSchedule, Tokens},
	signing::{wrap, Signed},
	split::{split_charge, split_own_charge},
	Balance, Hash, Signature,
};
use codec::{Decode, Encode, MaxEncodedLen};
use proptest::prelude::*;
use sp_arithmetic::Permill;
use sp_core::{ecdsa, ed25519, sr25519, Pair};
use sp_runtime::{traits::IdentifyAccount, MultiSigner};

fn agreement() -> Agreement {
	Agreement {
		model: 5,
		version: 4,
		price_version: 2,
		as_of: 90,
		evidence: Evidence::Open,
		own_price: None,
	}
}

fn voucher() -> Voucher {
	Voucher {
		genesis_hash: Hash::repeat_byte(1),
		session: 7,
		lane: 3,
		agreement: agreement(),
		sequence: 12,
		acknowledged: 1_000,
		acknowledged_root: Hash::repeat_byte(8),
		authorised: 1_500,
		request_hash: Hash::repeat_byte(9),
		valid_until: 100,
		extension: None,
	}
}

fn statement() -> Statement {
	Statement {
		genesis_hash: Hash::repeat_byte(1),
		session: 7,
		lane: 3,
		agreement: agreement(),
		sequence: 12,
		tokens: Tokens { input: 300, cached: 100, retrieved: 20, output: 40 },
		charge: 480,
		request_hash: Hash::repeat_byte(9),
		response_hash: Hash::repeat_byte(10),
		attribution: vec![AttributionShare { contribution: 6, basis_points: 2_500 }]
			.try_into()
			.unwrap(),
		extension: None,
	}
}

fn record(shares: &[(u64, u16)]) -> CallRecord {
	let shares = shares
		.iter()
		.map(|(contribution, basis_points)| AttributionShare {
			contribution: *contribution,
			basis_points: *basis_points,
		})
		.collect::<Vec<_>>();
	CallRecord { attribution: shares.try_into().unwrap(), ..statement().record() }
}

#[test]
fn every_kind_of_key_signs_every_kind_of_message() {
	let (sr, _) = sr25519::Pair::generate();
	let (ed, _) = ed25519::Pair::generate();
	let (ec, _) = ecdsa::Pair::generate();
	let sign = |payload: &[u8]| -> [(Signature, MultiSigner); 4] {
		[
			(sr.sign(payload).into(), sr.public().into()),
			(sr.sign(&wrap(payload)).into(), sr.public().into()),
			(ed.sign(payload).into(), ed.public().into()),
			(ec.sign(payload).into(), ec.public().into()),
		]
	};
	let close = CloseAgreement {
		genesis_hash: Hash::repeat_byte(1),
		session: 7,
		settled: 90,
		extension: None,
	};

	for (signature, signer) in sign(&voucher().signing_payload()) {
		let account = signer.into_account();
		let message = VersionedVoucher::from(voucher());
		assert!(message.verify(&signature, &account));
		assert!(!message.verify(&signature, &[0; 32].into()));
		// A signature for one kind of message is none for another.
		assert!(!VersionedCloseAgreement::from(close).verify(&signature, &account));
	}
	for (signature, signer) in sign(&statement().signing_payload()) {
		assert!(VersionedStatement::from(statement()).verify(&signature, &signer.into_account()));
	}
	for (signature, signer) in sign(&close.signing_payload()) {
		assert!(VersionedCloseAgreement::from(close).verify(&signature, &signer.into_account()));
	}
}

#[test]
fn every_field_of_a_voucher_is_signed() {
	let (pair, _) = sr25519::Pair::generate();
	let signature: Signature = pair.sign(&voucher().signing_payload()).into();
	let account = MultiSigner::from(pair.public()).into_account();
	let price = PriceSchedule::default();
	let changes: [fn(&mut Voucher, PriceSchedule); 16] = [
		|voucher, _| voucher.genesis_hash = Hash::zero(),
		|voucher, _| voucher.session += 1,
		|voucher, _| voucher.lane += 1,
		|voucher, _| voucher.agreement.model += 1,
		|voucher, _| voucher.agreement.version += 1,
		|voucher, _| voucher.agreement.price_version += 1,
		|voucher, _| voucher.agreement.as_of += 1,
		|voucher, _| voucher.agreement.evidence = Evidence::Sealed,
		|voucher, price| voucher.agreement.own_price = Some(price),
		|voucher, _| voucher.sequence += 1,
		|voucher, _| voucher.acknowledged += 1,
		|voucher, _| voucher.acknowledged_root = Hash::zero(),
		|voucher, _| voucher.authorised += 1,
		|voucher, _| voucher.request_hash = Hash::zero(),
		|voucher, _| voucher.valid_until += 1,
		|voucher, _| voucher.extension = Some(Hash::zero()),
	];
	for change in changes {
		let mut changed = voucher();
		change(&mut changed, price);
		assert!(!VersionedVoucher::from(changed).verify(&signature, &account), "{changed:?}");
	}
}

#[test]
fn a_version_is_the_first_byte_and_others_are_refused() {
	let bytes = VersionedVoucher::from(voucher()).encode();
	assert_eq!(bytes[0], 3);
	assert_eq!(VersionedStatement::from(statement()).encode()[0], 2);
	for other in (0..=u8::MAX).filter(|other| *other != 3) {
		let mut bytes = bytes.clone();
		bytes[0] = other;
		assert!(VersionedVoucher::decode(&mut bytes.as_slice()).is_err(), "{other}");
	}
}

#[test]
fn allowance_is_never_negative() {
	assert_eq!(voucher().allowance(), Some(500));
	assert_eq!(Voucher { authorised: 999, ..voucher() }.allowance(), None);
}

#[test]
fn messages_are_small() {
	assert_eq!(record(&[]).encoded_size(), 41);
	// Half of a million tokens of prompt, and a billion calls on the lane.
	let large = CallRecord {
		sequence: 1 << 29,
		input_tokens: 1 << 19,
		cached_tokens: 0,
		retrieved_tokens: 0,
		output_tokens: 1 << 13,
		..record(&[])
	};
	assert_eq!(large.encoded_size(), 46);
	assert_eq!(VersionedVoucher::from(voucher()).encoded_size(), 170);
	assert!(VersionedVoucher::max_encoded_len() <= 292);
}

#[test]
fn a_record_that_no_call_has_is_refused() {
	assert_eq!(record(&[]).check(), Ok(()));
	assert_eq!(record(&[(1, 4_000), (2, 6_000)]).check(), Ok(()));
	for shares in [&[(1, 0)][..], &[(1, 5), (1, 5)], &[(1, 4_000), (2, 6_001)], &[(1, u16::MAX)]] {
		assert_eq!(record(shares).check(), Err(RecordError::Attribution), "{shares:?}");
	}
	let cached = CallRecord { cached_tokens: 301, ..record(&[]) };
	assert_eq!(cached.check(), Err(RecordError::Tokens));
	let retrieved = CallRecord { retrieved_tokens: 301, ..record(&[]) };
	assert_eq!(retrieved.check(), Err(RecordError::Tokens));
	let extended = CallRecord { extension: Some(Hash::zero()), ..record(&[]) };
	assert_eq!(extended.check(), Err(RecordError::Extension));
}

#[test]
fn a_statement_is_of_its_record_and_its_totals() {
	let statement = statement();
	assert_eq!(statement.record().tokens(), statement.tokens);
	assert_eq!(statement.totals().calls, 1);
	assert_eq!(statement.totals().calls_with_entries, 1);
	assert_eq!(statement.totals().cached_tokens, 100);
	let other = Statement { charge: 481, ..statement.clone() };
	assert_ne!(VersionedStatement::from(statement).hash(), VersionedStatement::from(other).hash());
}

const LIST: PriceSchedule = PriceSchedule {
	per_call: 1_000,
	per_input_token: 100,
	per_cached_input_token: 10,
	per_output_token: 400,
};

fn policy(developer: u32, data: u32) -> RevenuePolicy {
	RevenuePolicy {
		developer: Permill::from_parts(developer),
		data: Permill::from_parts(data),
		node: Permill::from_parts(1_000_000 - developer - data),
		attributed: Permill::from_percent(50),
	}
}

#[test]
fn a_node_charges_less_at_its_own_cost_only() {
	// Protocol 5%, and of the rest 40% to the node: others get 62% of the list price.
	let (protocol, policy) = (Permill::from_percent(5), policy(250_000, 350_000));
	let check = |own| {
		let agreement = Agreement { own_price: Some(own), ..agreement() };
		agreement.check_own_price(&LIST, protocol, &policy)
	};
	let least = PriceSchedule {
		per_call: 620,
		per_input_token: 62,
		per_cached_input_token: 7,
		per_output_token: 248,
	};

	assert_eq!(agreement().check_own_price(&LIST, protocol, &policy), Ok(()));
	assert_eq!(check(LIST), Ok(()));
	assert_eq!(check(least), Ok(()));
	for own in [
		PriceSchedule { per_call: 619, ..least },
		PriceSchedule { per_input_token: 61, ..least },
		PriceSchedule { per_cached_input_token: 6, ..least },
		PriceSchedule { per_output_token: 247, ..least },
	] {
		assert_eq!(check(own), Err(OwnPriceError::BelowOthers), "{own:?}");
	}
	for own in [
		PriceSchedule { per_call: 1_001, ..LIST },
		PriceSchedule { per_input_token: 101, ..LIST },
		PriceSchedule { per_cached_input_token: 11, ..LIST },
		PriceSchedule { per_output_token: 401, ..LIST },
	] {
		assert_eq!(check(own), Err(OwnPriceError::AboveList), "{own:?}");
	}
}

proptest! {
	/// The others' part does not depend on what the node charges, and is never more than that.
	#[test]
	fn an_own_price_never_costs_others(
		protocol in 0u32..=1_000_000,
		developer in 0u32..=1_000_000,
		data in 0u32..=1_000_000,
		prices in any::<[(u64, u64); 4]>(),
		input: u32,
		cached: u32,
		output: u32,
	) {
		let data = data.min(1_000_000 - developer);
		let (protocol, policy) = (Permill::from_parts(protocol), policy(developer, data));
		let [call, one, kept, answer] = prices;
		let schedule = |which: fn((u64, u64)) -> u64| PriceSchedule {
			per_call: which(call).into(),
			per_input_token: which(one).into(),
			per_cached_input_token: which(kept).min(which(one)).into(),
			per_output_token: which(answer).into(),
		};
		let list = schedule(|(list, _)| list);
		// Anything between what others get and the list price.
		let others = |price: Balance| {
			let (node, whole) = crate::split::node_weight(protocol, &policy).unwrap();
			(price * Balance::from(whole - node)).div_ceil(whole.into())
		};
		let between = |list: Balance, at: u64| {
			let least = others(list);
			least + (list - least) * Balance::from(at) / Balance::from(u64::MAX)
		};
		let own_input = between(list.per_input_token, one.1);
		let own = PriceSchedule {
			per_call: between(list.per_call, call.1),
			per_input_token: own_input,
			per_cached_input_token: between(list.per_cached_input_token, kept.1).min(own_input),
			per_output_token: between(list.per_output_token, answer.1),
		};
		let agreement = Agreement { own_price: Some(own), ..agreement() };
		prop_assert_eq!(agreement.check_own_price(&list, protocol, &policy), Ok(()));

		let tokens = Tokens { input, cached: cached.min(input), retrieved: 0, output };
		let (charge, list_charge) = (own.charge(&tokens).unwrap(), list.charge(&tokens).unwrap());
		let parts = split_own_charge(charge, list_charge, protocol, &policy);
		prop_assert!(parts.is_some(), "nothing is left: {} of {}", charge, list_charge);
		let parts = parts.unwrap();
		let by_list = split_charge(list_charge, protocol, &policy).unwrap();
		prop_assert_eq!(
			(parts.protocol, parts.developer, parts.data),
			(by_list.protocol, by_list.developer, by_list.data)
		);
		prop_assert_eq!(parts.protocol + parts.developer + parts.data + parts.node, charge);
	}

	/// A planck below what is allowed is refused, whatever the shares.
	#[test]
	fn an_own_price_below_what_others_get_is_refused(
		protocol in 0u32..=1_000_000, developer in 0u32..=1_000_000, price in 1u64..,
	) {
		let (protocol, policy) = (Permill::from_parts(protocol), policy(developer, 0));
		let (node, whole) = crate::split::node_weight(protocol, &policy).unwrap();
		let least = (u128::from(price) * u128::from(whole - node)).div_ceil(whole.into());
		let list = PriceSchedule { per_output_token: price.into(), ..Default::default() };
		let check = |own| {
			let own = PriceSchedule { per_output_token: own, ..Default::default() };
			let agreement = Agreement { own_price: Some(own), ..agreement() };
			agreement.check_own_price(&list, protocol, &policy)
		};
		prop_assert_eq!(check(least), Ok(()));
		if least > 0 {
			prop_assert_eq!(check(least - 1), Err(OwnPriceError::BelowOthers));
		}
	}
}

fn settled() -> SettledCall {
	SettledCall {
		record: record(&[]),
		charge: 480_000_000_000_000_000,
		parts: SettledParts {
			protocol: 24_000_000_000_000_000,
			developer: 114_000_000_000_000_000,
			data: 159_600_000_000_000_000,
			royalties: Default::default(),
		},
		direct: Default::default(),
	}
}

#[test]
fn what_is_left_is_the_nodes() {
	let SettledCall { parts, charge, .. } = settled();
	assert_eq!(parts.node(charge), Some(182_400_000_000_000_000));
	let royalties = vec![Amount(182_400_000_000_000_000), Amount(1)].try_into().unwrap();
	assert_eq!(SettledParts { royalties, ..parts }.node(charge), None);
}

#[test]
fn a_settled_call_is_small_and_each_byte_of_it_is_in_its_leaf() {
	let item = SettledItem::Call(settled());
	let bytes = item.encode();
	assert!(bytes.len() <= 90, "{}", bytes.len());
	for at in 0..bytes.len() {
		let mut changed = bytes.clone();
		changed[at] ^= 1;
		if let Ok(changed) = SettledItem::decode(&mut changed.as_slice()) {
			assert_ne!(changed.leaf(), item.leaf(), "byte {at}");
		}
	}
}

#[test]
fn the_extent_of_a_settlement_is_that_of_its_parts() {
	use crate::lane_list::{AggregateProof, LaneLeaf, Totals};
	let next = LaneLeaf {
		sequence: 1,
		statement: Hash::zero(),
		totals: Totals { calls: 1, ..Totals::default() },
	};
	let run = AggregateProof {
		count: 1,
		peaks: Default::default(),
		from: None,
		next,
		to: None,
		hashes: Default::default(),
	};
	let records = |shares: &[&[(u64, u16)]]| {
		let records: Vec<_> = shares.iter().map(|shares| record(shares)).collect();
		Part::Records(records.try_into().unwrap())
	};
	let settlement = |parts: Vec<Part>| LaneSettlement {
		voucher: voucher().into(),
		signature: sr25519::Signature::from_raw([0; 64]).into(),
		parts: parts.try_into().unwrap(),
	};

	let some = settlement(vec![
		records(&[&[(1, 5), (2, 5)], &[]]),
		Part::Run(run),
		records(&[]),
		records(&[&[(3, 5)]]),
	]);

	assert_eq!(some.extent(), Extent { records: 3, entries: 3, runs: 1 });
	assert_eq!(some.records().count(), 3);
	assert!(!some.extent().is_empty());
	assert!(settlement(vec![records(&[]), records(&[])]).extent().is_empty());
	assert!(settlement(vec![]).extent().is_empty());
}

proptest! {
	/// Entries that are of no more than the whole answer get no more than what is for them, and each what
	/// the others leave it.
	#[test]
	fn entries_get_no_more_than_what_is_for_them(
		data: u128, attributed in 0u32..=1_000_000, points in proptest::collection::vec(0u16..=625, 0..16),
	) {
		let attributed = Permill::from_parts(attributed);
		let part = crate::split::part_of(data, attributed);
		let parts: Vec<_> = points
			.iter()
			.map(|points| direct_part(data, attributed, *points).unwrap())
			.collect();

		let sum = parts.iter().try_fold(0, |sum: u128, part| sum.checked_add(*part));
		prop_assert!(sum.is_some_and(|sum| sum <= part));
		for (paid, points) in parts.iter().zip(&points) {
			let exact = sp_core::U256::from(part) * sp_core::U256::from(*points)
				/ sp_core::U256::from(10_000);
			prop_assert_eq!(sp_core::U256::from(*paid), exact);
		}
		prop_assert_eq!(direct_part(data, attributed, 10_000), Some(part));
		prop_assert_eq!(direct_part(data, attributed, 10_001), None);
	}
}
