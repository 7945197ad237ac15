//! Crediting the data parts of a batch of charges. Everything is worked out in memory first and
//! written last: a batch either happens whole or changes nothing, and each release, contribution and
//! curator is read and written once, however many charges pay it.
//!
//! A batch is credited as of one block: what was the current release then, who was the curator, and which
//! contributions could be named. A settlement credits as of its own block.

use crate::{
	types::weight_at, Accounted, Checkpoint, Config, Contributions, CuratorEarnings, Datanets,
	DirectEarnings, Error, Pallet, Release, Releases, MAX_CHECKPOINTS,
};
use alloc::{
	collections::{btree_map::Entry, BTreeMap},
	vec,
	vec::Vec,
};
use frame_support::{traits::ConstU32, BoundedVec};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	attribution::{DataSources, ReleaseSelector},
	contribution::{is_provable, Standing},
	record::{DataPayment, DirectPayment, PoolPayment},
	split::{part_of, split_exact},
	traits::DataDue,
	Balance, ContributionId, DatanetId, ReleaseId, Weight,
};
use sp_runtime::{traits::Zero, ArithmeticError, DispatchError, Permill};

/// Unique among a model's sources, so that it decides who gets the odd planck whatever the order of
/// the sources.
type SourceKey = (DatanetId, ReleaseSelector);

/// A release that a batch may pay.
struct Pool {
	datanet: DatanetId,
	release: ReleaseId,
	state: Release,
	paid: bool,
}

/// Where the sources of a charge lead to.
struct Plan<'a> {
	sources: &'a DataSources,
	/// The sources that lead to a published release.
	shares: Vec<(SourceKey, Weight)>,
	/// The position of each one's release among the batch's pools.
	pools: Vec<usize>,
}

/// A contribution that an attribution names, if it can be paid.
struct Named {
	id: ContributionId,
	datanet: DatanetId,
	checkpoints: BoundedVec<Checkpoint, ConstU32<MAX_CHECKPOINTS>>,
	/// The batch's payments to it, in planck.
	earned: Balance,
}

/// Facts of a datanet that a batch has to know.
struct Curation<AccountId> {
	curator: AccountId,
	/// The release that sources without a number lead to.
	current_release: ReleaseId,
}

/// An attribution entry that counts.
#[derive(Clone, Copy)]
struct Share {
	contribution: ContributionId,
	/// Its position among the batch's named contributions.
	position: usize,
	weight: Weight,
	/// The curator's part.
	curator_share: Permill,
}

/// Facts known and the amounts paid so far.
struct Batch<'a, T: Config> {
	/// The block as of which it is paid.
	as_of: BlockNumberFor<T>,
	plans: Vec<Plan<'a>>,
	pools: Vec<Pool>,
	pool_positions: BTreeMap<(DatanetId, ReleaseId), Option<usize>>,
	named: Vec<Named>,
	named_positions: BTreeMap<ContributionId, Option<usize>>,
	datanets: BTreeMap<DatanetId, Option<Curation<T::AccountId>>>,
	/// The curators' earnings, by datanet, in planck.
	curators: BTreeMap<DatanetId, Balance>,
	/// The sum of all charges, in planck.
	total: Balance,
}

impl<T: Config> Pallet<T> {
	/// See [`DataRevenue::credit`](openledger_primitives::traits::DataRevenue::credit): pays what was in force
	/// in block `as_of`.
	pub(crate) fn do_credit(
		as_of: BlockNumberFor<T>,
		dues: &[DataDue],
	) -> Result<Vec<DataPayment>, DispatchError> {
		let mut batch = Batch::<T> {
			as_of,
			plans: Vec::new(),
			pools: Vec::new(),
			pool_positions: BTreeMap::new(),
			named: Vec::new(),
			named_positions: BTreeMap::new(),
			datanets: BTreeMap::new(),
			curators: BTreeMap::new(),
			total: Balance::zero(),
		};
		let payments = dues.iter().map(|due| batch.pay(due)).collect::<Result<Vec<_>, _>>()?;
		batch.write()?;
		Ok(payments)
	}
}

impl<'a, T: Config> Batch<'a, T> {
	/// Divides one charge.
	fn pay(&mut self, due: &DataDue<'a>) -> Result<DataPayment, DispatchError> {
		if due.amount.is_zero() {
			return Ok(DataPayment::default());
		}
		let plan = self.plan(due.sources)?;
		let direct = self.pay_directly(due, plan)?;
		let pooled = direct
			.iter()
			.try_fold(due.amount, |left, payment| left.checked_sub(payment.amount))
			.ok_or(ArithmeticError::Underflow)?;
		let pools = self.pay_pools(pooled, plan)?;
		self.total = self.total.checked_add(due.amount).ok_or(ArithmeticError::Overflow)?;
		Ok(DataPayment {
			direct: BoundedVec::try_from(direct).map_err(|_| Error::<T>::AttributionTooLong)?,
			pools: BoundedVec::try_from(pools).map_err(|_| ArithmeticError::Overflow)?,
		})
	}

	/// The position of the plan for these sources, which the calls of one model share.
	fn plan(&mut self, sources: &'a DataSources) -> Result<usize, DispatchError> {
		let known = self.plans.iter().rposition(|plan| plan.sources == sources);
		if let Some(known) = known {
			return Ok(known);
		}
		let mut shares = Vec::with_capacity(sources.len());
		let mut pools = Vec::with_capacity(sources.len());
		for source in sources.iter().filter(|source| !source.weight.is_zero()) {
			let datanet = source.datanet;
			let release = match source.release {
				ReleaseSelector::Fixed(release) => release,
				ReleaseSelector::Latest => match self.datanet(datanet)? {
					Some(curation) => curation.current_release,
					None => continue,
				},
			};
			if let Some(position) = self.pool(datanet, release) {
				shares.push(((datanet, source.release), source.weight));
				pools.push(position);
			}
		}
		if shares.is_empty() {
			return Err(Error::<T>::NoPayableSource.into());
		}
		let position = self.plans.len();
		self.plans.push(Plan { sources, shares, pools });
		Ok(position)
	}

	/// Divides the attributed part of a charge among the contributions that its attribution names.
	/// The part of those that are in none of its releases stays for the sources.
	fn pay_directly(
		&mut self,
		due: &DataDue,
		plan: usize,
	) -> Result<Vec<DirectPayment>, DispatchError> {
		if due.attribution.is_empty() || due.attributed.is_zero() {
			return Ok(Vec::new());
		}
		let mut valid = Vec::<Share>::with_capacity(due.attribution.len());
		// As the calls without attribution, what does not count takes its part from what does: naming
		// nonsense next to a contribution does not make that one earn more.
		let mut not_direct = due.unattributed;
		for entry in due.attribution.iter().filter(|entry| !entry.weight.is_zero()) {
			let (contribution, weight) = (entry.contribution, entry.weight);
			let position = self.named(contribution);
			let counts = position
				.and_then(|position| Some((position, self.share_of_curator(position, plan)?)));
			match counts {
				Some((position, curator_share)) => {
					valid.push(Share { contribution, position, weight, curator_share });
				}
				None => not_direct = not_direct.saturating_add(weight),
			}
		}
		valid.sort_by_key(|share| share.contribution);
		valid.dedup_by(|next, kept| {
			let same = next.contribution == kept.contribution;
			if same {
				// Entries are relative to one another, so one that is merged past the largest number
				// just stays there: an error would let one odd record sink its batch.
				kept.weight = kept.weight.saturating_add(next.weight);
			}
			same
		});
		if valid.is_empty() {
			return Ok(Vec::new());
		}
		// That part has no contribution, and stays for the sources.
		let mut shares = Vec::with_capacity(valid.len().saturating_add(1));
		shares.extend(valid.iter().map(|share| (Some(share.contribution), share.weight)));
		if !not_direct.is_zero() {
			shares.push((None, not_direct));
		}
		let parts = divide(part_of(due.amount, due.attributed), &shares)?;
		let mut payments = Vec::with_capacity(valid.len());
		for (share, amount) in valid.into_iter().zip(parts) {
			if amount.is_zero() {
				continue;
			}
			let named = self.named.get_mut(share.position).ok_or(ArithmeticError::Overflow)?;
			let curator = part_of(amount, share.curator_share);
			let rest = amount.checked_sub(curator).ok_or(ArithmeticError::Underflow)?;
			named.earned = named.earned.checked_add(rest).ok_or(ArithmeticError::Overflow)?;
			let (contribution, datanet) = (share.contribution, named.datanet);
			self.owe_curator(datanet, curator)?;
			payments.push(DirectPayment { contribution, amount, curator });
		}
		Ok(payments)
	}

	/// Divides `amount` among the sources by their weights and pays each part into its release.
	fn pay_pools(
		&mut self,
		amount: Balance,
		plan: usize,
	) -> Result<Vec<PoolPayment>, DispatchError> {
		let plan = self.plans.get(plan).ok_or(Error::<T>::NoPayableSource)?;
		let parts = divide(amount, &plan.shares)?;
		let mut payments = Vec::with_capacity(parts.len());
		for (position, amount) in plan.pools.iter().zip(parts) {
			if amount.is_zero() {
				continue;
			}
			let pool = self.pools.get_mut(*position).ok_or(Error::<T>::UnknownRelease)?;
			let Pool { datanet, release, ref mut state, ref mut paid } = *pool;
			let curator = part_of(amount, state.curator_share);
			let rest = amount.checked_sub(curator).ok_or(ArithmeticError::Underflow)?;
			let before = state.index;
			let after = before.pay(rest, state.total_weight).ok_or(ArithmeticError::Overflow)?;
			let raised = after
				.per_weight
				.checked_sub(before.per_weight)
				.ok_or(ArithmeticError::Underflow)?;
			state.received = state.received.checked_add(rest).ok_or(ArithmeticError::Overflow)?;
			state.index = after;
			*paid = true;
			payments.push(PoolPayment {
				datanet,
				release,
				amount,
				curator,
				raised,
				total_weight: state.total_weight,
				carry_before: before.carry,
				carry_after: after.carry,
			});
		}
		for payment in &payments {
			self.owe_curator(payment.datanet, payment.curator)?;
		}
		Ok(payments)
	}

	/// The curator's part of what goes straight to a contribution: that of the newest of the plan's
	/// releases that it is part of. `None` if it is part of none.
	fn share_of_curator(&self, named: usize, plan: usize) -> Option<Permill> {
		let named = self.named.get(named)?;
		let plan = self.plans.get(plan)?;
		plan.pools
			.iter()
			.filter_map(|position| self.pools.get(*position))
			.filter(|pool| {
				pool.datanet == named.datanet
					&& !weight_at(&named.checkpoints, pool.release).is_zero()
			})
			.max_by_key(|pool| pool.release)
			.map(|pool| pool.state.curator_share)
	}

	fn owe_curator(&mut self, datanet: DatanetId, amount: Balance) -> Result<(), DispatchError> {
		if !amount.is_zero() {
			let owed = self.curators.entry(datanet).or_default();
			*owed = owed.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
		}
		Ok(())
	}

	/// The position of a release, if it was published.
	fn pool(&mut self, datanet: DatanetId, release: ReleaseId) -> Option<usize> {
		match self.pool_positions.entry((datanet, release)) {
			Entry::Occupied(known) => *known.get(),
			Entry::Vacant(vacant) => {
				let position = self.pools.len();
				let state = Releases::<T>::get(datanet, release);
				let found = state.map(|state| {
					self.pools.push(Pool { datanet, release, state, paid: false });
					position
				});
				*vacant.insert(found)
			}
		}
	}

	/// The position of a contribution, if there is one that can be paid.
	fn named(&mut self, id: ContributionId) -> Option<usize> {
		match self.named_positions.entry(id) {
			Entry::Occupied(known) => *known.get(),
			Entry::Vacant(vacant) => {
				let position = self.named.len();
				let entry = Contributions::<T>::get(id);
				let payable = entry.filter(|entry| {
					is_provable(entry.format)
						&& entry.standing_at(self.as_of) == Some(Standing::Accepted)
				});
				let found = payable.map(|entry| {
					let (datanet, checkpoints) = (entry.datanet, entry.checkpoints);
					self.named.push(Named { id, datanet, checkpoints, earned: Balance::zero() });
					position
				});
				*vacant.insert(found)
			}
		}
	}

	/// The facts to know of a datanet, if there is one.
	fn datanet(
		&mut self,
		datanet: DatanetId,
	) -> Result<Option<&Curation<T::AccountId>>, DispatchError> {
		let known = match self.datanets.entry(datanet) {
			Entry::Occupied(known) => known.into_mut(),
			Entry::Vacant(vacant) => {
				let found = match Datanets::<T>::get(datanet) {
					Some(entry) => {
						let curator = entry.curator_at(self.as_of).cloned();
						let current_release = entry.current_at(self.as_of);
						Some(Curation {
							curator: curator.ok_or(Error::<T>::TermsForgotten)?,
							current_release: current_release.ok_or(Error::<T>::TermsForgotten)?,
						})
					}
					None => None,
				};
				vacant.insert(found)
			}
		};
		Ok(known.as_ref())
	}

	/// Writes everything, or nothing.
	fn write(mut self) -> Result<(), DispatchError> {
		if self.total.is_zero() {
			return Ok(());
		}
		let accounted =
			Accounted::<T>::get().checked_add(self.total).ok_or(ArithmeticError::Overflow)?;
		let mut direct = Vec::with_capacity(self.named.len());
		for named in self.named.iter().filter(|named| !named.earned.is_zero()) {
			let earned = DirectEarnings::<T>::get(named.id)
				.checked_add(named.earned)
				.ok_or(ArithmeticError::Overflow)?;
			direct.push((named.id, earned));
		}
		let mut curators = BTreeMap::<T::AccountId, Balance>::new();
		for (datanet, amount) in core::mem::take(&mut self.curators) {
			let curation = self.datanet(datanet)?.ok_or(Error::<T>::UnknownDatanet)?;
			let owed = match curators.entry(curation.curator.clone()) {
				Entry::Occupied(known) => known.into_mut(),
				Entry::Vacant(vacant) => {
					let owed = CuratorEarnings::<T>::get(vacant.key());
					vacant.insert(owed)
				}
			};
			*owed = owed.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
		}

		Accounted::<T>::put(accounted);
		for (contribution, earned) in direct {
			DirectEarnings::<T>::insert(contribution, earned);
		}
		for pool in self.pools.into_iter().filter(|pool| pool.paid) {
			Releases::<T>::insert(pool.datanet, pool.release, pool.state);
		}
		for (curator, owed) in curators {
			CuratorEarnings::<T>::insert(curator, owed);
		}
		Ok(())
	}
}

/// Divides as [`split_exact`] does, at no cost if there is nothing to divide among several.
fn divide<Key: Ord>(
	amount: Balance,
	shares: &[(Key, Weight)],
) -> Result<Vec<Balance>, DispatchError> {
	if amount.is_zero() {
		return Ok(vec![amount; shares.len()]);
	}
	if let [(_, weight)] = shares {
		if !weight.is_zero() {
			return Ok(vec![amount]);
		}
	}
	split_exact(amount, shares).ok_or(ArithmeticError::Overflow.into())
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	proptest! {
		#[test]
		fn dividing_is_the_exact_split(amount: u128, weights in proptest::collection::vec(0u64..9, 1..4)) {
			let shares: Vec<_> = weights.into_iter().enumerate().collect();
			if let Some(parts) = split_exact(amount, &shares) {
				prop_assert_eq!(divide(amount, &shares).unwrap(), parts);
			}
		}
	}
}
