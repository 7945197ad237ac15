//! What a node settled in a second of chain time, and what it had not enough of.

use super::{
	blocks::{Block, Limits},
	client::{Included, Prepared},
};
use anyhow::{Context, Result};
use std::{
	collections::BTreeMap,
	fmt::{self, Display, Formatter},
};

/// What a block had not enough of for one more extrinsic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Limit {
	/// Computation, as the runtime counts it.
	Weight,
	/// Bytes.
	Length,
	/// Time of its author: there was more in the pool.
	Time,
	/// Extrinsics in the pool, which took no more in time.
	Pool,
}

impl Limit {
	fn of(block: &Block, limits: &Limits, next: &Prepared) -> Self {
		if block.weight.saturating_add(next.weight) > limits.weight {
			Self::Weight
		} else if block.length.saturating_add(next.length) > limits.length {
			Self::Length
		} else if block.waiting > block.extrinsics {
			Self::Time
		} else {
			Self::Pool
		}
	}
}

impl Display for Limit {
	fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
		formatter.pad(match self {
			Self::Weight => "weight",
			Self::Length => "length",
			Self::Time => "author's time",
			Self::Pool => "pool",
		})
	}
}

/// What came out of one kind of extrinsic.
pub struct Report {
	name: String,
	/// Full blocks, which the rest is of.
	blocks: usize,
	/// Extrinsics and calls of a block, on average.
	extrinsics: f64,
	calls: f64,
	/// Calls in a second of chain time.
	rate: f64,
	/// Parts of what ordinary extrinsics may be.
	weight: f64,
	length: f64,
	/// What most of the blocks had not enough of.
	limit: Limit,
	/// How often the pool was full.
	refused: usize,
}

impl Report {
	/// Adds up the blocks between the first and the last one that have any: those two are not full.
	pub fn new(
		name: String,
		limits: &Limits,
		prepared: &[Prepared],
		included: &Included,
	) -> Result<Self> {
		let next = prepared.first().context("nothing was sent")?;
		let Included { blocks, refused } = included;
		let (first, full) = match blocks.as_slice() {
			[first, full @ .., _] if !full.is_empty() => (first, full),
			_ => anyhow::bail!("no block was full with {name}: ask for more blocks"),
		};
		let last = full.last().unwrap_or(first);
		let count = full.len() as f64;
		let mean = |of: fn(&Block) -> u64| full.iter().map(of).sum::<u64>() as f64 / count;
		let seconds = last.time.saturating_sub(first.time) as f64 / 1e3;
		let calls: u64 = full.iter().map(|block| block.calls).sum();
		let mut hit: BTreeMap<Limit, usize> = BTreeMap::new();
		for block in full {
			*hit.entry(Limit::of(block, limits, next)).or_default() += 1;
		}
		let most = hit.into_iter().max_by_key(|(_, count)| *count).context("no block")?;
		Ok(Self {
			name,
			blocks: full.len(),
			extrinsics: full.iter().map(|block| block.extrinsics).sum::<usize>() as f64 / count,
			calls: calls as f64 / count,
			rate: calls as f64 / seconds,
			weight: mean(|block| block.weight) / limits.weight as f64,
			length: mean(|block| block.length) / limits.length as f64,
			limit: most.0,
			refused: *refused,
		})
	}
}

/// Reports beside one another. The first one is of transfers.
pub struct Table<'a>(pub &'a [Report]);

impl Display for Table<'_> {
	fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
		let Self(reports) = self;
		writeln!(
			formatter,
			"{:<50} {:>6} {:>10} {:>12} {:>12} {:>11} {:>7} {:>7}  {:<13} {:>7}",
			"kind",
			"blocks",
			"extrinsics",
			"calls",
			"calls/s",
			"× transfers",
			"weight",
			"length",
			"limit",
			"refused"
		)?;
		let transfers = reports.first().map_or(f64::NAN, |report| report.rate);
		for report in *reports {
			writeln!(
				formatter,
				"{:<50} {:>6} {:>10.1} {:>12.1} {:>12.1} {:>11.1} {:>6.0}% {:>6.0}%  {:<13} {:>7}",
				report.name,
				report.blocks,
				report.extrinsics,
				report.calls,
				report.rate,
				report.rate / transfers,
				report.weight * 100.0,
				report.length * 100.0,
				report.limit,
				report.refused,
			)?;
		}
		write!(
			formatter,
			"extrinsics and calls are of a full block; a second is one of chain time; weight and length are parts \
			 of what ordinary extrinsics may have of a block. The limit is what one more extrinsic had no room in: \
			 weight, length, the author's time (more were in the pool), or the pool (it did not take them in time; \
			 refused says how often it was full)"
		)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::{AccountId, Hash};

	const LIMITS: Limits = Limits { weight: 1_000, length: 100 };

	fn block(number: u32, weight: u64, length: u64, waiting: usize) -> Block {
		Block {
			number,
			hash: Hash::zero(),
			time: u64::from(number) * 3_000,
			weight,
			length,
			extrinsics: 5,
			calls: 60,
			waiting,
		}
	}

	fn prepared() -> Vec<Prepared> {
		let sender = AccountId::new([1; 32]);
		vec![Prepared { sender, hex: "0x00".into(), length: 10, weight: 100, calls: 12 }]
	}

	#[test]
	fn the_limit_is_what_there_is_no_room_in() {
		let next = &prepared()[0];
		let of =
			|weight, length, waiting| Limit::of(&block(1, weight, length, waiting), &LIMITS, next);

		assert_eq!(of(901, 20, 9), Limit::Weight);
		assert_eq!(of(900, 91, 9), Limit::Length);
		assert_eq!(of(900, 90, 6), Limit::Time);
		assert_eq!(of(900, 90, 5), Limit::Pool);
	}

	#[test]
	fn only_full_blocks_count() {
		let blocks =
			vec![block(1, 5, 5, 9), block(2, 950, 20, 9), block(3, 930, 20, 9), block(4, 9, 9, 1)];
		let included = Included { blocks, refused: 2 };
		let report = Report::new("calls".into(), &LIMITS, &prepared(), &included).unwrap();

		assert_eq!((report.blocks, report.limit), (2, Limit::Weight));
		assert_eq!((report.rate, report.calls, report.weight), (20.0, 60.0, 0.94));
		let shown = Table(&[report]).to_string();
		assert!(shown.contains("weight") && shown.contains("94%"), "{shown}");

		let few = Included { blocks: vec![block(1, 5, 5, 9), block(2, 950, 20, 9)], refused: 0 };
		assert!(Report::new("calls".into(), &LIMITS, &prepared(), &few).is_err());
	}
}
