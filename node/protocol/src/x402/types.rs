//! The content of the headers: field by field in `docs/x402-openledger.md`.

use openledger_primitives::{
	answer::{Evidence, Header},
	lane::{request_hash, Agreement, VersionedStatement, VersionedVoucher},
	price::{PriceSchedule, Tokens},
	AccountId, Balance, BlockNumber, Hash, ModelId, PriceVersion, Signature, VersionId,
};
use serde::{Deserialize, Serialize};

use super::{camel, network, ASSET, SCHEME, VERSION};

/// `PAYMENT-REQUIRED`: what a call costs, and whom to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)] // A name that says all has no comment.
pub struct PaymentRequired {
	pub x402_version: u32,
	/// The reason why payment is asked for, or why the one that came was refused.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub error: Option<String>,
	pub resource: Resource,
	/// The ways to pay, the best one first.
	pub accepts: Vec<Requirements>,
}

/// The thing that is paid for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)] // A name that says all has no comment.
pub struct Resource {
	pub url: String,
	/// For people.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub description: Option<String>,
	/// The media type of the answer.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub mime_type: Option<String>,
}

/// One way to pay for a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)] // A name that says all has no comment.
pub struct Requirements {
	pub scheme: String,
	/// The chain, by its CAIP-2 name.
	pub network: String,
	/// The most that the call can cost, in planck: the price of its input, none of it cached, and of as
	/// much output as it may have. What is charged in the end is what was used.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub amount: Balance,
	pub asset: String,
	/// The operator of the inference node.
	#[serde(with = "account")]
	pub pay_to: AccountId,
	pub max_timeout_seconds: u64,
	/// The terms of this chain's scheme.
	pub extra: Terms,
}

/// Terms by which a caller checks a price and signs a voucher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)] // A name that says all has no comment.
pub struct Terms {
	pub genesis_hash: Hash,
	pub model: ModelId,
	pub model_name: String,
	pub version: VersionId,
	pub price_version: PriceVersion,
	/// The list prices, in planck.
	#[serde(with = "camel::Price")]
	pub price: PriceSchedule,
	/// The prices that this node charges instead, in planck; none of them is above the list's.
	#[serde(default, with = "camel::optional_price", skip_serializing_if = "Option::is_none")]
	pub own_price: Option<PriceSchedule>,
	/// Tokens of the prompt, as the model's tokenizer counts them.
	pub input_tokens: u32,
	pub max_output_tokens: u32,
	/// The key that will sign the statement, as an account.
	#[serde(with = "account")]
	pub receipt_key: AccountId,
	/// The newest block that the node knew to be final when it made the offer.
	pub block: BlockNumber,
	/// The last block at which the offer stands: the best `valid_until` for a voucher.
	pub valid_until: BlockNumber,
}

/// `PAYMENT-SIGNATURE`: the payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)] // A name that says all has no comment.
pub struct PaymentSignature {
	pub x402_version: u32,
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub resource: Option<Resource>,
	/// The way to pay that was chosen, as it was offered.
	pub accepted: Requirements,
	pub payload: Payload,
}

/// A signed voucher, and what ties it to the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload {
	/// The caller's promise.
	#[serde(with = "camel::VersionedPromise")]
	pub voucher: VersionedVoucher,
	/// The signature of the session's signer over the voucher, in the form of its version.
	#[serde(with = "signature")]
	pub signature: Signature,
	/// Hashed with request and answer, so that nothing on chain gives them away.
	#[serde(with = "salt")]
	pub salt: [u8; 32],
}

/// `PAYMENT-RESPONSE`: what was charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)] // A name that says all has no comment.
pub struct PaymentResponse {
	pub success: bool,
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub error_reason: Option<String>,
	/// The settling transaction's hash; empty until the call is settled.
	#[serde(default)]
	pub transaction: String,
	/// The chain, by its CAIP-2 name.
	pub network: String,
	#[serde(with = "account")]
	pub payer: AccountId,
	/// The cost of the call, in planck.
	#[serde(with = "openledger_primitives::serde_balance")]
	pub amount: Balance,
	/// The node's signed statement.
	pub extra: Receipt,
}

/// A signed statement, and the part of the answer's hash that nobody can make again without the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
	/// The node's word on the call and its cost.
	#[serde(with = "camel::VersionedWord")]
	pub statement: VersionedStatement,
	/// The signature of the node's receipt key over the statement, in the form of its version.
	#[serde(with = "signature")]
	pub signature: Signature,
	/// The answer's header.
	#[serde(with = "camel::scale")]
	pub header: Header,
}

impl PaymentRequired {
	/// Asks for payment in one way.
	pub fn new(error: &str, url: &str, requirements: Requirements) -> Self {
		Self {
			x402_version: VERSION,
			error: Some(error.to_owned()),
			resource: Resource {
				url: url.to_owned(),
				description: None,
				mime_type: Some("application/json".into()),
			},
			accepts: vec![requirements],
		}
	}
}

/// Returns `true` if no part of a node's own price is above that of the list price.
pub fn is_at_most(own: &PriceSchedule, list: &PriceSchedule) -> bool {
	own.per_call <= list.per_call
		&& own.per_input_token <= list.per_input_token
		&& own.per_cached_input_token <= list.per_cached_input_token
		&& own.per_output_token <= list.per_output_token
}

impl Terms {
	/// The price that calls are charged by: the node's own, if it names one, or the list price.
	pub fn charged_price(&self) -> PriceSchedule {
		self.own_price.unwrap_or(self.price)
	}

	/// The agreement of a lane for calls under these terms.
	pub fn agreement(&self, as_of: BlockNumber, evidence: Evidence) -> Agreement {
		let Self { model, version, price_version, own_price, .. } = *self;
		Agreement { model, version, price_version, as_of, evidence, own_price }
	}
}

impl Requirements {
	/// Payment to `pay_to` under `terms`. `None` if the price does not fit a balance, or the node's own is
	/// above the list price.
	pub fn new(pay_to: AccountId, max_timeout_seconds: u64, terms: Terms) -> Option<Self> {
		// A cached token is never dearer than another one: nothing of the prompt may be counted as cached.
		let most = Tokens::new(terms.input_tokens, terms.max_output_tokens);
		let price = terms.charged_price();
		if !is_at_most(&price, &terms.price) {
			return None;
		}
		Some(Self {
			scheme: SCHEME.into(),
			network: network(&terms.genesis_hash),
			amount: price.charge(&most)?,
			asset: ASSET.into(),
			pay_to,
			max_timeout_seconds,
			extra: terms,
		})
	}
}

impl PaymentSignature {
	/// Pays for a call as it was offered.
	pub fn new(resource: Resource, accepted: Requirements, payload: Payload) -> Self {
		Self { x402_version: VERSION, resource: Some(resource), accepted, payload }
	}
}

impl Payload {
	/// Returns `true` if the voucher is for this request, byte for byte.
	pub fn is_for(&self, body: &[u8]) -> bool {
		self.voucher.newest().request_hash == request_hash(&self.salt, body)
	}

	/// Returns `true` if `signer` signed the voucher.
	pub fn is_signed_by(&self, signer: &AccountId) -> bool {
		self.voucher.verify(&self.signature, signer)
	}
}

impl PaymentResponse {
	/// Acknowledges a call that was served, on the chain with this genesis hash.
	pub fn new(genesis: &Hash, payer: AccountId, receipt: Receipt) -> Self {
		Self {
			success: true,
			error_reason: None,
			transaction: String::new(),
			network: network(genesis),
			payer,
			amount: receipt.statement.newest().charge,
			extra: receipt,
		}
	}
}

impl Receipt {
	/// Returns `true` if `receipt_key` signed the statement.
	pub fn is_signed_by(&self, receipt_key: &AccountId) -> bool {
		self.statement.verify(&self.signature, receipt_key)
	}
}

/// Accounts in JSON: addresses with the chain's prefix, whatever the process shows others with. On the
/// way in every prefix is good, for the account is the same.
mod account {
	use openledger_primitives::{AccountId, SS58_PREFIX};
	use serde::{de::Error, Deserialize, Deserializer, Serializer};
	use sp_core::crypto::Ss58Codec;

	pub(super) fn serialize<S: Serializer>(
		account: &AccountId,
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		serializer.serialize_str(&account.to_ss58check_with_version(SS58_PREFIX.into()))
	}

	pub(super) fn deserialize<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<AccountId, D::Error> {
		let address = String::deserialize(deserializer)?;
		AccountId::from_ss58check_with_version(&address)
			.map(|(account, _)| account)
			.map_err(|_| D::Error::custom("an account must be an SS58 address"))
	}
}

/// Signatures in JSON: `{"type": "sr25519", "value": "0x…"}`.
pub(crate) mod signature {
	use serde::{de::Error, Deserialize, Deserializer, Serialize, Serializer};
	use sp_core::{ecdsa, ed25519, sr25519};
	use sp_runtime::MultiSignature;

	#[derive(Serialize, Deserialize)]
	struct Wire {
		#[serde(rename = "type")]
		kind: Kind,
		value: String,
	}

	#[derive(Clone, Copy, Serialize, Deserialize)]
	#[serde(rename_all = "lowercase")]
	enum Kind {
		Sr25519,
		Ed25519,
		Ecdsa,
		/// ECDSA over Keccak, as Ethereum's wallets sign.
		Eth,
	}

	pub(crate) fn serialize<S: Serializer>(
		signature: &MultiSignature,
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		let (kind, bytes): (_, &[u8]) = match signature {
			MultiSignature::Sr25519(signature) => (Kind::Sr25519, &signature.0),
			MultiSignature::Ed25519(signature) => (Kind::Ed25519, &signature.0),
			MultiSignature::Ecdsa(signature) => (Kind::Ecdsa, &signature.0),
			MultiSignature::Eth(signature) => (Kind::Eth, &signature.0),
		};
		Wire { kind, value: format!("0x{}", hex::encode(bytes)) }.serialize(serializer)
	}

	pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<MultiSignature, D::Error> {
		let Wire { kind, value } = Wire::deserialize(deserializer)?;
		let bytes = hex::decode(value.strip_prefix("0x").unwrap_or(&value))
			.map_err(|error| D::Error::custom(format!("the signature is not hex: {error}")))?;
		let bytes = bytes.as_slice();
		match kind {
			Kind::Sr25519 => sr25519::Signature::try_from(bytes).map(MultiSignature::Sr25519),
			Kind::Ed25519 => ed25519::Signature::try_from(bytes).map(MultiSignature::Ed25519),
			Kind::Ecdsa => ecdsa::Signature::try_from(bytes).map(MultiSignature::Ecdsa),
			Kind::Eth => ecdsa::KeccakSignature::try_from(bytes).map(MultiSignature::Eth),
		}
		.map_err(|()| D::Error::custom("a signature of this type has another length"))
	}
}

/// Salts in JSON: `"0x…"`, 32 bytes.
mod salt {
	use serde::{de::Error, Deserialize, Deserializer, Serializer};

	pub(super) fn serialize<S: Serializer>(
		salt: &[u8; 32],
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		serializer.serialize_str(&format!("0x{}", hex::encode(salt)))
	}

	pub(super) fn deserialize<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<[u8; 32], D::Error> {
		let text = String::deserialize(deserializer)?;
		let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(&text)).ok();
		bytes
			.and_then(|bytes| bytes.try_into().ok())
			.ok_or_else(|| D::Error::custom("the salt must be 0x and 64 hex digits"))
	}
}
