//! Opening and closing sessions.

use super::run;
use crate::{mock::*, Error, Event, HoldReason, Lanes, Sessions};
use frame_support::{
	assert_noop, assert_ok,
	traits::fungible::{Inspect, InspectHold},
};
use openledger_primitives::ids::OPEN;
use sp_runtime::TokenError;

fn held(seed: u8) -> u128 {
	Balances::balance_on_hold(&HoldReason::Session.into(), &account(seed))
}

#[test]
fn opening_holds_the_deposit() {
	run(|| {
		let session = open_session(DEPOSIT);
		System::assert_last_event(
			Event::SessionOpened {
				session,
				caller: account(CALLER),
				node: account(NODE),
				deposit: DEPOSIT,
				expires_at: 101,
			}
			.into(),
		);
		assert_eq!(held(CALLER), DEPOSIT);
		let info = Metering::session_info(session).unwrap();
		assert_eq!((info.deposit, info.settled, info.expires_at), (DEPOSIT, 0, 101));
		assert_eq!(open_session(DEPOSIT), session + 1);
		assert_eq!(held(CALLER), 2 * DEPOSIT);
	});
}

#[test]
fn bad_openings_are_refused() {
	run(|| {
		let open = |node, deposit, expires_at| {
			Metering::open_session(
				RuntimeOrigin::signed(account(CALLER)),
				account(node),
				deposit,
				account(SIGNER),
				expires_at,
			)
		};
		assert_noop!(open(STRANGER, DEPOSIT, 101), Error::<Test>::UnknownNode);
		assert_noop!(open(NODE, MIN_DEPOSIT - 1, 101), Error::<Test>::DepositTooSmall);
		assert_noop!(open(NODE, DEPOSIT, 10), Error::<Test>::ExpiryTooSoon);
		assert_noop!(open(NODE, DEPOSIT, 1_002), Error::<Test>::ExpiryTooLate);
		assert_noop!(open(NODE, 1_000_000_000 * OPEN, 101), TokenError::FundsUnavailable);
		assert_ok!(open(NODE, DEPOSIT, 11));
		assert_ok!(open(NODE, DEPOSIT, 1_001));
	});
}

#[test]
fn the_node_closes_at_once_and_gives_up_what_it_did_not_settle() {
	run(|| {
		let before = Balances::balance(&account(CALLER));
		let session = open_session(DEPOSIT);
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
		let close = |seed| Metering::close_session(RuntimeOrigin::signed(account(seed)), session);
		assert_noop!(close(CALLER), Error::<Test>::NotYetClosable);
		assert_noop!(close(STRANGER), Error::<Test>::NotYetClosable);
		assert_ok!(close(NODE));
		let refunded = DEPOSIT - call_charge();
		System::assert_last_event(Event::SessionClosed { session, refunded }.into());
		assert_eq!(held(CALLER), 0);
		assert_eq!(Balances::balance(&account(CALLER)), before - call_charge());
		assert!(!Sessions::<Test>::contains_key(session));
		assert_eq!(Lanes::<Test>::iter_prefix(session).count(), 0);
		assert_noop!(close(NODE), Error::<Test>::UnknownSession);
		assert_noop!(
			settle_one(session, 0, 2, call_charge(), call_charge()),
			Error::<Test>::UnknownSession
		);
	});
}

#[test]
fn the_caller_closes_after_a_notice_in_which_the_node_still_settles() {
	run(|| {
		let session = open_session(DEPOSIT);
		let request = |seed| Metering::request_close(RuntimeOrigin::signed(account(seed)), session);
		let close = |seed| Metering::close_session(RuntimeOrigin::signed(account(seed)), session);
		assert_noop!(request(NODE), Error::<Test>::NotSessionCaller);
		assert_ok!(request(CALLER));
		System::assert_last_event(Event::CloseRequested { session, closes_at: 21 }.into());
		assert_noop!(request(CALLER), Error::<Test>::AlreadyClosing);

		System::set_block_number(20);
		assert_noop!(close(CALLER), Error::<Test>::NotYetClosable);
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
		System::set_block_number(21);
		// Anyone may, and the money goes to the caller all the same.
		assert_ok!(close(STRANGER));
		assert_eq!(held(CALLER), 0);
		assert_noop!(request(CALLER), Error::<Test>::UnknownSession);
	});
}

#[test]
fn an_expired_session_can_be_settled_for_a_while_and_then_closed_by_anyone() {
	run(|| {
		let session = open_session(DEPOSIT);
		let close = || Metering::close_session(RuntimeOrigin::signed(account(STRANGER)), session);
		System::set_block_number(101 + 39);
		assert_noop!(close(), Error::<Test>::NotYetClosable);
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
		System::set_block_number(101 + 40);
		assert_ok!(close());
		assert_eq!(held(CALLER), 0);
	});
}
