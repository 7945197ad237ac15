//! Which call a path is about: by session, lane and sequence, or by the id that its answer had.

use axum::{
	extract::{FromRequestParts, Path},
	http::request::Parts,
	response::{IntoResponse, Response},
};
use openledger_primitives::{LaneId, Sequence, SessionId};

use super::records::missing;
use crate::store::CallId;

/// What the ids of answers start with.
const PREFIXES: [&str; 2] = ["chatcmpl-", "cmpl-"];

/// The call that a path ends with: `{session}/{lane}/{sequence}`, or the `id` of an answer.
pub(super) struct Called(pub CallId);

impl<S: Send + Sync> FromRequestParts<S> for Called {
	type Rejection = Response;

	async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
		type Numbers = Path<(SessionId, LaneId, Sequence)>;
		let refused = match Numbers::from_request_parts(parts, state).await {
			Ok(Path((session, lane, sequence))) => {
				return Ok(Self(CallId { session, lane, sequence }))
			}
			Err(refused) => refused,
		};
		match Path::<String>::from_request_parts(parts, state).await {
			Ok(Path(id)) => parse(&id).map(Self).ok_or_else(|| {
				missing("call_unknown", format!("no answer here has the id {id:?}")).into_response()
			}),
			// It is no id either.
			Err(_) => Err(refused.into_response()),
		}
	}
}

/// The call whose answer had this id.
fn parse(id: &str) -> Option<CallId> {
	let numbers = PREFIXES.iter().find_map(|prefix| id.strip_prefix(prefix))?;
	let mut numbers = numbers.split('-');
	let session = numbers.next()?.parse().ok()?;
	let lane = numbers.next()?.parse().ok()?;
	let sequence = numbers.next()?.parse().ok()?;
	numbers.next().is_none().then_some(CallId { session, lane, sequence })
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn an_answers_id_names_its_call() {
		let call = CallId { session: 7, lane: 3, sequence: 12 };
		assert_eq!(parse("chatcmpl-7-3-12"), Some(call));
		assert_eq!(parse("cmpl-7-3-12"), Some(call));
		for wrong in [
			"7-3-12",
			"chatcmpl-7-3",
			"chatcmpl-7-3-12-1",
			"cmpl-7-3-x",
			"cmpl-7-65536-1",
			"cmpl--7-3",
			"",
		] {
			assert_eq!(parse(wrong), None, "{wrong}");
		}
	}
}
