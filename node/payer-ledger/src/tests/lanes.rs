//! Which lane pays for a call, and lanes that pay for none any more.

use super::*;

#[test]
fn other_agreements_take_other_lanes_and_then_another_session() {
	let (mut ledger, budget) = (with_session(2_000), Budget::new(4_000, Some(2_000)));
	let take_with = |ledger: &mut Ledger, agreement| {
		let agreed = CallTerms { agreement, ..agreed(3, 1) };
		let (begun, _) = ledger.begin(&node(2), agreed, 10, &budget)?;
		release(ledger, &begun.slot, false);
		Ok(begun.slot.lane)
	};
	let take = |ledger: &mut Ledger, version, model| {
		take_with(ledger, Agreement { version, ..agreement(model) })
	};
	assert_eq!(take(&mut ledger, 0, 3), Ok(0));
	assert_eq!(take(&mut ledger, 1, 3), Ok(1), "the node may have kept the first voucher");
	assert_eq!((take(&mut ledger, 0, 3), take(&mut ledger, 0, 4)), (Ok(0), Ok(2)));
	let sealed = Agreement { evidence: Evidence::Sealed, ..agreement(3) };
	assert_eq!((take_with(&mut ledger, sealed), take(&mut ledger, 0, 3)), (Ok(3), Ok(0)));
	let own = Agreement { own_price: Some(PriceSchedule::default()), ..agreement(3) };
	assert_eq!((take_with(&mut ledger, own), take(&mut ledger, 0, 3)), (Ok(4), Ok(0)));
	for version in 2..=1_020 {
		assert!(take(&mut ledger, version, 3).is_ok());
	}
	assert_eq!(take(&mut ledger, 1_021, 3), Err(Shortfall::Open { need: 1 }));
	assert_eq!(take(&mut ledger, 1, 3), Ok(1), "it is there for the others still");
}

#[test]
fn a_lane_is_as_of_one_block_of_its_session() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let take = |ledger: &mut Ledger, as_of| {
		let agreed = CallTerms { agreement: Agreement { as_of, ..agreement(3) }, ..agreed(3, 1) };
		let begun = ledger.begin(&node(2), agreed, 10, &budget).unwrap().0;
		let kept = lane(ledger, &begun.slot).agreement.unwrap();
		assert_eq!(kept, begun.call.agreed.agreement);
		(begun.slot.lane, kept.as_of)
	};
	// Its node may be behind, but no lane is as of a block from before its session.
	assert_eq!(take(&mut ledger, 4), (0, OPENED_AT));
	assert_eq!(take(&mut ledger, 9), (1, 9));
	let slot = LaneSlot { node: node(2), session: 7, lane: 0, sequence: 1 };
	release(&mut ledger, &slot, true);
	assert_eq!(take(&mut ledger, 12), (0, OPENED_AT), "what is behind its calls stays the same");
	// The chain knows when the session was opened: lanes from before that are left.
	release(&mut ledger, &LaneSlot { sequence: 2, ..slot }, true);
	let seen = SessionInfo { opened_at: 8, ..info(&ledger, 7, vec![]) };
	look(&mut ledger, 7, Some(&seen));
	assert_eq!(take(&mut ledger, 7), (2, 8));
}

#[test]
fn a_price_above_the_list_price_is_not_paid() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let list_price = PriceSchedule {
		per_call: 10,
		per_input_token: 3,
		per_cached_input_token: 2,
		per_output_token: 4,
	};
	let mut take = |own_price| {
		let agreement = Agreement { own_price: Some(own_price), ..agreement(3) };
		let agreed = CallTerms { agreement, list_price, ..agreed(3, 1) };
		ledger.begin(&node(2), agreed, 10, &budget).map(|(begun, _)| begun.call.agreed.price())
	};

	for above in [
		PriceSchedule { per_call: 11, ..list_price },
		PriceSchedule { per_input_token: 4, ..list_price },
		PriceSchedule { per_cached_input_token: 3, ..list_price },
		PriceSchedule { per_output_token: 5, ..list_price },
	] {
		assert_eq!(take(above), Err(Shortfall::AboveListPrice), "{above:?}");
	}
	let lower = PriceSchedule { per_call: 9, ..list_price };
	assert_eq!((take(list_price), take(lower)), (Ok(list_price), Ok(lower)));
	assert!(ledger.books().get(7).unwrap().lanes().count() == 2, "what is refused takes no lane");
}

#[test]
fn a_lane_that_its_node_has_lost_is_left_and_what_it_cost_still_counts() {
	let (mut ledger, budget) = (with_session(150), Budget::new(150, None));
	let first = begin(&mut ledger, 60, &budget).unwrap();
	ledger.acknowledge(&first.slot, receipt(&first.slot, 3, 50), Fate::Delivered, 0);
	let refused = begin(&mut ledger, 50, &budget).unwrap();
	assert_eq!(refused.slot.lane, first.slot.lane);

	book(&mut ledger, |book| book.close_lane(refused.slot.lane));
	refuse(&mut ledger, &refused.slot, Correction::default());

	let next = begin(&mut ledger, 50, &budget).unwrap();
	assert_eq!((next.slot.lane, next.slot.sequence, next.acknowledged), (1, 1, 0));
	// So does the voucher that it has refused.
	assert_eq!(ledger.books().left(7), 0);
	assert_eq!(Ledger::restore(contents(&ledger)).books().left(7), 0);
}

#[test]
fn a_lane_of_which_the_chain_has_settled_what_has_no_statement_is_left() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let list_price = PriceSchedule { per_call: 10, ..PriceSchedule::default() };
	let agreed = CallTerms { list_price, ..agreed(3, 10) };
	let (begun, _) = ledger.begin(&node(2), agreed, 10, &budget).unwrap();
	ledger.park(&begun.slot);
	// Its node may have charged it or not: what is in the list is not known either way.
	for amount in [0, 10] {
		let mut ledger = ledger.clone();
		let seen = info(&ledger, 7, vec![settled_lane(0, 1, amount)]);
		assert_eq!(look(&mut ledger, 7, Some(&seen)), []);
		let state = lane(&ledger, &begun.slot);
		assert_eq!((state.acknowledged(), state.spent(), state.charged()), (0, amount, 1));
		assert!(state.is_behind() && !state.closed && !state.is_forgotten());
		assert_eq!(ledger.books().left(7), 100 - amount);
		assert_eq!(begin(&mut ledger, 10, &budget).unwrap().slot.lane, 1);
	}
}

#[test]
fn a_call_that_comes_after_a_later_one_is_counted_and_its_lane_left() {
	let (mut ledger, budget) = (with_session(100), Budget::new(100, None));
	let refused = begin(&mut ledger, 10, &budget).unwrap();
	refuse(&mut ledger, &refused.slot, Correction { sequence: Some(1) });
	let later = begin(&mut ledger, 10, &budget).unwrap();
	assert_eq!(later.slot.sequence, 2);
	refuse(&mut ledger, &later.slot, Correction { sequence: Some(0) });
	let open = begin(&mut ledger, 10, &budget).unwrap();
	assert_eq!(open.slot.sequence, 1);
	// The node says of the later one that it was taken after all, and then it charges the earlier one.
	ledger.take_up(&later.slot, receipt(&later.slot, 3, 4), 0);
	ledger.acknowledge(&open.slot, receipt(&open.slot, 3, 5), Fate::Delivered, 0);

	let state = lane(&ledger, &open.slot);
	assert_eq!((state.acknowledged(), state.spent(), state.charged()), (4, 9, 2));
	assert_eq!((ledger.standing().charged, ledger.books().left(7)), (9, 91));
	assert_eq!(begin(&mut ledger, 10, &budget).unwrap().slot.lane, 1);
}

#[test]
fn a_full_session_is_followed_by_another() {
	let (mut ledger, budget) = (with_session(2_000), Budget::new(4_000, Some(2_000)));
	for _ in 0..MAX_LANES {
		begin(&mut ledger, 1, &budget).unwrap();
	}
	assert_eq!(begin(&mut ledger, 1, &budget), Err(Shortfall::Open { need: 1 }));
	let open = IntentKind::Open { expires_at: 1_000, first: 8 };
	ledger.deposits().plan(&node(2), 1, open, 10, &budget).unwrap();
	ledger.deposits().opened(&node(2), 8, 2_000, 1_000, OPENED_AT);
	assert_eq!(begin(&mut ledger, 1, &budget).unwrap().slot.session, 8);
}

#[test]
fn a_node_takes_some_dozens_of_lanes_away_and_gets_no_more_calls() {
	let (ledger, budget) = (with_session(10_000), Budget::new(20_000, Some(10_000)));
	let deny = |ledger: &mut Ledger, charge: Option<Balance>| {
		if let Some(charge) = charge {
			let Begun { slot, .. } = begin(ledger, 5, &budget).unwrap();
			ledger.acknowledge(&slot, receipt(&slot, 3, charge), Fate::Delivered, 0);
		}
		let Begun { slot, .. } = begin(ledger, 5, &budget).unwrap();
		book(ledger, |book| book.close_lane(slot.lane));
		refuse(ledger, &slot, Correction::default());
		slot.lane
	};
	for charge in [None, Some(1)] {
		let mut ledger = ledger.clone();
		for number in 0..64 {
			assert_eq!(deny(&mut ledger, charge), number);
		}
		// Another session costs another deposit, so that is not for the node alone to say.
		let denied = Err(Shortfall::LanesDenied { session: 7 });
		assert_eq!(begin(&mut ledger, 1, &budget), denied);
		// Nor does it help it that the session is used no more: what is in it comes back then.
		let mut retired = ledger.clone();
		book(&mut retired, Book::retire);
		assert_eq!(begin(&mut retired, 1, &budget), Err(Shortfall::Open { need: 1 }));
		// What was charged shows that the lanes were used, once what was refused can be settled no more.
		ledger.books_mut().forget_untaken(201 + 28_800);
		match charge {
			None => assert_eq!(begin(&mut ledger, 1, &budget), denied),
			Some(_) => assert_eq!(begin(&mut ledger, 1, &budget).unwrap().slot.lane, 64),
		}
	}
}

#[test]
fn a_lane_that_has_come_to_its_end_is_left() {
	let (mut ledger, budget) = (with_session(1_000), Budget::new(2_000, Some(1_000)));
	let end = Correction { sequence: Some(Sequence::MAX) };
	for number in 0..64 {
		let Begun { slot, .. } = begin(&mut ledger, 5, &budget).unwrap();
		assert_eq!((slot.lane, lane(&ledger, &slot).highest()), (number, 1));
		refuse(&mut ledger, &slot, end);
	}
	assert_eq!(begin(&mut ledger, 1, &budget), Err(Shortfall::LanesDenied { session: 7 }));
}
