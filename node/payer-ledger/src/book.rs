//! A session with its lanes, and what this process is doing with them.

use std::collections::{BTreeMap, BTreeSet};

use openledger_primitives::{
	answer::Response, info::SessionInfo, lane::Agreement, AccountId, Balance, BlockNumber, LaneId,
	Sequence,
};

use crate::{
	adopt::{AdoptError, Adopted},
	call::{Begun, CallTerms, Correction, LaneSlot, OpenCall},
	lane::{Lane, Settled},
	lanes,
	oversettled::Oversettled,
	session::{Session, Usage},
	types::{Change, Totals},
};

/// A node may take away so many lanes of a session.
const MOST_DENIED: usize = 64;

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct Book {
	pub(crate) session: Session,
	lanes: BTreeMap<LaneId, Lane>,
	/// Lanes of calls that are under way in this process.
	busy: BTreeSet<LaneId>,
	/// By lane, the number of its last call among all calls of this process.
	numbers: BTreeMap<LaneId, u64>,
}

impl Book {
	/// A session of which nothing was used yet.
	pub(crate) fn new(session: Session) -> Self {
		let (lanes, busy, numbers) = Default::default();
		Self { session, lanes, busy, numbers }
	}

	/// Goes on where another session had the same number, in blocks that others have replaced. With the
	/// same node its lanes go on, but for what the chain had settled of them. Another node of the same
	/// operator may hold the vouchers that were signed there: they count as spent, and no more are signed
	/// on those lanes.
	pub(crate) fn succeed(&mut self, session: Session) -> Vec<Change> {
		let same = self.session.node == session.node;
		self.session = session;
		for state in self.lanes.values_mut() {
			state.settled = Settled::default();
			if !same {
				*state = state.written_off();
			}
		}
		if !same {
			self.busy.clear();
			self.numbers.clear();
		}
		self.lanes.keys().map(|lane| self.change(*lane)).collect()
	}

	/// A lane as it was on disk. No call of it is under way in this process.
	pub(crate) fn restore(&mut self, lane: LaneId, state: Lane) {
		self.lanes.insert(lane, state);
	}

	/// The session.
	pub fn session(&self) -> &Session {
		&self.session
	}

	/// Its lanes.
	pub fn lanes(&self) -> impl Iterator<Item = (LaneId, &Lane)> {
		self.lanes.iter().map(|(lane, state)| (*lane, state))
	}

	pub(crate) fn lane(&self, lane: LaneId) -> Option<&Lane> {
		self.lanes.get(&lane)
	}

	/// The number of lanes whose calls are under way in this process.
	pub fn busy(&self) -> usize {
		self.busy.len()
	}

	/// The number of a lane's last call among all calls of this process; 0 if it was none of them.
	pub(crate) fn number(&self, lane: LaneId) -> u64 {
		self.numbers.get(&lane).copied().unwrap_or_default()
	}

	/// The use that was made of the session so far. It changes whenever something is done with it.
	pub fn usage(&self) -> Usage {
		let vouchers = self.lanes.values().fold(0, |sum: u64, lane| {
			sum.saturating_add(lane.signed).saturating_add(lane.sequence)
		});
		Usage { vouchers, deposit: self.session.deposit, busy: !self.busy.is_empty() }
	}

	/// The most that the session has cost or may still cost, if its node redeems all that it holds.
	pub(crate) fn exposure(&self) -> Balance {
		self.at_worst(|lane| lane.authorised)
	}

	/// The most that it has cost, if nobody knows what came back.
	pub(crate) fn most_settled(&self) -> Balance {
		self.at_worst(Lane::most_settled)
	}

	/// The cost of its calls, by its node's statements and by what is known of the chain.
	pub(crate) fn spent(&self) -> Balance {
		self.sum(Lane::spent)
	}

	/// Returns `true` if all vouchers are known here that were signed in it.
	pub(crate) fn is_complete(&self) -> bool {
		!self.session.taken_over && !self.lanes.values().any(Lane::is_forgotten)
	}

	/// The sum of something over its lanes; or all that is in it, if its node may hold vouchers that are not
	/// known here.
	fn at_worst(&self, of: impl Fn(&Lane) -> Balance) -> Balance {
		match self.is_complete() {
			true => self.sum(of).min(self.session.deposit),
			false => self.session.deposit,
		}
	}

	/// The amount that is set aside for calls that have no statement yet.
	pub(crate) fn reserved(&self) -> Balance {
		self.sum(Lane::reserved)
	}

	fn sum(&self, of: impl Fn(&Lane) -> Balance) -> Balance {
		self.lanes.values().map(of).fold(0, Balance::saturating_add)
	}

	/// The part of what can be spent in it that is neither spent nor set aside, nor withheld: its node can settle
	/// vouchers that it has refused, as long as the chain takes them.
	pub fn left(&self) -> Balance {
		self.unspent().saturating_sub(self.sum(Lane::withheld))
	}

	/// The same for another call on a lane, of whose vouchers the node can settle one.
	pub(crate) fn left_on(&self, lane: LaneId) -> Balance {
		let others = self.lanes().filter(|(number, _)| *number != lane);
		let withheld = others.map(|(_, state)| state.withheld()).fold(0, Balance::saturating_add);
		self.unspent().saturating_sub(withheld)
	}

	/// The part of what can be spent in it that is neither spent nor set aside.
	pub fn unspent(&self) -> Balance {
		let spent = self.spent().saturating_add(self.reserved());
		self.session.spendable().saturating_sub(spent)
	}

	/// Returns `true` if its node has taken away so many lanes, by its word alone, that it gets no more calls in it.
	pub(crate) fn is_denied(&self) -> bool {
		self.lanes.values().filter(|lane| lane.is_denied()).count() >= MOST_DENIED
	}

	/// A lane for a call that wants this agreement, whatever its block, if one is free.
	pub(crate) fn free_lane(&self, wanted: &Agreement) -> Option<LaneId> {
		let is_taken = |lane| {
			let is_over = |lane: &Lane| lane.is_at_its_end() || lane.is_full();
			self.busy.contains(&lane) || self.lanes.get(&lane).is_some_and(is_over)
		};
		lanes::pick(&self.lanes, is_taken, wanted, self.session.opened_at)
	}

	/// The amount by which a voucher would raise what the session may cost.
	pub(crate) fn more_exposed(&self, lane: LaneId, amount: Balance) -> Balance {
		let before = self.exposure();
		let state = self.lanes.get(&lane);
		let (acknowledged, authorised) =
			state.map_or((0, 0), |state| (state.acknowledged(), state.authorised));
		let more = acknowledged.saturating_add(amount).saturating_sub(authorised);
		before.saturating_add(more).min(self.session.deposit).saturating_sub(before)
	}

	/// Begins a call on a lane, with its number among all calls of this process: as of the lane's block, or, on a
	/// new lane, as of the one that is wanted, if the session was open then. Returns nothing if its node has
	/// brought the lane to its end.
	pub(crate) fn begin(
		&mut self,
		lane: LaneId,
		mut agreed: CallTerms,
		number: u64,
	) -> Option<(Begun, Change)> {
		let wanted = agreed.agreement.as_of.max(self.session.opened_at);
		let state = self.lanes.entry(lane).or_default();
		agreed.agreement.as_of = state.agreement.map_or(wanted, |agreement| agreement.as_of);
		let (acknowledged, acknowledged_root) = (state.acknowledged(), state.list.root());
		let (call, authorised) = state.begin(agreed)?;
		self.busy.insert(lane);
		self.numbers.insert(lane, number);
		let slot = self.slot(lane, call.sequence);
		let begun = Begun { slot, acknowledged, acknowledged_root, authorised, call };
		Some((begun, self.change(lane)))
	}

	/// Takes the open call at this place off its lane, which goes on as `outcome` says.
	pub(crate) fn end(
		&mut self,
		slot: &LaneSlot,
		outcome: impl FnOnce(&mut Lane, &OpenCall),
	) -> Option<(OpenCall, Change)> {
		let lane = self.open_lane(slot)?;
		let call = lane.open.take()?;
		outcome(lane, &call);
		self.busy.remove(&slot.lane);
		Some((call, self.change(slot.lane)))
	}

	/// Changes the open call at this place.
	pub(crate) fn amend(
		&mut self,
		slot: &LaneSlot,
		change: impl FnOnce(&mut OpenCall),
	) -> Option<Change> {
		change(self.open_lane(slot)?.open.as_mut()?);
		Some(self.change(slot.lane))
	}

	/// Changes the lane of a call, if its call is open or not.
	pub(crate) fn revise<T>(
		&mut self,
		lane: LaneId,
		change: impl FnOnce(&mut Lane) -> T,
	) -> Option<(T, Change)> {
		let changed = change(self.lanes.get_mut(&lane)?);
		Some((changed, self.change(lane)))
	}

	/// Ends a call that was not charged, and may not be charged any more. If its voucher was not taken either, its
	/// sequence is free again.
	pub fn release(&mut self, slot: &LaneSlot, taken: bool) -> Option<Change> {
		let sequence = (!taken).then(|| slot.sequence.saturating_sub(1));
		let released = self.end(slot, |lane, call| lane.release(call, Correction { sequence }));
		released.map(|(_, change)| change)
	}

	/// Ends a call whose voucher nobody has: it was not sent.
	pub fn unsent(&mut self, slot: &LaneSlot) -> Option<Change> {
		let correction = Correction { sequence: Some(slot.sequence.saturating_sub(1)) };
		self.end(slot, |lane, _| lane.correct(correction)).map(|(_, change)| change)
	}

	/// Ends a call whose voucher was refused by its node, which may have it still: if it is brought again,
	/// it may be taken. The lane goes on as the correction says.
	pub fn refuse(&mut self, slot: &LaneSlot, correction: Correction) -> Option<Change> {
		let refused = self.end(slot, |lane, call| lane.refuse(call.clone(), correction));
		refused.map(|(_, change)| change)
	}

	/// Forgets the refused vouchers with the sequence of this one, by their node's word: it is used, and
	/// was not charged.
	pub fn pass(&mut self, slot: &LaneSlot) -> Option<Change> {
		self.revise(slot.lane, |lane| lane.pass(slot.sequence)).map(|((), change)| change)
	}

	/// Forgets the refused vouchers with the sequence of this one: none of them was taken, as their node
	/// said when the best block was this one. Those stay that can be taken yet.
	pub fn give_up(&mut self, slot: &LaneSlot, best: BlockNumber) -> Option<Change> {
		let given_up = self.revise(slot.lane, |lane| lane.give_up(slot.sequence, best));
		given_up.map(|((), change)| change)
	}

	/// Takes over what the caller has signed for on a lane. A call that is open there ends if it is not later.
	/// Returns the sums of the calls that were not known.
	pub(crate) fn adopt(&mut self, adopted: &Adopted) -> Result<(Totals, Change), AdoptError> {
		let lane = adopted.lane;
		let known = self.lanes.get(&lane).cloned().unwrap_or_default();
		let mut state = known.clone();
		state.adopt(adopted)?;
		let calls =
			state.list.totals().checked_sub(&known.list.totals()).ok_or(AdoptError::Less)?;
		let one = Totals::adopted(&calls, state.spent().saturating_sub(known.spent()));
		if known.open.is_some() && state.open.is_none() {
			self.busy.remove(&lane);
		}
		self.lanes.insert(lane, state);
		Ok((one, self.change(lane)))
	}

	/// Signs no more vouchers on the lane of a call: the node says that it has lost it, or that it is used for
	/// something else.
	pub fn close_lane(&mut self, lane: LaneId) -> Option<Change> {
		self.revise(lane, |lane| lane.closed = true).map(|((), change)| change)
	}

	/// Bounds what is owed for an answer that has come without its statement, or a part of one, whenever
	/// the statement comes: see [`OpenCall::owe_at_most`].
	pub fn owe_at_most(
		&mut self,
		slot: &LaneSlot,
		tokens: u32,
		expected: Option<Response>,
	) -> Option<Change> {
		self.amend(slot, |call| call.owe_at_most(tokens, expected))
	}

	/// Leaves the call at this place to whoever holds its lane next. Once its outcome is known, the lane
	/// may be another call's.
	pub(crate) fn park(&mut self, slot: &LaneSlot) {
		if self.is_free_for(slot) {
			self.busy.remove(&slot.lane);
		}
	}

	/// Holds the lane of a call that was parked, that an earlier process left, or whose voucher was
	/// refused. Returns `false` if that is over, or somebody else holds the lane.
	pub(crate) fn hold(&mut self, slot: &LaneSlot) -> bool {
		let is_asked = self.open_call(slot).is_none_or(|call| call.rejected.is_none());
		is_asked && self.is_free_for(slot) && self.busy.insert(slot.lane)
	}

	/// Returns `true` if no other call is open on the lane of this one.
	fn is_free_for(&self, slot: &LaneSlot) -> bool {
		let open = self.lanes.get(&slot.lane).map(|lane| lane.open.as_ref());
		open.is_some_and(|open| open.is_none_or(|call| call.sequence == slot.sequence))
	}

	/// The call at this place, if it is open.
	pub(crate) fn open_call(&self, slot: &LaneSlot) -> Option<&OpenCall> {
		let open = self.lanes.get(&slot.lane)?.open.as_ref();
		open.filter(|call| call.sequence == slot.sequence)
	}

	/// The lane of a call that is open.
	pub(crate) fn open_lane(&mut self, slot: &LaneSlot) -> Option<&mut Lane> {
		let lane = self.lanes.get_mut(&slot.lane)?;
		let sequence = lane.open.as_ref()?.sequence;
		(sequence == slot.sequence).then_some(lane)
	}

	/// Calls whose outcome is unknown, and that nobody in this process is looking after.
	pub fn unresolved(&self) -> impl Iterator<Item = (LaneSlot, &OpenCall)> {
		self.idle_lanes().filter_map(move |(lane, state)| {
			let call = state.open.as_ref().filter(|call| call.rejected.is_none())?;
			Some((self.slot(lane, call.sequence), call))
		})
	}

	/// The places of calls whose vouchers were refused, and of which it can be known now what became of
	/// them. Nobody in this process is using their lanes.
	pub fn decided(&self, best: BlockNumber) -> impl Iterator<Item = LaneSlot> + '_ {
		let idle = self.idle_lanes().filter(|(_, state)| state.open.is_none());
		idle.flat_map(move |(lane, state)| {
			state.decided(best).into_iter().map(move |sequence| self.slot(lane, sequence))
		})
	}

	/// Calls whose lanes are settled beyond them, so that nothing more can be charged for them. Where the chain
	/// has settled vouchers that are not known here, what it has settled says nothing of a call.
	pub(crate) fn settled_calls(&self) -> Vec<LaneSlot> {
		let unresolved = self.unresolved().filter(|(slot, _)| {
			let lane = self.lanes.get(&slot.lane).filter(|lane| !lane.is_forgotten());
			lane.is_some_and(|lane| lane.settled.sequence >= slot.sequence)
		});
		unresolved.map(|(slot, _)| slot).collect()
	}

	/// Forgets the refused vouchers that can be taken no more.
	pub(crate) fn forget_untaken(&mut self, best: BlockNumber) -> Vec<Change> {
		let lanes = self.lanes.iter_mut();
		let forgot = lanes.filter_map(|(lane, state)| state.forget_untaken(best).then_some(*lane));
		let forgot: Vec<_> = forgot.collect();
		forgot.into_iter().map(|lane| self.change(lane)).collect()
	}

	/// Takes over what the chain has of the session, as of when it was asked.
	pub(crate) fn observe(&mut self, info: &SessionInfo) -> Vec<Change> {
		let seen = self.session.seen(info);
		let mut changes = Vec::new();
		if self.session != seen {
			self.session = seen;
			changes.push(Change::Session(self.session.clone()));
		}
		for lane in &info.lanes {
			let settled = Settled { sequence: lane.sequence, amount: lane.settled };
			let state = self.lanes.entry(lane.lane).or_default();
			// Answers of the chain may overtake one another.
			if settled > state.settled {
				state.settled = settled;
				changes.push(self.change(lane.lane));
			}
		}
		changes
	}

	/// Lanes on which more was settled than was stated. As long as a call's statement may still come, or
	/// a voucher that was refused may have been taken since, that has to be found out first.
	pub(crate) fn oversettled(&self) -> Vec<Oversettled> {
		let clear = |lane: &Lane| lane.open.is_none() && lane.taken_since().next().is_none();
		self.oversettled_where(|lane, state| !self.busy.contains(&lane) && clear(state))
	}

	/// The same where the session is over: nobody will say any more what a refused voucher was charged
	/// for.
	pub(crate) fn last_oversettled(&self) -> Vec<Oversettled> {
		self.oversettled_where(|_, state| {
			state.open.as_ref().is_none_or(|call| call.sequence > state.settled.sequence)
		})
	}

	/// Calls that were forgotten are not held against their node.
	fn oversettled_where(&self, counts: impl Fn(LaneId, &Lane) -> bool) -> Vec<Oversettled> {
		let more = |state: &Lane| !state.is_forgotten() && state.settled.amount > state.spent();
		let lanes = self.lanes().filter(|(lane, state)| more(state) && counts(*lane, state));
		let found = lanes.map(|(lane, state)| {
			let Settled { sequence, amount } = state.settled;
			Oversettled::of(&self.session, Some((lane, sequence)), amount, state.spent())
		});
		found.collect()
	}

	/// Uses the session for no more calls.
	pub fn retire(&mut self) -> Option<Change> {
		(!self.session.retired).then(|| self.set(|session| session.retired = true))
	}

	/// The same if it ends soon after this block.
	pub fn retire_at(&mut self, best: BlockNumber) -> Option<Change> {
		self.session.ends_soon(best).then(|| self.retire())?
	}

	/// The same because its node says that it takes no voucher of it, which nothing else shows.
	pub fn retire_unwelcome(&mut self) -> Option<Change> {
		Some(self.set(|session| (session.retired, session.unwelcome) = (true, true)))
	}

	/// The same if it was not used since this was how far it had been used.
	pub fn retire_unused(&mut self, since: Usage) -> Option<Change> {
		(self.usage() == since && !since.busy).then(|| self.retire())?
	}

	/// Notes that it was opened for a hot key, which may spend no more in it than a limit.
	pub fn opened_for(&mut self, signer: AccountId, limit: Balance) -> Option<Change> {
		Some(self.set(|session| (session.signer, session.limit) = (Some(signer), limit)))
	}

	/// Compares the session, if it was opened lately, with a final block. There its number stays what it
	/// is, or that of another one.
	pub(crate) fn prove(&mut self, info: &SessionInfo, caller: &AccountId) -> Option<Change> {
		let opening = self.session.opening.filter(|opening| !opening.displaced)?;
		let ours = (&info.caller, &info.node, info.expires_at)
			== (caller, &self.session.node, opening.expires_at)
			&& info.deposit >= opening.amount;
		Some(match ours {
			true => self.set(|session| {
				(session.opening, session.opened_at) = (None, info.opened_at);
			}),
			false => self.displace(),
		})
	}

	/// Looks for the session under another number from now on: it is not there under its own. What is in
	/// it still counts.
	pub(crate) fn displace(&mut self) -> Change {
		self.set(|session| {
			if let Some(opening) = &mut session.opening {
				(opening.displaced, session.retired) = (true, true);
			}
		})
	}

	/// Changes the session itself.
	pub(crate) fn set(&mut self, change: impl FnOnce(&mut Session)) -> Change {
		change(&mut self.session);
		Change::Session(self.session.clone())
	}

	fn idle_lanes(&self) -> impl Iterator<Item = (LaneId, &Lane)> {
		self.lanes().filter(move |(lane, _)| !self.busy.contains(lane))
	}

	fn slot(&self, lane: LaneId, sequence: Sequence) -> LaneSlot {
		LaneSlot { node: self.session.node.clone(), session: self.session.id, lane, sequence }
	}

	/// A lane as it has to be on disk.
	fn change(&self, lane: LaneId) -> Change {
		let state = self.lanes.get(&lane).cloned().unwrap_or_default();
		Change::Lane(self.session.id, lane, Box::new(state))
	}
}
