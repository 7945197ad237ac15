//! Taking vouchers, or refusing them.

use std::sync::Arc;

use axum::response::Response;
use openledger_primitives::{
	info::SessionInfo, lane::Voucher, AccountId, Balance, BlockNumber, LaneId, SessionId,
};
use openledger_protocol::x402::{Payload, Requirements};
use parking_lot::Mutex;
use serde_json::{json, Value};

use super::{refused, LastVoucher, NodeBooks, Shared};

/// A call that is being answered. When nobody waits for its answer any more, it is not charged.
pub(super) struct Taken {
	ledger: Arc<Mutex<NodeBooks>>,
	lane: (SessionId, LaneId),
	/// The caller that pays.
	pub payer: AccountId,
}

impl Drop for Taken {
	fn drop(&mut self) {
		let mut ledger = self.ledger.lock();
		ledger.at_once -= 1;
		// It may have lost its books meanwhile.
		if let Some(lane) = ledger.lanes.get_mut(&self.lane) {
			lane.in_flight = 0;
		}
	}
}

fn payment<T>(code: &str, details: Value) -> Result<T, Response> {
	Err(refused(402, code, details))
}

fn conflict<T>(code: &str, details: Value) -> Result<T, Response> {
	Err(refused(409, code, details))
}

/// Takes a voucher as a real node does, and sets aside what it may cost.
pub(super) fn take(
	payload: &Payload,
	body: &[u8],
	offer: &Requirements,
	shared: &Shared,
) -> Result<Taken, Response> {
	let (voucher, amount) = (payload.voucher.newest(), offer.amount);
	let mut ledger = shared.ledger.lock();
	if ledger.session_unknown > 0 {
		ledger.session_unknown -= 1;
		return payment("session_unknown", Value::Null);
	}
	if ledger.foreign == Some(voucher.session) {
		return payment("session_of_other_caller", Value::Null);
	}
	let info = shared.chain.state.lock().sessions.get(&voucher.session).cloned();
	let Some(info) = info.filter(|info| info.node == shared.operator.account()) else {
		return payment("session_unknown", Value::Null);
	};
	if info.closes_at.is_some() {
		return payment("session_closing", Value::Null);
	}
	let by_hot_key = info.signer != info.caller && payload.is_signed_by(&info.signer);
	if !by_hot_key && !payload.is_signed_by(&info.caller) || !payload.is_for(body) {
		return payment("invalid_signature", Value::Null);
	}
	assert_eq!(voucher.genesis_hash, shared.chain.genesis);
	assert_eq!(voucher.extension, None);
	let newest = offer.extra.block.max(info.opened_at);
	let usable = ledger.as_of.unwrap_or((info.opened_at, newest));
	agrees(&voucher, usable, offer, shared)?;
	if voucher.allowance().is_none_or(|allowed| allowed < amount) {
		return payment("insufficient_authorisation", Value::Null);
	}
	let used = used(&ledger, &info);
	fits(&mut ledger, &voucher, &info)?;
	if used + amount > info.deposit {
		return payment("session_underfunded", Value::Null);
	}
	if by_hot_key && used + amount > info.spending_limit {
		return payment("spending_limit_reached", Value::Null);
	}
	let place = (voucher.session, voucher.lane);
	let lane = ledger.lanes.entry(place).or_default();
	lane.sequence = voucher.sequence;
	lane.in_flight = amount.max(1);
	let snapshot = lane.snapshot();
	lane.last = Some(LastVoucher {
		voucher: payload.voucher,
		signature: payload.signature.clone(),
		snapshot,
	});
	lane.authorised = lane.authorised.max(voucher.authorised);
	ledger.by_hot_key += u32::from(by_hot_key);
	ledger.at_once += 1;
	ledger.most_at_once = ledger.most_at_once.max(ledger.at_once);
	Ok(Taken { ledger: shared.ledger.clone(), lane: place, payer: info.caller })
}

/// Compares a voucher's agreement with the offer and the chain.
fn agrees(
	voucher: &Voucher,
	(from, until): (BlockNumber, BlockNumber),
	offer: &Requirements,
	shared: &Shared,
) -> Result<(), Response> {
	let (agreement, terms) = (voucher.agreement, &offer.extra);
	if agreement.model != terms.model {
		return payment("model_mismatch", json!({ "model": terms.model }));
	}
	if agreement.version != terms.version {
		return payment("version_changed", json!({ "version": terms.version }));
	}
	if (agreement.price_version, agreement.own_price) != (terms.price_version, terms.own_price) {
		return payment("price_changed", json!({ "price_version": terms.price_version }));
	}
	if !(from..=until).contains(&agreement.as_of) {
		return payment("as_of_unusable", json!({ "from": from, "until": until }));
	}
	let state = shared.chain.state.lock();
	let lane_terms = state.lane_terms(
		agreement.model,
		agreement.version,
		agreement.price_version,
		agreement.as_of,
	);
	match lane_terms {
		Ok(terms) if terms.valid_until.is_none_or(|last| voucher.valid_until <= last) => Ok(()),
		_ => payment("terms_changed", Value::Null),
	}
}

/// The cost of a session's calls, and of those under way at most, in planck. Lanes that the chain has
/// settled and that the books do not know count as well.
fn used(ledger: &NodeBooks, info: &SessionInfo) -> Balance {
	let books = ledger.lanes.range((info.id, 0)..=(info.id, LaneId::MAX));
	let known: Balance = books.map(|(_, lane)| lane.charged() + lane.in_flight).sum();
	let unknown =
		info.lanes.iter().filter(|lane| !ledger.lanes.contains_key(&(info.id, lane.lane)));
	known + unknown.map(|lane| lane.settled).sum::<Balance>()
}

/// Compares a voucher with its lane.
fn fits(ledger: &mut NodeBooks, voucher: &Voucher, info: &SessionInfo) -> Result<(), Response> {
	let claims = ledger.claims.get(&(voucher.session, voucher.lane)).copied();
	let lane = ledger.lanes.entry((voucher.session, voucher.lane)).or_default();
	let agreement = lane.last.as_ref().map(|last| last.voucher.newest().agreement);
	if let Some(other) = agreement.filter(|agreement| *agreement != voucher.agreement) {
		let details = json!({ "model": other.model, "version": other.version,
			"price_version": other.price_version, "as_of": other.as_of });
		return conflict("lane_of_other_terms", details);
	}
	let settled = info.lanes.iter().find(|settled| settled.lane == voucher.lane);
	if settled.is_some_and(|settled| settled.sequence > lane.sequence) {
		return conflict("lane_lost", Value::Null);
	}
	if lane.in_flight > 0 {
		return conflict("lane_busy", Value::Null);
	}
	let expected = lane.sequence + 1;
	if voucher.sequence != expected {
		return conflict("voucher_out_of_order", json!({ "sequence": expected }));
	}
	let (charged, root) = claims.unwrap_or_else(|| (lane.charged(), lane.list.root()));
	if (voucher.acknowledged, voucher.acknowledged_root) != (charged, root) {
		let details = json!({ "acknowledged": charged.to_string(), "acknowledged_root": root });
		return payment("acknowledged_mismatch", details);
	}
	Ok(())
}
