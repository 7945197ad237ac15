//! Sums of what a model's calls were charged and paid.

use openledger_primitives::{info::ModelEarnings, traits::ItemCharge, Balance};

/// The calls of an item that count, where each has to have cost `least` planck: no more of a run than its charge
/// pays for, so that a number of calls cannot be had for less than so many times that. If `least` is 0, all count.
pub(crate) fn counted(item: &ItemCharge, least: Balance) -> u64 {
	match item.charge.checked_div(least) {
		Some(paid_for) => item.calls.min(u64::try_from(paid_for).unwrap_or(u64::MAX)),
		None => item.calls,
	}
}

/// Adds `more` to `totals`. A sum over a lifetime that would not fit stays at the largest number: no
/// payment is undone for the sake of a statistic.
pub(crate) fn add(totals: &mut ModelEarnings, more: &ModelEarnings) {
	totals.calls = totals.calls.saturating_add(more.calls);
	totals.charged = totals.charged.saturating_add(more.charged);
	totals.developer = totals.developer.saturating_add(more.developer);
	totals.data = totals.data.saturating_add(more.data);
	totals.node = totals.node.saturating_add(more.node);
	totals.royalties = totals.royalties.saturating_add(more.royalties);
	totals.protocol = totals.protocol.saturating_add(more.protocol);
}

/// The sums of both, or `None` if one of them does not fit.
pub(crate) fn checked_add(totals: &ModelEarnings, more: &ModelEarnings) -> Option<ModelEarnings> {
	Some(ModelEarnings {
		calls: totals.calls.checked_add(more.calls)?,
		charged: totals.charged.checked_add(more.charged)?,
		developer: totals.developer.checked_add(more.developer)?,
		data: totals.data.checked_add(more.data)?,
		node: totals.node.checked_add(more.node)?,
		royalties: totals.royalties.checked_add(more.royalties)?,
		protocol: totals.protocol.checked_add(more.protocol)?,
	})
}

/// The sum of the parts, or `None` if it does not fit a balance.
#[cfg(any(feature = "std", feature = "try-runtime"))]
pub(crate) fn parts(totals: &ModelEarnings) -> Option<Balance> {
	[totals.developer, totals.data, totals.node, totals.royalties, totals.protocol]
		.into_iter()
		.try_fold(0, Balance::checked_add)
}
