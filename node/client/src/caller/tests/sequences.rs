//! A node that names the sequence of the next voucher.

use super::*;
use crate::caller::recovery::{last_named, AHEAD};
use openledger_primitives::Sequence;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn a_sequence_is_taken_from_a_node_within_bounds() {
	for (details, expected) in [
		(json!({ "sequence": 3 }), Some(2)),
		(json!({ "sequence": 7 }), Some(6)),
		(json!({ "sequence": 10 + AHEAD }), Some(9 + AHEAD)),
		(json!({ "sequence": 11 + AHEAD }), None),
		(json!({ "sequence": u64::MAX }), None),
		(json!({ "sequence": 0 }), None),
		(json!({ "sequence": "3" }), None),
		(Value::Null, None),
	] {
		assert_eq!(last_named(&details, 9), expected, "{details}");
	}
}

/// A lane ends with the last sequence: a node cannot bring it there by a word.
#[tokio::test]
async fn a_node_cannot_use_up_a_lane_by_its_word() {
	let call = |last: Sequence| async move {
		let world = World::new(10 * MOST).await;
		world.node.ledger.lock().unwrap().lanes.entry(0).or_default().sequence = last;
		(world.call(false).await, world.lane().await)
	};
	// An older state may have been put back.
	let (called, lane) = call(1 + AHEAD).await;
	assert_eq!(called.unwrap().statement.sequence, 2 + AHEAD);
	assert_eq!((lane.sequence, lane.acknowledged), (2 + AHEAD, CHARGE));
	for last in [2 + AHEAD, Sequence::MAX - 1] {
		let (called, lane) = call(last).await;
		let refused = called.unwrap_err();
		let CallerError::Refused { status, code, .. } = &refused else { panic!("{refused}") };
		assert_eq!((*status, code.as_str()), (409, "voucher_out_of_order"));
		assert!(lane.sequence <= 1 && lane.acknowledged == 0 && lane.open.is_none());
	}
}

/// What was signed once counts, whatever a node has said since.
#[tokio::test]
async fn the_bound_is_above_all_that_was_signed() {
	let world = World::new(10 * MOST).await;
	world.node.set(Mood::BreakOffMute);
	world.call(true).await.unwrap_err();
	let call = world.lane().await.open.unwrap();
	let signed = |sequence| OpenCall { sequence, ..call.clone() };
	let lane =
		KnownLane { sequence: 3, untaken: vec![signed(8), signed(5)], ..KnownLane::default() };
	assert_eq!(lane.highest(), 8);
	assert_eq!(KnownLane { open: Some(signed(9)), ..lane }.highest(), 9);
	assert_eq!(KnownLane { sequence: 3, ..KnownLane::default() }.highest(), 3);
}

proptest! {
	#[test]
	fn no_word_of_a_node_goes_beyond_the_bound(expected: u64, highest: u64) {
		if let Some(last) = last_named(&json!({ "sequence": expected }), highest) {
			prop_assert!(last <= highest.saturating_add(AHEAD));
		}
	}
}
