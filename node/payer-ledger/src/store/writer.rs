//! The one thread that writes.

use redb::Database;
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use super::{tables::Tables, StoreError};

/// The most jobs that share one transaction.
const BATCH: usize = 256;

/// Writes something into the tables.
pub(super) type Task = Box<dyn FnOnce(&mut Tables<'_>) -> Result<(), StoreError> + Send>;

/// Something to be written, and whoever waits for it.
pub(super) struct Write {
	pub task: Task,
	pub done: oneshot::Sender<Result<(), StoreError>>,
}

/// A task of the writer.
pub(super) enum Job {
	/// Write something.
	Write(Write),
	/// Read something, after what was handed over before is written.
	Read(Box<dyn FnOnce(&Database) + Send>),
	/// Let go of the database.
	Stop(oneshot::Sender<()>),
}

/// Runs until it is stopped, or nobody is left to ask anything of it.
///
/// After a write that failed nothing is written any more: later changes build on it.
pub(super) fn run(database: Database, mut queue: mpsc::UnboundedReceiver<Job>) {
	let mut batch = Vec::with_capacity(BATCH);
	let mut failed = false;
	let mut stop = None;
	while stop.is_none() && queue.blocking_recv_many(&mut batch, BATCH) > 0 {
		let (mut tasks, mut waiting, mut reads) = (Vec::new(), Vec::new(), Vec::new());
		for job in batch.drain(..) {
			match job {
				Job::Write(Write { task, done }) => {
					tasks.push(task);
					waiting.push(done);
				}
				Job::Read(read) => reads.push(read),
				Job::Stop(done) => stop = Some(done),
			}
		}
		let outcome = match failed {
			true => Err(StoreError::Closed),
			false => commit(&database, tasks),
		};
		if let Err(error) = &outcome {
			if !failed {
				error!(%error, "the state could not be written: nothing more is paid");
			}
			failed = true;
		}
		for done in waiting {
			// Whoever asked may have gone; what was written stays.
			let _ = done.send(outcome.clone());
		}
		for read in reads {
			read(&database);
		}
	}
	// The file is free before anybody is told so.
	drop(database);
	if let Some(done) = stop {
		let _ = done.send(());
	}
}

/// Does all of it, in one transaction that is on disk in the end.
fn commit(database: &Database, tasks: Vec<Task>) -> Result<(), StoreError> {
	if tasks.is_empty() {
		return Ok(());
	}
	let transaction = database.begin_write()?;
	{
		let mut tables = Tables::open(&transaction)?;
		for task in tasks {
			task(&mut tables)?;
		}
	}
	transaction.commit()?;
	Ok(())
}
