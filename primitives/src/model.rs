//! The parts that a version of a model pins down.

use crate::{attribution::DataSources, Hash, Uri};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The most tokens that a chat template may add for each message. Whoever pays adds them to what it
/// counts, so they must stay few.
pub const MAX_TEMPLATE_OVERHEAD: u32 = 4_096;

/// The parts of a version of a model, and what its answers are held to.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct VersionDetails {
	/// Address at which more about the version is to be found.
	#[cfg_attr(feature = "std", serde(with = "crate::serde_uri"))]
	pub uri: Uri,
	/// BLAKE2b-256 of the file with the weights, or with the weights that the adapter is for.
	pub base_hash: Hash,
	/// BLAKE2b-256 of the file with the adapter, if the version has one.
	pub adapter_hash: Option<Hash>,
	/// BLAKE2b-256 of the file `tokenizer.json`, by which tokens are counted.
	pub tokenizer_hash: Hash,
	/// BLAKE2b-256 of the text of the chat template, if the version has one.
	pub template_hash: Option<Hash>,
	/// The most tokens that the chat template adds for each message of a prompt: `n` times that for `n`
	/// messages. At most [`MAX_TEMPLATE_OVERHEAD`].
	pub template_overhead: u32,
	/// The most tokens of retrieved data that a node may add to a prompt. 0 if it may add none.
	pub max_retrieved_tokens: u32,
	/// The number of the rule by which answers are attributed. Only
	/// [`NEWEST_RULE`](crate::attribution::NEWEST_RULE) can be registered.
	pub attribution_rule: u16,
	/// The data that the version was made from.
	pub sources: DataSources,
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{attribution::*, MAX_URI};

	fn details(uri: &[u8]) -> VersionDetails {
		let source =
			DataSource { datanet: 1, release: ReleaseSelector::Fixed(2), weight: u64::MAX };
		VersionDetails {
			uri: Uri::truncate_from(uri.to_vec()),
			base_hash: Hash::repeat_byte(1),
			adapter_hash: Some(Hash::repeat_byte(2)),
			tokenizer_hash: Hash::repeat_byte(3),
			template_hash: None,
			template_overhead: 7,
			max_retrieved_tokens: 2_048,
			attribution_rule: NEWEST_RULE,
			sources: DataSources::truncate_from(vec![source]),
		}
	}

	#[test]
	fn details_survive_json_with_the_address_as_text() {
		let details = details("https://models.example/ä".as_bytes());

		let json = serde_json::to_value(&details).unwrap();

		assert_eq!(json["uri"], "https://models.example/ä");
		assert_eq!(json["adapter_hash"], format!("{:?}", Hash::repeat_byte(2)));
		assert_eq!(json["template_hash"], serde_json::Value::Null);
		assert_eq!(serde_json::from_value::<VersionDetails>(json).unwrap(), details);
	}

	/// Nobody can register a version that breaks whoever reads a list of them.
	#[test]
	fn an_address_that_is_no_text_can_be_read_all_the_same() {
		let rubbish = details(&vec![0xff; MAX_URI as usize]);

		let json = serde_json::to_string(&rubbish).unwrap();
		let read = serde_json::from_str::<VersionDetails>(&json).unwrap();

		assert!(read.uri.len() > 250);
		assert_eq!(VersionDetails { uri: rubbish.uri.clone(), ..read }, rubbish);
	}
}
