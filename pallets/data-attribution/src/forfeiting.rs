//! Contributions whose earnings are not their contributors' any more: slashed by a verdict, for good, or taken
//! down by a court, until it says otherwise. Everything is checked before anything is written.
//!
//! Both leave the releases that are published as they are. So nobody else's share moves: what such a contribution
//! would earn is the protocol's.

use crate::{
	claims::Due, Config, ContributionOf, ContributionStatus, Contributions, DatanetOf, Datanets,
	DirectEarnings, Error, Event, HoldReason, Pallet, SlashedEarnings, MAX_CHECKPOINTS,
	MAX_STANDINGS,
};
use frame_support::{ensure, traits::Get};
use openledger_primitives::{
	contribution::Standing, history::History, split::part_of, Balance, ContributionId, Weight,
};
use sp_runtime::{traits::Zero, ArithmeticError, DispatchError, SaturatedConversion};

impl<T: Config> Pallet<T> {
	/// Slashes a contribution. What it has earned from its releases is moved to where no later payment can touch
	/// it; from then on, what they owe it belongs to the protocol. Whoever is `rewarded` gets a share of its bond.
	/// Returns how many releases were looked at.
	pub(crate) fn slash(
		contribution: ContributionId,
		mut entry: ContributionOf<T>,
		rewarded: Option<T::AccountId>,
	) -> Result<u32, DispatchError> {
		let datanet = entry.datanet;
		let mut datanet_entry = Datanets::<T>::get(datanet).ok_or(Error::<T>::UnknownDatanet)?;
		// What it was owed since a court took it down is the protocol's already.
		let (looked_at, due) = match entry.taken_down.take() {
			Some(_) => (0, Due::default()),
			None => Self::due_until_now(contribution, &entry, &datanet_entry)?,
		};
		let direct = DirectEarnings::<T>::get(contribution)
			.checked_add(due.amount)
			.ok_or(ArithmeticError::Overflow)?;
		let next = datanet_entry.latest_release.saturating_add(1);
		if !entry.weight_at(next).is_zero() {
			Self::weigh(&mut entry, &mut datanet_entry, next, 0)?;
		}
		let bond = core::mem::take(&mut entry.bond);
		let to_accuser = match &rewarded {
			Some(_) => part_of(bond, T::ReporterShare::get()),
			None => Balance::zero(),
		};
		let to_protocol = bond.checked_sub(to_accuser).ok_or(ArithmeticError::Underflow)?;
		let reason = HoldReason::Contribution;
		if let Some(accuser) = &rewarded {
			Self::forfeit(reason, &entry.contributor, accuser, to_accuser)?;
		}
		let protocol = T::ProtocolAccount::get();
		Self::forfeit(reason, &entry.contributor, &protocol, to_protocol)?;

		// So that whose it really is has it, or can submit it.
		Self::give_root_back(contribution, &entry);
		entry.status = ContributionStatus::Slashed;
		Self::stand(&mut entry, Standing::Slashed);
		Contributions::<T>::insert(contribution, entry);
		Datanets::<T>::insert(datanet, datanet_entry);
		if !direct.is_zero() {
			DirectEarnings::<T>::insert(contribution, direct);
		}
		Self::set_claimed(contribution, &due.payouts);
		Self::deposit_event(Event::ContributionSlashed {
			contribution,
			datanet,
			accuser: rewarded,
			to_accuser,
			to_protocol,
			kept: due.amount,
		});
		Ok(looked_at)
	}

	/// See [`take_down`](Pallet::take_down). Returns how many releases were looked at.
	pub(crate) fn do_take_down(contribution: ContributionId) -> Result<u32, DispatchError> {
		let mut entry = Self::accusable(contribution)?;
		ensure!(entry.taken_down.is_none(), Error::<T>::TakenDown);
		let datanet = entry.datanet;
		let mut datanet_entry = Datanets::<T>::get(datanet).ok_or(Error::<T>::UnknownDatanet)?;
		let (looked_at, due) = Self::due_until_now(contribution, &entry, &datanet_entry)?;
		let direct = DirectEarnings::<T>::get(contribution)
			.checked_add(due.amount)
			.ok_or(ArithmeticError::Overflow)?;
		let from_release = datanet_entry.latest_release.saturating_add(1);
		let weight = entry.weight_at(from_release);
		if !weight.is_zero() {
			Self::weigh(&mut entry, &mut datanet_entry, from_release, 0)?;
		}

		entry.taken_down = Some(weight);
		Self::stand(&mut entry, Standing::TakenDown);
		Contributions::<T>::insert(contribution, entry);
		Datanets::<T>::insert(datanet, datanet_entry);
		if !direct.is_zero() {
			DirectEarnings::<T>::insert(contribution, direct);
		}
		Self::set_claimed(contribution, &due.payouts);
		Self::deposit_event(Event::ContributionTakenDown {
			contribution,
			datanet,
			from_release,
			kept: due.amount,
		});
		Ok(looked_at)
	}

	/// See [`restore`](Pallet::restore). Returns how many releases were looked at.
	pub(crate) fn do_restore(contribution: ContributionId) -> Result<u32, DispatchError> {
		let mut entry = Self::accusable(contribution)?;
		let weight = entry.taken_down.take().ok_or(Error::<T>::NotTakenDown)?;
		let datanet = entry.datanet;
		let mut datanet_entry = Datanets::<T>::get(datanet).ok_or(Error::<T>::UnknownDatanet)?;
		// What it would have earned meanwhile stays the protocol's.
		let (looked_at, due) = Self::due_until_now(contribution, &entry, &datanet_entry)?;
		let forfeited = SlashedEarnings::<T>::get(contribution)
			.checked_add(due.amount)
			.ok_or(ArithmeticError::Overflow)?;
		let mut before = entry.standing.entries().iter().rev().map(|(_, standing)| *standing);
		let standing = before.find(|standing| *standing != Standing::TakenDown);
		let standing = standing.unwrap_or(Standing::Accepted);
		let now = frame_system::Pallet::<T>::block_number();
		entry
			.standing
			.set_but_last(now, standing, Self::oldest_needed())
			.map_err(|_| Error::<T>::TooManyStandings)?;
		// So that it can be taken down again, and slashed after that, with all that is remembered.
		let remembered: u32 = entry.standing.entries().len().saturated_into();
		ensure!(remembered < MAX_STANDINGS.saturating_sub(1), Error::<T>::TooManyStandings);
		Self::weigh_again(&mut entry, &mut datanet_entry, weight)?;

		Contributions::<T>::insert(contribution, &entry);
		if !forfeited.is_zero() {
			SlashedEarnings::<T>::insert(contribution, forfeited);
		}
		Self::set_claimed(contribution, &due.payouts);
		let next_weight = entry.weight_at(datanet_entry.latest_release.saturating_add(1));
		Datanets::<T>::insert(datanet, datanet_entry);
		Self::deposit_event(Event::ContributionRestored {
			contribution,
			datanet,
			next_weight,
			forfeited: due.amount,
		});
		Ok(looked_at)
	}

	/// Gives a contribution the weight back that it had before it was taken down, if it had one. If there is no room
	/// for that, because its weight has changed as often as can be, or that of others has grown too much, it
	/// stays out of later releases.
	fn weigh_again(
		entry: &mut ContributionOf<T>,
		datanet: &mut DatanetOf<T>,
		weight: Weight,
	) -> Result<(), DispatchError> {
		if weight.is_zero() {
			return Ok(());
		}
		let next = datanet.latest_release.saturating_add(1);
		let (mut again, mut changed) = (entry.clone(), datanet.clone());
		let has_room = Self::weigh(&mut again, &mut changed, next, weight).is_ok()
			&& again.checkpoints.len().saturated_into::<u32>() < MAX_CHECKPOINTS;
		if has_room {
			(*entry, *datanet) = (again, changed);
		} else {
			Self::leave_releases(entry, datanet)?;
		}
		Ok(())
	}

	/// What the releases of a contribution owe it by now, and how many of them were looked at.
	fn due_until_now(
		contribution: ContributionId,
		entry: &ContributionOf<T>,
		datanet: &DatanetOf<T>,
	) -> Result<(u32, Due), DispatchError> {
		let latest = datanet.latest_release;
		let first = entry.checkpoints.first().map_or(1, |point| point.from_release);
		let looked_at = latest.saturating_add(1).saturating_sub(first);
		let releases = (first..=latest).filter(|release| !entry.weight_at(*release).is_zero());
		Ok((looked_at, Self::due(contribution, entry, releases)?))
	}

	/// Sets how a contribution stands from now on, by a verdict or a court.
	fn stand(entry: &mut ContributionOf<T>, standing: Standing) {
		let now = frame_system::Pallet::<T>::block_number();
		if entry.standing.set(now, standing, Self::oldest_needed()).is_err() {
			// A place is kept for this. Were there none, it would not be without effect all the same.
			entry.standing = History::new(now, standing);
		}
	}
}
