//! Answers to web pages (CORS).
//!
//! A browser lets a page read answers of another site only if that site names the page's origin, and
//! asks before it sends anything unusual. Which pages are let in is for each server to say.
//!
//! The layer of tower-http does not fit: it answers every OPTIONS request by itself, with 200 and the
//! methods and headers that are allowed, whether the page is let in or not. Here a page that is not let
//! in learns nothing, and a server that lets in nobody answers as if there were no such thing.

use std::future::Future;

use axum::{
	extract::Request,
	http::{
		header::{
			ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
			ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
			ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, VARY,
		},
		HeaderMap, HeaderValue, Method, StatusCode,
	},
	response::{IntoResponse, Response},
};

/// The methods that a page may use.
const METHODS: &str = "GET, POST";
/// The headers that a page may send where its browser does not say what it wants to.
const HEADERS: &str = "content-type";
/// For how many seconds a browser need not ask again.
const MAX_AGE: &str = "600";

/// Answers browsers that ask what a page may do, and lets pages that may read all other answers.
/// `allowed` is the origin that an answer names, where the page that asks is let in; `exposed` are the
/// headers that it may read beside the usual ones.
pub async fn answer_pages<F>(
	allowed: Option<HeaderValue>,
	exposed: &[&str],
	request: Request,
	answer: impl FnOnce(Request) -> F,
) -> Response
where
	F: Future<Output = Response>,
{
	let asks = request.method() == Method::OPTIONS
		&& request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
	let mut response = match &allowed {
		Some(_) if asks => preflight(request.headers()),
		_ => answer(request).await,
	};
	let headers = response.headers_mut();
	if let Some(allowed) = allowed {
		headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
		let names = HeaderValue::from_str(&exposed.join(", ")).ok();
		if let Some(names) = names.filter(|names| !asks && !names.is_empty()) {
			headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, names);
		}
	}
	// Or what was meant for one page could come out of a cache for another.
	headers.append(VARY, HeaderValue::from_static("origin"));
	response
}

/// Answers what a page may do: whatever anybody may, with the headers that it wants to send.
fn preflight(asked: &HeaderMap) -> Response {
	let names = asked.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
	let names = names.unwrap_or_else(|| HeaderValue::from_static(HEADERS));
	let mut response = StatusCode::NO_CONTENT.into_response();
	let headers = response.headers_mut();
	headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
	headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
	headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
	headers.append(VARY, HeaderValue::from_static("access-control-request-headers"));
	response
}

#[cfg(test)]
mod tests {
	use super::*;

	const PAGE: HeaderValue = HeaderValue::from_static("https://app.example");

	async fn answered(allowed: Option<HeaderValue>, method: Method) -> (StatusCode, HeaderMap) {
		let request = Request::builder()
			.method(method)
			.header(ACCESS_CONTROL_REQUEST_METHOD, "POST")
			.header(ACCESS_CONTROL_REQUEST_HEADERS, "payment-signature")
			.body(axum::body::Body::empty());
		let answer = |_| async { StatusCode::IM_A_TEAPOT.into_response() };
		let request = request.expect("it is one");
		let response = answer_pages(allowed, &["a", "b"], request, answer).await;
		(response.status(), response.headers().clone())
	}

	#[tokio::test]
	async fn pages_that_are_let_in_are_told_what_they_may_do() {
		let (status, headers) = answered(Some(PAGE), Method::OPTIONS).await;
		assert_eq!(status, StatusCode::NO_CONTENT);
		assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
		assert_eq!(headers[ACCESS_CONTROL_ALLOW_HEADERS], "payment-signature");
		assert_eq!(headers[ACCESS_CONTROL_ALLOW_METHODS], METHODS);
		assert!(!headers.contains_key(ACCESS_CONTROL_EXPOSE_HEADERS));
		let vary: Vec<_> = headers.get_all(VARY).iter().collect();
		assert_eq!(vary, ["access-control-request-headers", "origin"]);

		let (status, headers) = answered(Some(PAGE), Method::POST).await;
		assert_eq!(status, StatusCode::IM_A_TEAPOT);
		assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
		assert_eq!(headers[ACCESS_CONTROL_EXPOSE_HEADERS], "a, b");
	}

	#[tokio::test]
	async fn only_what_a_browser_asks_is_answered_for_the_server() {
		let request = Request::builder().method(Method::OPTIONS).body(axum::body::Body::empty());
		let answer = |_| async { StatusCode::IM_A_TEAPOT.into_response() };
		let request = request.expect("it is one");
		let response = answer_pages(Some(PAGE), &[], request, answer).await;
		assert_eq!(response.status(), StatusCode::IM_A_TEAPOT, "nobody asks for a method");
	}

	#[tokio::test]
	async fn others_learn_nothing() {
		for method in [Method::OPTIONS, Method::POST] {
			let (status, headers) = answered(None, method).await;
			assert_eq!(status, StatusCode::IM_A_TEAPOT);
			let says = |name: &axum::http::HeaderName| name.as_str().starts_with("access-control-");
			assert!(!headers.keys().any(says));
			assert_eq!(headers[VARY], "origin", "caches keep them apart");
		}
	}
}
