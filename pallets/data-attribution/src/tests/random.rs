//! Random lives of several datanets: whatever curators, contributors and callers do, in whatever
//! order, no planck is made or lost.

use crate::{mock::*, Accounted, Contributions, Datanets, NextContributionId, Releases};
use frame_support::{
	assert_ok,
	traits::{fungible::Inspect, Get},
	BoundedVec,
};
use openledger_primitives::{
	AccountId, Balance, ContributionId, DatanetId, ReleaseId, MAX_CLAIM, OPEN,
};
use proptest::{collection::vec, prelude::*};
use sp_runtime::Permill;

const CONTRIBUTORS: [AccountId; 3] = [ALICE, BOB, CAROL];
const DATANETS: DatanetId = 3;

/// One thing that somebody tries. Ids may be of things that do not exist, and the wrong people may
/// try: then it must fail without a trace.
#[derive(Clone, Debug)]
enum Step {
	Submit { who: usize, datanet: DatanetId, root: u64 },
	Accept { contribution: ContributionId, weight: u64 },
	Reject { contribution: ContributionId },
	Withdraw { who: usize, contribution: ContributionId },
	Publish { datanet: DatanetId },
	Pay { amount: Balance, attributed: u8, attribution: Vec<(u64, u64)>, sources: Vec<Source> },
	Claim { who: usize, contribution: ContributionId, releases: Vec<ReleaseId> },
}

/// Datanet, release (0 for the latest) and weight of a data source.
type Source = (DatanetId, ReleaseId, u64);

fn step() -> impl Strategy<Value = Step> {
	let who = || 0..CONTRIBUTORS.len();
	let datanet = || 0..DATANETS + 1;
	let contribution = || 0u64..12;
	let weight = || prop_oneof![8 => 1u64..100, 1 => any::<u64>(), 1 => Just(1 << 39)];
	prop_oneof![
		4 => (who(), datanet(), 0u64..14)
			.prop_map(|(who, datanet, root)| Step::Submit { who, datanet, root }),
		4 => (contribution(), weight())
			.prop_map(|(contribution, weight)| Step::Accept { contribution, weight }),
		1 => contribution().prop_map(|contribution| Step::Reject { contribution }),
		1 => (who(), contribution())
			.prop_map(|(who, contribution)| Step::Withdraw { who, contribution }),
		3 => datanet().prop_map(|datanet| Step::Publish { datanet }),
		6 => (
			prop_oneof![0u128..1_000, 0u128..10 * OPEN],
			0u8..=100,
			vec((contribution(), weight()), 0..5),
			vec((datanet(), 0u32..5, weight()), 0..4),
		)
			.prop_map(|(amount, attributed, attribution, sources)| Step::Pay {
				amount,
				attributed,
				attribution,
				sources,
			}),
		4 => (who(), contribution(), vec(1u32..5, 0..5))
			.prop_map(|(who, contribution, releases)| Step::Claim { who, contribution, releases }),
	]
}

/// Takes a step, and returns what it paid into the pot, or that it failed.
fn take(step: Step) -> Option<Balance> {
	let done = match step {
		Step::Submit { who, datanet, root: number } => DataAttribution::submit_contribution(
			signed(&CONTRIBUTORS[who]),
			datanet,
			root(number),
			1,
			uri(),
		),
		Step::Accept { contribution, weight } => {
			DataAttribution::accept_contribution(signed(&CURATOR), contribution, weight)
		}
		Step::Reject { contribution } => {
			DataAttribution::reject_contribution(signed(&CURATOR), contribution)
		}
		Step::Withdraw { who, contribution } => {
			DataAttribution::withdraw_contribution(signed(&CONTRIBUTORS[who]), contribution)
		}
		Step::Publish { datanet } => DataAttribution::publish_release(signed(&CURATOR), datanet),
		Step::Pay { amount, attributed, attribution, sources } => {
			let sources = sources
				.into_iter()
				.map(|(datanet, release, weight)| match release {
					0 => latest(datanet, weight),
					_ => fixed(datanet, release, weight),
				})
				.collect::<Vec<_>>();
			let attributed = Permill::from_percent(attributed.into());
			return pay(amount, attributed, &attribution, &sources).ok().map(|_| amount);
		}
		Step::Claim { who, contribution, releases } => DataAttribution::claim(
			signed(&CONTRIBUTORS[who]),
			contribution,
			BoundedVec::truncate_from(releases),
		),
	};
	done.ok().map(|()| 0)
}

/// Claims everything that there is to claim, in full pages of releases.
fn claim_all() {
	for id in 0..NextContributionId::<Test>::get() {
		let Some(entry) = Contributions::<Test>::get(id) else { continue };
		let latest = Datanets::<Test>::get(entry.datanet).unwrap().latest_release;
		let releases = (1..=latest).collect::<Vec<_>>();
		for some in releases.chunks(MAX_CLAIM as usize) {
			let some = BoundedVec::truncate_from(some.to_vec());
			let _ = DataAttribution::claim(signed(&entry.contributor), id, some);
		}
	}
}

fn wealth() -> Balance {
	CONTRIBUTORS.iter().map(Balances::total_balance).sum()
}

fn state_root() -> Vec<u8> {
	sp_io::storage::root(sp_runtime::StateVersion::V1)
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(96))]

	#[test]
	fn no_planck_is_made_or_lost(steps in vec(step(), 1..80)) {
		new_test_ext().execute_with(|| {
			for _ in 0..DATANETS {
				datanet();
			}
			let wealth_before = wealth();
			let mut paid = 0;
			for step in steps {
				let before = state_root();
				let text = format!("{step:?}");
				match take(step) {
					Some(amount) => paid += amount,
					None => assert_eq!(before, state_root(), "{text} failed with a trace"),
				}
				if let Err(error) = DataAttribution::do_try_state() {
					panic!("{text}: {error:?}");
				}
				assert_eq!(pot_balance(), EXISTENTIAL_DEPOSIT + Accounted::<Test>::get(), "{text}");
			}

			claim_all();
			assert_ok!(DataAttribution::do_try_state());
			// Nothing is left in the pot but its own deposit and what waits for the next payment.
			assert_eq!(pot_balance(), EXISTENTIAL_DEPOSIT + carried());
			assert_eq!(wealth() - wealth_before, paid - carried());
			for state in Releases::<Test>::iter_values() {
				assert!(state.index.carry < Balance::from(state.total_weight));
			}
		});
	}

	/// Claiming at every chance or once at the end pays the same.
	#[test]
	fn when_one_claims_changes_nothing(
		weights in vec(1u64..1_000, 3),
		calls in vec((0u128..10_000, any::<bool>(), 0usize..3), 1..40),
	) {
		let earned = |often: bool| {
			new_test_ext().execute_with(|| {
				let people: Vec<_> = CONTRIBUTORS.into_iter().zip(weights.clone()).collect();
				let (datanet, release, ids) = released(&people);
				let before = CONTRIBUTORS.map(|who| Balances::balance(&who));
				for (amount, attribute, who) in &calls {
					let attribution = if *attribute { vec![(ids[*who], 1)] } else { vec![] };
					let sources = [fixed(datanet, release, 1)];
					pay(*amount, Permill::from_percent(30), &attribution, &sources).unwrap();
					if often {
						let releases = BoundedVec::truncate_from(vec![release]);
						let origin = signed(&CONTRIBUTORS[*who]);
						let _ = DataAttribution::claim(origin, ids[*who], releases);
					}
				}
				claim_all();
				let after = CONTRIBUTORS.map(|who| Balances::balance(&who));
				after.iter().zip(before).map(|(after, before)| after - before).collect::<Vec<_>>()
			})
		};
		prop_assert_eq!(earned(true), earned(false));
	}
}

#[test]
fn contributors_can_afford_the_random_steps() {
	// 80 steps at most, each with a bond: so no step fails for want of OPEN.
	assert!(ENDOWMENT > 80 * <ContributionBond as Get<Balance>>::get());
}
