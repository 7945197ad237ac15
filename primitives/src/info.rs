//! What a node can tell of the chain's state: the answers of the runtime APIs and, in JSON, of the
//! JSON-RPC methods.

use crate::{
	attribution::DataSources, policy::RevenuePolicy, price::PriceSchedule, AccountId, Balance,
	BlockNumber, ContributionId, DatanetId, Hash, LaneId, ModelId, PriceVersion, ReleaseId,
	Sequence, SessionId, VersionId, Weight,
};
use alloc::{string::String, vec::Vec};
use codec::{Decode, Encode};
use scale_info::TypeInfo;

/// A model, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct ModelInfo {
	/// Its id.
	pub id: ModelId,
	/// Its unique name.
	pub name: String,
	/// The developer who owns it.
	pub owner: AccountId,
	/// Whether its owner has paused it.
	pub paused: bool,
	/// The version in force.
	pub version: VersionId,
	/// The price version in force.
	pub price_version: PriceVersion,
	/// The price schedule in force.
	pub price: PriceSchedule,
	/// How its income is shared.
	pub policy: RevenuePolicy,
	/// Where more about it is to be found.
	pub uri: String,
	/// The hash of its weights file.
	pub weights_hash: Hash,
	/// The hash of its tokenizer.
	pub tokenizer_hash: Hash,
	/// The data that the version in force was made from.
	pub sources: DataSources,
}

/// What a call would cost.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Quote {
	/// The model.
	pub model: ModelId,
	/// The version that would answer.
	pub version: VersionId,
	/// The price version to name in the voucher.
	pub price_version: PriceVersion,
	/// Its schedule.
	pub price: PriceSchedule,
	/// The charge for the token counts that were asked about, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub charge: Balance,
}

/// Why there is no quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum QuoteError {
	/// No such model.
	#[codec(index = 0)]
	UnknownModel,
	/// The model's owner has paused it.
	#[codec(index = 1)]
	Paused,
	/// The charge does not fit a balance.
	#[codec(index = 2)]
	Overflow,
}

/// An inference node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct NodeInfo {
	/// The account behind it.
	pub operator: AccountId,
	/// The base URL of its HTTP API.
	pub endpoint: String,
	/// The key that signs its statements, as an account.
	pub receipt_key: AccountId,
	/// What it put up against misbehaviour, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub bond: Balance,
	/// The models that it serves.
	pub models: Vec<ModelId>,
}

/// One lane of a session.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct LaneInfo {
	/// The lane.
	pub lane: LaneId,
	/// The sequence of its last settled record.
	pub sequence: Sequence,
	/// What its settled records cost, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub settled: Balance,
}

/// A payment session.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct SessionInfo {
	/// Its id.
	pub id: SessionId,
	/// Who pays.
	pub caller: AccountId,
	/// The operator who is paid through it.
	pub node: AccountId,
	/// The key that signs its vouchers, as an account.
	pub signer: AccountId,
	/// What was put in, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub deposit: Balance,
	/// What has been settled out of it, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub settled: Balance,
	/// The node must not serve calls from this block on.
	pub expires_at: BlockNumber,
	/// If the caller has asked to close it: the block from which it can be closed by anyone.
	pub closes_at: Option<BlockNumber>,
	/// Its lanes that have settled records.
	pub lanes: Vec<LaneInfo>,
}

/// What one contribution may claim from one release, or from direct attribution.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct PendingPayout {
	/// The contribution.
	pub contribution: ContributionId,
	/// Its datanet.
	pub datanet: DatanetId,
	/// The release that earned it; none for what was attributed to the contribution directly.
	pub release: Option<ReleaseId>,
	/// The contribution's weight in that release; 0 for direct attribution.
	pub weight: Weight,
	/// What may be claimed, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub amount: Balance,
}

/// A page of what an account may claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct PendingPage {
	/// By contribution and release, in order.
	pub payouts: Vec<PendingPayout>,
	/// The contribution to go on from, if there is more.
	pub next: Option<ContributionId>,
}

/// What an account has earned over its lifetime, by role, in planck. Data earnings count when they
/// are claimed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Earnings {
	/// As a developer.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub developer: Balance,
	/// As a data contributor.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub data: Balance,
	/// As an operator.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub node: Balance,
	/// As the protocol.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub protocol: Balance,
	/// Earned, but kept back until a payment reaches the existential deposit.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub accrued: Balance,
}
