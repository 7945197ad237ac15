//! What is done with a file before anything else is.

use openledger_primitives::{AccountId, Hash};
use redb::Database;

use super::{
	error::StoreError,
	lanes, older,
	tables::{OpenCall, Tables, GENESIS, OPERATOR, SCHEMA},
	types::{CallId, Uncharged},
	Identity, SCHEMA_VERSION,
};

/// Vouchers name no version of their model, and a lane is for a model, at prices that rise: see [`older`].
pub(super) const SCHEMA_OF_MODELS: u32 = 2;
/// The same without aggregates, answers of calls on chain, and sessions that are being closed.
pub(super) const SCHEMA_WITHOUT_SUMS: u32 = 1;

/// Makes the tables, checks whose file it is, and closes calls that were left unfinished.
pub(super) fn prepare(database: &Database, identity: &Identity) -> Result<Vec<CallId>, StoreError> {
	let transaction = database.begin_write()?;
	let orphans = {
		let mut tables = Tables::open(&transaction)?;
		match tables.meta::<u32>(SCHEMA)? {
			None => {
				tables.put_meta(SCHEMA, &SCHEMA_VERSION)?;
				tables.put_meta(GENESIS, &identity.genesis)?;
				tables.put_meta(OPERATOR, &identity.operator)?;
			}
			Some(SCHEMA_VERSION) => check_owner(&tables, identity)?,
			Some(SCHEMA_OF_MODELS | SCHEMA_WITHOUT_SUMS) => {
				check_owner(&tables, identity)?;
				older::bring_up(&mut tables)?;
				tables.put_meta(SCHEMA, &SCHEMA_VERSION)?;
			}
			Some(found) => return Err(StoreError::Schema { found, expected: SCHEMA_VERSION }),
		}
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

fn check_owner(tables: &Tables<'_>, identity: &Identity) -> Result<(), StoreError> {
	let corrupt = StoreError::Corrupt { table: "meta" };
	let genesis = tables.meta::<Hash>(GENESIS)?.ok_or(corrupt.clone())?;
	let operator = tables.meta::<AccountId>(OPERATOR)?.ok_or(corrupt)?;
	if genesis != identity.genesis {
		return Err(StoreError::OtherChain { found: genesis, expected: identity.genesis });
	}
	if operator != identity.operator {
		let expected = identity.operator.clone();
		return Err(StoreError::OtherOperator { found: operator, expected });
	}
	Ok(())
}
