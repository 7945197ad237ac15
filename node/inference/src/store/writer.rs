//! The one thread that writes: it takes whatever operations are waiting, and confirms them once
//! what they do is on disk. So an fsync is shared by all calls that wait for one.
//!
//! Operations that begin something ([`Job::begin`]) do not wait for the disk: what they did counts for
//! every operation after them, and is on disk no later than what any of those does. They come first
//! among those that wait together, in a transaction of their own; whoever asks for one only asks for
//! something that builds on it once it is confirmed, so the order among both kinds does not matter.

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

/// An operation; it runs inside a transaction.
type Operation = Box<dyn FnOnce(&mut Tables<'_>) -> Result<Confirm, StoreError> + Send>;

/// What the writer is asked to do.
pub(super) enum Job {
	/// An operation, confirmed when it is on disk.
	Run(Operation),
	/// An operation, confirmed when it is done.
	Begin(Operation),
	/// Let go of the database once everything before is done.
	Stop(oneshot::Sender<()>),
}

impl Job {
	/// An operation that is confirmed when it is on disk. It must find out that it does not fit
	/// ([`StoreError::Invariant`]) before it changes anything; any other error gives up the whole
	/// transaction.
	pub(super) fn new<T, F>(operation: F) -> (Self, oneshot::Receiver<Result<T, StoreError>>)
	where
		T: Send + 'static,
		F: FnOnce(&mut Tables<'_>) -> Result<T, StoreError> + Send + 'static,
	{
		let (run, answer) = Self::wrap(operation);
		(Self::Run(run), answer)
	}

	/// The same, confirmed without waiting for the disk: for what nobody is told of before something
	/// else is on disk.
	pub(super) fn begin<T, F>(operation: F) -> (Self, oneshot::Receiver<Result<T, StoreError>>)
	where
		T: Send + 'static,
		F: FnOnce(&mut Tables<'_>) -> Result<T, StoreError> + Send + 'static,
	{
		let (run, answer) = Self::wrap(operation);
		(Self::Begin(run), answer)
	}

	fn wrap<T, F>(operation: F) -> (Operation, oneshot::Receiver<Result<T, StoreError>>)
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
		(Box::new(run), answer)
	}
}

/// Runs until it is stopped, or nobody is left to ask anything of it. Tells whether commits work.
pub(super) fn run(database: Arc<Database>, mut queue: mpsc::Receiver<Job>, writable: &AtomicBool) {
	let mut batch = Vec::with_capacity(BATCH);
	while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
		let mut stop = None;
		let (mut begin, mut lasting) = (Vec::new(), Vec::with_capacity(batch.len()));
		for job in batch.drain(..) {
			match job {
				Job::Run(operation) if stop.is_none() => lasting.push(operation),
				Job::Begin(operation) if stop.is_none() => begin.push(operation),
				Job::Run(_) | Job::Begin(_) => {}
				Job::Stop(done) => stop = Some(done),
			}
		}
		for (operations, durability) in
			[(begin, Durability::None), (lasting, Durability::Immediate)]
		{
			if !operations.is_empty() {
				finish(&database, operations, durability, writable);
			}
		}
		if let Some(done) = stop {
			// Whatever is not on disk yet is written when the database is closed.
			drop(database);
			let _ = done.send(());
			return;
		}
	}
}

/// Runs the operations in one transaction, and tells whoever asked for them.
fn finish(
	database: &Database,
	operations: Vec<Operation>,
	durability: Durability,
	writable: &AtomicBool,
) {
	let mut confirmations = Vec::with_capacity(operations.len());
	let outcome = commit(database, operations, durability, &mut confirmations);
	// What does not reach the disk says nothing about it, unless it fails.
	if outcome.is_err() || matches!(durability, Durability::Immediate) {
		writable.store(outcome.is_ok(), Ordering::Relaxed);
	}
	if let Err(error) = &outcome {
		error!(%error, "a store transaction was given up");
	}
	for confirm in confirmations {
		confirm(outcome.clone());
	}
}

/// Runs the operations in one transaction. `confirmations` are those that ran.
fn commit(
	database: &Database,
	operations: Vec<Operation>,
	durability: Durability,
	confirmations: &mut Vec<Confirm>,
) -> Result<(), StoreError> {
	let mut transaction = database.begin_write()?;
	transaction.set_durability(durability)?;
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
