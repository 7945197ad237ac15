//! Who is paid how much, to the planck, and what cannot be.

use super::*;
use crate::{Contributions, Error};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives::{
	contribution::{Standing, Submission, FORMAT_PRIVATE_STREAM, FORMAT_UNSPECIFIED},
	lane::PoolPayment,
	split::split_exact,
	traits::Role,
};
use sp_runtime::ArithmeticError;

#[test]
fn an_entry_gets_its_basis_points_of_the_attributed_share() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1), (BOB, 3)]);
		let sources = [fixed(datanet, release, 1)];
		let items = vec![
			call(1_000, &[(ids[0], 2_500), (ids[1], 5_000)]),
			call(1_000, &[]),
			Item::Run(1_000),
			call(1_001, &[(ids[1], 3_333)]),
			call(1_001, &[(ids[0], 10_000)]),
			call(0, &[(ids[0], 10_000)]),
		];

		let events = credit_one(Lane::of(&sources, items));

		// Half of 1,001 is 501 by the exact split; a third of that is rounded down.
		let expected =
			[vec![(125, 0), (250, 0)], vec![], vec![], vec![(166, 0)], vec![(501, 0)], vec![]];
		assert_eq!(direct(&events), expected);
		assert_eq!(
			events.lane.pools.to_vec(),
			vec![PoolPayment {
				datanet,
				release,
				amount: 625 + 1_000 + 1_000 + 835 + 500,
				curator: 0,
				raised: 990,
				total_weight: 4,
				carry_before: 0,
				carry_after: 0,
			}]
		);
		assert_eq!(DirectEarnings::<Test>::get(ids[0]), 125 + 501);
		assert_eq!(DirectEarnings::<Test>::get(ids[1]), 250 + 166);
	});
}

#[test]
fn nothing_or_all_can_be_attributed() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1), (BOB, 1)]);
		let sources = [fixed(datanet, release, 1)];
		let paid = |attributed| {
			let lane = Lane::of(&sources, vec![call(7, &[(ids[1], 10_000)])]);
			let events = credit_one(lane.attributed(attributed));
			(direct(&events), pools(&events))
		};

		assert_eq!(paid(NOTHING), (vec![vec![]], vec![(datanet, release, 7)]));
		assert_eq!(paid(ALL), (vec![vec![(7, 0)]], vec![]));
	});
}

#[test]
fn what_others_are_attributed_changes_nobodys_part() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 1), (BOB, 1), (CAROL, 1)]);
		let sources = [fixed(datanet, release, 1)];
		let (_, _, foreign) = released(&[(DAVE, 1)]);
		let pending = submitted(&CAROL, datanet);
		let late = accepted(&CAROL, datanet, 1);
		publish(datanet);
		let unknown = late + 100;
		let none = vec![
			call(100, &[(foreign[0], 5_000), (pending, 1_000)]),
			call(100, &[(late, 5_000), (unknown, 5_000)]),
		];
		let next_to = |other: ContributionId| call(100, &[(other, 6_000), (ids[0], 4_000)]);
		let some = [foreign[0], pending, late, unknown, ids[1]].map(next_to).to_vec();

		let events = credit_one(Lane::of(&sources, none).attributed(ALL));
		assert_eq!(direct(&events), [vec![], vec![]]);
		assert_eq!(pools(&events), [(datanet, release, 200)]);

		let events = credit_one(Lane::of(&sources, some).attributed(ALL));
		let mut expected = vec![vec![(0, 0), (40, 0)]; 4];
		expected.push(vec![(60, 0), (40, 0)]);
		assert_eq!(direct(&events), expected);
		assert_eq!(pools(&events), [(datanet, release, 4 * 60)]);
	});
}

#[test]
fn only_what_can_be_proven_and_is_not_withheld_counts() {
	run(|| {
		let datanet = datanet();
		let ids = [FORMAT_UNSPECIFIED, FORMAT_PRIVATE_STREAM].map(|format| {
			let id = crate::NextContributionId::<Test>::get();
			let submission = match format {
				FORMAT_PRIVATE_STREAM => private_submission(id),
				_ => Submission { format, ..submission(id) },
			};
			assert_ok!(DataAttribution::submit_contribution(signed(&ALICE), datanet, submission));
			if format == FORMAT_PRIVATE_STREAM {
				assert_ok!(show(id, id));
			}
			assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), id, 1));
			id
		});
		let sources = [fixed(datanet, publish(datanet), 1)];
		let items = || vec![call(100, &[(ids[0], 5_000), (ids[1], 5_000)])];
		pass(1);
		Contributions::<Test>::mutate(ids[1], |entry| {
			let standing = &mut entry.as_mut().unwrap().standing;
			standing.set_but_last(2, Standing::Withheld, 0).unwrap();
		});
		pass(1);

		let lane = |as_of| Lane::of(&sources, items()).agreed_in(as_of);
		assert_eq!(direct(&credit_one(lane(1))), [vec![(0, 0), (25, 0)]]);
		for as_of in [2, 3] {
			assert_eq!(direct(&credit_one(lane(as_of))), [vec![]]);
		}
	});
}

#[test]
fn each_item_is_divided_among_the_sources_by_itself() {
	run(|| {
		let one = datanet_with(true, 10);
		accepted(&ALICE, one, 1);
		publish(one);
		let (other, release, ids) = released(&[(BOB, 7)]);
		let sources = [fixed(one, 1, 2), fixed(other, release, 1)];
		let tokens = [100, 1, 1, 2, 1_000_001];
		let mut items: Vec<_> = tokens.iter().map(|tokens| Item::Run(*tokens)).collect();
		items.push(call(100, &[(ids[0], 10_000)]));

		let events = credit_one(Lane::of(&sources, items));

		let shares = [((one, 1), 2), ((other, release), 1)];
		let parts =
			tokens.iter().chain(&[50]).map(|tokens| split_exact(u128::from(*tokens), &shares));
		let sums = parts.fold([0, 0], |sums, parts| {
			let parts = parts.unwrap();
			[sums[0] + parts[0], sums[1] + parts[1]]
		});
		assert_eq!(sums, [67 + 1 + 1 + 1 + 666_667 + 33, 33 + 1 + 333_334 + 17]);
		assert_eq!(pools(&events), [(one, 1, sums[0]), (other, release, sums[1])]);
		// The entry counts by the second source.
		assert_eq!(direct(&events)[5], [(50, 1)]);
		// The curator's part is taken once a lane.
		assert_eq!(events.lane.pools[0].curator, 66_677);
		assert_eq!(DataAttribution::pending_curator(&CURATOR), 66_677);
	});
}

#[test]
fn curators_of_the_agreed_block_earn_by_the_newest_release_that_has_it() {
	run(|| {
		let datanet = datanet_with(true, 30);
		let early = accepted(&ALICE, datanet, 1);
		publish(datanet);
		let late = accepted(&BOB, datanet, 1);
		let share = Permill::from_percent(20);
		assert_ok!(DataAttribution::lower_curator_share(signed(&CURATOR), datanet, share));
		publish(datanet);
		pass(1);
		hand_over(datanet, &CURATOR, &DAVE);
		let both = [fixed(datanet, 2, 1), fixed(datanet, 1, 1)];
		let first = [fixed(datanet, 1, 1)];
		let items = vec![call(1_000, &[(early, 5_000), (late, 5_000)])];
		let lane = |sources: &[DataSource]| Lane::of(sources, items.clone()).attributed(ALL);

		let events =
			credit(&[lane(&both).agreed_in(1), lane(&first).agreed_in(1), lane(&both)]).unwrap();

		// By the second release, at 20%; by the first one alone at 30%, and what that does not have is its own.
		let expected = [vec![(500, 1), (500, 1)], vec![(500, 0), (0, 0)], vec![(500, 1), (500, 1)]];
		for (events, expected) in events.iter().zip(expected) {
			assert_eq!(direct(events), [expected]);
		}
		assert_eq!(pools(&events[1]), [(datanet, 1, 500)]);
		assert_eq!(DataAttribution::pending_curator(&CURATOR), 200 + 150 + 150);
		assert_eq!(DataAttribution::pending_curator(&DAVE), 200);
		assert_eq!(DirectEarnings::<Test>::get(early), 400 + 350 + 400);
		assert_eq!(DirectEarnings::<Test>::get(late), 400 + 400);
	});
}

#[test]
fn lanes_of_one_extrinsic_go_on_from_one_another() {
	run(|| {
		let (datanet, release, _) = released(&[(ALICE, 7)]);
		let sources = [fixed(datanet, release, 1)];
		let lanes: Vec<_> = [10, 10, 0, 3]
			.into_iter()
			.map(|tokens| Lane::of(&sources, vec![Item::Run(tokens)]))
			.collect();

		let events = credit(&lanes).unwrap();

		let steps = events.iter().map(|events| {
			let pools = events.lane.pools.iter();
			pools.map(|pool| (pool.raised, pool.carry_before, pool.carry_after)).collect::<Vec<_>>()
		});
		let expected: [Vec<_>; 4] = [vec![(1, 0, 3)], vec![(1, 3, 6)], vec![], vec![(1, 6, 2)]];
		assert_eq!(steps.collect::<Vec<_>>(), expected);
	});
}

#[test]
fn what_a_contribution_earns_after_it_was_slashed_is_the_protocols() {
	run(|| {
		let datanet = datanet_with(true, 10);
		let ids = [accepted(&ALICE, datanet, 1), accepted(&BOB, datanet, 1)];
		let release = publish(datanet);
		let sources = [fixed(datanet, release, 1)];
		let lane = || Lane::of(&sources, vec![call(1_000, &[(ids[0], 10_000)])]);
		credit_one(lane());
		pass(1);
		slash(ids[0]);
		Recorded::take();

		// Agreed on before the verdict, and settled after it; and agreed on with it. The release gets no more.
		let events = credit(&[lane().agreed_in(1), lane()]).unwrap();
		for events in &events {
			assert_eq!(direct(events), [vec![(500, 0)]]);
			assert_eq!(pools(events), [(datanet, release, 500)]);
		}
		assert_eq!(SlashedEarnings::<Test>::get(ids[0]), 900);
		// What it had earned before is its contributor's still: of the call, and of its release.
		let kept = 450 + 225;
		assert_eq!(DirectEarnings::<Test>::get(ids[0]), kept);

		let releases = || frame_support::BoundedVec::truncate_from(vec![release]);
		assert_ok!(DataAttribution::claim(signed(&ALICE), ids[0], releases()));
		assert_ok!(DataAttribution::sweep_slashed(signed(&BOB), ids[0], releases()));
		let pooled = (450 + 450) / 2;
		System::assert_last_event(
			crate::Event::SlashedSwept {
				contribution: ids[0],
				datanet,
				direct: 900,
				releases: vec![release_payout(release, 1, 225, 225 + pooled)],
				amount: 900 + pooled,
			}
			.into(),
		);
		let recorded = vec![(ALICE, Role::Data, kept), (PROTOCOL, Role::Protocol, 900 + pooled)];
		assert_eq!(Recorded::get(), recorded);
		assert!(!SlashedEarnings::<Test>::contains_key(ids[0]));
		assert_noop!(
			DataAttribution::sweep_slashed(signed(&BOB), ids[0], releases()),
			Error::<Test>::NothingToClaim
		);
		// A sweep needs no release.
		credit_one(lane().agreed_in(1));
		assert_ok!(DataAttribution::sweep_slashed(signed(&BOB), ids[0], Default::default()));
	});
}

#[test]
fn nothing_is_credited_for_nothing() {
	run(|| {
		assert_ok!(credit_resolved(&[]), vec![]);
		let (datanet, release, ids) = released(&[(ALICE, 1)]);
		let sources = [fixed(datanet, release, 1)];
		let free = Lane::of(&sources, vec![call(0, &[(ids[0], 10_000)]), Item::Run(0)]);
		let before = sp_io::storage::root(sp_runtime::StateVersion::V1);
		// Nor are there any sources where no data is paid.
		for sources in [resolve(&sources, 1).unwrap().sources, vec![]] {
			let credits = credit_resolved(&[(free.clone(), sources)]).unwrap();
			let nothing = LaneCredit { direct: vec![Default::default(); 2], pools: vec![] };
			assert_eq!(credits, [nothing]);
		}
		assert_eq!(sp_io::storage::root(sp_runtime::StateVersion::V1), before);
	});
}

#[test]
fn what_cannot_be_credited_whole_is_not_credited_at_all() {
	run(|| {
		let (datanet, release, ids) = released(&[(ALICE, 2)]);
		let sources = [fixed(datanet, release, 1)];
		let resolved = resolve(&sources, 1).unwrap().sources;
		let with = |items| (Lane::of(&sources, items), resolved.clone());
		let fails = |lane| credit_resolved(&[with(vec![Item::Run(9)]), lane]);

		let unknown = vec![ResolvedSource { release: 9, ..resolved[0].clone() }];
		let (lane, _) = with(vec![Item::Run(1)]);
		assert_noop!(fails((lane.clone(), unknown)), Error::<Test>::UnknownRelease);
		assert_noop!(fails((lane, vec![])), Error::<Test>::NoPayableSource);

		let twice = [(ids[0], 5_000), (ids[0], 5_001)];
		for entries in [&twice[..], &[(ids[0], 10_001)], &[(99, 10_000), (ids[0], 1)]] {
			let lane = with(vec![call(100, entries)]);
			assert_noop!(fails(lane), Error::<Test>::AttributionAboveWhole);
		}
		let many = [(ids[0], 1); 17];
		let (mut lane, sources) = with(vec![call(1_000_000, &many)]);
		assert_noop!(fails((lane.clone(), sources.clone())), Error::<Test>::AttributionTooLong);

		lane.items = vec![Item::Run(2)];
		lane.per_token = Balance::MAX / 2;
		assert_noop!(fails((lane, sources)), ArithmeticError::Overflow);
	});
}
