//! Calls that nobody answers, or nobody waits for.

use crate::{mock::*, Deadlines, Error, Event, NextSlot, WeightInfo, SLOT_SEARCH};
use frame_support::{assert_noop, assert_ok};

#[test]
fn anybody_may_end_a_call_after_its_deadline() {
	run(|| {
		request();
		go_to_without_sweep(11);
		assert_noop!(Requests::expire_call(origin(STRANGER), 0), Error::<Test>::NotOver);
		go_to_without_sweep(12);
		assert_ok!(Requests::expire_call(origin(STRANGER), 0));
		assert_eq!(held(CALLER), (0, 0));
		assert_eq!((total(CALLER), total(STRANGER)), (WEALTH, WEALTH));
		System::assert_last_event(
			Event::CallExpired {
				request: 0,
				caller: account(CALLER),
				released: MAX_CHARGE,
				deposit: deposit(),
				cancelled: false,
				refusals: Default::default(),
			}
			.into(),
		);
		assert_noop!(Requests::expire_call(origin(STRANGER), 0), Error::<Test>::UnknownRequest);
	});
}

#[test]
fn a_node_at_work_may_answer_until_the_notice_is_over() {
	run(|| {
		let (first, second) = (request(), request());
		claim(NODE, first);
		for id in [first, second] {
			assert_ok!(Requests::cancel_call(origin(CALLER), id));
		}
		System::assert_last_event(Event::CallCancelled { request: second, cancelled_at: 5 }.into());
		// Nothing is released before.
		assert_eq!(held(CALLER), (2 * MAX_CHARGE, 2 * deposit()));
		go_to_without_sweep(4);
		assert_noop!(Requests::expire_call(origin(CALLER), second), Error::<Test>::NotOver);
		assert_ok!(answer(NODE, first));
		go_to_without_sweep(5);
		assert_noop!(answer(NODE, second), Error::<Test>::Cancelled);
		assert_ok!(Requests::expire_call(origin(CALLER), second));
		assert_eq!(held(CALLER), (0, kept_deposit()));
		assert_eq!(total(CALLER), WEALTH - call_charge());
	});
}

#[test]
fn only_the_caller_cancels_once_and_in_time() {
	run(|| {
		let id = request();
		assert_noop!(Requests::cancel_call(origin(CALLER), 9), Error::<Test>::UnknownRequest);
		assert_noop!(Requests::cancel_call(origin(NODE), id), Error::<Test>::NotRequestCaller);
		go_to_without_sweep(12);
		assert_noop!(Requests::cancel_call(origin(CALLER), id), Error::<Test>::DeadlinePassed);

		let id = request();
		assert_ok!(Requests::cancel_call(origin(CALLER), id));
		assert_noop!(Requests::cancel_call(origin(CALLER), id), Error::<Test>::AlreadyCancelled);
	});
}

#[test]
fn a_late_cancellation_prolongs_nothing() {
	run(|| {
		let id = request();
		go_to(10);
		assert_ok!(Requests::cancel_call(origin(CALLER), id));
		let request = crate::Requests::<Test>::get(id).unwrap();
		assert_eq!(
			(request.cancelled_at, request.ends_at(), request.slot),
			(Some(12), 12, Some(12))
		);
		go_to(12);
		assert_noop!(answer(NODE, id), Error::<Test>::DeadlinePassed);
	});
}

#[test]
fn without_a_notice_a_cancelled_call_ends_at_once() {
	run(|| {
		CancelNotice::set(0);
		let id = request();
		assert_ok!(Requests::cancel_call(origin(CALLER), id));
		assert_noop!(answer(NODE, id), Error::<Test>::Cancelled);
		Requests::do_try_state().unwrap();
		assert_ok!(Requests::expire_call(origin(CALLER), id));
	});
}

#[test]
fn a_notice_beyond_all_blocks_is_cut_at_the_deadline() {
	run(|| {
		CancelNotice::set(u32::MAX);
		let id = request();
		assert_ok!(Requests::cancel_call(origin(CALLER), id));
		assert_eq!(crate::Requests::<Test>::get(id).unwrap().cancelled_at, Some(12));
	});
}

#[test]
fn a_cancelled_call_moves_to_an_earlier_slot() {
	run(|| {
		let id = request_until(50);
		assert_ok!(Requests::cancel_call(origin(CALLER), id));
		assert_eq!(crate::Requests::<Test>::get(id).unwrap().slot, Some(5));
		assert!(!Deadlines::<Test>::contains_key(51));
		assert_eq!(Deadlines::<Test>::get(5).into_inner(), vec![id]);
	});
}

#[test]
fn a_cancelled_call_stays_where_it_is_if_no_earlier_slot_is_free() {
	run(|| {
		// Fills the slots 5 to 20.
		for _ in 0..SLOT_SEARCH * MaxPerSlot::get() {
			request_until(4);
		}
		let id = request_until(50);
		let post = Requests::cancel_call(origin(CALLER), id).unwrap();
		assert_eq!(post.actual_weight, Some(<() as WeightInfo>::cancel_call(SLOT_SEARCH)));
		let request = crate::Requests::<Test>::get(id).unwrap();
		assert_eq!((request.slot, request.ends_at()), (Some(51), 5));
		// Its caller does not have to wait for that slot.
		go_to_without_sweep(5);
		assert_ok!(Requests::expire_call(origin(CALLER), id));
	});
}

/// Fills every slot that a request with this deadline could wait in.
fn fill_slots(deadline: u32) {
	for _ in 0..SLOT_SEARCH * MaxPerSlot::get() {
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

/// Somebody who pays for as many requests as the slots hold keeps nobody from asking, from being
/// answered, or from getting back what is on hold.
#[test]
fn an_attacker_who_fills_the_slots_keeps_nobody_from_asking() {
	run(|| {
		fill_slots(11);
		let ids = [(); 3].map(|()| request_until(11));
		for id in ids {
			assert_eq!(crate::Requests::<Test>::get(id).unwrap().slot, None);
		}
		go_to_without_sweep(2);
		claim(NODE, ids[0]);
		assert_ok!(answer(NODE, ids[0]));
		let charge = call_charge();
		assert_eq!(total(CALLER), WEALTH - charge);
		// One is cancelled, and its slot is found where there is one.
		assert_ok!(Requests::cancel_call(origin(CALLER), ids[1]));
		assert_eq!(crate::Requests::<Test>::get(ids[1]).unwrap().slot, Some(6));
		go_to(7);
		assert!(crate::Requests::<Test>::get(ids[1]).is_none());
		// The sweep ends all the others by and by, but not the last: that somebody else does.
		go_to(40);
		assert_eq!(crate::Requests::<Test>::iter_keys().collect::<Vec<_>>(), [ids[2]]);
		assert_eq!(Deadlines::<Test>::iter().count(), 0);
		assert_eq!(held(CALLER), (MAX_CHARGE, deposit()));
		assert_ok!(Requests::expire_call(origin(STRANGER), ids[2]));
		assert_eq!((held(CALLER), total(CALLER)), ((0, 0), WEALTH - charge));
		next_block_with(frame_support::weights::Weight::MAX);
		assert!(!NextSlot::<Test>::exists());
	});
}

#[test]
fn a_call_that_no_sweep_ends_is_over_like_others() {
	run(|| {
		fill_slots(11);
		let id = request_until(11);
		go_to_without_sweep(11);
		assert_noop!(Requests::expire_call(origin(STRANGER), id), Error::<Test>::NotOver);
		go_to_without_sweep(12);
		assert_noop!(answer(NODE, id), Error::<Test>::DeadlinePassed);
		assert_ok!(Requests::expire_call(origin(STRANGER), id));
		assert_eq!(total(CALLER), WEALTH);
	});
}

/// Neither does a cancelled one that finds no slot.
#[test]
fn a_cancelled_call_without_a_slot_is_ended_by_hand() {
	run(|| {
		fill_slots(11);
		let id = request_until(11);
		// The slots from 5 on, in which it could wait once it is cancelled.
		fill_slots(4);
		assert_ok!(Requests::cancel_call(origin(CALLER), id));
		let request = crate::Requests::<Test>::get(id).unwrap();
		assert_eq!((request.slot, request.cancelled_at), (None, Some(5)));
		go_to_without_sweep(5);
		assert_noop!(answer(NODE, id), Error::<Test>::Cancelled);
		assert_ok!(Requests::expire_call(origin(CALLER), id));
		assert_eq!(held(CALLER), (0, 0));
	});
}
