//! Whatever happens in whatever order: the budget holds, and a crash loses nothing.

use super::*;
use crate::known::LaneTerms;
use openledger_primitives::VersionId;
use proptest::prelude::*;

/// What a disk makes of a change.
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

/// What a test does at random.
#[derive(Clone, Debug)]
enum Step {
	Fund { node: u8, need: u8, outcome: u8 },
	Begin { node: u8, model: ModelId, version: VersionId, amount: u8 },
	End { which: usize, how: u8, charge: u8 },
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
	/// What the first voucher of each lane names, and the lanes that may get no more of them.
	terms: BTreeMap<(SessionId, LaneId), LaneTerms>,
	closed: BTreeSet<(SessionId, LaneId)>,
}

impl World {
	fn write(&mut self, changes: Vec<Change>) {
		for change in changes {
			apply(&mut self.disk, change);
		}
	}

	fn take(&mut self, step: Step) {
		match step {
			Step::Fund { node: number, need, outcome } => self.fund(&node(number), need, outcome),
			Step::Begin { node: number, model, version, amount } => {
				let draft = Draft { version, ..draft() };
				let (node, amount) = (node(number), amount.into());
				let begun = self.ledger.begin(&node, model, amount, draft, 10, &self.budget);
				let Ok((begun, changes)) = begun else { return };
				self.write(changes);
				let lane = (begun.slot.session, begun.slot.lane);
				let terms = begun.open.call.terms();
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
				let charge = Balance::from(charge).min(begun.open.call.allowance);
				let changes = match how {
					0 => self.ledger.release(slot, true),
					1 => self.ledger.release(slot, false),
					2 => {
						self.ledger.park(slot);
						vec![]
					}
					3 => {
						let correction = Correction {
							sequence: Some(begun.slot.sequence + 3),
							acknowledged: Some(charge),
						};
						self.ledger.refuse(slot, correction)
					}
					6 => {
						self.closed.insert((slot.session, slot.lane));
						let mut changes = self.ledger.close_lane(slot);
						changes.extend(self.ledger.release(slot, false));
						changes
					}
					4 if charge == 200 => {
						self.ledger.reject(slot, receipt(slot, model, charge), "no", true)
					}
					5 => self.ledger.settle(slot, receipt(slot, model, charge), Fate::Lost, 0),
					_ => self.ledger.settle(slot, receipt(slot, model, charge), Fate::Delivered, 0),
				};
				self.write(changes);
			}
			Step::Close { which, refund } => {
				let Some(id) = self.any_session(which) else { return };
				let most = self.most(id);
				let refunded = refund.then(|| self.deposits[&id].saturating_sub(most));
				let changes = self.ledger.closed(id, refunded);
				self.write(changes);
			}
			Step::Retire { which } => {
				let Some(id) = self.any_session(which) else { return };
				let changes = self.ledger.retire(id);
				self.write(changes);
			}
		}
	}

	fn fund(&mut self, node: &AccountId, need: u8, outcome: u8) {
		let session =
			self.ledger.sessions().find(|session| session.node == *node && !session.retired);
		let kind = match session {
			Some(session) if need.is_multiple_of(2) => {
				IntentKind::TopUp { session: session.id, before: session.deposit }
			}
			_ => IntentKind::Open { expires_at: 1_000, first: self.next },
		};
		let planned = self.ledger.plan(node, need.into(), kind, 5, &self.budget);
		let Ok((amount, changes)) = planned else { return };
		self.write(changes);
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
		let ids: Vec<_> = self.ledger.sessions().map(|session| session.id).collect();
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
		for session in self.ledger.sessions() {
			let lanes = self.ledger.lanes(session.id);
			let spent: Balance = lanes.map(|(_, lane)| lane.acknowledged + lane.reserved()).sum();
			assert!(spent <= session.deposit);
			for (_, lane) in self.ledger.lanes(session.id) {
				assert!(lane.acknowledged + lane.reserved() <= lane.authorised);
			}
		}
		let slots: BTreeSet<_> =
			self.under_way.iter().map(|(begun, _)| (begun.slot.session, begun.slot.lane)).collect();
		assert_eq!(slots.len(), self.under_way.len(), "two calls on one lane");
		// A crash at any time loses nothing.
		assert_eq!(self.ledger.contents(), self.disk);
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
		let ledger = ledger();
		let mut world = World {
			disk: ledger.contents(),
			ledger,
			budget: Budget::new(limit.into(), deposit.map(Into::into)),
			next: 1,
			under_way: vec![],
			held: BTreeMap::new(),
			deposits: BTreeMap::new(),
			terms: BTreeMap::new(),
			closed: BTreeSet::new(),
		};
		for step in steps {
			world.take(step);
			world.check();
		}
		prop_assert_eq!(Ledger::restore(world.disk.clone()).contents(), world.disk);
	}
}
