//! Sessions that are closed by agreement, and the health of settling.

use super::*;
use openledger_primitives::SessionId;
use openledger_protocol::closing::{self, CloseAnswer, CloseBody, CloseRequest};
use openledger_settlement::redeem::{LastSettlement, SettleError};
use openledger_testkit::{hot_key, key, BEST};

fn request(session: SessionId) -> CloseRequest {
	CloseRequest { genesis_hash: GENESIS, session, valid_until: BEST + 20 }
}

async fn node(settle: impl Fn() -> Result<Balance, SettleError> + Send + 'static) -> Node {
	let (settler, _) = SettlerHandle::scripted(move |_| settle());
	let settings = Settings { settler, ..Settings::default() };
	Node::start_with(Script::Say(vec!["four"]), settings).await
}

async fn ask(node: &Node, request: &CloseRequest, by: &Keypair) -> Response {
	let url = format!("{}/v1/close/{}", node.url, request.session);
	let body = CloseBody::new(request, by.sign_message(request));
	node.http.post(url).json(&body).send().await.expect("it answers")
}

async fn refusal(node: &Node, request: &CloseRequest, by: &Keypair) -> (u16, String) {
	let (status, code, _) = error(ask(node, request, by).await).await;
	(status, code)
}

#[tokio::test]
async fn the_node_agrees_to_what_is_settled() {
	let node = node(|| Ok(700)).await;
	node.chain.change_session(|session| session.signer = hot_key().account());
	for key in [caller(), hot_key()] {
		let answer = ask(&node, &request(SESSION), &key).await;
		assert_eq!(answer.status(), StatusCode::OK);
		let answer: CloseAnswer = answer.json().await.expect("it is JSON");
		assert_eq!(answer.settled, 700);
		assert!(answer.is_signed_by(GENESIS, SESSION, &operator().account()));
		// It is worth nothing as that of another node, nor for another session.
		assert!(!answer.is_signed_by(GENESIS, SESSION, &caller().account()));
		assert!(!answer.is_signed_by(GENESIS, SESSION + 1, &operator().account()));
	}
	// It stays true: no more vouchers.
	node.chain.change_session(|session| session.signer = caller().account());
	let payment = node.pay(&plain(5), 1, 0).await;
	let (status, code, _) = error(node.post(&plain(5), Some(&payment)).await).await;
	assert_eq!((status, code.as_str()), (402, "session_closing"));
}

#[tokio::test]
async fn only_who_may_close_a_session_may_ask_and_only_now() {
	let node = node(|| Ok(0)).await;
	let refused = |request: CloseRequest, by: Keypair| {
		let node = &node;
		async move { refusal(node, &request, &by).await }
	};
	let fine = request(SESSION);
	assert_eq!(refused(fine, key("//Mallory")).await, (403, "invalid_signature".into()));
	assert_eq!(refused(request(77), caller()).await, (404, "session_unknown".into()));
	for valid_until in [BEST - 1, BEST + closing::LONGEST + 1] {
		let request = CloseRequest { valid_until, ..fine };
		assert_eq!(refused(request, caller()).await, (403, "request_expired".into()));
	}
	let other_chain = CloseRequest { genesis_hash: Default::default(), ..fine };
	assert_eq!(refused(other_chain, caller()).await, (403, "invalid_signature".into()));
	let rubbish = node.http.post(format!("{}/v1/close/5", node.url)).body("{}").send().await;
	assert_eq!(rubbish.expect("it answers").status(), StatusCode::BAD_REQUEST);
	// None of this has closed anything.
	let payment = node.pay(&plain(5), 1, 0).await;
	assert_eq!(node.post(&plain(5), Some(&payment)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_session_with_something_open_is_not_agreed_upon() {
	let open = || Err(SettleError::Open { calls: 2, reason: "secret".into() });
	let node = node(open).await;
	let refused = ask(&node, &request(SESSION), &caller()).await;
	assert_eq!(refused.headers()["retry-after"], "10");
	let (status, code, body) = error(refused).await;
	assert_eq!((status, code.as_str()), (503, "not_settled"));
	let message = body["error"]["message"].as_str().expect("a message");
	assert!(message.contains('2') && !message.contains("secret"), "{message}");

	let node = Node::start(Script::Stall(vec!["four"])).await;
	let payment = node.pay(&streamed(5), 1, 0).await;
	let running = node.post(&streamed(5), Some(&payment)).await;
	let code = refusal(&node, &request(SESSION), &caller()).await;
	assert_eq!(code, (409, "call_in_progress".into()));
	drop(running);
	node.end_of(1).await;
	let code = refusal(&node, &request(SESSION), &caller()).await;
	assert_eq!(code, (503, "shutting_down".into()), "nothing settles here");
}

#[tokio::test]
async fn health_is_that_of_settling_too() {
	let (settler, tell) = SettlerHandle::scripted(|_| Ok(0));
	let settings = Settings { settler, ..Settings::default() };
	let node = Node::start_with(Script::Say(vec![]), settings).await;
	let now = openledger_protocol::clock::unix_seconds();
	let failing = |since| {
		let failing_since = Some(since);
		tell.send_replace(LastSettlement { failing_since, ..LastSettlement::default() });
	};
	failing(now - 60);
	let response = node.get("/health").await;
	assert_eq!(response.status(), StatusCode::OK, "it may pass");
	failing(now - 4_000);
	let response = node.get("/health").await;
	assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
	let body: Value = response.json().await.expect("it is JSON");
	assert_eq!(body["settlement"]["status"], json!("failing"));
	assert_eq!(body["store"], json!("ok"));
}

#[tokio::test]
async fn what_is_too_long_for_a_request_is_not_read() {
	let node = node(|| Ok(0)).await;
	let url = format!("{}/v1/close/{SESSION}", node.url);
	let answer = node.http.post(url).body(vec![b'x'; BODY_LIMIT + 1]).send().await;
	let (status, code, _) = error(answer.expect("it answers")).await;
	assert_eq!((status, code.as_str()), (413, "request_too_large"));
}
