//! Price of calls and who shares it, with notice where somebody could be hurt by a change.
//!
//! A price version stands for both, so that a call has the price and the policy that it was agreed
//! on under, whenever it is settled. A change of one of them makes a price version that has the
//! other as it is, or as it is announced to be.

use crate::{
	succession::{Known, Succession},
	Config, Dated, Error, Event, ModelOf, Models, Pallet, Prices, Terms,
};
use alloc::vec::Vec;
use frame_support::{ensure, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{policy::RevenuePolicy, price::PriceSchedule, ModelId};
use sp_runtime::{DispatchError, DispatchResult};

/// Returns `true` if no call gets dearer.
fn is_cut(from: &PriceSchedule, to: &PriceSchedule) -> bool {
	to.per_call <= from.per_call
		&& to.per_input_token <= from.per_input_token
		&& to.per_cached_input_token <= from.per_cached_input_token
		&& to.per_output_token <= from.per_output_token
}

impl<T: Config> Pallet<T> {
	/// Sets a price: all of [`set_price`](Self::set_price) but the origin.
	pub(crate) fn do_set_price(
		id: ModelId,
		model: ModelOf<T>,
		price: PriceSchedule,
	) -> DispatchResult {
		ensure!(price.is_sound(), Error::<T>::CachedTokenDearer);
		let known = Self::known_terms(id, &model)?;
		let in_force = *known.in_force();
		ensure!(price != in_force.price, Error::<T>::SamePrice);
		let announced = known
			.announced()
			.filter(|next| next.value.policy != in_force.policy)
			.map(|next| (next.value.policy, next.from));
		let mut followers = Vec::new();
		if is_cut(&in_force.price, &price) {
			followers.push((Terms { price, ..in_force }, Self::now()));
			followers.extend(announced.map(|(policy, from)| (Terms { price, policy }, from)));
		} else {
			let policy = announced.map_or(in_force.policy, |(policy, _)| policy);
			followers.push((Terms { price, policy }, Self::after_notice()));
		}
		Self::change_terms(id, model, known, followers)
	}

	/// Sets a policy: all of [`set_policy`](Self::set_policy) but the origin.
	pub(crate) fn do_set_policy(
		id: ModelId,
		model: ModelOf<T>,
		policy: RevenuePolicy,
	) -> DispatchResult {
		ensure!(policy.is_complete(), Error::<T>::PolicyIncomplete);
		let known = Self::known_terms(id, &model)?;
		let in_force = *known.in_force();
		ensure!(policy != in_force.policy, Error::<T>::SamePolicy);
		if policy.pays_data() {
			let versions = Self::known_versions(id, &model)?;
			let have_sources = versions.values().all(|version| !version.sources.is_empty());
			ensure!(have_sources, Error::<T>::NoSourceForDataShare);
		}
		let price = known.announced().map_or(in_force.price, |next| next.value.price);
		Self::change_terms(id, model, known, [(Terms { price, policy }, Self::after_notice())])
	}

	/// Takes back the price that is announced. A policy stays announced.
	pub(crate) fn do_cancel_price(id: ModelId, model: ModelOf<T>) -> DispatchResult {
		let known = Self::known_terms(id, &model)?;
		let Terms { price, policy } = *known.in_force();
		let next = known.announced().filter(|next| next.value.price != price);
		let next = next.ok_or(Error::<T>::NothingAnnounced)?;
		let rest = (next.value.policy != policy)
			.then_some((Terms { price, policy: next.value.policy }, next.from));
		Self::change_terms(id, model, known, rest)
	}

	/// Takes back the policy that is announced. A price stays announced.
	pub(crate) fn do_cancel_policy(id: ModelId, model: ModelOf<T>) -> DispatchResult {
		let known = Self::known_terms(id, &model)?;
		let Terms { price, policy } = *known.in_force();
		let next = known.announced().filter(|next| next.value.policy != policy);
		let next = next.ok_or(Error::<T>::NothingAnnounced)?;
		let rest = (next.value.price != price)
			.then_some((Terms { price: next.value.price, policy }, next.from));
		Self::change_terms(id, model, known, rest)
	}

	/// Puts terms in force, each from its block on, in place of whatever is announced.
	fn change_terms(
		id: ModelId,
		mut model: ModelOf<T>,
		known: Known<Terms, BlockNumberFor<T>>,
		followers: impl IntoIterator<Item = (Terms, BlockNumberFor<T>)>,
	) -> DispatchResult {
		let followers = followers
			.into_iter()
			.map(|(terms, from)| Ok((Self::take_number(&mut model.next_price)?, terms, from)))
			.collect::<Result<Vec<_>, DispatchError>>()?;
		let change = known.followed_by(followers, T::SettlementGrace::get());
		Self::adjust_deposit(&mut model, change.added, change.removed)?;

		Self::write_terms(id, &mut model, change);
		Models::<T>::insert(id, model);
		Ok(())
	}

	/// Writes a change of terms, and tells which prices and which policies it takes back and sets. A
	/// policy that stays announced for the same block is not told again.
	pub(crate) fn write_terms(
		id: ModelId,
		model: &mut ModelOf<T>,
		change: Succession<Terms, BlockNumberFor<T>>,
	) {
		let in_force = change.current.1.value.policy;
		let announced = |entry: &Dated<Terms, BlockNumberFor<T>>| {
			(entry.value.policy != in_force).then_some((entry.value.policy, entry.from))
		};
		let before = change.dropped.as_ref().and_then(|(_, entry)| announced(entry));
		let after = change.followers.last().and_then(|(_, entry)| announced(entry));
		if let Some((price_version, _)) = change.dropped {
			Self::deposit_event(Event::PriceCancelled { model: id, price_version });
		}
		if before.is_some() && before != after {
			Self::deposit_event(Event::PolicyCancelled { model: id });
		}
		for (price_version, entry) in &change.followers {
			let (price, from) = (entry.value.price, entry.from);
			let price_version = *price_version;
			Self::deposit_event(Event::PriceSet { model: id, price_version, price, from });
		}
		if let Some((policy, from)) = after.filter(|_| before != after) {
			Self::deposit_event(Event::PolicySet { model: id, policy, from });
		}
		let ended = change.write::<Prices<T>>(id, &mut model.price, Self::now());
		model.keep_promise(ended);
	}
}
