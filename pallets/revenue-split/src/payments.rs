//! Paying what is due: out of the pot, to each recipient once.
//!
//! A payment that its recipient's account cannot take, because it would not exist, accrues, and goes out with the
//! first one that can be made.

use crate::{dues::Dues, pallet::*, Payment};
use alloc::vec::Vec;
use frame_support::{
	ensure,
	traits::{
		fungible::{Inspect, Mutate},
		tokens::{Preservation, Provenance},
		Get,
	},
};
use openledger_primitives::{traits::RecordEarnings, Balance};
use sp_runtime::{traits::AccountIdConversion, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
	/// The account that charges pass through, and that keeps what has accrued.
	pub fn pot() -> T::AccountId {
		T::PotId::get().into_account_truncating()
	}

	pub(crate) fn do_pay_accrued(account: T::AccountId) -> DispatchResult {
		let amount = Accrued::<T>::get(&account);
		ensure!(amount > 0, Error::<T>::NothingAccrued);
		let deposit = T::Currency::can_deposit(&account, amount, Provenance::Extant);
		ensure!(deposit.into_result().is_ok(), Error::<T>::BelowExistentialDeposit);
		let total = TotalAccrued::<T>::get().checked_sub(amount).ok_or(Error::<T>::NotConserved)?;

		T::Currency::transfer(&Self::pot(), &account, amount, Preservation::Preserve)?;
		Accrued::<T>::remove(&account);
		TotalAccrued::<T>::put(total);
		Self::deposit_event(Event::AccruedPaid { account, amount });
		Ok(())
	}

	/// Pays `amount` and the account's accrual to `account`, or lets it accrue. Takes the sum of what has accrued for
	/// everybody, and returns it with `true` if it was paid.
	fn pay_or_accrue(
		account: &T::AccountId,
		amount: Balance,
		total: Balance,
	) -> Result<(Balance, bool), DispatchError> {
		let accrued = Accrued::<T>::get(account);
		let due = accrued.checked_add(amount).ok_or(Error::<T>::Overflow)?;
		let others = total.checked_sub(accrued).ok_or(Error::<T>::NotConserved)?;

		let deposit = T::Currency::can_deposit(account, due, Provenance::Extant);
		if deposit.into_result().is_ok() {
			T::Currency::transfer(&Self::pot(), account, due, Preservation::Preserve)?;
			if accrued > 0 {
				Accrued::<T>::remove(account);
				Self::deposit_event(Event::AccruedPaid {
					account: account.clone(),
					amount: accrued,
				});
			}
			Ok((others, true))
		} else {
			let total = others.checked_add(due).ok_or(Error::<T>::Overflow)?;
			Accrued::<T>::insert(account, due);
			Self::deposit_event(Event::PaymentAccrued {
				account: account.clone(),
				added: amount,
				amount: due,
			});
			Ok((total, false))
		}
	}

	/// Pays each recipient once, whatever roles they have, and adds to their lifetime totals. Returns the payments
	/// that were made; those that accrue are left out.
	pub(crate) fn pay(
		dues: &Dues<T::AccountId>,
	) -> Result<Vec<Payment<T::AccountId>>, DispatchError> {
		let before = TotalAccrued::<T>::get();
		let mut total = before;
		let mut payments = Vec::new();
		for (account, amount) in dues.by_account().ok_or(Error::<T>::Overflow)? {
			let (accrued, paid) = Self::pay_or_accrue(account, amount, total)?;
			total = accrued;
			if paid {
				payments.push(Payment { account: account.clone(), amount });
			}
		}
		if total != before {
			TotalAccrued::<T>::put(total);
		}
		for (account, role, amount) in dues.iter() {
			<Self as RecordEarnings<_>>::record(account, role, amount);
		}
		Ok(payments)
	}
}
