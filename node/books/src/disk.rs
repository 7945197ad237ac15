//! The database on disk, and the queue of the thread that writes it.

use std::{
	path::Path,
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc,
	},
};

use redb::Database;
use tokio::sync::{mpsc, oneshot};

use super::{
	error::StoreError,
	lane_register::LaneRegister,
	opening,
	snapshot::Snapshot,
	tables::Tables,
	types::{CallId, Identity},
	writer::{Job, Writer, QUEUE},
};

/// Memory for cached pages, in bytes: enough for the ends of many lanes. What is read again after a
/// long time is in the system's own cache.
const CACHE: usize = 4 * 1024 * 1024;

/// A job, and where its result comes.
pub(super) type Asked<T> = (Job, oneshot::Receiver<Result<T, StoreError>>);

/// A database, and who writes it. Clones share both.
#[derive(Clone, Debug)]
pub(super) struct Disk {
	queue: mpsc::Sender<Job>,
	database: Arc<Database>,
	/// False if the last commit failed.
	writable: Arc<AtomicBool>,
}

impl Disk {
	/// Opens the database in `path`, or makes it, and closes the calls that an earlier process left
	/// unfinished, which are returned. What is committed is told to the register.
	pub async fn open(
		path: &Path,
		identity: Identity,
		register: Arc<LaneRegister>,
	) -> Result<(Self, Vec<CallId>), StoreError> {
		let path = path.to_path_buf();
		let opened = tokio::task::spawn_blocking(move || {
			if let Some(directory) = path.parent() {
				std::fs::create_dir_all(directory)
					.map_err(|error| StoreError::Directory(Arc::new(error)))?;
			}
			let database = Database::builder().set_cache_size(CACHE).create(&path)?;
			let recovered = opening::prepare(&database, &path, &identity)?;
			let (queue, jobs) = mpsc::channel(QUEUE);
			let database = Arc::new(database);
			let writable = Arc::new(AtomicBool::new(true));
			let writer =
				Writer { database: database.clone(), register, writable: writable.clone() };
			std::thread::Builder::new()
				.name("store-writer".into())
				.spawn(move || writer.run(jobs))
				.map_err(|error| StoreError::Directory(Arc::new(error)))?;
			Ok((Self { queue, database, writable }, recovered))
		});
		opened.await.map_err(|_| StoreError::Closed)?
	}

	/// The database, to be read.
	pub fn database(&self) -> &Database {
		&self.database
	}

	/// The same, for an operation to take along.
	pub fn shared(&self) -> Arc<Database> {
		self.database.clone()
	}

	/// Returns `true` unless the last commit failed.
	pub fn is_writable(&self) -> bool {
		self.writable.load(Ordering::Relaxed)
	}

	/// Checks that something can be asked of the writer.
	pub fn check_open(&self) -> Result<(), StoreError> {
		if self.queue.is_closed() {
			return Err(StoreError::Closed);
		}
		Ok(())
	}

	/// Runs an operation in a transaction, and waits until it is on disk.
	pub async fn write<T, F>(&self, operation: F) -> Result<T, StoreError>
	where
		T: Send + 'static,
		F: FnOnce(&mut Tables<'_>) -> Result<T, StoreError> + Send + 'static,
	{
		self.ask(Job::new(operation)).await
	}

	/// Asks for a job, and waits until it is on disk.
	pub async fn ask<T>(&self, (job, answer): Asked<T>) -> Result<T, StoreError> {
		self.queue.send(job).await.map_err(|_| StoreError::Closed)?;
		answer.await.map_err(|_| StoreError::Closed)?
	}

	/// Asks for a job, and does not wait. Returns `false` if the queue is full, or nobody is there.
	pub fn try_send(&self, job: Job) -> bool {
		self.queue.try_send(job).is_ok()
	}

	/// Reads what was committed last.
	pub async fn read<T, F>(&self, operation: F) -> Result<T, StoreError>
	where
		T: Send + 'static,
		F: FnOnce(&Snapshot) -> Result<T, StoreError> + Send + 'static,
	{
		let database = self.database.clone();
		let read = tokio::task::spawn_blocking(move || operation(&Snapshot::of(&database)?));
		read.await.map_err(|_| StoreError::Closed)?
	}

	/// Waits until everything that was asked for before is done, and lets go of the database, provided that
	/// this is the last clone.
	pub async fn close(self) {
		let (done, finished) = oneshot::channel();
		let Self { queue, database, .. } = self;
		drop(database);
		if queue.send(Job::Stop(done)).await.is_ok() {
			// An error means that the writer is gone, and the database with it.
			let _ = finished.await;
		}
	}
}
