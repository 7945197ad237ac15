//! Options, by environment variables.

use anyhow::{Context, Result};
use std::{env, path::PathBuf, str::FromStr};

/// Most connections at once, each with a lane of the session.
pub const MOST_CONNECTIONS: usize = 64;

/// The options.
#[derive(Debug)]
pub struct Options {
	/// LiteLLM's program, `BENCH_LITELLM`. Without it only the node is measured.
	pub litellm: Option<PathBuf>,
	/// Its worker processes, `BENCH_LITELLM_WORKERS`.
	pub workers: usize,
	/// Connections at once, one measurement each, `BENCH_CONNECTIONS`.
	pub connections: Vec<usize>,
	/// Time that the node is called in one round, in seconds, `BENCH_SECONDS`. LiteLLM's proxy is
	/// called for twice as long, because fewer calls fit in.
	pub seconds: f64,
	/// Rounds of each measurement, `BENCH_ROUNDS`.
	pub rounds: usize,
	/// Where the node keeps its store, `BENCH_DATA`; with everything else if not given.
	pub data: Option<PathBuf>,
	/// The node's filter for log lines, `BENCH_LOG`: whether it logs each call.
	pub log: String,
}

fn number<T: FromStr>(name: &str, or: T) -> Result<T>
where
	T::Err: std::error::Error + Send + Sync + 'static,
{
	match env::var(name) {
		Ok(text) => text.trim().parse().with_context(|| format!("{name}={text}")),
		Err(_) => Ok(or),
	}
}

impl Options {
	/// Reads them.
	///
	/// # Errors
	/// If one cannot be used.
	pub fn from_environment() -> Result<Self> {
		let connections = env::var("BENCH_CONNECTIONS").unwrap_or_else(|_| "1,16,64".into());
		let connections: Result<Vec<usize>, _> =
			connections.split(',').map(|one| one.trim().parse()).collect();
		let connections = connections.context("BENCH_CONNECTIONS")?;
		let most = MOST_CONNECTIONS;
		anyhow::ensure!(
			connections.iter().all(|count| (1..=most).contains(count)),
			"BENCH_CONNECTIONS: 1 to {most} each, one lane of a session for each"
		);
		Ok(Self {
			litellm: env::var_os("BENCH_LITELLM").map(PathBuf::from),
			workers: number("BENCH_LITELLM_WORKERS", 1)?,
			connections,
			seconds: number("BENCH_SECONDS", 4.0)?,
			rounds: number("BENCH_ROUNDS", 3)?,
			data: env::var_os("BENCH_DATA").map(PathBuf::from),
			log: env::var("BENCH_LOG").unwrap_or_else(|_| "info".into()),
		})
	}

	/// Under what the numbers came about.
	pub fn conditions(&self) -> String {
		let cores = std::thread::available_parallelism().map_or(0, usize::from);
		let data = match &self.data {
			Some(folder) => folder.display().to_string(),
			None => "the disk of temporary files".into(),
		};
		format!(
			"{cores} cores for everything, load generator and backend included; {} rounds in \
			 turns.\nThe node: signature of each voucher checked, voucher and record on disk before \
			 the answer, tokens counted with the model's tokenizer, statement signed; log filter \
			 `{}`; store on {data}.\nLiteLLM's proxy: {} worker(s), master key, prices per token, \
			 budgets of deployment and provider, in memory; nothing signed or kept.",
			self.rounds, self.log, self.workers
		)
	}
}
