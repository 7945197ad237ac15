//! The distribution of charges.
//!
//! All calls of a lane are paid as of one block: by the price and policy that its agreement names, with the
//! protocol's share, the owners and the releases of that block. A node that charges its own price pays the
//! difference to the list price itself: everybody else is paid by that.
//!
//! The lanes of an extrinsic are added up together before anything is paid, whatever their models: each
//! recipient is paid once, each model's totals are raised once, and data is credited once. So one more call
//! costs its arithmetic only.

use crate::{
	dues::{Dues, LaneSums},
	pallet::*,
	totals,
};
use alloc::{collections::BTreeMap, vec, vec::Vec};
use frame_support::{
	ensure,
	traits::{fungible::Mutate, tokens::Preservation, Get},
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	info::ModelEarnings,
	lane::{DirectAmounts, RejectReason, SettledParts},
	split::split_own_charge,
	traits::{
		CallTerms, DataRevenue, LaneCharges, LaneCredit, LaneDue, LanePayment, LaneTerms, Resolved,
	},
	Balance, BlockNumber, ModelId,
};
use sp_runtime::{DispatchError, SaturatedConversion};

/// A lane whose charges are divided, but for the data parts.
struct Divided<'a, AccountId> {
	sums: LaneSums<'a, AccountId>,
	/// The parts of each item.
	parts: Vec<SettledParts>,
}

impl<T: Config> Pallet<T> {
	/// See [`RevenueDistributor::lane_terms`](openledger_primitives::traits::RevenueDistributor::lane_terms).
	pub(crate) fn do_lane_terms(
		call: CallTerms<T::AccountId>,
		changed_at: Option<BlockNumber>,
		as_of: BlockNumber,
	) -> Result<LaneTerms<T::AccountId>, RejectReason> {
		let shares = ProtocolShares::<T>::get();
		let block: BlockNumberFor<T> = as_of.into();
		let protocol_share = *shares.at(block).ok_or(RejectReason::TermsForgotten)?;
		let share_changes: Option<BlockNumber> =
			shares.changed_after(block).map(SaturatedConversion::saturated_into);
		let (sources, data_changes) = if call.policy.pays_data() {
			let Resolved { sources, changed_at } = T::Data::resolve(&call.sources, as_of)?;
			(sources, changed_at)
		} else {
			(Vec::new(), None)
		};
		let changed_at = [changed_at, share_changes, data_changes].into_iter().flatten().min();
		Ok(LaneTerms { call, protocol_share, sources, changed_at })
	}

	/// See
	/// [`RevenueDistributor::distribute_lanes`](openledger_primitives::traits::RevenueDistributor::distribute_lanes).
	pub(crate) fn do_distribute_lanes(
		lanes: &[LaneCharges<T::AccountId>],
	) -> Result<Vec<LanePayment>, DispatchError> {
		let protocol = T::ProtocolAccount::get();
		let mut dues = Dues::new();
		let mut models = BTreeMap::<ModelId, ModelEarnings>::new();
		let mut data: Balance = 0;
		let mut divided = Vec::with_capacity(lanes.len());
		for lane in lanes.iter() {
			let Divided { sums, parts } = Self::divide_lane(lane)?;
			let of_lane = sums.totals();
			data = data.checked_add(of_lane.data).ok_or(Error::<T>::Overflow)?;
			if !lane.items.is_empty() {
				let model = models.entry(lane.model).or_default();
				*model = totals::checked_add(model, of_lane).ok_or(Error::<T>::Overflow)?;
			}
			sums.add_dues(&mut dues, &protocol, lane.node).ok_or(Error::<T>::Overflow)?;
			divided.push(parts);
		}

		let credits = Self::credit_lanes(lanes, &divided)?;
		if data > 0 {
			let (pot, data_pot) = (Pallet::<T>::pot(), T::Data::pot());
			T::Currency::transfer(&pot, &data_pot, data, Preservation::Preserve)?;
		}
		let payments = Self::pay(&dues)?;
		for (model, sums) in models {
			ModelTotals::<T>::mutate(model, |before| totals::add(before, &sums));
		}
		if !payments.is_empty() || data > 0 {
			Self::deposit_event(Event::PaymentsMade { payments, data });
		}
		let lanes = divided.into_iter().zip(credits).map(|(parts, credit)| LanePayment {
			items: parts.into_iter().zip(credit.direct).collect(),
			pools: credit.pools,
		});
		Ok(lanes.collect())
	}

	/// Divides the charges of one lane.
	fn divide_lane<'a>(
		lane: &'a LaneCharges<'a, T::AccountId>,
	) -> Result<Divided<'a, T::AccountId>, DispatchError> {
		let LaneTerms { call, protocol_share, .. } = lane.terms;
		ensure!(call.policy.is_complete(), Error::<T>::Unsplittable);
		let mut sums = LaneSums::new(call, T::CountedCharge::get());
		let mut parts = Vec::with_capacity(lane.items.len());
		for item in &lane.items {
			let (charge, by_list) = (item.charge, item.list_charge);
			let split = split_own_charge(charge, by_list, *protocol_share, &call.policy);
			let split = split.ok_or(Error::<T>::ChargeTooLow)?;
			parts.push(sums.add(item, split).ok_or(Error::<T>::Overflow)?);
		}
		Ok(Divided { sums, parts })
	}

	/// Has the data parts credited, all at once. Returns one credit a lane; an empty one for lanes that owe nothing.
	fn credit_lanes(
		lanes: &[LaneCharges<T::AccountId>],
		divided: &[Vec<SettledParts>],
	) -> Result<Vec<LaneCredit>, DispatchError> {
		let owes = |parts: &[SettledParts]| parts.iter().any(|parts| parts.data > 0);
		let dues: Vec<_> = lanes
			.iter()
			.zip(divided)
			.filter(|(_, parts)| owes(parts))
			.map(|(lane, parts)| LaneDue {
				sources: &lane.terms.sources,
				as_of: lane.as_of,
				attributed: lane.terms.call.policy.attributed,
				items: parts
					.iter()
					.zip(&lane.items)
					.map(|(parts, item)| (parts.data, item.attribution))
					.collect(),
			})
			.collect();
		let credits = if dues.is_empty() { Vec::new() } else { T::Data::credit_lanes(&dues)? };
		ensure!(credits.len() == dues.len(), Error::<T>::NotConserved);
		for (due, credit) in dues.iter().zip(&credits) {
			ensure!(is_whole(due, credit) == Some(true), Error::<T>::NotConserved);
		}

		let mut credits = credits.into_iter();
		let of_lane = |parts: &Vec<SettledParts>| {
			if owes(parts) {
				credits.next().ok_or(Error::<T>::NotConserved.into())
			} else {
				let direct = vec![DirectAmounts::default(); parts.len()];
				Ok(LaneCredit { direct, pools: Vec::new() })
			}
		};
		divided.iter().map(of_lane).collect()
	}
}

/// Returns `true` if a credit has an entry for each item of its due, and adds up to all of it. `None` if it does not
/// fit a balance.
fn is_whole<AccountId>(due: &LaneDue<AccountId>, credit: &LaneCredit) -> Option<bool> {
	let mut left: Balance = 0;
	for ((data, _), direct) in due.items.iter().zip(&credit.direct) {
		let paid = direct.iter().map(|paid| paid.amount).try_fold(0, Balance::checked_add)?;
		left = left.checked_add(data.checked_sub(paid)?)?;
	}
	let pooled = credit.pools.iter().map(|pool| pool.amount).try_fold(0, Balance::checked_add)?;
	Some(credit.direct.len() == due.items.len() && pooled == left)
}
