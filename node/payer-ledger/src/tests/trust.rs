//! Charges for answers that did not arrive.

use super::*;

const DAY: u64 = 24 * 60 * 60;

fn end(ledger: &mut Ledger, begun: &Begun, fate: Fate, now: u64) -> Vec<Change> {
	ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, 5), fate, now)
}

fn calls(ledger: &mut Ledger, budget: &Budget, fates: &[Fate]) {
	for fate in fates {
		let begun = begin(ledger, 10, budget).unwrap();
		end(ledger, &begun, *fate, 100);
	}
}

#[test]
fn three_losses_in_a_row_are_too_many() {
	let (mut ledger, budget) = (with_session(1_000), Budget::new(1_000, Some(1_000)));
	use Fate::{Delivered, Lost, Unwanted};
	calls(&mut ledger, &budget, &[Lost, Lost, Delivered, Lost, Unwanted, Lost]);
	assert!(ledger.nodes().barred().is_empty());
	calls(&mut ledger, &budget, &[Lost]);
	assert!(matches!(begin(&mut ledger, 10, &budget), Err(Shortfall::Barred(_))));
	assert!(
		ledger.books().session(7).unwrap().retired && !ledger.nodes().is_barred_for_good(&node(2))
	);
	let known = Ledger::restore(contents(&ledger));
	assert!(known.nodes().barred().contains_key(&node(2)));
	// After a day it is asked again, and one more is enough.
	assert!(ledger.lift(100 + DAY - 1).is_empty());
	assert!(!ledger.lift(100 + DAY).is_empty());
	assert!(ledger.nodes().barred().is_empty() && ledger.means().is_doubted(&node(2)));
	// Whoever forgives it forgives it all.
	let mut forgiven = known;
	forgiven.forgive(&node(2));
	assert!(forgiven.nodes().barred().is_empty() && !forgiven.means().is_doubted(&node(2)));
}

#[test]
fn one_in_twenty_may_be_lost() {
	let (mut ledger, budget) = (with_session(1_000), Budget::new(1_000, Some(1_000)));
	calls(&mut ledger, &budget, &[Fate::Lost]);
	calls(&mut ledger, &budget, &[Fate::Delivered; 19]);
	assert!(ledger.nodes().barred().is_empty());
	calls(&mut ledger, &budget, &[Fate::Lost]);
	assert!(ledger.nodes().barred()[&node(2)].contains("2 of 21"));
}

#[test]
fn what_was_under_way_together_is_one_loss_and_then_comes_one_call_at_a_time() {
	let (mut ledger, budget) = (with_session(1_000), Budget::new(1_000, Some(1_000)));
	let together: Vec<_> = (0..5).map(|_| begin(&mut ledger, 10, &budget).unwrap()).collect();
	for begun in &together[1..] {
		end(&mut ledger, begun, Fate::Lost, 0);
	}
	assert_eq!(
		(ledger.nodes().trust(&node(2)).in_a_row, ledger.nodes().trust(&node(2)).lost),
		(1, 4)
	);
	assert_eq!(begin(&mut ledger, 10, &budget), Err(Shortfall::Doubted));
	end(&mut ledger, &together[0], Fate::Unwanted, 0);
	let next = begin(&mut ledger, 10, &budget).unwrap();
	assert_eq!(begin(&mut ledger, 10, &budget), Err(Shortfall::Doubted));
	end(&mut ledger, &next, Fate::Delivered, 0);
	begin(&mut ledger, 10, &budget).unwrap();
	begin(&mut ledger, 10, &budget).unwrap();
}

#[test]
fn a_node_that_is_silent_about_losses_is_doubted_meanwhile() {
	let (mut ledger, budget) = (with_session(1_000), Budget::new(1_000, Some(1_000)));
	let mut parked = Vec::new();
	for _ in 0..3 {
		let begun = begin(&mut ledger, 10, &budget).unwrap();
		ledger.park_lost(&begun.slot);
		assert!(ledger.means().is_doubted(&node(2)));
		parked.push(begun);
	}
	// It says so later, all at once: they were lost one after the other.
	for begun in parked {
		assert!(hold(&mut ledger, &begun.slot));
		let fate = lane(&ledger, &begun.slot).open.as_ref().unwrap().fate();
		assert_eq!(fate, Fate::Lost);
		end(&mut ledger, &begun, fate, 0);
	}
	assert!(ledger.nodes().barred().contains_key(&node(2)));
	// What it has signed is no matter of time.
	ledger.bar(&node(2), "it cheats");
	assert_eq!(ledger.nodes().barred()[&node(2)], "it cheats");
	assert!(ledger.nodes().is_barred_for_good(&node(2)) && ledger.lift(10 * DAY).is_empty());
}

#[test]
fn losses_are_remembered() {
	let (mut ledger, budget) = (with_session(1_000), Budget::new(1_000, Some(1_000)));
	let parked: Vec<_> = (0..3)
		.map(|_| {
			let begun = begin(&mut ledger, 10, &budget).unwrap();
			assert_eq!(ledger.park_lost(&begun.slot).len(), 1);
			begun
		})
		.collect();
	let mut ledger = Ledger::restore(contents(&ledger));
	assert!(ledger.means().is_doubted(&node(2)));
	for begun in parked {
		assert!(hold(&mut ledger, &begun.slot));
		assert_eq!(lane(&ledger, &begun.slot).open.as_ref().unwrap().fate(), Fate::Lost);
		end(&mut ledger, &begun, Fate::Lost, 0);
	}
	assert!(ledger.nodes().barred().contains_key(&node(2)));
}

#[test]
fn what_the_chain_has_settled_needs_no_statement() {
	let (mut ledger, budget) = (with_session(1_000), Budget::new(1_000, Some(1_000)));
	let list_price = PriceSchedule { per_call: 10, ..PriceSchedule::default() };
	let begin = |ledger: &mut Ledger| {
		let draft = CallTerms { list_price, ..agreed(3, 10) };
		ledger.begin(&node(2), draft, 10, &budget).unwrap().0
	};
	let settle = |ledger: &mut Ledger, lane, sequence, settled| {
		let seen = info(ledger, 7, vec![settled_lane(lane, sequence, settled)]);
		ledger.observe(7, Some(&seen), 5);
		let (changes, found) = ledger.reckon(7, 5);
		assert_eq!(found, []);
		changes.len()
	};
	// As long as somebody looks after it, and as long as more may be charged, it is left alone.
	let begun = begin(&mut ledger);
	assert_eq!(settle(&mut ledger, 0, 1, 10), 0);
	ledger.park(&begun.slot);
	assert_eq!(ledger.reckon(7, 5).0.len(), 2, "the lane and its model");
	assert_eq!((ledger.standing().charged, ledger.standing().reserved), (10, 0));
	assert!(!ledger.means().is_doubted(&node(2)), "nobody knows that it was lost");
	// Nothing was charged for the next one, which did not arrive. It has another lane.
	let begun = begin(&mut ledger);
	assert_eq!((begun.slot.lane, begun.slot.sequence, begun.acknowledged), (1, 1, 0));
	ledger.park_lost(&begun.slot);
	assert_eq!(settle(&mut ledger, 0, 1, 10), 0);
	assert_eq!(settle(&mut ledger, 1, 1, 0), 1);
	assert!(!ledger.means().is_doubted(&node(2)));
	// And these were.
	for round in 1..=3 {
		let begun = begin(&mut ledger);
		ledger.park_lost(&begun.slot);
		settle(&mut ledger, begun.slot.lane, 1, 10);
		assert_eq!(ledger.nodes().trust(&node(2)).lost, round);
	}
	assert!(ledger.nodes().barred()[&node(2)].contains("did not arrive: 3 of 3"));
}

#[test]
fn what_is_settled_for_an_answer_is_held_against_what_has_come_of_it() {
	let (mut ledger, budget) = (with_session(1_000), Budget::new(1_000, Some(1_000)));
	let list_price = PriceSchedule { per_output_token: 1, ..PriceSchedule::default() };
	let draft = CallTerms { list_price, max_output_tokens: 100, ..agreed(3, 100) };
	let (begun, _) = ledger.begin(&node(2), draft, 10, &budget).unwrap();
	book(&mut ledger, |book| book.owe_at_most(&begun.slot, 20, None));
	ledger.park(&begun.slot);
	let seen = info(&ledger, 7, vec![settled_lane(0, 1, 21)]);
	look(&mut ledger, 7, Some(&seen));
	assert!(ledger.nodes().barred()[&node(2)].contains("that costs 20 at most"));
}

#[test]
fn what_was_not_charged_is_no_loss() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let begun = begin(&mut ledger, 10, &budget).unwrap();
	ledger.park_lost(&begun.slot);
	hold(&mut ledger, &begun.slot);
	release(&mut ledger, &begun.slot, true);
	assert!(!ledger.means().is_doubted(&node(2)));
	let begun = begin(&mut ledger, 10, &budget).unwrap();
	ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, 0), Fate::Lost, 0);
	assert!(!ledger.means().is_doubted(&node(2)));
}
