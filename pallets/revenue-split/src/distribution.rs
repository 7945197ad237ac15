//! The distribution of a batch of charges.
//!
//! Everything that a batch owes is added up in memory first. Storage is touched once a recipient,
//! once for the model and once for the data behind all calls, so one more call in a batch costs its
//! arithmetic only.

use crate::{
	batch::{Batch, Dues},
	pallet::*,
	totals, Payment,
};
use alloc::vec::Vec;
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
	traits::{CallTerms, ChargedCall, DataDue, DataRevenue, RecordEarnings},
	Balance, ModelId,
};
use sp_runtime::{traits::AccountIdConversion, DispatchError, DispatchResult};

/// The sum of the payments to data, or `None` if it overflows.
fn credited(payment: &DataPayment) -> Option<Balance> {
	let direct = payment.direct.iter().map(|payment| payment.amount);
	let pools = payment.pools.iter().map(|payment| payment.amount);
	direct.chain(pools).try_fold(0, Balance::checked_add)
}

impl<T: Config> Pallet<T> {
	/// The account that charges pass through, and that keeps what has accrued.
	pub fn pot() -> T::AccountId {
		T::PotId::get().into_account_truncating()
	}

	/// See [`RevenueDistributor::distribute`](openledger_primitives::traits::RevenueDistributor::distribute).
	pub(crate) fn do_distribute(
		node: &T::AccountId,
		model: ModelId,
		terms: &CallTerms<T::AccountId>,
		calls: &[ChargedCall],
	) -> Result<Vec<CallPayment>, DispatchError>
	where
		T::AccountId: Into<openledger_primitives::AccountId>,
	{
		ensure!(terms.policy.is_complete(), Error::<T>::Unsplittable);
		let share = Self::share();
		let protocol = T::ProtocolAccount::get();
		let mut batch = Batch::new(terms);
		let mut payments = Vec::with_capacity(calls.len());
		for call in calls {
			payments.push(batch.divide(call, share).ok_or(Error::<T>::Overflow)?);
		}

		Self::credit_data(terms, calls, &mut payments)?;
		let totals = batch.totals();
		let data = totals.data;
		if data > 0 {
			let (pot, data_pot) = (Pallet::<T>::pot(), T::Data::pot());
			T::Currency::transfer(&pot, &data_pot, data, Preservation::Preserve)?;
		}
		let mut dues = Dues::new();
		batch.add_dues(&mut dues, &protocol, node).ok_or(Error::<T>::Overflow)?;
		Self::pay(&dues)?;
		if !calls.is_empty() {
			ModelTotals::<T>::mutate(model, |sums| totals::add(sums, totals));
		}
		Ok(payments)
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

	/// Has the data parts credited, all at once, and writes down in `payments` where they went.
	fn credit_data(
		terms: &CallTerms<T::AccountId>,
		calls: &[ChargedCall],
		payments: &mut [CallPayment],
	) -> DispatchResult {
		let dues = calls
			.iter()
			.zip(payments.iter())
			.filter(|(_, payment)| payment.data > 0)
			.map(|(call, payment)| DataDue {
				amount: payment.data,
				attributed: terms.policy.attributed,
				attribution: &call.attribution,
				unattributed: call.unattributed,
				sources: &terms.sources,
			})
			.collect::<Vec<_>>();
		if dues.is_empty() {
			return Ok(());
		}
		let data_payments = T::Data::credit(&dues)?;
		ensure!(data_payments.len() == dues.len(), Error::<T>::NotConserved);
		let payments = payments.iter_mut().filter(|payment| payment.data > 0);
		for (payment, data_payment) in payments.zip(data_payments) {
			ensure!(credited(&data_payment) == Some(payment.data), Error::<T>::NotConserved);
			payment.data_payment = data_payment;
		}
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
