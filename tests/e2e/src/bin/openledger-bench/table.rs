//! The comparison.

use std::{fmt, time::Duration};

use crate::load::Measured;

/// The goal: so many times the calls of the other gateway in a second, and so much of the latency that
/// it adds.
const CALLS: f64 = 50.0;
const LATENCY: f64 = 0.1;

/// The measurements of one thing with so many connections, all rounds together.
#[derive(Debug, Default)]
pub struct Row {
	elapsed: Duration,
	used: Duration,
	latencies: Vec<Duration>,
}

impl Row {
	/// Adds a round.
	pub fn add(&mut self, measured: Measured) {
		self.elapsed += measured.elapsed;
		self.used += measured.used;
		self.latencies.extend(measured.latencies);
		self.latencies.sort_unstable();
	}

	fn is_empty(&self) -> bool {
		self.latencies.is_empty()
	}

	/// Calls in a second.
	fn rate(&self) -> f64 {
		self.latencies.len() as f64 / self.elapsed.as_secs_f64()
	}

	/// The latency, in milliseconds, that so many of a hundred calls did not exceed.
	fn quantile(&self, percent: usize) -> f64 {
		let last = self.latencies.len().saturating_sub(1);
		let found = self.latencies.get(last * percent / 100);
		found.map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
	}

	/// Processor time of a call, in milliseconds.
	fn used(&self) -> f64 {
		self.used.as_secs_f64() * 1e3 / self.latencies.len() as f64
	}

	/// Time that what stands in front of the backend adds, in milliseconds.
	fn added(&self, direct: &Self, percent: usize) -> f64 {
		(self.quantile(percent) - direct.quantile(percent)).max(0.0)
	}
}

/// All of it.
#[derive(Debug, Default)]
pub struct Table(Vec<(usize, [Row; 3])>);

impl Table {
	/// Adds what was measured with so many connections: of the backend, the node, and the proxy.
	pub fn add(&mut self, connections: usize, rows: [Row; 3]) {
		self.0.push((connections, rows));
	}
}

const NAMES: [&str; 3] = ["backend alone", "inference node", "LiteLLM's proxy"];

impl fmt::Display for Table {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		for (connections, rows) in &self.0 {
			let [direct, ours, theirs] = rows;
			writeln!(f, "{connections} connection(s)")?;
			writeln!(
				f,
				"  {:<18}{:>10}{:>10}{:>10}{:>12}{:>12}{:>13}",
				"", "calls/s", "p50 ms", "p99 ms", "added p50", "added p99", "CPU ms/call"
			)?;
			for (name, row) in NAMES.iter().zip(rows).filter(|(_, row)| !row.is_empty()) {
				writeln!(
					f,
					"  {name:<18}{:>10.1}{:>10.2}{:>10.2}{:>12.2}{:>12.2}{:>13.3}",
					row.rate(),
					row.quantile(50),
					row.quantile(99),
					row.added(direct, 50),
					row.added(direct, 99),
					row.used(),
				)?;
			}
			if theirs.is_empty() || ours.is_empty() {
				continue;
			}
			let calls = ours.rate() / theirs.rate();
			let of = |percent| ours.added(direct, percent) / theirs.added(direct, percent);
			writeln!(
				f,
				"  node to proxy: {calls:.1} times the calls/s (goal {CALLS}: {}), {:.3} of the \
				 added p50 (goal {LATENCY}: {}), {:.3} of the added p99 (goal {LATENCY}: {}), 1/{:.0} \
				 of the processor time",
				reached(calls >= CALLS),
				of(50),
				reached(of(50) <= LATENCY),
				of(99),
				reached(of(99) <= LATENCY),
				theirs.used() / ours.used(),
			)?;
			writeln!(f)?;
		}
		Ok(())
	}
}

fn reached(yes: bool) -> &'static str {
	if yes {
		"reached"
	} else {
		"not reached"
	}
}
