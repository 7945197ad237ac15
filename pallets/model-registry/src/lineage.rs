//! Which models a model descends from.
//!
//! A parent is named when a model is registered, and never changes: what descends from what can
//! have no cycles. A model that is gone leaves a [`Tombstone`](crate::Tombstone) as long as others
//! descend from it.

use crate::{Config, Error, ModelOf, Models, Pallet, Tombstone, Tombstones};
use frame_support::ensure;
use openledger_primitives::{
	info::ParentInfo,
	lineage::{Ancestor, Lineage},
	ModelId, MAX_LINEAGE,
};

impl<T: Config> Pallet<T> {
	/// The models from `parent` upwards, nearest first.
	pub(crate) fn lineage_from(mut parent: Option<ParentInfo>) -> Lineage<T::AccountId> {
		let mut lineage = Lineage::default();
		while let Some(ParentInfo { model, royalty }) = parent {
			let Some((payee, above)) = Self::payee_and_parent(model) else { break };
			if lineage.try_push(Ancestor { model, payee, royalty }).is_err() {
				break;
			}
			parent = above;
		}
		lineage
	}

	fn payee_and_parent(model: ModelId) -> Option<(T::AccountId, Option<ParentInfo>)> {
		if let Some(model) = Models::<T>::get(model) {
			return Some((model.payee().clone(), model.parent));
		}
		let left = Tombstones::<T>::get(model)?;
		let payee = left.parties.now()?.payee().clone();
		Some((payee, left.parent))
	}

	/// The parent with one child more, and how many levels a child of it has above itself.
	pub(crate) fn with_one_child_more(parent: ModelId) -> Result<(ModelOf<T>, usize), Error<T>> {
		let mut model = Models::<T>::get(parent).ok_or(Error::<T>::UnknownParent)?;
		ensure!(model.retired_at.is_none(), Error::<T>::ParentRetired);
		let levels = Self::lineage_from(model.parent).len().saturating_add(1);
		ensure!(u32::try_from(levels).is_ok_and(|n| n <= MAX_LINEAGE), Error::<T>::LineageTooDeep);
		model.children = model.children.checked_add(1).ok_or(Error::<T>::OutOfIds)?;
		Ok((model, levels))
	}

	/// Writes what the models above need to know when `model` has been removed: they have one child
	/// less, and a tombstone without children goes, too.
	pub(crate) fn leave_lineage(id: ModelId, model: &ModelOf<T>) {
		if model.children > 0 {
			let (parties, parent, children) = (model.parties.clone(), model.parent, model.children);
			Tombstones::<T>::insert(id, Tombstone { parties, parent, children });
			return;
		}
		let mut parent = model.parent;
		// At most as often as there are levels.
		while let Some(ParentInfo { model: id, .. }) = parent {
			parent = None;
			if let Some(mut model) = Models::<T>::get(id) {
				model.children = model.children.saturating_sub(1);
				Models::<T>::insert(id, model);
			} else if let Some(mut left) = Tombstones::<T>::get(id) {
				left.children = left.children.saturating_sub(1);
				if left.children > 0 {
					Tombstones::<T>::insert(id, left);
				} else {
					Tombstones::<T>::remove(id);
					parent = left.parent;
				}
			}
		}
	}
}
