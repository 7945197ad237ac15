//! The terms of calls, as they were in the block that caller and node have agreed on.
//!
//! What a call costs and how that is shared follows from the version and the price version that its caller
//! has named. Who is paid for the model, and for those above it, follows from the block. Whoever settles calls
//! later than a model was handed over so pays whom it belonged to when they were agreed on. Version and price
//! version were in force in that block: what was replaced before is agreed on as of an earlier block only, and
//! no longer than any other change lets an agreement live.

use crate::{Config, ModelOf, Models, NextModelId, Pallet, Prices, Terms, Versions};
use frame_support::ensure;
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	attribution::DataSources, lane::RejectReason, lineage::Lineage, traits::CallTerms, ModelId,
	PriceVersion, VersionId,
};

/// Facts of a model, its version and its price version that the terms of a call are made of.
struct Agreed<T: Config> {
	model: ModelOf<T>,
	sources: DataSources,
	terms: Terms,
	/// The first blocks in which another version, and another price version, are in force, as far as is known.
	ends: [Option<BlockNumberFor<T>>; 2],
}

impl<T: Config> Agreed<T> {
	/// The terms of the call, if these are paid for the model and those above it.
	fn terms(self, payee: T::AccountId, lineage: Lineage<T::AccountId>) -> CallTerms<T::AccountId> {
		let Self { sources, terms: Terms { price, policy }, .. } = self;
		let policy = if sources.is_empty() { policy.without_data() } else { policy };
		CallTerms { payee, price, policy, sources, lineage }
	}
}

impl<T: Config> Pallet<T> {
	/// The terms of a call that is settled now, with those who were paid in the block `as_of`, and the first block
	/// after it in which those, the owners, the version or the price version are others, as far as is known.
	pub(crate) fn terms_then(
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
		as_of: BlockNumberFor<T>,
	) -> Result<(CallTerms<T::AccountId>, Option<BlockNumberFor<T>>), RejectReason> {
		// Nobody knows who is going to be paid, nor what is announced only and may be taken back.
		ensure!(as_of <= Self::now(), RejectReason::NotInForce);
		let agreed = Self::agreed(model, version, price_version, as_of)?;
		// Nobody was offered what had been replaced by then.
		let ends = agreed.ends.into_iter().flatten();
		ensure!(ends.clone().all(|at| as_of < at), RejectReason::NotInForce);
		let parties = &agreed.model.parties;
		let payee = parties.at(as_of).ok_or(RejectReason::TermsForgotten)?.payee().clone();
		let (lineage, changed_above) =
			Self::lineage_as_of(agreed.model.parent, as_of).ok_or(RejectReason::TermsForgotten)?;
		let changed_at =
			parties.changed_after(as_of).into_iter().chain(changed_above).chain(ends).min();
		Ok((agreed.terms(payee, lineage), changed_at))
	}

	/// The facts of a version and a price version that had begun by a block and are not expired now.
	fn agreed(
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
		begun_by: BlockNumberFor<T>,
	) -> Result<Agreed<T>, RejectReason> {
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
		ensure!(found.has_begun(begun_by), RejectReason::NotInForce);
		ensure!(!found.is_expired(now), RejectReason::VersionExpired);
		let (sources, version_ends) = (found.value.sources, found.ends);

		let agreed = Prices::<T>::get(model, price_version).ok_or(
			if price_version < entry.oldest_price {
				RejectReason::PriceExpired
			} else if price_version < entry.next_price {
				RejectReason::NotInForce
			} else {
				RejectReason::UnknownPrice
			},
		)?;
		ensure!(agreed.has_begun(begun_by), RejectReason::NotInForce);
		ensure!(!agreed.is_expired(now), RejectReason::PriceExpired);

		let ends = [version_ends, agreed.ends].map(|ends| ends.map(|ends| ends.at));
		Ok(Agreed { model: entry, sources, terms: agreed.value, ends })
	}
}
