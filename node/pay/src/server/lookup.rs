//! Questions to the proxy besides calls.

use std::{sync::Arc, time::Duration};

use axum::{
	extract::{Path, State},
	http::StatusCode,
	Json,
};
use openledger_chain_client::{ss58, At};
use openledger_payer::{error::unknown_model, market::Listing};
use openledger_protocol::{ApiError, RefusalCode};
use serde_json::{json, Value};
use tokio::time::timeout;

use super::App;
use crate::report::Report;

/// The list of models may be this old.
const FRESH: Duration = Duration::from_secs(30);
/// The time to wait for a newer one.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time that the chain may take to say that it is there.
const HEALTH: Duration = Duration::from_secs(5);

/// `GET /v1/models`: OpenAI's list, each model with what the chain knows of it under `openledger`.
pub(super) async fn models(State(app): State<Arc<App>>) -> Result<Json<Value>, ApiError> {
	refresh(&app).await?;
	let lists = app.payer.market.lists();
	let data: Vec<Value> = lists.models.values().map(model).collect();
	Ok(Json(json!({ "object": "list", "data": data })))
}

/// `GET /v1/models/{name}`: one of them.
pub(super) async fn one_model(
	State(app): State<Arc<App>>,
	Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
	refresh(&app).await?;
	let lists = app.payer.market.lists();
	let listing = lists.models.get(&name).ok_or_else(|| unknown_model(&name))?;
	Ok(Json(model(listing)))
}

/// Makes the list anew if it is too old. An old list is better than none.
async fn refresh(app: &App) -> Result<(), ApiError> {
	let market = &app.payer.market;
	let refreshed = timeout(PATIENCE, market.refresh_if_older(FRESH)).await;
	match refreshed {
		Ok(Ok(())) => Ok(()),
		_ if market.lists().made.is_some() => Ok(()),
		_ => {
			let message = "the chain node cannot be reached";
			Err(ApiError::new(RefusalCode::ChainUnavailable, message))
		}
	}
}

fn model(listing: &Listing) -> Value {
	let info = &listing.model;
	json!({
		"id": info.name,
		"object": "model",
		// The chain does not say when a model was registered.
		"created": 0,
		"owned_by": ss58(&info.owner),
		"openledger": {
			"id": info.id,
			"version": info.version,
			"price_version": info.price_version,
			"price": info.price,
			"next_price": info.next_price,
			"base_hash": info.details.base_hash,
			"tokenizer_hash": info.details.tokenizer_hash,
			"nodes": listing.nodes.len(),
		},
	})
}

/// `GET /health`: 200 if calls can be made and paid now, else 503.
pub(super) async fn health(State(app): State<Arc<App>>) -> (StatusCode, Json<Value>) {
	let payer = &app.payer;
	let best = timeout(HEALTH, payer.network.block(At::Best)).await;
	let chain = match &best {
		Ok(Ok(best)) => json!({ "connected": true, "best_block": best }),
		Ok(Err(error)) => json!({ "connected": false, "error": error.to_string() }),
		Err(_) => json!({ "connected": false, "error": "no answer in time" }),
	};
	let state = payer.treasury.is_well();
	let stopping = app.stop.is_cancelled();
	let well = matches!(best, Ok(Ok(_))) && state && !stopping;
	let (status, word) = match well {
		true => (StatusCode::OK, "ok"),
		false => (StatusCode::SERVICE_UNAVAILABLE, "failing"),
	};
	let body = json!({
		"status": word,
		"chain": chain,
		"state_writable": state,
		"stopping": stopping,
		"models": payer.market.lists().models.len(),
	});
	(status, Json(body))
}

/// `GET /spend`: where the money is. Amounts in planck, as decimal strings.
pub(super) async fn spend(State(app): State<Arc<App>>) -> Json<Value> {
	Json(Report::of(&app.payer).to_json())
}
