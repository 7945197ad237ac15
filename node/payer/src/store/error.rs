//! What can go wrong with the ledger's file.

use std::{io, path::Path, sync::Arc};

use thiserror::Error;

/// Why the ledger's file cannot be used.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
	/// The file or its folder cannot be made.
	#[error("cannot use the state file {path}: {error}")]
	File {
		/// Where it is.
		path: String,
		/// Why not.
		error: Arc<io::Error>,
	},
	/// Another process has it open.
	#[error(
		"the state file is in use by another openledger-pay, and two cannot spend from one budget: \
		 send calls to the one that runs, stop it, or give this one a state of its own (--state)"
	)]
	InUse,
	/// The database or the disk under it failed.
	#[error("the state file cannot be read or written: {0}")]
	Database(Arc<redb::Error>),
	/// It was written by another version of this program.
	#[error("the state file has the layout {found}; this version reads {expected}")]
	Layout {
		/// In the file.
		found: u32,
		/// What this program reads and writes.
		expected: u32,
	},
	/// It belongs to another chain or account.
	#[error("the state file belongs to another {0}; give this one a state of its own (--state)")]
	Other(&'static str),
	/// Something in it cannot be read.
	#[error("the state file holds something in `{table}` that cannot be read: {reason}")]
	Corrupt {
		/// Where.
		table: &'static str,
		/// Why not.
		reason: String,
	},
	/// It is closed, or an earlier write has failed.
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
