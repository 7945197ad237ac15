//! A curator's decisions on contributions: accepting, rejecting, weighing. Everything is checked
//! before anything is written.

use crate::{
	Checkpoint, Config, ContributionOf, ContributionStatus, Contributions, DatanetOf, Datanets,
	Error, Event, Pallet, Possession, ReleaseLogs, MAX_CHECKPOINTS, MAX_TOTAL_WEIGHT,
};
use frame_support::{dispatch::DispatchResult, ensure, traits::Get};
use openledger_primitives::{
	contribution::Standing, history::History, ContributionId, ReleaseId, Weight,
};
use sp_runtime::{traits::Zero, ArithmeticError, DispatchError, SaturatedConversion};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_accept(
		who: &T::AccountId,
		contribution: ContributionId,
		weight: Weight,
	) -> DispatchResult {
		let (mut entry, mut datanet) = Self::curated_contribution(who, contribution)?;
		Self::ensure_decidable(&entry)?;
		Self::ensure_weight(weight)?;
		let from_release = Self::next_release(&datanet)?;
		Self::weigh(&mut entry, &mut datanet, from_release, weight)?;
		let datanet_id = entry.datanet;
		let mut log = ReleaseLogs::<T>::get(datanet_id);
		let place =
			log.append(&entry.log_leaf(contribution)).map_err(|_| Error::<T>::ReleaseLogFull)?;
		let now = frame_system::Pallet::<T>::block_number();
		entry.status = ContributionStatus::Accepted;
		entry.standing = History::new(now, Standing::Accepted);
		entry.place = Some(place);

		Contributions::<T>::insert(contribution, entry);
		Datanets::<T>::insert(datanet_id, datanet);
		ReleaseLogs::<T>::insert(datanet_id, log);
		Self::deposit_event(Event::ContributionAccepted {
			contribution,
			datanet: datanet_id,
			weight,
			from_release,
			place,
		});
		Ok(())
	}

	pub(crate) fn do_reject(who: &T::AccountId, contribution: ContributionId) -> DispatchResult {
		let (entry, _) = Self::curated_contribution(who, contribution)?;
		Self::ensure_decidable(&entry)?;
		Self::let_go(contribution, entry)?;
		Self::deposit_event(Event::ContributionRejected { contribution });
		Ok(())
	}

	pub(crate) fn do_set_weight(
		who: &T::AccountId,
		contribution: ContributionId,
		weight: Weight,
	) -> DispatchResult {
		let (mut entry, mut datanet) = Self::curated_contribution(who, contribution)?;
		ensure!(entry.status == ContributionStatus::Accepted, Error::<T>::NotAccepted);
		ensure!(entry.taken_down.is_none(), Error::<T>::TakenDown);
		Self::ensure_weight(weight)?;
		let from_release = Self::next_release(&datanet)?;
		ensure!(entry.weight_at(from_release) != weight, Error::<T>::WeightUnchanged);
		Self::weigh(&mut entry, &mut datanet, from_release, weight)?;
		// The last place is for stopping or slashing.
		ensure!(
			entry.checkpoints.len().saturated_into::<u32>() < MAX_CHECKPOINTS,
			Error::<T>::TooManyWeightChanges
		);

		let datanet_id = entry.datanet;
		Contributions::<T>::insert(contribution, entry);
		Datanets::<T>::insert(datanet_id, datanet);
		Self::deposit_event(Event::WeightSet {
			contribution,
			datanet: datanet_id,
			weight,
			from_release,
		});
		Ok(())
	}

	/// Gives a contribution a weight from the datanet's next release on, in both entries. Neither is
	/// written.
	pub(crate) fn weigh(
		contribution: &mut ContributionOf<T>,
		datanet: &mut DatanetOf<T>,
		from_release: ReleaseId,
		weight: Weight,
	) -> DispatchResult {
		let before = contribution.weight_at(from_release);
		datanet.next_total_weight = datanet
			.next_total_weight
			.checked_sub(before)
			.and_then(|others| others.checked_add(weight))
			.filter(|total| *total <= MAX_TOTAL_WEIGHT)
			.ok_or(Error::<T>::TotalWeightTooHigh)?;
		datanet.next_contributions = datanet
			.next_contributions
			.checked_sub(u32::from(!before.is_zero()))
			.and_then(|others| others.checked_add(u32::from(!weight.is_zero())))
			.ok_or(ArithmeticError::Overflow)?;
		datanet.changed = true;
		match contribution.checkpoints.last_mut() {
			Some(newest) if newest.from_release == from_release => newest.weight = weight,
			_ => contribution
				.checkpoints
				.try_push(Checkpoint { from_release, weight })
				.map_err(|_| Error::<T>::TooManyWeightChanges)?,
		}
		Ok(())
	}

	/// Checks that a contribution waits for the curator, and for nothing else: that its contributor has shown what can
	/// be shown of it.
	fn ensure_decidable(contribution: &ContributionOf<T>) -> DispatchResult {
		ensure!(contribution.status == ContributionStatus::Pending, Error::<T>::NotPending);
		ensure!(!matches!(contribution.possession, Possession::Owed(_)), Error::<T>::NotShown);
		Ok(())
	}

	/// Checks that a curator may give a contribution this weight.
	fn ensure_weight(weight: Weight) -> DispatchResult {
		ensure!(!weight.is_zero(), Error::<T>::ZeroWeight);
		ensure!(weight <= T::MaxWeight::get(), Error::<T>::WeightTooHigh);
		Ok(())
	}

	/// The contribution with its datanet, if `who` is the curator.
	pub(crate) fn curated_contribution(
		who: &T::AccountId,
		contribution: ContributionId,
	) -> Result<(ContributionOf<T>, DatanetOf<T>), DispatchError> {
		let entry = Self::contribution(contribution)?;
		let datanet = Self::curated(who, entry.datanet)?;
		Ok((entry, datanet))
	}
}
