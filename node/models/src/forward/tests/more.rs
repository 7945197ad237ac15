//! Besides chats: texts that are continued, tools, vectors, and servers whose counts are trusted.

use super::*;
use crate::ToolDelta;

fn tools(index: u32, id: Option<&str>, name: Option<&str>, arguments: &str) -> Step {
	let function = json!({ "name": name, "arguments": arguments });
	let call = json!({ "index": index, "id": id, "type": "function", "function": function });
	Step::Send(json!({ "choices": [{ "index": 0, "delta": { "tool_calls": [call] } }] }))
}

fn with_tools() -> ChatRequest {
	let mut asked = request();
	asked.extras.insert("tools".into(), json!([{ "type": "function" }]));
	asked
}

fn knows_tools(url: &str) -> ForwardBackend {
	let pass_through = vec!["tools".into()];
	ForwardBackend::new(ForwardOptions { pass_through, ..options(url) }).expect("it is made")
}

#[test]
fn the_file_that_tokens_are_counted_by_is_known_by_its_hash() {
	let own = options("http://127.0.0.1:9/v1");
	let file = own.tokenizer.clone().expect("it has one");
	let trusted = ForwardOptions { tokenizer: None, ..own.clone() };
	let hash = |options| ForwardBackend::new(options).expect("it is made").facts().tokenizer_hash;

	assert_eq!(hash(own), Some(crate::hash_file(&file).expect("it is read")));
	assert_eq!(hash(trusted), None);
}

#[tokio::test]
async fn texts_are_continued() {
	let piece = |text: &str| Step::Send(json!({ "choices": [{ "index": 0, "text": text }] }));
	let (server, url) =
		serve(vec![vec![piece("Bon"), piece("jour"), end("length"), Step::Done]]).await;
	let asked = ChatRequest { prompt: Some("Say:".into()), ..ChatRequest::default() };
	let completion = start(&forward(&url), asked).await.collect().await.expect("it answers");
	assert_eq!(completion.text, "Bonjour");
	assert_eq!((completion.finished.input_tokens, completion.finished.output_tokens), (4, 7));
	let seen = server.seen.lock().expect("no panic");
	assert_eq!((&seen[0].1["prompt"], seen[0].1.get("messages")), (&json!("Say:"), None));
}

#[tokio::test]
async fn tool_calls_are_handed_on_and_counted() {
	let script = vec![
		text("Hm"),
		tools(0, Some("a"), Some("sum"), ""),
		tools(0, None, None, "{\"x\":1}"),
		end("tool_calls"),
		usage(5, 40),
		Step::Done,
	];
	let (server, url) = serve(vec![script]).await;
	let mut generation = start(&knows_tools(&url), with_tools()).await;
	assert_eq!(generation.next().await, delta("Hm", 2));
	let Some(Ok(Event::Tool(first))) = generation.next().await else { panic!("no tool call") };
	assert_eq!((first.id.as_deref(), first.name.as_deref()), (Some("a"), Some("sum")));
	let second = ToolDelta {
		index: 0,
		id: None,
		name: None,
		arguments: "{\"x\":1}".into(),
		output_tokens: 12,
	};
	assert_eq!(generation.next().await, Some(Ok(Event::Tool(second))));
	let end = Event::Finished(finished(FinishReason::ToolCalls, 12));
	assert_eq!(generation.next().await, Some(Ok(end)));
	assert!(server.seen.lock().expect("no panic")[0].1["tools"].is_array());
}

#[tokio::test]
async fn a_tool_call_beyond_the_bound_is_not_handed_out() {
	let script = vec![tools(0, Some("a"), Some("sum"), "{\"x\":12345678}"), Step::Hang];
	let (_server, url) = serve(vec![script]).await;
	let short = ChatRequest { max_tokens: Some(5), ..with_tools() };
	let completion = start(&knows_tools(&url), short).await.collect().await.expect("it ends");
	assert_eq!(completion.signed_text(), "");
	assert_eq!(completion.finished, finished(FinishReason::Length, 0));
}

#[tokio::test]
async fn messages_about_tools_are_for_servers_that_know_them() {
	let message = Message { tool_call_id: Some("a".into()), ..Message::new(Role::Tool, "4") };
	let asked = ChatRequest { messages: vec![message], ..ChatRequest::default() };
	let url = "http://127.0.0.1:1/v1";
	let param = "messages[0].role".to_owned();
	let refused = forward(url).prepare(asked.clone()).await;
	assert_eq!(refused, Err(BackendError::Unsupported { param }));
	assert!(knows_tools(url).prepare(asked).await.is_ok());
}

#[tokio::test]
async fn texts_become_vectors() {
	let (_server, url) = serve(vec![vec![]]).await;
	let backend = forward(&url);
	let asked =
		EmbeddingRequest { inputs: vec!["four".into(), "seventh".into()], dimensions: None };
	let call = backend.prepare_embedding(asked.clone()).await.expect("they fit");
	assert_eq!(call.input_tokens, 11);
	let embedded = backend.embed(call).await.expect("it answers");
	assert_eq!(embedded.vectors, [[4.0, 0.5], [7.0, 0.5]]);
	assert_eq!(embedded.input_tokens, 7, "the lower number is charged");

	let long = EmbeddingRequest { inputs: vec!["x".repeat(101)], dimensions: None };
	let refused = backend.prepare_embedding(long).await;
	assert_eq!(refused, Err(BackendError::PromptTooLong { tokens: 101, context: 100 }));
	let without = ForwardOptions { embeddings: false, ..options(&url) };
	let without = ForwardBackend::new(without).expect("it is made");
	let refused = without.prepare_embedding(asked).await;
	assert_eq!(refused, Err(BackendError::NotServed { task: "embeddings" }));
}

#[tokio::test]
async fn a_trusted_server_counts_within_bounds() {
	let answer = |usage: Vec<Step>| {
		let mut steps = vec![text("Bon"), text("jour"), end("stop")];
		steps.extend(usage);
		steps.push(Step::Done);
		vec![steps]
	};
	for (said, charged) in [
		(vec![usage(9, 5)], (9, 5)),
		// Never more than the prompt or the answer has bytes.
		(vec![usage(9_000, 9_000)], (100, 7)),
		// Who says nothing is paid by the piece.
		(vec![], (100, 2)),
	] {
		let (_server, url) = serve(answer(said)).await;
		let trusting = ForwardOptions { tokenizer: None, ..options(&url) };
		let backend = ForwardBackend::new(trusting).expect("it is made");
		let call = backend.prepare(request()).await.expect("it is bounded");
		assert_eq!(call.input_tokens(), 100, "the context, which is less than any bound");
		let finished = backend.generate(call).await.expect("there is room").collect().await;
		let finished = finished.expect("it ends").finished;
		assert_eq!((finished.input_tokens, finished.output_tokens), charged);
	}
}

#[tokio::test]
async fn load_is_what_runs_and_what_waits() {
	let (_server, url) = serve(vec![vec![text("a"), Step::Hang]]).await;
	let backend = forward(&url);
	let mut running = Vec::new();
	for _ in 0..3 {
		running.push(start(&backend, request()).await);
	}
	for generation in running.iter_mut().take(2) {
		assert_eq!(generation.next().await, delta("a", 1));
	}
	assert_eq!(backend.load(), Load { running: 2, waiting: 1 });
}
