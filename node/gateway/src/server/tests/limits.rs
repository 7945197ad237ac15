//! Requests that are too large, too slow, or make no sense at all.

use super::*;
use proptest::prelude::*;
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::TcpStream,
};

async fn connect(node: &Node) -> TcpStream {
	let address = node.url.strip_prefix("http://").expect("a URL");
	TcpStream::connect(address).await.expect("it listens")
}

/// The last words of the node before it closes the connection. None if it does not close it.
async fn rest(stream: &mut TcpStream) -> Option<String> {
	let mut said = Vec::new();
	let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut said)).await;
	ended.is_ok().then(|| String::from_utf8_lossy(&said).into_owned())
}

fn hasty() -> Settings {
	let connections = ConnectionLimits {
		most: 3,
		headers: Duration::from_millis(300),
		idle: Duration::from_millis(600),
		stalled: Duration::from_millis(600),
	};
	Settings { connections, ..Settings::default() }
}

#[tokio::test]
async fn headers_that_are_too_large_are_refused() {
	let node = Node::start(Script::Say(vec![])).await;
	let request = node.http.post(format!("{}/v1/chat/completions", node.url));
	let request = request.header("x-much", "x".repeat(HEADER_LIMIT)).body(plain(5));
	let (status, code, _) = error(request.send().await.expect("it answers")).await;
	assert_eq!((status, code.as_str()), (431, "headers_too_large"));
}

#[tokio::test]
async fn a_body_that_is_said_to_be_too_large_is_not_waited_for() {
	let node = Node::start(Script::Say(vec![])).await;
	let mut stream = connect(&node).await;
	let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 999999\r\n\r\n";
	stream.write_all(head.as_bytes()).await.expect("it is open");
	let mut said = [0; 64];
	let read = stream.read(&mut said).await.expect("it answers");
	let said = String::from_utf8_lossy(&said[..read]).into_owned();
	assert!(said.starts_with("HTTP/1.1 413"), "{said}");
	assert_eq!(node.app.permits.free(), 16, "and takes no permit");
}

#[tokio::test]
async fn slow_headers_and_idle_connections_are_closed() {
	let node = Node::start_with(Script::Say(vec![]), hasty()).await;
	let mut silent = connect(&node).await;
	assert_eq!(rest(&mut silent).await.as_deref(), Some(""));
	let mut slow = connect(&node).await;
	slow.write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost:").await.expect("it is open");
	assert!(rest(&mut slow).await.is_some(), "it is closed");
	// One that was used, and then is not.
	let mut used = connect(&node).await;
	used.write_all(b"GET /v1/models HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("it is open");
	let said = rest(&mut used).await.expect("it is closed");
	assert!(said.starts_with("HTTP/1.1 200"), "{said}");
}

#[tokio::test]
async fn only_so_many_connections_at_once() {
	let node = Node::start_with(Script::Say(vec![]), hasty()).await;
	let mut held = Vec::new();
	for _ in 0..3 {
		held.push(connect(&node).await);
	}
	let mut fourth = connect(&node).await;
	fourth.write_all(b"GET /v1/models HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("it is open");
	let mut byte = [0];
	let early = tokio::time::timeout(Duration::from_millis(100), fourth.read(&mut byte)).await;
	assert!(early.is_err(), "it waits");
	drop(held);
	fourth.read_exact(&mut byte).await.expect("it is its turn");
}

#[tokio::test]
async fn a_call_may_take_longer_than_a_connection_may_be_idle() {
	let settings = Settings { timeout: Duration::from_millis(1_500), ..hasty() };
	let node = Node::start_with(Script::Stall(vec!["four"]), settings).await;
	let payment = node.pay(&plain(5), 1, 0).await;
	let (status, code, _) = error(node.post(&plain(5), Some(&payment)).await).await;
	assert_eq!((status, code.as_str()), (504, "timeout"));
}

/// A good payment, with some of its bytes changed.
fn mangled(good: &str, changes: &[(usize, u8)]) -> Vec<u8> {
	let mut bytes = good.as_bytes().to_vec();
	for (place, byte) in changes {
		let length = bytes.len();
		bytes[place % length] = *byte;
	}
	bytes
}

#[test]
fn nonsense_is_refused_with_a_4xx() {
	let runtime = tokio::runtime::Runtime::new().expect("a runtime");
	let node = runtime.block_on(Node::start(Script::Say(vec!["four"])));
	let good = runtime.block_on(async { header(&node.pay(&plain(5), 1, 0).await) });
	let paths = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/close/5"];
	let (paid, body) = (good.clone(), plain(5));
	let mangled_payment = proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6)
		.prop_map(move |changes| mangled(&paid, &changes));
	let any_header = prop_oneof![
		mangled_payment,
		proptest::collection::vec(any::<u8>(), 0..200),
		"[A-Za-z0-9+/=_-]{0,300}".prop_map(String::into_bytes),
	];
	let any_body = prop_oneof![
		Just(body.clone()),
		proptest::collection::vec(any::<u8>(), 0..200),
		proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4).prop_map(move |changes| {
			mangled(std::str::from_utf8(&body).expect("it is text"), &changes)
		}),
	];
	let strategy = (proptest::sample::select(paths.to_vec()), any_header, any_body);
	let config = ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() };
	let mut runner = proptest::test_runner::TestRunner::new(config);
	let checked = runner.run(&strategy, |(path, payment, body)| {
		let Ok(value) = reqwest::header::HeaderValue::from_bytes(&payment) else { return Ok(()) };
		let request = node.http.post(format!("{}{path}", node.url));
		let request = request.header(x402::PAYMENT_SIGNATURE, value).body(body);
		let status = runtime.block_on(request.send()).expect("it answers").status();
		// A change that leaves the payment as good as it was is paid for.
		let untouched = status == StatusCode::OK && payment != good.as_bytes();
		prop_assert!(status.is_client_error() || untouched, "{path}: {status}");
		Ok(())
	});
	checked.expect("never anything else");
}

proptest! {
	#[test]
	fn payments_are_read_or_refused(bytes in "[ -~]{0,400}", body in any::<Vec<u8>>()) {
		if let Err(refusal) = crate::payment::Presented::decode(&bytes, &body) {
			prop_assert!(refusal.code().status().is_client_error());
		}
	}

	#[test]
	fn payments_with_any_json_are_read_or_refused(
		key in proptest::sample::select(vec!["x402Version", "accepted", "payload", "resource"]),
		value in prop_oneof![
			Just(json!(null)), Just(json!(2)), Just(json!([])), Just(json!({})),
			any::<i64>().prop_map(Value::from), ".{0,20}".prop_map(Value::from),
		],
		nested in any::<bool>(),
	) {
		let value = if nested { json!({ "voucher": value.clone(), "salt": value }) } else { value };
		let mut payment = json!({ "x402Version": 2, "accepted": {}, "payload": {} });
		payment[key] = value;
		let refused = crate::payment::Presented::decode(&x402::encode(&payment), b"");
		prop_assert!(refused.expect_err("it lacks the rest").code().status().is_client_error());
	}
}

#[tokio::test]
async fn a_session_that_owes_too_much_waits_for_settlement() {
	let settings = Settings { exposure: cost(1) + 1, ..Settings::default() };
	let node = Node::start_with(Script::Say(vec!["four"]), settings).await;
	for sequence in [1, 2] {
		let before = cost(1) * Balance::from(sequence - 1);
		let payment = node.pay(&plain(5), sequence, before).await;
		let answer = node.post(&plain(5), Some(&payment)).await;
		assert_eq!(answer.status(), StatusCode::OK, "less than the bound is owed");
	}
	let payment = node.pay(&plain(5), 3, 2 * cost(1)).await;
	let refused = node.post(&plain(5), Some(&payment)).await;
	assert_eq!(refused.headers()["retry-after"], "10");
	let (status, code, body) = error(refused).await;
	assert_eq!((status, code.as_str()), (402, "exposure_reached"));
	let owed = (2 * cost(1)).to_string();
	assert_eq!(body["openledger"]["owed"], json!(owed), "{body}");
	// The same voucher is good as soon as something of it is settled.
	node.chain.change_session(|session| session.settled = cost(1));
	assert_eq!(node.post(&plain(5), Some(&payment)).await.status(), StatusCode::OK);
}
