//! The means to pay calls with: which sessions and lanes there are, what of the budget is left, and which
//! nodes may be paid. Nothing is changed here.

use openledger_primitives::{lane::Agreement, AccountId, Balance, BlockNumber, LaneId, SessionId};

use crate::{
	book::Book, books::Books, budget::Budget, funds::Funds, nodes::Nodes, session::Signers,
	shortfall::Shortfall,
};

/// A node that has refused so many sessions gets no other one before these are closed. When the chain
/// has gone back and a session's number was somebody else's before, that is one.
const MOST_UNWELCOME: usize = 2;

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub struct Means<'a> {
	pub(crate) books: &'a Books,
	pub(crate) funds: &'a Funds,
	pub(crate) nodes: &'a Nodes,
	pub(crate) signers: &'a Signers,
}

impl<'a> Means<'a> {
	/// The amount that counts against the budget: what closed sessions cost, what is in others, and what
	/// is on its way there.
	pub(crate) fn committed(self) -> Balance {
		let deposited = self.books.sum(|book| book.session.deposit);
		let on_its_way = self.funds.on_its_way();
		self.funds.since_then(deposited.saturating_add(on_its_way))
	}

	/// The most that could have been spent by now, if nodes redeem all that they hold.
	pub(crate) fn exposed(self) -> Balance {
		self.funds.since_then(self.books.sum(Book::exposure))
	}

	/// Returns `true` if a node's last answer was charged, or may have been, and did not arrive: then it
	/// gets one call at a time.
	pub fn is_doubted(self, node: &AccountId) -> bool {
		let mut lanes = self.books.with(node).flat_map(Book::lanes);
		let mut is_lost =
			|| lanes.any(|(_, lane)| lane.open.as_ref().is_some_and(|call| call.lost.is_some()));
		self.nodes.trust(node).in_a_row > 0 || is_lost()
	}

	/// Returns `true` if a node has calls under way and may not get another one beside them.
	pub fn must_wait(self, node: &AccountId) -> bool {
		self.books.with(node).any(|book| book.busy() > 0) && self.is_doubted(node)
	}

	/// The rest of the fullest session with a node that can pay for another call, in planck; `None` if
	/// there is no such session.
	pub fn most_left(self, node: &AccountId, best: BlockNumber) -> Option<Balance> {
		self.usable(node, best).map(Book::left).max()
	}

	/// The sessions with a node that can pay for another call now.
	fn usable<'b>(self, node: &'b AccountId, best: BlockNumber) -> impl Iterator<Item = &'b Book>
	where
		'a: 'b,
	{
		let (books, signers): (&'b Books, &'b Signers) = (self.books, self.signers);
		books.with(node).filter(move |book| book.session.can_pay(best, signers))
	}

	/// Compares a call that wants this agreement, whatever its block, with what there is.
	///
	/// # Errors
	/// [`Shortfall`].
	pub fn check(
		self,
		node: &AccountId,
		wanted: &Agreement,
		amount: Balance,
		best: BlockNumber,
		budget: &Budget,
	) -> Result<(), Shortfall> {
		self.place(node, wanted, amount, best, budget).map(drop)
	}

	/// The session, and the lane of it, that pay for a call.
	pub(crate) fn place(
		self,
		node: &AccountId,
		wanted: &Agreement,
		amount: Balance,
		best: BlockNumber,
		budget: &Budget,
	) -> Result<(SessionId, LaneId), Shortfall> {
		if let Some(reason) = self.nodes.barred().get(node) {
			return Err(Shortfall::Barred(reason.clone()));
		}
		if self.must_wait(node) {
			return Err(Shortfall::Doubted);
		}
		let exposed = self.exposed();
		let mut short: Option<(SessionId, Balance)> = None;
		let mut denied = None;
		for book in self.usable(node, best) {
			let id = book.session.id;
			if book.is_denied() {
				denied = Some(id);
				continue;
			}
			let Some(lane) = book.free_lane(wanted) else {
				if book.lanes().any(|(_, lane)| lane.is_denied()) {
					denied = Some(id);
				}
				continue;
			};
			let left = book.left_on(lane);
			if left >= amount {
				// Deposits are within the budget when they are made. But the budget may have been
				// lowered since.
				let more = book.more_exposed(lane, amount);
				return match exposed.saturating_add(more) <= budget.limit {
					true => Ok((id, lane)),
					false => Err(self.over_budget(exposed, budget)),
				};
			}
			// More money for what a node has refused would be its to settle as well.
			if book.unspent() >= amount {
				denied = Some(id);
				continue;
			}
			let need = amount.saturating_sub(left);
			// More in it does not help where its key may not spend more.
			if book.session.limit < book.session.spendable().saturating_add(need) {
				continue;
			}
			if short.is_none_or(|(_, least)| need < least) {
				short = Some((id, need));
			}
		}
		if self.funds.intents().contains_key(node) {
			return Err(Shortfall::UnderWay);
		}
		if short.is_none() {
			// Another session costs another deposit, so that is not for the node alone to say.
			if let Some(session) = denied {
				return Err(Shortfall::LanesDenied { session });
			}
			let sessions = self.books.with(node).filter(|book| book.session.unwelcome).count();
			if sessions >= MOST_UNWELCOME {
				return Err(Shortfall::Unwelcome { sessions });
			}
		}
		let (need, committed) = (short.map_or(amount, |(_, need)| need), self.committed());
		if budget.portion(need, committed).is_none() {
			return Err(self.over_budget(committed, budget));
		}
		Err(match short {
			Some((session, need)) => Shortfall::TopUp { session, need },
			None => Shortfall::Open { need },
		})
	}

	pub(crate) fn over_budget(self, spent: Balance, budget: &Budget) -> Shortfall {
		Shortfall::Budget { left: budget.left(spent), may_change: self.books.busy_lanes() > 0 }
	}
}
