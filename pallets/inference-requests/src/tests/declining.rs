//! Nodes that will not answer, and say why; and what is kept of calls that are over.

use crate::{mock::*, Deadlines, End, Error, Event, Outcomes};
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use openledger_primitives::on_chain::{DeclineReason, Refusal, MAX_NOTES};

/// A request of the node.
fn named() -> u64 {
	let id = crate::NextRequestId::<Test>::get();
	assert_ok!(try_request(Some(NODE), MAX_CHARGE, System::block_number() + 10));
	id
}

#[test]
fn a_named_node_that_declines_ends_the_call() {
	run(|| {
		let id = named();
		let post = decline(NODE, id).unwrap();
		assert_eq!(post.pays_fee, Pays::No);
		System::assert_last_event(
			Event::CallDeclined {
				request: id,
				node: account(NODE),
				reason: DeclineReason::TooDear,
				over: true,
				lost: 0,
			}
			.into(),
		);
		// All that the call would have cost is free at once.
		assert_eq!((held(CALLER), total(CALLER)), ((0, DepositBase::get()), WEALTH));
		assert!(crate::Requests::<Test>::get(id).is_none());
		assert!(!Deadlines::<Test>::contains_key(12));
		let outcome = Outcomes::<Test>::get(id).unwrap();
		let reason = DeclineReason::TooDear;
		assert_eq!(outcome.end, End::Declined { node: account(NODE), reason });
		assert_noop!(answer(NODE, id), Error::<Test>::UnknownRequest);
	});
}

#[test]
fn a_named_node_declines_also_when_it_is_not_active_or_the_call_is_cancelled() {
	run(|| {
		let (first, second) = (named(), named());
		Nodes::set(NODE, MODEL, false);
		assert_ok!(decline(NODE, first));
		assert_ok!(Requests::cancel_call(origin(CALLER), second));
		assert_ok!(decline(NODE, second));
		assert_eq!(held(CALLER), (0, 2 * DepositBase::get()));
	});
}

#[test]
fn nobody_declines_for_another_node() {
	run(|| {
		let id = named();
		for who in [OTHER_NODE, CALLER, STRANGER] {
			assert_noop!(decline(who, id), Error::<Test>::NotNamedNode);
		}
		let open = request();
		assert_noop!(decline(STRANGER, open), Error::<Test>::ModelNotServed);
		assert_noop!(decline(NODE, 9), Error::<Test>::UnknownRequest);
	});
}

#[test]
fn what_is_over_is_not_declined() {
	run(|| {
		let (id, open) = (named(), request());
		assert_ok!(Requests::cancel_call(origin(CALLER), open));
		go_to_without_sweep(5);
		assert_noop!(decline(NODE, open), Error::<Test>::Cancelled);
		go_to_without_sweep(12);
		assert_noop!(decline(NODE, id), Error::<Test>::DeadlinePassed);
	});
}

/// An operator who would have all open calls of others end.
#[test]
fn a_node_without_a_claim_only_says_why() {
	run(|| {
		let id = request();
		assert_ok!(decline(OTHER_NODE, id));
		assert_eq!((held(CALLER), total(OTHER_NODE)), ((MAX_CHARGE, deposit()), WEALTH));
		assert_noop!(decline(OTHER_NODE, id), Error::<Test>::AlreadyRefused);
		assert_noop!(Requests::claim_call(origin(OTHER_NODE), id), Error::<Test>::AlreadyRefused);
		go_to(2);
		claim(NODE, id);
		assert_ok!(answer(NODE, id));
	});
}

#[test]
fn a_node_declines_while_another_one_is_at_work() {
	run(|| {
		let id = asked();
		assert_ok!(decline(OTHER_NODE, id));
		assert_eq!(held_for_claims(NODE), ClaimDeposit::get());
		assert_ok!(answer(NODE, id));
	});
}

/// Nor is there any end to what can be said, which costs no fee.
#[test]
fn few_nodes_say_why_and_all_the_others_may_claim() {
	run(|| {
		let id = request();
		for number in 0..MAX_NOTES {
			let seed = 50 + u8::try_from(number).unwrap();
			Nodes::set(seed, MODEL, true);
			assert_ok!(decline(seed, id));
		}
		assert_noop!(decline(OTHER_NODE, id), Error::<Test>::TooManyRefusals);
		go_to(2);
		claim(OTHER_NODE, id);
		// Whose claim it is still may.
		assert_ok!(decline(OTHER_NODE, id));
		claim(NODE, id);
		assert_ok!(answer(NODE, id));
	});
}

#[test]
fn the_end_of_a_call_says_who_would_not_answer() {
	run(|| {
		let id = request();
		assert_ok!(decline(NODE, id));
		go_to_without_sweep(12);
		assert_ok!(Requests::expire_call(origin(STRANGER), id));
		let refused = vec![(account(NODE), Refusal::Declined(DeclineReason::TooDear))];
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
fn who_let_a_claim_lapse_has_said_enough() {
	run(|| {
		let id = request();
		claim(NODE, id);
		go_to(7);
		assert_noop!(decline(NODE, id), Error::<Test>::AlreadyRefused);
	});
}

#[test]
fn an_answer_is_kept_for_its_caller_and_removed_by_anybody_later() {
	run(|| {
		let (first, second) = (asked(), request());
		assert_ok!(answer(NODE, first));
		go_to(3);
		claim(NODE, second);
		assert_ok!(answer(NODE, second));
		let forget = |who, id| Requests::forget_outcome(origin(who), id);
		assert_noop!(forget(STRANGER, first), Error::<Test>::StillKept);
		assert_noop!(forget(NODE, first), Error::<Test>::StillKept);
		assert_noop!(forget(CALLER, 9), Error::<Test>::UnknownOutcome);

		assert_ok!(forget(CALLER, first));
		System::assert_last_event(
			Event::OutcomeForgotten {
				request: first,
				caller: account(CALLER),
				deposit: kept_deposit(),
			}
			.into(),
		);
		assert_eq!(held(CALLER), (0, kept_deposit()));
		assert!(!Deadlines::<Test>::contains_key(33));
		assert_noop!(forget(CALLER, first), Error::<Test>::UnknownOutcome);

		go_to_without_sweep(33);
		assert_noop!(forget(STRANGER, second), Error::<Test>::StillKept);
		go_to_without_sweep(34);
		assert_ok!(forget(STRANGER, second));
		assert_eq!((held(CALLER), total(STRANGER)), ((0, 0), WEALTH));
	});
}

/// Whoever fills the slots keeps nobody's answer from being kept.
#[test]
fn an_answer_that_finds_no_slot_is_kept_too() {
	run(|| {
		let id = asked();
		for deadline in [32, 33, 34, 35] {
			for _ in 0..MaxPerSlot::get() {
				assert_ok!(Requests::request_call(
					origin(OTHER_CALLER),
					MODEL,
					None,
					input(b"?"),
					PRICE,
					deadline
				));
			}
		}
		assert_ok!(answer(NODE, id));
		assert_eq!(Outcomes::<Test>::get(id).unwrap().slot, None);
		go_to(50);
		assert!(Outcomes::<Test>::contains_key(id));
		assert_ok!(Requests::forget_outcome(origin(STRANGER), id));
		assert_eq!(held(CALLER), (0, 0));
	});
}
