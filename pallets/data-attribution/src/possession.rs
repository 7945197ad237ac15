//! Showing that one has the data that one has committed to, which is what owning its root takes.
//!
//! Whoever submits a stream does not know which of its leaves will be asked for: that is drawn some blocks later,
//! from a number that each block until then has a part in. So neither who guesses a root nor who copies one from
//! the pool has anything to show, unless they have the data as well.
//!
//! The author of a block knows its own part before others do, but cannot choose it: they can only leave their
//! block out. To know the draw before they submit, they would have to make all blocks between.

use crate::{
	Chance, Config, ContributionOf, ContributionStatus, Contributions, Draws, Error, Event, Pallet,
	Possession, RootOwner,
};
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	traits::{Get, Randomness},
};
use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{
	contribution::data_root,
	data_tree::{DrawnLeaf, RangeProof},
	ContributionId, Hash,
};
use sp_runtime::{
	traits::{BlakeTwo256, Hash as _, Saturating, Zero},
	DispatchError,
};

impl<T: Config> Pallet<T> {
	/// Gives a block its part in all draws that are to come, and lets its own come out.
	pub(crate) fn do_draw(now: BlockNumberFor<T>) {
		let (part, _) = T::Randomness::random(b"openledger/draw");
		let chance = BlakeTwo256::hash_of(&(Chance::<T>::get(), part));
		Chance::<T>::put(chance);
		if let Some(mut draw) = Draws::<T>::get(now) {
			draw.seed = Some(chance);
			Draws::<T>::insert(now, draw);
		}
	}

	pub(crate) fn do_show(
		who: &T::AccountId,
		contribution: ContributionId,
		proof: &RangeProof,
	) -> DispatchResult {
		let mut entry = Self::contribution_of(who, contribution)?;
		let Possession::Owed(draw) = entry.possession else {
			return Err(Error::<T>::NothingToShow.into());
		};
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(now < Self::show_until(draw), Error::<T>::TooLate);
		let drawn = Self::drawn_leaf(contribution, &entry).ok_or(Error::<T>::NotDrawn)?;
		let data = data_root(entry.format, entry.root, entry.size);
		let data = data.ok_or(Error::<T>::NothingToShow)?;
		proof
			.verify(&data, drawn.offset, drawn.length)
			.map_err(|_| Error::<T>::PossessionNotShown)?;
		let before = Self::owner_after(entry.root, entry.since)?;
		Self::end_use(contribution, &entry, true)?;

		match before {
			None => (),
			Some((before, owner)) if owner.status == ContributionStatus::Pending => {
				// Whom it has taken the root from still has to get it back.
				entry.displaced = owner.displaced;
				Self::remove_contribution(before, &owner)?;
				let by = contribution;
				Self::deposit_event(Event::ContributionDisplaced { contribution: before, by });
			}
			Some((before, _)) => {
				// Releases may have it. What is to become of it, nobody decides without a verdict.
				entry.displaced = Some(before);
				let by = contribution;
				Self::deposit_event(Event::RootTakenOver { contribution: before, by });
			}
		}
		Self::end_wait(draw);
		RootOwner::<T>::insert(entry.root, contribution);
		entry.possession = Possession::Shown(now);
		Contributions::<T>::insert(contribution, entry);
		Self::deposit_event(Event::PossessionShown { contribution, leaf: drawn.leaf });
		Ok(())
	}

	/// The leaf that a contributor has to show, once it is drawn.
	pub(crate) fn drawn_leaf(
		id: ContributionId,
		contribution: &ContributionOf<T>,
	) -> Option<DrawnLeaf> {
		let Possession::Owed(draw) = contribution.possession else { return None };
		let seed = Draws::<T>::get(draw)?.seed?;
		let ContributionOf::<T> { format, root, size, .. } = *contribution;
		data_root(format, root, size)?.drawn(&seed, id)
	}

	/// Takes one more contribution into the draw that comes out next for what is submitted now. Returns the block
	/// of that.
	pub(crate) fn wait_for_draw() -> BlockNumberFor<T> {
		let now = frame_system::Pallet::<T>::block_number();
		let at = now.saturating_add(T::DrawDelay::get());
		let mut draw = Draws::<T>::get(at).unwrap_or_default();
		draw.waiting = draw.waiting.saturating_add(1);
		Draws::<T>::insert(at, draw);
		at
	}

	/// Takes one out of a draw, which nobody needs any more after the last.
	pub(crate) fn end_wait(at: BlockNumberFor<T>) {
		let Some(mut draw) = Draws::<T>::get(at) else { return };
		draw.waiting = draw.waiting.saturating_sub(1);
		match draw.waiting.is_zero() {
			true => Draws::<T>::remove(at),
			false => Draws::<T>::insert(at, draw),
		}
	}

	/// The block before which a leaf has to be shown that was drawn in block `draw`.
	pub(crate) fn show_until(draw: BlockNumberFor<T>) -> BlockNumberFor<T> {
		draw.saturating_add(T::ShowPeriod::get())
	}

	/// The contribution that owns a root, and that one which counts from `since` takes it over from. None if
	/// nobody owns it.
	pub(crate) fn owner_after(
		root: Hash,
		since: BlockNumberFor<T>,
	) -> Result<Option<(ContributionId, ContributionOf<T>)>, DispatchError> {
		let Some(owner) = RootOwner::<T>::get(root) else { return Ok(None) };
		let entry = Self::contribution(owner)?;
		ensure!(since < entry.since, Error::<T>::RootTaken);
		Ok(Some((owner, entry)))
	}
}
