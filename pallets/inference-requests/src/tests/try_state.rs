//! Each invariant notices what breaks it.

use crate::{
	mock::*,
	requests::ordered,
	types::{Claim, Outcome, Request},
	ByModel, Deadlines, Inputs, NextRequestId, NextSlot, Outcomes,
};
use frame_support::{assert_ok, traits::fungible::MutateHold};
use openledger_primitives::{
	on_chain::{DeclineReason, Refusal},
	AccountId,
};

/// Breaks something about one request, and expects that `message` is said of it.
fn breaks(message: &'static str, change: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		request();
		assert_ok!(Requests::do_try_state());
		change();
		assert_eq!(Requests::do_try_state(), Err(message.into()));
	});
}

fn change_request(change: impl FnOnce(&mut Request<AccountId, u32>)) {
	crate::Requests::<Test>::mutate(0, |request| change(request.as_mut().unwrap()));
}

#[test]
fn holds_are_what_was_promised() {
	breaks("what calls may cost is not on hold", || change_request(|it| it.max_charge += 1));
	breaks("deposits are not on hold", || change_request(|it| it.deposit -= 1));
	breaks("deposits are not on hold", || {
		let reason = crate::HoldReason::Storage.into();
		assert_ok!(Balances::hold(&reason, &account(CALLER), 1));
	});
	// Of others, too: nothing would ever release it.
	for (message, reason) in [
		("what calls may cost is not on hold", crate::HoldReason::Call),
		("deposits are not on hold", crate::HoldReason::Storage),
		("what was claimed with is not on hold", crate::HoldReason::Claim),
	] {
		breaks(message, || {
			assert_ok!(Balances::hold(&reason.into(), &account(NODE), 1));
		});
	}
	breaks("charges overflow", || {
		request();
		change_request(|it| it.max_charge = u128::MAX);
	});
}

#[test]
fn everything_belongs_to_a_request() {
	breaks("a request has an id not yet given out", || NextRequestId::<Test>::put(0));
	breaks("a request was made in a block to come", || change_request(|it| it.asked_at = 2));
	breaks("a request is older than its deadline", || change_request(|it| it.deadline = 1));
	breaks("a request would be swept too early", || change_request(|it| it.deadline += 1));
	breaks("a request is not in its slot once", || change_request(|it| it.slot = Some(13)));
	breaks("a slot names an unknown request", || change_request(|it| it.slot = None));
	breaks("a request is not in its slot once", || {
		Deadlines::<Test>::try_append(12, 0).unwrap();
	});
	breaks("a request has no input", || Inputs::<Test>::remove(0));
	breaks("an input is not what its hash says", || Inputs::<Test>::insert(0, input(b"!")));
	breaks("ByModel lacks a request", || ByModel::<Test>::remove(MODEL, ordered(0)));
	breaks("an input has no request", || Inputs::<Test>::insert(1, input(b"!")));
	breaks("ByModel names an unknown request", || {
		ByModel::<Test>::insert(OTHER_MODEL, ordered(0), ());
	});
}

#[test]
fn claims_are_of_open_calls_and_end_before_them() {
	let claimed = || claim(NODE, 0);
	let change_claim = |change: fn(&mut Claim<AccountId, u32>)| {
		claim(NODE, 0);
		change_request(|it| change(it.claim.as_mut().unwrap()));
	};
	let refused = |node: u8, refusal: Refusal| {
		change_request(|it| it.refusals.try_push((account(node), refusal)).unwrap());
	};
	let declined = Refusal::Declined(DeclineReason::BadInput);
	breaks("what was claimed with is not on hold", || change_claim(|it| it.deposit += 1));
	breaks("a claim outlasts its call", || change_claim(|it| it.until = 12));
	breaks("a call of a node is claimed", || {
		claimed();
		change_request(|it| it.node = Some(account(NODE)));
	});
	breaks("who refused a call has claimed it", || {
		claimed();
		refused(NODE, declined);
	});
	breaks("a node refuses a call twice", || (0..2).for_each(|_| refused(NODE, declined)));
	breaks("too many refuse a call", || (20..25).for_each(|node| refused(node, declined)));
	breaks("too many refuse a call", || (20..25).for_each(|node| refused(node, Refusal::Lapsed)));
	breaks("too many refuse a call", || {
		claimed();
		(20..24).for_each(|node| refused(node, Refusal::Lapsed));
	});
}

#[test]
fn outcomes_are_of_requests_that_are_over() {
	type Wrong = fn(&mut Outcome<AccountId, u32>);
	let answered = || {
		go_to(2);
		claim(NODE, 0);
		assert_ok!(answer(NODE, 0));
		assert_ok!(Requests::do_try_state());
	};
	let change = |change: Wrong| {
		Outcomes::<Test>::mutate(0, |outcome| change(outcome.as_mut().unwrap()));
	};
	let wrongs: [(&'static str, Wrong); 6] = [
		("deposits are not on hold", |it| it.deposit += 1),
		("an outcome is out of time", |it| it.at = 3),
		("an outcome is out of time", |it| it.until = 1),
		("an outcome would be swept too early", |it| it.until = 33),
		("an outcome is not in its slot once", |it| it.slot = Some(40)),
		("a slot names an unknown request", |it| it.slot = None),
	];
	for (message, wrong) in wrongs {
		breaks(message, || {
			answered();
			change(wrong);
		});
	}
	breaks("an outcome is of a request to come", || {
		answered();
		NextRequestId::<Test>::put(0);
	});
	breaks("a call that waits has an outcome", || {
		answered();
		let outcome = Outcomes::<Test>::take(0).unwrap();
		request();
		let free = Outcome { deposit: 0, slot: None, ..outcome };
		Outcomes::<Test>::insert(1, free);
		let reason = crate::HoldReason::Storage.into();
		let exact = frame_support::traits::tokens::Precision::Exact;
		assert_ok!(Balances::release(&reason, &account(CALLER), kept_deposit(), exact));
	});
}

#[test]
fn slots_hold_requests_that_the_sweep_will_find() {
	breaks("a slot names an unknown request", || Deadlines::<Test>::try_append(12, 9).unwrap());
	breaks("a slot is empty", || Deadlines::<Test>::insert(13, frame_support::BoundedVec::new()));
	breaks("the sweep has passed a slot", || NextSlot::<Test>::put(13));
	breaks("the sweep does not know that calls wait", NextSlot::<Test>::kill);
}
