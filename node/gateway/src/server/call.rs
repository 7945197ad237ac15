//! A call on its way from a checked voucher to its end, and what is counted of it.
//!
//! Where OpenTelemetry's conventions for generative AI have a name, that is the name, written as
//! Prometheus wants it: `gen_ai.server.request.duration`, `gen_ai.server.time_to_first_token`,
//! `gen_ai.server.time_per_output_token` and `gen_ai.client.token.usage`.

use std::{
	future::Future,
	sync::{Arc, OnceLock},
	time::Duration,
};

use axum::response::Response;
use openledger_books::Uncharged;
use openledger_models::{Backend, BackendError};
use openledger_primitives::answer::AnswerError;
use openledger_protocol::{ApiError, RefusalCode, Task};
use openledger_server_kit::Permit;
use openledger_settlement::requests::CatalogueEntry;
use tokio::{sync::oneshot, time::Instant};
use tracing::{debug, error, info, warn};

use super::{
	app::App,
	refused::{for_task, Refused},
};
use crate::payment::{Checked, HashError, Reserved, Served};

/// The caller who waits for the answer; closed when it has gone.
pub(super) type Reply = oneshot::Sender<Result<Response, Refused>>;

/// Lets a call have a life of its own: when the caller goes away, whoever waits here is dropped, and
/// the call must still be brought to an orderly end.
pub(super) async fn detached<F>(
	app: &App,
	call: impl FnOnce(Reply) -> F,
) -> Result<Response, Refused>
where
	F: Future<Output = ()> + Send + 'static,
{
	let (reply, answer) = oneshot::channel();
	app.calls.spawn(call(reply));
	answer.await.unwrap_or_else(|_| Err(ApiError::internal().into()))
}

/// A call on its way from a checked voucher to its end.
pub(super) struct Call {
	pub(super) app: Arc<App>,
	pub(super) backend: Arc<dyn Backend>,
	task: Task,
	timeout: Duration,
	/// The model's name, as the caller wrote it.
	pub(super) model: String,
	/// True if the answer goes out piece by piece.
	pub(super) stream: bool,
	deadline: Instant,
	began: Instant,
	/// The moment when the first piece of the answer came.
	first: OnceLock<Instant>,
	/// Held to the call's end.
	_permit: Permit,
}

impl Call {
	/// A call that begins now, and whose answer goes out piece by piece if `stream` is set.
	pub(super) fn new(
		app: &Arc<App>,
		task: Task,
		model: String,
		stream: bool,
		entry: &CatalogueEntry,
		permit: Permit,
	) -> Self {
		let began = Instant::now();
		Self {
			app: app.clone(),
			backend: entry.backend.clone(),
			task,
			timeout: entry.timeout,
			model,
			stream,
			deadline: began + entry.timeout,
			began,
			first: OnceLock::new(),
			_permit: permit,
		}
	}

	/// Takes the voucher for a call with this prompt, or tells the caller why not.
	pub(super) async fn reserve(
		&self,
		checked: Checked,
		prompt: String,
		reply: Reply,
	) -> Option<(Reserved, Reply)> {
		let offer = checked.offer().clone();
		let exposure = self.app.live().limits.exposure;
		match checked.reserve(&self.app.store, exposure, prompt).await {
			Ok(reserved) => Some((reserved, reply)),
			Err(refusal) => {
				let refused = self.app.refuse(&offer, self.task, self.timeout, &refusal);
				let _ = reply.send(Err(refused));
				None
			}
		}
	}

	/// Completes when the call must end, whether it is done or not.
	pub(super) async fn interrupted(&self) -> Stop {
		tokio::select! {
			() = self.app.cut.cancelled() => Stop::Shutdown,
			() = tokio::time::sleep_until(self.deadline) => Stop::Deadline,
		}
	}

	/// Ends a call of which nothing is charged, and tells the caller if it still waits.
	///
	/// A caller who is answered with a status from 400 to 499 may use the same voucher again, now as
	/// before it was taken. After anything else the voucher is used, and not charged.
	pub(super) async fn give_up(&self, reserved: Reserved, stop: Stop, reply: Option<Reply>) {
		let id = reserved.id();
		let why = stop.uncharged();
		match &stop {
			// What another server says may be anything, and is for those who look for it.
			Stop::Failed(error @ BackendError::Upstream { .. }) => {
				warn!(call = %id, kind = error.kind(), "call failed");
				debug!(call = %id, %error, "what the server behind the model said");
			}
			Stop::Failed(error) => warn!(call = %id, %error, "call failed"),
			_ => info!(call = %id, why = why.code(), "call ended without a charge"),
		}
		let error = for_task(self.task, stop.into_error());
		let refused = reply.is_some() && error.status.is_client_error();
		let outcome = if refused { "refused" } else { why.code() };
		self.count(outcome);
		self.measure_duration(Some(outcome));
		let ended = match refused {
			true => reserved.withdraw().await,
			false => reserved.release(why).await,
		};
		if let Err(error) = ended {
			error!(call = %id, %error, "a call could not be closed");
		}
		if let Some(reply) = reply {
			let _ = reply.send(Err(error.into()));
		}
	}

	/// Notes that the first piece of the answer is here.
	pub(super) fn note_first_token(&self) {
		if self.first.set(Instant::now()).is_err() {
			return;
		}
		metrics::histogram!(
			"gen_ai_server_time_to_first_token_seconds",
			"gen_ai_request_model" => self.model.clone(),
			"gen_ai_operation_name" => self.task.operation(),
		)
		.record(self.began.elapsed().as_secs_f64());
	}

	/// Notes that the call was served and charged.
	pub(super) fn note_served(&self, served: &Served) {
		let statement = served.statement().newest();
		info!(
			session = statement.session,
			lane = statement.lane,
			sequence = statement.sequence,
			model = %self.model,
			input = statement.tokens.input,
			output = statement.tokens.output,
			charge = %statement.charge,
			elapsed_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
			"call served",
		);
		self.count("served");
		self.measure_duration(None);
		for (direction, tokens) in
			[("input", statement.tokens.input), ("output", statement.tokens.output)]
		{
			metrics::counter!(
				"openledger_tokens_total",
				"model" => self.model.clone(),
				"direction" => direction,
			)
			.increment(tokens.into());
			metrics::histogram!(
				"gen_ai_client_token_usage",
				"gen_ai_request_model" => self.model.clone(),
				"gen_ai_operation_name" => self.task.operation(),
				"gen_ai_token_type" => direction,
			)
			.record(f64::from(tokens));
		}
		// Between the first token and the last there is one step less than there are tokens.
		let steps = statement.tokens.output.saturating_sub(1);
		if let Some(first) = self.first.get().filter(|_| steps > 0 && self.stream) {
			metrics::histogram!(
				"gen_ai_server_time_per_output_token_seconds",
				"gen_ai_request_model" => self.model.clone(),
				"gen_ai_operation_name" => self.task.operation(),
			)
			.record(Instant::now().duration_since(*first).as_secs_f64() / f64::from(steps));
		}
	}

	/// Counts a call by its outcome.
	fn count(&self, outcome: &'static str) {
		metrics::counter!(
			"openledger_calls_total", "model" => self.model.clone(), "outcome" => outcome,
		)
		.increment(1);
	}

	/// Measures how long a call took that has ended: well, or with an error.
	fn measure_duration(&self, error: Option<&'static str>) {
		let name = "gen_ai_server_request_duration_seconds";
		let (model, operation) = (self.model.clone(), self.task.operation());
		let seconds = self.began.elapsed().as_secs_f64();
		match error {
			None => metrics::histogram!(
				name, "gen_ai_request_model" => model, "gen_ai_operation_name" => operation,
			)
			.record(seconds),
			Some(error) => metrics::histogram!(
				name,
				"gen_ai_request_model" => model,
				"gen_ai_operation_name" => operation,
				"error_type" => error,
			)
			.record(seconds),
		}
	}
}

/// A reason why a call ends before its answer does.
#[derive(Debug)]
pub(super) enum Stop {
	/// The caller went away.
	Gone,
	/// The node is stopping.
	Shutdown,
	/// The call took too long.
	Deadline,
	/// The answer is as long as any can be that is hashed.
	TooLong,
	/// The model failed.
	Failed(BackendError),
}

impl Stop {
	/// The reason why nothing is charged.
	pub(super) fn uncharged(&self) -> Uncharged {
		match self {
			Self::Gone => Uncharged::CallerGone,
			Self::Shutdown => Uncharged::NodeStopped,
			Self::Deadline | Self::Failed(BackendError::Timeout { .. }) => Uncharged::TimedOut,
			Self::TooLong | Self::Failed(_) => Uncharged::BackendFailed,
		}
	}

	/// The error that the caller is answered with.
	pub(super) fn into_error(self) -> ApiError {
		match self {
			Self::Gone => ApiError::internal(),
			Self::Shutdown => {
				let message = "this node is stopping; nothing was charged";
				ApiError::new(RefusalCode::ShuttingDown, message)
			}
			Self::Deadline => {
				let message = "the call took too long; nothing was charged";
				ApiError::new(RefusalCode::Timeout, message)
			}
			Self::TooLong => HashError::from(AnswerError::TooLong).into(),
			Self::Failed(error) => error.into(),
		}
	}

	/// The error for a caller who was already told that all is well.
	pub(super) fn apology(&self) -> ApiError {
		match self {
			Self::Deadline => Self::Deadline.into_error(),
			Self::TooLong => Self::TooLong.into_error(),
			Self::Gone | Self::Shutdown | Self::Failed(_) => Self::Shutdown.into_error(),
		}
	}
}
