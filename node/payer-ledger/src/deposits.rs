//! The money that is put into sessions: the transactions that do it, and what became of each.

use openledger_primitives::{AccountId, Balance, BlockNumber, SessionId};

use crate::{
	books::Books,
	budget::Budget,
	funds::Funds,
	means::Means,
	nodes::Nodes,
	session::{Session, Signers},
	shortfall::Shortfall,
	types::{Change, Intent, IntentKind},
};

/// See the module's documentation.
#[derive(Debug)]
pub struct Deposits<'a> {
	pub(crate) books: &'a mut Books,
	pub(crate) funds: &'a mut Funds,
	pub(crate) nodes: &'a Nodes,
	pub(crate) signers: &'a Signers,
}

impl Deposits<'_> {
	fn means(&self) -> Means<'_> {
		let Self { books, funds, nodes, signers } = self;
		Means { books, funds, nodes, signers }
	}

	/// Writes down that a transaction will put money into a session with `node`: what is usual, but
	/// `need` at least. Returns how much, and what has to be on disk before it is submitted.
	///
	/// # Errors
	/// [`Shortfall::Budget`], [`Shortfall::UnderWay`] or [`Shortfall::Barred`].
	pub(crate) fn plan(
		self,
		node: &AccountId,
		need: Balance,
		kind: IntentKind,
		from: BlockNumber,
		budget: &Budget,
	) -> Result<(Balance, Change), Shortfall> {
		if let Some(reason) = self.nodes.barred().get(node) {
			return Err(Shortfall::Barred(reason.clone()));
		}
		if self.funds.intents().contains_key(node) {
			return Err(Shortfall::UnderWay);
		}
		let means = self.means();
		let committed = means.committed();
		let amount = budget.portion(need, committed);
		let amount = amount.ok_or_else(|| means.over_budget(committed, budget))?;
		Ok((amount, self.funds.plan(node, Intent { kind, amount, from })))
	}

	/// Ends a submission, with an outcome that is known or not.
	pub(crate) fn submitted(self, node: &AccountId) {
		self.funds.submitted(node);
	}

	/// Notes that the transaction under way has opened a session, in the block `opened_at` or an earlier one.
	pub fn opened(
		self,
		node: &AccountId,
		id: SessionId,
		deposit: Balance,
		expires_at: BlockNumber,
		opened_at: BlockNumber,
	) -> Vec<Change> {
		let (intent, done) = self.funds.take(node);
		let session = Session {
			retired: self.nodes.barred().contains_key(node),
			opened_after: intent.as_ref().map_or(0, |intent| intent.from),
			opening: intent.and_then(|intent| intent.opening()),
			..Session::new(id, node.clone(), deposit, expires_at, opened_at)
		};
		let mut changes = vec![done];
		// The number may have been given away by a chain reorganisation and come back.
		let known = self.books.get_mut(id).filter(|book| book.session.opening.is_some());
		if let Some(book) = known {
			let before = book.session.clone();
			changes.extend(book.succeed(session.clone()));
			changes.extend(self.funds.search_again(before));
		} else {
			self.books.insert(session.clone());
			changes.push(Change::Anew(id));
		}
		changes.push(Change::Session(session));
		changes
	}

	/// Notes that the transaction under way has added to a session's deposit.
	pub fn topped_up(self, node: &AccountId) -> Vec<Change> {
		let (intent, done) = self.funds.take(node);
		let mut changes = vec![done];
		let Some(Intent { kind: IntentKind::TopUp { session, before }, amount, .. }) = intent
		else {
			return changes;
		};
		if let Some(book) = self.books.get_mut(session) {
			// It may have been seen on chain already.
			let deposit = book.session.deposit.max(before.saturating_add(amount));
			changes.push(book.set(|session| session.deposit = deposit));
		}
		changes
	}

	/// Forgets the transaction under way: it has not happened, and never will.
	pub fn abandon(self, node: &AccountId) -> Vec<Change> {
		vec![self.funds.take(node).1]
	}

	/// Notes that a displaced session was found under another number. No voucher names that one yet.
	pub fn moved(self, id: SessionId, to: SessionId) -> Vec<Change> {
		let node = self.books.session(id).map(|session| session.node.clone());
		let is_barred = node.as_ref().is_some_and(|node| self.nodes.barred().contains_key(node));
		let mut changes = self.books.moved(id, to, is_barred);
		if let Some(node) = node.filter(|_| !changes.is_empty()) {
			changes.extend(self.funds.forget_top_up(&node, id));
		}
		changes
	}
}
