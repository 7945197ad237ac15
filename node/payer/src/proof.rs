//! Proofs against nodes, kept as files.
//!
//! What a node has signed and should not have, with what was agreed: one file for each call, which
//! stays where it is when its session is long closed.

use std::{
	fs::{self, File, OpenOptions},
	io::{self, Write},
	path::{Path, PathBuf},
};

use openledger_chain_client::ss58;
use openledger_primitives::{Hash, LaneId, Sequence, SessionId};
use openledger_protocol::x402::Receipt;
use serde_json::{json, Value};

use crate::{
	known::KeptStatement,
	ledger::{Evidence, LaneSlot, Open},
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

	/// Where they are.
	pub fn folder(&self) -> &Path {
		&self.folder
	}

	/// How many there are.
	pub fn count(&self) -> usize {
		let Ok(entries) = fs::read_dir(&self.folder) else { return 0 };
		let is_proof = |path: PathBuf| path.extension().is_some_and(|ending| ending == "json");
		entries.flatten().filter(|entry| is_proof(entry.path())).count()
	}

	/// Keeps a statement that does not hold.
	///
	/// # Errors
	/// If it cannot be written.
	pub fn keep_statement(
		&self,
		genesis_hash: Hash,
		slot: &LaneSlot,
		open: &Open,
		receipt: &Receipt,
		reason: &str,
	) -> io::Result<PathBuf> {
		let proof = json!({
			"kind": "false_statement",
			"reason": reason,
			"genesisHash": genesis_hash,
			"node": ss58(&slot.node),
			"receiptKey": ss58(&open.receipt_key),
			"agreed": open.call,
			"receipt": receipt,
		});
		self.keep((slot.session, slot.lane, slot.sequence), "statement", &proof)
	}

	/// Keeps that more was settled than was stated. `kept` are the statements of the session.
	///
	/// # Errors
	/// If it cannot be written.
	pub fn keep_settled(
		&self,
		genesis_hash: Hash,
		evidence: &Evidence,
		kept: &[KeptStatement],
	) -> io::Result<PathBuf> {
		let counts = |kept: &&KeptStatement| {
			kept.receipt.statement.lane == evidence.lane && kept.rejected.is_none()
		};
		let receipts: Vec<&Receipt> =
			kept.iter().filter(counts).map(|kept| &kept.receipt).collect();
		let proof = json!({
			"kind": "settled_more_than_stated",
			"genesisHash": genesis_hash,
			"node": ss58(&evidence.node),
			"session": evidence.session,
			"lane": evidence.lane,
			"settledUpTo": evidence.settled.sequence,
			"settled": evidence.settled.amount.to_string(),
			"stated": evidence.stated.to_string(),
			"receipts": receipts,
		});
		let call = (evidence.session, evidence.lane, evidence.settled.sequence);
		self.keep(call, "settled", &proof)
	}

	/// Writes a proof so that it is there whole, or not at all. One that is there already stays.
	fn keep(
		&self,
		(session, lane, sequence): (SessionId, LaneId, Sequence),
		kind: &str,
		proof: &Value,
	) -> io::Result<PathBuf> {
		fs::create_dir_all(&self.folder)?;
		let path = self.folder.join(format!("{session}-{lane}-{sequence}-{kind}.json"));
		if path.exists() {
			return Ok(path);
		}
		let unfinished = path.with_extension("new");
		let mut options = OpenOptions::new();
		options.create(true).write(true).truncate(true);
		#[cfg(unix)]
		std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
		let mut file = options.open(&unfinished)?;
		file.write_all(format!("{proof:#}\n").as_bytes())?;
		file.sync_all()?;
		fs::rename(&unfinished, &path)?;
		// The rename itself is on disk when the folder is.
		File::open(&self.folder)?.sync_all()?;
		Ok(path)
	}
}
