//! Calls, money and sessions.

use openledger_primitives::{lane::VersionedStatement, lane_list::LaneList};

use super::*;

#[test]
fn calls_in_parallel_take_lanes_of_their_own() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let first = begin(&mut ledger, 10, &budget).unwrap();
	let second = begin(&mut ledger, 10, &budget).unwrap();
	assert_eq!((first.slot.lane, second.slot.lane), (0, 1));
	assert_eq!((first.acknowledged, first.authorised, first.slot.sequence), (0, 10, 1));
	assert_eq!(first.acknowledged_root, LaneList::default().root());
	let stated = receipt(&first.slot, 3, 4);
	ledger.acknowledge(&first.slot, stated.clone(), Fate::Delivered, 0);
	// The lane that is free again goes on where it was.
	let third = begin(&mut ledger, 10, &budget).unwrap();
	assert_eq!((third.slot.lane, third.slot.sequence), (0, 2));
	assert_eq!((third.acknowledged, third.authorised), (4, 14));
	let mut list = LaneList::default();
	let VersionedStatement::V2(statement) = &stated.statement;
	list.append(1, stated.statement.hash(), &statement.totals()).unwrap();
	assert_eq!(third.acknowledged_root, list.root());
	let standing = ledger.standing();
	assert_eq!((standing.charged, standing.reserved, standing.committed), (4, 20, 100));
	assert_eq!(standing.exposed, 24);
	assert_eq!(ledger.books().left(7), 100 - 4 - 20);
}

#[test]
fn what_is_missing_is_told() {
	let budget = Budget::new(100, Some(40));
	let mut empty = empty();
	assert_eq!(begin(&mut empty, 10, &budget), Err(Shortfall::Open { need: 10 }));
	let over = Shortfall::Budget { left: 100, may_change: false };
	assert_eq!(begin(&mut empty, 101, &budget), Err(over));

	let mut ledger = with_session(40);
	begin(&mut ledger, 35, &budget).unwrap();
	let need = Shortfall::TopUp { session: 7, need: 15 };
	assert_eq!(begin(&mut ledger, 20, &budget), Err(need));
	let top_up = IntentKind::TopUp { session: 7, before: 40 };
	let (amount, _) = ledger.deposits().plan(&node(2), 15, top_up, 10, &budget).unwrap();
	assert_eq!(amount, 40);
	assert_eq!(begin(&mut ledger, 20, &budget), Err(Shortfall::UnderWay));
	// But what is there can be spent.
	begin(&mut ledger, 5, &budget).unwrap();
	ledger.deposits().topped_up(&node(2));
	begin(&mut ledger, 20, &budget).unwrap();
	let over = Shortfall::Budget { left: 20, may_change: true };
	assert_eq!(begin(&mut ledger, 50, &budget), Err(over));
}

#[test]
fn what_was_signed_once_may_be_settled() {
	let (mut ledger, budget) = (with_session(1_000), Budget::new(2_000, Some(1_000)));
	let Begun { slot, .. } = begin(&mut ledger, 100, &budget).unwrap();
	ledger.acknowledge(&slot, receipt(&slot, 3, 100), Fate::Delivered, 0);
	// The node has forgotten it, but not before its settlement was on its way.
	let Begun { slot, .. } = begin(&mut ledger, 100, &budget).unwrap();
	refuse(&mut ledger, &slot, Correction { sequence: Some(0) });
	let mut settled = |settled| {
		let lanes = vec![settled_lane(slot.lane, 1, settled)];
		let seen = info(&ledger, 7, lanes);
		look(&mut ledger, 7, Some(&seen))
	};
	assert_eq!(settled(100), []);
	assert_eq!(settled(101).len(), 1);
}

#[test]
fn a_node_that_takes_no_session_gets_no_third() {
	let (mut ledger, budget) = (with_session(100), Budget::new(1_000, Some(100)));
	let open = |ledger: &mut Ledger, id| {
		let kind = IntentKind::Open { expires_at: 1_000, first: id };
		ledger.deposits().plan(&node(2), 1, kind, 10, &budget).unwrap();
		ledger.deposits().submitted(&node(2));
		ledger.deposits().opened(&node(2), id, 100, 1_000, OPENED_AT);
	};
	book(&mut ledger, Book::retire_unwelcome);
	assert_eq!(begin(&mut ledger, 1, &budget), Err(Shortfall::Open { need: 1 }));
	open(&mut ledger, 8);
	assert_eq!(begin(&mut ledger, 1, &budget).unwrap().slot.session, 8);
	ledger.books_mut().at(8, Book::retire_unwelcome);
	assert_eq!(begin(&mut ledger, 1, &budget), Err(Shortfall::Unwelcome { sessions: 2 }));
	// It is written down, and over when one of them is closed.
	let mut ledger = Ledger::restore(contents(&ledger));
	assert_eq!(begin(&mut ledger, 1, &budget), Err(Shortfall::Unwelcome { sessions: 2 }));
	ledger.closed(7, Some(100), 0);
	assert_eq!(begin(&mut ledger, 1, &budget), Err(Shortfall::Open { need: 1 }));
}

#[test]
fn sessions_that_end_are_not_used() {
	let (ledger, budget) = (with_session(100), Budget::new(200, Some(100)));
	let usable = |ledger: &Ledger, best| {
		ledger.means().check(&node(2), &agreement(3), 1, best, &budget).is_ok()
	};
	assert!(usable(&ledger, 979));
	assert!(!usable(&ledger, 980));
	let mut closing = ledger.clone();
	let seen = SessionInfo { closes_at: Some(50), ..info(&ledger, 7, vec![]) };
	look(&mut closing, 7, Some(&seen));
	assert!(!usable(&closing, 10));
	let mut retired = ledger.clone();
	assert_eq!(book(&mut retired, Book::retire).len(), 1);
	assert!(book(&mut retired, Book::retire).is_empty() && !usable(&retired, 10));
}

#[test]
fn a_refused_voucher_frees_its_number_but_still_counts() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let begun = begin(&mut ledger, 60, &budget).unwrap();
	release(&mut ledger, &begun.slot, false);
	assert_eq!(ledger.standing().reserved, 0);
	// The node may have kept it.
	assert_eq!(ledger.standing().exposed, 60);
	let again = begin(&mut ledger, 60, &budget).unwrap();
	assert_eq!((again.slot.lane, again.slot.sequence), (0, 1));
	release(&mut ledger, &again.slot, true);
	let third = begin(&mut ledger, 60, &budget).unwrap();
	assert_eq!(third.slot.sequence, 2);
	refuse(&mut ledger, &third.slot, Correction { sequence: Some(9) });
	let fourth = begin(&mut ledger, 60, &budget).unwrap();
	assert_eq!((fourth.slot.sequence, fourth.authorised), (10, 60));
	assert_eq!(ledger.closed(7, None, 0).0.len(), 2);
	assert_eq!(ledger.standing().committed, 60);
}

#[test]
fn a_number_that_comes_back_with_the_same_node_goes_on_with_its_lanes() {
	let (mut ledger, budget) = (with_session(100), Budget::new(300, Some(300)));
	let first = begin(&mut ledger, 10, &budget).unwrap();
	ledger.acknowledge(&first.slot, receipt(&first.slot, 3, 4), Fate::Delivered, 0);
	// Blocks were reorganised away, and the session with them.
	book(&mut ledger, Book::retire);
	let open = IntentKind::Open { expires_at: 1_000, first: 0 };
	ledger.deposits().plan(&node(2), 100, open, 5, &budget).unwrap();
	ledger.deposits().submitted(&node(2));
	let changes = ledger.deposits().opened(&node(2), 7, 100, 1_000, OPENED_AT);
	assert!(!changes.iter().any(|change| matches!(change, Change::Anew(_))));
	let next = begin(&mut ledger, 10, &budget).unwrap();
	assert_eq!((next.slot.sequence, next.acknowledged), (2, 4));
}

#[test]
fn refused_vouchers_are_remembered_while_they_can_be_taken() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let before = |sequence| Correction { sequence: Some(sequence) };
	let refused = begin(&mut ledger, 10, &budget).unwrap();
	refuse(&mut ledger, &refused.slot, before(0));
	let restored = Ledger::restore(contents(&ledger));
	assert_eq!(lane(&restored, &refused.slot).untaken.len(), 1);
	// Valid until block 100, and its node may be a hundred blocks behind.
	let decided =
		|best| ledger.books().all().flat_map(|book| book.decided(best)).collect::<Vec<_>>();
	assert_eq!(decided(200), []);
	assert_eq!(decided(201), std::slice::from_ref(&refused.slot));
	// It has a day to say what became of it.
	assert!(ledger.books_mut().forget_untaken(200 + 28_800).is_empty());
	let mut later = ledger.clone();
	assert_eq!(later.books_mut().forget_untaken(201 + 28_800).len(), 1);
	assert!(lane(&later, &refused.slot).untaken.is_empty());
	// Or it says at once that nothing was charged.
	let mut passed = ledger.clone();
	book(&mut passed, |book| book.give_up(&refused.slot, 200));
	assert_eq!(lane(&passed, &refused.slot).untaken.len(), 1, "it can be taken yet");
	book(&mut passed, |book| book.give_up(&refused.slot, 201));
	assert!(lane(&passed, &refused.slot).untaken.is_empty());
	assert_eq!(begin(&mut passed, 10, &budget).unwrap().slot.sequence, 1);
	// Another one with its number takes its place.
	let mut other = ledger.clone();
	let next = begin(&mut other, 10, &budget).unwrap();
	assert_eq!((next.slot.lane, next.slot.sequence), (0, 1));
	other.acknowledge(&next.slot, receipt(&next.slot, 3, 4), Fate::Delivered, 0);
	assert!(lane(&other, &next.slot).untaken.is_empty());
	// Or it was taken after all.
	let mut behind = ledger.clone();
	assert_eq!(ledger.take_up(&refused.slot, receipt(&refused.slot, 3, 4), 0).len(), 4);
	assert_eq!(ledger.nodes().trust(&node(2)).lost, 1, "nobody has its answer");
	assert_eq!((lane(&ledger, &refused.slot).acknowledged(), ledger.standing().charged), (4, 4));
	let next = begin(&mut ledger, 10, &budget).unwrap();
	assert_eq!((next.slot.sequence, next.acknowledged), (2, 4));
	// A sequence that is behind is charged once, whatever else was refused with it.
	let again = begin(&mut behind, 10, &budget).unwrap();
	behind.take_up(&refused.slot, receipt(&refused.slot, 3, 4), 0);
	refuse(&mut behind, &again.slot, before(1));
	assert!(lane(&behind, &again.slot).untaken.is_empty());
	assert!(behind.take_up(&again.slot, receipt(&again.slot, 3, 4), 0).is_empty());
	assert_eq!(behind.standing().charged, 4);
}

/// None is forgotten for another: the first may be the one that was taken.
#[test]
fn a_lane_with_many_refused_vouchers_gets_no_more_calls() {
	let (mut ledger, budget) = (with_session(1_000), Budget::new(1_000, None));
	let before = Correction { sequence: Some(0) };
	let refuse_next = |ledger: &mut Ledger| {
		let refused = begin(ledger, 10, &budget).unwrap().slot;
		refuse(ledger, &refused, before);
		(refused.lane, refused.sequence)
	};
	for number in 0..64 {
		assert_eq!(refuse_next(&mut ledger), (number / 32, 1));
	}
	// The same on some dozens of others but the last, where nothing was refused yet.
	let mut contents = contents(&ledger);
	let full = contents.lanes[&(7, 0)].clone();
	let last = 63;
	contents.lanes.extend((2..last).map(|lane| ((7, lane), full.clone())));
	let mut ledger = Ledger::restore(contents);
	for _ in 0..32 {
		assert_eq!(refuse_next(&mut ledger), (last, 1));
	}
	// Another session costs another deposit, so that is not for the node alone to say.
	let denied = Shortfall::LanesDenied { session: 7 };
	assert_eq!(begin(&mut ledger, 10, &Budget::new(5_000, None)).unwrap_err(), denied);
	// It has a day to say what became of them.
	ledger.books_mut().forget_untaken(201 + 28_800);
	assert_eq!(begin(&mut ledger, 10, &budget).unwrap().slot.lane, 0);
}

#[test]
fn sessions_whose_key_has_spent_its_limit_are_used_no_more() {
	let (mut ledger, budget) = (with_session(100), Budget::new(200, Some(100)));
	book(&mut ledger, |book| book.opened_for(node(5), 80));
	let spend = |ledger: &mut Ledger, charge| {
		let begun = begin(ledger, charge, &budget).unwrap();
		ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, charge), Fate::Delivered, 0);
	};
	spend(&mut ledger, 60);
	assert!(ledger.books_mut().retire_worn(&node(2)).is_empty(), "a quarter of it is left");
	spend(&mut ledger, 1);
	assert!(ledger.books_mut().retire_worn(&node(3)).is_empty(), "another node");
	assert_eq!(ledger.books_mut().retire_worn(&node(2)).len(), 1);
	assert!(
		ledger.books().session(7).unwrap().retired
			&& ledger.books_mut().retire_worn(&node(2)).is_empty()
	);
	// Without a limit more money helps.
	let mut ledger = with_session(100);
	spend(&mut ledger, 100);
	assert!(ledger.books_mut().retire_worn(&node(2)).is_empty());
}

#[test]
fn a_false_statement_ends_it_with_that_node() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let begun = begin(&mut ledger, 60, &budget).unwrap();
	ledger.reject(&begun.slot, &begun.call, receipt(&begun.slot, 3, 61), "too much", true);
	assert_eq!(begin(&mut ledger, 1, &budget), Err(Shortfall::Barred("too much".into())));
	assert_eq!((ledger.standing().reserved, ledger.standing().charged), (60, 0));
	assert!(ledger.books().unresolved().next().is_none(), "there is nothing more to ask");
	assert!(lane(&ledger, &begun.slot).open.as_ref().unwrap().rejected.is_some());
	// Whoever forgives it does not get the session back.
	assert_eq!(ledger.forgive(&node(2)).len(), 1);
	assert!(ledger.forgive(&node(2)).is_empty());
	assert!(matches!(begin(&mut ledger, 1, &budget), Err(Shortfall::Budget { .. })));
}

#[test]
fn a_parked_call_keeps_its_lane_until_it_is_resolved() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let begun = begin(&mut ledger, 60, &budget).unwrap();
	assert!(ledger.books().unresolved().next().is_none(), "somebody is looking after it");
	ledger.park(&begun.slot);
	let other = begin(&mut ledger, 40, &budget).unwrap();
	assert_eq!(other.slot.lane, 1);
	let unresolved: Vec<_> = ledger.books().unresolved().collect();
	assert_eq!(unresolved, [(begun.slot.clone(), &begun.call)]);
	assert!(hold(&mut ledger, &begun.slot) && !hold(&mut ledger, &begun.slot));
	ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, 10), Fate::Unwanted, 0);
	assert_eq!(ledger.totals()[&(3, node(2))].broken, 1);
	// What comes too late changes nothing.
	assert!(ledger
		.acknowledge(&begun.slot, receipt(&begun.slot, 3, 10), Fate::Delivered, 0)
		.is_empty());
	assert!(release(&mut ledger, &begun.slot, true).is_empty());
}

#[test]
fn more_than_was_stated_is_noticed() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let begun = begin(&mut ledger, 60, &budget).unwrap();
	let settled = |sequence, settled| vec![settled_lane(0, sequence, settled)];
	let look = |ledger: &mut Ledger, lanes| {
		let info = info(ledger, 7, lanes);
		look(ledger, 7, Some(&info))
	};
	// Its statement may be on its way.
	assert!(look(&mut ledger, settled(1, 50)).is_empty());
	ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, 50), Fate::Delivered, 0);
	assert!(look(&mut ledger, settled(1, 50)).is_empty());
	let found = look(&mut ledger, settled(1, 51));
	assert_eq!((found[0].settled, found[0].stated), (51, 50));
}

#[test]
fn a_closed_session_costs_what_could_be_settled() {
	let budget = Budget::new(100, None);
	let run = |settled: Option<(Sequence, Balance)>, refunded| {
		let mut ledger = with_session(100);
		let begun = begin(&mut ledger, 60, &budget).unwrap();
		ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, 20), Fate::Delivered, 0);
		if let Some((sequence, settled)) = settled {
			let lanes = vec![settled_lane(0, sequence, settled)];
			let info = info(&ledger, 7, lanes);
			look(&mut ledger, 7, Some(&info));
		}
		ledger.closed(7, refunded, 0);
		assert!(ledger.books().get(7).is_none());
		ledger.standing().committed
	};
	assert_eq!(run(None, Some(80)), 20);
	assert_eq!(run(Some((1, 20)), None), 20);
	assert_eq!(run(None, None), 60);
	let mut other = with_session(100);
	let stranger = SessionInfo { caller: node(5), ..info(&other, 7, vec![]) };
	let ours = info(&other, 7, vec![]);
	other.prove(7, &ours);
	look(&mut other, 7, Some(&stranger));
	assert_eq!((other.books().session(7), other.standing().committed), (None, 0));
}

#[test]
fn a_budget_can_begin_anew() {
	let mut ledger = with_session(100);
	let budget = Budget::new(100, None);
	let begun = begin(&mut ledger, 30, &budget).unwrap();
	ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, 20), Fate::Delivered, 0);
	assert_eq!(ledger.standing().committed, 100);
	ledger.rebase();
	// What could still be charged for the call before counts as spent before.
	assert_eq!((ledger.standing().committed, ledger.standing().exposed), (70, 0));
	assert_eq!(ledger.standing().charged, 20);
}

#[test]
fn a_lowered_budget_is_kept() {
	let mut ledger = with_session(100);
	let lower = Budget::new(25, None);
	let first = begin(&mut ledger, 20, &lower).unwrap();
	let over = Shortfall::Budget { left: 5, may_change: true };
	assert_eq!(begin(&mut ledger, 20, &lower), Err(over));
	ledger.acknowledge(&first.slot, receipt(&first.slot, 3, 4), Fate::Delivered, 0);
	// On the same lane, the next voucher takes the place of the first.
	begin(&mut ledger, 20, &lower).unwrap();
	assert_eq!(ledger.standing().exposed, 24);
}

#[test]
fn a_sequence_that_was_charged_is_not_charged_again() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	for charge in [4, 5] {
		let begun = begin(&mut ledger, 10, &budget).unwrap();
		ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, charge), Fate::Delivered, 0);
	}
	// Its node wants the lane to go on from before, and the voucher after that stays remembered.
	let third = begin(&mut ledger, 10, &budget).unwrap();
	let before = Correction { sequence: Some(1) };
	refuse(&mut ledger, &third.slot, before);
	assert_eq!(lane(&ledger, &third.slot).untaken.len(), 1);
	assert_eq!(lane(&ledger, &third.slot).charged(), 2);
	let fourth = begin(&mut ledger, 10, &budget).unwrap();
	assert_eq!((third.slot.sequence, fourth.slot.sequence), (3, 3));
	// Whichever of the two is charged first is the one that counts.
	ledger.take_up(&third.slot, receipt(&third.slot, 3, 6), 0);
	let second = receipt(&fourth.slot, 3, 7);
	assert!(ledger.acknowledge(&fourth.slot, second, Fate::Delivered, 0).is_empty());
	refuse(&mut ledger, &fourth.slot, before);
	assert!(lane(&ledger, &fourth.slot).untaken.is_empty());
	assert_eq!(begin(&mut ledger, 10, &budget).unwrap().slot.sequence, 4);
	assert_eq!(ledger.standing().charged, 15);
}

#[test]
fn a_number_that_another_node_gets_keeps_what_was_signed_for_it() {
	let (mut ledger, budget) = (with_session(100), Budget::new(300, Some(300)));
	begin(&mut ledger, 60, &budget).unwrap();
	let open = IntentKind::Open { expires_at: 1_000, first: 0 };
	ledger.deposits().plan(&node(3), 100, open, 5, &budget).unwrap();
	ledger.deposits().submitted(&node(3));
	ledger.deposits().opened(&node(3), 7, 100, 1_000, OPENED_AT);
	// Both nodes may be one operator's, and a voucher names no node.
	assert_eq!((ledger.books().left(7), ledger.standing().exposed), (40, 60));
	assert_eq!(ledger.books().busy_lanes(), 0);
	let (next, _) = ledger.begin(&node(3), agreed(3, 40), 10, &budget).unwrap();
	assert_eq!(next.slot.lane, 1);
	// The first one's deposit is somewhere, or comes back.
	assert_eq!(ledger.standing().committed, 200);
	assert!(ledger.funds().intents().contains_key(&node(2)));
	assert!(!ledger.funds().is_submitting(&node(2)));
	ledger.deposits().abandon(&node(2));
	assert_eq!(ledger.standing().committed, 100);
}

#[test]
fn what_a_session_has_cost_beyond_its_statements_is_held_against_its_node() {
	let budget = Budget::new(100, None);
	let run = |lost: bool, refunded| {
		let mut ledger = with_session(100);
		let begun = begin(&mut ledger, 60, &budget).unwrap();
		ledger.acknowledge(&begun.slot, receipt(&begun.slot, 3, 20), Fate::Delivered, 0);
		let silent = begin(&mut ledger, 30, &budget).unwrap();
		match lost {
			true => drop(ledger.park_lost(&silent.slot)),
			false => ledger.park(&silent.slot),
		}
		let found = ledger.closed(7, Some(refunded), 0).1;
		let trust = ledger.nodes().trust(&node(2));
		(found, trust.lost, ledger.standing().charged)
	};
	// The call whose statement never came explains as much as it was allowed to cost, and no more.
	assert_eq!(run(false, 80), (vec![], 0, 20));
	assert_eq!(run(false, 50), (vec![], 0, 50));
	assert_eq!(run(true, 50), (vec![], 1, 50));
	assert_eq!(run(true, 80), (vec![], 0, 20));
	let (found, _, charged) = run(false, 49);
	let expected = Oversettled { node: node(2), session: 7, lane: None, settled: 51, stated: 20 };
	assert_eq!((found, charged), (vec![expected], 50));
}

#[test]
fn a_refused_voucher_that_was_settled_is_evidence_when_the_session_is_closed() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let refused = begin(&mut ledger, 10, &budget).unwrap();
	refuse(&mut ledger, &refused.slot, Correction { sequence: Some(0) });
	let seen = info(&ledger, 7, vec![settled_lane(0, 1, 4)]);
	assert_eq!(look(&mut ledger, 7, Some(&seen)), [], "its node may have a statement");
	let mut stated = ledger.clone();
	for (ledger, expected) in [(&mut ledger, 1), (&mut stated, 0)] {
		if expected == 0 {
			ledger.take_up(&refused.slot, receipt(&refused.slot, 3, 4), 0);
		}
		let found = ledger.closed(7, None, 0).1;
		assert_eq!(found.len(), expected, "{found:?}");
	}
}

#[test]
fn what_was_stated_before_is_not_counted_again() {
	let (mut ledger, budget) = (with_session(1_000), Budget::new(1_000, Some(1_000)));
	let list_price = PriceSchedule { per_call: 10, ..PriceSchedule::default() };
	let begin = |ledger: &mut Ledger| {
		let agreed = CallTerms { list_price, ..agreed(3, 100) };
		ledger.begin(&node(2), agreed, 10, &budget).unwrap().0
	};
	let first = begin(&mut ledger);
	ledger.acknowledge(&first.slot, receipt(&first.slot, 3, 100), Fate::Delivered, 0);
	// A node that was restored from a backup knows of less, and its earlier settlement still lands.
	let second = begin(&mut ledger);
	refuse(&mut ledger, &second.slot, Correction { sequence: Some(1) });
	let third = begin(&mut ledger);
	assert_eq!(third.acknowledged, 100, "what was acknowledged never gets less");
	ledger.park(&third.slot);
	let seen = info(&ledger, 7, vec![settled_lane(0, 2, 110)]);
	assert_eq!(look(&mut ledger, 7, Some(&seen)), []);
	assert_eq!(ledger.standing().charged, 110);
	assert!(ledger.nodes().barred().is_empty());
}
