//! Questions to a node besides calls.

use axum::{
	extract::{Path, State},
	http::StatusCode,
	response::{IntoResponse, Response},
	Json,
};
use openledger_primitives::{
	lane::{CloseAgreement, VersionedVoucher},
	LaneId, Sequence, SessionId,
};
use openledger_protocol::{
	closing::{CloseAnswer, CloseBody},
	lane_state::{self, LaneStateBody},
};
use serde_json::Value;

use super::{refused, settle, LaneBook, LastVoucher, Mood, Shared};

/// Settles what it has served, and agrees to a session's end.
pub(super) async fn close(
	State(shared): State<Shared>,
	Path(session): Path<SessionId>,
	Json(body): Json<CloseBody>,
) -> Response {
	let genesis_hash = shared.chain.genesis;
	let caller = shared.chain.state.lock().sessions[&session].caller.clone();
	assert!(body.is_signed_by(genesis_hash, session, &caller));
	let mut ledger = shared.ledger.lock();
	ledger.closings += 1;
	if ledger.stubborn {
		return refused(403, "invalid_signature", Value::Null);
	}
	if ledger.settling > 0 {
		ledger.settling -= 1;
		return refused(503, "not_settled", Value::Null);
	}
	let mut state = shared.chain.state.lock();
	let info = state.sessions.get_mut(&session).unwrap();
	for ((_, lane), book) in ledger.lanes.range((session, 0)..=(session, LaneId::MAX)) {
		settle(info, *lane, book, book.settles());
	}
	let settled = info.settled;
	let agreement = CloseAgreement { genesis_hash, session, settled, extension: None };
	let signature = shared.operator.sign_message(&agreement);
	Json(CloseAnswer { settled, signature }).into_response()
}

pub(super) async fn health(State(shared): State<Shared>) -> StatusCode {
	match shared.ledger.lock().unwell {
		true => StatusCode::SERVICE_UNAVAILABLE,
		false => StatusCode::OK,
	}
}

/// What became of a call.
pub(super) async fn statement(
	State(shared): State<Shared>,
	Path(key): Path<(SessionId, LaneId, Sequence)>,
) -> Response {
	if shared.ledger.lock().mood == Mood::Hanging {
		return std::future::pending().await;
	}
	let mut ledger = shared.ledger.lock();
	ledger.asked += 1;
	if ledger.mood == Mood::Mute {
		return refused(503, "store_unavailable", Value::Null);
	}
	if ledger.is_not_done() {
		return refused(409, "call_in_progress", Value::Null);
	}
	if ledger.mood == Mood::Deceiving {
		return refused(404, "not_charged", Value::Null);
	}
	match ledger.served.get(&key) {
		Some(response) => Json(response).into_response(),
		None if ledger.taken(key) => refused(404, "not_charged", Value::Null),
		None => refused(404, "call_unknown", Value::Null),
	}
}

/// The state of a lane.
pub(super) async fn lane(
	State(shared): State<Shared>,
	Path((session, lane)): Path<(SessionId, LaneId)>,
) -> Response {
	let Some(info) = shared.chain.state.lock().sessions.get(&session).cloned() else {
		return refused(402, "session_unknown", Value::Null);
	};
	let mut ledger = shared.ledger.lock();
	ledger.asked_for_lanes += 1;
	if ledger.mood == Mood::Mute {
		return refused(503, "store_unavailable", Value::Null);
	}
	let book = ledger.lanes.get(&(session, lane)).cloned().unwrap_or_default();
	let LaneBook { sequence, in_flight, .. } = book;
	let agreement = book.last.as_ref().map(|last| last.voucher.newest().agreement);
	let last = book.last.as_ref().map(|last| {
		let served = ledger.served.get(&(session, lane, last.voucher.newest().sequence));
		let statement = served.map(|response| response.extra.clone());
		let LastVoucher { voucher, signature, snapshot } = last.clone();
		let mut last = lane_state::LastVoucher { voucher, signature, snapshot, statement };
		match ledger.mood {
			Mood::FalseList => last.snapshot = book.snapshot(),
			Mood::FalseVoucher => {
				let mut voucher = last.voucher.newest();
				voucher.authorised += 1;
				last.voucher = VersionedVoucher::from(voucher);
				last.signature = shared.operator.sign_message(&voucher);
			}
			_ => {}
		}
		last
	});
	let charged = book.charged();
	let body = LaneStateBody {
		session,
		lane,
		model: agreement.map(|agreement| agreement.model),
		version: agreement.map(|agreement| agreement.version),
		price_version: agreement.map(|agreement| agreement.price_version),
		sequence,
		next_sequence: sequence + 1,
		charged,
		in_flight: (in_flight > 0).then_some(in_flight),
		deposit: info.deposit,
		deposit_left: info.deposit.saturating_sub(charged + in_flight),
		agreement,
		last,
	};
	Json(body).into_response()
}
