//! What a settlement says of a lane: everything that its items are priced and divided by, once.

use super::{Agreement, PoolPayment};
use crate::{
	lineage::Ancestor, policy::RevenuePolicy, price::PriceSchedule, traits::ResolvedSource,
	AccountId, Balance, DatanetId, Hash, LaneId, ModelId, ReleaseId, Sequence, SessionId, Weight,
	MAX_LINEAGE, MAX_SOURCES,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_arithmetic::Permill;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// A model above the called one, as of the lane's block.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct LineageShare {
	/// The model.
	pub model: ModelId,
	/// Who is paid for it.
	pub payee: AccountId,
	/// Its part of what the one below it gets.
	pub royalty: Permill,
}

impl From<Ancestor<AccountId>> for LineageShare {
	fn from(above: Ancestor<AccountId>) -> Self {
		let Ancestor { model, payee, royalty } = above;
		Self { model, payee, royalty }
	}
}

/// A release that a lane's calls pay, as of the lane's block.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct SourceShare {
	/// The datanet.
	pub datanet: DatanetId,
	/// Its release.
	pub release: ReleaseId,
	/// Its weight among the lane's releases; never zero.
	pub weight: Weight,
	/// The curator of the datanet.
	pub curator: AccountId,
	/// The curator's part of what comes into the release, and of what goes straight to a contribution of which
	/// this is the newest release among the lane's.
	pub curator_share: Permill,
}

impl From<ResolvedSource<AccountId>> for SourceShare {
	fn from(source: ResolvedSource<AccountId>) -> Self {
		let ResolvedSource { datanet, release, weight, curator, curator_share } = source;
		Self { datanet, release, weight, curator, curator_share }
	}
}

/// What was settled of a lane with one voucher, in the order of the events: this one, and then one for
/// each item.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct SettledLane {
	/// The session.
	pub session: SessionId,
	/// The lane.
	pub lane: LaneId,
	/// Who paid.
	pub caller: AccountId,
	/// The operator of the node that answered.
	pub node: AccountId,
	/// Who is paid for the node.
	pub node_payee: AccountId,
	/// What the calls were made under.
	pub agreement: Agreement,
	/// Who is paid for the model.
	pub developer_payee: AccountId,
	/// The list price.
	pub price: PriceSchedule,
	/// How a charge is shared, once the protocol has its part.
	pub policy: RevenuePolicy,
	/// The protocol's part.
	pub protocol_share: Permill,
	/// The models above, nearest first.
	pub lineage: BoundedVec<LineageShare, ConstU32<MAX_LINEAGE>>,
	/// The releases that are paid, by datanet and release.
	pub sources: BoundedVec<SourceShare, ConstU32<MAX_SOURCES>>,
	/// What came into each of them with this settlement of the lane.
	pub pools: BoundedVec<PoolPayment, ConstU32<MAX_SOURCES>>,
	/// The sequence of the last call that was settled.
	pub sequence: Sequence,
	/// The sequence of the voucher. Of the calls below it, its list says which there were.
	pub voucher_sequence: Sequence,
	/// The root over the list of calls that the voucher acknowledges.
	pub acknowledged_root: Hash,
	/// How many items were settled.
	pub items: u32,
	/// How many records and runs were rejected.
	pub rejected: u32,
	/// What the items cost together, in planck.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_balance"))]
	pub charged: Balance,
	/// The root of the tree over the items' leaves.
	pub root: Hash,
}
