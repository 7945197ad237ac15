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
	path::{Path, PathBuf},
	sync::Arc,
	time::{Duration, SystemTime, UNIX_EPOCH},
};

use openledger_primitives::{AccountId, Hash, SessionId};
use parking_lot::Mutex;
use redb::Database;
use tokio::sync::{mpsc, oneshot};

use self::writer::{Job, Read};
use crate::{
	known::KeptStatement,
	ledger::{Change, Ledger, Session},
};

/// Memory for cached pages, in bytes.
const CACHE: usize = 16 * 1024 * 1024;

/// The store. Clones share one database.
#[derive(Clone, Debug)]
pub struct Store {
	inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
	path: PathBuf,
	/// None once the store is closed.
	jobs: Mutex<Option<mpsc::UnboundedSender<Job>>>,
}

/// Tells when changes are on disk.
#[derive(Debug)]
#[must_use = "nothing may be done that depends on a change before it is on disk"]
pub struct Written(oneshot::Receiver<Result<(), StoreError>>);

impl Written {
	/// Waits until the changes are on disk.
	///
	/// # Errors
	/// If they are not, and will not be.
	pub async fn wait(self) -> Result<(), StoreError> {
		self.0.await.unwrap_or(Err(StoreError::Closed))
	}
}

impl Store {
	/// Opens the database in `path`, or makes it, and reads the ledger in it.
	///
	/// # Errors
	/// If the file cannot be used, belongs to another chain or account, or is in use.
	pub async fn open(
		path: &Path,
		genesis_hash: Hash,
		caller: AccountId,
	) -> Result<(Self, Ledger), StoreError> {
		Self::load(path, genesis_hash, Some(caller)).await
	}

	/// Opens the database that is in `path`, whosever it is, and reads the ledger in it.
	///
	/// # Errors
	/// If there is none, or the file cannot be used, belongs to another chain, or is in use.
	pub async fn open_existing(
		path: &Path,
		genesis_hash: Hash,
	) -> Result<(Self, Ledger), StoreError> {
		fs::metadata(path).map_err(|error| StoreError::file(path, &error))?;
		Self::load(path, genesis_hash, None).await
	}

	async fn load(
		path: &Path,
		genesis_hash: Hash,
		caller: Option<AccountId>,
	) -> Result<(Self, Ledger), StoreError> {
		let path = path.to_owned();
		let opened = tokio::task::spawn_blocking(move || {
			make_private(&path)?;
			let database = Database::builder().set_cache_size(CACHE).create(&path)?;
			let ledger = Ledger::restore(tables::load(&database, genesis_hash, caller)?);
			let (jobs, queue) = mpsc::unbounded_channel();
			std::thread::Builder::new()
				.name("ledger-writer".into())
				.spawn(move || writer::run(database, queue))
				.map_err(|error| StoreError::file(&path, &error))?;
			let inner = Inner { path, jobs: Mutex::new(Some(jobs)) };
			Ok((Self { inner: Arc::new(inner) }, ledger))
		});
		opened.await.map_err(|_| StoreError::Closed)?
	}

	/// Where it is.
	pub fn path(&self) -> &Path {
		&self.inner.path
	}

	/// Hands changes over. Call it while the ledger is locked that made them: they are written in
	/// the order of these calls.
	pub fn write(&self, changes: Vec<Change>) -> Written {
		self.send(|done| Job::Write(changes, unix_seconds(), done))
	}

	/// Forgets statements, and sessions that were closed, that are older than `age`.
	///
	/// # Errors
	/// Of the database.
	pub async fn forget_statements(&self, age: Duration) -> Result<(), StoreError> {
		let before = unix_seconds().saturating_sub(age.as_secs());
		self.send(|done| Job::Prune(before, done)).wait().await
	}

	/// The statements of a session's calls, in the order in which they came; also those that do not
	/// hold, if their node has signed them.
	///
	/// # Errors
	/// Of the database.
	pub async fn statements(&self, session: SessionId) -> Result<Vec<KeptStatement>, StoreError> {
		let (reply, answer) = oneshot::channel();
		self.hand_over(Job::Read(Read::Statements(session, reply)));
		answer.await.unwrap_or(Err(StoreError::Closed))
	}

	/// The sessions that were closed lately, in the order in which they were.
	///
	/// # Errors
	/// Of the database.
	pub async fn closed(&self) -> Result<Vec<Session>, StoreError> {
		let (reply, answer) = oneshot::channel();
		self.hand_over(Job::Read(Read::Closed(reply)));
		answer.await.unwrap_or(Err(StoreError::Closed))
	}

	/// Waits until everything is written that was handed over, and lets go of the file.
	pub async fn close(&self) {
		let (done, closed) = oneshot::channel();
		let jobs = self.inner.jobs.lock().take();
		if jobs.is_some_and(|jobs| jobs.send(Job::Stop(done)).is_ok()) {
			// An error means that the writer is gone, and the file with it.
			let _ = closed.await;
		}
	}

	fn send(&self, job: impl FnOnce(oneshot::Sender<Result<(), StoreError>>) -> Job) -> Written {
		let (done, written) = oneshot::channel();
		self.hand_over(job(done));
		Written(written)
	}

	/// A job that is not taken drops its sender, which tells whoever waits.
	fn hand_over(&self, job: Job) {
		if let Some(jobs) = self.inner.jobs.lock().as_ref() {
			let _ = jobs.send(job);
		}
	}
}

/// Seconds since 1970.
pub(crate) fn unix_seconds() -> u64 {
	SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
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
