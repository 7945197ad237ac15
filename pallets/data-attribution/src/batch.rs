//! What a batch of charges pays to data. Everything is worked out in memory first and written last: a batch either
//! happens whole or changes nothing, and each release, contribution and curator is read and written once,
//! however many charges pay it.
//!
//! Who is paid how much of a charge is not decided here: see [`lanes`](crate::lanes).

use crate::{
	types::weight_at, Accounted, Checkpoint, Config, Contributions, CuratorEarnings,
	DirectEarnings, Error, Release, Releases, SlashedEarnings, MAX_CHECKPOINTS, MAX_STANDINGS,
};
use alloc::{
	collections::{btree_map::Entry, BTreeMap},
	vec,
	vec::Vec,
};
use frame_support::{traits::ConstU32, BoundedVec};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	contribution::{is_provable, Standing},
	history::History,
	lane::PoolPayment,
	split::{part_of, split_exact},
	Balance, ContributionId, DatanetId, ReleaseId, Weight,
};
use sp_runtime::{traits::Zero, ArithmeticError, DispatchError, Permill};

/// A release that a batch may pay.
struct Pool {
	datanet: DatanetId,
	release: ReleaseId,
	state: Release,
	paid: bool,
}

/// A contribution that an attribution names, if something can be proven of it.
struct Named<BlockNumber> {
	id: ContributionId,
	datanet: DatanetId,
	checkpoints: BoundedVec<Checkpoint, ConstU32<MAX_CHECKPOINTS>>,
	standing: History<BlockNumber, Standing, ConstU32<MAX_STANDINGS>>,
	/// `true` once it was slashed, or while it is taken down: what it earns is not its contributor's.
	forfeited: bool,
	/// The batch's payments to its contributor, in planck.
	earned: Balance,
	/// What the protocol gets in its contributor's place, in planck.
	forfeits: Balance,
}

/// A contribution that is paid something.
#[derive(Clone, Copy)]
pub(crate) struct Share {
	/// Its position among the batch's contributions.
	position: usize,
	/// The position, among the releases of a charge, of the newest one that it is part of.
	pub(crate) source: usize,
	/// The curator's part, which is that release's.
	curator_share: Permill,
	/// `true` if it is the protocol's.
	forfeited: bool,
}

/// Facts known and the amounts paid so far.
pub(crate) struct Batch<T: Config> {
	pools: Vec<Pool>,
	pool_positions: BTreeMap<(DatanetId, ReleaseId), Option<usize>>,
	named: Vec<Named<BlockNumberFor<T>>>,
	named_positions: BTreeMap<ContributionId, Option<usize>>,
	/// The curators' earnings of their datanets, in planck.
	curators: BTreeMap<(T::AccountId, DatanetId), Balance>,
	/// The sum of all charges, in planck.
	total: Balance,
}

impl<T: Config> Batch<T> {
	/// A batch that has paid nothing.
	pub(crate) fn new() -> Self {
		Self {
			pools: Vec::new(),
			pool_positions: BTreeMap::new(),
			named: Vec::new(),
			named_positions: BTreeMap::new(),
			curators: BTreeMap::new(),
			total: Balance::zero(),
		}
	}

	/// The position of a release, if it was published.
	pub(crate) fn pool(&mut self, datanet: DatanetId, release: ReleaseId) -> Option<usize> {
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

	/// The share of a contribution in what is paid to those that are part of one of these releases, if calls could be
	/// attributed to it in block `as_of`. That of one that had been slashed or taken down by then is the
	/// protocol's, as it would be of one that was since: no other contribution's part is larger for that.
	pub(crate) fn share(
		&mut self,
		contribution: ContributionId,
		as_of: BlockNumberFor<T>,
		pools: &[usize],
	) -> Option<Share> {
		let position = self.named(contribution)?;
		let named = self.named.get(position)?;
		let standing = *named.standing.at(as_of)?;
		if !standing.is_attributable() {
			return None;
		}
		let forfeited = named.forfeited || standing.is_forfeited();
		let (source, pool) = pools
			.iter()
			.enumerate()
			.filter_map(|(source, pool)| Some((source, self.pools.get(*pool)?)))
			.filter(|(_, pool)| {
				pool.datanet == named.datanet
					&& !weight_at(&named.checkpoints, pool.release).is_zero()
			})
			.max_by_key(|(_, pool)| pool.release)?;
		Some(Share { position, source, curator_share: pool.state.curator_share, forfeited })
	}

	/// The position of a contribution, if there is one of which something can be proven.
	fn named(&mut self, id: ContributionId) -> Option<usize> {
		match self.named_positions.entry(id) {
			Entry::Occupied(known) => *known.get(),
			Entry::Vacant(vacant) => {
				let position = self.named.len();
				let entry = Contributions::<T>::get(id);
				let provable = entry.filter(|entry| is_provable(entry.format));
				let found = provable.map(|entry| {
					self.named.push(Named {
						id,
						datanet: entry.datanet,
						forfeited: entry.is_forfeited(),
						checkpoints: entry.checkpoints,
						standing: entry.standing,
						earned: Balance::zero(),
						forfeits: Balance::zero(),
					});
					position
				});
				*vacant.insert(found)
			}
		}
	}

	/// Pays `amount` straight to a contribution. Returns its datanet, and the curator's part, which is owed to
	/// nobody yet.
	pub(crate) fn pay_directly(
		&mut self,
		share: Share,
		amount: Balance,
	) -> Result<(DatanetId, Balance), DispatchError> {
		let named = self.named.get_mut(share.position).ok_or(Error::<T>::UnknownContribution)?;
		let curator = part_of(amount, share.curator_share);
		let rest = amount.checked_sub(curator).ok_or(ArithmeticError::Underflow)?;
		let sum = match share.forfeited {
			true => &mut named.forfeits,
			false => &mut named.earned,
		};
		*sum = sum.checked_add(rest).ok_or(ArithmeticError::Overflow)?;
		Ok((named.datanet, curator))
	}

	/// Pays `amount` into a release. The curator's part is owed to nobody yet.
	pub(crate) fn pay_pool(
		&mut self,
		position: usize,
		amount: Balance,
	) -> Result<PoolPayment, DispatchError> {
		let pool = self.pools.get_mut(position).ok_or(Error::<T>::UnknownRelease)?;
		let Pool { datanet, release, ref mut state, ref mut paid } = *pool;
		let curator = part_of(amount, state.curator_share);
		let rest = amount.checked_sub(curator).ok_or(ArithmeticError::Underflow)?;
		let before = state.index;
		let after = before.pay(rest, state.total_weight).ok_or(ArithmeticError::Overflow)?;
		let raised =
			after.per_weight.checked_sub(before.per_weight).ok_or(ArithmeticError::Underflow)?;
		state.received = state.received.checked_add(rest).ok_or(ArithmeticError::Overflow)?;
		state.index = after;
		*paid = true;
		Ok(PoolPayment {
			datanet,
			release,
			amount,
			curator,
			raised,
			total_weight: state.total_weight,
			carry_before: before.carry,
			carry_after: after.carry,
		})
	}

	/// Owes a curator a part of what a datanet earns.
	pub(crate) fn owe_curator(
		&mut self,
		curator: &T::AccountId,
		datanet: DatanetId,
		amount: Balance,
	) -> Result<(), DispatchError> {
		if !amount.is_zero() {
			let owed = self.curators.entry((curator.clone(), datanet)).or_default();
			*owed = owed.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
		}
		Ok(())
	}

	/// Counts what all that was paid of a charge must add up to.
	pub(crate) fn count(&mut self, charge: Balance) -> Result<(), DispatchError> {
		self.total = self.total.checked_add(charge).ok_or(ArithmeticError::Overflow)?;
		Ok(())
	}

	/// Writes everything, or nothing.
	pub(crate) fn write(self) -> Result<(), DispatchError> {
		if self.total.is_zero() {
			return Ok(());
		}
		let add = |before: Balance, more: Balance| {
			before.checked_add(more).ok_or(DispatchError::from(ArithmeticError::Overflow))
		};
		let accounted = add(Accounted::<T>::get(), self.total)?;
		let (mut direct, mut forfeited) = (Vec::new(), Vec::new());
		for paid in self.named {
			if !paid.earned.is_zero() {
				direct.push((paid.id, add(DirectEarnings::<T>::get(paid.id), paid.earned)?));
			}
			if !paid.forfeits.is_zero() {
				forfeited.push((paid.id, add(SlashedEarnings::<T>::get(paid.id), paid.forfeits)?));
			}
		}
		let mut curators = Vec::with_capacity(self.curators.len());
		for ((curator, datanet), owed) in self.curators {
			let owed = add(CuratorEarnings::<T>::get(&curator, datanet), owed)?;
			curators.push((curator, datanet, owed));
		}

		Accounted::<T>::put(accounted);
		for (contribution, earned) in direct {
			DirectEarnings::<T>::insert(contribution, earned);
		}
		for (contribution, earned) in forfeited {
			SlashedEarnings::<T>::insert(contribution, earned);
		}
		for pool in self.pools.into_iter().filter(|pool| pool.paid) {
			Releases::<T>::insert(pool.datanet, pool.release, pool.state);
		}
		for (curator, datanet, owed) in curators {
			CuratorEarnings::<T>::insert(curator, datanet, owed);
		}
		Ok(())
	}
}

/// Divides as [`split_exact`] does, at no cost if there is nothing to divide among several.
pub(crate) fn divide<Key: Ord>(
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
