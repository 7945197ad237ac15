//! Reading the body of a request, within bounds: of its size, of how long it may take, and of the
//! memory that all bodies together may have.

use std::time::Duration;

use axum::{
	body::{Body, Bytes},
	http::{header::CONTENT_LENGTH, HeaderMap},
};
use futures::StreamExt;
use thiserror::Error;
use tokio::time::{timeout, timeout_at, Instant};

use crate::Permits;

/// All of a body has to come within this many times what it may stall.
const STALLS: u32 = 4;
/// The step in which the memory for bodies is counted, in bytes. A body up to this is not counted.
const STEP: usize = 16 * 1024;
/// Total bytes of request bodies that are buffered before they are worked on. Senders are not
/// authenticated yet.
const MEMORY: usize = 512 * 1024 * 1024;

/// Bounds of one body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
	/// Its size, in bytes.
	pub bytes: usize,
	/// The time that it may stall on its way in. All of it may take four times as long.
	pub stall: Duration,
}

/// The memory of all bodies of one server that are not worked on yet.
#[derive(Clone, Debug)]
pub struct BodyMemory(Permits);

impl Default for BodyMemory {
	fn default() -> Self {
		Self(Permits::new(MEMORY / STEP))
	}
}

/// A reason why a body is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs)] // The messages say what these are.
pub enum BodyError {
	#[error("the body is too large")]
	TooLarge,
	#[error("the body took too long to come")]
	TooSlow,
	#[error("as many large requests are being read as there is memory for")]
	NoMemory,
	/// The connection broke, or what came makes no sense.
	#[error("the body could not be read")]
	Unreadable,
}

/// Reads a body. Its declared size is checked before anything is read.
///
/// # Errors
/// [`BodyError`].
pub async fn read_body(
	headers: &HeaderMap,
	body: Body,
	limits: BodyLimits,
	memory: &BodyMemory,
) -> Result<Bytes, BodyError> {
	let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
	let length = length.and_then(|length| length.parse::<usize>().ok());
	if length.is_some_and(|length| length > limits.bytes) {
		return Err(BodyError::TooLarge);
	}
	let deadline = Instant::now() + limits.stall.saturating_mul(STALLS);
	let mut pieces = body.into_data_stream();
	// What is said of the length is no reason to set memory aside for it.
	let mut read = Vec::with_capacity(length.unwrap_or_default().min(STEP));
	// Small ones are taken in any case.
	let (mut held, mut room) = (memory.0.none(), STEP);
	loop {
		let next = timeout(limits.stall, pieces.next());
		let next = timeout_at(deadline, next).await.map_err(|_| BodyError::TooSlow)?;
		match next.map_err(|_| BodyError::TooSlow)? {
			None => return Ok(read.into()),
			Some(Ok(piece)) if read.len().saturating_add(piece.len()) > limits.bytes => {
				return Err(BodyError::TooLarge);
			}
			Some(Ok(piece)) => {
				let more = read.len().saturating_add(piece.len()).saturating_sub(room);
				let steps = more.div_ceil(STEP);
				if steps > 0 && !held.grow(steps) {
					return Err(BodyError::NoMemory);
				}
				room = room.saturating_add(steps.saturating_mul(STEP));
				read.extend_from_slice(&piece);
			}
			Some(Err(_)) => return Err(BodyError::Unreadable),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use futures::stream;

	const LIMITS: BodyLimits = BodyLimits { bytes: 10, stall: Duration::from_millis(50) };

	fn memory(steps: usize) -> BodyMemory {
		BodyMemory(Permits::new(steps))
	}

	async fn reading(headers: &[(&str, &str)], body: Body) -> Result<Bytes, BodyError> {
		let mut map = HeaderMap::new();
		for (name, value) in headers {
			let name: axum::http::HeaderName = name.parse().expect("a name");
			map.insert(name, value.parse().expect("a value"));
		}
		read_body(&map, body, LIMITS, &memory(0)).await
	}

	fn pieces(pieces: Vec<&'static str>) -> Body {
		Body::from_stream(stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>)))
	}

	#[tokio::test]
	async fn bodies_within_bounds_are_read() {
		assert_eq!(reading(&[], pieces(vec!["12345", "67890"])).await, Ok("1234567890".into()));
		assert_eq!(reading(&[("content-length", "x")], pieces(vec![])).await, Ok(Bytes::new()));
	}

	#[tokio::test]
	async fn what_is_too_large_is_not_read() {
		let too_large = Err(BodyError::TooLarge);
		// Nothing ever comes: the length alone says enough.
		let never = || Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
		assert_eq!(reading(&[("content-length", "11")], never()).await, too_large);
		assert_eq!(reading(&[], pieces(vec!["12345", "678901"])).await, too_large);
		assert_eq!(reading(&[], never()).await, Err(BodyError::TooSlow));
		let broken = vec![Err::<Bytes, _>(std::io::Error::other("broken"))];
		let broken = Body::from_stream(stream::iter(broken));
		assert_eq!(reading(&[], broken).await, Err(BodyError::Unreadable));
	}

	#[tokio::test]
	async fn bodies_take_no_more_memory_than_there_is() {
		let limits = BodyLimits { bytes: 1 << 20, ..LIMITS };
		let memory = memory(4);
		let take = async |length: usize| {
			let body = Body::from(vec![b'x'; length]);
			read_body(&HeaderMap::new(), body, limits, &memory).await.map(|body| body.len())
		};
		let all = 5 * STEP;
		assert_eq!(take(all).await.ok(), Some(all));
		assert_eq!(take(all + 1).await, Err(BodyError::NoMemory));
		assert_eq!(memory.0.free(), 4, "all of it is given back");
		let others = (memory.0.take(), memory.0.take());
		assert_eq!(take(3 * STEP).await.ok(), Some(3 * STEP));
		assert!(take(all).await.is_err());
		drop(others);
		assert_eq!(take(all).await.ok(), Some(all));
		let none = BodyMemory(Permits::new(0));
		let small = Body::from(vec![b'x'; STEP]);
		assert!(read_body(&HeaderMap::new(), small, limits, &none).await.is_ok());
	}

	#[tokio::test]
	async fn a_body_that_trickles_in_is_cut_off() {
		let drops = stream::unfold((), |()| async {
			tokio::time::sleep(Duration::from_millis(30)).await;
			Some((Ok::<_, std::io::Error>(Bytes::new()), ()))
		});
		assert_eq!(reading(&[], Body::from_stream(drops)).await, Err(BodyError::TooSlow));
	}
}
