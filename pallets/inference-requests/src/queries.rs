//! The runtime APIs' view of this pallet's state.

use crate::{pallet::*, requests::ordered};
use alloc::vec::Vec;
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{info::RequestInfo, BlockNumber, ModelId, RequestId, MAX_PAGE};
use sp_runtime::traits::UniqueSaturatedInto;

impl<T: Config> Pallet<T> {
	/// A call that waits for its answer.
	pub fn request_info(id: RequestId) -> Option<RequestInfo> {
		let request = Requests::<T>::get(id)?;
		let number = |block: BlockNumberFor<T>| -> BlockNumber { block.unique_saturated_into() };
		Some(RequestInfo {
			id,
			caller: request.caller,
			model: request.model,
			node: request.node,
			version: request.version,
			price_version: request.price_version,
			max_charge: request.max_charge,
			deadline: number(request.deadline),
			cancelled_at: request.cancelled_at.map(number),
			input: Inputs::<T>::get(id).unwrap_or_default().into_inner(),
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
