//! The one thread that writes.

use openledger_primitives::SessionId;
use redb::Database;
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use super::{
	tables::{self, Tables},
	StoreError,
};
use crate::{
	known::KeptStatement,
	ledger::{Change, Session},
};

/// The most jobs that share one transaction.
const BATCH: usize = 256;

/// Whoever waits for a job.
type Done = oneshot::Sender<Result<(), StoreError>>;

/// What the writer is asked to do.
#[derive(Debug)]
pub(super) enum Job {
	/// Make changes, at this time.
	Write(Vec<Change>, u64, Done),
	/// Forget statements from before this time.
	Prune(u64, Done),
	/// Read something.
	Read(Read),
	/// Let go of the database.
	Stop(oneshot::Sender<()>),
}

/// Something that is read.
#[derive(Debug)]
pub(super) enum Read {
	/// The statements of a session's calls.
	Statements(SessionId, oneshot::Sender<Result<Vec<KeptStatement>, StoreError>>),
	/// The sessions that were closed.
	Closed(oneshot::Sender<Result<Vec<Session>, StoreError>>),
}

impl Read {
	fn answer(self, database: &Database) {
		// An error means that nobody waits for it any more.
		match self {
			Self::Statements(session, reply) => {
				let _ = reply.send(tables::statements(database, session));
			}
			Self::Closed(reply) => {
				let _ = reply.send(tables::closed(database));
			}
		}
	}
}

/// Runs until it is stopped, or nobody is left to ask anything of it.
///
/// After a write that failed nothing is written any more: later changes build on it.
pub(super) fn run(database: Database, mut queue: mpsc::UnboundedReceiver<Job>) {
	let mut batch = Vec::with_capacity(BATCH);
	let mut failed = false;
	let mut stop = None;
	while stop.is_none() && queue.blocking_recv_many(&mut batch, BATCH) > 0 {
		let (mut writes, mut waiting, mut reads) = (Vec::new(), Vec::new(), Vec::new());
		for job in batch.drain(..) {
			match job {
				Job::Write(changes, at, done) => {
					writes.push(Write::Changes(changes, at));
					waiting.push(done);
				}
				Job::Prune(before, done) => {
					writes.push(Write::Prune(before));
					waiting.push(done);
				}
				Job::Read(read) => reads.push(read),
				Job::Stop(done) => stop = Some(done),
			}
		}
		let outcome = match failed {
			true => Err(StoreError::Closed),
			false => commit(&database, writes),
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
			read.answer(&database);
		}
	}
	// The file is free before anybody is told so.
	drop(database);
	if let Some(done) = stop {
		let _ = done.send(());
	}
}

/// A part of a transaction.
enum Write {
	Changes(Vec<Change>, u64),
	Prune(u64),
}

/// Makes all of it, in one transaction that is on disk in the end.
fn commit(database: &Database, writes: Vec<Write>) -> Result<(), StoreError> {
	if writes.is_empty() {
		return Ok(());
	}
	let transaction = database.begin_write()?;
	{
		let mut tables = Tables::open(&transaction)?;
		for write in writes {
			match write {
				Write::Changes(changes, at) => {
					for change in changes {
						tables.make(change, at)?;
					}
				}
				Write::Prune(before) => tables.prune(before)?,
			}
		}
	}
	transaction.commit()?;
	Ok(())
}
