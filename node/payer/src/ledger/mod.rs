//! Who was promised what: the sessions, their lanes, and the budget that they share.
//!
//! No input or output happens here. Each operation checks everything, then changes the ledger, and
//! hands out what has to reach the disk before anybody acts on it. All that is counted against the
//! budget is counted at its worst:
//!
//! - money that is in a session is committed until the session is closed, and so is money that a
//!   transaction of unknown outcome may have put there;
//! - a lane counts as the most that any of its vouchers has authorised, also one that the node has
//!   refused: it may have kept it;
//! - a session that was closed by somebody else counts as what its node could have settled.

mod calls;
mod funds;
mod trust;
mod types;

pub use self::{
	calls::{Begun, Correction, LaneSlot},
	funds::{Evidence, Seen},
	trust::{Fate, Trust, TrustRules},
	types::{
		Change, Contents, Draft, Intent, IntentKind, Lane, Meta, Open, Opening, Session, Settled,
		Signers, Totals, Usage,
	},
};

use std::collections::{BTreeMap, BTreeSet, HashMap};

use openledger_primitives::{
	AccountId, Balance, BlockNumber, LaneId, ModelId, Sequence, SessionId,
};
use thiserror::Error;

/// A session that ends within so many blocks is not used for another call.
const MARGIN: BlockNumber = 20;

/// Why a call cannot be paid right now.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Shortfall {
	/// A session has a lane for the call, but lacks funds.
	#[error("session {session} lacks {need} planck")]
	TopUp {
		/// The session.
		session: SessionId,
		/// What it lacks, in planck.
		need: Balance,
	},
	/// There is no session with the node that has a lane for the call.
	#[error("a session with {need} planck is needed")]
	Open {
		/// What the call may cost, in planck.
		need: Balance,
	},
	/// The session has no lane for the call, and that some of its lanes are taken is what the node says
	/// alone.
	#[error(
		"the node says that lanes of session {session} on which nothing was ever charged are used for \
		 something else: no other session is opened with it for that"
	)]
	LanesDenied {
		/// The session.
		session: SessionId,
	},
	/// There are deposits in sessions that the node would not be paid out of, by its word alone.
	#[error(
		"the node says of {sessions} sessions with it that they are of no use to it: no other session \
		 is opened with it before they are closed"
	)]
	Unwelcome {
		/// How many.
		sessions: usize,
	},
	/// A transaction for the node is under way, and its outcome not known.
	#[error("a transaction that puts money into a session with this node is under way")]
	UnderWay,
	/// It does not fit into the budget.
	#[error("the budget does not allow it: {left} planck of it are left")]
	Budget {
		/// What is left, in planck.
		left: Balance,
		/// Whether calls that are under way may leave something of what is set aside for them.
		may_change: bool,
	},
	/// The node's last answer did not arrive, and it has a call under way.
	#[error("the node has charged for an answer that did not arrive, and gets one call at a time")]
	Doubted,
	/// The node was caught cheating.
	#[error("the node is not paid any more: {0}")]
	Barred(String),
}

/// A node that has refused so many sessions gets no other one before these are closed. When the chain
/// has gone back and a session's number was somebody else's before, that is one.
const MOST_UNWELCOME: usize = 2;

/// The ledger. See the module's documentation.
#[derive(Clone, Debug)]
pub struct Ledger {
	meta: Meta,
	sessions: BTreeMap<SessionId, Session>,
	lanes: BTreeMap<SessionId, BTreeMap<LaneId, Lane>>,
	intents: BTreeMap<AccountId, Intent>,
	barred: BTreeMap<AccountId, String>,
	totals: BTreeMap<(ModelId, AccountId), Totals>,
	trust: BTreeMap<AccountId, Trust>,
	/// Lanes of calls that are under way in this process.
	busy: BTreeSet<(SessionId, LaneId)>,
	/// Calls that were begun in this process, and by lane, how many that were with the last one.
	begun: u64,
	starts: HashMap<(SessionId, LaneId), u64>,
	/// How many calls had been begun when a node's last loss was noticed.
	noticed: HashMap<AccountId, u64>,
	/// Lanes whose answer did not arrive and whose charge is not known yet, and whether that is
	/// another loss in a row.
	lost: BTreeMap<(SessionId, LaneId), bool>,
	/// Nodes for which this process is submitting a transaction.
	submitting: BTreeSet<AccountId>,
	signers: Signers,
	rules: TrustRules,
}

/// Where the budget stands. Amounts in planck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
	/// What calls have cost, by the statements that were acknowledged, closed sessions included.
	pub charged: Balance,
	/// What is set aside for calls under way, or whose outcome is unknown.
	pub reserved: Balance,
	/// What is in sessions that are not closed, spent or not.
	pub deposited: Balance,
	/// What counts against the budget: what closed sessions cost, what is in others, and what is
	/// on its way there.
	pub committed: Balance,
	/// The most that could have been spent by now, if nodes redeem all that they hold.
	pub exposed: Balance,
}

impl Ledger {
	/// An empty ledger.
	pub fn new(meta: Meta) -> Self {
		Self::restore(Contents {
			meta,
			sessions: BTreeMap::new(),
			lanes: BTreeMap::new(),
			intents: BTreeMap::new(),
			barred: BTreeMap::new(),
			totals: BTreeMap::new(),
			trust: BTreeMap::new(),
		})
	}

	/// The ledger as it was on disk. No call of it is under way in this process.
	pub fn restore(contents: Contents) -> Self {
		let mut lanes: BTreeMap<SessionId, BTreeMap<LaneId, Lane>> = BTreeMap::new();
		let mut lost = BTreeMap::new();
		for ((session, lane), state) in contents.lanes {
			if let Some(counts) = state.open.as_ref().and_then(|open| open.lost) {
				lost.insert((session, lane), counts);
			}
			lanes.entry(session).or_default().insert(lane, state);
		}
		Self {
			meta: contents.meta,
			sessions: contents.sessions,
			lanes,
			intents: contents.intents,
			barred: contents.barred,
			totals: contents.totals,
			trust: contents.trust,
			begun: 0,
			starts: HashMap::new(),
			noticed: HashMap::new(),
			lost,
			busy: BTreeSet::new(),
			submitting: BTreeSet::new(),
			signers: Signers::default(),
			rules: TrustRules::default(),
		}
	}

	/// Uses only sessions whose vouchers can be signed with these keys.
	pub fn sign_with(&mut self, signers: Signers) {
		self.signers = signers;
	}

	/// Judges by these rules which nodes are not paid any more.
	pub fn judge_by(&mut self, rules: TrustRules) {
		self.rules = rules;
	}

	/// What of it belongs on disk.
	pub fn contents(&self) -> Contents {
		let lanes = self.lanes.iter().flat_map(|(session, lanes)| {
			lanes.iter().map(|(lane, state)| ((*session, *lane), state.clone()))
		});
		Contents {
			meta: self.meta.clone(),
			sessions: self.sessions.clone(),
			lanes: lanes.collect(),
			intents: self.intents.clone(),
			barred: self.barred.clone(),
			totals: self.totals.clone(),
			trust: self.trust.clone(),
		}
	}

	/// Whose ledger it is.
	pub fn meta(&self) -> &Meta {
		&self.meta
	}

	/// The sessions that are not closed.
	pub fn sessions(&self) -> impl Iterator<Item = &Session> {
		self.sessions.values()
	}

	/// A session that is not closed.
	pub fn session(&self, id: SessionId) -> Option<&Session> {
		self.sessions.get(&id)
	}

	/// The lanes of a session.
	pub fn lanes(&self, session: SessionId) -> impl Iterator<Item = (LaneId, &Lane)> {
		self.lanes.get(&session).into_iter().flatten().map(|(lane, state)| (*lane, state))
	}

	/// Nodes that are paid no more, and why.
	pub fn barred(&self) -> &BTreeMap<AccountId, String> {
		&self.barred
	}

	/// What calls came to, by model and node.
	pub fn totals(&self) -> &BTreeMap<(ModelId, AccountId), Totals> {
		&self.totals
	}

	/// Transactions whose outcome is not known, by node.
	pub fn intents(&self) -> &BTreeMap<AccountId, Intent> {
		&self.intents
	}

	/// Whether this process is submitting a transaction for a node.
	pub fn is_submitting(&self, node: &AccountId) -> bool {
		self.submitting.contains(node)
	}

	/// Lanes whose calls are under way in this process.
	pub fn busy_lanes(&self) -> usize {
		self.busy.len()
	}

	/// Whether calls that a session pays for are under way in this process.
	pub fn is_busy(&self, session: SessionId) -> bool {
		self.busy.range((session, LaneId::MIN)..=(session, LaneId::MAX)).next().is_some()
	}

	/// How far a session has been used. It changes whenever something is done with it.
	pub fn usage(&self, session: SessionId) -> Usage {
		let lanes = self.lanes.get(&session).into_iter().flat_map(BTreeMap::values);
		Usage {
			vouchers: lanes.fold(0, |sum: u64, lane| {
				sum.saturating_add(lane.signed).saturating_add(lane.sequence)
			}),
			deposit: self.sessions.get(&session).map_or(0, |session| session.deposit),
			busy: self.is_busy(session),
		}
	}

	/// Calls whose outcome is unknown, and that nobody in this process is looking after.
	pub fn unresolved(&self) -> Vec<(LaneSlot, Open)> {
		let mut found = Vec::new();
		for (session, lanes) in &self.lanes {
			let Some(node) = self.sessions.get(session).map(|session| &session.node) else {
				continue;
			};
			for (lane, state) in lanes {
				let Some(open) = &state.open else { continue };
				if open.call.rejected.is_none() && !self.busy.contains(&(*session, *lane)) {
					let sequence = open.call.sequence;
					let slot =
						LaneSlot { node: node.clone(), session: *session, lane: *lane, sequence };
					found.push((slot, open.clone()));
				}
			}
		}
		found
	}

	/// Calls whose vouchers were refused, and have been taken since by what the chain has settled. Nobody
	/// in this process is using their lanes.
	pub fn taken_since(&self) -> Vec<(LaneSlot, Open)> {
		let lanes = self.lanes.iter().flat_map(|(session, lanes)| {
			lanes.iter().map(move |(lane, state)| ((*session, *lane), state))
		});
		let idle = lanes.filter(|(key, state)| state.open.is_none() && !self.busy.contains(key));
		idle.flat_map(|((session, lane), state)| {
			state.taken_since().filter_map(move |open| {
				let node = self.sessions.get(&session)?.node.clone();
				let sequence = open.call.sequence;
				Some((LaneSlot { node, session, lane, sequence }, open.clone()))
			})
		})
		.collect()
	}

	/// Forgets the refused vouchers that can be taken no more.
	pub fn forget_untaken(&mut self, best: BlockNumber) -> Vec<Change> {
		let mut changes = Vec::new();
		for (session, lanes) in &mut self.lanes {
			for (lane, state) in lanes {
				let before = state.untaken.len();
				state.untaken.retain(|open| open.call.can_be_taken(best));
				if state.untaken.len() < before {
					changes.push(Change::Lane(*session, *lane, Box::new(state.clone())));
				}
			}
		}
		changes
	}

	/// Where the budget stands.
	pub fn standing(&self) -> Standing {
		let since_then = |amount: Balance| amount.saturating_sub(self.meta.baseline);
		let sum =
			|amounts: &mut dyn Iterator<Item = Balance>| amounts.fold(0, Balance::saturating_add);
		let deposited = sum(&mut self.sessions.values().map(|session| session.deposit));
		let on_its_way = sum(&mut self.intents.values().map(|intent| intent.amount));
		let exposed = sum(&mut self.sessions.keys().map(|session| self.exposure(*session)));
		let lanes = || self.lanes.values().flat_map(BTreeMap::values);
		let committed = self.meta.closed.saturating_add(deposited).saturating_add(on_its_way);
		Standing {
			charged: sum(&mut self.totals.values().map(|totals| totals.charged)),
			reserved: sum(&mut lanes().map(Lane::reserved)),
			deposited,
			committed: since_then(committed),
			exposed: since_then(self.meta.closed.saturating_add(exposed)),
		}
	}

	/// Lets the budget count from now on. What is in sessions and not spent still counts.
	pub fn rebase(&mut self) -> Vec<Change> {
		let exposed = self.sessions.keys().map(|session| self.exposure(*session));
		self.meta.baseline = exposed.fold(self.meta.closed, Balance::saturating_add);
		vec![Change::Meta(self.meta.clone())]
	}

	/// What a session has cost or may still cost, if its node redeems all that it holds.
	fn exposure(&self, session: SessionId) -> Balance {
		let deposit = self.sessions.get(&session).map_or(0, |session| session.deposit);
		let lanes = self.lanes.get(&session).into_iter().flat_map(BTreeMap::values);
		lanes.fold(0, |sum: Balance, lane| sum.saturating_add(lane.authorised)).min(deposit)
	}

	/// What of a session's deposit can be spent, and is neither spent nor set aside.
	pub fn left(&self, session: SessionId) -> Balance {
		let spendable = self.sessions.get(&session).map_or(0, Session::spendable);
		let lanes = self.lanes.get(&session).into_iter().flat_map(BTreeMap::values);
		lanes.fold(spendable, |left, lane| {
			left.saturating_sub(lane.acknowledged).saturating_sub(lane.reserved())
		})
	}

	/// The sessions with a node that can pay for another call now.
	fn usable<'a>(
		&'a self,
		node: &'a AccountId,
		best: BlockNumber,
	) -> impl Iterator<Item = &'a Session> {
		self.sessions.values().filter(move |session| {
			session.node == *node
				&& (self.signers.own
					|| session.signer.is_some() && session.signer == self.signers.hot)
				&& !session.retired
				&& session.closes_at.is_none()
				&& best.saturating_add(MARGIN) < session.expires_at
		})
	}

	/// What is left in the fullest session with a node that can pay for another call; `None` if
	/// there is no such session.
	pub fn purse(&self, node: &AccountId, best: BlockNumber) -> Option<Balance> {
		self.usable(node, best).map(|session| self.left(session.id)).max()
	}
}

impl Lane {
	/// Whether a voucher was ever signed on it, by whoever it was.
	pub fn is_used(&self) -> bool {
		let signed = self.sequence.max(self.signed).max(self.settled.sequence) > 0;
		signed || self.terms.is_some() || self.open.is_some() || self.closed
	}

	/// Whether it is closed and nothing was ever charged on it, or has come to its end. That it is used
	/// for something else, or so much, is what the node says then, and nothing else shows it.
	pub fn is_denied(&self) -> bool {
		self.closed && self.acknowledged == 0 || self.sequence == Sequence::MAX
	}

	/// Adds what a call has cost that a voucher with this sequence has paid for. It was checked that this
	/// is no more than was allowed; but never too little is counted.
	fn charge(&mut self, sequence: Sequence, charge: Balance) {
		self.acknowledged = self.acknowledged.saturating_add(charge);
		self.authorised = self.authorised.max(self.acknowledged);
		self.use_up(sequence);
	}

	/// Calls whose vouchers were refused, and have been taken since by what the chain has settled.
	fn taken_since(&self) -> impl Iterator<Item = &Open> {
		self.untaken.iter().filter(|open| open.call.sequence <= self.settled.sequence)
	}

	/// No voucher with this sequence, or a lower one, can be taken any more.
	fn use_up(&mut self, sequence: Sequence) {
		self.untaken.retain(|open| open.call.sequence > sequence);
	}

	/// What is set aside for its call that has no statement yet.
	pub fn reserved(&self) -> Balance {
		self.open.as_ref().map_or(0, |open| open.call.allowance)
	}
}

#[cfg(test)]
mod tests;
