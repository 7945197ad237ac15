//! Callers owe for an answer what they received of it.

use super::{code, streamed};
use crate::world::World;
use openledger_payer::testing::{Mood, ANSWER, CHARGE, MOST, NAME};
use openledger_primitives::Balance;
use serde_json::{json, Value};
use std::time::Duration;

/// The most that a call with so many tokens out may cost.
fn most(tokens: Balance) -> Balance {
	1_000 + 12 * 10 + tokens * 100
}

fn chat(tokens: Option<u64>, stream: bool) -> Value {
	let mut body = json!({ "model": NAME, "messages": [], "stream": stream });
	if let Some(tokens) = tokens {
		body["max_tokens"] = tokens.into();
	}
	body
}

#[tokio::test]
async fn a_node_cannot_name_any_number_of_tokens() {
	let mut world = World::new(1, most(10_000), MOST).await;
	world.settings.payer.call.max_output_tokens = 100;
	let proxy = world.start().await;
	world.nodes[0].ledger.lock().unasked = 101;
	let (status, why) = code(world.post(&proxy, &chat(None, false)).await).await;
	assert_eq!((status, why.as_str()), (400, "answer_too_long"));
	assert_eq!(world.redeemable(), 0);
	// Whoever wants as many says so.
	assert_eq!(world.post(&proxy, &chat(Some(101), false)).await.status(), 200);
	world.nodes[0].ledger.lock().unasked = 100;
	assert_eq!(world.post(&proxy, &chat(None, false)).await.status(), 200);
	proxy.stop().await;
}

#[tokio::test]
async fn more_than_has_come_is_not_paid() {
	for (mood, status) in [(Mood::Padding, 200), (Mood::Thief, 502)] {
		let world = World::new(1, most(10_000), most(5_000)).await;
		world.nodes[0].set(mood);
		let proxy = world.start().await;
		let answer = world.post(&proxy, &chat(Some(4_000), true)).await;
		assert_eq!(answer.status(), status, "{mood:?}");
		answer.bytes().await.unwrap();
		assert_eq!(world.spend(&proxy, "spent").await, 0, "{mood:?}");
		let (_, spend) = world.get(&proxy, "/spend").await;
		let reason = spend["barred"][0]["reason"].as_str().unwrap();
		assert!(reason.contains("4000 output tokens where"), "{spend}");
		proxy.stop().await;
	}
}

#[tokio::test]
async fn what_has_come_counts_when_the_statement_comes_later() {
	// Half a word, all of an answer, and one whose statement is about another.
	for (mood, stream, tokens, said) in [
		(Mood::PaddingMute, true, 4_000, "4000 output tokens where"),
		(Mood::PaddingWholeMute, true, 4_000, "4000 output tokens where"),
		(Mood::PaddingWholeMute, false, 4_000, "4000 output tokens where"),
		(Mood::WrongTextMute, true, 16, "another answer"),
		(Mood::WrongTextMute, false, 16, "another answer"),
	] {
		let world = World::new(1, most(10_000), most(5_000)).await;
		world.nodes[0].set(mood);
		let proxy = world.start().await;
		world.post(&proxy, &chat(Some(tokens), stream)).await.bytes().await.unwrap();
		assert_eq!(world.spend(&proxy, "reserved").await, most(tokens.into()), "{mood:?}");
		proxy.stop().await;
		world.nodes[0].set(Mood::Honest);
		let proxy = world.start().await;
		let noticed = async {
			while world.proofs().is_empty() {
				tokio::time::sleep(Duration::from_millis(20)).await;
			}
		};
		tokio::time::timeout(Duration::from_secs(10), noticed).await.unwrap();
		let reason = world.proofs()[0]["reason"].as_str().unwrap().to_owned();
		assert!(reason.contains(said), "{mood:?}: {reason}");
		assert_eq!(world.spend(&proxy, "spent").await, 0, "{mood:?}");
		proxy.stop().await;
	}
}

#[tokio::test]
async fn a_node_that_waits_until_nobody_waits_is_to_blame() {
	for stream in [false, true] {
		let mut world = World::new(1, 100 * MOST, 50 * MOST).await;
		world.settings.payer.call.in_vain = Duration::from_millis(50);
		world.nodes[0].set(Mood::Stalling);
		let proxy = world.start().await;
		for round in 1..=3 {
			let leaving =
				tokio::time::timeout(Duration::from_millis(300), world.ask(&proxy, stream));
			assert!(leaving.await.is_err());
			let known = async {
				while world.spend(&proxy, "spent").await < round * MOST {
					tokio::time::sleep(Duration::from_millis(20)).await;
				}
			};
			tokio::time::timeout(Duration::from_secs(5), known).await.unwrap();
		}
		let (_, spend) = world.get(&proxy, "/spend").await;
		let reason = spend["barred"][0]["reason"].as_str().unwrap();
		assert!(reason.contains("did not arrive: 3 of 3"), "{spend}");
		proxy.stop().await;
	}
}

#[tokio::test]
async fn a_node_that_makes_apps_wait_comes_after_the_others() {
	let mut world = World::new(2, 100 * MOST, 20 * MOST).await;
	world.settings.payer.call.in_vain = Duration::from_millis(50);
	// It takes its vouchers, and charges nothing for what it never says.
	let first = world.nodes.iter().min_by_key(|node| node.keypair.account()).unwrap();
	first.ledger.lock().delay = Duration::from_secs(600);
	let proxy = world.start().await;
	let served = async {
		loop {
			let asked = world.ask(&proxy, false);
			let answer = tokio::time::timeout(Duration::from_secs(1), asked).await;
			if answer.is_ok_and(|answer| answer.status() == 200) {
				break;
			}
		}
	};
	tokio::time::timeout(Duration::from_secs(30), served).await.unwrap();
	assert_eq!((first.charged(), world.charged()), (0, CHARGE));
	proxy.stop().await;
}

#[tokio::test]
async fn what_is_no_answer_is_none() {
	for stream in [false, true] {
		let world = World::new(1, 100 * MOST, 50 * MOST).await;
		world.nodes[0].set(Mood::Empty);
		let proxy = world.start().await;
		for round in 1..=3 {
			let refused = code(world.ask(&proxy, stream).await).await;
			assert_eq!(refused, (502, "node_failed".into()));
			assert_eq!(world.spend(&proxy, "spent").await, round * CHARGE);
		}
		let (_, spend) = world.get(&proxy, "/spend").await;
		let reason = spend["barred"][0]["reason"].as_str().unwrap();
		assert!(reason.contains("did not arrive: 3 of 3"), "{spend}");
		proxy.stop().await;
	}
}

#[tokio::test]
async fn a_lost_answer_that_was_kept_is_had_again() {
	let world = World::new(1, 100 * MOST, 50 * MOST).await;
	world.nodes[0].set(Mood::Keeping);
	let proxy = world.start().await;
	let answer = world.ask(&proxy, false).await;
	assert_eq!(answer.status(), 200);
	let body: Value = answer.json().await.unwrap();
	assert_eq!(body["choices"][0]["message"]["content"], ANSWER.concat());
	assert_eq!(world.spend(&proxy, "spent").await, CHARGE, "once");
	assert_eq!(world.nodes[0].ledger.lock().paid, 2);
	let (_, spend) = world.get(&proxy, "/spend").await;
	assert_eq!(spend["calls"]["broken"], 0);
	proxy.stop().await;
}

/// A node that was killed after it wrote the call down is not back at once.
#[tokio::test]
async fn a_lost_answer_is_had_again_once_its_node_says_what_it_cost() {
	let mut world = World::new(1, 100 * MOST, 50 * MOST).await;
	world.settings.payer.call.recovery = Duration::from_secs(10);
	world.nodes[0].set(Mood::Keeping);
	world.nodes[0].ledger.lock().not_yet = 4;
	let proxy = world.start().await;
	let answer = world.ask(&proxy, false).await;
	assert_eq!(answer.status(), 200);
	let body: Value = answer.json().await.unwrap();
	assert_eq!(body["choices"][0]["message"]["content"], ANSWER.concat());
	assert_eq!(world.spend(&proxy, "spent").await, CHARGE, "once");
	assert_eq!(world.nodes[0].ledger.lock().paid, 3);
	let (_, spend) = world.get(&proxy, "/spend").await;
	assert_eq!((&spend["calls"]["served"], &spend["calls"]["broken"]), (&1.into(), &0.into()));
	proxy.stop().await;
}

#[tokio::test]
async fn an_answer_without_an_end_is_ended() {
	let world = World::new(1, 100 * MOST, 50 * MOST).await;
	world.nodes[0].set(Mood::Endless);
	let proxy = world.start().await;
	let body = world.ask(&proxy, true).await.text().await.unwrap();
	assert!(body.len() < 8 * 1024 * 1024, "{}", body.len());
	assert!(!streamed(&body).1 && body.contains("longer than what was paid for"));
	proxy.stop().await;
}
