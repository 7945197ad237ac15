//! The sweep.

use crate::{mock::*, Deadlines, NextSlot, WeightInfo, MAX_SLOTS_SWEPT};
use frame_support::{assert_ok, traits::Hooks, weights::Weight};

fn waiting() -> u32 {
	crate::Requests::<Test>::count()
}

#[test]
fn calls_end_by_themselves_after_their_deadline() {
	run(|| {
		request_until(11);
		request_until(13);
		go_to(12);
		assert_eq!(waiting(), 2);
		go_to(13);
		assert_eq!(waiting(), 1);
		go_to(15);
		assert_eq!(waiting(), 0);
		assert_eq!(held(CALLER), (0, 0));
		assert_eq!(total(CALLER), WEALTH);
		go_to(16);
		assert!(!NextSlot::<Test>::exists());
	});
}

#[test]
fn a_cancelled_call_ends_by_itself() {
	run(|| {
		let id = request_until(90);
		assert_ok!(Requests::cancel_call(origin(CALLER), id));
		go_to(5);
		assert_eq!(waiting(), 1);
		go_to(6);
		assert_eq!(waiting(), 0);
		assert_eq!(held(CALLER), (0, 0));
	});
}

#[test]
fn the_deadline_of_an_answered_call_sweeps_nothing() {
	run(|| {
		let id = asked();
		assert_ok!(answer(NODE, id));
		assert!(!Deadlines::<Test>::contains_key(12));
		go_to(20);
		assert_eq!(total(CALLER), WEALTH - call_charge());
		assert_eq!(held(CALLER), (0, kept_deposit()));
	});
}

#[test]
fn an_answer_is_removed_by_itself_when_it_is_old() {
	run(|| {
		let id = asked();
		assert_ok!(answer(NODE, id));
		go_to(33);
		assert!(crate::Outcomes::<Test>::contains_key(id));
		go_to(34);
		assert!(!crate::Outcomes::<Test>::contains_key(id));
		assert_eq!(held(CALLER), (0, 0));
		assert_eq!(Deadlines::<Test>::iter().count(), 0);
		next_block_with(Weight::MAX);
		assert!(!NextSlot::<Test>::exists());
	});
}

#[test]
fn without_time_nothing_is_swept_and_nothing_is_lost() {
	run(|| {
		request();
		go_to_without_sweep(40);
		assert_eq!(waiting(), 1);
		go_to(41);
		assert_eq!(waiting(), 0);
	});
}

#[test]
fn an_idle_chain_does_next_to_nothing() {
	run(|| {
		assert_eq!(Requests::on_idle(1, Weight::MAX), <() as WeightInfo>::sweep_base());
		assert_eq!(Requests::on_idle(1, Weight::zero()), Weight::zero());
	});
}

#[test]
fn a_sweep_stops_where_its_weight_ends_and_goes_on_there() {
	run(|| {
		for _ in 0..3 {
			request_until(11);
		}
		go_to_without_sweep(20);
		let base = <() as WeightInfo>::sweep_base();
		let slot = <() as WeightInfo>::sweep_slot();
		let one = <() as WeightInfo>::sweep_request();
		// The slots from 2 to 11 are empty, and 12 has two calls: there is time for one.
		next_block_with(base + slot * 11 + one);
		assert_eq!(waiting(), 2);
		assert_eq!(NextSlot::<Test>::get(), Some(12));
		assert_eq!(Deadlines::<Test>::get(12).len(), 1);
		// Not even for one.
		next_block_with(base + slot);
		assert_eq!(waiting(), 2);
		next_block_with(base + slot + one);
		assert_eq!(waiting(), 1);
		assert_eq!(NextSlot::<Test>::get(), Some(13));
		next_block_with(Weight::MAX);
		assert_eq!(waiting(), 0);
	});
}

#[test]
fn a_sweep_is_bounded_however_much_time_there_is() {
	run(|| {
		for _ in 0..10 {
			request_until(11);
		}
		go_to_without_sweep(40);
		for left in [6, 2, 0] {
			next_block_with(Weight::MAX);
			assert_eq!(waiting(), left);
		}
		assert_eq!(total(CALLER), WEALTH);
	});
}

#[test]
fn ten_thousand_lapsed_calls_never_make_a_block_heavier() {
	run(|| {
		for seed in [CALLER, OTHER_CALLER] {
			let root = RuntimeOrigin::root();
			assert_ok!(Balances::force_set_balance(root, account(seed), 100 * WEALTH));
		}
		// As if blocks had been full for long: all of them are due at once.
		let count: u32 = 10_000;
		for index in 0..count {
			if index % 32 == 0 {
				System::set_block_number(1 + index / 2);
			}
			let seed = if index % 2 == 0 { CALLER } else { OTHER_CALLER };
			let deadline = System::block_number() + 2;
			assert_ok!(Requests::request_call(
				origin(seed),
				MODEL,
				None,
				input(b"?"),
				PRICE,
				deadline
			));
		}
		Requests::do_try_state().unwrap();
		System::set_block_number(20_000);
		let most = <() as WeightInfo>::sweep_base()
			+ <() as WeightInfo>::sweep_slot() * u64::from(MAX_SLOTS_SWEPT)
			+ <() as WeightInfo>::sweep_request() * u64::from(2 * MaxPerSlot::get());
		let before = waiting();
		assert_eq!(before, count);
		for block in 1..=25u32 {
			let used = Requests::on_idle(20_000, Weight::MAX);
			assert!(used.all_lte(most));
			assert_eq!(waiting(), before - block * 2 * MaxPerSlot::get());
		}
		// Who does not want to wait for the sweep does not have to.
		let last = u64::from(count) - 1;
		assert_ok!(Requests::expire_call(origin(OTHER_CALLER), last));
	});
}

#[test]
fn a_sweep_that_fell_behind_catches_up() {
	run(|| {
		request_until(3);
		System::set_block_number(2_000);
		request_until(2_002);
		System::set_block_number(2_003);
		let mut sweeps = 0;
		while waiting() > 0 {
			Requests::on_idle(2_003, Weight::MAX);
			Requests::do_try_state().unwrap();
			sweeps += 1;
		}
		// From the slot 2 on.
		assert_eq!(sweeps, 2_002u32.div_ceil(MAX_SLOTS_SWEPT));
	});
}
