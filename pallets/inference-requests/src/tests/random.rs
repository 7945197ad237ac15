//! Random sequences of extrinsics and blocks: money is conserved, and everything ends.

use crate::mock::*;
use frame_support::{
	assert_ok, storage::with_storage_layer, traits::fungible::Inspect, weights::Weight,
};
use openledger_primitives::{
	lane::recompute,
	traits::{ModelInspect, RevenueDistributor},
	Balance, ModelId, RequestId,
};
use proptest::{collection::vec, option, prelude::*};

/// A request is meant by its place among those that wait, so that most steps meet one.
#[derive(Clone, Debug)]
enum Step {
	Request { caller: u8, model: ModelId, node: Option<u8>, bytes: usize, calls: u8, ahead: u32 },
	Claim { place: usize, node: u8 },
	Decline { place: usize, node: u8 },
	Forget { place: usize, who: u8 },
	Fulfil { place: usize, node: u8, tokens: u32, entries: u64 },
	Cancel { place: usize, caller: u8 },
	Expire { place: usize },
	Pause { model: ModelId, callable: bool },
	Release { model: ModelId },
	Serve { node: u8, serves: bool },
	Notice { blocks: u32 },
	Blocks { count: u32, idle: u64 },
}

fn step() -> impl Strategy<Value = Step> {
	let caller = || prop::sample::select(vec![CALLER, OTHER_CALLER, NODE]);
	let node = || prop_oneof![4 => Just(NODE), 3 => Just(OTHER_NODE), 1 => Just(STRANGER)];
	let model = || prop_oneof![8 => Just(MODEL), 3 => Just(OTHER_MODEL), 1 => Just(9)];
	let place = || 0usize..20;
	let mostly = |value: bool| prop::bool::weighted(if value { 0.8 } else { 0.2 });
	prop_oneof![
		8 => (caller(), model(), option::of(node()), 0usize..40, 0u8..20, 1u32..30).prop_map(
			|(caller, model, node, bytes, calls, ahead)| Step::Request {
				caller, model, node, bytes, calls, ahead
			}
		),
		9 => (place(), node()).prop_map(|(place, node)| Step::Claim { place, node }),
		2 => (place(), node()).prop_map(|(place, node)| Step::Decline { place, node }),
		2 => (place(), caller()).prop_map(|(place, who)| Step::Forget { place, who }),
		8 => (place(), node(), 0u32..12, 0u64..=16).prop_map(
			|(place, node, tokens, entries)| Step::Fulfil { place, node, tokens, entries }
		),
		3 => (place(), caller()).prop_map(|(place, caller)| Step::Cancel { place, caller }),
		3 => place().prop_map(|place| Step::Expire { place }),
		1 => (0u32..2, mostly(true)).prop_map(|(model, callable)| Step::Pause { model, callable }),
		1 => (0u32..2).prop_map(|model| Step::Release { model }),
		1 => (node(), mostly(true)).prop_map(|(node, serves)| Step::Serve { node, serves }),
		1 => (0u32..10).prop_map(|blocks| Step::Notice { blocks }),
		5 => (1u32..5, prop_oneof![Just(0), 0u64..20]).prop_map(
			|(count, idle)| Step::Blocks { count, idle }
		),
	]
}

/// The request at a place, or one that there is not.
fn at(place: usize) -> RequestId {
	let mut ids: Vec<_> = crate::Requests::<Test>::iter_keys().collect();
	ids.sort();
	one_of(&ids, place)
}

/// The request at a place of those of which is known what became of them.
fn over_at(place: usize) -> RequestId {
	let mut ids: Vec<_> = crate::Outcomes::<Test>::iter_keys().collect();
	ids.sort();
	one_of(&ids, place)
}

fn one_of(ids: &[RequestId], place: usize) -> RequestId {
	if place == 0 || ids.is_empty() {
		RequestId::MAX
	} else {
		ids[place % ids.len()]
	}
}

/// Takes a step as an extrinsic would: whole or not at all.
fn take(step: Step) {
	let extrinsic = |call: &dyn Fn() -> PostInfo| {
		let _ = with_storage_layer(|| call().map_err(|error| error.error));
	};
	match step {
		Step::Request { caller, model, node, bytes, calls, ahead } => extrinsic(&|| {
			let deadline = System::block_number() + ahead;
			let charge = PRICE * Balance::from(calls);
			let text = input(&vec![b'?'; bytes]);
			Requests::request_call(origin(caller), model, node.map(account), text, charge, deadline)
		}),
		Step::Claim { place, node } => extrinsic(&|| {
			Requests::claim_call(origin(node), at(place))?;
			Ok(().into())
		}),
		Step::Decline { place, node } => extrinsic(&|| decline(node, at(place))),
		Step::Forget { place, who } => extrinsic(&|| {
			Requests::forget_outcome(origin(who), over_at(place))?;
			Ok(().into())
		}),
		Step::Fulfil { place, node, tokens, entries } => extrinsic(&|| {
			let (text, entries, id) = (output(&[b'!'; 40]), attribution(entries), at(place));
			let post = answer_with_all(node, id, text, tokens, tokens, entries)?;
			let (lane, item) = fulfilled().as_lane(id);
			assert_eq!(recompute(&lane, &[item]), Ok(()));
			Ok(post)
		}),
		Step::Cancel { place, caller } => {
			extrinsic(&|| Requests::cancel_call(origin(caller), at(place)))
		}
		Step::Expire { place } => extrinsic(&|| {
			Requests::expire_call(origin(STRANGER), at(place))?;
			Ok(().into())
		}),
		Step::Pause { model, callable } => {
			Models::change(model, |model| model.callable = callable);
		}
		Step::Release { model } => {
			let (version, price_version) = Models::in_force(model).unwrap();
			Models::replace(model, version + 1, price_version + 1);
		}
		Step::Serve { node, serves } => {
			Nodes::set(node, MODEL, serves);
		}
		Step::Notice { blocks } => {
			CancelNotice::set(blocks);
		}
		Step::Blocks { count, idle } => {
			for _ in 0..count {
				// From none to plenty.
				next_block_with(Weight::from_parts(idle * 100_000_000, u64::MAX));
			}
		}
	}
}

/// The sum of all accounts.
fn sum() -> Balance {
	PEOPLE.into_iter().map(total).sum::<Balance>() + Balances::total_balance(&Split::pot())
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(256))]

	#[test]
	fn every_planck_is_accounted_for(steps in vec(step(), 1..100)) {
		new_test_ext().execute_with(|| {
			let issued = Balances::total_issuance();
			for step in steps {
				take(step);
				Requests::do_try_state().unwrap();
			}
			let last = System::block_number() + 200;
			go_to(last);
			// Those for which there was no slot.
			for id in crate::Outcomes::<Test>::iter_keys().collect::<Vec<_>>() {
				assert_ok!(Requests::forget_outcome(origin(STRANGER), id));
			}
			prop_assert_eq!(crate::Requests::<Test>::count(), 0);
			prop_assert_eq!(crate::Outcomes::<Test>::count(), 0);
			prop_assert_eq!(crate::Deadlines::<Test>::iter().count(), 0);
			for person in PEOPLE {
				prop_assert_eq!(held(person), (0, 0));
				prop_assert_eq!(held_for_claims(person), 0);
			}
			prop_assert_eq!(Balances::total_issuance(), issued);
			prop_assert_eq!(sum(), issued);
			Ok(())
		})?;
	}
}
