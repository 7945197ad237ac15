//! `POST /v1/chat/completions` and `POST /v1/completions`: from the request to the voucher that is
//! taken, or refused.

use std::{
	future::Future,
	sync::{Arc, OnceLock},
	time::Duration,
};

use axum::{
	extract::{Request, State},
	http::StatusCode,
	response::{IntoResponse, Response},
};
use openledger_client::x402;
use openledger_primitives::info::ModelInfo;
use tokio::{sync::oneshot, time::Instant};
use tracing::{debug, info, warn};

use super::{
	again,
	app::{App, CatalogueEntry},
	intake::{self, Intake},
	metering, plain,
	refused::Refused,
	room::Place,
	stream,
	task::{self, Task},
};
use crate::{
	backend::{Backend, BackendError, ChatRequest, Generation, Party, Prepared},
	openai::{ApiError, ChatCompletionRequest, CompletionRequest},
	payment::{Checked, Offer, Presented, Refusal, Reserved},
	store::Uncharged,
};

/// Whoever waits for the answer; closed when the caller has gone.
pub(super) type Reply = oneshot::Sender<Result<Response, Refused>>;

/// What a caller wants of a model.
struct Wanted {
	model: String,
	stream: bool,
	include_usage: bool,
	request: ChatRequest,
}

impl Wanted {
	fn read(task: Task, body: &[u8]) -> Result<Self, ApiError> {
		Ok(match task {
			Task::Chat => {
				let read = ChatCompletionRequest::from_json(body)?;
				let ChatCompletionRequest { model, stream, include_usage, chat } = read;
				Self { model, stream, include_usage, request: chat }
			}
			Task::Text | Task::Embeddings => {
				let read = CompletionRequest::from_json(body)?;
				let CompletionRequest { model, stream, include_usage, text } = read;
				Self { model, stream, include_usage, request: text }
			}
		})
	}
}

/// Answers a chat, if it is paid for.
pub(super) async fn completions(State(app): State<Arc<App>>, request: Request) -> Response {
	or_refusal(handle(app, Task::Chat, request).await)
}

/// Continues a text, if it is paid for.
pub(super) async fn texts(State(app): State<Arc<App>>, request: Request) -> Response {
	or_refusal(handle(app, Task::Text, request).await)
}

/// The answer, or why there is none.
pub(super) fn or_refusal(answer: Result<Response, Refused>) -> Response {
	match answer {
		Ok(response) => response,
		Err(refused) => {
			metrics::counter!("openledger_refused_total", "code" => refused.code().to_owned())
				.increment(1);
			debug!(code = refused.code(), "request refused");
			refused.into_response()
		}
	}
}

async fn handle(app: Arc<App>, task: Task, request: Request) -> Result<Response, Refused> {
	let (intake, place) = intake::take(&app, request).await?;
	let answered = answer(&app, task, &intake, place).await;
	again::or_kept(&app, &intake, answered).await
}

async fn answer(
	app: &Arc<App>,
	task: Task,
	intake: &Intake,
	place: Place,
) -> Result<Response, Refused> {
	let wanted = Wanted::read(task, &intake.body)?;
	let (entry, info) = find_model(app, &wanted.model)?;
	let prepared = entry.backend.prepare(wanted.request).await;
	let prepared = prepared.map_err(|error| task::shape(task, error.into()))?;
	let offer = Offer::new(&info, &prepared).ok_or_else(ApiError::internal)?;
	let checked = payment(app, intake, offer, task, entry.timeout).await?;
	let call = Call {
		stream: wanted.stream,
		include_usage: wanted.include_usage,
		..Call::new(app, task, wanted.model, &entry, place)
	};
	detached(app, |reply| call.run(checked, prepared, reply)).await
}

/// The payment for a request, if it came with one that is good.
pub(super) async fn payment(
	app: &App,
	intake: &Intake,
	offer: Offer,
	task: Task,
	timeout: Duration,
) -> Result<Checked, Refused> {
	let Some(header) = intake.headers.get(x402::PAYMENT_SIGNATURE) else {
		let payment = app.payment_required(&offer, task.path(), timeout, "payment_required")?;
		return Err(Refused::unpaid(payment));
	};
	let refused = |refusal: Refusal| refuse(app, &offer, task, timeout, &refusal);
	let header =
		header.to_str().map_err(|_| refused(Refusal::Malformed("it is not plain ASCII".into())))?;
	let presented = Presented::decode(header, &intake.body).map_err(refused)?;
	let longest = app.live().limits.voucher_blocks;
	presented.check(offer.clone(), app.source.as_ref(), longest).await.map_err(refused)
}

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

/// A model that is served, registered, neither paused nor retired, and still the one that was loaded.
pub(super) fn find_model(app: &App, name: &str) -> Result<(CatalogueEntry, ModelInfo), Refused> {
	let entry =
		app.live().models.get(name).cloned().ok_or_else(|| ApiError::unknown_model(name))?;
	let info = app.source.model(entry.id)?.ok_or_else(|| ApiError::unknown_model(name))?;
	let ended = match (info.retired_at, info.paused) {
		(Some(_), _) => Some(("model_retired", "retired")),
		(None, true) => Some(("model_paused", "paused")),
		(None, false) => None,
	};
	if let Some((code, how)) = ended {
		let message = format!("the owner of `{name}` has {how} it");
		let kind = "invalid_request_error";
		let error = ApiError::new(StatusCode::FORBIDDEN, kind, code, Some("model"), message);
		return Err(error.into());
	}
	if entry.backend.facts().weights_hash.is_some_and(|loaded| loaded != info.weights_hash) {
		tracing::error!(model = %name, version = info.version, "the chain has other weights now");
		let message = "this node has to load the model's new version first";
		return Err(ApiError::unavailable("model_outdated", message).into());
	}
	Ok((entry, info))
}

fn refuse(app: &App, offer: &Offer, task: Task, timeout: Duration, refusal: &Refusal) -> Refused {
	if let Refusal::Store(error) = refusal {
		tracing::error!(%error, "a voucher could not be written down");
	}
	// Without a view of the chain there is nothing to offer either.
	let payment = app.payment_required(offer, task.path(), timeout, refusal.code()).ok();
	Refused::payment(refusal, payment)
}

/// A call on its way from a checked voucher to its end.
pub(super) struct Call {
	pub(super) app: Arc<App>,
	pub(super) backend: Arc<dyn Backend>,
	pub(super) task: Task,
	timeout: Duration,
	/// The model's name, as the caller wrote it.
	pub(super) model: String,
	stream: bool,
	pub(super) include_usage: bool,
	pub(super) deadline: Instant,
	pub(super) began: Instant,
	/// When the first piece of the answer came.
	first: OnceLock<Instant>,
	/// Held to the call's end.
	_place: Place,
}

impl Call {
	/// A call that begins now.
	pub(super) fn new(
		app: &Arc<App>,
		task: Task,
		model: String,
		entry: &CatalogueEntry,
		place: Place,
	) -> Self {
		let began = Instant::now();
		Self {
			app: app.clone(),
			backend: entry.backend.clone(),
			task,
			timeout: entry.timeout,
			model,
			stream: false,
			include_usage: false,
			deadline: began + entry.timeout,
			began,
			first: OnceLock::new(),
			_place: place,
		}
	}

	/// Takes the voucher, or says why not to whoever waits.
	pub(super) async fn reserve(
		&self,
		checked: Checked,
		reply: Reply,
	) -> Option<(Reserved, Reply)> {
		let offer = checked.offer().clone();
		let exposure = self.app.live().limits.exposure;
		match checked.reserve(&self.app.store, exposure).await {
			Ok(reserved) => Some((reserved, reply)),
			Err(refusal) => {
				let refused = refuse(&self.app, &offer, self.task, self.timeout, &refusal);
				let _ = reply.send(Err(refused));
				None
			}
		}
	}

	async fn run(self, checked: Checked, prepared: Prepared, reply: Reply) {
		let Some((reserved, mut reply)) = self.reserve(checked, reply).await else { return };
		let id = reserved.id();
		let input = reserved.offer().input_tokens;
		debug!(call = %id, model = %self.model, input, "call accepted");
		let prepared = prepared.on_behalf_of(Party::Session(id.session));
		match self.start(prepared, &mut reply).await {
			Ok(generation) if self.stream => {
				stream::answer(self, reserved, generation, reply).await;
			}
			Ok(generation) => plain::answer(self, reserved, generation, reply).await,
			Err(stop) => self.give_up(reserved, stop, Some(reply)).await,
		}
	}

	async fn start(&self, prepared: Prepared, reply: &mut Reply) -> Result<Generation, Stop> {
		tokio::select! {
			biased;
			() = reply.closed() => Err(Stop::Gone),
			stop = self.interrupted() => Err(stop),
			generation = self.backend.generate(prepared) => generation.map_err(Stop::Failed),
		}
	}

	/// Completes when the call must end, whether it is done or not.
	pub(super) async fn interrupted(&self) -> Stop {
		tokio::select! {
			() = self.app.cut.cancelled() => Stop::Shutdown,
			() = tokio::time::sleep_until(self.deadline) => Stop::Deadline,
		}
	}

	/// Ends a call of which nothing is charged, and says so to whoever still waits.
	///
	/// Whoever is answered with a status from 400 to 499 may use the same voucher again, now as
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
		let error = task::shape(self.task, stop.into_error());
		let refused = reply.is_some() && error.status.is_client_error();
		let outcome = if refused { "refused" } else { why.code() };
		self.count(outcome);
		metering::ended(self, Some(outcome));
		let ended = match refused {
			true => reserved.withdraw().await,
			false => reserved.release(why).await,
		};
		if let Err(error) = ended {
			tracing::error!(call = %id, %error, "a call could not be closed");
		}
		if let Some(reply) = reply {
			let _ = reply.send(Err(error.into()));
		}
	}

	/// Counts a call by what became of it.
	pub(super) fn count(&self, outcome: &'static str) {
		metrics::counter!(
			"openledger_calls_total", "model" => self.model.clone(), "outcome" => outcome,
		)
		.increment(1);
	}

	/// Notes that the first piece of the answer is here.
	pub(super) fn note_first_token(&self) {
		if self.first.set(Instant::now()).is_ok() {
			metering::first_token(self);
		}
	}

	/// Whether the answer goes out piece by piece.
	pub(super) fn is_streamed(&self) -> bool {
		self.stream
	}

	/// When the first piece of the answer came.
	pub(super) fn first_token(&self) -> Option<Instant> {
		self.first.get().copied()
	}
}

/// Why a call ends before its answer does.
#[derive(Debug)]
pub(super) enum Stop {
	/// The caller went away.
	Gone,
	/// The node is stopping.
	Shutdown,
	/// The call took too long.
	Deadline,
	/// The model failed.
	Failed(BackendError),
}

impl Stop {
	pub(super) fn uncharged(&self) -> Uncharged {
		match self {
			Self::Gone => Uncharged::CallerGone,
			Self::Shutdown => Uncharged::NodeStopped,
			Self::Deadline | Self::Failed(BackendError::Timeout { .. }) => Uncharged::TimedOut,
			Self::Failed(_) => Uncharged::BackendFailed,
		}
	}

	pub(super) fn into_error(self) -> ApiError {
		match self {
			Self::Gone => ApiError::internal(),
			Self::Shutdown => {
				ApiError::unavailable("shutting_down", "this node is stopping; nothing was charged")
			}
			Self::Deadline => {
				let message = "the call took too long; nothing was charged";
				let status = StatusCode::GATEWAY_TIMEOUT;
				ApiError::new(status, "server_error", "timeout", None, message)
			}
			Self::Failed(error) => error.into(),
		}
	}
}
