//! The rules by which records and runs count against a voucher.

use super::*;
use crate::meter::Meter;
use openledger_primitives::lane_list::Settled;
use proptest::{collection::vec, prelude::*};

const LIST: PriceSchedule = PriceSchedule {
	per_call: 10,
	per_input_token: 2,
	per_cached_input_token: 1,
	per_output_token: 3,
};

/// What a call used that costs so much by [`LIST`]: 10, 13, 16 and so on.
fn costing(sequence: Sequence, charge: Balance) -> CallRecord {
	let output_tokens = ((charge - 10) / 3).try_into().unwrap();
	CallRecord { input_tokens: 0, output_tokens, ..plain(sequence) }
}

/// What a call used that has a prompt of four tokens.
fn plain(sequence: Sequence) -> CallRecord {
	CallRecord {
		sequence,
		input_tokens: 4,
		cached_tokens: 0,
		retrieved_tokens: 0,
		output_tokens: 0,
		response_hash: Hash::zero(),
		attribution: Default::default(),
		extension: None,
	}
}

fn promise(sequence: Sequence, acknowledged: Balance, allowance: Balance) -> Voucher {
	Voucher {
		genesis_hash: Hash::zero(),
		session: 0,
		lane: 0,
		agreement: Agreement {
			model: 0,
			version: 0,
			price_version: 0,
			as_of: 0,
			evidence: Evidence::Open,
			own_price: None,
		},
		sequence,
		acknowledged,
		acknowledged_root: LaneList::default().root(),
		authorised: acknowledged + allowance,
		request_hash: Hash::zero(),
		valid_until: 0,
		extension: None,
	}
}

#[test]
fn counts_within_what_was_signed() {
	let voucher = promise(3, 100, 40);
	let mut meter = Meter::new(&voucher, &LIST, Settled::default(), 1_000);

	assert_eq!(meter.take_record(&costing(1, 61)).unwrap().charge, 61);
	assert_eq!(meter.take_record(&costing(2, 40)), Err(RejectReason::AboveAcknowledged));
	assert_eq!(meter.take_record(&costing(2, 34)).unwrap().charge, 34);
	// What is left of the acknowledgement is not for the own call.
	assert_eq!(meter.take_record(&costing(3, 43)), Err(RejectReason::AboveAuthorised));
	assert_eq!(meter.take_record(&costing(3, 40)).unwrap().charge, 40);
	assert_eq!(meter.settled(), Settled { sequence: 3, charge: 135 });
	assert_eq!(meter.charged(), 135);
}

#[test]
fn sequences_rise_within_the_voucher() {
	let voucher = promise(5, 100, 50);
	let start = Settled { sequence: 2, charge: 10 };
	let mut meter = Meter::new(&voucher, &LIST, start, 1_000);

	for sequence in [0, 1, 2] {
		let refused = meter.take_record(&costing(sequence, 10));
		assert_eq!(refused, Err(RejectReason::SequenceNotRising));
	}
	assert!(meter.take_record(&costing(4, 10)).is_ok());
	let again = meter.take_record(&costing(4, 10));
	assert_eq!(again, Err(RejectReason::SequenceNotRising));
	let beyond = meter.take_record(&costing(6, 10));
	assert_eq!(beyond, Err(RejectReason::SequenceBeyondVoucher));
}

#[test]
fn what_no_call_has_is_not_counted() {
	let voucher = promise(1, 0, 1_000);
	let sealed = Voucher {
		agreement: Agreement { evidence: Evidence::Sealed, ..voucher.agreement },
		..voucher
	};
	let meter = Meter::new(&voucher, &LIST, Settled::default(), 1_000);
	let record = || plain(1);
	for (bad, reason) in [
		(CallRecord { cached_tokens: 5, ..record() }, RejectReason::InvalidRecord),
		(CallRecord { retrieved_tokens: 5, ..record() }, RejectReason::InvalidRecord),
		(
			CallRecord { attribution: shares(&[(1, 5), (1, 5)]), ..record() },
			RejectReason::InvalidRecord,
		),
		(
			CallRecord { attribution: shares(&[(1, 5_000), (2, 5_001)]), ..record() },
			RejectReason::InvalidRecord,
		),
		(CallRecord { attribution: shares(&[(1, 0)]), ..record() }, RejectReason::InvalidRecord),
		(CallRecord { extension: Some(Hash::zero()), ..record() }, RejectReason::UnknownExtension),
	] {
		assert_eq!(meter.clone().take_record(&bad), Err(reason));
	}
	let named = CallRecord { attribution: shares(&[(1, 5_000), (2, 5_000)]), ..record() };
	assert!(meter.clone().take_record(&named).is_ok());
	let mut meter = Meter::new(&sealed, &LIST, Settled::default(), 1_000);
	assert_eq!(meter.take_record(&named), Err(RejectReason::SealedHasEntries));
	assert!(meter.take_record(&record()).is_ok());
}

#[test]
fn cached_tokens_cost_less_and_retrieved_ones_do_not() {
	let voucher = promise(1, 0, 1_000);
	let mut meter = Meter::new(&voucher, &LIST, Settled::default(), 1_000);
	let record = CallRecord { cached_tokens: 3, retrieved_tokens: 4, output_tokens: 5, ..plain(1) };

	assert_eq!(meter.take_record(&record).unwrap().charge, 10 + 2 + 3 + 15);
}

#[test]
fn a_nodes_own_price_is_charged_and_the_list_price_is_kept_for_others() {
	let own = PriceSchedule { per_call: 9, ..LIST };
	let voucher = promise(1, 0, 9);
	let voucher =
		Voucher { agreement: Agreement { own_price: Some(own), ..voucher.agreement }, ..voucher };
	let mut meter = Meter::new(&voucher, &LIST, Settled::default(), 1_000);

	let cost = meter.take_record(&costing(1, 10)).unwrap();

	assert_eq!((cost.charge, cost.by_list), (9, 10));
	assert_eq!(meter.charged(), 9);
}

#[test]
fn funds_and_limits_run_out() {
	let voucher = promise(3, 100, 50);
	let start = Settled::default();
	let mut meter = Meter::new(&voucher, &LIST, start, 25);
	assert_eq!(meter.take_record(&costing(1, 28)), Err(RejectReason::DepositExhausted));
	assert!(meter.take_record(&costing(1, 25)).is_ok());
	assert_eq!(meter.take_record(&costing(2, 10)), Err(RejectReason::DepositExhausted));

	let mut meter = Meter::new(&voucher, &LIST, start, 100).with_spending_limit(22);
	assert_eq!(meter.take_record(&costing(1, 25)), Err(RejectReason::AboveSpendingLimit));
	assert!(meter.take_record(&costing(1, 22)).is_ok());
	assert_eq!(meter.take_record(&costing(3, 10)), Err(RejectReason::AboveSpendingLimit));
	assert_eq!(meter.charged(), 22);
}

#[test]
fn edges_of_the_number_range() {
	let voucher = Voucher { acknowledged: u128::MAX, authorised: u128::MAX, ..promise(2, 0, 0) };
	let start = Settled { sequence: 0, charge: u128::MAX };
	let mut meter = Meter::new(&voucher, &LIST, start, u128::MAX);
	assert_eq!(meter.take_record(&costing(1, 10)), Err(RejectReason::ChargeOverflow));

	let dear = PriceSchedule { per_output_token: u128::MAX, ..LIST };
	let mut meter = Meter::new(&voucher, &dear, Settled::default(), u128::MAX);
	assert_eq!(meter.take_record(&costing(1, 16)), Err(RejectReason::ChargeOverflow));

	let contradictory = Voucher { authorised: 0, ..voucher };
	let mut meter = Meter::new(&contradictory, &LIST, Settled::default(), u128::MAX);
	assert_eq!(meter.take_record(&costing(2, 10)), Err(RejectReason::AboveAuthorised));
}

proptest! {
	/// Whatever a node reports, in whatever order and how often: never more than was authorised, never
	/// more than the deposit, never a sequence twice.
	#[test]
	fn never_more_than_was_signed(
		sequence in 1u64..20,
		acknowledged in 0u128..1_000,
		allowance in 0u128..200,
		before in (0u64..5, 0u128..500),
		funds in 0u128..2_000,
		spendable in 0u128..2_000,
		reported in vec((0u64..25, 0u128..100), 0..60),
	) {
		let voucher = promise(sequence, acknowledged, allowance);
		let start = Settled { sequence: before.0, charge: before.1 };
		let mut meter = Meter::new(&voucher, &LIST, start, funds).with_spending_limit(spendable);
		let mut seen = std::collections::BTreeSet::new();
		let mut sum = 0;
		for (sequence, tokens) in reported {
			let previous = meter.clone();
			match meter.take_record(&costing(sequence, 10 + 3 * tokens)) {
				Ok(cost) => {
					prop_assert!(seen.insert(sequence));
					prop_assert!(sequence > start.sequence && sequence <= voucher.sequence);
					sum += cost.charge;
				},
				Err(_) => prop_assert_eq!(&meter, &previous),
			}
		}
		prop_assert_eq!(meter.charged(), sum);
		prop_assert_eq!(meter.settled().charge, start.charge + sum);
		prop_assert!(sum <= funds && sum <= spendable);
		if sum > 0 {
			prop_assert!(meter.settled().charge <= voucher.authorised);
		}
	}
}
