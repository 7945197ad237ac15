use super::streamed;
use crate::world::World;
use openledger_payer::testing::{ANSWER, CHARGE, MOST};
use rand::Rng;
use std::time::Duration;

#[tokio::test]
async fn calls_come_to_their_end_first() {
	let world = World::new(1, 100 * MOST, 20 * MOST).await;
	let proxy = world.start().await;
	world.ask(&proxy, false).await;
	world.nodes[0].ledger.lock().delay = Duration::from_millis(300);
	let asking = world.ask(&proxy, true);
	let (body, _) = tokio::join!(async { asking.await.text().await.unwrap() }, async {
		tokio::time::sleep(Duration::from_millis(100)).await;
		proxy.stop().await
	});
	assert_eq!(streamed(&body), (ANSWER.concat(), true));
	assert_eq!(world.charged(), 2 * CHARGE);
}

#[tokio::test]
async fn calls_that_take_too_long_are_cut_off() {
	let mut world = World::new(1, 100 * MOST, 20 * MOST).await;
	world.settings.grace = Duration::from_millis(100);
	let proxy = world.start().await;
	world.ask(&proxy, false).await;
	world.nodes[0].ledger.lock().delay = Duration::from_secs(15);
	let asking = world.ask(&proxy, false);
	let (answer, report) = tokio::join!(asking, async {
		tokio::time::sleep(Duration::from_millis(100)).await;
		proxy.stop().await
	});
	assert_eq!(answer.status(), 503);
	let report = report.to_json();
	assert_eq!(report["reserved"], "0");
	assert_eq!(report["spent"], CHARGE.to_string());
}

#[tokio::test]
async fn a_crash_loses_nothing() {
	let world = World::new(1, 100 * MOST, 20 * MOST).await;
	let doomed = world.start_doomed().await;
	let proxy = &doomed.proxy;
	world.ask(proxy, false).await;
	// The voucher is with the node when the process dies.
	world.nodes[0].ledger.lock().delay = Duration::from_secs(5);
	let dying = tokio::spawn(world.ask_or_not(proxy, false));
	while world.nodes[0].ledger.lock().at_once == 0 {
		tokio::time::sleep(Duration::from_millis(5)).await;
	}
	doomed.kill().await;
	dying.await.unwrap();
	world.nodes[0].ledger.lock().delay = Duration::ZERO;
	let proxy = world.start().await;
	for _ in 0..2 {
		assert_eq!(world.ask(&proxy, false).await.status(), 200);
	}
	let known = async {
		while world.spend(&proxy, "reserved").await > 0 {
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
	};
	tokio::time::timeout(Duration::from_secs(5), known).await.unwrap();
	assert_eq!(world.spend(&proxy, "spent").await, world.charged());
	assert_eq!(world.transactions(), ["open_session"]);
	proxy.stop().await;
}

/// The process dies again and again, at any time, with calls under way.
#[tokio::test]
async fn crashes_at_random_lose_nothing_and_pay_nothing_twice() {
	let mut world = World::new(1, 2_000 * MOST, 2_000 * MOST).await;
	world.settings.payer.call.attempts = 1;
	// The session is there already: what becomes of transactions is another test's matter.
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	proxy.stop().await;
	for node in &world.nodes {
		node.ledger.lock().delay = Duration::from_millis(15);
	}
	for _ in 0..10 {
		let doomed = world.start_doomed().await;
		let calls: Vec<_> = (0..12)
			.map(|number| {
				let asking = world.ask_or_not(&doomed.proxy, number % 2 == 0);
				tokio::spawn(asking)
			})
			.collect();
		let life = rand::thread_rng().gen_range(0..60);
		tokio::time::sleep(Duration::from_millis(life)).await;
		doomed.kill().await;
		for call in calls {
			call.await.unwrap();
		}
	}
	// A voucher that was written down but did not get out could still be taken, for so long.
	world.chain.state.lock().best += 200;
	let proxy = world.start().await;
	let known = async {
		while world.spend(&proxy, "reserved").await > 0 {
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
	};
	tokio::time::timeout(Duration::from_secs(10), known).await.unwrap();
	assert_eq!(world.spend(&proxy, "spent").await, world.charged());
	// And the lanes go on where they were.
	for _ in 0..20 {
		assert_eq!(world.ask(&proxy, false).await.status(), 200);
	}
	assert_eq!(world.spend(&proxy, "spent").await, world.charged());
	assert!(world.proofs().is_empty());
	proxy.stop().await;
}
