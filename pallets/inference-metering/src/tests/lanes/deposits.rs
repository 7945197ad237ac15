//! What operators put up for the places of lanes.

use super::*;
use crate::{Error, Lanes, Sessions};
use frame_support::{
	assert_noop, assert_ok,
	traits::{
		fungible::{Inspect, Mutate},
		tokens::{Fortitude, Preservation},
	},
};
use openledger_primitives::lane::CloseAgreement;

/// A session with so many settled lanes.
fn with_lanes(lanes: u16) -> SessionId {
	let session = open_session(DEPOSIT);
	settle_lanes(session, 0..lanes).unwrap();
	session
}

fn settle_lanes(session: SessionId, lanes: Range<u16>) -> DispatchResult {
	settle(lanes.map(|lane| Book::with_calls(session, lane, 1).settlement()).collect())
}

/// Gives away all that the operator has but so much beside what must stay.
fn leave(amount: Balance) {
	let free = Balances::reducible_balance(&account(NODE), Preservation::Protect, Fortitude::Force);
	Balances::transfer(&account(NODE), &account(STRANGER), free - amount, Preservation::Preserve)
		.unwrap();
}

#[test]
fn a_lane_costs_a_deposit_when_it_is_first_settled() {
	run(|| {
		let session = open_session(DEPOSIT);
		let mut book = Book::with_calls(session, 0, 1);
		let before = balance(NODE);
		let node = |items: &[SettledItem]| {
			let [SettledItem::Call(call)] = items else { panic!("{items:?}") };
			call.parts.node(call.charge).unwrap()
		};

		assert_ok!(settle(vec![book.settlement()]));

		let earned = node(&settled_lanes()[0].1);
		assert_eq!(balance(NODE), before + earned - LANE_PLACE);
		assert_eq!(held_for_lanes(NODE), LANE_PLACE);
		assert_eq!(Sessions::<Test>::get(session).unwrap().lane_deposits, LANE_PLACE);
		// Only once.
		book.call(record(2));
		assert_ok!(settle(vec![book.settlement()]));
		assert_eq!(held_for_lanes(NODE), LANE_PLACE);
		assert_ok!(settle_lanes(session, 2..5));
		assert_eq!(held_for_lanes(NODE), 4 * LANE_PLACE);
		assert_eq!(Sessions::<Test>::get(session).unwrap().lanes, 4);
	});
}

#[test]
fn a_lane_that_is_rejected_costs_none() {
	run(|| {
		let session = open_session(DEPOSIT);
		let bad = settlement_by(
			STRANGER,
			&Book::with_calls(session, 0, 1).voucher(),
			vec![records(vec![record(1)])],
		);
		let nothing =
			settlement(&Book::with_calls(session, 1, 1).voucher(), vec![records(vec![record(7)])]);

		assert_ok!(settle(vec![bad, nothing, Book::with_calls(session, 2, 1).settlement()]));

		assert_eq!(held_for_lanes(NODE), LANE_PLACE);
		assert_eq!(Lanes::<Test>::iter_prefix(session).count(), 1);
	});
}

/// As many lanes as the operator has deposits for; those that were settled before go on.
#[test]
fn an_operator_without_the_funds_settles_no_more_lanes() {
	run(|| {
		let session = with_lanes(1);
		// What is earned does not come back.
		assert_ok!(Metering::set_payee(signed(NODE), Some(account(STRANGER))));
		leave(2 * LANE_PLACE + 1);
		let mut known = Book::with_calls(session, 0, 1);
		known.call(record(2));
		let mut lanes: Vec<_> =
			(1..4).map(|lane| Book::with_calls(session, lane, 1).settlement()).collect();
		lanes.push(known.settlement());
		System::reset_events();

		assert_ok!(settle(lanes));

		let settled: Vec<_> = settled_lanes().iter().map(|(header, _)| header.lane).collect();
		assert_eq!(settled, [1, 2, 0]);
		let reason = Error::<Test>::NoLaneDeposit.into();
		System::assert_has_event(Event::LaneRejected { session, lane: 3, reason }.into());
		assert_eq!(held_for_lanes(NODE), 3 * LANE_PLACE);
		assert_noop!(settle_lanes(session, 3..4), Error::<Test>::NoLaneDeposit);
		Balances::mint_into(&account(NODE), LANE_PLACE).unwrap();
		assert_ok!(settle_lanes(session, 3..4));
	});
}

/// However a session is closed, the operator gets the deposits back, and they pay nobody else.
#[test]
fn the_deposits_come_back_with_the_session() {
	type Close = fn(SessionId);
	let ways: [Close; 5] = [
		|session| {
			assert_ok!(Metering::close_session(signed(NODE), session));
		},
		|session| {
			assert_ok!(Metering::request_close(signed(CALLER), session));
			System::set_block_number(21);
			assert_ok!(Metering::close_session(signed(CALLER), session));
		},
		|session| {
			assert_ok!(Metering::request_close(signed(CALLER), session));
			System::set_block_number(21);
			assert_ok!(Metering::close_session(signed(STRANGER), session));
		},
		|session| {
			System::set_block_number(142);
			assert_ok!(Metering::close_session(signed(STRANGER), session));
		},
		|session| {
			assert_ok!(close_by_agreement(CALLER, RECEIPTS, agreement_to_close(session)));
		},
	];
	for close in ways {
		run(|| {
			let other = with_lanes(2);
			let session = with_lanes(3);
			let before = balance(NODE);
			assert_eq!(held_for_lanes(NODE), 5 * LANE_PLACE);
			close(session);
			assert_eq!(held_for_lanes(NODE), 2 * LANE_PLACE);
			assert_eq!(balance(NODE), before + 3 * LANE_PLACE);
			assert!(Sessions::<Test>::contains_key(other));
			assert_eq!(Lanes::<Test>::iter().count(), 2);
			check_invariants();
			assert_ok!(Metering::close_session(signed(NODE), other));
			assert_eq!(held_for_lanes(NODE), 0);
		});
	}
}

#[test]
fn an_agreement_to_close_is_of_this_session_as_it_is_now() {
	run(|| {
		let session = with_lanes(1);
		let agreed = agreement_to_close(session);
		let refusals = [
			(
				CALLER,
				RECEIPTS,
				CloseAgreement { session: 7, ..agreed },
				Error::<Test>::UnknownSession,
			),
			(STRANGER, RECEIPTS, agreed, Error::NotSessionCaller),
			(
				CALLER,
				RECEIPTS,
				CloseAgreement { genesis_hash: Hash::zero(), ..agreed },
				Error::WrongChain,
			),
			(
				CALLER,
				RECEIPTS,
				CloseAgreement { extension: Some(Hash::zero()), ..agreed },
				Error::UnknownExtension,
			),
			(
				CALLER,
				RECEIPTS,
				CloseAgreement { settled: agreed.settled - 1, ..agreed },
				Error::AgreementOutdated,
			),
			(CALLER, NODE, agreed, Error::BadSignature),
			(CALLER, SIGNER, agreed, Error::BadSignature),
		];
		for (seed, key, agreement, error) in refusals {
			let error = sp_runtime::DispatchError::from(error);
			assert_noop!(close_by_agreement(seed, key, agreement), error);
		}
		assert_ok!(settle_lanes(session, 1..2));
		assert_noop!(
			close_by_agreement(CALLER, RECEIPTS, agreed),
			Error::<Test>::AgreementOutdated
		);
		assert_ok!(close_by_agreement(CALLER, RECEIPTS, agreement_to_close(session)));
		let refunded = DEPOSIT - 2 * call_charge();
		System::assert_last_event(Event::SessionClosed { session, refunded }.into());
	});
}
