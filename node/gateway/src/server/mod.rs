//! The HTTP side.
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
//! A paid call passes through these modules, in this order:
//!
//! | module | does |
//! |---|---|
//! | `intake` | reads the body, and takes a permit to work on it |
//! | `completions`, `embeddings` | read the request, and have the model prepare it |
//! | `admission` | finds the model, and checks the voucher |
//! | `call` | takes the voucher; from here on the call has a life of its own |
//! | `plain`, or `stream` with `frames` | have the model answer, charge the call, and hand the answer out |
//! | `replay` | finds the answer again that did not reach its caller |

mod admission;
mod app;
mod call;
mod call_ref;
mod close;
mod completions;
mod embeddings;
mod frames;
mod intake;
mod lookup;
mod origins;
mod plain;
mod records;
mod refused;
mod replay;
mod stream;
pub mod telemetry;
#[cfg(test)]
mod tests;

use std::{io, sync::Arc, time::Duration};

use axum::{
	extract::{DefaultBodyLimit, Request, State},
	http::StatusCode,
	middleware::{self, Next},
	response::{IntoResponse, Response},
	routing::{get, post},
	Router,
};
use openledger_protocol::{api_error::INVALID_REQUEST, ApiError, ErrorBody, RefusalCode, Task};
use openledger_server_kit::{shape_errors, ConnectionLimits, Shutdown};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::timeout::RequestBodyTimeoutLayer;

pub use self::{
	app::{App, Limits, Live, Settings},
	origins::Origins,
};
pub use crate::payment::{OwnPrice, LONGEST as LONGEST_VOUCHER};

/// The largest body, in bytes, of requests that are no calls.
const SMALL_BODY: usize = 64 * 1024;
/// The time that a body may stall on its way in, where nothing else is set.
const SMALL_BODY_TIMEOUT: Duration = Duration::from_secs(120);

/// All routes. Metrics are served elsewhere if `with_metrics` is false.
pub fn router(app: Arc<App>, with_metrics: bool) -> Router {
	let mut router = Router::new()
		.route(Task::Chat.path(), post(completions::chats))
		.route(Task::Text.path(), post(completions::texts))
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
		.fallback(|| async { ApiError::new(RefusalCode::UnknownUrl, "there is nothing here") })
		// One layer for what is done around every request: each costs every call something.
		.layer(middleware::from_fn_with_state(app.clone(), around))
		// What does not read its body by itself is small.
		.layer(DefaultBodyLimit::max(SMALL_BODY))
		.layer(RequestBodyTimeoutLayer::new(SMALL_BODY_TIMEOUT))
		.with_state(app)
}

/// The metrics alone, for an address of their own.
pub fn metrics_router(app: Arc<App>) -> Router {
	Router::new().route("/metrics", get(telemetry::metrics)).with_state(app)
}

/// Does what is done around every request.
async fn around(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
	let live = app.live();
	let most = live.limits.header_bytes;
	let answer = |request: Request| async move {
		if header_bytes(&request) > most {
			let message = format!("the headers are larger than {most} bytes");
			return ApiError::new(RefusalCode::HeadersTooLarge, message).into_response();
		}
		shape_errors(next.run(request).await, shaped)
	};
	origins::answer_pages(&live.origins, request, answer).await
}

/// The size of a request's headers. Those that are larger than they may be are refused; the framework
/// has bounds of its own, above which it does not even read them.
fn header_bytes(request: &Request) -> usize {
	let sizes = request.headers().iter().map(|(name, value)| {
		// And what is between and after them.
		name.as_str().len().saturating_add(value.len()).saturating_add(4)
	});
	let path = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
	sizes.fold(path, usize::saturating_add)
}

/// An error of the framework, in the form of all others.
fn shaped(status: StatusCode, code: &str, message: String) -> ApiError {
	let body = ErrorBody::new(INVALID_REQUEST, code, None, message);
	ApiError { status, body, retry_after: None }
}

/// Serves HTTP until it is stopped, then waits for the calls that are being served. Those that are
/// not done after `grace` are cut, and charged for what was delivered.
///
/// # Errors
/// If accepting connections fails.
pub async fn serve(
	listener: TcpListener,
	app: Arc<App>,
	with_metrics: bool,
	limits: ConnectionLimits,
	stop: CancellationToken,
	grace: Duration,
) -> io::Result<()> {
	let (calls, cut) = (app.calls.clone(), app.cut.clone());
	let shutdown = Shutdown { stop, calls, cut, grace };
	openledger_server_kit::serve(listener, router(app, with_metrics), limits, shutdown).await
}
