//! What operators, curators and contributors try who would be paid by others' calls.

use super::*;
use crate::Error;
use frame_support::{assert_noop, assert_ok};

#[test]
fn calls_that_are_held_back_are_not_paid_to_a_later_release() {
	run(|| {
		HistoryPeriod::set(1_000);
		let datanet = datanet_with(true, 30);
		accepted(&ALICE, datanet, 1);
		let first = publish(datanet);
		let sources = [latest(datanet, 1)];
		// For twenty days a node serves and settles nothing. Meanwhile its friend, the curator, publishes a release
		// that is heavy with data of their own, and waits for the notice.
		pass(20);
		let agreed = System::block_number();
		let heavy = accepted(&CURATOR, datanet, 1_000_000);
		let second = publish(datanet);
		let current_from = agreed + ReleaseNotice::get();
		pass(20);

		let held_back = |as_of| {
			let items = vec![call(1_000, &[(heavy, 10_000)])];
			Lane::of(&sources, items).attributed(ALL).agreed_in(as_of)
		};
		for as_of in [1, agreed, current_from - 1] {
			let events = credit_one(held_back(as_of));
			assert_eq!(pools(&events), [(datanet, first, 1_000)], "{as_of}");
			assert_eq!(direct(&events), [vec![]], "{as_of}");
			// Nor does a voucher outlive this for longer than is allowed.
			assert_eq!(releases(&sources, as_of).1, Some(current_from), "{as_of}");
		}
		assert_eq!(DirectEarnings::<Test>::get(heavy), 0);
		// Only what is agreed on once everybody has seen it coming is paid so.
		let events = credit_one(held_back(current_from));
		assert_eq!(direct(&events), [vec![(1_000, 0)]]);
		assert_eq!(releases(&sources, current_from), (vec![(datanet, second)], None));
	});
}

#[test]
fn a_curator_who_comes_right_before_a_settlement_earns_nothing_of_it() {
	run(|| {
		let datanet = datanet_with(true, 30);
		let id = accepted(&ALICE, datanet, 1);
		publish(datanet);
		pass(9);
		hand_over(datanet, &CURATOR, &DAVE);
		let sources = [fixed(datanet, 1, 1)];
		let lanes: Vec<_> = (1..=10)
			.map(|as_of| Lane::of(&sources, vec![call(1_000, &[(id, 10_000)])]).agreed_in(as_of))
			.collect();

		credit(&lanes).unwrap();

		assert_eq!(DataAttribution::pending_curator(&CURATOR), 9 * 300);
		assert_eq!(DataAttribution::pending_curator(&DAVE), 300);
		for as_of in 1..10 {
			assert_eq!(releases(&sources, as_of).1, Some(10));
		}
	});
}

#[test]
fn a_verdict_right_before_a_settlement_pays_neither_the_pool_nor_its_curator_more() {
	run(|| {
		let datanet = datanet_with(true, 30);
		let ids = [accepted(&ALICE, datanet, 1), accepted(&CURATOR, datanet, 1)];
		publish(datanet);
		let sources = [fixed(datanet, 1, 1)];
		let lane = || Lane::of(&sources, vec![call(1_000, &[(ids[0], 4_000)])]).attributed(ALL);
		let honest = credit_one(lane());
		let before = DataAttribution::pending_curator(&CURATOR);
		pass(3);
		slash(ids[0]);

		let events = credit_one(lane().agreed_in(1));

		assert_eq!(direct(&events), direct(&honest));
		assert_eq!(pools(&events), pools(&honest));
		assert_eq!(DataAttribution::pending_curator(&CURATOR), 2 * before);
		assert_eq!(SlashedEarnings::<Test>::get(ids[0]), 280);
	});
}

#[test]
fn naming_a_contribution_in_many_ways_pays_it_for_the_whole_answer_at_most() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		let sources = [fixed(datanet, release, 1)];
		let paid = |entries: &[(ContributionId, u16)]| {
			let events = credit_one(Lane::of(&sources, vec![call(1_000, entries)]));
			direct(&events)[0].iter().map(|(amount, _)| *amount).sum::<Balance>()
		};
		// Half of the data part is attributed.
		assert_eq!(paid(&[(ids[0], 10_000)]), 500);
		assert_eq!(paid(&[(ids[0], 5_000), (ids[0], 5_000)]), 500);
		assert_eq!(paid(&[(ids[0], 625); 16]), 496);
		assert_eq!(paid(&[(ids[0], u16::MIN)]), 0);
	});
}

#[test]
fn a_lane_that_cannot_be_paid_is_paid_by_no_other() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1)]);
		let sources = [fixed(datanet, release, 1)];
		let resolved = resolve(&sources, 1).unwrap().sources;
		let good = (Lane::of(&sources, vec![call(1_000, &[(ids[0], 10_000)])]), resolved.clone());
		let mut lanes = vec![good; 64];
		let invented = ResolvedSource { datanet: 7, ..resolved[0].clone() };
		lanes[40].1 = vec![invented];

		assert_noop!(credit_resolved(&lanes), Error::<Test>::UnknownRelease);
		lanes.remove(40);
		assert_ok!(credit_resolved(&lanes));
		assert_ok!(Balances::mint_into(&DataAttribution::pot(), 63_000));
	});
}

#[test]
fn a_curator_of_a_block_in_which_the_role_was_lent_is_who_had_it_in_the_end() {
	run(|| {
		let datanet = datanet_with(true, 30);
		accepted(&ALICE, datanet, 1);
		publish(datanet);
		pass(5);
		hand_over(datanet, &CURATOR, &DAVE);
		hand_over(datanet, &DAVE, &CURATOR);
		let sources = [fixed(datanet, 1, 1)];

		credit_one(Lane::of(&sources, vec![Item::Run(100)]));

		assert_eq!(DataAttribution::pending_curator(&CURATOR), 30);
		assert_eq!(releases(&sources, 1).1, None);
	});
}
