//! The next settlement of a lane: its oldest calls one by one, and then a run of them by their sums.
//!
//! They go with the voucher of the lane's newest call, however many wait: what the caller has acknowledged with
//! it covers them, and the chain takes it when their own vouchers are too old. Their own are for where the
//! chain does not take that one.

use std::{
	collections::{HashMap, HashSet},
	sync::{Mutex, MutexGuard, PoisonError},
};

use openledger_books::{
	CallId, CallStatus, LaneKey, ServedCall, Store, StoreError, StoredCall, Submission,
};
use openledger_primitives::{
	lane::{CallRecord, CallRecords, LaneSettlement, Part, Parts},
	lane_list::{AggregateProof, Settled},
	Balance, Sequence,
};
use tracing::warn;

use super::{
	room::{Limits, Room},
	runs::{first_run, Shape},
	SettlementMode, SettlementPolicy,
};

/// The number of full batches that may wait of a lane before the mode `auto` adds calls up. One by
/// one a lane settles a batch in two to three blocks.
const BATCHES: usize = 4;

/// What is to be settled of a lane.
pub(super) struct Plan {
	pub key: LaneKey,
	pub settlement: LaneSettlement,
	/// The calls in it, each with the submission that it was in before and that may still arrive.
	pub calls: Vec<(CallId, Option<Submission>)>,
	/// Their price together, in planck.
	pub charge: Balance,
	/// The last sequence of the run that it ends with, if it does.
	pub run: Option<Sequence>,
	/// What waits behind them.
	pub left: Left,
}

impl Plan {
	/// True if some of it was sent before and may still arrive.
	pub fn is_again(&self) -> bool {
		self.calls.iter().any(|(_, earlier)| earlier.is_some())
	}

	/// True if it goes with the voucher of its last call.
	pub fn has_own_voucher(&self) -> bool {
		let voucher = self.settlement.voucher.newest().sequence;
		self.calls.last().is_some_and(|(id, _)| id.sequence == voucher)
	}
}

/// What waits of a lane behind what is settled of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
	/// Nothing.
	Nothing,
	/// The newest call, which no run may have: it can go with later ones.
	Newest,
	/// More than one settlement takes.
	More,
}

/// Calls of a lane that wait, in order.
pub(super) struct Waiting {
	pub calls: Vec<(CallId, StoredCall)>,
	/// True if there are more of them.
	pub more: bool,
}

/// A call that waits.
struct Open {
	id: CallId,
	index: u32,
	served: ServedCall,
	earlier: Option<Submission>,
}

impl Open {
	fn of((id, call): (CallId, StoredCall)) -> Option<Self> {
		let earlier = match call.status {
			CallStatus::Submitted(submission) => Some(submission),
			_ => None,
		};
		Some(Self { id, index: call.index?, served: call.served?, earlier })
	}

	fn shape(&self) -> Shape {
		let has_entries = self.served.has_entries();
		Shape { sequence: self.id.sequence, index: self.index, has_entries }
	}
}

/// What waits of a lane, and the voucher that it may go with.
struct Backlog {
	key: LaneKey,
	calls: Vec<Open>,
	/// True if there are more of them.
	more: bool,
	/// The lane's newest call that waits, and its index. None if calls are to go with their own voucher.
	newest: Option<(CallId, u32)>,
}

/// Makes plans. Fails where the store does.
pub(super) struct Planner {
	pub store: Store,
	pub limits: Limits,
	/// Lanes of which a run was rejected: its calls, up to this sequence, are brought one by one, so that one
	/// that the chain does not take does not hold up the others.
	one_by_one: Mutex<HashMap<LaneKey, Sequence>>,
	/// Lanes whose newest voucher was refused for good: their next calls go with their own one.
	with_own_voucher: Mutex<HashSet<LaneKey>>,
}

impl Planner {
	/// Plans settlements of calls in `store`.
	pub fn new(store: Store, limits: Limits) -> Self {
		let (one_by_one, with_own_voucher) = Default::default();
		Self { store, limits, one_by_one, with_own_voucher }
	}

	/// The oldest calls of a lane that wait: as many as one settlement can have, and one more.
	pub async fn waiting(&self, key: LaneKey, mode: SettlementMode) -> Result<Waiting, StoreError> {
		let Limits { records, summed, .. } = self.limits;
		let most = match mode {
			SettlementMode::Itemised => records,
			SettlementMode::Aggregate => records.max(summed),
			SettlementMode::Auto => {
				let few = self.few();
				let calls = self.store.open_calls(key, few.saturating_add(1)).await?;
				if calls.len() <= few {
					return Ok(Waiting { calls, more: false });
				}
				few.max(summed)
			}
		};
		let calls = self.store.open_calls(key, most.saturating_add(1)).await?;
		let more = calls.len() > most;
		Ok(Waiting { calls, more })
	}

	/// So many calls of a lane can be settled one by one in good time.
	fn few(&self) -> usize {
		self.limits.records.saturating_mul(BATCHES)
	}

	/// The number of records that so many waiting calls of a lane become, about.
	pub fn records(&self, calls: u32, policy: &SettlementPolicy) -> usize {
		let calls = usize::try_from(calls).unwrap_or(usize::MAX);
		match self.least_run(calls, policy) {
			Some(least) if calls > least => 1,
			_ => calls.min(self.limits.records),
		}
	}

	/// The fewest calls that are added up where so many wait. `None` if they go one by one in any case.
	fn least_run(&self, calls: usize, policy: &SettlementPolicy) -> Option<usize> {
		let least = usize::try_from(policy.aggregate_from).unwrap_or(usize::MAX).max(2);
		let are_many = match policy.mode {
			SettlementMode::Itemised => false,
			SettlementMode::Aggregate => true,
			SettlementMode::Auto => calls > self.few(),
		};
		are_many.then_some(least)
	}

	/// Plans with the oldest calls that wait, of a lane of which the chain has settled so much: each of them;
	/// or the sums of those that follow one another, if there are enough, and each of those before them.
	pub async fn next(
		&self,
		key: LaneKey,
		policy: &SettlementPolicy,
		waiting: Waiting,
		settled: Settled,
		room: Room,
	) -> Result<Option<Plan>, StoreError> {
		let least = self.least_run(waiting.calls.len(), policy);
		let backlog = self.backlog(key, waiting).await?;
		if let Some(least) = least {
			let plan = self.summed(&backlog, least, settled, room).await?;
			if plan.is_some() {
				return Ok(plan);
			}
		}
		self.itemised(&backlog, room).await
	}

	/// Finds out which voucher goes with what waits of a lane.
	async fn backlog(&self, key: LaneKey, waiting: Waiting) -> Result<Backlog, StoreError> {
		let Waiting { calls, more } = waiting;
		let calls: Vec<Open> = calls.into_iter().filter_map(Open::of).collect();
		let newest = if self.lanes_with_own_voucher().remove(&key) {
			None
		} else if more {
			let newest = self.store.newest_open_call(key).await?.and_then(Open::of);
			newest.map(|call| (call.id, call.index))
		} else {
			calls.last().map(|call| (call.id, call.index))
		};
		Ok(Backlog { key, calls, more, newest })
	}

	/// Notes that the chain will never redeem a lane's newest voucher: its next calls go with their own.
	pub fn use_own_voucher(&self, key: LaneKey) {
		self.lanes_with_own_voucher().insert(key);
	}

	/// Notes that a run was rejected: its calls go one by one from now on.
	pub fn refuse_run(&self, key: LaneKey, last: Sequence) {
		let mut lanes = self.lanes_one_by_one();
		let up_to = lanes.entry(key).or_insert(last);
		*up_to = last.max(*up_to);
	}

	/// Forgets lanes of which nothing waits any more.
	pub fn keep(&self, wanted: impl Fn(&LaneKey) -> bool) {
		self.lanes_one_by_one().retain(|key, _| wanted(key));
		self.lanes_with_own_voucher().retain(|key| wanted(key));
	}

	fn lanes_one_by_one(&self) -> MutexGuard<'_, HashMap<LaneKey, Sequence>> {
		self.one_by_one.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn lanes_with_own_voucher(&self) -> MutexGuard<'_, HashSet<LaneKey>> {
		self.with_own_voucher.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// The first run of at least so many calls, and each of the calls before it. `None` if there is none that
	/// the chain would take, or there is no room for those before it.
	async fn summed(
		&self,
		backlog: &Backlog,
		least: usize,
		settled: Settled,
		room: Room,
	) -> Result<Option<Plan>, StoreError> {
		let Backlog { key, ref calls, more, newest } = *backlog;
		let (Some(first), Some((newest, count))) = (calls.first(), newest) else {
			return Ok(None);
		};
		let follows = self.follows(key, first.index, settled.sequence).await?;
		let one_by_one = self.lanes_one_by_one().get(&key).copied().unwrap_or_default();
		let shapes: Vec<Shape> = calls.iter().map(Open::shape).collect();
		let Some(run) = first_run(&shapes, least, follows, one_by_one) else { return Ok(None) };
		let end = run.end;
		let (Some(before), Some(in_run)) = (calls.get(..run.start), calls.get(run)) else {
			return Ok(None);
		};
		let (Some(next), Some(to)) = (in_run.first(), in_run.last()) else { return Ok(None) };
		// The run is an item as well, and a lane has no more of them than records.
		let fits = room.records_of(before.iter().map(|call| &call.served)) == before.len();
		if !fits || before.len() >= room.records {
			return Ok(None);
		}
		let proof = self.store.lane_proof(key, count, next.index, to.index).await?;
		let Some(proof) = proof else {
			warn!(lane = %key, "calls cannot be added up: their list is not kept any more");
			return Ok(None);
		};
		let stored = self.store.voucher(newest).await?;
		let stored = stored.ok_or(StoreError::Corrupt { table: "vouchers" })?;
		let ahead = Settled {
			sequence: before.last().map_or(settled.sequence, |call| call.id.sequence),
			charge: settled.charge.saturating_add(charge(before)),
		};
		let acknowledged = stored.voucher.newest().acknowledges();
		if let Err(error) = proof.verify(&ahead, &acknowledged) {
			warn!(lane = %key, %error, "calls cannot be added up, and go one by one");
			return Ok(None);
		}
		let Some(parts) = parts(before, Some(proof)) else { return Ok(None) };
		// The newest call, and nothing else, is behind it.
		let only_newest = !more && end.saturating_add(1) == calls.len();
		Ok(Some(Plan {
			key,
			settlement: LaneSettlement {
				voucher: stored.voucher,
				signature: stored.signature,
				parts,
			},
			calls: before.iter().chain(in_run).map(|call| (call.id, call.earlier)).collect(),
			charge: charge(before).saturating_add(charge(in_run)),
			run: Some(to.id.sequence),
			left: if only_newest { Left::Newest } else { Left::More },
		}))
	}

	/// Tells whether the call of this index is the next one of the lane's list after those that the chain has
	/// settled.
	async fn follows(
		&self,
		key: LaneKey,
		index: u32,
		settled: Sequence,
	) -> Result<bool, StoreError> {
		let Some(before) = index.checked_sub(1) else { return Ok(true) };
		let leaves = self.store.leaves(key, before..index).await?;
		Ok(leaves.first().is_some_and(|leaf| leaf.sequence <= settled))
	}

	/// The oldest calls that wait, each by itself.
	async fn itemised(&self, backlog: &Backlog, room: Room) -> Result<Option<Plan>, StoreError> {
		let Backlog { key, ref calls, newest, .. } = *backlog;
		let count = room.records_of(calls.iter().map(|call| &call.served));
		let settled = calls.get(..count).unwrap_or_default();
		let Some(last) = settled.last() else { return Ok(None) };
		let voucher = newest.map_or(last.id, |(newest, _)| newest);
		let stored = self.store.voucher(voucher).await?;
		let stored = stored.ok_or(StoreError::Corrupt { table: "vouchers" })?;
		let Some(parts) = parts(settled, None) else { return Ok(None) };
		Ok(Some(Plan {
			key,
			settlement: LaneSettlement {
				voucher: stored.voucher,
				signature: stored.signature,
				parts,
			},
			calls: settled.iter().map(|call| (call.id, call.earlier)).collect(),
			charge: charge(settled),
			run: None,
			left: if calls.len() > count { Left::More } else { Left::Nothing },
		}))
	}
}

/// Each of these calls, and then a run.
fn parts(calls: &[Open], run: Option<AggregateProof>) -> Option<Parts> {
	let mut parts = Vec::new();
	if !calls.is_empty() {
		let records: Vec<CallRecord> = calls.iter().map(|call| call.served.record()).collect();
		parts.push(Part::Records(CallRecords::try_from(records).ok()?));
	}
	parts.extend(run.map(Part::Run));
	Parts::try_from(parts).ok()
}

fn charge(calls: &[Open]) -> Balance {
	calls.iter().fold(0, |sum, call| call.served.charge().saturating_add(sum))
}
