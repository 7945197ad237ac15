//! Against a server on a free port that speaks the OpenAI protocol and does what each test wants.

mod more;

use std::{
	convert::Infallible,
	sync::{
		atomic::{AtomicUsize, Ordering},
		Mutex,
	},
};

use axum::{
	body::{Body, Bytes},
	extract::State,
	http::HeaderMap as Headers,
	response::Response,
	routing::{get, post},
	Json, Router,
};
use futures::StreamExt;
use serde_json::{json, Value};
use tokio::sync::{mpsc, Notify};
use tokio_stream::wrappers::ReceiverStream;

use super::*;
use crate::{Completion, Delta, Event, FinishReason, Finished, Role, Sampling};

/// One step of what the server does with a call.
#[derive(Debug, Clone)]
enum Step {
	/// Refuses with a status and a body.
	Refuse(u16, Value),
	/// Sends an event's data.
	Send(Value),
	/// Sends the end of the stream.
	Done,
	/// Closes the connection in the middle.
	Break,
	/// Waits for ever.
	Hang,
}

fn text(text: &str) -> Step {
	Step::Send(json!({ "choices": [{ "index": 0, "delta": { "content": text } }] }))
}

fn end(reason: &str) -> Step {
	Step::Send(json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] }))
}

fn usage(prompt: u32, completion: u32) -> Step {
	let usage = json!({ "prompt_tokens": prompt, "completion_tokens": completion });
	Step::Send(json!({ "choices": [], "usage": usage }))
}

#[derive(Default)]
struct Server {
	/// The steps of each call; the last counts for all further ones.
	script: Vec<Vec<Step>>,
	calls: AtomicUsize,
	/// The number of requests for its models.
	checks: AtomicUsize,
	/// Calls being answered, and the most there were at once.
	running: Mutex<(usize, usize)>,
	seen: Mutex<Vec<(Headers, Value)>>,
	/// Somebody stopped reading.
	left: Notify,
	/// Lets hanging calls end.
	go_on: Notify,
}

async fn chat(
	State(server): State<Arc<Server>>,
	headers: Headers,
	Json(body): Json<Value>,
) -> Response {
	let number = server.calls.fetch_add(1, Ordering::SeqCst);
	server.seen.lock().expect("no panic").push((headers, body));
	let last = server.script.len() - 1;
	let steps = server.script[number.min(last)].clone();
	if let [Step::Refuse(status, body)] = steps.as_slice() {
		let response =
			Response::builder().status(*status).header("content-type", "application/json");
		return response.body(Body::from(body.to_string())).expect("a response");
	}
	let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
	tokio::spawn(async move {
		{
			let mut running = server.running.lock().expect("no panic");
			running.0 += 1;
			running.1 = running.1.max(running.0);
		}
		for step in steps {
			let item = match step {
				Step::Send(data) => Ok(Bytes::from(format!("data: {data}\n\n"))),
				Step::Done => Ok(Bytes::from("data: [DONE]\n\n")),
				Step::Break => Err(std::io::Error::other("broken")),
				Step::Hang => {
					tokio::select! {
						() = sender.closed() => server.left.notify_one(),
						() = server.go_on.notified() => {}
					}
					continue;
				}
				Step::Refuse(..) => panic!("it is too late to refuse"),
			};
			if sender.send(item).await.is_err() {
				server.left.notify_one();
				break;
			}
		}
		server.running.lock().expect("no panic").0 -= 1;
	});
	let response = Response::builder().header("content-type", "text/event-stream");
	response.body(Body::from_stream(ReceiverStream::new(receiver))).expect("a response")
}

/// Every text becomes its length; the vectors come in the wrong order.
async fn embeddings(State(server): State<Arc<Server>>, Json(body): Json<Value>) -> Json<Value> {
	server.calls.fetch_add(1, Ordering::SeqCst);
	let texts = body["input"].as_array().expect("texts").clone();
	let vector = |(index, text): (usize, &Value)| json!({ "index": index, "embedding": [text.as_str().expect("a text").len(), 0.5] });
	let vectors: Vec<Value> = texts.iter().enumerate().map(vector).rev().collect();
	Json(json!({ "data": vectors, "usage": { "prompt_tokens": 7, "total_tokens": 7 } }))
}

/// Starts the server; returns its base URL.
async fn serve(script: Vec<Vec<Step>>) -> (Arc<Server>, String) {
	let server = Arc::new(Server { script, ..Server::default() });
	let models = |State(server): State<Arc<Server>>| async move {
		server.checks.fetch_add(1, Ordering::SeqCst);
		Ok::<_, Infallible>(Json(json!({ "data": [{ "id": "there:latest" }] })))
	};
	let router = Router::new()
		.route("/v1/chat/completions", post(chat))
		.route("/v1/completions", post(chat))
		.route("/v1/embeddings", post(embeddings))
		.route("/v1/models", get(models))
		.with_state(server.clone());
	let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
	let address = listener.local_addr().expect("an address");
	tokio::spawn(async move { axum::serve(listener, router).await });
	(server, format!("http://{address}/v1/"))
}

/// A tokenizer whose tokens are single bytes, so that everybody can count; its chat template is
/// the last message.
fn tokenizer(folder: &std::path::Path) -> PathBuf {
	use tokenizers::{
		models::bpe::{Vocab, BPE},
		pre_tokenizers::byte_level::ByteLevel,
		Tokenizer,
	};
	let mut alphabet: Vec<char> = ByteLevel::alphabet().into_iter().collect();
	alphabet.sort_unstable();
	let vocab: Vocab = alphabet.into_iter().map(String::from).zip(0..).collect();
	let bpe = BPE::builder().vocab_and_merges(vocab, vec![]).build().expect("a model");
	let mut tokenizer = Tokenizer::new(bpe);
	tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
	let path = folder.join("tokenizer.json");
	tokenizer.save(&path, false).expect("it is written");
	let template = folder.join("chat_template.jinja");
	std::fs::write(template, "{{ messages[-1].content }}").expect("it is written");
	path
}

pub(crate) fn options(base_url: &str) -> ForwardOptions {
	let folder = tempfile::tempdir().expect("a folder");
	let tokenizer = tokenizer(folder.path());
	// The files are read at once; they go away when the test's process does.
	let _ = folder.keep();
	ForwardOptions {
		base_url: base_url.into(),
		api_key: Some("sk-secret".into()),
		upstream_model: "there".into(),
		tokenizer: Some(tokenizer),
		chat_template: None,
		context: 100,
		default_max_tokens: 20,
		concurrent: 2,
		queue: 1,
		connect_timeout: Duration::from_secs(5),
		first_token_timeout: Duration::from_secs(5),
		timeout: Duration::from_secs(10),
		retries: 2,
		pass_through: vec!["response_format".into()],
		embeddings: true,
		health_interval: Duration::from_secs(60),
	}
}

fn forward(base_url: &str) -> ForwardBackend {
	ForwardBackend::new(options(base_url)).expect("it is made")
}

fn request() -> ChatRequest {
	ChatRequest { messages: vec![Message::new(Role::User, "Hello")], ..ChatRequest::default() }
}

async fn start(backend: &ForwardBackend, request: ChatRequest) -> Generation {
	let call = backend.prepare(request).await.expect("it fits");
	backend.generate(call).await.expect("there is room")
}

async fn answer(script: Vec<Vec<Step>>, request: ChatRequest) -> Result<Completion, BackendError> {
	let (_server, url) = serve(script).await;
	start(&forward(&url), request).await.collect().await
}

fn finished(reason: FinishReason, output_tokens: u32) -> Finished {
	Finished { reason, input_tokens: 5, output_tokens }
}

fn delta(text: &str, output_tokens: u32) -> Option<Result<Event, BackendError>> {
	Some(Ok(Event::Delta(Delta { text: text.into(), output_tokens })))
}

#[tokio::test]
async fn forwards_and_counts_by_itself() {
	let (server, url) =
		serve(vec![vec![text("Bon"), text("jour é"), end("stop"), usage(5, 12), Step::Done]]).await;
	let mut asked = request();
	asked.sampling = Sampling { temperature: Some(0.5), top_p: None, seed: Some(3) };
	asked.max_tokens = Some(15);
	asked.stop = vec!["#".into()];
	asked.extras.insert("response_format".into(), json!({ "type": "json_object" }));
	let mut generation = start(&forward(&url), asked).await;
	assert_eq!(generation.next().await, delta("Bon", 3));
	assert_eq!(generation.next().await, delta("jour é", 10));
	let end = Event::Finished(finished(FinishReason::Stop, 10));
	assert_eq!(generation.next().await, Some(Ok(end)));
	assert_eq!(generation.next().await, None);

	let seen = server.seen.lock().expect("no panic");
	let (headers, body) = &seen[0];
	assert_eq!(headers.get("authorization").expect("a key"), "Bearer sk-secret");
	assert_eq!(
		*body,
		json!({
			"model": "there",
			"messages": [{ "role": "user", "content": "Hello" }],
			"stream": true, "stream_options": { "include_usage": true },
			"max_tokens": 15, "temperature": 0.5, "seed": 3, "stop": ["#"],
			"response_format": { "type": "json_object" },
		})
	);
}

#[tokio::test]
async fn the_prompt_is_what_was_asked_where_another_server_renders_it() {
	let (_server, url) = serve(vec![vec![Step::Done]]).await;
	let trusting = ForwardOptions { tokenizer: None, ..options(&url) };
	let trusting = ForwardBackend::new(trusting).expect("it is made");
	let mut asked = request();
	asked.messages.insert(0, Message::new(Role::System, "Be brief."));
	for backend in [forward(&url), trusting] {
		let call = backend.prepare(asked.clone()).await.expect("it fits");
		assert_eq!(call.text(), "Be brief.\nHello");
	}
}

#[tokio::test]
async fn the_lower_count_is_charged() {
	let said = |prompt, completion| {
		vec![vec![text("Bonjour"), end("length"), usage(prompt, completion), Step::Done]]
	};
	let charged = |completion: Completion| {
		assert_eq!(completion.finished.reason, FinishReason::Length);
		(completion.finished.input_tokens, completion.finished.output_tokens)
	};
	assert_eq!(answer(said(900, 900), request()).await.map(charged), Ok((5, 7)));
	assert_eq!(answer(said(4, 2), request()).await.map(charged), Ok((4, 2)));
}

#[tokio::test]
async fn keeps_a_server_within_bounds_that_ignores_them() {
	let script = vec![vec![text("one two "), text("thr"), text("ee four"), Step::Hang]];
	let limited = ChatRequest { max_tokens: Some(9), ..request() };
	let completion = answer(script.clone(), limited).await.expect("it ends");
	assert_eq!(completion.text, "one two t", "what is not charged is not handed out");
	assert_eq!(completion.finished, finished(FinishReason::Length, 9));

	let stopped = ChatRequest { stop: vec!["three".into()], ..request() };
	let completion = answer(script, stopped).await.expect("it ends");
	assert_eq!(completion.text, "one two ");
	assert_eq!(completion.finished, finished(FinishReason::Stop, 8));
}

#[tokio::test]
async fn tries_again_while_nothing_was_produced() {
	let busy = vec![Step::Refuse(503, json!({}))];
	let broken =
		vec![Step::Send(json!({ "choices": [{ "delta": { "role": "assistant" } }] })), Step::Break];
	let good = vec![text("Hi"), end("stop"), Step::Done];
	let (server, url) = serve(vec![busy.clone(), broken, good]).await;
	let completion = start(&forward(&url), request()).await.collect().await.expect("it answers");
	assert_eq!(completion.text, "Hi");
	assert_eq!(server.calls.load(Ordering::SeqCst), 3);

	let (server, url) = serve(vec![busy]).await;
	let error = start(&forward(&url), request()).await.collect().await.expect_err("it is busy");
	assert_eq!(error, BackendError::Overloaded { retry_after: Duration::from_secs(1) });
	assert_eq!(server.calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn never_tries_again_after_text() {
	for script in [
		vec![text("Bonj"), Step::Break],
		vec![text("Bonj"), Step::Done],
		vec![text("Bonj"), Step::Send(json!({ "error": { "message": "out of memory" } }))],
	] {
		let (server, url) = serve(vec![script]).await;
		let mut generation = start(&forward(&url), request()).await;
		assert_eq!(generation.next().await, delta("Bonj", 4));
		let error = generation.next().await.expect("an end").expect_err("an error");
		assert!(matches!(error, BackendError::Upstream { .. }), "{error:?}");
		assert_eq!(generation.next().await, None);
		assert_eq!(server.calls.load(Ordering::SeqCst), 1);
	}
}

#[tokio::test]
async fn what_it_refuses_is_refused() {
	for (status, body, message) in [
		(400, json!({ "error": { "message": "bad grammar" } }), "bad grammar"),
		(401, json!({ "message": "no key" }), "no key"),
		(404, json!("nothing"), "nothing"),
		(422, Value::Null, "HTTP status 422"),
	] {
		let (server, url) = serve(vec![vec![Step::Refuse(status, body)]]).await;
		let error = start(&forward(&url), request()).await.collect().await.expect_err("refused");
		let expected = BackendError::Upstream { status: Some(status), message: message.into() };
		assert_eq!(error, expected);
		assert_eq!(server.calls.load(Ordering::SeqCst), 1, "it would refuse again");
	}
}

#[tokio::test]
async fn time_is_limited() {
	let (_server, url) = serve(vec![vec![Step::Hang]]).await;
	let short = Duration::from_millis(200);
	let options_ = ForwardOptions { first_token_timeout: short, ..options(&url) };
	let backend = ForwardBackend::new(options_).expect("it is made");
	let error = start(&backend, request()).await.collect().await.expect_err("too late");
	let stage = "waiting for the first token";
	assert_eq!(error, BackendError::Timeout { stage, after: short });

	let (_server, url) = serve(vec![vec![text("Bonj"), Step::Hang]]).await;
	let options_ = ForwardOptions { timeout: short, ..options(&url) };
	let backend = ForwardBackend::new(options_).expect("it is made");
	let mut generation = start(&backend, request()).await;
	assert_eq!(generation.next().await, delta("Bonj", 4));
	let late = BackendError::Timeout { stage: "answering", after: short };
	assert_eq!(generation.next().await, Some(Err(late)));
}

#[tokio::test]
async fn who_leaves_stops_the_server() {
	let (server, url) = serve(vec![vec![text("Bonj"), Step::Hang]]).await;
	let backend = forward(&url);
	let mut generation = start(&backend, request()).await;
	assert_eq!(generation.next().await, delta("Bonj", 4));
	drop(generation);
	server.left.notified().await;

	let mut generation = start(&backend, request()).await;
	assert_eq!(generation.next().await, delta("Bonj", 4));
	generation.cancel();
	let end = Event::Finished(finished(FinishReason::Cancelled, 4));
	assert_eq!(generation.next().await, Some(Ok(end)));
	server.left.notified().await;
}

#[tokio::test]
async fn gives_the_server_no_more_than_it_takes() {
	let (server, url) = serve(vec![vec![text("a"), Step::Hang, end("stop"), Step::Done]]).await;
	let backend = forward(&url);
	let mut first = start(&backend, request()).await;
	let mut second = start(&backend, request()).await;
	assert_eq!((first.next().await, second.next().await), (delta("a", 1), delta("a", 1)));
	let third = start(&backend, request()).await;
	let fourth = backend.prepare(request()).await.expect("it fits");
	let refused = backend.generate(fourth).await.map(|_| ());
	assert!(matches!(refused, Err(BackendError::Overloaded { .. })), "{refused:?}");
	assert_eq!(server.calls.load(Ordering::SeqCst), 2, "the third waits");
	for _ in 0..3 {
		server.go_on.notify_one();
		tokio::time::sleep(Duration::from_millis(100)).await;
	}
	for generation in [first, second, third] {
		let completion = generation.collect().await.expect("it ends");
		assert_eq!(completion.finished.reason, FinishReason::Stop);
	}
	assert_eq!(server.running.lock().expect("no panic").1, 2);
}

#[tokio::test]
async fn who_reads_slowly_keeps_nobody_from_the_server() {
	const PIECES: usize = 500;
	let mut long = vec![text("a"); PIECES];
	long.extend([end("stop"), Step::Done]);
	let (_server, url) = serve(vec![long]).await;
	let options = ForwardOptions { concurrent: 1, context: 4_096, ..options(&url) };
	let backend = ForwardBackend::new(options).expect("it is made");
	let asked = || ChatRequest { max_tokens: Some(PIECES as u32), ..request() };
	let mut slow = start(&backend, asked()).await;
	assert_eq!(slow.next().await, delta("a", 1));
	// It takes no more, and the next one is answered all the same.
	let quick = start(&backend, asked()).await.collect().await.expect("it ends");
	assert_eq!(quick.text.len(), PIECES);
	let rest = slow.collect().await.expect("it ends");
	assert_eq!(rest.text.len(), PIECES - 1);
}

#[tokio::test]
async fn knows_whether_the_server_is_well() {
	let (_server, url) = serve(vec![vec![]]).await;
	assert_eq!(forward(&url).health().await, Ok(()));
	let options_ = ForwardOptions { upstream_model: "gone".into(), ..options(&url) };
	let other = ForwardBackend::new(options_).expect("it is made");
	let error = other.health().await.expect_err("it is not there").to_string();
	assert!(error.contains("`gone`"), "{error}");

	// A port that nobody listens on.
	let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
	let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
	drop(listener);
	let backend = forward(&url);
	let error = backend.health().await.expect_err("nobody is there").to_string();
	assert!(error.contains("cannot be reached") && !error.contains("127.0.0.1"), "{error}");
	let error = start(&backend, request()).await.collect().await.expect_err("nobody is there");
	assert!(matches!(error, BackendError::Upstream { status: None, .. }), "{error:?}");

	let every = Duration::from_millis(20);
	let options_ = ForwardOptions { health_interval: every, ..options(&url) };
	let backend = ForwardBackend::new(options_).expect("it is made");
	let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
	while backend.prepare(request()).await.is_ok() {
		assert!(tokio::time::Instant::now() < deadline, "nobody finds out that it is down");
		tokio::time::sleep(every).await;
	}
	let refused = backend.prepare(request()).await;
	assert_eq!(refused, Err(BackendError::Unwell { retry_after: Duration::from_secs(1) }));
}

/// Some servers break off an answer when anything else is asked.
#[tokio::test]
async fn leaves_a_server_at_work_in_peace() {
	let every = Duration::from_millis(10);
	let (server, url) = serve(vec![vec![Step::Hang, Step::Done]]).await;
	let options_ = ForwardOptions { health_interval: every, ..options(&url) };
	let backend = ForwardBackend::new(options_).expect("it is made");
	let generation = start(&backend, request()).await;
	while server.running.lock().expect("no panic").0 == 0 {
		tokio::time::sleep(every).await;
	}
	let before = server.checks.load(Ordering::SeqCst);
	tokio::time::sleep(every * 30).await;
	assert_eq!(backend.health().await, Ok(()));
	let checks = server.checks.load(Ordering::SeqCst);
	// One that had begun before the call may still have arrived.
	assert!(checks <= before + 1, "asked {checks} times, {before} before the call");
	server.go_on.notify_one();
	let _ = generation.collect().await;
	while server.checks.load(Ordering::SeqCst) == checks {
		tokio::time::sleep(every).await;
	}
}

#[tokio::test]
async fn refuses_before_it_forwards() {
	let backend = forward("http://127.0.0.1:1/v1");
	let long =
		ChatRequest { messages: vec![Message::new(Role::User, "x".repeat(100))], ..request() };
	assert_eq!(
		backend.prepare(long).await,
		Err(BackendError::PromptTooLong { tokens: 100, context: 100 })
	);
	let mut tools = request();
	tools.extras.insert("tools".into(), json!([{}]));
	assert_eq!(
		backend.prepare(tools).await,
		Err(BackendError::Unsupported { param: "tools".into() })
	);
	for base_url in ["127.0.0.1:8000", "ftp://example.org", ""] {
		let error = ForwardBackend::new(options(base_url)).err().expect("refused").to_string();
		assert!(error.contains("base_url"), "{error}");
	}
}
