//! Nodes that charge for what does not arrive, and nodes that are not paid any more.
//!
//! A statement proves what was charged, and nothing about what was sent. So it is counted how often
//! a node has charged for an answer that it did not deliver. As long as its last call ended so, it
//! gets one call at a time; after a few such calls, none for a day. A node that has signed or settled
//! what it should not have gets none until it is forgiven.

use std::collections::{BTreeMap, HashMap};

use openledger_primitives::{AccountId, Balance};

use crate::{
	call::Fate,
	types::{Change, Trust},
};

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

	fn are_broken(&self, trust: &Trust) -> bool {
		let share =
			trust.calls >= self.judged && trust.lost.saturating_mul(self.one_in) > trust.calls;
		trust.in_a_row >= self.in_a_row || share
	}
}

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct Nodes {
	barred: BTreeMap<AccountId, String>,
	trust: BTreeMap<AccountId, Trust>,
	/// Calls that were begun in this process.
	begun: u64,
	/// The number of calls that had been begun when a node's last loss was noticed.
	noticed: HashMap<AccountId, u64>,
	rules: TrustRules,
}

impl Nodes {
	pub(crate) fn new(
		barred: BTreeMap<AccountId, String>,
		trust: BTreeMap<AccountId, Trust>,
	) -> Self {
		let (noticed, rules) = (HashMap::new(), TrustRules::default());
		Self { barred, trust, begun: 0, noticed, rules }
	}

	pub(crate) fn judge_by(&mut self, rules: TrustRules) {
		self.rules = rules;
	}

	#[cfg(test)]
	pub(crate) fn trusted(&self) -> &BTreeMap<AccountId, Trust> {
		&self.trust
	}

	/// Nodes that are paid no more, and why.
	pub fn barred(&self) -> &BTreeMap<AccountId, String> {
		&self.barred
	}

	/// A node's deliveries.
	pub fn trust(&self, node: &AccountId) -> Trust {
		self.trust.get(node).copied().unwrap_or_default()
	}

	/// Returns `true` if a node is paid no more because of what it has signed or settled, which is no
	/// matter of time.
	pub fn is_barred_for_good(&self, node: &AccountId) -> bool {
		self.barred.contains_key(node) && self.trust(node).barred_at.is_none()
	}

	/// Notes that a call begins. Returns its number among all calls of this process.
	pub(crate) fn begin(&mut self) -> u64 {
		self.begun = self.begun.saturating_add(1);
		self.begun
	}

	/// Notes that the answer to a call with this number did not arrive. Returns `true` if that is another
	/// loss in a row: the call was begun after the last loss was noticed.
	pub(crate) fn note_loss(&mut self, node: &AccountId, number: u64) -> bool {
		let noticed = self.noticed.insert(node.clone(), self.begun);
		noticed.is_none_or(|noticed| number > noticed)
	}

	/// Counts a call that was charged. `in_a_row` says if its loss is another one in a row, where that
	/// was noted before. `now` is in seconds since 1970.
	pub(crate) fn judge(
		&mut self,
		node: &AccountId,
		fate: Fate,
		charge: Balance,
		(number, in_a_row): (u64, Option<bool>),
		now: u64,
	) -> Vec<Change> {
		let mut trust = self.trust(node);
		match fate {
			Fate::Unwanted => return Vec::new(),
			Fate::Lost if charge == 0 => return Vec::new(),
			Fate::Delivered => trust.in_a_row = 0,
			Fate::Lost => {
				let counts = in_a_row.unwrap_or_else(|| self.note_loss(node, number));
				trust.in_a_row = trust.in_a_row.saturating_add(counts.into());
				trust.lost = trust.lost.saturating_add(1);
			}
		}
		trust.calls = trust.calls.saturating_add(1);
		let mut changes = Vec::new();
		let is_enough = fate == Fate::Lost && self.rules.are_broken(&trust);
		if is_enough && !self.barred.contains_key(node) {
			let Trust { calls, lost, .. } = trust;
			let reason = format!(
				"it charged for answers that did not arrive: {lost} of {calls}; it is asked again after a day"
			);
			trust.barred_at = Some(now);
			self.barred.insert(node.clone(), reason.clone());
			changes.push(Change::Barred(node.clone(), Some(reason)));
		}
		changes.push(self.set(node, trust));
		changes
	}

	/// Pays a node no more. This holds until it is forgiven.
	pub(crate) fn bar(&mut self, node: &AccountId, reason: &str) -> Vec<Change> {
		if self.is_barred_for_good(node) {
			return Vec::new();
		}
		let known = self.trust.get(node).copied();
		let known = known.map(|trust| self.set(node, Trust { barred_at: None, ..trust }));
		self.barred.insert(node.clone(), reason.to_owned());
		let barred = Change::Barred(node.clone(), Some(reason.to_owned()));
		known.into_iter().chain([barred]).collect()
	}

	/// Pays a node again.
	pub(crate) fn forgive(&mut self, node: &AccountId) -> Vec<Change> {
		let barred = self.barred.remove(node).map(|_| Change::Barred(node.clone(), None));
		let trust = self.trust.remove(node).map(|_| Change::Trust(node.clone(), None));
		barred.into_iter().chain(trust).collect()
	}

	/// Asks nodes again that got no calls for a day. One more loss is enough then. `now` is in
	/// seconds since 1970.
	pub(crate) fn lift(&mut self, now: u64) -> Vec<Change> {
		let over =
			|trust: &Trust| trust.barred_at.is_some_and(|at| now >= at.saturating_add(BARRED_FOR));
		let due = self.trust.iter().filter(|(_, trust)| over(trust));
		let due: Vec<_> = due.map(|(node, _)| node.clone()).collect();
		let in_a_row = self.rules.in_a_row.saturating_sub(1);
		let mut changes = Vec::new();
		for node in due {
			changes.extend(self.forgive(&node));
			changes.push(self.set(&node, Trust { in_a_row, ..Trust::default() }));
		}
		changes
	}

	fn set(&mut self, node: &AccountId, trust: Trust) -> Change {
		self.trust.insert(node.clone(), trust);
		Change::Trust(node.clone(), Some(trust))
	}
}
