//! The payments of a batch of charges, added up in memory.

use crate::totals;
use alloc::{collections::BTreeMap, vec, vec::Vec};
use openledger_primitives::{
	info::ModelEarnings,
	lane::{settled_parts, Amount, SettledParts},
	lineage::split_royalties,
	record::{CallPayment, DataPayment, RoyaltyPayment},
	split::{split_charge, ChargeParts},
	traits::{CallTerms, ChargedCall, ItemCharge, Role},
	Balance,
};
use sp_runtime::{BoundedVec, Permill};

/// Charges of calls of one model, and the terms that all of them were charged under.
pub(crate) struct Batch<'a, AccountId> {
	terms: &'a CallTerms<AccountId>,
	/// The royalties of the models above, nearest first.
	shares: Vec<Permill>,
	/// The sums for their payees, in the same order, in planck.
	royalties: Vec<Balance>,
	/// The batch's part of its model's totals: the sums of all parts.
	totals: ModelEarnings,
}

impl<'a, AccountId: Clone + Ord> Batch<'a, AccountId> {
	/// A batch without charges.
	pub(crate) fn new(terms: &'a CallTerms<AccountId>) -> Self {
		let shares = terms.lineage.iter().map(|ancestor| ancestor.royalty).collect();
		let royalties = vec![0; terms.lineage.len()];
		Self { terms, shares, royalties, totals: ModelEarnings::default() }
	}

	/// Divides one charge among all but the contributors, whose part is only named, and adds the
	/// parts up. `None` if a sum does not fit, or the policy is not complete.
	pub(crate) fn divide(&mut self, call: &ChargedCall, share: Permill) -> Option<CallPayment>
	where
		AccountId: Into<openledger_primitives::AccountId>,
	{
		let parts = split_charge(call.charge, share, &self.terms.policy)?;
		let (developer, kept) = split_royalties(parts.developer, &self.shares);
		self.add(call.calls, call.charge, &parts, &kept)?;

		let mut royalties = BoundedVec::new();
		for (ancestor, amount) in self.terms.lineage.iter().zip(kept) {
			if amount > 0 {
				let payee = ancestor.payee.clone().into();
				royalties.try_push(RoyaltyPayment { model: ancestor.model, payee, amount }).ok()?;
			}
		}
		Some(CallPayment {
			protocol: parts.protocol,
			developer,
			node: parts.node,
			data: parts.data,
			data_payment: DataPayment::default(),
			royalties,
		})
	}

	/// Divides the developer's part of a lane's item, which has these parts, and adds all of them up. `None` if a
	/// sum does not fit.
	pub(crate) fn add_item(
		&mut self,
		item: &ItemCharge,
		parts: ChargeParts,
	) -> Option<SettledParts> {
		let (settled, _) = settled_parts(parts, &self.shares)?;
		let kept: Vec<_> = settled.royalties.iter().map(|Amount(amount)| *amount).collect();
		self.add(item.calls, item.charge, &parts, &kept)?;
		Some(settled)
	}

	/// Adds the parts of a charge up. The models above keep what `kept` says, or nothing.
	fn add(
		&mut self,
		calls: u64,
		charge: Balance,
		parts: &ChargeParts,
		kept: &[Balance],
	) -> Option<()> {
		let mut developer = parts.developer;
		for (sum, amount) in self.royalties.iter_mut().zip(kept) {
			*sum = sum.checked_add(*amount)?;
			developer = developer.checked_sub(*amount)?;
		}
		let more = ModelEarnings {
			calls,
			charged: charge,
			developer,
			data: parts.data,
			node: parts.node,
			royalties: parts.developer.checked_sub(developer)?,
			protocol: parts.protocol,
		};
		self.totals = totals::checked_add(&self.totals, &more)?;
		Some(())
	}

	/// The sums of all parts.
	pub(crate) fn totals(&self) -> &ModelEarnings {
		&self.totals
	}

	/// Adds what is to be paid to everybody but the data. `None` if a sum does not fit.
	pub(crate) fn add_dues(
		&self,
		dues: &mut Dues<'a, AccountId>,
		protocol: &'a AccountId,
		node: &'a AccountId,
	) -> Option<()> {
		dues.add(protocol, Role::Protocol, self.totals.protocol)?;
		dues.add(node, Role::Node, self.totals.node)?;
		dues.add(&self.terms.payee, Role::Developer, self.totals.developer)?;
		let payees = self.terms.lineage.iter().map(|ancestor| &ancestor.payee);
		payees
			.zip(&self.royalties)
			.try_for_each(|(payee, amount)| dues.add(payee, Role::Royalty, *amount))
	}
}

/// Payments to be made, by account and role, in planck. None of them is of nothing.
pub(crate) struct Dues<'a, AccountId>(BTreeMap<(&'a AccountId, Role), Balance>);

impl<'a, AccountId: Ord> Dues<'a, AccountId> {
	/// No payments.
	pub(crate) fn new() -> Self {
		Self(BTreeMap::new())
	}

	fn add(&mut self, account: &'a AccountId, role: Role, amount: Balance) -> Option<()> {
		if amount > 0 {
			let sum = self.0.entry((account, role)).or_default();
			*sum = sum.checked_add(amount)?;
		}
		Some(())
	}

	/// The payments.
	pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a AccountId, Role, Balance)> + '_ {
		self.0.iter().map(|((account, role), amount)| (*account, *role, *amount))
	}

	/// The sums by account. `None` if one does not fit.
	pub(crate) fn by_account(&self) -> Option<BTreeMap<&'a AccountId, Balance>> {
		let mut sums = BTreeMap::<_, Balance>::new();
		for (account, _, amount) in self.iter() {
			let sum = sums.entry(account).or_default();
			*sum = sum.checked_add(amount)?;
		}
		Some(sums)
	}
}
