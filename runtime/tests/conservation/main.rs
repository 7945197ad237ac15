//! Conservation: whatever anybody does, in whatever order, no planck appears or is lost.
//!
//! Random scripts let several of each role act on the whole runtime: developers, curators,
//! contributors, operators, callers, reporters, cleaners, governance, and people who just move
//! money. They call everything that the five pallets have, with vouchers and statements that are
//! really signed, in blocks that run all hooks, with time between them. After each block, the
//! invariants of all pallets hold, accounts add up to the issuance, pots have what they owe, and
//! nothing is on hold but for what is stored ([`common::check_state`], [`common::check_pots`]). A call
//! that fails leaves the state root as it was. Of each settlement, all payments follow from its events
//! alone: worked out once more, they are what everybody was paid ([`payments`]).
//!
//! In the end everybody leaves, and takes everything with them ([`closing`]).
//!
//! `PROPTEST_CASES` says how many scripts are run.

#[path = "../common/mod.rs"]
mod common;

mod closing;
mod data;
mod lane_book;
mod lane_draft;
mod lanes;
mod market;
mod metering;
mod models;
mod money;
mod opening;
mod payments;
mod people;
mod reports;
mod requests;
mod script;
mod seen;

use common::{
	chain,
	state::{dump, load, write_fixture},
};
use frame_support::traits::{
	fungible::{Mutate, MutateHold},
	tokens::{Fortitude, Precision, Preservation},
	GetCallName,
};
use lane_draft::Defect;
use market::{Market, Outcomes};
use openledger_runtime::{Balances, DataAttribution, Runtime, System, VERSION};
use proptest::{
	prelude::*,
	strategy::ValueTree,
	test_runner::{Config, TestRunner},
};
use script::{script, BlockOf, By, Entry, Kind, Step, NOTHING};
use sp_io::TestExternalities;

/// Number of scripts that are run if nothing else is asked for.
const SCRIPTS: u32 = 32;

fn config() -> Config {
	let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
	Config {
		cases: asked.unwrap_or(SCRIPTS),
		// Each step of it runs a script: two minutes make most of them short.
		max_shrink_iters: 5_000,
		max_shrink_time: 120_000,
		failure_persistence: None,
		..Config::default()
	}
}

/// Runs a script after the opening of a market.
fn play(script: &[BlockOf]) -> Result<(TestExternalities, Market), String> {
	let mut externalities = chain();
	let mut market = externalities.execute_with(Market::open)?;
	for block in script {
		externalities.commit_all().expect("the state is sound");
		externalities.execute_with(|| market.run(block))?;
	}
	externalities.commit_all().expect("the state is sound");
	Ok((externalities, market))
}

/// Runs a script from the opening of a market to its close.
fn run(script: &[BlockOf]) -> Result<Market, String> {
	let (mut externalities, mut market) = play(script)?;
	externalities.execute_with(|| market.close())?;
	Ok(market)
}

proptest! {
	#![proptest_config(config())]

	#[test]
	fn no_planck_appears_or_is_lost(script in script(50, 12)) {
		let result = run(&script);
		prop_assert!(result.is_ok(), "{}", result.err().unwrap_or_default());
	}
}

/// A long script that is the same each time: what nobody can do, some steps that chance would seldom
/// put into this order, and many that it does.
fn long_script() -> Vec<BlockOf> {
	let block = |after, steps: &[Step]| {
		let entries = steps.iter().map(|step| Entry::One(*step)).collect();
		BlockOf { after, entries }
	};
	let step = |kind, pick, value| Step { kind, pick, value, by: By::Right };
	// Somebody without money tries everything on what there is not.
	let nobody = By::Person(16);
	let in_vain = |kind| Step { kind, pick: NOTHING, value: 0, by: nobody };
	let in_vain = Kind::ALL.iter().map(|(_, kind)| in_vain(*kind)).collect::<Vec<_>>();
	// Lanes of a node of whose settlements one after the other has everything wrong with it.
	let serve = |pick, value| step(Kind::Serve, pick, value);
	let spoiled = (1..=3 * Defect::ALL.len()).map(|number| {
		// In the end, several calls that data has answered.
		let last = if number > 2 * Defect::ALL.len() { 33 } else { 11 };
		let value = 3 * u16::try_from(number).expect("there are few");
		block(1, &[serve(0, 36), serve(2, 96), serve(0, last), step(Kind::SettleLanes, 0, value)])
	});
	// What was settled otherwise than its caller had acknowledged, and something that was not.
	let unlisted = block(
		1,
		&[
			step(Kind::ReportUnlistedCall, 0, 6),
			step(Kind::ReportUnlistedCall, 1, 10),
			step(Kind::ReportUnlistedCall, 2, 8),
		],
	);
	let first = [
		block(1, &in_vain),
		// Royalties for somebody who does not exist, and then does.
		block(
			1,
			&[
				step(Kind::Serve, 0, 4),
				step(Kind::SettleLanes, 0, 1),
				step(Kind::PayAccrued, 0, 1),
				step(Kind::Transfer, 0, 64),
				step(Kind::PayAccrued, 0, 1),
			],
		),
		// Calls of one lane, by their sums, and then with one by its record.
		block(1, &[step(Kind::Serve, 0, 36), step(Kind::Serve, 0, 36)]),
		block(
			1,
			&[
				step(Kind::SettleLanes, 0, 5),
				step(Kind::Serve, 0, 36),
				step(Kind::SettleLanes, 0, 4),
			],
		),
		// A release is published. When it becomes the current one, a curator hands over, and so does an owner;
		// and calls are settled that were agreed on before.
		block(1, &[step(Kind::SetWeight, 0, 7), step(Kind::PublishRelease, 0, 1)]),
		block(
			28_790,
			&[
				step(Kind::OfferCurator, 0, 1),
				step(Kind::AcceptCurator, 0, 1),
				step(Kind::OfferModel, 1, 1),
				step(Kind::AcceptModel, 0, 1),
				step(Kind::Serve, 0, 9),
				step(Kind::Serve, 0, 18),
				// One of the vouchers never ends.
				step(Kind::SettleLanes, 0, 36),
				step(Kind::Serve, 0, 9),
				step(Kind::Serve, 0, 18),
			],
		),
		block(20, &[step(Kind::SettleLanes, 0, 4)]),
		// A contributor contests an accusation, and governance decides.
		block(
			1,
			&[
				step(Kind::AccuseContribution, 0, 3),
				step(Kind::ConfirmAccusation, 0, 1),
				step(Kind::ContestAccusation, 0, 1),
				step(Kind::ResolveAccusation, 0, 1),
			],
		),
		// Gifts to both pots, and somebody who leaves too little behind.
		block(
			1,
			&[
				step(Kind::Transfer, 0, 8),
				step(Kind::Transfer, 0, 29),
				step(Kind::Transfer, 0, 2),
				step(Kind::TransferAll, 2, 3),
			],
		),
		// A version is taken back.
		block(1, &[step(Kind::PublishVersion, 1, 6), step(Kind::CancelVersion, 0, 1)]),
		// An accuser does not wait for the curator.
		block(1, &[step(Kind::AccuseContribution, 0, 3), step(Kind::EscalateAccusation, 0, 1)]),
	];
	// In the end, somebody reports a node, and the least bond rises far above that of all.
	let last = [
		block(1, &[step(Kind::RegisterModel, 0, 3), step(Kind::RegisterNode, 0, 1)]),
		block(1, &[step(Kind::OpenSession, 0, 1), step(Kind::ExtendSession, 0, 1)]),
		block(
			1,
			&[
				step(Kind::Serve, 0, 1),
				step(Kind::SettleLanes, 0, 1),
				step(Kind::ReportTwoStatements, 0, 4),
				step(Kind::SetParameter, 1, 5),
			],
		),
		// Another contributor does not contest one.
		block(1, &[step(Kind::AccuseContribution, 0, 3), step(Kind::ConfirmAccusation, 0, 1)]),
		block(880_000, &[step(Kind::SuspendContribution, 0, 1)]),
	];
	let mut runner = TestRunner::deterministic();
	let strategy = script(1, 16);
	// Chance comes upon more from here on.
	let others = (0..640)
		.flat_map(|_| strategy.new_tree(&mut runner).expect("there is one").current())
		.skip(160)
		.collect::<Vec<_>>();
	first.into_iter().chain(spoiled).chain([unlisted]).chain(others).chain(last).collect()
}

/// Reasons for which settlements of lanes, or records and runs of them, have to be refused once at least.
const REFUSED: &[&str] = &[
	"AboveAcknowledged",
	"AboveAuthorised",
	"AboveSpendingLimit",
	"BadRun",
	"BadSignature",
	"InvalidRecord",
	"NoRecords",
	"NoSuchLane",
	"NotSessionNode",
	"OtherAgreement",
	"OutlivesTerms",
	"OwnPriceRefused",
	"RunHasEntries",
	"SequenceBeyondVoucher",
	"SequenceNotRising",
	"SettledTooLate",
	"SettlementOver",
	"UnknownExtension",
	"UnknownModel",
	"UnknownPrice",
	"UnknownSession",
	"UnknownVersion",
	"VoucherContradictsItself",
	"VoucherNotNewer",
	"WrongAsOf",
	"WrongChain",
];

#[test]
fn every_call_succeeds_and_fails() {
	let Market { tally, rejections, seen, dust, gifts, .. } = run(&long_script()).unwrap();
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
	println!("of lanes were rejected: {rejections:?}");
	println!("in settlements of lanes there were: {seen:?}");
	// What is to be accounted for has come up.
	assert!(dust > 0 && gifts.iter().all(|gift| *gift > 0));
	let unseen = seen::TO_BE_SEEN.iter().filter(|what| !seen.contains_key(**what));
	assert_eq!(unseen.collect::<Vec<_>>(), Vec::<&&str>::new());
	let alone = tally.get(&("InferenceMetering", "settle_lanes")).map(|outcomes| &outcomes.errors);
	let never = REFUSED.iter().filter(|reason| {
		!rejections.contains_key(**reason) && !alone.is_some_and(|all| all.contains_key(**reason))
	});
	assert_eq!(never.collect::<Vec<_>>(), Vec::<&&str>::new());
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

/// A busy market is a fixture as well, of which `upgrade.rs` asks that it goes on.
#[test]
fn a_busy_market_is_read_as_it_was_written() {
	// The long script as far as a part of what chance has put into it.
	let (mut busy, _) = play(&long_script()[..120]).unwrap();
	let written = dump(&mut busy).to_string();
	let root = busy.execute_with(common::state_root);
	assert_eq!(load(&written).execute_with(common::state_root), root);
	write_fixture(&format!("{}-market", VERSION.spec_version), &written);
}

/// The checks notice what they are for.
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
