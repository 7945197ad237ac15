//! `GET /v1/records/{session}/{lane}/{sequence}` or `/v1/records/{id}`: what went to the chain for a call, and the proof
//! that it did.

use std::{sync::Arc, time::Duration};

use axum::{extract::State, http::StatusCode, Json};
use serde_json::{json, Value};

use super::{app::App, called::Called, refused::Refused};
use crate::{
	openai::ApiError,
	store::{CallId, CallStatus, ProvenCall, StoreError},
};

/// When to ask again where too many ask at the same time.
const AGAIN: Duration = Duration::from_secs(2);

/// A call's record, its charge, what became of it, and, once it is settled, the root of the
/// settlement that it is part of with the proof that it is. Amounts are in planck.
pub(super) async fn record(
	State(app): State<Arc<App>>,
	Called(id): Called,
) -> Result<Json<Value>, Refused> {
	let proven = app.store.proof(id).await.map_err(|error| match error {
		StoreError::Busy => {
			let message = "too many proofs are asked for at the same time";
			ApiError::overloaded(AGAIN, message).into()
		}
		error => Refused::from(error),
	})?;
	let Some((ProvenCall { call, aggregate, .. }, proof)) = proven else {
		return Err(match app.store.is_removed(id).await? {
			true => removed(id),
			false => missing("call_unknown", format!("no voucher of call {id} was taken")),
		});
	};
	let Some(served) = call.served else {
		return Err(match call.status {
			CallStatus::NotCharged(why) => {
				missing("not_charged", format!("call {id} was not charged: {}", why.code()))
			}
			_ => {
				let message = format!("call {id} is still being served");
				let (kind, code) = ("invalid_request_error", "call_in_progress");
				ApiError::new(StatusCode::CONFLICT, kind, code, None, message).into()
			}
		});
	};
	let block = match call.status {
		CallStatus::Settled { block } => block,
		_ => None,
	};
	let settlement = proof.map(|(root, proof)| {
		json!({
			"kind": if aggregate.is_some() { "aggregate" } else { "itemised" },
			"block": block,
			"root": root,
			"proof": proof,
			"first_sequence": aggregate.as_ref().map(|sum| sum.first),
			"last_sequence": aggregate.as_ref().map(|sum| sum.aggregate.up_to),
			"calls": aggregate.as_ref().map(|sum| sum.aggregate.calls),
		})
	});
	Ok(Json(json!({
		"session": id.session,
		"lane": id.lane,
		"record": served.record,
		"charge": served.charge.to_string(),
		"status": call.status.code(),
		"settlement": settlement,
	})))
}

pub(super) fn missing(code: &str, message: String) -> Refused {
	let kind = "invalid_request_error";
	ApiError::new(StatusCode::NOT_FOUND, kind, code, None, message).into()
}

/// What to say of a call that was settled so long ago that its record is not kept. Not that it is
/// unknown: that would mean that it costs nothing.
pub(super) fn removed(id: CallId) -> Refused {
	let message = format!("call {id} was settled long ago; its record is not kept any more");
	let kind = "invalid_request_error";
	ApiError::new(StatusCode::CONFLICT, kind, "record_removed", None, message).into()
}
