use super::{code, streamed};
use crate::world::World;
use openledger_payer::testing::{LaneBook, Mood, ANSWER, CHARGE, MOST};
use openledger_primitives::{
	lane::{Agreement, Voucher},
	lane_list::LaneSnapshot,
	Hash,
};
use openledger_testkit::{node::LastVoucher, PRICE_VERSION};
use serde_json::{json, Value};
use std::time::Duration;

#[tokio::test]
async fn calls_are_answered_and_paid() {
	let world = World::new(1, 10 * MOST, 5 * MOST).await;
	let proxy = world.start().await;
	let plain = world.ask(&proxy, false).await;
	assert_eq!(plain.status(), 200);
	assert_eq!(plain.headers()["x-openledger-charge"], CHARGE.to_string().as_str());
	assert!(!plain.headers().contains_key("payment-response"));
	let body: Value = plain.json().await.unwrap();
	assert_eq!(body["choices"][0]["message"]["content"], ANSWER.concat());

	let stream = world.ask(&proxy, true).await;
	assert_eq!(stream.headers()["content-type"], "text/event-stream");
	let body = stream.text().await.unwrap();
	assert_eq!(streamed(&body), (ANSWER.concat(), true));
	assert!(!body.contains("payment-response"), "{body}");

	assert_eq!(world.spend(&proxy, "spent").await, 2 * CHARGE);
	assert_eq!(world.charged(), 2 * CHARGE);
	assert_eq!(world.spend(&proxy, "reserved").await, 0);
	assert_eq!(world.spend(&proxy, "committed").await, 5 * MOST);
	// One session, and both calls on one lane.
	assert_eq!(world.transactions(), ["open_session"]);
	assert_eq!(world.nodes[0].ledger.lock().lanes.len(), 1);
	let report = proxy.stop().await.to_string();
	assert!(report.contains("echo: 0.00000000000000284 OPEN for 2 calls"), "{report}");
}

#[tokio::test]
async fn calls_at_the_same_time_have_lanes_of_their_own() {
	let world = World::new(1, 100 * MOST, 100 * MOST).await;
	// Longer than it takes until the last has come, also where much else is going on.
	world.nodes[0].ledger.lock().delay = Duration::from_millis(1_500);
	let proxy = world.start().await;
	let asked = (0..64).map(|number| world.ask(&proxy, number % 2 == 0));
	let answers = futures::future::join_all(asked).await;
	for answer in answers {
		assert_eq!(answer.status(), 200);
		answer.bytes().await.unwrap();
	}
	assert_eq!(world.transactions(), ["open_session"]);
	{
		let ledger = world.nodes[0].ledger.lock();
		assert_eq!(ledger.lanes.len(), 64);
		assert!(ledger.most_at_once > 32, "{}", ledger.most_at_once);
	}
	assert_eq!(world.charged(), 64 * CHARGE);
	proxy.stop().await;
}

#[tokio::test]
async fn a_session_that_the_node_does_not_see_yet_is_waited_for() {
	let world = World::new(1, 10 * MOST, 5 * MOST).await;
	world.nodes[0].ledger.lock().session_unknown = 3;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	assert_eq!(world.transactions(), ["open_session"]);
	proxy.stop().await;
}

#[tokio::test]
async fn a_nodes_word_opens_no_session() {
	let world = World::new(1, 10 * MOST, 5 * MOST).await;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	world.nodes[0].ledger.lock().session_unknown = 99_999;
	assert_ne!(world.ask(&proxy, false).await.status(), 200);
	world.nodes[0].ledger.lock().session_unknown = 0;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	assert!(!world.transactions().contains(&"request_close"));
	let opened = world.transactions().iter().filter(|it| **it == "open_session").count();
	assert_eq!(opened, 1);
	proxy.stop().await;
}

#[tokio::test]
async fn a_voucher_that_was_not_taken_is_not_forgotten() {
	let world = World::new(1, 10 * MOST, 5 * MOST).await;
	let proxy = world.start().await;
	{
		let mut ledger = world.nodes[0].ledger.lock();
		(ledger.mood, ledger.forgetful) = (Mood::Fail, true);
	}
	assert_ne!(world.ask(&proxy, false).await.status(), 200);
	assert_eq!(world.spend(&proxy, "reserved").await, MOST);
	proxy.stop().await;
}

#[tokio::test]
async fn vouchers_are_corrected_where_it_does_no_harm() {
	let world = World::new(1, 10 * MOST, 5 * MOST).await;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	{
		// The node has lost what it served: other numbers, and less to acknowledge.
		let mut ledger = world.nodes[0].ledger.lock();
		let lane = ledger.lanes.get_mut(&(5, 0)).unwrap();
		*lane = LaneBook { sequence: 7, last: lane.last.take(), ..LaneBook::default() };
	}
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	assert_eq!(world.charged(), CHARGE);
	{
		let ledger = world.nodes[0].ledger.lock();
		let lanes: Vec<_> = ledger.lanes.values().map(LaneBook::charged).collect();
		assert_eq!(lanes, [0, CHARGE], "what it had signed for is not taken back");
	}
	assert_eq!(world.spend(&proxy, "spent").await, 2 * CHARGE);
	// It wants more than it has signed for: never.
	world.nodes[0].ledger.lock().claims.insert((5, 1), (CHARGE + 1, Hash::zero()));
	let refused = code(world.ask(&proxy, false).await).await;
	assert_eq!(refused, (502, "node_misbehaves".into()));
	let (_, spend) = world.get(&proxy, "/spend").await;
	assert!(spend["barred"][0]["reason"].as_str().unwrap().contains("signed"), "{spend}");
	proxy.stop().await;
}

#[tokio::test]
async fn a_price_that_has_changed_is_looked_up() {
	let world = World::new(1, 100 * MOST, 50 * MOST).await;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	{
		let mut state = world.chain.state.lock();
		let model = state.models.values_mut().next().unwrap();
		model.price.per_call += 500;
		model.price_version += 1;
	}
	let answer = world.ask(&proxy, false).await;
	assert_eq!(answer.headers()["x-openledger-charge"], (CHARGE + 500).to_string().as_str());
	// What was agreed on before has a lane of its own.
	{
		let ledger = world.nodes[0].ledger.lock();
		let lanes = ledger.lanes.values().map(|lane| {
			let voucher = lane.last.as_ref().unwrap().voucher.newest();
			(voucher.agreement.price_version, lane.sequence)
		});
		assert_eq!(lanes.collect::<Vec<_>>(), [(PRICE_VERSION, 1), (PRICE_VERSION + 1, 1)]);
	}
	world.chain.state.lock().models.values_mut().next().unwrap().version += 1;
	assert_eq!(world.ask(&proxy, true).await.status(), 200);
	assert_eq!(world.nodes[0].ledger.lock().lanes.len(), 3);
	assert_eq!(world.transactions(), ["open_session"]);
	proxy.stop().await;
}

#[tokio::test]
async fn a_lane_that_the_node_knows_for_something_else_is_left() {
	let world = World::new(1, 100 * MOST, 50 * MOST).await;
	let proxy = world.start().await;
	{
		let agreement = Agreement { version: 7, ..openledger_testkit::agreement() };
		let voucher = Voucher { agreement, ..openledger_testkit::voucher(b"", 0) };
		// The account has not signed it.
		let signature = world.nodes[0].keypair.sign_message(&voucher);
		let snapshot = LaneSnapshot::default();
		let last = LastVoucher { voucher: voucher.into(), signature, snapshot };
		let used = LaneBook { sequence: 1, last: Some(last), ..LaneBook::default() };
		world.nodes[0].ledger.lock().lanes.insert((5, 0), used);
	}
	let paid = || world.nodes[0].ledger.lock().paid;
	let before = paid();
	for refused in [1, 0] {
		let before = paid();
		assert_eq!(world.ask(&proxy, false).await.status(), 200);
		assert_eq!(paid() - before, 1 + refused, "it is tried once");
	}
	proxy.stop().await;
	// Nor is it after a new start.
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	assert_eq!(paid() - before, 4);
	assert_eq!(world.transactions(), ["open_session"]);
	proxy.stop().await;
}

#[tokio::test]
async fn a_session_that_is_of_no_use_with_its_node_is_used_no_more() {
	let world = World::new(1, 100 * MOST, 10 * MOST).await;
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	world.nodes[0].ledger.lock().foreign = Some(5);
	assert_eq!(code(world.ask(&proxy, false).await).await, (502, "node_failed".into()));
	// One session for one refusal.
	let opened = || world.transactions().iter().filter(|what| **what == "open_session").count();
	assert_eq!(opened(), 1);
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	assert_eq!(opened(), 2);
	proxy.stop().await;
}

#[tokio::test]
async fn a_call_that_may_cost_too_much_is_refused() {
	let mut world = World::new(2, 100 * MOST, 50 * MOST).await;
	world.settings.payer.call.max_charge = Some(MOST);
	let proxy = world.start().await;
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	let body =
		json!({ "model": openledger_payer::testing::NAME, "messages": [], "max_tokens": 17 });
	let refused = code(world.post(&proxy, &body).await).await;
	assert_eq!(refused, (400, "charge_above_limit".into()));
	assert_eq!(world.charged(), CHARGE);
	proxy.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_handed_through() {
	let world = World::new(2, 10 * MOST, 5 * MOST).await;
	let proxy = world.start().await;
	let body = json!({ "model": "nobody/serves-this", "messages": [] });
	let unknown = code(world.post(&proxy, &body).await).await;
	assert_eq!(unknown, (404, "model_not_found".into()));
	for node in &world.nodes {
		node.set(Mood::Picky(400, "context_length_exceeded"));
	}
	let refused = code(world.ask(&proxy, false).await).await;
	assert_eq!(refused, (400, "context_length_exceeded".into()));
	// Another node would have said the same, and was not asked.
	assert_eq!(world.nodes.iter().map(|node| node.ledger.lock().paid).sum::<u32>(), 0);
	proxy.stop().await;
}
