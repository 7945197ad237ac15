//! The remedy for a voucher that a node does not take.
//!
//! Nothing is asked or changed here. Each code that a node may have is named: one that comes new needs
//! an entry.

use openledger_payer_ledger::Correction;
use openledger_primitives::{Balance, BlockNumber, Hash, Sequence};
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
	/// The same, where the calls of a new lane are paid as of one of these blocks, if the chain agrees.
	AsOf(BlockNumber, BlockNumber),
	/// The same, if the chain has no terms for the lane that are good for the voucher.
	OutOfTerms,
	/// The same, if the chain has settled calls of the lane.
	LaneLost,
	/// The chain contradicts the node's reason: sign no other voucher for this call.
	Untrue,
	/// Use the session no more, and another one instead, if the chain agrees.
	Retire,
	/// Use the session no more, and ask another node.
	Useless,
	/// The node claims that the earlier calls cost more than it has signed for, in planck.
	Disputed(Balance),
	/// The node claims that the lane is for other terms than those of the calls that it has signed for.
	Contradicted,
	/// The node claims that the lane, on which nothing is known to have been charged, is for other terms.
	Occupied,
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
	/// The sum that it acknowledges, in planck, and the root of the list of these calls.
	pub acknowledged: (Balance, Hash),
	/// The same for the statements of its lane by now: earlier vouchers that were refused may have been taken
	/// after all.
	pub stated: (Balance, Hash),
	/// The block that calls of its lane are paid as of.
	pub as_of: BlockNumber,
	/// The last sequence of its lane that was charged.
	pub charged: Sequence,
	/// `true` if money was put into its session just now.
	pub fresh: bool,
}

/// The remedy for a refusal of a voucher.
pub fn remedy(refusal: &Refusal, tried: Tried) -> Remedy {
	let Some(code) = refusal.known_code() else { return Remedy::None };
	let Tried { sequence, highest, acknowledged, stated, as_of, charged, fresh } = tried;
	let before = sequence.saturating_sub(1);
	let again =
		|sequence: Sequence| Remedy::Again(Correction { sequence: Some(sequence.max(charged)) });
	match code {
		// The next offer has the new price, or the next voucher more time.
		RefusalCode::PriceChanged
		| RefusalCode::VersionChanged
		| RefusalCode::VoucherExpired
		| RefusalCode::VoucherValidTooLong
		| RefusalCode::InsufficientAuthorisation => again(before),
		// One sequence is as good as another: a record counts once for each, whatever it is. But a lane
		// ends with the last of them, and that is not for the node to say.
		RefusalCode::VoucherOutOfOrder => match expected_sequence(refusal) {
			// A sequence is charged once. What its node has lost the books of is left to other lanes.
			Some(last) if last < charged => Remedy::OtherLane,
			// What was found out just now may be all that is behind it.
			Some(last) if last == charged && charged > before => again(last),
			Some(last) if last != before && last <= highest.saturating_add(AHEAD) => again(last),
			_ => Remedy::None,
		},
		// Nothing that a statement was taken for is taken back: a node that has lost it, or has another one
		// in its place, gets other lanes. More needs statements.
		RefusalCode::AcknowledgedMismatch => match expected_acknowledgement(refusal) {
			Some(claimed) if claimed.0 > stated.0 => Remedy::Disputed(claimed.0),
			// It contradicts itself.
			Some(claimed) if claimed == acknowledged => Remedy::None,
			// What was found out just now makes up for it.
			Some(claimed) if claimed == stated => again(before),
			Some(_) => Remedy::OtherLane,
			None => Remedy::None,
		},
		// A block that it has not come to yet, or one before the session was opened in blocks that others have
		// replaced.
		RefusalCode::AsOfUnusable => match usable_blocks(refusal) {
			Some((from, until)) if from <= until && !(from..=until).contains(&as_of) => {
				Remedy::AsOf(from, until)
			}
			_ => Remedy::None,
		},
		// Others are paid for calls from some block on, or the node has not the books of what it has settled.
		RefusalCode::TermsChanged => Remedy::OutOfTerms,
		RefusalCode::LaneLost => Remedy::LaneLost,
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
		RefusalCode::LaneOfOtherTerms if stated.0 > 0 => Remedy::Contradicted,
		RefusalCode::LaneOfOtherTerms => Remedy::Occupied,
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

/// The sum that a node wants the next voucher of a lane to acknowledge, in planck, and the root.
fn expected_acknowledgement(refusal: &Refusal) -> Option<(Balance, Hash)> {
	match refusal.known_details()? {
		RefusalDetails::AcknowledgedMismatch { expected, root } => Some((expected, root)),
		_ => None,
	}
}

/// The first and the last block that calls of a new lane may be paid as of, by the node's word.
fn usable_blocks(refusal: &Refusal) -> Option<(BlockNumber, BlockNumber)> {
	match refusal.known_details()? {
		RefusalDetails::AsOfUnusable { from, until } => Some((from, until)),
		_ => None,
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;
	use serde_json::{json, Value};

	const ROOT: Hash = Hash::repeat_byte(1);
	const OTHER: Hash = Hash::repeat_byte(2);

	const TRIED: Tried = Tried {
		sequence: 7,
		highest: 9,
		acknowledged: (100, ROOT),
		stated: (100, ROOT),
		as_of: 50,
		charged: 2,
		fresh: false,
	};

	fn refusal(code: &str, details: Value) -> Refusal {
		let body = json!({
			"error": { "message": "no", "type": "payment_error", "code": code },
			"openledger": details,
		});
		Refusal::of(402, &body.to_string())
	}

	fn again(sequence: Sequence) -> Remedy {
		Remedy::Again(Correction { sequence: Some(sequence) })
	}

	fn mismatch(claimed: &str, root: Hash) -> Refusal {
		let details = json!({ "acknowledged": claimed, "acknowledged_root": root });
		refusal("acknowledged_mismatch", details)
	}

	#[test]
	fn vouchers_are_corrected_where_it_does_no_harm() {
		let none = Value::Null;
		for (code, details, fresh, expected) in [
			("price_changed", none.clone(), false, again(6)),
			("version_changed", none.clone(), false, again(6)),
			("lane_of_other_terms", none.clone(), false, Remedy::Contradicted),
			("terms_changed", none.clone(), false, Remedy::OutOfTerms),
			("lane_lost", none.clone(), false, Remedy::LaneLost),
			("session_of_other_caller", none.clone(), true, Remedy::Useless),
			("voucher_out_of_order", json!({ "sequence": 3 }), false, again(2)),
			("voucher_out_of_order", json!({ "sequence": 7 }), false, Remedy::None),
			("voucher_out_of_order", json!({ "sequence": 10 + AHEAD }), false, again(9 + AHEAD)),
			("voucher_out_of_order", json!({ "sequence": 11 + AHEAD }), false, Remedy::None),
			("voucher_out_of_order", json!({ "sequence": u64::MAX }), false, Remedy::None),
			("voucher_out_of_order", json!({ "sequence": 0 }), false, Remedy::None),
			("voucher_out_of_order", none.clone(), false, Remedy::None),
			("voucher_out_of_order", json!({ "sequence": 2 }), false, Remedy::OtherLane),
			("voucher_already_used", none.clone(), false, Remedy::None),
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
		let nothing = (0, ROOT);
		let unused = Tried { sequence: 1, highest: 1, charged: 0, ..TRIED };
		let unused = Tried { acknowledged: nothing, stated: nothing, ..unused };
		let other = refusal("lane_of_other_terms", Value::Null);
		assert_eq!(remedy(&other, unused), Remedy::Occupied);
	}

	#[test]
	fn what_was_acknowledged_is_never_taken_back() {
		for (claimed, root, expected) in [
			("99", ROOT, Remedy::OtherLane),
			("99", OTHER, Remedy::OtherLane),
			("100", OTHER, Remedy::OtherLane),
			("100", ROOT, Remedy::None),
			("101", ROOT, Remedy::Disputed(101)),
			("101", OTHER, Remedy::Disputed(101)),
		] {
			assert_eq!(remedy(&mismatch(claimed, root), TRIED), expected, "{claimed} {root}");
		}
		let unreadable = refusal("acknowledged_mismatch", json!({ "acknowledged": "99" }));
		assert_eq!(remedy(&unreadable, TRIED), Remedy::None);
	}

	#[test]
	fn what_was_found_out_makes_up_for_what_a_voucher_lacked() {
		let tried = Tried { stated: (130, OTHER), charged: 8, ..TRIED };
		assert_eq!(remedy(&mismatch("130", OTHER), tried), again(8));
		assert_eq!(remedy(&mismatch("131", OTHER), tried), Remedy::Disputed(131));
		assert_eq!(remedy(&mismatch("129", OTHER), tried), Remedy::OtherLane);
		assert_eq!(remedy(&mismatch("130", ROOT), tried), Remedy::OtherLane);
		// Also what has cost nothing.
		let tried = Tried { stated: (100, OTHER), charged: 8, ..TRIED };
		assert_eq!(remedy(&mismatch("100", OTHER), tried), again(8));
		let next = refusal("voucher_out_of_order", json!({ "sequence": 9 }));
		assert_eq!(remedy(&next, tried), again(8));
	}

	#[test]
	fn a_new_lane_is_paid_as_of_a_block_that_its_node_can_use() {
		let unusable = |from: u32, until: u32| {
			remedy(&refusal("as_of_unusable", json!({ "from": from, "until": until })), TRIED)
		};
		assert_eq!(unusable(10, 49), Remedy::AsOf(10, 49));
		assert_eq!(unusable(51, 60), Remedy::AsOf(51, 60));
		assert_eq!(unusable(10, 50), Remedy::None, "it contradicts itself");
		assert_eq!(unusable(49, 48), Remedy::None, "there is no such block");
		assert_eq!(remedy(&refusal("as_of_unusable", Value::Null), TRIED), Remedy::None);
	}

	#[test]
	fn what_has_not_the_form_of_a_refusal_is_none() {
		let raw = json!({ "error": { "code": "lane_busy" } }).to_string();
		assert_eq!(remedy(&Refusal::of(409, &raw), TRIED), Remedy::None);
	}

	proptest! {
		/// Whatever a node says, its lane goes on where it can be by what is known.
		#[test]
		fn a_node_cannot_talk_its_way_to_more(
			code in prop_oneof![
				Just("acknowledged_mismatch".to_owned()),
				Just("voucher_out_of_order".to_owned()),
				"[a-z_]{1,20}",
			],
			claimed: u128, expected: u64, sequence in 1u64.., more: u8, acknowledged: u128, fresh: bool,
			charged: u64, same: bool,
		) {
			let root = if same { ROOT } else { OTHER };
			let details = json!({
				"acknowledged": claimed.to_string(), "acknowledged_root": root, "sequence": expected,
			});
			let refusal = refusal(&code, details);
			let highest = sequence.saturating_add(more.into());
			let stated = (acknowledged, ROOT);
			let charged = charged.min(sequence - 1);
			let tried = Tried { sequence, highest, acknowledged: stated, stated, charged, fresh, ..TRIED };
			if let Remedy::Again(correction) = remedy(&refusal, tried) {
				let new = correction.sequence.unwrap_or(charged);
				prop_assert!(new >= charged && new <= highest.saturating_add(AHEAD));
			}
		}
	}
}
