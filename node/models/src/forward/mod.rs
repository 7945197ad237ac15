//! A model on another server that speaks the OpenAI protocol: vLLM, Ollama, llama.cpp's server.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use reqwest::{
	header::{HeaderMap, HeaderValue, AUTHORIZATION},
	Client, Url,
};

use self::{health::Health, meter::Counting, upstream::Upstream};
use super::{
	turns::Turns, Backend, BackendError, ChatRequest, Embedded, EmbeddingRequest, Generation, Load,
	LoadError, Message, ModelFacts, ModelTokenizer, Party, Prepared, PreparedEmbedding,
};

mod answer;
mod counter;
mod health;
mod meter;
mod upstream;
mod wire;

/// The most pieces of an answer that are buffered for its reader; then the server has to wait.
const MOST_PIECES: usize = 1 << 16;

/// Settings of a model on another server.
#[derive(Clone)]
pub struct ForwardOptions {
	/// The server's base URL as OpenAI clients take it, such as `http://127.0.0.1:8000/v1`.
	pub base_url: String,
	/// Sent as a bearer token; never logged.
	pub api_key: Option<String>,
	/// The model's name on that server.
	pub upstream_model: String,
	/// The model's `tokenizer.json`, or its GGUF file. Without one the server's own counts are
	/// charged.
	pub tokenizer: Option<PathBuf>,
	/// A chat template, instead of the tokenizer's own.
	pub chat_template: Option<PathBuf>,
	/// The most tokens, input and output together, that the server serves.
	pub context: u32,
	/// Output tokens of a call that names no number.
	pub default_max_tokens: u32,
	/// Calls that the server is given at the same time.
	pub concurrent: usize,
	/// Calls that may wait beyond that.
	pub queue: usize,
	/// The longest to wait for a connection.
	pub connect_timeout: Duration,
	/// The longest to wait for the first text of an answer.
	pub first_token_timeout: Duration,
	/// The longest that one call may take, waiting included.
	pub timeout: Duration,
	/// The number of times that a call which produced nothing yet is tried again.
	pub retries: u32,
	/// Parameters beyond the usual that the server knows and that are handed on to it.
	pub pass_through: Vec<String>,
	/// True if it makes vectors as well.
	pub embeddings: bool,
	/// The time between two checks of the server's health.
	pub health_interval: Duration,
}

/// A model on another server.
pub struct ForwardBackend {
	facts: ModelFacts,
	upstream: Arc<Upstream>,
	default_max_tokens: u32,
	pass_through: Vec<String>,
	embeddings: bool,
}

impl ForwardBackend {
	/// Loads the tokenizer and prepares connections; the server need not be there yet.
	///
	/// # Errors
	/// If the tokenizer cannot be loaded or a setting cannot be used.
	pub fn new(options: ForwardOptions) -> Result<Self, LoadError> {
		let counting = match &options.tokenizer {
			Some(path) => {
				let template = options.chat_template.as_deref();
				Counting::Own(Arc::new(ModelTokenizer::load(path, template)?))
			}
			None => Counting::Trusted,
		};
		let mut headers = HeaderMap::new();
		if let Some(key) = &options.api_key {
			let mut bearer = HeaderValue::from_str(&format!("Bearer {key}"))
				.map_err(|_| LoadError::Setting("the API key is not a valid header".into()))?;
			bearer.set_sensitive(true);
			headers.insert(AUTHORIZATION, bearer);
		}
		let client = Client::builder()
			.connect_timeout(options.connect_timeout)
			.default_headers(headers)
			.redirect(reqwest::redirect::Policy::none())
			.build()
			.map_err(|error| LoadError::Setting(format!("no HTTP client: {error}")))?;
		let url = |path: &str| {
			let url = format!("{}/{path}", options.base_url.trim_end_matches('/'));
			Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or_else(
				|| LoadError::Setting(format!("`base_url` {:?} is no HTTP URL", options.base_url)),
			)
		};
		let facts = ModelFacts {
			kind: "openai",
			context_length: options.context,
			base_hash: None,
			tokenizer_hash: match &counting {
				Counting::Own(tokenizer) => tokenizer.hash(),
				Counting::Trusted => None,
			},
		};
		let upstream = Upstream {
			client,
			chat: url("chat/completions")?,
			completions: url("completions")?,
			embeddings: url("embeddings")?,
			models: url("models")?,
			model: options.upstream_model,
			counting,
			turns: Turns::new(options.concurrent.max(1), options.queue),
			first_token_timeout: options.first_token_timeout,
			timeout: options.timeout,
			retries: options.retries,
			health: Health::new(options.health_interval),
		};
		let upstream = Arc::new(upstream);
		if let Ok(runtime) = tokio::runtime::Handle::try_current() {
			runtime.spawn(upstream::watch(Arc::downgrade(&upstream)));
		}
		Ok(Self {
			facts,
			upstream,
			default_max_tokens: options.default_max_tokens,
			pass_through: options.pass_through,
			embeddings: options.embeddings,
		})
	}
}

#[async_trait]
impl Backend for ForwardBackend {
	fn facts(&self) -> &ModelFacts {
		&self.facts
	}

	async fn prepare(&self, request: ChatRequest) -> Result<Prepared, BackendError> {
		let known = &self.pass_through;
		if let Some(param) = request.extras.keys().find(|param| !known.contains(param)) {
			return Err(BackendError::Unsupported { param: param.clone() });
		}
		let about_tools = request.messages.iter().position(Message::is_about_tools);
		if let Some(index) = about_tools.filter(|_| !known.iter().any(|name| name == "tools")) {
			return Err(BackendError::Unsupported { param: format!("messages[{index}].role") });
		}
		self.upstream.health.admit()?;
		let context = self.facts.context_length;
		self.upstream.counting.prepare(request, context, self.default_max_tokens).await
	}

	async fn generate(&self, call: Prepared) -> Result<Generation, BackendError> {
		let permit = self.upstream.turns.admit(call.party())?;
		// Room for everything that can come, so that the server is read at its own speed: else a slow
		// reader would hold a slot there, which costs nothing, and keep others from it.
		let room = usize::try_from(call.max_output_tokens()).unwrap_or(usize::MAX);
		let (sink, generation) = Generation::channel(room.min(MOST_PIECES).saturating_add(1));
		let upstream = self.upstream.clone();
		tokio::spawn(async move { upstream.serve(call, sink, permit).await });
		Ok(generation)
	}

	async fn prepare_embedding(
		&self,
		request: EmbeddingRequest,
	) -> Result<PreparedEmbedding, BackendError> {
		if !self.embeddings {
			return Err(BackendError::NotServed { task: "embeddings" });
		}
		self.upstream.health.admit()?;
		let EmbeddingRequest { inputs, dimensions } = request;
		let (inputs, counts) = self.upstream.counting.count_inputs(inputs).await?;
		let context = self.facts.context_length;
		let trusted = matches!(self.upstream.counting, Counting::Trusted);
		if let Some(tokens) = counts.iter().copied().find(|count| *count > context && !trusted) {
			return Err(BackendError::PromptTooLong { tokens, context });
		}
		let input_tokens = counts.iter().copied().fold(0, u32::saturating_add);
		let (party, request) = (Party::Nobody, EmbeddingRequest { inputs, dimensions });
		Ok(PreparedEmbedding { party, request, input_tokens })
	}

	async fn embed(&self, call: PreparedEmbedding) -> Result<Embedded, BackendError> {
		let permit = self.upstream.turns.admit(&call.party)?;
		self.upstream.embed(call, permit).await
	}

	fn load(&self) -> Load {
		self.upstream.turns.load()
	}

	fn count_tokens(&self, text: &str) -> Result<u32, BackendError> {
		self.upstream.counting.count(text)
	}

	async fn health(&self) -> Result<(), BackendError> {
		self.upstream.health().await
	}
}

#[cfg(test)]
pub(crate) mod tests;
