//! The promises of a payer: the sessions, their lanes, and the budget that they share.
//!
//! No input or output happens here. Each operation checks everything, then changes the ledger, and
//! hands out what has to reach the disk before anybody acts on it. All that is counted against the
//! budget is counted at its worst:
//!
//! - money that is in a session is committed until the session is closed, and so is money that a
//!   transaction of unknown outcome may have put there;
//! - a lane counts as the most that any of its vouchers has authorised, also one that the node has
//!   refused: it may have kept it;
//! - a session that was closed by somebody else counts as what its node could have settled.
//!
//! The ledger is made of [`Books`], [`Funds`] and [`Nodes`], which do not know one another. What needs
//! more than one of them is here, in [`Means`] and in [`Deposits`].

use std::collections::BTreeMap;

use openledger_primitives::{
	info::SessionInfo,
	price::{PriceSchedule, Tokens},
	AccountId, Balance, BlockNumber, LaneId, ModelId, SessionId,
};
use openledger_protocol::{
	x402::{is_at_most, Receipt},
	LaneStateBody,
};

use crate::{
	adopt::{AdoptError, Adopted, Facts},
	book::Book,
	books::Books,
	budget::Budget,
	call::{Begun, CallTerms, Fate, KeptStatement, LaneSlot, OpenCall},
	deposits::Deposits,
	funds::Funds,
	means::Means,
	nodes::{Nodes, TrustRules},
	oversettled::Oversettled,
	session::{Session, Signers},
	shortfall::Shortfall,
	types::{Change, Contents, Meta, Standing, Totals},
};

/// The ledger. See the module's documentation.
#[derive(Clone, Debug)]
pub struct Ledger {
	books: Books,
	funds: Funds,
	nodes: Nodes,
	totals: BTreeMap<(ModelId, AccountId), Totals>,
	signers: Signers,
}

impl Ledger {
	/// The ledger as it was on disk.
	pub(crate) fn restore(contents: Contents) -> Self {
		let Contents { meta, sessions, lanes, intents, barred, totals, trust } = contents;
		Self {
			books: Books::restore(sessions, lanes),
			funds: Funds::new(meta, intents),
			nodes: Nodes::new(barred, trust),
			totals,
			signers: Signers::default(),
		}
	}

	/// Uses only sessions whose vouchers can be signed with these keys.
	pub fn sign_with(&mut self, signers: Signers) {
		self.signers = signers;
	}

	/// Judges by these rules which nodes are not paid any more.
	pub fn judge_by(&mut self, rules: TrustRules) {
		self.nodes.judge_by(rules);
	}

	/// Whose ledger it is, and what is behind it.
	pub fn meta(&self) -> &Meta {
		self.funds.meta()
	}

	/// Sessions that are not closed, and their lanes.
	pub fn books(&self) -> &Books {
		&self.books
	}

	/// The same, to change what only they know of.
	pub fn books_mut(&mut self) -> &mut Books {
		&mut self.books
	}

	/// Transactions under way.
	pub fn funds(&self) -> &Funds {
		&self.funds
	}

	/// Nodes, and how far they are trusted.
	pub fn nodes(&self) -> &Nodes {
		&self.nodes
	}

	/// The sums of calls, by model and node.
	pub fn totals(&self) -> &BTreeMap<(ModelId, AccountId), Totals> {
		&self.totals
	}

	/// The standing of the budget.
	pub fn standing(&self) -> Standing {
		let charged = self.totals.values().map(|totals| totals.charged);
		Standing {
			charged: charged.fold(0, Balance::saturating_add),
			reserved: self.books.sum(Book::reserved),
			deposited: self.books.sum(|book| book.session.deposit),
			committed: self.means().committed(),
			exposed: self.means().exposed(),
		}
	}

	/// Lets the budget count from now on. What is in sessions and not spent still counts.
	pub fn rebase(&mut self) -> Vec<Change> {
		vec![self.funds.rebase(self.books.sum(Book::exposure))]
	}

	/// The means to pay calls with.
	pub fn means(&self) -> Means<'_> {
		let Self { books, funds, nodes, signers, .. } = self;
		Means { books, funds, nodes, signers }
	}

	/// The money that is put into sessions, and the transactions that do it.
	pub fn deposits(&mut self) -> Deposits<'_> {
		let Self { books, funds, nodes, signers, .. } = self;
		Deposits { books, funds, nodes, signers }
	}

	/// Takes a lane of a session with `node`, and sets aside what a call may cost.
	///
	/// # Errors
	/// [`Shortfall`].
	pub(crate) fn begin(
		&mut self,
		node: &AccountId,
		agreed: CallTerms,
		best: BlockNumber,
		budget: &Budget,
	) -> Result<(Begun, Change), Shortfall> {
		if !is_at_most(&agreed.price(), &agreed.list_price) {
			return Err(Shortfall::AboveListPrice);
		}
		let (wanted, amount) = (&agreed.agreement, agreed.allowance);
		let (id, lane) = self.means().place(node, wanted, amount, best, budget)?;
		let number = self.nodes.begin();
		let book = self.books.get_mut(id);
		let begun = book.and_then(|book| book.begin(lane, agreed, number));
		begun.ok_or(Shortfall::LanesDenied { session: id })
	}

	/// Takes a statement that was checked, and counts what became of the answer that it charges for.
	/// `now` is in seconds since 1970.
	pub fn acknowledge(
		&mut self,
		slot: &LaneSlot,
		receipt: Receipt,
		fate: Fate,
		now: u64,
	) -> Vec<Change> {
		let statement = &receipt.statement;
		let book = self.books.get_mut(slot.session);
		let ended =
			book.and_then(|book| book.end(slot, |lane, _| lane.charge(slot.sequence, statement)));
		ended.map(|ended| self.charged(slot, ended, receipt, fate, now)).unwrap_or_default()
	}

	/// Takes the statement of a call whose voucher was refused at first and taken after all; it was
	/// checked. Nobody has its answer, so it counts as one that was charged and lost, and as another one in
	/// a row: that is no accident of the same moment. An open call with the same sequence ends: that is used.
	/// `now` is in seconds since 1970.
	pub fn take_up(&mut self, slot: &LaneSlot, receipt: Receipt, now: u64) -> Vec<Change> {
		let statement = &receipt.statement;
		let book = self.books.get_mut(slot.session);
		let taken = book
			.and_then(|book| book.revise(slot.lane, |lane| lane.take_up(slot.sequence, statement)));
		let Some((Some(call), change)) = taken else { return Vec::new() };
		let call = OpenCall { lost: Some(true), ..call };
		let mut changes = self.charged(slot, (call, change), receipt, Fate::Lost, now);
		changes.extend(self.books.at(slot.session, |book| book.release(slot, false)));
		changes
	}

	/// Counts a call that was charged by its statement, which is kept.
	fn charged(
		&mut self,
		slot: &LaneSlot,
		(call, lane): (OpenCall, Change),
		receipt: Receipt,
		fate: Fate,
		now: u64,
	) -> Vec<Change> {
		let statement = receipt.statement.newest();
		let charge = statement.charge;
		let totals = Totals::of(statement, fate == Fate::Delivered);
		let totals = self.count(&slot.node, call.agreed.agreement.model, totals);
		let kept = Change::Statement(Box::new(call.kept(&slot.node, receipt, None)));
		let mut changes = vec![lane, totals, kept];
		let number = self.number(slot);
		changes.extend(self.judge(&slot.node, call.lost, fate, charge, number, now));
		changes
	}

	/// Adds calls to the sums of calls.
	fn count(&mut self, node: &AccountId, model: ModelId, one: Totals) -> Change {
		let totals = self.totals.entry((model, node.clone())).or_default();
		*totals = totals.plus(one);
		Change::Totals(model, node.clone(), *totals)
	}

	/// Judges the node of a call that was charged: if it was `lost`, that says if it is another one in a row, where
	/// that is known. The number is that of the call among all calls of this process.
	fn judge(
		&mut self,
		node: &AccountId,
		lost: Option<bool>,
		fate: Fate,
		charge: Balance,
		number: u64,
		now: u64,
	) -> Vec<Change> {
		let mut changes = self.nodes.judge(node, fate, charge, (number, lost), now);
		if self.nodes.barred().contains_key(node) {
			changes.extend(self.books.retire_all(node));
		}
		changes
	}

	/// The number of a call among all calls of this process.
	fn number(&self, slot: &LaneSlot) -> u64 {
		self.books.get(slot.session).map_or(0, |book| book.number(slot.lane))
	}

	/// Leaves a call for later. What it could cost stays set aside.
	pub(crate) fn park(&mut self, slot: &LaneSlot) {
		if let Some(book) = self.books.get_mut(slot.session) {
			book.park(slot);
		}
	}

	/// The same for a call whose node has not delivered its answer; it is not known yet if that was
	/// charged.
	pub fn park_lost(&mut self, slot: &LaneSlot) -> Vec<Change> {
		self.park(slot);
		if self.books.open(slot).is_none_or(|call| call.lost.is_some()) {
			return Vec::new();
		}
		let in_a_row = self.nodes.note_loss(&slot.node, self.number(slot));
		self.books.at(slot.session, |book| book.amend(slot, |call| call.lost = Some(in_a_row)))
	}

	/// Rejects a statement that does not hold. What the call could cost stays set aside, nobody asks about
	/// it again, and the node gets no more calls. The statement is kept among the others if it `proves`
	/// something: if the node has signed it, for this very call.
	pub fn reject(
		&mut self,
		slot: &LaneSlot,
		call: &OpenCall,
		receipt: Receipt,
		reason: &str,
		proves: bool,
	) -> Vec<Change> {
		let hash = call.agreed.request_hash;
		if self.books.open(slot).is_some_and(|open| open.agreed.request_hash == hash) {
			self.park(slot);
		}
		let mut changes = self.bar(&slot.node, reason);
		let rejected = self.books.get_mut(slot.session);
		let rejected =
			rejected.and_then(|book| book.revise(slot.lane, |lane| lane.reject(hash, &receipt)));
		changes.extend(rejected.map(|((), change)| change));
		let kept = proves.then(|| call.kept(&slot.node, receipt, Some(reason)));
		changes.extend(kept.map(|kept| Change::Statement(Box::new(kept))));
		changes
	}

	/// Takes what a call has cost from the chain, where its node does not say: its lane is settled beyond
	/// it, so that nothing more can be charged for it.
	fn take_settled(&mut self, slot: &LaneSlot, now: u64) -> Vec<Change> {
		let (mut charge, number) = (0, self.number(slot));
		let book = self.books.get_mut(slot.session);
		let ended = book
			.and_then(|book| book.end(slot, |lane, _| charge = lane.charge_settled(slot.sequence)));
		let Some((call, change)) = ended else { return Vec::new() };
		let mut changes = vec![change];
		changes.extend(self.charge_unstated(slot, &call, charge, number, now));
		let agreed = &call.agreed;
		let most = Tokens::new(agreed.input_tokens, agreed.max_output_tokens);
		let most = agreed.charge(&most);
		if let Some(most) = most.filter(|most| charge > *most) {
			let reason = format!(
				"it settled {charge} planck on lane {} of session {} for an answer that costs {most} at \
				 most, and has no statement for it",
				slot.lane, slot.session,
			);
			changes.extend(self.bar(&slot.node, &reason));
		}
		changes
	}

	/// Counts a call that was charged without a statement.
	fn charge_unstated(
		&mut self,
		slot: &LaneSlot,
		call: &OpenCall,
		charge: Balance,
		number: u64,
		now: u64,
	) -> Vec<Change> {
		if charge == 0 {
			return Vec::new();
		}
		let broken = u64::from(call.lost.is_some());
		let one = Totals { calls: 1, broken, charged: charge, ..Totals::default() };
		let mut changes = vec![self.count(&slot.node, call.agreed.agreement.model, one)];
		changes.extend(self.judge(&slot.node, call.lost, call.fate(), charge, number, now));
		changes
	}

	/// Takes over what the caller has signed for on a lane, as its node tells it, where that is more than is known
	/// here: the caller's own voucher, the list that it acknowledges, and the statement of its call. The list
	/// price is that of the voucher's model and price version. Nobody has seen the answer to that call, so that it
	/// counts as lost, unless it is plain that the lane was forgotten. `now` is in seconds since 1970.
	///
	/// # Errors
	/// [`AdoptError`].
	pub fn adopt(
		&mut self,
		session: SessionId,
		state: &LaneStateBody,
		receipt_key: &AccountId,
		list_price: &PriceSchedule,
		now: u64,
	) -> Result<Vec<Change>, AdoptError> {
		let Meta { genesis_hash, caller, .. } = self.funds.meta();
		let book = self.books.get_mut(session).filter(|book| !book.session.is_displaced());
		let book = book.ok_or(AdoptError::NoSession)?;
		let node = book.session.node.clone();
		let signer = book.session.signer.as_ref();
		let facts =
			Facts { genesis_hash: *genesis_hash, session, caller, signer, receipt_key, list_price };
		let adopted = Adopted::check(state, facts)?;
		let known = book.lane(state.lane);
		let is_forgotten = known.is_none_or(|lane| !lane.is_used() || lane.is_forgotten());
		let (calls, change) = book.adopt(&adopted)?;
		let number = book.number(state.lane);
		let Adopted { voucher, receipt, .. } = adopted;
		let mut changes = vec![change, self.count(&node, voucher.agreement.model, calls)];
		let Some(receipt) = receipt else { return Ok(changes) };
		if !is_forgotten {
			let charge = receipt.statement.newest().charge;
			changes.extend(self.judge(&node, None, Fate::Lost, charge, number, now));
		}
		let receipt_key = receipt_key.clone();
		let kept = KeptStatement { node, receipt_key, salt: None, receipt, rejected: None };
		changes.push(Change::Statement(Box::new(kept)));
		Ok(changes)
	}

	/// Pays the node of a session no more that states a call of a lane as charged of which it was known that it
	/// was not; and signs no more on that lane.
	pub(crate) fn accuse_of_charging(&mut self, session: SessionId, lane: LaneId) -> Vec<Change> {
		let Some(book) = self.books.get_mut(session) else { return Vec::new() };
		let node = book.session.node.clone();
		let mut changes: Vec<_> = book.close_lane(lane).into_iter().collect();
		let reason = format!(
			"it states a call on lane {lane} of session {session} as charged that was not, by its own word"
		);
		changes.extend(self.bar(&node, &reason));
		changes
	}

	/// Counts it as a charge for an answer that did not arrive that the node of a call has refused its voucher for a
	/// reason that the chain contradicts: it can settle what that allows. `now` is in seconds since 1970.
	pub fn count_untrue(&mut self, slot: &LaneSlot, allowance: Balance, now: u64) -> Vec<Change> {
		let number = self.number(slot);
		self.judge(&slot.node, None, Fate::Lost, allowance, number, now)
	}

	/// Pays a node no more, and uses no session with it. This holds until it is forgiven.
	pub fn bar(&mut self, node: &AccountId, reason: &str) -> Vec<Change> {
		let mut changes = self.nodes.bar(node, reason);
		changes.extend(self.books.retire_all(node));
		changes
	}

	/// Pays a node again.
	pub fn forgive(&mut self, node: &AccountId) -> Vec<Change> {
		self.nodes.forgive(node)
	}

	/// Asks nodes again that got no calls for a day. `now` is in seconds since 1970.
	pub fn lift(&mut self, now: u64) -> Vec<Change> {
		self.nodes.lift(now)
	}

	/// Takes over a session of the caller that the chain has and that is not known here: the state was lost. All
	/// that is in it counts as spent, for its node may hold vouchers for it; and nothing that is settled in it
	/// is held against the node by sums alone.
	pub fn take_over(&mut self, info: &SessionInfo) -> Vec<Change> {
		if info.caller != self.funds.meta().caller {
			return Vec::new();
		}
		let is_barred = self.nodes.barred().contains_key(&info.node);
		self.books.take_over(info, is_barred)
	}

	/// Compares a session that was opened lately with a final block. There its number stays what it is, or
	/// that of another one.
	pub fn prove(&mut self, id: SessionId, info: &SessionInfo) -> Vec<Change> {
		let caller = &self.funds.meta().caller;
		self.books.at(id, |book| book.prove(info, caller))
	}

	/// Compares a session with what the chain has of it, as of when it was asked: nothing if it is closed.
	/// `now` is in seconds since 1970.
	pub fn observe(
		&mut self,
		id: SessionId,
		seen: Option<&SessionInfo>,
		now: u64,
	) -> (Vec<Change>, Vec<Oversettled>) {
		let caller = &self.funds.meta().caller;
		let Some(book) = self.books.get_mut(id) else { return Default::default() };
		let is_new = book.session.opening.is_some();
		match seen {
			_ if book.session.is_displaced() => Default::default(),
			Some(info) if info.caller == *caller && info.node == book.session.node => {
				(book.observe(info), Vec::new())
			}
			// That may be so for a few blocks only.
			Some(_) if is_new => (book.retire().into_iter().collect(), Vec::new()),
			// It may be there under another number.
			None if is_new => (vec![book.displace()], Vec::new()),
			// A chain that was started anew gives the same number to another session.
			Some(_) | None => self.closed(id, None, now),
		}
	}

	/// Judges by what the chain has settled of a session: what its node does not say of calls that are
	/// settled is taken from there, and what was settled beyond its statements is evidence against it.
	/// `now` is in seconds since 1970.
	pub fn reckon(&mut self, id: SessionId, now: u64) -> (Vec<Change>, Vec<Oversettled>) {
		let silent = self.books.get(id).map(Book::settled_calls).unwrap_or_default();
		let changes = silent.iter().flat_map(|slot| self.take_settled(slot, now)).collect();
		(changes, self.books.get(id).map(Book::oversettled).unwrap_or_default())
	}

	/// Closes a session. `refunded` is what came back, where that is known; else it counts as what the
	/// node could have settled. There will be nobody to ask any more: calls whose outcome is unknown count
	/// as charged as far as that is what it has cost, and the rest is evidence against the node. `now` is
	/// in seconds since 1970.
	pub fn closed(
		&mut self,
		id: SessionId,
		refunded: Option<Balance>,
		now: u64,
	) -> (Vec<Change>, Vec<Oversettled>) {
		let Some(book) = self.books.remove(id) else { return Default::default() };
		let Session { node, deposit, .. } = &book.session;
		let cost = match refunded {
			Some(refunded) => deposit.saturating_sub(refunded),
			None => book.most_settled(),
		};
		let mut changes = vec![Change::Closed(book.session.clone()), self.funds.spend(cost)];
		changes.extend(self.funds.forget_top_up(node, id));
		let (stated, mut evidence) = (book.spent(), book.last_oversettled());
		let mut unstated = match book.is_complete() {
			true => cost.saturating_sub(stated),
			// Calls that were forgotten explain any cost.
			false => 0,
		};
		for (slot, call) in book.unresolved() {
			let charge = unstated.min(call.agreed.allowance);
			unstated = unstated.saturating_sub(charge);
			let number = book.number(slot.lane);
			changes.extend(self.charge_unstated(&slot, call, charge, number, now));
		}
		// Of what came back it is known what all lanes together have cost.
		if refunded.is_some() && unstated > 0 {
			evidence.push(Oversettled::of(book.session(), None, cost, stated));
		}
		(changes, evidence)
	}
}
