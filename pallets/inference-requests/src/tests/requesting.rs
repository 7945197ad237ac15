//! Asking.

use crate::{
	mock::*,
	types::{Outcome, Request},
	Deadlines, Error, Event, NextRequestId, SLOT_SEARCH,
};
use codec::MaxEncodedLen;
use frame_support::{assert_noop, assert_ok, dispatch::GetDispatchInfo};
use openledger_primitives::{
	lane::RejectReason, on_chain::CALLS_FROM, AccountId, Balance, MAX_REQUEST_INPUT,
	MAX_REQUEST_OUTPUT, OPEN,
};
use sp_runtime::{DispatchError, TokenError};

#[test]
fn a_request_holds_the_most_it_may_cost_and_a_deposit() {
	run(|| {
		Models::replace(MODEL, 3, 5);
		assert_ok!(try_request(Some(NODE), MAX_CHARGE, 11));

		assert_eq!(held(CALLER), (MAX_CHARGE, deposit()));
		assert_eq!(total(CALLER), WEALTH);
		let request = crate::Requests::<Test>::get(0).unwrap();
		let Request { version, price_version, asked_at, .. } = request;
		assert_eq!((version, price_version, asked_at), (3, 5, 1));
		// A token a byte, and what the template adds.
		assert_eq!(request.most_input_tokens, 17 + OVERHEAD);
		assert_eq!((request.claim, request.refusals.len()), (None, 0));
		assert_eq!(request.slot, Some(12));
		let hash = sp_io::hashing::blake2_256(INPUT).into();
		System::assert_last_event(
			Event::CallRequested {
				request: 0,
				caller: account(CALLER),
				model: MODEL,
				node: Some(account(NODE)),
				version: 3,
				price_version: 5,
				max_charge: MAX_CHARGE,
				deposit: deposit(),
				deadline: 11,
				input_hash: hash,
			}
			.into(),
		);
	});
}

#[test]
fn a_request_is_as_large_as_documented() {
	assert_eq!(Request::<AccountId, u32>::max_encoded_len(), 489);
	assert_eq!(Outcome::<AccountId, u32>::max_encoded_len(), 8_308);
}

/// Whoever has asked can keep the answer, however long it is.
#[test]
fn the_deposit_is_enough_for_the_longest_input_and_the_longest_answer() {
	run(|| {
		let longest = vec![b'x'; MAX_REQUEST_INPUT as usize];
		let ask = |bytes: &[u8]| {
			Requests::request_call(origin(CALLER), MODEL, None, input(bytes), MAX_CHARGE, 11)
		};
		assert_ok!(ask(b"x"));
		let one = held(CALLER).1;
		assert_ok!(ask(&longest));
		assert_eq!(held(CALLER).1, 2 * one);
		assert_eq!(one, OPEN + Balance::from(MAX_REQUEST_OUTPUT) * DepositPerByte::get());
	});
}

#[test]
fn a_free_model_can_be_asked_for_nothing() {
	run(|| {
		Models::change(MODEL, |model| model.price = Default::default());
		assert_ok!(try_request(None, 0, 11));
		assert_eq!(held(CALLER), (0, deposit()));
		go_to(2);
		claim(NODE, 0);
		assert_ok!(answer(NODE, 0));
		assert_eq!(total(CALLER), WEALTH);
	});
}

#[test]
fn an_empty_input_asks_nothing() {
	run(|| {
		let ask = Requests::request_call(origin(CALLER), MODEL, None, input(b""), MAX_CHARGE, 11);
		assert_eq!(ask.unwrap_err().error, Error::<Test>::EmptyInput.into());
	});
}

#[test]
fn the_model_must_exist_and_take_calls() {
	run(|| {
		assert_noop!(
			Requests::request_call(origin(CALLER), 9, None, input(INPUT), MAX_CHARGE, 11),
			Error::<Test>::UnknownModel
		);
		Models::change(MODEL, |model| model.callable = false);
		assert_noop!(try_request(None, MAX_CHARGE, 11), Error::<Test>::ModelNotCallable);
	});
}

#[test]
fn the_model_must_have_terms() {
	run(|| {
		Models::change(MODEL, |model| model.in_force.clear());
		assert_noop!(try_request(None, MAX_CHARGE, 11), Error::<Test>::NoTerms);
		Models::replace(MODEL, 0, 0);
		Models::change(MODEL, |model| model.refusal = Some(RejectReason::AboveAcknowledged));
		assert_noop!(try_request(None, MAX_CHARGE, 11), Error::<Test>::NoTerms);
	});
}

#[test]
fn nobody_is_asked_who_could_not_be_paid() {
	run(|| {
		SplitRefuses::set(Some(RejectReason::NoPayableSource));
		assert_noop!(try_request(None, MAX_CHARGE, 11), Error::<Test>::NoPayableSource);
	});
}

#[test]
fn a_named_node_must_serve_the_model() {
	run(|| {
		assert_noop!(try_request(Some(STRANGER), MAX_CHARGE, 11), Error::<Test>::ModelNotServed);
		assert_ok!(try_request(Some(OTHER_NODE), MAX_CHARGE, 11));
	});
}

#[test]
fn the_deadline_is_neither_too_near_nor_too_far() {
	run(|| {
		assert_noop!(try_request(None, MAX_CHARGE, 2), Error::<Test>::DeadlineTooSoon);
		assert_ok!(try_request(None, MAX_CHARGE, 3));
		assert_ok!(try_request(None, MAX_CHARGE, 101));
		assert_noop!(try_request(None, MAX_CHARGE, 102), Error::<Test>::DeadlineTooLate);
	});
}

#[test]
fn the_charge_must_cover_a_call_without_tokens() {
	run(|| {
		assert_noop!(try_request(None, PRICE - 1, 11), Error::<Test>::MaxChargeTooSmall);
		assert_ok!(try_request(None, PRICE, 11));
	});
}

#[test]
fn the_caller_must_have_the_funds() {
	run(|| {
		let unavailable = DispatchError::Token(TokenError::FundsUnavailable);
		assert_noop!(try_request(None, WEALTH + 1, 11), unavailable);
		assert_noop!(try_request(None, u128::MAX, 11), unavailable);
		// Enough for the call, but not for the deposit as well.
		let result = frame_support::storage::with_storage_layer(|| {
			try_request(None, WEALTH - OPEN_TO_KEEP, 11).map_err(|error| error.error)
		});
		assert_eq!(result, Err(unavailable));
		assert_eq!(held(CALLER), (0, 0));
	});
}

/// More than the existential deposit, less than the deposit of a request.
const OPEN_TO_KEEP: Balance = openledger_primitives::OPEN / 2;

#[test]
fn the_deposit_must_fit_a_balance() {
	run(|| {
		DepositPerByte::set(u128::MAX);
		assert_noop!(try_request(None, MAX_CHARGE, 11), Error::<Test>::Overflow);
	});
}

#[test]
fn ids_are_never_reused() {
	run(|| {
		// Each stands for a session, and there are no more of those.
		NextRequestId::<Test>::put(CALLS_FROM);
		assert_noop!(try_request(None, MAX_CHARGE, 11), Error::<Test>::IdsExhausted);
		NextRequestId::<Test>::put(CALLS_FROM - 1);
		assert_ok!(try_request(None, MAX_CHARGE, 11));
		assert_eq!(NextRequestId::<Test>::get(), CALLS_FROM);
	});
}

#[test]
fn a_full_slot_passes_requests_on_until_the_search_ends() {
	run(|| {
		let room = SLOT_SEARCH * MaxPerSlot::get();
		for id in 0..room {
			let post = try_request(None, MAX_CHARGE, 11).unwrap();
			let passed = id / MaxPerSlot::get();
			assert_eq!(Deadlines::<Test>::decode_len(12 + passed).unwrap() as u32, id % 2 + 1);
			let slot = crate::Requests::<Test>::get(u64::from(id)).unwrap().slot;
			assert_eq!(slot, Some(12 + passed));
			// Who has less to search pays less.
			let length = u32::try_from(INPUT.len()).unwrap();
			let weight = <() as crate::WeightInfo>::request_call(length, passed);
			assert_eq!(post.actual_weight, Some(weight));
		}
		// Now there is none for it.
		let post = try_request(None, MAX_CHARGE, 11).unwrap();
		assert_eq!(crate::Requests::<Test>::get(u64::from(room)).unwrap().slot, None);
		let length = u32::try_from(INPUT.len()).unwrap();
		let weight = <() as crate::WeightInfo>::request_call(length, SLOT_SEARCH);
		assert_eq!(post.actual_weight, Some(weight));
		// With another deadline there is.
		assert_ok!(try_request(None, MAX_CHARGE, 13));
		assert_eq!(crate::Requests::<Test>::get(u64::from(room) + 1).unwrap().slot, Some(28));
	});
}

#[test]
fn the_weight_before_the_call_is_the_worst() {
	let call = crate::Call::<Test>::request_call {
		model: MODEL,
		node: None,
		input: input(INPUT),
		max_charge: MAX_CHARGE,
		deadline: 11,
	};
	let length = u32::try_from(INPUT.len()).unwrap();
	assert_eq!(
		call.get_dispatch_info().call_weight,
		<() as crate::WeightInfo>::request_call(length, SLOT_SEARCH)
	);
}
