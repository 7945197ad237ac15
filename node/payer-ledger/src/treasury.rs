//! The ledger, the file that it is in, and the budget: what spends money goes through here.
//!
//! An operation changes the ledger, hands the change over to the file, and returns when it is on
//! disk. After a write that failed nothing is spent any more.

use std::{
	ops::Deref,
	path::Path,
	sync::atomic::{AtomicBool, Ordering},
	time::Duration,
};

use openledger_primitives::{
	price::PriceSchedule, AccountId, Balance, BlockNumber, Hash, SessionId,
};
use openledger_protocol::{clock::unix_seconds, LaneStateBody};
use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::{futures::Notified, Notify};

use crate::{
	adopt::AdoptError,
	book::Book,
	budget::Budget,
	call::{Begun, CallTerms, KeptStatement, LaneSlot, OpenCall},
	ledger::Ledger,
	session::Session,
	shortfall::Shortfall,
	store::{Store, StoreError},
	types::{Change, IntentKind},
};

/// The reason why nothing can be spent.
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
/// [`SignedVoucher`](crate::SignedVoucher).
#[derive(Debug)]
#[must_use = "what is set aside has to be released or acknowledged"]
pub struct Reserved(Begun);

impl Deref for Reserved {
	type Target = Begun;

	fn deref(&self) -> &Begun {
		&self.0
	}
}

/// The lane of a call whose outcome somebody is finding out. It is given back when this is dropped.
#[derive(Debug)]
pub struct Held<'a> {
	treasury: &'a Treasury,
	slot: &'a LaneSlot,
	/// The call, if it is open: its voucher was not refused.
	pub call: Option<OpenCall>,
}

impl Drop for Held<'_> {
	fn drop(&mut self) {
		self.treasury.park(self.slot);
	}
}

/// The ledger on its file, within a budget. All that reads or writes the file fails with it.
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
	/// Opens the state of an account in the file `path`, or makes it, and spends within `budget`.
	///
	/// # Errors
	/// If the file cannot be used, belongs to another chain or account, or is in use.
	pub async fn open(
		path: &Path,
		genesis_hash: Hash,
		caller: AccountId,
		budget: Budget,
	) -> Result<Self, StoreError> {
		let (store, ledger) = Store::open(path, genesis_hash, Some(caller)).await?;
		Ok(Self::new(ledger, store, budget))
	}

	/// Opens the state that is in the file `path`, whosever it is, to be looked at.
	///
	/// # Errors
	/// If there is none, or the file cannot be used, belongs to another chain, or is in use.
	pub async fn open_to_read(path: &Path, genesis_hash: Hash) -> Result<Self, StoreError> {
		let (store, ledger) = Store::open(path, genesis_hash, None).await?;
		Ok(Self::new(ledger, store, Budget::new(0, None)))
	}

	pub(crate) fn new(ledger: Ledger, store: Store, budget: Budget) -> Self {
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

	/// Returns `true` as long as the ledger can be written.
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
		operation: impl FnOnce(&mut Ledger) -> Result<(Vec<Change>, T), Shortfall>,
	) -> Result<T, TreasuryError> {
		let (value, written) = {
			let mut ledger = self.ledger.lock();
			let (changes, value) = operation(&mut ledger)?;
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

	/// Makes a change that lacks nothing, and wakes whoever waits for money. When this returns, it is on
	/// disk.
	pub async fn update(
		&self,
		operation: impl FnOnce(&mut Ledger) -> Vec<Change>,
	) -> Result<(), StoreError> {
		self.update_with(|ledger| (operation(ledger), ())).await
	}

	/// The same for a change of one session; nothing happens if it is closed.
	pub async fn at<C: IntoIterator<Item = Change>>(
		&self,
		session: SessionId,
		change: impl FnOnce(&mut Book) -> C,
	) -> Result<(), StoreError> {
		self.update(|ledger| ledger.books_mut().at(session, change)).await
	}

	/// The same for a change of which something is learnt.
	pub async fn update_with<T: Default>(
		&self,
		operation: impl FnOnce(&mut Ledger) -> (Vec<Change>, T),
	) -> Result<T, StoreError> {
		let changed = self.change(|ledger| Ok(operation(ledger))).await;
		self.freed.notify_waiters();
		match changed {
			Err(TreasuryError::Store(error)) => Err(error),
			Err(TreasuryError::Short(_)) => Ok(T::default()),
			Ok(value) => Ok(value),
		}
	}

	/// Sets aside what a call may cost, on a lane of its own. When this returns, that is on disk.
	///
	/// # Errors
	/// [`Shortfall`].
	pub async fn begin(
		&self,
		node: &AccountId,
		agreed: CallTerms,
		best: BlockNumber,
	) -> Result<Reserved, TreasuryError> {
		self.usable()?;
		let begun = self.change(|ledger| {
			let (begun, change) = ledger.begin(node, agreed, best, &self.budget)?;
			Ok((vec![change], begun))
		});
		begun.await.map(Reserved)
	}

	/// Takes over what the caller has signed for on a lane, as its node tells it: see [`Ledger::adopt`]. When this
	/// returns, it is on disk.
	///
	/// # Errors
	/// [`AdoptError`].
	pub async fn adopt(
		&self,
		session: SessionId,
		state: &LaneStateBody,
		receipt_key: &AccountId,
		list_price: &PriceSchedule,
	) -> Result<(), AdoptError> {
		self.usable()?;
		let refused = self.update_with(|ledger| {
			match ledger.adopt(session, state, receipt_key, list_price, unix_seconds()) {
				Ok(changes) => (changes, None),
				Err(AdoptError::Denied) => {
					(ledger.accuse_of_charging(session, state.lane), Some(AdoptError::Denied))
				}
				Err(error) => (Vec::new(), Some(error)),
			}
		});
		refused.await?.map_or(Ok(()), Err)
	}

	/// Leaves a call for later whose outcome nobody knows yet.
	pub fn park(&self, slot: &LaneSlot) {
		self.ledger.lock().park(slot);
		self.freed.notify_waiters();
	}

	/// Holds the lane of a call that was parked, or whose voucher was refused, to find out what became of
	/// it. Returns nothing if that is known, or somebody else is at it.
	pub fn hold<'a>(&'a self, slot: &'a LaneSlot) -> Option<Held<'a>> {
		let mut ledger = self.ledger.lock();
		let book = ledger.books_mut().get_mut(slot.session)?;
		if !book.hold(slot) {
			return None;
		}
		let call = book.open_call(slot).cloned();
		Some(Held { treasury: self, slot, call })
	}

	/// Writes down that a transaction will put money into a session: as much as usual, if the
	/// account has `available` planck, but `need` at least. When this returns, it may be submitted.
	/// Returns the amount that it puts in, in planck.
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
		self.usable()?;
		let budget = Budget { deposit: self.budget.deposit.min(available), ..self.budget };
		let planned = self.change(|ledger| {
			let (amount, change) = ledger.deposits().plan(node, need, kind, from, &budget)?;
			Ok((vec![change], amount))
		});
		planned.await
	}

	/// Ends the submission of a transaction, whatever came of it.
	pub fn submitted(&self, node: &AccountId) {
		self.ledger.lock().deposits().submitted(node);
	}

	fn usable(&self) -> Result<(), StoreError> {
		self.is_well().then_some(()).ok_or(StoreError::Closed)
	}

	/// Completes when a call has ended, or money was added, after this was called.
	pub fn freed(&self) -> Notified<'_> {
		self.freed.notified()
	}

	/// The statements of a session's calls, in the order in which they came; also those that do not
	/// hold, if their node has signed them.
	pub async fn statements(&self, session: SessionId) -> Result<Vec<KeptStatement>, StoreError> {
		self.store.statements(session).await
	}

	/// The sessions that were closed lately, in the order in which they were.
	pub async fn closed(&self) -> Result<Vec<Session>, StoreError> {
		self.store.closed().await
	}

	/// Forgets statements, and sessions that were closed, that are older than `age`.
	pub async fn forget_old(&self, age: Duration) -> Result<(), StoreError> {
		self.store.forget_before(unix_seconds().saturating_sub(age.as_secs())).await
	}

	/// Waits until everything is written that was handed over, and lets go of the file.
	pub async fn close(&self) {
		self.store.close().await;
	}
}
