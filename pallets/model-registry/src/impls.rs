//! The view that other pallets have of models.

use crate::{Config, Models, Pallet, Versions};
use openledger_primitives::{
	lane::RejectReason,
	traits::{CallTerms, ModelInspect},
	BlockNumber, ModelId, PriceVersion, VersionId,
};

impl<T: Config> ModelInspect<T::AccountId> for Pallet<T> {
	fn exists(model: ModelId) -> bool {
		Models::<T>::contains_key(model)
	}

	fn is_callable(model: ModelId) -> bool {
		Models::<T>::get(model).is_some_and(|model| !model.paused && model.retired_at.is_none())
	}

	fn in_force(model: ModelId) -> Option<(VersionId, PriceVersion)> {
		let now = Self::now();
		let model = Models::<T>::get(model)?;
		Some((*model.version.at(now), *model.price.at(now)))
	}

	fn template_overhead(model: ModelId, version: VersionId) -> Option<u32> {
		Versions::<T>::get(model, version).map(|version| version.value.template_overhead)
	}

	fn terms_as_of(
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
		as_of: BlockNumber,
	) -> Result<(CallTerms<T::AccountId>, Option<BlockNumber>), RejectReason> {
		let (terms, changed_at) = Self::terms_then(model, version, price_version, as_of.into())?;
		Ok((terms, changed_at.map(Self::height)))
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_model(
		owner: &T::AccountId,
		sources: openledger_primitives::attribution::DataSources,
	) -> Result<ModelId, sp_runtime::DispatchError> {
		crate::benchmarking::register_remembered::<T>(owner, sources)
	}
}
