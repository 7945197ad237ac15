use super::{code, streamed};
use crate::world::World;
use openledger_payer::testing::{ChainMood, Mood, ANSWER, CHARGE, MOST};
use std::time::Duration;

/// Two nodes, of which the one that is asked first behaves like this.
async fn first(mood: Mood) -> World {
	let world = World::new(2, 100 * MOST, 20 * MOST).await;
	the_first(&world).set(mood);
	// Whoever has the lower address comes first as long as nothing is known, and so it stays when
	// the other one is found to be unwell.
	let second = world.nodes.iter().max_by_key(|node| node.keypair.account()).unwrap();
	second.ledger.lock().unwell = true;
	world
}

fn the_first(world: &World) -> &openledger_payer::testing::FakeNode {
	world.nodes.iter().min_by_key(|node| node.keypair.account()).unwrap()
}

#[tokio::test]
async fn another_node_is_asked_as_long_as_nothing_was_delivered() {
	for mood in [
		Mood::Broken,
		Mood::Busy,
		Mood::WrongPrice,
		Mood::Fail,
		Mood::BreakEarly,
		Mood::Picky(400, "unsupported_parameter"),
		Mood::Picky(404, "model_not_found"),
		Mood::Picky(503, "shutting_down"),
		Mood::Picky(402, "exposure_reached"),
	] {
		for stream in [false, true] {
			let world = first(mood).await;
			let proxy = world.start().await;
			let answer = world.ask(&proxy, stream).await;
			assert_eq!(answer.status(), 200, "{mood:?}");
			let body = answer.text().await.unwrap();
			if stream {
				assert_eq!(streamed(&body), (ANSWER.concat(), true), "{mood:?}");
			}
			assert_eq!(the_first(&world).charged(), 0, "{mood:?}");
			assert_eq!(world.spend(&proxy, "spent").await, CHARGE, "{mood:?}");
			proxy.stop().await;
		}
	}
}

#[tokio::test]
async fn a_node_that_is_gone_is_replaced() {
	let mut world = World::new(2, 100 * MOST, 20 * MOST).await;
	let proxy = world.start().await;
	drop(world.nodes.remove(0));
	for _ in 0..3 {
		assert_eq!(world.ask(&proxy, false).await.status(), 200);
	}
	assert_eq!(world.charged(), 3 * CHARGE);
	proxy.stop().await;
}

#[tokio::test]
async fn a_false_statement_is_kept_and_never_acknowledged() {
	for (mood, said) in [
		(Mood::Overcharge, Some("not the price")),
		(Mood::TooManyTokens, Some("17 output tokens where 16")),
		(Mood::WrongText, Some("another answer")),
		(Mood::OtherHeader, Some("nobody is traced")),
		(Mood::Attributing, Some("names contributions")),
		// What nobody has signed proves nothing.
		(Mood::WrongKey, None),
	] {
		for stream in [false, true] {
			let world = first(mood).await;
			let proxy = world.start().await;
			let answer = world.ask(&proxy, stream).await;
			assert_eq!(answer.status(), 200, "{mood:?}");
			answer.bytes().await.unwrap();
			// A stream had gone out when its statement came; a whole answer is asked for elsewhere.
			let expected = if stream { 0 } else { CHARGE };
			assert_eq!(world.spend(&proxy, "spent").await, expected, "{mood:?}");
			assert_eq!(world.spend(&proxy, "reserved").await, MOST, "{mood:?}");
			let proofs = world.proofs();
			assert_eq!(proofs.len(), usize::from(said.is_some()), "{mood:?}");
			if let Some(said) = said {
				assert!(proofs[0]["reason"].as_str().unwrap().contains(said), "{}", proofs[0]);
				assert!(proofs[0]["receipt"]["signature"]["value"].is_string());
			}
			// Nor does that node get another call, even if it seems to have bettered itself.
			the_first(&world).set(Mood::Honest);
			world.ask(&proxy, false).await;
			assert_eq!(the_first(&world).ledger.lock().paid, 1, "{mood:?}");
			proxy.stop().await;
			// Also not from a new process, unless it is forgiven.
			let proxy = world.start().await;
			world.ask(&proxy, false).await;
			assert_eq!(the_first(&world).ledger.lock().paid, 1, "{mood:?}");
			proxy.stop().await;
		}
	}
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_not_begun_anew() {
	let world = first(Mood::BreakOff).await;
	let proxy = world.start().await;
	let body = world.ask(&proxy, true).await.text().await.unwrap();
	let (text, ended) = streamed(&body);
	assert_eq!((text, ended), (ANSWER.concat(), false));
	assert!(body.contains(r#""code":"node_failed""#), "{body}");
	// What was delivered was charged, and its statement asked for.
	assert_eq!(world.spend(&proxy, "spent").await, CHARGE);
	assert_eq!(world.charged(), CHARGE);
	proxy.stop().await;
}

#[tokio::test]
async fn a_lost_statement_is_asked_for() {
	for stream in [false, true] {
		let world = first(Mood::Forgetful).await;
		let proxy = world.start().await;
		let answer = world.ask(&proxy, stream).await;
		assert_eq!(answer.status(), 200);
		answer.bytes().await.unwrap();
		assert_eq!(world.spend(&proxy, "spent").await, CHARGE);
		assert_eq!(world.charged(), CHARGE);
		proxy.stop().await;
	}
}

#[tokio::test]
async fn what_a_proxy_says_is_not_believed() {
	let world = first(Mood::Proxied).await;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	// The call behind it was served and charged, and so was the one that took its place.
	assert_eq!(world.spend(&proxy, "spent").await, 2 * CHARGE);
	assert_eq!(world.charged(), 2 * CHARGE);
	let (_, spend) = world.get(&proxy, "/spend").await;
	assert_eq!(spend["calls"]["broken"], 1);
	proxy.stop().await;
}

#[tokio::test]
async fn an_unknown_outcome_stays_set_aside_until_it_is_known() {
	let world = first(Mood::BreakOffMute).await;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	assert_eq!(world.spend(&proxy, "reserved").await, MOST);
	assert_eq!(world.spend(&proxy, "spent").await, CHARGE);
	proxy.stop().await;
	// The next process asks again, before anything else.
	the_first(&world).set(Mood::Honest);
	let proxy = world.start().await;
	let known = async {
		while world.spend(&proxy, "reserved").await > 0 {
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
	};
	tokio::time::timeout(Duration::from_secs(10), known).await.unwrap();
	assert_eq!(world.spend(&proxy, "spent").await, 2 * CHARGE);
	proxy.stop().await;
}

#[tokio::test]
async fn when_all_fail_the_app_is_told_why() {
	let world = World::new(3, 100 * MOST, 20 * MOST).await;
	for (mood, expected) in [
		(Mood::Broken, (502, "node_failed")),
		(Mood::Busy, (429, "overloaded")),
		(Mood::Picky(402, "exposure_reached"), (429, "overloaded")),
		(Mood::Picky(400, "unsupported_parameter"), (400, "unsupported_parameter")),
	] {
		let proxy = world.start().await;
		for node in &world.nodes {
			node.set(mood);
		}
		let (status, code) = code(world.ask(&proxy, false).await).await;
		assert_eq!((status, code.as_str()), expected, "{mood:?}");
		proxy.stop().await;
	}
	assert_eq!(world.redeemable(), 0);
}

#[tokio::test]
async fn a_node_cannot_have_sessions_opened_by_its_word() {
	// One session, as long as it can pay for what was refused as well, or two sessions.
	for (code_of_node, vouchers, sessions) in
		[("lane_of_other_terms", 20, 1), ("session_of_other_caller", 2, 2)]
	{
		let world = World::new(1, 100 * MOST, 20 * MOST).await;
		world.nodes[0].set(Mood::Denying(code_of_node));
		world.nodes[0].ledger.lock().stubborn = true;
		let proxy = world.start().await;
		let mut refused = code(world.ask(&proxy, false).await).await;
		while refused == (502, "node_failed".into()) {
			refused = code(world.ask(&proxy, false).await).await;
		}
		assert_eq!(refused, (503, "session_not_funded".into()), "{code_of_node}");
		assert_eq!(world.nodes[0].ledger.lock().paid, vouchers, "{code_of_node}");
		let transactions = world.transactions();
		let opened = transactions.iter().filter(|what| **what == "open_session").count();
		assert_eq!(opened, sessions, "{code_of_node}");
		proxy.stop().await;
	}
}

#[tokio::test]
async fn a_node_cannot_bring_a_lane_to_its_end() {
	let world = World::new(1, 100 * MOST, 20 * MOST).await;
	world.nodes[0].set(Mood::Denying("voucher_out_of_order"));
	let proxy = world.start().await;
	for _ in 0..10 {
		assert_eq!(code(world.ask(&proxy, false).await).await, (502, "node_failed".into()));
	}
	assert_eq!(world.transactions(), ["open_session"]);
	world.nodes[0].set(Mood::Honest);
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	assert_eq!(world.transactions(), ["open_session"]);
	proxy.stop().await;
}

#[tokio::test]
async fn calls_go_on_while_the_chain_is_away() {
	let world = World::new(1, 100 * MOST, 20 * MOST).await;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	world.chain.state.lock().mood = ChainMood::Away;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	assert_eq!(world.get(&proxy, "/health").await.0, 503);
	assert_eq!(world.get(&proxy, "/v1/models").await.0, 200);
	proxy.stop().await;
	// Without a session, there is nothing to be done.
	let proxy = world.start().await;
	let (status, code) = code(world.ask(&proxy, false).await).await;
	assert_eq!((status, code.as_str()), (503, "chain_unavailable"));
	proxy.stop().await;
}

#[tokio::test]
async fn an_app_that_goes_away_pays_for_what_it_got() {
	let world = World::new(1, 100 * MOST, 20 * MOST).await;
	world.nodes[0].ledger.lock().delay = Duration::from_millis(200);
	let proxy = world.start().await;
	// The first call opens the session.
	world.ask(&proxy, false).await;
	let impatient = tokio::time::timeout(Duration::from_millis(100), world.ask(&proxy, false));
	assert!(impatient.await.is_err());
	let settled = async {
		while world.spend(&proxy, "reserved").await > 0 {
			tokio::time::sleep(Duration::from_millis(20)).await;
		}
	};
	tokio::time::timeout(Duration::from_secs(5), settled).await.unwrap();
	assert_eq!(world.spend(&proxy, "spent").await, world.charged());
	proxy.stop().await;
}
