//! Questions about the state.

use crate::mock::*;
use frame_support::assert_ok;
use openledger_primitives::{
	info::{ClaimInfo, EndInfo, RefusalInfo, RequestInfo},
	on_chain::{DeclineReason, Refusal},
};

#[test]
fn a_request_tells_all_that_a_node_needs() {
	run(|| {
		Models::replace(MODEL, 1, 2);
		assert_ok!(try_request(Some(NODE), MAX_CHARGE, 11));
		let mut info = RequestInfo {
			id: 0,
			caller: account(CALLER),
			model: MODEL,
			node: Some(account(NODE)),
			version: 1,
			price_version: 2,
			asked_at: 1,
			max_charge: MAX_CHARGE,
			deadline: 11,
			cancelled_at: None,
			most_input_tokens: 17 + OVERHEAD,
			claim: None,
			refusals: Vec::new(),
			input: "what is a ledger?".into(),
		};
		assert_eq!(Requests::request_info(0), Some(info.clone()));
		assert_eq!(info.agreement(), crate::Requests::<Test>::get(0).unwrap().agreement());
		assert_eq!(Requests::request_info(1), None);
		assert_ok!(Requests::cancel_call(origin(CALLER), 0));
		info.cancelled_at = Some(5);
		assert_eq!(Requests::request_info(0), Some(info));
	});
}

#[test]
fn a_request_tells_who_is_at_work_and_who_would_not_be() {
	run(|| {
		let id = request();
		assert_ok!(decline(OTHER_NODE, id));
		claim(NODE, id);
		let info = Requests::request_info(id).unwrap();
		let claim = ClaimInfo { node: account(NODE), deposit: ClaimDeposit::get(), until: 6 };
		assert_eq!(info.claim, Some(claim));
		let refusal = Refusal::Declined(DeclineReason::TooDear);
		assert_eq!(info.refusals, [RefusalInfo { node: account(OTHER_NODE), refusal }]);
	});
}

#[test]
fn an_answer_can_be_read_after_its_event_is_gone() {
	run(|| {
		let id = asked();
		assert_eq!(Requests::outcome_info(id), None);
		assert_ok!(answer_with_all(NODE, id, output("é".as_bytes()), 1, 1, attribution(0)));
		let charge = fulfilled().call.charge;
		let outcome = Requests::outcome_info(id).unwrap();
		assert_eq!((outcome.id, outcome.model, outcome.caller), (id, MODEL, account(CALLER)));
		assert_eq!((outcome.at, outcome.until), (2, 32));
		let output = "é".to_string();
		assert_eq!(outcome.end, EndInfo::Answered { node: account(NODE), charge, output });
		assert_eq!(Requests::request_info(id), None);
	});
}

#[test]
fn why_a_named_node_did_not_answer_can_be_read() {
	run(|| {
		assert_ok!(try_request(Some(NODE), MAX_CHARGE, 11));
		assert_ok!(decline(NODE, 0));
		let outcome = Requests::outcome_info(0).unwrap();
		let reason = DeclineReason::TooDear;
		assert_eq!(outcome.end, EndInfo::Declined { node: account(NODE), reason });
		assert_eq!(outcome.deposit, DepositBase::get());
	});
}

#[test]
fn the_requests_of_a_model_come_in_order_and_in_pages() {
	run(|| {
		// Enough for the order of bytes to matter.
		crate::NextRequestId::<Test>::put(250);
		for deadline in 0..20 {
			request_until(20 + deadline);
			assert_ok!(Requests::request_call(
				origin(OTHER_CALLER),
				OTHER_MODEL,
				None,
				input(INPUT),
				MAX_CHARGE,
				40 + deadline,
			));
		}
		let ids = |model, from, limit| -> Vec<u64> {
			Requests::requests(model, from, limit).into_iter().map(|info| info.id).collect()
		};
		let all: Vec<u64> = (250..290).step_by(2).collect();
		assert_eq!(ids(MODEL, 0, u32::MAX), all);
		assert_eq!(ids(MODEL, 250, 3), vec![250, 252, 254]);
		assert_eq!(ids(MODEL, 255, 3), vec![256, 258, 260]);
		assert_eq!(ids(MODEL, 256, 1), vec![256]);
		assert_eq!(ids(MODEL, 289, 256), Vec::<u64>::new());
		assert_eq!(ids(MODEL, u64::MAX, 256), Vec::<u64>::new());
		assert_eq!(ids(MODEL, 0, 0), Vec::<u64>::new());
		assert_eq!(ids(OTHER_MODEL, 0, 2), vec![251, 253]);
		assert_eq!(ids(9, 0, 256), Vec::<u64>::new());

		go_to_without_sweep(2);
		claim(NODE, 256);
		assert_ok!(answer(NODE, 256));
		assert_eq!(ids(MODEL, 255, 2), vec![258, 260]);
	});
}
