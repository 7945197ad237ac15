//! The statements that a caller keeps: what a node signed of each call, as proof against the node.
//!
//! One file for each session, in a folder beside the session book. A line is one statement, in JSON.
//! Lines are only ever added, and are on disk before what they say is acknowledged. A file is worth
//! keeping until the session is closed and its settlements cannot be disputed any more.

use std::{
	fs::{self, OpenOptions},
	io::{self, Read, Seek, SeekFrom, Write},
	path::{Path, PathBuf},
	sync::Arc,
};

use openledger_primitives::{AccountId, Hash, LaneId, Sequence, SessionId};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::x402::Receipt;

/// A statement, and what is needed to prove what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptStatement {
	/// The operator.
	pub node: AccountId,
	/// The key that the node signed it with, as an account.
	pub receipt_key: AccountId,
	/// What request and answer were hashed with.
	pub salt: Hash,
	/// What the node signed.
	pub receipt: Receipt,
	/// Why it does not hold, if it does not.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub rejected: Option<String>,
}

impl KeptStatement {
	/// Lane and sequence of the call.
	pub fn call(&self) -> (LaneId, Sequence) {
		(self.receipt.statement.lane, self.receipt.statement.sequence)
	}
}

/// The folder of statements.
#[derive(Clone, Debug)]
pub(super) struct Statements {
	folder: PathBuf,
	// One writer at a time: a line must not end up within another.
	writing: Arc<Mutex<()>>,
}

impl Statements {
	pub fn new(folder: PathBuf) -> Self {
		Self { folder, writing: Arc::default() }
	}

	/// Where the statements of a session are.
	pub fn file(&self, genesis_hash: &Hash, session: SessionId) -> PathBuf {
		let (first, _) = genesis_hash.as_bytes().split_at(8);
		self.folder.join(format!("{}-{session}.jsonl", hex::encode(first)))
	}

	/// Adds a statement, durably.
	pub async fn append(&self, kept: &KeptStatement) -> io::Result<()> {
		let statement = &kept.receipt.statement;
		let file = self.file(&statement.genesis_hash, statement.session);
		let mut line = serde_json::to_vec(kept)?;
		line.push(b'\n');
		let _turn = self.writing.lock().await;
		let writing = tokio::task::spawn_blocking(move || append(&file, &line));
		writing.await.map_err(io::Error::other)?
	}

	/// The statements of a session in the order in which they came, each once.
	pub async fn read(
		&self,
		genesis_hash: &Hash,
		session: SessionId,
	) -> io::Result<Vec<KeptStatement>> {
		let file = self.file(genesis_hash, session);
		let _turn = self.writing.lock().await;
		let reading = tokio::task::spawn_blocking(move || fs::read(file));
		match reading.await.map_err(io::Error::other)? {
			Ok(bytes) => parse(&bytes),
			Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
			Err(error) => Err(error),
		}
	}

	/// Makes place for a session that was opened just now. Where its number was used before, that was
	/// on a chain which has been started anew since: what is left of that is put aside.
	pub async fn begin(&self, genesis_hash: &Hash, session: SessionId) -> io::Result<()> {
		let file = self.file(genesis_hash, session);
		let _turn = self.writing.lock().await;
		match fs::rename(&file, super::book::beside(&file, ".old")) {
			Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
			_ => Ok(()),
		}
	}
}

fn append(path: &Path, line: &[u8]) -> io::Result<()> {
	let folder = path.parent().unwrap_or(Path::new("."));
	fs::create_dir_all(folder)?;
	let mut options = OpenOptions::new();
	let mut file = super::book::private(options.create(true).read(true).append(true)).open(path)?;
	// A crash may have left half a line: it gets a line of its own.
	let end = file.seek(SeekFrom::End(0))?;
	if end > 0 {
		file.seek(SeekFrom::End(-1))?;
		let mut last = [0];
		file.read_exact(&mut last)?;
		if last != *b"\n" {
			file.write_all(b"\n")?;
		}
	}
	file.write_all(line)?;
	file.sync_all()?;
	match end {
		// The name of a new file is on disk when its folder is.
		0 => fs::File::open(folder)?.sync_all(),
		_ => Ok(()),
	}
}

/// Reads lines. One that a crash cut short is left out: the statement was not acknowledged, and was
/// asked for again.
fn parse(bytes: &[u8]) -> io::Result<Vec<KeptStatement>> {
	let mut kept: Vec<KeptStatement> = Vec::new();
	for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
		match serde_json::from_slice(line) {
			Ok(statement) if kept.contains(&statement) => {}
			Ok(statement) => kept.push(statement),
			Err(error) if error.is_eof() => tracing::warn!(%error, "a statement is cut short"),
			Err(error) => return Err(error.into()),
		}
	}
	Ok(kept)
}

#[cfg(test)]
pub(super) mod tests {
	use super::*;
	use crate::keys::{Keypair, Scheme};
	use openledger_primitives::{statement::Statement, Balance};

	/// The statement of a call, signed.
	pub fn kept(session: SessionId, sequence: Sequence, charge: Balance) -> KeptStatement {
		let key = Keypair::from_uri("//Bob", Scheme::Sr25519).unwrap();
		let statement = Statement {
			genesis_hash: Hash::repeat_byte(1),
			session,
			lane: 2,
			sequence,
			model: 3,
			version: 4,
			price_version: 5,
			input_tokens: 6,
			output_tokens: 7,
			charge,
			request_hash: Hash::repeat_byte(8),
			response_hash: Hash::repeat_byte(9),
			attribution: Default::default(),
		};
		let signature = key.sign_message(&statement);
		KeptStatement {
			node: key.account(),
			receipt_key: key.account(),
			salt: Hash::repeat_byte(10),
			receipt: Receipt { statement, signature },
			rejected: None,
		}
	}

	#[tokio::test]
	async fn what_is_kept_is_read_again() {
		let folder = tempfile::tempdir().unwrap();
		let statements = Statements::new(folder.path().join("a/b"));
		let genesis = Hash::repeat_byte(1);
		assert_eq!(statements.read(&genesis, 7).await.unwrap(), []);
		let (one, two) = (kept(7, 1, u128::MAX), kept(7, 2, 5));
		let rejected = KeptStatement { rejected: Some("too dear".into()), ..kept(8, 1, 5) };
		for statement in [&one, &rejected, &two, &one] {
			statements.append(statement).await.unwrap();
		}
		assert_eq!(statements.read(&genesis, 7).await.unwrap(), [one.clone(), two]);
		assert_eq!(statements.read(&genesis, 8).await.unwrap(), [rejected]);
		assert_eq!(one.call(), (2, 1));

		statements.begin(&genesis, 7).await.unwrap();
		statements.begin(&genesis, 9).await.unwrap();
		assert_eq!(statements.read(&genesis, 7).await.unwrap(), []);
		assert_eq!(statements.read(&genesis, 8).await.unwrap().len(), 1);
	}

	#[tokio::test]
	async fn a_crash_costs_no_more_than_the_line_it_cut() {
		let folder = tempfile::tempdir().unwrap();
		let statements = Statements::new(folder.path().into());
		let genesis = Hash::repeat_byte(1);
		statements.append(&kept(7, 1, 5)).await.unwrap();
		let file = statements.file(&genesis, 7);
		let mut bytes = fs::read(&file).unwrap();
		bytes.extend_from_within(..bytes.len() / 2);
		fs::write(&file, &bytes).unwrap();
		assert_eq!(statements.read(&genesis, 7).await.unwrap().len(), 1);
		statements.append(&kept(7, 2, 5)).await.unwrap();
		assert_eq!(statements.read(&genesis, 7).await.unwrap().len(), 2);
		// Anything else is not taken for nothing.
		fs::write(&file, b"{\"node\": 5}\n").unwrap();
		statements.read(&genesis, 7).await.unwrap_err();
	}

	#[cfg(unix)]
	#[tokio::test]
	async fn the_files_are_private() {
		use std::os::unix::fs::PermissionsExt;
		let folder = tempfile::tempdir().unwrap();
		let statements = Statements::new(folder.path().into());
		statements.append(&kept(7, 1, 5)).await.unwrap();
		let file = statements.file(&Hash::repeat_byte(1), 7);
		assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
	}
}
