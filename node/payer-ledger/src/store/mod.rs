//! The ledger on disk: an embedded database (redb), written by one thread.
//!
//! Changes are handed over in the order in which the ledger made them, while it is locked, so what
//! is on disk is always a state that the ledger had. Whoever has to be sure that a change is there
//! waits for it; those who wait at the same time share one write.

mod error;
mod tables;
mod writer;

pub use self::error::StoreError;

use std::{
	fs::{self, OpenOptions},
	io,
	path::Path,
};

use openledger_primitives::{AccountId, Hash, SessionId};
use openledger_protocol::clock::unix_seconds;
use parking_lot::Mutex;
use redb::Database;
use tokio::sync::{mpsc, oneshot};

use self::writer::{Job, Task, Write};
use crate::{call::KeptStatement, ledger::Ledger, session::Session, types::Change};

/// Memory for cached pages, in bytes.
const CACHE: usize = 16 * 1024 * 1024;

/// The store. All of it fails with the database.
#[derive(Debug)]
pub(crate) struct Store {
	/// None once the store is closed.
	jobs: Mutex<Option<mpsc::UnboundedSender<Job>>>,
}

/// Tells when changes are on disk.
#[derive(Debug)]
#[must_use = "nothing may be done that depends on a change before it is on disk"]
pub(crate) struct Written(oneshot::Receiver<Result<(), StoreError>>);

impl Written {
	/// Waits until the changes are on disk.
	pub async fn wait(self) -> Result<(), StoreError> {
		self.0.await.unwrap_or(Err(StoreError::Closed))
	}
}

impl Store {
	/// Opens the database in `path`, or makes it, and reads the ledger of `caller` in it. Without a
	/// caller, it reads that of whoever has one there.
	///
	/// # Errors
	/// If the file cannot be used, belongs to another chain or account, or is in use; or if there is none,
	/// and it is not said whose it would be.
	pub async fn open(
		path: &Path,
		genesis_hash: Hash,
		caller: Option<AccountId>,
	) -> Result<(Self, Ledger), StoreError> {
		let path = path.to_owned();
		let opened = tokio::task::spawn_blocking(move || {
			if caller.is_some() {
				make_private(&path)?;
			} else {
				fs::metadata(&path).map_err(|error| StoreError::file(&path, &error))?;
			}
			let database = Database::builder().set_cache_size(CACHE).create(&path)?;
			Self::of(database, genesis_hash, caller)
		});
		opened.await.map_err(|_| StoreError::Closed)?
	}

	/// The store in a database.
	pub fn of(
		database: Database,
		genesis_hash: Hash,
		caller: Option<AccountId>,
	) -> Result<(Self, Ledger), StoreError> {
		let ledger = Ledger::restore(tables::load(&database, genesis_hash, caller)?);
		let (jobs, queue) = mpsc::unbounded_channel();
		let thread = std::thread::Builder::new().name("ledger-writer".into());
		thread.spawn(move || writer::run(database, queue)).map_err(|_| StoreError::Closed)?;
		Ok((Self { jobs: Mutex::new(Some(jobs)) }, ledger))
	}

	/// Hands changes over. Call it while the ledger is locked that made them: they are written in
	/// the order of these calls.
	pub fn write(&self, changes: Vec<Change>) -> Written {
		let now = unix_seconds();
		self.hand_over(Box::new(move |tables| {
			changes.into_iter().try_for_each(|change| tables.make(change, now))
		}))
	}

	/// Forgets statements and closed sessions from before a time, in seconds since 1970.
	pub async fn forget_before(&self, before: u64) -> Result<(), StoreError> {
		self.hand_over(Box::new(move |tables| tables.prune(before))).wait().await
	}

	/// The statements of a session's calls, in the order in which they came; also those that do not
	/// hold, if their node has signed them.
	pub async fn statements(&self, session: SessionId) -> Result<Vec<KeptStatement>, StoreError> {
		self.read(move |database| tables::statements(database, session)).await
	}

	/// The sessions that were closed lately, in the order in which they were.
	pub async fn closed(&self) -> Result<Vec<Session>, StoreError> {
		self.read(tables::closed).await
	}

	/// Waits until everything is written that was handed over, and lets go of the file.
	pub async fn close(&self) {
		let (done, closed) = oneshot::channel();
		let jobs = self.jobs.lock().take();
		if jobs.is_some_and(|jobs| jobs.send(Job::Stop(done)).is_ok()) {
			// An error means that the writer is gone, and the file with it.
			let _ = closed.await;
		}
	}

	async fn read<T: Send + 'static>(
		&self,
		question: impl FnOnce(&Database) -> Result<T, StoreError> + Send + 'static,
	) -> Result<T, StoreError> {
		let (reply, answer) = oneshot::channel();
		self.send(Job::Read(Box::new(move |database| {
			// An error means that nobody waits for it any more.
			let _ = reply.send(question(database));
		})));
		answer.await.unwrap_or(Err(StoreError::Closed))
	}

	fn hand_over(&self, task: Task) -> Written {
		let (done, written) = oneshot::channel();
		self.send(Job::Write(Write { task, done }));
		Written(written)
	}

	/// A job that is not taken drops its sender, which tells whoever waits.
	fn send(&self, job: Job) {
		if let Some(jobs) = self.jobs.lock().as_ref() {
			let _ = jobs.send(job);
		}
	}
}

/// Makes the folder and the file, if they are not there. What was asked of whom, and at what price,
/// is nobody else's business.
fn make_private(path: &Path) -> Result<(), StoreError> {
	let unusable = |error: io::Error| StoreError::file(path, &error);
	if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
		fs::create_dir_all(folder).map_err(unusable)?;
	}
	let mut options = OpenOptions::new();
	options.create(true).append(true);
	#[cfg(unix)]
	std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
	options.open(path).map(drop).map_err(unusable)
}

#[cfg(test)]
mod tests;
