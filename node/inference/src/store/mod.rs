//! What the node must not forget: vouchers it took, calls it served, and what became of them.
//!
//! An embedded database (redb) with one writer. Every operation is one step of a call's life:
//!
//! ```text
//! accept ──► Accepted ──serve──► Served ◄──► Submitted ──► Settled | Lost
//!            │   └─────release─► NotCharged
//!            └──withdraw─► as if it had never come
//! ```
//!
//! What a plain answer says is kept with its record until the lane's next one, for a while: a caller who
//! loses the connection, or whose node dies, between record and answer has paid for it, and can have it
//! with the same voucher and request ([`Store::serve_and_keep`]).
//!
//! Calls that are settled by their sums keep their records here, and with them the proof that they are
//! among those that were ([`Store::proven`]), until they are old ([`Store::prune`]).
//!
//! An operation that has returned is on disk, with one exception. [`Store::accept`] is where a voucher
//! is compared with its lane and taken, in memory: two calls that race for one lane, or for the rest of
//! one deposit, cannot both win. That holds from when it returns; it is written down with the end of
//! its call. So a whole answer waits for the disk once. Whoever hands out an answer piece by piece
//! waits for [`Store::secure`] first.
//!
//! Calls that were accepted and not ended when the process died are closed as not charged when the
//! store is opened: whatever was delivered of them is the caller's. Where even their beginning did not
//! reach the disk, nothing was delivered, and their vouchers can come again.

mod desk;
mod error;
mod lanes;
mod life;
mod older;
mod opening;
mod outcomes;
mod proofs;
mod prune;
mod tables;
#[cfg(test)]
mod tests;
mod types;
mod writer;

use std::{
	path::Path,
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc,
	},
	time::Duration,
};

use openledger_primitives::{
	info::SessionInfo, voucher::Voucher, AccountId, Hash, LaneId, RequestId, SessionId,
};
use redb::{Database, ReadableDatabase};
use tokio::sync::{mpsc, oneshot, Semaphore};

use self::{
	desk::Desk,
	tables::{OpenCall, Snapshot, Tables},
	writer::{Job, Writer},
};
pub use self::{
	error::StoreError,
	lanes::{Acceptance, LaneRefusal},
	outcomes::Outcome,
	types::{
		CallId, CallStatus, Cutoff, KeptAnswer, LaneKey, LaneState, LaneTerms, Loss, OpenLane,
		Proof, ProvenCall, Pruned, ServedCall, SessionState, StoredAggregate, StoredAnswer,
		StoredCall, StoredVoucher, Submission, Totals, Uncharged, UnixSeconds,
	},
};

/// How this program stores things. A file of an earlier version is brought up to it, unless calls in it
/// are still to be settled ([`StoreError::Unsettled`]); one of a later version is refused.
pub const SCHEMA_VERSION: u32 = 3;

/// How many may read the records of a whole settlement at the same time.
const PROOFS: usize = 2;
/// How long others wait for their turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// The largest answer that is kept for its caller, in bytes.
pub const MAX_KEPT: usize = 256 * 1024;

/// Memory for cached pages, in bytes: enough for the ends of many lanes. What is read again after a
/// long time is in the system's own cache.
const CACHE: usize = 4 * 1024 * 1024;

/// Whose store it is. A file that belongs to somebody else, or to another chain, is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
	/// The chain.
	pub genesis: Hash,
	/// The operator.
	pub operator: AccountId,
}

/// The store. Clones share one database.
#[derive(Clone, Debug)]
pub struct Store {
	queue: mpsc::Sender<Job>,
	database: Arc<Database>,
	desk: Arc<Desk>,
	recovered: Arc<[CallId]>,
	/// Whether the last commit worked.
	writable: Arc<AtomicBool>,
	proofs: Arc<Semaphore>,
}

impl Store {
	/// Opens the database in `path`, or makes it, and closes the calls that an earlier process left
	/// unfinished ([`Self::recovered`]).
	///
	/// # Errors
	/// [`StoreError::Schema`], [`StoreError::OtherChain`] or [`StoreError::OtherOperator`] if the
	/// file is not ours, [`StoreError::Directory`] and [`StoreError::Database`] if it cannot be
	/// opened, for instance because another process has it open.
	pub async fn open(path: &Path, identity: Identity) -> Result<Self, StoreError> {
		let path = path.to_path_buf();
		let opened = tokio::task::spawn_blocking(move || {
			if let Some(directory) = path.parent() {
				std::fs::create_dir_all(directory)
					.map_err(|error| StoreError::Directory(Arc::new(error)))?;
			}
			let database = Database::builder().set_cache_size(CACHE).create(&path)?;
			let recovered = opening::prepare(&database, &identity)?;
			let (queue, jobs) = mpsc::channel(writer::QUEUE);
			let database = Arc::new(database);
			let writable = Arc::new(AtomicBool::new(true));
			let desk = Arc::new(Desk::default());
			let writer = Writer {
				database: database.clone(),
				desk: desk.clone(),
				writable: writable.clone(),
			};
			std::thread::Builder::new()
				.name("store-writer".into())
				.spawn(move || writer.run(jobs))
				.map_err(|error| StoreError::Directory(Arc::new(error)))?;
			let proofs = Arc::new(Semaphore::new(PROOFS));
			Ok(Self { queue, database, desk, recovered: recovered.into(), writable, proofs })
		});
		opened.await.map_err(|_| StoreError::Closed)?
	}

	/// The calls that an earlier process had accepted and not ended; they were closed as not
	/// charged.
	pub fn recovered(&self) -> &[CallId] {
		&self.recovered
	}

	/// What was answered to exactly this voucher, if it is kept.
	///
	/// # Errors
	/// Of the store.
	pub async fn kept(&self, voucher: Voucher) -> Result<Option<KeptAnswer>, StoreError> {
		let id = CallId::of(&voucher);
		self.read(move |snapshot| {
			let Some((sequence, body)) = snapshot.kept(id.lane_key())? else { return Ok(None) };
			let taken = snapshot.voucher(id)?.is_some_and(|taken| taken.voucher == voucher);
			if sequence != id.sequence || !taken {
				return Ok(None);
			}
			Ok(snapshot.call(id)?.map(|call| KeptAnswer { call, body }))
		})
		.await
	}

	/// What a lane is used for, if its last voucher is here.
	///
	/// # Errors
	/// Of the store.
	pub async fn terms(&self, last: CallId) -> Result<Option<LaneTerms>, StoreError> {
		Ok(self.voucher(last).await?.map(|last| LaneTerms::of(&last.voucher)))
	}

	/// Notes what settlements did to served calls. How many calls changed.
	///
	/// # Errors
	/// Of the store.
	pub async fn note(&self, outcomes: Vec<(CallId, Outcome)>) -> Result<u32, StoreError> {
		self.write(move |tables| outcomes::note(tables, &outcomes)).await
	}

	/// Notes that a settlement by sums is about to be sent, and what it does to these calls: from now
	/// on the aggregate is what may be on chain. If its outcome turns out to be that of its last call,
	/// it is kept, else forgotten.
	///
	/// # Errors
	/// Of the store.
	pub async fn send_aggregate(
		&self,
		lane: LaneKey,
		sent: StoredAggregate,
		outcomes: Vec<(CallId, Outcome)>,
	) -> Result<u32, StoreError> {
		self.write(move |tables| outcomes::send(tables, lane, &sent, &outcomes)).await
	}

	/// The aggregate of a lane that is in a settlement whose outcome is not known.
	///
	/// # Errors
	/// Of the store.
	pub async fn sent_aggregate(
		&self,
		lane: LaneKey,
	) -> Result<Option<StoredAggregate>, StoreError> {
		self.read(move |snapshot| snapshot.sent(lane)).await
	}

	/// Removes up to `limit` calls that are at their end and old, from the lane `from` upwards. The
	/// newest call of each lane stays.
	///
	/// # Errors
	/// Of the store.
	pub async fn prune(
		&self,
		cutoff: Cutoff,
		from: LaneKey,
		limit: usize,
	) -> Result<Pruned, StoreError> {
		self.write(move |tables| prune::prune(tables, cutoff, from, limit)).await
	}

	/// Keeps the answer of a call on chain, before it is sent and whenever it is.
	///
	/// # Errors
	/// Of the store.
	pub async fn keep_answer(
		&self,
		request: RequestId,
		answer: StoredAnswer,
	) -> Result<(), StoreError> {
		self.write(move |tables| tables.put_answer(request, &answer)).await
	}

	/// Forgets the answer of a call on chain.
	///
	/// # Errors
	/// Of the store.
	pub async fn forget_answer(&self, request: RequestId) -> Result<(), StoreError> {
		self.write(move |tables| tables.remove_answer(request)).await
	}

	/// The answers of calls on chain that are not known to have arrived.
	///
	/// # Errors
	/// Of the store.
	pub async fn answers(&self) -> Result<Vec<(RequestId, StoredAnswer)>, StoreError> {
		self.read(Snapshot::answers).await
	}

	/// A call, together with the leaves of what it was settled with.
	///
	/// # Errors
	/// Of the store.
	pub async fn proven(&self, id: CallId) -> Result<Option<ProvenCall>, StoreError> {
		let permit = self.proofs.clone().acquire_owned().await;
		let _permit = permit.map_err(|_| StoreError::Closed)?;
		self.read(move |snapshot| proofs::proven(snapshot, id)).await
	}

	/// The same, with the proof that the call is among those that it was settled with.
	///
	/// # Errors
	/// [`StoreError::Busy`] if too many ask, or of the store.
	pub async fn proof(
		&self,
		id: CallId,
	) -> Result<Option<(ProvenCall, Option<Proof>)>, StoreError> {
		let permit = tokio::time::timeout(PATIENCE, self.proofs.clone().acquire_owned()).await;
		let permit = permit.map_err(|_| StoreError::Busy)?.map_err(|_| StoreError::Closed)?;
		self.read(move |snapshot| {
			// Held until it is done, whether somebody waits for it or not.
			let _permit = permit;
			proofs::proof(snapshot, id)
		})
		.await
	}

	/// Whether calls can be written down. Tries it if the last time failed.
	///
	/// # Errors
	/// Why they cannot.
	pub async fn check(&self) -> Result<(), StoreError> {
		if self.queue.is_closed() {
			return Err(StoreError::Closed);
		}
		if self.writable.load(Ordering::Relaxed) {
			return Ok(());
		}
		self.sync().await
	}

	/// Whether the records up to this one of its lane are not kept any more, or never were.
	///
	/// # Errors
	/// Of the store.
	pub async fn is_removed(&self, id: CallId) -> Result<bool, StoreError> {
		let lane = self.read(move |snapshot| snapshot.lane(id.lane_key())).await?;
		Ok(lane.is_some_and(|state| id.sequence <= state.base_sequence))
	}

	/// A call, if its voucher was ever taken.
	///
	/// # Errors
	/// Of the store.
	pub async fn call(&self, id: CallId) -> Result<Option<StoredCall>, StoreError> {
		if let Some((_, call)) = self.desk.call(id) {
			return Ok(Some(call));
		}
		self.read(move |snapshot| snapshot.call(id)).await
	}

	/// A voucher that was taken.
	///
	/// # Errors
	/// Of the store.
	pub async fn voucher(&self, id: CallId) -> Result<Option<StoredVoucher>, StoreError> {
		if let Some((voucher, _)) = self.desk.call(id) {
			return Ok(Some(voucher));
		}
		self.read(move |snapshot| snapshot.voucher(id)).await
	}

	/// All calls of a lane, in order.
	///
	/// # Errors
	/// Of the store.
	pub async fn calls(&self, lane: LaneKey) -> Result<Vec<(CallId, StoredCall)>, StoreError> {
		let mut calls = self.read(move |snapshot| snapshot.calls_of(lane)).await?;
		if let Some((id, _)) = self.desk.open(lane) {
			calls.extend(self.desk.call(id).map(|(_, call)| (id, call)));
		}
		Ok(calls)
	}

	/// The state of a lane, as its next voucher has to see it; none if nobody has used it yet.
	///
	/// # Errors
	/// Of the store.
	pub async fn lane(
		&self,
		session: &SessionInfo,
		lane: LaneId,
	) -> Result<Option<LaneState>, StoreError> {
		let key = LaneKey { session: session.id, lane };
		if let Some((_, open)) = self.desk.open(key) {
			return Ok(Some(open));
		}
		let stored = self.read(move |snapshot| snapshot.lane(key)).await?;
		Ok(lanes::current(stored, session, lane))
	}

	/// What a session's lanes add up to; none if nobody has used it yet.
	///
	/// # Errors
	/// Of the store.
	pub async fn session(&self, session: SessionId) -> Result<Option<SessionState>, StoreError> {
		self.desk.session(session, &self.database)
	}

	/// What all calls add up to.
	///
	/// # Errors
	/// Of the store.
	pub async fn totals(&self) -> Result<Totals, StoreError> {
		self.read(Snapshot::totals).await
	}

	/// The lanes with calls that wait for settlement, or for the outcome of one, in order.
	///
	/// # Errors
	/// Of the store.
	pub async fn open_lanes(&self) -> Result<Vec<OpenLane>, StoreError> {
		self.read(|snapshot| {
			let mut lanes: Vec<OpenLane> = Vec::new();
			snapshot.each_open_call(|id, open| {
				let (at, value, submitted) = match open {
					OpenCall::Accepted => return,
					OpenCall::Served { at, charge } => (at, charge, false),
					OpenCall::Submitted { at, charge } => (at, charge, true),
				};
				let key = id.lane_key();
				match lanes.last_mut() {
					Some(lane) if lane.key == key => {
						lane.calls = lane.calls.saturating_add(1);
						lane.value = lane.value.saturating_add(value);
						lane.oldest = lane.oldest.min(at);
						lane.submitted |= submitted;
					}
					_ => lanes.push(OpenLane { key, calls: 1, value, oldest: at, submitted }),
				}
			})?;
			Ok(lanes)
		})
		.await
	}

	/// The first `limit` calls of a lane that wait for settlement, or for the outcome of one, in order.
	///
	/// # Errors
	/// Of the store.
	pub async fn open_calls(
		&self,
		lane: LaneKey,
		limit: usize,
	) -> Result<Vec<(CallId, StoredCall)>, StoreError> {
		self.read(move |snapshot| {
			let mut calls = Vec::new();
			for (id, open) in snapshot.open_calls_of(lane, limit)? {
				if open == OpenCall::Accepted {
					continue;
				}
				let call = snapshot.call(id)?.ok_or(StoreError::Corrupt { table: "open" })?;
				calls.push((id, call));
			}
			Ok(calls)
		})
		.await
	}

	/// The oldest call of a lane that waits for settlement, or for the outcome of one.
	///
	/// # Errors
	/// Of the store.
	pub async fn oldest_open_call(&self, lane: LaneKey) -> Result<Option<StoredCall>, StoreError> {
		self.read(move |snapshot| {
			let open = snapshot.open_calls_of(lane, 1)?;
			match open.into_iter().find(|(_, open)| *open != OpenCall::Accepted) {
				Some((id, _)) => snapshot.call(id),
				None => Ok(None),
			}
		})
		.await
	}

	/// Waits until everything that was asked for before is done, and lets go of the database,
	/// provided that this is the last clone.
	pub async fn close(self) {
		let (done, finished) = oneshot::channel();
		let Self { queue, database, .. } = self;
		drop(database);
		if queue.send(Job::Stop(done)).await.is_ok() {
			// An error means that the writer is gone, and the database with it.
			let _ = finished.await;
		}
	}

	async fn write<T, F>(&self, operation: F) -> Result<T, StoreError>
	where
		T: Send + 'static,
		F: FnOnce(&mut Tables<'_>) -> Result<T, StoreError> + Send + 'static,
	{
		self.ask(Job::new(operation)).await
	}

	async fn ask<T>(
		&self,
		(job, answer): (Job, oneshot::Receiver<Result<T, StoreError>>),
	) -> Result<T, StoreError> {
		self.queue.send(job).await.map_err(|_| StoreError::Closed)?;
		answer.await.map_err(|_| StoreError::Closed)?
	}

	async fn read<T, F>(&self, operation: F) -> Result<T, StoreError>
	where
		T: Send + 'static,
		F: FnOnce(&Snapshot) -> Result<T, StoreError> + Send + 'static,
	{
		let database = self.database.clone();
		let read = tokio::task::spawn_blocking(move || {
			let transaction = database.begin_read()?;
			operation(&Snapshot::open(&transaction)?)
		});
		read.await.map_err(|_| StoreError::Closed)?
	}
}
