//! Crediting what lanes owe to the data behind their calls.
//!
//! All calls of a lane are paid as of one block, which caller and node have agreed on: out of the releases that
//! the model's sources led to then, with whoever curated them then, and straight to contributions that
//! calls could be attributed to then. Whatever becomes of any of this later, by whomever, calls that were agreed on
//! before are paid as if nothing had.
//!
//! ```text
//! data part of an item
//!    ├─ by entry: attributed share × basis points of the answer, rounded down
//!    │    (if the entry counts) ───► the contribution
//!    └─ all that is left ──────────► the releases, by the weights of their sources
//!         (of each, the curator's share to the curator of then)
//! ```
//!
//! What an entry gets depends on nothing but the answer: neither naming nonsense nor leaving others out makes
//! anybody's part larger. What came together for a release is paid into its pool once a lane.
//!
//! A contribution that was slashed or taken down, before that block or since, is paid as well, and that is the
//! protocol's, like all that it still earns: no other contribution in its release has more of it.

use crate::{
	batch::{divide, Batch, Share},
	Config, Datanets, Error, Pallet, Releases,
};
use alloc::{collections::BTreeMap, vec, vec::Vec};
use frame_support::{ensure, BoundedVec};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	attribution::{DataSources, ReleaseSelector},
	lane::{
		direct_part, AttributionShare, DirectAmount, DirectAmounts, PoolPayment, RejectReason,
		WHOLE_ANSWER,
	},
	traits::{LaneCredit, LaneDue, Resolved, ResolvedSource},
	Balance, ContributionId, DatanetId, ReleaseId, Weight,
};
use sp_runtime::{traits::Zero, ArithmeticError, DispatchError, Permill, SaturatedConversion};

/// A lane that is credited.
struct Lane<'a, T: Config> {
	sources: &'a [ResolvedSource<T::AccountId>],
	as_of: BlockNumberFor<T>,
	attributed: Permill,
	/// The position of each source's release among the batch's pools.
	pools: Vec<usize>,
	/// Keys and weights of the sources, by which each item is divided.
	weights: Vec<((DatanetId, ReleaseId), Weight)>,
	/// The contributions that were looked at: `None` for one that does not count.
	shares: BTreeMap<ContributionId, Option<Share>>,
	/// The sum for each source so far, in planck.
	pooled: Vec<Balance>,
}

impl<T: Config> Pallet<T> {
	/// See [`DataRevenue::resolve`](openledger_primitives::traits::DataRevenue::resolve).
	pub(crate) fn resolve_sources(
		sources: &DataSources,
		as_of: BlockNumberFor<T>,
	) -> Result<Resolved<T::AccountId>, RejectReason> {
		let mut datanets = BTreeMap::new();
		let mut found = BTreeMap::<(DatanetId, ReleaseId), ResolvedSource<T::AccountId>>::new();
		let mut changes = Vec::new();
		for source in sources.iter().filter(|source| !source.weight.is_zero()) {
			let datanet = source.datanet;
			let known = datanets.entry(datanet).or_insert_with(|| Datanets::<T>::get(datanet));
			let Some(entry) = known else { continue };
			let release = match source.release {
				ReleaseSelector::Fixed(release) => release,
				ReleaseSelector::Latest => {
					changes.extend(entry.current.changed_after(as_of));
					entry.current_at(as_of).ok_or(RejectReason::TermsForgotten)?
				}
			};
			if let Some(known) = found.get_mut(&(datanet, release)) {
				known.weight = known.weight.saturating_add(source.weight);
				continue;
			}
			let Some(state) = Releases::<T>::get(datanet, release) else { continue };
			changes.extend(entry.curators.changed_after(as_of));
			let curator = entry.curator_at(as_of).ok_or(RejectReason::TermsForgotten)?.clone();
			let (weight, curator_share) = (source.weight, state.curator_share);
			let resolved = ResolvedSource { datanet, release, weight, curator, curator_share };
			found.insert((datanet, release), resolved);
		}
		if found.is_empty() {
			return Err(RejectReason::NoPayableSource);
		}
		Ok(Resolved {
			sources: found.into_values().collect(),
			changed_at: changes.into_iter().min().map(SaturatedConversion::saturated_into),
		})
	}

	/// See [`DataRevenue::credit_lanes`](openledger_primitives::traits::DataRevenue::credit_lanes).
	pub(crate) fn do_credit_lanes(
		dues: &[LaneDue<T::AccountId>],
	) -> Result<Vec<LaneCredit>, DispatchError> {
		let mut batch = Batch::<T>::new();
		let mut credits = Vec::with_capacity(dues.len());
		for due in dues {
			let mut lane = Lane::<T>::new(due, &mut batch)?;
			let mut direct = Vec::with_capacity(due.items.len());
			for (data, attribution) in &due.items {
				direct.push(lane.pay_item(*data, attribution, &mut batch)?);
				batch.count(*data)?;
			}
			credits.push(LaneCredit { direct, pools: lane.pay_pools(&mut batch)? });
		}
		batch.write()?;
		Ok(credits)
	}
}

impl<'a, T: Config> Lane<'a, T> {
	/// A lane of which nothing is paid yet. Its releases are those of the due: all of them were published.
	fn new(due: &LaneDue<'a, T::AccountId>, batch: &mut Batch<T>) -> Result<Self, DispatchError> {
		let mut pools = Vec::with_capacity(due.sources.len());
		let mut weights = Vec::with_capacity(due.sources.len());
		for ResolvedSource { datanet, release, weight, .. } in due.sources {
			pools.push(batch.pool(*datanet, *release).ok_or(Error::<T>::UnknownRelease)?);
			weights.push(((*datanet, *release), *weight));
		}
		Ok(Self {
			sources: due.sources,
			as_of: due.as_of.into(),
			attributed: due.attributed,
			pooled: vec![Balance::zero(); pools.len()],
			shares: BTreeMap::new(),
			pools,
			weights,
		})
	}

	/// Pays the contributions that an item is attributed to, and puts the rest of its data part aside for the
	/// sources.
	fn pay_item(
		&mut self,
		data: Balance,
		attribution: &[AttributionShare],
		batch: &mut Batch<T>,
	) -> Result<DirectAmounts, DispatchError> {
		if data.is_zero() {
			return Ok(DirectAmounts::default());
		}
		if self.sources.is_empty() {
			return Err(Error::<T>::NoPayableSource.into());
		}
		let points = attribution.iter().map(|entry| u32::from(entry.basis_points));
		let points = points.fold(0, u32::saturating_add);
		ensure!(points <= WHOLE_ANSWER, Error::<T>::AttributionAboveWhole);
		let mut left = data;
		let mut direct = Vec::with_capacity(attribution.len());
		for entry in attribution {
			let paid = self.pay_directly(data, entry, batch)?;
			left = left.checked_sub(paid.amount).ok_or(ArithmeticError::Underflow)?;
			direct.push(paid);
		}
		if left == data {
			direct.clear();
		}
		let add = |sum: &mut Balance, part| -> Result<(), DispatchError> {
			*sum = sum.checked_add(part).ok_or(ArithmeticError::Overflow)?;
			Ok(())
		};
		match self.pooled.as_mut_slice() {
			// Most models have one source, and calls are many.
			[sum] => add(sum, left)?,
			sums => {
				for (sum, part) in sums.iter_mut().zip(divide(left, &self.weights)?) {
					add(sum, part)?;
				}
			}
		}
		Ok(BoundedVec::try_from(direct).map_err(|_| Error::<T>::AttributionTooLong)?)
	}

	/// Pays what one entry of an item's attribution is due, if it counts.
	fn pay_directly(
		&mut self,
		data: Balance,
		entry: &AttributionShare,
		batch: &mut Batch<T>,
	) -> Result<DirectAmount, DispatchError> {
		let amount = direct_part(data, self.attributed, entry.basis_points)
			.ok_or(Error::<T>::AttributionAboveWhole)?;
		if amount.is_zero() {
			return Ok(DirectAmount::default());
		}
		let (contribution, as_of, pools) = (entry.contribution, self.as_of, &self.pools);
		let share = *self
			.shares
			.entry(contribution)
			.or_insert_with(|| batch.share(contribution, as_of, pools));
		let Some(share) = share else { return Ok(DirectAmount::default()) };
		let source = self.sources.get(share.source).ok_or(Error::<T>::UnknownRelease)?;
		let (datanet, curator) = batch.pay_directly(share, amount)?;
		batch.owe_curator(&source.curator, datanet, curator)?;
		let source = u8::try_from(share.source).map_err(|_| ArithmeticError::Overflow)?;
		Ok(DirectAmount { amount, source })
	}

	/// Pays what has come together for the sources into their releases.
	fn pay_pools(self, batch: &mut Batch<T>) -> Result<Vec<PoolPayment>, DispatchError> {
		let mut payments = Vec::with_capacity(self.pools.len());
		let pooled = self.sources.iter().zip(self.pools).zip(self.pooled);
		for ((source, pool), amount) in pooled {
			if !amount.is_zero() {
				let payment = batch.pay_pool(pool, amount)?;
				batch.owe_curator(&source.curator, source.datanet, payment.curator)?;
				payments.push(payment);
			}
		}
		Ok(payments)
	}
}
