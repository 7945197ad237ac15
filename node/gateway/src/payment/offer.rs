//! The price of a call, and the most that it may cost.

use openledger_primitives::{
	info::{LaneTermsInfo, ModelInfo},
	lane::Agreement,
	policy::RevenuePolicy,
	price::{PriceSchedule, Tokens},
	AccountId, Balance, BlockNumber, Hash, ModelId, PriceVersion, VersionId,
};
use openledger_protocol::x402::{Requirements, Terms};
use openledger_settlement::view::OFFER_BLOCKS;

use super::OwnPrice;

/// The terms of one call: its model as it is on chain now, and the bounds of its token counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Names say what has no comment.
pub struct Offer {
	pub model: ModelId,
	pub model_name: String,
	/// The version that will answer.
	pub version: VersionId,
	/// The price version that the voucher must name.
	pub price_version: PriceVersion,
	/// The list price.
	pub price: PriceSchedule,
	/// The price that is charged instead of it, which the voucher must name.
	pub own_price: Option<PriceSchedule>,
	pub input_tokens: u32,
	/// The most tokens of the answer.
	pub max_output_tokens: u32,
	/// The most that the call may cost, in planck: as if nothing of its input were cached. The voucher
	/// must authorise as much.
	pub max_charge: Balance,
	/// The node's own price as its operator has set it, and how the list price is shared.
	own: Option<(OwnPrice, RevenuePolicy)>,
}

impl Offer {
	/// The terms of a call of `model` with these bounds, at the node's `own` price where that is allowed.
	/// None if its price does not fit a balance.
	pub fn new(
		model: &ModelInfo,
		own: Option<OwnPrice>,
		input_tokens: u32,
		max_output_tokens: u32,
	) -> Option<Self> {
		let offer = Self {
			model: model.id,
			model_name: model.name.clone(),
			version: model.version,
			price_version: model.price_version,
			price: model.price,
			own_price: None,
			input_tokens,
			max_output_tokens,
			max_charge: 0,
			own: own.map(|own| (own, model.policy)),
		};
		offer.at_price(model.price_version, model.price)
	}

	/// The same at another list price. None if the price does not fit a balance.
	pub fn at_price(self, price_version: PriceVersion, price: PriceSchedule) -> Option<Self> {
		let allowed = |(own, policy): &(OwnPrice, RevenuePolicy)| {
			own.check(&price, policy).is_ok().then_some(own.price)
		};
		let own_price = self.own.as_ref().and_then(allowed);
		Self { price_version, price, own_price, ..self }.bounded()
	}

	/// The same by the terms that the chain has for the agreement of a voucher, which is for the offered
	/// price. None if the chain does not allow that, or it does not fit a balance.
	pub fn agreed(self, agreement: &Agreement, terms: &LaneTermsInfo) -> Option<Self> {
		let LaneTermsInfo { price, policy, protocol_share, .. } = terms;
		agreement.check_own_price(price, *protocol_share, policy).ok()?;
		Self { price: *price, ..self }.bounded()
	}

	/// The same, with the most that it may cost at its price.
	fn bounded(self) -> Option<Self> {
		let most = Tokens::new(self.input_tokens, self.max_output_tokens);
		let max_charge = self.charged_by().charge(&most)?;
		Some(Self { max_charge, ..self })
	}

	/// The price that is charged.
	fn charged_by(&self) -> PriceSchedule {
		self.own_price.unwrap_or(self.price)
	}

	/// What was used in the end, as far as it was offered.
	pub fn used(&self, input_tokens: u32, output_tokens: u32) -> Tokens {
		let input = input_tokens.min(self.input_tokens);
		Tokens::new(input, output_tokens.min(self.max_output_tokens))
	}

	/// The charge for what was used in the end, in planck: never above [`Self::max_charge`],
	/// whatever the counts.
	pub fn charge(&self, input_tokens: u32, output_tokens: u32) -> Balance {
		let used = self.used(input_tokens, output_tokens);
		self.charged_by().charge(&used).unwrap_or(self.max_charge)
	}

	/// The requirements that an unpaid request is answered with, when the newest final block and the best one are
	/// these. None if the price does not fit a balance.
	pub fn requirements(
		&self,
		genesis_hash: Hash,
		operator: AccountId,
		receipt_key: AccountId,
		(finalized, best): (BlockNumber, BlockNumber),
		timeout_seconds: u64,
	) -> Option<Requirements> {
		let terms = Terms {
			genesis_hash,
			model: self.model,
			model_name: self.model_name.clone(),
			version: self.version,
			price_version: self.price_version,
			price: self.price,
			own_price: self.own_price,
			input_tokens: self.input_tokens,
			max_output_tokens: self.max_output_tokens,
			receipt_key,
			block: finalized,
			valid_until: best.saturating_add(OFFER_BLOCKS),
		};
		Requirements::new(operator, timeout_seconds, terms)
	}
}
