//! The command line. Most of it is that of every Substrate node, from `sc-cli`.

use crate::chain_spec;
use sc_cli::{RunCmd, SubstrateCli};

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  A development chain of one validator, gone when it stops:
      openledger-node --dev

  The same, kept in a directory, and open to browsers and other machines:
      openledger-node --dev --base-path /srv/openledger --rpc-external --rpc-cors all

  The first two of the four validators of the local test network (the others are --charlie and
  --dave; it finalizes with three):
      openledger-node --chain local --alice --tmp --port 30333 --rpc-port 9944 \\
          --node-key 0000000000000000000000000000000000000000000000000000000000000001
      openledger-node --chain local --bob --tmp --port 30334 --rpc-port 9945 --bootnodes \\
          /ip4/127.0.0.1/tcp/30333/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp

  A full node that keeps the state of every block, for explorers and payout histories:
      openledger-node --chain spec.json --state-pruning archive --blocks-pruning archive

  A validator that the chain specification names: make its network key, put its session keys into
  the keystore (each command asks for the secret), start:
      openledger-node key generate-node-key --chain spec.json --base-path /srv/openledger
      openledger-node key insert --chain spec.json --base-path /srv/openledger \\
          --key-type babe --scheme sr25519
      openledger-node key insert --chain spec.json --base-path /srv/openledger \\
          --key-type gran --scheme ed25519
      openledger-node --chain spec.json --base-path /srv/openledger --validator --name my-validator

  A chain specification to edit and start from:
      openledger-node export-chain-spec --chain local --output spec.json

Where things are:
  JSON-RPC    ws:// and http://127.0.0.1:9944 (--rpc-port)
  Prometheus  http://127.0.0.1:9615/metrics (--prometheus-port, --prometheus-external)
  peers       TCP port 30333 (--port)
  data        ~/.local/share/openledger-node/chains/<id> (--base-path), in ParityDB

By default the node keeps all blocks, and the state of the last 256 finalized ones (--state-pruning).";

/// The arguments of `openledger-node`.
#[derive(Debug, clap::Parser)]
pub struct Cli {
	/// The command to run instead of a node.
	#[command(subcommand)]
	pub subcommand: Option<Subcommand>,

	/// The options of running a node.
	#[command(flatten)]
	pub run: RunCmd,
}

/// Commands other than running a node.
#[derive(Debug, clap::Subcommand)]
#[allow(clippy::large_enum_variant)]
pub enum Subcommand {
	/// Make, show and store keys
	#[command(subcommand)]
	Key(sc_cli::KeySubcommand),

	/// Write the specification of a chain as JSON (adds a local bootnode; else like
	/// export-chain-spec)
	BuildSpec(sc_cli::BuildSpecCmd),

	/// Write the specification of a chain as JSON
	ExportChainSpec(sc_cli::ExportChainSpecCmd),

	/// Execute a block of the database again
	CheckBlock(sc_cli::CheckBlockCmd),

	/// Write blocks to a file
	ExportBlocks(sc_cli::ExportBlocksCmd),

	/// Write the state of a block into a chain specification
	ExportState(sc_cli::ExportStateCmd),

	/// Read blocks from a file
	ImportBlocks(sc_cli::ImportBlocksCmd),

	/// Delete the chain's database, but not the node's keys
	PurgeChain(sc_cli::PurgeChainCmd),

	/// Undo blocks that are not yet final
	Revert(sc_cli::RevertCmd),

	/// Print the best and the finalized block of the database
	ChainInfo(sc_cli::ChainInfoCmd),
}

impl Cli {
	/// Options of running a node. A validator must bring a network key, since others find it by that; one
	/// with published session keys (`--alice`) is for tests and may make a new key at each start.
	pub fn node(&self) -> RunCmd {
		let mut run = self.run.clone();
		if run.get_keyring().is_some() {
			run.network_params.node_key_params.unsafe_force_node_key_generation = true;
		}
		run
	}
}

impl SubstrateCli for Cli {
	fn impl_name() -> String {
		"OpenLedger Node".into()
	}

	fn impl_version() -> String {
		env!("SUBSTRATE_CLI_IMPL_VERSION").into()
	}

	fn executable_name() -> String {
		env!("CARGO_PKG_NAME").into()
	}

	fn description() -> String {
		"Validator and full node of the OpenLedger chain, where every model call is charged, split \
		 among everyone behind the answer, and recorded."
			.into()
	}

	fn author() -> String {
		env!("CARGO_PKG_AUTHORS").into()
	}

	fn support_url() -> String {
		"the issue tracker of the repository that this node was built from".into()
	}

	fn copyright_start_year() -> i32 {
		2026
	}

	fn load_spec(&self, id: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
		chain_spec::load(id)
	}

	fn setup_command(command: clap::Command) -> clap::Command {
		command
			.name(Self::executable_name())
			.version(Self::impl_version())
			.author(Self::author())
			.about(Self::description())
			.after_help(EXAMPLES)
			.propagate_version(true)
			.args_conflicts_with_subcommands(true)
			.subcommand_negates_reqs(true)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use clap::{CommandFactory, Parser};
	use sc_cli::{CliConfiguration, Database};

	fn command() -> clap::Command {
		Cli::setup_command(Cli::command())
	}

	#[test]
	fn the_command_line_is_consistent() {
		command().debug_assert();
	}

	#[test]
	fn help_has_examples() {
		let help = command().render_help().to_string();
		assert!(help.contains("openledger-node --dev"));
	}

	#[test]
	fn example_lines_are_accepted() {
		let text = EXAMPLES.replace("\\\n", " ");
		let lines = text.lines().map(str::trim).filter(|l| l.starts_with("openledger-node "));
		let mut count = 0;
		for line in lines {
			Cli::try_parse_from(line.split_whitespace()).unwrap_or_else(|e| panic!("{line}: {e}"));
			count += 1;
		}
		assert_eq!(count, 10);
	}

	#[test]
	fn paritydb_is_the_only_database() {
		let cli = Cli::try_parse_from(["openledger-node", "--dev"]).unwrap();
		// `None` is ParityDB where RocksDB is not compiled in.
		assert_eq!(cli.run.database().unwrap(), None);
		assert!(!Database::variants().contains(&"rocksdb"));
		assert!(Cli::try_parse_from(["openledger-node", "--database", "rocksdb"]).is_err());
	}
}
