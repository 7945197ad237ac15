//! The task that settles.

use std::{
	sync::Arc,
	time::{Duration, Instant},
};

use openledger_client::ss58;
use openledger_primitives::{
	record::{CallRecord, CallRecords},
	Balance, BlockNumber, Sequence, MAX_RECORDS,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{backoff::Backoff, Batch, Sent, SettlementChain, SettlementPolicy, Sighting, Verdict};
use crate::{
	clock,
	payment::{ChainUnavailable, SessionSource},
	store::{
		CallId, CallStatus, LaneKey, Loss, OpenLane, Outcome, Store, StoreError, StoredCall,
		Submission, UnixSeconds,
	},
};

/// How often is looked whether something is due.
const TICK: Duration = Duration::from_secs(1);
/// How many blocks before a session expires its calls are settled in any case: five minutes.
const BEFORE_END: BlockNumber = 100;
/// A session that the chain does not know for so long, counted from the call, was closed.
const LOST_AFTER: UnixSeconds = 600;

/// The last thing that settling did, for whoever asks how it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastSettlement {
	/// The finalized block of the last settlement.
	pub block: Option<BlockNumber>,
	/// Why the last attempt failed, if the last attempt failed.
	pub error: Option<String>,
}

/// Tells how settling goes.
#[derive(Clone, Debug)]
pub struct SettlerHandle {
	last: watch::Receiver<LastSettlement>,
}

impl SettlerHandle {
	/// A handle of nothing.
	#[cfg(test)]
	pub(crate) fn idle() -> Self {
		Self { last: watch::channel(LastSettlement::default()).1 }
	}

	/// How it goes.
	pub fn last(&self) -> LastSettlement {
		self.last.borrow().clone()
	}
}

/// What to do about a lane.
enum Step {
	/// Nothing to settle, or nothing that can be settled yet.
	Wait,
	/// Send this; the calls in it, and what they cost together.
	Send(Batch, Vec<CallId>, Balance),
}

/// What looking after a lane came to.
#[derive(Debug, thiserror::Error)]
enum LaneError {
	#[error(transparent)]
	Chain(#[from] ChainUnavailable),
	#[error(transparent)]
	Store(#[from] StoreError),
	#[error("the settlement was refused: {0}")]
	Refused(String),
}

/// The task that settles.
pub struct Settler {
	store: Store,
	chain: Arc<dyn SettlementChain>,
	sessions: Arc<dyn SessionSource>,
	policy: SettlementPolicy,
	/// The most records of one settlement.
	batch_size: usize,
	backoff: Backoff<LaneKey>,
	last: watch::Sender<LastSettlement>,
}

impl Settler {
	/// Settles what is in `store`.
	pub fn new(
		store: Store,
		chain: Arc<dyn SettlementChain>,
		sessions: Arc<dyn SessionSource>,
		policy: SettlementPolicy,
	) -> (Self, SettlerHandle) {
		let (last, receiver) = watch::channel(LastSettlement::default());
		let handle = SettlerHandle { last: receiver };
		let backoff = Backoff::default();
		let batch_size = usize::try_from(MAX_RECORDS).unwrap_or(usize::MAX);
		(Self { store, chain, sessions, policy, batch_size, backoff, last }, handle)
	}

	/// Smaller settlements than the chain allows.
	#[cfg(test)]
	pub(super) fn with_batch_size(self, batch_size: usize) -> Self {
		Self { batch_size, ..self }
	}

	/// Settles what is due, until it is stopped; then whatever there is, once.
	pub async fn run(mut self, stop: CancellationToken) {
		while !stop.is_cancelled() {
			self.round(false).await;
			tokio::select! {
				() = stop.cancelled() => {},
				() = tokio::time::sleep(TICK) => {},
			}
		}
		self.round(true).await;
	}

	/// Looks after every lane that is due, or every lane.
	pub(super) async fn round(&mut self, all: bool) {
		let lanes = match self.store.open_lanes().await {
			Ok(lanes) => lanes,
			Err(error) => {
				error!(%error, "cannot read what is to be settled");
				return;
			}
		};
		let now = clock::unix_seconds();
		let oldest = lanes.iter().map(|lane| now.saturating_sub(lane.oldest)).max().unwrap_or(0);
		metrics::gauge!("openledger_settlement_lag_seconds")
			.set(f64::from(u32::try_from(oldest).unwrap_or(u32::MAX)));
		let waiting = lanes.iter().fold(0_u32, |sum, lane| sum.saturating_add(lane.calls));
		for lane in lanes {
			let key = lane.key;
			let due = match all {
				true => lane.submitted || self.policy.is_worth_it(&lane),
				false => {
					self.backoff.is_ready(key, Instant::now())
						&& self.is_due(&lane, waiting, now).await
				}
			};
			if !due {
				continue;
			}
			match self.lane(key).await {
				Ok(()) => self.backoff.succeed(key),
				Err(error) => {
					let wait = self.backoff.fail(key, Instant::now());
					warn!(lane = %key, %error, retry_in = wait.as_secs(), "cannot settle");
					metrics::counter!("openledger_settlement_failures_total").increment(1);
					self.last.send_modify(|last| last.error = Some(error.to_string()));
				}
			}
		}
	}

	/// Whether a lane is due: by the policy, because the outcome of a settlement is not known, or
	/// because its session ends.
	async fn is_due(&self, lane: &OpenLane, waiting: u32, now: UnixSeconds) -> bool {
		if lane.submitted || self.policy.is_due(lane, waiting, now) {
			return true;
		}
		let (Ok(best), Ok(Some(session))) =
			(self.sessions.best_block(), self.sessions.session(lane.key.session).await)
		else {
			return false;
		};
		session.closes_at.is_some() || best.saturating_add(BEFORE_END) >= session.expires_at
	}

	/// Looks after one lane.
	async fn lane(&mut self, key: LaneKey) -> Result<(), LaneError> {
		loop {
			let sighting = self.chain.look(key.session).await?;
			let (finalized, best) = (sighting.finalized, sighting.best);
			let (batch, ids, charge) = match self.next_step(key, sighting).await? {
				Step::Wait => return Ok(()),
				Step::Send(batch, ids, charge) => (batch, ids, charge),
			};
			let full = ids.len() >= self.batch_size;
			let until = best.saturating_add(self.chain.mortality());
			let submission = Submission { at: finalized, until };
			self.send(key, submission, batch, ids, charge).await?;
			if !full {
				return Ok(());
			}
		}
	}

	/// Notes what the chain knows of the lane already, and picks what to send next.
	async fn next_step(&self, key: LaneKey, sighting: Sighting) -> Result<Step, LaneError> {
		let mut calls = self.store.open_calls(key).await?;
		let session = sighting.session.as_ref();
		let settled = session
			.and_then(|session| session.lanes.iter().find(|lane| lane.lane == key.lane))
			.map_or(0, |lane| lane.sequence);
		if calls.iter().any(|(id, _)| id.sequence <= settled) {
			let noted = self.note_settled(key, &calls, settled, sighting.finalized).await?;
			info!(lane = %key, up_to = settled, calls = noted, "found settled on chain");
			calls = self.store.open_calls(key).await?;
		}

		let mut waiting = false;
		let mut expired = Vec::new();
		for (id, call) in &calls {
			if let CallStatus::Submitted(submission) = call.status {
				if sighting.finalized > submission.until {
					expired.push((*id, Outcome::NotSettled));
				} else {
					waiting = true;
				}
			}
		}
		if !expired.is_empty() {
			warn!(lane = %key, calls = expired.len(), "a settlement never entered a block");
			self.store.note(expired).await?;
			calls = self.store.open_calls(key).await?;
		}
		if waiting {
			return Ok(Step::Wait);
		}

		match session {
			Some(session) if session.node == *self.sessions.operator() => {
				Ok(self.batch(calls).await?)
			}
			Some(session) => {
				error!(lane = %key, node = %ss58(&session.node), "another node's session");
				Ok(Step::Wait)
			}
			None => {
				if !sighting.known_at_best {
					self.note_lost(key, &calls, sighting.finalized).await?;
				}
				Ok(Step::Wait)
			}
		}
	}

	/// The chain has settled the lane up to `settled`. What it said of the records that were sent
	/// is in the events, where those blocks can still be read.
	async fn note_settled(
		&self,
		key: LaneKey,
		calls: &[(CallId, StoredCall)],
		settled: Sequence,
		finalized: BlockNumber,
	) -> Result<u32, LaneError> {
		let submissions = calls.iter().filter_map(|(_, call)| match call.status {
			CallStatus::Submitted(submission) => Some(submission),
			_ => None,
		});
		let span = submissions.fold(None, |span: Option<Submission>, next| {
			Some(span.map_or(next, |span| Submission {
				at: span.at.min(next.at),
				until: span.until.max(next.until),
			}))
		});
		let verdicts = match span {
			Some(span) => {
				let found = self.chain.verdicts(key, span.at, span.until.min(finalized)).await;
				found.unwrap_or_else(|error| {
					warn!(lane = %key, %error, "cannot read how the records fared one by one");
					Vec::new()
				})
			}
			None => Vec::new(),
		};
		let outcomes = calls
			.iter()
			.filter_map(|(id, _)| match find(&verdicts, id.sequence) {
				Some(verdict) => Some((*id, outcome(&verdict))),
				None if id.sequence <= settled => Some((*id, Outcome::Settled { block: None })),
				None => None,
			})
			.collect();
		Ok(self.store.note(outcomes).await?)
	}

	/// The chain does not know the session. That it was closed is certain only once the chain that is
	/// asked is past the calls themselves: a chain node that is catching up has not seen it yet.
	async fn note_lost(
		&self,
		key: LaneKey,
		calls: &[(CallId, StoredCall)],
		finalized: BlockNumber,
	) -> Result<(), LaneError> {
		let now = clock::unix_seconds();
		let mut lost = Vec::new();
		for (id, call) in calls {
			if now.saturating_sub(call.accepted_at) <= LOST_AFTER {
				continue;
			}
			let stored = self.store.voucher(*id).await?;
			let stored = stored.ok_or(StoreError::Corrupt { table: "vouchers" })?;
			if finalized > stored.voucher.valid_until {
				lost.push((*id, Outcome::Lost(Loss::SessionClosed)));
			}
		}
		if !lost.is_empty() {
			error!(lane = %key, calls = lost.len(), "the session was closed before settlement");
			self.store.note(lost).await?;
		}
		Ok(())
	}

	/// The oldest calls that wait, with the voucher of the newest of them.
	async fn batch(&self, calls: Vec<(CallId, StoredCall)>) -> Result<Step, LaneError> {
		let mut ids = Vec::new();
		let mut records: Vec<CallRecord> = Vec::new();
		let mut charge: Balance = 0;
		for (id, call) in calls.into_iter().take(self.batch_size) {
			let Some(served) = call.served else { continue };
			charge = charge.saturating_add(served.charge);
			ids.push(id);
			records.push(served.record);
		}
		let Some(newest) = ids.last() else { return Ok(Step::Wait) };
		let stored = self.store.voucher(*newest).await?;
		let stored = stored.ok_or(StoreError::Corrupt { table: "vouchers" })?;
		let records = CallRecords::truncate_from(records);
		let batch = Batch { voucher: stored.voucher, signature: stored.signature, records };
		Ok(Step::Send(batch, ids, charge))
	}

	/// Sends a settlement, once, and notes what became of it.
	async fn send(
		&self,
		key: LaneKey,
		submission: Submission,
		batch: Batch,
		ids: Vec<CallId>,
		charge: Balance,
	) -> Result<(), LaneError> {
		let all = |outcome: Outcome| ids.iter().map(|id| (*id, outcome)).collect::<Vec<_>>();
		self.store.note(all(Outcome::Submitted(submission))).await?;
		info!(lane = %key, calls = ids.len(), %charge, "settling");
		let sent = match self.chain.settle(batch).await {
			Ok(sent) => sent,
			Err(error) => {
				self.store.note(all(Outcome::NotSettled)).await?;
				return Err(error.into());
			}
		};
		match sent {
			Sent::Finalized { block, verdicts } => {
				let outcomes = ids.iter().map(|id| match find(&verdicts, id.sequence) {
					Some(verdict) => (*id, outcome(&verdict)),
					None => (*id, Outcome::NotSettled),
				});
				self.store.note(outcomes.collect()).await?;
				let rejected = verdicts.iter().filter(|verdict| verdict.rejected.is_some());
				for verdict in rejected {
					error!(
						lane = %key, sequence = verdict.sequence, reason = ?verdict.rejected,
						"the chain rejected a record",
					);
				}
				info!(lane = %key, block, calls = verdicts.len(), "settled");
				metrics::counter!("openledger_settlements_total").increment(1);
				self.last.send_replace(LastSettlement { block: Some(block), error: None });
				Ok(())
			}
			Sent::Refused { error } => {
				self.store.note(all(Outcome::NotSettled)).await?;
				Err(LaneError::Refused(error))
			}
			Sent::Unknown { until: bound, reason } => {
				warn!(lane = %key, %reason, "the outcome of a settlement is not known yet");
				if let Some(until) = bound {
					let submission = Submission { until, ..submission };
					self.store.note(all(Outcome::Submitted(submission))).await?;
				}
				Ok(())
			}
		}
	}
}

fn find(verdicts: &[Verdict], sequence: Sequence) -> Option<Verdict> {
	verdicts.iter().find(|verdict| verdict.sequence == sequence).copied()
}

fn outcome(verdict: &Verdict) -> Outcome {
	match verdict.rejected {
		None => Outcome::Settled { block: Some(verdict.block) },
		Some(reason) => Outcome::Lost(Loss::Rejected(reason)),
	}
}
