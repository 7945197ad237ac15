//! Accounts, and the extrinsics that they sign.

use anyhow::{anyhow, Result};
use codec::Encode;
use openledger_primitives::{signing::Signed, AccountId, Hash, Signature};
use openledger_runtime::{
	Nonce, Runtime, RuntimeCall, SignedPayload, TxExtension, UncheckedExtrinsic,
};
use sp_core::{sr25519, Pair};
use sp_runtime::{generic::Era, MultiAddress};

/// An account whose key is known.
#[derive(Clone)]
pub struct Account {
	pair: sr25519::Pair,
}

impl Account {
	/// The account of a secret URI, such as `//Alice`.
	pub fn named(uri: &str) -> Result<Self> {
		let pair = sr25519::Pair::from_string(uri, None);
		Ok(Self { pair: pair.map_err(|error| anyhow!("the key {uri}: {error:?}"))? })
	}

	/// As many accounts of one kind as are wanted, each with a key of its own.
	pub fn several(kind: &str, count: u32) -> Result<Vec<Self>> {
		(0..count).map(|number| Self::named(&format!("//{kind}//{number}"))).collect()
	}

	/// Its id.
	pub fn id(&self) -> AccountId {
		self.pair.public().into()
	}

	/// Its signature over a message.
	pub fn sign(&self, message: &impl Signed) -> Signature {
		self.pair.sign(&message.signing_payload()).into()
	}

	/// An extrinsic that it sends. It is valid for ever.
	pub fn extrinsic(
		&self,
		genesis_hash: Hash,
		nonce: Nonce,
		call: RuntimeCall,
	) -> UncheckedExtrinsic {
		let extension: TxExtension = (
			frame_system::AuthorizeCall::new(),
			frame_system::CheckNonZeroSender::new(),
			frame_system::CheckSpecVersion::new(),
			frame_system::CheckTxVersion::new(),
			frame_system::CheckGenesis::new(),
			frame_system::CheckEra::from(Era::Immortal),
			frame_system::CheckNonce::<Runtime>::from(nonce),
			frame_system::CheckWeight::new(),
			pallet_transaction_payment::ChargeTransactionPayment::from(0),
			frame_metadata_hash_extension::CheckMetadataHash::new(false),
			frame_system::WeightReclaim::new(),
		);
		let version = openledger_runtime::VERSION;
		let implicit = (
			(),
			(),
			version.spec_version,
			version.transaction_version,
			genesis_hash,
			genesis_hash,
			(),
			(),
			(),
			None,
			(),
		);
		let payload = SignedPayload::from_raw(call, extension, implicit);
		let signature: Signature = payload.using_encoded(|bytes| self.pair.sign(bytes)).into();
		let (call, extension, _) = payload.deconstruct();
		UncheckedExtrinsic::new_signed(call, MultiAddress::Id(self.id()), signature, extension)
	}
}
