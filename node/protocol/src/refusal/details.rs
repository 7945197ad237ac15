//! What a node says beside a code: what it would take instead.

use openledger_primitives::{
	serde_balance, Balance, BlockNumber, ModelId, PriceVersion, Sequence, VersionId,
};
use serde::Serialize;
use serde_json::Value;

use super::RefusalCode;

/// The object `openledger` in the body of a refusal: what the caller needs in order to come again with
/// a better voucher. Each is of the code whose name it has. Amounts are in planck, and in JSON they are
/// decimal strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum RefusalDetails {
	/// For how long a voucher may be valid.
	VoucherValidTooLong {
		/// The last block that it may name now.
		#[serde(rename = "valid_until")]
		latest: BlockNumber,
	},
	/// Which model is asked for.
	ModelMismatch {
		/// The request's model.
		#[serde(rename = "model")]
		expected: ModelId,
	},
	/// Which version answers.
	VersionChanged {
		/// The version that would answer.
		#[serde(rename = "version")]
		expected: VersionId,
	},
	/// Which price is in force.
	PriceChanged {
		/// The price version in force.
		#[serde(rename = "price_version")]
		expected: PriceVersion,
	},
	/// What the call may cost.
	InsufficientAuthorisation {
		/// The most that the call may cost.
		#[serde(with = "serde_balance")]
		needed: Balance,
	},
	/// Which sequence is the lane's next.
	VoucherOutOfOrder {
		/// The sequence that the next voucher has to have.
		#[serde(rename = "sequence")]
		expected: Sequence,
	},
	/// What the lane is busy with.
	LaneBusy {
		/// The sequence of the call that is being served.
		#[serde(rename = "busy_with")]
		sequence: Sequence,
	},
	/// What the lane is for.
	LaneOfOtherTerms {
		/// The model of its calls.
		model: ModelId,
		/// The version of the model.
		version: VersionId,
		/// The price version.
		price_version: PriceVersion,
	},
	/// What the lane's calls cost.
	AcknowledgedMismatch {
		/// What the next voucher has to acknowledge.
		#[serde(rename = "acknowledged", with = "serde_balance")]
		expected: Balance,
	},
	/// What the session owes.
	ExposureReached {
		/// What was served or is being served, and is not settled.
		#[serde(with = "serde_balance")]
		owed: Balance,
		/// How much of that the node lets a session have.
		#[serde(with = "serde_balance")]
		exposure: Balance,
	},
	/// What there is of the deposit.
	SessionUnderfunded {
		/// What is left of it.
		#[serde(with = "serde_balance")]
		left: Balance,
		/// The most that the call may cost.
		#[serde(with = "serde_balance")]
		needed: Balance,
	},
	/// What there is of the signer's limit.
	SpendingLimitReached {
		/// What is left of it.
		#[serde(with = "serde_balance")]
		left: Balance,
		/// The most that the call may cost.
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
		Some(match code {
			RefusalCode::VoucherValidTooLong => {
				Self::VoucherValidTooLong { latest: number("valid_until")? }
			}
			RefusalCode::ModelMismatch => Self::ModelMismatch { expected: number("model")? },
			RefusalCode::VersionChanged => Self::VersionChanged { expected: number("version")? },
			RefusalCode::PriceChanged => Self::PriceChanged { expected: number("price_version")? },
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
			},
			RefusalCode::AcknowledgedMismatch => {
				Self::AcknowledgedMismatch { expected: amount("acknowledged")? }
			}
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
			Self::InsufficientAuthorisation => &["needed"],
			Self::VoucherOutOfOrder => &["sequence"],
			Self::LaneBusy => &["busy_with"],
			Self::LaneOfOtherTerms => &["model", "version", "price_version"],
			Self::AcknowledgedMismatch => &["acknowledged"],
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
		vec![
			(D::VoucherValidTooLong { latest: short }, json!({ "valid_until": short })),
			(D::ModelMismatch { expected: short }, json!({ "model": short })),
			(D::VersionChanged { expected: short }, json!({ "version": short })),
			(D::PriceChanged { expected: short }, json!({ "price_version": short })),
			(D::InsufficientAuthorisation { needed: amount }, json!({ "needed": text })),
			(D::VoucherOutOfOrder { expected: long }, json!({ "sequence": long })),
			(D::LaneBusy { sequence: long }, json!({ "busy_with": long })),
			(
				D::LaneOfOtherTerms { model: short, version: 1, price_version: 2 },
				json!({ "model": short, "version": 1, "price_version": 2 }),
			),
			(D::AcknowledgedMismatch { expected: amount }, json!({ "acknowledged": text })),
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
		for (code, json) in [
			(RefusalCode::AcknowledgedMismatch, json!({ "acknowledged": 99 })),
			(RefusalCode::AcknowledgedMismatch, json!({ "acknowledged": "-1" })),
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
