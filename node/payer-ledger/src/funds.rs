//! Money that closed sessions have cost, and money that is on its way into others.

use std::collections::{BTreeMap, BTreeSet};

use openledger_primitives::{AccountId, Balance, SessionId};

use crate::{
	session::{Opening, Session},
	types::{Change, Intent, IntentKind, Meta},
};

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct Funds {
	meta: Meta,
	intents: BTreeMap<AccountId, Intent>,
	/// Nodes for which this process is submitting a transaction.
	submitting: BTreeSet<AccountId>,
}

impl Funds {
	pub(crate) fn new(meta: Meta, intents: BTreeMap<AccountId, Intent>) -> Self {
		Self { meta, intents, submitting: BTreeSet::new() }
	}

	/// Whose ledger it is, and what is behind it.
	pub fn meta(&self) -> &Meta {
		&self.meta
	}

	/// Transactions whose outcome is not known, by node.
	pub fn intents(&self) -> &BTreeMap<AccountId, Intent> {
		&self.intents
	}

	/// Returns `true` while this process is submitting a transaction for a node.
	pub fn is_submitting(&self, node: &AccountId) -> bool {
		self.submitting.contains(node)
	}

	/// The amount that transactions of unknown outcome may put into sessions, in planck.
	pub(crate) fn on_its_way(&self) -> Balance {
		self.intents.values().fold(0, |sum: Balance, intent| sum.saturating_add(intent.amount))
	}

	/// The part of an amount that was spent since the budget began to count.
	pub(crate) fn since_then(&self, amount: Balance) -> Balance {
		self.meta.closed.saturating_add(amount).saturating_sub(self.meta.baseline)
	}

	/// Lets the budget count from now on, where `exposed` planck are spent in sessions that are open.
	pub(crate) fn rebase(&mut self, exposed: Balance) -> Change {
		self.meta.baseline = self.meta.closed.saturating_add(exposed);
		Change::Meta(self.meta.clone())
	}

	/// Notes what a session has cost that is closed, in planck.
	pub(crate) fn spend(&mut self, cost: Balance) -> Change {
		self.meta.closed = self.meta.closed.saturating_add(cost);
		Change::Meta(self.meta.clone())
	}

	/// Notes a transaction that is about to be submitted.
	pub(crate) fn plan(&mut self, node: &AccountId, intent: Intent) -> Change {
		self.intents.insert(node.clone(), intent.clone());
		self.submitting.insert(node.clone());
		Change::Intent(node.clone(), Some(intent))
	}

	/// Counts a session again as one that a transaction may have opened: another one has its number now, and it
	/// may be there under another.
	pub(crate) fn search_again(&mut self, session: Session) -> Option<Change> {
		let Session { node, opened_after: from, opening, .. } = session;
		let Opening { first, amount, expires_at, .. } = opening?;
		if self.intents.contains_key(&node) {
			return None;
		}
		let kind = IntentKind::Open { expires_at, first };
		let change = self.plan(&node, Intent { kind, amount, from });
		// It was submitted long ago.
		self.submitted(&node);
		Some(change)
	}

	/// Notes that a submission has ended, with an outcome that is known or not.
	pub(crate) fn submitted(&mut self, node: &AccountId) {
		self.submitting.remove(node);
	}

	/// Takes the transaction under way for a node, whose outcome is known now.
	pub(crate) fn take(&mut self, node: &AccountId) -> (Option<Intent>, Change) {
		(self.intents.remove(node), Change::Intent(node.clone(), None))
	}

	/// Forgets a transaction that would have added to a session which is closed: it can go nowhere now.
	pub(crate) fn forget_top_up(&mut self, node: &AccountId, id: SessionId) -> Option<Change> {
		match self.intents.get(node)?.kind {
			IntentKind::TopUp { session, .. } if session == id => Some(self.take(node).1),
			IntentKind::TopUp { .. } | IntentKind::Open { .. } => None,
		}
	}
}
