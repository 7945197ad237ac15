//! The sums of a settlement: where each planck of what its calls cost went.

use anyhow::{anyhow, ensure, Context, Result};
use openledger_chain_client::Settlement;
use openledger_primitives::{
	lane::{payouts, FulfilledCall, LanePayouts, PoolPayment, SettledCall, SettledItem},
	traits::Role,
	Balance, ContributionId, DatanetId, ReleaseId, RequestId, Weight, OPEN,
};
use std::{collections::BTreeMap, fmt};

/// A contribution that may earn from a call.
#[derive(Clone, Debug)]
pub struct Contribution {
	/// Its id.
	pub id: ContributionId,
	/// Its datanet.
	pub datanet: DatanetId,
	/// The release that it belongs to.
	pub release: ReleaseId,
	/// Its weight in that release.
	pub weight: Weight,
	/// Its subject.
	pub title: String,
	/// Its contributor's key.
	pub contributor: String,
}

/// What everybody got of what calls cost, in planck.
#[derive(Clone, Debug)]
pub struct Sums {
	/// What they cost.
	pub charged: Balance,
	/// The model's developer, without royalties.
	pub developer: Balance,
	/// The node.
	pub node: Balance,
	/// The protocol.
	pub protocol: Balance,
	/// The models above.
	pub royalties: Balance,
	/// All that is for the data, what its curators get included.
	pub for_data: Balance,
	/// Earnings of each contribution.
	pub data: Vec<(Contribution, Balance)>,
	/// Earnings of the curator of each datanet.
	pub curators: BTreeMap<DatanetId, Balance>,
	/// Amount that stays in the pools for the next payment because it did not divide, less what came from
	/// earlier ones.
	pub carried: i128,
}

impl Sums {
	/// Adds up a settlement of a lane, from its events and what is known of the contributions, without asking
	/// the chain. Every part of every payment is worked out again by the rules: see
	/// [`payouts`].
	///
	/// # Errors
	/// If an event says anything else, contradicts the weights, or pays somebody unknown.
	pub fn of_lane(settlement: &Settlement, contributions: &[Contribution]) -> Result<Self> {
		let Settlement { header, items, .. } = settlement;
		let payouts = payouts(header, items);
		let payouts = payouts.map_err(|wrong| anyhow!("{wrong:?} is off: {settlement:?}"))?;
		let LanePayouts { protocol, payees, contributions: direct, releases, curators } = payouts;
		let of = |role: Role| {
			let paid = payees.iter().filter(|((_, paid_as), _)| *paid_as == role);
			paid.map(|(_, amount)| amount).sum::<Balance>()
		};
		let mut by_datanet: BTreeMap<DatanetId, Balance> = BTreeMap::new();
		for ((_, datanet), amount) in &curators {
			*by_datanet.entry(*datanet).or_default() += amount;
		}
		let mut sums = Self {
			charged: header.charged,
			developer: of(Role::Developer),
			node: of(Role::Node),
			protocol,
			royalties: of(Role::Royalty),
			for_data: items.iter().map(data_part).sum(),
			data: contributions.iter().map(|known| (known.clone(), 0)).collect(),
			curators: by_datanet,
			carried: 0,
		};
		for (contribution, amount) in direct {
			sums.pay(contribution, amount)?;
		}
		for pool in &header.pools {
			let came_in = releases.get(&(pool.datanet, pool.release)).copied().unwrap_or_default();
			sums.divide(pool, came_in)?;
		}
		Ok(sums)
	}

	/// Adds up a call that was answered on chain, in the same way.
	///
	/// # Errors
	/// As [`Self::of_lane`].
	pub fn of_call(
		request: RequestId,
		call: &FulfilledCall,
		contributions: &[Contribution],
	) -> Result<Self> {
		let (header, item) = call.as_lane(request);
		let settlement = Settlement { header, items: vec![item], rejected: Vec::new() };
		Self::of_lane(&settlement, contributions)
	}

	/// Adds what a contribution got directly.
	fn pay(&mut self, contribution: ContributionId, amount: Balance) -> Result<()> {
		let known = self.data.iter_mut().find(|(known, _)| known.id == contribution);
		let (_, earned) = known.context("a contribution that nobody made was paid")?;
		*earned += amount;
		Ok(())
	}

	/// Adds what came into a release, the curator's part not included: each contribution has as much of it as
	/// the release's index rose, times its weight.
	fn divide(&mut self, pool: &PoolPayment, came_in: Balance) -> Result<()> {
		let whole = Balance::from(pool.total_weight);
		let used = pool.raised.checked_mul(whole).context("pool index overflows")?;
		ensure!(
			came_in + pool.carry_before == used + pool.carry_after,
			"the pool of release {} took {came_in} planck and does not account for them",
			pool.release,
		);
		ensure!(pool.carry_after < whole, "a carry that should have been paid out");
		let mut weights = 0;
		for (contribution, earned) in &mut self.data {
			if (contribution.datanet, contribution.release) == (pool.datanet, pool.release) {
				*earned += pool.raised * Balance::from(contribution.weight);
				weights += contribution.weight;
			}
		}
		ensure!(weights == pool.total_weight, "a release has a weight that nobody has");
		self.carried += signed(pool.carry_after)? - signed(pool.carry_before)?;
		Ok(())
	}

	/// Everything that was paid and carried, in planck.
	///
	/// # Errors
	/// If an amount is beyond all the OPEN there could be.
	pub fn sum(&self) -> Result<i128> {
		let mut sum = self.carried;
		for paid in [self.developer, self.node, self.protocol, self.royalties] {
			sum += signed(paid)?;
		}
		let data = self.data.iter().map(|(_, earned)| *earned);
		for paid in data.chain(self.curators.values().copied()) {
			sum += signed(paid)?;
		}
		Ok(sum)
	}

	/// The charge less the sum, in planck. Anything but zero is an error in the chain.
	///
	/// # Errors
	/// If an amount is beyond all the OPEN there could be.
	pub fn difference(&self) -> Result<i128> {
		Ok(signed(self.charged)? - self.sum()?)
	}

	/// Checks that nothing was lost, and that everybody who should have was paid.
	///
	/// # Errors
	/// If a planck is missing, or somebody.
	pub fn check(&self) -> Result<()> {
		let difference = self.difference()?;
		ensure!(difference == 0, "the sum is off by {difference} planck\n{self}");
		let everybody = [self.developer, self.node, self.protocol];
		let nothing = everybody.into_iter().chain(self.data.iter().map(|(_, earned)| *earned));
		ensure!(nothing.into_iter().all(|paid| paid > 0), "somebody was not paid\n{self}");
		Ok(())
	}
}

/// The data's part of an item, in planck.
fn data_part(item: &SettledItem) -> Balance {
	match item {
		SettledItem::Call(call) => call.parts.data,
		SettledItem::Run(run) => run.parts.data,
	}
}

fn signed(amount: Balance) -> Result<i128> {
	i128::try_from(amount).context("an amount beyond all the OPEN there could be")
}

/// An amount with all its decimals, so that columns of them line up.
pub fn exact(planck: Balance) -> String {
	format!("{}.{:018} OPEN", planck / OPEN, planck % OPEN)
}

fn exact_signed(planck: i128) -> String {
	let sign = if planck < 0 { "-" } else { "" };
	format!("{sign}{}", exact(planck.unsigned_abs()))
}

/// One line of a table.
pub fn line(formatter: &mut fmt::Formatter<'_>, what: &str, amount: &str) -> fmt::Result {
	writeln!(formatter, "  {what:<48}{amount:>30}")
}

impl fmt::Display for Sums {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		let rule = "-".repeat(78);
		line(formatter, "caller paid", &exact(self.charged))?;
		writeln!(formatter, "  {rule}")?;
		line(formatter, "developer", &exact(self.developer))?;
		line(formatter, "node", &exact(self.node))?;
		line(formatter, "protocol", &exact(self.protocol))?;
		if self.royalties > 0 {
			line(formatter, "royalties of the models above", &exact(self.royalties))?;
		}
		for (datanet, earned) in &self.curators {
			line(formatter, &format!("curator of datanet {datanet}"), &exact(*earned))?;
		}
		for (contribution, earned) in &self.data {
			let Contribution { id, weight, title, contributor, .. } = contribution;
			let what = format!("contributor {contributor} ({title}, #{id}, weight {weight})");
			line(formatter, &what, &exact(*earned))?;
		}
		line(formatter, "rounding carried to the next payment", &exact_signed(self.carried))?;
		writeln!(formatter, "  {rule}")?;
		let amount = |amount: Result<i128>| amount.map_or("too large".into(), exact_signed);
		line(formatter, "sum", &amount(self.sum()))?;
		line(formatter, "difference", &amount(self.difference()))
	}
}

/// Calls of a lane that were settled together, and who was paid for them.
#[derive(Clone, Debug)]
pub struct LaneReport {
	/// The calls, and what was asked.
	pub calls: Vec<(SettledCall, String)>,
	/// The settlement.
	pub settlement: Settlement,
	/// Its sums.
	pub sums: Sums,
}

impl LaneReport {
	/// Adds up a settlement whose calls were settled one by one. `prompt` knows what was asked, by sequence.
	///
	/// # Errors
	/// As [`Sums::of_lane`], or if it has calls that were settled by their sums.
	pub fn new(
		settlement: &Settlement,
		prompt: impl Fn(&SettledCall) -> String,
		contributions: &[Contribution],
	) -> Result<Self> {
		let calls = settlement.items.iter().map(|item| match item {
			SettledItem::Call(call) => Ok((call.clone(), prompt(call))),
			SettledItem::Run(run) => Err(anyhow!("settled by sums: {run:?}")),
		});
		Ok(Self {
			calls: calls.collect::<Result<_>>()?,
			sums: Sums::of_lane(settlement, contributions)?,
			settlement: settlement.clone(),
		})
	}
}

impl fmt::Display for LaneReport {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		let header = &self.settlement.header;
		let (count, lane, session) = (self.calls.len(), header.lane, header.session);
		writeln!(formatter, "{count} calls of lane {lane} of session {session}")?;
		let rule = "-".repeat(78);
		writeln!(formatter, "  {rule}")?;
		for (call, prompt) in &self.calls {
			let record = &call.record;
			writeln!(formatter, "  call {}: {prompt:?}", record.sequence)?;
			let (input, output) = (record.input_tokens, record.output_tokens);
			let what = format!("  {input} input and {output} output tokens");
			line(formatter, &what, &exact(call.charge))?;
		}
		write!(formatter, "{}", self.sums)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::{
		answer::Evidence,
		lane::{
			settled_parts, Agreement, Amount, AttributionShare, CallRecord, DirectAmount,
			LineageShare, SettledLane, SourceShare,
		},
		lane_list::LaneList,
		policy::RevenuePolicy,
		pool_index::PoolIndex,
		price::PriceSchedule,
		split::{part_of, split_charge},
		tree, AccountId, Hash,
	};
	use sp_runtime::Permill;

	const NODE: AccountId = AccountId::new([2; 32]);
	const CURATOR: AccountId = AccountId::new([4; 32]);

	fn contributions() -> Vec<Contribution> {
		[(0, 5), (1, 3), (2, 2)]
			.map(|(id, weight)| Contribution {
				id,
				datanet: 0,
				release: 1,
				weight,
				title: "data".into(),
				contributor: "//Dave".into(),
			})
			.to_vec()
	}

	/// A call that cost 1,000: 50 to the protocol, and of the rest 40% to the developer, a tenth of that on, 35% to
	/// data, a tenth of that to the curator. `direct` goes straight to the second contribution.
	fn settled(direct: Balance) -> Settlement {
		let percent = Permill::from_percent;
		let policy = RevenuePolicy {
			developer: percent(40),
			data: percent(35),
			node: percent(25),
			attributed: percent(50),
		};
		let parts = split_charge(1_000, percent(5), &policy).unwrap();
		let (parts, _) = settled_parts(parts, &[percent(10)]).unwrap();
		let points = if direct > 0 { 10_000 } else { 0 };
		let share = AttributionShare { contribution: 1, basis_points: points };
		let shares = if direct > 0 { vec![share] } else { Vec::new() };
		let paid = shares.iter().map(|_| DirectAmount { amount: direct, source: 0 });
		let call = SettledCall {
			record: CallRecord {
				sequence: 1,
				input_tokens: 3,
				cached_tokens: 0,
				retrieved_tokens: 0,
				output_tokens: 4,
				response_hash: Hash::zero(),
				attribution: shares.clone().try_into().unwrap(),
				extension: None,
			},
			charge: 1_000,
			direct: paid.collect::<Vec<_>>().try_into().unwrap(),
			parts,
		};
		let amount = call.parts.data - direct;
		let curator = part_of(amount, percent(10));
		let before = PoolIndex { per_weight: 0, carry: 7 };
		let after = before.pay(amount - curator, 10).unwrap();
		let pool = PoolPayment {
			datanet: 0,
			release: 1,
			amount,
			curator,
			raised: after.per_weight,
			total_weight: 10,
			carry_before: 7,
			carry_after: after.carry,
		};
		let source = SourceShare {
			datanet: 0,
			release: 1,
			weight: 1,
			curator: CURATOR,
			curator_share: percent(10),
		};
		let items = vec![SettledItem::Call(call)];
		let header = SettledLane {
			session: 0,
			lane: 0,
			caller: AccountId::new([1; 32]),
			node: NODE,
			node_payee: NODE,
			agreement: Agreement {
				model: 0,
				version: 0,
				price_version: 0,
				as_of: 1,
				evidence: Evidence::Open,
				own_price: None,
			},
			developer_payee: AccountId::new([3; 32]),
			price: PriceSchedule { per_call: 1_000, ..Default::default() },
			policy,
			protocol_share: percent(5),
			lineage: vec![LineageShare {
				model: 7,
				payee: AccountId::new([5; 32]),
				royalty: percent(10),
			}]
			.try_into()
			.unwrap(),
			sources: vec![source].try_into().unwrap(),
			pools: vec![pool].try_into().unwrap(),
			sequence: 1,
			voucher_sequence: 1,
			acknowledged_root: LaneList::default().root(),
			items: 1,
			rejected: 0,
			charged: 1_000,
			root: tree::root(&[items[0].leaf()]).unwrap(),
		};
		Settlement { header, items, rejected: Vec::new() }
	}

	fn earned(sums: &Sums) -> Vec<Balance> {
		sums.data.iter().map(|(_, earned)| *earned).collect()
	}

	#[test]
	fn a_lane_adds_up() {
		let settlement = settled(0);
		let sums = Sums::of_lane(&settlement, &contributions()).unwrap();
		let for_data = settlement.header.pools[0].amount;

		assert_eq!(sums.for_data, for_data);
		assert_eq!(
			earned(&sums),
			[5, 3, 2].map(|weight| weight * settlement.header.pools[0].raised)
		);
		assert_eq!(sums.curators, [(0, part_of(for_data, Permill::from_percent(10)))].into());
		assert_eq!((sums.developer, sums.royalties), (342, 38));
		assert_eq!(sums.sum().unwrap(), 1_000);
		sums.check().unwrap();
		assert!(sums.to_string().contains("0.000000000000001000 OPEN"), "{sums}");
		assert!(sums.to_string().contains("royalties of the models above"), "{sums}");
		let report = LaneReport::new(&settlement, |_| "Hi".into(), &contributions()).unwrap();
		assert!(report.to_string().contains("call 1: \"Hi\""), "{report}");
	}

	#[test]
	fn direct_payments_count() {
		let part = settled(0).header.pools[0].amount;
		let direct = part_of(part, Permill::from_percent(50));
		let settlement = settled(direct);
		let sums = Sums::of_lane(&settlement, &contributions()).unwrap();

		let index = settlement.header.pools[0].raised;
		let net = direct - part_of(direct, Permill::from_percent(10));
		assert_eq!(earned(&sums)[1], 3 * index + net);
		sums.check().unwrap();
		let strangers: Vec<_> = contributions().into_iter().filter(|known| known.id != 1).collect();
		Sums::of_lane(&settlement, &strangers).unwrap_err();
	}

	#[test]
	fn what_does_not_follow_from_the_events_is_found() {
		let wrong = |change: fn(&mut Settlement)| {
			let mut settlement = settled(0);
			change(&mut settlement);
			Sums::of_lane(&settlement, &contributions()).unwrap_err()
		};

		wrong(|settlement| settlement.header.pools[0].carry_after += 1);
		wrong(|settlement| settlement.header.pools[0].curator += 1);
		wrong(|settlement| settlement.header.charged -= 1);
		wrong(|settlement| settlement.header.protocol_share = Permill::zero());
		wrong(|settlement| {
			let SettledItem::Call(call) = &mut settlement.items[0] else { panic!() };
			call.parts.royalties = vec![Amount(1)].try_into().unwrap();
		});
		// Everything is as the events say, but the weights are others.
		Sums::of_lane(&settled(0), &contributions()[1..]).unwrap_err();
	}

	#[test]
	fn a_planck_off_and_somebody_unpaid_are_found() {
		let sums = Sums::of_lane(&settled(0), &contributions()).unwrap();
		let off = Sums { developer: sums.developer - 1, ..sums.clone() };
		assert_eq!(off.difference().unwrap(), 1);
		off.check().unwrap_err();
		let unpaid = Sums { charged: sums.charged - sums.node, node: 0, ..sums };
		assert_eq!(unpaid.difference().unwrap(), 0);
		unpaid.check().unwrap_err();
	}

	#[test]
	fn amounts_line_up() {
		assert_eq!(exact(OPEN + 1), "1.000000000000000001 OPEN");
		assert_eq!(exact_signed(-3), "-0.000000000000000003 OPEN");
	}
}
