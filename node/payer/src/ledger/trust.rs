//! Nodes that charge for what does not arrive.
//!
//! A statement proves what was charged, and nothing about what was sent. So it is counted how often
//! a node has charged for an answer that it did not deliver. As long as its last call ended so, it
//! gets one call at a time; after a few such calls, none for a day.

use openledger_primitives::{AccountId, Balance, LaneId, SessionId};
use serde::{Deserialize, Serialize};

use super::{Change, LaneSlot, Ledger, Open, Totals};

/// A node gets no calls for so many seconds then: a day.
const BARRED_FOR: u64 = 24 * 60 * 60;

/// The rules by which a node gets no calls for a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustRules {
	/// So many charged losses in a row are too many.
	pub in_a_row: u32,
	/// From so many calls on it also counts which part of them was lost.
	pub judged: u64,
	/// One in so many calls may be lost.
	pub one_in: u64,
}

impl Default for TrustRules {
	fn default() -> Self {
		Self { in_a_row: 3, judged: 20, one_in: 20 }
	}
}

impl TrustRules {
	/// Any number of answers may be lost: for nodes that one breaks oneself.
	pub const ANY_LOSS: Self = Self { in_a_row: u32::MAX, judged: u64::MAX, one_in: 1 };
}

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
	fn is_used_up(&self, rules: &TrustRules) -> bool {
		let share =
			self.calls >= rules.judged && self.lost.saturating_mul(rules.one_in) > self.calls;
		self.in_a_row >= rules.in_a_row || share
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
	pub fn park_lost(&mut self, slot: &LaneSlot) -> Vec<Change> {
		self.park(slot);
		if self.open_lane(slot).is_none() || self.lost.contains_key(&(slot.session, slot.lane)) {
			return Vec::new();
		}
		let counts = self.note_loss(slot);
		self.lost.insert((slot.session, slot.lane), counts);
		let Some(lane) = self.open_lane(slot) else { return Vec::new() };
		if let Some(open) = &mut lane.open {
			open.lost = Some(counts);
		}
		vec![Change::Lane(slot.session, slot.lane, Box::new(lane.clone()))]
	}

	/// What is known of the answer to a call that was parked.
	pub fn fate(&self, slot: &LaneSlot) -> Fate {
		match self.lost.contains_key(&(slot.session, slot.lane)) {
			true => Fate::Lost,
			false => Fate::Unwanted,
		}
	}

	/// Whether a loss is another one in the row: the call was begun after the last loss was noticed.
	fn note_loss(&mut self, slot: &LaneSlot) -> bool {
		let begun = self.starts.get(&(slot.session, slot.lane)).copied().unwrap_or_default();
		let noticed = self.noticed.insert(slot.node.clone(), self.begun);
		noticed.is_none_or(|noticed| begun > noticed)
	}

	/// Counts a call that was charged. `now` is in seconds since 1970.
	pub(super) fn judge(
		&mut self,
		slot: &LaneSlot,
		fate: Fate,
		charge: Balance,
		now: u64,
	) -> Vec<Change> {
		let parked = self.lost.remove(&(slot.session, slot.lane));
		let mut trust = self.trust(&slot.node);
		match fate {
			Fate::Unwanted => return Vec::new(),
			Fate::Lost if charge == 0 => return Vec::new(),
			Fate::Delivered => trust.in_a_row = 0,
			Fate::Lost => {
				let counts = parked.unwrap_or_else(|| self.note_loss(slot));
				trust.in_a_row = trust.in_a_row.saturating_add(counts.into());
				trust.lost = trust.lost.saturating_add(1);
			}
		}
		trust.calls = trust.calls.saturating_add(1);
		let mut changes = Vec::new();
		if fate == Fate::Lost
			&& trust.is_used_up(&self.rules)
			&& !self.barred.contains_key(&slot.node)
		{
			let Trust { calls, lost, .. } = trust;
			let reason = format!(
				"it charged for answers that did not arrive: {lost} of {calls}; it is asked again after a day"
			);
			changes.extend(self.bar(&slot.node, &reason));
			trust.barred_at = Some(now);
		}
		self.trust.insert(slot.node.clone(), trust);
		changes.push(Change::Trust(slot.node.clone(), Some(trust)));
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
			is_left.then(|| LaneSlot { node: node.clone(), session: id, lane, sequence })
		});
		let silent: Vec<_> = silent.collect();
		silent.iter().flat_map(|slot| self.take_one_settled(slot, now)).collect()
	}

	fn take_one_settled(&mut self, slot: &LaneSlot, now: u64) -> Vec<Change> {
		let fate = self.fate(slot);
		let Some(lane) = self.open_lane(slot) else { return Vec::new() };
		let Some(Open { call, .. }) = lane.open.take() else { return Vec::new() };
		let charge = lane.settled.amount.min(lane.authorised).saturating_sub(lane.acknowledged);
		lane.charge(slot.sequence, charge);
		let mut changes = vec![Change::Lane(slot.session, slot.lane, Box::new(lane.clone()))];
		if charge > 0 {
			let totals = self.totals.entry((call.model, slot.node.clone())).or_default();
			let broken = u64::from(fate == Fate::Lost);
			*totals =
				totals.plus(Totals { calls: 1, broken, charged: charge, ..Totals::default() });
			changes.push(Change::Totals(call.model, slot.node.clone(), *totals));
			changes.extend(self.judge(slot, fate, charge, now));
		}
		self.found(slot.session, slot.lane);
		let most = call.price.charge(call.input_tokens, call.max_output_tokens);
		if most.is_some_and(|most| charge > most) {
			let reason = format!(
				"it settled {charge} planck on lane {} of session {} for an answer that costs {} at most, \
				 and has no statement for it",
				slot.lane,
				slot.session,
				most.unwrap_or_default(),
			);
			changes.extend(self.bar(&slot.node, &reason));
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
			let trust =
				Trust { in_a_row: self.rules.in_a_row.saturating_sub(1), ..Trust::default() };
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
