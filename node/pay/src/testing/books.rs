//! What an inference node has written down, and what that adds up to.

use std::{collections::BTreeMap, time::Duration};

use openledger_client::{caller::LaneTerms, x402::PaymentResponse};
use openledger_primitives::{info::LaneInfo, Balance, LaneId, Sequence, SessionId};

use super::{FakeNode, Mood};

#[derive(Clone, Debug, Default)]
pub(crate) struct LaneBook {
	pub sequence: Sequence,
	pub charged: Balance,
	pub in_flight: Balance,
	pub terms: Option<LaneTerms>,
	/// The most that any voucher has authorised.
	pub authorised: Balance,
}

#[derive(Default)]
pub(crate) struct Ledger {
	pub mood: Mood,
	/// How many tokens are offered where none are asked for.
	pub unasked: u32,
	/// How many tokens a request has.
	pub input_tokens: u32,
	/// How long an answer takes.
	pub delay: Duration,
	pub lanes: BTreeMap<(SessionId, LaneId), LaneBook>,
	pub served: BTreeMap<(SessionId, LaneId, Sequence), PaymentResponse>,
	/// Requests that came without a payment, and with one.
	pub offers: u32,
	pub paid: u32,
	/// Whether its health check fails.
	pub unwell: bool,
	/// Refuse so many vouchers as if the session were not known yet.
	pub session_unknown: u32,
	/// A session whose number was somebody else's.
	pub foreign: Option<SessionId>,
	/// Whoever has lost an answer is told so many times that it is not done yet.
	pub not_yet: u32,
	/// Vouchers that were taken are not known when they are asked for.
	pub forgetful: bool,
	/// Requests to agree to a session's end; so many of them are told that it is settling still.
	pub closings: u32,
	pub settling: u32,
	/// Agrees to no session's end.
	pub stubborn: bool,
	/// Vouchers that were taken and not signed by the caller itself.
	pub by_hot_key: u32,
	/// Calls that are being answered, and the most that ever were.
	pub at_once: u32,
	pub most_at_once: u32,
}

impl Ledger {
	pub(super) fn taken(&self, (session, lane, sequence): (SessionId, LaneId, Sequence)) -> bool {
		let lane = self.lanes.get(&(session, lane));
		!self.forgetful && lane.is_some_and(|lane| sequence <= lane.sequence)
	}

	/// Whether it says that it is not done yet.
	pub(super) fn is_not_done(&mut self) -> bool {
		let left = self.not_yet.checked_sub(1);
		self.not_yet = left.unwrap_or_default();
		left.is_some()
	}
}

impl FakeNode {
	/// What it has charged.
	pub(crate) fn charged(&self) -> Balance {
		self.ledger.lock().lanes.values().map(|lane| lane.charged).sum()
	}

	/// Settles all that vouchers have authorised.
	pub(crate) fn settle_all_it_can(&self) {
		let ledger = self.ledger.lock();
		let mut state = self.chain.state.lock();
		for ((session, lane), book) in &ledger.lanes {
			let Some(info) = state.sessions.get_mut(session) else { continue };
			info.lanes.retain(|settled| settled.lane != *lane);
			let (lane, sequence, settled) = (*lane, book.sequence, book.authorised);
			info.lanes.push(LaneInfo { lane, sequence, settled });
		}
	}

	/// The most that it could redeem: what vouchers have authorised, as far as there are deposits.
	pub(crate) fn redeemable(&self) -> Balance {
		let mut sessions: BTreeMap<SessionId, Balance> = BTreeMap::new();
		for ((session, _), lane) in &self.ledger.lock().lanes {
			*sessions.entry(*session).or_default() += lane.authorised;
		}
		let state = self.chain.state.lock();
		let deposit = |session| state.sessions.get(session).map_or(0, |info| info.deposit);
		sessions.iter().map(|(session, most)| deposit(session).min(*most)).sum()
	}
}
