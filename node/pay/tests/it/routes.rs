use super::code;
use crate::world::World;
use openledger_chain_client::ss58;
use openledger_payer::testing::{CHARGE, MODEL, MOST, NAME};
use openledger_primitives::info::NodeStatus;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn the_models_are_those_that_some_node_serves() {
	let world = World::new(2, 10 * MOST, MOST).await;
	{
		let mut state = world.chain.state.lock();
		for (id, name) in [(4, "paused"), (5, "retired"), (6, "nobody-serves-it")] {
			let mut model = state.models[&MODEL].clone();
			(model.id, model.name) = (id, name.into());
			model.paused = name == "paused";
			model.retired_at = (name == "retired").then_some(1);
			state.models.insert(id, model);
		}
		let second = state.nodes.values_mut().next().unwrap();
		second.status = NodeStatus::Unbonding(100);
	}
	let proxy = world.start().await;
	let (status, list) = world.get(&proxy, "/v1/models").await;
	assert_eq!((status, &list["object"]), (200, &json!("list")));
	assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
	let model = &list["data"][0];
	assert_eq!((&model["id"], &model["object"]), (&json!(NAME), &json!("model")));
	assert_eq!(model["openledger"]["nodes"], 1);
	assert_eq!(model["openledger"]["price"]["per_call"], "1000");
	// Its name has a slash.
	let (status, one) = world.get(&proxy, &format!("/v1/models/{NAME}")).await;
	assert_eq!((status, &one), (200, model));
	let (status, none) = world.get(&proxy, "/v1/models/gpt-9").await;
	assert_eq!((status, &none["error"]["code"]), (404, &json!("model_not_found")));
	proxy.stop().await;
}

#[tokio::test]
async fn spending_is_shown() {
	let world = World::new(1, 10 * MOST, 2 * MOST).await;
	let proxy = world.start().await;
	world.ask(&proxy, false).await;
	let (_, spend) = world.get(&proxy, "/spend").await;
	let node = ss58(&world.nodes[0].keypair.account());
	assert_eq!(spend["budget"], (10 * MOST).to_string());
	assert_eq!(spend["budget_left"], (8 * MOST).to_string());
	assert_eq!(spend["spent"], CHARGE.to_string());
	assert_eq!(spend["models"][0]["model"], NAME);
	assert_eq!(spend["models"][0]["output_tokens"], 3);
	assert_eq!(spend["nodes"][0]["node"], node);
	assert_eq!(spend["sessions"][0]["left"], (2 * MOST - CHARGE).to_string());
	assert_eq!(spend["calls"]["served"], 1);
	proxy.stop().await;
}

#[tokio::test]
async fn health_and_metrics_are_there() {
	let world = World::new(1, 10 * MOST, 2 * MOST).await;
	let proxy = world.start().await;
	let (status, health) = world.get(&proxy, "/health").await;
	assert_eq!((status, &health["status"]), (200, &json!("ok")));
	world.ask(&proxy, true).await.bytes().await.unwrap();
	let url = format!("http://{}/metrics", proxy.address);
	let metrics = world.http.get(url).send().await.unwrap().text().await.unwrap();
	for name in [
		"openledger_pay_budget_open",
		"openledger_pay_calls_total{",
		"gen_ai_client_operation_duration_seconds_bucket{",
		"gen_ai_client_operation_time_to_first_chunk_seconds",
	] {
		assert!(metrics.contains(name), "{name}: {metrics}");
	}
	proxy.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_refused_in_the_same_shape() {
	let mut world = World::new(1, 10 * MOST, 2 * MOST).await;
	world.settings.limits.body_bytes = 1_000;
	let proxy = world.start().await;
	let url = |path: &str| format!("http://{}{path}", proxy.address);
	let send = |method: Method, path: &str, body: String| {
		let request = world.http.request(method, url(path)).body(body);
		async move { code(request.send().await.unwrap()).await }
	};
	let nothing = String::new;
	assert_eq!(send(Method::GET, "/v1/nothing", nothing()).await, (404, "unknown_url".into()));
	let wrong = send(Method::GET, "/v1/chat/completions", nothing()).await;
	assert_eq!(wrong, (405, "method_not_allowed".into()));
	let chat = "/v1/chat/completions";
	assert_eq!(send(Method::POST, chat, nothing()).await, (400, "malformed_json".into()));
	let large = send(Method::POST, chat, "x".repeat(1_001)).await;
	assert_eq!(large, (413, "request_too_large".into()));
	proxy.stop().await;
}

#[tokio::test]
async fn pages_and_strangers_are_kept_out() {
	let mut world = World::new(1, 10 * MOST, 2 * MOST).await;
	world.settings.guard.access_key = Some("open sesame".into());
	world.settings.guard.origins = vec!["https://app.example".into()];
	let proxy = world.start().await;
	let spend = || world.http.get(format!("http://{}/spend", proxy.address));
	let answer = spend().send().await.unwrap();
	assert_eq!(code(answer).await, (401, "invalid_api_key".into()));
	let answer = spend().bearer_auth("open sesame").send().await.unwrap();
	assert_eq!(answer.status(), 200);
	let evil = spend().bearer_auth("open sesame").header("origin", "https://evil.example");
	assert_eq!(code(evil.send().await.unwrap()).await, (403, "origin_not_allowed".into()));
	let ours = spend().bearer_auth("open sesame").header("origin", "https://app.example");
	let answer = ours.send().await.unwrap();
	assert_eq!(answer.headers()["access-control-allow-origin"], "https://app.example");
	let url = format!("http://{}/v1/chat/completions", proxy.address);
	let preflight =
		world.http.request(Method::OPTIONS, url).header("origin", "https://app.example");
	let preflight = preflight.header("access-control-request-method", "POST");
	let answer = preflight.send().await.unwrap();
	assert_eq!(answer.status(), 204);
	assert!(answer.headers().contains_key("access-control-allow-methods"));
	// Whoever watches over the proxy needs no key.
	assert_eq!(world.get(&proxy, "/health").await.0, 200);
	proxy.stop().await;
}

#[tokio::test]
async fn a_full_queue_is_told() {
	let mut world = World::new(1, 100 * MOST, 50 * MOST).await;
	(world.settings.limits.concurrent, world.settings.limits.queue) = (1, 1);
	world.nodes[0].ledger.lock().delay = std::time::Duration::from_millis(300);
	let proxy = world.start().await;
	let asked = (0..4).map(|_| world.ask(&proxy, false));
	let answers = futures::future::join_all(asked).await;
	let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status().as_u16()).collect();
	statuses.sort_unstable();
	assert_eq!(statuses, [200, 200, 429, 429]);
	let full = answers.into_iter().find(|answer| answer.status() == 429).unwrap();
	assert_eq!(full.headers()["retry-after"], "1");
	proxy.stop().await;
}

#[tokio::test]
async fn headers_have_to_come_to_an_end() {
	use tokio::io::{AsyncReadExt, AsyncWriteExt};
	let mut world = World::new(1, 100 * MOST, 20 * MOST).await;
	world.settings.limits.header_timeout = std::time::Duration::from_millis(200);
	world.nodes[0].ledger.lock().delay = std::time::Duration::from_millis(500);
	let proxy = world.start().await;
	let mut slow = tokio::net::TcpStream::connect(proxy.address).await.unwrap();
	slow.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nx-a: ").await.unwrap();
	let mut rest = Vec::new();
	let ended =
		tokio::time::timeout(std::time::Duration::from_secs(5), slow.read_to_end(&mut rest));
	let _ = ended.await.expect("it is closed");
	// An answer may take its time.
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	proxy.stop().await;
}

#[tokio::test]
async fn a_request_does_not_trickle_in_for_ever() {
	use tokio::io::{AsyncReadExt, AsyncWriteExt};
	let mut world = World::new(1, 100 * MOST, 20 * MOST).await;
	world.settings.limits.body_timeout = std::time::Duration::from_millis(100);
	let proxy = world.start().await;
	let slow = tokio::net::TcpStream::connect(proxy.address).await.unwrap();
	let (mut answer, mut asking) = slow.into_split();
	let head =
		"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9999\r\n\r\n";
	asking.write_all(head.as_bytes()).await.unwrap();
	let trickle = tokio::spawn(async move {
		while asking.write_all(b" ").await.is_ok() {
			tokio::time::sleep(std::time::Duration::from_millis(30)).await;
		}
	});
	let mut said = [0; 12];
	let told =
		tokio::time::timeout(std::time::Duration::from_secs(5), answer.read_exact(&mut said));
	told.await.expect("in time").unwrap();
	assert_eq!(&said, b"HTTP/1.1 408");
	trickle.abort();
	proxy.stop().await;
}
