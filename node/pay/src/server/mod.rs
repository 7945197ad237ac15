//! The HTTP side.
//!
//! | route | answers |
//! |---|---|
//! | `POST /v1/chat/completions` | a chat, plain or streamed, as OpenAI's API has it |
//! | `POST /v1/completions` | a text that is continued, plain or streamed |
//! | `POST /v1/embeddings` | texts as vectors |
//! | `GET /v1/models`, `GET /v1/models/{name}` | the models that some node serves |
//! | `GET /spend` | where the money is |
//! | `GET /health` | whether calls can be made now |
//! | `GET /metrics` | numbers for Prometheus |

mod calls;
mod guard;
mod lookup;
mod run;
mod telemetry;

pub use self::{
	guard::Guard,
	run::{Proxy, Settings, StartError},
};

use std::{sync::Arc, time::Duration};

use axum::{
	extract::{DefaultBodyLimit, Request, State},
	http::{
		header::{
			ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
			ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ALLOW, CONTENT_TYPE, VARY,
		},
		HeaderValue, Method, StatusCode,
	},
	middleware::{self, Next},
	response::{IntoResponse, Response},
	routing::{get, post},
	Router,
};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::{
	call::{Engine, Task},
	error::ApiError,
	report::Report,
};

/// Limits of the HTTP side.
#[derive(Clone, Debug)]
pub struct Limits {
	/// The largest request, in bytes.
	pub body_bytes: usize,
	/// How long a request may stall on its way in.
	pub body_timeout: Duration,
	/// Calls that are made at the same time.
	pub concurrent: usize,
	/// Calls that wait for their turn.
	pub queue: usize,
	/// How long one waits.
	pub queue_wait: Duration,
	/// Connections beside those of calls.
	pub spare_connections: usize,
	/// How long a request's headers may take.
	pub header_timeout: Duration,
	/// How long a connection may be idle. Longer than a node may be silent in the middle of an answer.
	pub idle: Duration,
}

impl Default for Limits {
	fn default() -> Self {
		Self {
			body_bytes: 8 * 1024 * 1024,
			body_timeout: Duration::from_secs(30),
			concurrent: 64,
			queue: 256,
			queue_wait: Duration::from_secs(60),
			spare_connections: 192,
			header_timeout: Duration::from_secs(20),
			idle: Duration::from_secs(360),
		}
	}
}

/// What the HTTP handlers share.
pub(crate) struct App {
	engine: Arc<Engine>,
	guard: Guard,
	limits: Limits,
	/// Calls that are made at the same time.
	slots: Arc<Semaphore>,
	/// Those, and the ones that wait.
	room: Arc<Semaphore>,
	/// Calls that are being made.
	calls: TaskTracker,
	/// No more calls are taken.
	stop: CancellationToken,
}

impl App {
	pub(crate) fn report(&self) -> Report {
		let engine = &self.engine;
		let lists = engine.market.lists();
		let name = |id| {
			let listed = lists.models.values().find(|listing| listing.model.id == id);
			listed.map_or_else(|| format!("#{id}"), |listing| listing.model.name.clone())
		};
		let proofs = engine.clerk.proofs().count();
		let (budget, network) = (*engine.treasury.budget(), engine.network.name());
		engine.treasury.look(|ledger| Report::new(ledger, budget, network, proofs, name))
	}
}

/// All routes.
fn router(app: Arc<App>) -> Router {
	let (limit, timeout) = (app.limits.body_bytes, app.limits.body_timeout);
	Router::new()
		.route(Task::Chat.path(), post(calls::chats))
		.route(Task::Text.path(), post(calls::texts))
		.route(Task::Embeddings.path(), post(calls::embeddings))
		.route("/v1/models", get(lookup::models))
		// Names of models have slashes.
		.route("/v1/models/{*name}", get(lookup::one_model))
		.route("/spend", get(lookup::spend))
		.route("/health", get(lookup::health))
		.route("/metrics", get(telemetry::metrics))
		.fallback(|| async {
			let message = "there is nothing here: see /v1/chat/completions, /v1/completions, \
			               /v1/embeddings, /v1/models, /spend, /health and /metrics";
			ApiError::invalid(StatusCode::NOT_FOUND, None, "unknown_url", message)
		})
		.layer(middleware::from_fn(shape_errors))
		.layer(DefaultBodyLimit::max(limit))
		.layer(RequestBodyTimeoutLayer::new(timeout))
		.layer(middleware::from_fn_with_state(app.clone(), admit))
		.layer(middleware::from_fn(openledger_http::note))
		.with_state(app)
}

/// Lets in who may use the proxy. Pages from allowed origins are told so.
async fn admit(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
	// Whoever watches over the proxy needs no key.
	let open = request.method() == Method::OPTIONS || request.uri().path() == "/health";
	let admitted = match open {
		true => app.guard.origin(request.headers()),
		false => app.guard.admit(request.headers()),
	};
	let origin = match admitted {
		Ok(origin) => origin,
		Err(error) => return error.into_response(),
	};
	let Some(origin) = origin else { return next.run(request).await };
	let mut response = match request.method() {
		&Method::OPTIONS => preflight(),
		_ => next.run(request).await,
	};
	let headers = response.headers_mut();
	headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
	headers.append(VARY, HeaderValue::from_static("origin"));
	response
}

fn preflight() -> Response {
	let headers = [
		(ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
		// The official clients send a dozen of their own.
		(ACCESS_CONTROL_ALLOW_HEADERS, "*, authorization"),
		(ACCESS_CONTROL_MAX_AGE, "600"),
	];
	(StatusCode::NO_CONTENT, headers).into_response()
}

/// What the framework refuses by itself gets the same kind of body as everything else.
async fn shape_errors(request: Request, next: Next) -> Response {
	let response = next.run(request).await;
	let status = response.status();
	let kind = response.headers().get(CONTENT_TYPE);
	let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
	if is_json || !status.is_client_error() {
		return response;
	}
	let message = status.canonical_reason().unwrap_or("bad request").to_lowercase();
	let code = message.replace(' ', "_");
	let mut shaped = ApiError::invalid(status, None, &code, message).into_response();
	if let Some(allow) = response.headers().get(ALLOW) {
		shaped.headers_mut().insert(ALLOW, allow.clone());
	}
	shaped
}
