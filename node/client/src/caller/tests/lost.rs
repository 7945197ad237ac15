//! An answer that was lost on its way.

use super::*;

#[tokio::test]
async fn an_answer_that_the_node_has_kept_is_had_again() {
	for mood in [Mood::BreakOff, Mood::Proxied] {
		let world = World::new(10 * MOST).await;
		world.node.set(mood);
		world.node.ledger.lock().unwrap().keeps = true;
		let result = world.call(false).await.unwrap();
		assert_eq!(result.text, "The capital of Zoë is Paris.");
		assert_eq!((result.statement.sequence, result.statement.charge), (1, CHARGE));
		assert_eq!(world.lane().await.acknowledged, CHARGE, "once");
		assert_eq!(world.node.ledger.lock().unwrap().paid_requests, 2);
		// Streams are not kept.
		world.node.set(Mood::BreakOff);
		let lost = world.call(true).await.unwrap_err();
		assert!(matches!(lost, CallerError::AnswerLost { charge: CHARGE, .. }), "{lost}");
		assert_eq!(world.node.ledger.lock().unwrap().paid_requests, 3);
	}
}

/// A node that was killed between the record and the answer is not back at once.
#[tokio::test]
async fn an_answer_is_asked_for_again_when_the_node_says_what_it_cost() {
	let world = World::new(10 * MOST).await;
	world.node.set(Mood::BreakOff);
	{
		let mut ledger = world.node.ledger.lock().unwrap();
		(ledger.keeps, ledger.not_yet) = (true, 1);
	}
	let result = world.call(false).await.unwrap();
	assert_eq!(result.text, "The capital of Zoë is Paris.");
	assert_eq!(world.lane().await.acknowledged, CHARGE, "once");
	assert_eq!(world.node.ledger.lock().unwrap().paid_requests, 3);
	// It has it no more: what is known is what it cost.
	world.node.ledger.lock().unwrap().not_yet = 2;
	let lost = world.call(false).await.unwrap_err();
	assert!(matches!(lost, CallerError::AnswerLost { charge: CHARGE, .. }), "{lost}");
	assert_eq!(world.lane().await.acknowledged, 2 * CHARGE);
}

#[tokio::test]
async fn a_node_that_does_not_say_is_not_waited_for_twice() {
	let world = World::new(10 * MOST).await;
	world.node.set(Mood::BreakOffMute);
	let options = CallerOptions { recovery: Duration::ZERO, ..CallerOptions::default() };
	let unknown = world.call_with(false, options).await.unwrap_err();
	assert!(matches!(unknown, CallerError::Unresolved { allowance: MOST, .. }), "{unknown}");
	let ledger = world.node.ledger.lock().unwrap();
	assert_eq!((ledger.paid_requests, ledger.asked), (2, 1));
}

#[tokio::test]
async fn what_has_come_counts_when_the_statement_comes_later() {
	for stream in [false, true] {
		let world = World::new(10 * MOST).await;
		world.node.set(Mood::WrongTextMute);
		let unknown = world.call(stream).await.unwrap_err();
		assert!(matches!(unknown, CallerError::Unresolved { .. }), "{unknown}");
		let open = world.lane().await.open.unwrap();
		assert!(open.expected.is_some() && open.rejected.is_none());
		world.node.set(Mood::Honest);
		let refused = world.call(stream).await.unwrap_err();
		assert!(matches!(refused, CallerError::Statement { .. }), "{refused}");
		assert!(refused.to_string().contains("another answer"), "{refused}");
		let lane = world.lane().await;
		assert!(lane.acknowledged == 0 && lane.open.unwrap().rejected.is_some());
	}
}
