//! Details beside a code: what the node would take instead.

use openledger_primitives::{
	serde_balance, Balance, BlockNumber, Hash, ModelId, PriceVersion, Sequence, VersionId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::RefusalCode;

/// The object `openledger` in the body of a refusal: what the caller needs in order to come again with
/// a better voucher. Each is of the code whose name it has. Amounts are in planck, and in JSON they are
/// decimal strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[allow(missing_docs)] // The variants' descriptions say what the fields are.
pub enum RefusalDetails {
	/// The last block that a voucher may name now.
	VoucherValidTooLong {
		#[serde(rename = "valid_until")]
		latest: BlockNumber,
	},
	/// The request's model.
	ModelMismatch {
		#[serde(rename = "model")]
		expected: ModelId,
	},
	/// The version that would answer.
	VersionChanged {
		#[serde(rename = "version")]
		expected: VersionId,
	},
	/// The price version in force.
	PriceChanged {
		#[serde(rename = "price_version")]
		expected: PriceVersion,
	},
	/// The first and the last block that a voucher of this session may be as of.
	AsOfUnusable { from: BlockNumber, until: BlockNumber },
	/// The most that the call may cost.
	InsufficientAuthorisation {
		#[serde(with = "serde_balance")]
		needed: Balance,
	},
	/// The sequence that the lane's next voucher has to have.
	VoucherOutOfOrder {
		#[serde(rename = "sequence")]
		expected: Sequence,
	},
	/// The sequence of the lane's call that is being served.
	LaneBusy {
		#[serde(rename = "busy_with")]
		sequence: Sequence,
	},
	/// The terms of the lane's calls.
	LaneOfOtherTerms {
		model: ModelId,
		version: VersionId,
		price_version: PriceVersion,
		as_of: BlockNumber,
	},
	/// The cost of the lane's calls, and the root over their list, which its next voucher has to acknowledge.
	AcknowledgedMismatch {
		#[serde(rename = "acknowledged", with = "serde_balance")]
		expected: Balance,
		#[serde(rename = "acknowledged_root")]
		root: Hash,
	},
	/// The cost of what was served or is being served, and is not settled; and how much of that the node
	/// lets a session have.
	ExposureReached {
		#[serde(with = "serde_balance")]
		owed: Balance,
		#[serde(with = "serde_balance")]
		exposure: Balance,
	},
	/// The rest of the deposit, and the most that the call may cost.
	SessionUnderfunded {
		#[serde(with = "serde_balance")]
		left: Balance,
		#[serde(with = "serde_balance")]
		needed: Balance,
	},
	/// The rest of the signer's limit, and the most that the call may cost.
	SpendingLimitReached {
		#[serde(with = "serde_balance")]
		left: Balance,
		#[serde(with = "serde_balance")]
		needed: Balance,
	},
}

impl RefusalDetails {
	/// The code that they come with.
	pub fn code(&self) -> RefusalCode {
		match self {
			Self::VoucherValidTooLong { .. } => RefusalCode::VoucherValidTooLong,
			Self::ModelMismatch { .. } => RefusalCode::ModelMismatch,
			Self::VersionChanged { .. } => RefusalCode::VersionChanged,
			Self::PriceChanged { .. } => RefusalCode::PriceChanged,
			Self::AsOfUnusable { .. } => RefusalCode::AsOfUnusable,
			Self::InsufficientAuthorisation { .. } => RefusalCode::InsufficientAuthorisation,
			Self::VoucherOutOfOrder { .. } => RefusalCode::VoucherOutOfOrder,
			Self::LaneBusy { .. } => RefusalCode::LaneBusy,
			Self::LaneOfOtherTerms { .. } => RefusalCode::LaneOfOtherTerms,
			Self::AcknowledgedMismatch { .. } => RefusalCode::AcknowledgedMismatch,
			Self::ExposureReached { .. } => RefusalCode::ExposureReached,
			Self::SessionUnderfunded { .. } => RefusalCode::SessionUnderfunded,
			Self::SpendingLimitReached { .. } => RefusalCode::SpendingLimitReached,
		}
	}

	/// Reads what came with a code. `None` for a code that comes with nothing, and where something else
	/// came: a number has to be a number, and an amount a string.
	pub fn read(code: RefusalCode, json: &Value) -> Option<Self> {
		let long = |name: &str| json.get(name).and_then(Value::as_u64);
		let number = |name: &str| long(name).and_then(|number| u32::try_from(number).ok());
		let amount = |name: &str| json.get(name)?.as_str()?.parse::<Balance>().ok();
		let hash = |name: &str| Hash::deserialize(json.get(name)?).ok();
		Some(match code {
			RefusalCode::VoucherValidTooLong => {
				Self::VoucherValidTooLong { latest: number("valid_until")? }
			}
			RefusalCode::ModelMismatch => Self::ModelMismatch { expected: number("model")? },
			RefusalCode::VersionChanged => Self::VersionChanged { expected: number("version")? },
			RefusalCode::PriceChanged => Self::PriceChanged { expected: number("price_version")? },
			RefusalCode::AsOfUnusable => {
				Self::AsOfUnusable { from: number("from")?, until: number("until")? }
			}
			RefusalCode::InsufficientAuthorisation => {
				Self::InsufficientAuthorisation { needed: amount("needed")? }
			}
			RefusalCode::VoucherOutOfOrder => {
				Self::VoucherOutOfOrder { expected: long("sequence")? }
			}
			RefusalCode::LaneBusy => Self::LaneBusy { sequence: long("busy_with")? },
			RefusalCode::LaneOfOtherTerms => Self::LaneOfOtherTerms {
				model: number("model")?,
				version: number("version")?,
				price_version: number("price_version")?,
				as_of: number("as_of")?,
			},
			RefusalCode::AcknowledgedMismatch => Self::AcknowledgedMismatch {
				expected: amount("acknowledged")?,
				root: hash("acknowledged_root")?,
			},
			RefusalCode::ExposureReached => {
				Self::ExposureReached { owed: amount("owed")?, exposure: amount("exposure")? }
			}
			RefusalCode::SessionUnderfunded => {
				Self::SessionUnderfunded { left: amount("left")?, needed: amount("needed")? }
			}
			RefusalCode::SpendingLimitReached => {
				Self::SpendingLimitReached { left: amount("left")?, needed: amount("needed")? }
			}
			_ => return None,
		})
	}
}

impl From<RefusalDetails> for Value {
	fn from(details: RefusalDetails) -> Self {
		// Numbers and strings are all there is in it, which JSON can always hold.
		serde_json::to_value(details).unwrap_or_default()
	}
}

impl RefusalCode {
	/// The names of what comes with it in the object `openledger`, for people.
	pub const fn details(self) -> &'static [&'static str] {
		match self {
			Self::VoucherValidTooLong => &["valid_until"],
			Self::ModelMismatch => &["model"],
			Self::VersionChanged => &["version"],
			Self::PriceChanged => &["price_version"],
			Self::AsOfUnusable => &["from", "until"],
			Self::InsufficientAuthorisation => &["needed"],
			Self::VoucherOutOfOrder => &["sequence"],
			Self::LaneBusy => &["busy_with"],
			Self::LaneOfOtherTerms => &["model", "version", "price_version", "as_of"],
			Self::AcknowledgedMismatch => &["acknowledged", "acknowledged_root"],
			Self::ExposureReached => &["owed", "exposure"],
			Self::SessionUnderfunded | Self::SpendingLimitReached => &["left", "needed"],
			_ => &[],
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;
	use serde_json::json;

	fn all(short: u32, long: u64, amount: Balance, other: Balance) -> Vec<(RefusalDetails, Value)> {
		use RefusalDetails as D;
		let (text, more) = (amount.to_string(), other.to_string());
		let root = Hash::from_low_u64_be(long);
		vec![
			(D::VoucherValidTooLong { latest: short }, json!({ "valid_until": short })),
			(D::ModelMismatch { expected: short }, json!({ "model": short })),
			(D::VersionChanged { expected: short }, json!({ "version": short })),
			(D::PriceChanged { expected: short }, json!({ "price_version": short })),
			(D::AsOfUnusable { from: 1, until: short }, json!({ "from": 1, "until": short })),
			(D::InsufficientAuthorisation { needed: amount }, json!({ "needed": text })),
			(D::VoucherOutOfOrder { expected: long }, json!({ "sequence": long })),
			(D::LaneBusy { sequence: long }, json!({ "busy_with": long })),
			(
				D::LaneOfOtherTerms { model: short, version: 1, price_version: 2, as_of: 3 },
				json!({ "model": short, "version": 1, "price_version": 2, "as_of": 3 }),
			),
			(
				D::AcknowledgedMismatch { expected: amount, root },
				json!({ "acknowledged": text, "acknowledged_root": format!("{root:?}") }),
			),
			(
				D::ExposureReached { owed: amount, exposure: other },
				json!({ "owed": text, "exposure": more }),
			),
			(
				D::SessionUnderfunded { left: amount, needed: other },
				json!({ "left": text, "needed": more }),
			),
			(
				D::SpendingLimitReached { left: amount, needed: other },
				json!({ "left": text, "needed": more }),
			),
		]
	}

	#[test]
	fn their_names_are_those_that_are_told() {
		let known = all(1, 2, 3, 4);
		for code in RefusalCode::ALL {
			let found = known.iter().find(|(details, _)| details.code() == *code);
			let mut names: Vec<&str> = match found {
				Some((_, json)) => json.as_object().unwrap().keys().map(String::as_str).collect(),
				None => vec![],
			};
			let mut told = code.details().to_vec();
			names.sort_unstable();
			told.sort_unstable();
			assert_eq!(names, told, "{code}");
		}
	}

	#[test]
	fn what_has_another_type_is_not_read() {
		let root = Hash::zero();
		for (code, json) in [
			(
				RefusalCode::AcknowledgedMismatch,
				json!({ "acknowledged": 99, "acknowledged_root": root }),
			),
			(
				RefusalCode::AcknowledgedMismatch,
				json!({ "acknowledged": "-1", "acknowledged_root": root }),
			),
			(
				RefusalCode::AcknowledgedMismatch,
				json!({ "acknowledged": "1", "acknowledged_root": "0x" }),
			),
			(RefusalCode::AcknowledgedMismatch, json!({ "acknowledged": "1" })),
			(RefusalCode::AsOfUnusable, json!({ "from": 1 })),
			(RefusalCode::VoucherOutOfOrder, json!({ "sequence": "3" })),
			(RefusalCode::VoucherOutOfOrder, json!({})),
			(RefusalCode::VoucherOutOfOrder, Value::Null),
			(RefusalCode::PriceChanged, json!({ "price_version": u64::MAX })),
			(RefusalCode::SessionUnderfunded, json!({ "left": "1" })),
			(RefusalCode::InvalidSignature, json!({ "sequence": 3 })),
		] {
			assert_eq!(RefusalDetails::read(code, &json), None, "{code} {json}");
		}
		let json = json!({ "sequence": 3, "later": true });
		let expected = RefusalDetails::VoucherOutOfOrder { expected: 3 };
		assert_eq!(RefusalDetails::read(RefusalCode::VoucherOutOfOrder, &json), Some(expected));
	}

	proptest! {
		#[test]
		fn all_of_it_is_read_as_it_was_written(
			short: u32, long: u64, amount: Balance, other: Balance
		) {
			for (details, json) in all(short, long, amount, other) {
				prop_assert_eq!(&Value::from(details), &json);
				prop_assert_eq!(RefusalDetails::read(details.code(), &json), Some(details));
			}
		}
	}
}
