//! A stand-in for the split of charges.

use super::*;
use frame_support::traits::{fungible::Mutate, tokens::Preservation};
use openledger_primitives::{
	attribution::DataSource,
	lane::{
		direct_part, settled_parts, Amount, DirectAmount, DirectAmounts, PoolPayment, SettledParts,
	},
	split::{part_of, split_exact, split_own_charge},
	traits::{CallTerms, ItemCharge, LaneCharges, LanePayment, LaneTerms, ResolvedSource},
	BlockNumber,
};
use sp_runtime::{traits::AccountIdConversion, DispatchError};

/// Stands in for the split and the datanets: each source leads to a release without a carry, and contributions below
/// [`FOREIGN`] count by the second one. What is for data goes to one account.
pub struct Split;

impl Split {
	/// Pays an item out of the pot, and adds what is for the sources.
	fn pay(
		lane: &LaneCharges<AccountId>,
		item: &ItemCharge,
		pooled: &mut [Balance],
	) -> Result<(SettledParts, DirectAmounts), DispatchError> {
		let LaneTerms { call, protocol_share, sources, .. } = lane.terms;
		let parts =
			split_own_charge(item.charge, item.list_charge, *protocol_share, &call.policy).unwrap();
		let royalties: Vec<_> = call.lineage.iter().map(|above| above.royalty).collect();
		let (settled, node) = settled_parts(parts, &royalties).unwrap();
		let mut paid = vec![
			(account(PROTOCOL), settled.protocol),
			(account(DATA), settled.data),
			(lane.node.clone(), node),
			(call.payee.clone(), settled.developer),
		];
		let above = call.lineage.iter().zip(&settled.royalties);
		paid.extend(above.map(|(above, Amount(amount))| (above.payee.clone(), *amount)));
		for (to, amount) in paid {
			Balances::transfer(&Self::pot(), &to, amount, Preservation::Preserve)?;
		}

		let mut left = settled.data;
		let pay = |share: &AttributionShare| {
			let counts = share.contribution < FOREIGN;
			let part = direct_part(settled.data, call.policy.attributed, share.basis_points);
			let amount = part.filter(|amount| counts && *amount > 0)?;
			left -= amount;
			Some(DirectAmount { amount, source: 1 })
		};
		let direct: Vec<_> = item.attribution.iter().map(pay).collect();
		let nothing = direct.iter().all(Option::is_none);
		let direct = direct.into_iter().map(Option::unwrap_or_default);
		let direct: Vec<_> = if nothing { Vec::new() } else { direct.collect() };
		if left > 0 {
			let key = |source: &ResolvedSource<_>| (source.datanet, source.weight);
			let shares: Vec<_> = sources.iter().map(key).collect();
			let parts = split_exact(left, &shares).unwrap();
			pooled.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
		}
		Ok((settled, direct.try_into().unwrap()))
	}
}

impl RevenueDistributor<AccountId> for Split {
	fn pot() -> AccountId {
		SplitPot::get().into_account_truncating()
	}

	fn lane_terms(
		call: CallTerms<AccountId>,
		changed_at: Option<BlockNumber>,
		as_of: BlockNumber,
	) -> Result<LaneTerms<AccountId>, RejectReason> {
		if let Some(reason) = SplitRefuses::get() {
			return Err(reason);
		}
		let source = |source: &DataSource| ResolvedSource {
			datanet: source.datanet,
			release: as_of,
			weight: source.weight,
			curator: account(CURATOR),
			curator_share: Permill::from_percent(10 * source.datanet),
		};
		let sources = call.sources.iter().map(source).collect();
		Ok(LaneTerms { call, protocol_share: PROTOCOL_SHARE, sources, changed_at })
	}

	fn distribute_lanes(
		lanes: &[LaneCharges<AccountId>],
	) -> Result<Vec<LanePayment>, DispatchError> {
		let mut payments = Vec::new();
		for lane in lanes {
			assert!(lane.as_of < System::block_number());
			let mut pooled = vec![0; lane.terms.sources.len()];
			let items = lane.items.iter().map(|item| Self::pay(lane, item, &mut pooled));
			let mut items = items.collect::<Result<Vec<_>, _>>()?;
			if let Some(Forgotten::Item) = Forgets::get() {
				items.clear();
			}
			let pool = |(source, amount): (&ResolvedSource<_>, Balance)| {
				let curator = part_of(amount, source.curator_share);
				PoolPayment {
					datanet: source.datanet,
					release: source.release,
					amount,
					curator,
					raised: amount - curator,
					total_weight: 1,
					carry_before: 0,
					carry_after: 0,
				}
			};
			let paid = lane.terms.sources.iter().zip(pooled).filter(|(_, amount)| *amount > 0);
			payments.push(LanePayment { items, pools: paid.map(pool).collect() });
		}
		if let Some(Forgotten::Lane) = Forgets::get() {
			payments.clear();
		}
		Ok(payments)
	}

	/// Nothing accrues here.
	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_accrue(_: &AccountId) -> sp_runtime::DispatchResult {
		Ok(())
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_accrued() -> Balance {
		0
	}
}
