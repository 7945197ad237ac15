//! The call that a path is about: by session, lane and sequence, or by the id that its answer had.

use axum::{
	extract::{FromRequestParts, Path},
	http::request::Parts,
	response::{IntoResponse, Response},
};
use openledger_books::CallId;
use openledger_primitives::{LaneId, Sequence, SessionId};
use openledger_protocol::{ApiError, RefusalCode};

use super::refused::Refused;
use crate::openai::CompletionKind;

/// The call that a path ends with: `{session}/{lane}/{sequence}`, or the `id` of an answer.
pub(super) struct CallRef(pub CallId);

impl<S: Send + Sync> FromRequestParts<S> for CallRef {
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
				let message = format!("no answer here has the id {id:?}");
				Refused::from(ApiError::new(RefusalCode::CallUnknown, message)).into_response()
			}),
			// It is no id either.
			Err(_) => Err(refused.into_response()),
		}
	}
}

/// The beginning of the ids of such answers.
fn prefix(kind: CompletionKind) -> &'static str {
	match kind {
		CompletionKind::Chat => "chatcmpl-",
		CompletionKind::Text => "cmpl-",
	}
}

/// The id of an answer in the OpenAI protocol: it names the call on chain.
pub(super) fn answer_id(kind: CompletionKind, id: CallId) -> String {
	format!("{}{}-{}-{}", prefix(kind), id.session, id.lane, id.sequence)
}

/// The call whose answer had this id.
fn parse(id: &str) -> Option<CallId> {
	let kinds = [CompletionKind::Chat, CompletionKind::Text];
	let numbers = kinds.iter().find_map(|kind| id.strip_prefix(prefix(*kind)))?;
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
		let ids = [CompletionKind::Chat, CompletionKind::Text].map(|kind| answer_id(kind, call));
		assert_eq!(ids, ["chatcmpl-7-3-12", "cmpl-7-3-12"]);
		assert_eq!(ids.map(|id| parse(&id)), [Some(call); 2]);
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
