//! Questions about the state.

use crate::mock::*;
use frame_support::assert_ok;
use openledger_primitives::info::RequestInfo;

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
			max_charge: MAX_CHARGE,
			deadline: 11,
			cancelled_at: None,
			input: INPUT.to_vec(),
		};
		assert_eq!(Requests::request_info(0), Some(info.clone()));
		assert_eq!(Requests::request_info(1), None);
		assert_ok!(Requests::cancel_call(origin(CALLER), 0));
		info.cancelled_at = Some(5);
		assert_eq!(Requests::request_info(0), Some(info));
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
		assert_ok!(answer(NODE, 256));
		assert_eq!(ids(MODEL, 255, 2), vec![258, 260]);
	});
}
