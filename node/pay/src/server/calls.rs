//! From an app's request to the call that is made for it.

use std::{sync::Arc, time::Duration};

use axum::{
	body::Bytes,
	extract::{Request as HttpRequest, State},
	http::StatusCode,
	response::Response,
};
use openledger_payer::{
	call::{ReplyChannel, Request},
	error::ApiError,
};
use openledger_protocol::Task;
use openledger_server_kit::intake::{read_body, BodyError, BodyLimits};
use serde_json::Value;
use tokio::time::timeout;

use super::App;

/// When it is worth trying again where too much is asked at once.
const COME_BACK: Duration = Duration::from_secs(1);

/// `POST /v1/chat/completions`.
pub(super) async fn chats(
	State(app): State<Arc<App>>,
	request: HttpRequest,
) -> Result<Response, ApiError> {
	answer(&app, Task::Chat, request).await
}

/// `POST /v1/completions`.
pub(super) async fn texts(
	State(app): State<Arc<App>>,
	request: HttpRequest,
) -> Result<Response, ApiError> {
	answer(&app, Task::Text, request).await
}

/// `POST /v1/embeddings`.
pub(super) async fn embeddings(
	State(app): State<Arc<App>>,
	request: HttpRequest,
) -> Result<Response, ApiError> {
	answer(&app, Task::Embeddings, request).await
}

async fn answer(app: &App, task: Task, request: HttpRequest) -> Result<Response, ApiError> {
	let limits = BodyLimits { bytes: app.limits.body_bytes, stall: app.limits.body_timeout };
	let (parts, body) = request.into_parts();
	let body = read_body(&parts.headers, body, limits, &app.memory).await;
	let request = read(task, body.map_err(|error| not_taken(app, error))?)?;
	if app.stop.is_cancelled() {
		return Err(ApiError::unavailable("shutting_down", "this proxy is stopping"));
	}
	let full = |message: &str| {
		metrics::counter!("openledger_pay_queue_full_total").increment(1);
		ApiError::overloaded(COME_BACK, message)
	};
	let Ok(room) = app.room.clone().try_acquire_owned() else {
		return Err(full("as many calls are waiting as this proxy takes"));
	};
	let waiting = timeout(app.limits.queue_wait, app.slots.clone().acquire_owned()).await;
	let Ok(Ok(slot)) = waiting else {
		return Err(full("the calls before this one took too long"));
	};
	let (reply, answer) = ReplyChannel::new();
	let router = app.payer.router.clone();
	app.calls.spawn(async move {
		router.serve(request, reply).await;
		drop((slot, room));
	});
	answer.await.unwrap_or_else(|_| {
		let message = "this proxy failed to answer";
		let status = StatusCode::INTERNAL_SERVER_ERROR;
		Err(ApiError::new(status, "server_error", "internal_error", message))
	})
}

/// Why a body is not taken.
fn not_taken(app: &App, error: BodyError) -> ApiError {
	let (status, code) = match error {
		BodyError::TooLarge => return ApiError::too_large(app.limits.body_bytes),
		BodyError::NoMemory => return ApiError::overloaded(COME_BACK, error.to_string()),
		BodyError::TooSlow => (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
		BodyError::Unreadable => (StatusCode::BAD_REQUEST, "unreadable_body"),
	};
	ApiError::invalid(status, None, code, error.to_string())
}

/// Reads what the proxy has to know of a request. Everything else is the node's to judge.
fn read(task: Task, body: Bytes) -> Result<Request, ApiError> {
	let wrong = |param, code: &str, message: String| {
		ApiError::invalid(StatusCode::BAD_REQUEST, param, code, message)
	};
	let value: Value = serde_json::from_slice(&body).map_err(|error| {
		wrong(None, "malformed_json", format!("the body is not valid JSON: {error}"))
	})?;
	let Value::Object(fields) = value else {
		return Err(wrong(None, "invalid_type", "the body must be an object".into()));
	};
	let model = match fields.get("model") {
		Some(Value::String(model)) if !model.is_empty() => model.clone(),
		None | Some(Value::Null) | Some(Value::String(_)) => {
			let code = "missing_required_parameter";
			return Err(wrong(Some("model"), code, "`model` is required".into()));
		}
		Some(_) => {
			return Err(wrong(Some("model"), "invalid_type", "`model` must be a string".into()))
		}
	};
	let (max_tokens, inputs) = (task.max_tokens(&fields), task.inputs(&fields));
	let stream = task != Task::Embeddings && fields.get("stream") == Some(&Value::Bool(true));
	let chat = task.chat(&fields);
	Ok(Request { task, body, model, max_tokens, inputs, chat, stream, node: None })
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn what_matters_is_read() {
		let body = r#"{"model":"acme/llama","messages":[],"max_tokens":7,"unknown":{"x":1}}"#;
		let request = read(Task::Chat, Bytes::from_static(body.as_bytes())).unwrap();
		assert_eq!((request.model.as_str(), request.max_tokens), ("acme/llama", Some(7)));
		assert_eq!(request.body, body);
		let newer = r#"{"model":"m","max_tokens":7,"max_completion_tokens":9999999999}"#;
		assert_eq!(read(Task::Chat, newer.into()).unwrap().max_tokens, Some(u32::MAX));
		let vectors = read(Task::Embeddings, r#"{"model":"m","input":"a"}"#.into()).unwrap();
		assert_eq!((vectors.max_tokens, vectors.inputs), (Some(0), Some(vec!["a".to_owned()])));
	}

	#[test]
	fn what_cannot_be_meant_is_refused() {
		for (body, code, param) in [
			("", "malformed_json", None),
			("[]", "invalid_type", None),
			("{}", "missing_required_parameter", Some("model")),
			(r#"{"model":null}"#, "missing_required_parameter", Some("model")),
			(r#"{"model":""}"#, "missing_required_parameter", Some("model")),
			(r#"{"model":7}"#, "invalid_type", Some("model")),
		] {
			let error = read(Task::Chat, Bytes::from_static(body.as_bytes())).unwrap_err();
			assert_eq!((error.code.as_str(), error.param.as_deref()), (code, param), "{body}");
			assert_eq!(error.status, StatusCode::BAD_REQUEST);
		}
	}
}
