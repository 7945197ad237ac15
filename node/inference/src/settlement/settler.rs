//! The task that settles: which lane is due, and when.

use std::{
	collections::{BTreeSet, HashSet},
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::{Duration, Instant},
};

use futures::{stream, StreamExt};
use openledger_primitives::{info::SessionInfo, Balance, BlockNumber, SessionId, MAX_RECORDS};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::{
	backoff::Backoff,
	handle::{LastSettlement, Order, SettleError, SettlerHandle},
	SettlementChain, SettlementPolicy,
};
use crate::{
	clock,
	payment::{ChainUnavailable, SessionSource},
	store::{LaneKey, OpenLane, Store, StoreError, UnixSeconds},
};

/// How often is looked whether something is due.
const TICK: Duration = Duration::from_secs(1);
/// How many blocks before a session expires its calls are settled in any case: five minutes.
const BEFORE_END: BlockNumber = 100;
/// The most calls of one settlement by sums. The records of all of them are read to prove one.
const SUMMED: usize = 65_536;

/// How many lanes are looked after at the same time: what takes long is waiting for finality. Their
/// order is part of most tests.
const AT_ONCE: usize = if cfg!(test) { 1 } else { 8 };

/// What looking after a lane came to.
#[derive(Debug, thiserror::Error)]
pub(super) enum LaneError {
	#[error(transparent)]
	Chain(#[from] ChainUnavailable),
	#[error(transparent)]
	Store(#[from] StoreError),
	#[error("the settlement was refused: {0}")]
	Refused(String),
	#[error("a settlement that was sent again has not arrived: {0}")]
	NotArrived(String),
}

/// The task that settles.
pub struct Settler {
	pub(super) store: Store,
	pub(super) chain: Arc<dyn SettlementChain>,
	pub(super) sessions: Arc<dyn SessionSource>,
	pub(super) policy: SettlementPolicy,
	next_policy: watch::Receiver<Option<SettlementPolicy>>,
	/// The most records of one settlement.
	pub(super) batch_size: usize,
	/// The most calls of one settlement by sums.
	pub(super) summed: usize,
	/// Lanes whose sums were refused: their calls are brought one by one, so that one that the chain
	/// does not take does not hold up the others.
	one_by_one: Mutex<HashSet<LaneKey>>,
	/// How many lanes are looked after at the same time.
	at_once: usize,
	backoff: Backoff<LaneKey>,
	pub(super) last: watch::Sender<LastSettlement>,
	orders: mpsc::Receiver<Order>,
}

impl Settler {
	/// Settles what is in `store`.
	pub fn new(
		store: Store,
		chain: Arc<dyn SettlementChain>,
		sessions: Arc<dyn SessionSource>,
		policy: SettlementPolicy,
	) -> (Self, SettlerHandle) {
		let (handle, last, orders) = SettlerHandle::channel();
		let next_policy = handle.next_policy.subscribe();
		let batch_size = usize::try_from(MAX_RECORDS).unwrap_or(usize::MAX);
		let settler = Self {
			store,
			chain,
			sessions,
			policy,
			next_policy,
			batch_size,
			summed: SUMMED,
			one_by_one: Mutex::default(),
			at_once: AT_ONCE,
			backoff: Backoff::default(),
			last,
			orders,
		};
		(settler, handle)
	}

	/// Smaller settlements than the chain allows.
	#[cfg(test)]
	pub(super) fn with_batch_size(self, batch_size: usize) -> Self {
		Self { batch_size, summed: batch_size, ..self }
	}

	/// Looks after so many lanes at the same time.
	#[cfg(test)]
	pub(super) fn with_lanes_at_once(self, at_once: usize) -> Self {
		Self { at_once, ..self }
	}

	/// See [`Self::one_by_one`].
	pub(super) fn one_by_one(&self) -> MutexGuard<'_, HashSet<LaneKey>> {
		self.one_by_one.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Settles what is due, until it is stopped; then whatever there is, once.
	pub async fn run(mut self, stop: CancellationToken) {
		while !stop.is_cancelled() {
			self.round(false).await;
			tokio::select! {
				() = stop.cancelled() => {},
				Some(order) = self.orders.recv() => self.take(order).await,
				() = tokio::time::sleep(TICK) => {},
			}
		}
		self.orders.close();
		self.round(true).await;
	}

	/// Settles a session at once, and says what came of it.
	pub(super) async fn take(&mut self, order: Order) {
		// Whoever asked may have given up while it waited.
		if !order.reply.is_closed() {
			let outcome = self.session(order.session).await;
			let _ = order.reply.send(outcome);
		}
	}

	/// Settles all served calls of a session. What is settled of it then, in planck.
	async fn session(&mut self, session: SessionId) -> Result<Balance, SettleError> {
		let mut reason = "the outcome of a settlement is not known".to_owned();
		let ours = |lane: &OpenLane| lane.key.session == session;
		let lanes = self.store.open_lanes().await?.into_iter().filter(ours);
		for error in self.settle_lanes(lanes.map(|lane| lane.key).collect()).await {
			reason = error.to_string();
		}
		let open = self.store.open_lanes().await?;
		let calls = open.iter().filter(|lane| ours(lane));
		let calls = calls.fold(0_usize, |sum, lane| {
			sum.saturating_add(usize::try_from(lane.calls).unwrap_or(usize::MAX))
		});
		if calls > 0 {
			return Err(SettleError::Open { calls, reason });
		}
		let sighting = self.chain.look(session).await?;
		match sighting.session {
			Some(info) => Ok(info.settled),
			// It was opened just now.
			None if sighting.known_at_best => Ok(0),
			None => Err(SettleError::Unknown),
		}
	}

	/// Looks after lanes, several at a time, and notes how that went. What failed.
	async fn settle_lanes(&mut self, keys: Vec<LaneKey>) -> Vec<LaneError> {
		let mut looking = Vec::with_capacity(keys.len());
		for key in keys {
			looking.push(self.look_after(key));
		}
		let looked: Vec<_> = stream::iter(looking).buffer_unordered(self.at_once).collect().await;
		let mut failed = Vec::new();
		for (key, outcome) in looked {
			let Err(error) = outcome else {
				self.backoff.succeed(key);
				continue;
			};
			let wait = self.backoff.fail(key, Instant::now());
			warn!(lane = %key, %error, retry_in = wait.as_secs(), "cannot settle");
			metrics::counter!("openledger_settlement_failures_total").increment(1);
			self.last.send_modify(|last| last.error = Some(error.to_string()));
			failed.push(error);
		}
		failed
	}

	/// Looks after every lane that is due, or every lane.
	pub(super) async fn round(&mut self, all: bool) {
		if let Some(policy) = *self.next_policy.borrow_and_update() {
			self.policy = policy;
		}
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
		let keys: BTreeSet<LaneKey> = lanes.iter().map(|lane| lane.key).collect();
		let mut due_lanes = Vec::new();
		for lane in lanes {
			let key = lane.key;
			let due = match all {
				true => lane.submitted || self.policy.is_worth_it(&lane),
				false => {
					self.backoff.is_ready(key, Instant::now())
						&& self.is_due(&lane, waiting, now).await
				}
			};
			if due {
				due_lanes.push(key);
			}
		}
		self.settle_lanes(due_lanes).await;
		self.tell_how_it_goes(&keys);
	}

	/// Says since when something fails, of what there is to do.
	fn tell_how_it_goes(&mut self, lanes: &BTreeSet<LaneKey>) {
		self.backoff.keep(|key| lanes.contains(key));
		self.one_by_one().retain(|key| lanes.contains(key));
		let failing = self.backoff.failing_for(Instant::now());
		let since = failing.map(|time| clock::unix_seconds().saturating_sub(time.as_secs()));
		self.last.send_if_modified(|last| {
			let changed = last.failing_since.is_some() != since.is_some();
			if changed {
				last.failing_since = since;
			}
			changed
		});
	}

	/// Whether a lane is due: by the policy, because the outcome of a settlement is not known, or
	/// because it cannot wait any longer: its session ends, its hot key may not spend so much any
	/// more, or its model's version or price was replaced.
	async fn is_due(&self, lane: &OpenLane, waiting: u32, now: UnixSeconds) -> bool {
		if lane.submitted || self.policy.is_due(lane, waiting, now) {
			return true;
		}
		let (Ok(best), Ok(Some(session))) =
			(self.sessions.best_block(), self.sessions.session(lane.key.session).await)
		else {
			return false;
		};
		session.closes_at.is_some()
			|| best.saturating_add(BEFORE_END) >= session.expires_at
			|| self.is_above_limit(&session).await
			|| self.is_replaced(lane.key).await
	}

	/// Whether a session's calls cost more than its hot key may spend: the caller has lowered the
	/// limit, which holds after a notice.
	async fn is_above_limit(&self, session: &SessionInfo) -> bool {
		if session.signer == session.caller {
			return false;
		}
		let state = self.store.session(session.id).await.ok().flatten();
		state.is_some_and(|state| state.charged > session.spending_limit)
	}

	/// Whether the model's owner has replaced what the lane's oldest call was made with. It can be
	/// settled for a while, and not for ever.
	async fn is_replaced(&self, lane: LaneKey) -> bool {
		let Ok(Some(call)) = self.store.oldest_open_call(lane).await else { return false };
		let Ok(Some(model)) = self.sessions.model(call.model) else { return false };
		let Some(record) = call.served.map(|served| served.record) else { return false };
		model.retired_at.is_some()
			|| (record.version, record.price_version) != (model.version, model.price_version)
	}
}
