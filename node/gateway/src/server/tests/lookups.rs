//! Requests besides chats.

use super::*;
use openledger_models::{testing::CONTEXT, BackendError};

pub(super) async fn json_of(node: &Node, path: &str) -> Value {
	let response = node.get(path).await;
	assert_eq!(response.status(), StatusCode::OK, "{path}");
	response.json().await.expect("it is JSON")
}

#[tokio::test]
async fn models_come_with_their_prices() {
	let node = Node::start(Script::Say(vec![])).await;
	let list = json_of(&node, "/v1/models").await;
	assert_eq!(list["object"], json!("list"));
	let model = &list["data"][0];
	assert_eq!((&model["id"], &model["object"]), (&json!(MODEL_NAME), &json!("model")));
	let ours = &model["openledger"];
	assert_eq!((&ours["id"], &ours["version"]), (&json!(MODEL), &json!(1)));
	assert_eq!(ours["price"]["per_output_token"], json!("100"));
	assert_eq!(ours["own_price"], Value::Null);
	assert_eq!(ours["price_version"], json!(testkit::PRICE_VERSION));
	assert_eq!(ours["context_length"], json!(CONTEXT));
}

#[tokio::test]
async fn statements_can_be_had_again() {
	let node = Node::start(Script::Say(vec!["four"])).await;
	let (status, code, _) = error(node.get("/v1/statements/5/0/1").await).await;
	assert_eq!((status, code.as_str()), (404, "call_unknown"));
	let payment = node.pay(&plain(5), 1, 0).await;
	let response = node.post(&plain(5), Some(&payment)).await;
	let first = super::serving::payment_response(&response);
	let again: PaymentResponse =
		node.get("/v1/statements/5/0/1").await.json().await.expect("it is JSON");
	assert_eq!(again, first);
	// By the id of its answer as well.
	let answer: Value = response.json().await.expect("it is JSON");
	let id = answer["id"].as_str().expect("it has an id").to_owned();
	assert_eq!(json_of(&node, &format!("/v1/statements/{id}")).await, json!(first));
	let record = json_of(&node, &format!("/v1/records/{id}")).await;
	assert_eq!(record, json_of(&node, "/v1/records/5/0/1").await);
	let (status, code, _) = error(node.get("/v1/statements/chatcmpl-5-0-x").await).await;
	assert_eq!((status, code.as_str()), (404, "call_unknown"));
}

#[tokio::test]
async fn status_adds_up() {
	let node = Node::start(Script::Say(vec!["four"])).await;
	let payment = node.pay(&plain(5), 1, 0).await;
	assert_eq!(node.post(&plain(5), Some(&payment)).await.status(), StatusCode::OK);
	let status = json_of(&node, "/v1/status").await;
	assert_eq!(status["calls"]["served"], json!(1));
	assert_eq!(status["calls"]["unsettled"], json!(1));
	assert_eq!(status["owed"], json!(cost(1).to_string()));
	assert_eq!(status["settled"], json!("0"));
	assert_eq!(status["network"], json!(x402::network(&GENESIS)));
}

#[tokio::test]
async fn health_is_that_of_chain_and_models() {
	let node = Node::start(Script::Say(vec![])).await;
	let well = json_of(&node, "/health").await;
	assert_eq!((&well["status"], &well["models"][MODEL_NAME]), (&json!("ok"), &json!("ok")));

	node.backend.follow(Script::Refuse(BackendError::Failed("a path".into())));
	let response = node.get("/health").await;
	assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
	let text = response.text().await.expect("it ends");
	assert!(text.contains("failing") && !text.contains("a path"), "{text}");

	node.backend.follow(Script::Say(vec![]));
	node.chain.state().be_away(true);
	let response = node.get("/health").await;
	assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
	let body: Value = response.json().await.expect("it is JSON");
	assert_eq!(body["chain"]["connected"], json!(false));
}

#[tokio::test]
async fn metrics_count_calls_and_refusals() {
	telemetry::RECORDER.install();
	let node = Node::start(Script::Say(vec!["four"])).await;
	let payment = node.pay(&streamed(5), 1, 0).await;
	let answer = node.post(&streamed(5), Some(&payment)).await;
	assert!(answer.text().await.expect("it ends").contains("[DONE]"));
	assert_eq!(node.post(&streamed(5), Some(&payment)).await.status(), StatusCode::CONFLICT);
	let text = node.get("/metrics").await.text().await.expect("it ends");
	for expected in [
		r#"openledger_calls_total{model="echo",outcome="served"}"#,
		r#"openledger_tokens_total{model="echo",direction="output"}"#,
		r#"openledger_refused_total{code="voucher_already_used"}"#,
		"openledger_unsettled_open",
		"openledger_chain_connected 1",
		"gen_ai_server_time_to_first_token_seconds_bucket",
		"gen_ai_server_request_duration_seconds_bucket",
		r#"gen_ai_client_token_usage_bucket{gen_ai_request_model="echo",gen_ai_operation_name="chat",gen_ai_token_type="input",le="4"}"#,
		r#"openledger_calls_waiting{model="echo"}"#,
		"openledger_exposure_open",
	] {
		assert!(text.contains(expected), "{expected} is not in\n{text}");
	}
}

#[tokio::test]
async fn a_chain_that_is_away_for_a_while_is_no_reason_to_leave() {
	let (settler, tell) = SettlerHandle::scripted(|_| Ok(0));
	let settings = Settings { settler, ..Settings::default() };
	let node = Node::start_with(Script::Say(vec!["four"]), settings).await;
	tell.send_modify(|last| last.failing_since = Some(1));
	node.chain.state().quiet = Some(std::time::Duration::from_secs(1_800));
	let health = json_of(&node, "/health").await;
	assert_eq!(health["chain"]["connected"], json!(false));
	assert_eq!(health["chain"]["away_seconds"], json!(1_800));
	// It is back, and nothing can be settled all the same; or it is away for too long.
	node.chain.state().quiet = None;
	assert_eq!(node.get("/health").await.status(), StatusCode::SERVICE_UNAVAILABLE);
	tell.send_modify(|last| last.failing_since = None);
	assert_eq!(node.get("/health").await.status(), StatusCode::OK);
	node.chain.state().be_away(true);
	assert_eq!(node.get("/health").await.status(), StatusCode::SERVICE_UNAVAILABLE);
}
