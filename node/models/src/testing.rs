//! A backend for tests that says what it is told to.

use std::sync::{
	atomic::{AtomicUsize, Ordering},
	Mutex,
};

use async_trait::async_trait;
use openledger_primitives::Hash;

use crate::{
	Backend, BackendError, ChatRequest, Delta, Embedded, EmbeddingRequest, EventSink, FinishReason,
	Finished, Generation, ModelFacts, Party, Prepared, PreparedEmbedding, ToolDelta,
};

/// The context of a [`TestBackend`], in tokens.
pub const CONTEXT: u32 = 64;
/// Output tokens of a call to one that names no number.
pub const DEFAULT_MAX_TOKENS: u32 = 16;

/// The script of a [`TestBackend`].
#[derive(Clone, Debug)]
pub enum Script {
	/// Says these words, then ends.
	Say(Vec<&'static str>),
	/// Says these words, then nothing until it is called off.
	Stall(Vec<&'static str>),
	/// Says these words, then fails.
	Break(Vec<&'static str>, BackendError),
	/// Calls a tool, then ends.
	Call(ToolDelta),
	/// Has no room.
	Refuse(BackendError),
}

/// A model that follows a script. A word is a token.
pub struct TestBackend {
	facts: ModelFacts,
	script: Mutex<Script>,
	calls: AtomicUsize,
}

impl TestBackend {
	/// A model with weights and a tokenizer whose hashes are zero.
	pub fn new(script: Script) -> Self {
		let facts = ModelFacts {
			kind: "test",
			context_length: CONTEXT,
			base_hash: Some(Hash::zero()),
			tokenizer_hash: Some(Hash::zero()),
		};
		Self { facts, script: Mutex::new(script), calls: AtomicUsize::new(0) }
	}

	/// The number of calls that it was asked to answer.
	pub fn calls(&self) -> usize {
		self.calls.load(Ordering::SeqCst)
	}

	/// Follows another script from now on.
	pub fn follow(&self, script: Script) {
		*self.script.lock().expect("no test panics while it holds this") = script;
	}

	fn script(&self) -> Script {
		self.script.lock().expect("no test panics while it holds this").clone()
	}
}

fn words(text: &str) -> u32 {
	u32::try_from(text.split_whitespace().count()).expect("tests are short")
}

async fn speak(sink: &EventSink, words: &[&'static str]) -> u32 {
	let mut output_tokens = 0;
	for word in words {
		output_tokens += 1;
		let delta = Delta { text: format!("{word} "), output_tokens };
		if sink.send(delta).await.is_err() {
			break;
		}
	}
	output_tokens
}

#[async_trait]
impl Backend for TestBackend {
	fn facts(&self) -> &ModelFacts {
		&self.facts
	}

	async fn prepare(&self, request: ChatRequest) -> Result<Prepared, BackendError> {
		let chat: u32 = request.messages.iter().map(|message| words(&message.content)).sum();
		let input = chat + request.prompt.as_deref().map_or(0, words);
		let prompt = vec![0; usize::try_from(input).expect("tests are short")];
		Prepared::new(request, prompt, CONTEXT, DEFAULT_MAX_TOKENS)
	}

	async fn generate(&self, call: Prepared) -> Result<Generation, BackendError> {
		self.calls.fetch_add(1, Ordering::SeqCst);
		let (sink, generation) = Generation::channel(4);
		let input_tokens = call.input_tokens();
		let end = move |reason, output_tokens| Ok(Finished { reason, input_tokens, output_tokens });
		match self.script() {
			Script::Refuse(error) => return Err(error),
			Script::Call(delta) => {
				let tokens = delta.output_tokens;
				sink.send_tool(delta).await.expect("there is room");
				sink.finish(end(FinishReason::ToolCalls, tokens));
			}
			Script::Say(words) => {
				tokio::spawn(async move {
					let spoken = speak(&sink, &words).await;
					sink.finish(end(FinishReason::Stop, spoken));
				});
			}
			Script::Stall(words) => {
				tokio::spawn(async move {
					let spoken = speak(&sink, &words).await;
					sink.cancelled().await;
					sink.finish(end(FinishReason::Cancelled, spoken));
				});
			}
			Script::Break(words, error) => {
				tokio::spawn(async move {
					speak(&sink, &words).await;
					sink.finish(Err(error));
				});
			}
		}
		Ok(generation)
	}

	/// Every text becomes the number of its words.
	async fn prepare_embedding(
		&self,
		request: EmbeddingRequest,
	) -> Result<PreparedEmbedding, BackendError> {
		let input_tokens = request.inputs.iter().map(|text| words(text)).sum();
		Ok(PreparedEmbedding { party: Party::Nobody, request, input_tokens })
	}

	async fn embed(&self, call: PreparedEmbedding) -> Result<Embedded, BackendError> {
		self.calls.fetch_add(1, Ordering::SeqCst);
		if let Script::Refuse(error) = self.script() {
			return Err(error);
		}
		let vector = |text: &String| vec![f32::from(u8::try_from(words(text)).expect("short"))];
		let vectors = call.request.inputs.iter().map(vector).collect();
		Ok(Embedded { vectors, input_tokens: call.input_tokens })
	}

	fn count_tokens(&self, text: &str) -> Result<u32, BackendError> {
		Ok(words(text))
	}

	async fn health(&self) -> Result<(), BackendError> {
		match self.script() {
			Script::Refuse(error) => Err(error),
			_ => Ok(()),
		}
	}
}
