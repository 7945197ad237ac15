//! What must be true of datanets and their money between any two blocks.

use crate::{
	Accounted, Claimed, Config, Contribution, ContributionStatus, Contributions, ContributionsOf,
	Datanet, Datanets, DirectEarnings, HoldReason, NextContributionId, NextDatanetId, Pallet,
	Release, Releases, RootOwner, MAX_TOTAL_WEIGHT,
};
use alloc::collections::BTreeMap;
use frame_support::{
	ensure,
	traits::fungible::{Inspect, InspectHold},
};
use openledger_primitives::{Balance, ContributionId, DatanetId, ReleaseId, Weight};
use sp_runtime::TryRuntimeError;

/// What re-adding all contributions gives for one release.
#[derive(Default, PartialEq, Eq)]
struct Sum {
	total_weight: Weight,
	contributions: u32,
	owed: Balance,
}

/// By datanet and release, the release after the newest included.
type Sums = BTreeMap<(DatanetId, ReleaseId), Sum>;

impl<T: Config> Pallet<T> {
	/// Checks that ids, roots and indices fit together, that each release is the sum of its
	/// contributions, that deposits and bonds are held, and that every planck that was credited is
	/// either claimed or in the pot.
	///
	/// # Errors
	/// With the first thing that is wrong.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let sums = Self::check_contributions()?;
		Self::check_datanets(&sums)?;
		let pools = Self::check_releases(&sums)?;
		Self::check_money(pools)
	}

	/// Re-adds the contributions.
	fn check_contributions() -> Result<Sums, TryRuntimeError> {
		let mut sums = Sums::new();
		let mut bonds = BTreeMap::<T::AccountId, Balance>::new();
		let mut count = 0usize;
		let next = NextContributionId::<T>::get();
		for (id, contribution) in Contributions::<T>::iter() {
			ensure!(id < next, "a contribution's id was not given out");
			ensure!(
				RootOwner::<T>::get(contribution.root) == Some(id),
				"a contribution does not own its root"
			);
			ensure!(
				ContributionsOf::<T>::contains_key(&contribution.contributor, id.to_be_bytes()),
				"a contribution is not in its contributor's index"
			);
			Self::check_checkpoints(&contribution)?;
			Self::add_to_sums(id, &contribution, &mut sums)?;
			let bond = bonds.entry(contribution.contributor).or_default();
			*bond = bond.checked_add(contribution.bond).ok_or("bonds overflow")?;
			count = count.saturating_add(1);
		}
		ensure!(RootOwner::<T>::iter_keys().count() == count, "a root without a contribution");
		ensure!(
			ContributionsOf::<T>::iter_keys().count() == count,
			"an index entry without a contribution"
		);
		for id in DirectEarnings::<T>::iter_keys() {
			ensure!(Contributions::<T>::contains_key(id), "earnings without a contribution");
		}
		let reason = HoldReason::Contribution.into();
		for (contributor, bond) in bonds {
			let held = T::Currency::balance_on_hold(&reason, &contributor);
			ensure!(held == bond, "a contributor's hold differs from the bonds");
		}
		Ok(sums)
	}

	fn check_checkpoints(contribution: &Contribution<T::AccountId>) -> Result<(), TryRuntimeError> {
		let pending = contribution.status == ContributionStatus::Pending;
		ensure!(
			pending == contribution.checkpoints.is_empty(),
			"exactly accepted contributions have weights"
		);
		let rising = contribution
			.checkpoints
			.iter()
			.zip(contribution.checkpoints.iter().skip(1))
			.all(|(one, next)| one.from_release < next.from_release);
		ensure!(rising, "checkpoints are out of order");
		Ok(())
	}

	/// Adds one contribution to the sums of all releases that it is part of.
	fn add_to_sums(
		id: ContributionId,
		contribution: &Contribution<T::AccountId>,
		sums: &mut Sums,
	) -> Result<(), TryRuntimeError> {
		let datanet = contribution.datanet;
		let latest =
			Datanets::<T>::get(datanet).ok_or("a contribution without a datanet")?.latest_release;
		for release in 1..=latest.saturating_add(1) {
			let weight = contribution.weight_at(release);
			if weight == 0 {
				continue;
			}
			let sum = sums.entry((datanet, release)).or_default();
			sum.total_weight = sum.total_weight.checked_add(weight).ok_or("weights overflow")?;
			sum.contributions = sum.contributions.saturating_add(1);
			if let Some(state) = Releases::<T>::get(datanet, release) {
				let owed = Self::owed(id, contribution, release, &state)
					.ok_or("a contribution claimed more than it earned")?;
				sum.owed = sum.owed.checked_add(owed).ok_or("what is owed overflows")?;
			}
		}
		Ok(())
	}

	/// Compares what the datanets keep for their next releases with the contributions.
	fn check_datanets(sums: &Sums) -> Result<(), TryRuntimeError> {
		let mut deposits = BTreeMap::<T::AccountId, Balance>::new();
		let next_id = NextDatanetId::<T>::get();
		let nothing = Sum::default();
		for (id, datanet) in Datanets::<T>::iter() {
			ensure!(id < next_id, "a datanet's id was not given out");
			let Datanet { curator, deposit, latest_release, .. } = datanet;
			let next = sums.get(&(id, latest_release.saturating_add(1))).unwrap_or(&nothing);
			ensure!(next.total_weight == datanet.next_total_weight, "a datanet's weight is wrong");
			ensure!(next.contributions == datanet.next_contributions, "a datanet's count is wrong");
			ensure!(next.total_weight <= MAX_TOTAL_WEIGHT, "a datanet's weight is too high");
			for release in 1..=latest_release {
				ensure!(Releases::<T>::contains_key(id, release), "a release is missing");
			}
			let sum = deposits.entry(curator).or_default();
			*sum = sum.checked_add(deposit).ok_or("deposits overflow")?;
		}
		let reason = HoldReason::Datanet.into();
		for (curator, deposit) in deposits {
			let held = T::Currency::balance_on_hold(&reason, &curator);
			ensure!(held == deposit, "a curator's hold differs from the deposits");
		}
		Ok(())
	}

	/// Compares the releases with the contributions. Returns what the releases owe in all.
	fn check_releases(sums: &Sums) -> Result<Balance, TryRuntimeError> {
		let mut all: Balance = 0;
		for (datanet, release, state) in Releases::<T>::iter() {
			let latest = Datanets::<T>::get(datanet).map_or(0, |entry| entry.latest_release);
			ensure!((1..=latest).contains(&release), "a release has no datanet");
			let sum = sums.get(&(datanet, release)).ok_or("a release without contributions")?;
			ensure!(sum.total_weight == state.total_weight, "a release's weight is wrong");
			ensure!(sum.contributions == state.contributions, "a release's count is wrong");
			let Release { index, received, total_weight, .. } = state;
			ensure!(index.carry < Balance::from(total_weight), "a release carries too much");
			let paid = index
				.per_weight
				.checked_mul(total_weight.into())
				.and_then(|paid| paid.checked_add(index.carry));
			ensure!(paid == Some(received), "a release's index is not what it received");
			all = all
				.checked_add(sum.owed)
				.and_then(|all| all.checked_add(index.carry))
				.ok_or("what is owed overflows")?;
		}
		for (contribution, release, _) in Claimed::<T>::iter() {
			let known = Contributions::<T>::get(contribution)
				.is_some_and(|entry| Releases::<T>::contains_key(entry.datanet, release));
			ensure!(known, "a claim without a release");
		}
		Ok(all)
	}

	/// Compares the pot with what it owes.
	fn check_money(owed_by_pools: Balance) -> Result<(), TryRuntimeError> {
		let owed = DirectEarnings::<T>::iter_values()
			.try_fold(owed_by_pools, |sum, direct| sum.checked_add(direct))
			.ok_or("what is owed overflows")?;
		ensure!(owed == Accounted::<T>::get(), "what is owed is not what is accounted for");
		if owed > 0 {
			let needed =
				owed.checked_add(T::Currency::minimum_balance()).ok_or("what is owed overflows")?;
			ensure!(T::Currency::balance(&Self::pot()) >= needed, "the pot cannot pay");
		}
		Ok(())
	}
}
