//! Settling sums.

use super::run;
use crate::{mock::*, Error, Event, WeightInfo};
use frame_support::{assert_noop, assert_ok, dispatch::GetDispatchInfo};
use openledger_primitives::{
	aggregate::Aggregate,
	attribution::AttributionEntry,
	record::{CallRecord, RejectReason},
	voucher::Voucher,
	Hash,
};
use sp_runtime::{DispatchError, TransactionOutcome};

#[test]
fn sums_are_charged_and_split() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let before = [PROTOCOL, DEVELOPER, NODE].map(balance);
		let voucher = voucher(session, 3, 101, 40 * charge, charge);
		let attribution = vec![AttributionEntry { contribution: 7, weight: 2 }];
		let sums = Aggregate {
			attribution: attribution.clone().try_into().unwrap(),
			unattributed: 9,
			..aggregate(100, 40)
		};
		assert_ok!(settle_sums(&voucher, sums, None));

		let split = Split::take();
		let summary: Vec<_> =
			split.iter().map(|call| (call.calls, call.charge, call.unattributed)).collect();
		assert_eq!(summary, vec![(40, 40 * charge, 9)]);
		assert!(split.iter().all(|call| call.attribution == attribution));
		let paid: u128 = [PROTOCOL, DEVELOPER, NODE]
			.map(balance)
			.iter()
			.zip(before)
			.map(|(after, before)| after - before)
			.sum();
		assert!(paid > 0 && paid < 40 * charge);
		assert_eq!(held(CALLER), DEPOSIT - 40 * charge);

		let events: Vec<_> = System::events()
			.into_iter()
			.filter_map(|record| match record.event {
				RuntimeEvent::Metering(Event::AggregateSettled {
					first_sequence: 1,
					last_sequence: 100,
					lane: 3,
					calls,
					input_tokens,
					output_tokens,
					price_version,
					charge,
					root,
					payment,
					node,
					payee,
					developer,
					..
				}) => {
					assert_eq!((node, payee), (account(NODE), account(NODE)));
					assert_eq!(developer, account(DEVELOPER));
					assert_eq!(root, Hash::repeat_byte(0xcc));
					let parts = payment.protocol + payment.developer + payment.node + payment.data;
					assert_eq!(parts, charge);
					Some((price_version, calls, input_tokens, output_tokens, charge))
				}
				_ => None,
			})
			.collect();
		assert_eq!(events, vec![(CURRENT, 40, 40 * 11, 40 * 23, 40 * charge)]);
		System::assert_last_event(
			Event::VoucherSettled {
				session,
				lane: 3,
				sequence: 100,
				accepted: 40,
				rejected: 0,
				charged: 40 * charge,
			}
			.into(),
		);
		let info = Metering::session_info(session).unwrap();
		assert_eq!((info.lanes[0].sequence, info.lanes[0].settled), (100, 40 * charge));
	});
}

#[test]
fn the_own_call_comes_along() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let voucher = voucher(session, 0, 11, 10 * charge, charge);
		let sums = || aggregate(10, 10);
		Lookups::set(0);
		assert_ok!(settle_sums(&voucher, sums(), Some(record(11))));
		assert_eq!(Lookups::get(), 1);
		System::assert_last_event(
			Event::VoucherSettled {
				session,
				lane: 0,
				sequence: 11,
				accepted: 11,
				rejected: 0,
				charged: 11 * charge,
			}
			.into(),
		);
		let own = System::events().into_iter().any(|record| {
			matches!(record.event, RuntimeEvent::Metering(Event::CallSettled { sequence: 11, .. }))
		});
		assert!(own);
		assert_noop!(
			settle_sums(&voucher, sums(), Some(record(11))),
			Error::<Test>::VoucherNotNewer
		);
	});
}

#[test]
fn the_own_call_is_rejected_alone() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let voucher = voucher(session, 0, 11, 10 * charge, charge);
		let dear = CallRecord { output_tokens: 100_000, ..record(11) };
		assert_ok!(settle_sums(&voucher, aggregate(10, 10), Some(dear)));
		System::assert_has_event(
			Event::RecordRejected {
				session,
				lane: 0,
				sequence: 11,
				reason: RejectReason::AboveAuthorised,
			}
			.into(),
		);
		System::assert_last_event(
			Event::VoucherSettled {
				session,
				lane: 0,
				sequence: 10,
				accepted: 10,
				rejected: 1,
				charged: 10 * charge,
			}
			.into(),
		);
	});
}

/// The sums are priced at what the voucher names, and the own call has to be of the same.
#[test]
fn sums_are_of_what_the_voucher_names() {
	run(|| {
		let session = open_session(DEPOSIT);
		Models::change(MODEL, |model| {
			model.versions.insert(1, Ok(()));
		});
		let voucher = Voucher {
			version: 1,
			price_version: FREE,
			..voucher(session, 0, 11, DEPOSIT, call_charge())
		};
		for (own, reason) in [
			(CallRecord { version: 1, ..record(11) }, RejectReason::PriceMismatch),
			(CallRecord { price_version: FREE, ..record(11) }, RejectReason::VersionMismatch),
			(CallRecord { model: OTHER_MODEL, ..record(11) }, RejectReason::ModelMismatch),
		] {
			let settled = frame_support::storage::with_transaction(|| {
				let settled = settle_sums(&voucher, aggregate(10, 10), Some(own));
				System::assert_has_event(
					Event::RecordRejected { session, lane: 0, sequence: 11, reason }.into(),
				);
				TransactionOutcome::Rollback(settled)
			});
			assert_ok!(settled);
		}
		let own = CallRecord { version: 1, price_version: FREE, ..record(11) };
		assert_ok!(settle_sums(&voucher, aggregate(10, 10), Some(own)));
		assert_eq!(Metering::session_info(session).unwrap().settled, 0);
		let named = System::events().into_iter().any(|record| {
			matches!(
				record.event,
				RuntimeEvent::Metering(Event::AggregateSettled {
					model: MODEL,
					version: 1,
					price_version: FREE,
					calls: 10,
					..
				})
			)
		});
		assert!(named);
	});
}

#[test]
fn bad_sums_are_refused_whole() {
	run(|| {
		Models::change(MODEL, |model| {
			model.versions.insert(8, Err(RejectReason::VersionExpired));
			model.versions.insert(9, Err(RejectReason::NotInForce));
			model.prices.insert(8, Err(RejectReason::PriceExpired));
		});
		let charge = call_charge();
		let session = open_session_with_limit(20 * charge, 15 * charge);
		settle_one(session, 0, 5, 0, charge).unwrap();
		let voucher = voucher(session, 0, 1_000, 11 * charge, charge);
		let refused = |voucher: Voucher, sums: Aggregate, error: Error<Test>| {
			assert_noop!(settle_sums(&voucher, sums, None), DispatchError::from(error));
		};
		refused(voucher, aggregate(50, 0), Error::EmptyAggregate);
		refused(voucher, aggregate(5, 1), Error::SequenceNotRising);
		refused(voucher, aggregate(1_000, 1), Error::SequenceBeyondVoucher);
		refused(voucher, aggregate(50, 11), Error::AboveAcknowledged);
		let at = |price_version| Voucher { price_version, ..voucher };
		refused(at(FREE), aggregate(8, 4), Error::TooManyCalls);
		refused(at(7), aggregate(50, 1), Error::UnknownPrice);
		refused(at(8), aggregate(50, 1), Error::PriceExpired);
		refused(at(DEAR), aggregate(50, 1), Error::Overflow);
		let of_version = |version| Voucher { version, ..voucher };
		refused(of_version(7), aggregate(50, 1), Error::UnknownVersion);
		refused(of_version(8), aggregate(50, 1), Error::VersionExpired);
		refused(of_version(9), aggregate(50, 1), Error::NotInForce);
		refused(Voucher { model: 77, ..voucher }, aggregate(50, 1), Error::UnknownModel);

		let sums = || aggregate(50, 10);
		assert_noop!(settle_sums(&voucher, sums(), Some(record(51))), Error::<Test>::NotTheOwnCall);
		let more = |calls| {
			let rich = Voucher { acknowledged: 100 * charge, authorised: 100 * charge, ..voucher };
			settle_sums(&rich, aggregate(50, calls), None)
		};
		assert_noop!(more(15), Error::<Test>::AboveSpendingLimit);
		assert_noop!(more(20), Error::<Test>::DepositExhausted);
		assert_ok!(settle_sums(&voucher, sums(), None));

		let signature = sign(STRANGER, &voucher);
		assert_noop!(
			Metering::settle_aggregate(
				signed(NODE),
				Voucher { sequence: 2_000, ..voucher },
				signature,
				aggregate(1_500, 1),
				None
			)
			.map(|_| ())
			.map_err(|refused| refused.error),
			Error::<Test>::BadSignature
		);
		Models::change(MODEL, |model| model.retired = true);
		let later = Voucher { sequence: 2_000, ..voucher };
		assert_noop!(settle_sums(&later, aggregate(1_500, 1), None), Error::<Test>::ModelRetired);
	});
}

/// The caller pays the same, one by one or by their sums.
#[test]
fn sums_cost_what_records_cost() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let of = |lane| voucher(session, lane, 6, 5 * charge, charge);
		assert_ok!(settle(&of(0), (1..=6).map(record).collect()));
		let sums = aggregate(5, 5);
		assert_ok!(settle_sums(&of(1), sums, Some(record(6))));
		let lanes = Metering::session_info(session).unwrap().lanes;
		assert_eq!(lanes[0].settled, lanes[1].settled);
	});
}

#[test]
fn weight_is_that_of_what_was_settled() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let voucher = voucher(session, 0, 11, 10 * charge, charge);
		let entries = |count: u64| -> Vec<_> {
			(0..count).map(|contribution| AttributionEntry { contribution, weight: 1 }).collect()
		};
		let sums = Aggregate { attribution: entries(5).try_into().unwrap(), ..aggregate(10, 10) };
		let last = CallRecord { attribution: entries(3).try_into().unwrap(), ..record(11) };
		let signature = sign(SIGNER, &voucher);
		let call = crate::Call::<Test>::settle_aggregate {
			voucher,
			signature: signature.clone(),
			aggregate: sums.clone(),
			last: Some(last.clone()),
		};
		let own = <()>::settle_attributed(3) - <()>::settle_attributed(0);
		let base = <()>::settle_aggregate(5) + own;
		assert_eq!(call.get_dispatch_info().call_weight, base);
		let info =
			Metering::settle_aggregate(signed(NODE), voucher, signature, sums, Some(last)).unwrap();
		// The terms have one source and no parents.
		let absent = (<()>::settle_sources(7) - <()>::settle_sources(0))
			+ (<()>::settle_parents(4) - <()>::settle_parents(0));
		assert_eq!(info.actual_weight, Some(base - absent));
	});
}
