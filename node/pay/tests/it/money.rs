use super::code;
use crate::world::World;
use openledger_payer::testing::{ChainMood, Mood, CHARGE, MOST};
use openledger_primitives::Balance;
use openledger_testkit::settled_lane;
use std::time::Duration;

/// Asks so many times at once. How often it was answered, and what the other answers were.
async fn at_once(
	world: &World,
	proxy: &crate::world::Running,
	calls: usize,
) -> (usize, Vec<(u16, String)>) {
	let asked = (0..calls).map(|number| world.ask(proxy, number % 2 == 0));
	let (mut served, mut refused) = (0, vec![]);
	for answer in futures::future::join_all(asked).await {
		match answer.status().as_u16() {
			200 => {
				served += 1;
				answer.bytes().await.unwrap();
			}
			_ => refused.push(code(answer).await),
		}
	}
	(served, refused)
}

#[tokio::test]
async fn the_budget_holds_with_64_calls_at_once() {
	// Money for ten at a time, and for a few more one after the other.
	let budget = 10 * MOST;
	for nodes in [1, 3] {
		let mut world = World::new(nodes, budget, 2 * MOST).await;
		world.settings.payer.call.budget_wait = Duration::from_secs(4);
		for node in &world.nodes {
			node.ledger.lock().delay = Duration::from_millis(30);
		}
		let proxy = world.start().await;
		let (served, refused) = at_once(&world, &proxy, 64).await;
		assert!(served >= 10, "{served}");
		for (status, code) in refused {
			assert_eq!((status, code.as_str()), (429, "insufficient_quota"));
		}
		assert_eq!(world.charged(), CHARGE * Balance::try_from(served).unwrap());
		assert_eq!(world.spend(&proxy, "spent").await, world.charged());
		assert_eq!(world.spend(&proxy, "reserved").await, 0);
		// Even if the nodes redeem all that they hold.
		let deposits: Balance =
			world.chain.state.lock().sessions.values().map(|session| session.deposit).sum();
		assert!(deposits <= budget, "{deposits}");
		assert!(world.redeemable() <= budget);
		proxy.stop().await;
	}
}

#[tokio::test]
async fn calls_wait_for_one_another_where_the_money_is_short() {
	// Money for two calls, but for one at a time.
	let world = World::new(1, 2 * MOST - 1, 2 * MOST - 1).await;
	let proxy = world.start().await;
	let (served, refused) = at_once(&world, &proxy, 2).await;
	assert_eq!((served, refused), (2, vec![]));
	assert_eq!(world.nodes[0].ledger.lock().most_at_once, 1);
	proxy.stop().await;
}

#[tokio::test]
async fn when_the_budget_is_used_up_that_is_told() {
	let world = World::new(1, MOST + CHARGE, MOST).await;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	let refused = world.ask(&proxy, false).await;
	assert_eq!(refused.headers()["x-should-retry"], "false");
	assert_eq!(code(refused).await, (429, "insufficient_quota".into()));
	assert_eq!(world.transactions(), ["open_session", "top_up"]);
	proxy.stop().await;
	// It is no better with a new process.
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 429);
	proxy.stop().await;
	// But with a new budget: what is left in the session still counts.
	let mut world = world;
	world.settings.payer.new_budget = true;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	proxy.stop().await;
}

#[tokio::test]
async fn a_session_is_topped_up_before_it_has_run_dry() {
	let world = World::new(1, 100 * MOST, 4 * MOST).await;
	let proxy = world.start().await;
	for _ in 0..9 {
		assert_eq!(world.ask(&proxy, false).await.status(), 200);
	}
	tokio::time::sleep(Duration::from_millis(200)).await;
	let transactions = world.transactions();
	assert_eq!(transactions[..2], ["open_session", "top_up"], "{transactions:?}");
	assert_eq!(world.spend(&proxy, "in_sessions").await, 8 * MOST);
	proxy.stop().await;
}

#[tokio::test]
async fn an_account_without_money_is_told_so() {
	let world = World::new(1, 100 * MOST, 10 * MOST).await;
	world.chain.state.lock().free = 5;
	let proxy = world.start().await;
	let answer = world.ask(&proxy, false).await;
	let body: serde_json::Value = answer.json().await.unwrap();
	assert_eq!(body["error"]["code"], "insufficient_quota");
	assert!(body["error"]["message"].as_str().unwrap().contains("send it OPEN"), "{body}");
	assert!(world.transactions().is_empty());
	proxy.stop().await;
}

#[tokio::test]
async fn a_transaction_that_failed_leaves_nothing_behind() {
	let world = World::new(1, 100 * MOST, 10 * MOST).await;
	world.chain.state.lock().mood = ChainMood::Refuse;
	let proxy = world.start().await;
	let refused = code(world.ask(&proxy, false).await).await;
	assert_eq!(refused, (503, "session_not_funded".into()));
	assert_eq!(world.spend(&proxy, "committed").await, 0);
	world.chain.state.lock().mood = ChainMood::Well;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	proxy.stop().await;
}

#[tokio::test]
async fn a_transaction_of_unknown_outcome_counts_until_it_is_known() {
	let mut world = World::new(1, 15 * MOST, 10 * MOST).await;
	world.settings.payer.call.catch_up = Duration::from_millis(100);
	for (mood, expected) in [(ChainMood::Secretive, 10 * MOST), (ChainMood::Lossy, 0)] {
		world.settings.payer.state = world.folder.path().join(format!("{mood:?}"));
		world.chain.state.lock().mood = mood;
		let proxy = world.start().await;
		let before = world.transactions().len();
		for _ in 0..3 {
			let refused = code(world.ask(&proxy, false).await).await;
			assert_eq!(refused, (503, "session_not_funded".into()));
			assert_eq!(world.spend(&proxy, "committed").await, 10 * MOST);
		}
		// Nothing is sent twice.
		assert_eq!(world.transactions().len(), before + 1);
		proxy.stop().await;
		// Also not by a process that finds it on disk. Once its time is over, the chain knows.
		{
			let mut state = world.chain.state.lock();
			state.mood = ChainMood::Well;
			(state.best, state.finalized) = (state.best + 300, state.finalized + 300);
		}
		let proxy = world.start().await;
		let resolved = async {
			while world.spend(&proxy, "in_sessions").await != world.spend(&proxy, "committed").await
			{
				tokio::time::sleep(Duration::from_millis(20)).await;
			}
		};
		tokio::time::timeout(Duration::from_secs(10), resolved).await.unwrap();
		assert_eq!(world.spend(&proxy, "committed").await, expected, "{mood:?}");
		assert_eq!(world.ask(&proxy, false).await.status(), 200, "{mood:?}");
		proxy.stop().await;
	}
}

#[tokio::test]
async fn a_node_that_settles_more_than_it_stated_is_found_out() {
	let world = World::new(1, 100 * MOST, 10 * MOST).await;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	proxy.stop().await;
	{
		let mut state = world.chain.state.lock();
		let session = state.sessions.values_mut().next().unwrap();
		session.settled = MOST;
		session.lanes = vec![settled_lane(0, 1, MOST)];
	}
	let proxy = world.start().await;
	let noticed = async {
		while world.proofs().is_empty() {
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
	};
	tokio::time::timeout(Duration::from_secs(10), noticed).await.unwrap();
	tokio::time::sleep(Duration::from_millis(100)).await;
	let proof = &world.proofs()[0];
	assert_eq!(proof["kind"], "settled_more_than_stated");
	assert_eq!(proof["receipts"][0]["statement"]["charge"], CHARGE.to_string());
	assert_ne!(world.ask(&proxy, false).await.status(), 200);
	proxy.stop().await;
}

#[tokio::test]
async fn a_node_that_lies_cannot_get_more_than_one_call_may_cost() {
	let world = World::new(1, 100 * MOST, 10 * MOST).await;
	world.nodes[0].set(Mood::Overcharge);
	let proxy = world.start().await;
	let (served, _) = at_once(&world, &proxy, 1).await;
	assert_eq!(served, 1, "a stream has gone out when its statement comes");
	for _ in 0..3 {
		assert_ne!(world.ask(&proxy, true).await.status(), 200);
	}
	assert_eq!(world.redeemable(), MOST);
	proxy.stop().await;
}
