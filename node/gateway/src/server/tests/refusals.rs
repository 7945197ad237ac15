//! Every way in which a request is refused: its status, its code, and that nothing has changed.

use super::*;
use openledger_books::Uncharged;
use openledger_models::{
	testing::{CONTEXT, DEFAULT_MAX_TOKENS},
	BackendError,
};
use openledger_primitives::{Hash, MAX_LANES};
use openledger_testkit::{key, settled_lane, BEST, DEPOSIT};

fn words() -> Script {
	Script::Say(vec!["four", "five"])
}

/// Pays with a voucher that `change` has spoilt, and expects this refusal.
pub(super) async fn refused(
	node: &Node,
	change: impl FnOnce(&mut Voucher),
	status: u16,
	code: &str,
) -> Value {
	let body = plain(5);
	let required = node.required(&body).await;
	let mut voucher = testkit::voucher(&body, required.accepts[0].amount);
	change(&mut voucher);
	refused_payment(node, &body, payment(&required, voucher, &caller()), status, code).await
}

pub(super) async fn refused_payment(
	node: &Node,
	body: &[u8],
	payment: PaymentSignature,
	status: u16,
	code: &str,
) -> Value {
	let (before, calls) = (node.footprint().await, node.backend.calls());
	let response = node.post(body, Some(&payment)).await;
	let required = required_of(&response);
	let (found_status, found_code, body) = error(response).await;
	assert_eq!((found_status, found_code.as_str()), (status, code), "{body}");
	if status == 402 {
		assert_eq!(required.expect("it says what to pay instead").error.as_deref(), Some(code));
	}
	assert_eq!(node.footprint().await, before, "{code} changed something");
	assert_eq!(node.backend.calls(), calls, "{code} after the model was at work");
	body
}

#[tokio::test]
async fn an_unpaid_call_is_told_its_price() {
	let node = Node::start(words()).await;
	let response = node.post(&plain(5), None).await;
	let required = required_of(&response).expect("it says what to pay");
	let (status, code, _) = error(response).await;
	assert_eq!((status, code.as_str()), (402, "payment_required"));

	assert_eq!(required.resource.url, "https://node.example/v1/chat/completions");
	let way = &required.accepts[0];
	assert_eq!(way.amount, cost(5));
	assert_eq!(way.pay_to, operator().account());
	assert_eq!(way.network, x402::network(&GENESIS));
	assert_eq!((way.extra.input_tokens, way.extra.max_output_tokens), (3, 5));
	assert_eq!((way.extra.model, way.extra.price_version), (MODEL, testkit::PRICE_VERSION));
	assert_eq!((way.extra.block, way.extra.receipt_key.clone()), (BEST, operator().account()));

	// Without a wish, the model's default counts; and the context is the bound of both.
	let default = json!({ "model": MODEL_NAME, "messages": [{ "role": "user", "content": "hi" }] });
	let required = node.required(default.to_string().as_bytes()).await;
	assert_eq!(required.accepts[0].extra.max_output_tokens, DEFAULT_MAX_TOKENS);
	let required = node.required(&plain(1_000_000)).await;
	assert_eq!(required.accepts[0].extra.max_output_tokens, CONTEXT - 3);
}

#[tokio::test]
async fn requests_that_make_no_sense() {
	let node = Node::start(words()).await;
	let ask = |model: &str, content: &str| {
		let messages = json!([{ "role": "user", "content": content }]);
		json!({ "model": model, "messages": messages }).to_string().into_bytes()
	};
	let long = "word ".repeat(200);
	let cases: [(Vec<u8>, u16, &str); 4] = [
		(b"{".to_vec(), 400, "malformed_json"),
		(ask("nobody", "hi"), 404, "model_not_found"),
		(ask(MODEL_NAME, &long), 400, "context_length_exceeded"),
		(vec![b'x'; BODY_LIMIT + 1], 413, "request_too_large"),
	];
	for (body, status, code) in cases {
		let (found_status, found_code, _) = error(node.post(&body, None).await).await;
		assert_eq!((found_status, found_code.as_str()), (status, code));
	}
	node.chain.change_model(|model| model.paused = true);
	let (status, code, _) = error(node.post(&plain(5), None).await).await;
	assert_eq!((status, code.as_str()), (403, "model_paused"));
	node.chain.change_model(|model| model.retired_at = Some(BEST + 100));
	let (status, code, _) = error(node.post(&plain(5), None).await).await;
	assert_eq!((status, code.as_str()), (403, "model_retired"));
	node.chain.change_model(|model| {
		model.retired_at = None;
		model.paused = false;
		model.details.base_hash = Hash::repeat_byte(1);
	});
	let (status, code, _) = error(node.post(&plain(5), None).await).await;
	assert_eq!((status, code.as_str()), (503, "model_outdated"));
	node.chain.change_model(|model| {
		model.details.base_hash = Hash::zero();
		model.details.adapter_hash = Some(Hash::repeat_byte(1));
	});
	let (status, code, _) = error(node.post(&plain(5), None).await).await;
	assert_eq!((status, code.as_str()), (503, "model_outdated"));
	node.chain.state().models.clear();
	let (status, code, _) = error(node.post(&plain(5), None).await).await;
	assert_eq!((status, code.as_str()), (404, "model_not_found"));
}

#[tokio::test]
async fn headers_that_cannot_be_read() {
	let node = Node::start(words()).await;
	let before = node.footprint().await;
	let nonsense = x402::encode(&json!({ "x402Version": 2, "payload": {} }));
	let older = x402::encode(&json!({ "x402Version": 1 }));
	for header in ["%%%", "aGVsbG8=", nonsense.as_str(), older.as_str()] {
		let request = node.http.post(format!("{}/v1/chat/completions", node.url));
		let request = request.header(x402::PAYMENT_SIGNATURE, header).body(plain(5));
		let (status, code, _) = error(request.send().await.expect("it answers")).await;
		assert_eq!((status, code.as_str()), (400, "malformed_payment"), "{header}");
	}
	refused(
		&node,
		|voucher| voucher.acknowledged = voucher.authorised + 1,
		400,
		"malformed_payment",
	)
	.await;
	let unknown = |voucher: &mut Voucher| voucher.extension = Some(Hash::zero());
	refused(&node, unknown, 400, "malformed_payment").await;
	assert_eq!(node.footprint().await, before);
}

#[tokio::test]
async fn another_way_to_pay() {
	let node = Node::start(words()).await;
	let body = plain(5);
	let good = node.pay(&body, 1, 0).await;
	let mut other = good.clone();
	other.accepted.scheme = "exact".into();
	refused_payment(&node, &body, other, 402, "unsupported_scheme").await;
	let mut other = good;
	other.accepted.network = x402::network(&Hash::zero());
	refused_payment(&node, &body, other, 402, "unsupported_scheme").await;
	refused(&node, |voucher| voucher.genesis_hash = Hash::zero(), 402, "wrong_chain").await;
}

#[tokio::test]
async fn another_request() {
	let node = Node::start(words()).await;
	let good = node.pay(&plain(5), 1, 0).await;
	refused_payment(&node, &plain(4), good.clone(), 402, "request_mismatch").await;
	let mut salted = good;
	salted.payload.salt = [0; 32];
	refused_payment(&node, &plain(5), salted, 402, "request_mismatch").await;
}

#[tokio::test]
async fn sessions_that_do_not_pay_for_this() {
	let node = Node::start(words()).await;
	refused(&node, |voucher| voucher.session = 77, 402, "session_unknown").await;

	node.chain.change_session(|session| session.node = key("//Charlie").account());
	refused(&node, |_| {}, 402, "session_of_other_node").await;
	node.chain.change_session(|session| session.node = operator().account());

	node.chain.change_session(|session| session.expires_at = BEST);
	refused(&node, |_| {}, 402, "session_expired").await;
	node.chain.change_session(|session| session.expires_at = BEST + 1);
	node.chain.change_session(|session| session.closes_at = Some(BEST + 100));
	refused(&node, |_| {}, 402, "session_closing").await;
	node.chain.change_session(|session| session.closes_at = None);
	let paid = node.post(&plain(5), Some(&node.pay(&plain(5), 1, 0).await)).await;
	assert_eq!(paid.status(), StatusCode::OK, "the last block before it expires");
}

#[tokio::test]
async fn underfunded_sessions() {
	let node = Node::start(words()).await;
	node.chain.change_session(|session| session.deposit = cost(5) - 1);
	let body = refused(&node, |_| {}, 402, "session_underfunded").await;
	assert_eq!(body["openledger"]["left"], json!((cost(5) - 1).to_string()));
	assert_eq!(body["openledger"]["needed"], json!(cost(5).to_string()));

	// What other lanes have cost counts as well, even if only the chain knows of it.
	node.chain.change_session(|session| {
		session.deposit = DEPOSIT;
		session.settled = DEPOSIT;
		session.lanes = vec![settled_lane(1, 4, DEPOSIT)];
	});
	refused(&node, |_| {}, 402, "session_underfunded").await;
}

#[tokio::test]
async fn vouchers_out_of_time() {
	let node = Node::start(words()).await;
	refused(&node, |voucher| voucher.valid_until = BEST - 1, 402, "voucher_expired").await;
}

#[tokio::test]
async fn wrong_signatures() {
	let node = Node::start(words()).await;
	let body = plain(5);
	let required = node.required(&body).await;
	let voucher = testkit::voucher(&body, required.accepts[0].amount);
	let stranger = payment(&required, voucher, &key("//Eve"));
	refused_payment(&node, &body, stranger, 402, "invalid_signature").await;
	// Signed, and changed afterwards.
	let signed = payment(&required, voucher, &caller());
	let mut altered = changed(&signed, &caller(), |voucher| voucher.authorised += 1);
	altered.payload.signature = signed.payload.signature;
	refused_payment(&node, &body, altered, 402, "invalid_signature").await;
}

#[tokio::test]
async fn hot_keys_that_may_not_spend_so_much() {
	let node = Node::start(words()).await;
	let (body, hot) = (plain(5), testkit::hot_key());
	let by_hot_key = |payment: PaymentSignature| changed(&payment, &hot, |_| ());
	let first = node.pay(&body, 1, 0).await;
	refused_payment(&node, &body, by_hot_key(first.clone()), 402, "invalid_signature").await;

	node.chain.change_session(|session| {
		session.signer = hot.account();
		session.spending_limit = cost(5) - 1;
	});
	let code = "spending_limit_reached";
	let refusal = refused_payment(&node, &body, by_hot_key(first.clone()), 402, code).await;
	assert_eq!(refusal["openledger"]["left"], json!((cost(5) - 1).to_string()));
	assert_eq!(refusal["openledger"]["needed"], json!(cost(5).to_string()));
	// The caller's own key has no limit.
	assert_eq!(node.post(&body, Some(&first)).await.status(), StatusCode::OK);

	// A voucher stands for the calls before it, so they count, whoever signed for them.
	let charged = cost(2);
	node.chain.change_session(|session| session.spending_limit = charged + cost(5) - 1);
	let second = by_hot_key(node.pay(&body, 2, charged).await);
	refused_payment(&node, &body, second.clone(), 402, code).await;
	node.chain.change_session(|session| session.spending_limit += 1);
	assert_eq!(node.post(&body, Some(&second)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn lanes_that_the_chain_would_not_pay_for() {
	let node = Node::start(words()).await;
	refused(&node, |voucher| voucher.lane = MAX_LANES, 400, "no_such_lane").await;
	let body = refused(&node, |voucher| voucher.agreement.model += 1, 402, "model_mismatch").await;
	assert_eq!(body["openledger"]["model"], json!(MODEL));
}

#[tokio::test]
async fn wrong_prices() {
	let node = Node::start(words()).await;
	let other = |voucher: &mut Voucher| voucher.agreement.price_version += 1;
	let body = refused(&node, other, 402, "price_changed").await;
	assert_eq!(body["openledger"]["price_version"], json!(testkit::PRICE_VERSION));
	let other = |voucher: &mut Voucher| voucher.agreement.version += 1;
	let body = refused(&node, other, 402, "version_changed").await;
	assert_eq!(body["openledger"]["version"], json!(1));
	let code = "insufficient_authorisation";
	let body = refused(&node, |voucher| voucher.authorised -= 1, 402, code).await;
	assert_eq!(body["openledger"]["needed"], json!(cost(5).to_string()));
}

#[tokio::test]
async fn vouchers_that_are_valid_for_too_long() {
	let node = Node::start(words()).await;
	let latest = BEST + VOUCHER_BLOCKS;
	let code = "voucher_valid_too_long";
	let body = refused(&node, |voucher| voucher.valid_until = latest + 1, 402, code).await;
	assert_eq!(body["openledger"]["valid_until"], json!(latest));
}

#[tokio::test]
async fn a_version_that_changed_after_the_offer() {
	let node = Node::start(words()).await;
	let payment = node.pay(&plain(5), 1, 0).await;
	node.chain.change_model(|model| model.version += 1);
	let body = refused_payment(&node, &plain(5), payment, 402, "version_changed").await;
	assert_eq!(body["openledger"]["version"], json!(2));
	// What nobody signed says nothing.
	let good = node.pay(&plain(5), 1, 0).await;
	let mut copied = changed(&good, &caller(), |voucher| voucher.agreement.version -= 1);
	copied.accepted.extra.version = 9;
	refused_payment(&node, &plain(5), copied, 402, "version_changed").await;
	// The offer that came with the refusal is good.
	let again = node.pay(&plain(5), 1, 0).await;
	let response = node.post(&plain(5), Some(&again)).await;
	assert_eq!(response.status(), StatusCode::OK);
	let receipt = super::serving::payment_response(&response).extra;
	assert_eq!(receipt.statement.newest().agreement.version, 2);
}

#[tokio::test]
async fn a_price_that_was_offered_stands() {
	let node = Node::start(words()).await;
	let payment = node.pay(&plain(5), 1, 0).await;
	node.chain.change_model(|model| {
		model.price_version += 1;
		model.price.per_output_token *= 10;
	});
	refused_payment(&node, &plain(5), payment.clone(), 402, "price_changed").await;
	let offered = (MODEL, testkit::PRICE_VERSION);
	node.chain.state().standing.insert(offered, testkit::PRICE);
	let response = node.post(&plain(5), Some(&payment)).await;
	assert_eq!(response.status(), StatusCode::OK);
	let receipt = super::serving::payment_response(&response).extra;
	let statement = receipt.statement.newest();
	let paid = (statement.agreement.price_version, statement.charge);
	assert_eq!(paid, (testkit::PRICE_VERSION, cost(2)));
	// Who asks now is offered the new one.
	let required = node.required(&plain(5)).await;
	assert_eq!(required.accepts[0].extra.price_version, testkit::PRICE_VERSION + 1);
}

#[tokio::test]
async fn sessions_that_were_somebody_elses() {
	let node = Node::start(words()).await;
	let first = node.pay(&plain(5), 1, 0).await;
	assert_eq!(node.post(&plain(5), Some(&first)).await.status(), StatusCode::OK);
	node.chain.change_session(|session| {
		session.caller = key("//Charlie").account();
		session.signer = caller().account();
		session.spending_limit = DEPOSIT;
	});
	let second = node.pay(&plain(5), 2, cost(2)).await;
	refused_payment(&node, &plain(5), second, 402, "session_of_other_caller").await;
	let (status, code, _) = error(node.get("/v1/sessions/5/0").await).await;
	assert_eq!((status, code.as_str()), (409, "session_of_other_caller"));
}

#[tokio::test]
async fn busy_lanes() {
	let node = Node::start(Script::Stall(vec!["four"])).await;
	let first = node.pay(&streamed(5), 1, 0).await;
	let answer = node.post(&streamed(5), Some(&first)).await;
	assert_eq!(answer.status(), StatusCode::OK);
	let second = node.pay(&plain(5), 2, 0).await;
	let body = refused_payment(&node, &plain(5), second, 409, "lane_busy").await;
	assert_eq!(body["openledger"]["busy_with"], json!(1));
	refused_payment(&node, &streamed(5), first, 409, "voucher_already_used").await;
}

#[tokio::test]
async fn a_chain_that_is_away() {
	let node = Node::start(words()).await;
	let good = node.pay(&plain(5), 1, 0).await;
	node.chain.state().be_away(true);
	refused_payment(&node, &plain(5), good, 503, "chain_unavailable").await;
	let (status, code, _) = error(node.post(&plain(5), None).await).await;
	assert_eq!((status, code.as_str()), (503, "chain_unavailable"));
}

#[tokio::test]
async fn failing_models_charge_nothing() {
	let upstream = BackendError::Upstream { status: Some(500), message: "secret".into() };
	let failed = BackendError::Failed("a path".into());
	let cases = [
		(Script::Refuse(failed.clone()), 500, "internal_error"),
		(Script::Break(vec!["four"], upstream), 502, "upstream_error"),
		(Script::Break(vec![], failed), 500, "internal_error"),
	];
	let node = Node::start(words()).await;
	for (sequence, (script, status, code)) in (1..).zip(cases) {
		node.backend.follow(script);
		let payment = node.pay(&plain(5), sequence, 0).await;
		let (found_status, found_code, body) =
			error(node.post(&plain(5), Some(&payment)).await).await;
		assert_eq!((found_status, found_code.as_str()), (status, code), "{body}");
		assert!(!body.to_string().contains("secret"));
		let failed = Some(CallStatus::NotCharged(Uncharged::BackendFailed));
		assert_eq!(node.status(sequence).await, failed);
		assert_eq!(node.lane(0).await.expect("it is there").charged(), 0);
	}
}

#[tokio::test]
async fn models_that_refuse_leave_the_voucher_unused() {
	let overloaded = BackendError::Overloaded { retry_after: Duration::from_secs(7) };
	let upstream = BackendError::Upstream { status: Some(422), message: "no".into() };
	let node = Node::start(words()).await;
	for body in [plain(5), streamed(5)] {
		let payment = node.pay(&body, 1, 0).await;
		node.backend.follow(Script::Refuse(overloaded.clone()));
		let response = node.post(&body, Some(&payment)).await;
		assert_eq!(response.headers()["retry-after"], "7");
		let (status, code, _) = error(response).await;
		assert_eq!((status, code.as_str()), (429, "overloaded"));
		node.backend.follow(Script::Break(vec![], upstream.clone()));
		let (status, code, _) = error(node.post(&body, Some(&payment)).await).await;
		assert_eq!((status, code.as_str()), (400, "rejected_by_model"));
		let lane = node.lane(0).await.unwrap_or_default();
		assert_eq!((lane.sequence, lane.in_flight), (0, None));
	}
	node.backend.follow(words());
	let payment = node.pay(&plain(5), 1, 0).await;
	assert_eq!(node.post(&plain(5), Some(&payment)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn more_requests_than_there_is_room_for() {
	let settings = Settings { concurrent: 1, ..Settings::default() };
	let node = Node::start_with(Script::Stall(vec!["four"]), settings).await;
	let payment = node.pay(&streamed(5), 1, 0).await;
	let answer = node.post(&streamed(5), Some(&payment)).await;
	assert_eq!(answer.status(), StatusCode::OK);
	let (status, code, _) = error(node.post(&plain(5), None).await).await;
	assert_eq!((status, code.as_str()), (429, "overloaded"));
}

#[tokio::test]
async fn what_is_not_there() {
	let node = Node::start(words()).await;
	for (path, status, code) in [
		("/v2/nothing", 404, "unknown_url"),
		("/v1/chat/completions", 405, "method_not_allowed"),
		("/v1/statements/a/b/c", 400, "bad_request"),
		("/v1/statements/5/70000/1", 400, "bad_request"),
	] {
		let (found_status, found_code, _) = error(node.get(path).await).await;
		assert_eq!((found_status, found_code.as_str()), (status, code), "{path}");
	}
}
