//! Measures what paid calls cost, next to transfers: builds whole blocks with the wasm runtime, as a
//! validator does, and prints for each kind of extrinsic how long it took and how much of a block it
//! was said to take, as ratios to `balances.transfer_keep_alive`.
//!
//! ```text
//! openledger-throughput [--extrinsics 500] [--contributors 10000] [--runs 3]
//! ```

mod chain;
mod market;

use anyhow::Result;
use chain::{Chain, Cost};
use clap::Parser;
use market::Market;

/// Measures what paid calls cost in whole blocks, next to transfers.
#[derive(Parser)]
struct Options {
	/// Extrinsics of each kind that are measured in a run. Batches of 256 calls are measured
	/// with a tenth of it.
	#[arg(long, default_value_t = 500)]
	extrinsics: u32,
	/// Number of contributors of the larger of the two datanets.
	#[arg(long, default_value_t = 10_000)]
	contributors: u32,
	/// Each kind is measured so often; the fastest run counts.
	#[arg(long, default_value_t = 3)]
	runs: u32,
}

fn main() -> Result<()> {
	let options = Options::parse();
	let few = (options.extrinsics / 10).max(1);
	eprintln!("setting up: a model of 1 contributor, a model of {}", options.contributors);
	let mut chain = Chain::new()?;
	let mut markets =
		[Market::open(&mut chain, 1)?, Market::open(&mut chain, options.contributors)?];

	let mut transfer = Cost::most();
	for _ in 0..options.runs {
		let cost = chain.measure(options.extrinsics, |_, nonce| Ok(market::transfer(nonce)))?;
		transfer = transfer.least(cost);
	}
	print_header();
	print("transfer_keep_alive", 1, transfer, transfer);
	for market in &mut markets {
		let people = market.contributors();
		for (batch, count) in [(1, options.extrinsics), (256, few)] {
			let mut cost = Cost::most();
			for _ in 0..options.runs {
				cost = cost.least(
					chain.measure(count, |chain, nonce| market.settlement(chain, nonce, batch))?,
				);
			}
			print(&format!("settle, batch {batch}, {people} contributors"), batch, cost, transfer);
		}
		let mut cost = Cost::most();
		for _ in 0..options.runs {
			cost = cost.least(
				chain.measure(few, |chain, nonce| market.aggregate(chain, nonce, 1_000_000))?,
			);
		}
		let name = format!("settle_aggregate, a million calls, {people} contributors");
		print(&name, 1_000_000, cost, transfer);
	}
	Ok(())
}

fn print_header() {
	println!(
		"{:<58} {:>11} {:>11} {:>9} {:>9} {:>11} {:>9}",
		"extrinsic", "µs each", "µs a call", "× time", "a call", "weight µs", "× weight"
	);
}

/// One line: times in microseconds, ratios to a transfer, per extrinsic and per call.
fn print(name: &str, calls: u32, cost: Cost, transfer: Cost) {
	let ratio = cost.micros / transfer.micros;
	let each = f64::from(calls);
	println!(
		"{name:<58} {:>11.1} {:>11.3} {:>9.3} {:>9.4} {:>11.1} {:>9.3}",
		cost.micros,
		cost.micros / each,
		ratio,
		ratio / each,
		cost.weight_micros,
		cost.weight_micros / transfer.weight_micros,
	);
}
