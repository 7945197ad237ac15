//! Money that goes into sessions and comes back from them.

use openledger_primitives::{
	info::SessionInfo, AccountId, Balance, BlockNumber, LaneId, SessionId,
};

use super::{Change, Intent, IntentKind, Ledger, Opening, Session, Settled, Shortfall, Usage};
use crate::budget::Budget;

/// A hot key that may spend less than this part of its limit is as good as done with a session.
const WORN: Balance = 4;

/// What the chain has of a session.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'a> {
	/// It is there.
	There(&'a SessionInfo),
	/// It is closed.
	Gone,
}

/// A node has settled more than its statements say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
	/// Who.
	pub node: AccountId,
	/// In which session.
	pub session: SessionId,
	/// On which lane.
	pub lane: LaneId,
	/// What was settled.
	pub settled: Settled,
	/// What its statements add up to, in planck.
	pub stated: Balance,
}

impl Ledger {
	/// Writes down that a transaction will put money into a session with `node`: what is usual, but
	/// `need` at least. How much, and what has to be on disk before it is submitted.
	///
	/// # Errors
	/// [`Shortfall::Budget`] or [`Shortfall::UnderWay`].
	pub fn plan(
		&mut self,
		node: &AccountId,
		need: Balance,
		kind: IntentKind,
		from: BlockNumber,
		budget: &Budget,
	) -> Result<(Balance, Vec<Change>), Shortfall> {
		if let Some(reason) = self.barred.get(node) {
			return Err(Shortfall::Barred(reason.clone()));
		}
		if self.intents.contains_key(node) {
			return Err(Shortfall::UnderWay);
		}
		let committed = self.standing().committed;
		let amount = budget.portion(need, committed).ok_or_else(|| Shortfall::Budget {
			left: budget.left(committed),
			may_change: !self.busy.is_empty(),
		})?;
		let intent = Intent { kind, amount, from };
		self.intents.insert(node.clone(), intent.clone());
		self.submitting.insert(node.clone());
		Ok((amount, vec![Change::Intent(node.clone(), Some(intent))]))
	}

	/// The submission has ended, with an outcome that is known or not.
	pub fn submitted(&mut self, node: &AccountId) {
		self.submitting.remove(node);
	}

	/// The transaction under way has opened a session.
	pub fn opened(
		&mut self,
		node: &AccountId,
		id: SessionId,
		deposit: Balance,
		expires_at: BlockNumber,
	) -> Vec<Change> {
		let intent = self.intents.remove(node);
		let opening = intent.as_ref().and_then(|intent| match intent.kind {
			IntentKind::Open { expires_at, first } => {
				Some(Opening { first, amount: intent.amount, expires_at, displaced: false })
			}
			IntentKind::TopUp { .. } => None,
		});
		let session = Session {
			id,
			node: node.clone(),
			deposit,
			expires_at,
			closes_at: None,
			retired: self.barred.contains_key(node),
			unwelcome: false,
			opened_after: intent.map_or(0, |intent| intent.from),
			opening,
			signer: None,
			limit: None,
		};
		// The number may have been given away by a chain reorganisation and come back. Where it is the same
		// node's, vouchers for it are out, and its books go on with them.
		let goes_on = self
			.sessions
			.get(&id)
			.is_some_and(|known| known.node == *node && known.opening.is_some());
		self.sessions.insert(id, session.clone());
		let mut changes = vec![Change::Intent(node.clone(), None)];
		if !goes_on {
			self.lanes.remove(&id);
			changes.push(Change::Anew(id));
		}
		changes.push(Change::Session(session));
		changes
	}

	/// A session was opened for a hot key, which may spend no more in it than a limit, if there is
	/// one.
	pub fn opened_for(
		&mut self,
		id: SessionId,
		signer: AccountId,
		limit: Option<Balance>,
	) -> Vec<Change> {
		let Some(session) = self.sessions.get_mut(&id) else { return Vec::new() };
		(session.signer, session.limit) = (Some(signer), limit);
		vec![Change::Session(session.clone())]
	}

	/// The transaction under way has added to a session's deposit.
	pub fn topped_up(&mut self, node: &AccountId) -> Vec<Change> {
		let mut changes = vec![Change::Intent(node.clone(), None)];
		let Some(intent) = self.intents.remove(node) else { return changes };
		let IntentKind::TopUp { session, before } = intent.kind else { return changes };
		if let Some(session) = self.sessions.get_mut(&session) {
			// It may have been seen on chain already.
			session.deposit = session.deposit.max(before.saturating_add(intent.amount));
			changes.push(Change::Session(session.clone()));
		}
		changes
	}

	/// The transaction under way has not happened, and never will.
	pub fn abandon(&mut self, node: &AccountId) -> Vec<Change> {
		self.intents.remove(node);
		vec![Change::Intent(node.clone(), None)]
	}

	/// Uses a session for no more calls.
	pub fn retire(&mut self, id: SessionId) -> Vec<Change> {
		let session = self.sessions.get_mut(&id).filter(|session| !session.retired);
		let Some(session) = session else { return Vec::new() };
		session.retired = true;
		vec![Change::Session(session.clone())]
	}

	/// Uses a session for no more calls because its node says that it takes no voucher of it, which
	/// nothing else shows.
	pub fn retire_unwelcome(&mut self, id: SessionId) -> Vec<Change> {
		let Some(session) = self.sessions.get_mut(&id) else { return Vec::new() };
		(session.retired, session.unwelcome) = (true, true);
		vec![Change::Session(session.clone())]
	}

	/// Uses no more the sessions with a node whose hot key has spent nearly all that it may: more money
	/// in them would not help. What is left in them comes back when they are closed.
	pub fn retire_worn(&mut self, node: &AccountId) -> Vec<Change> {
		let is_worn = |session: &&Session| {
			let limit = session.limit.filter(|_| session.node == *node && !session.retired);
			limit.is_some_and(|limit| {
				let lanes = self.lanes(session.id).map(|(_, lane)| lane.acknowledged);
				limit.saturating_sub(lanes.fold(0, Balance::saturating_add)) < limit / WORN
			})
		};
		let worn: Vec<_> = self.sessions.values().filter(is_worn).map(|found| found.id).collect();
		worn.into_iter().flat_map(|id| self.retire(id)).collect()
	}

	/// Uses a session for no more calls, if it was not used since this was how far it had been used.
	pub fn retire_unused(&mut self, id: SessionId, since: Usage) -> Vec<Change> {
		match self.usage(id) == since && !since.busy {
			true => self.retire(id),
			false => Vec::new(),
		}
	}

	/// Compares a session that was opened lately with a final block. There its number stays what it
	/// is, or that of another one.
	pub fn prove(&mut self, id: SessionId, info: &SessionInfo) -> Vec<Change> {
		let caller = self.meta.caller.clone();
		let Some(session) = self.sessions.get_mut(&id) else { return Vec::new() };
		let Some(opening) = session.opening.filter(|opening| !opening.displaced) else {
			return Vec::new();
		};
		let ours = (&info.caller, &info.node, info.expires_at)
			== (&caller, &session.node, opening.expires_at)
			&& info.deposit >= opening.amount;
		if !ours {
			return self.displace(id);
		}
		session.opening = None;
		vec![Change::Session(session.clone())]
	}

	/// A session is not there under its number. What is in it still counts.
	fn displace(&mut self, id: SessionId) -> Vec<Change> {
		let Some(session) = self.sessions.get_mut(&id) else { return Vec::new() };
		let Some(opening) = &mut session.opening else { return Vec::new() };
		(opening.displaced, session.retired) = (true, true);
		vec![Change::Session(session.clone())]
	}

	/// A displaced session was found under another number. No voucher names that one yet.
	pub fn moved(&mut self, id: SessionId, to: SessionId) -> Vec<Change> {
		let Some(session) = self.sessions.get(&id).filter(|session| session.is_displaced()) else {
			return Vec::new();
		};
		if self.sessions.contains_key(&to) {
			return Vec::new();
		}
		let Some(opening) = session.opening else { return Vec::new() };
		let deposit = session.deposit;
		let found = Session {
			id: to,
			deposit: opening.amount,
			expires_at: opening.expires_at,
			closes_at: None,
			retired: self.barred.contains_key(&session.node),
			unwelcome: false,
			opening: Some(Opening { displaced: false, ..opening }),
			..session.clone()
		};
		// Under the old number it has cost nothing.
		let mut changes = vec![Change::Forget(id)];
		changes.extend(self.end(id, Some(deposit)));
		self.sessions.insert(to, found.clone());
		self.lanes.remove(&to);
		changes.extend([Change::Anew(to), Change::Session(found)]);
		changes
	}

	/// Compares a session with the chain, as of when it was asked.
	pub fn observe(&mut self, id: SessionId, seen: Seen<'_>) -> (Vec<Change>, Vec<Evidence>) {
		let caller = self.meta.caller.clone();
		let Some(session) = self.sessions.get_mut(&id) else { return Default::default() };
		let info = match seen {
			_ if session.is_displaced() => return Default::default(),
			Seen::There(info) if info.caller == caller && info.node == session.node => info,
			// That may be so for a few blocks only.
			Seen::There(_) if session.opening.is_some() => return (self.retire(id), Vec::new()),
			// It may be there under another number.
			Seen::Gone if session.opening.is_some() => return (self.displace(id), Vec::new()),
			// A chain that was started anew gives the same number to another session.
			Seen::There(_) | Seen::Gone => return (self.closed(id, None), Vec::new()),
		};
		let mut changes = Vec::new();
		let signer = Some(&info.signer).filter(|signer| **signer != caller).cloned();
		let limit = Some(info.spending_limit).filter(|limit| *limit < Balance::MAX);
		let now = Session {
			limit: limit.filter(|_| signer.is_some()),
			signer,
			// A transaction under way may have raised it. It is never lowered.
			deposit: session.deposit.max(info.deposit),
			expires_at: info.expires_at,
			closes_at: info.closes_at,
			retired: session.retired || info.closes_at.is_some(),
			..session.clone()
		};
		if *session != now {
			*session = now.clone();
			changes.push(Change::Session(now.clone()));
		}
		let mut evidence = Vec::new();
		for settled in &info.lanes {
			let (number, busy) = (settled.lane, self.busy.contains(&(id, settled.lane)));
			let lane = self.lanes.entry(id).or_default().entry(number).or_default();
			let settled = Settled { sequence: settled.sequence, amount: settled.settled };
			// Answers of the chain may overtake one another.
			if settled.sequence > lane.settled.sequence {
				lane.settled = settled;
				changes.push(Change::Lane(id, number, Box::new(lane.clone())));
			}
			let stated = lane.acknowledged.max(lane.stated);
			// A voucher that was refused may have been taken since: that has to be found out first.
			let clear = lane.open.is_none() && lane.taken_since().next().is_none();
			if !busy && clear && settled.amount > stated {
				let node = now.node.clone();
				evidence.push(Evidence { node, session: id, lane: number, settled, stated });
			}
		}
		(changes, evidence)
	}

	/// A session is closed. `refunded` is what came back, where that is known; else it counts as
	/// what the node could have settled.
	pub fn closed(&mut self, id: SessionId, refunded: Option<Balance>) -> Vec<Change> {
		let Some(session) = self.sessions.get(&id).cloned() else { return Vec::new() };
		let mut changes = vec![Change::Closed(session)];
		changes.extend(self.end(id, refunded));
		changes
	}

	/// Takes a session out.
	fn end(&mut self, id: SessionId, refunded: Option<Balance>) -> Vec<Change> {
		let Some(session) = self.sessions.remove(&id) else { return Vec::new() };
		let lanes = self.lanes.remove(&id).unwrap_or_default();
		self.busy.retain(|(busy, _)| *busy != id);
		self.lost.retain(|(lost, _), _| *lost != id);
		self.starts.retain(|(started, _), _| *started != id);
		let cost = match refunded {
			Some(refunded) => session.deposit.saturating_sub(refunded),
			None => lanes
				.values()
				// The chain takes no voucher that is older than what is settled.
				.map(|lane| match lane.settled.sequence >= lane.signed {
					true => lane.settled.amount.min(lane.authorised),
					false => lane.authorised,
				})
				.fold(0, Balance::saturating_add)
				.min(session.deposit),
		};
		self.meta.closed = self.meta.closed.saturating_add(cost);
		let mut changes = vec![Change::Meta(self.meta.clone())];
		let adds = |intent: &Intent| match intent.kind {
			IntentKind::TopUp { session, .. } => session == id,
			IntentKind::Open { .. } => false,
		};
		if self.intents.get(&session.node).is_some_and(adds) {
			// What it would have added can go nowhere now.
			changes.extend(self.abandon(&session.node));
		}
		changes
	}
}
