//! Making a file ready: whose it is, and calls that an earlier process left unfinished.

use std::path::Path;

use redb::{Database, ReadTransaction, ReadableDatabase, TableHandle};

use super::{
	error::StoreError,
	lanes,
	row::{ReadRows, Row},
	schema::{OpenCall, Schema},
	tables::Tables,
	types::{CallId, Identity, Uncharged},
	SCHEMA_VERSION,
};

/// Makes the tables, checks whose file it is, and closes calls that were left unfinished. A file that
/// is refused stays as it was.
pub(super) fn prepare(
	database: &Database,
	path: &Path,
	identity: &Identity,
) -> Result<Vec<CallId>, StoreError> {
	let is_new = !has_schema(&database.begin_read()?, path)?;
	let transaction = database.begin_write()?;
	let orphans = {
		let mut tables = Tables::open(&transaction)?;
		if is_new {
			tables.schema.put((), &Schema(SCHEMA_VERSION))?;
			tables.owner.put((), identity)?;
		}
		check_owner(&tables, identity)?;
		let mut orphans = Vec::new();
		for (id, open) in tables.open_calls()? {
			if open == OpenCall::Accepted
				&& lanes::release(&mut tables, id, None, Uncharged::NodeStopped)?
			{
				orphans.push(id);
			}
		}
		tables.finish()?;
		orphans
	};
	transaction.commit()?;
	Ok(orphans)
}

/// True for a file with this program's schema, false for one without tables. Others are refused.
fn has_schema(transaction: &ReadTransaction, path: &Path) -> Result<bool, StoreError> {
	let mut tables = transaction.list_tables()?.peekable();
	if tables.peek().is_none() {
		return Ok(false);
	}
	if !tables.any(|table| table.name() == Schema::TABLE) {
		return Err(StoreError::NoSchema { path: path.to_owned() });
	}
	let found = ReadRows::<Schema>::open(transaction)?.get(())?;
	match found.ok_or(StoreError::Corrupt { table: Schema::TABLE })? {
		Schema(SCHEMA_VERSION) => Ok(true),
		Schema(found) => Err(StoreError::Schema { found, expected: SCHEMA_VERSION }),
	}
}

fn check_owner(tables: &Tables<'_>, identity: &Identity) -> Result<(), StoreError> {
	let found = tables.owner.get(())?.ok_or(StoreError::Corrupt { table: Identity::TABLE })?;
	if found.genesis != identity.genesis {
		let expected = identity.genesis;
		return Err(StoreError::OtherChain { found: found.genesis, expected });
	}
	if found.operator != identity.operator {
		let expected = identity.operator.clone();
		return Err(StoreError::OtherOperator { found: found.operator, expected });
	}
	Ok(())
}
