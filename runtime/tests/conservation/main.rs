//! Conservation: whatever anybody does, in whatever order, no planck appears or is lost.
//!
//! Random scripts let several of each role act on the whole runtime: developers, curators,
//! contributors, operators, callers, reporters, cleaners, governance, and people who just move
//! money. They call everything that the five pallets have, with vouchers and statements that are
//! really signed, in blocks that run all hooks, with time between them. After each block, the
//! invariants of all pallets hold, accounts add up to the issuance, pots have what they owe, and
//! nothing is on hold but for what is stored ([`common::check_state`], [`common::check_pots`]). A call
//! that fails leaves the state root as it was.
//!
//! In the end everybody leaves, and takes everything with them ([`closing`]).
//!
//! `PROPTEST_CASES` says how many scripts are run.

#[path = "../common/mod.rs"]
mod common;

mod closing;
mod data;
mod disputes;
mod market;
mod metering;
mod models;
mod money;
mod offchain;
mod opening;
mod people;
mod requests;
mod script;

use common::chain;
use frame_support::traits::{
	fungible::{Mutate, MutateHold},
	tokens::{Fortitude, Precision, Preservation},
	GetCallName,
};
use market::{Market, Outcomes, Tally};
use openledger_runtime::{Balances, DataAttribution, Runtime, System};
use proptest::{
	prelude::*,
	strategy::ValueTree,
	test_runner::{Config, TestRunner},
};
use script::{script, BlockOf, By, Entry, Kind, Step};

/// How many scripts are run if nothing else is asked for.
const SCRIPTS: u32 = 32;

fn config() -> Config {
	let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
	Config {
		cases: asked.unwrap_or(SCRIPTS),
		// Each step of it runs a script.
		max_shrink_iters: 2_000,
		failure_persistence: None,
		..Config::default()
	}
}

/// Runs a script from the opening of a market to its close.
fn run(script: &[BlockOf]) -> Result<Tally, String> {
	let mut externalities = chain();
	let mut market = externalities.execute_with(Market::open)?;
	for block in script {
		externalities.commit_all().expect("the state is sound");
		externalities.execute_with(|| market.run(block))?;
	}
	externalities.commit_all().expect("the state is sound");
	externalities.execute_with(|| market.close())?;
	Ok(market.tally)
}

proptest! {
	#![proptest_config(config())]

	#[test]
	fn no_planck_appears_or_is_lost(script in script(50, 12)) {
		let result = run(&script);
		prop_assert!(result.is_ok(), "{}", result.unwrap_err());
	}
}

/// A long script that is the same each time: some steps that chance would seldom put into this order,
/// and many that it does.
fn long_script() -> Vec<BlockOf> {
	let step = |kind, pick, value| Step { kind, pick, value, by: By::Right };
	let first = [
		// Royalties for somebody who does not exist, and then does.
		step(Kind::Serve, 0, 4),
		step(Kind::Settle, 0, 1),
		step(Kind::PayAccrued, 0, 1),
		step(Kind::Transfer, 0, 64),
		step(Kind::PayAccrued, 0, 1),
		// A name that is none.
		step(Kind::CreateDatanetWith, 0, 0),
	];
	let first = first.map(|step| BlockOf { after: 1, entries: vec![Entry::One(step)] });
	let mut runner = TestRunner::deterministic();
	let block = script(1, 16);
	let others = (0..400)
		.flat_map(|_| block.new_tree(&mut runner).expect("there is one").current())
		.collect::<Vec<_>>();
	first.into_iter().chain(others).collect()
}

#[test]
fn every_call_succeeds_and_fails() {
	let tally = run(&long_script()).unwrap();
	let calls = [
		("ModelRegistry", pallet_model_registry::Call::<Runtime>::get_call_names()),
		("DataAttribution", pallet_data_attribution::Call::<Runtime>::get_call_names()),
		("InferenceMetering", pallet_inference_metering::Call::<Runtime>::get_call_names()),
		("InferenceRequests", pallet_inference_requests::Call::<Runtime>::get_call_names()),
		("RevenueSplit", pallet_revenue_split::Call::<Runtime>::get_call_names()),
	];
	let (mut successes, mut failures) = (0, 0);
	for ((pallet, call), Outcomes { succeeded, failed, errors }) in &tally {
		println!("{pallet:>18} {call:<26} {succeeded:>5} {failed:>5}  {errors:?}");
		successes += succeeded;
		failures += failed;
	}
	println!("{successes} calls succeeded, {failures} failed");
	let missing = calls
		.iter()
		.flat_map(|(pallet, names)| names.iter().map(move |name| (*pallet, *name)))
		.filter_map(|key| {
			let outcomes = tally.get(&key).cloned().unwrap_or_default();
			(outcomes.succeeded == 0 || outcomes.failed == 0).then_some((key, outcomes))
		})
		.collect::<Vec<_>>();
	assert!(missing.is_empty(), "{missing:#?}");
	assert!(successes > failures, "the scripts know too little of the state");
}

/// What the checks are for is noticed by them.
#[test]
fn a_planck_is_missed() {
	type Change = fn();
	let changes: [(&str, Change); 6] = [
		("issued", || pallet_balances::TotalIssuance::<Runtime>::mutate(|all| *all += 1)),
		("given to the pot", || {
			let pot = DataAttribution::pot();
			frame_system::Account::<Runtime>::mutate(pot, |account| account.data.free += 1);
			pallet_balances::TotalIssuance::<Runtime>::mutate(|all| *all += 1);
		}),
		("owed by the pot", || {
			pallet_data_attribution::Accounted::<Runtime>::mutate(|owed| *owed += 1)
		}),
		("held for nothing", || {
			let reason = pallet_inference_metering::HoldReason::Session.into();
			Balances::hold(&reason, &people::person(11u8), 1).unwrap();
		}),
		("burned", || {
			let from = people::person(11u8);
			let (exact, polite) = (Precision::Exact, Fortitude::Polite);
			Balances::burn_from(&from, 1, Preservation::Expendable, exact, polite).unwrap();
		}),
		("moved between pots", || {
			let [one, other, _] = common::pots();
			frame_system::Account::<Runtime>::mutate(one, |account| account.data.free -= 1);
			frame_system::Account::<Runtime>::mutate(other, |account| account.data.free += 1);
		}),
	];
	for (what, change) in changes {
		chain().execute_with(|| {
			let mut market = Market::open().unwrap();
			market.wait(1).unwrap();
			common::begin_block(System::block_number() + 1);
			change();
			assert!(market.finish().is_err(), "a planck was {what}");
		});
	}
}
