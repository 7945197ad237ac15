//! Looking after one lane: what the chain knows of it already, and what to send next.

use openledger_client::ss58;
use openledger_primitives::{
	info::SessionInfo,
	record::{CallRecord, CallRecords},
	Balance, BlockNumber, Sequence,
};
use tracing::{error, info, warn};

use super::{
	sending::{find, outcome},
	sums::Sums,
	worker::{LaneError, Looked, Worker},
	Batch, Content, SettlementMode, SettlementPolicy, Sighting,
};
use crate::{
	clock,
	store::{
		CallId, CallStatus, LaneKey, Loss, Outcome, StoreError, StoredAggregate, StoredCall,
		Submission, UnixSeconds,
	},
};

/// A session that the chain does not know for so long, counted from the call, was closed.
const LOST_AFTER: UnixSeconds = 600;
/// The most calls that are noted in one transaction, so that calls being served need not wait long.
/// Few in tests, so that they go through it.
pub(super) const NOTED: usize = if cfg!(test) { 2 } else { 1_024 };
/// How many full batches may wait of a lane before the mode `auto` adds calls up. One by one a lane
/// settles a batch in two to three blocks.
const BATCHES: usize = 4;

/// What to do about a lane.
enum Step {
	/// Nothing to settle, or nothing that can be settled yet.
	Wait,
	/// Send this.
	Send(Box<Plan>),
}

/// A settlement that is to be sent.
pub(super) struct Plan {
	pub batch: Batch,
	/// The calls in it.
	pub ids: Vec<CallId>,
	/// What they cost together, in planck.
	pub charge: Balance,
	/// The sums in it, if it has any.
	pub sums: Option<StoredAggregate>,
	/// Whether more calls wait behind them.
	more: bool,
	/// When the same was sent before, if it was and may still arrive.
	pub earlier: Option<Submission>,
}

impl Worker {
	/// Looks after one lane, with one settlement at most.
	pub(super) async fn look_after(
		&self,
		key: LaneKey,
		policy: SettlementPolicy,
	) -> Result<Looked, LaneError> {
		let sighting = self.chain.look(key.session).await?;
		let (finalized, best) = (sighting.finalized, sighting.best);
		let plan = match self.next_step(key, policy, sighting).await? {
			Step::Wait => return Ok(Looked::Waits),
			Step::Send(plan) => plan,
		};
		let (summed, more) = (plan.sums.is_some(), plan.more);
		let again = plan.earlier.is_some();
		let until = best.saturating_add(self.chain.mortality());
		let sent = self.send(key, Submission { at: finalized, until }, *plan).await;
		// That a copy was refused may mean that the first one has arrived.
		if summed && !again && matches!(sent, Err(LaneError::Refused(_))) {
			self.one_by_one().insert(key);
		} else if !summed && sent.is_ok() {
			self.one_by_one().remove(&key);
		}
		sent.map(|()| Looked::Sent { more })
	}

	/// The oldest calls of a lane that wait: as many as one settlement can have, and one more.
	async fn waiting(
		&self,
		key: LaneKey,
		mode: SettlementMode,
	) -> Result<Vec<(CallId, StoredCall)>, LaneError> {
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
		Ok(self.store.open_calls(key, most.saturating_add(1)).await?)
	}

	/// So many calls of a lane can be settled one by one in good time.
	fn few(&self) -> usize {
		self.batch_size.saturating_mul(BATCHES)
	}

	/// Notes what became of calls, in several transactions if they are many. Noting one twice is
	/// harmless, and what was not noted is found out again.
	pub(super) async fn note(&self, outcomes: Vec<(CallId, Outcome)>) -> Result<u32, LaneError> {
		let mut noted = 0_u32;
		for part in outcomes.chunks(NOTED) {
			noted = noted.saturating_add(self.store.note(part.to_vec()).await?);
		}
		Ok(noted)
	}

	/// Notes what the chain knows of the lane already, and picks what to send next.
	async fn next_step(
		&self,
		key: LaneKey,
		policy: SettlementPolicy,
		sighting: Sighting,
	) -> Result<Step, LaneError> {
		let mut calls = self.waiting(key, policy.mode).await?;
		// Where blocks were replaced, the session's number may have been given to somebody else: what
		// the chain says of that session is not about these calls, and nothing pays for them any more.
		let payer = calls.first().map(|(_, call)| call.payer.clone());
		let is_ours =
			|session: &&SessionInfo| payer.as_ref().is_none_or(|payer| *payer == session.caller);
		let session = sighting.session.as_ref().filter(is_ours);
		let is_replaced = sighting.session.is_some() && session.is_none();
		let settled = session
			.and_then(|session| session.lanes.iter().find(|lane| lane.lane == key.lane))
			.map_or(0, |lane| lane.sequence);
		while calls.iter().any(|(id, _)| id.sequence <= settled) {
			let noted = self.note_settled(key, &calls, settled, sighting.finalized).await?;
			info!(lane = %key, up_to = settled, calls = noted, "found settled on chain");
			if noted == 0 {
				return Ok(Step::Wait);
			}
			calls = self.waiting(key, policy.mode).await?;
		}

		let mut earlier = None;
		let mut expired = Vec::new();
		for (id, call) in &calls {
			if let CallStatus::Submitted(submission) = call.status {
				if sighting.finalized > submission.until {
					expired.push((*id, Outcome::NotSettled));
				} else {
					earlier = Some(both(earlier, submission));
				}
			}
		}
		if !expired.is_empty() {
			warn!(lane = %key, calls = expired.len(), "a settlement never entered a block");
			self.note(expired).await?;
			calls = self.waiting(key, policy.mode).await?;
		}
		if earlier.is_some() && !sighting.nothing_under_way {
			return Ok(Step::Wait);
		}

		match session {
			Some(session) if session.node == *self.sessions.operator() => match earlier {
				Some(earlier) => self.again(key, calls, earlier).await,
				None => self.plan(key, policy, calls).await,
			},
			Some(session) => {
				error!(lane = %key, node = %ss58(&session.node), "another node's session");
				Ok(Step::Wait)
			}
			None => {
				if is_replaced || !sighting.known_at_best {
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
		let span = submissions.fold(None, |span, next| Some(both(span, next)));
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
		self.note(outcomes).await
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
			self.note(lost).await?;
		}
		Ok(())
	}

	/// What was sent and has probably not arrived, once more: exactly the same, so that whichever copy
	/// arrives is what is written down here, and its records can be proven.
	async fn again(
		&self,
		key: LaneKey,
		mut calls: Vec<(CallId, StoredCall)>,
		earlier: Submission,
	) -> Result<Step, LaneError> {
		let is_sent =
			|(_, call): &(CallId, StoredCall)| matches!(call.status, CallStatus::Submitted(_));
		let Some(sums) = self.store.sent_aggregate(key).await? else {
			let (total, sent) =
				(calls.len(), calls.iter().take_while(|call| is_sent(call)).count());
			if sent > self.batch_size {
				// These were to be sent by sums, which would have been written down before.
				let never = calls.iter().filter(|call| is_sent(call));
				self.note(never.map(|(id, _)| (*id, Outcome::NotSettled)).collect()).await?;
				return Ok(Step::Wait);
			}
			if calls.iter().skip(sent).any(is_sent) {
				return Ok(Step::Wait);
			}
			calls.truncate(sent);
			let Step::Send(plan) = self.itemised(calls).await? else { return Ok(Step::Wait) };
			let more = total > sent;
			return Ok(Step::Send(Box::new(Plan { more, earlier: Some(earlier), ..*plan })));
		};
		let count = usize::try_from(sums.aggregate.calls).unwrap_or(usize::MAX).saturating_add(1);
		let mut calls = self.store.open_calls(key, count.saturating_add(1)).await?;
		let more = calls.len() > count;
		calls.truncate(count);
		let first = calls.first().map(|(id, _)| id.sequence);
		let last = calls.last().map(|(id, _)| id.sequence);
		if calls.len() < count || first != Some(sums.first) || last != Some(sums.voucher) {
			// Its time ends.
			return Ok(Step::Wait);
		}
		let plan = self.summed(calls, sums).await?;
		Ok(plan.map_or(Step::Wait, |plan| {
			Step::Send(Box::new(Plan { more, earlier: Some(earlier), ..plan }))
		}))
	}

	/// These calls, by their sums and the newest of them beside.
	async fn summed(
		&self,
		calls: Vec<(CallId, StoredCall)>,
		sums: StoredAggregate,
	) -> Result<Option<Plan>, LaneError> {
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

	/// The oldest calls that wait: their sums if there are enough of them, else each of them.
	async fn plan(
		&self,
		key: LaneKey,
		policy: SettlementPolicy,
		calls: Vec<(CallId, StoredCall)>,
	) -> Result<Step, LaneError> {
		let from = least(policy.aggregate_from);
		let are_many = match policy.mode {
			SettlementMode::Itemised => false,
			SettlementMode::Aggregate => calls.len() >= from,
			SettlementMode::Auto => calls.len() > self.few(),
		};
		if !are_many || self.one_by_one().contains(&key) {
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
		Ok(plan.map_or(Step::Wait, |plan| Step::Send(Box::new(Plan { more, ..plan }))))
	}

	/// The oldest calls that wait, with the voucher of the newest of them.
	async fn itemised(&self, calls: Vec<(CallId, StoredCall)>) -> Result<Step, LaneError> {
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
		let Some(newest) = ids.last() else { return Ok(Step::Wait) };
		let stored = self.store.voucher(*newest).await?;
		let stored = stored.ok_or(StoreError::Corrupt { table: "vouchers" })?;
		let content = Content::Itemised(CallRecords::truncate_from(records));
		let batch = Batch { voucher: stored.voucher, signature: stored.signature, content };
		Ok(Step::Send(Box::new(Plan { batch, ids, charge, sums: None, more, earlier: None })))
	}
}

/// When either of two may arrive.
pub(super) fn both(one: Option<Submission>, other: Submission) -> Submission {
	one.map_or(other, |one| Submission {
		at: one.at.min(other.at),
		until: one.until.max(other.until),
	})
}

/// How many calls are worth their sums: two at least, since the newest is itemised beside them.
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
