//! Opening, changing and closing sessions.

use super::run;
use crate::{mock::*, Error, Event, Lanes, NextSessionId, Nodes, Sessions};
use frame_support::{assert_noop, assert_ok, traits::fungible::Mutate};
use openledger_primitives::{
	ids::{MILLI_OPEN, OPEN},
	lane::CloseAgreement,
	signing::{wrap, Signed},
	Hash, Signature,
};
use sp_core::Pair;
use sp_runtime::{DispatchResult, TokenError};

fn close(seed: u8, session: u64) -> DispatchResult {
	plain(Metering::close_session(signed(seed), session))
}

#[test]
fn opening_holds_the_deposits() {
	run(|| {
		let session = NextSessionId::<Test>::get();
		let signer = account(SIGNER);
		let open =
			|| Metering::open_session(signed(CALLER), account(NODE), DEPOSIT, signer.clone(), 101);
		assert_ok!(open());
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
		assert_eq!((held(CALLER), held_for_places(CALLER)), (DEPOSIT, PLACE));
		let info = Metering::session_info(session).unwrap();
		assert_eq!((info.deposit, info.settled, info.expires_at), (DEPOSIT, 0, 101));
		assert_eq!(info.spending_limit, u128::MAX);
		assert_eq!(open_session_with_limit(DEPOSIT, 7), session + 1);
		assert_eq!(Metering::session_info(session + 1).unwrap().spending_limit, 7);
		assert_eq!((held(CALLER), held_for_places(CALLER)), (2 * DEPOSIT, 2 * PLACE));
		assert_eq!(Metering::node_info(account(NODE)).unwrap().sessions, 2);
	});
}

#[test]
fn bad_openings_are_refused() {
	run(|| {
		let open = |node, deposit, expires_at| {
			let signer = account(SIGNER);
			Metering::open_session(signed(CALLER), account(node), deposit, signer, expires_at)
		};
		assert_noop!(open(STRANGER, DEPOSIT, 101), Error::<Test>::UnknownNode);
		assert_noop!(open(NODE, MIN_DEPOSIT - 1, 101), Error::<Test>::DepositTooSmall);
		assert_noop!(open(NODE, DEPOSIT, 10), Error::<Test>::ExpiryTooSoon);
		assert_noop!(open(NODE, DEPOSIT, 1_002), Error::<Test>::ExpiryTooLate);
		assert_noop!(open(NODE, 1_000_000_000 * OPEN, 101), TokenError::FundsUnavailable);
		// Enough for the deposit, but not for the place.
		assert_noop!(open(NODE, WEALTH - MILLI_OPEN, 101), TokenError::FundsUnavailable);
		assert_ok!(open(NODE, DEPOSIT, 11));
		assert_ok!(open(NODE, DEPOSIT, 1_001));
		assert_ok!(Metering::start_unbonding(signed(NODE)));
		assert_noop!(open(NODE, DEPOSIT, 101), Error::<Test>::NodeNotActive);
		assert_ok!(Metering::cancel_unbonding(signed(NODE)));
		NextSessionId::<Test>::put(u64::MAX);
		assert_noop!(open(NODE, DEPOSIT, 101), Error::<Test>::IdsExhausted);
	});
}

#[test]
fn a_session_is_topped_up() {
	run(|| {
		let session = open_session(DEPOSIT);
		let top_up = |seed, amount| Metering::top_up(signed(seed), session, amount);
		assert_ok!(top_up(CALLER, OPEN));
		System::assert_last_event(
			Event::SessionToppedUp { session, amount: OPEN, deposit: DEPOSIT + OPEN }.into(),
		);
		assert_eq!(held(CALLER), DEPOSIT + OPEN);
		assert_noop!(top_up(CALLER, 0), Error::<Test>::ZeroAmount);
		assert_noop!(top_up(NODE, 1), Error::<Test>::NotSessionCaller);
		assert_noop!(top_up(CALLER, u128::MAX), Error::<Test>::Overflow);
		assert_noop!(top_up(CALLER, WEALTH), TokenError::FundsUnavailable);
		assert_noop!(
			Metering::top_up(signed(CALLER), session + 1, 1),
			Error::<Test>::UnknownSession
		);
		System::set_block_number(101);
		assert_noop!(top_up(CALLER, 1), Error::<Test>::SessionExpired);
		System::set_block_number(100);
		assert_ok!(Metering::request_close(signed(CALLER), session));
		assert_noop!(top_up(CALLER, 1), Error::<Test>::SessionClosing);
	});
}

#[test]
fn a_session_is_extended() {
	run(|| {
		let session = open_session(DEPOSIT);
		let extend = |seed, to| Metering::extend_session(signed(seed), session, to);
		assert_ok!(extend(CALLER, 200));
		System::assert_last_event(Event::SessionExtended { session, expires_at: 200 }.into());
		assert_eq!(Metering::session_info(session).unwrap().expires_at, 200);
		assert_noop!(extend(NODE, 300), Error::<Test>::NotSessionCaller);
		assert_noop!(extend(CALLER, 200), Error::<Test>::NotAnExtension);
		assert_noop!(extend(CALLER, 1_002), Error::<Test>::ExpiryTooLate);
		assert_noop!(
			Metering::extend_session(signed(CALLER), session + 1, 300),
			Error::<Test>::UnknownSession
		);
		// Even after it has expired, unless somebody has closed it.
		System::set_block_number(239);
		assert_noop!(extend(CALLER, 248), Error::<Test>::ExpiryTooSoon);
		assert_ok!(extend(CALLER, 249));
		assert_noop!(close(STRANGER, session), Error::<Test>::NotYetClosable);
		assert_ok!(Metering::start_unbonding(signed(NODE)));
		assert_noop!(extend(CALLER, 300), Error::<Test>::NodeNotActive);
		assert_ok!(Metering::request_close(signed(CALLER), session));
		assert_noop!(extend(CALLER, 300), Error::<Test>::SessionClosing);
	});
}

#[test]
fn a_hot_key_spends_up_to_its_limit_and_the_caller_beyond_it() {
	run(|| {
		let charge = call_charge();
		let session = open_session_with_limit(DEPOSIT, 2 * charge);
		settle_one(session, 0, 1, 0, charge).unwrap();
		settle_one(session, 1, 1, 0, charge).unwrap();
		assert_noop!(settle_one(session, 2, 1, 0, charge), Error::<Test>::AboveSpendingLimit);
		// The caller's own signature counts up to the deposit, and uses up none of the limit.
		let own = voucher(session, 2, 1, 0, charge);
		assert_ok!(settle_calls_by(CALLER, &own, vec![record(1)]));
		let stored = Sessions::<Test>::get(session).unwrap();
		assert_eq!((stored.settled, stored.spent), (3 * charge, 2 * charge));

		assert_ok!(Metering::set_spending_limit(signed(CALLER), session, 3 * charge));
		settle_one(session, 3, 1, 0, charge).unwrap();
		assert_noop!(settle_one(session, 4, 1, 0, charge), Error::<Test>::AboveSpendingLimit);
		assert_noop!(
			settle_calls_by(STRANGER, &voucher(session, 4, 1, 0, charge), vec![record(1)]),
			Error::<Test>::BadSignature
		);
	});
}

#[test]
fn the_callers_own_key_has_no_limit() {
	run(|| {
		let session = NextSessionId::<Test>::get();
		let (node, caller) = (account(NODE), account(CALLER));
		assert_ok!(Metering::open_session_with_limit(
			signed(CALLER),
			node,
			DEPOSIT,
			caller,
			0,
			101
		));
		System::set_block_number(2);
		let voucher = voucher(session, 0, 1, 0, call_charge());
		assert_noop!(settle_calls(&voucher, vec![record(1)]), Error::<Test>::BadSignature);
		assert_ok!(settle_calls_by(CALLER, &voucher, vec![record(1)]));
	});
}

#[test]
fn a_limit_rises_at_once_and_sinks_after_a_notice() {
	run(|| {
		let charge = call_charge();
		let session = open_session_with_limit(DEPOSIT, 2 * charge);
		let set = |limit| Metering::set_spending_limit(signed(CALLER), session, limit);
		let limit = || Metering::session_info(session).unwrap().spending_limit;
		assert_noop!(set(2 * charge), Error::<Test>::SameLimit);
		assert_ok!(set(charge));
		System::assert_last_event(
			Event::SpendingLimitSet { session, limit: charge, from: 21 }.into(),
		);
		// A node learns of it at once.
		assert_eq!(limit(), charge);
		assert_noop!(set(charge), Error::<Test>::SameLimit);
		System::set_block_number(20);
		settle_one(session, 0, 1, 0, charge).unwrap();
		// What was announced is replaced: the notice begins anew.
		assert_ok!(set(charge + 1));
		System::set_block_number(39);
		settle_one(session, 1, 1, 0, charge).unwrap();
		System::set_block_number(40);
		assert_eq!(limit(), charge + 1);
		assert_noop!(settle_one(session, 2, 1, 0, charge), Error::<Test>::AboveSpendingLimit);
		assert_noop!(set(charge + 1), Error::<Test>::SameLimit);
		// Back to where it was, at once; what waits is dropped.
		assert_ok!(set(0));
		assert_ok!(set(3 * charge));
		System::assert_last_event(
			Event::SpendingLimitSet { session, limit: 3 * charge, from: 40 }.into(),
		);
		System::set_block_number(70);
		assert_eq!(limit(), 3 * charge);
		settle_one(session, 2, 1, 0, charge).unwrap();

		assert_noop!(
			Metering::set_spending_limit(signed(NODE), session, 1),
			Error::<Test>::NotSessionCaller
		);
		assert_noop!(
			Metering::set_spending_limit(signed(CALLER), session + 1, 1),
			Error::<Test>::UnknownSession
		);
	});
}

#[test]
fn the_node_closes_at_once_and_gives_up_what_it_did_not_settle() {
	run(|| {
		let before = balance(CALLER);
		let session = open_session(DEPOSIT);
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
		for seed in [CALLER, STRANGER] {
			assert_noop!(close(seed, session), Error::<Test>::NotYetClosable);
		}
		assert_ok!(close(NODE, session));
		let refunded = DEPOSIT - call_charge();
		System::assert_last_event(Event::SessionClosed { session, refunded }.into());
		assert_eq!((held(CALLER), held_for_places(CALLER)), (0, 0));
		assert_eq!(balance(CALLER), before - call_charge());
		assert!(!Sessions::<Test>::contains_key(session));
		assert_eq!(Lanes::<Test>::iter_prefix(session).count(), 0);
		assert_eq!(Metering::node_info(account(NODE)).unwrap().sessions, 0);
		assert_noop!(close(NODE, session), Error::<Test>::UnknownSession);
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
		let request = |seed| Metering::request_close(signed(seed), session);
		assert_noop!(request(NODE), Error::<Test>::NotSessionCaller);
		assert_ok!(request(CALLER));
		System::assert_last_event(Event::CloseRequested { session, closes_at: 21 }.into());
		assert_noop!(request(CALLER), Error::<Test>::AlreadyClosing);

		System::set_block_number(20);
		assert_noop!(close(CALLER, session), Error::<Test>::NotYetClosable);
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
		System::set_block_number(21);
		// Anyone may, and the money goes to the caller all the same.
		assert_ok!(close(STRANGER, session));
		assert_eq!((held(CALLER), held_for_places(CALLER)), (0, 0));
		assert_eq!(balance(STRANGER), WEALTH);
		assert_noop!(request(CALLER), Error::<Test>::UnknownSession);
	});
}

#[test]
fn an_expired_session_can_be_settled_for_a_while_and_then_closed_by_anyone() {
	run(|| {
		let session = open_session(DEPOSIT);
		System::set_block_number(101 + 39);
		assert_noop!(close(STRANGER, session), Error::<Test>::NotYetClosable);
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
		System::set_block_number(101 + 40);
		// Nobody needs to settle in a hurry: the last block, too, is the node's alone.
		for seed in [CALLER, STRANGER] {
			assert_noop!(close(seed, session), Error::<Test>::NotYetClosable);
		}
		settle_one(session, 0, 2, call_charge(), call_charge()).unwrap();
		System::set_block_number(101 + 41);
		assert_ok!(close(STRANGER, session));
		assert_eq!((held(CALLER), held_for_places(CALLER)), (0, 0));
	});
}

#[test]
fn who_cleans_up_is_rewarded() {
	run(|| {
		let caller_before = balance(CALLER);
		let sessions: Vec<_> = (0..4).map(|_| open_session(DEPOSIT)).collect();
		System::set_block_number(101 + 41);
		assert_ok!(close(STRANGER, sessions[0]));
		let amount = PLACE * 3 / 10;
		System::assert_has_event(
			Event::CleanupRewarded { session: sessions[0], account: account(STRANGER), amount }
				.into(),
		);
		assert_eq!(balance(STRANGER), WEALTH + amount);
		// Not for one's own sessions.
		assert_ok!(close(CALLER, sessions[1]));
		assert_ok!(close(NODE, sessions[2]));
		assert_eq!(balance(CALLER) + held(CALLER) + PLACE, caller_before - amount);
		// An account that cannot take the reward goes without it.
		let poor = 50;
		Balances::set_balance(&account(poor), 0);
		Sessions::<Test>::mutate(sessions[3], |session| {
			let session = session.as_mut().unwrap();
			session.storage_deposit = MILLI_OPEN;
		});
		let rest = PLACE - MILLI_OPEN;
		let reason = crate::HoldReason::SessionStorage.into();
		use frame_support::traits::{fungible::MutateHold, tokens::Precision};
		Balances::release(&reason, &account(CALLER), rest, Precision::Exact).unwrap();
		assert_ok!(close(poor, sessions[3]));
		assert_eq!(balance(poor), 0);
		assert_eq!(held_for_places(CALLER), 0);
		assert_eq!(balance(CALLER), caller_before - amount);
	});
}

#[test]
fn both_agree_to_close_at_once() {
	run(|| {
		let session = open_session(DEPOSIT);
		let early = agreement_to_close(session);
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
		// An agreement from before a settlement is void.
		let refused = close_by_agreement(CALLER, RECEIPTS, early);
		assert_eq!(refused, Err(Error::<Test>::AgreementOutdated.into()));
		let good = agreement_to_close(session);
		assert_eq!(good.settled, call_charge());
		for seed in [NODE, CALLER] {
			let refused = close_by_agreement(CALLER, seed, good);
			assert_eq!(refused, Err(Error::<Test>::BadSignature.into()));
		}
		let fork = CloseAgreement { genesis_hash: Hash::repeat_byte(7), ..good };
		let refused = close_by_agreement(CALLER, RECEIPTS, fork);
		assert_eq!(refused, Err(Error::<Test>::WrongChain.into()));
		let refused = close_by_agreement(STRANGER, RECEIPTS, good);
		assert_eq!(refused, Err(Error::<Test>::NotSessionCaller.into()));
		let wrapped: Signature = pair(RECEIPTS).sign(&wrap(&good.signing_payload())).into();
		assert_ok!(Metering::close_by_agreement(signed(CALLER), good.into(), wrapped));
		System::assert_last_event(
			Event::SessionClosed { session, refunded: DEPOSIT - call_charge() }.into(),
		);
		assert_eq!((held(CALLER), held_for_places(CALLER)), (0, 0));
		let refused = close_by_agreement(CALLER, RECEIPTS, good);
		assert_eq!(refused, Err(Error::<Test>::UnknownSession.into()));
		assert_eq!(Nodes::<Test>::get(account(NODE)).unwrap().liable_until, 101);
	});
}

/// Governance that makes the window shorter, or longer, does not touch what was agreed before.
#[test]
fn the_time_to_settle_is_that_of_the_opening() {
	run(|| {
		let session = open_session(DEPOSIT);
		SettlementWindow::set(5);
		let later = open_session(DEPOSIT);
		let charge = call_charge();
		let settle = |session, sequence: u64| {
			settle_one(session, 0, sequence, u128::from(sequence - 1) * charge, charge)
		};
		System::set_block_number(106);
		assert_ok!(settle(session, 1));
		assert_noop!(close(STRANGER, session), Error::<Test>::NotYetClosable);
		assert_ok!(settle(later, 1));
		SettlementWindow::set(1_000);
		System::set_block_number(107);
		assert_ok!(close(STRANGER, later));
		System::set_block_number(141);
		assert_noop!(close(STRANGER, session), Error::<Test>::NotYetClosable);
		assert_ok!(settle(session, 2));
		System::set_block_number(142);
		assert_ok!(close(STRANGER, session));
	});
}

/// Closed by somebody or not: nothing can be settled when the keys that would prove it
/// wrong need not be kept any more.
#[test]
fn an_expired_session_cannot_be_settled_for_ever() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let late = voucher(session, 0, 2, charge, charge);
		System::set_block_number(142);
		assert_noop!(settle_calls(&late, vec![record(1)]), Error::<Test>::SettlementOver);
		// Unless the caller wants it to last.
		assert_ok!(Metering::extend_session(signed(CALLER), session, 152));
		assert_eq!(Sessions::<Test>::get(session).unwrap().settle_until, 192);
		assert_ok!(settle_calls(&late, vec![record(1)]));
	});
}

#[test]
fn extending_a_session_never_shortens_the_time_to_settle_it() {
	run(|| {
		let session = open_session(DEPOSIT);
		let settle_until = || Sessions::<Test>::get(session).unwrap().settle_until;
		SettlementWindow::set(5);
		assert_ok!(Metering::extend_session(signed(CALLER), session, 110));
		assert_eq!(settle_until(), 150);
		assert_ok!(Metering::extend_session(signed(CALLER), session, 150));
		assert_eq!(settle_until(), 190);
		assert_eq!(Nodes::<Test>::get(account(NODE)).unwrap().settles_until, 190);
		// A longer one is for it as well.
		SettlementWindow::set(60);
		assert_ok!(Metering::extend_session(signed(CALLER), session, 151));
		assert_eq!(settle_until(), 211);
	});
}
