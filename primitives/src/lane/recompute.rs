//! The payments of a settlement, worked out once more from its events alone.
//!
//! What the events only say, and nothing else in them can show, is whom everybody's parts go to, which
//! releases a lane pays by which weights, at which terms, which contributions count, and how much their pools
//! carried before. All amounts follow from that.

use super::{
	Amount, DirectAmount, PoolPayment, SettledCall, SettledItem, SettledLane, SettledParts,
	SourceShare, WHOLE_ANSWER,
};
use crate::{
	lineage::split_royalties,
	pool_index::PoolIndex,
	price::PriceSchedule,
	split::{part_of, split_exact, split_own_charge, ChargeParts},
	traits::Role,
	tree, AccountId, Balance, ContributionId, DatanetId, ReleaseId,
};
use alloc::{collections::BTreeMap, vec, vec::Vec};
use sp_arithmetic::Permill;

/// Part of a settlement that does not come out as the events say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
	/// The number of items, what they cost together, or the last sequence.
	Sums,
	/// The root is not that over the items.
	Root,
	/// The charge of an item.
	Charge,
	/// An item's parts.
	Parts,
	/// A direct payment to a contribution.
	Direct,
	/// The payment into a release.
	Pools,
}

/// Payouts of a lane's settlement, in planck. Nobody is in it for nothing; all together is what the lane's
/// items cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LanePayouts {
	/// The protocol.
	pub protocol: Balance,
	/// Payees of the node, the model, and the models above it, by role.
	pub payees: BTreeMap<(AccountId, Role), Balance>,
	/// Contributions that calls are attributed to, without their curators' parts.
	pub contributions: BTreeMap<ContributionId, Balance>,
	/// Contributors to releases, without the curators' parts.
	pub releases: BTreeMap<(DatanetId, ReleaseId), Balance>,
	/// Curators, by datanet.
	pub curators: BTreeMap<(AccountId, DatanetId), Balance>,
}

/// Works out all payments of a lane's settlement from what its events say, and compares.
///
/// # Errors
///
/// The first [`Mismatch`].
pub fn recompute(lane: &SettledLane, items: &[SettledItem]) -> Result<(), Mismatch> {
	payouts(lane, items).map(|_| ())
}

/// Works out who gets what of a lane's settlement from what its events say, and compares.
///
/// # Errors
///
/// The first [`Mismatch`].
pub fn payouts(lane: &SettledLane, items: &[SettledItem]) -> Result<LanePayouts, Mismatch> {
	check_sums(lane, items)?;
	let mut payouts = LanePayouts::default();
	let mut pooled = vec![0; lane.sources.len()];
	for item in items {
		let (parts, node) = check_parts(lane, item)?;
		payouts.add_parts(lane, parts, node).ok_or(Mismatch::Parts)?;
		let left = match item {
			SettledItem::Call(call) => payouts.add_direct(lane, call)?,
			SettledItem::Run(_) => parts.data,
		};
		let amounts = divide_among_sources(lane, left).ok_or(Mismatch::Pools)?;
		for (sum, amount) in pooled.iter_mut().zip(amounts) {
			*sum = amount.checked_add(*sum).ok_or(Mismatch::Pools)?;
		}
	}
	payouts.add_pools(lane, &pooled)?;
	Ok(payouts)
}

impl LanePayouts {
	/// Adds what everybody but the data gets of an item.
	fn add_parts(&mut self, lane: &SettledLane, parts: &SettledParts, node: Balance) -> Option<()> {
		self.protocol = self.protocol.checked_add(parts.protocol)?;
		add(&mut self.payees, (lane.node_payee.clone(), Role::Node), node)?;
		add(&mut self.payees, (lane.developer_payee.clone(), Role::Developer), parts.developer)?;
		for (above, Amount(royalty)) in lane.lineage.iter().zip(&parts.royalties) {
			add(&mut self.payees, (above.payee.clone(), Role::Royalty), *royalty)?;
		}
		Some(())
	}

	/// Checks and adds what the contributions get that a call is attributed to. Returns what of its data part is
	/// left for the sources, in planck.
	fn add_direct(&mut self, lane: &SettledLane, call: &SettledCall) -> Result<Balance, Mismatch> {
		let (shares, data) = (&call.record.attribution, call.parts.data);
		let nothing = call.direct.iter().all(|paid| paid.amount == 0);
		if !call.direct.is_empty() && (nothing || call.direct.len() != shares.len()) {
			return Err(Mismatch::Direct);
		}
		let mut left = data;
		for (share, paid) in shares.iter().zip(&call.direct) {
			if *paid == DirectAmount::default() {
				// It does not count.
				continue;
			}
			let due = direct_part(data, lane.policy.attributed, share.basis_points);
			let source = lane.sources.get(usize::from(paid.source)).ok_or(Mismatch::Direct)?;
			if paid.amount == 0 || due != Some(paid.amount) {
				return Err(Mismatch::Direct);
			}
			left = left.checked_sub(paid.amount).ok_or(Mismatch::Direct)?;
			let rest = self.add_curator(source, paid.amount).ok_or(Mismatch::Direct)?;
			add(&mut self.contributions, share.contribution, rest).ok_or(Mismatch::Direct)?;
		}
		Ok(left)
	}

	/// Checks and adds what came into the releases: `pooled` by source.
	fn add_pools(&mut self, lane: &SettledLane, pooled: &[Balance]) -> Result<(), Mismatch> {
		let mut said = lane.pools.iter();
		for (source, amount) in lane.sources.iter().zip(pooled) {
			if *amount == 0 {
				continue;
			}
			let rest = self.add_curator(source, *amount).ok_or(Mismatch::Pools)?;
			let expected = said.next().and_then(|pool| pool_payment(source, *amount, rest, pool));
			let release = expected.ok_or(Mismatch::Pools)?;
			add(&mut self.releases, release, rest).ok_or(Mismatch::Pools)?;
		}
		if said.next().is_some() {
			return Err(Mismatch::Pools);
		}
		Ok(())
	}

	/// Adds the curator's part of what comes to a datanet by one of the lane's sources. Returns the rest.
	fn add_curator(&mut self, source: &SourceShare, amount: Balance) -> Option<Balance> {
		let part = part_of(amount, source.curator_share);
		add(&mut self.curators, (source.curator.clone(), source.datanet), part)?;
		amount.checked_sub(part)
	}
}

/// Adds to a sum that is not left at nothing.
fn add<Key: Ord>(sums: &mut BTreeMap<Key, Balance>, key: Key, amount: Balance) -> Option<()> {
	if amount > 0 {
		let sum = sums.entry(key).or_default();
		*sum = sum.checked_add(amount)?;
	}
	Some(())
}

fn check_sums(lane: &SettledLane, items: &[SettledItem]) -> Result<(), Mismatch> {
	let charged = items.iter().try_fold(0, |sum: Balance, item| sum.checked_add(item.charge()));
	let last = items.last().map(SettledItem::last_sequence);
	if usize::try_from(lane.items).ok() != Some(items.len())
		|| charged != Some(lane.charged)
		|| last != Some(lane.sequence)
	{
		return Err(Mismatch::Sums);
	}
	let leaves: Vec<_> = items.iter().map(SettledItem::leaf).collect();
	if tree::root(&leaves) != Some(lane.root) {
		return Err(Mismatch::Root);
	}
	Ok(())
}

/// Returns the parts of an item, and what the node gets, in planck.
fn check_parts<'a>(
	lane: &SettledLane,
	item: &'a SettledItem,
) -> Result<(&'a SettledParts, Balance), Mismatch> {
	let own = lane.agreement.price(&lane.price);
	let cost = |price: &PriceSchedule| match item {
		SettledItem::Call(call) => price.charge(&call.record.tokens()),
		SettledItem::Run(run) => run.totals.cost(price),
	};
	let charge = item.charge();
	if cost(&own) != Some(charge) {
		return Err(Mismatch::Charge);
	}
	let list_charge = cost(&lane.price).ok_or(Mismatch::Charge)?;
	let royalties: Vec<_> = lane.lineage.iter().map(|above| above.royalty).collect();
	let parts = split_own_charge(charge, list_charge, lane.protocol_share, &lane.policy);
	let (parts, node) =
		parts.and_then(|parts| settled_parts(parts, &royalties)).ok_or(Mismatch::Parts)?;
	let said = match item {
		SettledItem::Call(call) => &call.parts,
		SettledItem::Run(run) => &run.parts,
	};
	if *said != parts || said.node(charge) != Some(node) {
		return Err(Mismatch::Parts);
	}
	Ok((said, node))
}

/// The release that `amount` came into, `rest` of it without the curator's part. `None` if that is not what is
/// said.
fn pool_payment(
	source: &SourceShare,
	amount: Balance,
	rest: Balance,
	said: &PoolPayment,
) -> Option<(DatanetId, ReleaseId)> {
	let before = PoolIndex { per_weight: 0, carry: said.carry_before };
	let after = before.pay(rest, said.total_weight)?;
	let expected = PoolPayment {
		datanet: source.datanet,
		release: source.release,
		amount,
		curator: amount.checked_sub(rest)?,
		raised: after.per_weight,
		total_weight: said.total_weight,
		carry_before: said.carry_before,
		carry_after: after.carry,
	};
	let is_carry = said.carry_before < said.total_weight.into();
	(*said == expected && is_carry).then_some((said.datanet, said.release))
}

/// The part of a contribution in the data part of a call, in planck, for so many basis points of the answer.
/// `None` if there are more than the whole.
pub fn direct_part(data: Balance, attributed: Permill, basis_points: u16) -> Option<Balance> {
	let whole = Balance::from(WHOLE_ANSWER);
	let points = Balance::from(basis_points);
	if points > whole {
		return None;
	}
	let part = part_of(data, attributed);
	// In two steps, so that no product is too large.
	let (quotient, remainder) = (part.checked_div(whole)?, part.checked_rem(whole)?);
	let odd = remainder.checked_mul(points)?.checked_div(whole)?;
	quotient.checked_mul(points)?.checked_add(odd)
}

/// The parts of an item as they stand in its event, and what the node gets, in planck. `royalties` are those
/// of the models above, nearest first. `None` if there are more than a model can have.
pub fn settled_parts(parts: ChargeParts, royalties: &[Permill]) -> Option<(SettledParts, Balance)> {
	let (developer, kept) = split_royalties(parts.developer, royalties);
	let royalties: Vec<_> = if kept.iter().all(|amount| *amount == 0) {
		Vec::new()
	} else {
		kept.into_iter().map(Amount).collect()
	};
	let settled = SettledParts {
		protocol: parts.protocol,
		developer,
		data: parts.data,
		royalties: royalties.try_into().ok()?,
	};
	Some((settled, parts.node))
}

/// Divides what sources get of one item, in their order.
fn divide_among_sources(lane: &SettledLane, amount: Balance) -> Option<Vec<Balance>> {
	if amount == 0 {
		return Some(vec![0; lane.sources.len()]);
	}
	let share = |source: &SourceShare| ((source.datanet, source.release), source.weight);
	let shares: Vec<_> = lane.sources.iter().map(share).collect();
	split_exact(amount, &shares)
}

#[cfg(test)]
mod tests {
	use super::{
		super::{Agreement, AttributionShare, CallRecord, LineageShare, SettledRun},
		*,
	};
	use crate::{answer::Evidence, lane_list::Totals, policy::RevenuePolicy, Hash};

	const NODE: AccountId = AccountId::new([1; 32]);
	const DEVELOPER: AccountId = AccountId::new([2; 32]);
	const PARENT: AccountId = AccountId::new([3; 32]);
	const CURATOR: AccountId = AccountId::new([4; 32]);

	const LIST: PriceSchedule = PriceSchedule {
		per_call: 1_000,
		per_input_token: 10,
		per_cached_input_token: 0,
		per_output_token: 0,
	};

	/// Of 10,000 planck: 500 to the protocol, 3,800 to the developer, a tenth of them on, 3,325 to data, of which
	/// 1,663 are attributed.
	fn parts(royalty: Balance) -> SettledParts {
		let royalties = vec![Amount(royalty)].try_into().unwrap();
		SettledParts { protocol: 500, developer: 3_800 - royalty, data: 3_325, royalties }
	}

	fn source(datanet: DatanetId, weight: u64, percent: u32) -> SourceShare {
		let curator_share = Permill::from_percent(percent);
		SourceShare { datanet, release: 1, weight, curator: CURATOR, curator_share }
	}

	/// A call at the node's own price and a run at that, which by the list price cost 10,000 each.
	fn settled() -> (SettledLane, Vec<SettledItem>) {
		let record = CallRecord {
			sequence: 3,
			input_tokens: 900,
			cached_tokens: 0,
			retrieved_tokens: 0,
			output_tokens: 5,
			response_hash: Hash::repeat_byte(7),
			attribution: [(8, 5_000), (9, 1_000)]
				.map(|(contribution, basis_points)| AttributionShare { contribution, basis_points })
				.to_vec()
				.try_into()
				.unwrap(),
			extension: None,
		};
		// The second contribution does not count.
		let direct = vec![DirectAmount { amount: 831, source: 1 }, DirectAmount::default()];
		let call = SettledCall {
			record,
			charge: 8_200,
			parts: parts(380),
			direct: direct.try_into().unwrap(),
		};
		let run = SettledRun {
			first_sequence: 4,
			last_sequence: 9,
			count: 8,
			acknowledged_root: Hash::repeat_byte(8),
			totals: Totals { calls: 6, charge: 9_200, input_tokens: 400, ..Totals::default() },
			parts: parts(380),
		};
		let items = vec![SettledItem::Call(call), SettledItem::Run(run)];
		// Thirds of 2,494 and 3,325, item by item: 1,663 and 831, 2,217 and 1,108.
		let pool = |datanet, amount, curator, total_weight, raised, carry_after| PoolPayment {
			datanet,
			release: 1,
			amount,
			curator,
			raised,
			total_weight,
			carry_before: 5,
			carry_after,
		};
		let pools = vec![pool(1, 3_880, 388, 100, 34, 97), pool(2, 1_939, 0, 6, 324, 0)];
		let lane = SettledLane {
			session: 1,
			lane: 2,
			caller: AccountId::new([9; 32]),
			node: NODE,
			node_payee: NODE,
			agreement: Agreement {
				model: 1,
				version: 2,
				price_version: 3,
				as_of: 4,
				evidence: Evidence::Open,
				own_price: Some(PriceSchedule { per_call: 1_000, per_input_token: 8, ..LIST }),
			},
			developer_payee: DEVELOPER,
			price: LIST,
			policy: RevenuePolicy {
				developer: Permill::from_percent(40),
				data: Permill::from_percent(35),
				node: Permill::from_percent(25),
				attributed: Permill::from_percent(50),
			},
			protocol_share: Permill::from_percent(5),
			lineage: vec![LineageShare {
				model: 0,
				payee: PARENT,
				royalty: Permill::from_percent(10),
			}]
			.try_into()
			.unwrap(),
			sources: vec![source(1, 2, 10), source(2, 1, 0)].try_into().unwrap(),
			pools: pools.try_into().unwrap(),
			sequence: 9,
			voucher_sequence: 10,
			acknowledged_root: Hash::repeat_byte(8),
			items: 2,
			rejected: 0,
			charged: 17_400,
			root: tree::root(&[items[0].leaf(), items[1].leaf()]).unwrap(),
		};
		(lane, items)
	}

	/// What is wrong with the settlement once it is changed, whatever the root.
	fn wrong(change: impl FnOnce(&mut SettledLane, &mut SettledCall)) -> Option<Mismatch> {
		let (mut lane, mut items) = settled();
		let SettledItem::Call(call) = &mut items[0] else { panic!("the first item is a call") };
		change(&mut lane, call);
		if lane.root != Hash::zero() {
			lane.root = tree::root(&[items[0].leaf(), items[1].leaf()]).unwrap();
		}
		recompute(&lane, &items).err()
	}

	#[test]
	fn payouts_follow_from_the_events() {
		let (lane, items) = settled();

		let payouts = payouts(&lane, &items).unwrap();

		// The node bears what it charges less: it has 2,375 of each item, less 1,800 and 800.
		let payees = [
			((NODE, Role::Node), 575 + 1_575),
			((DEVELOPER, Role::Developer), 2 * 3_420),
			((PARENT, Role::Royalty), 2 * 380),
		];
		assert_eq!(payouts.protocol, 1_000);
		assert_eq!(payouts.payees, BTreeMap::from(payees));
		// The second source has no curator's part, nor has what is paid directly by it.
		assert_eq!(payouts.contributions, BTreeMap::from([(8, 831)]));
		assert_eq!(payouts.releases, BTreeMap::from([((1, 1), 3_492), ((2, 1), 1_939)]));
		assert_eq!(payouts.curators, BTreeMap::from([((CURATOR, 1), 388)]));
		let sum = payouts.protocol
			+ payouts.payees.values().sum::<Balance>()
			+ payouts.contributions.values().sum::<Balance>()
			+ payouts.releases.values().sum::<Balance>()
			+ payouts.curators.values().sum::<Balance>();
		assert_eq!(sum, lane.charged);
	}

	#[test]
	fn each_kind_of_mismatch_is_told() {
		assert_eq!(wrong(|_, _| ()), None);
		assert_eq!(wrong(|lane, _| lane.charged += 1), Some(Mismatch::Sums));
		assert_eq!(wrong(|lane, _| lane.items += 1), Some(Mismatch::Sums));
		assert_eq!(wrong(|lane, _| lane.sequence += 1), Some(Mismatch::Sums));
		assert_eq!(wrong(|lane, _| lane.root = Hash::zero()), Some(Mismatch::Root));
		assert_eq!(wrong(|_, call| call.record.input_tokens += 1), Some(Mismatch::Charge));
		assert_eq!(wrong(|lane, _| lane.agreement.own_price = None), Some(Mismatch::Charge));
		assert_eq!(wrong(|_, call| call.parts = parts(381)), Some(Mismatch::Parts));
		// One planck more by the list price, and the node cannot bear it any more.
		assert_eq!(wrong(|lane, _| lane.price.per_call += 10_000), Some(Mismatch::Parts));
		assert_eq!(wrong(|_, call| call.direct = Default::default()), Some(Mismatch::Pools));
		let paid = |amount, source| {
			wrong(|_, call| {
				let direct = vec![DirectAmount { amount, source }, DirectAmount::default()];
				call.direct = direct.try_into().unwrap();
			})
		};
		assert_eq!(paid(831, 1), None);
		for (amount, source) in [(830, 1), (832, 1), (831, 2), (0, 1), (0, 0)] {
			assert_eq!(paid(amount, source), Some(Mismatch::Direct), "{amount} by {source}");
		}
		let short = vec![DirectAmount { amount: 831, source: 1 }];
		let short = wrong(|_, call| call.direct = short.try_into().unwrap());
		assert_eq!(short, Some(Mismatch::Direct));
		assert_eq!(wrong(|lane, _| lane.sources[0].weight += 1), Some(Mismatch::Pools));
		assert_eq!(wrong(|lane, _| lane.pools[0].carry_before += 100), Some(Mismatch::Pools));
		assert_eq!(wrong(|lane, _| lane.pools[1].curator += 1), Some(Mismatch::Pools));
		let lost = wrong(|lane, _| {
			lane.pools.pop();
		});
		assert_eq!(lost, Some(Mismatch::Pools));
	}

	#[test]
	fn a_direct_part_is_rounded_down_and_never_above_the_whole() {
		let half = Permill::from_percent(50);
		assert_eq!(direct_part(3_325, half, 5_000), Some(831));
		assert_eq!(direct_part(3_325, half, 0), Some(0));
		assert_eq!(direct_part(3_325, half, 10_000), Some(1_663));
		assert_eq!(direct_part(3_325, half, 10_001), None);
		assert_eq!(direct_part(Balance::MAX, Permill::one(), 10_000), Some(Balance::MAX));
		assert_eq!(direct_part(Balance::MAX, Permill::one(), 1), Some(Balance::MAX / 10_000));
	}
}
