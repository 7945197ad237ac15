//! Questions to the node besides chats.

use std::{sync::Arc, time::Duration};

use axum::{
	extract::{Path, State},
	http::StatusCode,
	Json,
};
use openledger_books::{
	self as books, LaneRefusal, LaneWithLast, ServedCall, StoredCall, UnixSeconds,
};
use openledger_chain_client::ss58;
use openledger_primitives::{info::ModelInfo, price::PriceSchedule, AccountId, LaneId, SessionId};
use openledger_protocol::{
	clock,
	x402::{self, PaymentResponse},
	ApiError, LaneStateBody, LastVoucher, RefusalCode,
};
use serde_json::{json, Map, Value};
use tokio::time::timeout;

use super::{app::App, call_ref::CallRef, refused::Refused};
use crate::payment::{receipt, Offer, Refusal};

/// The time that a backend may take to say that it is well.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
/// The number of seconds without a successful settlement after which the node is not well: what it serves
/// might never be paid.
const FAILING_LONG: UnixSeconds = 3_600;

/// `GET /v1/models`: OpenAI's list, each model with what the chain knows of it under `openledger`.
pub(super) async fn models(State(app): State<Arc<App>>) -> Result<Json<Value>, Refused> {
	let mut list = Vec::new();
	let live = app.live();
	for (name, entry) in &live.models {
		if let Some(info) = app.source.model(entry.id)? {
			let own = live.own_prices.get(&entry.id).copied();
			let own = Offer::new(&info, own, 0, 0).and_then(|offer| offer.own_price);
			list.push(model(name, &info, own, entry.backend.facts().context_length));
		}
	}
	Ok(Json(json!({ "object": "list", "data": list })))
}

/// A model, and the price that is charged for it where that is this node's own.
fn model(name: &str, info: &ModelInfo, own: Option<PriceSchedule>, context: u32) -> Value {
	json!({
		"id": name,
		"object": "model",
		// The chain does not say when a model was registered.
		"created": 0,
		"owned_by": ss58(&info.owner),
		"openledger": {
			"id": info.id,
			"version": info.version,
			"price_version": info.price_version,
			"price": info.price,
			"own_price": own,
			"paused": info.paused,
			"retired": info.retired_at.is_some(),
			"base_hash": info.details.base_hash,
			"tokenizer_hash": info.details.tokenizer_hash,
			"context_length": context,
		},
	})
}

/// `GET /v1/statements/{session}/{lane}/{sequence}` or `/v1/statements/{id}`: the statement of a call.
///
/// 404 `not_charged` means that the call ended without a charge, and its sequence is used. 404
/// `call_unknown` means that its voucher was not taken so far: until its `valid_until` has passed it
/// still can be. 409 means that the call is still being served, or was settled so long ago that
/// nothing is kept of it.
pub(super) async fn statement(
	State(app): State<Arc<App>>,
	CallRef(id): CallRef,
) -> Result<Json<PaymentResponse>, Refused> {
	match app.store.call(id).await? {
		None if app.store.is_removed(id).await? => Err(Refused::removed(id)),
		None => {
			let message = format!("no voucher of call {id} was taken so far");
			Err(ApiError::new(RefusalCode::CallUnknown, message).into())
		}
		Some(StoredCall { served: Some(served), payer, .. }) => {
			Ok(Json(payment_response(&app, payer, &served)))
		}
		Some(call) => Err(Refused::not_served(id, call.status)),
	}
}

/// The answer to a payment, once more: the signed statement of its call.
pub(super) fn payment_response(
	app: &App,
	payer: AccountId,
	served: &ServedCall,
) -> PaymentResponse {
	PaymentResponse::new(&app.source.genesis_hash(), payer, receipt(served))
}

/// `GET /v1/sessions/{session}/{lane}`: what the lane's next voucher has to name, and what a caller needs who
/// has lost the lane: its last voucher, and the list of calls that it acknowledges.
pub(super) async fn lane(
	State(app): State<Arc<App>>,
	Path((session, lane)): Path<(SessionId, LaneId)>,
) -> Result<Json<LaneStateBody>, Refused> {
	let info = app.session(session).await?;
	let known = app.store.lane_last(&info, lane).await?;
	let (state, last) = known.map(|LaneWithLast { state, last }| (state, last)).unwrap_or_default();
	let taken = app.store.session(session).await?.unwrap_or_default();
	if !taken.is_of(&info.caller) {
		let refusal = Refusal::Lane(LaneRefusal::OtherCaller { session });
		return Err(Refused::asked(StatusCode::CONFLICT, refusal.code(), refusal.to_string()));
	}
	// A store that is new, or was restored, has not seen all that the chain has settled.
	let charged = taken.charged.max(info.settled);
	// Nothing goes on a lane of which the chain knows more than these books.
	let agreement = state.agreement.filter(|_| !state.lost);
	Ok(Json(LaneStateBody {
		session,
		lane,
		model: agreement.map(|agreement| agreement.model),
		version: agreement.map(|agreement| agreement.version),
		price_version: agreement.map(|agreement| agreement.price_version),
		sequence: state.sequence,
		next_sequence: state.sequence.saturating_add(1),
		charged: state.charged(),
		in_flight: state.in_flight,
		deposit: info.deposit,
		deposit_left: info.deposit.saturating_sub(charged.saturating_add(taken.in_flight)),
		agreement,
		last: last.map(last_voucher),
	}))
}

/// A lane's last voucher, as its caller gets it back.
fn last_voucher(last: books::LastVoucher) -> LastVoucher {
	let books::LastVoucher { voucher, snapshot, call } = last;
	LastVoucher {
		voucher: voucher.voucher,
		signature: voucher.signature,
		snapshot,
		statement: call.served.as_ref().map(receipt),
	}
}

/// `GET /v1/status`: what this node has served and been paid. Amounts in planck.
pub(super) async fn status(State(app): State<Arc<App>>) -> Result<Json<Value>, Refused> {
	let totals = app.store.totals().await?;
	let last = app.settler.last();
	let genesis = app.source.genesis_hash();
	Ok(Json(json!({
		"operator": ss58(app.source.operator()),
		"network": x402::network(&genesis),
		"genesis_hash": genesis,
		"best_block": app.source.best_block().ok(),
		"models": app.live().models.iter().map(|(name, entry)| json!({ "name": name, "id": entry.id }))
			.collect::<Vec<_>>(),
		"calls": {
			"in_progress": app.calls.len(),
			"served": totals.served_calls,
			"settled": totals.settled_calls,
			"unsettled": totals.unsettled_calls(),
			"lost": totals.lost_calls,
			"not_charged": totals.uncharged_calls,
		},
		"served": totals.served.to_string(),
		"settled": totals.settled.to_string(),
		"owed": totals.unsettled().to_string(),
		"lost": totals.lost.to_string(),
		"settlement": {
			"last_block": last.block,
			"error": last.error,
			"failing_since": last.failing_since,
		},
	})))
}

/// `GET /health`: 200 if the chain can be asked or what is known of it is new enough, calls can be
/// written down and settled, and every model could answer, else 503.
pub(super) async fn health(State(app): State<Arc<App>>) -> (StatusCode, Json<Value>) {
	let chain = app.source.best_block();
	let store = match timeout(HEALTH_TIMEOUT, app.store.check()).await {
		Ok(Ok(())) => "ok",
		Ok(Err(error)) => {
			tracing::error!(%error, "the store cannot be written");
			"failing"
		}
		Err(_) => "not answering",
	};
	let failing = app.settler.last().failing_since;
	let failing = failing.map(|since| clock::unix_seconds().saturating_sub(since));
	let away = app.source.away_for().map(|away| away.as_secs());
	// Nothing is settled while the chain is away; for how long calls are served then is the operator's
	// choice.
	let settles = away.is_some() || failing.is_none_or(|seconds| seconds < FAILING_LONG);
	let mut well = chain.is_ok() && store == "ok" && settles && !app.cut.is_cancelled();
	let mut models = Map::new();
	for (name, entry) in &app.live().models {
		let health = match timeout(HEALTH_TIMEOUT, entry.backend.health()).await {
			Ok(Ok(())) => "ok",
			Ok(Err(error)) => {
				tracing::debug!(model = %name, %error, "model is not well");
				well = false;
				"failing"
			}
			Err(_) => {
				well = false;
				"not answering"
			}
		};
		models.insert(name.clone(), health.into());
	}
	let (status, word) = match well {
		true => (StatusCode::OK, "ok"),
		false => (StatusCode::SERVICE_UNAVAILABLE, "failing"),
	};
	let chain = match chain {
		Ok(best) => {
			json!({ "connected": away.is_none(), "best_block": best, "away_seconds": away })
		}
		Err(error) => json!({ "connected": false, "error": error.to_string() }),
	};
	let settlement = match settles {
		true => "ok",
		false => "failing",
	};
	let body = json!({
		"status": word,
		"chain": chain,
		"store": store,
		"settlement": { "status": settlement, "failing_seconds": failing },
		"models": models,
	});
	(status, Json(body))
}
