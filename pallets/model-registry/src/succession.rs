//! How one version or price follows another.
//!
//! Entries are numbered, and their times join up: each is in force until the next one is. At most
//! the last of them lies ahead. What is announced in its place gets a number of its own, so that a
//! number never means two things.

use crate::{deposits::bytes_of, Changing, Dated};
use codec::FullCodec;
use frame_support::StorageDoubleMap;
use openledger_primitives::ModelId;
use sp_runtime::DispatchError;

/// A change of a model's versions or prices, worked out but not written.
pub(crate) struct Succession<Value, BlockNumber> {
	/// What was announced, and is dropped.
	pub dropped: Option<u32>,
	/// The one in force, with the end that it will have.
	current: (u32, Dated<Value, BlockNumber>),
	/// The new one.
	next: Option<(u32, Dated<Value, BlockNumber>)>,
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
	/// Works out what changes when `next` follows `current`, the entry in force, in place of
	/// whatever was announced. Without `next`, the entry in force stays so without an end.
	///
	/// # Errors
	/// `Corruption` if the entry that was announced is not there.
	pub fn plan<Map>(
		model: ModelId,
		numbers: &Changing<u32, BlockNumber>,
		mut current: Dated<Value, BlockNumber>,
		next: Option<(u32, Value, BlockNumber)>,
	) -> Result<Self, DispatchError>
	where
		Map: StorageDoubleMap<
			ModelId,
			u32,
			Dated<Value, BlockNumber>,
			Query = Option<Dated<Value, BlockNumber>>,
		>,
	{
		let dropped = numbers.next.as_ref().map(|next| next.value);
		let mut removed = bytes_of(&current);
		if let Some(number) = dropped {
			let entry = Map::get(model, number).ok_or(DispatchError::Corruption)?;
			removed = removed.saturating_add(bytes_of(&entry));
		}
		let next = next.map(|(number, value, from)| (number, Dated { value, from, until: None }));
		current.until = next.as_ref().map(|(_, next)| next.from);
		let added = bytes_of(&current)
			.saturating_add(next.as_ref().map(|(_, next)| bytes_of(next)).unwrap_or_default());
		Ok(Self { dropped, current: (numbers.current, current), next, added, removed })
	}

	/// Writes it.
	pub fn write<Map>(
		self,
		model: ModelId,
		numbers: &mut Changing<u32, BlockNumber>,
		now: BlockNumber,
	) where
		Map: StorageDoubleMap<ModelId, u32, Dated<Value, BlockNumber>>,
	{
		if let Some(number) = self.dropped {
			Map::remove(model, number);
			numbers.next = None;
		}
		let (number, current) = self.current;
		Map::insert(model, number, current);
		if let Some((number, next)) = self.next {
			numbers.change(number, next.from, now);
			Map::insert(model, number, next);
		}
	}
}
