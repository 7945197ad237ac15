//! What other pallets see of models.

use crate::{Config, Models, Pallet, Prices, Versions};
use openledger_primitives::{
	record::RejectReason,
	traits::{CallTerms, ModelInspect},
	ModelId, PriceVersion, VersionId,
};

impl<T: Config> ModelInspect<T::AccountId> for Pallet<T> {
	fn exists(model: ModelId) -> bool {
		Models::<T>::contains_key(model)
	}

	fn is_paused(model: ModelId) -> bool {
		Models::<T>::get(model).is_some_and(|model| model.paused)
	}

	fn terms(
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
	) -> Result<CallTerms<T::AccountId>, RejectReason> {
		let entry = Models::<T>::get(model).ok_or(RejectReason::UnknownModel)?;
		let version = Versions::<T>::get(model, version).ok_or(RejectReason::UnknownVersion)?;
		let price = Prices::<T>::get(model, price_version).ok_or(RejectReason::UnknownPrice)?;
		Ok(CallTerms {
			developer: entry.owner,
			price,
			policy: entry.policy,
			sources: version.sources,
		})
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_model(
		owner: &T::AccountId,
		sources: openledger_primitives::attribution::DataSources,
	) -> Result<ModelId, sp_runtime::DispatchError> {
		crate::benchmarking::register::<T>(owner, sources)
	}
}
