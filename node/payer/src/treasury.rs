//! The ledger, the file that it is in, and the budget: what spends money goes through here.
//!
//! An operation changes the ledger, hands the change over to the file, and returns when it is on
//! disk. After a write that failed nothing is spent any more.

use std::{
	ops::Deref,
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc,
	},
};

use openledger_primitives::{AccountId, Balance, BlockNumber, ModelId};
use openledger_protocol::x402::Receipt;
use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::Notify;

use crate::{
	budget::Budget,
	known::LaneTerms,
	ledger::{Begun, Change, Correction, Draft, Fate, IntentKind, LaneSlot, Ledger, Shortfall},
	store::{unix_seconds, Store, StoreError},
};

/// Why nothing can be spent.
#[derive(Clone, Debug, Error)]
pub enum TreasuryError {
	/// Something is missing.
	#[error(transparent)]
	Short(#[from] Shortfall),
	/// It cannot be written down.
	#[error(transparent)]
	Store(#[from] StoreError),
}

/// A lane and an amount that are set aside for one call, on disk. Nothing else is paid out of: see
/// [`SignedVoucher`](crate::voucher::SignedVoucher).
#[derive(Debug)]
#[must_use = "what is set aside has to be released or acknowledged"]
pub struct Reserved(Begun);

impl Deref for Reserved {
	type Target = Begun;

	fn deref(&self) -> &Begun {
		&self.0
	}
}

/// A call whose outcome somebody is finding out.
#[derive(Debug)]
pub struct Resumed<'a> {
	treasury: &'a Treasury,
	slot: &'a LaneSlot,
}

impl Drop for Resumed<'_> {
	fn drop(&mut self) {
		self.treasury.park(self.slot);
	}
}

/// The ledger on its file, within a budget.
#[derive(Debug)]
pub struct Treasury {
	ledger: Mutex<Ledger>,
	store: Store,
	budget: Budget,
	/// A call has ended, or money was added: it may be worth trying again.
	freed: Notify,
	failed: AtomicBool,
}

impl Treasury {
	/// Spends within `budget`.
	pub fn new(ledger: Ledger, store: Store, budget: Budget) -> Self {
		Self {
			ledger: Mutex::new(ledger),
			store,
			budget,
			freed: Notify::new(),
			failed: AtomicBool::new(false),
		}
	}

	/// The budget.
	pub fn budget(&self) -> &Budget {
		&self.budget
	}

	/// The file.
	pub fn store(&self) -> &Store {
		&self.store
	}

	/// Whether the ledger can still be written.
	pub fn is_well(&self) -> bool {
		!self.failed.load(Ordering::Relaxed)
	}

	/// Looks something up.
	pub fn look<T>(&self, question: impl FnOnce(&Ledger) -> T) -> T {
		question(&self.ledger.lock())
	}

	/// Changes the ledger, and waits until the change is on disk.
	async fn change<T>(
		&self,
		operation: impl FnOnce(&mut Ledger) -> Result<(T, Vec<Change>), Shortfall>,
	) -> Result<T, TreasuryError> {
		let (value, written) = {
			let mut ledger = self.ledger.lock();
			let (value, changes) = operation(&mut ledger)?;
			// Nothing to write is nothing to wait for.
			let written = (!changes.is_empty()).then(|| self.store.write(changes));
			(value, written)
		};
		if let Some(written) = written {
			if let Err(error) = written.wait().await {
				self.failed.store(true, Ordering::Relaxed);
				return Err(error.into());
			}
		}
		Ok(value)
	}

	/// An operation that lacks nothing.
	async fn note(
		&self,
		operation: impl FnOnce(&mut Ledger) -> Vec<Change>,
	) -> Result<(), StoreError> {
		match self.change(|ledger| Ok(((), operation(ledger)))).await {
			Err(TreasuryError::Store(error)) => Err(error),
			Ok(()) | Err(TreasuryError::Short(_)) => Ok(()),
		}
	}

	/// Any other change that lacks nothing, and wakes whoever waits for money.
	///
	/// # Errors
	/// If it cannot be written down.
	pub async fn update(
		&self,
		operation: impl FnOnce(&mut Ledger) -> Vec<Change>,
	) -> Result<(), StoreError> {
		let noted = self.note(operation).await;
		self.freed.notify_waiters();
		noted
	}

	/// Sets aside `amount` for a call, on a lane of its own. When this returns, that is on disk.
	///
	/// # Errors
	/// What is missing.
	pub async fn begin(
		&self,
		node: &AccountId,
		model: ModelId,
		amount: Balance,
		draft: Draft,
		best: BlockNumber,
	) -> Result<Reserved, TreasuryError> {
		if !self.is_well() {
			return Err(StoreError::Closed.into());
		}
		let beginning =
			|ledger: &mut Ledger| ledger.begin(node, model, amount, draft, best, &self.budget);
		self.change(beginning).await.map(Reserved)
	}

	/// What is missing for a call at these terms, if anything is.
	///
	/// # Errors
	/// That.
	pub fn check(
		&self,
		node: &AccountId,
		terms: LaneTerms,
		amount: Balance,
		best: BlockNumber,
	) -> Result<(), Shortfall> {
		self.look(|ledger| ledger.check(node, terms, amount, best, &self.budget))
	}

	/// Takes a statement that was checked. `fate` is what became of the answer.
	///
	/// # Errors
	/// If it cannot be written down.
	pub async fn acknowledge(
		&self,
		slot: &LaneSlot,
		receipt: Receipt,
		fate: Fate,
	) -> Result<(), StoreError> {
		let now = unix_seconds();
		self.update(|ledger| ledger.settle(slot, receipt, fate, now)).await
	}

	/// The call was not charged.
	///
	/// # Errors
	/// If it cannot be written down.
	pub async fn release(&self, slot: &LaneSlot, taken: bool) -> Result<(), StoreError> {
		self.update(|ledger| ledger.release(slot, taken)).await
	}

	/// The voucher was refused, and the next one of its lane has to be another.
	///
	/// # Errors
	/// If it cannot be written down.
	pub async fn refuse(&self, slot: &LaneSlot, correction: Correction) -> Result<(), StoreError> {
		self.update(|ledger| ledger.refuse(slot, correction)).await
	}

	/// The statement does not hold. `proves` is whether the node has signed it, for this call.
	///
	/// # Errors
	/// If it cannot be written down.
	pub async fn reject(
		&self,
		slot: &LaneSlot,
		receipt: Receipt,
		reason: &str,
		proves: bool,
	) -> Result<(), StoreError> {
		self.update(|ledger| ledger.reject(slot, receipt, reason, proves)).await
	}

	/// Nobody knows yet what became of the call.
	pub fn park(&self, slot: &LaneSlot) {
		self.ledger.lock().park(slot);
		self.freed.notify_waiters();
	}

	/// The node has not delivered its answer, and nobody knows yet whether that was charged.
	///
	/// # Errors
	/// If it cannot be written down.
	pub async fn park_lost(&self, slot: &LaneSlot) -> Result<(), StoreError> {
		self.update(|ledger| ledger.park_lost(slot)).await
	}

	/// Takes up a call that nobody is looking after, if there is still one at this slot. It is left for
	/// later when this is dropped, unless it is known by then what became of it.
	pub fn resume<'a>(&'a self, slot: &'a LaneSlot) -> Option<Resumed<'a>> {
		let is_there = self.ledger.lock().resume(slot);
		is_there.then_some(Resumed { treasury: self, slot })
	}

	/// Writes down that a transaction will put money into a session: as much as usual, if the
	/// account has `available` planck, but `need` at least. When this returns, it may be submitted.
	/// What it puts in, in planck.
	///
	/// # Errors
	/// If the budget does not allow it.
	pub async fn plan(
		&self,
		node: &AccountId,
		need: Balance,
		kind: IntentKind,
		from: BlockNumber,
		available: Balance,
	) -> Result<Balance, TreasuryError> {
		if !self.is_well() {
			return Err(StoreError::Closed.into());
		}
		let budget = Budget { deposit: self.budget.deposit.min(available), ..self.budget };
		self.change(|ledger| ledger.plan(node, need, kind, from, &budget)).await
	}

	/// The submission has ended.
	pub fn submitted(&self, node: &AccountId) {
		self.ledger.lock().submitted(node);
	}

	/// Completes when a call has ended, or money was added, after this was called.
	pub fn freed(&self) -> tokio::sync::futures::Notified<'_> {
		self.freed.notified()
	}
}

/// What those who choose among nodes may know of the ledger: they change nothing.
#[derive(Clone, Debug)]
pub struct Purses(Arc<Treasury>);

/// What there is for calls of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purse {
	/// Whether it is not paid any more.
	pub barred: bool,
	/// Whether its next call has to wait until the one before has come to its end.
	pub must_wait: bool,
	/// What is left in the fullest session with it that can pay for another call, in planck; `None` if
	/// there is no such session.
	pub left: Option<Balance>,
}

impl Purses {
	/// Looks into this treasury.
	pub fn new(treasury: Arc<Treasury>) -> Self {
		Self(treasury)
	}

	/// What there is for calls of a node, when the newest block is `best`.
	pub fn of(&self, node: &AccountId, best: BlockNumber) -> Purse {
		self.0.look(|ledger| Purse {
			barred: ledger.barred().contains_key(node),
			must_wait: ledger.must_wait(node),
			left: ledger.purse(node, best),
		})
	}

	/// See [`Treasury::check`].
	///
	/// # Errors
	/// What is missing.
	pub fn check(
		&self,
		node: &AccountId,
		terms: LaneTerms,
		amount: Balance,
		best: BlockNumber,
	) -> Result<(), Shortfall> {
		self.0.check(node, terms, amount, best)
	}

	/// See [`Treasury::freed`].
	pub fn freed(&self) -> tokio::sync::futures::Notified<'_> {
		self.0.freed()
	}

	/// The budget.
	pub fn budget(&self) -> &Budget {
		self.0.budget()
	}
}
