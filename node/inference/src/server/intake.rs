//! Taking a request in: its body, within bounds, and then a place among those that are worked on.
//!
//! What a caller says about the size of its request is looked at before anything is read; a place is
//! taken only when all of it is here, so that nobody holds one by sending slowly.

use std::time::Duration;

use axum::{
	body::{Body, Bytes},
	extract::Request,
	http::{header::CONTENT_LENGTH, HeaderMap, StatusCode},
};
use futures::StreamExt;
use tokio::time::{timeout, timeout_at, Instant};

use super::{
	app::{App, Limits, BODY_STEP},
	refused::Refused,
	room::{Place, Room},
};
use crate::openai::ApiError;

/// All of a body has to come within so many times what it may stall.
const STALLS: u32 = 4;

/// A request that is here.
pub(super) struct Intake {
	/// Its headers.
	pub headers: HeaderMap,
	/// Its body.
	pub body: Bytes,
}

/// Takes a request in, and gives it a place to be held to the call's end.
pub(super) async fn take(app: &App, request: Request) -> Result<(Intake, Place), Refused> {
	let (parts, body) = request.into_parts();
	let headers = parts.headers;
	let limits = app.live().limits.clone();
	let body = read(&headers, body, &limits, &app.bodies).await?;
	let Some(place) = app.room.take() else {
		let message = "this node is working on as many requests as it takes";
		return Err(ApiError::overloaded(Duration::from_secs(1), message).into());
	};
	Ok((Intake { headers, body }, place))
}

/// Reads a body, within bounds of its size, of how long it may take, and of the memory that there is for
/// all of them.
pub(super) async fn read(
	headers: &HeaderMap,
	body: Body,
	limits: &Limits,
	memory: &Room,
) -> Result<Bytes, ApiError> {
	let too_large = || ApiError::body_too_large(limits.body_bytes);
	let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
	let length = length.and_then(|length| length.parse::<usize>().ok());
	if length.is_some_and(|length| length > limits.body_bytes) {
		return Err(too_large());
	}
	let deadline = Instant::now() + limits.body_timeout * STALLS;
	let mut pieces = body.into_data_stream();
	// What is said of the length is no reason to set memory aside for it.
	let mut read = Vec::with_capacity(length.unwrap_or_default().min(BODY_STEP));
	// Small ones are taken in any case.
	let (mut held, mut room) = (memory.none(), BODY_STEP);
	loop {
		let next = timeout(limits.body_timeout, pieces.next());
		let next = timeout_at(deadline, next).await.map_err(|_| ApiError::too_slow())?;
		match next.map_err(|_| ApiError::too_slow())? {
			None => return Ok(read.into()),
			Some(Ok(piece)) if read.len().saturating_add(piece.len()) > limits.body_bytes => {
				return Err(too_large());
			}
			Some(Ok(piece)) => {
				let more = read.len().saturating_add(piece.len()).saturating_sub(room);
				let steps = more.div_ceil(BODY_STEP);
				if steps > 0 && !held.grow(steps) {
					let message = "this node is reading as many large requests as it takes";
					return Err(ApiError::overloaded(Duration::from_secs(1), message));
				}
				room = room.saturating_add(steps.saturating_mul(BODY_STEP));
				read.extend_from_slice(&piece);
			}
			Some(Err(_)) => {
				let status = StatusCode::BAD_REQUEST;
				let (kind, code) = ("invalid_request_error", "unreadable_body");
				let message = "the body could not be read";
				return Err(ApiError::new(status, kind, code, None, message));
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use futures::stream;

	fn limits() -> Limits {
		Limits {
			body_bytes: 10,
			body_timeout: Duration::from_millis(50),
			header_bytes: 1_000,
			exposure: 0,
			voucher_blocks: 50,
		}
	}

	async fn code(headers: &[(&str, &str)], body: Body) -> Result<Bytes, String> {
		let mut map = HeaderMap::new();
		for (name, value) in headers {
			let name: axum::http::HeaderName = name.parse().expect("a name");
			map.insert(name, value.parse().expect("a value"));
		}
		let read = read(&map, body, &limits(), &Room::new(0)).await;
		read.map_err(|error| error.body.error.code.expect("a code"))
	}

	fn pieces(pieces: Vec<&'static str>) -> Body {
		Body::from_stream(stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>)))
	}

	#[tokio::test]
	async fn bodies_within_bounds_are_read() {
		assert_eq!(code(&[], pieces(vec!["12345", "67890"])).await, Ok("1234567890".into()));
		assert_eq!(code(&[("content-length", "x")], pieces(vec![])).await, Ok(Bytes::new()));
	}

	#[tokio::test]
	async fn what_is_too_large_is_not_read() {
		let too_large = Err("request_too_large".to_owned());
		// Nothing ever comes: the length alone says enough.
		let never = || Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
		assert_eq!(code(&[("content-length", "11")], never()).await, too_large);
		assert_eq!(code(&[], pieces(vec!["12345", "678901"])).await, too_large);
		assert_eq!(code(&[], never()).await, Err("request_timeout".into()));
		let broken = vec![Err::<Bytes, _>(std::io::Error::other("broken"))];
		let broken = Body::from_stream(stream::iter(broken));
		assert_eq!(code(&[], broken).await, Err("unreadable_body".into()));
	}

	#[tokio::test]
	async fn bodies_take_no_more_memory_than_there_is() {
		let limits = Limits { body_bytes: 1 << 20, ..limits() };
		let memory = Room::new(4);
		let take = async |length: usize| {
			let body = Body::from(vec![b'x'; length]);
			read(&HeaderMap::new(), body, &limits, &memory).await.map(|body| body.len())
		};
		let all = 5 * BODY_STEP;
		assert_eq!(take(all).await.ok(), Some(all));
		let refused = take(all + 1).await.expect_err("it is too much");
		assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
		assert_eq!(memory.free(), 4, "all of it is given back");
		let others = (memory.take(), memory.take());
		assert_eq!(take(3 * BODY_STEP).await.ok(), Some(3 * BODY_STEP));
		assert!(take(all).await.is_err());
		drop(others);
		assert_eq!(take(all).await.ok(), Some(all));
		let none = Room::new(0);
		let small = Body::from(vec![b'x'; BODY_STEP]);
		assert!(read(&HeaderMap::new(), small, &limits, &none).await.is_ok());
	}

	#[tokio::test]
	async fn a_body_that_trickles_in_is_cut_off() {
		let drops = stream::unfold((), |()| async {
			tokio::time::sleep(Duration::from_millis(30)).await;
			Some((Ok::<_, std::io::Error>(Bytes::new()), ()))
		});
		assert_eq!(code(&[], Body::from_stream(drops)).await, Err("request_timeout".into()));
	}
}
