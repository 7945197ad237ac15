//! What runtimes answer whose APIs have version 1. A node can be newer than the runtime that it runs,
//! and is asked about blocks of older ones.

use super::DatanetInfo;
use crate::{AccountId, DatanetId, ReleaseId, Weight};
use alloc::string::String;
use codec::{Decode, Encode};
use scale_info::TypeInfo;
use sp_arithmetic::Permill;

/// A datanet, as version 1 of the API for datanets tells of it: without the release that is paid.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct DatanetInfoV1 {
	/// Its id.
	pub id: DatanetId,
	/// Its unique name.
	pub name: String,
	/// Who curates it.
	pub curator: AccountId,
	/// Who may take the curator's role over, if it was offered.
	pub offered_to: Option<AccountId>,
	/// The curator's part of what the datanet earns from its next release on.
	pub curator_share: Permill,
	/// Whether anybody may contribute, or only who was let in.
	pub open: bool,
	/// Its newest release, or 0 if there is none.
	pub latest_release: ReleaseId,
	/// The sum of the weights that its next release will have.
	pub next_total_weight: Weight,
	/// How many contributions its next release will have.
	pub next_contributions: u32,
}

impl From<DatanetInfoV1> for DatanetInfo {
	fn from(info: DatanetInfoV1) -> Self {
		let DatanetInfoV1 {
			id,
			name,
			curator,
			offered_to,
			curator_share,
			open,
			latest_release,
			next_total_weight,
			next_contributions,
		} = info;
		Self {
			id,
			name,
			curator,
			offered_to,
			curator_share,
			open,
			latest_release,
			current_release: None,
			next_release: None,
			next_total_weight,
			next_contributions,
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_datanet_is_read_as_it_was_encoded() {
		let (curator, to) = (AccountId::new([1; 32]), AccountId::new([2; 32]));
		let share = Permill::from_percent(20);
		let encoded = (7u32, "med/0", &curator, Some(&to), share, true, 3u32, 9u64, 2u32).encode();
		let info = DatanetInfoV1::decode(&mut &encoded[..]).unwrap();
		assert_eq!(info.encode(), encoded);
		assert_eq!(
			DatanetInfo::from(info),
			DatanetInfo {
				id: 7,
				name: "med/0".into(),
				curator,
				offered_to: Some(to),
				curator_share: share,
				open: true,
				latest_release: 3,
				current_release: None,
				next_release: None,
				next_total_weight: 9,
				next_contributions: 2,
			}
		);
	}
}
