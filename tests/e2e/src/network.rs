//! A chain, who finalizes it, and the people of the story.

use crate::{chain::ChainNode, finality::FinalityWatch, process::Log};
use anyhow::{Context, Result};
use openledger_chain_client::{Chain, Keypair, Scheme};
use std::{
	fmt::Display,
	path::Path,
	sync::OnceLock,
	time::{Duration, Instant},
};
use tempfile::TempDir;

/// Who pays for the calls.
pub const CALLER: &str = "//Alice";
/// Who owns the model.
pub const DEVELOPER: &str = "//Bob";
/// Who runs the inference node.
pub const OPERATOR: &str = "//Ferdie";
/// The key that signs the node's statements.
pub const RECEIPT_KEY: &str = "//Ferdie//receipts";
/// Who curates the datanet.
pub const CURATOR: &str = "//Bob//stash";

/// The finalized head may stand still so long: four blocks, on a machine that is busy.
pub const LONGEST_GAP: Duration = Duration::from_secs(30);

/// The development key of that name.
///
/// # Errors
/// If the name is none.
pub fn key(uri: &str) -> Result<Keypair> {
	Keypair::from_uri(uri, Scheme::Sr25519).with_context(|| format!("the key {uri}"))
}

/// Tells what happens, with the seconds since the first time.
pub fn say(what: impl Display) {
	static START: OnceLock<Instant> = OnceLock::new();
	let passed = START.get_or_init(Instant::now).elapsed();
	println!("[{:6.1} s] {what}", passed.as_secs_f64());
}

/// A development chain with a folder for everything that belongs to it. All of it is gone when this
/// is dropped.
pub struct Network {
	node: ChainNode,
	/// Watches that the chain keeps finalizing.
	pub finality: FinalityWatch,
	logs: Vec<Log>,
	folder: TempDir,
}

impl Network {
	/// Starts a chain.
	///
	/// # Errors
	/// If it does not start.
	pub async fn start() -> Result<Self> {
		let folder = tempfile::Builder::new().prefix("openledger-").tempdir()?;
		let node = ChainNode::start(folder.path()).await?;
		let finality = FinalityWatch::start(node.chain.clone());
		say(format_args!("a development chain runs at {}", node.url()));
		Ok(Self { logs: vec![node.log().clone()], finality, node, folder })
	}

	/// Starts a chain and tells a story on it; if the story fails, shows what every process wrote.
	///
	/// # Errors
	/// Those of the story.
	pub async fn with<T>(story: impl AsyncFnOnce(&mut Self) -> Result<T>) -> Result<T> {
		let mut network = Self::start().await?;
		let told = story(&mut network).await;
		if told.is_err() {
			for log in &network.logs {
				eprintln!("{log}");
			}
		}
		told
	}

	/// A connection to the chain.
	pub fn chain(&self) -> &Chain {
		&self.node.chain
	}

	/// Ends the chain's only node. The chain stands still, and can be asked nothing.
	///
	/// # Errors
	/// If it does not end.
	pub async fn stop_chain(&mut self) -> Result<()> {
		self.node.stop().await
	}

	/// Starts it again where it was.
	///
	/// # Errors
	/// If it does not start.
	pub async fn start_chain(&mut self) -> Result<()> {
		self.node.start_again().await?;
		self.logs.push(self.node.log().clone());
		Ok(())
	}

	/// Where the chain's JSON-RPC server is, as a WebSocket URL.
	pub fn url(&self) -> &str {
		self.node.url()
	}

	/// A folder that is gone with the network.
	pub fn folder(&self) -> &Path {
		self.folder.path()
	}

	/// Shows this log, too, if the story fails.
	pub fn keep_log(&mut self, log: &Log) {
		self.logs.push(log.clone());
	}
}
