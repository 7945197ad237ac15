//! The task that settles: it starts work on lanes that are due, several at a time, and never waits for
//! one of them.

use std::{
	collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
	sync::Arc,
	time::{Duration, Instant},
};

use openledger_books::{LaneKey, OpenLane, Store};
use openledger_primitives::MAX_RECORDS;
use openledger_protocol::clock;
use tokio::{
	sync::{mpsc, watch},
	task::{Id, JoinError, JoinSet},
	time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::{
	backoff::{Backoff, Failure},
	due::{Due, DueRules},
	handle::{LastSettlement, Order, SettlerHandle, ORDERS},
	lane_error::LaneError,
	plan::Planner,
	rests::Rests,
	worker::{Looked, Worker},
	SettlementChain, SettlementPolicy,
};
use crate::view::SessionSource;

/// The time between two checks for lanes that are due.
const TICK: Duration = Duration::from_secs(1);
/// The most calls of one settlement by sums. The records of all of them are read to prove one.
const SUMMED: usize = 65_536;
/// The number of lanes looked after at the same time: what takes long is waiting for finality. Their
/// order is part of most tests.
const AT_ONCE: usize = if cfg!(test) { 1 } else { 32 };
/// One place in this many is kept for lanes that do not press, where such wait.
const PATIENT: usize = 4;

/// The task that settles.
pub struct Settler {
	worker: Arc<Worker>,
	store: Store,
	sessions: Arc<dyn SessionSource>,
	last: watch::Sender<LastSettlement>,
	pub(super) policy: SettlementPolicy,
	next_policy: watch::Receiver<Option<SettlementPolicy>>,
	/// The number of lanes looked after at the same time because they are due; and as many more, apart
	/// from these, because a session is to be settled at somebody's request.
	at_once: usize,
	pub(super) backoff: Backoff<LaneKey>,
	orders: mpsc::Receiver<Order>,
	/// Sessions that are being settled at somebody's request, in the order in which it was asked for.
	ordered: Vec<Ordered>,
	/// Lanes that are due and cannot wait, in the order in which they are looked after.
	pressing: VecDeque<LaneKey>,
	/// The others that are due, after those.
	queue: VecDeque<LaneKey>,
	rests: Rests,
	/// Lanes that are being looked after.
	active: HashMap<Id, Active>,
	working: JoinSet<(LaneKey, Result<Looked, LaneError>)>,
	/// Answers to those who have asked for a session to be settled.
	answering: JoinSet<()>,
}

/// A lane that is being looked after.
#[derive(Clone, Copy)]
struct Active {
	key: LaneKey,
	why: Why,
}

/// A reason why a lane is being looked after.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
	/// Somebody has asked for it.
	Ordered,
	/// It is due, and cannot wait.
	Presses,
	/// It is due.
	Due,
}

/// A session that is being settled at somebody's request.
struct Ordered {
	order: Order,
	/// Its lanes that are not done, and whether one of them was begun since it was asked for.
	lanes: BTreeMap<LaneKey, bool>,
	/// The reason why one of them could not be settled.
	reason: String,
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
		let planner = Planner::new(store.clone(), batch_size, SUMMED);
		let worker = Worker::new(store.clone(), chain, sessions.clone(), planner, last.clone());
		let settler = Self {
			worker: Arc::new(worker),
			store,
			sessions,
			last,
			policy,
			next_policy,
			at_once: AT_ONCE,
			backoff: Backoff::default(),
			orders,
			ordered: Vec::new(),
			pressing: VecDeque::new(),
			queue: VecDeque::new(),
			rests: Rests::default(),
			active: HashMap::new(),
			working: JoinSet::new(),
			answering: JoinSet::new(),
		};
		(settler, handle)
	}

	/// Smaller settlements than the chain allows.
	#[cfg(test)]
	pub(super) fn with_batch_size(mut self, batch_size: usize) -> Self {
		let worker = Arc::get_mut(&mut self.worker).expect("nothing is under way");
		worker.planner.batch_size = batch_size;
		worker.planner.summed = batch_size;
		self
	}

	/// The most calls of one settlement by sums.
	#[cfg(test)]
	pub(super) fn with_summed(mut self, summed: usize) -> Self {
		let worker = Arc::get_mut(&mut self.worker).expect("nothing is under way");
		worker.planner.summed = summed;
		self
	}

	/// Looks after `at_once` lanes at the same time.
	#[cfg(test)]
	pub(super) fn with_lanes_at_once(self, at_once: usize) -> Self {
		Self { at_once, ..self }
	}

	/// Settles what is due, until it is stopped; then, when what is under way has ended, once every
	/// lane that is worth it (`min_value`) or was submitted.
	pub async fn run(mut self, stop: CancellationToken) {
		let mut tick = tokio::time::interval(TICK);
		tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
		while !stop.is_cancelled() {
			tokio::select! {
				biased;
				() = stop.cancelled() => break,
				Some(done) = self.working.join_next_with_id() => self.done(done),
				Some(_) = self.answering.join_next() => {},
				_ = tick.tick() => self.find_due(false).await,
				Some(order) = self.orders.recv(), if self.ordered.len() < ORDERS => {
					self.take(order).await;
				},
			}
			// Behind those that have not had their turn.
			self.once_more();
			self.start();
		}
		self.orders.close();
		self.pressing.clear();
		self.queue.clear();
		self.ordered.clear();
		while let Some(done) = self.working.join_next_with_id().await {
			self.done(done);
		}
		self.round(true).await;
		while self.answering.join_next().await.is_some() {}
	}

	/// Looks after every lane that is due, with one settlement; or after every lane, to its end.
	pub(super) async fn round(&mut self, all: bool) {
		self.find_due(all).await;
		loop {
			self.start();
			match self.working.join_next_with_id().await {
				Some(done) => self.done(done),
				None if all && self.rests.are_unfinished() => self.once_more(),
				None => return,
			}
		}
	}

	/// Begins to settle a session at once, and says in time what came of it.
	async fn take(&mut self, order: Order) {
		// Whoever asked may have given up while it waited.
		if order.reply.is_closed() {
			return;
		}
		let open = match self.store.open_lanes().await {
			Ok(open) => open,
			Err(error) => {
				let _ = order.reply.send(Err(error.into()));
				return;
			}
		};
		let ours = open.iter().filter(|lane| lane.key.session == order.session);
		let lanes = ours.map(|lane| (lane.key, false)).collect();
		let reason = "the outcome of a settlement is not known".to_owned();
		self.ordered.push(Ordered { order, lanes, reason });
		self.answer();
	}

	/// Answers those whose sessions are done.
	fn answer(&mut self) {
		for Ordered { order, reason, .. } in
			self.ordered.extract_if(.., |ordered| ordered.lanes.is_empty())
		{
			let worker = self.worker.clone();
			self.answering.spawn(async move {
				let outcome = worker.conclude(order.session, reason).await;
				let _ = order.reply.send(outcome);
			});
		}
	}

	/// Lets lanes that had more calls than fit into a settlement have their next one, after the others.
	fn once_more(&mut self) {
		for key in self.rests.take_unfinished() {
			if !self.queue.contains(&key) {
				self.queue.push_back(key);
			}
		}
	}

	/// The number of lanes being looked after for this reason.
	fn begun(&self, why: Why) -> usize {
		self.active.values().filter(|active| active.why == why).count()
	}

	/// Begins with lanes, as far as there is room: those that somebody waits for, whoever asked first
	/// first, and those that are due. Neither takes the room of the other: sessions that are closed,
	/// however many, hold up nobody, and are held up by nobody. Of those that are due, the ones that
	/// cannot wait come first, and leave a part of the room to the others.
	fn start(&mut self) {
		let mut busy: HashSet<LaneKey> = self.active.values().map(|active| active.key).collect();
		let room = self.at_once.saturating_sub(self.begun(Why::Ordered));
		let waiting = self.ordered.iter().flat_map(|ordered| ordered.lanes.iter());
		let wanted: Vec<LaneKey> = waiting
			.filter_map(|(key, begun)| (!begun && busy.insert(*key)).then_some(*key))
			.take(room)
			.collect();
		for key in wanted {
			for ordered in &mut self.ordered {
				ordered.lanes.entry(key).and_modify(|begun| *begun = true);
			}
			self.begin(key, Why::Ordered);
		}
		// A lane that is being looked after is found again when it is due again.
		let busy: HashSet<LaneKey> = self.active.values().map(|active| active.key).collect();
		self.pressing.retain(|key| !busy.contains(key));
		self.queue.retain(|key| !busy.contains(key));
		let (mut pressing, mut due) = (self.begun(Why::Presses), self.begun(Why::Due));
		let patient = if self.queue.is_empty() { 0 } else { self.at_once / PATIENT };
		let most = self.at_once.saturating_sub(patient.saturating_sub(due));
		while pressing.saturating_add(due) < most {
			let Some(key) = self.pressing.pop_front() else { break };
			self.begin(key, Why::Presses);
			pressing = pressing.saturating_add(1);
		}
		while pressing.saturating_add(due) < self.at_once {
			let Some(key) = self.queue.pop_front() else { return };
			self.begin(key, Why::Due);
			due = due.saturating_add(1);
		}
	}

	fn begin(&mut self, key: LaneKey, why: Why) {
		let (worker, policy) = (self.worker.clone(), self.policy);
		let task = self.working.spawn(async move { (key, worker.look_after(key, policy).await) });
		self.active.insert(task.id(), Active { key, why });
	}

	/// Notes how looking after a lane went.
	fn done(&mut self, done: Result<(Id, (LaneKey, Result<Looked, LaneError>)), JoinError>) {
		let (id, outcome) = match done {
			Ok((id, (_, outcome))) => (id, outcome),
			Err(error) => (error.id(), Err(LaneError::Broken)),
		};
		let Some(Active { key, .. }) = self.active.remove(&id) else { return };
		let now = Instant::now();
		self.rests.wake(key);
		let more = matches!(outcome, Ok(Looked::Sent { more: true }));
		for ordered in &mut self.ordered {
			if !matches!(ordered.lanes.get(&key), Some(true)) {
				continue;
			}
			match &outcome {
				Ok(_) if more => {
					ordered.lanes.insert(key, false);
				}
				Ok(_) => {
					ordered.lanes.remove(&key);
				}
				Err(error) => {
					ordered.reason = error.to_string();
					ordered.lanes.remove(&key);
				}
			}
		}
		match outcome {
			Ok(looked) => {
				self.backoff.succeed(key);
				if looked == Looked::Waits {
					self.rests.rest(key, now);
				}
				if more {
					self.rests.go_on(key);
				}
			}
			Err(error) => {
				let failure = if error.is_free() { Failure::Free } else { Failure::Dear };
				let wait = self.backoff.fail(key, now, failure);
				warn!(lane = %key, %error, retry_in = wait.as_secs(), "cannot settle");
				metrics::counter!("openledger_settlement_failures_total").increment(1);
				self.last.send_modify(|last| last.error = Some(error.code().to_owned()));
			}
		}
		self.answer();
		self.tell_how_it_goes();
	}

	/// Finds the lanes that are due, or all that are worth it.
	async fn find_due(&mut self, all: bool) {
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
		let time = clock::unix_seconds();
		let oldest = lanes.iter().map(|lane| time.saturating_sub(lane.oldest)).max().unwrap_or(0);
		metrics::gauge!("openledger_settlement_lag_seconds")
			.set(f64::from(u32::try_from(oldest).unwrap_or(u32::MAX)));
		let keys: BTreeSet<LaneKey> = lanes.iter().map(|lane| lane.key).collect();
		self.backoff.keep(|key| keys.contains(key));
		self.worker.planner.keep(|key| keys.contains(key));
		self.rests.keep(|key| keys.contains(key));
		let due = match all {
			true => {
				let wanted = |lane: &&OpenLane| lane.submitted || self.policy.is_worth_it(lane);
				let of = |lane: &OpenLane| Due { key: lane.key, presses: false };
				lanes.iter().filter(wanted).map(of).collect()
			}
			false => {
				let rules = DueRules {
					policy: self.policy,
					backoff: &self.backoff,
					rests: &self.rests,
					sessions: self.sessions.as_ref(),
					store: &self.store,
				};
				rules.due(&lanes, time).await
			}
		};
		self.enqueue(due);
		self.tell_how_it_goes();
	}

	/// Puts lanes that are due where they belong, behind those that are there. A lane that could wait
	/// and cannot any more goes over to the others of its kind.
	pub(super) fn enqueue(&mut self, due: Vec<Due>) {
		let mut pressing: HashSet<LaneKey> = self.pressing.iter().copied().collect();
		let waiting: HashSet<LaneKey> = self.queue.iter().copied().collect();
		for Due { key, presses } in due {
			self.rests.take(key);
			if presses && pressing.insert(key) {
				self.pressing.push_back(key);
			} else if !presses && !pressing.contains(&key) && !waiting.contains(&key) {
				self.queue.push_back(key);
			}
		}
		self.queue.retain(|key| !pressing.contains(key));
	}

	/// Says since when something fails, of what there is to do.
	fn tell_how_it_goes(&mut self) {
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
}
