//! Calls that were not charged: their node may not charge them later, and it can settle their vouchers for a while.

use super::{
	adopt::{adopt, at, call, history, refused, CALLER, RECEIPTS},
	node_side::{statement, voucher, NodeLane},
	*,
};
use crate::AdoptError;

/// A node that charges all that was allowed for the fourth call of a lane, and the ledger of a payer to whom that
/// call has ended so.
fn charged_after(end: impl FnOnce(&mut Ledger, &LaneSlot)) -> (NodeLane, Ledger) {
	let (mut lane, mut before) = history(3);
	let mut ledger = before.remove(3);
	let begun = call(&mut ledger, 9);
	let voucher = voucher(&begun);
	assert!(lane.charge(voucher, &statement(&voucher, 30, Tokens::new(2, 25))));
	end(&mut ledger, &begun.slot);
	(lane, ledger)
}

fn refuse_first(ledger: &mut Ledger, slot: &LaneSlot) {
	refuse(ledger, slot, Correction { sequence: Some(3) });
}

#[test]
fn a_call_that_was_not_charged_does_not_come_back_as_charged() {
	let ends: [fn(&mut Ledger, &LaneSlot); 5] = [
		|ledger, slot| drop(release(ledger, slot, true)),
		|ledger, slot| drop(release(ledger, slot, false)),
		|ledger, slot| {
			refuse_first(ledger, slot);
			book(ledger, |book| book.pass(slot));
		},
		|ledger, slot| {
			refuse_first(ledger, slot);
			book(ledger, |book| book.give_up(slot, 201));
		},
		|ledger, slot| {
			refuse_first(ledger, slot);
			ledger.books_mut().forget_untaken(201 + 28_800);
		},
	];
	for (number, end) in ends.into_iter().enumerate() {
		let (lane, ledger) = charged_after(end);
		let state = lane.state(CALLER, RECEIPTS);
		let mut ledger = Ledger::restore(contents(&ledger));
		assert!(matches!(refused(&ledger, &state), AdoptError::Denied), "{number}");
		call(&mut ledger, 10);
		assert!(
			matches!(refused(&ledger, &state), AdoptError::Denied),
			"{number}: another is open"
		);
	}
	// What was never sent was not denied.
	let (lane, mut ledger) =
		charged_after(|ledger, slot| drop(book(ledger, |book| book.unsent(slot))));
	adopt(&mut ledger, &lane.state(CALLER, RECEIPTS)).unwrap();
}

#[test]
fn what_was_not_charged_is_remembered_until_a_later_call_is() {
	let (lane, mut ledger) = charged_after(|ledger, slot| drop(release(ledger, slot, true)));
	assert_eq!(at(&ledger).uncharged.len(), 1);
	let next = call(&mut ledger, 10);
	let stated = statement(&voucher(&next), 9, Tokens::new(2, 4));
	ledger.acknowledge(&next.slot, stated, Fate::Delivered, 0);
	assert!(at(&ledger).uncharged.is_empty());
	assert!(matches!(refused(&ledger, &lane.state(CALLER, RECEIPTS)), AdoptError::Less));
	// If none is, there is an end to it.
	for request in 11..111 {
		let begun = call(&mut ledger, request);
		release(&mut ledger, &begun.slot, true);
		ledger.books_mut().forget_untaken(201 + 28_800);
	}
	assert_eq!(at(&ledger).uncharged.len(), 64);
}

#[test]
fn a_charge_after_a_denial_ends_it_with_that_node() {
	let (_, mut ledger) = charged_after(|ledger, slot| drop(release(ledger, slot, true)));
	ledger.accuse_of_charging(7, 0);
	assert!(at(&ledger).closed && ledger.nodes().is_barred_for_good(&node(2)));
	assert!(ledger.nodes().barred()[&node(2)].contains("lane 0 of session 7"));
	assert!(ledger.books().session(7).unwrap().retired);
}

#[test]
fn an_adopted_call_whose_answer_nobody_has_seen_counts_as_lost() {
	let (lane, before) = history(6);
	let lost = |mut ledger: Ledger| {
		adopt(&mut ledger, &lane.state(CALLER, RECEIPTS)).unwrap();
		ledger.nodes().trust(&node(2)).lost
	};
	assert_eq!(lost(before[2].clone()), 1);
	// But it may have been seen where the lane was plainly forgotten.
	assert_eq!(lost(before[0].clone()), 0);
	let mut settled = before[2].clone();
	let seen = info(&settled, 7, vec![settled_lane(0, 6, 54)]);
	look(&mut settled, 7, Some(&seen));
	assert_eq!(lost(settled), 0);
}

#[test]
fn what_was_refused_is_not_promised_again_while_it_can_be_settled() {
	let (mut ledger, budget) = (with_session(100), Budget::new(300, Some(100)));
	for left in [60, 20] {
		let refused = begin(&mut ledger, 40, &budget).unwrap().slot;
		book(&mut ledger, |book| book.close_lane(refused.lane));
		refuse(&mut ledger, &refused, Correction::default());
		assert_eq!(ledger.books().left(7), left);
	}
	// Nor does more money go into the session for it, but for what it could not pay anyway.
	let denied = Shortfall::LanesDenied { session: 7 };
	assert_eq!(begin(&mut ledger, 40, &budget), Err(denied.clone()));
	let need = Shortfall::TopUp { session: 7, need: 90 };
	assert_eq!(begin(&mut ledger, 110, &budget), Err(need));
	// Its node says that they were not taken, and can settle them all the same, for a day.
	for lane in 0..2 {
		let slot = LaneSlot { node: node(2), session: 7, lane, sequence: 1 };
		book(&mut ledger, |book| book.give_up(&slot, 201));
	}
	ledger.books_mut().forget_untaken(200 + 28_800);
	let mut ledger = Ledger::restore(contents(&ledger));
	assert_eq!((ledger.books().left(7), begin(&mut ledger, 40, &budget)), (20, Err(denied)));
	assert!(!ledger.books_mut().forget_untaken(201 + 28_800).is_empty());
	assert_eq!(ledger.books().left(7), 100);
	assert_eq!(begin(&mut ledger, 40, &budget).unwrap().slot.lane, 2);
}

#[test]
fn of_several_vouchers_of_a_lane_one_can_be_settled() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	for _ in 0..3 {
		let refused = begin(&mut ledger, 60, &budget).unwrap().slot;
		assert_eq!((refused.lane, ledger.books().left(7)), (0, 40));
		refuse(&mut ledger, &refused, Correction { sequence: Some(0) });
		assert_eq!(ledger.books().left(7), 40);
	}
	// The chain takes none that is not newer than what it has settled.
	let seen = info(&ledger, 7, vec![settled_lane(0, 1, 5)]);
	ledger.observe(7, Some(&seen), 0);
	assert_eq!(ledger.books().left(7), 100);
}

#[test]
fn a_reason_that_is_not_true_counts_as_a_loss() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	for round in 1..=3 {
		let Begun { slot, .. } = begin(&mut ledger, 10, &budget).unwrap();
		refuse(&mut ledger, &slot, Correction { sequence: Some(0) });
		ledger.count_untrue(&slot, 10, 0);
		assert_eq!(ledger.nodes().trust(&node(2)).in_a_row, round);
	}
	assert!(ledger.nodes().barred().contains_key(&node(2)));
}
