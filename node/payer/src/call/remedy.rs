//! The remedy for a voucher that a node does not take.
//!
//! Nothing is asked or changed here. Each code that a node may have is named: one that comes new needs
//! an entry.

use openledger_payer_ledger::Correction;
use openledger_primitives::{Balance, Sequence};
use openledger_protocol::{RefusalCode, RefusalDetails};

use crate::node::api::Refusal;

/// The remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
	/// Ask for the price again, and sign another voucher.
	Again(Correction),
	/// The same voucher may be taken in a while: the node has not caught up yet.
	Wait,
	/// Sign another voucher on another lane, and none on this one any more.
	OtherLane,
	/// Use the session no more, and another one instead, if the chain agrees.
	Retire,
	/// Use the session no more, and ask another node.
	Useless,
	/// The node claims that the earlier calls cost more than it has signed for, in planck.
	Disputed(Balance),
	/// The node claims that the lane is for other terms than those of the calls that it has signed for.
	Contradicted,
	/// It is not about the payment, or nothing can be done about it.
	None,
}

/// A node may know of so many calls that are not known here: an older state may have been put back.
const AHEAD: Sequence = 1_000_000;

/// A voucher that was refused.
#[derive(Clone, Copy, Debug)]
pub struct Tried {
	/// Its sequence.
	pub sequence: Sequence,
	/// The highest sequence on its lane that can have been used, as far as is known.
	pub highest: Sequence,
	/// The sum that it acknowledges, in planck.
	pub acknowledged: Balance,
	/// The sum of the statements of its lane by now, in planck: earlier vouchers that were refused
	/// may have been taken after all.
	pub stated: Balance,
	/// The last sequence of its lane that was charged.
	pub charged: Sequence,
	/// `true` if money was put into its session just now.
	pub fresh: bool,
}

/// The remedy for a refusal of a voucher.
pub fn remedy(refusal: &Refusal, tried: Tried) -> Remedy {
	let Some(code) = refusal.known_code() else { return Remedy::None };
	let Tried { sequence, highest, acknowledged, stated, charged, fresh } = tried;
	let before = sequence.saturating_sub(1);
	let again = |sequence: Sequence, acknowledged| {
		let sequence = sequence.max(charged);
		Remedy::Again(Correction { sequence: Some(sequence), acknowledged })
	};
	match code {
		// The next offer has the new price, or the next voucher more time.
		RefusalCode::PriceChanged
		| RefusalCode::VersionChanged
		| RefusalCode::VoucherExpired
		| RefusalCode::VoucherValidTooLong
		| RefusalCode::InsufficientAuthorisation => again(before, None),
		// One sequence is as good as another: a record counts once for each, whatever it is. But a lane
		// ends with the last of them, and that is not for the node to say.
		RefusalCode::VoucherOutOfOrder => match expected_sequence(refusal) {
			// A sequence is charged once. What its node has lost the books of is left to other lanes.
			Some(last) if last < charged => Remedy::OtherLane,
			// What was found out just now may be all that is behind it.
			Some(last) if last == charged && charged > before => again(last, None),
			Some(last) if last != before && last <= highest.saturating_add(AHEAD) => {
				again(last, None)
			}
			_ => Remedy::None,
		},
		// Less than the statements say is welcome; more needs a statement.
		RefusalCode::AcknowledgedMismatch => match expected_acknowledgement(refusal) {
			Some(claimed) if claimed < stated => again(before, Some(claimed)),
			Some(claimed) if claimed > stated => Remedy::Disputed(claimed),
			// What was found out just now makes up for it.
			Some(_) if stated != acknowledged => again(before, None),
			_ => Remedy::None,
		},
		RefusalCode::SessionUnknown
		| RefusalCode::SessionUnderfunded
		| RefusalCode::SpendingLimitReached
			if fresh =>
		{
			Remedy::Wait
		}
		RefusalCode::LaneBusy => Remedy::Wait,
		RefusalCode::SessionOfOtherCaller => Remedy::Useless,
		// There are so many of them in a session, and what is in it can be had back.
		RefusalCode::LaneOfOtherTerms if stated > 0 => Remedy::Contradicted,
		RefusalCode::LaneOfOtherTerms => Remedy::OtherLane,
		RefusalCode::SessionUnknown
		| RefusalCode::SessionUnderfunded
		| RefusalCode::SessionExpired
		| RefusalCode::SessionClosing
		| RefusalCode::SpendingLimitReached
		| RefusalCode::SessionOfOtherNode => Remedy::Retire,
		// Another voucher would be refused as this one was, for now or for ever.
		RefusalCode::MalformedPayment
		| RefusalCode::UnsupportedScheme
		| RefusalCode::WrongChain
		| RefusalCode::NoSuchLane
		| RefusalCode::RequestMismatch
		| RefusalCode::ChainUnavailable
		| RefusalCode::InvalidSignature
		| RefusalCode::ModelMismatch
		| RefusalCode::ExposureReached
		| RefusalCode::StoreUnavailable => Remedy::None,
		// It was taken when it came first: its answer is asked for.
		RefusalCode::VoucherAlreadyUsed => Remedy::None,
		// It is not about the voucher.
		RefusalCode::PaymentRequired
		| RefusalCode::NotCharged
		| RefusalCode::CallUnknown
		| RefusalCode::CallInProgress
		| RefusalCode::RecordRemoved
		| RefusalCode::RequestExpired
		| RefusalCode::NotSettled
		| RefusalCode::TooManySessions
		| RefusalCode::UnknownUrl
		| RefusalCode::HeadersTooLarge
		| RefusalCode::RequestTooLarge
		| RefusalCode::RequestTimeout
		| RefusalCode::UnreadableBody
		| RefusalCode::MalformedJson
		| RefusalCode::MissingRequiredParameter
		| RefusalCode::InvalidType
		| RefusalCode::InvalidValue
		| RefusalCode::EmptyArray
		| RefusalCode::UnsupportedParameter
		| RefusalCode::UnsupportedValue
		| RefusalCode::UnsupportedEndpoint
		| RefusalCode::ContextLengthExceeded
		| RefusalCode::InvalidPrompt
		| RefusalCode::RejectedByModel
		| RefusalCode::ModelNotFound
		| RefusalCode::ModelPaused
		| RefusalCode::ModelRetired
		| RefusalCode::ModelOutdated
		| RefusalCode::ModelUnavailable
		| RefusalCode::UpstreamError
		| RefusalCode::Timeout
		| RefusalCode::Overloaded
		| RefusalCode::ShuttingDown
		| RefusalCode::InternalError => Remedy::None,
	}
}

/// Returns `true` if a refusal is about where the lane is: an earlier voucher on it that was refused may
/// have been taken since.
pub fn is_about_the_lane(refusal: &Refusal) -> bool {
	matches!(
		refusal.known_code(),
		Some(RefusalCode::VoucherOutOfOrder | RefusalCode::AcknowledgedMismatch)
	)
}

/// The sequence before the one that a node wants for the next voucher of a lane.
fn expected_sequence(refusal: &Refusal) -> Option<Sequence> {
	match refusal.known_details()? {
		RefusalDetails::VoucherOutOfOrder { expected } => expected.checked_sub(1),
		_ => None,
	}
}

/// The sum that a node wants the next voucher of a lane to acknowledge, in planck.
fn expected_acknowledgement(refusal: &Refusal) -> Option<Balance> {
	match refusal.known_details()? {
		RefusalDetails::AcknowledgedMismatch { expected } => Some(expected),
		_ => None,
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;
	use serde_json::{json, Value};

	const TRIED: Tried =
		Tried { sequence: 7, highest: 9, acknowledged: 100, stated: 100, charged: 2, fresh: false };

	fn refusal(code: &str, details: Value) -> Refusal {
		let body = json!({
			"error": { "message": "no", "type": "payment_error", "code": code },
			"openledger": details,
		});
		Refusal::of(402, &body.to_string())
	}

	fn again(sequence: Sequence, acknowledged: Option<Balance>) -> Remedy {
		Remedy::Again(Correction { sequence: Some(sequence), acknowledged })
	}

	#[test]
	fn vouchers_are_corrected_where_it_does_no_harm() {
		let none = Value::Null;
		for (code, details, fresh, expected) in [
			("price_changed", none.clone(), false, again(6, None)),
			("version_changed", none.clone(), false, again(6, None)),
			("lane_of_other_terms", none.clone(), false, Remedy::Contradicted),
			("session_of_other_caller", none.clone(), true, Remedy::Useless),
			("voucher_out_of_order", json!({ "sequence": 3 }), false, again(2, None)),
			("voucher_out_of_order", json!({ "sequence": 7 }), false, Remedy::None),
			(
				"voucher_out_of_order",
				json!({ "sequence": 10 + AHEAD }),
				false,
				again(9 + AHEAD, None),
			),
			("voucher_out_of_order", json!({ "sequence": 11 + AHEAD }), false, Remedy::None),
			("voucher_out_of_order", json!({ "sequence": u64::MAX }), false, Remedy::None),
			("voucher_out_of_order", json!({ "sequence": 0 }), false, Remedy::None),
			("voucher_out_of_order", none.clone(), false, Remedy::None),
			("voucher_out_of_order", json!({ "sequence": 2 }), false, Remedy::OtherLane),
			("voucher_already_used", none.clone(), false, Remedy::None),
			("acknowledged_mismatch", json!({ "acknowledged": "99" }), false, again(6, Some(99))),
			("acknowledged_mismatch", json!({ "acknowledged": "100" }), false, Remedy::None),
			(
				"acknowledged_mismatch",
				json!({ "acknowledged": "101" }),
				false,
				Remedy::Disputed(101),
			),
			("acknowledged_mismatch", json!({ "acknowledged": 99 }), false, Remedy::None),
			("session_unknown", none.clone(), true, Remedy::Wait),
			("session_unknown", none.clone(), false, Remedy::Retire),
			("session_underfunded", none.clone(), true, Remedy::Wait),
			("session_closing", none.clone(), true, Remedy::Retire),
			("lane_busy", json!({ "busy_with": 6 }), false, Remedy::Wait),
			("invalid_signature", none.clone(), false, Remedy::None),
			("whatever", none, false, Remedy::None),
		] {
			let tried = Tried { fresh, ..TRIED };
			assert_eq!(remedy(&refusal(code, details), tried), expected, "{code}");
		}
		let unused =
			Tried { sequence: 1, highest: 1, acknowledged: 0, stated: 0, charged: 0, ..TRIED };
		let other = refusal("lane_of_other_terms", Value::Null);
		assert_eq!(remedy(&other, unused), Remedy::OtherLane);
	}

	#[test]
	fn what_was_found_out_makes_up_for_what_a_voucher_lacked() {
		let tried = Tried { stated: 130, charged: 8, ..TRIED };
		let mismatch =
			|claimed: &str| refusal("acknowledged_mismatch", json!({ "acknowledged": claimed }));
		assert_eq!(remedy(&mismatch("130"), tried), again(8, None));
		assert_eq!(remedy(&mismatch("131"), tried), Remedy::Disputed(131));
		assert_eq!(remedy(&mismatch("129"), tried), again(8, Some(129)));
		let next = refusal("voucher_out_of_order", json!({ "sequence": 9 }));
		assert_eq!(remedy(&next, tried), again(8, None));
	}

	#[test]
	fn what_has_not_the_form_of_a_refusal_is_none() {
		let raw = json!({ "error": { "code": "lane_busy" } }).to_string();
		assert_eq!(remedy(&Refusal::of(409, &raw), TRIED), Remedy::None);
	}

	proptest! {
		/// Whatever a node says, it is never acknowledged more than it has signed for.
		#[test]
		fn a_node_cannot_talk_its_way_to_more(
			code in prop_oneof![
				Just("acknowledged_mismatch".to_owned()),
				Just("voucher_out_of_order".to_owned()),
				"[a-z_]{1,20}",
			],
			claimed: u128, expected: u64, sequence in 1u64.., more: u8, acknowledged: u128, fresh: bool,
			charged: u64,
		) {
			let details = json!({ "acknowledged": claimed.to_string(), "sequence": expected });
			let refusal = refusal(&code, details);
			let highest = sequence.saturating_add(more.into());
			let stated = acknowledged;
			let charged = charged.min(sequence - 1);
			let tried = Tried { sequence, highest, acknowledged, stated, charged, fresh };
			if let Remedy::Again(correction) = remedy(&refusal, tried) {
				prop_assert!(correction.acknowledged.is_none_or(|new| new < acknowledged));
				let new = correction.sequence.unwrap_or(charged);
				prop_assert!(new >= charged && new <= highest.saturating_add(AHEAD));
			}
		}
	}
}
