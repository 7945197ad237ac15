//! Sums of what is to be paid, in memory: the parts of one lane's charges, and what everybody is due of all lanes.

use crate::totals;
use alloc::{collections::BTreeMap, vec, vec::Vec};
use openledger_primitives::{
	info::ModelEarnings,
	lane::{settled_parts, Amount, SettledParts},
	split::ChargeParts,
	traits::{CallTerms, ItemCharge, Role},
	Balance,
};
use sp_runtime::Permill;

/// The parts of the charges of one lane, added up.
pub(crate) struct LaneSums<'a, AccountId> {
	terms: &'a CallTerms<AccountId>,
	/// The royalties of the models above, nearest first.
	shares: Vec<Permill>,
	/// The sums for their payees, in the same order, in planck.
	royalties: Vec<Balance>,
	/// The lane's part of its model's totals.
	totals: ModelEarnings,
	/// The least cost of a call that counts, in planck.
	least: Balance,
}

impl<'a, AccountId: Ord> LaneSums<'a, AccountId> {
	/// Those of no charge. Calls count from `least` planck on.
	pub(crate) fn new(terms: &'a CallTerms<AccountId>, least: Balance) -> Self {
		let shares = terms.lineage.iter().map(|ancestor| ancestor.royalty).collect();
		let royalties = vec![0; terms.lineage.len()];
		Self { terms, shares, royalties, totals: ModelEarnings::default(), least }
	}

	/// Divides the developer's part of an item, which has these parts, and adds all of them up. `None` if a sum does
	/// not fit.
	pub(crate) fn add(&mut self, item: &ItemCharge, parts: ChargeParts) -> Option<SettledParts> {
		let (settled, node) = settled_parts(parts, &self.shares)?;
		let mut royalties: Balance = 0;
		for (sum, Amount(amount)) in self.royalties.iter_mut().zip(&settled.royalties) {
			*sum = sum.checked_add(*amount)?;
			royalties = royalties.checked_add(*amount)?;
		}
		let more = ModelEarnings {
			calls: totals::counted(item, self.least),
			charged: item.charge,
			developer: settled.developer,
			data: settled.data,
			node,
			royalties,
			protocol: settled.protocol,
		};
		self.totals = totals::checked_add(&self.totals, &more)?;
		Some(settled)
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
