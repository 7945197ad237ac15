//! What a node settles, from its pool to its blocks.
//!
//! Settlements of each kind are signed beforehand, for as many lanes, sessions and operators as there are, and
//! handed to the node faster than it can take them into blocks. A few of them, sent first, tell how much of a
//! block each takes.

mod blocks;
mod client;
mod report;
mod workload;

use anyhow::{Context, Result};
use std::time::Duration;

use self::{
	blocks::Limits,
	client::Client,
	report::Report,
	workload::{Kind, Workload},
};

/// Extrinsics that are sent first, to see how much of a block they take.
const FIRST: usize = 8;
/// Longest time until everything that was sent is in blocks.
const INCLUDED: Duration = Duration::from_secs(600);

/// What is to be measured.
#[derive(clap::Args)]
pub struct Options {
	/// The node: its development chain has just begun.
	#[arg(long, default_value = "ws://127.0.0.1:9944")]
	pub url: String,
	/// Full blocks of each kind.
	#[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
	pub blocks: u32,
	/// Operators that settle.
	#[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=32))]
	pub operators: u32,
	/// Sessions with each of them, of as many callers.
	#[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=64))]
	pub sessions: u32,
	/// Calls of a run that is settled by its sums.
	#[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..=100_000))]
	pub run: u32,
}

/// Measures, and prints what came out.
pub fn run(options: &Options) -> Result<()> {
	let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
	runtime.block_on(measure(options))
}

async fn measure(options: &Options) -> Result<()> {
	let mut client = Client::connect(&options.url).await?;
	eprintln!("setting up: {} operators, {} sessions each", options.operators, options.sessions);
	let mut workload = Workload::open(&mut client, options).await?;
	let limits = Limits::of_the_runtime()?;

	let mut reports = Vec::new();
	for kind in Kind::ALL {
		eprintln!("{}", workload.name(kind));
		let first = workload.prepare(&mut client, kind, FIRST).await?;
		let blocks = client.include(&first, INCLUDED).await?;
		let each = limits.each(&first, &blocks)?;
		// The first block and the last one need not be full.
		let wanted = limits.fit(&each).saturating_mul(usize::try_from(options.blocks)? + 2);
		let prepared = workload.prepare(&mut client, kind, wanted).await?;
		let blocks = client.include(&prepared, INCLUDED).await?;
		reports.push(Report::new(workload.name(kind), &limits, &prepared, &blocks)?);
	}
	workload.check(&client).await.context("the chain has not settled all that it was sent")?;
	println!("{}", report::Table(&reports));
	Ok(())
}
