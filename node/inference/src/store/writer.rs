//! The one thread that writes: it takes whatever operations are waiting, runs them in one
//! transaction, and confirms them once that is on disk. So an fsync is shared by all calls that
//! wait for one, and operations see each other's effects in a strict order.

use std::sync::{
	atomic::{AtomicBool, Ordering},
	Arc,
};

use redb::{Database, Durability};
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use super::{error::StoreError, tables::Tables};

/// The most operations of one transaction.
const BATCH: usize = 256;
/// The most operations that wait; who comes later waits to be let in.
pub(super) const QUEUE: usize = 1024;

/// Tells whoever asked for an operation how the commit went.
type Confirm = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// What the writer is asked to do.
pub(super) enum Job {
	/// An operation; it runs inside the transaction.
	Run(Box<dyn FnOnce(&mut Tables<'_>) -> Result<Confirm, StoreError> + Send>),
	/// Let go of the database once everything before is done.
	Stop(oneshot::Sender<()>),
}

impl Job {
	/// Wraps an operation. It must find out that it does not fit ([`StoreError::Invariant`]) before
	/// it changes anything; any other error gives up the whole transaction.
	pub(super) fn new<T, F>(operation: F) -> (Self, oneshot::Receiver<Result<T, StoreError>>)
	where
		T: Send + 'static,
		F: FnOnce(&mut Tables<'_>) -> Result<T, StoreError> + Send + 'static,
	{
		let (reply, answer) = oneshot::channel();
		let run = move |tables: &mut Tables<'_>| match operation(tables) {
			Ok(value) => {
				let confirm: Confirm = Box::new(move |committed: Result<(), StoreError>| {
					// Whoever asked may have gone; what was written stays.
					let _ = reply.send(committed.map(|()| value));
				});
				Ok(confirm)
			}
			Err(error) => {
				let _ = reply.send(Err(error.clone()));
				Err(error)
			}
		};
		(Self::Run(Box::new(run)), answer)
	}
}

/// Runs until it is stopped, or nobody is left to ask anything of it. Tells whether commits work.
pub(super) fn run(database: Arc<Database>, mut queue: mpsc::Receiver<Job>, writable: &AtomicBool) {
	let mut batch = Vec::with_capacity(BATCH);
	while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
		let mut stop = None;
		let mut operations = Vec::with_capacity(batch.len());
		for job in batch.drain(..) {
			match job {
				Job::Run(operation) if stop.is_none() => operations.push(operation),
				Job::Run(_) => {}
				Job::Stop(done) => stop = Some(done),
			}
		}
		let mut confirmations = Vec::with_capacity(operations.len());
		let outcome = commit(&database, operations, &mut confirmations);
		writable.store(outcome.is_ok(), Ordering::Relaxed);
		if let Err(error) = &outcome {
			error!(%error, "a store transaction was given up");
		}
		for confirm in confirmations {
			confirm(outcome.clone());
		}
		if let Some(done) = stop {
			drop(database);
			let _ = done.send(());
			return;
		}
	}
}

/// Runs the operations in one transaction. `confirmations` are those that ran.
fn commit(
	database: &Database,
	operations: Vec<Box<dyn FnOnce(&mut Tables<'_>) -> Result<Confirm, StoreError> + Send>>,
	confirmations: &mut Vec<Confirm>,
) -> Result<(), StoreError> {
	if operations.is_empty() {
		return Ok(());
	}
	let mut transaction = database.begin_write()?;
	transaction.set_durability(Durability::Immediate)?;
	let changed = {
		let mut tables = Tables::open(&transaction)?;
		for operation in operations {
			match operation(&mut tables) {
				Ok(confirm) => confirmations.push(confirm),
				// Found before anything was changed: only this operation fails.
				Err(error @ StoreError::Invariant(_)) => error!(%error, "an operation was refused"),
				Err(error) => return Err(error),
			}
		}
		tables.changed()
	};
	if changed {
		transaction.commit()?;
	} else {
		transaction.abort()?;
	}
	Ok(())
}
