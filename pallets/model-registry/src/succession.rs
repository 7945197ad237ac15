//! The succession of versions, and of sets of terms.
//!
//! Entries are numbered, and their times join up: each is in force until the next one is. At most
//! the last of them lies ahead. What is announced in its place gets a number of its own, so that a
//! number never means two things.

use crate::{deposits::bytes_of, Changing, Dated, Ends};
use alloc::vec::Vec;
use codec::FullCodec;
use frame_support::StorageDoubleMap;
use openledger_primitives::ModelId;
use sp_runtime::{traits::Saturating, DispatchError};

/// A numbered entry.
pub(crate) type Numbered<Value, BlockNumber> = (u32, Dated<Value, BlockNumber>);

/// The entry that is in force, and the one that is announced.
pub(crate) struct Known<Value, BlockNumber> {
	current: Numbered<Value, BlockNumber>,
	next: Option<Numbered<Value, BlockNumber>>,
}

impl<Value, BlockNumber> Known<Value, BlockNumber>
where
	Value: FullCodec,
	BlockNumber: FullCodec + Copy + Ord + Saturating,
{
	/// Reads them.
	///
	/// # Errors
	/// `Corruption` if one of them is not there.
	pub fn read<Map>(
		model: ModelId,
		numbers: &Changing<u32, BlockNumber>,
	) -> Result<Self, DispatchError>
	where
		Map: StorageDoubleMap<
			ModelId,
			u32,
			Dated<Value, BlockNumber>,
			Query = Option<Dated<Value, BlockNumber>>,
		>,
	{
		let entry = |number| {
			let entry = Map::get(model, number).ok_or(DispatchError::Corruption)?;
			Ok::<_, DispatchError>((number, entry))
		};
		let next = numbers.next.as_ref().map(|next| entry(next.value)).transpose()?;
		Ok(Self { current: entry(numbers.current)?, next })
	}

	/// Value in force.
	pub fn in_force(&self) -> &Value {
		&self.current.1.value
	}

	/// Value announced.
	pub fn announced(&self) -> Option<&Dated<Value, BlockNumber>> {
		self.next.as_ref().map(|(_, entry)| entry)
	}

	/// The values in force and announced.
	pub fn values(&self) -> impl Iterator<Item = &Value> {
		core::iter::once(self.in_force()).chain(self.announced().map(|entry| &entry.value))
	}

	/// Works out what changes when these follow the entry in force, each from its block on, in place
	/// of whatever was announced. Calls under what ends can be settled for `grace` blocks more. If
	/// none follow, the entry in force stays so without an end.
	pub fn followed_by(
		self,
		followers: impl IntoIterator<Item = (u32, Value, BlockNumber)>,
		grace: BlockNumber,
	) -> Succession<Value, BlockNumber> {
		let (number, current) = self.current;
		let mut removed = bytes_of(&current);
		if let Some((_, entry)) = &self.next {
			removed = removed.saturating_add(bytes_of(entry));
		}
		let mut current = (number, Dated { ends: None, ..current });
		let mut follow = Vec::<Numbered<Value, BlockNumber>>::new();
		for (number, value, from) in followers {
			let ends = Ends { at: from, settle_until: from.saturating_add(grace) };
			let (_, before) = follow.last_mut().unwrap_or(&mut current);
			before.ends = Some(ends);
			follow.push((number, Dated::new(value, from)));
		}
		let added = follow
			.iter()
			.fold(bytes_of(&current.1), |sum, (_, entry)| sum.saturating_add(bytes_of(entry)));
		Succession { dropped: self.next, current, followers: follow, added, removed }
	}
}

/// A change of a model's versions or terms, worked out but not written.
pub(crate) struct Succession<Value, BlockNumber> {
	/// The entry that was announced, and is dropped.
	pub dropped: Option<Numbered<Value, BlockNumber>>,
	/// The one in force, with the end that it will have.
	pub current: Numbered<Value, BlockNumber>,
	/// The new ones.
	pub followers: Vec<Numbered<Value, BlockNumber>>,
	/// The bytes of the entries that are written.
	pub added: u32,
	/// The bytes of the entries that they replace, or that are removed.
	pub removed: u32,
}

impl<Value, BlockNumber> Succession<Value, BlockNumber>
where
	Value: FullCodec,
	BlockNumber: FullCodec + Copy + Ord,
{
	/// Writes it. Returns from which block on calls under what it replaces at once can be settled no
	/// more.
	pub fn write<Map>(
		self,
		model: ModelId,
		numbers: &mut Changing<u32, BlockNumber>,
		now: BlockNumber,
	) -> Option<BlockNumber>
	where
		Map: StorageDoubleMap<ModelId, u32, Dated<Value, BlockNumber>>,
	{
		if let Some((number, _)) = self.dropped {
			Map::remove(model, number);
			numbers.next = None;
		}
		let mut settle_until = None;
		let mut before: Option<Ends<BlockNumber>> = None;
		for (number, entry) in core::iter::once(self.current).chain(self.followers) {
			if let Some(ends) = before {
				let ended = numbers.change(number, ends.at, ends.settle_until, now);
				settle_until = settle_until.max(ended);
			}
			before = entry.ends;
			Map::insert(model, number, entry);
		}
		settle_until
	}
}
