//! Taking a request in: its body, within bounds, and then a permit to be worked on.
//!
//! A permit is taken only when all of a request is here, so that nobody holds one by sending slowly.

use std::time::Duration;

use axum::{
	body::{Body, Bytes},
	extract::Request,
	http::HeaderMap,
};
use openledger_protocol::{ApiError, RefusalCode};
use openledger_server_kit::{
	intake::{read_body, BodyError, BodyLimits},
	Permit,
};

use super::{app::App, refused::Refused};

/// The time after which to come back, where too much is asked at once.
const COME_BACK: Duration = Duration::from_secs(1);

/// A request that is here.
pub(super) struct Intake {
	pub headers: HeaderMap,
	pub body: Bytes,
}

/// Takes a request in, and gives it a permit to be held to the call's end.
pub(super) async fn take(app: &App, request: Request) -> Result<(Intake, Permit), Refused> {
	let (parts, body) = request.into_parts();
	let headers = parts.headers;
	let body = read(app, &headers, body, usize::MAX).await?;
	let Some(permit) = app.permits.take() else {
		let message = "this node is working on as many requests as it takes";
		return Err(ApiError::overloaded(COME_BACK, message).into());
	};
	Ok((Intake { headers, body }, permit))
}

/// Reads a body of at most `most` bytes, or fewer where the node takes fewer.
pub(super) async fn read(
	app: &App,
	headers: &HeaderMap,
	body: Body,
	most: usize,
) -> Result<Bytes, ApiError> {
	let live = app.live();
	let bytes = live.limits.body_bytes.min(most);
	let limits = BodyLimits { bytes, stall: live.limits.body_timeout };
	let read = read_body(headers, body, limits, &app.body_memory).await;
	read.map_err(|error| match error {
		BodyError::TooLarge => {
			let message = format!("the body is larger than {bytes} bytes");
			ApiError::new(RefusalCode::RequestTooLarge, message)
		}
		BodyError::TooSlow => {
			ApiError::new(RefusalCode::RequestTimeout, "the request did not arrive in time")
		}
		BodyError::NoMemory => ApiError::overloaded(COME_BACK, error.to_string()),
		BodyError::Unreadable => ApiError::new(RefusalCode::UnreadableBody, error.to_string()),
	})
}
