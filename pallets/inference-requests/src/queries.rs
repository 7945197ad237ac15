//! The runtime APIs' view of this pallet's state.

use crate::{
	pallet::*,
	requests::ordered,
	types::{Claim, End},
};
use alloc::vec::Vec;
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	info::{ClaimInfo, EndInfo, OutcomeInfo, RefusalInfo, RequestInfo},
	BlockNumber, ModelId, RequestId, MAX_PAGE,
};
use sp_runtime::traits::UniqueSaturatedInto;

impl<T: Config> Pallet<T> {
	/// A call that waits for its answer.
	pub fn request_info(id: RequestId) -> Option<RequestInfo> {
		let request = Requests::<T>::get(id)?;
		let number = |block: BlockNumberFor<T>| -> BlockNumber { block.unique_saturated_into() };
		let claim = request.claim.map(|Claim { node, deposit, until }| {
			let until = number(until);
			ClaimInfo { node, deposit, until }
		});
		let refusals = request.refusals.into_iter();
		let refusals = refusals.map(|(node, refusal)| RefusalInfo { node, refusal }).collect();
		Some(RequestInfo {
			id,
			caller: request.caller,
			model: request.model,
			node: request.node,
			version: request.version,
			price_version: request.price_version,
			asked_at: number(request.asked_at),
			max_charge: request.max_charge,
			deadline: number(request.deadline),
			cancelled_at: request.cancelled_at.map(number),
			most_input_tokens: request.most_input_tokens,
			claim,
			refusals,
			input: Inputs::<T>::get(id).unwrap_or_default().into_string(),
		})
	}

	/// How a call ended that was answered, or declined by the node that it named, as long as that is kept.
	pub fn outcome_info(id: RequestId) -> Option<OutcomeInfo> {
		let outcome = Outcomes::<T>::get(id)?;
		let number = |block: BlockNumberFor<T>| -> BlockNumber { block.unique_saturated_into() };
		let end = match outcome.end {
			End::Answered { node, charge, output } => {
				EndInfo::Answered { node, charge, output: output.into_string() }
			}
			End::Declined { node, reason } => EndInfo::Declined { node, reason },
		};
		Some(OutcomeInfo {
			id,
			caller: outcome.caller,
			model: outcome.model,
			deposit: outcome.deposit,
			at: number(outcome.at),
			until: number(outcome.until),
			end,
		})
	}

	/// Up to `limit` calls of `model` ([`MAX_PAGE`] at most) that wait for an answer, from the id
	/// `from` upwards.
	pub fn requests(model: ModelId, from: RequestId, limit: u32) -> Vec<RequestInfo> {
		let keys = match from.checked_sub(1) {
			Some(before) => ByModel::<T>::iter_key_prefix_from(
				model,
				ByModel::<T>::hashed_key_for(model, ordered(before)),
			),
			None => ByModel::<T>::iter_key_prefix(model),
		};
		let limit = usize::try_from(limit.min(MAX_PAGE)).unwrap_or_default();
		keys.take(limit)
			.filter_map(|key| Self::request_info(RequestId::from_be_bytes(key)))
			.collect()
	}
}
