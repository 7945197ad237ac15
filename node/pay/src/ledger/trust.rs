//! Nodes that charge for what does not arrive.
//!
//! A statement proves what was charged, and nothing about what was sent. So it is counted how often
//! a node has charged for an answer that it did not deliver. As long as its last call ended so, it
//! gets one call at a time; after a few such calls, none for a day.

use openledger_primitives::{AccountId, Balance, LaneId, SessionId};
use serde::{Deserialize, Serialize};

use super::{Change, Ledger, Open, Seat, Totals};

/// So many charged losses in a row are too many.
const IN_A_ROW: u32 = 3;
/// From so many calls on it also counts which part of them was lost.
const JUDGED: u64 = 20;
/// One in so many calls may be lost.
const ONE_IN: u64 = 20;
/// A node gets no calls for so many seconds then: a day.
const BARRED_FOR: u64 = 24 * 60 * 60;

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
	/// The app has all of it.
	Delivered,
	/// Nobody waited for it any more, or nobody knows why it did not arrive. The node is not to blame.
	Unwanted,
	/// The node did not deliver it.
	Lost,
}

/// What is known of a node's deliveries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
	/// Calls that it charged for, but for those that nobody waited for any more.
	pub calls: u64,
	/// Those of them whose answers it did not deliver.
	pub lost: u64,
	/// How many of these came after the last answer that it did deliver. Calls that were under way
	/// at the same time count as one.
	pub in_a_row: u32,
	/// Since when it gets no calls because of that, in seconds since 1970.
	pub barred_at: Option<u64>,
}

impl Trust {
	fn is_used_up(&self) -> bool {
		let share = self.calls >= JUDGED && self.lost.saturating_mul(ONE_IN) > self.calls;
		self.in_a_row >= IN_A_ROW || share
	}
}

impl Ledger {
	/// What is known of a node's deliveries.
	pub fn trust(&self, node: &AccountId) -> Trust {
		self.trust.get(node).copied().unwrap_or_default()
	}

	/// Whether a node's last answer was charged, or may have been, and did not arrive: then it gets
	/// one call at a time.
	pub fn is_doubted(&self, node: &AccountId) -> bool {
		let is_lost = || self.lost.keys().any(|(session, _)| self.is_with(*session, node));
		self.trust.get(node).is_some_and(|trust| trust.in_a_row > 0) || is_lost()
	}

	/// Whether a node has calls under way and may not get another one beside them.
	pub fn must_wait(&self, node: &AccountId) -> bool {
		self.is_doubted(node) && self.busy.iter().any(|(session, _)| self.is_with(*session, node))
	}

	fn is_with(&self, session: SessionId, node: &AccountId) -> bool {
		self.sessions.get(&session).is_some_and(|session| session.node == *node)
	}

	/// Whether a node is paid no more because of what it has signed or settled, which is no matter of
	/// time.
	pub fn is_barred_for_good(&self, node: &AccountId) -> bool {
		self.barred.contains_key(node) && self.trust(node).barred_at.is_none()
	}

	/// The node has not delivered its answer, and it is not known yet whether that was charged.
	pub fn park_lost(&mut self, seat: &Seat) -> Vec<Change> {
		self.park(seat);
		if self.open_lane(seat).is_none() || self.lost.contains_key(&(seat.session, seat.lane)) {
			return Vec::new();
		}
		let counts = self.note_loss(seat);
		self.lost.insert((seat.session, seat.lane), counts);
		let Some(lane) = self.open_lane(seat) else { return Vec::new() };
		if let Some(open) = &mut lane.open {
			open.lost = Some(counts);
		}
		vec![Change::Lane(seat.session, seat.lane, Box::new(lane.clone()))]
	}

	/// What is known of the answer to a call that was parked.
	pub fn fate(&self, seat: &Seat) -> Fate {
		match self.lost.contains_key(&(seat.session, seat.lane)) {
			true => Fate::Lost,
			false => Fate::Unwanted,
		}
	}

	/// Whether a loss is another one in the row: the call was begun after the last loss was noticed.
	fn note_loss(&mut self, seat: &Seat) -> bool {
		let begun = self.starts.get(&(seat.session, seat.lane)).copied().unwrap_or_default();
		let noticed = self.noticed.insert(seat.node.clone(), self.begun);
		noticed.is_none_or(|noticed| begun > noticed)
	}

	/// Counts a call that was charged. `now` is in seconds since 1970.
	pub(super) fn judge(
		&mut self,
		seat: &Seat,
		fate: Fate,
		charge: Balance,
		now: u64,
	) -> Vec<Change> {
		let parked = self.lost.remove(&(seat.session, seat.lane));
		let mut trust = self.trust(&seat.node);
		match fate {
			Fate::Unwanted => return Vec::new(),
			Fate::Lost if charge == 0 => return Vec::new(),
			Fate::Delivered => trust.in_a_row = 0,
			Fate::Lost => {
				let counts = parked.unwrap_or_else(|| self.note_loss(seat));
				trust.in_a_row = trust.in_a_row.saturating_add(counts.into());
				trust.lost = trust.lost.saturating_add(1);
			}
		}
		trust.calls = trust.calls.saturating_add(1);
		let mut changes = Vec::new();
		if fate == Fate::Lost && trust.is_used_up() && !self.barred.contains_key(&seat.node) {
			let Trust { calls, lost, .. } = trust;
			let reason = format!(
				"it charged for answers that did not arrive: {lost} of {calls}; it is asked again after a day"
			);
			changes.extend(self.bar(&seat.node, &reason));
			trust.barred_at = Some(now);
		}
		self.trust.insert(seat.node.clone(), trust);
		changes.push(Change::Trust(seat.node.clone(), Some(trust)));
		changes
	}

	/// Takes what calls have cost from the chain, where their node does not say: their lanes are settled
	/// beyond them, so that nothing more can be charged for them. `now` is in seconds since 1970.
	pub fn take_settled(&mut self, id: SessionId, now: u64) -> Vec<Change> {
		let Some(node) = self.sessions.get(&id).map(|session| session.node.clone()) else {
			return Vec::new();
		};
		let silent = self.lanes(id).filter_map(|(lane, state)| {
			let call = state.open.as_ref().map(|open| &open.call)?;
			let sequence = call.sequence;
			let is_settled = state.settled.sequence >= sequence && call.rejected.is_none();
			let is_left = is_settled && !self.busy.contains(&(id, lane));
			is_left.then(|| Seat { node: node.clone(), session: id, lane, sequence })
		});
		let silent: Vec<_> = silent.collect();
		silent.iter().flat_map(|seat| self.take_one_settled(seat, now)).collect()
	}

	fn take_one_settled(&mut self, seat: &Seat, now: u64) -> Vec<Change> {
		let fate = self.fate(seat);
		let Some(lane) = self.open_lane(seat) else { return Vec::new() };
		let Some(Open { call, .. }) = lane.open.take() else { return Vec::new() };
		let charge = lane.settled.amount.min(lane.authorised).saturating_sub(lane.acknowledged);
		lane.acknowledged = lane.acknowledged.saturating_add(charge);
		let mut changes = vec![Change::Lane(seat.session, seat.lane, Box::new(lane.clone()))];
		if charge > 0 {
			let totals = self.totals.entry((call.model, seat.node.clone())).or_default();
			let broken = u64::from(fate == Fate::Lost);
			*totals =
				totals.plus(Totals { calls: 1, broken, charged: charge, ..Totals::default() });
			changes.push(Change::Totals(call.model, seat.node.clone(), *totals));
			changes.extend(self.judge(seat, fate, charge, now));
		}
		self.found(seat.session, seat.lane);
		let most = call.price.charge(call.input_tokens, call.max_output_tokens);
		if most.is_some_and(|most| charge > most) {
			let reason = format!(
				"it settled {charge} planck on lane {} of session {} for an answer that costs {} at most, \
				 and has no statement for it",
				seat.lane,
				seat.session,
				most.unwrap_or_default(),
			);
			changes.extend(self.bar(&seat.node, &reason));
		}
		changes
	}

	/// Asks nodes again that got no calls for a day. One more loss is enough then. `now` is in
	/// seconds since 1970.
	pub fn lift(&mut self, now: u64) -> Vec<Change> {
		let over =
			|trust: &Trust| trust.barred_at.is_some_and(|at| now >= at.saturating_add(BARRED_FOR));
		let due = self.trust.iter().filter(|(_, trust)| over(trust));
		let due: Vec<_> = due.map(|(node, _)| node.clone()).collect();
		let mut changes = Vec::new();
		for node in due {
			changes.extend(self.forgive(&node));
			let trust = Trust { in_a_row: IN_A_ROW.saturating_sub(1), ..Trust::default() };
			self.trust.insert(node.clone(), trust);
			changes.push(Change::Trust(node, Some(trust)));
		}
		changes
	}

	/// Nothing is open on a lane any more.
	pub(super) fn found(&mut self, session: SessionId, lane: LaneId) {
		self.lost.remove(&(session, lane));
	}
}
