//! Exact division of money.
//!
//! Every division here is by largest remainder (Hamilton's method): each part is first rounded
//! down, then the planck that are left go, one each, to the parts that lost most by rounding. The
//! parts always add up to the whole, no part is off its exact value by a planck or more, and ties
//! are broken by weight and then by key, never by position, so the order of recipients cannot
//! change what anybody gets.

use crate::{policy::RevenuePolicy, Balance, Weight};
use alloc::vec::Vec;
use core::cmp::Reverse;
use sp_arithmetic::Permill;
use sp_core::U256;

/// Divides `amount` among `shares`, each a key and its weight, and returns the parts in the order
/// of `shares`.
///
/// `None` if there is nobody to divide among (no share, or no weight above zero). An amount of
/// zero divides into zeros.
pub fn split_exact<Key: Ord>(amount: Balance, shares: &[(Key, Weight)]) -> Option<Vec<Balance>> {
	let total =
		shares.iter().try_fold(0u128, |sum, (_, weight)| sum.checked_add((*weight).into()))?;
	if total == 0 {
		return None;
	}
	let divided = shares
		.iter()
		.map(|(_, weight)| divide(amount, *weight, total))
		.collect::<Option<Vec<_>>>()?;

	let mut parts = Vec::with_capacity(divided.len());
	let mut left = amount;
	for (part, _) in &divided {
		left = left.checked_sub(*part)?;
		parts.push(*part);
	}

	let mut order: Vec<usize> = (0..shares.len()).collect();
	order.sort_by_key(|position| {
		let remainder = divided.get(*position).map(|(_, remainder)| *remainder);
		let share = shares.get(*position);
		(Reverse(remainder), Reverse(share.map(|(_, weight)| *weight)), share.map(|(key, _)| key))
	});
	for position in order {
		if left == 0 {
			break;
		}
		let part = parts.get_mut(position)?;
		*part = part.checked_add(1)?;
		left = left.checked_sub(1)?;
	}
	Some(parts)
}

/// `amount * weight / total`, rounded down, and what remains of the division. `None` only for a total
/// of zero or a weight above it.
fn divide(amount: Balance, weight: Weight, total: u128) -> Option<(Balance, Balance)> {
	// What calls cost fits; only where the product does not is long arithmetic needed: an amount (128
	// bits) times a weight (64 bits) has up to 192.
	if let Some(product) = amount.checked_mul(weight.into()) {
		return Some((product.checked_div(total)?, product.checked_rem(total)?));
	}
	let product = U256::from(amount).checked_mul(U256::from(weight))?;
	if total == 0 {
		return None;
	}
	let (part, remainder) = product.div_mod(U256::from(total));
	Some((Balance::try_from(part).ok()?, Balance::try_from(remainder).ok()?))
}

/// The parts of one charge. They add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChargeParts {
	/// To the protocol, in planck.
	pub protocol: Balance,
	/// To the model's developer, in planck.
	pub developer: Balance,
	/// To the data behind the model, in planck.
	pub data: Balance,
	/// To the operator of the inference node, in planck.
	pub node: Balance,
}

/// Divides a charge: `protocol` of it to the protocol, the rest by the model's policy, in one exact
/// division. `None` only for a policy whose shares do not add up to 100%.
///
/// That is [`split_exact`] among these four. A runtime works it out for each call that it settles, so it has a form of
/// its own.
pub fn split_charge(
	charge: Balance,
	protocol: Permill,
	policy: &RevenuePolicy,
) -> Option<ChargeParts> {
	if !policy.is_complete() {
		return None;
	}
	let protocol = u64::from(protocol.deconstruct());
	let rest = MILLION.checked_sub(protocol)?;
	let of_rest = |share: Permill| (rest, u64::from(share.deconstruct()));
	let weights = [
		(protocol, MILLION),
		of_rest(policy.developer),
		of_rest(policy.data),
		of_rest(policy.node),
	];
	let [protocol, developer, data, node] = split_by_products(charge, weights)?;
	Some(ChargeParts { protocol, developer, data, node })
}

/// A share is a number of millionths.
const MILLION: u64 = 1_000_000;

/// Divides `amount` as [`split_exact`] does among shares whose keys are their positions, and whose weights are
/// products of two numbers of up to a million each, 10^12 together.
///
/// Only one division is of 128 bits, which a runtime has to do in software; the others are of 64. `None` if the weights
/// are more.
fn split_by_products<const N: usize>(
	amount: Balance,
	weights: [(u64, u64); N],
) -> Option<[Balance; N]> {
	const WHOLE: Balance = 1_000_000_000_000;
	// Below the whole, so that its product with a share fits.
	let times = amount / WHOLE;
	let odd = u64::try_from(amount.checked_sub(times.checked_mul(WHOLE)?)?).ok()?;

	let mut parts = [0; N];
	let mut lost = [(Reverse(0), Reverse(0), 0); N];
	let mut left = amount;
	for (position, (one, other)) in weights.into_iter().enumerate() {
		// odd · one · other, in millions of millionths: millions · 10^6 and what is left of low.
		let product = odd.checked_mul(one)?;
		let (high, low) = (product / MILLION, product % MILLION);
		let low = low.checked_mul(other)?;
		let millions = high.checked_mul(other)?.checked_add(low / MILLION)?;
		let remainder = (millions % MILLION).checked_mul(MILLION)?.checked_add(low % MILLION)?;

		let weight = one.checked_mul(other)?;
		let part = times.checked_mul(weight.into())?.checked_add((millions / MILLION).into())?;
		left = left.checked_sub(part)?;
		*parts.get_mut(position)? = part;
		*lost.get_mut(position)? = (Reverse(remainder), Reverse(weight), position);
	}
	if left > 0 {
		lost.sort_unstable();
	}
	for (_, _, position) in lost {
		if left == 0 {
			break;
		}
		let part = parts.get_mut(position)?;
		*part = part.checked_add(1)?;
		left = left.checked_sub(1)?;
	}
	Some(parts)
}

/// The node's weight among all who share a charge, and the weight of all together. `None` for a policy
/// whose shares do not add up to 100%.
pub fn node_weight(protocol: Permill, policy: &RevenuePolicy) -> Option<(u64, u64)> {
	if !policy.is_complete() {
		return None;
	}
	let whole = u64::from(Permill::one().deconstruct());
	let rest = whole.checked_sub(protocol.deconstruct().into())?;
	Some((rest.checked_mul(policy.node.deconstruct().into())?, whole.checked_mul(whole)?))
}

/// Divides the charge of a node that charges its own price: everybody else gets what they get of
/// `list_charge`, what the same calls cost by the list price, and the node what is left of `charge`.
///
/// `None` if less than nothing would be left, or for a policy whose shares do not add up to 100%. A price that
/// [`check_own_price`](crate::lane::Agreement::check_own_price) lets through always leaves enough.
pub fn split_own_charge(
	charge: Balance,
	list_charge: Balance,
	protocol: Permill,
	policy: &RevenuePolicy,
) -> Option<ChargeParts> {
	let parts = split_charge(list_charge, protocol, policy)?;
	let others = list_charge.checked_sub(parts.node)?;
	Some(ChargeParts { node: charge.checked_sub(others)?, ..parts })
}

/// `share` of an amount, in planck: what [`split_exact`] gives to the first of two whose weights are
/// `share` and the rest of the whole. It has a closed form because a settlement works it out some dozen
/// times a call.
pub fn part_of(amount: Balance, share: Permill) -> Balance {
	const WHOLE: Balance = 1_000_000;
	let share = Balance::from(share.deconstruct());
	let rest = WHOLE.saturating_sub(share);
	let (quotient, remainder) = (amount / WHOLE, amount % WHOLE);
	// Neither product overflows: the first is at most the amount, the second below 10^12.
	let odd = remainder.saturating_mul(share);
	let part = quotient.saturating_mul(share).saturating_add(odd / WHOLE);
	// The planck that rounding leaves over goes to the one that lost more; of equals, to the larger.
	let lost = odd % WHOLE;
	let lost_by_rest = remainder.saturating_mul(rest) % WHOLE;
	let gains = (lost, share) >= (lost_by_rest, rest) && lost > 0;
	part.saturating_add(Balance::from(gains))
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::{collection::vec, prelude::*};

	fn policy() -> impl Strategy<Value = RevenuePolicy> {
		(0u32..=1_000_000, 0u32..=1_000_000, 0u32..=1_000_000).prop_map(|(a, b, attributed)| {
			let (low, high) = (a.min(b), a.max(b));
			RevenuePolicy {
				developer: Permill::from_parts(low),
				data: Permill::from_parts(high - low),
				node: Permill::from_parts(1_000_000 - high),
				attributed: Permill::from_parts(attributed),
			}
		})
	}

	/// Shares of which no two lose more by rounding than another.
	fn even() -> RevenuePolicy {
		RevenuePolicy {
			developer: Permill::from_parts(250_000),
			data: Permill::from_parts(500_000),
			node: Permill::from_parts(250_000),
			attributed: Permill::zero(),
		}
	}

	#[test]
	fn largest_remainder_gets_the_odd_planck() {
		// 100 * 1/3 = 33.3, 100 * 1/3 = 33.3, 100 * 1/3 = 33.3: the smallest key gets the odd one.
		assert_eq!(split_exact(100, &[("c", 1), ("a", 1), ("b", 1)]), Some(vec![33, 34, 33]));
		// 10 * 5/7 = 7.14, 10 * 2/7 = 2.86.
		assert_eq!(split_exact(10, &[("a", 5), ("b", 2)]), Some(vec![7, 3]));
	}

	#[test]
	fn nobody_to_divide_among() {
		assert_eq!(split_exact::<u8>(10, &[]), None);
		assert_eq!(split_exact(10, &[(1, 0), (2, 0)]), None);
		assert_eq!(split_exact(0, &[(1, 1)]), Some(vec![0]));
	}

	#[test]
	fn a_share_of_nothing_gets_nothing() {
		assert_eq!(split_exact(u128::MAX, &[(1, 0), (2, 3)]), Some(vec![0, u128::MAX]));
	}

	#[test]
	fn incomplete_policy_is_refused() {
		let policy = RevenuePolicy {
			developer: Permill::from_percent(50),
			data: Permill::from_percent(20),
			node: Permill::from_percent(20),
			attributed: Permill::zero(),
		};
		assert_eq!(split_charge(100, Permill::from_percent(5), &policy), None);
	}

	proptest! {
		#[test]
		fn parts_add_up_and_are_fair(
			amount: u128, weights in vec(any::<u64>(), 1..40)
		) {
			let shares: Vec<_> = weights.iter().copied().enumerate().collect();
			let Some(parts) = split_exact(amount, &shares) else {
				prop_assert!(weights.iter().all(|weight| *weight == 0));
				return Ok(());
			};
			let sum = parts.iter().fold(U256::zero(), |sum, part| sum + U256::from(*part));
			prop_assert_eq!(sum, U256::from(amount));

			let total = weights.iter().fold(U256::zero(), |sum, weight| sum + U256::from(*weight));
			for (part, weight) in parts.iter().zip(&weights) {
				// |part - amount * weight / total| < 1, multiplied out.
				let exact = U256::from(amount) * U256::from(*weight);
				let scaled = U256::from(*part) * total;
				let apart = if exact > scaled { exact - scaled } else { scaled - exact };
				prop_assert!(apart < total);
				prop_assert!(*weight > 0 || *part == 0);
			}
		}

		#[test]
		fn order_changes_nothing(
			amount: u128,
			shares in vec((any::<u8>(), 0u64..50), 1..20).prop_flat_map(|shares| {
				(Just(shares.clone()), Just(shares).prop_shuffle())
			}),
		) {
			let (one, other) = shares;
			let paid = |shares: &[(u8, u64)]| {
				let mut paid: Vec<_> = shares
					.iter()
					.copied()
					.zip(split_exact(amount, shares)?)
					.collect();
				paid.sort();
				Some(paid)
			};
			prop_assert_eq!(paid(&one), paid(&other));
		}

		#[test]
		fn a_charge_is_paid_out_whole(
			charge: u128, protocol in 0u32..=1_000_000, policy in policy()
		) {
			let protocol = Permill::from_parts(protocol);
			let parts = split_charge(charge, protocol, &policy).unwrap();
			let sum = U256::from(parts.protocol) + U256::from(parts.developer) +
				U256::from(parts.data) + U256::from(parts.node);
			prop_assert_eq!(sum, U256::from(charge));
			prop_assert!(policy.pays_data() || parts.data == 0);
		}

		#[test]
		fn a_charge_is_divided_as_exactly(
			charge in prop_oneof![any::<u128>(), any::<u64>().prop_map(u128::from), 0u128..3_000_000, Just(u128::MAX)],
			protocol in prop_oneof![0u32..=1_000_000, Just(0), Just(1_000_000), Just(500_000)],
			policy in prop_oneof![policy(), Just(even())],
		) {
			let whole = 1_000_000u64;
			let rest = whole - u64::from(protocol);
			let of_rest = |share: Permill| rest * u64::from(share.deconstruct());
			let shares = [
				(0u8, u64::from(protocol) * whole),
				(1, of_rest(policy.developer)),
				(2, of_rest(policy.data)),
				(3, of_rest(policy.node)),
			];
			let exact = split_exact(charge, &shares).unwrap();
			let parts = split_charge(charge, Permill::from_parts(protocol), &policy).unwrap();
			prop_assert_eq!([parts.protocol, parts.developer, parts.data, parts.node].to_vec(), exact);
		}

		#[test]
		fn a_part_is_what_the_exact_division_gives(
			amount in prop_oneof![any::<u128>(), 0u128..3_000_000, Just(u128::MAX)],
			share in prop_oneof![0u32..=1_000_000, 499_999u32..=500_001, Just(0), Just(1_000_000)],
		) {
			let rest = 1_000_000 - share;
			let parts = split_exact(amount, &[(0, share.into()), (1, rest.into())]).unwrap();
			let part = part_of(amount, Permill::from_parts(share));
			prop_assert_eq!(part, parts[0]);
			prop_assert_eq!(amount - part, parts[1]);
		}
	}
}
