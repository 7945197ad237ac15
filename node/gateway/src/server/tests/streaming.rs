//! Paid calls with an answer piece by piece.

use super::*;
use futures::StreamExt;
use openledger_books::Uncharged;
use openledger_models::BackendError;

/// A stream's events: their names and data. The statement is a comment, and named like one.
pub(super) fn events(text: &str) -> Vec<(String, String)> {
	text.split("\n\n")
		.filter_map(|block| {
			let mut name = String::new();
			let mut data = None;
			for line in block.lines() {
				if let Some(rest) = line.strip_prefix("event: ") {
					name = rest.to_owned();
				} else if let Some(rest) = line.strip_prefix("data: ") {
					data = Some(rest.to_owned());
				} else if let Some(rest) = line.strip_prefix(": payment-response ") {
					(name, data) = (x402::PAYMENT_RESPONSE.to_owned(), Some(rest.to_owned()));
				}
			}
			Some((name, data?))
		})
		.collect()
}

fn text_of(events: &[(String, String)]) -> String {
	events
		.iter()
		.filter(|(name, _)| name.is_empty())
		.filter_map(|(_, data)| serde_json::from_str::<Value>(data).ok())
		.filter_map(|chunk| Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned()))
		.collect()
}

pub(super) fn receipt_of(events: &[(String, String)]) -> Option<PaymentResponse> {
	let (_, data) = events.iter().find(|(name, _)| name == x402::PAYMENT_RESPONSE)?;
	Some(x402::decode(data).expect("it can be read"))
}

/// Reads until `enough` is there, and leaves.
async fn read_until(response: Response, enough: &str) -> String {
	let mut stream = response.bytes_stream();
	let mut text = String::new();
	while let Some(bytes) = stream.next().await {
		text.push_str(std::str::from_utf8(&bytes.expect("it goes on")).expect("it is text"));
		if text.contains(enough) {
			break;
		}
	}
	text
}

#[tokio::test]
async fn a_streamed_answer_ends_with_its_statement() {
	let node = Node::start(Script::Say(vec!["four", "five", "six"])).await;
	let payment = node.pay(&streamed(5), 1, 0).await;
	let response = node.post(&streamed(5), Some(&payment)).await;
	assert_eq!(response.status(), StatusCode::OK);
	assert_eq!(response.headers()["content-type"], "text/event-stream");
	let text = response.text().await.expect("it ends");
	// Readers that know of no payment find nothing but data that is JSON, and the end.
	for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with(':')) {
		let data = line.strip_prefix("data: ").expect("it has no name");
		assert!(data == "[DONE]" || serde_json::from_str::<Value>(data).is_ok(), "{line}");
	}
	let events = events(&text);
	assert_eq!(text_of(&events), "four five six ");

	let chunks: Vec<Value> = events
		.iter()
		.filter(|(name, data)| name.is_empty() && data != "[DONE]")
		.map(|(_, data)| serde_json::from_str(data).expect("it is JSON"))
		.collect();
	assert_eq!(chunks[0]["choices"][0]["delta"]["role"], json!("assistant"));
	assert_eq!(chunks[4]["choices"][0]["finish_reason"], json!("stop"));
	assert_eq!(chunks[5]["usage"]["completion_tokens"], json!(3));

	let (last, before) = (&events[events.len() - 1], &events[events.len() - 2]);
	assert_eq!(last.1, "[DONE]");
	assert_eq!(before.0, "payment-response");
	let receipt = receipt_of(&events).expect("it was charged");
	assert_eq!(receipt.amount, cost(3));
	assert_is_for(&receipt.extra, &payment, "four five six ", PROMPT);
	assert_eq!(node.status(1).await, Some(CallStatus::Served));
}

#[tokio::test]
async fn a_caller_that_leaves_pays_for_what_was_delivered() {
	let node = Node::start(Script::Stall(vec!["four", "five"])).await;
	let payment = node.pay(&streamed(5), 1, 0).await;
	let response = node.post(&streamed(5), Some(&payment)).await;
	let seen = read_until(response, "five").await;
	assert_eq!(text_of(&events(&seen)), "four five ");

	assert_eq!(node.end_of(1).await, CallStatus::Served);
	let lane = node.lane(0).await.expect("it is there");
	assert_eq!((lane.charged(), lane.in_flight), (cost(2), None));
	// What was charged can still be found out, and the lane goes on from it.
	let statement = node.get("/v1/statements/5/0/1").await;
	let receipt: PaymentResponse = statement.json().await.expect("it is JSON");
	assert_eq!(receipt.amount, cost(2));
	assert_is_for(&receipt.extra, &payment, "four five ", PROMPT);
	node.backend.follow(Script::Say(vec!["six"]));
	let next = node.pay(&plain(5), 2, receipt.amount).await;
	assert_eq!(node.post(&plain(5), Some(&next)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_caller_that_leaves_before_anything_was_delivered_pays_nothing() {
	let node = Node::start(Script::Stall(vec![])).await;
	let payment = node.pay(&streamed(5), 1, 0).await;
	let body = streamed(5);
	let call = node.post(&body, Some(&payment));
	assert!(tokio::time::timeout(Duration::from_millis(300), call).await.is_err());
	assert_eq!(node.end_of(1).await, CallStatus::NotCharged(Uncharged::CallerGone));
	let (status, code, _) = error(node.get("/v1/statements/5/0/1").await).await;
	assert_eq!((status, code.as_str()), (404, "not_charged"));
}

#[tokio::test]
async fn an_answer_that_breaks_is_not_charged() {
	let failed = BackendError::Failed("a path".into());
	let node = Node::start(Script::Break(vec!["four"], failed)).await;
	let payment = node.pay(&streamed(5), 1, 0).await;
	let response = node.post(&streamed(5), Some(&payment)).await;
	assert_eq!(response.status(), StatusCode::OK, "it had begun");
	let events = events(&response.text().await.expect("it ends"));
	assert_eq!(text_of(&events), "four ");
	assert!(receipt_of(&events).is_none());
	let error = &events[events.len() - 2].1;
	assert!(error.contains("internal_error") && !error.contains("a path"), "{error}");
	assert_eq!(node.status(1).await, Some(CallStatus::NotCharged(Uncharged::BackendFailed)));
}

#[tokio::test]
async fn an_answer_that_never_begins_has_a_proper_status() {
	let failed = BackendError::Upstream { status: None, message: "no route".into() };
	let node = Node::start(Script::Break(vec![], failed)).await;
	let payment = node.pay(&streamed(5), 1, 0).await;
	let (status, code, _) = error(node.post(&streamed(5), Some(&payment)).await).await;
	assert_eq!((status, code.as_str()), (502, "upstream_error"));
	assert_eq!(node.status(1).await, Some(CallStatus::NotCharged(Uncharged::BackendFailed)));
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_cut_and_what_came_is_charged() {
	let settings = Settings { timeout: Duration::from_millis(400), ..Settings::default() };
	let node = Node::start_with(Script::Stall(vec!["four", "five"]), settings).await;
	let payment = node.pay(&streamed(5), 1, 0).await;
	let response = node.post(&streamed(5), Some(&payment)).await;
	let events = events(&response.text().await.expect("it ends"));
	assert_eq!(text_of(&events), "four five ");
	assert_eq!(receipt_of(&events).expect("it was charged").amount, cost(2));
	assert!(events.iter().any(|(_, data)| data.contains(r#""finish_reason":"length""#)));
}

#[tokio::test]
async fn an_answer_that_gets_too_long_is_cut_and_what_came_is_charged() {
	let long: &'static str = Box::leak("a".repeat(9 << 20).into_boxed_str());
	let node = Node::start(Script::Say(vec![long, long])).await;
	let payment = node.pay(&streamed(5), 1, 0).await;
	let response = node.post(&streamed(5), Some(&payment)).await;
	let events = events(&response.text().await.expect("it ends"));
	let receipt = receipt_of(&events).expect("it was charged");
	assert_eq!(receipt.amount, cost(1));
	assert_is_for(&receipt.extra, &payment, &format!("{long} "), PROMPT);
	assert!(events.iter().any(|(_, data)| data.contains(r#""finish_reason":"length""#)));
}

#[tokio::test]
async fn stopping_waits_for_calls_and_then_cuts_them() {
	let settings = Settings { grace: Duration::from_millis(300), ..Settings::default() };
	let node = Node::start_with(Script::Stall(vec!["four"]), settings).await;
	let payment = node.pay(&streamed(5), 1, 0).await;
	let response = node.post(&streamed(5), Some(&payment)).await;
	node.stop.cancel();
	let events = events(&response.text().await.expect("it ends"));
	assert_eq!(text_of(&events), "four ");
	assert_eq!(receipt_of(&events).expect("it was charged").amount, cost(1));
	let (_directory, store) = node.finish().await;
	assert_eq!(store.totals().await.expect("the store works").served, cost(1));
}
