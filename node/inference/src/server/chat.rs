//! `POST /v1/chat/completions`: from the request to the voucher that is taken, or refused.

use std::{sync::Arc, time::Duration};

use axum::{
	body::Bytes,
	extract::{rejection::BytesRejection, State},
	http::{HeaderMap, StatusCode},
	response::{IntoResponse, Response},
};
use openledger_client::x402;
use openledger_primitives::info::ModelInfo;
use tokio::{
	sync::{oneshot, OwnedSemaphorePermit},
	time::Instant,
};
use tracing::{debug, info, warn};

use super::{
	app::{App, CatalogueEntry},
	plain,
	refused::Refused,
	stream,
};
use crate::{
	backend::{Backend, BackendError, Generation, Prepared},
	openai::{ApiError, ChatCompletionRequest},
	payment::{Checked, Offer, Presented, Refusal, Reserved},
	store::Uncharged,
};

/// Whoever waits for the answer; closed when the caller has gone.
pub(super) type Reply = oneshot::Sender<Result<Response, Refused>>;

/// Answers a chat, if it is paid for.
pub(super) async fn completions(
	State(app): State<Arc<App>>,
	headers: HeaderMap,
	body: Result<Bytes, BytesRejection>,
) -> Response {
	match handle(app, headers, body).await {
		Ok(response) => response,
		Err(refused) => {
			metrics::counter!("openledger_refused_total", "code" => refused.code().to_owned())
				.increment(1);
			debug!(code = refused.code(), "request refused");
			refused.into_response()
		}
	}
}

async fn handle(
	app: Arc<App>,
	headers: HeaderMap,
	body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refused> {
	let Ok(room) = app.room.clone().try_acquire_owned() else {
		let message = "this node is working on as many requests as it takes";
		return Err(ApiError::overloaded(Duration::from_secs(1), message).into());
	};
	let body = body.map_err(|rejection| unreadable(&app, &rejection))?;
	let request = ChatCompletionRequest::from_json(&body)?;
	let (entry, info) = find_model(&app, &request.model)?;
	let prepared = entry.backend.prepare(request.chat).await.map_err(ApiError::from)?;
	let offer = Offer::new(&info, &prepared).ok_or_else(ApiError::internal)?;

	let Some(header) = headers.get(x402::PAYMENT_SIGNATURE) else {
		let payment = app.payment_required(&offer, entry.timeout, "payment_required")?;
		return Err(Refused::unpaid(payment));
	};
	let refused = |refusal: Refusal| refuse(&app, &offer, entry.timeout, &refusal);
	let header =
		header.to_str().map_err(|_| refused(Refusal::Malformed("it is not plain ASCII".into())))?;
	let presented = Presented::decode(header, &body).map_err(refused)?;
	let checked = presented.check(offer.clone(), app.source.as_ref()).await.map_err(refused)?;

	// From here on the call has a life of its own: when the caller goes away, this function is
	// dropped, and the call must still be brought to an orderly end.
	let call = Call {
		app: app.clone(),
		backend: entry.backend.clone(),
		timeout: entry.timeout,
		model: request.model,
		stream: request.stream,
		include_usage: request.include_usage,
		deadline: Instant::now() + entry.timeout,
		began: Instant::now(),
		_room: room,
	};
	let (reply, answer) = oneshot::channel();
	app.calls.spawn(call.run(checked, prepared, reply));
	answer.await.unwrap_or_else(|_| Err(ApiError::internal().into()))
}

fn unreadable(app: &App, rejection: &BytesRejection) -> Refused {
	if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
		return ApiError::body_too_large(app.limits.body_bytes).into();
	}
	let status = StatusCode::BAD_REQUEST;
	let message = "the body could not be read";
	ApiError::new(status, "invalid_request_error", "unreadable_body", None, message).into()
}

/// A model that is served, registered, not paused, and still the one that was loaded.
fn find_model(app: &App, name: &str) -> Result<(CatalogueEntry, ModelInfo), Refused> {
	let entry = app.models.get(name).ok_or_else(|| ApiError::unknown_model(name))?;
	let info = app.source.model(entry.id)?.ok_or_else(|| ApiError::unknown_model(name))?;
	if info.paused {
		let message = format!("the owner of `{name}` has paused it");
		let kind = "invalid_request_error";
		let error =
			ApiError::new(StatusCode::FORBIDDEN, kind, "model_paused", Some("model"), message);
		return Err(error.into());
	}
	if entry.backend.facts().weights_hash.is_some_and(|loaded| loaded != info.weights_hash) {
		tracing::error!(model = %name, version = info.version, "the chain has other weights now");
		let message = "this node has to load the model's new version first";
		return Err(ApiError::unavailable("model_outdated", message).into());
	}
	Ok((entry.clone(), info))
}

fn refuse(app: &App, offer: &Offer, timeout: Duration, refusal: &Refusal) -> Refused {
	if let Refusal::Store(error) = refusal {
		tracing::error!(%error, "a voucher could not be written down");
	}
	// Without a view of the chain there is nothing to offer either.
	let payment = app.payment_required(offer, timeout, refusal.code()).ok();
	Refused::payment(refusal, payment)
}

/// A call on its way from a checked voucher to its end.
pub(super) struct Call {
	pub(super) app: Arc<App>,
	pub(super) backend: Arc<dyn Backend>,
	timeout: Duration,
	/// The model's name, as the caller wrote it.
	pub(super) model: String,
	stream: bool,
	pub(super) include_usage: bool,
	pub(super) deadline: Instant,
	pub(super) began: Instant,
	/// Held to the call's end.
	_room: OwnedSemaphorePermit,
}

impl Call {
	async fn run(self, checked: Checked, prepared: Prepared, mut reply: Reply) {
		let offer = checked.offer().clone();
		let reserved = match checked.reserve(&self.app.store).await {
			Ok(reserved) => reserved,
			Err(refusal) => {
				let _ = reply.send(Err(refuse(&self.app, &offer, self.timeout, &refusal)));
				return;
			}
		};
		let id = reserved.id();
		info!(call = %id, model = %self.model, input = offer.input_tokens, "call accepted");
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
			Stop::Failed(error) => warn!(call = %id, %error, "call failed"),
			_ => info!(call = %id, why = why.code(), "call ended without a charge"),
		}
		let error = stop.into_error();
		let refused = reply.is_some() && error.status.is_client_error();
		self.count(if refused { "refused" } else { why.code() });
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

	/// Notes how long the first piece of the answer took.
	pub(super) fn note_first_token(&self) {
		metrics::histogram!(
			"gen_ai_server_time_to_first_token_seconds", "gen_ai_request_model" => self.model.clone(),
		)
		.record(self.began.elapsed().as_secs_f64());
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
