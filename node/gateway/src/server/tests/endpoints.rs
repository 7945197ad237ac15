//! Texts that are continued, vectors, tool calls, and settings that change.

use super::{serving::payment_response, streaming, *};
use crate::openai::signed_text;
use openledger_models::{BackendError, ToolDelta};

fn text(more: &Value) -> Vec<u8> {
	let mut body = json!({ "model": MODEL_NAME, "prompt": "one two three", "max_tokens": 5 });
	body.as_object_mut().expect("an object").extend(more.as_object().expect("too").clone());
	body.to_string().into_bytes()
}

fn inputs(encoding: &str) -> Vec<u8> {
	json!({ "model": MODEL_NAME, "input": ["one two", "three"], "encoding_format": encoding })
		.to_string()
		.into_bytes()
}

async fn pay_at(node: &Node, path: &str, body: &[u8], sequence: Sequence) -> PaymentSignature {
	let unpaid = node.post_to(path, body, None).await;
	assert_eq!(unpaid.status(), StatusCode::PAYMENT_REQUIRED);
	let required = required_of(&unpaid).expect("it says what to pay");
	assert_eq!(required.resource.url, format!("https://node.example{path}"));
	let lane = node.lane(0).await.unwrap_or_default();
	let voucher = Voucher {
		sequence,
		acknowledged: lane.charged(),
		acknowledged_root: lane.list.root(),
		authorised: lane.charged() + required.accepts[0].amount,
		..testkit::voucher(body, 0)
	};
	payment(&required, voucher, &caller())
}

#[tokio::test]
async fn texts_are_continued() {
	let node = Node::start(Script::Say(vec!["four", "five"])).await;
	let (path, body) = ("/v1/completions", text(&json!({})));
	let payment = pay_at(&node, path, &body, 1).await;
	let response = node.post_to(path, &body, Some(&payment)).await;
	assert_eq!(response.status(), StatusCode::OK);
	let receipt = payment_response(&response);
	let answer: Value = response.json().await.expect("it is JSON");
	assert_eq!(answer["object"], json!("text_completion"));
	assert_eq!(answer["choices"][0]["text"], json!("four five "));
	assert_eq!(answer["id"], json!("cmpl-5-0-1"));
	assert_eq!((receipt.amount, &answer["usage"]["total_tokens"]), (cost(2), &json!(5)));
	assert_is_for(&receipt.extra, &payment, "four five ", PROMPT);

	let body = text(&json!({ "stream": true, "stream_options": { "include_usage": true } }));
	let payment = pay_at(&node, path, &body, 2).await;
	let response = node.post_to(path, &body, Some(&payment)).await;
	let events = streaming::events(&response.text().await.expect("it ends"));
	let pieces: Vec<Value> = events
		.iter()
		.filter(|(name, data)| name.is_empty() && data != "[DONE]")
		.map(|(_, data)| serde_json::from_str(data).expect("it is JSON"))
		.collect();
	assert_eq!(pieces[0]["choices"][0]["text"], json!("four "));
	assert_eq!(pieces[2]["choices"][0]["finish_reason"], json!("stop"));
	assert_eq!(pieces[3]["usage"]["completion_tokens"], json!(2));
	assert!(streaming::receipt_of(&events).is_some());
}

#[tokio::test]
async fn vectors_are_charged_by_their_input() {
	let node = Node::start(Script::Say(vec![])).await;
	let path = "/v1/embeddings";
	for (sequence, encoding) in [(1, "float"), (2, "base64")] {
		let body = inputs(encoding);
		let payment = pay_at(&node, path, &body, sequence).await;
		assert_eq!(payment.accepted.amount, cost(0));
		let response = node.post_to(path, &body, Some(&payment)).await;
		assert_eq!(response.status(), StatusCode::OK);
		let receipt = payment_response(&response);
		assert_eq!(receipt.amount, cost(0));
		assert_eq!(receipt.extra.statement.newest().tokens, Tokens::new(3, 0));
		let signed = signed_text(&[vec![2.0], vec![1.0]]);
		assert_is_for(&receipt.extra, &payment, &signed, "one two\nthree");
		let answer: Value = response.json().await.expect("it is JSON");
		let expected = if sequence == 1 { json!([2.0]) } else { json!("AAAAQA==") };
		assert_eq!(answer["data"][0]["embedding"], expected);
		assert_eq!(answer["usage"], json!({ "prompt_tokens": 3, "total_tokens": 3 }));
	}
	let failed = BackendError::Failed("a path".into());
	node.backend.follow(Script::Refuse(failed));
	let body = inputs("float");
	let payment = pay_at(&node, path, &body, 3).await;
	let (status, code, _) = error(node.post_to(path, &body, Some(&payment)).await).await;
	assert_eq!((status, code.as_str()), (500, "internal_error"));
	assert_eq!(node.lane(0).await.expect("it is there").charged(), 2 * cost(0));
}

#[tokio::test]
async fn errors_name_the_input_as_the_endpoint_does() {
	let node = Node::start(Script::Say(vec![])).await;
	let long = "word ".repeat(200);
	let body = text(&json!({ "prompt": long }));
	let (status, code, body) = error(node.post_to("/v1/completions", &body, None).await).await;
	assert_eq!((status, code.as_str()), (400, "context_length_exceeded"));
	assert_eq!(body["error"]["param"], json!("prompt"));
}

#[tokio::test]
async fn tool_calls_are_charged_and_hashed_as_they_are_delivered() {
	let call = ToolDelta {
		index: 0,
		id: Some("call_1".into()),
		name: Some("sum".into()),
		arguments: "{}".into(),
		output_tokens: 1,
	};
	let node = Node::start(Script::Call(call)).await;
	let payment = node.pay(&plain(5), 1, 0).await;
	let plainly = node.post(&plain(5), Some(&payment)).await;
	let receipt = payment_response(&plainly);
	let answer: Value = plainly.json().await.expect("it is JSON");
	let message = &answer["choices"][0]["message"];
	assert_eq!(
		(&message["content"], message["tool_calls"].as_array().map(Vec::len)),
		(&Value::Null, Some(1))
	);
	assert_eq!(answer["choices"][0]["finish_reason"], json!("tool_calls"));
	assert_eq!(receipt.amount, cost(1));
	assert_is_for(&receipt.extra, &payment, "sum{}", PROMPT);

	let payment = node.pay(&streamed(5), 2, cost(1)).await;
	let response = node.post(&streamed(5), Some(&payment)).await;
	let events = streaming::events(&response.text().await.expect("it ends"));
	let receipt = streaming::receipt_of(&events).expect("it was charged");
	assert_eq!(receipt.amount, cost(1));
	assert_is_for(&receipt.extra, &payment, "sum{}", PROMPT);
	assert!(events
		.iter()
		.any(|(_, data)| data.contains(r#""tool_calls":[{"index":0,"id":"call_1""#)));
}

#[tokio::test]
async fn a_call_goes_on_when_settings_change() {
	let node = Node::start(Script::Stall(vec!["four"])).await;
	let payment = node.pay(&streamed(5), 1, 0).await;
	let answer = node.post(&streamed(5), Some(&payment)).await;
	assert_eq!(answer.status(), StatusCode::OK);

	let limits = Limits { body_bytes: 1_024, ..node.app.live().limits.clone() };
	let other = Arc::new(TestBackend::new(Script::Say(vec!["six"])));
	let entry = CatalogueEntry { id: MODEL, backend: other, timeout: Duration::from_secs(9) };
	let public_url = "https://new.example".to_owned();
	let models = [(MODEL_NAME.to_owned(), entry)].into();
	let (own_prices, origins) = (BTreeMap::new(), Origins::None);
	node.app.settings.set(Live { models, own_prices, public_url, limits, origins });
	node.app.permits.resize(1);
	let (status, _, _) = error(node.post(&plain(5), None).await).await;
	assert_eq!(status, 429, "the one place is taken");
	node.app.permits.resize(2);
	let required = node.required(&plain(5)).await;
	assert_eq!(required.resource.url, "https://new.example/v1/chat/completions");
	assert_eq!(required.accepts[0].max_timeout_seconds, 9);
	let (status, code, _) = error(node.post(&[b'x'; 2_000], None).await).await;
	assert_eq!((status, code.as_str()), (413, "request_too_large"));

	node.stop.cancel();
	node.app.cut.cancel();
	let events = streaming::events(&answer.text().await.expect("it ends"));
	assert_eq!(streaming::receipt_of(&events).expect("it was charged").amount, cost(1));

	let none = Live {
		models: Catalogue::new(),
		own_prices: BTreeMap::new(),
		public_url: String::new(),
		limits: node.app.live().limits.clone(),
		origins: Origins::None,
	};
	node.app.settings.set(none);
	assert!(node.app.live().models.is_empty());
}
