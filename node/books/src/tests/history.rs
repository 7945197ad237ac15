//! Random lives of lanes beside lists that are made in memory: whatever happens, and wherever the process
//! stops or dies, both are alike, and every run that can be settled is proven.

use std::collections::BTreeMap;

use openledger_primitives::{
	lane::{AttributionShare, RejectReason, Statement, VersionedStatement},
	lane_list::{Acknowledged, LaneError, LaneLeaf, LaneList},
};
use proptest::prelude::*;

use super::*;

const LANES: LaneId = 2;

#[derive(Clone, Debug)]
enum Step {
	/// A call that is charged. It may name a contribution.
	Charge { lane: LaneId, charge: u8, named: bool },
	/// A voucher is taken, and its call goes on.
	Begin { lane: LaneId, secure: bool },
	/// The call that goes on is charged.
	End { lane: LaneId, charge: u8 },
	/// It is not charged.
	Release { lane: LaneId },
	/// It is refused after all.
	Withdraw { lane: LaneId },
	/// A voucher that acknowledges another list.
	Other { lane: LaneId, root: u8, charge: i8 },
	/// So many of the oldest open calls are settled: by a run as far as they can be, or one by one, where some
	/// may be rejected.
	Settle { lane: LaneId, calls: usize, run: bool, rejected: u8 },
	/// Old calls are removed.
	Prune { limit: usize },
	/// The process stops, and starts again.
	Stop,
	/// It dies.
	Die,
}

fn step() -> impl Strategy<Value = Step> {
	let lane = 0..LANES;
	let at = lane.clone();
	prop_oneof![
		9 => (lane.clone(), any::<u8>(), prop::bool::weighted(0.1))
			.prop_map(|(lane, charge, named)| Step::Charge { lane, charge, named }),
		2 => (lane.clone(), any::<bool>()).prop_map(|(lane, secure)| Step::Begin { lane, secure }),
		2 => (lane.clone(), any::<u8>()).prop_map(|(lane, charge)| Step::End { lane, charge }),
		1 => lane.clone().prop_map(|lane| Step::Release { lane }),
		1 => lane.prop_map(|lane| Step::Withdraw { lane }),
		1 => (at.clone(), any::<u8>(), any::<i8>())
			.prop_map(|(lane, root, charge)| Step::Other { lane, root, charge }),
		4 => (at, 1_usize..9, any::<bool>(), any::<u8>()).prop_map(|(lane, calls, run, rejected)| {
			Step::Settle { lane, calls, run, rejected }
		}),
		3 => (1_usize..9).prop_map(|limit| Step::Prune { limit }),
		1 => Just(Step::Stop),
		1 => Just(Step::Die),
	]
}

/// A lane as the caller has it, and the chain.
#[derive(Default)]
struct Mirror {
	list: LaneList,
	leaves: Vec<LaneLeaf>,
	/// The vouchers of the leaves.
	vouchers: Vec<Voucher>,
	sequence: Sequence,
	/// The voucher whose call goes on. True if it is on disk.
	open: Option<(Voucher, bool)>,
	settled: Settled,
	/// The items that calls were settled with.
	items: BTreeMap<Sequence, SettledItem>,
}

impl Mirror {
	fn next(&self, lane: LaneId) -> Voucher {
		Voucher {
			sequence: self.sequence + 1,
			acknowledged: self.list.totals().charge,
			acknowledged_root: self.list.root(),
			authorised: self.list.totals().charge + 300,
			..voucher(lane)
		}
	}

	fn charge(&mut self, voucher: Voucher, statement: &Statement) {
		self.leaves.push(testkit::append(&mut self.list, statement));
		self.vouchers.push(voucher);
		self.open = None;
	}

	/// The calls that are not settled: from this leaf on.
	fn first_open(&self) -> usize {
		self.leaves.iter().filter(|leaf| leaf.sequence <= self.settled.sequence).count()
	}

	/// The list when it had so many calls.
	fn at(&self, count: usize) -> Acknowledged {
		let mut list = LaneList::default();
		for (at, leaf) in self.leaves.iter().take(count).enumerate() {
			let before = at.checked_sub(1).and_then(|before| self.leaves.get(before));
			let before = before.map_or_else(Default::default, |before| before.totals);
			let call = leaf.totals.checked_sub(&before).expect("totals rise");
			list.append(leaf.sequence, leaf.statement, &call).expect("it follows");
		}
		// That of the next call, or of one that may still come.
		let own = self.leaves.get(count).map_or(self.sequence + 1, |leaf| leaf.sequence);
		Acknowledged { sequence: own, charge: list.totals().charge, root: list.root() }
	}
}

fn serving(voucher: &Voucher, charge: u8, named: bool) -> ServedCall {
	let served = served(voucher, charge.into());
	if !named {
		return served;
	}
	let VersionedStatement::V2(mut statement) = served.statement;
	let share = AttributionShare { contribution: 7, basis_points: 1 };
	statement.attribution = vec![share].try_into().expect("it is one");
	ServedCall { statement: statement.into(), ..served }
}

struct World {
	scratch: Scratch,
	lanes: Vec<Mirror>,
}

impl World {
	async fn apply(&mut self, step: Step) {
		let store = self.scratch.store.clone();
		match step {
			Step::Charge { lane, charge, named } => {
				let mirror = &mut self.lanes[usize::from(lane)];
				if mirror.open.is_none() {
					let voucher = mirror.next(lane);
					store.take(voucher, 300).await.expect("it is the next one");
					mirror.sequence += 1;
					self.end(lane, voucher, charge, named).await;
				}
			}
			Step::Begin { lane, secure } => {
				let mirror = &mut self.lanes[usize::from(lane)];
				let voucher = mirror.next(lane);
				let taken = store.take(voucher, 300).await;
				assert_eq!(taken.is_ok(), mirror.open.is_none());
				if taken.is_ok() {
					if secure {
						store.secure(CallId::of(&voucher)).await.expect("the store works");
					}
					mirror.sequence += 1;
					mirror.open = Some((voucher, secure));
				}
			}
			Step::End { lane, charge } => {
				if let Some((voucher, _)) = self.lanes[usize::from(lane)].open {
					self.end(lane, voucher, charge, false).await;
				}
			}
			Step::Release { lane } => {
				if let Some((voucher, _)) = self.lanes[usize::from(lane)].open.take() {
					let why = Uncharged::CallerGone;
					store.release(CallId::of(&voucher), why).await.expect("the store works");
				}
			}
			Step::Withdraw { lane } => {
				let mirror = &mut self.lanes[usize::from(lane)];
				if let Some((voucher, _)) = mirror.open.take() {
					store.withdraw(CallId::of(&voucher)).await.expect("it is accepted");
					mirror.sequence -= 1;
				}
			}
			Step::Other { lane, root, charge } => {
				let mirror = &self.lanes[usize::from(lane)];
				let good = mirror.next(lane);
				let mut other = good;
				match root % 3 {
					// Of a list that was.
					0 => {
						let count = usize::from(root) % (mirror.leaves.len() + 1);
						other.acknowledged_root = mirror.at(count).root;
					}
					1 => other.acknowledged_root = Hash::repeat_byte(root),
					_ => {}
				}
				other.acknowledged =
					good.acknowledged.saturating_add_signed(i128::from(charge % 2));
				let (expected, root) = (good.acknowledged, good.acknowledged_root);
				if mirror.open.is_none() && other != good {
					let refused = store.take(other, 300).await;
					assert_eq!(refused, Err(LaneRefusal::AcknowledgedMismatch { expected, root }));
				}
			}
			Step::Settle { lane, calls, run, rejected } => {
				self.settle(lane, calls, run, rejected).await;
			}
			Step::Prune { limit } => {
				let mut from = Some(lane_key(0));
				while let Some(lane) = from {
					let step = store.prune(EVERYTHING, lane, limit).await;
					from = step.expect("the store works").next;
				}
			}
			Step::Stop | Step::Die => unreachable!("they need the whole"),
		}
	}

	async fn end(&mut self, lane: LaneId, voucher: Voucher, charge: u8, named: bool) {
		let served = serving(&voucher, charge, named);
		let statement = served.statement.newest().clone();
		let serving = self.scratch.store.serve(CallId::of(&voucher), served);
		serving.await.expect("it fits");
		self.lanes[usize::from(lane)].charge(voucher, &statement);
	}

	/// The chain settles the oldest open calls, with the voucher of the last of them.
	async fn settle(&mut self, lane: LaneId, calls: usize, run: bool, rejected: u8) {
		let store = &self.scratch.store;
		let mirror = &mut self.lanes[usize::from(lane)];
		let from = mirror.first_open();
		let until = mirror.leaves.len().min(from + calls);
		let Some(own) = until.checked_sub(1).filter(|own| *own >= from) else { return };
		let mut items = Vec::new();
		let mut outcomes = Vec::new();
		let mut record_from = from;
		let entries = mirror.leaves[from..own].last().map_or(0, |last| {
			let before =
				from.checked_sub(1).map_or(0, |at| mirror.leaves[at].totals.calls_with_entries);
			last.totals.calls_with_entries - before
		});
		if run && own > from && entries == 0 {
			let span = (from as u32, own as u32 - 1);
			items.push(store.settled_run(lane, mirror.settled, own as u32, span).await);
			record_from = own;
		}
		for at in record_from..until {
			let sequence = mirror.leaves[at].sequence;
			if at != own && rejected.rotate_left(at as u32 % 8) & 3 == 3 {
				let why = Loss::Rejected(RejectReason::DepositExhausted);
				outcomes.push((id(lane, sequence), Outcome::Lost(why)));
			} else {
				items.push(store.settled_call(lane, sequence).await);
			}
		}
		for leaf in &mirror.leaves[from..until] {
			let covers = |item: &&SettledItem| match item {
				SettledItem::Call(call) => call.record.sequence == leaf.sequence,
				SettledItem::Run(run) => {
					(run.first_sequence..=run.last_sequence).contains(&leaf.sequence)
				}
			};
			if let Some(item) = items.iter().find(covers) {
				mirror.items.insert(leaf.sequence, item.clone());
				let settled = Outcome::Settled { block: Some(9) };
				outcomes.push((id(lane, leaf.sequence), settled));
			}
		}
		mirror.settled.sequence = mirror.leaves[own].sequence;
		mirror.settled.charge += items.iter().map(SettledItem::charge).sum::<Balance>();
		let header = header(lane, &items);
		store.note_settled_lane(header, items, 9).await.expect("the store works");
		store.note(outcomes).await.expect("the store works");
	}

	async fn stop(mut self) -> Self {
		self.scratch = self.scratch.reopen().await;
		// What was going on was written down, and ends without a charge.
		self.lanes.iter_mut().for_each(|mirror| mirror.open = None);
		self
	}

	async fn die(mut self) -> Self {
		self.scratch = self.scratch.left_behind().await;
		for mirror in &mut self.lanes {
			if let Some((_, false)) = mirror.open.take() {
				mirror.sequence -= 1;
			}
		}
		self
	}

	async fn check(&self) {
		for (lane, mirror) in (0..LANES).zip(&self.lanes) {
			self.check_lane(lane, mirror).await;
		}
	}

	async fn check_lane(&self, lane: LaneId, mirror: &Mirror) {
		let store = &self.scratch.store;
		let state = store.lane_state(lane).await.unwrap_or_default();
		assert_eq!((&state.list, state.sequence), (&mirror.list, mirror.sequence));
		assert_eq!(state.agreement.is_some(), mirror.sequence > 0);
		assert!(!state.lost);
		let leaves = store.leaves(lane_key(lane), 0..u32::MAX).await.expect("the store works");
		assert!(mirror.leaves.ends_with(&leaves));
		assert!(leaves.len() as u32 + state.base_calls >= state.list.count());

		// Every run of what is not settled, by every voucher.
		let from = mirror.first_open();
		for count in from + 1..=mirror.leaves.len() {
			let acknowledged = mirror.at(count);
			for to in [from, (from + count) / 2, count - 1] {
				let proof = store.lane_proof(lane_key(lane), count as u32, from as u32, to as u32);
				let proof =
					proof.await.expect("the store works").expect("all is kept that it takes");
				let before = from.checked_sub(1).map(|at| mirror.leaves[at].totals);
				let before = before.unwrap_or_default();
				let run = mirror.leaves[to].totals.checked_sub(&before).expect("totals rise");
				let expected = match run.calls_with_entries {
					0 => Ok(run),
					_ => Err(LaneError::HasEntries),
				};
				assert_eq!(proof.verify(&mirror.settled, &acknowledged), expected);
			}
		}

		// Whatever was settled, as long as it is kept.
		for (index, leaf) in mirror.leaves.iter().enumerate() {
			let Some(item) = mirror.items.get(&leaf.sequence) else {
				assert_eq!(store.proven(lane, leaf.sequence).await, None);
				continue;
			};
			if leaf.sequence <= state.base_sequence {
				assert_eq!(store.proof(id(lane, leaf.sequence)).await.expect("it works"), None);
				continue;
			}
			let Some(proven) = store.proven(lane, leaf.sequence).await else {
				panic!("{item:?} is kept: {state:?}")
			};
			assert_eq!(proven.item, *item);
			let SettledItem::Run(run) = item else { continue };
			let listed = proven.listed.expect("its voucher is kept");
			assert_eq!((listed.leaf, listed.leaf.index()), (*leaf, Some(index as u32)));
			assert!(listed.verify(&run.acknowledged_root));
		}

		// What a caller would go on from that has lost its own list.
		let session = testkit::session(SESSION);
		let seen = store.lane_last(&session, lane).await.expect("the store works");
		let Some(last) = seen.and_then(|seen| seen.last) else {
			assert_eq!(mirror.sequence, 0);
			return;
		};
		let voucher = last.voucher.voucher.newest();
		assert_eq!(voucher.sequence, mirror.sequence);
		let mut list = last.snapshot.restore(&voucher.acknowledged_root).expect("it is right");
		if let Some(served) = last.call.served {
			testkit::append(&mut list, served.statement.newest());
		}
		assert_eq!(list, mirror.list);
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(16))]

	#[test]
	fn books_and_caller_keep_one_list(steps in proptest::collection::vec(step(), 1..60)) {
		let mut runtime = tokio::runtime::Builder::new_multi_thread();
		let runtime = runtime.worker_threads(1).enable_time().build();
		runtime.expect("a runtime").block_on(async {
			let lanes = (0..LANES).map(|_| Mirror::default()).collect();
			let mut world = World { scratch: Scratch::new().await, lanes };
			for step in steps {
				match step {
					Step::Stop => world = world.stop().await,
					Step::Die => world = world.die().await,
					step => world.apply(step).await,
				}
				world.check().await;
			}
		});
	}
}
