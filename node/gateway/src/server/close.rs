//! `POST /v1/close/{session}`: the node's agreement to a session's end.

use std::{sync::Arc, time::Duration};

use axum::{
	extract::{Path, Request, State},
	http::StatusCode,
	Json,
};
use openledger_primitives::{
	info::SessionInfo, lane::CloseAgreement, Balance, BlockNumber, SessionId,
};
use openledger_protocol::{
	clock,
	closing::{CloseAnswer, CloseBody, LONGEST},
	ApiError, RefusalCode,
};
use openledger_settlement::redeem::SettleError;
use tokio::time::timeout;
use tracing::info;

use super::{app::App, intake, refused::Refused, SMALL_BODY};

/// The time that the caller is kept waiting. Settling goes on, and is done when they ask again.
const PATIENCE: Duration = Duration::from_secs(150);
/// The time after which to ask again.
const AGAIN: Duration = Duration::from_secs(10);

/// Settles what is open of a session and agrees to its end. From the first request on the session
/// takes no more vouchers here, whatever comes of it: what was agreed to must stay true. So it is for
/// the session's caller, and whoever signs its vouchers, to ask; and asking again changes nothing.
///
/// 503 means that something is not settled yet, 409 that a call is still being served: ask again.
pub(super) async fn close(
	State(app): State<Arc<App>>,
	Path(session): Path<SessionId>,
	request: Request,
) -> Result<Json<CloseAnswer>, Refused> {
	let (parts, body) = request.into_parts();
	let body = intake::read(&app, &parts.headers, body, SMALL_BODY).await?;
	let body: CloseBody =
		serde_json::from_slice(&body).map_err(|error| ApiError::malformed_json(&error))?;
	let best = app.source.best_block()?;
	let info = app.session(session).await?;
	check(&app, &body, &info, best)?;

	let serving = app.store.close_session(session, clock::unix_seconds()).await?;
	if serving > 0 {
		let message = format!("{serving} calls of session {session} are still being served");
		return Err(later(RefusalCode::CallInProgress, message));
	}
	let settled = match timeout(PATIENCE, app.settler.settle(session)).await {
		Ok(settled) => settled.map_err(|error| refused(session, error))?,
		Err(_) => {
			let message = format!("session {session} is being settled; ask again");
			return Err(later(RefusalCode::NotSettled, message));
		}
	};
	Ok(Json(agree(&app, session, settled)))
}

/// Tells whether the request is one that its session's caller makes now.
fn check(
	app: &App,
	body: &CloseBody,
	info: &SessionInfo,
	best: BlockNumber,
) -> Result<(), Refused> {
	let refused = |code: RefusalCode, message: String| {
		Err(Refused::asked(StatusCode::FORBIDDEN, code, message))
	};
	if body.valid_until < best || body.valid_until > best.saturating_add(LONGEST) {
		let until = body.valid_until;
		let message = format!(
			"the request is valid until block {until}; the chain is at {best}, and requests are \
			 valid for {LONGEST} blocks at most"
		);
		return refused(RefusalCode::RequestExpired, message);
	}
	let genesis = app.source.genesis_hash();
	let signed = |by| body.is_signed_by(genesis, info.id, by);
	match signed(&info.caller) || signed(&info.signer) {
		true => Ok(()),
		false => {
			let message = "neither the session's caller nor the key for its vouchers signed this";
			refused(RefusalCode::InvalidSignature, message.into())
		}
	}
}

fn agree(app: &App, session: SessionId, settled: Balance) -> CloseAnswer {
	let genesis_hash = app.source.genesis_hash();
	let agreement = CloseAgreement { genesis_hash, session, settled, extension: None };
	info!(session, %settled, "agreed to close a session");
	CloseAnswer { settled, signature: app.receipt_key.sign_message(&agreement) }
}

fn later(code: RefusalCode, message: String) -> Refused {
	ApiError { retry_after: Some(AGAIN), ..ApiError::new(code, message) }.into()
}

fn refused(session: SessionId, error: SettleError) -> Refused {
	match error {
		SettleError::Unknown => Refused::no_session(session),
		SettleError::Chain(error) => error.into(),
		SettleError::Store(error) => error.into(),
		SettleError::Stopped => {
			ApiError::new(RefusalCode::ShuttingDown, "this node is stopping").into()
		}
		SettleError::Busy => later(RefusalCode::TooManySessions, error.to_string()),
		SettleError::Open { calls, reason } => {
			// Why it was refused says more to the operator than to the caller.
			tracing::warn!(session, calls, %reason, "cannot agree to close a session yet");
			let message = format!("{calls} calls of session {session} are not settled yet");
			later(RefusalCode::NotSettled, message)
		}
	}
}
