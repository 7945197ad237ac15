//! A lane is for one version of one model at one price.

use super::*;
use crate::testing::LaneLedger;

#[tokio::test]
async fn other_terms_take_another_lane() {
	let world = World::new(10 * MOST).await;
	world.call(false).await.unwrap();
	let change = |change: fn(&mut ModelInfo)| {
		change(world.chain.state.lock().unwrap().models.get_mut(&MODEL).unwrap());
		change(&mut world.node.model.lock().unwrap());
	};
	let lanes = || async { world.book().await.find(&world.key()).await.unwrap().lanes };
	change(|model| model.price_version = 1);
	for sequence in [1, 2] {
		let result = world.call(false).await.unwrap();
		assert_eq!((result.statement.lane, result.statement.sequence), (1, sequence));
		assert_eq!((result.session, result.opened), (SESSION, false));
	}
	change(|model| model.version = 1);
	assert_eq!(world.call(true).await.unwrap().statement.lane, 2);
	let used = lanes().await;
	let used: Vec<_> = used.values().map(|lane| (lane.terms.unwrap(), lane.acknowledged)).collect();
	let expected = [
		(TERMS, CHARGE),
		(LaneTerms { price_version: 1, ..TERMS }, 2 * CHARGE),
		(LaneTerms { version: 1, price_version: 1, ..TERMS }, CHARGE),
	];
	assert_eq!(used, expected);

	// Nothing but the lane that is asked for.
	let options = CallerOptions { only_lane: true, ..CallerOptions::default() };
	let refused = world.call_with(false, options).await.unwrap_err();
	assert_eq!(refused, CallerError::LaneOfOtherTerms { lane: 0, terms: Some(TERMS) });
	let said = "lane 0 is used for model 3, version 0, price version 0: use another lane";
	assert!(refused.to_string().contains(said), "{refused}");
	let options = CallerOptions { only_lane: true, lane: 9, ..CallerOptions::default() };
	let result = world.call_with(false, options).await.unwrap();
	assert_eq!((result.statement.lane, result.statement.sequence), (9, 1));
}

#[tokio::test]
async fn a_session_without_a_lane_for_a_call_is_replaced() {
	let world = World::new(10 * MOST).await;
	{
		let book = world.book().await;
		for lane in 0..MAX_LANES {
			let terms = Some(LaneTerms { price_version: 7, ..TERMS });
			let used = KnownLane { sequence: 1, terms, ..KnownLane::default() };
			book.put_lane(&world.key(), SESSION, lane, used).await.unwrap();
		}
	}
	// The account has nothing, so that opening another one fails: that is how it shows.
	let error = world.call(false).await.unwrap_err();
	assert!(matches!(error, CallerError::DepositTooSmall { .. }), "{error}");
	assert_eq!(world.book().await.find(&world.key()).await, None);
	assert_eq!(world.node.ledger.lock().unwrap().paid_requests, 0);
}

#[tokio::test]
async fn a_lane_that_the_node_knows_for_something_else_is_left() {
	let world = World::new(10 * MOST).await;
	let terms = LaneTerms { version: 7, ..TERMS };
	for lane in [0, 1] {
		let lanes = &mut world.node.ledger.lock().unwrap().lanes;
		lanes.insert(lane, LaneLedger { sequence: 4, terms: Some(terms), charged: 9 });
	}
	let result = world.call(false).await.unwrap();
	assert_eq!((result.statement.lane, result.statement.sequence), (2, 1));
	let known = world.book().await.find(&world.key()).await.unwrap();
	assert!(known.lanes[&0].closed && known.lanes[&1].closed && !known.lanes[&2].closed);
	// That is kept in mind.
	assert_eq!(world.call(false).await.unwrap().statement.lane, 2);
	assert_eq!(world.node.ledger.lock().unwrap().paid_requests, 4);
	let options = CallerOptions { only_lane: true, ..CallerOptions::default() };
	let refused = world.call_with(false, options).await.unwrap_err();
	assert!(refused.to_string().contains("something else"), "{refused}");
}

/// Nothing but the node's word shows that a lane is used for something else: a deposit in another
/// session is not put in for that.
#[tokio::test]
async fn a_node_cannot_have_sessions_opened_by_its_word() {
	let world = World::new(10 * MOST).await;
	let terms = Some(LaneTerms { version: 7, ..TERMS });
	for lane in 0..MAX_LANES {
		let lanes = &mut world.node.ledger.lock().unwrap().lanes;
		lanes.insert(lane, LaneLedger { sequence: 4, terms, charged: 9 });
	}
	let mut refused = world.call(false).await.unwrap_err();
	while let CallerError::Refused { code, .. } = &refused {
		assert_eq!(code, "lane_of_other_terms");
		refused = world.call(false).await.unwrap_err();
	}
	assert_eq!(refused, CallerError::LanesDenied { session: SESSION });
	let known = world.book().await.find(&world.key()).await.unwrap();
	assert!(known.lanes.len() == usize::from(MAX_LANES) && known.closed_unproven());
	let before = world.node.ledger.lock().unwrap().paid_requests;
	assert_eq!(world.call(false).await.unwrap_err(), refused);
	assert_eq!(world.node.ledger.lock().unwrap().paid_requests, before);

	// Where it has charged for calls on them, they were used.
	for (lane, state) in known.lanes {
		let charged = KnownLane { acknowledged: 1, ..state };
		world.book().await.put_lane(&world.key(), SESSION, lane, charged).await.unwrap();
	}
	let error = world.call(false).await.unwrap_err();
	assert!(matches!(error, CallerError::DepositTooSmall { .. }), "{error}");
}

#[tokio::test]
async fn a_node_cannot_deny_what_it_has_signed() {
	let world = World::new(10 * MOST).await;
	world.call(false).await.unwrap();
	let terms = Some(LaneTerms { version: 7, ..TERMS });
	world.node.ledger.lock().unwrap().lanes.get_mut(&0).unwrap().terms = terms;
	let refused = world.call(false).await.unwrap_err();
	assert!(matches!(refused, CallerError::Protocol(_)), "{refused}");
	assert!(refused.to_string().contains("lane 0 of session 5"), "{refused}");
	let known = world.book().await.find(&world.key()).await.unwrap();
	assert!(!known.lanes[&0].closed && known.lanes.len() == 1);
	assert_eq!(world.node.ledger.lock().unwrap().paid_requests, 2);
}

#[tokio::test]
async fn a_node_cannot_deny_one_session_after_the_other() {
	for (unused, is_left) in [(1, true), (2, false)] {
		let world = World::new(10 * MOST).await;
		world.node.ledger.lock().unwrap().foreign = true;
		let book = world.book().await;
		let ours = book.find(&world.key()).await.unwrap();
		for number in 0..=unused {
			let session = if number == unused { SESSION } else { SESSION + 1 + number };
			let known = KnownSession { session, ..ours.clone() };
			book.put(&world.key(), known, &[SESSION]).await.unwrap();
		}
		drop(book);
		let refused = world.call(false).await.unwrap_err();
		assert!(matches!(refused, CallerError::Refused { status: 402, .. }), "{refused}");
		let known = world.book().await.find(&world.key()).await;
		assert_eq!(known.is_none(), is_left, "{unused}");
	}
}
