//! Settling vouchers, record by record.

use super::run;
use crate::{mock::*, Error, Event, Lanes, WeightInfo};
use codec::Encode;
use frame_support::{
	assert_noop, assert_ok,
	dispatch::GetDispatchInfo,
	traits::fungible::{Inspect, MutateFreeze},
	weights::Weight,
};
use openledger_primitives::{
	attribution::AttributionEntry,
	record::{CallRecord, CallRecords, RejectReason},
	signing::{wrap, Signed},
	voucher::Voucher,
	Hash, Signature, MAX_LANES, MAX_RECORDS,
};
use sp_core::{ed25519, Pair};
use sp_runtime::DispatchError;

#[test]
fn a_call_is_charged_and_split_among_everyone() {
	run(|| {
		let session = open_session(DEPOSIT);
		assert_ok!(Metering::set_payee(signed(NODE), Some(account(STRANGER))));
		let before = [PROTOCOL, DEVELOPER, STRANGER].map(balance);
		let charge = call_charge();
		settle_one(session, 0, 1, 0, charge).unwrap();

		let payment = System::events()
			.into_iter()
			.find_map(|record| match record.event {
				RuntimeEvent::Metering(Event::CallSettled {
					charge: paid,
					payment,
					developer,
					caller,
					node,
					payee,
					..
				}) => {
					assert_eq!(paid, charge);
					assert_eq!(developer, account(DEVELOPER));
					assert_eq!((caller, node), (account(CALLER), account(NODE)));
					assert_eq!(payee, account(STRANGER));
					Some(payment)
				}
				_ => None,
			})
			.unwrap();
		assert_eq!(payment.protocol + payment.developer + payment.node + payment.data, charge);
		let after = [PROTOCOL, DEVELOPER, STRANGER].map(balance);
		let paid = [payment.protocol, payment.developer, payment.node];
		for who in 0..3 {
			assert_eq!(after[who] - before[who], paid[who]);
		}
		assert_eq!(held(CALLER), DEPOSIT - charge);
		System::assert_last_event(
			Event::VoucherSettled {
				session,
				lane: 0,
				sequence: 1,
				accepted: 1,
				rejected: 0,
				charged: charge,
			}
			.into(),
		);
	});
}

#[test]
fn what_is_split_is_what_was_recorded() {
	run(|| {
		let session = open_session(DEPOSIT);
		let attribution = vec![
			AttributionEntry { contribution: 1, weight: 5 },
			AttributionEntry { contribution: 99, weight: 1_000 },
		];
		let with = CallRecord { attribution: attribution.clone().try_into().unwrap(), ..record(2) };
		let voucher = voucher(session, 0, 2, call_charge(), call_charge());
		Lookups::set(0);
		assert_ok!(settle(&voucher, vec![record(1), with]));
		let split = Split::take();
		assert_eq!(split.len(), 2);
		for call in &split {
			assert_eq!((call.calls, call.charge), (1, call_charge()));
			assert_eq!(call.unattributed, 0);
		}
		assert!(split[0].attribution.is_empty());
		assert_eq!(split[1].attribution, attribution);
		// The terms of both are the same.
		assert_eq!(Lookups::get(), 1);
	});
}

#[test]
fn what_cannot_be_split_is_not_charged() {
	run(|| {
		let session = open_session(DEPOSIT);
		Unsplittable::set(true);
		let settle = || settle_one(session, 0, 1, 0, call_charge());
		assert_noop!(settle(), DispatchError::Other("unsplittable"));
		Unsplittable::set(false);
		assert_ok!(settle());
	});
}

#[test]
fn nothing_is_settled_twice() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let second = voucher(session, 0, 2, charge, charge);
		assert_ok!(settle(&second, vec![record(1), record(2)]));
		// The same voucher, and one from before.
		assert_noop!(settle(&second, vec![record(2)]), Error::<Test>::VoucherNotNewer);
		let first = voucher(session, 0, 1, 0, charge);
		assert_noop!(settle(&first, vec![record(1)]), Error::<Test>::VoucherNotNewer);
		// A newer voucher with old records.
		let third = voucher(session, 0, 3, 2 * charge, charge);
		assert_noop!(settle(&third, vec![record(1), record(2)]), Error::<Test>::SequenceNotRising);
		assert_ok!(settle(&third, vec![record(2), record(3), record(3)]));
		assert_eq!(Metering::session_info(session).unwrap().settled, 3 * charge);
	});
}

#[test]
fn a_bad_record_is_rejected_alone() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let voucher = voucher(session, 0, 9, 2 * charge, charge);
		let bad: Vec<(CallRecord, RejectReason)> = vec![
			(CallRecord { model: 77, ..record(2) }, RejectReason::ModelMismatch),
			(CallRecord { version: 7, ..record(3) }, RejectReason::VersionMismatch),
			(CallRecord { price_version: CURRENT + 1, ..record(4) }, RejectReason::PriceMismatch),
			(CallRecord { price_version: FREE, ..record(4) }, RejectReason::PriceMismatch),
			(CallRecord { model: OTHER_MODEL, ..record(5) }, RejectReason::ModelMismatch),
			(record(1), RejectReason::SequenceNotRising),
			(CallRecord { output_tokens: 100_000, ..record(6) }, RejectReason::AboveAcknowledged),
			(CallRecord { request_hash: Hash::zero(), ..record(9) }, RejectReason::RequestMismatch),
			(CallRecord { version: 7, ..record(9) }, RejectReason::VersionMismatch),
			(CallRecord { price_version: 1, ..record(9) }, RejectReason::PriceMismatch),
			(CallRecord { output_tokens: 100_000, ..record(9) }, RejectReason::AboveAuthorised),
			(record(10), RejectReason::SequenceBeyondVoucher),
		];
		let records: Vec<_> = std::iter::once(record(1))
			.chain(bad.iter().map(|(record, _)| record.clone()))
			.chain([record(9)])
			.collect();
		assert_ok!(settle(&voucher, records));
		for (record, reason) in &bad {
			let (sequence, reason) = (record.sequence, *reason);
			System::assert_has_event(
				Event::RecordRejected { session, lane: 0, sequence, reason }.into(),
			);
		}
		System::assert_has_event(
			Event::VoucherSettled {
				session,
				lane: 0,
				sequence: 9,
				accepted: 2,
				rejected: 12,
				charged: 2 * charge,
			}
			.into(),
		);
	});
}

/// The error says why, if there is but one reason.
#[test]
fn a_settlement_that_pays_nothing_is_an_error() {
	run(|| {
		Models::change(MODEL, |model| {
			model.versions.insert(8, Err(RejectReason::VersionExpired));
			model.versions.insert(9, Err(RejectReason::NotInForce));
			model.prices.insert(8, Err(RejectReason::PriceExpired));
		});
		let charge = call_charge();
		let session = open_session_with_limit(2 * charge, charge);
		let earlier = voucher(session, 0, 5, charge, 0);
		let cases: Vec<(CallRecord, DispatchError)> = [
			(CallRecord { model: OTHER_MODEL, ..record(1) }, Error::ModelMismatch),
			(record(6), Error::SequenceBeyondVoucher),
			(CallRecord { version: 8, ..record(1) }, Error::VersionMismatch),
			(CallRecord { output_tokens: 100_000, ..record(1) }, Error::AboveAcknowledged),
			(CallRecord { request_hash: Hash::zero(), ..record(5) }, Error::RequestMismatch),
			(CallRecord { price_version: FREE, ..record(5) }, Error::PriceMismatch),
			(record(5), Error::AboveAuthorised),
		]
		.map(|(record, error): (_, Error<Test>)| (record, error.into()))
		.into();
		for (record, error) in &cases {
			assert_noop!(settle(&earlier, vec![record.clone()]), *error);
		}
		let mixed = cases.iter().map(|(record, _)| record.clone()).collect();
		assert_noop!(settle(&earlier, mixed), Error::<Test>::NothingSettled);

		let dear = |tokens| CallRecord { output_tokens: tokens, ..record(1) };
		let much = voucher(session, 0, 1, 0, 100 * charge);
		assert_noop!(settle(&much, vec![dear(100)]), Error::<Test>::AboveSpendingLimit);
		assert_noop!(settle(&much, vec![dear(1_000)]), Error::<Test>::DepositExhausted);
		// What the voucher names is looked up first, whatever the records name.
		let other = Voucher { model: 77, ..much };
		let cases: [(Voucher, Error<Test>); 7] = [
			(other, Error::UnknownModel),
			(Voucher { version: 7, ..much }, Error::UnknownVersion),
			(Voucher { version: 8, ..much }, Error::VersionExpired),
			(Voucher { version: 9, ..much }, Error::NotInForce),
			(Voucher { price_version: 7, ..much }, Error::UnknownPrice),
			(Voucher { price_version: 8, ..much }, Error::PriceExpired),
			(Voucher { price_version: DEAR, ..much }, Error::Overflow),
		];
		for (voucher, error) in cases {
			let Voucher { model, version, price_version, .. } = voucher;
			let record = CallRecord { model, version, price_version, ..record(1) };
			assert_noop!(settle(&voucher, vec![record]), DispatchError::from(error));
		}
		Models::change(MODEL, |model| model.retired = true);
		assert_noop!(settle(&much, vec![record(1)]), Error::<Test>::ModelRetired);
		assert_eq!(
			Error::<Test>::from(RejectReason::ModelNotServed).encode(),
			Error::<Test>::NothingSettled.encode()
		);
	});
}

/// The caller has signed for model and node, and that is all it takes.
#[test]
fn a_model_need_not_be_listed_to_be_settled() {
	run(|| {
		let session = open_session(DEPOSIT);
		let voucher = Voucher { model: OTHER_MODEL, ..voucher(session, 0, 1, 0, call_charge()) };
		assert_ok!(settle(&voucher, vec![CallRecord { model: OTHER_MODEL, ..record(1) }]));
	});
}

/// A node that serves two models cannot settle the calls of one as calls of the other, however well
/// the sums fit.
#[test]
fn a_nodes_own_model_earns_nothing_from_calls_of_another() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let voucher = voucher(session, 0, 2, charge, charge);
		let own = |sequence| CallRecord { model: OTHER_MODEL, ..record(sequence) };
		assert_noop!(settle(&voucher, vec![own(1), own(2)]), Error::<Test>::ModelMismatch);
		assert_ok!(settle(&voucher, vec![own(1), record(1), record(2)]));
		assert_eq!(Metering::session_info(session).unwrap().settled, 2 * charge);
	});
}

#[test]
fn lanes_cannot_overdraw_a_session() {
	run(|| {
		let charge = call_charge();
		let session = open_session(3 * charge);
		for lane in 0..3 {
			settle_one(session, lane, 1, 0, charge).unwrap();
		}
		assert_noop!(settle_one(session, 3, 1, 0, charge), Error::<Test>::DepositExhausted);
		assert_eq!(held(CALLER), 0);
		let info = Metering::session_info(session).unwrap();
		assert_eq!(info.lanes.iter().map(|lane| lane.settled).sum::<u128>(), info.settled);
	});
}

#[test]
fn a_session_has_so_many_lanes_and_no_more() {
	run(|| {
		let session = open_session(DEPOSIT);
		for lane in 0..MAX_LANES {
			settle_one(session, lane, 1, 0, call_charge()).unwrap();
		}
		for lane in [MAX_LANES, u16::MAX] {
			assert_noop!(settle_one(session, lane, 1, 0, call_charge()), Error::<Test>::NoSuchLane);
		}
		settle_one(session, 3, 2, call_charge(), call_charge()).unwrap();
		assert_eq!(Lanes::<Test>::iter_prefix(session).count(), usize::from(MAX_LANES));
		let info = Metering::close_session(signed(NODE), session).unwrap();
		assert_eq!(info.actual_weight, Some(<()>::close_session(MAX_LANES.into())));
		assert_eq!(Lanes::<Test>::iter_prefix(session).count(), 0);
	});
}

#[test]
fn only_what_the_signer_signed_for_this_chain_counts() {
	run(|| {
		let session = open_session(DEPOSIT);
		let good = voucher(session, 0, 1, 0, call_charge());
		let submit = |origin, voucher: &Voucher, signature: Signature, records: Vec<CallRecord>| {
			Metering::settle(signed(origin), *voucher, signature, records.try_into().unwrap())
				.map(|_| ())
				.map_err(|refused| refused.error)
		};
		let sign = |voucher: &Voucher| sign(SIGNER, voucher);
		let one = || vec![record(1)];

		let unknown = Voucher { session: session + 1, ..good };
		assert_noop!(submit(NODE, &unknown, sign(&unknown), one()), Error::<Test>::UnknownSession);
		assert_noop!(submit(STRANGER, &good, sign(&good), one()), Error::<Test>::NotSessionNode);
		let fork = Voucher { genesis_hash: Hash::repeat_byte(7), ..good };
		assert_noop!(submit(NODE, &fork, sign(&fork), one()), Error::<Test>::WrongChain);
		let odd = Voucher { acknowledged: 2, authorised: 1, ..good };
		assert_noop!(
			submit(NODE, &odd, sign(&odd), one()),
			Error::<Test>::VoucherContradictsItself
		);
		assert_noop!(submit(NODE, &good, sign(&good), vec![]), Error::<Test>::NoRecords);
		let zero = Voucher { sequence: 0, ..good };
		assert_noop!(submit(NODE, &zero, sign(&zero), one()), Error::<Test>::VoucherNotNewer);
		let raised = Voucher { authorised: good.authorised + 1, ..good };
		assert_noop!(submit(NODE, &raised, sign(&good), one()), Error::<Test>::BadSignature);
		let by_node = crate::mock::sign(NODE, &good);
		assert_noop!(submit(NODE, &good, by_node, one()), Error::<Test>::BadSignature);
		// A signature over the bare fields, without the domain tag.
		let bare: Signature = pair(SIGNER).sign(&good.encode()).into();
		assert_noop!(submit(NODE, &good, bare, one()), Error::<Test>::BadSignature);
		let wrong_kind: Signature =
			ed25519::Pair::from_seed(&[SIGNER; 32]).sign(&good.signing_payload()).into();
		assert_noop!(submit(NODE, &good, wrong_kind, one()), Error::<Test>::BadSignature);

		let wrapped: Signature = pair(SIGNER).sign(&wrap(&good.signing_payload())).into();
		assert_ok!(submit(NODE, &good, wrapped, one()));
		// The caller's own key counts as well.
		let second = voucher(session, 0, 2, call_charge(), call_charge());
		let by_caller: Signature = pair(CALLER).sign(&wrap(&second.signing_payload())).into();
		assert_ok!(submit(NODE, &second, by_caller, vec![record(2)]));
	});
}

#[test]
fn pausing_a_model_does_not_void_calls_that_were_served() {
	run(|| {
		let session = open_session(DEPOSIT);
		Models::change(MODEL, |model| model.callable = false);
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
	});
}

/// The price that a record names is what it costs, whatever the model costs by then; and the
/// voucher's own call costs what the caller signed for.
#[test]
fn a_price_change_does_not_touch_calls_that_were_served() {
	run(|| {
		let session = open_session(DEPOSIT);
		let signed_for = voucher(session, 0, 1, 0, call_charge());
		Models::change(MODEL, |model| {
			model.prices.insert(3, Ok(price(2 * PRICE)));
		});
		let dearer = CallRecord { price_version: 3, ..record(1) };
		assert_noop!(settle(&signed_for, vec![dearer]), Error::<Test>::PriceMismatch);
		assert_ok!(settle(&signed_for, vec![record(1)]));
		assert_eq!(Metering::session_info(session).unwrap().settled, call_charge());
	});
}

#[test]
fn frozen_funds_are_still_promised() {
	run(|| {
		let session = open_session(DEPOSIT);
		let all = Balances::total_balance(&account(CALLER));
		Balances::set_freeze(&Frozen, &account(CALLER), all).unwrap();
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
		Balances::thaw(&Frozen, &account(CALLER)).unwrap();
	});
}

#[test]
fn free_calls_are_settled_too() {
	run(|| {
		let session = open_session(MIN_DEPOSIT);
		let voucher = Voucher { price_version: FREE, ..voucher(session, 0, 1, 0, 0) };
		assert_ok!(settle(&voucher, vec![CallRecord { price_version: FREE, ..record(1) }]));
		assert_eq!(Metering::session_info(session).unwrap().lanes[0].sequence, 1);
		assert_eq!(held(CALLER), MIN_DEPOSIT);
	});
}

/// Weight that a settlement has less than it could, because its terms have one source and no parents.
fn absent() -> Weight {
	(<()>::settle_sources(7) - <()>::settle_sources(0))
		+ (<()>::settle_parents(4) - <()>::settle_parents(0))
}

#[test]
fn weight_is_that_of_what_was_settled() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let voucher = voucher(session, 0, 4, 3 * charge, charge);
		let entries = |count: u64| {
			(0..count)
				.map(|contribution| AttributionEntry { contribution, weight: 1 })
				.collect::<Vec<_>>()
				.try_into()
				.unwrap()
		};
		// One that counts, with three entries; and one that does not, of another version, with eight.
		let records = vec![
			CallRecord { attribution: entries(3), ..record(1) },
			CallRecord { attribution: entries(8), version: 7, ..record(2) },
			CallRecord { attribution: entries(8), ..record(1) },
		];
		let expect = |attributed| {
			<()>::settle(3) + (<()>::settle_attributed(attributed) - <()>::settle_attributed(0))
		};
		let call = crate::Call::<Test>::settle {
			voucher,
			signature: sign(SIGNER, &voucher),
			records: records.clone().try_into().unwrap(),
		};
		assert_eq!(call.get_dispatch_info().call_weight, expect(19));
		let signature = sign(SIGNER, &voucher);
		let info = Metering::settle(signed(NODE), voucher, signature, records.try_into().unwrap())
			.unwrap();
		assert_eq!(info.actual_weight, Some(expect(3) - absent()));
	});
}

/// Little work costs little: the weight is that of what was there, not the most that there could be.
#[test]
fn one_record_weighs_less_than_many() {
	run(|| {
		let session = open_session(10 * DEPOSIT);
		let charge = call_charge();
		let post_weight = |lane, calls: u64| {
			let records: Vec<_> = (1..=calls).map(record).collect();
			let voucher = voucher(session, lane, calls, u128::from(calls - 1) * charge, charge);
			let signature = sign(SIGNER, &voucher);
			let records = records.try_into().unwrap();
			let info = Metering::settle(signed(NODE), voucher, signature, records).unwrap();
			info.actual_weight.unwrap()
		};
		let (one, most) = (post_weight(0, 1), post_weight(1, MAX_RECORDS.into()));
		assert_eq!(one, <()>::settle(1) - absent());
		assert_eq!(most, <()>::settle(MAX_RECORDS) - absent());
		assert!(one.all_lte(most) && one.ref_time() < most.ref_time());
		// Nobody can fill a block with less than what it does: beforehand it weighs no less.
		let named = (0..8).map(|contribution| AttributionEntry { contribution, weight: 1 });
		let attribution: Vec<_> = named.collect();
		let attributed = |sequence| CallRecord {
			attribution: attribution.clone().try_into().unwrap(),
			..record(sequence)
		};
		let voucher = voucher(session, 2, 2, charge, charge);
		let signature = sign(SIGNER, &voucher);
		let records: CallRecords = vec![attributed(1), record(2)].try_into().unwrap();
		let call = crate::Call::<Test>::settle {
			voucher,
			signature: signature.clone(),
			records: records.clone(),
		};
		let before = call.get_dispatch_info().call_weight;
		let after = Metering::settle(signed(NODE), voucher, signature, records).unwrap();
		let after = after.actual_weight.unwrap();
		let entries = <()>::settle_attributed(8) - <()>::settle_attributed(0);
		assert_eq!(after, <()>::settle(2) + entries - absent());
		assert!(after.all_lte(before));
	});
}
