//! The view that other pallets have of models.

use crate::{Config, Models, Pallet};
use openledger_primitives::{
	record::RejectReason,
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

	/// The version and the price version need not have been in force in the same block. A price that
	/// ended a few blocks before a version began is what its caller was offered, and a node honours
	/// that. To refuse such a pair would protect nobody either. If the price ended before the version
	/// began, then the version before that one was in force until after the price ended, so calls of it
	/// can be settled at that price at least as long, unless the grace has become shorter in between
	/// (likewise the other way round). The charge is the same. Which data gets the data's part, or that the
	/// developer does because there is none, follows from the version, which the caller has signed. Pairs that are
	/// further apart than [`SettlementGrace`](Config::SettlementGrace) are refused anyway, because one of
	/// them has expired before the other begins.
	fn terms(
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
	) -> Result<CallTerms<T::AccountId>, RejectReason> {
		Self::terms_now(model, version, price_version)
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
