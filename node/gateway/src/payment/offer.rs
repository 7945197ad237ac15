//! The price of a call, and the most that it may cost.

use openledger_primitives::{
	info::ModelInfo,
	price::{PriceSchedule, Tokens},
	AccountId, Balance, BlockNumber, Hash, ModelId, PriceVersion, VersionId,
};
use openledger_protocol::x402::{Requirements, Terms};
use openledger_settlement::view::OFFER_BLOCKS;

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
	pub price: PriceSchedule,
	pub input_tokens: u32,
	/// The most tokens of the answer.
	pub max_output_tokens: u32,
	/// The most that the call may cost, in planck: as if nothing of its input were cached. The voucher
	/// must authorise as much.
	pub max_charge: Balance,
}

impl Offer {
	/// The terms of a call of `model` with these bounds. None if its price does not fit a balance.
	pub fn new(model: &ModelInfo, input_tokens: u32, max_output_tokens: u32) -> Option<Self> {
		Some(Self {
			model: model.id,
			model_name: model.name.clone(),
			version: model.version,
			price_version: model.price_version,
			price: model.price,
			input_tokens,
			max_output_tokens,
			max_charge: model.price.charge(&Tokens::new(input_tokens, max_output_tokens))?,
		})
	}

	/// The same at another price. None if that does not fit a balance.
	pub fn at_price(self, price_version: PriceVersion, price: PriceSchedule) -> Option<Self> {
		let most = Tokens::new(self.input_tokens, self.max_output_tokens);
		let max_charge = price.charge(&most)?;
		Some(Self { price_version, price, max_charge, ..self })
	}

	/// The charge for what was used in the end, in planck: never above [`Self::max_charge`],
	/// whatever the counts.
	pub fn charge(&self, input_tokens: u32, output_tokens: u32) -> Balance {
		let input = input_tokens.min(self.input_tokens);
		let output = output_tokens.min(self.max_output_tokens);
		self.price.charge(&Tokens::new(input, output)).unwrap_or(self.max_charge)
	}

	/// The requirements that an unpaid request is answered with. None if the price does not fit a balance.
	pub fn requirements(
		&self,
		genesis_hash: Hash,
		operator: AccountId,
		receipt_key: AccountId,
		best: BlockNumber,
		timeout_seconds: u64,
	) -> Option<Requirements> {
		let terms = Terms {
			genesis_hash,
			model: self.model,
			model_name: self.model_name.clone(),
			version: self.version,
			price_version: self.price_version,
			price: self.price,
			input_tokens: self.input_tokens,
			max_output_tokens: self.max_output_tokens,
			receipt_key,
			block: best,
			valid_until: best.saturating_add(OFFER_BLOCKS),
		};
		Requirements::new(operator, timeout_seconds, terms)
	}
}
