//! Prices, splits, and what a settlement says of its payments.

use super::{fits, read, Input};
use openledger_primitives::{
	lane::{payouts, Agreement, FulfilledCall, SettledItem, SettledLane},
	policy::RevenuePolicy,
	pool_index::PoolIndex,
	price::{PriceSchedule, Tokens},
	split::{split_exact, split_own_charge},
	Balance, RequestId, Weight,
};
use sp_runtime::Permill;

/// The sum of amounts. `None` if it does not fit.
fn sum(amounts: impl IntoIterator<Item = Balance>) -> Option<Balance> {
	amounts.into_iter().try_fold(0, Balance::checked_add)
}

/// Works out the payments of a settlement: they are all that was charged.
fn check_payouts(lane: &SettledLane, items: &[SettledItem]) {
	for item in items {
		let _ = (item.leaf(), item.last_sequence(), item.charge());
	}
	let Ok(paid) = payouts(lane, items) else { return };
	let amounts = std::iter::once(paid.protocol)
		.chain(paid.payees.into_values())
		.chain(paid.contributions.into_values())
		.chain(paid.releases.into_values())
		.chain(paid.curators.into_values());
	assert_eq!(sum(amounts), Some(lane.charged));
}

pub(super) fn settled_lane(input: &mut Input) -> Option<()> {
	let (lane, items) = read::<(SettledLane, Vec<SettledItem>)>(input)?;
	fits(&lane);
	items.iter().for_each(fits);
	check_payouts(&lane, &items);
	Some(())
}

pub(super) fn fulfilled_call(input: &mut Input) -> Option<()> {
	let (call, request) = read::<(FulfilledCall, RequestId)>(input)?;
	fits(&call);
	let (lane, item) = call.as_lane(request);
	check_payouts(&lane, &[item]);
	Some(())
}

/// A node's own price: if it is taken, nobody else pays for it.
pub(super) fn own_price(input: &mut Input) -> Option<()> {
	type Terms = (Agreement, PriceSchedule, Permill, RevenuePolicy, Tokens);
	let (agreement, list, protocol, policy, tokens) = read::<Terms>(input)?;
	fits(&agreement);
	let _ = (agreement.hash(), agreement.to_string());
	agreement.own_price?;
	agreement.check_own_price(&list, protocol, &policy).ok()?;
	let charge = agreement.price(&list).charge(&tokens)?;
	let by_list = list.charge(&tokens)?;
	let parts = split_own_charge(charge, by_list, protocol, &policy);
	let parts = parts.expect("the others are paid by the list price");
	let all = [parts.protocol, parts.developer, parts.data, parts.node];
	assert_eq!(sum(all), Some(charge));
	Some(())
}

pub(super) fn split(input: &mut Input) -> Option<()> {
	let (amount, shares) = read::<(Balance, Vec<(u32, Weight)>)>(input)?;
	let parts = split_exact(amount, &shares)?;
	assert_eq!((parts.len(), sum(parts)), (shares.len(), Some(amount)));
	Some(())
}

pub(super) fn price(input: &mut Input) -> Option<()> {
	let (price, tokens, budget) = read::<(PriceSchedule, Tokens, Balance)>(input)?;
	let charge = price.charge(&tokens);
	assert!(charge.is_none() || tokens.is_sound());
	let output = price.affordable_output(&tokens, budget)?;
	if let Some(most) = price.charge(&Tokens { output, ..tokens }) {
		assert!(most <= budget);
	}
	Some(())
}

pub(super) fn pool(input: &mut Input) -> Option<()> {
	type Pool = (PoolIndex, Balance, Weight, Weight, Balance);
	let (index, amount, total, weight, claimed) = read::<Pool>(input)?;
	fits(&index);
	let _ = index.owed(weight, claimed);
	let next = index.pay(amount, total)?;
	assert!(next.carry < Balance::from(total) && next.per_weight >= index.per_weight);
	let worth =
		|index: &PoolIndex| index.per_weight.checked_mul(total.into())?.checked_add(index.carry);
	if let (Some(before), Some(after)) = (worth(&index), worth(&next)) {
		assert_eq!(before.checked_add(amount), Some(after));
	}
	Some(())
}
