//! The task that settles: it puts lanes that are due together into settlements, has several of these
//! under way at the same time, and never waits for one of them.

use std::{
	collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
	sync::Arc,
	time::{Duration, Instant},
};

use openledger_books::{LaneKey, OpenLane, Store};
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
	plan::{Left, Planner},
	rests::Rests,
	room::{Limits, Packing},
	worker::{Looked, Results, Worker},
	SettlementChain, SettlementPolicy,
};
use crate::view::SessionSource;

/// The time between two checks for lanes that are due.
const TICK: Duration = Duration::from_secs(1);
/// The number of settlements under way at the same time: what takes long is waiting for finality. Their
/// order is part of most tests.
const AT_ONCE: usize = if cfg!(test) { 1 } else { 8 };
/// One place in this many is kept for settlements of lanes that do not press, where such wait.
const PATIENT: usize = 4;

/// The task that settles.
pub struct Settler {
	pub(super) worker: Arc<Worker>,
	store: Store,
	sessions: Arc<dyn SessionSource>,
	last: watch::Sender<LastSettlement>,
	pub(super) policy: SettlementPolicy,
	next_policy: watch::Receiver<Option<SettlementPolicy>>,
	planner: Arc<Planner>,
	pub(super) limits: Limits,
	/// The number of settlements under way at the same time because lanes are due; and as many more, apart
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
	/// Lanes that were in a settlement of several that was refused: each goes by itself until it has worked.
	alone: HashSet<LaneKey>,
	/// The number of calls that waited of each lane when it was last looked.
	calls: HashMap<LaneKey, u32>,
	/// True once lanes are settled to their end, because the node stops.
	finishing: bool,
	/// Settlements that are under way.
	active: HashMap<Id, Active>,
	working: JoinSet<Results>,
	/// Answers to those who have asked for a session to be settled.
	answering: JoinSet<()>,
}

/// Lanes that are being looked after together.
struct Active {
	lanes: Vec<LaneKey>,
	why: Why,
}

/// A reason why lanes are being looked after.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
	/// Somebody has asked for it.
	Ordered,
	/// They are due, and at least one of them cannot wait.
	Presses,
	/// They are due.
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
		Self::within(Limits::default(), store, chain, sessions, policy)
	}

	/// Settles what is in `store`, no more than that at a time.
	pub(super) fn within(
		limits: Limits,
		store: Store,
		chain: Arc<dyn SettlementChain>,
		sessions: Arc<dyn SessionSource>,
		policy: SettlementPolicy,
	) -> (Self, SettlerHandle) {
		let (handle, last, orders) = SettlerHandle::channel();
		let next_policy = handle.next_policy.subscribe();
		let planner = Arc::new(Planner::new(store.clone(), limits));
		let (of_worker, sessions_too) = (planner.clone(), sessions.clone());
		let worker = Worker::new(store.clone(), chain, sessions_too, of_worker, last.clone());
		let settler = Self {
			worker: Arc::new(worker),
			store,
			sessions,
			last,
			policy,
			next_policy,
			planner,
			limits,
			at_once: AT_ONCE,
			backoff: Backoff::default(),
			orders,
			ordered: Vec::new(),
			pressing: VecDeque::new(),
			queue: VecDeque::new(),
			rests: Rests::default(),
			alone: HashSet::new(),
			calls: HashMap::new(),
			finishing: false,
			active: HashMap::new(),
			working: JoinSet::new(),
			answering: JoinSet::new(),
		};
		(settler, handle)
	}

	/// Has `at_once` settlements under way at the same time.
	#[cfg(test)]
	pub(super) fn with_settlements_at_once(self, at_once: usize) -> Self {
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
					// Those that were asked for at the same time go together.
					while self.ordered.len() < ORDERS {
						let Ok(order) = self.orders.try_recv() else { break };
						self.take(order).await;
					}
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
		self.finishing = all;
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
		let ours = || open.iter().filter(|lane| lane.key.session == order.session);
		let lanes = ours().map(|lane| (lane.key, false)).collect();
		self.calls.extend(ours().map(|lane| (lane.key, lane.calls)));
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

	/// The number of settlements under way for this reason.
	fn begun(&self, why: Why) -> usize {
		self.active.values().filter(|active| active.why == why).count()
	}

	/// The lanes that are being looked after.
	fn busy(&self) -> HashSet<LaneKey> {
		self.active.values().flat_map(|active| &active.lanes).copied().collect()
	}

	/// Begins with lanes, as far as there is room: those that somebody waits for, whoever asked first
	/// first, and those that are due. Neither takes the room of the other: sessions that are closed,
	/// however many, hold up nobody, and are held up by nobody. Of those that are due, the ones that
	/// cannot wait come first, and leave a part of the room to the others.
	fn start(&mut self) {
		self.start_ordered();
		// A lane that is being looked after is found again when it is due again.
		let busy = self.busy();
		self.pressing.retain(|key| !busy.contains(key));
		self.queue.retain(|key| !busy.contains(key));
		loop {
			let (pressing, due) = (self.begun(Why::Presses), self.begun(Why::Due));
			let begun = pressing.saturating_add(due);
			if begun >= self.at_once {
				return;
			}
			let patient = if self.queue.is_empty() { 0 } else { self.at_once / PATIENT };
			let most = self.at_once.saturating_sub(patient.saturating_sub(due));
			let presses = !self.pressing.is_empty() && begun < most;
			let lanes = self.pack(presses);
			if lanes.is_empty() {
				return;
			}
			self.begin(lanes, if presses { Why::Presses } else { Why::Due });
		}
	}

	/// Begins with lanes that somebody waits for.
	fn start_ordered(&mut self) {
		while self.begun(Why::Ordered) < self.at_once {
			let busy = self.busy();
			let mut packing = Packing::new(self.limits);
			for ordered in &self.ordered {
				for (key, begun) in &ordered.lanes {
					if !begun && !busy.contains(key) {
						packing.add(*key, self.records(*key), self.alone.contains(key));
					}
				}
			}
			let lanes = packing.finish();
			if lanes.is_empty() {
				return;
			}
			for ordered in &mut self.ordered {
				for key in &lanes {
					ordered.lanes.entry(*key).and_modify(|begun| *begun = true);
				}
			}
			self.begin(lanes, Why::Ordered);
		}
	}

	/// Takes lanes that are due for one settlement, in their order: those that cannot wait, if it is for
	/// them, and as many of the others as there is room for beside them.
	fn pack(&mut self, presses: bool) -> Vec<LaneKey> {
		let mut packing = Packing::new(self.limits);
		let mut take = |lanes: &VecDeque<LaneKey>| -> VecDeque<LaneKey> {
			let is_left = |key: &&LaneKey| {
				!packing.add(**key, self.records(**key), self.alone.contains(*key))
			};
			lanes.iter().filter(is_left).copied().collect()
		};
		let pressing = presses.then(|| take(&self.pressing));
		let queue = take(&self.queue);
		self.pressing = pressing.unwrap_or_else(|| std::mem::take(&mut self.pressing));
		self.queue = queue;
		packing.finish()
	}

	/// The number of records that a lane will have, about.
	fn records(&self, key: LaneKey) -> usize {
		let calls = self.calls.get(&key).copied().unwrap_or(1);
		self.planner.records(calls, &self.policy)
	}

	fn begin(&mut self, lanes: Vec<LaneKey>, why: Why) {
		let (worker, policy, of_task) = (self.worker.clone(), self.policy, lanes.clone());
		let task = self.working.spawn(async move { worker.look_after(&of_task, &policy).await });
		self.active.insert(task.id(), Active { lanes, why });
	}

	/// Notes how looking after lanes went.
	fn done(&mut self, done: Result<(Id, Results), JoinError>) {
		let (id, results) = match done {
			Ok((id, results)) => (id, Some(results)),
			Err(error) => (error.id(), None),
		};
		let Some(Active { lanes, why }) = self.active.remove(&id) else { return };
		let broken = || lanes.iter().map(|key| (*key, Err(LaneError::Broken))).collect();
		for (key, outcome) in results.unwrap_or_else(broken) {
			self.done_with(key, why, outcome);
		}
		self.answer();
		self.tell_how_it_goes();
	}

	/// Notes how looking after a lane went.
	fn done_with(&mut self, key: LaneKey, why: Why, outcome: Result<Looked, LaneError>) {
		let now = Instant::now();
		self.rests.wake(key);
		let is_ordered = self.ordered.iter().any(|ordered| ordered.lanes.get(&key) == Some(&true));
		let more = match &outcome {
			Ok(Looked::Sent { left: Left::More }) => true,
			Ok(Looked::Sent { left: Left::Newest }) => self.finishing || is_ordered,
			Ok(_) => false,
			Err(error) => matches!(error, LaneError::RefusedTogether(_)),
		};
		for ordered in &mut self.ordered {
			if ordered.lanes.get(&key) != Some(&true) {
				continue;
			}
			if let Err(error) = &outcome {
				ordered.reason = error.to_string();
			}
			if more {
				ordered.lanes.insert(key, false);
			} else {
				ordered.lanes.remove(&key);
			}
		}
		match outcome {
			Ok(looked) => {
				self.backoff.succeed(key);
				self.alone.remove(&key);
				if looked == Looked::Waits {
					self.rests.rest(key, now);
				}
				if more {
					self.rests.go_on(key);
				}
			}
			Err(error) => {
				warn!(lane = %key, %error, "cannot settle");
				metrics::counter!("openledger_settlement_failures_total").increment(1);
				self.last.send_modify(|last| last.error = Some(error.code().to_owned()));
				if more {
					self.alone.insert(key);
					// Whoever asked for it has it begun again.
					if why != Why::Ordered {
						self.enqueue(vec![Due { key, presses: why == Why::Presses }]);
					}
					return;
				}
				// Whichever of several it was.
				if matches!(error, LaneError::Broken) {
					self.alone.insert(key);
				}
				let failure = if error.is_free() { Failure::Free } else { Failure::Dear };
				let wait = self.backoff.fail(key, now, failure);
				warn!(lane = %key, retry_in = wait.as_secs(), "the lane is left alone for a while");
			}
		}
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
		self.planner.keep(|key| keys.contains(key));
		self.rests.keep(|key| keys.contains(key));
		self.alone.retain(|key| keys.contains(key));
		self.calls = lanes.iter().map(|lane| (lane.key, lane.calls)).collect();
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
