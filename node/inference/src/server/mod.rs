//! The HTTP side, and what holds the node together.
//!
//! | route | answers |
//! |---|---|
//! | `POST /v1/chat/completions` | a paid call, plain or streamed |
//! | `GET /v1/models` | what is served, with price and versions |
//! | `GET /v1/statements/{session}/{lane}/{sequence}` | the signed statement of a call |
//! | `GET /v1/sessions/{session}/{lane}` | what the lane's next voucher has to name |
//! | `GET /v1/status` | what was served, settled, and is owed |
//! | `GET /health` | whether calls can be served now |
//! | `GET /metrics` | numbers for Prometheus |
//!
//! [`run`] starts all of it from a configuration; [`App`] and [`serve`] are for those who bring
//! their own parts.

mod app;
mod chat;
mod frames;
mod lookup;
mod metering;
mod plain;
mod refused;
mod run;
mod start;
mod stream;
mod telemetry;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{
	extract::{DefaultBodyLimit, Request},
	http::StatusCode,
	middleware::{self, Next},
	response::{IntoResponse, Response},
	routing::{get, post},
	Router,
};
use tower_http::timeout::RequestBodyTimeoutLayer;

pub use self::{
	app::{App, Catalogue, CatalogueEntry, Limits},
	run::{run, run_until, serve, Grace},
	start::StartError,
};
use crate::openai::ApiError;

/// All routes. Metrics are served elsewhere if `with_metrics` is false.
pub fn router(app: Arc<App>, with_metrics: bool) -> Router {
	let mut router = Router::new()
		.route(app::CHAT_PATH, post(chat::completions))
		.route("/v1/models", get(lookup::models))
		.route("/v1/statements/{session}/{lane}/{sequence}", get(lookup::statement))
		.route("/v1/sessions/{session}/{lane}", get(lookup::lane))
		.route("/v1/status", get(lookup::status))
		.route("/health", get(lookup::health));
	if with_metrics {
		router = router.route("/metrics", get(telemetry::metrics));
	}
	router
		.fallback(|| async { unknown_route() })
		.layer(middleware::from_fn(shape_errors))
		.layer(DefaultBodyLimit::max(app.limits.body_bytes))
		.layer(RequestBodyTimeoutLayer::new(app.limits.body_timeout))
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

/// What the framework refuses by itself, such as a path that does not parse, gets the same kind of
/// body as everything else.
async fn shape_errors(request: Request, next: Next) -> Response {
	let response = next.run(request).await;
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
