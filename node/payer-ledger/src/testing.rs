//! A state in memory, on a disk that can be full.

use std::{
	io,
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc,
	},
};

use openledger_primitives::{AccountId, Hash};
use redb::{backends::InMemoryBackend, Database, StorageBackend};

use crate::{store::Store, Budget, Treasury};

/// A treasury on a disk, and what makes the disk full: then all writes fail.
pub fn treasury(
	genesis_hash: Hash,
	caller: AccountId,
	budget: Budget,
) -> (Treasury, Arc<AtomicBool>) {
	let disk = Disk::default();
	let is_full = disk.is_full.clone();
	let database = Database::builder().create_with_backend(disk).expect("there is room");
	let (store, ledger) = Store::of(database, genesis_hash, Some(caller)).expect("it is new");
	(Treasury::new(ledger, store, budget), is_full)
}

#[derive(Debug, Default)]
struct Disk {
	pages: InMemoryBackend,
	is_full: Arc<AtomicBool>,
}

impl Disk {
	fn room(&self) -> io::Result<()> {
		match self.is_full.load(Ordering::Relaxed) {
			true => Err(io::Error::from(io::ErrorKind::StorageFull)),
			false => Ok(()),
		}
	}
}

impl StorageBackend for Disk {
	fn len(&self) -> io::Result<u64> {
		self.pages.len()
	}

	fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
		self.pages.read(offset, out)
	}

	fn set_len(&self, len: u64) -> io::Result<()> {
		self.room()?;
		self.pages.set_len(len)
	}

	fn sync_data(&self) -> io::Result<()> {
		self.room()?;
		self.pages.sync_data()
	}

	fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
		self.room()?;
		self.pages.write(offset, data)
	}
}
