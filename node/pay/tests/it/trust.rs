//! Nodes that take money for nothing, and sessions whose numbers change.

use super::code;
use crate::world::World;
use openledger_payer::testing::{Mood, CHARGE, MOST};
use openledger_primitives::{info::SessionInfo, Hash};
use std::time::Duration;

#[tokio::test]
async fn what_never_arrives_is_not_paid_again_and_again() {
	for stream in [false, true] {
		let mut world = World::new(1, 100 * MOST, 50 * MOST).await;
		world.settings.payer.closing.round = Duration::from_millis(20);
		world.settings.payer.call.recovery = Duration::from_secs(5);
		world.nodes[0].set(Mood::Thief);
		let proxy = world.start().await;
		assert_ne!(world.ask(&proxy, stream).await.status(), 200);
		// Together, but it gets them one after the other.
		world.nodes[0].ledger.lock().delay = Duration::from_millis(20);
		let asked = (0..8).map(|_| world.ask(&proxy, stream));
		for answer in futures::future::join_all(asked).await {
			assert_ne!(answer.status(), 200);
		}
		assert_eq!(world.charged(), 3 * MOST);
		assert_eq!(world.nodes[0].ledger.lock().most_at_once, 1);
		let (_, spend) = world.get(&proxy, "/spend").await;
		let reason = spend["barred"][0]["reason"].as_str().unwrap();
		assert!(reason.contains("did not arrive: 3 of 3"), "{spend}");
		proxy.stop().await;
		// Nor does the next process pay it.
		world.nodes[0].set(Mood::Honest);
		let proxy = world.start().await;
		assert_eq!(code(world.ask(&proxy, stream).await).await.1, "no_node");
		proxy.stop().await;
		world.settings.payer.forgive = vec![world.nodes[0].keypair.account()];
		let proxy = world.start().await;
		assert_eq!(world.ask(&proxy, false).await.status(), 200);
		assert_eq!(world.charged(), 3 * MOST + CHARGE);
		proxy.stop().await;
	}
}

/// The chain says what a node says nothing about.
#[tokio::test]
async fn what_is_settled_and_never_arrives_is_not_paid_again_and_again() {
	let mut world = World::new(1, 100 * MOST, 50 * MOST).await;
	world.settings.payer.closing.round = Duration::from_millis(20);
	let proxy = world.start().await;
	for round in 1..=3 {
		world.nodes[0].set(Mood::BreakOffMute);
		assert_eq!(code(world.ask(&proxy, false).await).await, (502, "node_failed".into()));
		world.nodes[0].settle_all_it_can();
		let known = async {
			while world.spend(&proxy, "reserved").await > 0 {
				tokio::time::sleep(Duration::from_millis(20)).await;
			}
		};
		tokio::time::timeout(Duration::from_secs(10), known).await.unwrap();
		// A lane of which it keeps the statements to itself is used no more. It settles as much on the next one.
		assert_eq!(world.spend(&proxy, "spent").await, round * MOST);
	}
	let (_, spend) = world.get(&proxy, "/spend").await;
	let reason = spend["barred"][0]["reason"].as_str().unwrap();
	assert!(reason.contains("did not arrive: 3 of 3"), "{spend}");
	assert_eq!((&spend["calls"]["served"], &spend["calls"]["broken"]), (&3.into(), &3.into()));
	assert_eq!(world.transactions(), ["open_session"]);
	proxy.stop().await;
}

#[tokio::test]
async fn a_node_that_denies_what_it_has_signed_is_paid_no_more() {
	let world = World::new(1, 100 * MOST, 20 * MOST).await;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	world.nodes[0].set(Mood::Denying("lane_of_other_terms"));
	assert_eq!(code(world.ask(&proxy, false).await).await, (502, "node_misbehaves".into()));
	let (_, spend) = world.get(&proxy, "/spend").await;
	let reason = spend["barred"][0]["reason"].as_str().unwrap();
	assert!(reason.contains("lane 0 of session 5 is used for something else"), "{spend}");
	assert_eq!(world.nodes[0].ledger.lock().paid, 2);
	assert_eq!(world.transactions(), ["open_session"]);
	proxy.stop().await;
}

#[tokio::test]
async fn a_session_is_found_again_under_another_number() {
	let mut world = World::new(1, 15 * MOST, 10 * MOST).await;
	world.settings.payer.closing.round = Duration::from_millis(20);
	world.chain.state.lock().slow = true;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	let settle = async |count: usize| {
		tokio::time::sleep(Duration::from_millis(100)).await;
		assert_eq!(world.spend(&proxy, "in_sessions").await, 10 * MOST);
		assert_eq!(world.transactions().len(), count);
	};
	settle(1).await;
	// Another block takes the place of that one, and somebody else has come before.
	{
		let mut state = world.chain.state.lock();
		let ours = state.sessions.remove(&5).unwrap();
		let stranger = SessionInfo { caller: [9; 32].into(), ..ours.clone() };
		state.sessions.insert(5, stranger);
		state.sessions.insert(6, SessionInfo { id: 6, ..ours });
		state.next = 7;
	}
	settle(1).await;
	world.chain.state.lock().slow = false;
	let found = async {
		while world.get(&proxy, "/spend").await.1["sessions"][0]["session"] != 6 {
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
	};
	tokio::time::timeout(Duration::from_secs(10), found).await.unwrap();
	settle(1).await;
	assert_eq!(world.ask(&proxy, false).await.headers()["x-openledger-session"], "6");
	assert_eq!(world.transactions(), ["open_session"]);
	proxy.stop().await;
}

#[tokio::test]
async fn a_claim_about_somebody_elses_session_bars_nobody() {
	let world = World::new(1, 100 * MOST, 10 * MOST).await;
	world.chain.state.lock().slow = true;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	world.nodes[0].ledger.lock().claims.insert((5, 0), (CHARGE + 1, Hash::zero()));
	assert_ne!(world.ask(&proxy, false).await.status(), 200);
	let barred = async || world.get(&proxy, "/spend").await.1["barred"].as_array().unwrap().len();
	assert_eq!(barred().await, 0);
	// Once it is final that it is ours, the claim is a claim.
	world.chain.state.lock().slow = false;
	assert_ne!(world.ask(&proxy, false).await.status(), 200);
	assert_eq!(barred().await, 1);
	proxy.stop().await;
}
