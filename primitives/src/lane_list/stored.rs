//! A lane's list on disk: count, totals and peaks, which are checked against one another when it is read.

use super::{LaneLeaf, LaneList};
use crate::{
	mountain::{self, MAX_PEAKS},
	tree::TreeBuilder,
	Hash,
};
use alloc::vec::Vec;
use codec::{Decode, Encode, EncodeLike, Error, Input};
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// The parts of a list that it is made again of.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct StoredList {
	last: Option<LaneLeaf>,
	peaks: BoundedVec<Hash, ConstU32<MAX_PEAKS>>,
}

impl From<LaneList> for StoredList {
	fn from(list: LaneList) -> Self {
		// There are never more peaks than bits in the count.
		let peaks = BoundedVec::truncate_from(list.peaks().to_vec());
		Self { last: list.last, peaks }
	}
}

impl TryFrom<StoredList> for LaneList {
	type Error = &'static str;

	fn try_from(StoredList { last, peaks }: StoredList) -> Result<Self, &'static str> {
		let count = match &last {
			Some(leaf) => {
				leaf.check().map_err(|_| "a lane's newest call cannot be")?.saturating_add(1)
			}
			None => 0,
		};
		let tree = TreeBuilder::from_peaks(count, &peaks)
			.ok_or("a lane's list has not as many peaks as its calls make")?;
		Ok(Self { tree, last })
	}
}

impl Encode for LaneList {
	fn encode(&self) -> Vec<u8> {
		StoredList::from(self.clone()).encode()
	}
}

impl EncodeLike for LaneList {}

impl Decode for LaneList {
	fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
		StoredList::decode(input)?.try_into().map_err(|error: &'static str| Error::from(error))
	}
}

impl LaneList {
	/// The list as it was when it had `count` calls, of which `leaf` returns the newest one, and `stored` the
	/// nodes that were complete: level, place in its row. `None` if one is missing.
	pub fn at(
		count: u32,
		leaf: impl FnOnce(u32) -> Option<LaneLeaf>,
		mut stored: impl FnMut(u32, u32) -> Option<Hash>,
	) -> Option<Self> {
		let Some(newest) = count.checked_sub(1) else { return Some(Self::default()) };
		let last = leaf(newest).filter(|leaf| leaf.check() == Ok(newest))?;
		let peaks: Option<Vec<Hash>> = mountain::trees(count)
			.map(|(first, size)| {
				let level = size.trailing_zeros();
				stored(level, first.checked_shr(level)?)
			})
			.collect();
		Some(Self { tree: TreeBuilder::from_peaks(count, &peaks?)?, last: Some(last) })
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::lane_list::Totals;
	use alloc::collections::BTreeMap;

	fn call(charge: u128) -> Totals {
		Totals { calls: 1, charge, ..Totals::default() }
	}

	#[test]
	fn a_list_goes_on_from_what_was_stored_of_it() {
		let mut list = LaneList::default();
		for sequence in 1..40 {
			let read = LaneList::decode(&mut &list.encode()[..]).unwrap();
			assert_eq!(read, list);
			let json = serde_json::to_string(&list).unwrap();
			assert_eq!(serde_json::from_str::<LaneList>(&json).unwrap(), list);
			list.append(sequence * 2, Hash::repeat_byte(sequence as u8), &call(5)).unwrap();
		}
	}

	#[test]
	fn what_contradicts_itself_is_not_read() {
		let mut list = LaneList::default();
		for sequence in 1..=3 {
			list.append(sequence, Hash::zero(), &call(5)).unwrap();
		}
		let good = StoredList::from(list);
		assert!(LaneList::try_from(good.clone()).is_ok());
		let mut fewer = good.clone();
		fewer.peaks.pop();
		assert!(LaneList::try_from(fewer).is_err());
		assert!(LaneList::try_from(StoredList { last: None, ..good.clone() }).is_err());
		let last = good.last.map(|leaf| LaneLeaf { sequence: 2, ..leaf });
		assert!(LaneList::try_from(StoredList { last, ..good.clone() }).is_err());
		let encoded = StoredList { last, ..good }.encode();
		assert!(LaneList::decode(&mut &encoded[..]).is_err());
	}

	#[test]
	fn a_list_is_had_as_it_was_before() {
		let (mut list, mut nodes, mut leaves) = (LaneList::default(), BTreeMap::new(), Vec::new());
		let mut before = alloc::vec![list.clone()];
		for sequence in 1..=33 {
			let visit = |level, index, hash: &Hash| {
				nodes.insert((level, index), *hash);
			};
			let leaf = list.append_visited(sequence, Hash::zero(), &call(7), visit).unwrap();
			leaves.push(leaf);
			before.push(list.clone());
		}
		let leaf = |index: u32| leaves.get(index as usize).copied();
		for (count, earlier) in before.iter().enumerate() {
			let stored = |level, index| nodes.get(&(level, index)).copied();
			assert_eq!(LaneList::at(count as u32, leaf, stored).as_ref(), Some(earlier));
		}
		assert_eq!(LaneList::at(3, leaf, |_, _| None), None);
		assert_eq!(
			LaneList::at(34, leaf, |level, index| nodes.get(&(level, index)).copied()),
			None
		);
	}
}
