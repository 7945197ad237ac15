//! The one thread that writes: it takes whatever operations are waiting, and confirms them once
//! what they do is on disk. So an fsync is shared by all calls that wait for one.
//!
//! Changes that were committed are told to the lane register, where vouchers are taken, before they
//! are confirmed.

use std::{
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc,
	},
	time::Duration,
};

use redb::Database;
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use super::{
	error::StoreError,
	lane_register::LaneRegister,
	lanes,
	tables::{Tables, Touched},
};

/// The most operations of one transaction.
const BATCH: usize = 256;
/// The time to wait for others where several operations came together last time: a transaction of many
/// takes little more than one of few. An operation that comes alone does not wait.
const GATHER: Duration = Duration::from_micros(500);
/// The most operations that wait; who comes later waits to be let in.
pub(super) const QUEUE: usize = 1024;

/// Tells whoever asked for an operation how the commit went.
type Confirm = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// An operation; it runs inside a transaction.
type Operation = Box<dyn FnOnce(&mut Tables<'_>) -> Result<Confirm, StoreError> + Send>;

/// A request to the writer.
pub(super) enum Job {
	/// An operation, confirmed when it is on disk.
	Run(Operation),
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

/// The writer's tools.
pub(super) struct Writer {
	/// The database that it writes.
	pub database: Arc<Database>,
	/// The register that is told of it.
	pub register: Arc<LaneRegister>,
	/// True as long as commits work.
	pub writable: Arc<AtomicBool>,
}

impl Writer {
	/// Runs until it is stopped, or nobody is left to ask anything of it.
	pub(super) fn run(self, mut queue: mpsc::Receiver<Job>) {
		let mut batch = Vec::with_capacity(BATCH);
		let mut together = 1;
		while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
			if together > 1 && batch.len() < BATCH {
				std::thread::sleep(GATHER);
				while let Some(job) = (batch.len() < BATCH).then(|| queue.try_recv().ok()).flatten()
				{
					batch.push(job);
				}
			}
			together = batch.len();
			let mut stop = None;
			let mut operations = Vec::with_capacity(batch.len());
			for job in batch.drain(..) {
				match job {
					Job::Run(operation) if stop.is_none() => operations.push(operation),
					Job::Run(_) => {}
					Job::Stop(done) => stop = Some(done),
				}
			}
			if !operations.is_empty() {
				self.finish(operations);
			}
			if let Some(done) = stop {
				self.write_the_rest();
				drop(self);
				let _ = done.send(());
				return;
			}
		}
		self.write_the_rest();
	}

	/// Runs the operations in one transaction, and tells whoever asked for them. If one of them comes upon
	/// what cannot be read, those behind it get a transaction of their own.
	fn finish(&self, operations: Vec<Operation>) {
		let mut operations = operations.into_iter();
		while operations.len() > 0 {
			let waiting = operations.len();
			let mut confirmations = Vec::with_capacity(operations.len());
			let outcome = self.commit(&mut operations, &mut confirmations);
			self.writable.store(outcome.is_ok(), Ordering::Relaxed);
			if let Err(error) = &outcome {
				error!(%error, "store transaction aborted");
			}
			for confirm in confirmations {
				confirm(outcome.clone());
			}
			let is_theirs = matches!(outcome, Err(StoreError::Corrupt { .. }));
			if !is_theirs || operations.len() == waiting {
				// All are done; or it is the disk, where the others would not fare better.
				break;
			}
		}
	}

	/// Runs the operations in one transaction. `confirmations` are those that ran.
	fn commit(
		&self,
		operations: &mut impl Iterator<Item = Operation>,
		confirmations: &mut Vec<Confirm>,
	) -> Result<(), StoreError> {
		let transaction = self.database.begin_write()?;
		let mut tables = Tables::open(&transaction)?;
		for operation in operations {
			match operation(&mut tables) {
				Ok(confirm) => confirmations.push(confirm),
				// Found before anything was changed: only this operation fails.
				Err(error @ StoreError::Invariant(_)) => error!(%error, "an operation was refused"),
				Err(error) => return Err(error),
			}
		}
		let (changed, touched): (bool, Vec<Touched>) = tables.finish()?;
		if changed {
			transaction.commit()?;
		} else {
			transaction.abort()?;
		}
		self.register.settle(touched);
		Ok(())
	}

	/// Writes down the calls that nobody has ended.
	fn write_the_rest(&self) {
		let rest = self.register.all_unwritten();
		if rest.is_empty() {
			return;
		}
		let (job, _answer) = Job::new(move |tables| {
			rest.iter().try_for_each(|acceptance| lanes::write(tables, acceptance))
		});
		if let Job::Run(operation) = job {
			self.finish(vec![operation]);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::{
		super::{Store, Totals},
		*,
	};
	use crate::testing::identity;

	fn operation<T: Send + 'static>(
		run: impl FnOnce(&mut Tables<'_>) -> Result<T, StoreError> + Send + 'static,
	) -> (Operation, oneshot::Receiver<Result<T, StoreError>>) {
		match Job::new(run) {
			(Job::Run(operation), answer) => (operation, answer),
			(Job::Stop(_), _) => unreachable!("it is no end"),
		}
	}

	#[tokio::test]
	async fn what_cannot_be_read_harms_nobody_behind_it() {
		let directory = tempfile::tempdir().expect("a directory");
		let store = Store::open(&directory.path().join("calls.redb"), identity()).await;
		let database = store.expect("it opens").disk.shared();
		let (register, writable) = (Arc::default(), Arc::new(AtomicBool::new(true)));
		let writer = Writer { database, register, writable: writable.clone() };

		let put = |value| {
			let totals = Totals { served_calls: value, ..Totals::default() };
			operation(move |tables| {
				tables.put_totals(&totals);
				Ok(())
			})
		};
		let corrupt = StoreError::Corrupt { table: "probe" };
		let failing = corrupt.clone();
		let (before, first) = put(1);
		let (bad, second) = operation(move |_| Err::<(), _>(failing));
		let (after, third) = put(2);
		let (read, fourth) = operation(|tables| tables.totals());
		writer.finish(vec![before, bad, after, read]);
		for answer in [first.await, second.await] {
			let error = answer.expect("it is told").expect_err("it was given up");
			assert_eq!(error.to_string(), corrupt.to_string());
		}
		third.await.expect("it is told").expect("it is done");
		let read = fourth.await.expect("it is told").expect("it is done");
		assert_eq!(read.served_calls, 2);
		assert!(writable.load(Ordering::Relaxed));
	}
}
