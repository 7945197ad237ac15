//! Claims on open calls, and those who would make something of them.

use crate::{mock::*, Deadlines, Error, Event, MAX_CLAIMS};
use frame_support::{
	assert_noop, assert_ok,
	traits::{fungible::InspectHold, LockableCurrency, WithdrawReasons},
};
use openledger_primitives::{
	on_chain::{DeclineReason, Refusal},
	Balance, RequestId,
};
use sp_runtime::{DispatchError, TokenError};

/// How many who serve the model, from this one on.
const CROWD: u8 = 50;

/// Another operator who serves the model, and can claim once.
fn another(number: u8) -> u8 {
	let seed = CROWD + number;
	Nodes::set(seed, MODEL, true);
	let root = RuntimeOrigin::root();
	assert_ok!(Balances::force_set_balance(root, account(seed), 10 * ClaimDeposit::get()));
	seed
}

/// Those who claimed a request in vain, and how.
fn refusals(request: RequestId) -> Vec<Refusal> {
	let stored = crate::Requests::<Test>::get(request).unwrap();
	stored.refusals.into_iter().map(|(_, refusal)| refusal).collect()
}

#[test]
fn a_claim_holds_a_deposit_until_the_answer() {
	run(|| {
		let id = request();
		go_to(2);
		claim(NODE, id);
		let deposit = ClaimDeposit::get();
		assert_eq!(held_for_claims(NODE), deposit);
		System::assert_last_event(
			Event::CallClaimed { request: id, node: account(NODE), deposit, until: 7 }.into(),
		);
		assert_ok!(answer(NODE, id));
		assert_eq!(held_for_claims(NODE), 0);
	});
}

/// A bot that answers each open call first, with whatever it has at hand.
#[test]
fn nobody_answers_a_call_that_another_node_has_claimed() {
	run(|| {
		let id = request();
		go_to(2);
		assert_noop!(answer(OTHER_NODE, id), Error::<Test>::NotClaimed);
		claim(NODE, id);
		let junk = || answer_with_all(OTHER_NODE, id, output(b"x"), 1, 1, attribution(0));
		assert_noop!(junk(), Error::<Test>::NotClaimed);
		assert_noop!(Requests::claim_call(origin(OTHER_NODE), id), Error::<Test>::AlreadyClaimed);
		assert_eq!(total(CALLER), WEALTH);
		assert_ok!(answer(NODE, id));
	});
}

/// A node that sees an answer in the pool, and sends the same before it.
#[test]
fn an_answer_copied_from_the_pool_is_worth_nothing() {
	run(|| {
		let id = asked();
		let entries = attribution(2);
		let honest = statement(id, &output(OUTPUT), INPUT_TOKENS, OUTPUT_TOKENS, &entries);
		let signature =
			sign(NODE, &openledger_primitives::signing::Signed::signing_payload(&honest));
		let copied = Requests::fulfil_call(
			origin(OTHER_NODE),
			id,
			output(OUTPUT),
			INPUT_TOKENS,
			OUTPUT_TOKENS,
			entries,
			signature,
		);
		assert_eq!(copied.unwrap_err().error, Error::<Test>::NotClaimed.into());
		assert_ok!(answer(NODE, id));
	});
}

/// A node that claims calls so that no other answers them.
#[test]
fn who_claims_and_sits_pays_for_it_and_cannot_again() {
	run(|| {
		let id = request();
		claim(OTHER_NODE, id);
		go_to(6);
		assert_noop!(Requests::claim_call(origin(NODE), id), Error::<Test>::AlreadyClaimed);
		go_to(7);
		// Too late, too.
		assert_noop!(answer(OTHER_NODE, id), Error::<Test>::NotClaimed);
		assert_noop!(Requests::claim_call(origin(OTHER_NODE), id), Error::<Test>::AlreadyRefused);
		claim(NODE, id);
		let lost = ClaimDeposit::get();
		System::assert_has_event(
			Event::ClaimForfeited { request: id, node: account(OTHER_NODE), lost }.into(),
		);
		assert_eq!((held_for_claims(OTHER_NODE), total(OTHER_NODE)), (0, WEALTH - lost));
		assert_eq!(total(PROTOCOL), WEALTH + lost);
		assert_eq!(refusals(id), [Refusal::Lapsed]);
		assert_noop!(Requests::claim_call(origin(OTHER_NODE), id), Error::<Test>::AlreadyClaimed);
		assert_ok!(answer(NODE, id));
	});
}

/// A caller who keeps answers back, or asks what nobody can answer, and would be paid for it.
#[test]
fn a_caller_gains_nothing_from_a_claim_that_lapses() {
	run(|| {
		let id = request();
		claim(NODE, id);
		go_to_without_sweep(12);
		assert_ok!(Requests::expire_call(origin(CALLER), id));
		assert_eq!((held(CALLER), total(CALLER)), ((0, 0), WEALTH));
		assert_eq!(total(NODE), WEALTH - ClaimDeposit::get());
		assert_eq!(total(PROTOCOL), WEALTH + ClaimDeposit::get());
		let refused = vec![(account(NODE), Refusal::Lapsed)];
		System::assert_last_event(
			Event::CallExpired {
				request: id,
				caller: account(CALLER),
				released: MAX_CHARGE,
				deposit: deposit(),
				cancelled: false,
				refusals: refused.try_into().unwrap(),
			}
			.into(),
		);
	});
}

#[test]
fn a_claim_that_lapsed_is_forfeited_by_the_sweep() {
	run(|| {
		let id = request();
		claim(NODE, id);
		go_to(13);
		assert!(crate::Requests::<Test>::get(id).is_none());
		assert_eq!((held_for_claims(NODE), total(NODE)), (0, WEALTH - ClaimDeposit::get()));
	});
}

/// A caller who reads the answer on its way, and wants its money back.
#[test]
fn a_caller_who_cancels_leaves_a_claim_all_of_its_time() {
	run(|| {
		CancelNotice::set(0);
		let id = request();
		go_to(2);
		claim(NODE, id);
		assert_ok!(Requests::cancel_call(origin(CALLER), id));
		let stored = crate::Requests::<Test>::get(id).unwrap();
		assert_eq!((stored.cancelled_at, stored.slot), (Some(8), Some(8)));
		assert_noop!(Requests::claim_call(origin(OTHER_NODE), id), Error::<Test>::Cancelled);
		go_to(7);
		assert_noop!(Requests::expire_call(origin(CALLER), id), Error::<Test>::NotOver);
		assert_ok!(answer(NODE, id));
		assert_eq!(total(CALLER), WEALTH - call_charge());
	});
}

#[test]
fn a_call_that_is_cancelled_is_not_claimed() {
	run(|| {
		let id = request();
		assert_ok!(Requests::cancel_call(origin(CALLER), id));
		assert_noop!(Requests::claim_call(origin(NODE), id), Error::<Test>::Cancelled);
		go_to_without_sweep(5);
		assert_noop!(Requests::claim_call(origin(NODE), id), Error::<Test>::Cancelled);
	});
}

#[test]
fn a_claim_ends_with_its_call() {
	run(|| {
		let id = request();
		go_to(9);
		claim(NODE, id);
		let until = crate::Requests::<Test>::get(id).unwrap().claim.unwrap().until;
		assert_eq!(until, 11);
		assert_ok!(Requests::cancel_call(origin(CALLER), id));
		assert_eq!(crate::Requests::<Test>::get(id).unwrap().ends_at(), 12);
		go_to(11);
		assert_ok!(answer(NODE, id));

		let late = request();
		go_to_without_sweep(22);
		assert_noop!(Requests::claim_call(origin(NODE), late), Error::<Test>::DeadlinePassed);
	});
}

#[test]
fn only_open_calls_are_claimed_by_who_serves_the_model() {
	run(|| {
		assert_ok!(try_request(Some(NODE), MAX_CHARGE, 11));
		let open = request();
		for node in [NODE, OTHER_NODE] {
			assert_noop!(Requests::claim_call(origin(node), 0), Error::<Test>::NotOpen);
		}
		assert_noop!(Requests::claim_call(origin(STRANGER), open), Error::<Test>::ModelNotServed);
		assert_noop!(Requests::claim_call(origin(NODE), 9), Error::<Test>::UnknownRequest);
		Nodes::set(NODE, MODEL, false);
		assert_noop!(Requests::claim_call(origin(NODE), open), Error::<Test>::ModelNotServed);
	});
}

#[test]
fn who_claims_has_the_deposit() {
	run(|| {
		let id = request();
		ClaimDeposit::set(2 * WEALTH);
		let unavailable = DispatchError::Token(TokenError::FundsUnavailable);
		assert_noop!(Requests::claim_call(origin(NODE), id), unavailable);
		ClaimDeposit::set(0);
		claim(NODE, id);
		go_to_without_sweep(12);
		assert_ok!(Requests::expire_call(origin(STRANGER), id));
		assert_eq!(total(NODE), WEALTH);
	});
}

/// What it was when the claim was made comes back, whatever it is by then.
#[test]
fn a_claim_keeps_its_deposit() {
	run(|| {
		let id = asked();
		ClaimDeposit::set(7);
		assert_ok!(answer(NODE, id));
		assert_eq!(held_for_claims(NODE), 0);
		assert_eq!(total(PROTOCOL), WEALTH + payouts_to_protocol());
	});
}

fn payouts_to_protocol() -> Balance {
	fulfilled().call.parts.protocol
}

#[test]
fn a_caller_may_claim_its_own_call_for_nothing() {
	run(|| {
		let ask = Requests::request_call(origin(NODE), MODEL, None, input(INPUT), MAX_CHARGE, 11);
		assert_ok!(ask);
		claim(NODE, 0);
		go_to_without_sweep(12);
		assert_ok!(Requests::expire_call(origin(NODE), 0));
		assert_eq!(total(NODE), WEALTH - ClaimDeposit::get());
	});
}

/// Many names of one operator, each of which claims a call once and sits.
#[test]
fn a_call_that_is_claimed_in_vain_often_enough_is_over() {
	run(|| {
		let id = request_until(90);
		for number in 0..MAX_CLAIMS {
			assert_noop!(Requests::expire_call(origin(STRANGER), id), Error::<Test>::NotOver);
			claim(another(number.try_into().unwrap()), id);
			go_to(System::block_number() + 6);
		}
		assert_noop!(Requests::claim_call(origin(NODE), id), Error::<Test>::TooManyClaims);
		assert_ok!(Requests::expire_call(origin(CALLER), id));
		assert_eq!((held(CALLER), total(CALLER)), ((0, 0), WEALTH));
		let all = ClaimDeposit::get() * Balance::from(MAX_CLAIMS);
		assert_eq!(total(PROTOCOL), WEALTH + all);
		assert!(!Deadlines::<Test>::contains_key(91));
	});
}

#[test]
fn the_last_claim_of_a_call_can_still_be_answered() {
	run(|| {
		let id = request_until(90);
		for number in 1..MAX_CLAIMS {
			claim(another(number.try_into().unwrap()), id);
			go_to(System::block_number() + 6);
		}
		claim(NODE, id);
		assert_noop!(Requests::expire_call(origin(CALLER), id), Error::<Test>::NotOver);
		assert_ok!(answer(NODE, id));
	});
}

#[test]
fn a_claim_in_the_block_of_the_request_is_answered_in_a_later_one() {
	run(|| {
		let id = request();
		claim(NODE, id);
		assert_noop!(answer(NODE, id), Error::<Test>::AnsweredTooSoon);
		go_to(2);
		assert_ok!(answer(NODE, id));
	});
}

#[test]
fn a_node_that_is_not_active_any_more_loses_its_claim() {
	run(|| {
		let id = asked();
		Nodes::set(NODE, MODEL, false);
		assert_noop!(answer(NODE, id), Error::<Test>::ModelNotServed);
		go_to(8);
		claim(OTHER_NODE, id);
		assert_eq!(total(NODE), WEALTH - ClaimDeposit::get());
		assert_ok!(answer(OTHER_NODE, id));
	});
}

#[test]
fn a_lock_does_not_keep_a_forfeited_claim() {
	run(|| {
		let id = request();
		claim(NODE, id);
		Balances::set_lock(*b"purposes", &account(NODE), u128::MAX, WithdrawReasons::all());
		go_to_without_sweep(12);
		assert_ok!(Requests::expire_call(origin(STRANGER), id));
		assert_eq!(total(NODE), WEALTH - ClaimDeposit::get());
	});
}

/// Then nobody can be paid it, and it comes back rather than that the call stays.
#[test]
fn a_call_ends_also_if_the_protocol_cannot_be_paid() {
	run(|| {
		ClaimDeposit::set(openledger_primitives::MILLI_OPEN / 2);
		let root = RuntimeOrigin::root();
		assert_ok!(Balances::force_set_balance(root, account(PROTOCOL), 0));
		let id = request();
		claim(NODE, id);
		go_to(13);
		assert!(crate::Requests::<Test>::get(id).is_none());
		assert_eq!(total(NODE), WEALTH);
		assert_eq!(Balances::total_balance_on_hold(&account(NODE)), 0);
	});
}

#[test]
fn giving_a_claim_up_costs_a_part_and_leaves_the_call_open() {
	run(|| {
		let id = asked();
		let post = decline(NODE, id).unwrap();
		assert_eq!(post.pays_fee, frame_support::dispatch::Pays::No);
		let lost = ClaimDeposit::get() / 10;
		System::assert_last_event(
			Event::CallDeclined {
				request: id,
				node: account(NODE),
				reason: DeclineReason::TooDear,
				over: false,
				lost,
			}
			.into(),
		);
		assert_eq!((held_for_claims(NODE), total(NODE)), (0, WEALTH - lost));
		assert_eq!(total(PROTOCOL), WEALTH + lost);
		assert_eq!(refusals(id), [Refusal::GaveUp(DeclineReason::TooDear)]);
		assert_noop!(Requests::claim_call(origin(NODE), id), Error::<Test>::AlreadyRefused);
		assert_noop!(answer(NODE, id), Error::<Test>::NotClaimed);
		claim(OTHER_NODE, id);
		assert_ok!(answer(OTHER_NODE, id));
	});
}
