//! The types that the chain shares are written in `snake_case`; x402 wants `camelCase`. These have the
//! same fields under those names, on the way out and in. For `#[serde(with = "camel::…")]`.

use openledger_primitives::{
	attribution::Attribution, price::PriceSchedule, serde_balance, statement::Statement,
	voucher::Voucher, Balance, BlockNumber, Hash, LaneId, ModelId, PriceVersion, Sequence,
	SessionId, VersionId,
};
use serde::{Deserialize, Serialize};

/// A model's prices.
#[derive(Serialize, Deserialize)]
#[serde(remote = "PriceSchedule", rename_all = "camelCase")]
pub(super) struct Price {
	#[serde(with = "serde_balance")]
	per_call: Balance,
	#[serde(with = "serde_balance")]
	per_input_token: Balance,
	#[serde(with = "serde_balance")]
	per_cached_input_token: Balance,
	#[serde(with = "serde_balance")]
	per_output_token: Balance,
}

/// A caller's promise.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Voucher", rename_all = "camelCase")]
pub(super) struct Promise {
	genesis_hash: Hash,
	session: SessionId,
	lane: LaneId,
	model: ModelId,
	version: VersionId,
	price_version: PriceVersion,
	sequence: Sequence,
	#[serde(with = "serde_balance")]
	acknowledged: Balance,
	#[serde(with = "serde_balance")]
	authorised: Balance,
	request_hash: Hash,
	valid_until: BlockNumber,
}

/// A node's word on a call.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Statement", rename_all = "camelCase")]
pub(super) struct Word {
	genesis_hash: Hash,
	session: SessionId,
	lane: LaneId,
	sequence: Sequence,
	model: ModelId,
	version: VersionId,
	price_version: PriceVersion,
	input_tokens: u32,
	output_tokens: u32,
	#[serde(with = "serde_balance")]
	charge: Balance,
	request_hash: Hash,
	response_hash: Hash,
	attribution: Attribution,
}
