//! The event's word on a call that was requested and answered on chain: what it was priced and divided by, and
//! who was paid.

use super::{
	Agreement, LineageShare, PoolPayment, SettledCall, SettledItem, SettledLane, SourceShare,
	Statement,
};
use crate::{
	on_chain::{call_session, call_statement, CALL_LANE},
	policy::RevenuePolicy,
	price::PriceSchedule,
	tree, AccountId, Hash, RequestId, Sequence, MAX_LINEAGE, MAX_SOURCES,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_arithmetic::Permill;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// A call on chain that was charged, and who was paid. It is settled like the only call of a lane, as of the block
/// of its request.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct FulfilledCall {
	/// Who paid.
	pub caller: AccountId,
	/// The operator of the node that answered.
	pub node: AccountId,
	/// Who is paid for the node.
	pub node_payee: AccountId,
	/// What the call was requested under. Everybody can read it, and it costs the list price.
	pub agreement: Agreement,
	/// Who is paid for the model.
	pub developer_payee: AccountId,
	/// The list price.
	pub price: PriceSchedule,
	/// How the charge is shared, once the protocol has its part.
	pub policy: RevenuePolicy,
	/// The protocol's part.
	pub protocol_share: Permill,
	/// The models above, nearest first.
	pub lineage: BoundedVec<LineageShare, ConstU32<MAX_LINEAGE>>,
	/// The releases that are paid, by datanet and release.
	pub sources: BoundedVec<SourceShare, ConstU32<MAX_SOURCES>>,
	/// What came into each of them with this call.
	pub pools: BoundedVec<PoolPayment, ConstU32<MAX_SOURCES>>,
	/// Usage, charge, and payments. The hash of its answer is blake2-256 of the output.
	pub call: SettledCall,
}

impl FulfilledCall {
	/// The sequence of the call's record: it is the first of its lane, and the last.
	pub const SEQUENCE: Sequence = 1;

	/// The same as the settlement of a lane, from which [`payouts`](super::payouts) works out all payments again, and
	/// behind whose root the call can be disputed. What only a session has is 0.
	pub fn as_lane(&self, request: RequestId) -> (SettledLane, SettledItem) {
		let item = SettledItem::Call(self.call.clone());
		let lane = SettledLane {
			session: call_session(request),
			lane: CALL_LANE,
			caller: self.caller.clone(),
			node: self.node.clone(),
			node_payee: self.node_payee.clone(),
			agreement: self.agreement,
			developer_payee: self.developer_payee.clone(),
			price: self.price,
			policy: self.policy,
			protocol_share: self.protocol_share,
			lineage: self.lineage.clone(),
			sources: self.sources.clone(),
			pools: self.pools.clone(),
			sequence: Self::SEQUENCE,
			voucher_sequence: Self::SEQUENCE,
			acknowledged_root: Hash::zero(),
			items: 1,
			rejected: 0,
			charged: self.call.charge,
			root: tree::root(&[item.leaf()]).unwrap_or_default(),
		};
		(lane, item)
	}

	/// The statement that the node has signed of the call.
	pub fn statement(&self, genesis_hash: Hash, request: RequestId, input_hash: Hash) -> Statement {
		let SettledCall { record, charge, .. } = &self.call;
		call_statement(genesis_hash, request, input_hash, self.agreement, record, *charge)
	}
}
