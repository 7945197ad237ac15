//! The file in which a caller keeps sessions: what each voucher promised and each statement said.
//!
//! The file is written whole, to a new file that is synced and then takes the old one's place, so
//! that a crash leaves either the old state or the new one. A voucher is in it before it leaves,
//! and what a statement says before the next one does. A lock file keeps other processes out.

use std::{
	collections::HashMap,
	fs::{self, File, OpenOptions, TryLockError},
	io::{self, Write},
	path::{Path, PathBuf},
	sync::{Arc, PoisonError},
	time::Duration,
};

use openledger_primitives::{Balance, BlockNumber, Hash, LaneId, SessionId};
use serde::{Deserialize, Serialize};
use tokio::{
	sync::{Mutex, OwnedMutexGuard},
	time::{sleep, Instant},
};

use super::{
	known::SessionKey,
	opening::Opening,
	statements::{KeptStatement, Statements},
	CallerError, KnownLane, KnownSession,
};

/// The layout of the file.
const LAYOUT: u32 = 2;
/// The layout in which a lane named its model only.
const WITHOUT_TERMS: u32 = 1;
/// How long to wait for another process that uses the file.
const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Contents {
	layout: u32,
	sessions: Vec<KnownSession>,
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	openings: Vec<Opening>,
}

/// The file in which a caller keeps sessions. Cheap to clone; the file is free for other processes
/// when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct SessionBook {
	inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
	path: PathBuf,
	contents: Mutex<Contents>,
	statements: Statements,
	turns: std::sync::Mutex<HashMap<(SessionKey, Option<LaneId>), Arc<Mutex<()>>>>,
	// Held for its lock.
	_lock: File,
}

impl SessionBook {
	/// Opens the file, or starts it. Waits a while for another process that uses it.
	///
	/// # Errors
	/// [`CallerError::Book`] or [`CallerError::BookBusy`].
	pub async fn open(path: &Path) -> Result<Self, CallerError> {
		Self::open_within(path, PATIENCE).await
	}

	async fn open_within(path: &Path, patience: Duration) -> Result<Self, CallerError> {
		let unusable = |error: io::Error| unusable(path, &error);
		if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
			fs::create_dir_all(folder).map_err(unusable)?;
		}
		let lock = private(OpenOptions::new().create(true).append(true))
			.open(beside(path, ".lock"))
			.map_err(unusable)?;
		let deadline = Instant::now() + patience;
		loop {
			match lock.try_lock() {
				Ok(()) => break,
				Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
					sleep(Duration::from_millis(100)).await;
				}
				Err(TryLockError::WouldBlock) => {
					return Err(CallerError::BookBusy { path: path.display().to_string() })
				}
				Err(TryLockError::Error(error)) => return Err(unusable(error)),
			}
		}
		let contents = match fs::read(path) {
			Ok(json) => read(path, &json)?,
			Err(error) if error.kind() == io::ErrorKind::NotFound => {
				Contents { layout: LAYOUT, sessions: Vec::new(), openings: Vec::new() }
			}
			Err(error) => return Err(unusable(error)),
		};
		let inner = Inner {
			path: path.to_owned(),
			contents: Mutex::new(contents),
			statements: Statements::new(beside(path, ".statements")),
			turns: Default::default(),
			_lock: lock,
		};
		Ok(Self { inner: Arc::new(inner) })
	}

	/// Where it is.
	pub fn path(&self) -> &Path {
		&self.inner.path
	}

	/// All sessions in it.
	pub async fn sessions(&self) -> Vec<KnownSession> {
		self.inner.contents.lock().await.sessions.clone()
	}

	/// What nodes have signed of the calls of a session, in the order in which it came.
	///
	/// # Errors
	/// [`CallerError::Book`].
	pub async fn statements(
		&self,
		genesis_hash: &Hash,
		session: SessionId,
	) -> Result<Vec<KeptStatement>, CallerError> {
		let statements = &self.inner.statements;
		let read = statements.read(genesis_hash, session).await;
		read.map_err(|error| unusable(&statements.file(genesis_hash, session), &error))
	}

	/// Keeps what a node has signed, durably.
	pub(super) async fn keep(&self, kept: &KeptStatement) -> Result<(), CallerError> {
		let statements = &self.inner.statements;
		let statement = &kept.receipt.statement;
		let file = statements.file(&statement.genesis_hash, statement.session);
		statements.append(kept).await.map_err(|error| unusable(&file, &error))
	}

	/// The session in use between a caller and a node.
	pub(super) async fn find(&self, key: &SessionKey) -> Option<KnownSession> {
		let contents = self.inner.contents.lock().await;
		contents.sessions.iter().find(|session| session.is(key) && !session.retired).cloned()
	}

	/// A transaction of which it is not known whether it has opened a session.
	pub(super) async fn opening(&self, key: &SessionKey) -> Option<Opening> {
		let contents = self.inner.contents.lock().await;
		contents.openings.iter().find(|opening| opening.is(key)).cloned()
	}

	/// Notes a transaction that opens a session.
	pub(super) async fn begin(&self, opening: Opening) -> Result<(), CallerError> {
		self.change(|contents| contents.openings.push(opening)).await
	}

	/// Such a transaction has opened none, and never will.
	pub(super) async fn abandon(&self, key: &SessionKey) -> Result<(), CallerError> {
		self.change(|contents| contents.openings.retain(|opening| !opening.is(key))).await
	}

	/// Puts a session in the place of the one that was in use, and forgets those that are closed.
	pub(super) async fn put(
		&self,
		key: &SessionKey,
		session: KnownSession,
		closed: &[SessionId],
	) -> Result<(), CallerError> {
		let statements = &self.inner.statements;
		let begun = statements.begin(&session.genesis_hash, session.session).await;
		begun.map_err(|error| {
			unusable(&statements.file(&session.genesis_hash, session.session), &error)
		})?;
		self.change(|contents| {
			contents.sessions.retain(|known| !(known.is(key) && closed.contains(&known.session)));
			for known in contents.sessions.iter_mut().filter(|known| known.is(key)) {
				known.retired = true;
			}
			contents.sessions.push(session);
			contents.openings.retain(|opening| !opening.is(key));
		})
		.await
	}

	/// Uses a session for no more calls.
	pub(super) async fn retire(
		&self,
		key: &SessionKey,
		session: SessionId,
	) -> Result<(), CallerError> {
		self.change(|contents| {
			let of_key = contents.sessions.iter_mut().filter(|known| known.is(key));
			for known in of_key.filter(|known| known.session == session) {
				known.retired = true;
			}
		})
		.await
	}

	/// Notes that a session holds more or lasts longer than before.
	pub(super) async fn extend(
		&self,
		key: &SessionKey,
		session: SessionId,
		deposit: Balance,
		expires_at: BlockNumber,
	) -> Result<(), CallerError> {
		self.change(|contents| {
			let mut of_key = contents.sessions.iter_mut().filter(|known| known.is(key));
			if let Some(known) = of_key.find(|known| known.session == session && !known.retired) {
				known.deposit = deposit;
				known.expires_at = expires_at;
			}
		})
		.await
	}

	/// Changes a lane of a session.
	pub(super) async fn put_lane(
		&self,
		key: &SessionKey,
		session: SessionId,
		lane: LaneId,
		state: KnownLane,
	) -> Result<(), CallerError> {
		self.change(|contents| {
			// The newest one last: numbers come again on a chain that was started anew.
			let mut sessions = contents.sessions.iter_mut().rev();
			let known = sessions.find(|known| known.is(key) && known.session == session);
			if let Some(known) = known {
				known.lanes.insert(lane, state);
			}
		})
		.await
	}

	/// Waits until nobody else uses the lane, or, without one, opens a session.
	pub(super) async fn turn(&self, key: &SessionKey, lane: Option<LaneId>) -> OwnedMutexGuard<()> {
		let turn = {
			let mut turns = self.inner.turns.lock().unwrap_or_else(PoisonError::into_inner);
			turns.entry((key.clone(), lane)).or_default().clone()
		};
		turn.lock_owned().await
	}

	/// Changes the contents, once the change is on disk.
	async fn change(&self, change: impl FnOnce(&mut Contents)) -> Result<(), CallerError> {
		let mut contents = self.inner.contents.lock().await;
		let mut changed = contents.clone();
		change(&mut changed);
		let path = self.inner.path.clone();
		let json = serde_json::to_vec_pretty(&changed)
			.map_err(|error| unusable(&path, &io::Error::other(error)))?;
		let writing = tokio::task::spawn_blocking(move || {
			write(&path, &json).map_err(|error| unusable(&path, &error))
		});
		writing.await.map_err(|error| unusable(&self.inner.path, &io::Error::other(error)))??;
		*contents = changed;
		Ok(())
	}
}

fn unusable(path: &Path, error: &io::Error) -> CallerError {
	CallerError::Book { path: path.display().to_string(), reason: error.to_string() }
}

fn read(path: &Path, json: &[u8]) -> Result<Contents, CallerError> {
	let wrong = |reason: String| CallerError::Book { path: path.display().to_string(), reason };
	let mut contents: Contents = serde_json::from_slice(json)
		.map_err(|error| wrong(format!("it does not hold sessions ({error}); move it away")))?;
	match contents.layout {
		LAYOUT => {}
		WITHOUT_TERMS => {
			let lanes = contents.sessions.iter_mut().flat_map(|known| known.lanes.values_mut());
			for lane in lanes {
				lane.closed = lane.is_used();
			}
			contents.layout = LAYOUT;
		}
		layout => {
			return Err(wrong(format!("it was written by another version (layout {layout})")))
		}
	}
	Ok(contents)
}

fn write(path: &Path, json: &[u8]) -> io::Result<()> {
	let new = beside(path, ".new");
	let mut file =
		private(OpenOptions::new().create(true).write(true).truncate(true)).open(&new)?;
	file.write_all(json)?;
	file.sync_all()?;
	fs::rename(&new, path)?;
	// The rename itself is on disk when the folder is.
	let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
	File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
	let mut name = path.as_os_str().to_owned();
	name.push(suffix);
	name.into()
}

/// Salts and spending are nobody else's business.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
	#[cfg(unix)]
	std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
	options
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
