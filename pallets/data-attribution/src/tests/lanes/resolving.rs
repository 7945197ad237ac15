//! Which releases sources lead to in a block, with whom, and until when.

use super::*;
use crate::Datanets;
use frame_support::assert_ok;

#[test]
fn releases_are_told_in_order_with_curator_and_share() {
	run(|| {
		let one = datanet_with(true, 20);
		accepted(&ALICE, one, 1);
		publish(one);
		accepted(&BOB, one, 1);
		publish(one);
		let (other, release, _) = released(&[(CAROL, 1)]);

		let sources = [fixed(other, release, 4), fixed(one, 2, 3), latest(one, 2)];
		let resolved = resolve(&sources, System::block_number()).unwrap();

		let source = |datanet, release, weight, percent| ResolvedSource {
			datanet,
			release,
			weight,
			curator: CURATOR,
			curator_share: Permill::from_percent(percent),
		};
		let expected = vec![source(one, 1, 2, 20), source(one, 2, 3, 20), source(other, 1, 4, 0)];
		assert_eq!(resolved.sources, expected);
		// The second release of the first one is announced.
		assert_eq!(resolved.changed_at, Some(1 + ReleaseNotice::get()));
	});
}

#[test]
fn two_ways_to_one_release_add_up() {
	run(|| {
		let (datanet, release, _) = released(&[(ALICE, 1)]);
		let weight = |one, other| {
			let sources = [fixed(datanet, release, one), latest(datanet, other)];
			let resolved = resolve(&sources, 1).unwrap().sources;
			assert_eq!(resolved.len(), 1);
			resolved[0].weight
		};
		assert_eq!(weight(1, 2), 3);
		assert_eq!(weight(u64::MAX, 1), u64::MAX);
	});
}

#[test]
fn each_block_has_the_release_and_curator_that_it_had() {
	run(|| {
		let (datanet, first, _) = released(&[(ALICE, 1)]);
		let sources = [latest(datanet, 1)];
		pass(9);
		accepted(&BOB, datanet, 1);
		let second = publish(datanet);
		pass(2);
		hand_over(datanet, &CURATOR, &DAVE);
		pass(10);

		// Published in block 10, current from 15; handed over in 12.
		let expected = [
			(1, first, CURATOR, Some(12)),
			(10, first, CURATOR, Some(12)),
			(11, first, CURATOR, Some(12)),
			(12, first, DAVE, Some(15)),
			(14, first, DAVE, Some(15)),
			(15, second, DAVE, None),
			(22, second, DAVE, None),
		];
		for (block, release, curator, changed_at) in expected {
			let Resolved { sources, changed_at: told } = resolve(&sources, block).unwrap();
			assert_eq!((sources[0].release, &sources[0].curator), (release, &curator), "{block}");
			assert_eq!(told, changed_at, "{block}");
		}
		// What names a release is paid by that one, and only its curator changes.
		let fixed = [fixed(datanet, first, 1)];
		assert_eq!(releases(&fixed, 12), (vec![(datanet, first)], None));
		assert_eq!(releases(&fixed, 11), (vec![(datanet, first)], Some(12)));
	});
}

#[test]
fn a_release_that_is_passed_over_was_never_to_come() {
	run(|| {
		let (datanet, first, _) = released(&[(ALICE, 1)]);
		let sources = [latest(datanet, 1)];
		let change = || {
			Datanets::<Test>::mutate(datanet, |entry| entry.as_mut().unwrap().changed = true);
			publish(datanet)
		};
		pass(1);
		change();
		assert_eq!(releases(&sources, 2), (vec![(datanet, first)], Some(7)));
		pass(3);
		let third = change();
		for block in 1..=5 {
			assert_eq!(releases(&sources, block), (vec![(datanet, first)], Some(10)), "{block}");
		}
		pass(5);
		assert_eq!(releases(&sources, 10), (vec![(datanet, third)], None));
	});
}

#[test]
fn sources_that_lead_nowhere_leave_it_to_the_others() {
	run(|| {
		let (datanet, release, _) = released(&[(ALICE, 1)]);
		let empty = self::datanet();
		let nowhere =
			[latest(empty, 5), fixed(datanet, 9, 5), fixed(99, 1, 5), fixed(datanet, release, 0)];
		let one = [&nowhere[..], &[fixed(datanet, release, 2)]].concat();

		assert_eq!(releases(&one, 1), (vec![(datanet, release)], None));
		for sources in [&nowhere[..], &[]] {
			assert_eq!(resolve(sources, 1), Err(RejectReason::NoPayableSource));
		}
		// Once the empty one has a release, that is another answer.
		pass(3);
		accepted(&BOB, empty, 1);
		publish(empty);
		assert_eq!(releases(&one, 3), (vec![(datanet, release)], Some(4)));
		assert_eq!(releases(&one, 4), (vec![(datanet, release), (empty, 1)], None));
	});
}

#[test]
fn what_nobody_knows_any_more_is_refused() {
	run(|| {
		pass(4);
		let (datanet, first, _) = released(&[(ALICE, 1)]);
		// There was no datanet before.
		for source in [latest(datanet, 1), fixed(datanet, first, 1)] {
			assert_eq!(resolve(&[source], 4), Err(RejectReason::TermsForgotten));
			assert_ok!(resolve(&[source], 5));
		}

		pass(1);
		hand_over(datanet, &CURATOR, &DAVE);
		pass(HistoryPeriod::get());
		hand_over(datanet, &DAVE, &CURATOR);
		let source = fixed(datanet, first, 1);
		assert_eq!(resolve(&[source], 5), Err(RejectReason::TermsForgotten));
		assert_ok!(resolve(&[source], 6));
	});
}

#[cfg(feature = "runtime-benchmarks")]
#[test]
fn the_releases_of_benchmarks_have_full_histories() {
	use crate::{Contributions, MAX_CURATORS, MAX_CURRENT, MAX_STANDINGS};
	use openledger_primitives::traits::DataInspect;

	new_test_ext().execute_with(|| {
		for _ in 0..3 {
			let (datanet, release, ids) = DataAttribution::benchmark_release(2).unwrap();
			let now = System::block_number();
			let entry = Datanets::<Test>::get(datanet).unwrap();
			assert!(entry.curators.is_sound() && entry.current.is_sound());
			assert_eq!(entry.curators.entries().len(), MAX_CURATORS as usize);
			assert_eq!(entry.current.entries().len(), MAX_CURRENT as usize);
			for id in &ids {
				let standing = Contributions::<Test>::get(id).unwrap().standing;
				assert_eq!(standing.entries().len(), MAX_STANDINGS as usize);
			}
			let sources = [latest(datanet, 1)];
			assert_eq!(releases(&sources, now), (vec![(datanet, release)], None));
			let events = credit_one(Lane::of(&sources, vec![call(100, &[(ids[1], 10_000)])]));
			assert_eq!(direct(&events), [vec![(50, 0)]]);
		}
	});
}
