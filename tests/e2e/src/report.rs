//! The sums of one call: where each planck of its charge went.

use anyhow::{ensure, Context, Result};
use openledger_chain_client::CallSettled;
use openledger_primitives::{Balance, ContributionId, DatanetId, ReleaseId, Weight, OPEN};
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

/// Who was paid for one call.
#[derive(Clone, Debug)]
pub struct CallReport {
	/// The event.
	pub call: CallSettled,
	/// The question.
	pub prompt: String,
	/// Earnings of each contribution, in planck.
	pub data: Vec<(Contribution, Balance)>,
	/// Earnings of the curator of each datanet, in planck.
	pub curators: BTreeMap<DatanetId, Balance>,
	/// Amount that stays in the pools for the next payment because it did not divide, less what came from
	/// earlier ones, in planck.
	pub carried: i128,
}

impl CallReport {
	/// Adds up a settled call from its event and what is known of the contributions, without asking
	/// the chain: `weight * raised` for each of them, and what was credited directly, each without
	/// the curator's part.
	///
	/// # Errors
	/// If a payment contradicts itself or the weights, or pays somebody unknown.
	pub fn new(call: &CallSettled, prompt: &str, contributions: &[Contribution]) -> Result<Self> {
		let mut data: Vec<(Contribution, Balance)> =
			contributions.iter().map(|contribution| (contribution.clone(), 0)).collect();
		let mut curators: BTreeMap<DatanetId, Balance> = BTreeMap::new();
		let mut carried = 0;
		let mut came_in = 0;
		let payment = &call.payment.data_payment;
		for pool in &payment.pools {
			came_in += pool.amount;
			let shared = pool.amount.checked_sub(pool.curator);
			let shared = shared.context("a curator got more than came in")?;
			*curators.entry(pool.datanet).or_default() += pool.curator;
			let whole = Balance::from(pool.total_weight);
			let used = pool.raised.checked_mul(whole).context("pool index overflows")?;
			ensure!(
				shared + pool.carry_before == used + pool.carry_after,
				"the pool of release {} took {} planck and does not account for them",
				pool.release,
				pool.amount
			);
			ensure!(pool.carry_after < whole, "a carry that should have been paid out");
			let mut weights = 0;
			for (contribution, earned) in &mut data {
				if (contribution.datanet, contribution.release) == (pool.datanet, pool.release) {
					*earned += pool.raised * Balance::from(contribution.weight);
					weights += contribution.weight;
				}
			}
			ensure!(weights == pool.total_weight, "a release has a weight that nobody has");
			carried += signed(pool.carry_after)? - signed(pool.carry_before)?;
		}
		for direct in &payment.direct {
			came_in += direct.amount;
			let known = data.iter_mut().find(|(known, _)| known.id == direct.contribution);
			let (known, earned) = known.context("a contribution that nobody made was paid")?;
			let net = direct.amount.checked_sub(direct.curator);
			*earned += net.context("a curator got more than came in")?;
			*curators.entry(known.datanet).or_default() += direct.curator;
		}
		ensure!(
			came_in == call.payment.data,
			"the data part is {} planck, and {came_in} came in",
			call.payment.data
		);
		Ok(Self { call: call.clone(), prompt: prompt.into(), data, curators, carried })
	}

	/// Everything that was paid and carried, in planck.
	///
	/// # Errors
	/// If an amount is beyond all the OPEN there could be.
	pub fn sum(&self) -> Result<i128> {
		let payment = &self.call.payment;
		let mut sum = self.carried;
		for paid in [payment.developer, payment.node, payment.protocol] {
			sum += signed(paid)?;
		}
		let royalties = payment.royalties.iter().map(|royalty| royalty.amount);
		let data = self.data.iter().map(|(_, earned)| *earned);
		for paid in royalties.chain(data).chain(self.curators.values().copied()) {
			sum += signed(paid)?;
		}
		Ok(sum)
	}

	/// The charge less the sum, in planck. Anything but zero is an error in the chain.
	///
	/// # Errors
	/// If an amount is beyond all the OPEN there could be.
	pub fn difference(&self) -> Result<i128> {
		Ok(signed(self.call.charge)? - self.sum()?)
	}

	/// Checks that nothing was lost, and that everybody who should have was paid.
	///
	/// # Errors
	/// If a planck is missing, or somebody.
	pub fn check(&self) -> Result<()> {
		let difference = self.difference()?;
		ensure!(difference == 0, "the sum is off by {difference} planck\n{self}");
		let payment = &self.call.payment;
		let everybody = [payment.developer, payment.node, payment.protocol];
		let nothing = everybody.into_iter().chain(self.data.iter().map(|(_, earned)| *earned));
		ensure!(nothing.into_iter().all(|paid| paid > 0), "somebody was not paid\n{self}");
		Ok(())
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

impl fmt::Display for CallReport {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		let call = &self.call;
		writeln!(
			formatter,
			"call {} of session {}: {:?}, {} input and {} output tokens",
			call.sequence, call.session, self.prompt, call.input_tokens, call.output_tokens
		)?;
		let rule = "-".repeat(78);
		writeln!(formatter, "  {rule}")?;
		line(formatter, "caller paid", &exact(call.charge))?;
		writeln!(formatter, "  {rule}")?;
		line(formatter, "developer", &exact(call.payment.developer))?;
		line(formatter, "node", &exact(call.payment.node))?;
		line(formatter, "protocol", &exact(call.payment.protocol))?;
		for royalty in &call.payment.royalties {
			let what = format!("royalty of model {}", royalty.model);
			line(formatter, &what, &exact(royalty.amount))?;
		}
		for (datanet, earned) in &self.curators {
			line(formatter, &format!("curator of datanet {datanet}"), &exact(*earned))?;
		}
		for (contribution, earned) in &self.data {
			let Contribution { id, weight, title, contributor, .. } = contribution;
			let what = format!("contributor {contributor} ({title}, #{id}, weight {weight})");
			line(formatter, &what, &exact(*earned))?;
		}
		line(formatter, "rounding carried to the next call", &exact_signed(self.carried))?;
		writeln!(formatter, "  {rule}")?;
		let amount = |amount: Result<i128>| amount.map_or("too large".into(), exact_signed);
		line(formatter, "sum", &amount(self.sum()))?;
		line(formatter, "difference", &amount(self.difference()))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::{
		record::{CallPayment, DataPayment, DirectPayment, PoolPayment, RoyaltyPayment},
		Hash,
	};

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

	fn settled(pool: PoolPayment) -> CallSettled {
		CallSettled {
			session: 0,
			lane: 0,
			sequence: 1,
			caller: [1; 32].into(),
			node: [2; 32].into(),
			payee: [2; 32].into(),
			developer: [3; 32].into(),
			model: 0,
			version: 0,
			price_version: 0,
			input_tokens: 3,
			output_tokens: 4,
			charge: 100 + pool.amount,
			request_hash: Hash::zero(),
			response_hash: Hash::zero(),
			payment: CallPayment {
				protocol: 10,
				developer: 60,
				node: 30,
				data: pool.amount,
				data_payment: DataPayment {
					direct: Default::default(),
					pools: vec![pool].try_into().unwrap(),
				},
				royalties: Default::default(),
			},
		}
	}

	fn pool() -> PoolPayment {
		// 38 and the 7 that waited are 4 for each of 10, and 5 wait.
		PoolPayment {
			datanet: 0,
			release: 1,
			amount: 40,
			curator: 2,
			raised: 4,
			total_weight: 10,
			carry_before: 7,
			carry_after: 5,
		}
	}

	#[test]
	fn adds_up() {
		let report = CallReport::new(&settled(pool()), "Hi", &contributions()).unwrap();
		let earned: Vec<_> = report.data.iter().map(|(_, earned)| *earned).collect();
		assert_eq!(earned, [20, 12, 8]);
		assert_eq!(report.carried, -2);
		assert_eq!(report.curators, [(0, 2)].into());
		assert_eq!(report.sum().unwrap(), 140);
		report.check().unwrap();
		assert!(report.to_string().contains("0.000000000000000140 OPEN"), "{report}");
	}

	#[test]
	fn direct_payments_and_royalties_count() {
		let mut call = settled(pool());
		let direct = DirectPayment { contribution: 1, amount: 20, curator: 1 };
		call.payment.data_payment.direct = vec![direct].try_into().unwrap();
		call.payment.data += 20;
		let royalty = RoyaltyPayment { model: 7, payee: [4; 32].into(), amount: 9 };
		call.payment.royalties = vec![royalty].try_into().unwrap();
		call.charge += 29;
		let report = CallReport::new(&call, "Hi", &contributions()).unwrap();
		let earned: Vec<_> = report.data.iter().map(|(_, earned)| *earned).collect();
		assert_eq!(earned, [20, 12 + 19, 8]);
		assert_eq!(report.curators, [(0, 3)].into());
		report.check().unwrap();
		let shown = report.to_string();
		assert!(shown.contains("royalty of model 7"), "{shown}");
		assert!(shown.contains("curator of datanet 0"), "{shown}");
	}

	#[test]
	fn a_planck_off_is_found() {
		let mut off = settled(pool());
		off.payment.developer -= 1;
		let report = CallReport::new(&off, "Hi", &contributions()).unwrap();
		assert_eq!(report.difference().unwrap(), 1);
		report.check().unwrap_err();
	}

	#[test]
	fn a_pool_that_contradicts_itself_is_found() {
		let wrong = PoolPayment { carry_after: 6, ..pool() };
		CallReport::new(&settled(wrong), "Hi", &contributions()).unwrap_err();
		let greedy = PoolPayment { curator: 41, ..pool() };
		CallReport::new(&settled(greedy), "Hi", &contributions()).unwrap_err();
		let mut short = settled(pool());
		short.payment.data -= 1;
		CallReport::new(&short, "Hi", &contributions()).unwrap_err();
		CallReport::new(&settled(pool()), "Hi", &contributions()[1..]).unwrap_err();
	}

	#[test]
	fn somebody_unpaid_is_found() {
		let mut unpaid = settled(pool());
		unpaid.charge -= unpaid.payment.node;
		unpaid.payment.node = 0;
		let report = CallReport::new(&unpaid, "Hi", &contributions()).unwrap();
		assert_eq!(report.difference().unwrap(), 0);
		report.check().unwrap_err();
	}

	#[test]
	fn amounts_line_up() {
		assert_eq!(exact(OPEN + 1), "1.000000000000000001 OPEN");
		assert_eq!(exact_signed(-3), "-0.000000000000000003 OPEN");
	}
}
