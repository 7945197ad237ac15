//! Scripts of the market out of bytes, so that each byte decides about one thing.
//!
//! | bytes | |
//! |---|---|
//! | 1 | bit 0: everybody leaves in the end; the rest says nothing |
//! | blocks | until there are no bytes left |
//!
//! | of a block | |
//! |---|---|
//! | 1 | bits 0 to 2: how many blocks after the one before ([`AFTER`]); bits 3 to 5: how many entries, less one |
//! | entries | |
//!
//! An entry is a step, or, if its first byte is from [`TOGETHER`] on, a batch: that byte, and one to four steps. A step
//! is the number of its kind, its pick, its value (two bytes, little-endian), and who does it.
//!
//! `seeds.py` writes the same.

use crate::script::{Batch, BlockOf, By, Entry, Kind, Step};
use openledger_primitives::BlockNumber;

/// Numbers of blocks between two with something in them, as far apart as in the scripts of the conservation test.
const AFTER: [BlockNumber; 8] = [1, 2, 20, 1_000, 8_000, 28_800, 89_000, 400_000];
/// First bytes of entries from this one on are of batches.
const TOGETHER: u8 = 0xF0;
/// Most blocks of a script: what is longer finds nothing that shorter ones do not.
const MAX_BLOCKS: usize = 48;
/// Values but 0 and 65,535 are below this one.
const MAX_VALUE: u16 = 2_000;
/// Bytes from this one on let somebody else do what is another's right.
const SOMEBODY: u8 = 224;
/// How many people there are.
const PEOPLE: u8 = 17;

/// A script.
pub struct Script {
	pub blocks: Vec<BlockOf>,
	/// `true` if everybody leaves in the end.
	pub closes: bool,
}

/// Reads a script. What is cut off in the middle ends it.
pub fn script(bytes: &[u8]) -> Script {
	let mut bytes = bytes.iter().copied();
	let closes = bytes.next().is_some_and(|flags| flags & 1 == 1);
	let mut blocks = Vec::new();
	while let Some(block) = block(&mut bytes) {
		blocks.push(block);
		if blocks.len() == MAX_BLOCKS {
			break;
		}
	}
	Script { blocks, closes }
}

fn block(bytes: &mut impl Iterator<Item = u8>) -> Option<BlockOf> {
	let head = bytes.next()?;
	let after = AFTER[usize::from(head & 7)];
	let count = usize::from((head >> 3) & 7) + 1;
	let entries = (0..count).map_while(|_| entry(bytes)).collect();
	Some(BlockOf { after, entries })
}

fn entry(bytes: &mut impl Iterator<Item = u8>) -> Option<Entry> {
	let first = bytes.next()?;
	if first < TOGETHER {
		return step_of(first, bytes).map(Entry::One);
	}
	let batch = match first % 3 {
		0 => Batch::UpToFailure,
		1 => Batch::All,
		_ => Batch::Each,
	};
	let count = usize::from((first >> 2) & 3) + 1;
	let step = |_| {
		let kind = bytes.next()?;
		step_of(kind, bytes)
	};
	Some(Entry::Together(batch, (0..count).map_while(step).collect()))
}

fn step_of(kind: u8, bytes: &mut impl Iterator<Item = u8>) -> Option<Step> {
	let (_, kind) = Kind::ALL[usize::from(kind) % Kind::ALL.len()];
	let pick = bytes.next()?;
	let value = u16::from_le_bytes([bytes.next()?, bytes.next()?]);
	let value = match value {
		0 | u16::MAX => value,
		value => 1 + (value - 1) % (MAX_VALUE - 1),
	};
	let by = match bytes.next()? {
		by if by < SOMEBODY => By::Right,
		by => By::Person((by - SOMEBODY) % PEOPLE),
	};
	Some(Step { kind, pick, value, by })
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn each_kind_has_a_byte() {
		assert!(Kind::ALL.len() <= usize::from(TOGETHER));
		for (number, (_, kind)) in (0u8..).zip(Kind::ALL) {
			let script = script(&[0, 0, number, 7, 1, 0, 0]);
			let [BlockOf { after: 1, entries }] = script.blocks.as_slice() else {
				panic!("a block")
			};
			let [Entry::One(step)] = entries.as_slice() else { panic!("an entry") };
			assert_eq!((step.kind, step.pick, step.value, step.by), (*kind, 7, 1, By::Right));
		}
	}

	#[test]
	fn bytes_are_read_to_their_end() {
		assert!(script(&[]).blocks.is_empty());
		assert!(script(&[1]).closes && !script(&[2]).closes);
		// A block with two entries, the first of them a batch of two steps; the second is cut off.
		let bytes = [0, 0x0A, 0xF4, 0, 0, 0xFF, 0xFF, 255, 1, 255, 0xD0, 7, 0, 9, 9];
		let script = script(&bytes);
		let [BlockOf { after: 20, entries }] = script.blocks.as_slice() else { panic!("a block") };
		let [Entry::Together(Batch::All, steps)] = entries.as_slice() else { panic!("a batch") };
		let values = steps.iter().map(|step| (step.pick, step.value, step.by)).collect::<Vec<_>>();
		assert_eq!(values, [(0, u16::MAX, By::Person(14)), (255, 1, By::Right)]);
		assert_eq!(super::script(&[0; 1_000]).blocks.len(), MAX_BLOCKS);
	}
}
