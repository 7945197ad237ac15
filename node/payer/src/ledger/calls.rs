//! The life of a call on its lane:
//!
//! ```text
//! begin ─► open ─┬─ acknowledge ─► charged
//!                ├─ release ─────► not charged
//!                ├─ refuse ──────► not charged; the lane goes on where the node says
//!                ├─ reject ──────► the statement is false: kept as it is, the node is barred
//!                └─ park ────────► outcome unknown; asked for again later
//! ```

use openledger_primitives::{
	AccountId, Balance, BlockNumber, Hash, LaneId, ModelId, Sequence, SessionId,
};
use openledger_protocol::x402::Receipt;

use super::{Change, Draft, Fate, Lane, Ledger, Open, Session, Shortfall, Totals, MOST_UNWELCOME};
use crate::{
	budget::Budget,
	known::{KeptStatement, LaneTerms, OpenCall},
	lanes,
};

/// As many refused vouchers of a lane are remembered: the newest ones.
const MOST_UNTAKEN: usize = 32;

/// The place of a call: nobody else uses its lane while it has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneSlot {
	/// The operator who is paid.
	pub node: AccountId,
	/// The session that pays.
	pub session: SessionId,
	/// The lane.
	pub lane: LaneId,
	/// The voucher's sequence.
	pub sequence: Sequence,
}

/// A call that may be paid, once this is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
	/// Its place.
	pub slot: LaneSlot,
	/// What its voucher acknowledges, in planck.
	pub acknowledged: Balance,
	/// What its voucher authorises, in planck.
	pub authorised: Balance,
	/// What was agreed on.
	pub open: Open,
}

/// Where a lane goes on after a voucher was refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Correction {
	/// The last sequence that was used; as before the voucher, if nothing is said.
	pub sequence: Option<Sequence>,
	/// What has to be acknowledged, in planck, if that is less than was known.
	pub acknowledged: Option<Balance>,
}

impl Ledger {
	/// Takes a lane of a session with `node`, and sets aside `amount` for a call.
	///
	/// # Errors
	/// What is missing.
	pub fn begin(
		&mut self,
		node: &AccountId,
		model: ModelId,
		amount: Balance,
		draft: Draft,
		best: BlockNumber,
		budget: &Budget,
	) -> Result<(Begun, Vec<Change>), Shortfall> {
		let terms = draft.terms(model);
		let (session, lane) = self.place(node, terms, amount, best, budget)?;
		let state = self.lanes.entry(session).or_default().entry(lane).or_default();
		let overflow = || Shortfall::LanesDenied { session };
		let sequence = state.sequence.checked_add(1).ok_or_else(overflow)?;
		let authorised = state.acknowledged.checked_add(amount).ok_or_else(overflow)?;
		let open = Open {
			call: OpenCall {
				sequence,
				model,
				version: draft.version,
				price_version: draft.price_version,
				price: draft.price,
				input_tokens: draft.input_tokens,
				max_output_tokens: draft.max_output_tokens,
				allowance: amount,
				request_hash: draft.request_hash,
				salt: draft.salt,
				valid_until: draft.valid_until,
				expected: None,
				rejected: None,
			},
			receipt_key: draft.receipt_key,
			lost: None,
		};
		state.sequence = sequence;
		state.authorised = state.authorised.max(authorised);
		state.signed = state.signed.max(sequence);
		state.terms = Some(terms);
		state.open = Some(open.clone());
		let acknowledged = state.acknowledged;
		let change = Change::Lane(session, lane, Box::new(state.clone()));
		self.busy.insert((session, lane));
		self.begun = self.begun.saturating_add(1);
		self.starts.insert((session, lane), self.begun);
		let slot = LaneSlot { node: node.clone(), session, lane, sequence };
		Ok((Begun { slot, acknowledged, authorised, open }, vec![change]))
	}

	/// What is missing for a call at these terms, if anything is.
	///
	/// # Errors
	/// That.
	pub fn check(
		&self,
		node: &AccountId,
		terms: LaneTerms,
		amount: Balance,
		best: BlockNumber,
		budget: &Budget,
	) -> Result<(), Shortfall> {
		self.place(node, terms, amount, best, budget).map(drop)
	}

	/// Which lane of which session pays for a call.
	fn place(
		&self,
		node: &AccountId,
		terms: LaneTerms,
		amount: Balance,
		best: BlockNumber,
		budget: &Budget,
	) -> Result<(SessionId, LaneId), Shortfall> {
		if let Some(reason) = self.barred.get(node) {
			return Err(Shortfall::Barred(reason.clone()));
		}
		if self.must_wait(node) {
			return Err(Shortfall::Doubted);
		}
		let standing = self.standing();
		let may_change = !self.busy.is_empty();
		let over_budget = || Shortfall::Budget { left: budget.left(standing.exposed), may_change };
		let mut short: Option<(SessionId, Balance)> = None;
		let mut denied = None;
		for session in self.usable(node, best) {
			let Some(lane) = self.free_lane(session, terms) else {
				if self.lanes(session.id).any(|(_, lane)| lane.is_denied()) {
					denied = Some(session.id);
				}
				continue;
			};
			let left = self.left(session.id);
			if left >= amount {
				// Deposits are within the budget when they are made. But the budget may have been
				// lowered since.
				let more = self.more_exposed(session, lane, amount);
				if standing.exposed.saturating_add(more) > budget.limit {
					return Err(over_budget());
				}
				return Ok((session.id, lane));
			}
			let need = amount.saturating_sub(left);
			// More in it does not help where its key may not spend more.
			if session.limit.is_some_and(|limit| limit < session.spendable().saturating_add(need)) {
				continue;
			}
			if short.is_none_or(|(_, least)| need < least) {
				short = Some((session.id, need));
			}
		}
		if self.intents.contains_key(node) {
			return Err(Shortfall::UnderWay);
		}
		// Another session costs another deposit, so that is not for the node alone to say.
		if let (None, Some(session)) = (short, denied) {
			return Err(Shortfall::LanesDenied { session });
		}
		let of_node = self.sessions.values().filter(|session| session.node == *node);
		let unwelcome = of_node.filter(|session| session.unwelcome).count();
		if short.is_none() && unwelcome >= MOST_UNWELCOME {
			return Err(Shortfall::Unwelcome { sessions: unwelcome });
		}
		let need = short.map_or(amount, |(_, need)| need);
		if budget.portion(need, standing.committed).is_none() {
			return Err(Shortfall::Budget { left: budget.left(standing.committed), may_change });
		}
		Err(match short {
			Some((session, need)) => Shortfall::TopUp { session, need },
			None => Shortfall::Open { need },
		})
	}

	fn free_lane(&self, session: &Session, terms: LaneTerms) -> Option<LaneId> {
		let none = Default::default();
		let lanes = self.lanes.get(&session.id).unwrap_or(&none);
		let is_at_its_end = |lane| {
			let sequence = lanes.get(&lane).map(|state: &Lane| state.sequence);
			sequence == Some(Sequence::MAX)
		};
		let is_taken = |lane| self.busy.contains(&(session.id, lane)) || is_at_its_end(lane);
		lanes::pick(lanes, is_taken, terms)
	}

	/// What the statements of the lane of a call add up to, in planck.
	pub fn acknowledged(&self, slot: &LaneSlot) -> Balance {
		let lane = self.lanes.get(&slot.session).and_then(|lanes| lanes.get(&slot.lane));
		lane.map_or(0, |lane| lane.acknowledged)
	}

	/// The highest sequence that can have been used on the lane of a call, as far as is known.
	pub fn highest(&self, slot: &LaneSlot) -> Sequence {
		let lane = self.lanes.get(&slot.session).and_then(|lanes| lanes.get(&slot.lane));
		let known = lane.map_or(0, |lane| lane.signed.max(lane.settled.sequence));
		known.max(slot.sequence)
	}

	/// By how much a voucher would raise what the session may cost.
	fn more_exposed(&self, session: &Session, lane: LaneId, amount: Balance) -> Balance {
		let before = self.exposure(session.id);
		let state = self.lanes.get(&session.id).and_then(|lanes| lanes.get(&lane));
		let (acknowledged, authorised) =
			state.map_or((0, 0), |state| (state.acknowledged, state.authorised));
		let more = acknowledged.saturating_add(amount).saturating_sub(authorised);
		before.saturating_add(more).min(session.deposit).saturating_sub(before)
	}

	/// Takes a statement that was checked. `delivered` is whether the app has its answer.
	pub fn acknowledge(
		&mut self,
		slot: &LaneSlot,
		receipt: Receipt,
		delivered: bool,
	) -> Vec<Change> {
		self.busy.remove(&(slot.session, slot.lane));
		let Some(lane) = self.open_lane(slot) else { return Vec::new() };
		let Some(open) = lane.open.take() else { return Vec::new() };
		lane.charge(slot.sequence, receipt.statement.charge);
		let lane = Change::Lane(slot.session, slot.lane, Box::new(lane.clone()));
		let totals = self.count(&slot.node, &receipt, delivered);
		let kept = KeptStatement {
			node: slot.node.clone(),
			receipt_key: open.receipt_key,
			salt: open.call.salt,
			receipt,
			rejected: None,
		};
		vec![lane, totals, Change::Statement(Box::new(kept))]
	}

	/// The node's statement for a call whose voucher it had refused does not hold. Nothing is acknowledged,
	/// the node gets no more calls, and nobody asks it about that call again. The statement is kept if it
	/// `proves` something.
	pub fn reject_untaken(
		&mut self,
		slot: &LaneSlot,
		open: &Open,
		receipt: Receipt,
		reason: &str,
		proves: bool,
	) -> Vec<Change> {
		let mut changes = self.bar(&slot.node, reason);
		let lane = self.lanes.get_mut(&slot.session).and_then(|lanes| lanes.get_mut(&slot.lane));
		if let Some(lane) = lane {
			lane.untaken.retain(|untaken| untaken.call.request_hash != open.call.request_hash);
			changes.push(Change::Lane(slot.session, slot.lane, Box::new(lane.clone())));
		}
		let kept = KeptStatement {
			node: slot.node.clone(),
			receipt_key: open.receipt_key.clone(),
			salt: open.call.salt,
			receipt,
			rejected: Some(reason.to_owned()),
		};
		changes.extend(proves.then(|| Change::Statement(Box::new(kept))));
		changes
	}

	/// Adds a call to what calls came to.
	fn count(&mut self, node: &AccountId, receipt: &Receipt, delivered: bool) -> Change {
		let statement = &receipt.statement;
		let totals = self.totals.entry((statement.model, node.clone())).or_default();
		*totals = totals.plus(Totals {
			calls: 1,
			broken: u64::from(!delivered),
			input_tokens: statement.input_tokens.into(),
			output_tokens: statement.output_tokens.into(),
			charged: statement.charge,
		});
		Change::Totals(statement.model, node.clone(), *totals)
	}

	/// Takes a statement that was checked, and counts whether the node has delivered what it charges
	/// for. `now` is in seconds since 1970.
	pub fn settle(
		&mut self,
		slot: &LaneSlot,
		receipt: Receipt,
		fate: Fate,
		now: u64,
	) -> Vec<Change> {
		let charge = receipt.statement.charge;
		let judged = match self.open_lane(slot).is_some() {
			true => self.judge(slot, fate, charge, now),
			false => Vec::new(),
		};
		let mut changes = self.acknowledge(slot, receipt, fate == Fate::Delivered);
		changes.extend(judged);
		changes
	}

	/// The call was not charged. If its voucher was not taken either, its sequence is free again.
	pub fn release(&mut self, slot: &LaneSlot, taken: bool) -> Vec<Change> {
		let sequence = (!taken).then(|| slot.sequence.saturating_sub(1));
		self.correct(slot, Correction { sequence, acknowledged: None })
	}

	/// The voucher was refused by its node, which may have it still: if it is brought again, it may be
	/// taken. The lane goes on as the correction says.
	pub fn refuse(&mut self, slot: &LaneSlot, correction: Correction) -> Vec<Change> {
		if let Some(lane) = self.open_lane(slot) {
			lane.untaken.extend(lane.open.clone());
			let too_many = lane.untaken.len().saturating_sub(MOST_UNTAKEN);
			lane.untaken.drain(..too_many);
		}
		self.correct(slot, correction)
	}

	/// The calls on a lane whose vouchers were refused, and that may have been taken since.
	pub fn untaken(&self, session: SessionId, lane: LaneId) -> Vec<Open> {
		let lane = self.lanes.get(&session).and_then(|lanes| lanes.get(&lane));
		lane.map(|lane| lane.untaken.clone()).unwrap_or_default()
	}

	/// Takes the statement of a call whose voucher was refused at first and taken after all; it was
	/// checked. Nobody has its answer, so it counts as one that was charged and lost. `now` is in seconds
	/// since 1970.
	pub fn take_up(&mut self, slot: &LaneSlot, receipt: Receipt, now: u64) -> Vec<Change> {
		let (sequence, hash) = (slot.sequence, receipt.statement.request_hash);
		let lane = self.lanes.get_mut(&slot.session).and_then(|lanes| lanes.get_mut(&slot.lane));
		let Some(lane) = lane else { return Vec::new() };
		let ours = |open: &&Open| (open.call.sequence, open.call.request_hash) == (sequence, hash);
		let Some(open) = lane.untaken.iter().find(ours).cloned() else { return Vec::new() };
		lane.sequence = lane.sequence.max(sequence);
		let charge = receipt.statement.charge;
		lane.charge(sequence, charge);
		let lane = Change::Lane(slot.session, slot.lane, Box::new(lane.clone()));
		let totals = self.count(&slot.node, &receipt, false);
		let judged = self.judge(slot, Fate::Lost, charge, now);
		let kept = KeptStatement {
			node: slot.node.clone(),
			receipt_key: open.receipt_key,
			salt: open.call.salt,
			receipt,
			rejected: None,
		};
		let mut changes = vec![lane, totals, Change::Statement(Box::new(kept))];
		changes.extend(judged);
		changes
	}

	/// A voucher that was refused at first was taken after all, and the call was not charged.
	pub fn use_up(&mut self, slot: &LaneSlot) -> Vec<Change> {
		let lane = self.lanes.get_mut(&slot.session).and_then(|lanes| lanes.get_mut(&slot.lane));
		let Some(lane) = lane else { return Vec::new() };
		lane.sequence = lane.sequence.max(slot.sequence);
		lane.use_up(slot.sequence);
		vec![Change::Lane(slot.session, slot.lane, Box::new(lane.clone()))]
	}

	/// The voucher was not used, and the next one of its lane is another.
	fn correct(&mut self, slot: &LaneSlot, correction: Correction) -> Vec<Change> {
		self.busy.remove(&(slot.session, slot.lane));
		let Some(lane) = self.open_lane(slot) else { return Vec::new() };
		lane.open = None;
		if let Some(sequence) = correction.sequence {
			lane.sequence = sequence;
			// A second statement for a sequence that is behind us would be charged beside the first.
			lane.use_up(sequence);
		} else {
			lane.use_up(slot.sequence);
		}
		if let Some(acknowledged) = correction.acknowledged {
			lane.stated = lane.stated.max(lane.acknowledged);
			lane.acknowledged = lane.acknowledged.min(acknowledged);
		}
		let changes = vec![Change::Lane(slot.session, slot.lane, Box::new(lane.clone()))];
		self.found(slot.session, slot.lane);
		changes
	}

	/// Signs no more vouchers on the lane of a call: the node says that it is used for something else.
	pub fn close_lane(&mut self, slot: &LaneSlot) -> Vec<Change> {
		let Some(lane) = self.open_lane(slot) else { return Vec::new() };
		lane.closed = true;
		vec![Change::Lane(slot.session, slot.lane, Box::new(lane.clone()))]
	}

	/// The node's statement does not hold. What it could cost stays set aside, and the node gets no more
	/// calls. It is kept among the others if it `proves` something: if the node has signed it, for this
	/// very call.
	pub fn reject(
		&mut self,
		slot: &LaneSlot,
		receipt: Receipt,
		reason: &str,
		proves: bool,
	) -> Vec<Change> {
		self.busy.remove(&(slot.session, slot.lane));
		let mut changes = self.bar(&slot.node, reason);
		let Some(lane) = self.open_lane(slot) else { return changes };
		let Some(open) = &mut lane.open else { return changes };
		open.call.rejected = Some(receipt.clone());
		let kept = KeptStatement {
			node: slot.node.clone(),
			receipt_key: open.receipt_key.clone(),
			salt: open.call.salt,
			receipt,
			rejected: Some(reason.to_owned()),
		};
		changes.push(Change::Lane(slot.session, slot.lane, Box::new(lane.clone())));
		changes.extend(proves.then(|| Change::Statement(Box::new(kept))));
		changes
	}

	/// An answer has come without its statement, or a part of one: no more than so many output tokens
	/// are owed for it, whenever the statement comes, and that is about an answer with the hash
	/// `expected`, if that is known.
	pub fn owe_at_most(
		&mut self,
		slot: &LaneSlot,
		tokens: u32,
		expected: Option<Hash>,
	) -> Vec<Change> {
		let Some(lane) = self.open_lane(slot) else { return Vec::new() };
		if let Some(open) = &mut lane.open {
			open.call.max_output_tokens = open.call.max_output_tokens.min(tokens);
			open.call.expected = expected.or(open.call.expected);
		}
		vec![Change::Lane(slot.session, slot.lane, Box::new(lane.clone()))]
	}

	/// What became of the call is not known yet. What it could cost stays set aside.
	pub fn park(&mut self, slot: &LaneSlot) {
		// Once it is known, its lane may be another call's.
		if self.open_lane(slot).is_some() {
			self.busy.remove(&(slot.session, slot.lane));
		}
	}

	/// Takes a call up again that was parked, or that an earlier process left. Whether it is there.
	pub fn resume(&mut self, slot: &LaneSlot) -> bool {
		self.open_lane(slot).is_some() && self.busy.insert((slot.session, slot.lane))
	}

	/// Pays a node no more, and uses no session with it. This holds until it is forgiven.
	pub fn bar(&mut self, node: &AccountId, reason: &str) -> Vec<Change> {
		let mut changes = Vec::new();
		if !self.is_barred_for_good(node) {
			if let Some(trust) = self.trust.get_mut(node) {
				trust.barred_at = None;
				changes.push(Change::Trust(node.clone(), Some(*trust)));
			}
			self.barred.insert(node.clone(), reason.to_owned());
			changes.push(Change::Barred(node.clone(), Some(reason.to_owned())));
		}
		for session in self.sessions.values_mut().filter(|session| session.node == *node) {
			if !session.retired {
				session.retired = true;
				changes.push(Change::Session(session.clone()));
			}
		}
		changes
	}

	/// Pays a node again.
	pub fn forgive(&mut self, node: &AccountId) -> Vec<Change> {
		let mut changes = Vec::new();
		if self.barred.remove(node).is_some() {
			changes.push(Change::Barred(node.clone(), None));
		}
		if self.trust.remove(node).is_some() {
			changes.push(Change::Trust(node.clone(), None));
		}
		changes
	}

	/// The lane of a call that is open.
	pub(super) fn open_lane(&mut self, slot: &LaneSlot) -> Option<&mut Lane> {
		let lane = self.lanes.get_mut(&slot.session)?.get_mut(&slot.lane)?;
		let open = lane.open.as_ref()?;
		(open.call.sequence == slot.sequence).then_some(lane)
	}
}
