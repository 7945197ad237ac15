//! The server that runs a model, and how calls are sent to it.

use std::{sync::Weak, time::Duration};

use reqwest::{Client, Url};
use tokio::time::{timeout_at, Instant};

use super::{
	answer::{note_difference, Answer},
	health::Health,
	meter::Counting,
	wire,
};
use crate::{
	generation::EventSink,
	turns::{Permit, Turns},
	BackendError, Embedded, EmbeddingRequest, FinishReason, Prepared, PreparedEmbedding,
};

/// A server that does not answer a health check within this time is not healthy.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);

/// The other server, shared by all calls to it.
pub(super) struct Upstream {
	pub client: Client,
	pub chat: Url,
	pub completions: Url,
	pub embeddings: Url,
	pub models: Url,
	pub model: String,
	pub counting: Counting,
	/// The calls that it answers, and those that wait.
	pub turns: Turns,
	pub first_token_timeout: Duration,
	pub timeout: Duration,
	pub retries: u32,
	/// The result of the last checks.
	pub health: Health,
}

impl Upstream {
	/// True while it is answering calls.
	fn is_at_work(&self) -> bool {
		self.turns.load().running > 0
	}

	/// The result of the last check, or of one that is made now.
	pub async fn health(&self) -> Result<(), BackendError> {
		match self.health.known() {
			Some(known) => known,
			None if self.is_at_work() => Ok(()),
			None => self.probe().await,
		}
	}

	/// Asks the server for its models.
	async fn probe(&self) -> Result<(), BackendError> {
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

	/// Answers one call, to its end, and holds its permit until then.
	pub async fn serve(&self, call: Prepared, sink: EventSink, _permit: Permit) {
		let mut answer = Answer::new(&call, &self.counting, &sink, &self.model);
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
			tracing::warn!(kind = error.kind(), model = self.model, "a forwarded call failed");
			tracing::debug!(%error, model = self.model, "why it failed");
		}
		sink.finish(ended);
	}

	async fn answer(
		&self,
		call: &Prepared,
		answer: &mut Answer<'_>,
	) -> Result<FinishReason, BackendError> {
		let _slot = self.turns.take(call.party()).await?;
		let body = wire::Request::new(&self.model, call);
		let mut attempt = 0;
		loop {
			match self.attempt(&body, answer).await {
				Ok(reason) => return Ok(reason),
				// What was produced was delivered, so only an answer that never began may be begun anew.
				Err(error) if !answer.is_empty() => return Err(error.into_backend()),
				Err(error) => self.wait_to_retry(&mut attempt, error).await?,
			}
		}
	}

	fn path(&self, body: &wire::Request<'_>) -> &Url {
		if body.is_chat() {
			&self.chat
		} else {
			&self.completions
		}
	}

	/// Turns texts into vectors.
	pub async fn embed(
		&self,
		call: PreparedEmbedding,
		_permit: Permit,
	) -> Result<Embedded, BackendError> {
		let late = |_| BackendError::Timeout { stage: "answering", after: self.timeout };
		let work = async {
			let _slot = self.turns.take(&call.party).await?;
			let mut attempt = 0;
			loop {
				match self.attempt_embedding(&call.request).await {
					Ok(found) => return Ok::<_, BackendError>(found),
					Err(error) => self.wait_to_retry(&mut attempt, error).await?,
				}
			}
		};
		let (vectors, claimed) = tokio::time::timeout(self.timeout, work).await.map_err(late)??;
		let counted = call.input_tokens;
		let claimed = claimed.map_or(counted, |usage| usage.prompt_tokens);
		if matches!(self.counting, Counting::Own(_)) {
			note_difference(&self.model, "input", counted, claimed);
		}
		Ok(Embedded { vectors, input_tokens: counted.min(claimed) })
	}

	async fn attempt_embedding(
		&self,
		request: &EmbeddingRequest,
	) -> Result<(Vec<Vec<f32>>, Option<wire::Usage>), wire::Failure> {
		let body = wire::EmbeddingsRequest {
			model: &self.model,
			input: &request.inputs,
			encoding_format: "float",
			dimensions: request.dimensions,
		};
		let response = self.client.post(self.embeddings.clone()).json(&body).send().await?;
		wire::embeddings(response, request.inputs.len()).await
	}

	/// Waits before the next attempt, each time longer; or fails if there is none that may succeed.
	async fn wait_to_retry(
		&self,
		attempt: &mut u32,
		error: wire::Failure,
	) -> Result<(), BackendError> {
		if *attempt >= self.retries || !error.is_passing() {
			return Err(error.into_backend());
		}
		tracing::debug!(?error, attempt, model = self.model, "trying the server again");
		let counter = "openledger_upstream_retries_total";
		metrics::counter!(counter, "upstream_model" => self.model.clone()).increment(1);
		let pause = Duration::from_millis(100) * 2_u32.saturating_pow((*attempt).min(6));
		tokio::time::sleep(pause).await;
		*attempt = attempt.saturating_add(1);
		Ok(())
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
		let request = self.client.post(self.path(body).clone()).json(body).send();
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
}

/// Checks a server's health until it is no longer used. One that is at work is left in peace: some break
/// off an answer when anything else is asked, and the calls themselves tell how it is.
pub(super) async fn watch(upstream: Weak<Upstream>) {
	while let Some(upstream) = upstream.upgrade() {
		if !upstream.is_at_work() {
			let result = upstream.probe().await;
			upstream.health.note(&upstream.model, &result);
		}
		let every = upstream.health.every;
		drop(upstream);
		tokio::time::sleep(every).await;
	}
}
