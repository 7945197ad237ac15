//! Prices of this node's own, compared with what the chain allows.
//!
//! A node may charge less than a model's list price, but not so little that others than the node would have
//! to pay for it. What they get depends on the model's revenue policy and on the protocol's share.

use std::collections::BTreeMap;

use openledger_chain_client::{At, Chain, ChainError};
use openledger_gateway::server::OwnPrice;
use openledger_primitives::{
	info::{LaneTermsInfo, ModelInfo},
	lane::{OwnPriceError, RejectReason},
	price::PriceSchedule,
	ModelId,
};

use super::StartError;
use crate::config::ModelConfig;

/// The prices that are configured for these models, which are those of the configuration, in its order.
///
/// # Errors
/// If the chain does not allow one of them, or cannot be asked.
pub(super) async fn find(
	chain: &Chain,
	configured: &[ModelConfig],
	models: &[ModelInfo],
) -> Result<BTreeMap<ModelId, OwnPrice>, StartError> {
	let mut found = BTreeMap::new();
	for (config, info) in configured.iter().zip(models) {
		let Some(price) = config.own_price() else { continue };
		let terms = terms(chain, info).await?.map_err(|reason| StartError::NotPaid {
			model: info.name.clone(),
			reason: format!("{reason:?}"),
		})?;
		found.insert(info.id, checked(&info.name, price, &terms)?);
	}
	Ok(found)
}

/// The terms that calls of a model are made under now, or the reason why the chain would pay for none.
pub(crate) async fn terms(
	chain: &Chain,
	info: &ModelInfo,
) -> Result<Result<LaneTermsInfo, RejectReason>, ChainError> {
	let best = chain.block(At::Best).await?.number;
	chain.lane_terms(info.id, info.version, info.price_version, best, At::Best).await
}

fn checked(
	model: &str,
	price: PriceSchedule,
	terms: &LaneTermsInfo,
) -> Result<OwnPrice, StartError> {
	let own = OwnPrice { price, protocol_share: terms.protocol_share };
	own.check(&terms.price, &terms.policy)
		.map_err(|error| StartError::OwnPrice { model: model.to_owned(), reason: reason(error) })?;
	Ok(own)
}

/// The reason why a node may not charge a price, for people.
pub(crate) fn reason(error: OwnPriceError) -> &'static str {
	match error {
		OwnPriceError::AboveList => "one of its amounts is above the model's list price",
		OwnPriceError::BelowOthers => {
			"one of its amounts is below what others than the node get of the list price"
		}
		OwnPriceError::CachedDearer => "a cached token would be dearer than another",
		OwnPriceError::Unusable => "the model's revenue policy cannot be worked with",
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_testkit as testkit;

	#[test]
	fn a_price_that_the_chain_would_not_pay_for_is_refused() {
		let chain = testkit::TestChain::default();
		let (model, as_of) = (testkit::model(), testkit::AS_OF);
		let state = chain.state();
		let terms = state.lane_terms(model.id, model.version, model.price_version, as_of);
		let terms = terms.expect("they are known");
		let list = testkit::PRICE;
		let checked = |price| checked("echo", price, &terms);

		let own = checked(PriceSchedule { per_output_token: 70, ..list }).expect("it is allowed");
		assert_eq!(own.protocol_share, terms.protocol_share);
		for (price, said) in [
			(PriceSchedule { per_call: list.per_call + 1, ..list }, "above the model's list price"),
			// The protocol gets 5%, and the developer 60% of the rest.
			(PriceSchedule { per_output_token: 61, ..list }, "below what others"),
		] {
			let refused = checked(price).expect_err("it is not allowed").to_string();
			assert!(refused.contains("echo") && refused.contains(said), "{refused}");
		}
	}
}
