use crate::world::World;
use openledger_pay::server::Proxy;
use openledger_payer::{
	janitor::Closing,
	testing::{ChainMood, FakeNode, CHARGE, MOST},
};
use openledger_primitives::{Balance, SessionId};
use std::time::Duration;

/// A world in which one call was made, and a proxy that has ended.
async fn after_one_call(nodes: usize) -> World {
	let world = World::new(nodes, 100 * MOST, 10 * MOST).await;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	proxy.stop().await;
	world
}

async fn close(world: &World) -> Vec<(SessionId, Closing)> {
	let (chain, settings) = (world.chain.clone(), world.settings.clone());
	Proxy::new(chain, settings).await.unwrap().close_all().await.unwrap()
}

async fn committed(world: &World) -> Balance {
	let proxy = world.start().await;
	let committed = world.spend(&proxy, "committed").await;
	proxy.stop().await;
	committed
}

async fn eventually(what: impl AsyncFn() -> bool) {
	let waiting = async {
		while !what().await {
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
	};
	tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
}

fn node(world: &World) -> &FakeNode {
	&world.nodes[0]
}

#[tokio::test]
async fn what_was_not_spent_comes_back_at_once_where_the_node_agrees() {
	let world = after_one_call(1).await;
	let free = world.chain.state.lock().free;
	// It has to settle first.
	node(&world).ledger.lock().settling = 2;
	assert_eq!(close(&world).await, [(5, Closing::Closed(10 * MOST - CHARGE))]);
	assert_eq!(node(&world).ledger.lock().closings, 3);
	assert_eq!(world.transactions(), ["open_session", "close_by_agreement"]);
	assert_eq!(world.chain.state.lock().free, free + 10 * MOST - CHARGE);
	assert!(close(&world).await.is_empty());
	assert_eq!(committed(&world).await, CHARGE);
	assert!(world.proofs().is_empty());
}

#[tokio::test]
async fn what_was_not_spent_comes_back_with_notice_where_it_does_not() {
	for settling in [0, 99] {
		let world = after_one_call(1).await;
		{
			let mut ledger = node(&world).ledger.lock();
			(ledger.stubborn, ledger.settling) = (settling == 0, settling);
		}
		let free = world.chain.state.lock().free;
		assert_eq!(close(&world).await, [(5, Closing::From(110))]);
		assert_eq!(close(&world).await, [(5, Closing::From(110))]);
		{
			let mut state = world.chain.state.lock();
			state.best = 110;
			state.sessions.get_mut(&5).unwrap().settled = CHARGE;
		}
		assert_eq!(close(&world).await, [(5, Closing::Closed(10 * MOST - CHARGE))]);
		assert_eq!(world.transactions(), ["open_session", "request_close", "close"]);
		assert_eq!(world.chain.state.lock().free, free + 10 * MOST - CHARGE);
		assert!(close(&world).await.is_empty());
		assert_eq!(committed(&world).await, CHARGE);
	}
}

#[tokio::test]
async fn a_node_may_agree_after_all() {
	let mut world = after_one_call(1).await;
	let gone = world.nodes.remove(0);
	let books = gone.ledger.clone();
	drop(gone);
	assert_eq!(close(&world).await, [(5, Closing::From(110))]);
	world.revive(books).await;
	assert_eq!(close(&world).await, [(5, Closing::Closed(10 * MOST - CHARGE))]);
	let transactions = ["open_session", "request_close", "close_by_agreement"];
	assert_eq!(world.transactions(), transactions);
}

#[tokio::test]
async fn what_fails_on_chain_is_tried_again() {
	let world = after_one_call(1).await;
	world.chain.state.lock().mood = ChainMood::Refuse;
	assert_eq!(close(&world).await, [(5, Closing::NotYet)]);
	world.chain.state.lock().mood = ChainMood::Well;
	assert_eq!(close(&world).await, [(5, Closing::Closed(10 * MOST - CHARGE))]);
}

#[tokio::test]
async fn a_node_that_settles_more_than_it_stated_is_found_out_at_the_end() {
	let world = after_one_call(1).await;
	node(&world).ledger.lock().lanes.values_mut().next().unwrap().beyond += 1;
	assert_eq!(close(&world).await, [(5, Closing::Closed(10 * MOST - CHARGE - 1))]);
	let proofs = world.proofs();
	assert_eq!(proofs.len(), 1);
	assert_eq!(proofs[0]["kind"], "settled_more_than_stated");
	assert_eq!(committed(&world).await, CHARGE + 1);
}

#[tokio::test]
async fn a_session_that_nobody_uses_is_closed() {
	let mut world = World::new(1, 100 * MOST, 10 * MOST).await;
	world.settings.payer.closing.idle = Some(Duration::from_millis(300));
	world.settings.payer.closing.round = Duration::from_millis(50);
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	eventually(async || world.spend(&proxy, "in_sessions").await == 0).await;
	assert_eq!(world.transactions(), ["open_session", "close_by_agreement"]);
	// The next call gets a new one.
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	assert_eq!(world.spend(&proxy, "spent").await, 2 * CHARGE);
	proxy.stop().await;
}

#[tokio::test]
async fn all_sessions_are_closed_at_the_end_if_that_is_wanted() {
	let mut world = World::new(1, 100 * MOST, 10 * MOST).await;
	world.settings.close_at_end = true;
	let proxy = world.start().await;
	let answer = world.ask(&proxy, true).await;
	assert_eq!(answer.status(), 200);
	answer.bytes().await.unwrap();
	node(&world).ledger.lock().delay = Duration::from_millis(200);
	// A call that is under way comes to its end first.
	let asking = world.ask(&proxy, false);
	let (answer, report) = tokio::join!(asking, async {
		tokio::time::sleep(Duration::from_millis(100)).await;
		proxy.stop().await
	});
	assert_eq!(answer.status(), 200);
	let report = report.to_json();
	assert_eq!(report["in_sessions"], "0");
	assert_eq!(report["committed"], world.charged().to_string());
	assert_eq!(report["spent"], world.charged().to_string());
	assert!(world.chain.state.lock().sessions.is_empty());
}
