//! The file in which a caller keeps sessions: what each voucher promised and each statement said.
//!
//! The file is written whole, to a new file that is synced and then takes the old one's place, so
//! that a crash leaves either the old state or the new one. A voucher is in it before it leaves,
//! and what a statement says before the next one does. A lock file keeps other processes out.

use std::{
	collections::{BTreeMap, HashMap},
	fmt::{self, Display, Formatter},
	fs::{self, File, OpenOptions, TryLockError},
	io::{self, Write},
	path::{Path, PathBuf},
	sync::{Arc, PoisonError},
	time::Duration,
};

use openledger_primitives::{
	price::PriceSchedule, AccountId, Balance, BlockNumber, Hash, LaneId, ModelId, PriceVersion,
	Sequence, SessionId, VersionId, MAX_LANES,
};
use serde::{Deserialize, Serialize};
use tokio::{
	sync::{Mutex, OwnedMutexGuard},
	time::{sleep, Instant},
};

use super::{
	statements::{KeptStatement, Statements},
	AnswerSize, CallerError,
};
use crate::x402::{self, Receipt};

/// The layout of the file.
const LAYOUT: u32 = 2;
/// The layout in which a lane named its model only.
const WITHOUT_TERMS: u32 = 1;
/// A node may be so many blocks behind.
const LAG: BlockNumber = 100;
/// How long to wait for another process that uses the file.
const PATIENCE: Duration = Duration::from_secs(15);

/// A session as its caller knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSession {
	/// The chain.
	pub genesis_hash: Hash,
	/// The operator who is paid.
	pub node: AccountId,
	/// Who pays.
	pub caller: AccountId,
	/// The session's number on chain.
	pub session: SessionId,
	/// What was put in, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub deposit: Balance,
	/// The block from which the node serves no more calls.
	pub expires_at: BlockNumber,
	/// The block in which it was opened, if that was written down.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub opened_at: Option<BlockNumber>,
	/// Whether another session has taken its place. What is left of its deposit comes back when it
	/// is closed.
	#[serde(default)]
	pub retired: bool,
	/// Its lanes.
	#[serde(default)]
	pub lanes: BTreeMap<LaneId, KnownLane>,
}

/// A lane as its caller knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownLane {
	/// The last sequence that was used.
	pub sequence: Sequence,
	/// What the node's statements add up to, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub acknowledged: Balance,
	/// What its vouchers are for: a lane is for one agreement.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub terms: Option<LaneTerms>,
	/// Whether no more vouchers are signed on it: it is used for something else, and what that is, is
	/// not known.
	#[serde(default, skip_serializing_if = "is_false")]
	pub closed: bool,
	/// The call whose statement has not come yet.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub open: Option<OpenCall>,
	/// Calls whose vouchers the node has not taken, and still can: their sequence is free for another
	/// one, and whichever is taken first is the one that counts.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub untaken: Vec<OpenCall>,
}

impl KnownLane {
	/// Whether a voucher for these terms may be signed on it.
	pub fn is_for(&self, terms: &LaneTerms) -> bool {
		!self.closed && self.terms.is_none_or(|used| used == *terms)
	}

	/// Whether a voucher was ever signed on it.
	pub fn is_used(&self) -> bool {
		let signed = self.terms.is_some() || self.open.is_some() || !self.untaken.is_empty();
		signed || self.closed || self.sequence > 0 || self.acknowledged > 0
	}

	/// The lane when it is known that this sequence was used.
	pub(super) fn used(mut self, sequence: Sequence) -> Self {
		self.sequence = self.sequence.max(sequence);
		self.untaken.retain(|call| call.sequence > sequence);
		Self { open: None, ..self }
	}

	/// The lane when the node has not taken the voucher of a call.
	pub(super) fn not_taken(mut self, call: OpenCall) -> Self {
		self.sequence = call.sequence.saturating_sub(1);
		// It may still hold the voucher.
		self.terms = self.terms.or(Some(call.terms()));
		self.untaken.push(call);
		Self { open: None, ..self }
	}

	/// The lane without the calls whose vouchers nobody can take any more.
	pub(super) fn without_expired(mut self, best: BlockNumber) -> Self {
		self.untaken.retain(|call| call.can_be_taken(best));
		self
	}
}

/// What the vouchers of a lane are for. All of them name the same: what a voucher acknowledges is
/// settled at what it names, so that with another one on the lane a node could settle the calls
/// before it at terms that came after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LaneTerms {
	/// The model.
	pub model: ModelId,
	/// Its version.
	pub version: VersionId,
	/// The price version.
	pub price_version: PriceVersion,
}

impl Display for LaneTerms {
	fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
		let Self { model, version, price_version } = self;
		write!(formatter, "model {model}, version {version}, price version {price_version}")
	}
}

impl From<&x402::Terms> for LaneTerms {
	fn from(offered: &x402::Terms) -> Self {
		let (model, version) = (offered.model, offered.version);
		Self { model, version, price_version: offered.price_version }
	}
}

fn is_false(value: &bool) -> bool {
	!value
}

/// A call that was paid for and not acknowledged yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCall {
	/// Its voucher's sequence.
	pub sequence: Sequence,
	/// The model that was asked.
	pub model: ModelId,
	/// Its version.
	pub version: VersionId,
	/// The price version that was agreed on.
	pub price_version: PriceVersion,
	/// Its schedule.
	pub price: PriceSchedule,
	/// The tokens of the prompt that were agreed on.
	pub input_tokens: u32,
	/// The most tokens of the answer.
	pub max_output_tokens: u32,
	/// The most that it may cost, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub allowance: Balance,
	/// The hash of the request.
	pub request_hash: Hash,
	/// What it was hashed with.
	pub salt: Hash,
	/// The last block at which the node may take its voucher.
	#[serde(default)]
	pub valid_until: BlockNumber,
	/// A statement of the node that does not hold: proof against it.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub rejected: Option<Receipt>,
}

impl OpenCall {
	/// What its voucher is for.
	pub fn terms(&self) -> LaneTerms {
		LaneTerms { model: self.model, version: self.version, price_version: self.price_version }
	}

	/// Whether the node may still take its voucher, when the best block is this one: a node may be
	/// behind.
	pub fn can_be_taken(&self, best: BlockNumber) -> bool {
		best <= self.valid_until.saturating_add(LAG)
	}

	/// How large its answer can be.
	pub fn size(&self) -> AnswerSize {
		AnswerSize::of(self.input_tokens, self.max_output_tokens)
	}
}

impl KnownSession {
	/// What has been acknowledged or may still be charged, in planck.
	pub fn spent(&self) -> Balance {
		self.lanes.values().fold(0, |sum: Balance, lane| {
			let open = lane.open.as_ref().map_or(0, |call| call.allowance);
			sum.saturating_add(lane.acknowledged).saturating_add(open)
		})
	}

	/// A lane for a call at these terms: `first` if it can be, else one after it that is for them, or
	/// was never used. `None` if all lanes are used for something else.
	pub fn lane_for(&self, terms: &LaneTerms, first: LaneId) -> Option<LaneId> {
		let fits = |lane: &LaneId| self.lanes.get(lane).is_none_or(|known| known.is_for(terms));
		(first..MAX_LANES).chain(0..first.min(MAX_LANES)).find(fits)
	}

	/// Whether it is the session of `caller` with `node` on this chain.
	fn is(&self, key: &SessionKey) -> bool {
		(self.genesis_hash, &self.node, &self.caller) == (key.genesis_hash, &key.node, &key.caller)
	}
}

/// Between whom a session is. A caller uses one session with a node at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SessionKey {
	pub genesis_hash: Hash,
	pub node: AccountId,
	pub caller: AccountId,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Contents {
	layout: u32,
	sessions: Vec<KnownSession>,
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
				Contents { layout: LAYOUT, sessions: Vec::new() }
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
