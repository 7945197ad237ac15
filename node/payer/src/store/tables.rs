//! The tables of the database. Values are JSON, so that they can be looked at.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | name | layout; whose ledger it is and what closed sessions cost ([`Meta`]) |
//! | `sessions` | session | [`Session`] |
//! | `lanes` | session, lane | [`Lane`] |
//! | `intents` | operator | [`Intent`] |
//! | `barred` | operator | why |
//! | `totals` | model, operator | [`Totals`] |
//! | `trust` | operator | [`Trust`] |
//! | `closed` | seconds since 1970, session | [`Session`], as it was when it was closed |
//! | `statements` | seconds since 1970, session, lane, sequence | [`KeptStatement`] |
//! | `former` | the same | [`KeptStatement`]; its session's number is another session's now |

use std::collections::BTreeMap;

use openledger_primitives::{AccountId, Hash, LaneId, ModelId, Sequence, SessionId};
use redb::{
	Database, ReadableDatabase, ReadableTable, Table, TableDefinition, TableError, WriteTransaction,
};
use serde::{de::DeserializeOwned, Serialize};

use super::StoreError;
use crate::{
	known::KeptStatement,
	ledger::{Change, Contents, Intent, Lane, Meta, Session, Totals, Trust},
};

/// The layout of the file that this program reads and writes.
const LAYOUT: u32 = 3;

type StatementKey = (u64, SessionId, LaneId, Sequence);
type ClosedKey = (u64, SessionId);

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const SESSIONS: TableDefinition<SessionId, &[u8]> = TableDefinition::new("sessions");
const LANES: TableDefinition<(SessionId, LaneId), &[u8]> = TableDefinition::new("lanes");
const INTENTS: TableDefinition<&[u8; 32], &[u8]> = TableDefinition::new("intents");
const BARRED: TableDefinition<&[u8; 32], &str> = TableDefinition::new("barred");
const TOTALS: TableDefinition<(ModelId, &[u8; 32]), &[u8]> = TableDefinition::new("totals");
const TRUST: TableDefinition<&[u8; 32], &[u8]> = TableDefinition::new("trust");
const CLOSED: TableDefinition<ClosedKey, &[u8]> = TableDefinition::new("closed");
const STATEMENTS: TableDefinition<StatementKey, &[u8]> = TableDefinition::new("statements");
const FORMER: TableDefinition<StatementKey, &[u8]> = TableDefinition::new("former");

const LAYOUT_ENTRY: &str = "layout";
const LEDGER_ENTRY: &str = "ledger";

fn read<T: DeserializeOwned>(table: &'static str, json: &[u8]) -> Result<T, StoreError> {
	serde_json::from_slice(json)
		.map_err(|error| StoreError::Corrupt { table, reason: error.to_string() })
}

fn json<T: Serialize>(table: &'static str, value: &T) -> Result<Vec<u8>, StoreError> {
	serde_json::to_vec(value)
		.map_err(|error| StoreError::Corrupt { table, reason: error.to_string() })
}

/// Reads the ledger of `caller`, or of whoever has one there; or starts one.
pub(super) fn load(
	database: &Database,
	genesis_hash: Hash,
	caller: Option<AccountId>,
) -> Result<Contents, StoreError> {
	let transaction = database.begin_write()?;
	let contents = {
		let mut tables = Tables::open(&transaction)?;
		let meta = match tables.layout()? {
			None => {
				let caller = caller.ok_or_else(empty)?;
				let fresh = Meta { genesis_hash, caller, closed: 0, baseline: 0 };
				tables.put(LAYOUT_ENTRY, &LAYOUT)?;
				tables.put(LEDGER_ENTRY, &fresh)?;
				fresh
			}
			Some(LAYOUT) => tables.owner(genesis_hash, caller)?,
			Some(found) => return Err(StoreError::Layout { found, expected: LAYOUT }),
		};
		tables.contents(meta)?
	};
	transaction.commit()?;
	Ok(contents)
}

fn empty() -> StoreError {
	StoreError::Corrupt { table: "meta", reason: "it is empty".into() }
}

/// The statements of a session's calls, in the order in which they came.
pub(super) fn statements(
	database: &Database,
	session: SessionId,
) -> Result<Vec<KeptStatement>, StoreError> {
	let transaction = database.begin_read()?;
	let table = match transaction.open_table(STATEMENTS) {
		Ok(table) => table,
		Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
		Err(error) => return Err(error.into()),
	};
	let mut found = Vec::new();
	for entry in table.iter()? {
		let (key, kept) = entry?;
		let (_, of, _, _) = key.value();
		if of == session {
			found.push(read("statements", kept.value())?);
		}
	}
	Ok(found)
}

/// The sessions that were closed, in the order in which they were.
pub(super) fn closed(database: &Database) -> Result<Vec<Session>, StoreError> {
	let transaction = database.begin_read()?;
	let table = match transaction.open_table(CLOSED) {
		Ok(table) => table,
		Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
		Err(error) => return Err(error.into()),
	};
	table.iter()?.map(|entry| read("closed", entry?.1.value())).collect()
}

/// The tables within a write transaction.
pub(super) struct Tables<'txn> {
	meta: Table<'txn, &'static str, &'static [u8]>,
	sessions: Table<'txn, SessionId, &'static [u8]>,
	lanes: Table<'txn, (SessionId, LaneId), &'static [u8]>,
	intents: Table<'txn, &'static [u8; 32], &'static [u8]>,
	barred: Table<'txn, &'static [u8; 32], &'static str>,
	totals: Table<'txn, (ModelId, &'static [u8; 32]), &'static [u8]>,
	trust: Table<'txn, &'static [u8; 32], &'static [u8]>,
	closed: Table<'txn, ClosedKey, &'static [u8]>,
	statements: Table<'txn, StatementKey, &'static [u8]>,
	former: Table<'txn, StatementKey, &'static [u8]>,
}

impl<'txn> Tables<'txn> {
	pub(super) fn open(transaction: &'txn WriteTransaction) -> Result<Self, StoreError> {
		Ok(Self {
			meta: transaction.open_table(META)?,
			sessions: transaction.open_table(SESSIONS)?,
			lanes: transaction.open_table(LANES)?,
			intents: transaction.open_table(INTENTS)?,
			barred: transaction.open_table(BARRED)?,
			totals: transaction.open_table(TOTALS)?,
			trust: transaction.open_table(TRUST)?,
			closed: transaction.open_table(CLOSED)?,
			statements: transaction.open_table(STATEMENTS)?,
			former: transaction.open_table(FORMER)?,
		})
	}

	fn layout(&self) -> Result<Option<u32>, StoreError> {
		self.meta.get(LAYOUT_ENTRY)?.map(|layout| read("meta", layout.value())).transpose()
	}

	/// The entry about the ledger, if it is for this chain and, where that is asked for, of this caller.
	fn owner(&self, genesis_hash: Hash, caller: Option<AccountId>) -> Result<Meta, StoreError> {
		let entry = self.meta.get(LEDGER_ENTRY)?.ok_or_else(empty)?;
		let meta: Meta = read("meta", entry.value())?;
		if meta.genesis_hash != genesis_hash {
			return Err(StoreError::Other("chain"));
		}
		if caller.is_some_and(|caller| meta.caller != caller) {
			return Err(StoreError::Other("account"));
		}
		Ok(meta)
	}

	fn contents(&self, meta: Meta) -> Result<Contents, StoreError> {
		let mut contents = Contents {
			meta,
			sessions: BTreeMap::new(),
			lanes: BTreeMap::new(),
			intents: BTreeMap::new(),
			barred: BTreeMap::new(),
			totals: BTreeMap::new(),
			trust: BTreeMap::new(),
		};
		for entry in self.sessions.iter()? {
			let (id, session) = entry?;
			contents.sessions.insert(id.value(), read::<Session>("sessions", session.value())?);
		}
		for entry in self.lanes.iter()? {
			let (key, lane) = entry?;
			contents.lanes.insert(key.value(), read::<Lane>("lanes", lane.value())?);
		}
		for entry in self.intents.iter()? {
			let (node, intent) = entry?;
			let intent = read::<Intent>("intents", intent.value())?;
			contents.intents.insert(AccountId::from(*node.value()), intent);
		}
		for entry in self.barred.iter()? {
			let (node, reason) = entry?;
			contents.barred.insert(AccountId::from(*node.value()), reason.value().to_owned());
		}
		for entry in self.totals.iter()? {
			let (key, totals) = entry?;
			let (model, node) = key.value();
			let totals = read::<Totals>("totals", totals.value())?;
			contents.totals.insert((model, AccountId::from(*node)), totals);
		}
		for entry in self.trust.iter()? {
			let (node, trust) = entry?;
			let trust = read::<Trust>("trust", trust.value())?;
			contents.trust.insert(AccountId::from(*node.value()), trust);
		}
		Ok(contents)
	}

	fn put<T: Serialize>(&mut self, entry: &str, value: &T) -> Result<(), StoreError> {
		self.meta.insert(entry, json("meta", value)?.as_slice())?;
		Ok(())
	}

	/// Makes a change. `now` is in seconds since 1970.
	pub(super) fn make(&mut self, change: Change, now: u64) -> Result<(), StoreError> {
		match change {
			Change::Meta(meta) => self.put(LEDGER_ENTRY, &meta)?,
			Change::Session(session) => {
				self.sessions.insert(session.id, json("sessions", &session)?.as_slice())?;
			}
			Change::Anew(session) => {
				self.remove_lanes(session)?;
				self.closed.retain(|(_, closed), _| closed != session)?;
				self.put_aside(session)?;
			}
			Change::Closed(session) => {
				self.sessions.remove(session.id)?;
				self.remove_lanes(session.id)?;
				self.closed.insert((now, session.id), json("closed", &session)?.as_slice())?;
			}
			Change::Forget(session) => {
				self.sessions.remove(session)?;
				self.remove_lanes(session)?;
			}
			Change::Lane(session, lane, state) => {
				self.lanes.insert((session, lane), json("lanes", &state)?.as_slice())?;
			}
			Change::Intent(node, Some(intent)) => {
				self.intents.insert(raw(&node), json("intents", &intent)?.as_slice())?;
			}
			Change::Intent(node, None) => {
				self.intents.remove(raw(&node))?;
			}
			Change::Barred(node, Some(reason)) => {
				self.barred.insert(raw(&node), reason.as_str())?;
			}
			Change::Barred(node, None) => {
				self.barred.remove(raw(&node))?;
			}
			Change::Totals(model, node, totals) => {
				self.totals.insert((model, raw(&node)), json("totals", &totals)?.as_slice())?;
			}
			Change::Trust(node, Some(trust)) => {
				self.trust.insert(raw(&node), json("trust", &trust)?.as_slice())?;
			}
			Change::Trust(node, None) => {
				self.trust.remove(raw(&node))?;
			}
			Change::Statement(kept) => {
				let statement = &kept.receipt.statement;
				let key = (now, statement.session, statement.lane, statement.sequence);
				self.statements.insert(key, json("statements", &kept)?.as_slice())?;
			}
		}
		Ok(())
	}

	fn remove_lanes(&mut self, session: SessionId) -> Result<(), StoreError> {
		self.lanes.retain_in((session, 0)..=(session, LaneId::MAX), |_, _| false)?;
		Ok(())
	}

	/// Puts the statements of an earlier session aside whose number another one has now.
	fn put_aside(&mut self, session: SessionId) -> Result<(), StoreError> {
		let of_session = |(_, of, _, _): StatementKey| of == session;
		let moved = self.statements.extract_if(|key, _| of_session(key))?;
		for entry in moved {
			let (key, kept) = entry?;
			self.former.insert(key.value(), kept.value())?;
		}
		Ok(())
	}

	/// Forgets statements and closed sessions from before a time, in seconds since 1970.
	pub(super) fn prune(&mut self, before: u64) -> Result<(), StoreError> {
		self.statements.retain_in((0, 0, 0, 0)..(before, 0, 0, 0), |_, _| false)?;
		self.former.retain_in((0, 0, 0, 0)..(before, 0, 0, 0), |_, _| false)?;
		self.closed.retain_in((0, 0)..(before, 0), |_, _| false)?;
		Ok(())
	}
}

fn raw(account: &AccountId) -> &[u8; 32] {
	account.as_ref()
}

/// Gives a file another layout.
#[cfg(test)]
pub(super) fn mark(database: &Database, layout: u32) {
	let transaction = database.begin_write().unwrap();
	Tables::open(&transaction).unwrap().put(LAYOUT_ENTRY, &layout).unwrap();
	transaction.commit().unwrap();
}
