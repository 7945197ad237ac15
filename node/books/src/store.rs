//! The store: a handle with which the rest of the node reads and writes.

use std::{ops::Range, path::Path, sync::Arc, time::Duration};

use openledger_primitives::{
	info::SessionInfo,
	lane::{SettledItem, SettledLane, Voucher},
	lane_list::{AggregateProof, LaneLeaf},
	BlockNumber, LaneId, RequestId, SessionId,
};
use tokio::sync::Semaphore;

use super::{
	disk::{Asked, Disk},
	error::StoreError,
	lane_register::{LaneRegister, Taking},
	lane_state::LaneState,
	lanes::{self, Acceptance, LaneRefusal},
	list::ListReader,
	outcomes::{self, Outcome},
	promised::Promised,
	proofs, prune,
	schema::{Schema, Settlement},
	snapshot::Snapshot,
	types::{
		CallId, Cutoff, Forgotten, Identity, KeptAnswer, LaneKey, LaneWithLast, LastVoucher,
		OpenLane, ProvenCall, Pruned, ServedCall, SessionState, StoredAnswer, StoredCall,
		StoredVoucher, Totals, Uncharged, UnixSeconds,
	},
	writer::Job,
	SCHEMA_VERSION,
};

/// The most that read whole settlements at the same time.
const PROOFS: usize = 2;
/// The time that others wait for their turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// The largest answer that is kept for its caller, in bytes.
pub const MAX_KEPT: usize = 256 * 1024;

/// The most times that a voucher is compared anew after lanes of its session were noted as lost.
const LOSSES: usize = 4;

/// The store. Clones share one database. Everything fails if the database does, or is closed already;
/// a function names what else can go wrong.
#[derive(Clone, Debug)]
pub struct Store {
	pub(super) disk: Disk,
	register: Arc<LaneRegister>,
	recovered: Arc<[CallId]>,
	proofs: Arc<Semaphore>,
}

impl Store {
	/// Opens the database in `path`, or makes it, and closes the calls that an earlier process left
	/// unfinished ([`Self::recovered`]).
	///
	/// # Errors
	/// [`StoreError::NoSchema`], [`StoreError::Schema`], [`StoreError::OtherChain`] or
	/// [`StoreError::OtherOperator`] if the file is not ours, [`StoreError::Directory`] and
	/// [`StoreError::Database`] if it cannot be opened, for instance because another process has it
	/// open.
	pub async fn open(path: &Path, identity: Identity) -> Result<Self, StoreError> {
		let register = Arc::new(LaneRegister::default());
		let (disk, recovered) = Disk::open(path, identity, register.clone()).await?;
		register.promise(disk.read(Promised::read).await?);
		let proofs = Arc::new(Semaphore::new(PROOFS));
		Ok(Self { disk, register, recovered: recovered.into(), proofs })
	}

	/// The calls that an earlier process had accepted and not ended; they were closed as not
	/// charged.
	pub fn recovered(&self) -> &[CallId] {
		&self.recovered
	}

	/// Takes a voucher, if it fits its lane and session: from now on its call is being served, and
	/// must be ended by [`Self::serve`] or [`Self::release`]. It is written down with the call's end,
	/// or by [`Self::secure`].
	///
	/// # Errors
	/// Inside: the reason why the voucher was refused.
	pub async fn accept(
		&self,
		acceptance: Acceptance,
	) -> Result<Result<LaneState, LaneRefusal>, StoreError> {
		self.disk.check_open()?;
		let mut acceptance = acceptance;
		// That lanes are lost is noted once, unless the chain goes on meanwhile.
		for _ in 0..LOSSES {
			let (behind, lost) = match self.register.accept(self.disk.database(), acceptance)? {
				Taking::Taken(lane) => return Ok(Ok(lane)),
				Taking::Refused(refusal) => return Ok(Err(refusal)),
				Taking::Behind(behind, lost) => (behind, lost),
			};
			let session = behind.session.clone();
			self.disk.write(move |tables| lanes::note_lost(tables, &session, &lost)).await?;
			acceptance = behind;
		}
		Err(StoreError::Invariant("a session's lanes were noted as lost, and are behind the chain"))
	}

	/// Compares a voucher with its lane and session as they are now, and does not take it.
	///
	/// # Errors
	/// Inside: the reason why it would be refused.
	pub fn compare(&self, acceptance: &Acceptance) -> Result<Result<(), LaneRefusal>, StoreError> {
		let refusal = self.register.compare(self.disk.database(), acceptance)?;
		Ok(refusal.map_or(Ok(()), Err))
	}

	/// Writes down that a voucher was taken, before anything of its answer goes out.
	///
	/// # Errors
	/// Nothing may go out then.
	pub async fn secure(&self, id: CallId) -> Result<(), StoreError> {
		let register = self.register.clone();
		let secured = self.disk.write(move |tables| match register.unwritten(id) {
			Some(acceptance) => lanes::write(tables, &acceptance),
			None => Ok(()),
		});
		secured.await
	}

	/// Waits until everything that was done before is on disk.
	pub async fn sync(&self) -> Result<(), StoreError> {
		let register = self.register.clone();
		let synced = self.disk.write(move |tables| {
			for acceptance in register.all_unwritten() {
				lanes::write(tables, &acceptance)?;
			}
			// So that there is something to write.
			tables.schema.put((), &Schema(SCHEMA_VERSION))
		});
		synced.await
	}

	/// Ends an accepted call that was served.
	///
	/// # Errors
	/// [`StoreError::Invariant`] if the call is not an accepted one, or costs more than was set
	/// aside for it.
	pub async fn serve(&self, id: CallId, served: ServedCall) -> Result<(), StoreError> {
		self.end(id, served, None).await
	}

	/// The same, and keeps the answer until the next one of its lane: a caller who breaks off between
	/// this and the answer can have it all the same ([`Self::kept`]). For answers of at most
	/// [`MAX_KEPT`] bytes; longer ones are not kept.
	///
	/// # Errors
	/// As of [`Self::serve`].
	pub async fn serve_and_keep(
		&self,
		id: CallId,
		served: ServedCall,
		answer: Vec<u8>,
	) -> Result<(), StoreError> {
		let kept = Some(answer).filter(|answer| answer.len() <= MAX_KEPT);
		self.end(id, served, kept).await
	}

	async fn end(
		&self,
		id: CallId,
		served: ServedCall,
		kept: Option<Vec<u8>>,
	) -> Result<(), StoreError> {
		let register = self.register.clone();
		let ended = self.disk.write(move |tables| {
			lanes::serve(tables, id, register.unwritten(id).as_deref(), served, kept)
		});
		ended.await
	}

	/// Ends an accepted call without a charge; its sequence stays used. True if it was still open.
	pub async fn release(&self, id: CallId, why: Uncharged) -> Result<bool, StoreError> {
		self.disk.ask(self.releasing(id, why)).await
	}

	/// Like [`Self::release`], for where nobody can wait: in a destructor. If the queue is full the
	/// call stays open until the store is opened again.
	pub fn release_later(&self, id: CallId, why: Uncharged) {
		let (job, _answer) = self.releasing(id, why);
		if !self.disk.try_send(job) {
			tracing::error!(call = %id, "a broken call stays open until the node starts again");
		}
	}

	fn releasing(&self, id: CallId, why: Uncharged) -> Asked<bool> {
		let register = self.register.clone();
		Job::new(move |tables| lanes::release(tables, id, register.unwritten(id).as_deref(), why))
	}

	/// Takes back that a voucher was taken, as if it had never come. For calls that are refused
	/// before anything was done for them.
	///
	/// # Errors
	/// [`StoreError::Invariant`] if the call is not an accepted one.
	pub async fn withdraw(&self, id: CallId) -> Result<(), StoreError> {
		let register = self.register.clone();
		self.disk
			.write(move |tables| lanes::withdraw(tables, id, register.unwritten(id).as_deref()))
			.await
	}

	/// Takes no more vouchers of a session, for good. Returns the number of its calls that are still
	/// being served.
	pub async fn close_session(
		&self,
		session: SessionId,
		now: UnixSeconds,
	) -> Result<usize, StoreError> {
		let (register, database) = (self.register.clone(), self.disk.shared());
		let closed = self.disk.write(move |tables| {
			// In this order: no voucher is taken between counting and closing.
			let unwritten = register.close(session, &database)?;
			Ok(lanes::close(tables, session, now)?.saturating_add(unwritten))
		});
		closed.await
	}

	/// The answer to exactly this voucher, if it is kept.
	pub async fn kept(&self, voucher: Voucher) -> Result<Option<KeptAnswer>, StoreError> {
		self.disk.read(move |snapshot| snapshot.kept(&voucher)).await
	}

	/// Notes what settlements did to served calls. Returns the number of calls that changed.
	pub async fn note(&self, outcomes: Vec<(CallId, Outcome)>) -> Result<u32, StoreError> {
		self.disk.write(move |tables| outcomes::note(tables, &outcomes)).await
	}

	/// Keeps what was settled of a lane, as the chain told of it: so that it can be shown of each of its calls,
	/// as long as those are kept. What becomes of the calls is for [`Self::note`].
	pub async fn note_settled_lane(
		&self,
		header: SettledLane,
		items: Vec<SettledItem>,
		block: BlockNumber,
	) -> Result<(), StoreError> {
		let settlement = Settlement { block, header, items };
		self.disk.write(move |tables| outcomes::keep(tables, &settlement)).await
	}

	/// Removes up to `limit` calls that are at their end and old, from the lane `from` upwards. The
	/// newest call of each lane stays.
	pub async fn prune(
		&self,
		cutoff: Cutoff,
		from: LaneKey,
		limit: usize,
	) -> Result<Pruned, StoreError> {
		self.disk.write(move |tables| prune::prune(tables, cutoff, from, limit)).await
	}

	/// Up to `limit` sessions that are here, from `from` upwards.
	pub async fn sessions(
		&self,
		from: SessionId,
		limit: usize,
	) -> Result<Vec<SessionId>, StoreError> {
		let sessions = move |snapshot: &Snapshot| {
			snapshot.rows::<SessionState>()?.keys_from(from)?.take(limit).collect()
		};
		self.disk.read(sessions).await
	}

	/// Takes no more vouchers of a session that the chain does not know any more, and removes up to `limit` of
	/// its calls that are at their end and old, the newest of each lane as well; with a lane's last call all that
	/// is known of it goes, and with the last lane all that is known of the session. Nothing changes as long as
	/// one of its vouchers could be used after the cutoff's block, or a call is being served.
	pub async fn forget_session(
		&self,
		session: SessionId,
		cutoff: Cutoff,
		limit: usize,
	) -> Result<Forgotten, StoreError> {
		let (register, database) = (self.register.clone(), self.disk.shared());
		let forgotten = self.disk.write(move |tables| {
			// In this order: no voucher is taken between this and removing.
			match prune::is_past(tables, session, cutoff)? && register.end(session, &database)? {
				true => prune::forget(tables, session, cutoff, limit),
				false => Ok(Forgotten { calls: 0, done: false }),
			}
		});
		forgotten.await
	}

	/// Keeps the answer of a call on chain, before it is sent and whenever it is.
	pub async fn keep_answer(
		&self,
		request: RequestId,
		answer: StoredAnswer,
	) -> Result<(), StoreError> {
		self.disk.write(move |tables| tables.answers.put(request, &answer)).await
	}

	/// Forgets the answer of a call on chain.
	pub async fn forget_answer(&self, request: RequestId) -> Result<(), StoreError> {
		self.disk.write(move |tables| tables.answers.remove(request)).await
	}

	/// The answers of calls on chain that are not known to have arrived.
	pub async fn answers(&self) -> Result<Vec<(RequestId, StoredAnswer)>, StoreError> {
		self.disk.read(|snapshot| snapshot.rows::<StoredAnswer>()?.all()?.collect()).await
	}

	/// A call, with the settled item that it is in, and the proof of that.
	///
	/// # Errors
	/// [`StoreError::Busy`] if too many ask.
	pub async fn proof(&self, id: CallId) -> Result<Option<ProvenCall>, StoreError> {
		let permit = tokio::time::timeout(PATIENCE, self.proofs.clone().acquire_owned()).await;
		let permit = permit.map_err(|_| StoreError::Busy)?.map_err(|_| StoreError::Closed)?;
		self.disk
			.read(move |snapshot| {
				// Held until it is done, even if nobody waits for it any more.
				let _permit = permit;
				proofs::proof(snapshot, id)
			})
			.await
	}

	/// Checks that calls can be written down. Tries it if the last time failed.
	///
	/// # Errors
	/// The reason why they cannot.
	pub async fn check(&self) -> Result<(), StoreError> {
		self.disk.check_open()?;
		if self.disk.is_writable() {
			return Ok(());
		}
		self.sync().await
	}

	/// True if the records up to this one of its lane are not kept any more, or never were.
	pub async fn is_removed(&self, id: CallId) -> Result<bool, StoreError> {
		let lane = self.disk.read(move |snapshot| snapshot.get::<LaneState>(id.lane_key())).await?;
		Ok(lane.is_some_and(|state| state.is_removed(id.sequence)))
	}

	/// A call, if its voucher was ever taken.
	pub async fn call(&self, id: CallId) -> Result<Option<StoredCall>, StoreError> {
		if let Some((_, call)) = self.register.call(id) {
			return Ok(Some(call));
		}
		self.disk.read(move |snapshot| snapshot.get(id)).await
	}

	/// A voucher that was taken.
	pub async fn voucher(&self, id: CallId) -> Result<Option<StoredVoucher>, StoreError> {
		if let Some((voucher, _)) = self.register.call(id) {
			return Ok(Some(voucher));
		}
		self.disk.read(move |snapshot| snapshot.get(id)).await
	}

	/// All calls of a lane, in order.
	pub async fn calls(&self, lane: LaneKey) -> Result<Vec<(CallId, StoredCall)>, StoreError> {
		let mut calls =
			self.disk.read(move |snapshot| snapshot.range(lane.all(), usize::MAX)).await?;
		if let Some((open, _)) = self.register.open(lane) {
			calls.push((CallId::of(&open.voucher.voucher.newest()), lanes::accepted(&open)));
		}
		Ok(calls)
	}

	/// The state of a lane, as its next voucher has to see it; none if nobody has used it yet.
	pub async fn lane(
		&self,
		session: &SessionInfo,
		lane: LaneId,
	) -> Result<Option<LaneState>, StoreError> {
		let key = LaneKey { session: session.id, lane };
		if let Some((_, open)) = self.register.open(key) {
			return Ok(Some(open));
		}
		let stored = self.disk.read(move |snapshot| snapshot.get(key)).await?;
		Ok(lanes::current(stored, session, lane))
	}

	/// A lane as its next voucher has to see it, and its last voucher, as of one moment; none if nobody has
	/// used it yet.
	pub async fn lane_last(
		&self,
		session: &SessionInfo,
		lane: LaneId,
	) -> Result<Option<LaneWithLast>, StoreError> {
		let key = LaneKey { session: session.id, lane };
		if let Some((open, state)) = self.register.open(key) {
			let list = state.list.clone();
			let snapshot = self
				.disk
				.read(move |snapshot| ListReader::of(snapshot, key)?.snapshot(&list))
				.await?;
			let (voucher, call) = (open.voucher.clone(), lanes::accepted(&open));
			let last = snapshot.map(|snapshot| LastVoucher { voucher, snapshot, call });
			return Ok(Some(LaneWithLast { state, last }));
		}
		let session = session.clone();
		self.disk
			.read(move |snapshot| {
				let stored = snapshot.get(key)?;
				let Some(state) = lanes::current(stored, &session, key.lane) else {
					return Ok(None);
				};
				let last = if state.lost { None } else { proofs::last(snapshot, key, &state)? };
				Ok(Some(LaneWithLast { state, last }))
			})
			.await
	}

	/// The proof of the run from the leaf `next` to the leaf `to` of a lane's list when it had `count` calls.
	/// None if what it takes is not kept, or there is no such run.
	pub async fn lane_proof(
		&self,
		lane: LaneKey,
		count: u32,
		next: u32,
		to: u32,
	) -> Result<Option<AggregateProof>, StoreError> {
		self.disk.read(move |snapshot| ListReader::of(snapshot, lane)?.run(count, next, to)).await
	}

	/// The leaves of a lane's list with indices in this range that are kept, in order.
	pub async fn leaves(
		&self,
		lane: LaneKey,
		range: Range<u32>,
	) -> Result<Vec<LaneLeaf>, StoreError> {
		self.disk.read(move |snapshot| snapshot.leaves(lane, range)).await
	}

	/// The sum over a session's lanes; none if nobody has used it yet.
	pub async fn session(&self, session: SessionId) -> Result<Option<SessionState>, StoreError> {
		self.register.session(session, self.disk.database())
	}

	/// The sum over all calls.
	pub async fn totals(&self) -> Result<Totals, StoreError> {
		Ok(self.disk.read(|snapshot| snapshot.get(())).await?.unwrap_or_default())
	}

	/// The lanes with calls that wait for settlement, or for the outcome of one, in order.
	pub async fn open_lanes(&self) -> Result<Vec<OpenLane>, StoreError> {
		self.disk.read(Snapshot::open_lanes).await
	}

	/// The first `limit` calls of a lane that wait for settlement, or for the outcome of one, in order.
	pub async fn open_calls(
		&self,
		lane: LaneKey,
		limit: usize,
	) -> Result<Vec<(CallId, StoredCall)>, StoreError> {
		self.disk.read(move |snapshot| snapshot.open_calls(lane, limit)).await
	}

	/// The newest call of a lane that waits for settlement, or for the outcome of one.
	pub async fn newest_open_call(
		&self,
		lane: LaneKey,
	) -> Result<Option<(CallId, StoredCall)>, StoreError> {
		self.disk.read(move |snapshot| snapshot.newest_open_call(lane)).await
	}

	/// The oldest call of a lane that waits for settlement, or for the outcome of one.
	pub async fn oldest_open_call(&self, lane: LaneKey) -> Result<Option<StoredCall>, StoreError> {
		let oldest = self.open_calls(lane, 1).await?;
		Ok(oldest.into_iter().next().map(|(_, call)| call))
	}

	/// Waits until everything that was asked for before is done, and lets go of the database,
	/// provided that this is the last clone.
	pub async fn close(self) {
		let Self { disk, .. } = self;
		disk.close().await;
	}
}
