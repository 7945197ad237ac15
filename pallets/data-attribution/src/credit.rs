//! Crediting the data part of one call. Everything is worked out first and written last, so that a
//! payment either happens whole or changes nothing.

use crate::{
	Accounted, Config, Contributions, Datanets, DirectEarnings, Error, Pallet, Release, Releases,
};
use alloc::{
	collections::{btree_map::Entry, BTreeMap},
	vec::Vec,
};
use frame_support::{ensure, BoundedVec};
use openledger_primitives::{
	attribution::{Attribution, DataSources, ReleaseSelector},
	record::{DataPayment, DirectPayment, PoolPayment},
	split::{split_data, split_exact},
	Balance, ContributionId, DatanetId, ReleaseId, Weight,
};
use sp_runtime::{traits::Zero, ArithmeticError, DispatchError, Permill};

/// A data source that leads to a published release.
struct Payable {
	/// Unique among a model's sources, so that it decides who gets the odd planck whatever the
	/// order of the sources.
	key: (DatanetId, ReleaseSelector),
	datanet: DatanetId,
	release: ReleaseId,
	weight: Weight,
}

/// The releases that a call pays, as they are before or after it.
type Pools = BTreeMap<(DatanetId, ReleaseId), Release>;

impl<T: Config> Pallet<T> {
	/// See [`DataRevenue::credit`](openledger_primitives::traits::DataRevenue::credit).
	pub(crate) fn do_credit(
		amount: Balance,
		attributed: Permill,
		attribution: &Attribution,
		sources: &DataSources,
	) -> Result<DataPayment, DispatchError> {
		if amount.is_zero() {
			return Ok(DataPayment::default());
		}
		let (payable, mut pools) = Self::payable_sources(sources);
		ensure!(!payable.is_empty(), Error::<T>::NoPayableSource);
		let accounted =
			Accounted::<T>::get().checked_add(amount).ok_or(ArithmeticError::Overflow)?;

		let (for_direct, _) = split_data(amount, attributed).ok_or(ArithmeticError::Overflow)?;
		let direct = Self::divide_directly(for_direct, attribution, &pools)?;
		let pooled = direct
			.iter()
			.try_fold(amount, |left, payment| left.checked_sub(payment.amount))
			.ok_or(ArithmeticError::Underflow)?;
		let mut earnings = Vec::with_capacity(direct.len());
		for payment in &direct {
			let earned = DirectEarnings::<T>::get(payment.contribution)
				.checked_add(payment.amount)
				.ok_or(ArithmeticError::Overflow)?;
			earnings.push((payment.contribution, earned));
		}
		let paid = Self::divide_among_pools(pooled, &payable, &mut pools)?;
		let payment = DataPayment {
			direct: BoundedVec::try_from(direct).map_err(|_| ArithmeticError::Overflow)?,
			pools: BoundedVec::try_from(paid).map_err(|_| ArithmeticError::Overflow)?,
		};

		Accounted::<T>::put(accounted);
		for (contribution, earned) in earnings {
			DirectEarnings::<T>::insert(contribution, earned);
		}
		for ((datanet, release), state) in pools {
			Releases::<T>::insert(datanet, release, state);
		}
		Ok(payment)
	}

	/// The sources that lead to a published release, and those releases.
	fn payable_sources(sources: &DataSources) -> (Vec<Payable>, Pools) {
		let mut payable = Vec::with_capacity(sources.len());
		let mut pools = Pools::new();
		for source in sources.iter().filter(|source| !source.weight.is_zero()) {
			let datanet = source.datanet;
			let release = match source.release {
				ReleaseSelector::Fixed(release) => release,
				ReleaseSelector::Latest => match Datanets::<T>::get(datanet) {
					Some(entry) => entry.latest_release,
					None => continue,
				},
			};
			if let Entry::Vacant(vacant) = pools.entry((datanet, release)) {
				let Some(state) = Releases::<T>::get(datanet, release) else { continue };
				vacant.insert(state);
			}
			let key = (datanet, source.release);
			payable.push(Payable { key, datanet, release, weight: source.weight });
		}
		(payable, pools)
	}

	/// Divides `amount` among the contributions that an attribution names, as far as they are part
	/// of one of the releases. Nothing is divided if none is.
	fn divide_directly(
		amount: Balance,
		attribution: &Attribution,
		pools: &Pools,
	) -> Result<Vec<DirectPayment>, DispatchError> {
		if amount.is_zero() {
			return Ok(Vec::new());
		}
		let mut weights = BTreeMap::<ContributionId, Weight>::new();
		for entry in attribution.iter().filter(|entry| !entry.weight.is_zero()) {
			// Entries are relative to one another, so one that is merged past the largest number
			// just stays there: an error would let one odd record sink its batch.
			if let Some(weight) = weights.get_mut(&entry.contribution) {
				*weight = weight.saturating_add(entry.weight);
			} else if Self::is_part_of(entry.contribution, pools) {
				weights.insert(entry.contribution, entry.weight);
			}
		}
		let shares: Vec<_> = weights.into_iter().collect();
		if shares.is_empty() {
			return Ok(Vec::new());
		}
		let parts = split_exact(amount, &shares).ok_or(ArithmeticError::Overflow)?;
		Ok(shares
			.into_iter()
			.zip(parts)
			.filter(|(_, amount)| !amount.is_zero())
			.map(|((contribution, _), amount)| DirectPayment { contribution, amount })
			.collect())
	}

	/// Whether a contribution has a weight in one of the releases.
	fn is_part_of(contribution: ContributionId, pools: &Pools) -> bool {
		let Some(entry) = Contributions::<T>::get(contribution) else { return false };
		pools.keys().any(|(datanet, release)| {
			*datanet == entry.datanet && !entry.weight_at(*release).is_zero()
		})
	}

	/// Divides `amount` among the sources by their weights and pays each part into its release.
	fn divide_among_pools(
		amount: Balance,
		payable: &[Payable],
		pools: &mut Pools,
	) -> Result<Vec<PoolPayment>, DispatchError> {
		let shares: Vec<_> = payable.iter().map(|source| (source.key, source.weight)).collect();
		let parts = split_exact(amount, &shares).ok_or(ArithmeticError::Overflow)?;
		let mut payments = Vec::with_capacity(parts.len());
		for (source, amount) in payable.iter().zip(parts) {
			if amount.is_zero() {
				continue;
			}
			let Payable { datanet, release, .. } = *source;
			let state = pools.get_mut(&(datanet, release)).ok_or(Error::<T>::UnknownRelease)?;
			let before = state.index;
			let after = before.pay(amount, state.total_weight).ok_or(ArithmeticError::Overflow)?;
			let raised = after
				.per_weight
				.checked_sub(before.per_weight)
				.ok_or(ArithmeticError::Underflow)?;
			state.received = state.received.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
			state.index = after;
			payments.push(PoolPayment {
				datanet,
				release,
				amount,
				raised,
				total_weight: state.total_weight,
				carry_before: before.carry,
				carry_after: after.carry,
			});
		}
		Ok(payments)
	}
}
