//! Errors of the store itself. None of them is the caller's fault.

use std::{path::PathBuf, sync::Arc};

use openledger_primitives::{AccountId, Hash};
use thiserror::Error;

/// A reason why the store could not do what it was asked. Nothing of that has happened, unless the
/// machine lost power between a commit and its confirmation.
#[derive(Debug, Clone, Error)]
#[allow(missing_docs)] // The messages say what these are.
pub enum StoreError {
	/// The database or the disk under it failed. Later writes will fail as well.
	#[error("the store's database failed: {0}")]
	Database(Arc<redb::Error>),
	#[error("the store's directory cannot be made: {0}")]
	Directory(Arc<std::io::Error>),
	/// The file was written by a version of this program that stores things differently.
	#[error(
		"the store has schema {found}, and this program reads schema {expected}: start the version of \
		 this program that wrote it"
	)]
	Schema { found: u32, expected: u32 },
	/// The file names no schema: it is another program's, or was written before this program's first
	/// schema.
	#[error(
		"{} is no store of this program, or was written before its first release: if calls in it are not \
		 settled yet, start the version that wrote it until they are; then move the file away, and the \
		 node begins a new one",
		path.display()
	)]
	NoSchema { path: PathBuf },
	#[error("the store belongs to the chain with genesis {found:?}, this chain's is {expected:?}")]
	OtherChain { found: Hash, expected: Hash },
	#[error("the store belongs to operator {found}, this node's is {expected}")]
	OtherOperator { found: AccountId, expected: AccountId },
	#[error("the store holds a value in `{table}` that cannot be read")]
	Corrupt { table: &'static str },
	/// An operation did not fit the state of the call it was for. A programming error.
	#[error("the store was asked for a change that does not fit: {0}")]
	Invariant(&'static str),
	/// Too many ask for what takes long.
	#[error("the store is busy")]
	Busy,
	/// The store has been closed, or its writer died.
	#[error("the store is closed")]
	Closed,
}

/// redb has an error type per operation; they all become [`StoreError::Database`].
macro_rules! from_redb {
	($($kind:ty),* $(,)?) => {
		$(impl From<$kind> for StoreError {
			fn from(error: $kind) -> Self {
				Self::Database(Arc::new(error.into()))
			}
		})*
	};
}

from_redb!(
	redb::CommitError,
	redb::DatabaseError,
	redb::SetDurabilityError,
	redb::StorageError,
	redb::TableError,
	redb::TransactionError,
);
