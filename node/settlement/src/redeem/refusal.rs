//! Reading why the chain refuses a lane, in a block that is final.
//!
//! Most of what the chain says of a lane as a whole is about the voucher that it came with, and stays true.
//! What the caller or the operator can mend, such as a deposit that is used up, is not in here.

use openledger_books::{Loss, Unredeemable};
use openledger_primitives::{lane::RejectReason, BlockNumber};

/// The names of the chain's errors for a run that does not count. Others say nothing against it.
const OF_RUNS: [&str; 9] = [
	"BadRun",
	"RunHasEntries",
	"RunPriceMismatch",
	"SequenceBeyondVoucher",
	"AboveAcknowledged",
	"AboveSpendingLimit",
	"DepositExhausted",
	"Overflow",
	// Several reasons, of which a run's may be one.
	"NothingSettled",
];

/// Tells whether calls may count one by one that did not by their sums, by the name of the chain's error.
pub(super) fn is_of_runs(name: &str) -> bool {
	OF_RUNS.contains(&name)
}

/// The loss of the calls that come with a voucher that the chain refused in block `at`, by the name of its
/// error, where time does not mend that. `as_of` is the block that the voucher's calls are paid as of.
pub(super) fn loss(name: &str, at: BlockNumber, as_of: BlockNumber) -> Option<Loss> {
	Some(match name {
		"SettlementOver" => Loss::SessionClosed,
		// One that is to come is usable later.
		"WrongAsOf" if as_of < at => Loss::Unredeemable(Unredeemable::WrongAsOf),
		"SettledTooLate" => Loss::Unredeemable(Unredeemable::TooLate),
		"OutlivesTerms" => Loss::Unredeemable(Unredeemable::OutlivesTerms),
		"OwnPriceRefused" => Loss::Unredeemable(Unredeemable::OwnPriceRefused),
		"BadSignature" => Loss::Unredeemable(Unredeemable::BadSignature),
		"OtherAgreement" => Loss::Unredeemable(Unredeemable::OtherAgreement),
		"UnknownModel" => Loss::Rejected(RejectReason::UnknownModel),
		"UnknownVersion" => Loss::Rejected(RejectReason::UnknownVersion),
		"UnknownPrice" => Loss::Rejected(RejectReason::UnknownPrice),
		"VersionExpired" => Loss::Rejected(RejectReason::VersionExpired),
		"PriceExpired" => Loss::Rejected(RejectReason::PriceExpired),
		"NotInForce" => Loss::Rejected(RejectReason::NotInForce),
		"ModelRetired" => Loss::Rejected(RejectReason::ModelRetired),
		"TermsForgotten" => Loss::Rejected(RejectReason::TermsForgotten),
		"NoPayableSource" => Loss::Rejected(RejectReason::NoPayableSource),
		_ => return None,
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_block_to_come_is_not_a_loss() {
		let wrong = Some(Loss::Unredeemable(Unredeemable::WrongAsOf));
		for (at, as_of, expected) in [(10, 9, wrong), (10, 10, None), (10, 11, None)] {
			assert_eq!(loss("WrongAsOf", at, as_of), expected);
		}
	}

	#[test]
	fn what_can_be_mended_is_not_a_loss() {
		for name in ["NoLaneDeposit", "VoucherNotNewer", "NothingSettled", "DepositExhausted"] {
			assert_eq!(loss(name, 10, 1), None, "{name}");
		}
		assert!(loss("SettledTooLate", 10, 1).is_some() && loss("NotInForce", 10, 1).is_some());
	}

	#[test]
	fn only_a_runs_own_reasons_are_of_runs() {
		assert!(is_of_runs("BadRun") && is_of_runs("NothingSettled"));
		for name in ["NoLaneDeposit", "BadSignature", "SettledTooLate", "VoucherNotNewer"] {
			assert!(!is_of_runs(name), "{name}");
		}
	}
}
