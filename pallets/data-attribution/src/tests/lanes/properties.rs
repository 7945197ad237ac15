//! What stays true whatever lanes are credited, and that no number in their events can be another one.

use super::*;
use crate::Contributions;
use openledger_primitives::{
	contribution::{Standing, Submission, FORMAT_UNSPECIFIED},
	lane::{recompute, Amount, DirectAmount, PoolPayment},
};
use proptest::{collection::vec, prelude::*};
use std::ops::AddAssign;

/// The block up to which the world has been made.
const NOW: BlockNumber = 12;

/// Three datanets in which everything has changed that can: a second release, another curator, and contributions
/// that were slashed, are withheld, came late, or have nothing that could be proven.
fn world() {
	for percent in [10, 20, 0] {
		datanet_with(true, percent);
	}
	for (who, datanet, weight) in
		[(ALICE, 0, 3), (BOB, 0, 5), (BOB, 1, 1), (CAROL, 1, 7), (ALICE, 2, 2)]
	{
		accepted(&who, datanet, weight);
	}
	let submission = Submission { format: FORMAT_UNSPECIFIED, ..submission(5) };
	DataAttribution::submit_contribution(signed(&CAROL), 2, submission).unwrap();
	DataAttribution::accept_contribution(signed(&CURATOR), 5, 4).unwrap();
	for datanet in 0..3 {
		publish(datanet);
	}

	pass(3);
	accepted(&CAROL, 0, 11);
	let share = Permill::from_percent(5);
	DataAttribution::lower_curator_share(signed(&CURATOR), 0, share).unwrap();
	publish(0);
	pass(2);
	hand_over(1, &CURATOR, &DAVE);
	pass(2);
	slash(1);
	pass(2);
	Contributions::<Test>::mutate(3, |entry| {
		let standing = &mut entry.as_mut().unwrap().standing;
		standing.set_but_last(System::block_number(), Standing::Withheld, 0).unwrap();
	});
	pass(2);
	assert_eq!(System::block_number(), NOW);
}

/// Entries that are no more than the whole answer together.
fn entries() -> impl Strategy<Value = Vec<(ContributionId, u16)>> {
	let points = prop_oneof![2 => 1u16..3_000, 1 => 1u16..=10_000];
	vec((0u64..9, points), 0..6).prop_map(|mut entries| {
		let mut left = 10_000;
		for (_, points) in &mut entries {
			*points = left.min(*points);
			left -= *points;
		}
		entries.retain(|(_, points)| *points > 0);
		entries
	})
}

fn item() -> impl Strategy<Value = Item> {
	let tokens = || prop_oneof![0u32..5, 0u32..100_000, any::<u32>()];
	prop_oneof![
		3 => (tokens(), entries()).prop_map(|(tokens, entries)| Item::Call(tokens, entries)),
		1 => tokens().prop_map(Item::Run),
	]
}

fn source() -> impl Strategy<Value = DataSource> {
	let weight = prop_oneof![4 => 1u64..100, 1 => Just(u64::MAX), 1 => Just(0)];
	(0u32..4, 0u32..4, weight).prop_map(|(datanet, release, weight)| match release {
		0 => latest(datanet, weight),
		_ => fixed(datanet, release, weight),
	})
}

fn lane() -> impl Strategy<Value = Lane> {
	let attributed = prop_oneof![0u32..=1_000_000, Just(1_000_000)];
	let per_token = prop_oneof![Just(0u128), Just(1), 1u128..1_000, Just(1_000_000_000_000_007)];
	(vec(source(), 1..5), 1..=NOW, attributed, per_token, vec(item(), 1..6)).prop_map(
		|(sources, as_of, attributed, per_token, items)| Lane {
			sources,
			as_of,
			attributed: Permill::from_parts(attributed),
			per_token,
			items,
		},
	)
}

/// Those lanes of which any source leads to a release.
fn payable(lanes: &[Lane]) -> Vec<Lane> {
	let payable = |lane: &&Lane| resolve(&lane.sources, lane.as_of).is_ok();
	lanes.iter().filter(payable).cloned().collect()
}

/// Something that is another number in the events; none if there is no such number.
type Change = (&'static str, fn(&mut Events) -> Option<()>);

fn first_call(events: &mut Events) -> Option<&mut SettledCall> {
	events.items.iter_mut().find_map(|item| match item {
		SettledItem::Call(call) => Some(call),
		SettledItem::Run(_) => None,
	})
}

fn first_run(events: &mut Events) -> Option<&mut SettledRun> {
	events.items.iter_mut().find_map(|item| match item {
		SettledItem::Run(run) => Some(run),
		SettledItem::Call(_) => None,
	})
}

/// A direct payment of the lane.
fn first_direct(events: &mut Events) -> Option<&mut DirectAmount> {
	events.items.iter_mut().find_map(|item| match item {
		SettledItem::Call(call) => call.direct.iter_mut().find(|paid| paid.amount > 0),
		SettledItem::Run(_) => None,
	})
}

/// A source of which something came into the pool.
fn paid_source(events: &mut Events) -> Option<&mut SourceShare> {
	let pool = *events.lane.pools.first()?;
	let is_paid = |source: &&mut SourceShare| {
		(source.datanet, source.release) == (pool.datanet, pool.release)
	};
	events.lane.sources.iter_mut().find(is_paid)
}

fn first_pool(events: &mut Events) -> Option<&mut PoolPayment> {
	events.lane.pools.iter_mut().next()
}

/// Adds one.
fn more<Number: AddAssign + From<u8>>(place: Option<&mut Number>) -> Option<()> {
	*place? += 1.into();
	Some(())
}

/// Puts another value in place.
fn be<Value>(place: Option<&mut Value>, value: Value) -> Option<()> {
	*place? = value;
	Some(())
}

fn charges_something(events: &Events) -> Option<()> {
	(events.lane.charged > 0).then_some(())
}

/// Changes of what is said of the whole lane.
fn changes_of_the_lane() -> Vec<Change> {
	vec![
		("items", |events| more(Some(&mut events.lane.items))),
		("sequence", |events| more(Some(&mut events.lane.sequence))),
		("charged", |events| more(Some(&mut events.lane.charged))),
		("root", |events| be(Some(&mut events.lane.root), Hash::zero())),
		("price of the prompt", |events| {
			charges_something(events)?;
			more(Some(&mut events.lane.price.per_input_token))
		}),
		("price of the answer", |events| {
			first_call(events)?;
			more(Some(&mut events.lane.price.per_output_token))
		}),
		("own price", |events| {
			first_call(events)?;
			let price = PriceSchedule { per_output_token: 1, ..events.lane.price };
			be(Some(&mut events.lane.agreement.own_price), Some(price))
		}),
		("policy", |events| {
			charges_something(events)?;
			(events.lane.policy.developer, events.lane.policy.data) = (ALL, NOTHING);
			Some(())
		}),
		("incomplete policy", |events| be(Some(&mut events.lane.policy.node), HALF)),
		("attributed share", |events| {
			first_direct(events)?;
			be(Some(&mut events.lane.policy.attributed), NOTHING)
		}),
		("protocol's share", |events| {
			charges_something(events)?;
			be(Some(&mut events.lane.protocol_share), ALL)
		}),
		("a source's release", |events| more(paid_source(events).map(|found| &mut found.release))),
		("a source's datanet", |events| more(paid_source(events).map(|found| &mut found.datanet))),
		("a curator's share", |events| {
			be(paid_source(events).map(|found| &mut found.curator_share), HALF)
		}),
		("a pool's datanet", |events| more(first_pool(events).map(|found| &mut found.datanet))),
		("a pool's release", |events| more(first_pool(events).map(|found| &mut found.release))),
		("a pool's amount", |events| more(first_pool(events).map(|found| &mut found.amount))),
		("a pool's curator's part", |events| {
			more(first_pool(events).map(|found| &mut found.curator))
		}),
		("how much a pool rose", |events| more(first_pool(events).map(|found| &mut found.raised))),
		("what a pool carried", |events| {
			more(first_pool(events).map(|found| &mut found.carry_before))
		}),
		("what a pool carries", |events| {
			more(first_pool(events).map(|found| &mut found.carry_after))
		}),
		("a pool's weight", |events| {
			let raised = events.lane.pools.iter_mut().find(|pool| pool.raised > 0);
			more(raised.map(|found| &mut found.total_weight))
		}),
		("a pool less", |events| events.lane.pools.pop().map(drop)),
		("a pool twice", |events| {
			let pool = *events.lane.pools.first()?;
			events.lane.pools.try_push(pool).ok()
		}),
	]
}

/// Changes of what is said of an item, which are noticed even if somebody makes a new root.
fn changes_of_items() -> Vec<Change> {
	vec![
		("charge", |events| {
			first_call(events)?.charge += 1;
			more(Some(&mut events.lane.charged))
		}),
		("charge of a run", |events| {
			first_run(events)?.totals.charge += 1;
			more(Some(&mut events.lane.charged))
		}),
		("tokens", |events| {
			(events.lane.price.per_input_token > 0).then_some(())?;
			let tokens = &mut first_call(events)?.record.input_tokens;
			let next = tokens.checked_add(1)?;
			be(Some(tokens), next)
		}),
		("tokens of a run", |events| {
			(events.lane.price.per_input_token > 0).then_some(())?;
			more(first_run(events).map(|found| &mut found.totals.input_tokens))
		}),
		("the protocol's part", |events| {
			more(first_call(events).map(|found| &mut found.parts.protocol))
		}),
		("the developer's part", |events| {
			more(first_call(events).map(|found| &mut found.parts.developer))
		}),
		("the data's part", |events| more(first_call(events).map(|found| &mut found.parts.data))),
		("the data's part of a run", |events| {
			more(first_run(events).map(|found| &mut found.parts.data))
		}),
		("a royalty", |events| first_call(events)?.parts.royalties.try_push(Amount(1)).ok()),
		("a direct payment", |events| more(first_direct(events).map(|found| &mut found.amount))),
		("a direct payment that is none", |events| {
			be(first_direct(events), DirectAmount::default())
		}),
		("a direct payment by no source", |events| {
			be(first_direct(events).map(|found| &mut found.source), 8)
		}),
		("direct payments left out", |events| {
			first_direct(events)?;
			for item in &mut events.items {
				if let SettledItem::Call(call) = item {
					call.direct = Default::default();
				}
			}
			Some(())
		}),
		("a direct payment to nobody", |events| {
			let direct = &mut first_call(events)?.direct;
			direct.try_push(DirectAmount { amount: 1, source: 0 }).ok()
		}),
		("the order", |events| {
			events.items.reverse();
			let last = events.items.last().map(SettledItem::last_sequence);
			(last != Some(events.lane.sequence)).then_some(())
		}),
	]
}

/// Changes of what is said of an item that leave all amounts as they are. Nothing but the root notices them.
fn changes_under_the_root() -> Vec<Change> {
	vec![
		("hash of the answer", |events| {
			be(first_call(events).map(|found| &mut found.record.response_hash), Hash::zero())
		}),
		("contribution", |events| {
			let shares = &mut first_call(events)?.record.attribution;
			more(shares.iter_mut().next().map(|found| &mut found.contribution))
		}),
		("basis points", |events| {
			let shares = &mut first_call(events)?.record.attribution;
			be(shares.iter_mut().next().map(|share| &mut share.basis_points), 10_001)
		}),
		("source of a direct payment", |events| {
			more(first_direct(events).map(|paid| &mut paid.source))
		}),
		("root of the list", |events| {
			be(first_run(events).map(|found| &mut found.acknowledged_root), Hash::zero())
		}),
		("count of the list", |events| more(first_run(events).map(|found| &mut found.count))),
		// A call costs nothing by itself here.
		("calls of a run", |events| more(first_run(events).map(|found| &mut found.totals.calls))),
	]
}

/// Makes each change of the events that can be made, and checks that it is noticed. Returns those that were made.
fn noticed(events: &Events) -> Vec<&'static str> {
	let is_noticed = |name, changed: &Events| {
		assert!(recompute(&changed.lane, &changed.items).is_err(), "{name}: {changed:?}");
	};
	let mut made = Vec::new();
	let of_items = changes_of_items();
	let rerooted: Vec<_> = of_items.iter().map(|(name, _)| *name).collect();
	let all = changes_of_the_lane().into_iter().chain(of_items).chain(changes_under_the_root());
	for (name, change) in all {
		let mut changed = events.clone();
		if change(&mut changed).is_some() {
			is_noticed(name, &changed);
			if rerooted.contains(&name) {
				is_noticed(name, &changed.with_root());
			}
			made.push(name);
		}
	}
	made
}

#[test]
fn each_number_that_is_another_one_is_noticed() {
	run(|| {
		world();
		let items = vec![
			call(1_000, &[(0, 2_000), (6, 3_000), (99, 1_000)]),
			Item::Run(5_000),
			call(77, &[]),
		];
		let sources = [fixed(0, 1, 2), fixed(0, 2, 1), latest(1, 5)];
		let events = credit_one(Lane::of(&sources, items));

		let made = noticed(&events);

		let all = [changes_of_the_lane(), changes_of_items(), changes_under_the_root()].concat();
		assert_eq!(made, all.iter().map(|(name, _)| *name).collect::<Vec<_>>());
		// Weights are noticed where they matter.
		let mut changed = events.clone();
		changed.lane.sources[0].weight += 1;
		assert!(recompute(&changed.lane, &changed.items).is_err());
	});
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(96))]

	/// Whatever lanes are settled together: each planck of their data parts is credited to whom their events say, and
	/// to nobody else.
	#[test]
	fn every_planck_of_lanes_is_accounted_for(batches in vec(vec(lane(), 1..6), 1..4)) {
		run(|| {
			world();
			for lanes in batches {
				let lanes = payable(&lanes);
				credit(&lanes).unwrap();
				DataAttribution::do_try_state().unwrap();
			}
		});
	}

	/// Crediting lanes together is crediting them one by one.
	#[test]
	fn a_batch_of_lanes_is_the_sum_of_them(lanes in vec(lane(), 1..8)) {
		let credited = |together: bool| {
			new_test_ext().execute_with(|| {
				world();
				let lanes = payable(&lanes);
				let events = match together {
					true => credit(&lanes).unwrap(),
					false => lanes.into_iter().map(credit_one).collect(),
				};
				(events, Books::now())
			})
		};
		prop_assert_eq!(credited(true), credited(false));
	}

	/// The order of a lane's sources changes nobody's income.
	#[test]
	fn the_order_of_sources_changes_nothing(lane in lane()) {
		let credited = |turned: bool| {
			new_test_ext().execute_with(|| {
				world();
				let mut lane = lane.clone();
				if turned {
					lane.sources.reverse();
				}
				let events: Vec<_> = payable(&[lane]).into_iter().map(credit_one).collect();
				(events, Books::now())
			})
		};
		prop_assert_eq!(credited(true), credited(false));
	}

	/// No number in the events of any lane can be another one.
	#[test]
	fn no_number_can_be_another_one(lane in lane()) {
		run(|| {
			world();
			for lane in payable(&[lane]) {
				noticed(&credit_one(lane));
			}
		});
	}
}
