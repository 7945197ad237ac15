//! The protocol's share.

use super::{
	lanes::{charged, settle},
	*,
};
use crate::{Event, ProtocolShares, MAX_SHARES};
use sp_runtime::Permill;

fn set(percent: u32) {
	ProtocolShare::set(Permill::from_percent(percent));
}

/// The protocol's part of a call of 10,000 planck that is agreed on as of now.
fn protocols_part() -> u128 {
	let before = gained(&PROTOCOL);
	settle(&[charged(10_000)]).unwrap();
	gained(&PROTOCOL) - before
}

fn share() -> Option<Permill> {
	ProtocolShares::<Test>::get().now().copied()
}

fn changes() -> usize {
	let changed = |record: &frame_system::EventRecord<RuntimeEvent, _>| {
		matches!(record.event, RuntimeEvent::RevenueSplit(Event::ProtocolShareChanged { .. }))
	};
	System::events().iter().filter(|record| changed(record)).count()
}

#[test]
fn the_protocols_share_is_the_governed_one_from_the_next_block_on() {
	run(|| {
		assert_eq!(protocols_part(), 500);
		for (percent, before, after) in [(20, 500, 2_000), (0, 2_000, 0), (100, 0, 10_000)] {
			set(percent);
			assert_eq!(protocols_part(), before);
			next_block();
			let share = Permill::from_percent(percent);
			System::assert_last_event(Event::ProtocolShareChanged { share }.into());
			assert_eq!(protocols_part(), after);
		}
		assert_eq!(pot_surplus(), 0);
	});
}

#[test]
fn nothing_is_told_while_nothing_changes() {
	run(|| {
		let at_first = ProtocolShares::<Test>::get();
		for _ in 0..3 {
			next_block();
		}
		assert_eq!(changes(), 0);
		assert_eq!(ProtocolShares::<Test>::get(), at_first);
		assert_eq!(at_first.entries(), [(0, Permill::from_percent(5))]);
	});
}

#[test]
fn what_the_share_was_is_remembered() {
	run(|| {
		set(20);
		next_block();
		next_block();
		set(7);
		next_block();

		let shares = ProtocolShares::<Test>::get();
		let percent = |block| shares.at(block).copied().map(|share| share * 100u32);
		assert_eq!([0, 1, 2, 3, 4, 99].map(percent), [5, 5, 20, 20, 7, 7].map(Some));
	});
}

#[test]
fn a_change_that_could_not_be_remembered_waits() {
	run(|| {
		for number in 1..MAX_SHARES {
			set(5 + number % 2);
			next_block();
		}
		let full = ProtocolShares::<Test>::get();
		assert_eq!(full.entries().len(), MAX_SHARES as usize);

		set(50);
		next_block();
		assert_eq!(ProtocolShares::<Test>::get(), full);
		assert_ne!(share(), Some(Permill::from_percent(50)));
		// The first change was in block 2: from block 52 on, nobody asks for what was before.
		while System::block_number() < 51 {
			next_block();
		}
		assert_eq!(ProtocolShares::<Test>::get(), full);
		next_block();
		assert_eq!(share(), Some(Permill::from_percent(50)));
		assert_eq!(ProtocolShares::<Test>::get().at(1), None);
	});
}

#[test]
fn broken_shares_are_noticed() {
	use crate::ShareHistory;
	for (shares, reason) in [
		(ShareHistory::default(), "the protocol's share is not known"),
		(ShareHistory::new(2, Permill::one()), "a share of the protocol's lies ahead"),
	] {
		new_test_ext().execute_with(|| {
			ProtocolShares::<Test>::put(shares);
			assert_eq!(RevenueSplit::do_try_state(), Err(reason.into()));
		});
	}
}
