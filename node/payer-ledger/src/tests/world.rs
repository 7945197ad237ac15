//! A ledger, what would be on its disk, and what nodes hold, with all that has to be true of them.

use openledger_primitives::{
	lane::{VersionedStatement, Voucher},
	VersionId,
};

use super::{
	node_side::{account, statement, voucher, NodeLane},
	random::Step,
	*,
};
use crate::AdoptError;

/// The caller's key, and the nodes' receipt key.
const CALLER: u8 = 1;
const RECEIPTS: u8 = 9;

/// An answer costs as many planck as it has tokens, 255 at most.
const PRICE: PriceSchedule = PriceSchedule {
	per_call: 0,
	per_input_token: 0,
	per_cached_input_token: 0,
	per_output_token: 1,
};

/// Makes a change on a disk.
fn apply(disk: &mut Contents, change: Change) {
	match change {
		Change::Meta(meta) => disk.meta = meta,
		Change::Session(session) => drop(disk.sessions.insert(session.id, session)),
		Change::Anew(id) => disk.lanes.retain(|(session, _), _| *session != id),
		Change::Closed(Session { id, .. }) | Change::Forget(id) => {
			disk.sessions.remove(&id);
			disk.lanes.retain(|(session, _), _| *session != id);
		}
		Change::Lane(session, lane, state) => drop(disk.lanes.insert((session, lane), *state)),
		Change::Intent(node, Some(intent)) => drop(disk.intents.insert(node, intent)),
		Change::Intent(node, None) => drop(disk.intents.remove(&node)),
		Change::Barred(node, Some(reason)) => drop(disk.barred.insert(node, reason)),
		Change::Barred(node, None) => drop(disk.barred.remove(&node)),
		Change::Totals(model, node, totals) => drop(disk.totals.insert((model, node), totals)),
		Change::Trust(node, Some(trust)) => drop(disk.trust.insert(node, trust)),
		Change::Trust(node, None) => drop(disk.trust.remove(&node)),
		Change::Statement(_) => {}
	}
}

/// A ledger, what would be on its disk, and what nodes hold.
pub(super) struct World {
	ledger: Ledger,
	disk: Contents,
	budget: Budget,
	next: SessionId,
	under_way: Vec<Begun>,
	/// The most that any voucher of a lane authorises, as its node knows.
	held: BTreeMap<(SessionId, LaneId), Balance>,
	deposits: BTreeMap<SessionId, Balance>,
	/// Lanes as their nodes keep them, made of the statements that were taken.
	lanes: BTreeMap<(SessionId, LaneId), NodeLane>,
	/// The vouchers that were signed, by their requests.
	vouchers: BTreeMap<Hash, Voucher>,
	/// Earlier states of lanes, and lanes of which one was put back.
	earlier: BTreeMap<(SessionId, LaneId), Vec<Lane>>,
	forgotten: BTreeSet<(SessionId, LaneId)>,
	/// Sessions in which something was ever forgotten.
	incomplete: BTreeSet<SessionId>,
	/// The agreement that the first voucher of each lane names, and the lanes that may get no more of them.
	agreements: BTreeMap<(SessionId, LaneId), Agreement>,
	closed: BTreeSet<(SessionId, LaneId)>,
	/// Calls of which a statement was taken.
	charged: BTreeSet<(SessionId, LaneId, Sequence)>,
	/// Sessions whose numbers were others' before.
	second_hand: BTreeSet<SessionId>,
	/// No two requests are the same.
	salt: u64,
}

impl World {
	/// One in which nothing has happened yet.
	pub fn new(budget: Budget) -> Self {
		let ledger = empty_of(account(CALLER));
		Self {
			disk: contents(&ledger),
			ledger,
			budget,
			next: 1,
			under_way: vec![],
			held: BTreeMap::new(),
			deposits: BTreeMap::new(),
			lanes: BTreeMap::new(),
			vouchers: BTreeMap::new(),
			earlier: BTreeMap::new(),
			forgotten: BTreeSet::new(),
			incomplete: BTreeSet::new(),
			agreements: BTreeMap::new(),
			closed: BTreeSet::new(),
			charged: BTreeSet::new(),
			second_hand: BTreeSet::new(),
			salt: 0,
		}
	}

	/// Returns `true` if the ledger is the same once it was read from its disk.
	pub fn survives_a_restart(&self) -> bool {
		contents(&Ledger::restore(self.disk.clone())) == self.disk
	}

	fn write(&mut self, changes: Vec<Change>) {
		for change in changes {
			apply(&mut self.disk, change);
		}
	}

	/// The same where it may be that a statement was taken: there is one for each sequence. Its node's list has
	/// it then.
	fn write_statement(&mut self, slot: &LaneSlot, changes: Vec<Change>) {
		let (place, sequence) = ((slot.session, slot.lane), slot.sequence);
		for change in &changes {
			let Change::Statement(kept) = change else { continue };
			if kept.rejected.is_some() {
				continue;
			}
			let (session, lane) = place;
			assert!(self.charged.insert((session, lane, sequence)), "{slot:?} was charged twice");
			let voucher = self.vouchers[&kept.receipt.statement.newest().request_hash];
			let is_listed = self.lanes.entry(place).or_default().charge(voucher, &kept.receipt);
			let state = lane_at(&self.ledger, place);
			assert!(is_listed || state.is_behind(), "a list without a call");
		}
		self.write(changes);
		// As long as it has no call, it can be put back.
		let state = self.ledger.books().lane(slot);
		if let Some(state) = state.filter(|state| state.open.is_none() && state.untaken.is_empty())
		{
			self.earlier.entry(place).or_default().push(state.clone());
		}
	}

	/// Takes a step.
	pub fn take(&mut self, step: Step) {
		match step {
			Step::Fund { node: number, need, outcome } => self.fund(&node(number), need, outcome),
			Step::Begin { node: number, model, version, amount } => {
				self.begin(&node(number), model, version, amount.into());
			}
			Step::End { which, how, charge } => {
				if self.under_way.is_empty() {
					return;
				}
				let begun = self.under_way.swap_remove(which % self.under_way.len());
				self.end(&begun, how, charge.into());
			}
			Step::TakeUp { which, charge } => {
				let Some(id) = self.any_session(which) else { return };
				self.take_up(id, charge.into());
			}
			Step::Settle { which } => {
				let Some(id) = self.any_session(which) else { return };
				self.settle(id);
			}
			Step::Forget { which, earlier } => {
				let Some(id) = self.any_session(which) else { return };
				self.forget(id, earlier);
			}
			Step::Adopt { which } => {
				let Some(id) = self.any_session(which) else { return };
				self.adopt(id);
			}
			Step::Reorg { which, node: number } => {
				let Some(id) = self.any_session(which) else { return };
				let node = node(number);
				let kind = IntentKind::Open { expires_at: 1_000, first: 0 };
				let is_new = self.ledger.books().session(id).unwrap().opening.is_some();
				let planned = self.ledger.deposits().plan(&node, 1, kind, 5, &self.budget);
				let Ok((amount, change)) = planned else { return };
				self.write(vec![change]);
				let changes = match is_new {
					true => {
						self.deposits.insert(id, amount);
						self.second_hand.insert(id);
						let same = self.ledger.books().session(id).unwrap().node == node;
						if !same {
							self.lanes.retain(|(session, _), _| *session != id);
						}
						// What was known of its lanes is of another chain.
						self.earlier.retain(|(session, _), _| *session != id);
						self.forgotten.retain(|(session, _)| same || *session != id);
						self.ledger.deposits().opened(&node, id, amount, 1_000, 6)
					}
					false => self.ledger.deposits().abandon(&node),
				};
				self.ledger.deposits().submitted(&node);
				self.write(changes);
			}
			Step::Close { which, refund } => {
				let Some(id) = self.any_session(which) else { return };
				let most = self.most(id);
				// A node may hold vouchers that were refused, and are forgotten: they count only where it is
				// known what came back.
				let is_known = refund || self.incomplete.contains(&id);
				let refunded = is_known.then(|| self.deposits[&id].saturating_sub(most));
				let (changes, _) = self.ledger.closed(id, refunded, 0);
				self.write(changes);
			}
			Step::Retire { which } => {
				let Some(id) = self.any_session(which) else { return };
				let changes = self.ledger.books_mut().at(id, Book::retire);
				self.write(changes);
			}
		}
	}

	fn begin(&mut self, node: &AccountId, model: ModelId, version: VersionId, amount: Balance) {
		self.salt += 1;
		let agreed = CallTerms {
			agreement: Agreement { version, ..agreement(model) },
			list_price: PRICE,
			max_output_tokens: 255,
			request_hash: Hash::from_low_u64_be(self.salt),
			receipt_key: account(RECEIPTS),
			..agreed(model, amount)
		};
		let begun = self.ledger.begin(node, agreed, 10, &self.budget);
		let Ok((begun, change)) = begun else { return };
		self.write(vec![change]);
		let place = (begun.slot.session, begun.slot.lane);
		let voucher = voucher(&begun);
		if !self.agreements.contains_key(&place) {
			self.earlier.insert(place, vec![Lane::default()]);
		}
		let first = *self.agreements.entry(place).or_insert(voucher.agreement);
		let is_forgotten = self.forgotten.contains(&place);
		assert!(
			is_forgotten || first == voucher.agreement,
			"vouchers of several agreements on one lane"
		);
		assert!(!self.closed.contains(&place), "another voucher on a lane of something else");
		let kept = self.lanes.entry(place).or_default();
		if !is_forgotten {
			let list = &kept.list;
			assert_eq!(voucher.acknowledged, list.totals().charge, "what was stated is owed");
			assert_eq!(voucher.acknowledged_root, list.root(), "of this very list");
		}
		assert_eq!(voucher.allowance(), Some(amount), "no voucher allows more than was set aside");
		// The chain takes no voucher that is not newer than what it has settled.
		if voucher.sequence > lane_at(&self.ledger, place).settled.sequence {
			let held = self.held.entry(place).or_default();
			*held = voucher.authorised.max(*held);
		}
		self.vouchers.insert(voucher.request_hash, voucher);
		self.under_way.push(begun);
	}

	fn end(&mut self, begun: &Begun, how: u8, charge: Balance) {
		let slot = &begun.slot;
		let place = (slot.session, slot.lane);
		let charge = charge.min(begun.call.agreed.allowance);
		let is_open = self.ledger.books().open(slot).is_some();
		let receipt = stated(&voucher(begun), charge);
		let changes = match how {
			// Its node has another list, and takes no voucher that does not acknowledge it.
			_ if self.forgotten.contains(&place) => {
				let sequence = Some(slot.sequence.saturating_sub(1));
				refuse(&mut self.ledger, slot, Correction { sequence })
			}
			0 => {
				if is_open {
					self.lanes.entry(place).or_default().take(voucher(begun));
				}
				release(&mut self.ledger, slot, true)
			}
			1 => release(&mut self.ledger, slot, false),
			2 => {
				self.ledger.park(slot);
				vec![]
			}
			3 => {
				let sequence = Some(slot.sequence + 3);
				refuse(&mut self.ledger, slot, Correction { sequence })
			}
			// Its node wants to go back.
			7 => {
				let sequence = Some(slot.sequence.saturating_sub(2));
				refuse(&mut self.ledger, slot, Correction { sequence })
			}
			6 => {
				self.closed.insert(place);
				let books = self.ledger.books_mut();
				let mut changes = books.at(slot.session, |book| book.close_lane(slot.lane));
				changes.extend(release(&mut self.ledger, slot, false));
				changes
			}
			4 if charge == 200 => self.ledger.reject(slot, &begun.call, receipt, "no", true),
			how => {
				let fate = if how == 5 { Fate::Lost } else { Fate::Delivered };
				self.ledger.acknowledge(slot, receipt, fate, 0)
			}
		};
		self.write_statement(slot, changes);
	}

	fn take_up(&mut self, id: SessionId, charge: Balance) {
		// Also while a call is open: it may be the one that asks.
		let lanes = self.ledger.books().get(id).unwrap().lanes();
		let untaken = lanes
			.flat_map(|(lane, state)| state.untaken.iter().map(move |call| (lane, call.clone())));
		let Some((lane, call)) = untaken.last() else { return };
		if self.forgotten.contains(&(id, lane)) {
			return;
		}
		let node = self.ledger.books().session(id).unwrap().node.clone();
		let slot = LaneSlot { node, session: id, lane, sequence: call.sequence };
		let charge = charge.min(call.agreed.allowance);
		// What it had set aside may have been spent on others.
		let charge = charge.min(self.ledger.books().left(id));
		let receipt = stated(&self.vouchers[&call.agreed.request_hash], charge);
		let changes = self.ledger.take_up(&slot, receipt.clone(), 0);
		self.write_statement(&slot, changes);
		// And another one for the same sequence.
		let changes = self.ledger.acknowledge(&slot, receipt, Fate::Delivered, 0);
		self.write_statement(&slot, changes);
		self.under_way.retain(|begun| begun.slot != slot);
	}

	fn settle(&mut self, id: SessionId) {
		let lanes = self.ledger.books().get(id).unwrap().lanes();
		let lanes = lanes.filter(|(lane, _)| !self.forgotten.contains(&(id, *lane)));
		let lanes = lanes.map(|(lane, state)| {
			let settled = state.settled.amount.max(state.spent() + state.reserved());
			settled_lane(lane, state.signed, settled)
		});
		let lanes: Vec<_> = lanes.collect();
		let sum: Balance = lanes.iter().map(|lane| lane.settled).sum();
		let session = self.ledger.books().session(id).unwrap();
		if sum > session.deposit || session.is_displaced() {
			return;
		}
		for lane in &lanes {
			// The chain takes no voucher that is older.
			self.held.insert((id, lane.lane), lane.settled);
			// A lane that was settled is not as it was before.
			self.earlier.remove(&(id, lane.lane));
		}
		let seen = info(&self.ledger, id, lanes);
		let changes = self.ledger.observe(id, Some(&seen), 0).0;
		self.write(changes);
		let changes = self.ledger.reckon(id, 0).0;
		self.write(changes);
	}

	/// Puts an earlier state of a lane back that has no call.
	fn forget(&mut self, id: SessionId, earlier: usize) {
		let lanes = self.ledger.books().get(id).unwrap().lanes();
		let is_idle = |state: &Lane| state.open.is_none() && !state.is_behind();
		let idle = lanes.filter(|(_, state)| is_idle(state)).map(|(lane, _)| (id, lane));
		let places: Vec<_> = idle
			.filter(|place| self.earlier.contains_key(place) && !self.closed.contains(place))
			.collect();
		if places.is_empty() {
			return;
		}
		let place = places[earlier % places.len()];
		let states = &self.earlier[&place];
		let state = states[earlier % states.len()].clone();
		let change = Change::Lane(id, place.1, Box::new(state.clone()));
		self.ledger.books_mut().get_mut(id).unwrap().restore(place.1, state);
		self.write(vec![change]);
		self.forgotten.insert(place);
		self.incomplete.insert(id);
	}

	/// Takes over the lanes of a session of which something was forgotten.
	fn adopt(&mut self, id: SessionId) {
		let places: Vec<_> =
			self.forgotten.iter().copied().filter(|(session, _)| *session == id).collect();
		for place in places {
			if self.ledger.books().session(id).unwrap().is_displaced() {
				return;
			}
			let kept = self.lanes[&place].clone();
			if kept.last.is_none() {
				continue;
			}
			let state = kept.state(CALLER, RECEIPTS);
			match self.ledger.adopt(id, &state, &account(RECEIPTS), &PRICE, 0) {
				// The statement was taken before, and counted.
				Ok(changes) => self.write(changes),
				Err(AdoptError::NothingNew) => {}
				Err(error) => panic!("{error}"),
			}
			let state = lane_at(&self.ledger, place);
			assert_eq!(state.list, kept.list, "a list is adopted whole");
			if state.open.is_none() {
				self.under_way.retain(|begun| (begun.slot.session, begun.slot.lane) != place);
			}
			// What comes after was forgotten, too.
			self.forgotten.remove(&place);
			self.earlier.remove(&place);
		}
	}

	fn fund(&mut self, node: &AccountId, need: u8, outcome: u8) {
		let session = self
			.ledger
			.books()
			.sessions()
			.find(|session| session.node == *node && !session.retired);
		let kind = match session {
			Some(session) if need.is_multiple_of(2) => {
				IntentKind::TopUp { session: session.id, before: session.deposit }
			}
			_ => IntentKind::Open { expires_at: 1_000, first: self.next },
		};
		let planned = self.ledger.deposits().plan(node, need.into(), kind, 5, &self.budget);
		let Ok((amount, change)) = planned else {
			// It is known at last that one of unknown outcome did not happen.
			if need == 0 && self.ledger.funds().intents().contains_key(node) {
				let changes = self.ledger.deposits().abandon(node);
				self.write(changes);
			}
			return;
		};
		self.write(vec![change]);
		let changes = match (outcome, kind) {
			(0, _) => self.ledger.deposits().abandon(node),
			// Nobody knows: it may have happened.
			(1, _) => vec![],
			(_, IntentKind::TopUp { session, .. }) => {
				*self.deposits.get_mut(&session).unwrap() += amount;
				self.ledger.deposits().topped_up(node)
			}
			(_, IntentKind::Open { expires_at, .. }) => {
				let id = self.next;
				self.next += 1;
				self.deposits.insert(id, amount);
				self.ledger.deposits().opened(node, id, amount, expires_at, 6)
			}
		};
		self.ledger.deposits().submitted(node);
		self.write(changes);
	}

	fn any_session(&self, which: usize) -> Option<SessionId> {
		let ids: Vec<_> = self.ledger.books().sessions().map(|session| session.id).collect();
		(!ids.is_empty()).then(|| ids[which % ids.len()])
	}

	/// The most that the node of a session can settle.
	fn most(&self, id: SessionId) -> Balance {
		let held = self.held.iter().filter(|((session, _), _)| *session == id);
		held.map(|(_, most)| *most).sum::<Balance>().min(self.deposits[&id])
	}

	/// Compares all that has to fit.
	pub fn check(&self) {
		let standing = self.ledger.standing();
		assert!(standing.committed <= self.budget.limit, "{standing:?}");
		assert!(standing.exposed <= standing.committed, "{standing:?}");
		// Even if every node redeems all that it ever got, also of sessions that are closed.
		let worst: Balance = self.deposits.keys().map(|id| self.most(*id)).sum();
		assert!(worst <= self.budget.limit, "{worst} of {}", self.budget.limit);
		for book in self.ledger.books().all() {
			let Session { id, deposit, .. } = &book.session;
			let lanes = book.lanes();
			let spent: Balance = lanes.map(|(_, lane)| lane.spent() + lane.reserved()).sum();
			let is_whole = !self.second_hand.contains(id) && !self.incomplete.contains(id);
			assert!(spent <= *deposit || !is_whole);
			for (number, lane) in book.lanes() {
				assert!(lane.spent() <= lane.authorised);
				// An earlier voucher that was refused may have been taken since the open one was signed.
				let open = lane.open.as_ref().map(|call| self.vouchers[&call.agreed.request_hash]);
				if open.is_some_and(|open| open.acknowledged == lane.spent()) {
					assert!(lane.spent() + lane.reserved() <= lane.authorised);
				}
				assert_eq!(lane.acknowledged(), lane.list.totals().charge);
				assert!(lane.charged() >= lane.list.last().map_or(0, |last| last.sequence));
				let place = (*id, number);
				let kept = self.lanes.get(&place).map(|kept| &kept.list).cloned();
				let fits = lane.is_behind() || self.forgotten.contains(&place);
				assert!(fits || kept.unwrap_or_default() == lane.list, "{place:?}");
			}
		}
		let slots: BTreeSet<_> =
			self.under_way.iter().map(|begun| (begun.slot.session, begun.slot.lane)).collect();
		assert_eq!(slots.len(), self.under_way.len(), "two calls on one lane");
		// A crash at any time loses nothing.
		assert_eq!(contents(&self.ledger), self.disk);
	}
}

/// A statement of a call at the price of its tokens.
fn stated(voucher: &Voucher, charge: Balance) -> Receipt {
	let tokens = Tokens::new(0, u32::try_from(charge).unwrap());
	let receipt = statement(voucher, charge, tokens);
	let VersionedStatement::V2(stated) = &receipt.statement;
	assert_eq!(PRICE.charge(&stated.tokens), Some(stated.charge));
	receipt
}

fn lane_at(ledger: &Ledger, (session, lane): (SessionId, LaneId)) -> &Lane {
	let (_, state) =
		ledger.books().get(session).unwrap().lanes().find(|(number, _)| *number == lane).unwrap();
	state
}
