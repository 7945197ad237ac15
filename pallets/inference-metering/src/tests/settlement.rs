//! Settling vouchers.

use super::run;
use crate::{mock::*, Error, Event, HoldReason, Lanes};
use codec::Encode;
use frame_support::{
	assert_noop, assert_ok,
	traits::fungible::{Inspect, InspectHold},
};
use openledger_primitives::{
	attribution::AttributionEntry,
	record::{CallRecord, RejectReason},
	signing::{wrap, Signed},
	voucher::Voucher,
	Hash, Signature, MAX_LANES,
};
use proptest::{collection::vec, prelude::*};
use sp_core::{ed25519, Pair};

fn balances() -> [u128; 4] {
	[DEVELOPER, NODE, ALICE, BOB].map(|seed| Balances::balance(&account(seed)))
}

#[test]
fn a_call_is_charged_and_split_among_everyone() {
	run(|| {
		let session = open_session(DEPOSIT);
		let before = balances();
		let protocol_before = Balances::balance(&account(PROTOCOL));
		let charge = call_charge();
		settle_one(session, 0, 1, 0, charge).unwrap();

		let payment = System::events()
			.into_iter()
			.find_map(|record| match record.event {
				RuntimeEvent::Metering(Event::CallSettled { charge: paid, payment, .. }) => {
					assert_eq!(paid, charge);
					Some(payment)
				}
				_ => None,
			})
			.unwrap();
		let protocol = payment.protocol;
		assert_eq!(protocol + payment.developer + payment.node + payment.data, charge);
		assert_eq!(Balances::balance(&account(PROTOCOL)) - protocol_before, protocol);
		let after = balances();
		assert_eq!(after[0] - before[0], payment.developer);
		assert_eq!(after[1] - before[1], payment.node);

		let pools = payment.data_payment.pools;
		assert_eq!(pools.len(), 1);
		assert_eq!(pools[0].amount, payment.data);
		assert_eq!(
			pools[0].raised * u128::from(pools[0].total_weight) + pools[0].carry_after,
			payment.data
		);
		assert_eq!(claim(0), 3 * pools[0].raised);
		assert_eq!(claim(1), pools[0].raised);
		assert_eq!(
			Balances::balance_on_hold(&HoldReason::Session.into(), &account(CALLER)),
			DEPOSIT - charge
		);
		System::assert_has_event(
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
fn attributed_contributions_are_paid_directly() {
	run(|| {
		let session = open_session(DEPOSIT);
		let voucher = voucher(session, 0, 1, 0, call_charge());
		let mut record = record(1);
		// One that is behind the model, one that is not.
		record.attribution = vec![
			AttributionEntry { contribution: 1, weight: 5 },
			AttributionEntry { contribution: 99, weight: 1_000 },
		]
		.try_into()
		.unwrap();
		assert_ok!(settle(&voucher, vec![record]));
		let direct = System::events()
			.into_iter()
			.find_map(|record| match record.event {
				RuntimeEvent::Metering(Event::CallSettled { payment, .. }) => {
					Some(payment.data_payment.direct)
				}
				_ => None,
			})
			.unwrap();
		assert_eq!(direct.len(), 1);
		assert_eq!(direct[0].contribution, 1);
		assert!(direct[0].amount > 0);
	});
}

#[test]
fn a_batch_is_paid_with_one_transfer_per_recipient() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let voucher = voucher(session, 0, 10, 9 * charge, charge);
		assert_ok!(settle(&voucher, (1..=10).map(record).collect()));
		assert_eq!(Metering::session_info(session).unwrap().settled, 10 * charge);
		let to_developer = System::events()
			.into_iter()
			.filter(|record| {
				matches!(
					&record.event,
					RuntimeEvent::Balances(pallet_balances::Event::Transfer { to, .. })
						if *to == account(DEVELOPER)
				)
			})
			.count();
		assert_eq!(to_developer, 1);
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
		assert_noop!(settle(&third, vec![record(1), record(2)]), Error::<Test>::NothingSettled);
		assert_ok!(settle(&third, vec![record(2), record(3), record(3)]));
		assert_eq!(Metering::session_info(session).unwrap().settled, 3 * charge);
	});
}

#[test]
fn a_bad_record_is_rejected_alone() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let other = register_model("not-served", PRICE);
		let voucher = voucher(session, 0, 8, 2 * charge, charge);
		let bad: Vec<(CallRecord, RejectReason)> = vec![
			(CallRecord { model: 77, ..record(2) }, RejectReason::ModelMismatch),
			(CallRecord { version: 7, ..record(3) }, RejectReason::UnknownVersion),
			(CallRecord { price_version: 7, ..record(4) }, RejectReason::UnknownPrice),
			(CallRecord { model: other, ..record(5) }, RejectReason::ModelMismatch),
			(record(1), RejectReason::SequenceNotRising),
			(CallRecord { output_tokens: 100_000, ..record(6) }, RejectReason::AboveAcknowledged),
			(CallRecord { request_hash: Hash::zero(), ..record(8) }, RejectReason::RequestMismatch),
			(CallRecord { price_version: 1, ..record(8) }, RejectReason::PriceMismatch),
			(CallRecord { output_tokens: 100_000, ..record(8) }, RejectReason::AboveAuthorised),
			(record(9), RejectReason::SequenceBeyondVoucher),
		];
		let records: Vec<_> = std::iter::once(record(1))
			.chain(bad.iter().map(|(record, _)| record.clone()))
			.chain([record(8)])
			.collect();
		assert_ok!(settle(&voucher, records));
		for (record, reason) in &bad {
			System::assert_has_event(
				Event::RecordRejected {
					session,
					lane: 0,
					sequence: record.sequence,
					reason: *reason,
				}
				.into(),
			);
		}
		System::assert_has_event(
			Event::VoucherSettled {
				session,
				lane: 0,
				sequence: 8,
				accepted: 2,
				rejected: 10,
				charged: 2 * charge,
			}
			.into(),
		);
	});
}

#[test]
fn a_charge_that_overflows_is_rejected() {
	run(|| {
		let dear = register_model("dear", u128::MAX);
		serve(&[MODEL, dear]);
		let session = open_session(DEPOSIT);
		let voucher = Voucher { model: dear, ..voucher(session, 0, 1, 0, call_charge()) };
		let record = CallRecord { model: dear, output_tokens: 2, ..record(1) };
		assert_noop!(settle(&voucher, vec![record]), Error::<Test>::NothingSettled);
	});
}

#[test]
fn a_model_has_to_exist_and_to_be_served() {
	run(|| {
		let other = register_model("not-served", PRICE);
		let session = open_session(DEPOSIT);
		let genuine = voucher(session, 0, 1, 0, call_charge());
		for (model, reason) in
			[(other, RejectReason::ModelNotServed), (77, RejectReason::UnknownModel)]
		{
			let voucher = Voucher { model, ..genuine };
			let records = [CallRecord { model, ..record(1) }];
			let lane = Default::default();
			let open = crate::Sessions::<Test>::get(session).unwrap();
			let outcome = Metering::price_records(&open, lane, &voucher, &records);
			assert!(outcome.accepted.is_empty());
			assert_eq!(outcome.rejected, vec![(1, reason)]);
			assert_noop!(settle(&voucher, records.to_vec()), Error::<Test>::NothingSettled);
		}
	});
}

/// A node that serves two models cannot settle the calls of one as calls of the other, however well
/// the sums fit.
#[test]
fn a_nodes_own_model_earns_nothing_from_calls_of_another() {
	run(|| {
		let own = register_model("own", PRICE);
		serve(&[MODEL, own]);
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let voucher = voucher(session, 0, 2, charge, charge);
		let own = |sequence| CallRecord { model: own, ..record(sequence) };
		assert_noop!(settle(&voucher, vec![own(1), own(2)]), Error::<Test>::NothingSettled);
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
		assert_noop!(settle_one(session, 3, 1, 0, charge), Error::<Test>::NothingSettled);
		assert_eq!(Balances::balance_on_hold(&HoldReason::Session.into(), &account(CALLER)), 0);
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
		assert_ok!(Metering::close_session(RuntimeOrigin::signed(account(NODE)), session));
		assert_eq!(Lanes::<Test>::iter_prefix(session).count(), 0);
	});
}

#[test]
fn only_what_the_signer_signed_for_this_chain_counts() {
	run(|| {
		let session = open_session(DEPOSIT);
		let good = voucher(session, 0, 1, 0, call_charge());
		let submit = |origin, voucher: &Voucher, signature: Signature, records: Vec<CallRecord>| {
			Metering::settle(
				RuntimeOrigin::signed(account(origin)),
				*voucher,
				signature,
				records.try_into().unwrap(),
			)
		};
		let sign = |voucher: &Voucher| -> Signature {
			pair(SIGNER).sign(&voucher.signing_payload()).into()
		};
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
		let by_caller: Signature = pair(CALLER).sign(&good.signing_payload()).into();
		assert_noop!(submit(NODE, &good, by_caller, one()), Error::<Test>::BadSignature);
		// A signature over the bare fields, without the domain tag.
		let bare: Signature = pair(SIGNER).sign(&good.encode()).into();
		assert_noop!(submit(NODE, &good, bare, one()), Error::<Test>::BadSignature);
		let wrong_kind: Signature =
			ed25519::Pair::from_seed(&[SIGNER; 32]).sign(&good.signing_payload()).into();
		assert_noop!(submit(NODE, &good, wrong_kind, one()), Error::<Test>::BadSignature);

		let wrapped: Signature = pair(SIGNER).sign(&wrap(&good.signing_payload())).into();
		assert_ok!(submit(NODE, &good, wrapped, one()));
	});
}

#[test]
fn pausing_a_model_does_not_void_calls_that_were_served() {
	run(|| {
		let session = open_session(DEPOSIT);
		assert_ok!(Models::pause_model(RuntimeOrigin::signed(account(DEVELOPER)), MODEL));
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
	});
}

#[test]
fn frozen_funds_are_still_promised() {
	run(|| {
		use frame_support::traits::fungible::MutateFreeze;
		let session = open_session(DEPOSIT);
		let all = Balances::total_balance(&account(CALLER));
		Balances::set_freeze(&Frozen, &account(CALLER), all).unwrap();
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
		Balances::thaw(&Frozen, &account(CALLER)).unwrap();
	});
}

#[derive(Clone, Debug)]
enum Step {
	Settle { session: u64, lane: u16, sequence: u64, acknowledged: u128, records: Vec<(u64, u32)> },
	RequestClose(u64),
	Close(u64),
	Claim(u64),
	Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
	let records = vec((0u64..12, 0u32..200), 0..8);
	prop_oneof![
		6 => (0u64..4, 0u16..3, 0u64..12, 0u128..5, records).prop_map(
			|(session, lane, sequence, calls, records)| Step::Settle {
				session,
				lane,
				sequence,
				acknowledged: calls * call_charge(),
				records,
			}
		),
		1 => (0u64..4).prop_map(Step::RequestClose),
		1 => (0u64..4).prop_map(Step::Close),
		2 => (0u64..2).prop_map(Step::Claim),
		1 => (1u32..30).prop_map(Step::Wait),
	]
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(48))]

	/// Random settlements, good and bad, closings and claims: the invariants of all pallets hold
	/// after each, and no planck appears or is lost.
	#[test]
	fn conservation(steps in vec(step(), 1..40)) {
		new_test_ext().execute_with(|| {
			prepare();
			let issuance = Balances::total_issuance();
			for deposit in 1..=3 {
				open_session(deposit * 4 * call_charge());
			}
			for step in steps {
				let _ = frame_support::storage::with_storage_layer(|| match step {
					Step::Settle { session, lane, sequence, acknowledged, records } => {
						let voucher =
							voucher(session, lane, sequence, acknowledged, call_charge());
						let records = records
							.into_iter()
							.map(|(sequence, output_tokens)| CallRecord {
								output_tokens,
								..record(sequence)
							})
							.collect();
						settle(&voucher, records)
					},
					Step::RequestClose(session) => Metering::request_close(
						RuntimeOrigin::signed(account(CALLER)),
						session,
					),
					Step::Close(session) => Metering::close_session(
						RuntimeOrigin::signed(account(CALLER)),
						session,
					)
					.map(|_| ())
					.map_err(|error| error.error),
					Step::Claim(contribution) => try_claim(contribution),
					Step::Wait(blocks) => {
						System::set_block_number(System::block_number() + blocks);
						Ok(())
					},
				});
				check_invariants();
				prop_assert_eq!(Balances::total_issuance(), issuance);
			}

			// Everybody leaves.
			System::set_block_number(10_000);
			for session in 0..3 {
				let _ = Metering::close_session(RuntimeOrigin::signed(account(NODE)), session);
			}
			for contribution in 0..2 {
				let _ = try_claim(contribution);
			}
			check_invariants();
			prop_assert_eq!(
				Balances::balance_on_hold(&HoldReason::Session.into(), &account(CALLER)),
				0
			);
			prop_assert_eq!(data_pot_surplus(), carried());
			Ok(())
		})?;
	}
}
