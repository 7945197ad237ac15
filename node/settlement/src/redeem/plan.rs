//! The next settlement of a lane: its oldest calls one by one, their sums, or what was sent before once
//! more.

use std::{
	collections::HashSet,
	sync::{Mutex, MutexGuard, PoisonError},
};

use openledger_books::{
	CallId, CallStatus, LaneKey, Outcome, Store, StoreError, StoredAggregate, StoredCall,
	Submission,
};
use openledger_primitives::{
	record::{CallRecord, CallRecords},
	Balance,
};

use super::{
	lane_error::LaneError, notes, sums::Sums, Batch, Content, SettlementMode, SettlementPolicy,
};

/// The number of full batches that may wait of a lane before the mode `auto` adds calls up. One by
/// one a lane settles a batch in two to three blocks.
const BATCHES: usize = 4;

/// A settlement that is to be sent.
pub(super) struct Plan {
	pub batch: Batch,
	/// The calls in it.
	pub ids: Vec<CallId>,
	/// Their price together, in planck.
	pub charge: Balance,
	/// The sums in it, if it has any.
	pub sums: Option<StoredAggregate>,
	/// True if more calls wait behind them.
	pub more: bool,
	/// The earlier submission of the same, if it was sent before and may still arrive.
	pub earlier: Option<Submission>,
}

/// Calls of a lane, in order.
pub(super) type Calls = Vec<(CallId, StoredCall)>;

/// Makes plans. Fails where the store does.
pub(super) struct Planner {
	pub store: Store,
	/// The most records of one settlement.
	pub batch_size: usize,
	/// The most calls of one settlement by sums.
	pub summed: usize,
	/// Lanes whose sums were refused: their calls are brought one by one, so that one that the chain
	/// does not take does not hold up the others.
	itemised: Mutex<HashSet<LaneKey>>,
}

impl Planner {
	/// Plans settlements of calls in `store`, of at most `batch_size` records or sums of `summed` calls.
	pub fn new(store: Store, batch_size: usize, summed: usize) -> Self {
		Self { store, batch_size, summed, itemised: Mutex::default() }
	}

	/// The oldest calls of a lane that wait: as many as one settlement can have, and one more.
	pub async fn waiting(&self, key: LaneKey, mode: SettlementMode) -> Result<Calls, StoreError> {
		let most = match mode {
			SettlementMode::Itemised => self.batch_size,
			SettlementMode::Aggregate => self.batch_size.max(self.summed),
			SettlementMode::Auto => {
				let few = self.few();
				let calls = self.store.open_calls(key, few.saturating_add(1)).await?;
				if calls.len() <= few {
					return Ok(calls);
				}
				few.max(self.summed)
			}
		};
		self.store.open_calls(key, most.saturating_add(1)).await
	}

	/// So many calls of a lane can be settled one by one in good time.
	fn few(&self) -> usize {
		self.batch_size.saturating_mul(BATCHES)
	}

	/// Plans with the oldest calls that wait: their sums if there are enough of them, else each of them.
	pub async fn next(
		&self,
		key: LaneKey,
		policy: SettlementPolicy,
		calls: Calls,
	) -> Result<Option<Plan>, StoreError> {
		let from = least(policy.aggregate_from);
		let are_many = match policy.mode {
			SettlementMode::Itemised => false,
			SettlementMode::Aggregate => calls.len() >= from,
			SettlementMode::Auto => calls.len() > self.few(),
		};
		if !are_many || self.itemised_lanes().contains(&key) {
			return self.itemised(calls).await;
		}
		let most = self.summed;
		let adding = tokio::task::spawn_blocking(move || {
			let sums = add_up(&calls, most);
			// Too few of them fit together: one by one is as good.
			(sums.filter(|(_, own)| own.saturating_add(1) >= from), calls)
		});
		let (sums, mut calls) = adding.await.map_err(|_| StoreError::Closed)?;
		let Some((sums, own)) = sums else { return self.itemised(calls).await };
		let count = own.saturating_add(1);
		let more = calls.len() > count;
		if !matches!(calls.get(own), Some((_, StoredCall { served: Some(_), .. }))) {
			return self.itemised(calls).await;
		}
		calls.truncate(count);
		let plan = self.summed(calls, sums).await?;
		Ok(plan.map(|plan| Plan { more, ..plan }))
	}

	/// Plans with what was sent and has probably not arrived, once more: exactly the same, so that
	/// whichever copy arrives is what is written down here, and its records can be proven.
	pub async fn again(
		&self,
		key: LaneKey,
		mut calls: Calls,
		earlier: Submission,
	) -> Result<Option<Plan>, StoreError> {
		let is_sent =
			|(_, call): &(CallId, StoredCall)| matches!(call.status, CallStatus::Submitted(_));
		let Some(sums) = self.store.sent_aggregate(key).await? else {
			let (total, sent) =
				(calls.len(), calls.iter().take_while(|call| is_sent(call)).count());
			if sent > self.batch_size {
				// These were to be sent by sums, which would have been written down before.
				let never = calls.iter().filter(|call| is_sent(call));
				let never = never.map(|(id, _)| (*id, Outcome::NotSettled)).collect();
				notes::note(&self.store, never).await?;
				return Ok(None);
			}
			if calls.iter().skip(sent).any(is_sent) {
				return Ok(None);
			}
			calls.truncate(sent);
			let plan = self.itemised(calls).await?;
			let more = total > sent;
			return Ok(plan.map(|plan| Plan { more, earlier: Some(earlier), ..plan }));
		};
		let count = usize::try_from(sums.aggregate.calls).unwrap_or(usize::MAX).saturating_add(1);
		let mut calls = self.store.open_calls(key, count.saturating_add(1)).await?;
		let more = calls.len() > count;
		calls.truncate(count);
		let first = calls.first().map(|(id, _)| id.sequence);
		let last = calls.last().map(|(id, _)| id.sequence);
		if calls.len() < count || first != Some(sums.first) || last != Some(sums.voucher) {
			// Its time ends.
			return Ok(None);
		}
		let plan = self.summed(calls, sums).await?;
		Ok(plan.map(|plan| Plan { more, earlier: Some(earlier), ..plan }))
	}

	/// Notes how sending a plan went: after sums that were refused a lane's calls go one by one, until
	/// that has worked.
	pub fn note_sent(&self, key: LaneKey, summed: bool, again: bool, sent: &Result<(), LaneError>) {
		// That a copy was refused may mean that the first one has arrived.
		if summed && !again && matches!(sent, Err(LaneError::Refused(_))) {
			self.itemised_lanes().insert(key);
		} else if !summed && sent.is_ok() {
			self.itemised_lanes().remove(&key);
		}
	}

	/// Forgets lanes of which nothing waits any more.
	pub fn keep(&self, wanted: impl Fn(&LaneKey) -> bool) {
		self.itemised_lanes().retain(wanted);
	}

	fn itemised_lanes(&self) -> MutexGuard<'_, HashSet<LaneKey>> {
		self.itemised.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// These calls, by their sums and the newest of them beside.
	async fn summed(
		&self,
		calls: Calls,
		sums: StoredAggregate,
	) -> Result<Option<Plan>, StoreError> {
		let Some((newest, StoredCall { served: Some(last), .. })) = calls.last() else {
			return Ok(None);
		};
		let stored = self.store.voucher(*newest).await?;
		let stored = stored.ok_or(StoreError::Corrupt { table: "vouchers" })?;
		let aggregate = Box::new(sums.aggregate.clone());
		let content = Content::Aggregate { aggregate, last: Some(last.record.clone()) };
		Ok(Some(Plan {
			batch: Batch { voucher: stored.voucher, signature: stored.signature, content },
			charge: calls.iter().fold(0, |sum, (_, call)| charge(call).saturating_add(sum)),
			more: false,
			ids: calls.into_iter().map(|(id, _)| id).collect(),
			sums: Some(sums),
			earlier: None,
		}))
	}

	/// The oldest calls that wait, with the voucher of the newest of them.
	async fn itemised(&self, calls: Calls) -> Result<Option<Plan>, StoreError> {
		let more = calls.len() > self.batch_size;
		let mut ids = Vec::new();
		let mut records: Vec<CallRecord> = Vec::new();
		let mut charge: Balance = 0;
		for (id, call) in calls.into_iter().take(self.batch_size) {
			let Some(served) = call.served else { continue };
			charge = charge.saturating_add(served.charge);
			ids.push(id);
			records.push(served.record);
		}
		let Some(newest) = ids.last() else { return Ok(None) };
		let stored = self.store.voucher(*newest).await?;
		let stored = stored.ok_or(StoreError::Corrupt { table: "vouchers" })?;
		let content = Content::Itemised(CallRecords::truncate_from(records));
		let batch = Batch { voucher: stored.voucher, signature: stored.signature, content };
		Ok(Some(Plan { batch, ids, charge, sums: None, more, earlier: None }))
	}
}

/// The number of calls that are worth their sums: two at least, since the newest is itemised beside them.
fn least(aggregate_from: u32) -> usize {
	usize::try_from(aggregate_from).unwrap_or(usize::MAX).max(2)
}

fn charge(call: &StoredCall) -> Balance {
	call.served.as_ref().map_or(0, |served| served.charge)
}

/// Adds up as many of the oldest of `most` calls as fit together. The sums, and the place of the call
/// after them, whose voucher goes with them.
fn add_up(calls: &[(CallId, StoredCall)], most: usize) -> Option<(StoredAggregate, usize)> {
	let mut sums = Sums::default();
	for (place, (id, call)) in calls.iter().enumerate() {
		let served = call.served.as_ref()?;
		let is_last = place.saturating_add(1) >= most.min(calls.len());
		if is_last || !sums.add(served) {
			return Some((sums.finish(id.sequence)?, place));
		}
	}
	None
}
