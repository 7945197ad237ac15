//! Measures what the inference node adds to a call, next to the gateway that people meter calls with
//! today.
//!
//! One backend answers at once; in front of it are the inference node, with a chain and paid calls,
//! and LiteLLM's proxy, with a key and budgets. One load generator calls the backend itself, the
//! node, and the proxy in turns, with 1, 16 and 64 connections, and compares.
//!
//! | module | holds |
//! |---|---|
//! | [`backend`] | the backend |
//! | [`litellm`] | LiteLLM's proxy |
//! | [`load`] | the load generator |
//! | [`options`] | what can be chosen |
//! | [`ours`] | the inference node and its chain, vouchers, and what they were worth |
//! | [`table`] | the comparison |

mod backend;
mod litellm;
mod load;
mod options;
mod ours;
mod server;
mod table;

use anyhow::{bail, Context, Result};
use openledger_e2e::network::{say, Network};
use std::{future::Future, process::ExitCode};
use tokio::{
	runtime::Builder,
	signal::unix::{signal, SignalKind},
};

use self::{
	load::{Measured, Requests},
	options::Options,
	server::Server,
	table::{Row, Table},
};

fn main() -> ExitCode {
	let mut arguments = std::env::args().skip(1);
	let done = match arguments.next().as_deref() {
		// One thread has less to do for this than several that wake one another.
		Some("backend") => block_on(Builder::new_current_thread(), backend::run()),
		Some("compare") => block_on(Builder::new_multi_thread(), interruptible()),
		_ => Err(anyhow::anyhow!("usage: openledger-bench compare | backend")),
	};
	match done {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("\nthe benchmark failed: {error:#}");
			ExitCode::FAILURE
		}
	}
}

fn block_on(mut runtime: Builder, work: impl Future<Output = Result<()>>) -> Result<()> {
	runtime.enable_all().build()?.block_on(work)
}

async fn interruptible() -> Result<()> {
	let mut interrupt = signal(SignalKind::interrupt())?;
	let mut terminate = signal(SignalKind::terminate())?;
	let options = Options::from_environment()?;
	// Whichever ends first: when the comparison is dropped, so are its processes and its folder.
	tokio::select! {
		compared = Network::with(async |network| compare(network, &options).await) => compared,
		_ = interrupt.recv() => bail!("interrupted"),
		_ = terminate.recv() => bail!("terminated"),
	}
}

async fn compare(network: &mut Network, options: &Options) -> Result<()> {
	let backend = backend::start(network.folder()).await?;
	let litellm = match &options.litellm {
		Some(program) => Some(litellm::start(network.folder(), program, options, &backend).await?),
		None => None,
	};
	let mut shop = ours::Shop::open(network, options, &backend).await?;

	// The first calls of a Python program load what the others find.
	say("warming up");
	let first = options.connections.first().copied().unwrap_or(1);
	call_backend(&backend, first, options)?;
	shop.measure(first, options).await?;
	if let Some(proxy) = &litellm {
		call_litellm(proxy, first, options)?;
	}

	let mut table = Table::default();
	for &connections in &options.connections {
		let mut rows = [Row::default(), Row::default(), Row::default()];
		for round in 1..=options.rounds {
			say(format_args!("{connections} connections, round {round} of {}", options.rounds));
			let [direct, ours, theirs] = &mut rows;
			direct.add(call_backend(&backend, connections, options)?);
			ours.add(shop.measure(connections, options).await?);
			if let Some(proxy) = &litellm {
				theirs.add(call_litellm(proxy, connections, options)?);
			}
		}
		table.add(connections, rows);
	}
	println!("\n{table}\n{}\n", options.conditions());
	shop.check(network).await
}

/// Calls the backend without anything in between.
fn call_backend(server: &Server, connections: usize, options: &Options) -> Result<Measured> {
	let request = load::post(backend::CHAT_PATH, &[], &backend::request());
	let requests = Requests::Same { request, connections };
	load::run(server, requests, options.seconds.min(2.0)).context("calling the backend")
}

/// Calls LiteLLM's proxy, with its key.
fn call_litellm(server: &Server, connections: usize, options: &Options) -> Result<Measured> {
	let key = format!("Bearer {}", litellm::KEY);
	let request = load::post(backend::CHAT_PATH, &[("authorization", &key)], &backend::request());
	let requests = Requests::Same { request, connections };
	load::run(server, requests, options.seconds * 2.0).context("calling LiteLLM's proxy")
}
