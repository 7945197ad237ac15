//! The distribution of a batch of charges.

use crate::pallet::*;
use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::{
	ensure,
	traits::{
		fungible::{Inspect, Mutate},
		tokens::{Preservation, Provenance},
		Get,
	},
};
use openledger_primitives::{
	record::{CallPayment, DataPayment},
	split::split_charge,
	traits::{ChargedCall, DataRevenue, RecordEarnings, RevenueDistributor, Role},
	Balance,
};
use sp_runtime::{DispatchError, DispatchResult, Permill};

/// What a batch owes to each recipient in each role.
struct Dues<AccountId> {
	by_role: BTreeMap<(AccountId, Role), Balance>,
	data: Balance,
}

impl<AccountId: Ord + Clone> Dues<AccountId> {
	fn new() -> Self {
		Self { by_role: BTreeMap::new(), data: 0 }
	}

	/// Adds what `account` gets in `role`. `None` on overflow.
	fn add(&mut self, account: &AccountId, role: Role, amount: Balance) -> Option<()> {
		if amount > 0 {
			let due = self.by_role.entry((account.clone(), role)).or_default();
			*due = due.checked_add(amount)?;
		}
		Some(())
	}

	/// What each recipient gets over all roles. `None` on overflow.
	fn by_account(&self) -> Option<BTreeMap<&AccountId, Balance>> {
		let mut merged = BTreeMap::<&AccountId, Balance>::new();
		for ((account, _), amount) in &self.by_role {
			let due = merged.entry(account).or_default();
			*due = due.checked_add(*amount)?;
		}
		Some(merged)
	}
}

impl<T: Config> Pallet<T> {
	/// Splits one charge, credits its data part, and adds the other parts to `dues`.
	fn split_call(
		call: &ChargedCall<T::AccountId>,
		share: Permill,
		node: &T::AccountId,
		dues: &mut Dues<T::AccountId>,
	) -> Result<CallPayment, DispatchError> {
		let parts =
			split_charge(call.charge, share, &call.terms.policy).ok_or(Error::<T>::Unsplittable)?;
		let data_payment = if parts.data > 0 {
			T::Data::credit(
				parts.data,
				call.terms.policy.attributed,
				&call.attribution,
				&call.terms.sources,
			)?
		} else {
			DataPayment::default()
		};
		ensure!(credited(&data_payment) == Some(parts.data), Error::<T>::NotConserved);

		let protocol = T::ProtocolAccount::get();
		dues.add(&protocol, Role::Protocol, parts.protocol)
			.and_then(|()| dues.add(&call.terms.developer, Role::Developer, parts.developer))
			.and_then(|()| dues.add(node, Role::Node, parts.node))
			.ok_or(Error::<T>::Unsplittable)?;
		dues.data = dues.data.checked_add(parts.data).ok_or(Error::<T>::Unsplittable)?;

		Ok(CallPayment {
			protocol: parts.protocol,
			developer: parts.developer,
			node: parts.node,
			data: parts.data,
			data_payment,
		})
	}

	/// Pays `amount` and what has accrued to `account`, or lets it accrue.
	fn pay_or_accrue(account: &T::AccountId, amount: Balance) -> DispatchResult {
		let accrued = Accrued::<T>::get(account);
		let due = accrued.checked_add(amount).ok_or(Error::<T>::Unsplittable)?;
		let others =
			TotalAccrued::<T>::get().checked_sub(accrued).ok_or(Error::<T>::NotConserved)?;

		let deposit = T::Currency::can_deposit(account, due, Provenance::Extant);
		if deposit.into_result().is_ok() {
			T::Currency::transfer(&Self::pot(), account, due, Preservation::Preserve)?;
			if accrued > 0 {
				Accrued::<T>::remove(account);
				TotalAccrued::<T>::put(others);
				Self::deposit_event(Event::AccruedPaid {
					account: account.clone(),
					amount: accrued,
				});
			}
		} else {
			Accrued::<T>::insert(account, due);
			TotalAccrued::<T>::put(others.checked_add(due).ok_or(Error::<T>::Unsplittable)?);
			Self::deposit_event(Event::PaymentAccrued { account: account.clone(), amount: due });
		}
		Ok(())
	}
}

/// The sum of the payments to data, or `None` if it overflows.
fn credited(payment: &DataPayment) -> Option<Balance> {
	let direct = payment.direct.iter().map(|payment| payment.amount);
	let pools = payment.pools.iter().map(|payment| payment.amount);
	direct.chain(pools).try_fold(0, Balance::checked_add)
}

impl<T: Config> RevenueDistributor<T::AccountId> for Pallet<T> {
	fn pot() -> T::AccountId {
		Pallet::<T>::pot()
	}

	fn distribute(
		node: &T::AccountId,
		calls: &[ChargedCall<T::AccountId>],
	) -> Result<Vec<CallPayment>, DispatchError> {
		let share = ProtocolShare::<T>::get();
		let mut dues = Dues::new();
		let payments = calls
			.iter()
			.map(|call| Self::split_call(call, share, node, &mut dues))
			.collect::<Result<Vec<_>, _>>()?;

		if dues.data > 0 {
			let data_pot = T::Data::pot();
			T::Currency::transfer(
				&Pallet::<T>::pot(),
				&data_pot,
				dues.data,
				Preservation::Preserve,
			)?;
		}
		for (account, amount) in dues.by_account().ok_or(Error::<T>::Unsplittable)? {
			Self::pay_or_accrue(account, amount)?;
		}
		for ((account, role), amount) in &dues.by_role {
			<Self as RecordEarnings<_>>::record(account, *role, *amount);
		}
		Ok(payments)
	}
}

impl<T: Config> RecordEarnings<T::AccountId> for Pallet<T> {
	fn record(account: &T::AccountId, role: Role, amount: Balance) {
		// A total over a lifetime cannot exceed everything ever issued by enough to matter; where
		// it would not fit, it stays at the largest number rather than undo a payment.
		Earned::<T>::mutate(account, role, |earned| *earned = earned.saturating_add(amount));
	}
}
