//! Invariants of datanets and their money between any two blocks.

mod holds;

use self::holds::add;
use crate::{
	Accounted, Claimed, Config, ContributionOf, ContributionStatus, Contributions, ContributionsOf,
	CuratorEarnings, DatanetIdByName, DatanetOf, Datanets, DirectEarnings, HoldReason,
	NextContributionId, NextDatanetId, Pallet, Release, ReleaseLogs, Releases, RootOwner,
	SlashedEarnings, MAX_TOTAL_WEIGHT,
};
use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::{ensure, traits::fungible::Inspect};
use openledger_primitives::{
	contribution::Standing,
	mountain,
	release::{release_root, ReleaseLog},
	tree, Balance, ContributionId, DatanetId, Hash, ReleaseId, Weight,
};
use sp_runtime::{traits::Zero, TryRuntimeError};

/// The sum over all contributions for one release, added anew.
#[derive(Default, PartialEq, Eq)]
struct Sum {
	total_weight: Weight,
	contributions: u32,
	owed: Balance,
}

/// By datanet and release, the release after the newest included.
type Sums = BTreeMap<(DatanetId, ReleaseId), Sum>;

/// The leaves of the datanets' logs, as the contributions have them: by place, the release from which on each was
/// accepted, and its hash.
type Logs = BTreeMap<DatanetId, BTreeMap<u32, (ReleaseId, Hash)>>;

/// Amounts that must be held, by account, in planck.
type Holds<AccountId> = BTreeMap<AccountId, Balance>;

impl<T: Config> Pallet<T> {
	/// Checks that ids, roots and indices fit together, that each release is the sum of its
	/// contributions, that logs and roots of releases are those of what was accepted, that histories are in
	/// order and say what is so, that deposits and bonds are held, to the planck, and nothing else is, and that
	/// every planck that was credited is either claimed or in the pot.
	///
	/// # Errors
	/// With the first thing that is wrong.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let (sums, logs) = Self::check_contributions()?;
		Self::check_possession()?;
		Self::check_datanets(&sums)?;
		Self::check_admissions()?;
		Self::check_accusations()?;
		Self::check_reservations()?;
		let pools = Self::check_releases(&sums)?;
		Self::check_logs(logs)?;
		Self::check_money(pools)
	}

	/// Re-adds the contributions.
	fn check_contributions() -> Result<(Sums, Logs), TryRuntimeError> {
		let (mut sums, mut logs) = (Sums::new(), Logs::new());
		let mut bonds = Holds::<T::AccountId>::new();
		let mut count = 0usize;
		let next = NextContributionId::<T>::get();
		for (id, contribution) in Contributions::<T>::iter() {
			ensure!(id < next, "a contribution's id was not given out");
			Self::check_root(id, &contribution)?;
			ensure!(
				ContributionsOf::<T>::contains_key(&contribution.contributor, id.to_be_bytes()),
				"a contribution is not in its contributor's index"
			);
			Self::check_displaced(&contribution)?;
			Self::check_checkpoints(&contribution)?;
			Self::check_standing(&contribution)?;
			if let Some(place) = contribution.place {
				let from = contribution.checkpoints.first().map_or(0, |point| point.from_release);
				let leaf = (from, contribution.log_leaf(id).hash());
				let others = logs.entry(contribution.datanet).or_default();
				ensure!(others.insert(place, leaf).is_none(), "two leaves at one place of a log");
			}
			Self::add_to_sums(id, &contribution, &mut sums)?;
			add(&mut bonds, contribution.contributor, contribution.bond)?;
			count = count.saturating_add(1);
		}
		for (root, owner) in RootOwner::<T>::iter() {
			let owner = Contributions::<T>::get(owner).ok_or("a root without a contribution")?;
			ensure!(owner.root == root, "a contribution owns another one's root");
		}
		ensure!(
			ContributionsOf::<T>::iter_keys().count() == count,
			"an index entry without a contribution"
		);
		for (id, amount) in DirectEarnings::<T>::iter() {
			ensure!(Contributions::<T>::contains_key(id), "earnings without a contribution");
			ensure!(amount > 0, "earnings of nothing are stored");
		}
		for (id, amount) in SlashedEarnings::<T>::iter() {
			// One that a court had taken down may be restored since.
			ensure!(Contributions::<T>::contains_key(id), "earnings without a contribution");
			ensure!(amount > 0, "earnings of nothing are stored");
		}
		let wrong = "a contributor's hold differs from the bonds";
		Self::check_holds(HoldReason::Contribution, bonds, wrong)?;
		Ok((sums, logs))
	}

	fn check_checkpoints(contribution: &ContributionOf<T>) -> Result<(), TryRuntimeError> {
		let pending = contribution.status == ContributionStatus::Pending;
		ensure!(
			pending == contribution.checkpoints.is_empty(),
			"exactly accepted contributions have weights"
		);
		let newest = contribution.checkpoints.last().map_or(0, |point| point.weight);
		let accepted = contribution.status == ContributionStatus::Accepted;
		ensure!(
			(accepted && contribution.taken_down.is_none()) == (newest > 0),
			"exactly accepted contributions are in the next release"
		);
		ensure!(
			contribution.taken_down.is_none_or(|weight| accepted == (weight > 0)),
			"what is taken down has another weight to come back to"
		);
		ensure!(
			contribution.status != ContributionStatus::Slashed || contribution.bond == 0,
			"a slashed contribution has a bond"
		);
		let rising = contribution
			.checkpoints
			.iter()
			.zip(contribution.checkpoints.iter().skip(1))
			.all(|(one, next)| one.from_release < next.from_release);
		ensure!(rising, "checkpoints are out of order");
		Ok(())
	}

	/// Compares whether calls may be attributed to a contribution with what has become of it.
	fn check_standing(contribution: &ContributionOf<T>) -> Result<(), TryRuntimeError> {
		let ContributionOf::<T> { status, standing, place, .. } = contribution;
		ensure!(standing.is_sound(), "a contribution's history is out of order");
		let now = frame_system::Pallet::<T>::block_number();
		let begun = standing.entries().iter().all(|(from, _)| *from <= now);
		ensure!(begun, "a contribution's standing is of a later block");
		let expected = match (status, standing.now()) {
			(ContributionStatus::Pending, newest) => {
				newest.is_none() && contribution.taken_down.is_none()
			}
			(ContributionStatus::Slashed, newest) => {
				newest == Some(&Standing::Slashed) && contribution.taken_down.is_none()
			}
			_ if contribution.taken_down.is_some() => standing.now() == Some(&Standing::TakenDown),
			(ContributionStatus::Accepted | ContributionStatus::Stopped(_), newest) => {
				matches!(newest, Some(Standing::Accepted | Standing::Withheld))
			}
		};
		ensure!(expected, "a contribution's standing is not its status");
		let mut before = standing.entries().iter().rev().skip(1);
		ensure!(
			before.all(|(_, standing)| *standing != Standing::Slashed),
			"a contribution is slashed no more"
		);
		ensure!(
			(*status == ContributionStatus::Pending) == place.is_none(),
			"exactly what was accepted has a place in a log"
		);
		Ok(())
	}

	/// Makes the datanets' logs again of the contributions, and the roots of their releases. A contribution that
	/// no release had may be gone: then only the trees without it can be compared, and the releases before it.
	fn check_logs(mut logs: Logs) -> Result<(), TryRuntimeError> {
		for (datanet, log) in ReleaseLogs::<T>::iter() {
			let entry = Datanets::<T>::get(datanet).ok_or("a log without a datanet")?;
			let leaves = logs.remove(&datanet).unwrap_or_default();
			ensure!(
				leaves.keys().all(|place| *place < log.count()),
				"a contribution has a place beyond the end of its log"
			);
			ensure!(
				ReleaseLog::from_peaks(log.count(), log.peaks()).is_some(),
				"a log has too few peaks, or too many"
			);
			for ((first, size), peak) in mountain::trees(log.count()).zip(log.peaks()) {
				let inside = leaves.range(first..first.saturating_add(size));
				let inside: Vec<_> = inside.map(|(_, (_, leaf))| *leaf).collect();
				if u32::try_from(inside.len()) == Ok(size) {
					ensure!(
						tree::root(&inside) == Some(*peak),
						"a log is not that of its contributions"
					);
				}
			}
			Self::check_roots(datanet, entry.latest_release, &log, leaves)?;
		}
		ensure!(logs.is_empty(), "a contribution is in no log");
		Ok(())
	}

	/// Makes the roots of a datanet's releases again: what was accepted before a release has its first weight
	/// from that one on, or from an earlier one.
	fn check_roots(
		datanet: DatanetId,
		latest: ReleaseId,
		log: &ReleaseLog,
		leaves: BTreeMap<u32, (ReleaseId, Hash)>,
	) -> Result<(), TryRuntimeError> {
		let gone = (0..log.count()).find(|place| !leaves.contains_key(place));
		let mut leaves = leaves.into_values().peekable();
		let mut before = tree::TreeBuilder::default();
		for release in 1..=latest {
			while let Some((_, leaf)) = leaves.next_if(|(from, _)| *from <= release) {
				before.push(leaf).map_err(|_| "a log is too long")?;
			}
			if gone.is_some_and(|gone| before.count() >= gone) {
				// Nobody knows from which release on the one that is gone was accepted.
				return Ok(());
			}
			let root = release_root(before.count(), before.peaks());
			let stored = Releases::<T>::get(datanet, release).map(|state| state.root);
			ensure!(root == stored, "a release's root is not that of the log");
		}
		Ok(())
	}

	/// Adds one contribution to the sums of all releases that it is part of.
	fn add_to_sums(
		id: ContributionId,
		contribution: &ContributionOf<T>,
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

	/// Compares what the datanets keep of their contributions, and for their next releases, with those.
	fn check_datanets(sums: &Sums) -> Result<(), TryRuntimeError> {
		let mut deposits = Holds::<T::AccountId>::new();
		let next_id = NextDatanetId::<T>::get();
		let nothing = Sum::default();
		let mut stored = BTreeMap::<DatanetId, u32>::new();
		for contribution in Contributions::<T>::iter_values() {
			let count = stored.entry(contribution.datanet).or_default();
			*count = count.saturating_add(1);
		}
		let mut count = 0usize;
		for (id, datanet) in Datanets::<T>::iter() {
			ensure!(id < next_id, "a datanet's id was not given out");
			Self::check_histories(&datanet)?;
			let curator = datanet.curator().cloned().ok_or("a datanet has no curator")?;
			let DatanetOf::<T> { name, deposit, latest_release, .. } = datanet;
			ensure!(
				DatanetIdByName::<T>::get(name) == Some(id),
				"a datanet is not to be found by its name"
			);
			let next = sums.get(&(id, latest_release.saturating_add(1))).unwrap_or(&nothing);
			ensure!(next.total_weight == datanet.next_total_weight, "a datanet's weight is wrong");
			ensure!(next.contributions == datanet.next_contributions, "a datanet's count is wrong");
			ensure!(next.total_weight <= MAX_TOTAL_WEIGHT, "a datanet's weight is too high");
			ensure!(
				stored.get(&id).copied().unwrap_or_default() == datanet.contributions,
				"a datanet miscounts its contributions"
			);
			for release in 1..=latest_release {
				ensure!(Releases::<T>::contains_key(id, release), "a release is missing");
			}
			add(&mut deposits, curator, deposit)?;
			count = count.saturating_add(1);
		}
		ensure!(DatanetIdByName::<T>::iter_keys().count() == count, "a name without a datanet");
		let wrong = "a curator's hold differs from the deposits";
		Self::check_holds(HoldReason::Datanet, deposits, wrong)
	}

	/// Checks which release sources without a number lead to, and who is the curator.
	fn check_histories(datanet: &DatanetOf<T>) -> Result<(), TryRuntimeError> {
		let now = frame_system::Pallet::<T>::block_number();
		let DatanetOf::<T> { curators, current, latest_release, .. } = datanet;
		ensure!(curators.is_sound() && current.is_sound(), "a datanet's history is out of order");
		ensure!(curators.now().is_some(), "a datanet has no curator");
		ensure!(
			curators.entries().iter().all(|(from, _)| *from <= now),
			"a datanet has a curator of a later block"
		);
		let releases = current.entries();
		ensure!(
			releases.iter().rev().skip(1).all(|(from, _)| *from <= now),
			"a datanet has several releases announced"
		);
		let rising = releases.iter().zip(releases.iter().skip(1)).all(|(one, next)| one.1 < next.1);
		ensure!(rising, "a release is announced after a later one");
		ensure!(
			current.now() == Some(latest_release),
			"the newest release is neither current nor announced"
		);
		ensure!(
			latest_release.is_zero() || datanet.current_at(now).is_some_and(|now| !now.is_zero()),
			"a datanet with releases has no current one"
		);
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

	/// Compares the pot with what it owes. It may have more: anybody can send money there.
	fn check_money(owed_by_pools: Balance) -> Result<(), TryRuntimeError> {
		for (_, datanet, amount) in CuratorEarnings::<T>::iter() {
			ensure!(Datanets::<T>::contains_key(datanet), "a curator has earned of no datanet");
			ensure!(amount > 0, "earnings of nothing are stored");
		}
		let owed = DirectEarnings::<T>::iter_values()
			.chain(SlashedEarnings::<T>::iter_values())
			.chain(CuratorEarnings::<T>::iter_values())
			.try_fold(owed_by_pools, |sum, amount| sum.checked_add(amount))
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
