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
	extract::{Request, State},
	http::Method,
	middleware::{self, Next},
	response::{IntoResponse, Response},
	routing::{get, post, MethodRouter},
	Router,
};
use openledger_payer::Payer;
use openledger_protocol::{ApiError, RefusalCode, Task};
use openledger_server_kit::{cors, intake::BodyMemory, shape_errors};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Limits of the HTTP side.
#[derive(Clone, Debug)]
pub struct Limits {
	/// The largest request, in bytes.
	pub body_bytes: usize,
	/// The time that a request may stall on its way in.
	pub body_timeout: Duration,
	/// Calls that are made at the same time.
	pub concurrent: usize,
	/// Calls that wait for their turn.
	pub queue: usize,
	/// The time that one waits.
	pub queue_wait: Duration,
	/// Connections beside those of calls.
	pub spare_connections: usize,
	/// The time that a request's headers may take.
	pub header_timeout: Duration,
	/// The time that a connection may be idle. Longer than a node may be silent in the middle of an answer.
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

/// The state that the HTTP handlers share.
struct App {
	payer: Payer,
	guard: Guard,
	limits: Limits,
	/// Requests that are not worked on yet.
	memory: BodyMemory,
	/// Calls that are made at the same time.
	slots: Arc<Semaphore>,
	/// Those, and the ones that wait.
	room: Arc<Semaphore>,
	/// Calls that are being made.
	calls: TaskTracker,
	/// No more calls are taken.
	stop: CancellationToken,
}

/// All routes.
fn router(app: Arc<App>) -> Router {
	Router::new()
		.route(Task::Chat.path(), call(Task::Chat))
		.route(Task::Text.path(), call(Task::Text))
		.route(Task::Embeddings.path(), call(Task::Embeddings))
		.route("/v1/models", get(lookup::models))
		// Names of models have slashes.
		.route("/v1/models/{*name}", get(lookup::one_model))
		.route("/spend", get(lookup::spend))
		.route("/health", get(lookup::health))
		.route("/metrics", get(telemetry::metrics))
		.fallback(|| async {
			let message = "there is nothing here: see /v1/chat/completions, /v1/completions, \
			               /v1/embeddings, /v1/models, /spend, /health and /metrics";
			ApiError::new(RefusalCode::UnknownUrl, message)
		})
		.layer(middleware::from_fn(shape))
		.layer(middleware::from_fn_with_state(app.clone(), admit))
		.with_state(app)
}

/// The handler of calls of a kind.
fn call(task: Task) -> MethodRouter<Arc<App>> {
	post(move |State(app): State<Arc<App>>, request: Request| calls::answer(app, task, request))
}

/// Lets in who may use the proxy. Pages from allowed origins are told so.
async fn admit(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
	// Whoever watches over the proxy needs no key.
	let open = request.method() == Method::OPTIONS || request.uri().path() == "/health";
	let admitted = match open {
		true => app.guard.origin(request.headers()),
		false => app.guard.admit(request.headers()),
	};
	match admitted {
		Ok(origin) => cors::answer_pages(origin, &[], request, |request| next.run(request)).await,
		Err(error) => error.into_response(),
	}
}

/// Gives what the framework refuses by itself the same kind of body as everything else.
async fn shape(request: Request, next: Next) -> Response {
	let response = next.run(request).await;
	shape_errors(response, guard::invalid)
}
