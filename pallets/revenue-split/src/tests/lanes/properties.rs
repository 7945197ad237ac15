//! What stays true whatever lanes are settled, and that no number in their events can be another one.

use super::*;
use openledger_primitives::{
	attribution::{DataSource, ReleaseSelector},
	lane::{recompute, Amount},
};
use proptest::{collection::vec, prelude::*};

/// Everybody who may be paid: few, so that they meet in several roles.
pub(super) fn earner(index: u8) -> AccountId {
	AccountId::new([20 + index % 4; 32])
}

fn earners() -> Vec<AccountId> {
	(0..4).map(earner).collect()
}

fn price() -> impl Strategy<Value = PriceSchedule> {
	let number = || prop_oneof![Just(0u64), 1u64..50, any::<u32>().prop_map(u64::from)];
	(number(), number(), number(), number()).prop_map(|(call, one, other, output)| PriceSchedule {
		per_call: call.into(),
		per_input_token: one.max(other).into(),
		per_cached_input_token: one.min(other).into(),
		per_output_token: output.into(),
	})
}

fn policy() -> impl Strategy<Value = RevenuePolicy> {
	(0u32..=1_000_000, 0u32..=1_000_000, 0u32..=1_000_000).prop_map(|(a, b, attributed)| {
		RevenuePolicy {
			developer: Permill::from_parts(a.min(b)),
			data: Permill::from_parts(a.max(b) - a.min(b)),
			node: Permill::from_parts(1_000_000 - a.max(b)),
			attributed: Permill::from_parts(attributed),
		}
	})
}

fn item() -> impl Strategy<Value = Item> {
	let tokens = (0u32..100_000, 0u32..100_000, 0u32..100_000, 0u32..100_000);
	let entries = vec((0u64..120, 1u16..2_000), 0..6);
	(tokens, entries, any::<bool>()).prop_map(|((one, other, retrieved, output), entries, run)| {
		let (input, cached) = (one.max(other), one.min(other));
		let retrieved = retrieved.min(input);
		if run {
			Item::Run(Totals {
				calls: output / 100,
				input_tokens: input.into(),
				cached_tokens: cached.into(),
				retrieved_tokens: retrieved.into(),
				output_tokens: output.into(),
				..Default::default()
			})
		} else {
			Item::Call(Tokens { input, cached, retrieved, output }, entries)
		}
	})
}

/// A lane whose node charges the list price, or something between that and what others get of it.
pub(super) fn lane() -> impl Strategy<Value = Lane> {
	let levels = vec((any::<u8>(), 0u32..=100), 0..=4);
	let sources = vec(1u64..50, 1..4);
	let share = prop_oneof![Just(5u32), 0u32..=100].prop_map(Permill::from_percent);
	let terms = (price(), policy(), levels, sources, share, any::<u8>());
	let own = proptest::option::of(any::<[u16; 4]>());
	(terms, own, any::<u8>(), 0u32..3, vec(item(), 1..5)).prop_map(
		|((price, policy, levels, weights, share, developer), own, node, model, items)| {
			let levels: Vec<_> =
				levels.into_iter().map(|(who, part)| (earner(who), part)).collect();
			let source = |(datanet, weight)| DataSource {
				datanet,
				release: ReleaseSelector::Latest,
				weight,
			};
			let sources: Vec<_> = (0u32..).zip(weights).map(source).collect();
			let call = CallTerms {
				payee: earner(developer),
				price,
				policy,
				sources: sources.try_into().unwrap(),
				lineage: lineage(&levels),
			};
			let mut lane = Lane {
				model,
				node: earner(node),
				terms: LaneTerms { call, protocol_share: share, sources: vec![], changed_at: None },
				as_of: 1,
				own_price: None,
				items,
			};
			lane.own_price = own.map(|at| between(&lane, at));
			lane
		},
	)
}

/// A price of the node's own that is not refused.
fn between(lane: &Lane, at: [u16; 4]) -> PriceSchedule {
	let LaneTerms { call: CallTerms { price, policy, .. }, protocol_share, .. } = &lane.terms;
	let (node, whole) = openledger_primitives::split::node_weight(*protocol_share, policy).unwrap();
	let price_of = |list: Balance, at: u16| {
		let least = (list * Balance::from(whole - node)).div_ceil(whole.into());
		least + (list - least) * Balance::from(at) / Balance::from(u16::MAX)
	};
	let input = price_of(price.per_input_token, at[1]);
	PriceSchedule {
		per_call: price_of(price.per_call, at[0]),
		per_input_token: input,
		per_cached_input_token: price_of(price.per_cached_input_token, at[2]).min(input),
		per_output_token: price_of(price.per_output_token, at[3]),
	}
}

/// The lanes with the releases of their models.
pub(super) fn resolved(lanes: Vec<Lane>) -> Vec<Lane> {
	let resolve = |lane: Lane| {
		let call = lane.terms.call.clone();
		let terms = RevenueSplit::lane_terms(call, None, 1).unwrap();
		let protocol_share = lane.terms.protocol_share;
		let events = Agreement {
			model: lane.model,
			version: 0,
			price_version: 0,
			as_of: 1,
			evidence: Evidence::Open,
			own_price: lane.own_price,
		};
		let (price, policy) = (&lane.terms.call.price, &lane.terms.call.policy);
		assert_eq!(events.check_own_price(price, protocol_share, policy), Ok(()));
		Lane { terms: LaneTerms { protocol_share, ..terms }, ..lane }
	};
	lanes.into_iter().map(resolve).collect()
}

/// Paid or accrued.
pub(super) fn possessions() -> Vec<Balance> {
	let has = |account: &AccountId| Balances::balance(account) + Accrued::<Test>::get(account);
	earners().iter().chain([&PROTOCOL, &DATA_POT]).map(has).collect()
}

/// A change of the events; `false` if it changes nothing.
type Change = (&'static str, fn(&mut Events) -> bool);

fn parts(events: &mut Events) -> &mut openledger_primitives::lane::SettledParts {
	match &mut events.items[0] {
		SettledItem::Call(call) => &mut call.parts,
		SettledItem::Run(run) => &mut run.parts,
	}
}

/// Adds a planck.
fn more(amount: &mut Balance) -> bool {
	*amount += 1;
	true
}

fn changes() -> Vec<Change> {
	vec![
		("the protocol's part", |events| more(&mut parts(events).protocol)),
		("the developer's part", |events| more(&mut parts(events).developer)),
		("the data's part", |events| more(&mut parts(events).data)),
		("a royalty", |events| match parts(events).royalties.iter_mut().next() {
			Some(Amount(royalty)) => more(royalty),
			None => false,
		}),
		("a royalty from nowhere", |events| parts(events).royalties.try_push(Amount(1)).is_ok()),
		("a price per call", |events| {
			let calls = |item: &SettledItem| match item {
				SettledItem::Call(_) => 1,
				SettledItem::Run(run) => run.totals.calls,
			};
			events.lane.price.per_call += 1_000_000_007;
			events.lane.agreement.own_price.is_none()
				&& events.items.iter().any(|item| calls(item) > 0)
		}),
		("an own price", |events| {
			let own = events.lane.agreement.price(&events.lane.price);
			let own = PriceSchedule { per_output_token: own.per_output_token + 1, ..own };
			events.lane.agreement.own_price = Some(own);
			events.items.iter().any(|item| match item {
				SettledItem::Call(call) => call.record.output_tokens > 0,
				SettledItem::Run(run) => run.totals.output_tokens > 0,
			})
		}),
		("the whole to the protocol", |events| {
			let before = std::mem::replace(&mut events.lane.protocol_share, Permill::one());
			before != Permill::one() && events.lane.charged > 0 && {
				let price = events.lane.price;
				let own = events.lane.agreement.own_price;
				own.is_none() && price != PriceSchedule::default()
			}
		}),
		("an incomplete policy", |events| {
			let policy = &mut events.lane.policy;
			policy.developer = Permill::from_percent(50);
			policy.node = Permill::from_percent(50);
			policy.data = Permill::from_percent(1);
			true
		}),
	]
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	/// Settling lanes together pays everybody what settling them one by one does.
	#[test]
	fn batching_changes_nobodys_income(lanes in vec(lane(), 1..6)) {
		let settled = |together: bool| {
			new_test_ext().execute_with(|| {
				let lanes = resolved(lanes.clone());
				let events = match together {
					true => settle(&lanes).unwrap(),
					false => lanes
						.iter()
						.flat_map(|lane| settle(std::slice::from_ref(lane)).unwrap())
						.collect(),
				};
				let models: Vec<_> = (0..3).map(RevenueSplit::model_earnings).collect();
				(events, possessions(), models)
			})
		};
		prop_assert_eq!(settled(true), settled(false));
	}

	/// The order of lanes, and of the calls of each, changes nobody's income.
	#[test]
	fn order_changes_nobodys_income(
		(lanes, mut others) in vec(lane(), 1..5)
			.prop_flat_map(|lanes| (Just(lanes.clone()), Just(lanes).prop_shuffle())),
	) {
		others.iter_mut().for_each(|lane| lane.items.reverse());
		let settled = |lanes: Vec<Lane>| {
			new_test_ext().execute_with(|| {
				settle(&resolved(lanes)).unwrap();
				let models: Vec<_> = (0..3).map(RevenueSplit::model_earnings).collect();
				(possessions(), models)
			})
		};
		prop_assert_eq!(settled(lanes), settled(others));
	}

	/// No number in the events of any lane can be another one, not even if somebody makes a new root.
	#[test]
	fn no_number_can_be_another_one(lane in lane()) {
		run(|| {
			let events = settle(&resolved(vec![lane])).unwrap().remove(0);
			for (name, change) in changes() {
				let mut changed = events.clone();
				if change(&mut changed) {
					let changed = changed.with_root();
					let outcome = recompute(&changed.lane, &changed.items);
					assert!(outcome.is_err(), "{name}: {changed:?}");
				}
			}
		});
	}
}
