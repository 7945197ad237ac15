//! The tables of the database. Values are JSON, so that they can be looked at.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | name | layout; whose ledger it is and what closed sessions cost ([`Meta`]) |
//! | `sessions` | session | [`Session`] |
//! | `lanes` | session, lane | `Lane` |
//! | `intents` | operator | `Intent` |
//! | `barred` | operator | why |
//! | `totals` | model, operator | `Totals` |
//! | `trust` | operator | `Trust` |
//! | `closed` | session | seconds since 1970; [`Session`], as it was when it was closed then |
//! | `statements` | session, seconds since 1970, lane, sequence, hash of the request | [`KeptStatement`] |

use std::collections::BTreeMap;

use openledger_primitives::{AccountId, Hash, LaneId, ModelId, Sequence, SessionId};
use redb::{
	Database, Key, ReadableDatabase, ReadableTable, Table, TableDefinition, WriteTransaction,
};
use serde::{de::DeserializeOwned, Serialize};

use super::StoreError;
use crate::{
	call::KeptStatement,
	session::Session,
	types::{Change, Contents, Meta},
};

/// The layout of the file that this program reads and writes.
const LAYOUT: u32 = 6;

type StatementKey<'a> = (SessionId, u64, LaneId, Sequence, &'a [u8; 32]);
type ClosedValue<'a> = (u64, &'a [u8]);

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const SESSIONS: TableDefinition<SessionId, &[u8]> = TableDefinition::new("sessions");
const LANES: TableDefinition<(SessionId, LaneId), &[u8]> = TableDefinition::new("lanes");
const INTENTS: TableDefinition<&[u8; 32], &[u8]> = TableDefinition::new("intents");
const BARRED: TableDefinition<&[u8; 32], &str> = TableDefinition::new("barred");
const TOTALS: TableDefinition<(ModelId, &[u8; 32]), &[u8]> = TableDefinition::new("totals");
const TRUST: TableDefinition<&[u8; 32], &[u8]> = TableDefinition::new("trust");
const CLOSED: TableDefinition<SessionId, ClosedValue> = TableDefinition::new("closed");
const STATEMENTS: TableDefinition<StatementKey, &[u8]> = TableDefinition::new("statements");

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
	// In another layout the other tables cannot even be opened.
	let layout = layout(&transaction)?;
	if let Some(found) = layout.filter(|found| *found != LAYOUT) {
		return Err(StoreError::Layout { found, expected: LAYOUT });
	}
	let contents = {
		let mut tables = Tables::open(&transaction)?;
		if layout.is_none() {
			let caller = caller.clone().ok_or_else(empty)?;
			tables.put(LAYOUT_ENTRY, &LAYOUT)?;
			tables.put(LEDGER_ENTRY, &Meta { genesis_hash, caller, closed: 0, baseline: 0 })?;
		}
		tables.contents(tables.owner(genesis_hash, caller)?)?
	};
	transaction.commit()?;
	Ok(contents)
}

fn layout(transaction: &WriteTransaction) -> Result<Option<u32>, StoreError> {
	let meta = transaction.open_table(META)?;
	let layout = meta.get(LAYOUT_ENTRY)?;
	layout.map(|layout| read("meta", layout.value())).transpose()
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
	let table = transaction.open_table(STATEMENTS)?;
	let entries = table.range(from(session, 0)..from(session.saturating_add(1), 0))?;
	entries.map(|entry| read("statements", entry?.1.value())).collect()
}

/// The place in the statements where those of a session begin that came at a time or later.
fn from(session: SessionId, seconds: u64) -> StatementKey<'static> {
	(session, seconds, 0, 0, &[0; 32])
}

/// The sessions that were closed, in the order in which they were.
pub(super) fn closed(database: &Database) -> Result<Vec<Session>, StoreError> {
	let transaction = database.begin_read()?;
	let table = transaction.open_table(CLOSED)?;
	let mut closed = Vec::new();
	for entry in table.iter()? {
		let (_, value) = entry?;
		let (at, session) = value.value();
		closed.push((at, read("closed", session)?));
	}
	closed.sort_by_key(|(at, _)| *at);
	Ok(closed.into_iter().map(|(_, session)| session).collect())
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
	closed: Table<'txn, SessionId, ClosedValue<'static>>,
	statements: Table<'txn, StatementKey<'static>, &'static [u8]>,
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
		})
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
		let account = |node: &[u8; 32]| AccountId::from(*node);
		let mut barred = BTreeMap::new();
		for entry in self.barred.iter()? {
			let (node, reason) = entry?;
			barred.insert(account(node.value()), reason.value().to_owned());
		}
		Ok(Contents {
			meta,
			sessions: all(&self.sessions, "sessions", |id| id)?,
			lanes: all(&self.lanes, "lanes", |lane| lane)?,
			intents: all(&self.intents, "intents", account)?,
			barred,
			totals: all(&self.totals, "totals", |(model, node)| (model, account(node)))?,
			trust: all(&self.trust, "trust", account)?,
		})
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
				self.closed.remove(session)?;
				self.remove_parts(session)?;
			}
			Change::Closed(session) => {
				self.sessions.remove(session.id)?;
				self.remove_lanes(session.id)?;
				let json = json("closed", &session)?;
				self.closed.insert(session.id, (now, json.as_slice()))?;
			}
			Change::Forget(session) => {
				self.sessions.remove(session)?;
				self.remove_parts(session)?;
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
				let statement = kept.receipt.statement.newest();
				let (session, lane, sequence) =
					(statement.session, statement.lane, statement.sequence);
				let key = (session, now, lane, sequence, statement.request_hash.as_fixed_bytes());
				self.statements.insert(key, json("statements", &kept)?.as_slice())?;
			}
		}
		Ok(())
	}

	fn remove_lanes(&mut self, session: SessionId) -> Result<(), StoreError> {
		self.lanes.retain_in((session, 0)..=(session, LaneId::MAX), |_, _| false)?;
		Ok(())
	}

	/// Removes the lanes and the statements of a session.
	fn remove_parts(&mut self, session: SessionId) -> Result<(), StoreError> {
		let next = session.saturating_add(1);
		self.statements.retain_in(from(session, 0)..from(next, 0), |_, _| false)?;
		self.remove_lanes(session)
	}

	/// Forgets statements and closed sessions from before a time, in seconds since 1970. It takes as long
	/// as there are sessions, and statements to be forgotten.
	pub(super) fn prune(&mut self, before: u64) -> Result<(), StoreError> {
		let (mut kept, mut gone) = (Vec::new(), Vec::new());
		for entry in self.sessions.iter()? {
			kept.push(entry?.0.value());
		}
		for entry in self.closed.iter()? {
			let (session, closed) = entry?;
			match closed.value().0 < before {
				true => gone.push(session.value()),
				false => kept.push(session.value()),
			}
		}
		for session in kept {
			self.statements.retain_in(from(session, 0)..from(session, before), |_, _| false)?;
		}
		for session in gone {
			self.closed.remove(session)?;
			self.remove_parts(session)?;
		}
		Ok(())
	}
}

/// All entries of a table.
fn all<K: Key + 'static, I: Ord, T: DeserializeOwned>(
	table: &Table<'_, K, &'static [u8]>,
	name: &'static str,
	id: impl for<'a> Fn(K::SelfType<'a>) -> I,
) -> Result<BTreeMap<I, T>, StoreError> {
	let entries = table.iter()?.map(|entry| {
		let (key, value) = entry?;
		Ok((id(key.value()), read(name, value.value())?))
	});
	entries.collect()
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
