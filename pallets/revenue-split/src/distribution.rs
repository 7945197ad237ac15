//! The distribution of a batch of charges.
//!
//! Everything that a batch owes is added up in memory first. Storage is touched once a recipient,
//! once for the model and once for the data behind all calls, so one more call in a batch costs its
//! arithmetic only.

use crate::{pallet::*, totals};
use alloc::{collections::BTreeMap, vec, vec::Vec};
use frame_support::{
	ensure,
	traits::{
		fungible::{Inspect, Mutate},
		tokens::{Preservation, Provenance},
		Get,
	},
};
use openledger_primitives::{
	info::ModelEarnings,
	lineage::split_royalties,
	record::{CallPayment, DataPayment, RoyaltyPayment},
	split::split_charge,
	traits::{CallTerms, ChargedCall, DataDue, DataRevenue, RecordEarnings, Role},
	Balance, ModelId,
};
use sp_runtime::{traits::AccountIdConversion, BoundedVec, DispatchError, DispatchResult, Permill};

/// Debts of a batch to everyone, and the terms that all of its calls were charged under.
struct Batch<'a, AccountId> {
	terms: &'a CallTerms<AccountId>,
	/// The royalties of the models above, nearest first.
	shares: Vec<Permill>,
	/// The debts to their payees, in the same order, in planck.
	royalties: Vec<Balance>,
	/// The addition to the totals of its model: the sums of all other parts.
	totals: ModelEarnings,
}

impl<'a, AccountId: Clone + Ord + Into<openledger_primitives::AccountId>> Batch<'a, AccountId> {
	fn new(terms: &'a CallTerms<AccountId>) -> Self {
		let shares = terms.lineage.iter().map(|ancestor| ancestor.royalty).collect();
		let royalties = vec![0; terms.lineage.len()];
		Self { terms, shares, royalties, totals: ModelEarnings::default() }
	}

	/// Divides one charge among all but the contributors, whose part is only named, and adds the
	/// parts up. `None` if a sum does not fit, or the policy is not complete.
	fn divide(&mut self, call: &ChargedCall, share: Permill) -> Option<CallPayment> {
		let parts = split_charge(call.charge, share, &self.terms.policy)?;
		let (developer, kept) = split_royalties(parts.developer, &self.shares);

		let mut royalties = BoundedVec::new();
		let owed = self.terms.lineage.iter().zip(&mut self.royalties).zip(kept);
		for ((ancestor, sum), amount) in owed {
			if amount > 0 {
				*sum = sum.checked_add(amount)?;
				let payee = ancestor.payee.clone().into();
				royalties.try_push(RoyaltyPayment { model: ancestor.model, payee, amount }).ok()?;
			}
		}
		let more = ModelEarnings {
			calls: call.calls,
			charged: call.charge,
			developer,
			data: parts.data,
			node: parts.node,
			royalties: parts.developer.checked_sub(developer)?,
			protocol: parts.protocol,
		};
		self.totals = totals::checked_add(&self.totals, &more)?;
		Some(CallPayment {
			protocol: parts.protocol,
			developer,
			node: parts.node,
			data: parts.data,
			data_payment: DataPayment::default(),
			royalties,
		})
	}

	/// Payments to make, by recipient and role, without payments of nothing.
	fn dues(&self, protocol: &'a AccountId, node: &'a AccountId) -> Vec<Due<'a, AccountId>> {
		let payees = self.terms.lineage.iter().map(|ancestor| &ancestor.payee);
		let royalties = payees.zip(&self.royalties).map(|(to, due)| (to, Role::Royalty, *due));
		[
			(protocol, Role::Protocol, self.totals.protocol),
			(node, Role::Node, self.totals.node),
			(&self.terms.payee, Role::Developer, self.totals.developer),
		]
		.into_iter()
		.chain(royalties)
		.filter(|(_, _, amount)| *amount > 0)
		.map(|(account, role, amount)| Due { account, role, amount })
		.collect()
	}
}

/// The debt to one account in one role.
struct Due<'a, AccountId> {
	account: &'a AccountId,
	role: Role,
	amount: Balance,
}

/// Adds to what an account is owed. `None` on overflow.
fn add<'a, AccountId: Ord>(
	sums: &mut BTreeMap<&'a AccountId, Balance>,
	account: &'a AccountId,
	amount: Balance,
) -> Option<()> {
	let sum = sums.entry(account).or_default();
	*sum = sum.checked_add(amount)?;
	Some(())
}

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
		let data = batch.totals.data;
		if data > 0 {
			let (pot, data_pot) = (Pallet::<T>::pot(), T::Data::pot());
			T::Currency::transfer(&pot, &data_pot, data, Preservation::Preserve)?;
		}
		Self::pay(&batch.dues(&protocol, node))?;
		if !calls.is_empty() {
			ModelTotals::<T>::mutate(model, |sums| totals::add(sums, &batch.totals));
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

	/// Pays `amount` and what has accrued to `account`, or lets it accrue. Takes and returns the
	/// sum of what has accrued for everybody.
	fn pay_or_accrue(
		account: &T::AccountId,
		amount: Balance,
		total: Balance,
	) -> Result<Balance, DispatchError> {
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
			Ok(others)
		} else {
			let total = others.checked_add(due).ok_or(Error::<T>::Overflow)?;
			Accrued::<T>::insert(account, due);
			Self::deposit_event(Event::PaymentAccrued { account: account.clone(), amount: due });
			Ok(total)
		}
	}

	/// Pays each recipient once, whatever roles they have, and adds to their lifetime totals.
	fn pay(dues: &[Due<T::AccountId>]) -> DispatchResult {
		let mut sums = BTreeMap::new();
		for due in dues {
			add(&mut sums, due.account, due.amount).ok_or(Error::<T>::Overflow)?;
		}
		let before = TotalAccrued::<T>::get();
		let mut total = before;
		for (account, amount) in sums {
			total = Self::pay_or_accrue(account, amount, total)?;
		}
		if total != before {
			TotalAccrued::<T>::put(total);
		}
		for due in dues {
			<Self as RecordEarnings<_>>::record(due.account, due.role, due.amount);
		}
		Ok(())
	}
}
