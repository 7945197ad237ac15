//! Measures what settling calls costs, next to transfers.
//!
//! ```text
//! openledger-throughput blocks [--extrinsics 500] [--contributors 10000] [--runs 5]
//! openledger-throughput node   [--url ws://127.0.0.1:9944] [--blocks 4] [--operators 8] [--sessions 64] [--run 10000]
//! ```
//!
//! `blocks` builds whole blocks with the wasm runtime, as a validator does, and prints for each kind of
//! extrinsic how long it took and how much of a block it was said to take, as ratios to
//! `balances.transfer_keep_alive`; then the figures that there are goals for, and whether they are met. Times
//! are those of the fastest round, and only as good as the machine is quiet: nothing else should run on it, and
//! what is near its goal should be measured again with more rounds. With the profile `dev`, what is not
//! optimised (storage, above all) makes both sides slower; `--release` is what counts.
//!
//! `node` hands a node settlements that are signed already until its blocks are full, and prints how many calls
//! it settles in a second of chain time, and what there was not enough of. Its chain is a development chain that
//! has just begun: `scripts/bench/settlement.sh` starts one.

mod account;
mod chain;
mod goals;
mod lanes;
mod market;
mod measure;
mod node;
mod runs;
mod sizes;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measures what settling calls costs, next to transfers.
#[derive(Parser)]
struct Options {
	#[command(subcommand)]
	command: Command,
}

#[derive(Subcommand)]
enum Command {
	/// In blocks that are built here, by the wasm runtime.
	Blocks(measure::Options),
	/// Through a node, from its pool to its blocks.
	Node(node::Options),
}

fn main() -> Result<()> {
	match Options::parse().command {
		Command::Blocks(options) => measure::run(&options),
		Command::Node(options) => node::run(&options),
	}
}
