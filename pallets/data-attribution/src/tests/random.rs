//! Random lives of several datanets: whatever curators, contributors, reporters, governance and
//! callers do, in whatever order, no planck is made or lost.

use crate::{
	mock::*, Accounted, AccusationReason, Accusations, ContributionStatus, Contributions,
	CuratorEarnings, Datanets, NextContributionId, Possession, Releases, RootOwner,
};
use frame_support::{
	assert_ok,
	traits::{fungible::Inspect, Get},
	BoundedVec,
};
use openledger_primitives::{
	contribution::{Submission, FORMAT_PRIVATE_STREAM},
	AccountId, Balance, BlockNumber, ContributionId, DatanetId, ReleaseId, MAX_CLAIM, OPEN,
};
use proptest::{collection::vec, prelude::*};
use sp_runtime::{DispatchError, Permill};
use std::collections::BTreeSet;

const PEOPLE: [AccountId; 5] = [ALICE, BOB, CAROL, DAVE, CURATOR];
const CONTRIBUTORS: [AccountId; 3] = [ALICE, BOB, CAROL];
const DATANETS: DatanetId = 3;

/// One thing that somebody tries. Ids may be of things that do not exist, and the wrong people may
/// try: then it must fail without a trace.
#[derive(Clone, Debug)]
enum Step {
	Submit { who: usize, datanet: DatanetId, roots: Vec<u64> },
	Reserve { who: usize, root: u64 },
	Unreserve { who: usize, root: u64 },
	Show { contribution: ContributionId, right: bool },
	Lapse { contribution: ContributionId },
	Accept { contribution: ContributionId, weight: u64 },
	SetWeight { contribution: ContributionId, weight: u64 },
	Reject { contribution: ContributionId },
	Withdraw { who: usize, contribution: ContributionId },
	Stop { contribution: ContributionId },
	TakeBond { contribution: ContributionId },
	Transfer { contribution: ContributionId, to: usize },
	Name { contribution: ContributionId, beneficiary: Option<usize> },
	Publish { datanet: DatanetId },
	Open { datanet: DatanetId, open: bool },
	Admit { datanet: DatanetId, who: usize, admit: bool },
	LowerShare { datanet: DatanetId, percent: u32 },
	HandOver { datanet: DatanetId, to: usize },
	Accuse { who: usize, contribution: ContributionId, original: Option<ContributionId> },
	Confirm { contribution: ContributionId, nth: usize },
	Contest { contribution: ContributionId, nth: usize },
	Drop { who: usize, contribution: ContributionId, nth: usize },
	Escalate { contribution: ContributionId, nth: usize },
	Suspend { contribution: ContributionId, nth: usize },
	Resolve { contribution: ContributionId, nth: Option<usize>, guilty: bool },
	TakeDown { contribution: ContributionId },
	Restore { contribution: ContributionId },
	Remove { datanet: DatanetId },
	Pay { amount: Balance, attributed: u8, named: Vec<Named>, sources: Vec<Source>, ago: u32 },
	Claim { who: usize, contribution: ContributionId, releases: Vec<ReleaseId> },
	Sweep { contribution: ContributionId, releases: Vec<ReleaseId> },
	ClaimAsCurator { who: usize },
	Pass { blocks: BlockNumber },
}

/// Contribution and weight of an attribution entry.
type Named = (ContributionId, u64);
/// Datanet, release (0 for the latest) and weight of a data source.
type Source = (DatanetId, ReleaseId, u64);

fn step() -> impl Strategy<Value = Step> {
	let who = || 0..PEOPLE.len();
	let datanet = || 0..DATANETS + 1;
	let contribution = || prop_oneof![3 => 0u64..8, 1 => 0u64..14];
	let weight = || prop_oneof![8 => 1u64..100, 1 => any::<u64>(), 1 => Just(1 << 39)];
	let releases = || prop_oneof![3 => Just(vec![1]), 1 => vec(1u32..4, 0..5)];
	let nth = || 0usize..3;
	let contributing = prop_oneof![
		8 => (contribution(), 0u8..10)
			.prop_map(|(contribution, odds)| Step::Show { contribution, right: odds > 0 }),
		2 => contribution().prop_map(|contribution| Step::Lapse { contribution }),
		6 => (who(), datanet(), vec(6u64..20, 0..4))
			.prop_map(|(who, datanet, roots)| Step::Submit { who, datanet, roots }),
		1 => (who(), 6u64..20).prop_map(|(who, root)| Step::Reserve { who, root }),
		1 => (who(), 6u64..20).prop_map(|(who, root)| Step::Unreserve { who, root }),
		1 => (who(), contribution())
			.prop_map(|(who, contribution)| Step::Withdraw { who, contribution }),
		2 => contribution().prop_map(|contribution| Step::Stop { contribution }),
		8 => contribution().prop_map(|contribution| Step::TakeBond { contribution }),
		1 => (contribution(), who())
			.prop_map(|(contribution, to)| Step::Transfer { contribution, to }),
		1 => (contribution(), proptest::option::of(who())).prop_map(
			|(contribution, beneficiary)| Step::Name { contribution, beneficiary }
		),
	];
	let curating = prop_oneof![
		8 => (contribution(), weight())
			.prop_map(|(contribution, weight)| Step::Accept { contribution, weight }),
		2 => (contribution(), weight())
			.prop_map(|(contribution, weight)| Step::SetWeight { contribution, weight }),
		1 => contribution().prop_map(|contribution| Step::Reject { contribution }),
		6 => datanet().prop_map(|datanet| Step::Publish { datanet }),
		1 => (datanet(), any::<bool>()).prop_map(|(datanet, open)| Step::Open { datanet, open }),
		1 => (datanet(), who(), any::<bool>())
			.prop_map(|(datanet, who, admit)| Step::Admit { datanet, who, admit }),
		1 => (datanet(), 0u32..30)
			.prop_map(|(datanet, percent)| Step::LowerShare { datanet, percent }),
		1 => (datanet(), who()).prop_map(|(datanet, to)| Step::HandOver { datanet, to }),
		1 => datanet().prop_map(|datanet| Step::Remove { datanet }),
	];
	let accusing = prop_oneof![
		9 => (who(), contribution(), proptest::option::of(contribution())).prop_map(
			|(who, contribution, original)| Step::Accuse { who, contribution, original }
		),
		12 => (contribution(), nth())
			.prop_map(|(contribution, nth)| Step::Confirm { contribution, nth }),
		4 => (contribution(), nth())
			.prop_map(|(contribution, nth)| Step::Contest { contribution, nth }),
		4 => (who(), contribution(), nth())
			.prop_map(|(who, contribution, nth)| Step::Drop { who, contribution, nth }),
		2 => (contribution(), nth())
			.prop_map(|(contribution, nth)| Step::Escalate { contribution, nth }),
		6 => (contribution(), nth())
			.prop_map(|(contribution, nth)| Step::Suspend { contribution, nth }),
		3 => (contribution(), proptest::option::of(nth()), any::<bool>()).prop_map(
			|(contribution, nth, guilty)| Step::Resolve { contribution, nth, guilty }
		),
		2 => contribution().prop_map(|contribution| Step::TakeDown { contribution }),
		2 => contribution().prop_map(|contribution| Step::Restore { contribution }),
	];
	let earning = prop_oneof![
		6 => (
			prop_oneof![0u128..1_000, 0u128..10 * OPEN],
			0u8..=100,
			vec((contribution(), weight()), 0..5),
			vec((datanet(), 0u32..3, weight()), 1..4),
			prop_oneof![2 => Just(0), 1 => 0u32..60],
		)
			.prop_map(|(amount, attributed, named, sources, ago)| Step::Pay {
				amount,
				attributed,
				named,
				sources,
				ago,
			}),
		4 => (who(), contribution(), releases())
			.prop_map(|(who, contribution, releases)| Step::Claim { who, contribution, releases }),
		5 => (contribution(), releases())
			.prop_map(|(contribution, releases)| Step::Sweep { contribution, releases }),
		1 => who().prop_map(|who| Step::ClaimAsCurator { who }),
		2 => (1u32..9).prop_map(|blocks| Step::Pass { blocks }),
	];
	prop_oneof![2 => contributing, 3 => curating, 4 => accusing, 5 => earning]
}

fn curator(datanet: DatanetId) -> AccountId {
	Datanets::<Test>::get(datanet).map_or(CURATOR, |entry| entry.curator().unwrap().clone())
}

fn curator_of(contribution: ContributionId) -> AccountId {
	Contributions::<Test>::get(contribution).map_or(CURATOR, |entry| curator(entry.datanet))
}

fn contributor(contribution: ContributionId) -> AccountId {
	Contributions::<Test>::get(contribution).map_or(ALICE, |entry| entry.contributor)
}

/// The first contribution from `id` on that is as wanted, so that steps that need a history are not
/// all in vain; `id` if there is none.
fn first(id: ContributionId, wanted: impl Fn(&crate::ContributionOf<Test>) -> bool) -> u64 {
	(id..NextContributionId::<Test>::get())
		.find(|id| Contributions::<Test>::get(id).is_some_and(|entry| wanted(&entry)))
		.unwrap_or(id)
}

/// The first contribution from `id` on that is accused, `id` if there is none; and one of those who have accused it.
fn accused(id: ContributionId, nth: usize) -> (ContributionId, AccountId) {
	let mut ids = id..NextContributionId::<Test>::get();
	let id = ids.find(|id| DataAttribution::is_accused(*id)).unwrap_or(id);
	let mut accusers = Accusations::<Test>::iter_key_prefix(id).collect::<Vec<_>>();
	accusers.sort();
	let accuser = nth.checked_rem(accusers.len()).map_or(DAVE, |nth| accusers[nth].clone());
	(id, accuser)
}

fn some(releases: Vec<ReleaseId>) -> BoundedVec<ReleaseId, frame_support::traits::ConstU32<16>> {
	BoundedVec::truncate_from(releases)
}

/// Takes a step, and returns what it paid into the pot, or that it failed.
fn take(step: Step) -> Result<Balance, DispatchError> {
	type Pallet = crate::Pallet<Test>;
	match step {
		Step::Submit { who, datanet, roots } => {
			// Of any format, so that some of them are never named.
			let submission = |number: &u64| match u8::try_from(number % 3).unwrap() {
				FORMAT_PRIVATE_STREAM => private_submission(*number),
				format => Submission { format, ..submission(*number) },
			};
			let submissions =
				BoundedVec::truncate_from(roots.iter().map(submission).collect::<Vec<_>>());
			Pallet::submit_contributions(signed(&PEOPLE[who]), datanet, submissions)?
		}
		Step::Reserve { who, root: number } => {
			let commitment = Pallet::commitment(root(number), &PEOPLE[who]);
			Pallet::reserve_root(signed(&PEOPLE[who]), commitment)?
		}
		Step::Unreserve { who, root: number } => {
			let commitment = Pallet::commitment(root(number), &PEOPLE[who]);
			Pallet::remove_reservation(signed(&DAVE), commitment).map_err(|error| error.error)?;
		}
		Step::Show { contribution, right } => {
			let owes = |entry: &crate::ContributionOf<Test>| {
				matches!(entry.possession, Possession::Owed(_))
			};
			let contribution = first(contribution, owes);
			let entry = Contributions::<Test>::get(contribution).filter(owes);
			let entry = entry.ok_or(crate::Error::<Test>::NothingToShow)?;
			if Pallet::drawn_leaf(contribution, &entry).is_none() {
				pass(DrawDelay::get());
			}
			let number = (0..20).find(|number| {
				[root(*number), private_submission(*number).root].contains(&entry.root)
			});
			show(contribution, number.unwrap_or_default() + u64::from(!right))?
		}
		Step::Lapse { contribution } => {
			let pending = |status| status == ContributionStatus::Pending;
			let contribution = first(contribution, |entry| pending(entry.status));
			Pallet::lapse_contribution(signed(&DAVE), contribution)?
		}
		Step::Accept { contribution, weight } => {
			Pallet::accept_contribution(signed(&curator_of(contribution)), contribution, weight)?
		}
		Step::SetWeight { contribution, weight } => {
			Pallet::set_weight(signed(&curator_of(contribution)), contribution, weight)?
		}
		Step::Reject { contribution } => {
			Pallet::reject_contribution(signed(&curator_of(contribution)), contribution)?
		}
		Step::Withdraw { who, contribution } => {
			Pallet::withdraw_contribution(signed(&PEOPLE[who]), contribution)?
		}
		Step::Stop { contribution } => {
			Pallet::stop_contribution(signed(&contributor(contribution)), contribution)?
		}
		Step::TakeBond { contribution } => {
			let stopped = |status| matches!(status, ContributionStatus::Stopped(_));
			let contribution = first(contribution, |entry| stopped(entry.status));
			Pallet::withdraw_bond(signed(&contributor(contribution)), contribution)?
		}
		Step::Transfer { contribution, to } => Pallet::transfer_contribution(
			signed(&contributor(contribution)),
			contribution,
			PEOPLE[to].clone(),
		)?,
		Step::Name { contribution, beneficiary } => Pallet::set_beneficiary(
			signed(&contributor(contribution)),
			contribution,
			beneficiary.map(|who| PEOPLE[who].clone()),
		)?,
		Step::Publish { datanet } => Pallet::publish_release(signed(&curator(datanet)), datanet)?,
		Step::Open { datanet, open } => Pallet::set_open(signed(&curator(datanet)), datanet, open)?,
		Step::Admit { datanet, who, admit } => {
			let (origin, account) = (signed(&curator(datanet)), PEOPLE[who].clone());
			match admit {
				true => Pallet::allow_contributor(origin, datanet, account)?,
				false => Pallet::disallow_contributor(origin, datanet, account)?,
			}
		}
		Step::LowerShare { datanet, percent } => Pallet::lower_curator_share(
			signed(&curator(datanet)),
			datanet,
			Permill::from_percent(percent),
		)?,
		Step::HandOver { datanet, to } => {
			Pallet::offer_curator(signed(&curator(datanet)), datanet, PEOPLE[to].clone())?;
			Pallet::accept_curator(signed(&PEOPLE[to]), datanet, ENDOWMENT)?;
		}
		Step::Accuse { who, contribution, original } => {
			// Of a duplicate of the one that has its root, if there is one.
			let root = Contributions::<Test>::get(contribution).map(|entry| entry.root);
			let owner =
				root.and_then(RootOwner::<Test>::get).filter(|owner| *owner != contribution);
			let reason =
				owner.or(original).map_or(AccusationReason::Fraud, AccusationReason::Duplicate);
			Pallet::accuse_contribution(signed(&PEOPLE[who]), contribution, reason)?
		}
		Step::Confirm { contribution, nth } => {
			let (contribution, accuser) = accused(contribution, nth);
			Pallet::confirm_accusation(signed(&curator_of(contribution)), contribution, accuser)?
		}
		Step::Contest { contribution, nth } => {
			let (contribution, accuser) = accused(contribution, nth);
			Pallet::contest_accusation(signed(&contributor(contribution)), contribution, accuser)?
		}
		Step::Drop { who, contribution, nth } => {
			let (contribution, accuser) = accused(contribution, nth);
			Pallet::drop_accusation(signed(&PEOPLE[who]), contribution, accuser)?
		}
		Step::Escalate { contribution, nth } => {
			let (contribution, accuser) = accused(contribution, nth);
			Pallet::escalate_accusation(signed(&accuser), contribution)?
		}
		Step::Suspend { contribution, nth } => {
			let (contribution, accuser) = accused(contribution, nth);
			pass(ContestPeriod::get());
			Pallet::suspend_contribution(signed(&DAVE), contribution, accuser)?
		}
		Step::Resolve { contribution, nth, guilty } => {
			let (contribution, accuser) = accused(contribution, nth.unwrap_or_default());
			let (root, accuser) = (RuntimeOrigin::root(), nth.map(|_| accuser));
			Pallet::resolve_accusation(root, contribution, accuser, guilty)
				.map_err(|error| error.error)?;
		}
		Step::TakeDown { contribution } => {
			Pallet::take_down(RuntimeOrigin::root(), contribution).map_err(|error| error.error)?;
		}
		Step::Restore { contribution } => {
			let contribution = first(contribution, |entry| entry.taken_down.is_some());
			Pallet::restore(RuntimeOrigin::root(), contribution).map_err(|error| error.error)?;
		}
		Step::Remove { datanet } => Pallet::remove_datanet(signed(&curator(datanet)), datanet)?,
		Step::Pay { amount, attributed, named, sources, ago } => {
			let sources = sources
				.into_iter()
				.map(|(datanet, release, weight)| match release {
					0 => latest(datanet, weight),
					_ => fixed(datanet, release, weight),
				})
				.collect::<Vec<_>>();
			let attributed = Permill::from_percent(attributed.into());
			let as_of = System::block_number().saturating_sub(ago);
			pay_as_of(as_of, amount, attributed, &named, &sources)?;
			return Ok(amount);
		}
		Step::Claim { who, contribution, releases } => {
			Pallet::claim_for(signed(&PEOPLE[who]), contribution, some(releases))
				.map_err(|error| error.error)?;
		}
		Step::Sweep { contribution, releases } => {
			let contribution = first(contribution, |entry| entry.is_forfeited());
			Pallet::sweep_slashed(signed(&DAVE), contribution, some(releases))
				.map_err(|error| error.error)?;
		}
		Step::ClaimAsCurator { who } => {
			Pallet::claim_curator(signed(&PEOPLE[who])).map_err(|error| error.error)?;
		}
		Step::Pass { blocks } => pass(blocks),
	}
	Ok(0)
}

/// Claims everything that there is to claim, in full pages of releases.
fn claim_all() {
	for id in 0..NextContributionId::<Test>::get() {
		let Some(entry) = Contributions::<Test>::get(id) else { continue };
		let latest = Datanets::<Test>::get(entry.datanet).unwrap().latest_release;
		let releases = (1..=latest).collect::<Vec<_>>();
		for page in releases.chunks(MAX_CLAIM as usize) {
			let _ = DataAttribution::claim(signed(&entry.contributor), id, some(page.to_vec()));
			let _ = DataAttribution::sweep_slashed(signed(&DAVE), id, some(page.to_vec()));
		}
	}
	let curators = CuratorEarnings::<Test>::iter_keys().map(|(curator, _)| curator);
	for curator in curators.collect::<BTreeSet<_>>() {
		assert_ok!(DataAttribution::claim_curator_for(signed(&DAVE), curator));
	}
}

fn wealth() -> Balance {
	PEOPLE.iter().chain([&PROTOCOL]).map(Balances::total_balance).sum()
}

fn state_root() -> Vec<u8> {
	sp_io::storage::root(sp_runtime::StateVersion::V1)
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(128))]

	#[test]
	fn no_planck_is_made_or_lost(steps in vec(step(), 1..160)) {
		new_test_ext().execute_with(|| {
			BondLockPeriod::set(12);
			ReservationPeriod::set(8);
			RootClaimPeriod::set(8);
			PendingPeriod::set(12);
			HistoryPeriod::set(40);
			for number in 0..DATANETS {
				let datanet = datanet_with(true, number * 10);
				accepted(&ALICE, datanet, 7);
				accepted(&BOB, datanet, 5);
				publish(datanet);
			}
			for who in [ALICE, CAROL] {
				submitted(&who, 0);
			}
			let wealth_before = wealth();
			let mut paid = 0;
			for step in steps {
				let before = state_root();
				let text = format!("{step:?}");
				match frame_support::storage::with_storage_layer(|| take(step)) {
					Ok(amount) => paid += amount,
					Err(_) => assert_eq!(before, state_root(), "{text} failed with a trace"),
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
fn people_can_afford_the_random_steps() {
	// So few steps fail for want of OPEN: 160 at most, of which few submit three contributions.
	assert!(ENDOWMENT >= 500 * <ContributionBond as Get<Balance>>::get());
}
