//! The commitment of a release: the log of what was accepted before it.

use crate::{mock::*, Contributions, Error, NextContributionId, ReleaseLogs, Releases};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives::{
	release::{LogLeaf, ReleaseError, ReleaseLog, ReleaseProof},
	ContributionId, DatanetId, Hash, ReleaseId,
};
use std::collections::BTreeMap;

/// A log as somebody makes it who follows the chain, with all nodes.
#[derive(Default)]
struct Follower {
	log: ReleaseLog,
	nodes: BTreeMap<(u32, u32), Hash>,
}

impl Follower {
	fn add(&mut self, contribution: ContributionId, since: u64, root: Hash) -> LogLeaf {
		let leaf = LogLeaf { contribution, since, root };
		let Self { log, nodes } = self;
		log.append_visited(&leaf, |level, index, hash| {
			nodes.insert((level, index), *hash);
		})
		.unwrap();
		leaf
	}

	fn prove(&self, place: u32) -> ReleaseProof {
		let stored = |level, index| self.nodes.get(&(level, index)).copied();
		ReleaseProof::new(&self.log, place, stored).unwrap()
	}
}

fn root_of(datanet: DatanetId, release: ReleaseId) -> Hash {
	Releases::<Test>::get(datanet, release).unwrap().root
}

fn accept(contribution: ContributionId) {
	assert_ok!(DataAttribution::accept_contribution(signed(&CURATOR), contribution, 1));
}

#[test]
fn a_release_has_the_hash_over_all_that_was_accepted_before_it() {
	run(|| {
		let datanet = datanet();
		let mut follower = Follower::default();
		// In the order in which they are accepted, not in that in which they came.
		let first = submitted(&ALICE, datanet);
		pass(3);
		let second = submitted(&BOB, datanet);
		let third = submitted(&BOB, datanet);
		pass(1);
		accept(third);
		accept(first);
		follower.add(third, 4, root(third));
		follower.add(first, 1, root(first));
		let one = publish(datanet);
		assert_eq!(root_of(datanet, one), follower.log.root());

		accept(second);
		let leaf = follower.add(second, 4, root(second));
		let two = publish(datanet);
		assert_eq!(root_of(datanet, two), follower.log.root());
		assert_ne!(root_of(datanet, one), root_of(datanet, two));
		let places = [first, second, third].map(|id| Contributions::<Test>::get(id).unwrap().place);
		assert_eq!(places, [Some(1), Some(2), Some(0)]);

		// It is in the second release, and not in the first, and not from earlier than it counts.
		let proof = follower.prove(2);
		assert_eq!(proof.verify(&root_of(datanet, two), &leaf), Ok(()));
		assert_eq!(proof.verify(&root_of(datanet, one), &leaf), Err(ReleaseError::Peaks));
		let earlier = LogLeaf { since: 0, ..leaf };
		assert_eq!(proof.verify(&root_of(datanet, two), &earlier), Err(ReleaseError::Root));
		// Another datanet's log is its own.
		let other = self::datanet();
		let other = accepted(&CAROL, other, 1);
		assert_eq!(Contributions::<Test>::get(other).unwrap().place, Some(0));
	});
}

#[test]
fn a_reservation_counts_in_the_log() {
	run(|| {
		let datanet = datanet();
		let id = NextContributionId::<Test>::get();
		let commitment = DataAttribution::commitment(root(id), &ALICE);
		assert_ok!(DataAttribution::reserve_root(signed(&ALICE), commitment));
		pass(7);
		accepted(&ALICE, datanet, 1);
		let mut follower = Follower::default();
		follower.add(id, 1, root(id));
		let release = publish(datanet);
		assert_eq!(root_of(datanet, release), follower.log.root());
	});
}

#[test]
fn nothing_that_was_accepted_leaves_the_log() {
	run(|| {
		let datanet = datanet();
		let mut follower = Follower::default();
		let ids: Vec<_> = [ALICE, BOB, CAROL, DAVE, ALICE, BOB, CAROL]
			.iter()
			.map(|who| {
				let id = accepted(who, datanet, 1);
				follower.add(id, 1, root(id));
				id
			})
			.collect();
		let before = ReleaseLogs::<Test>::get(datanet);
		assert_eq!(before, follower.log);

		// One is gone before any release has it, one is stopped, one slashed, one moved, one weighs more.
		assert_ok!(DataAttribution::stop_contribution(signed(&BOB), ids[1]));
		pass(BondLockPeriod::get());
		assert_ok!(DataAttribution::withdraw_bond(signed(&BOB), ids[1]));
		assert!(!Contributions::<Test>::contains_key(ids[1]));
		assert_ok!(DataAttribution::stop_contribution(signed(&CAROL), ids[2]));
		let origin = RuntimeOrigin::root();
		assert_ok!(DataAttribution::resolve_accusation(origin, ids[3], None, true));
		assert_ok!(DataAttribution::transfer_contribution(signed(&ALICE), ids[4], DAVE));
		assert_ok!(DataAttribution::set_weight(signed(&CURATOR), ids[5], 9));
		let rejected = submitted(&BOB, datanet);
		assert_ok!(DataAttribution::reject_contribution(signed(&CURATOR), rejected));
		assert_eq!(ReleaseLogs::<Test>::get(datanet), before);

		let release = publish(datanet);
		assert_eq!(root_of(datanet, release), before.root());
		// What is not part of it has no weight in it, though it is in the log.
		let weights = [0, 2, 3, 4, 5].map(|at| {
			let entry = Contributions::<Test>::get(ids[at]).unwrap();
			entry.weight_at(release)
		});
		assert_eq!(weights, [1, 0, 0, 1, 9]);
		assert_eq!(Releases::<Test>::get(datanet, release).unwrap().contributions, 4);
	});
}

#[test]
fn what_is_gone_and_comes_again_is_in_the_log_twice() {
	run(|| {
		let datanet = datanet();
		let mut follower = Follower::default();
		let id = accepted(&ALICE, datanet, 1);
		follower.add(id, 1, root(id));
		assert_ok!(DataAttribution::stop_contribution(signed(&ALICE), id));
		pass(BondLockPeriod::get());
		assert_ok!(DataAttribution::withdraw_bond(signed(&ALICE), id));
		assert_eq!(bring(&ALICE, datanet, id), Ok(id + 1));
		accept(id + 1);
		// It does not count from when the first one did.
		follower.add(id + 1, (1 + BondLockPeriod::get()).into(), root(id));
		let release = publish(datanet);
		assert_eq!(root_of(datanet, release), follower.log.root());
		assert_eq!(Releases::<Test>::get(datanet, release).unwrap().contributions, 1);
	});
}

#[test]
fn a_log_that_is_full_takes_nothing_more() {
	new_test_ext().execute_with(|| {
		let datanet = datanet();
		let pending = submitted(&ALICE, datanet);
		let full = ReleaseLog::from_peaks(u32::MAX, &[Hash::zero(); 32]).unwrap();
		ReleaseLogs::<Test>::insert(datanet, full);
		assert_noop!(
			DataAttribution::accept_contribution(signed(&CURATOR), pending, 1),
			Error::<Test>::ReleaseLogFull
		);
	});
}
