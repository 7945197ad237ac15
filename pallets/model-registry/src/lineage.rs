//! Which models a model descends from.
//!
//! A parent is named when a model is registered, and never changes: what descends from what can
//! have no cycles. A model that is gone leaves a [`Tombstone`](crate::Tombstone) as long as others
//! descend from it.

use crate::{types::PartiesOf, Config, Error, ModelOf, Models, Pallet, Tombstone, Tombstones};
use alloc::vec::Vec;
use frame_support::ensure;
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	info::ParentInfo,
	lineage::{Ancestor, Lineage},
	ModelId, MAX_LINEAGE,
};

impl<T: Config> Pallet<T> {
	/// The models from `parent` upwards, nearest first, with who was paid for them in `block`; and the first block
	/// after it in which that, or who owned one of them, is another, as far as is known. `None` if it is not
	/// known any more.
	pub(crate) fn lineage_as_of(
		parent: Option<ParentInfo>,
		block: BlockNumberFor<T>,
	) -> Option<(Lineage<T::AccountId>, Option<BlockNumberFor<T>>)> {
		let levels = Self::levels_from(parent);
		let changed_at =
			levels.iter().filter_map(|(_, parties)| parties.changed_after(block)).min();
		let ancestor = |(ParentInfo { model, royalty }, parties): (_, PartiesOf<T>)| {
			Some(Ancestor { model, payee: parties.at(block)?.payee().clone(), royalty })
		};
		let lineage = levels.into_iter().map(ancestor).collect::<Option<Vec<_>>>()?;
		Some((Lineage::truncate_from(lineage), changed_at))
	}

	/// The models from `parent` upwards, nearest first, with their owners and payees over time: as many levels as
	/// a model can have.
	pub(crate) fn levels_from(mut parent: Option<ParentInfo>) -> Vec<(ParentInfo, PartiesOf<T>)> {
		let mut levels = Vec::new();
		for _ in 0..MAX_LINEAGE {
			let Some(above) = parent else { break };
			let Some((parties, next)) = Self::parties_and_parent(above.model) else { break };
			levels.push((above, parties));
			parent = next;
		}
		levels
	}

	fn parties_and_parent(model: ModelId) -> Option<(PartiesOf<T>, Option<ParentInfo>)> {
		if let Some(model) = Models::<T>::get(model) {
			return Some((model.parties, model.parent));
		}
		let left = Tombstones::<T>::get(model)?;
		Some((left.parties, left.parent))
	}

	/// The parent with one child more, and how many levels a child of it has above itself.
	pub(crate) fn with_one_child_more(parent: ModelId) -> Result<(ModelOf<T>, usize), Error<T>> {
		let mut model = Models::<T>::get(parent).ok_or(Error::<T>::UnknownParent)?;
		ensure!(model.retired_at.is_none(), Error::<T>::ParentRetired);
		let levels = Self::levels_from(model.parent).len().saturating_add(1);
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
