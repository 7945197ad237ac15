//! What to do about a voucher that a node does not take.

use openledger_primitives::{Balance, Sequence};
use serde_json::Value;

use crate::{ledger::Correction, node::api::Refusal};

/// What to do.
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
	/// What it acknowledges, in planck.
	pub acknowledged: Balance,
	/// Whether money was put into its session just now.
	pub fresh: bool,
}

/// What to do about a refusal of a voucher.
pub fn remedy(refusal: &Refusal, tried: Tried) -> Remedy {
	let Tried { sequence, highest, acknowledged, fresh } = tried;
	let before = Some(sequence.saturating_sub(1));
	match refusal.code.as_str() {
		// The next offer has the new price, or the next voucher more time.
		"price_changed"
		| "version_changed"
		| "voucher_expired"
		| "voucher_valid_too_long"
		| "insufficient_authorisation" => {
			Remedy::Again(Correction { sequence: before, acknowledged: None })
		}
		// One sequence is as good as another: a record counts once for each, whatever it is. But a lane
		// ends with the last of them, and that is not for the node to say.
		"voucher_out_of_order" => {
			let expected = refusal.details.get("sequence").and_then(Value::as_u64);
			match expected.and_then(|expected| expected.checked_sub(1)) {
				Some(last) if Some(last) != before && last <= highest.saturating_add(AHEAD) => {
					Remedy::Again(Correction { sequence: Some(last), acknowledged: None })
				}
				_ => Remedy::None,
			}
		}
		"voucher_already_used" => {
			Remedy::Again(Correction { sequence: Some(sequence), acknowledged: None })
		}
		// Less than the statements say is welcome; more needs a statement.
		"acknowledged_mismatch" => {
			let expected = refusal.details.get("acknowledged").and_then(Value::as_str);
			match expected.and_then(|expected| expected.parse::<Balance>().ok()) {
				Some(claimed) if claimed < acknowledged => {
					Remedy::Again(Correction { sequence: before, acknowledged: Some(claimed) })
				}
				Some(claimed) if claimed > acknowledged => Remedy::Disputed(claimed),
				_ => Remedy::None,
			}
		}
		"session_unknown" | "session_underfunded" | "spending_limit_reached" if fresh => {
			Remedy::Wait
		}
		"lane_busy" => Remedy::Wait,
		"session_of_other_caller" => Remedy::Useless,
		// There are so many of them in a session, and what is in it can be had back.
		"lane_of_other_terms" if acknowledged > 0 => Remedy::Contradicted,
		"lane_of_other_terms" => Remedy::OtherLane,
		"session_unknown"
		| "session_underfunded"
		| "session_expired"
		| "session_closing"
		| "spending_limit_reached"
		| "session_of_other_node" => Remedy::Retire,
		_ => Remedy::None,
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;
	use serde_json::json;

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
			("voucher_already_used", none.clone(), false, again(7, None)),
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
			let tried = Tried { sequence: 7, highest: 9, acknowledged: 100, fresh };
			assert_eq!(remedy(&refusal(code, details), tried), expected, "{code}");
		}
		let unused = Tried { sequence: 1, highest: 1, acknowledged: 0, fresh: false };
		let other = refusal("lane_of_other_terms", Value::Null);
		assert_eq!(remedy(&other, unused), Remedy::OtherLane);
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
		) {
			let details = json!({ "acknowledged": claimed.to_string(), "sequence": expected });
			let refusal = refusal(&code, details);
			let highest = sequence.saturating_add(more.into());
			let tried = Tried { sequence, highest, acknowledged, fresh };
			if let Remedy::Again(correction) = remedy(&refusal, tried) {
				prop_assert!(correction.acknowledged.is_none_or(|new| new < acknowledged));
				prop_assert!(correction.sequence.is_none_or(|new| new <= highest.saturating_add(AHEAD)));
			}
		}
	}
}
