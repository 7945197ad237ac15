//! Each invariant notices what breaks it.

use crate::{
	mock::*, requests::ordered, types::Request, ByModel, Deadlines, Inputs, NextRequestId, NextSlot,
};
use frame_support::{assert_ok, traits::fungible::MutateHold};
use openledger_primitives::AccountId;

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
fn slots_hold_requests_that_the_sweep_will_find() {
	breaks("a slot names an unknown request", || Deadlines::<Test>::try_append(12, 9).unwrap());
	breaks("a slot is empty", || Deadlines::<Test>::insert(13, frame_support::BoundedVec::new()));
	breaks("the sweep has passed a slot", || NextSlot::<Test>::put(13));
	breaks("the sweep does not know that calls wait", NextSlot::<Test>::kill);
}
