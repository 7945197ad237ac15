//! A node that dies at the worst moment, and its caller afterwards.

use super::*;
use openledger_books::Uncharged;

#[tokio::test]
async fn a_call_that_was_cut_off_is_not_charged_and_its_lane_goes_on() {
	let node = Node::start(Script::Say(vec!["four"])).await;
	let first = node.pay(&plain(5), 1, 0).await;
	assert_eq!(node.post(&plain(5), Some(&first)).await.status(), StatusCode::OK);

	node.backend.follow(Script::Stall(vec!["five"]));
	let second = node.pay(&streamed(5), 2, cost(1)).await;
	let answer = node.post(&streamed(5), Some(&second)).await;
	assert_eq!(answer.status(), StatusCode::OK);
	let (status, code, _) = error(node.get("/v1/statements/5/0/2").await).await;
	assert_eq!((status, code.as_str()), (409, "call_in_progress"));

	// The process dies: what is on disk is all that is left of it.
	let copy = tempfile::tempdir().expect("a directory");
	let file = node.directory.path().join("calls.redb");
	std::fs::copy(file, copy.path().join("calls.redb")).expect("it can be copied");
	let again = Node::start_in(copy, Script::Say(vec!["six"]), Settings::default()).await;

	assert_eq!(again.status(1).await, Some(CallStatus::Served), "nothing served is lost");
	let status = again.status(2).await;
	assert_eq!(status, Some(CallStatus::NotCharged(Uncharged::NodeStopped)));
	let (status, code, _) = error(again.get("/v1/statements/5/0/2").await).await;
	assert_eq!((status, code.as_str()), (404, "not_charged"));
	let lane: Value = again.get("/v1/sessions/5/0").await.json().await.expect("it is JSON");
	assert_eq!(lane["next_sequence"], json!(3));
	assert_eq!(lane["charged"], json!(cost(1).to_string()));

	let replayed = again.post(&streamed(5), Some(&second)).await;
	assert_eq!(replayed.status(), StatusCode::CONFLICT, "a used voucher stays used");
	let third = again.pay(&plain(5), 3, cost(1)).await;
	assert_eq!(again.post(&plain(5), Some(&third)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn stopping_in_order_loses_nothing() {
	let node = Node::start(Script::Say(vec!["four"])).await;
	let first = node.pay(&plain(5), 1, 0).await;
	assert_eq!(node.post(&plain(5), Some(&first)).await.status(), StatusCode::OK);
	let (directory, store) = node.finish().await;
	store.close().await;
	let again = Node::start_in(directory, Script::Say(vec!["five"]), Settings::default()).await;
	assert!(again.store.recovered().is_empty());
	let second = again.pay(&plain(5), 2, cost(1)).await;
	assert_eq!(again.post(&plain(5), Some(&second)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_answer_that_was_lost_can_be_had_again() {
	let node = Node::start(Script::Say(vec!["four"])).await;
	let payment = node.pay(&plain(5), 1, 0).await;
	let first = node.post(&plain(5), Some(&payment)).await;
	let receipt = super::serving::payment_response(&first);
	let answer = first.bytes().await.expect("it ends");

	// The node dies after the record, and its caller never sees the answer. Meanwhile the price has
	// changed, the model is paused, and the chain is away.
	let (directory, store) = node.finish().await;
	store.close().await;
	let again = Node::start_in(directory, Script::Stall(vec![]), Settings::default()).await;
	again.chain.change_model(|model| {
		(model.price_version, model.paused) = (model.price_version + 1, true);
	});
	for away in [false, true] {
		again.chain.state().be_away(away);
		let repeated = again.post(&plain(5), Some(&payment)).await;
		assert_eq!(repeated.status(), StatusCode::OK);
		assert_eq!(repeated.headers()["content-type"], "application/json");
		assert_eq!(super::serving::payment_response(&repeated), receipt);
		assert_eq!(repeated.bytes().await.expect("it ends"), answer);
	}
	again.chain.state().be_away(false);
	assert_eq!(again.store.totals().await.expect("the store works").served_calls, 1);

	// Not for another request, nor without the salt that is in no record.
	let other = again.post(&plain(4), Some(&payment)).await;
	assert_ne!(other.status(), StatusCode::OK);
	let mut salted = payment.clone();
	salted.payload.salt = [1; 32];
	assert_ne!(again.post(&plain(5), Some(&salted)).await.status(), StatusCode::OK);

	// The lane's next call takes its place.
	again.chain.change_model(|model| {
		(model.price_version, model.paused) = (model.price_version - 1, false);
	});
	again.backend.follow(Script::Say(vec!["five"]));
	let next = again.pay(&streamed(5), 2, cost(1)).await;
	let streamed_answer = again.post(&streamed(5), Some(&next)).await;
	assert!(streamed_answer.text().await.expect("it ends").contains("[DONE]"));
	let (status, code, _) = error(again.post(&plain(5), Some(&payment)).await).await;
	assert_eq!((status, code.as_str()), (409, "voucher_already_used"));
	let (status, code, _) = error(again.post(&streamed(5), Some(&next)).await).await;
	assert_eq!((status, code.as_str()), (409, "voucher_already_used"));
}

#[tokio::test]
async fn vectors_that_were_lost_can_be_had_again() {
	let node = Node::start(Script::Say(vec![])).await;
	let path = "/v1/embeddings";
	let body = json!({ "model": MODEL_NAME, "input": ["one two", "three"] }).to_string();
	let required = required_of(&node.post_to(path, body.as_bytes(), None).await);
	let required = required.expect("it says what to pay");
	let voucher = testkit::voucher(body.as_bytes(), required.accepts[0].amount);
	let payment = payment(&required, voucher, &caller());
	let mut answers = Vec::new();
	for _ in 0..2 {
		let answer = node.post_to(path, body.as_bytes(), Some(&payment)).await;
		assert_eq!(answer.status(), StatusCode::OK);
		answers.push((
			super::serving::payment_response(&answer),
			answer.bytes().await.expect("it ends"),
		));
	}
	assert_eq!(answers[0], answers[1]);
	assert_eq!(node.store.totals().await.expect("the store works").served_calls, 1);
}
