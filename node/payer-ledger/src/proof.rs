//! Proofs against nodes, kept as files: what one has signed and should not have, with what was agreed. There
//! is one for each call, which stays where it is when its session is long closed.

use std::{
	fs::{self, File, OpenOptions},
	io::{self, Write},
	path::{Path, PathBuf},
};

use openledger_primitives::Hash;
use openledger_protocol::x402::Receipt;
use serde_json::{json, Value};

use crate::{
	call::{KeptStatement, LaneSlot, OpenCall},
	oversettled::Oversettled,
};

/// The folder with the proofs.
#[derive(Clone, Debug)]
pub struct Proofs {
	folder: PathBuf,
}

impl Proofs {
	/// Keeps proofs in this folder, which is made when there is one.
	pub fn new(folder: PathBuf) -> Self {
		Self { folder }
	}

	/// The number of proofs.
	pub fn count(&self) -> usize {
		let Ok(entries) = fs::read_dir(&self.folder) else { return 0 };
		let is_proof = |path: PathBuf| path.extension().is_some_and(|ending| ending == "json");
		entries.flatten().filter(|entry| is_proof(entry.path())).count()
	}

	/// Keeps a statement that does not hold. Returns its file.
	///
	/// # Errors
	/// If it cannot be written.
	pub async fn keep_statement(
		&self,
		genesis_hash: Hash,
		slot: &LaneSlot,
		call: &OpenCall,
		receipt: &Receipt,
		reason: &str,
	) -> io::Result<PathBuf> {
		let proof = json!({
			"kind": "false_statement",
			"reason": reason,
			"genesisHash": genesis_hash,
			"node": slot.node.to_string(),
			"receiptKey": call.agreed.receipt_key.to_string(),
			"agreed": call.agreed,
			"receipt": receipt,
		});
		let LaneSlot { session, lane, sequence, .. } = slot;
		self.keep(format!("{session}-{lane}-{sequence}-statement.json"), proof).await
	}

	/// Keeps that more was settled than was stated. `kept` are the statements of the session. Returns its
	/// file.
	///
	/// # Errors
	/// If it cannot be written.
	pub async fn keep_settled(
		&self,
		genesis_hash: Hash,
		found: &Oversettled,
		kept: &[KeptStatement],
	) -> io::Result<PathBuf> {
		let Oversettled { node, session, lane, settled, stated } = found;
		let is_of_lane = |kept: &&KeptStatement| {
			let of_lane = lane.is_none_or(|(lane, _)| kept.call().0 == lane);
			of_lane && kept.rejected.is_none()
		};
		let receipts: Vec<_> = kept.iter().filter(is_of_lane).map(|kept| &kept.receipt).collect();
		let proof = json!({
			"kind": "settled_more_than_stated",
			"genesisHash": genesis_hash,
			"node": node.to_string(),
			"session": session,
			"lane": lane.map(|(lane, _)| lane),
			"settledUpTo": lane.map(|(_, sequence)| sequence),
			"settled": settled.to_string(),
			"stated": stated.to_string(),
			"receipts": receipts,
		});
		let name = match lane {
			Some((lane, sequence)) => format!("{session}-{lane}-{sequence}-settled.json"),
			None => format!("{session}-settled.json"),
		};
		self.keep(name, proof).await
	}

	/// Keeps what can be reported of a node on chain, in a file with this name. Returns the file.
	///
	/// # Errors
	/// If it cannot be written.
	pub async fn keep_report(&self, name: String, report: Value) -> io::Result<PathBuf> {
		self.keep(name, report).await
	}

	async fn keep(&self, name: String, proof: Value) -> io::Result<PathBuf> {
		let folder = self.folder.clone();
		let keeping = tokio::task::spawn_blocking(move || write(&folder, &name, &proof));
		keeping.await.map_err(io::Error::other)?
	}
}

/// Writes a proof. One that is there already stays.
fn write(folder: &Path, name: &str, proof: &Value) -> io::Result<PathBuf> {
	let path = folder.join(name);
	match path.exists() {
		true => Ok(path),
		false => replace(folder, name, proof),
	}
}

/// Writes a file so that it is there whole and on disk, or as it was.
pub(crate) fn replace(folder: &Path, name: &str, content: &Value) -> io::Result<PathBuf> {
	fs::create_dir_all(folder)?;
	let path = folder.join(name);
	let unfinished = folder.join(format!("{name}.new"));
	let mut options = OpenOptions::new();
	options.create(true).write(true).truncate(true);
	#[cfg(unix)]
	std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
	let mut file = options.open(&unfinished)?;
	file.write_all(format!("{content:#}\n").as_bytes())?;
	file.sync_all()?;
	fs::rename(&unfinished, &path)?;
	// The rename itself is on disk when the folder is.
	File::open(folder)?.sync_all()?;
	Ok(path)
}
