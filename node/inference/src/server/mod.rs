//! The HTTP side, and what holds the node together.
//!
//! | route | answers |
//! |---|---|
//! | `POST /v1/chat/completions` | a paid call, plain or streamed |
//! | `POST /v1/completions` | the same for a text that is continued |
//! | `POST /v1/embeddings` | the same for texts that become vectors |
//! | `GET /v1/models` | what is served, with price and versions |
//! | `GET /v1/statements/{session}/{lane}/{sequence}` | the signed statement of a call |
//! | `GET /v1/records/{session}/{lane}/{sequence}` | what went to the chain for a call, and the proof |
//! | `POST /v1/close/{session}` | the node's agreement to a session's end |
//! | `GET /v1/sessions/{session}/{lane}` | what the lane's next voucher has to name |
//! | `GET /v1/status` | what was served, settled, and is owed |
//! | `GET /health` | whether calls can be served now |
//! | `GET /metrics` | numbers for Prometheus |
//!
//! [`run`] starts all of it from a configuration; [`App`] and [`serve`] are for those who bring
//! their own parts.

mod again;
mod app;
mod background;
mod called;
mod chat;
mod close;
mod cors;
mod embeddings;
pub(crate) mod files;
mod frames;
mod intake;
mod keys;
mod lookup;
mod metering;
mod plain;
mod records;
mod refused;
mod reload;
mod room;
mod run;
mod start;
mod stream;
mod task;
mod telemetry;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use axum::{
	extract::{DefaultBodyLimit, Request, State},
	http::StatusCode,
	middleware::{self, Next},
	response::{IntoResponse, Response},
	routing::{get, post},
	Router,
};
use tower_http::timeout::RequestBodyTimeoutLayer;

pub(crate) use self::keys::may_run_a_node;
use self::task::Task;
pub use self::{
	app::{App, Catalogue, CatalogueEntry, Limits, Live, Settings},
	cors::Origins,
	keys::Keys,
	reload::Reload,
	room::{Place, Room},
	run::{run, run_until, serve, Grace},
	start::StartError,
};
use crate::openai::ApiError;

/// The largest body, in bytes, of requests that are no calls.
const SMALL_BODY: usize = 64 * 1024;
/// How long a body may stall on its way in, where nothing else is set.
const SMALL_BODY_TIMEOUT: Duration = Duration::from_secs(120);

/// All routes. Metrics are served elsewhere if `with_metrics` is false.
pub fn router(app: Arc<App>, with_metrics: bool) -> Router {
	let mut router = Router::new()
		.route(Task::Chat.path(), post(chat::completions))
		.route(Task::Text.path(), post(chat::texts))
		.route(Task::Embeddings.path(), post(embeddings::embeddings))
		.route("/v1/models", get(lookup::models))
		.route("/v1/statements/{session}/{lane}/{sequence}", get(lookup::statement))
		.route("/v1/statements/{id}", get(lookup::statement))
		.route("/v1/records/{session}/{lane}/{sequence}", get(records::record))
		.route("/v1/records/{id}", get(records::record))
		.route("/v1/close/{session}", post(close::close))
		.route("/v1/sessions/{session}/{lane}", get(lookup::lane))
		.route("/v1/status", get(lookup::status))
		.route("/health", get(lookup::health));
	if with_metrics {
		router = router.route("/metrics", get(telemetry::metrics));
	}
	router
		.fallback(|| async { unknown_route() })
		// One layer for what is done around every request: each costs every call something.
		.layer(middleware::from_fn_with_state(app.clone(), around))
		.layer(middleware::from_fn(openledger_http::note))
		// What does not read its body by itself is small.
		.layer(DefaultBodyLimit::max(SMALL_BODY))
		.layer(RequestBodyTimeoutLayer::new(SMALL_BODY_TIMEOUT))
		.with_state(app)
}

/// The metrics alone, for an address of their own.
pub fn metrics_router(app: Arc<App>) -> Router {
	Router::new().route("/metrics", get(telemetry::metrics)).with_state(app)
}

fn unknown_route() -> ApiError {
	let message = "there is nothing here";
	ApiError::new(StatusCode::NOT_FOUND, "invalid_request_error", "unknown_url", None, message)
}

/// What is done around every request.
async fn around(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
	let live = app.live();
	let most = live.limits.header_bytes;
	let answer = |request: Request| async move {
		if header_bytes(&request) > most {
			return ApiError::headers_too_large(most).into_response();
		}
		shape_errors(next.run(request).await)
	};
	cors::cors(&live.origins, request, answer).await
}

/// How large a request's headers are. Those that are larger than they may be are refused; the framework
/// has bounds of its own, above which it does not even read them.
fn header_bytes(request: &Request) -> usize {
	let sizes = request.headers().iter().map(|(name, value)| {
		// And what is between and after them.
		name.as_str().len().saturating_add(value.len()).saturating_add(4)
	});
	let path = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
	sizes.fold(path, usize::saturating_add)
}

/// What the framework refuses by itself, such as a path that does not parse, gets the same kind of
/// body as everything else.
fn shape_errors(response: Response) -> Response {
	let status = response.status();
	let is_json = response
		.headers()
		.get(axum::http::header::CONTENT_TYPE)
		.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
	if is_json || !status.is_client_error() {
		return response;
	}
	let message = status.canonical_reason().unwrap_or("bad request").to_lowercase();
	let code = message.replace(' ', "_");
	let mut shaped =
		ApiError::new(status, "invalid_request_error", &code, None, message).into_response();
	if let Some(allow) = response.headers().get(axum::http::header::ALLOW) {
		shaped.headers_mut().insert(axum::http::header::ALLOW, allow.clone());
	}
	shaped
}
