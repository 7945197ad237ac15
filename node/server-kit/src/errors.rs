//! Errors of the framework, in the form of all others.

use axum::{
	http::{
		header::{ALLOW, CONTENT_TYPE},
		StatusCode,
	},
	response::{IntoResponse, Response},
};

/// Gives what the framework refuses by itself, such as a path that does not parse, the same kind of
/// body as everything else: what `error` makes of a status, a code and a message.
pub fn shape_errors<E: IntoResponse>(
	response: Response,
	error: impl FnOnce(StatusCode, &str, String) -> E,
) -> Response {
	let status = response.status();
	let kind = response.headers().get(CONTENT_TYPE);
	let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
	if is_json || !status.is_client_error() {
		return response;
	}
	let message = status.canonical_reason().unwrap_or("bad request").to_lowercase();
	let code = message.replace(' ', "_");
	let mut shaped = error(status, &code, message).into_response();
	if let Some(allow) = response.headers().get(ALLOW) {
		shaped.headers_mut().insert(ALLOW, allow.clone());
	}
	shaped
}

#[cfg(test)]
mod tests {
	use super::*;

	async fn shaped(response: Response) -> (StatusCode, Option<String>, String) {
		let shape = |status, code: &str, message| (status, format!("{code}: {message}"));
		let shaped = shape_errors(response, shape);
		let allow =
			shaped.headers().get(ALLOW).map(|allow| allow.to_str().expect("text").to_owned());
		let status = shaped.status();
		let body = axum::body::to_bytes(shaped.into_body(), 1_000).await.expect("it is short");
		(status, allow, String::from_utf8_lossy(&body).into_owned())
	}

	#[tokio::test]
	async fn only_errors_without_a_body_of_their_own_are_shaped() {
		let bare = (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET")]).into_response();
		let said = "method_not_allowed: method not allowed".to_owned();
		let expected = (StatusCode::METHOD_NOT_ALLOWED, Some("GET".to_owned()), said);
		assert_eq!(shaped(bare).await, expected);
		let json = [(CONTENT_TYPE, "application/json")];
		let own = (StatusCode::NOT_FOUND, json, "{}").into_response();
		assert_eq!(shaped(own).await, (StatusCode::NOT_FOUND, None, "{}".into()));
		let failed = StatusCode::BAD_GATEWAY.into_response();
		assert_eq!(shaped(failed).await, (StatusCode::BAD_GATEWAY, None, String::new()));
	}
}
