//! `GET /v1/records/{session}/{lane}/{sequence}` or `/v1/records/{id}`: what went to the chain for a
//! call, and the proof that it did.

use std::{sync::Arc, time::Duration};

use axum::{extract::State, Json};
use openledger_books::{CallStatus, ProvenCall, StoreError};
use openledger_protocol::{ApiError, RefusalCode};
use serde_json::{json, Value};

use super::{app::App, call_ref::CallRef, refused::Refused};

/// The time after which to ask again, where too many ask at the same time.
const AGAIN: Duration = Duration::from_secs(2);

/// A call's record, its charge, what became of it, and, once it is settled, the root of the
/// settlement that it is part of with the proof that it is. Amounts are in planck.
pub(super) async fn record(
	State(app): State<Arc<App>>,
	CallRef(id): CallRef,
) -> Result<Json<Value>, Refused> {
	let proven = app.store.proof(id).await.map_err(|error| match error {
		StoreError::Busy => {
			let message = "too many proofs are asked for at the same time";
			ApiError::overloaded(AGAIN, message).into()
		}
		error => Refused::from(error),
	})?;
	let Some(ProvenCall { call, aggregate, proof }) = proven else {
		return Err(match app.store.is_removed(id).await? {
			true => Refused::removed(id),
			false => {
				let message = format!("no voucher of call {id} was taken");
				ApiError::new(RefusalCode::CallUnknown, message).into()
			}
		});
	};
	let Some(served) = call.served else { return Err(Refused::not_served(id, call.status)) };
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
