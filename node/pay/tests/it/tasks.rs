//! Tool calls, texts that are continued, and vectors.

use super::{code, streamed};
use crate::world::World;
use openledger_payer::{
	recount::Recount,
	testing::{Mood, ANSWER, CHARGE, MOST, NAME, TOOL},
};
use serde_json::{json, Value};
use std::sync::Arc;

const TEXT: &str = "/v1/completions";
const VECTORS: &str = "/v1/embeddings";
/// Cost of vectors: 12 tokens in.
const VECTOR_CHARGE: u128 = 1_000 + 12 * 10;

fn text(stream: bool) -> Value {
	json!({ "model": NAME, "prompt": "The capital", "max_tokens": 16, "stream": stream })
}

fn inputs() -> Value {
	json!({ "model": NAME, "input": ["a", "b"] })
}

#[tokio::test]
async fn texts_are_continued_and_paid() {
	let world = World::new(1, 100 * MOST, 20 * MOST).await;
	let proxy = world.start().await;
	let plain = world.post_to(&proxy, TEXT, &text(false)).await;
	assert_eq!(plain.status(), 200);
	assert_eq!(plain.headers()["x-openledger-charge"], CHARGE.to_string().as_str());
	let body: Value = plain.json().await.unwrap();
	assert_eq!(body["choices"][0]["text"], ANSWER.concat());

	let stream = world.post_to(&proxy, TEXT, &text(true)).await;
	assert_eq!(stream.headers()["content-type"], "text/event-stream");
	let body = stream.text().await.unwrap();
	for piece in ANSWER {
		assert!(body.contains(&format!("\"text\":{}", json!(piece))), "{body}");
	}
	assert!(body.ends_with("data: [DONE]\n\n") && !body.contains("payment-response"), "{body}");
	assert_eq!(world.spend(&proxy, "spent").await, 2 * CHARGE);
	assert_eq!(world.charged(), 2 * CHARGE);
	assert_eq!(world.spend(&proxy, "reserved").await, 0);
	// Chats of the same model take the same lane.
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	assert_eq!(world.nodes[0].ledger.lock().lanes.len(), 1);
	proxy.stop().await;
}

#[tokio::test]
async fn vectors_are_made_and_paid() {
	let world = World::new(1, 100 * MOST, 20 * MOST).await;
	let proxy = world.start().await;
	let answer = world.post_to(&proxy, VECTORS, &inputs()).await;
	assert_eq!(answer.status(), 200);
	assert_eq!(answer.headers()["x-openledger-charge"], VECTOR_CHARGE.to_string().as_str());
	let body: Value = answer.json().await.unwrap();
	assert_eq!(body["data"][0]["embedding"], json!([0.5, -1.0]));
	assert_eq!(world.spend(&proxy, "spent").await, VECTOR_CHARGE);
	let (_, spend) = world.get(&proxy, "/spend").await;
	assert_eq!(spend["models"][0]["output_tokens"], 0);
	assert_eq!(spend["calls"]["broken"], 0);
	proxy.stop().await;
}

#[tokio::test]
async fn false_statements_are_noticed_for_every_kind_of_call() {
	for (path, body) in [(TEXT, text(false)), (TEXT, text(true)), (VECTORS, inputs())] {
		for mood in [Mood::Overcharge, Mood::WrongText, Mood::TooManyTokens] {
			let world = World::new(1, 100 * MOST, 20 * MOST).await;
			world.nodes[0].set(mood);
			let proxy = world.start().await;
			let answer = world.post_to(&proxy, path, &body).await;
			let is_stream = body["stream"] == true;
			assert_eq!(answer.status(), if is_stream { 200 } else { 502 }, "{path} {mood:?}");
			answer.bytes().await.unwrap();
			assert_eq!(world.spend(&proxy, "spent").await, 0, "{path} {mood:?}");
			assert_eq!(world.proofs().len(), 1, "{path} {mood:?}");
			proxy.stop().await;
		}
	}
}

#[tokio::test]
async fn vectors_have_no_output_tokens() {
	let world = World::new(1, 100 * MOST, 20 * MOST).await;
	world.nodes[0].set(Mood::GreedyVectors);
	let proxy = world.start().await;
	let refused = code(world.post_to(&proxy, VECTORS, &inputs()).await).await;
	assert_eq!(refused, (502, "node_misbehaves".into()));
	assert_eq!(world.redeemable(), 0);
	proxy.stop().await;
}

#[tokio::test]
async fn who_makes_no_vectors_is_asked_last() {
	let world = World::new(2, 100 * MOST, 20 * MOST).await;
	let proxy = world.start().await;
	for node in &world.nodes {
		node.set(Mood::NoVectors);
	}
	let refused = code(world.post_to(&proxy, VECTORS, &inputs()).await).await;
	assert_eq!(refused, (400, "unsupported_endpoint".into()));
	let asked = |node: usize| world.nodes[node].ledger.lock().offers;
	assert_eq!((asked(0), asked(1)), (1, 1));
	// They can do other things.
	assert_eq!(world.ask(&proxy, false).await.status(), 200);
	// Nobody is asked in vain while another one may do it; but those who refused may have learnt it.
	world.nodes[1].set(Mood::Honest);
	assert_eq!(world.post_to(&proxy, VECTORS, &inputs()).await.status(), 200);
	proxy.stop().await;
}

#[tokio::test]
async fn tool_calls_belong_to_what_is_signed() {
	for stream in [false, true] {
		let world = World::new(1, 100 * MOST, 20 * MOST).await;
		world.nodes[0].set(Mood::Tool);
		let proxy = world.start().await;
		let answer = world.ask(&proxy, stream).await;
		assert_eq!(answer.status(), 200);
		let body = answer.text().await.unwrap();
		assert!(body.contains(TOOL.0) && body.contains("Zoë"), "{body}");
		assert!(!stream || streamed(&body).1);
		assert_eq!(world.spend(&proxy, "spent").await, CHARGE);
		let (_, spend) = world.get(&proxy, "/spend").await;
		assert_eq!(spend["calls"]["broken"], 0);
		assert!(world.proofs().is_empty());
		proxy.stop().await;

		// A node that signs for the text alone could hand out any tool call.
		let world = World::new(1, 100 * MOST, 20 * MOST).await;
		world.nodes[0].set(Mood::UnsignedTool);
		let proxy = world.start().await;
		world.ask(&proxy, stream).await.bytes().await.unwrap();
		assert_eq!(world.spend(&proxy, "spent").await, 0);
		let proofs = world.proofs();
		assert_eq!(proofs.len(), 1);
		assert!(proofs[0]["reason"].as_str().unwrap().contains("another answer"), "{}", proofs[0]);
		proxy.stop().await;
	}
}

#[tokio::test]
async fn what_is_said_besides_the_answer_needs_no_signature() {
	for (mood, spent) in [(Mood::Thinking, CHARGE), (Mood::ThinkingWrongText, 0)] {
		for stream in [false, true] {
			let world = World::new(1, 100 * MOST, 20 * MOST).await;
			world.nodes[0].set(mood);
			let proxy = world.start().await;
			world.ask(&proxy, stream).await.bytes().await.unwrap();
			assert_eq!(world.spend(&proxy, "spent").await, spent, "{mood:?} {stream}");
			proxy.stop().await;
		}
	}
}

/// A tokenizer whose tokens are words.
const WORDS: &str = r#"{
	"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
	"normalizer": null, "pre_tokenizer": { "type": "Whitespace" },
	"post_processor": null, "decoder": null,
	"model": { "type": "WordLevel", "vocab": { "[UNK]": 0, "a": 1 }, "unk_token": "[UNK]" }
}"#;

#[tokio::test]
async fn inputs_are_counted_before_they_are_paid() {
	let mut world = World::new(1, 100 * MOST, 20 * MOST).await;
	let path = world.folder.path().join("tokenizer.json");
	std::fs::write(&path, WORDS).unwrap();
	let mut recount = Recount::default();
	recount.load(NAME, &path).unwrap();
	world.settings.payer.recount = Arc::new(recount);
	let proxy = world.start().await;
	// The node counts 12 tokens, whatever comes.
	for (path, body) in [(TEXT, text(false)), (VECTORS, inputs())] {
		assert_eq!(world.post_to(&proxy, path, &body).await.status(), 200, "{path}");
	}
	world.nodes[0].ledger.lock().input_tokens = 19;
	let body = json!({ "model": NAME, "input": ["a", "a"] });
	let refused = code(world.post_to(&proxy, VECTORS, &body).await).await;
	assert_eq!(refused, (502, "node_misbehaves".into()));
	let body = json!({ "model": NAME, "input": ["a a", "a"] });
	assert_eq!(world.post_to(&proxy, VECTORS, &body).await.status(), 200);
	// A chat is put into its model's own form, which does not take everything.
	let message = json!({ "role": "user", "content": "a a" });
	let body = json!({ "model": NAME, "messages": [message], "max_tokens": 16 });
	for (tokens, status) in [(600, 502), (300, 200)] {
		world.nodes[0].ledger.lock().input_tokens = tokens;
		assert_eq!(world.post(&proxy, &body).await.status(), status, "{tokens}");
	}
	proxy.stop().await;
}
