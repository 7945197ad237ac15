//! Random sequences of all that moves money here.

use super::{
	properties::{earner, lane, possessions, resolved},
	*,
};
use crate::TotalAccrued;
use frame_support::storage::with_storage_layer;
use proptest::{collection::vec, prelude::*};

/// An action on the chain.
#[derive(Clone, Debug)]
enum Step {
	/// A settlement of lanes.
	Settle(Vec<Lane>),
	/// Somebody asks for what has accrued for an earner.
	PayAccrued(u8),
	/// An earner spends everything.
	Spend(u8),
	/// Data fails in the middle of a settlement.
	Fail(Fault, Vec<Lane>),
}

fn step() -> impl Strategy<Value = Step> {
	let fault = prop_oneof![
		Just(Fault::MiscountsAPlanck),
		Just(Fault::ForgetsALane),
		Just(Fault::ForgetsAnItem),
		Just(Fault::Refuses),
	];
	prop_oneof![
		6 => vec(lane(), 0..5).prop_map(Step::Settle),
		2 => any::<u8>().prop_map(Step::PayAccrued),
		2 => any::<u8>().prop_map(Step::Spend),
		1 => (fault, vec(lane(), 1..4)).prop_map(|(fault, lanes)| Step::Fail(fault, lanes)),
	]
}

/// Takes a step. Returns what was charged with it, and what was spent.
fn take(step: Step) -> (Balance, Balance) {
	match step {
		Step::Settle(lanes) => {
			let lanes = resolved(lanes);
			settle(&lanes).unwrap();
			(lanes.iter().map(Lane::charged).sum(), 0)
		}
		Step::PayAccrued(who) => {
			let who = earner(who);
			let (due, before) = (Accrued::<Test>::get(&who), Balances::balance(&who));
			let outcome = RevenueSplit::pay_accrued(RuntimeOrigin::signed(PAYER), who.clone());
			let payable = due > 0 && before + due >= EXISTENTIAL_DEPOSIT;
			assert_eq!(outcome.is_ok(), payable);
			assert_eq!(Balances::balance(&who), before + if payable { due } else { 0 });
			(0, 0)
		}
		Step::Spend(who) => {
			let all = Balances::balance(&earner(who));
			let origin = RuntimeOrigin::signed(earner(who));
			if all > 0 {
				Balances::transfer_allow_death(origin, PAYER, all).unwrap();
			}
			(0, all)
		}
		Step::Fail(fault, lanes) => {
			let before = possessions();
			DataFault::set(Some(fault));
			let outcome = with_storage_layer(|| {
				settle(&resolved(lanes))?;
				// No data was paid, so the fault had nothing to spoil.
				assert_eq!(told().1, 0);
				Err::<(), _>(DispatchError::Other("nothing to spoil"))
			});
			DataFault::set(None);
			assert!(outcome.is_err());
			assert_eq!(before, possessions());
			(0, 0)
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	/// Whatever happens, in whatever order: all that was charged is paid, credited to data, or kept as accrued, to
	/// whom the events say, and nothing else ever moves.
	#[test]
	fn every_planck_of_lanes_is_accounted_for(steps in vec(step(), 1..16)) {
		run(|| {
			let (mut charged, mut spent) = (0, 0);
			for step in steps {
				let (more, less) = take(step);
				charged += more;
				spent += less;
				RevenueSplit::do_try_state().unwrap();
				assert_eq!(pot_surplus(), TotalAccrued::<Test>::get());
			}
			let held: Balance = possessions().iter().sum();
			assert_eq!(held + spent, charged + 2 * EXISTENTIAL_DEPOSIT);
			let issued = pallet_balances::TotalIssuance::<Test>::get();
			assert_eq!(issued, 1_000_000 + 3 * EXISTENTIAL_DEPOSIT + charged);
		});
	}
}
