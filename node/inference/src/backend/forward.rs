//! A model on another server that speaks the OpenAI protocol: vLLM, Ollama, llama.cpp's server.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use reqwest::{
	header::{HeaderMap, HeaderValue, AUTHORIZATION},
	Client, Url,
};
use tokio::{
	sync::{OwnedSemaphorePermit, Semaphore},
	time::{timeout_at, Instant},
};

use self::answer::Answer;
use super::{
	generation::EventSink, tokenizer::ModelTokenizer, Backend, BackendError, ChatRequest,
	FinishReason, Generation, LoadError, ModelFacts, Prepared,
};

mod answer;
mod wire;

/// A server that does not answer a health check within this time is not healthy.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);

/// How to reach a model on another server.
#[derive(Clone)]
pub struct ForwardOptions {
	/// The server's base URL as OpenAI clients take it, such as `http://127.0.0.1:8000/v1`.
	pub base_url: String,
	/// Sent as a bearer token; never logged.
	pub api_key: Option<String>,
	/// The model's name on that server.
	pub upstream_model: String,
	/// The model's `tokenizer.json`, or its GGUF file.
	pub tokenizer: PathBuf,
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
	/// How often a call that produced nothing yet is tried again.
	pub retries: u32,
	/// Parameters beyond the usual that the server knows and that are handed on to it.
	pub pass_through: Vec<String>,
}

/// A model on another server.
pub struct ForwardBackend {
	facts: ModelFacts,
	upstream: Arc<Upstream>,
	/// Calls that are being answered or wait for it.
	admitted: Arc<Semaphore>,
	default_max_tokens: u32,
}

/// The other server, shared by all calls to it.
struct Upstream {
	client: Client,
	chat: Url,
	models: Url,
	model: String,
	tokenizer: Arc<ModelTokenizer>,
	/// Calls that are being answered.
	slots: Semaphore,
	first_token_timeout: Duration,
	timeout: Duration,
	retries: u32,
	pass_through: Vec<String>,
}

impl ForwardBackend {
	/// Loads the tokenizer and prepares connections; the server need not be there yet.
	///
	/// # Errors
	/// When the tokenizer cannot be loaded or a setting cannot be used.
	pub fn new(options: ForwardOptions) -> Result<Self, LoadError> {
		let tokenizer = ModelTokenizer::load(&options.tokenizer, options.chat_template.as_deref())?;
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
		let concurrent = options.concurrent.max(1);
		let facts = ModelFacts {
			kind: "openai",
			context_length: options.context,
			weights_hash: None,
			tokenizer_hash: tokenizer.hash(),
		};
		let upstream = Upstream {
			client,
			chat: url("chat/completions")?,
			models: url("models")?,
			model: options.upstream_model,
			tokenizer: Arc::new(tokenizer),
			slots: Semaphore::new(concurrent),
			first_token_timeout: options.first_token_timeout,
			timeout: options.timeout,
			retries: options.retries,
			pass_through: options.pass_through,
		};
		Ok(Self {
			facts,
			upstream: Arc::new(upstream),
			admitted: Arc::new(Semaphore::new(concurrent.saturating_add(options.queue))),
			default_max_tokens: options.default_max_tokens,
		})
	}
}

#[async_trait]
impl Backend for ForwardBackend {
	fn facts(&self) -> &ModelFacts {
		&self.facts
	}

	async fn prepare(&self, request: ChatRequest) -> Result<Prepared, BackendError> {
		let known = &self.upstream.pass_through;
		if let Some(param) = request.extras.keys().find(|param| !known.contains(param)) {
			return Err(BackendError::Unsupported { param: param.clone() });
		}
		let context = self.facts.context_length;
		self.upstream.tokenizer.prepare(request, context, self.default_max_tokens).await
	}

	async fn generate(&self, call: Prepared) -> Result<Generation, BackendError> {
		let admitted = self
			.admitted
			.clone()
			.try_acquire_owned()
			.map_err(|_| BackendError::Overloaded { retry_after: Duration::from_secs(1) })?;
		// A slow reader slows the server down, as it should; this much may be on its way.
		let (sink, generation) = Generation::channel(64);
		let upstream = self.upstream.clone();
		tokio::spawn(async move { upstream.serve(call, sink, admitted).await });
		Ok(generation)
	}

	fn count_tokens(&self, text: &str) -> Result<u32, BackendError> {
		self.upstream.tokenizer.count(text)
	}

	async fn health(&self) -> Result<(), BackendError> {
		self.upstream.health().await
	}
}

impl Upstream {
	/// Answers one call, to its end, and holds its place among the others until then.
	async fn serve(&self, call: Prepared, sink: EventSink, _admitted: OwnedSemaphorePermit) {
		let mut answer = Answer::new(&call, &self.tokenizer, &sink);
		let deadline = Instant::now() + self.timeout;
		let ended = tokio::select! {
			biased;
			() = sink.cancelled() => Ok(FinishReason::Cancelled),
			ended = timeout_at(deadline, self.answer(&call, &mut answer)) => {
				let late = BackendError::Timeout { stage: "answering", after: self.timeout };
				ended.unwrap_or(Err(late))
			}
		};
		let ended = ended.and_then(|reason| answer.finished(reason));
		if let Err(error) = &ended {
			tracing::warn!(%error, model = self.model, "a forwarded call failed");
		}
		sink.finish(ended);
	}

	async fn answer(
		&self,
		call: &Prepared,
		answer: &mut Answer<'_>,
	) -> Result<FinishReason, BackendError> {
		let _slot = self.slots.acquire().await.map_err(BackendError::failed)?;
		let body = wire::Request::new(&self.model, call);
		let mut attempt = 0;
		loop {
			let error = match self.attempt(&body, answer).await {
				Ok(reason) => return Ok(reason),
				Err(error) => error,
			};
			// What was produced was delivered, so only an answer that never began may be begun
			// anew.
			if !answer.is_empty() || attempt >= self.retries || !error.is_passing() {
				return Err(error.into_backend());
			}
			let pause = Duration::from_millis(100) * 2_u32.saturating_pow(attempt.min(6));
			tracing::debug!(?error, attempt, "trying the server again");
			tokio::time::sleep(pause).await;
			attempt = attempt.saturating_add(1);
		}
	}

	/// Sends the call once and hands out what comes back.
	async fn attempt(
		&self,
		body: &wire::Request<'_>,
		answer: &mut Answer<'_>,
	) -> Result<FinishReason, wire::Failure> {
		let late = Instant::now() + self.first_token_timeout;
		let too_late = |_| {
			wire::Failure::Final(BackendError::Timeout {
				stage: "waiting for the first token",
				after: self.first_token_timeout,
			})
		};
		let request = self.client.post(self.chat.clone()).json(body).send();
		let response = timeout_at(late, request).await.map_err(too_late)??;
		let mut stream = wire::Stream::open(response).await?;
		loop {
			let next = if answer.is_empty() {
				timeout_at(late, stream.next()).await.map_err(too_late)??
			} else {
				stream.next().await?
			};
			match next {
				Some(chunk) => {
					if let Some(reason) = answer.take(chunk).await? {
						return Ok(reason);
					}
				}
				None => return answer.close().await,
			}
		}
	}

	async fn health(&self) -> Result<(), BackendError> {
		let late =
			|_| BackendError::Timeout { stage: "checking the server", after: HEALTH_TIMEOUT };
		let check = async {
			let response = self.client.get(self.models.clone()).send().await?;
			wire::models(response).await
		};
		let listed = tokio::time::timeout(HEALTH_TIMEOUT, check)
			.await
			.map_err(late)?
			.map_err(wire::Failure::into_backend)?;
		// Ollama appends a tag to the names that it lists.
		let tagged = format!("{}:latest", self.model);
		if listed.iter().any(|model| *model == self.model || *model == tagged) {
			Ok(())
		} else {
			let message = format!("it does not list the model `{}`", self.model);
			Err(BackendError::Upstream { status: None, message })
		}
	}
}

#[cfg(test)]
mod tests;
