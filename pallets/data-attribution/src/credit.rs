//! Crediting the data parts of a batch of charges.
//!
//! A batch is credited as of one block: what was the current release then, who was the curator, and which
//! contributions could be named. A settlement credits as of its own block.

use crate::{
	batch::{divide, Batch, Share},
	Config, Datanets, Error, Pallet,
};
use alloc::{
	collections::{btree_map::Entry, BTreeMap},
	vec::Vec,
};
use frame_support::BoundedVec;
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	attribution::{DataSources, ReleaseSelector},
	record::{DataPayment, DirectPayment, PoolPayment},
	split::part_of,
	traits::DataDue,
	Balance, ContributionId, DatanetId, ReleaseId, Weight,
};
use sp_runtime::{traits::Zero, ArithmeticError, DispatchError};

/// Unique among a model's sources, so that it decides who gets the odd planck whatever the order of
/// the sources.
type SourceKey = (DatanetId, ReleaseSelector);

/// The releases that the sources of a charge lead to.
struct Plan<'a> {
	sources: &'a DataSources,
	/// The sources that lead to a published release.
	shares: Vec<(SourceKey, Weight)>,
	/// The position of each one's release among the batch's pools.
	pools: Vec<usize>,
}

/// Facts of a datanet that a batch has to know.
struct Curation<AccountId> {
	curator: AccountId,
	/// The release that sources without a number lead to.
	current_release: ReleaseId,
}

/// An attribution entry that counts.
#[derive(Clone, Copy)]
struct Valid {
	contribution: ContributionId,
	weight: Weight,
	share: Share,
}

/// Charges that are credited as of one block.
struct Charges<'a, T: Config> {
	as_of: BlockNumberFor<T>,
	plans: Vec<Plan<'a>>,
	datanets: BTreeMap<DatanetId, Option<Curation<T::AccountId>>>,
	batch: Batch<T>,
}

impl<T: Config> Pallet<T> {
	/// See [`DataRevenue::credit`](openledger_primitives::traits::DataRevenue::credit): pays what was in force
	/// in block `as_of`.
	pub(crate) fn do_credit(
		as_of: BlockNumberFor<T>,
		dues: &[DataDue],
	) -> Result<Vec<DataPayment>, DispatchError> {
		let mut charges = Charges::<T> {
			as_of,
			plans: Vec::new(),
			datanets: BTreeMap::new(),
			batch: Batch::new(),
		};
		let payments = dues.iter().map(|due| charges.pay(due)).collect::<Result<Vec<_>, _>>()?;
		charges.batch.write()?;
		Ok(payments)
	}
}

impl<'a, T: Config> Charges<'a, T> {
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
		self.batch.count(due.amount)?;
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
			if let Some(position) = self.batch.pool(datanet, release) {
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
		let plan = self.plans.get(plan).ok_or(Error::<T>::NoPayableSource)?;
		let mut valid = Vec::<Valid>::with_capacity(due.attribution.len());
		// As the calls without attribution, what does not count takes its part from what does: naming
		// nonsense next to a contribution does not make that one earn more.
		let mut not_direct = due.unattributed;
		for entry in due.attribution.iter().filter(|entry| !entry.weight.is_zero()) {
			let (contribution, weight) = (entry.contribution, entry.weight);
			match self.batch.share(contribution, self.as_of, &plan.pools) {
				Some(share) => valid.push(Valid { contribution, weight, share }),
				None => not_direct = not_direct.saturating_add(weight),
			}
		}
		valid.sort_by_key(|entry| entry.contribution);
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
		shares.extend(valid.iter().map(|entry| (Some(entry.contribution), entry.weight)));
		if !not_direct.is_zero() {
			shares.push((None, not_direct));
		}
		let parts = divide(part_of(due.amount, due.attributed), &shares)?;
		let mut payments = Vec::with_capacity(valid.len());
		for (Valid { contribution, share, .. }, amount) in valid.into_iter().zip(parts) {
			if amount.is_zero() {
				continue;
			}
			let (datanet, curator) = self.batch.pay_directly(share, amount)?;
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
			if !amount.is_zero() {
				payments.push(self.batch.pay_pool(*position, amount)?);
			}
		}
		for payment in &payments {
			self.owe_curator(payment.datanet, payment.curator)?;
		}
		Ok(payments)
	}

	/// Owes the curator of a datanet a part of what it earns.
	fn owe_curator(&mut self, datanet: DatanetId, amount: Balance) -> Result<(), DispatchError> {
		if amount.is_zero() {
			return Ok(());
		}
		let curation = self.datanet(datanet)?.ok_or(Error::<T>::UnknownDatanet)?;
		let curator = curation.curator.clone();
		self.batch.owe_curator(&curator, datanet, amount)
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
}
