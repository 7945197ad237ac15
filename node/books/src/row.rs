//! A table whose rows are of one type, in SCALE.

use std::{cell::Cell, marker::PhantomData, ops::RangeInclusive, rc::Rc};

use codec::{Decode, Encode};
use redb::{
	ReadOnlyTable, ReadTransaction, ReadableTable, Table, TableDefinition, Value, WriteTransaction,
};

use super::error::StoreError;

/// A key, as this program has it and as the database has it. Both are in the same order.
pub(super) trait TableKey: Copy {
	/// In the database.
	type Raw: redb::Key + 'static;

	/// As the database has it.
	fn raw(self) -> <Self::Raw as Value>::SelfType<'static>;

	/// As this program has it.
	fn of(raw: <Self::Raw as Value>::SelfType<'_>) -> Self;
}

/// A row, and the table that it is in. Each table has a type of its own.
pub(super) trait Row: Encode + Decode {
	/// The table.
	const TABLE: &'static str;
	/// The key in that table.
	type Key: TableKey;
}

type Raw<R> = <<R as Row>::Key as TableKey>::Raw;
type Bytes = &'static [u8];

/// The table of these rows.
pub(super) struct Rows<R, T> {
	table: T,
	/// Set when a row is written or removed, for all tables of a transaction.
	changed: Rc<Cell<bool>>,
	row: PhantomData<R>,
}

/// A table that can only be read.
pub(super) type ReadRows<R> = Rows<R, ReadOnlyTable<Raw<R>, Bytes>>;
/// A table within a write transaction.
pub(super) type WriteRows<'txn, R> = Rows<R, Table<'txn, Raw<R>, Bytes>>;

fn definition<R: Row>() -> TableDefinition<'static, Raw<R>, Bytes> {
	TableDefinition::new(R::TABLE)
}

fn decode<R: Row>(bytes: &[u8]) -> Result<R, StoreError> {
	let mut input = bytes;
	match R::decode(&mut input) {
		Ok(row) if input.is_empty() => Ok(row),
		_ => Err(StoreError::Corrupt { table: R::TABLE }),
	}
}

impl<R: Row> ReadRows<R> {
	/// Opens the table as it was when the transaction began.
	pub fn open(transaction: &ReadTransaction) -> Result<Self, StoreError> {
		let table = transaction.open_table(definition::<R>())?;
		Ok(Self { table, changed: Rc::default(), row: PhantomData })
	}
}

impl<'txn, R: Row> WriteRows<'txn, R> {
	/// Opens the table, or makes it. `changed` is set when a row of it is written or removed.
	pub fn open(
		transaction: &'txn WriteTransaction,
		changed: &Rc<Cell<bool>>,
	) -> Result<Self, StoreError> {
		let table = transaction.open_table(definition::<R>())?;
		Ok(Self { table, changed: changed.clone(), row: PhantomData })
	}

	/// Writes a row, in the place of the one with this key.
	pub fn put(&mut self, key: R::Key, row: &R) -> Result<(), StoreError> {
		self.changed.set(true);
		self.table.insert(key.raw(), row.encode().as_slice())?;
		Ok(())
	}

	/// Removes the row with this key, if there is one.
	pub fn remove(&mut self, key: R::Key) -> Result<(), StoreError> {
		if self.table.remove(key.raw())?.is_some() {
			self.changed.set(true);
		}
		Ok(())
	}

	/// Removes the rows with keys in this range.
	pub fn remove_range(&mut self, range: RangeInclusive<R::Key>) -> Result<(), StoreError> {
		let keys = self.keys(range)?.collect::<Result<Vec<_>, _>>()?;
		keys.into_iter().try_for_each(|key| self.remove(key))
	}
}

impl<R: Row, T: ReadableTable<Raw<R>, Bytes>> Rows<R, T> {
	/// The row with this key.
	pub fn get(&self, key: R::Key) -> Result<Option<R>, StoreError> {
		self.table.get(key.raw())?.map(|bytes| decode(bytes.value())).transpose()
	}

	/// The rows with keys in this range, in order.
	pub fn range(
		&self,
		range: RangeInclusive<R::Key>,
	) -> Result<impl Iterator<Item = Result<(R::Key, R), StoreError>> + '_, StoreError> {
		let rows = self.table.range(range.start().raw()..=range.end().raw())?;
		Ok(rows.map(|entry| {
			let (key, bytes) = entry?;
			Ok((R::Key::of(key.value()), decode(bytes.value())?))
		}))
	}

	/// The rows with keys in this range, from the last to the first.
	pub fn range_back(
		&self,
		range: RangeInclusive<R::Key>,
	) -> Result<impl Iterator<Item = Result<(R::Key, R), StoreError>> + '_, StoreError> {
		let rows = self.table.range(range.start().raw()..=range.end().raw())?;
		Ok(rows.rev().map(|entry| {
			let (key, bytes) = entry?;
			Ok((R::Key::of(key.value()), decode(bytes.value())?))
		}))
	}

	/// The first row with a key in this range.
	pub fn first(&self, range: RangeInclusive<R::Key>) -> Result<Option<R>, StoreError> {
		Ok(self.range(range)?.next().transpose()?.map(|(_, row)| row))
	}

	/// The last row with a key in this range.
	pub fn last(&self, range: RangeInclusive<R::Key>) -> Result<Option<R>, StoreError> {
		let last = self.table.range(range.start().raw()..=range.end().raw())?.next_back();
		last.map(|entry| decode(entry?.1.value())).transpose()
	}

	/// All rows, in order.
	pub fn all(
		&self,
	) -> Result<impl Iterator<Item = Result<(R::Key, R), StoreError>> + '_, StoreError> {
		Ok(self.table.iter()?.map(|entry| {
			let (key, bytes) = entry?;
			Ok((R::Key::of(key.value()), decode(bytes.value())?))
		}))
	}

	/// The keys in this range, in order.
	pub fn keys(
		&self,
		range: RangeInclusive<R::Key>,
	) -> Result<impl Iterator<Item = Result<R::Key, StoreError>> + '_, StoreError> {
		let rows = self.table.range(range.start().raw()..=range.end().raw())?;
		Ok(rows.map(|entry| Ok(R::Key::of(entry?.0.value()))))
	}

	/// The keys from this one upwards, in order.
	pub fn keys_from(
		&self,
		from: R::Key,
	) -> Result<impl Iterator<Item = Result<R::Key, StoreError>> + '_, StoreError> {
		let rows = self.table.range(from.raw()..)?;
		Ok(rows.map(|entry| Ok(R::Key::of(entry?.0.value()))))
	}
}
