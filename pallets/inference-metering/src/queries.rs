//! The runtime APIs' view of this pallet's state.

use crate::{
	pallet::*,
	types::{NodeOf, Served, Status},
};
use alloc::{string::String, vec::Vec};
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	info::{LaneInfo, LaneTermsInfo, NodeInfo, NodeStatus, ServedInfo, SessionInfo},
	lane::RejectReason,
	traits::{LaneTerms, ModelInspect, RevenueDistributor},
	AccountId, BlockNumber, ModelId, PriceVersion, SessionId, VersionId,
};
use sp_runtime::traits::UniqueSaturatedInto;

impl<T: Config> Pallet<T> {
	/// A session with its lanes.
	pub fn session_info(id: SessionId) -> Option<SessionInfo> {
		let session = Sessions::<T>::get(id)?;
		let mut lanes: Vec<_> = Lanes::<T>::iter_prefix(id)
			.map(|(lane, state)| LaneInfo {
				lane,
				sequence: state.sequence,
				settled: state.settled,
				agreement: state.agreement,
			})
			.collect();
		lanes.sort_by_key(|lane| lane.lane);
		let in_force = session.limit_at(Self::now());
		// A node should learn of a lower limit as soon as it is announced.
		let announced = session.pending_limit.map_or(in_force, |pending| pending.limit);
		let spending_limit = in_force.min(announced);
		Some(SessionInfo {
			id,
			caller: session.caller,
			node: session.node,
			signer: session.signer,
			deposit: session.deposit,
			settled: session.settled,
			spending_limit,
			opened_at: number::<T>(session.opened_at),
			expires_at: number::<T>(session.expires_at),
			closes_at: session.closes_at.map(number::<T>),
			lanes,
		})
	}

	/// The terms of calls that are made under an agreement with these.
	///
	/// # Errors
	/// The reason why no voucher with them is redeemed.
	pub fn lane_terms(
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
		as_of: BlockNumber,
	) -> Result<LaneTermsInfo, RejectReason> {
		let (call, changed_at) = T::Models::terms_as_of(model, version, price_version, as_of)?;
		let LaneTerms { call, protocol_share, changed_at, .. } =
			T::Revenue::lane_terms(call, changed_at, as_of)?;
		let grace = number::<T>(T::TermsGrace::get());
		Ok(LaneTermsInfo {
			price: call.price,
			policy: call.policy,
			protocol_share,
			changed_at,
			valid_until: changed_at.map(|block| block.saturating_add(grace)),
		})
	}

	/// An inference node by its operator.
	pub fn node_info(operator: AccountId) -> Option<NodeInfo> {
		Nodes::<T>::get(&operator).map(|node| describe::<T>(operator, node))
	}
}

fn describe<T: Config>(operator: AccountId, node: NodeOf<T>) -> NodeInfo {
	let served = |Served { model, capacity }| ServedInfo { model, capacity };
	NodeInfo {
		payee: node.payee_of(&operator).clone(),
		operator,
		endpoint: String::from_utf8_lossy(&node.endpoint).into_owned(),
		receipt_key: node.receipt_key,
		bond: node.bond,
		models: node.models.into_iter().map(served).collect(),
		status: match node.status {
			Status::Active => NodeStatus::Active,
			Status::Unbonding(at) => NodeStatus::Unbonding(number::<T>(at)),
			Status::Jailed(until) => NodeStatus::Jailed(number::<T>(until)),
		},
		last_heartbeat: number::<T>(node.last_heartbeat),
		sessions: node.sessions,
	}
}

pub(crate) fn number<T: Config>(block: BlockNumberFor<T>) -> BlockNumber {
	block.unique_saturated_into()
}
