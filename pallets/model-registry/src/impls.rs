//! The view that other pallets have of models.

use crate::{Config, Models, NextModelId, Pallet, Prices, Terms, Versions};
use frame_support::ensure;
use openledger_primitives::{
	record::RejectReason,
	traits::{CallTerms, ModelInspect},
	ModelId, PriceVersion, VersionId,
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
		let now = Self::now();
		let Some(entry) = Models::<T>::get(model) else {
			// Ids are given out in turn: a lower one was a model's.
			let purged = model < NextModelId::<T>::get();
			return Err(if purged {
				RejectReason::ModelRetired
			} else {
				RejectReason::UnknownModel
			});
		};
		ensure!(entry.retired_at.is_none_or(|at| now < at), RejectReason::ModelRetired);

		let found = Versions::<T>::get(model, version).ok_or(if version < entry.next_version {
			// It was announced, and then taken back.
			RejectReason::NotInForce
		} else {
			RejectReason::UnknownVersion
		})?;
		ensure!(found.has_begun(now), RejectReason::NotInForce);
		ensure!(!found.is_expired(now), RejectReason::VersionExpired);
		let sources = found.value.sources;

		let agreed = Prices::<T>::get(model, price_version).ok_or(
			if price_version < entry.oldest_price {
				RejectReason::PriceExpired
			} else if price_version < entry.next_price {
				RejectReason::NotInForce
			} else {
				RejectReason::UnknownPrice
			},
		)?;
		ensure!(agreed.has_begun(now), RejectReason::NotInForce);
		ensure!(!agreed.is_expired(now), RejectReason::PriceExpired);

		let Terms { price, policy } = agreed.value;
		Ok(CallTerms {
			payee: entry.payee().clone(),
			price,
			policy: if sources.is_empty() { policy.without_data() } else { policy },
			sources,
			lineage: Self::lineage_from(entry.parent),
		})
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn benchmark_model(
		owner: &T::AccountId,
		sources: openledger_primitives::attribution::DataSources,
	) -> Result<ModelId, sp_runtime::DispatchError> {
		crate::benchmarking::register_with_parents::<T>(
			owner,
			sources,
			openledger_primitives::MAX_LINEAGE,
		)
	}
}
