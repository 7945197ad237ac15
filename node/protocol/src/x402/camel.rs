//! The types that the chain shares are written in `snake_case`; x402 wants `camelCase`. These have the
//! same fields under those names, on the way out and in. For `#[serde(with = "camel::…")]`.

use openledger_primitives::{
	answer::Evidence,
	lane::{Agreement, Attribution, Statement, VersionedStatement, VersionedVoucher, Voucher},
	price::{PriceSchedule, Tokens},
	serde_balance, Balance, BlockNumber, Hash, LaneId, ModelId, PriceVersion, Sequence, SessionId,
	VersionId,
};
use serde::{Deserialize, Serialize};

/// A model's prices.
#[derive(Serialize, Deserialize)]
#[serde(remote = "PriceSchedule", rename_all = "camelCase")]
pub(crate) struct Price {
	#[serde(with = "serde_balance")]
	per_call: Balance,
	#[serde(with = "serde_balance")]
	per_input_token: Balance,
	#[serde(with = "serde_balance")]
	per_cached_input_token: Balance,
	#[serde(with = "serde_balance")]
	per_output_token: Balance,
}

/// The agreement of a lane.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Agreement", rename_all = "camelCase")]
pub(crate) struct LaneAgreement {
	model: ModelId,
	version: VersionId,
	price_version: PriceVersion,
	as_of: BlockNumber,
	evidence: Evidence,
	#[serde(with = "optional_price")]
	own_price: Option<PriceSchedule>,
}

/// A caller's promise.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Voucher", rename_all = "camelCase")]
struct Promise {
	genesis_hash: Hash,
	session: SessionId,
	lane: LaneId,
	#[serde(with = "LaneAgreement")]
	agreement: Agreement,
	sequence: Sequence,
	#[serde(with = "serde_balance")]
	acknowledged: Balance,
	acknowledged_root: Hash,
	#[serde(with = "serde_balance")]
	authorised: Balance,
	request_hash: Hash,
	valid_until: BlockNumber,
	extension: Option<Hash>,
}

/// A caller's promise, with its version.
#[derive(Serialize, Deserialize)]
#[serde(remote = "VersionedVoucher", tag = "format", rename_all = "snake_case")]
pub(crate) enum VersionedPromise {
	V3(#[serde(with = "Promise")] Voucher),
}

/// A node's word on a call.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Statement", rename_all = "camelCase")]
struct Word {
	genesis_hash: Hash,
	session: SessionId,
	lane: LaneId,
	#[serde(with = "LaneAgreement")]
	agreement: Agreement,
	sequence: Sequence,
	tokens: Tokens,
	#[serde(with = "serde_balance")]
	charge: Balance,
	request_hash: Hash,
	response_hash: Hash,
	#[serde(with = "shares")]
	attribution: Attribution,
	extension: Option<Hash>,
}

/// A node's word on a call, with its version.
#[derive(Serialize, Deserialize)]
#[serde(remote = "VersionedStatement", tag = "format", rename_all = "snake_case")]
pub(crate) enum VersionedWord {
	V2(#[serde(with = "Word")] Statement),
}

/// Prices, or none.
pub(crate) mod optional_price {
	use super::{Price, PriceSchedule};
	use serde::{Deserialize, Deserializer, Serialize, Serializer};

	#[derive(Serialize, Deserialize)]
	struct Wire(#[serde(with = "Price")] PriceSchedule);

	pub(crate) fn serialize<S: Serializer>(
		price: &Option<PriceSchedule>,
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		price.map(Wire).serialize(serializer)
	}

	pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<Option<PriceSchedule>, D::Error> {
		let price = Option::<Wire>::deserialize(deserializer)?;
		Ok(price.map(|Wire(price)| price))
	}
}

/// An agreement, or none.
pub(crate) mod optional_agreement {
	use super::{Agreement, LaneAgreement};
	use serde::{Deserialize, Deserializer, Serialize, Serializer};

	#[derive(Serialize, Deserialize)]
	struct Wire(#[serde(with = "LaneAgreement")] Agreement);

	pub(crate) fn serialize<S: Serializer>(
		agreement: &Option<Agreement>,
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		agreement.map(Wire).serialize(serializer)
	}

	pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<Option<Agreement>, D::Error> {
		let agreement = Option::<Wire>::deserialize(deserializer)?;
		Ok(agreement.map(|Wire(agreement)| agreement))
	}
}

/// The shares of contributions in an answer.
mod shares {
	use super::Attribution;
	use openledger_primitives::{lane::AttributionShare, ContributionId};
	use serde::{de::Error, Deserialize, Deserializer, Serialize, Serializer};

	#[derive(Serialize, Deserialize)]
	#[serde(remote = "AttributionShare", rename_all = "camelCase")]
	struct Share {
		contribution: ContributionId,
		basis_points: u16,
	}

	#[derive(Serialize, Deserialize)]
	struct Wire(#[serde(with = "Share")] AttributionShare);

	pub(super) fn serialize<S: Serializer>(
		shares: &Attribution,
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		serializer.collect_seq(shares.iter().copied().map(Wire))
	}

	pub(super) fn deserialize<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<Attribution, D::Error> {
		let shares = Vec::<Wire>::deserialize(deserializer)?;
		let shares: Vec<_> = shares.into_iter().map(|Wire(share)| share).collect();
		shares
			.try_into()
			.map_err(|_| D::Error::custom("an attribution names too many contributions"))
	}
}

/// What has a fixed encoding, as `0x` and hex digits of it.
pub(crate) mod scale {
	use codec::{DecodeAll, Encode};
	use openledger_primitives::serde_bytes_hex;
	use serde::{de::Error, Deserializer, Serializer};

	pub(crate) fn serialize<T: Encode, S: Serializer>(
		value: &T,
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		serde_bytes_hex::serialize(&value.encode(), serializer)
	}

	pub(crate) fn deserialize<'de, T: DecodeAll, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<T, D::Error> {
		let bytes = serde_bytes_hex::deserialize(deserializer)?;
		T::decode_all(&mut bytes.as_slice())
			.map_err(|error| D::Error::custom(format!("it cannot be decoded: {error}")))
	}
}
