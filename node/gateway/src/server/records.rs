//! `GET /v1/records/{session}/{lane}/{sequence}` or `/v1/records/{id}`: what went to the chain for a
//! call, and the proof that it did.

use std::{sync::Arc, time::Duration};

use axum::{extract::State, Json};
use openledger_books::{ListProof, ProvenCall, ProvenItem, StoreError};
use openledger_primitives::lane::SettledItem;
use openledger_protocol::{ApiError, RefusalCode};
use serde_json::{json, Value};

use super::{app::App, call_ref::CallRef, refused::Refused};

/// The time after which to ask again, where too many ask at the same time.
const AGAIN: Duration = Duration::from_secs(2);

/// A call's record, its charge, what became of it, and, once it is settled, the item of the settlement that
/// it is (part of), and the proof that this is among those under the settlement's root. A call in a run comes
/// with the proof that it is in the list that its lane's voucher has acknowledged as well. Amounts are in
/// planck.
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
	let Some(ProvenCall { call, settled }) = proven else {
		return Err(match app.store.is_removed(id).await? {
			true => Refused::removed(id),
			false => {
				let message = format!("no voucher of call {id} was taken");
				ApiError::new(RefusalCode::CallUnknown, message).into()
			}
		});
	};
	let Some(served) = call.served else { return Err(Refused::not_served(id, call.status)) };
	Ok(Json(json!({
		"session": id.session,
		"lane": id.lane,
		"agreement": served.statement.newest().agreement,
		"record": served.record(),
		"charge": served.charge().to_string(),
		"status": call.status.code(),
		"settlement": settled.map(settlement),
	})))
}

fn settlement(settled: ProvenItem) -> Value {
	let ProvenItem { header, block, item, index, hashes, listed } = settled;
	let kind = match item {
		SettledItem::Call(_) => "call",
		SettledItem::Run(_) => "run",
	};
	json!({
		"kind": kind,
		"block": block,
		"item": item,
		"leaf": item.leaf(),
		"root": header.root,
		"index": index,
		"items": header.items,
		"hashes": hashes,
		"sequence": header.sequence,
		"list": listed.map(list),
	})
}

/// The place of a call in the list of its lane.
fn list(proof: ListProof) -> Value {
	let ListProof { count, peaks, leaf, hashes } = proof;
	json!({ "count": count, "peaks": peaks, "leaf": leaf, "hashes": hashes })
}
