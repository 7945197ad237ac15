//! A development chain: one validator, gone when it stops.

use crate::{
	binaries::binary,
	process::{Log, Process},
};
use anyhow::{Context, Result};
use openledger_chain_client::Chain;
use std::{
	path::{Path, PathBuf},
	time::Duration,
};
use tokio::process::Command;

/// Longest time for the node to open its RPC server. Compiling the runtime's wasm is most of it.
const START: Duration = Duration::from_secs(90);
/// Longest time for it to end.
const END: Duration = Duration::from_secs(30);

/// A running `openledger-node --dev`.
pub struct ChainNode {
	process: Process,
	database: PathBuf,
	address: String,
	url: String,
	/// A connection to it.
	pub chain: Chain,
}

impl ChainNode {
	/// Starts the node on ports that are free, with its database in `folder`, and waits until its RPC
	/// server answers.
	///
	/// # Errors
	/// If it is not built or does not start.
	pub async fn start(folder: &Path) -> Result<Self> {
		// Not --tmp: a node that is killed would leave its database behind.
		let database = folder.join("chain");
		// A port of 0 lets the system choose; the log tells which it was.
		let (process, address) = launch(&database, "0").await?;
		let url = format!("ws://{address}");
		let chain = Chain::connect(&url).await?;
		Ok(Self { process, database, address, url, chain })
	}

	/// Ends the node, and waits until it is gone.
	///
	/// # Errors
	/// If it does not end.
	pub async fn stop(&mut self) -> Result<()> {
		self.process.stop(END).await?;
		Ok(())
	}

	/// Starts it again where it was, once it has ended.
	///
	/// # Errors
	/// If it does not start.
	pub async fn start_again(&mut self) -> Result<()> {
		let (_, port) = self.address.rsplit_once(':').context("an address without a port")?;
		(self.process, self.address) = launch(&self.database, port).await?;
		Ok(())
	}

	/// Where its JSON-RPC server is, as a WebSocket URL.
	pub fn url(&self) -> &str {
		&self.url
	}

	/// Its output.
	pub fn log(&self) -> &Log {
		self.process.log()
	}
}

/// Starts a node, and waits until its RPC server listens. Where it does.
async fn launch(database: &Path, rpc_port: &str) -> Result<(Process, String)> {
	let mut command = Command::new(binary("openledger-node")?);
	command.args(["--dev", "--rpc-port", rpc_port, "--port", "0", "--no-prometheus", "--no-mdns"]);
	command.args(["--no-telemetry", "--base-path"]).arg(database);
	let mut process = Process::start("openledger-node", &mut command)?;
	let address = process.wait_for("its RPC server listens", START, |line| rpc_address(line)).await;
	let address = address.with_context(|| process.log().to_string())?;
	Ok((process, address))
}

/// The first address in `Running JSON-RPC server: addr=127.0.0.1:9944,[::1]:9944`.
fn rpc_address(line: &str) -> Option<String> {
	let (_, addresses) = line.split_once("Running JSON-RPC server: addr=")?;
	let end = addresses.find([',', ' ']).unwrap_or(addresses.len());
	addresses.get(..end).map(str::to_owned)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn reads_the_address_that_the_node_logs() {
		let line = "2026-01-01 00:00:00 Running JSON-RPC server: addr=127.0.0.1:41234,[::1]:41235";
		assert_eq!(rpc_address(line).as_deref(), Some("127.0.0.1:41234"));
		assert_eq!(rpc_address("Idle (0 peers)"), None);
	}
}
