//! The price of each model's calls: whether the chain pays for them, and this node's own price for them.

use openledger_chain_client::Chain;
use openledger_gateway::server::OwnPrice;
use openledger_primitives::{
	info::{LaneTermsInfo, ModelInfo},
	lane::RejectReason,
	price::PriceSchedule,
};

use super::Finding;
use crate::{cli::show, node::own_prices};

/// Tells what a model's calls cost here, and whether the chain pays for them. `own` is the price that is
/// configured instead of the list price.
pub(super) async fn check(
	chain: &Chain,
	info: &ModelInfo,
	own: Option<PriceSchedule>,
) -> Vec<Finding> {
	match own_prices::terms(chain, info).await {
		Ok(terms) => findings(info, own, terms),
		Err(error) => vec![Finding::bad(&info.name, error)],
	}
}

fn findings(
	info: &ModelInfo,
	own: Option<PriceSchedule>,
	terms: Result<LaneTermsInfo, RejectReason>,
) -> Vec<Finding> {
	let what = info.name.as_str();
	let terms = match terms {
		Ok(terms) => terms,
		Err(reason) => {
			let said = format!("the chain pays for no calls of it ({reason:?}): ask its owner");
			return vec![Finding::bad(what, said)];
		}
	};
	let Some(price) = own else {
		let said = format!("costs its list price: {}", show::price(&terms.price));
		return vec![Finding::good(what, said)];
	};
	let own = OwnPrice { price, protocol_share: terms.protocol_share };
	if let Err(error) = own.check(&terms.price, &terms.policy) {
		let reason = own_prices::reason(error);
		let said = format!(
			"the configured price cannot be charged: {reason}; correct `price`. Its list price is {}",
			show::price(&terms.price)
		);
		return vec![Finding::bad(what, said)];
	}
	let said = format!("costs this node's own price: {}", show::price(&price));
	let mut findings = vec![Finding::good(what, said)];
	findings.extend(announced(info, &own, &terms));
	findings
}

/// Tells whether a price that may be charged now will have to change with what is announced.
fn announced(info: &ModelInfo, own: &OwnPrice, terms: &LaneTermsInfo) -> Option<Finding> {
	let from = [
		info.next_price.as_ref().map(|next| next.from),
		info.next_policy.as_ref().map(|next| next.from),
	];
	let from = from.into_iter().flatten().max()?;
	let list = info.next_price.as_ref().map_or(terms.price, |next| next.value.price);
	let policy = info.next_policy.as_ref().map_or(terms.policy, |next| next.value);
	let reason = own_prices::reason(own.check(&list, &policy).err()?);
	let said = format!(
		"the configured price cannot be charged from block {from} on: {reason}. The list price is charged \
		 then, until you correct `price`"
	);
	Some(Finding::doubtful(&info.name, said))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::cli::doctor::Verdict::{self, Bad, Doubtful, Good};
	use openledger_primitives::{info::Scheduled, policy::RevenuePolicy};
	use openledger_testkit as testkit;

	fn terms() -> Result<LaneTermsInfo, RejectReason> {
		let (chain, model) = (testkit::TestChain::default(), testkit::model());
		let state = chain.state();
		state.lane_terms(model.id, model.version, model.price_version, testkit::AS_OF)
	}

	fn verdicts(info: &ModelInfo, own: Option<PriceSchedule>) -> Vec<Verdict> {
		findings(info, own, terms()).iter().map(|finding| finding.verdict).collect()
	}

	#[test]
	fn calls_have_to_be_paid_for_at_the_price_that_is_configured() {
		let model = testkit::model();
		let lower = PriceSchedule { per_output_token: 70, ..testkit::PRICE };
		let too_low = PriceSchedule { per_output_token: 61, ..testkit::PRICE };
		let above = PriceSchedule { per_call: 1_001, ..testkit::PRICE };
		assert_eq!(verdicts(&model, None), [Good]);
		assert_eq!(verdicts(&model, Some(lower)), [Good]);
		assert_eq!(verdicts(&model, Some(too_low)), [Bad]);
		assert_eq!(verdicts(&model, Some(above)), [Bad]);
		let unpaid = findings(&model, None, Err(RejectReason::NoPayableSource)).remove(0);
		assert_eq!(unpaid.verdict, Bad);
		assert!(unpaid.said.contains("NoPayableSource"), "{}", unpaid.said);
	}

	#[test]
	fn what_is_announced_may_end_a_price() {
		let lower = PriceSchedule { per_output_token: 70, ..testkit::PRICE };
		let mut model = testkit::model();
		model.next_policy = Some(Scheduled { from: 500, value: model.policy });
		assert_eq!(verdicts(&model, Some(lower)), [Good], "nothing changes for it");
		let RevenuePolicy { developer, node, .. } = model.policy;
		// The node's share becomes the smaller one, so that others get more of each amount.
		let value =
			RevenuePolicy { developer: developer + node, node: node - node, ..model.policy };
		model.next_policy = Some(Scheduled { from: 500, value });
		assert_eq!(verdicts(&model, Some(lower)), [Good, Doubtful]);
	}
}
