//! What nodes and wallets ask about models, through the runtime APIs.

use crate::{Config, Model, ModelIdByName, Models, NextModelId, Pallet, Prices, Versions};
use alloc::{string::String, vec::Vec};
use openledger_primitives::{
	info::{ModelInfo, Quote, QuoteError},
	AccountId, ModelId, Name, MAX_PAGE,
};

impl<T: Config> Pallet<T> {
	/// The id of the model with this name.
	pub fn model_by_name(name: &[u8]) -> Option<ModelId> {
		ModelIdByName::<T>::get(Name::try_from(name.to_vec()).ok()?)
	}

	/// What a call of `model` with so many tokens would cost if it were made now.
	///
	/// # Errors
	/// If there is no such model, it is paused, or the charge does not fit a balance.
	pub fn quote(
		model: ModelId,
		input_tokens: u32,
		output_tokens: u32,
	) -> Result<Quote, QuoteError> {
		let Model { paused, version, price_version, .. } =
			Models::<T>::get(model).ok_or(QuoteError::UnknownModel)?;
		if paused {
			return Err(QuoteError::Paused);
		}
		let price = Prices::<T>::get(model, price_version).ok_or(QuoteError::UnknownModel)?;
		let charge = price.charge(input_tokens, output_tokens).ok_or(QuoteError::Overflow)?;
		Ok(Quote { model, version, price_version, price, charge })
	}
}

impl<T: Config> Pallet<T>
where
	T::AccountId: Into<AccountId>,
{
	/// A model as it is now: with the version and the price in force.
	pub fn model_info(id: ModelId) -> Option<ModelInfo> {
		let model = Models::<T>::get(id)?;
		let version = Versions::<T>::get(id, model.version)?;
		let price = Prices::<T>::get(id, model.price_version)?;
		Some(ModelInfo {
			id,
			name: String::from_utf8_lossy(&model.name).into_owned(),
			owner: model.owner.into(),
			paused: model.paused,
			version: model.version,
			price_version: model.price_version,
			price,
			policy: model.policy,
			uri: String::from_utf8_lossy(&version.uri).into_owned(),
			weights_hash: version.weights_hash,
			tokenizer_hash: version.tokenizer_hash,
			sources: version.sources,
		})
	}

	/// Up to `limit` models (256 at most), from the id `from` upwards.
	pub fn models(from: ModelId, limit: u32) -> Vec<ModelInfo> {
		let limit = usize::try_from(limit.min(MAX_PAGE)).unwrap_or_default();
		(from..NextModelId::<T>::get()).filter_map(Self::model_info).take(limit).collect()
	}
}
