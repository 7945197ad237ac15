//! The ledger, the file that it is in, and the budget: what spends money goes through here.
//!
//! An operation changes the ledger, hands the change over to the file, and returns when it is on
//! disk. After a write that failed nothing is spent any more.

use std::sync::atomic::{AtomicBool, Ordering};

use openledger_client::{caller::LaneTerms, x402::Receipt};
use openledger_primitives::{AccountId, Balance, BlockNumber, ModelId};
use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::Notify;

use crate::{
	budget::Budget,
	ledger::{Begun, Change, Correction, Draft, Fate, IntentKind, Ledger, Seat, Shortfall},
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

/// A call whose outcome somebody is finding out.
#[derive(Debug)]
pub struct Resumed<'a> {
	treasury: &'a Treasury,
	seat: &'a Seat,
}

impl Drop for Resumed<'_> {
	fn drop(&mut self) {
		self.treasury.park(self.seat);
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

	/// Sets aside `amount` for a call, on a lane of its own. When this returns, the voucher may go
	/// out.
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
	) -> Result<Begun, TreasuryError> {
		if !self.is_well() {
			return Err(StoreError::Closed.into());
		}
		self.change(|ledger| ledger.begin(node, model, amount, draft, best, &self.budget)).await
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
		seat: &Seat,
		receipt: Receipt,
		fate: Fate,
	) -> Result<(), StoreError> {
		let now = unix_seconds();
		self.update(|ledger| ledger.settle(seat, receipt, fate, now)).await
	}

	/// The call was not charged.
	///
	/// # Errors
	/// If it cannot be written down.
	pub async fn release(&self, seat: &Seat, taken: bool) -> Result<(), StoreError> {
		self.update(|ledger| ledger.release(seat, taken)).await
	}

	/// The voucher was refused, and the next one has to be another.
	///
	/// # Errors
	/// If it cannot be written down.
	pub async fn correct(&self, seat: &Seat, correction: Correction) -> Result<(), StoreError> {
		self.update(|ledger| ledger.correct(seat, correction)).await
	}

	/// The statement does not hold.
	///
	/// # Errors
	/// If it cannot be written down.
	pub async fn reject(
		&self,
		seat: &Seat,
		receipt: Receipt,
		reason: &str,
	) -> Result<(), StoreError> {
		self.update(|ledger| ledger.reject(seat, receipt, reason)).await
	}

	/// Nobody knows yet what became of the call.
	pub fn park(&self, seat: &Seat) {
		self.ledger.lock().park(seat);
		self.freed.notify_waiters();
	}

	/// The node has not delivered its answer, and nobody knows yet whether that was charged.
	///
	/// # Errors
	/// If it cannot be written down.
	pub async fn park_lost(&self, seat: &Seat) -> Result<(), StoreError> {
		self.update(|ledger| ledger.park_lost(seat)).await
	}

	/// Takes up a call that nobody is looking after, if there is still one at this seat. It is left for
	/// later when this is dropped, unless it is known by then what became of it.
	pub fn resume<'a>(&'a self, seat: &'a Seat) -> Option<Resumed<'a>> {
		let is_there = self.ledger.lock().resume(seat);
		is_there.then_some(Resumed { treasury: self, seat })
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
