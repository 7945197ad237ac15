//! Whatever happens in whatever order: the budget holds, and a crash loses nothing.

use openledger_primitives::VersionId;
use proptest::prelude::*;

use super::*;

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

/// A random step.
#[derive(Clone, Debug)]
enum Step {
	Fund { node: u8, need: u8, outcome: u8 },
	Begin { node: u8, model: ModelId, version: VersionId, amount: u8 },
	End { which: usize, how: u8, charge: u8 },
	TakeUp { which: usize, charge: u8 },
	Settle { which: usize },
	Reorg { which: usize, node: u8 },
	Close { which: usize, refund: bool },
	Retire { which: usize },
}

fn step() -> impl Strategy<Value = Step> {
	let which = || any::<usize>();
	prop_oneof![
		(2u8..5, any::<u8>(), 0u8..4).prop_map(|(node, need, outcome)| Step::Fund {
			node,
			need,
			outcome
		}),
		(2u8..5, 0u32..2, 0u32..2, any::<u8>()).prop_map(|(node, model, version, amount)| {
			Step::Begin { node, model, version, amount }
		}),
		(2u8..5, 0u32..2, 0u32..2, any::<u8>()).prop_map(|(node, model, version, amount)| {
			Step::Begin { node, model, version, amount }
		}),
		(which(), 0u8..8, any::<u8>()).prop_map(|(which, how, charge)| Step::End {
			which,
			how,
			charge
		}),
		(which(), any::<u8>()).prop_map(|(which, charge)| Step::TakeUp { which, charge }),
		which().prop_map(|which| Step::Settle { which }),
		(which(), 2u8..5).prop_map(|(which, node)| Step::Reorg { which, node }),
		(which(), any::<bool>()).prop_map(|(which, refund)| Step::Close { which, refund }),
		which().prop_map(|which| Step::Retire { which }),
	]
}

/// A ledger, what would be on its disk, and what nodes hold.
struct World {
	ledger: Ledger,
	disk: Contents,
	budget: Budget,
	next: SessionId,
	under_way: Vec<(Begun, ModelId)>,
	/// The most that any voucher of a lane authorises, as its node knows.
	held: BTreeMap<(SessionId, LaneId), Balance>,
	deposits: BTreeMap<SessionId, Balance>,
	/// The terms that the first voucher of each lane names, and the lanes that may get no more of them.
	terms: BTreeMap<(SessionId, LaneId), LaneTerms>,
	closed: BTreeSet<(SessionId, LaneId)>,
	/// Calls of which a statement was taken.
	charged: BTreeSet<(SessionId, LaneId, Sequence)>,
	/// Sessions whose numbers were others' before.
	second_hand: BTreeSet<SessionId>,
	/// No two requests are the same.
	salt: u64,
}

impl World {
	fn write(&mut self, changes: Vec<Change>) {
		for change in changes {
			apply(&mut self.disk, change);
		}
	}

	/// The same where it may be that a statement was taken: there is one for each sequence.
	fn write_statement(&mut self, slot: &LaneSlot, changes: Vec<Change>) {
		let taken = changes.iter().any(|change| match change {
			Change::Statement(kept) => kept.rejected.is_none(),
			_ => false,
		});
		let call = (slot.session, slot.lane, slot.sequence);
		assert!(!taken || self.charged.insert(call), "{call:?} was charged twice");
		self.write(changes);
	}

	fn take(&mut self, step: Step) {
		match step {
			Step::Fund { node: number, need, outcome } => self.fund(&node(number), need, outcome),
			Step::Begin { node: number, model, version, amount } => {
				let terms = LaneTerms { model, version, price_version: 0 };
				self.salt += 1;
				let request_hash = Hash::from_low_u64_be(self.salt);
				let price = PriceSchedule { per_call: 255, ..PriceSchedule::default() };
				let agreed =
					Agreement { terms, price, request_hash, ..agreed(model, amount.into()) };
				let begun = self.ledger.begin(&node(number), agreed, 10, &self.budget);
				let Ok((begun, change)) = begun else { return };
				self.write(vec![change]);
				let lane = (begun.slot.session, begun.slot.lane);
				let terms = begun.call.agreed.terms;
				let first = *self.terms.entry(lane).or_insert(terms);
				assert_eq!(first, terms, "vouchers of several agreements on one lane");
				assert!(
					!self.closed.contains(&lane),
					"another voucher on a lane of something else"
				);
				let held = self.held.entry((begun.slot.session, begun.slot.lane)).or_default();
				*held = begun.authorised.max(*held);
				self.under_way.push((begun, model));
			}
			Step::End { which, how, charge } => {
				if self.under_way.is_empty() {
					return;
				}
				let (begun, model) = self.under_way.swap_remove(which % self.under_way.len());
				let slot = &begun.slot;
				let charge = Balance::from(charge).min(begun.call.agreed.allowance);
				let changes = match how {
					0 => release(&mut self.ledger, slot, true),
					1 => release(&mut self.ledger, slot, false),
					2 => {
						self.ledger.park(slot);
						vec![]
					}
					3 => {
						let correction = Correction {
							sequence: Some(begun.slot.sequence + 3),
							acknowledged: Some(charge),
						};
						refuse(&mut self.ledger, slot, correction)
					}
					// Its node wants to go back.
					7 => {
						let sequence = Some(slot.sequence.saturating_sub(2));
						refuse(&mut self.ledger, slot, Correction { sequence, acknowledged: None })
					}
					6 => {
						self.closed.insert((slot.session, slot.lane));
						let books = self.ledger.books_mut();
						let mut changes = books.at(slot.session, |book| book.close_lane(slot.lane));
						changes.extend(release(&mut self.ledger, slot, false));
						changes
					}
					4 if charge == 200 => {
						let receipt = receipt(slot, model, charge);
						self.ledger.reject(slot, &begun.call, receipt, "no", true)
					}
					how => {
						let fate = if how == 5 { Fate::Lost } else { Fate::Delivered };
						let receipt = receipt(slot, model, charge);
						self.ledger.acknowledge(slot, receipt, fate, 0)
					}
				};
				self.write_statement(slot, changes);
			}
			Step::TakeUp { which, charge } => {
				let Some(id) = self.any_session(which) else { return };
				// Also while a call is open: it may be the one that asks.
				let lanes = self.ledger.books().get(id).unwrap().lanes();
				let untaken = lanes.flat_map(|(lane, state)| {
					state.untaken.iter().map(move |call| (lane, call.clone()))
				});
				let Some((lane, call)) = untaken.last() else { return };
				let node = self.ledger.books().session(id).unwrap().node.clone();
				let slot = LaneSlot { node, session: id, lane, sequence: call.sequence };
				let charge = Balance::from(charge).min(call.agreed.allowance);
				// What it had set aside may have been spent on others.
				let charge = charge.min(self.ledger.books().left(id));
				let mut receipt = receipt(&slot, call.agreed.terms.model, charge);
				receipt.statement.request_hash = call.agreed.request_hash;
				let changes = self.ledger.take_up(&slot, receipt.clone(), 0);
				self.write_statement(&slot, changes);
				// And another one for the same sequence.
				let changes = self.ledger.acknowledge(&slot, receipt, Fate::Delivered, 0);
				self.write_statement(&slot, changes);
				self.under_way.retain(|(begun, _)| begun.slot != slot);
			}
			Step::Settle { which } => {
				let Some(id) = self.any_session(which) else { return };
				let lanes = self.ledger.books().get(id).unwrap().lanes();
				let lanes = lanes.map(|(lane, state)| LaneInfo {
					lane,
					sequence: state.signed,
					settled: state.settled.amount.max(state.acknowledged + state.reserved()),
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
				}
				let seen = info(&self.ledger, id, lanes);
				let changes = self.ledger.observe(id, Some(&seen), 0).0;
				self.write(changes);
				let changes = self.ledger.reckon(id, 0).0;
				self.write(changes);
			}
			Step::Reorg { which, node: number } => {
				let Some(id) = self.any_session(which) else { return };
				let node = node(number);
				let kind = IntentKind::Open { expires_at: 1_000, first: 0 };
				let is_new = self.ledger.books().session(id).unwrap().opening.is_some();
				let planned = self.ledger.plan(&node, 1, kind, 5, &self.budget);
				let Ok((amount, change)) = planned else { return };
				self.write(vec![change]);
				let changes = match is_new {
					true => {
						self.deposits.insert(id, amount);
						self.second_hand.insert(id);
						self.ledger.opened(&node, id, amount, 1_000)
					}
					false => self.ledger.abandon(&node),
				};
				self.ledger.submitted(&node);
				self.write(changes);
			}
			Step::Close { which, refund } => {
				let Some(id) = self.any_session(which) else { return };
				let most = self.most(id);
				let refunded = refund.then(|| self.deposits[&id].saturating_sub(most));
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
		let planned = self.ledger.plan(node, need.into(), kind, 5, &self.budget);
		let Ok((amount, change)) = planned else {
			// It is known at last that one of unknown outcome did not happen.
			if need == 0 && self.ledger.funds().intents().contains_key(node) {
				let changes = self.ledger.abandon(node);
				self.write(changes);
			}
			return;
		};
		self.write(vec![change]);
		let changes = match (outcome, kind) {
			(0, _) => self.ledger.abandon(node),
			// Nobody knows: it may have happened.
			(1, _) => vec![],
			(_, IntentKind::TopUp { session, .. }) => {
				*self.deposits.get_mut(&session).unwrap() += amount;
				self.ledger.topped_up(node)
			}
			(_, IntentKind::Open { expires_at, .. }) => {
				let id = self.next;
				self.next += 1;
				self.deposits.insert(id, amount);
				self.ledger.opened(node, id, amount, expires_at)
			}
		};
		self.ledger.submitted(node);
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

	fn check(&self) {
		let standing = self.ledger.standing();
		assert!(standing.committed <= self.budget.limit, "{standing:?}");
		assert!(standing.exposed <= standing.committed, "{standing:?}");
		// Even if every node redeems all that it ever got, also of sessions that are closed.
		let worst: Balance = self.deposits.keys().map(|id| self.most(*id)).sum();
		assert!(worst <= self.budget.limit, "{worst} of {}", self.budget.limit);
		for book in self.ledger.books().all() {
			let Session { id, deposit, .. } = &book.session;
			let lanes = book.lanes();
			let spent: Balance = lanes.map(|(_, lane)| lane.acknowledged + lane.reserved()).sum();
			assert!(spent <= *deposit || self.second_hand.contains(id));
			for (_, lane) in book.lanes() {
				assert!(lane.acknowledged + lane.reserved() <= lane.authorised);
			}
		}
		let slots: BTreeSet<_> =
			self.under_way.iter().map(|(begun, _)| (begun.slot.session, begun.slot.lane)).collect();
		assert_eq!(slots.len(), self.under_way.len(), "two calls on one lane");
		// A crash at any time loses nothing.
		assert_eq!(contents(&self.ledger), self.disk);
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(128))]
	#[test]
	fn whatever_happens_the_budget_holds(
		limit in 0u32..5_000,
		deposit in prop::option::of(0u32..2_000),
		steps in prop::collection::vec(step(), 1..150),
	) {
		let ledger = empty();
		let mut world = World {
			disk: contents(&ledger),
			ledger,
			budget: Budget::new(limit.into(), deposit.map(Into::into)),
			next: 1,
			under_way: vec![],
			held: BTreeMap::new(),
			deposits: BTreeMap::new(),
			terms: BTreeMap::new(),
			closed: BTreeSet::new(),
			charged: BTreeSet::new(),
			second_hand: BTreeSet::new(),
			salt: 0,
		};
		for step in steps {
			world.take(step);
			world.check();
		}
		prop_assert_eq!(contents(&Ledger::restore(world.disk.clone())), world.disk);
	}
}
