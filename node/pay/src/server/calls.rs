//! From an app's request to the call that is made for it.

use std::{sync::Arc, time::Duration};

use axum::{body::Bytes, extract::Request as HttpRequest, response::Response};
use openledger_payer::call::{ReplyChannel, Request};
use openledger_protocol::{ApiError, RefusalCode, Task};
use openledger_server_kit::intake::{read_body, BodyError, BodyLimits};
use serde_json::Value;
use tokio::time::timeout;

use super::App;

/// The time after which it is worth trying again where too much is asked at once.
const COME_BACK: Duration = Duration::from_secs(1);

/// Makes a call of a kind, and answers with what comes of it.
pub(super) async fn answer(
	app: Arc<App>,
	task: Task,
	request: HttpRequest,
) -> Result<Response, ApiError> {
	let limits = BodyLimits { bytes: app.limits.body_bytes, stall: app.limits.body_timeout };
	let (parts, body) = request.into_parts();
	let body = read_body(&parts.headers, body, limits, &app.memory).await;
	let request = read(task, body.map_err(|error| not_taken(&app, error))?)?;
	if app.stop.is_cancelled() {
		return Err(ApiError::new(RefusalCode::ShuttingDown, "this proxy is stopping"));
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
		Err(ApiError::new(RefusalCode::InternalError, "this proxy failed to answer"))
	})
}

/// The error for a body that is not taken.
fn not_taken(app: &App, error: BodyError) -> ApiError {
	let code = match error {
		BodyError::TooLarge => {
			let message = format!("the body is larger than {} bytes", app.limits.body_bytes);
			return ApiError::new(RefusalCode::RequestTooLarge, message);
		}
		BodyError::NoMemory => return ApiError::overloaded(COME_BACK, error.to_string()),
		BodyError::TooSlow => RefusalCode::RequestTimeout,
		BodyError::Unreadable => RefusalCode::UnreadableBody,
	};
	ApiError::new(code, error.to_string())
}

/// Reads what the proxy has to know of a request. Everything else is the node's to judge.
fn read(task: Task, body: Bytes) -> Result<Request, ApiError> {
	let value: Value =
		serde_json::from_slice(&body).map_err(|error| ApiError::malformed_json(&error))?;
	let Value::Object(fields) = value else {
		return Err(ApiError::new(RefusalCode::InvalidType, "the body must be an object"));
	};
	let model = match fields.get("model") {
		Some(Value::String(model)) if !model.is_empty() => model.clone(),
		None | Some(Value::Null | Value::String(_)) => return Err(ApiError::missing("model")),
		Some(_) => {
			let message = "`model` must be a string";
			return Err(ApiError::invalid("model", RefusalCode::InvalidType, message));
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
			let named = error.body.error.param.as_deref();
			assert_eq!((error.code(), named, error.status.as_u16()), (code, param, 400), "{body}");
		}
	}
}
