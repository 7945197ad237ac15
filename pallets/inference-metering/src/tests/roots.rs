//! The roots of settlements.

use super::{disputing::settled_by, run};
use crate::{mock::*, roots::DROPPED_PER_BLOCK, RootQueue, RootQueueEnds, Roots, WeightInfo};
use frame_support::{assert_ok, traits::Hooks, weights::Weight};
use openledger_primitives::{lane::CallRecord, tree};

/// Settles one call a lane, on as many lanes.
fn settle_on_lanes(session: u64, sequence: u64, lanes: u16) {
	let charge = call_charge();
	for lane in 0..lanes {
		settle_one(session, lane, sequence, (u128::from(sequence) - 1) * charge, charge).unwrap();
	}
}

fn kept() -> usize {
	assert_eq!(Roots::<Test>::iter().count(), RootQueue::<Test>::iter().count());
	Roots::<Test>::iter().count()
}

#[test]
fn what_counted_can_be_proven() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		System::set_block_number(3);
		let bad = CallRecord { cached_tokens: u32::MAX, ..record(2) };
		let calls = vec![record(1), bad, record(3), record(5)];
		let voucher = voucher(session, 2, 6, 3 * charge, charge);
		let all = settled_by(|| settle_calls(&voucher, calls));
		let kept = Roots::<Test>::get((session, 2, 5)).unwrap();
		assert_eq!((kept.first_sequence, kept.last_sequence, kept.items), (1, 5, 3));
		assert_eq!((kept.node, kept.caller), (account(NODE), account(CALLER)));
		assert_eq!((kept.charged, kept.at, kept.until), (3 * charge, 3, 103));
		assert_eq!((kept.voucher_sequence, kept.agreement), (6, voucher.agreement.hash()));
		assert_eq!(kept.acknowledged_root, voucher.acknowledged_root);

		let counted: Vec<_> = all.iter().map(|of| of.call().record.clone()).collect();
		assert_eq!(counted, [record(1), record(3), record(5)]);
		for of in &all {
			let leaf = (of.index, of.item.leaf());
			assert_eq!(tree::root_from(kept.items, &[leaf], &of.hashes), Some(kept.root));
		}
	});
}

#[test]
fn roots_outlive_their_session() {
	run(|| {
		let session = open_session(DEPOSIT);
		settle_on_lanes(session, 1, 1);
		assert_ok!(Metering::close_session(signed(NODE), session));
		assert!(Roots::<Test>::contains_key((session, 0, 1)));
	});
}

#[test]
fn roots_are_kept_through_the_last_block_of_the_window() {
	run(|| {
		let session = open_session(DEPOSIT);
		settle_on_lanes(session, 1, 3);
		System::set_block_number(101);
		assert_eq!(Metering::on_idle(101, Weight::MAX), <()>::drop_roots(0));
		assert_eq!(kept(), 3);
		System::set_block_number(102);
		assert_eq!(Metering::on_idle(102, Weight::MAX), <()>::drop_roots(3));
		assert_eq!(kept(), 0);
		assert_eq!(RootQueueEnds::<Test>::get().first, 3);
		assert_eq!(Metering::on_idle(102, Weight::MAX), <()>::drop_roots(0));
	});
}

#[test]
fn a_block_removes_what_it_has_room_for() {
	run(|| {
		let session = open_session(DEPOSIT);
		settle_on_lanes(session, 1, 5);
		System::set_block_number(102);
		let none = <()>::drop_roots(1) - Weight::from_parts(1, 0);
		assert_eq!(Metering::on_idle(102, none), Weight::zero());
		assert_eq!(Metering::on_idle(102, Weight::zero()), Weight::zero());
		assert_eq!(kept(), 5);
		assert_eq!(Metering::on_idle(102, <()>::drop_roots(2)), <()>::drop_roots(2));
		assert_eq!(kept(), 3);
	});
}

#[test]
fn a_block_removes_no_more_than_so_many() {
	run(|| {
		let session = open_session(10 * DEPOSIT);
		for sequence in 1..=5 {
			settle_on_lanes(session, sequence, 60);
		}
		System::set_block_number(102);
		let weight = <()>::drop_roots(DROPPED_PER_BLOCK);
		assert_eq!(Metering::on_idle(102, Weight::MAX), weight);
		assert_eq!(kept(), 300 - 256);
	});
}

/// Even if no block has anything left, as many roots go as come.
#[test]
fn settlements_remove_old_roots() {
	run(|| {
		let session = open_session(DEPOSIT);
		settle_on_lanes(session, 1, 10);
		System::set_block_number(102);
		settle_on_lanes(session, 2, 3);
		assert_eq!(kept(), 10);
		// All that are over are gone then.
		settle_on_lanes(session, 3, 8);
		assert_eq!(kept(), 3 + 8);
		assert!(Roots::<Test>::iter_values().all(|root| root.at == 102));
	});
}

/// The promise made when a call was settled is kept, whatever is decided later.
#[test]
fn a_shorter_window_is_for_later_settlements() {
	run(|| {
		let session = open_session(DEPOSIT);
		settle_on_lanes(session, 1, 1);
		DisputeWindow::set(10);
		settle_on_lanes(session, 2, 1);
		assert_eq!(Roots::<Test>::get((session, 0, 2)).unwrap().until, 11);
		System::set_block_number(101);
		Metering::on_idle(101, Weight::MAX);
		assert_eq!(kept(), 2);
		System::set_block_number(102);
		Metering::on_idle(102, Weight::MAX);
		assert_eq!(kept(), 0);
	});
}
