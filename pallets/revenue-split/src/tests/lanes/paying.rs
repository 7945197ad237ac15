//! Settlements of lanes: who is paid what, and what makes one fail.

use super::*;
use crate::{Error, Payment, TotalAccrued};
use frame_support::assert_noop;
use openledger_primitives::lane::Amount;

fn transfers_to(account: &AccountId) -> usize {
	let is_transfer = |record: &frame_system::EventRecord<RuntimeEvent, _>| {
		matches!(
			&record.event,
			RuntimeEvent::Balances(pallet_balances::Event::Transfer { to, .. }) if to == account
		)
	};
	System::events().iter().filter(|record| is_transfer(record)).count()
}

#[test]
fn everyone_is_paid_once_for_all_lanes() {
	run(|| {
		// 10,000 planck, and 90,000 for 70 calls.
		let first = Lane::of(vec![call_of(900, 0, &[]), run_of(70, 2_000)]);
		let second = Lane { model: 8, ..Lane::of(vec![call_of(900, 0, &[])]) };

		settle(&[first, second]).unwrap();

		let payments = vec![
			Payment { account: DEVELOPER, amount: 3_800 * 11 },
			Payment { account: NODE, amount: 2_375 * 11 },
			Payment { account: PROTOCOL, amount: 500 * 11 },
		];
		System::assert_has_event(Event::PaymentsMade { payments, data: 3_325 * 11 }.into());
		for account in [&DEVELOPER, &NODE, &PROTOCOL, &DATA_POT] {
			assert_eq!(transfers_to(account), 1);
		}
		assert_eq!(Credits::get(), vec![2]);
		assert_eq!(RevenueSplit::model_earnings(MODEL).calls, 71);
		assert_eq!(RevenueSplit::model_earnings(8).charged, 10_000);
		assert_eq!(pot_surplus(), 0);
	});
}

#[test]
fn a_node_pays_for_its_own_price_itself() {
	run(|| {
		let list = Lane::of(vec![call_of(900, 0, &[(1, 5_000)])]);
		// Others get 76.25% of the list price.
		let least = PriceSchedule {
			per_call: 763,
			per_input_token: 8,
			per_cached_input_token: 2,
			per_output_token: 31,
		};
		let cheap = Lane { own_price: Some(least), ..list.clone() };

		let events = settle(&[list, cheap]).unwrap();

		let parts = events.iter().map(|events| match &events.items[0] {
			SettledItem::Call(call) => (call.charge, call.parts.clone(), call.direct.clone()),
			SettledItem::Run(_) => unreachable!(),
		});
		let [(charge, parts, direct), (own, own_parts, own_direct)] =
			<[_; 2]>::try_from(parts.collect::<Vec<_>>()).unwrap();
		assert_eq!((charge, own), (10_000, 763 + 7_200));
		assert_eq!((&parts, &direct), (&own_parts, &own_direct));
		assert_eq!(parts.node(charge), Some(2_375));
		assert_eq!(parts.node(own), Some(2_375 - (10_000 - 7_963)));
		assert_eq!(events[0].lane.pools, events[1].lane.pools);
	});
}

#[test]
fn those_above_are_paid_out_of_the_developers_part() {
	run(|| {
		let levels = [(PARENT, 10), (GRANDPARENT, 50)];
		let lane = descended(Lane::of(vec![call_of(900, 0, &[]), run_of(0, 0)]), &levels);
		let nothing = descended(Lane::of(vec![call_of(900, 0, &[])]), &[(PARENT, 0)]);

		let events = settle(&[lane, nothing]).unwrap();

		let royalties = |events: &Events| match &events.items[0] {
			SettledItem::Call(call) => call.parts.royalties.to_vec(),
			SettledItem::Run(_) => unreachable!(),
		};
		assert_eq!(royalties(&events[0]), vec![Amount(190), Amount(190)]);
		assert_eq!(royalties(&events[1]), vec![]);
		assert_eq!(Balances::balance(&DEVELOPER), 3_420 + 3_800);
		assert_eq!(RevenueSplit::earnings(&PARENT).royalty, 190);
		assert_eq!(RevenueSplit::earnings(&GRANDPARENT).royalty, 190);
	});
}

#[test]
fn four_levels_are_paid_and_who_gets_nothing_is_not() {
	run(|| {
		let (great, greatest) = (AccountId::new([9; 32]), AccountId::new([10; 32]));
		let levels =
			[(PARENT, 100), (GRANDPARENT, 50), (great.clone(), 100), (greatest.clone(), 20)];

		let events = settle(&[descended(charged(100_000), &levels)]).unwrap();

		// Of 38,000: all to the parent, half of it on, all of that on, a fifth of that on.
		let SettledItem::Call(call) = &events[0].items[0] else { unreachable!() };
		assert_eq!(call.parts.royalties.to_vec(), [19_000, 0, 15_200, 3_800].map(Amount));
		assert_eq!(call.parts.developer, 0);
		let paid = [DEVELOPER, PARENT, GRANDPARENT, great, greatest];
		let paid = paid.map(|account| Balances::balance(&account));
		assert_eq!(paid, [0, 19_000, 0, 15_200, 3_800]);
		assert_eq!(RevenueSplit::earnings(&DEVELOPER), Default::default());
		assert_eq!(RevenueSplit::earnings(&GRANDPARENT), Default::default());
	});
}

#[test]
fn one_account_in_all_roles_gets_one_transfer() {
	run(|| {
		let levels = [(DEVELOPER, 10), (DEVELOPER, 50)];
		let lane = Lane { node: DEVELOPER, ..Lane::of(vec![call_of(900, 0, &[])]) };
		let lanes = vec![descended(lane, &levels); 3];

		settle(&lanes).unwrap();

		assert_eq!(transfers_to(&DEVELOPER), 1);
		assert_eq!(Balances::balance(&DEVELOPER), 3 * (3_800 + 2_375));
		let earnings = RevenueSplit::earnings(&DEVELOPER);
		assert_eq!((earnings.developer, earnings.royalty), (3 * 3_420, 3 * 380));
	});
}

#[test]
fn accruals_name_what_was_added() {
	run(|| {
		let price = PriceSchedule { per_call: 100, ..Default::default() };
		let mut lane = Lane::of(vec![call_of(0, 0, &[])]);
		lane.terms.call.price = price;
		let accrued = |account, added, amount| {
			System::assert_has_event(Event::PaymentAccrued { account, added, amount }.into());
		};

		settle(&[lane.clone(), lane.clone()]).unwrap();
		accrued(DEVELOPER, 76, 76);
		accrued(NODE, 48, 48);
		settle(std::slice::from_ref(&lane)).unwrap();
		accrued(NODE, 24, 72);
		assert_eq!(TotalAccrued::<Test>::get(), 72);
		// What is paid is told as it was earned; what goes out with it, by itself.
		System::assert_has_event(Event::AccruedPaid { account: DEVELOPER, amount: 76 }.into());
		let payments = vec![
			Payment { account: DEVELOPER, amount: 38 },
			Payment { account: PROTOCOL, amount: 5 },
		];
		System::assert_has_event(Event::PaymentsMade { payments, data: 33 }.into());
		assert_eq!(Balances::balance(&DEVELOPER), 76 + 38);
	});
}

#[test]
fn lanes_that_owe_data_nothing_are_not_credited() {
	run(|| {
		let paying = Lane::of(vec![call_of(900, 0, &[(1, 10_000)]), call_of(0, 0, &[])]);
		let mut free = paying.clone();
		free.terms.call.policy = free.terms.call.policy.without_data();
		free.terms.sources.clear();
		let mut cheap = paying.clone();
		cheap.terms.call.price = PriceSchedule::default();
		let empty = Lane { model: 9, items: vec![], ..paying.clone() };

		let events = settle(&[free.clone(), paying, cheap.clone(), empty]).unwrap();

		assert_eq!(Credits::get(), vec![1]);
		let pools = events.iter().map(|events| events.lane.pools.len());
		assert_eq!(pools.collect::<Vec<_>>(), [0, 1, 0, 0]);
		assert!(!ModelTotals::<Test>::contains_key(9));
		settle(&[free]).unwrap();
		assert_eq!(Credits::get(), vec![1]);
		// What costs nothing pays nobody, and does not count.
		let calls = RevenueSplit::model_earnings(MODEL).calls;
		settle(&[cheap]).unwrap();
		assert_eq!(told(), (BTreeMap::new(), 0, 0));
		assert_eq!(RevenueSplit::model_earnings(MODEL).calls, calls);
		settle(&[]).unwrap();
		assert_eq!(told(), (BTreeMap::new(), 0, 0));
	});
}

/// A developer who is node and caller under other names says that a model was called as often as can be said.
#[test]
fn a_number_of_calls_costs_as_much_as_so_many_calls() {
	run(|| {
		CountedCharge::set(1_000);
		let calls = || RevenueSplit::model_earnings(MODEL).calls;
		let by = |price, item| {
			let mut lane = Lane::of(vec![item]);
			lane.terms.call.price = price;
			settle(&[lane]).unwrap();
		};
		let per_call = |per_call| PriceSchedule { per_call, ..Default::default() };
		let per_token = PriceSchedule { per_call: 0, ..LIST };
		by(per_call(0), run_of(u32::MAX, 0));
		by(per_call(0), call_of(9, 9, &[]));
		by(per_token, call_of(99, 0, &[]));
		assert_eq!(calls(), 0);
		// 7,990 planck are no more than seven calls, however many they are said to be for.
		by(per_token, run_of(u32::MAX, 799));
		assert_eq!(calls(), 7);
		by(per_call(1), run_of(2_999, 0));
		assert_eq!(calls(), 7 + 2);
		// Those that are paid for are as many as there were.
		by(per_call(1_000), run_of(5, 0));
		by(per_call(50_000), run_of(5, 0));
		by(per_token, call_of(100, 0, &[]));
		assert_eq!(calls(), 9 + 5 + 5 + 1);
		CountedCharge::set(0);
		by(per_call(0), run_of(3, 0));
		assert_eq!(calls(), 20 + 3);
	});
}

#[test]
fn a_charge_that_others_would_have_to_pay_for_is_refused() {
	run(|| {
		let list = Lane::of(vec![call_of(900, 0, &[])]);
		let price = |per_call| PriceSchedule { per_call, ..Default::default() };
		fund_pot(100_000);
		let lanes = |own| [list.clone(), Lane { own_price: Some(price(own)), ..list.clone() }];
		assert_noop!(distribute_lanes(&lanes(7_624)), Error::<Test>::ChargeTooLow);
		let paid = distribute_lanes(&lanes(7_625)).unwrap();
		assert_eq!(paid[1].items[0].0.node(7_625), Some(0));
	});
}

#[test]
fn a_lane_that_cannot_be_split_fails_all() {
	run(|| {
		fund_pot(100_000);
		let good = Lane::of(vec![call_of(900, 0, &[])]);
		let mut bad = good.clone();
		bad.terms.call.policy.node = Permill::from_percent(26);
		let fails = |bad| distribute_lanes(&[good.clone(), bad]);
		assert_noop!(fails(bad.clone()), Error::<Test>::Unsplittable);
		bad.items.clear();
		assert_noop!(fails(bad), Error::<Test>::Unsplittable);

		let mut dear = good.clone();
		dear.terms.call.price = PriceSchedule { per_call: Balance::MAX, ..Default::default() };
		dear.items = vec![call_of(0, 0, &[])];
		assert_noop!(fails(dear), Error::<Test>::Overflow);
	});
}

#[test]
fn sums_that_do_not_fit_are_refused() {
	run(|| {
		let terms = Lane::of(vec![]).terms;
		let most = Balance::MAX;
		let many = ItemCharge { calls: 1, charge: most, list_charge: most, attribution: &[] };
		let lane =
			|items| LaneCharges { node: &NODE, model: MODEL, terms: &terms, as_of: 1, items };
		// In one lane, and in two of one model.
		for lanes in [vec![lane(vec![many; 2])], vec![lane(vec![many]); 2]] {
			assert_noop!(RevenueSplit::distribute_lanes(&lanes), Error::<Test>::Overflow);
		}
	});
}

#[test]
fn a_planck_or_an_item_that_data_miscounts_undoes_the_settlement() {
	run(|| {
		fund_pot(40_000);
		let lane = Lane::of(vec![call_of(900, 0, &[(1, 5_000)]), call_of(900, 0, &[])]);
		let lanes = [lane.clone(), lane];
		for (fault, error) in [
			(Fault::MiscountsAPlanck, Error::<Test>::NotConserved.into()),
			(Fault::ForgetsALane, Error::<Test>::NotConserved.into()),
			(Fault::ForgetsAnItem, Error::<Test>::NotConserved.into()),
			(Fault::Refuses, DispatchError::Unavailable),
		] {
			DataFault::set(Some(fault));
			assert_noop!(distribute_lanes(&lanes), error);
		}
	});
}

#[test]
fn an_unfunded_pot_pays_nothing() {
	run(|| {
		let lane = Lane::of(vec![call_of(900, 0, &[])]);
		let outcome = frame_support::storage::with_storage_layer(|| distribute_lanes(&[lane]));
		assert!(outcome.is_err());
		assert_eq!(Balances::balance(&DEVELOPER), 0);
	});
}
