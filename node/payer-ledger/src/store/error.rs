//! Failures of the ledger's file.

use std::{io, path::Path, sync::Arc};

use thiserror::Error;

/// The reason why the ledger's file cannot be used.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs)] // The messages say what these are.
pub enum StoreError {
	#[error("cannot use the state file {path}: {error}")]
	File { path: String, error: Arc<io::Error> },
	#[error(
		"the state file is in use by another openledger-pay, and two cannot spend from one budget: \
		 send calls to the one that runs, and GET /spend shows its sessions; or stop it, or give this \
		 one a state of its own (--state)"
	)]
	InUse,
	#[error("the state file cannot be read or written: {0}")]
	Database(Arc<redb::Error>),
	#[error("the state file has the layout {found}; this version reads {expected}")]
	Layout { found: u32, expected: u32 },
	#[error("the state file belongs to another {0}; give this one a state of its own (--state)")]
	Other(&'static str),
	#[error("the state file holds something in `{table}` that cannot be read: {reason}")]
	Corrupt { table: &'static str, reason: String },
	#[error("the state file is closed")]
	Closed,
}

impl StoreError {
	pub(super) fn file(path: &Path, error: &io::Error) -> Self {
		let copy = io::Error::new(error.kind(), error.to_string());
		Self::File { path: path.display().to_string(), error: Arc::new(copy) }
	}
}

impl From<redb::DatabaseError> for StoreError {
	fn from(error: redb::DatabaseError) -> Self {
		match error {
			redb::DatabaseError::DatabaseAlreadyOpen => Self::InUse,
			error => Self::Database(Arc::new(error.into())),
		}
	}
}

/// redb has an error type for each operation.
macro_rules! from_redb {
	($($kind:ty),* $(,)?) => {
		$(impl From<$kind> for StoreError {
			fn from(error: $kind) -> Self {
				Self::Database(Arc::new(error.into()))
			}
		})*
	};
}

from_redb!(redb::CommitError, redb::StorageError, redb::TableError, redb::TransactionError);
