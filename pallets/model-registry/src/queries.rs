//! Questions of nodes and wallets about models, through the runtime APIs.

use crate::{Config, ModelIdByName, Models, NextModelId, Pallet, Prices, Versions};
use alloc::{string::String, vec::Vec};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	info::{ModelInfo, NextPrice, Quote, QuoteError, Scheduled, VersionInfo},
	price::Tokens,
	AccountId, BlockNumber, ModelId, Name, VersionId, MAX_PAGE,
};
use sp_runtime::traits::UniqueSaturatedInto;

/// Ids that one query looks at, at most: those of what was cancelled or purged are gaps, which cost their
/// owners little, and must not keep a node busy.
const MOST_LOOKED_AT: usize = 4_096;

fn page(limit: u32) -> usize {
	usize::try_from(limit.min(MAX_PAGE)).unwrap_or_default()
}

impl<T: Config> Pallet<T> {
	/// The id of the model with this name.
	pub fn model_by_name(name: &[u8]) -> Option<ModelId> {
		ModelIdByName::<T>::get(Name::try_from(name.to_vec()).ok()?)
	}

	/// The charge for a call of `model` with so many tokens, none of them cached, if it were made now.
	///
	/// # Errors
	/// If there is no such model, it is paused or retired, or the charge does not fit a balance.
	pub fn quote(
		model: ModelId,
		input_tokens: u32,
		output_tokens: u32,
	) -> Result<Quote, QuoteError> {
		let now = Self::now();
		let entry = Models::<T>::get(model).ok_or(QuoteError::UnknownModel)?;
		if entry.paused || entry.retired_at.is_some() {
			return Err(QuoteError::Paused);
		}
		let (version, price_version) = (*entry.version.at(now), *entry.price.at(now));
		let price =
			Prices::<T>::get(model, price_version).ok_or(QuoteError::UnknownModel)?.value.price;
		let charge =
			price.charge(&Tokens::new(input_tokens, output_tokens)).ok_or(QuoteError::Overflow)?;
		Ok(Quote { model, version, price_version, price, charge })
	}

	/// Up to `limit` versions of a model (256 at most), from `from` upwards: those that were in
	/// force, the one that is, and the one that is announced.
	pub fn versions(model: ModelId, from: VersionId, limit: u32) -> Vec<VersionInfo> {
		let Some(entry) = Models::<T>::get(model) else { return Vec::new() };
		let info = |version| {
			let found = Versions::<T>::get(model, version)?;
			Some(VersionInfo {
				version,
				from: Self::height(found.from),
				until: found.ends.map(|ends| Self::height(ends.at)),
				details: found.value,
			})
		};
		(from..entry.next_version).take(MOST_LOOKED_AT).filter_map(info).take(page(limit)).collect()
	}

	pub(crate) fn height(block: BlockNumberFor<T>) -> BlockNumber {
		block.unique_saturated_into()
	}
}

impl<T: Config> Pallet<T>
where
	T::AccountId: Into<AccountId>,
{
	/// A model as it is now: with the version, the price and the policy in force, and those that
	/// are announced. A policy that is announced comes with a price version of its own, at the price
	/// of before if no other is announced.
	pub fn model_info(id: ModelId) -> Option<ModelInfo> {
		let now = Self::now();
		let mut model = Models::<T>::get(id)?;
		model.advance(now);
		let payee = model.payee().clone();
		let version = Versions::<T>::get(id, model.version.current)?.value;
		let terms = Prices::<T>::get(id, model.price.current)?.value;
		let next_terms = model.price.next.and_then(|next| {
			let value = (next.value, Prices::<T>::get(id, next.value)?.value);
			Some(Scheduled { from: Self::height(next.from), value })
		});
		let next_version = model.version.next;
		let next_policy = next_terms.filter(|next| next.value.1.policy != terms.policy);
		Some(ModelInfo {
			id,
			name: String::from_utf8_lossy(&model.name).into_owned(),
			owner: model.owner.into(),
			payee: payee.into(),
			paused: model.paused,
			retired_at: model.retired_at.map(Self::height),
			offered_to: model.offered_to.map(Into::into),
			version: model.version.current,
			price_version: model.price.current,
			price: terms.price,
			policy: terms.policy,
			details: version,
			parent: model.parent,
			next_version: next_version
				.map(|next| Scheduled { from: Self::height(next.from), value: next.value }),
			next_price: next_terms.map(|Scheduled { from, value: (price_version, terms) }| {
				Scheduled { from, value: NextPrice { price_version, price: terms.price } }
			}),
			next_policy: next_policy
				.map(|next| Scheduled { from: next.from, value: next.value.1.policy }),
			deposit: model.deposit.amount().unwrap_or_default(),
		})
	}

	/// Up to `limit` models (256 at most), from the id `from` upwards. Looks at 4,096 ids at most.
	pub fn models(from: ModelId, limit: u32) -> Vec<ModelInfo> {
		(from..NextModelId::<T>::get())
			.take(MOST_LOOKED_AT)
			.filter_map(Self::model_info)
			.take(page(limit))
			.collect()
	}
}
