//! Answering, and being paid for it.

use crate::{mock::*, types::RequestOutput, Error, Event, WeightInfo};
use frame_support::{
	assert_noop, assert_ok,
	storage::with_storage_layer,
	traits::{LockableCurrency, WithdrawReasons},
};
use openledger_primitives::{
	price::PriceSchedule,
	record::{CallPayment, RejectReason},
	Balance,
};
use proptest::prelude::*;

/// Answers as the node with a version and token counts of its own.
fn answer_with(version: u32, input_tokens: u32, output_tokens: u32) -> PostInfo {
	let output = output(OUTPUT);
	let attribution = attribution(0);
	Requests::fulfil_call(
		origin(NODE),
		0,
		output,
		input_tokens,
		output_tokens,
		version,
		attribution,
	)
}

#[test]
fn an_answer_is_paid_and_the_rest_released() {
	run(|| {
		Nodes::set_payee(NODE, STRANGER);
		request();
		assert_ok!(answer(NODE, 0));

		let charge = call_charge();
		assert_eq!(held(CALLER), (0, 0));
		assert_eq!(total(CALLER), WEALTH - charge);
		let tenth = charge / 10;
		let half = (charge - 2 * tenth) / 2;
		let rest = charge - 2 * tenth - half;
		assert_eq!((total(NODE), total(STRANGER)), (WEALTH, WEALTH + half));
		assert_eq!(total(DEVELOPER), WEALTH + rest);
		assert_eq!((total(PROTOCOL), total(DATA)), (WEALTH + tenth, WEALTH + tenth));
		assert!(crate::Requests::<Test>::get(0).is_none());
		System::assert_last_event(
			Event::CallFulfilled {
				request: 0,
				caller: account(CALLER),
				node: account(NODE),
				payee: account(STRANGER),
				developer: account(DEVELOPER),
				model: MODEL,
				version: 0,
				price_version: 0,
				input_tokens: INPUT_TOKENS,
				output_tokens: OUTPUT_TOKENS,
				charge,
				released: MAX_CHARGE - charge,
				input_hash: sp_io::hashing::blake2_256(INPUT).into(),
				output_hash: sp_io::hashing::blake2_256(OUTPUT).into(),
				output: output(OUTPUT),
				attribution: attribution(2),
				payment: CallPayment {
					protocol: tenth,
					developer: rest,
					node: half,
					data: tenth,
					..Default::default()
				},
			}
			.into(),
		);
	});
}

#[test]
fn a_call_is_answered_once() {
	run(|| {
		request();
		assert_ok!(answer(NODE, 0));
		assert_noop!(answer(OTHER_NODE, 0), Error::<Test>::UnknownRequest);
	});
}

#[test]
fn the_price_of_the_request_applies() {
	run(|| {
		request();
		Models::change(MODEL, |model| model.in_force = Some((1, 1)));
		assert_ok!(answer_with(1, INPUT_TOKENS, OUTPUT_TOKENS));
		assert_eq!(total(CALLER), WEALTH - call_charge());
	});
}

#[test]
fn a_model_that_was_paused_since_still_answers() {
	run(|| {
		request();
		Models::change(MODEL, |model| model.callable = false);
		assert_ok!(answer(NODE, 0));
	});
}

#[test]
fn the_last_block_is_the_deadline() {
	run(|| {
		let (first, second) = (request(), request());
		go_to(11);
		assert_ok!(answer(NODE, first));
		go_to_without_sweep(12);
		assert_noop!(answer(NODE, second), Error::<Test>::DeadlinePassed);
	});
}

#[test]
fn only_the_named_node_answers() {
	run(|| {
		assert_ok!(try_request(Some(NODE), MAX_CHARGE, 11));
		assert_noop!(answer(OTHER_NODE, 0), Error::<Test>::NotNamedNode);
		assert_ok!(answer(NODE, 0));
	});
}

#[test]
fn only_active_nodes_that_serve_the_model_answer() {
	run(|| {
		assert_ok!(try_request(Some(NODE), MAX_CHARGE, 11));
		request();
		assert_noop!(answer(STRANGER, 1), Error::<Test>::ModelNotServed);
		Nodes::set(NODE, MODEL, false);
		assert_noop!(answer(NODE, 0), Error::<Test>::ModelNotServed);
		assert_noop!(answer(NODE, 1), Error::<Test>::ModelNotServed);
		assert_ok!(answer(OTHER_NODE, 1));
	});
}

#[test]
fn an_answer_has_no_more_tokens_than_bytes() {
	run(|| {
		request();
		let most = u32::try_from(OUTPUT.len()).unwrap() + 1;
		assert_noop!(answer_with(0, 1, most + 1), Error::<Test>::TooManyTokens);
		assert_noop!(answer_with(0, 1, u32::MAX), Error::<Test>::TooManyTokens);
		assert_noop!(answer_with(0, u32::MAX, 1), Error::<Test>::TooManyTokens);
		assert_ok!(answer_with(0, 1, most));
	});
}

#[test]
fn the_answer_may_be_as_long_as_an_output() {
	run(|| {
		Models::change(MODEL, |model| model.price.per_output_token = 1);
		request();
		let longest = vec![b'x'; openledger_primitives::MAX_REQUEST_OUTPUT as usize];
		let output = RequestOutput::try_from(longest).unwrap();
		assert_ok!(Requests::fulfil_call(origin(NODE), 0, output, 0, 8_193, 0, attribution(8)));
	});
}

#[test]
fn an_older_version_may_not_answer() {
	run(|| {
		Models::change(MODEL, |model| model.in_force = Some((2, 0)));
		request();
		assert_noop!(answer_with(1, 1, 1), Error::<Test>::VersionTooOld);
		assert_noop!(answer_with(3, 1, 1), Error::<Test>::UnknownVersion);
		Models::change(MODEL, |model| model.in_force = Some((3, 0)));
		assert_ok!(answer_with(3, 1, 1));
	});
}

#[test]
fn what_the_registry_refuses_is_said() {
	run(|| {
		request();
		for (reason, error) in [
			(RejectReason::UnknownModel, Error::<Test>::UnknownModel),
			(RejectReason::UnknownVersion, Error::<Test>::UnknownVersion),
			(RejectReason::UnknownPrice, Error::<Test>::PriceExpired),
			(RejectReason::PriceExpired, Error::<Test>::PriceExpired),
			(RejectReason::NotInForce, Error::<Test>::VersionNotInForce),
			(RejectReason::VersionExpired, Error::<Test>::VersionExpired),
			(RejectReason::ModelRetired, Error::<Test>::ModelRetired),
			(RejectReason::RequestMismatch, Error::<Test>::NoTerms),
		] {
			Models::change(MODEL, |model| model.refusal = Some(reason));
			assert_noop!(answer(NODE, 0), error);
		}
	});
}

#[test]
fn a_charge_must_fit_a_balance() {
	run(|| {
		request();
		Models::change(MODEL, |model| {
			model.price = PriceSchedule { per_input_token: u128::MAX, ..model.price };
		});
		assert_noop!(answer_with(0, 2, 0), Error::<Test>::ChargeOverflow);
	});
}

#[test]
fn a_caller_never_pays_more_than_agreed() {
	run(|| {
		assert_ok!(try_request(None, call_charge() - 1, 11));
		assert_noop!(answer(NODE, 0), Error::<Test>::AboveMaxCharge);
		assert_ok!(try_request(None, call_charge(), 11));
		assert_ok!(answer(NODE, 1));
		assert_eq!(held(CALLER), (call_charge() - 1, deposit()));
	});
}

#[test]
fn a_lock_does_not_keep_what_was_promised() {
	run(|| {
		request();
		Balances::set_lock(*b"purposes", &account(CALLER), u128::MAX, WithdrawReasons::all());
		assert_ok!(answer(NODE, 0));
		assert_eq!(total(CALLER), WEALTH - call_charge());
	});
}

#[test]
fn a_charge_that_is_not_split_is_not_taken() {
	run(|| {
		request();
		ForgetPayment::set(true);
		let result = with_storage_layer(|| answer(NODE, 0).map_err(|error| error.error));
		assert_eq!(result.unwrap_err(), Error::<Test>::NotDistributed.into());
		assert_eq!(total(CALLER), WEALTH);
		assert_eq!(held(CALLER), (MAX_CHARGE, deposit()));
	});
}

#[test]
fn a_node_may_ask_itself() {
	run(|| {
		let ask = Requests::request_call(origin(NODE), MODEL, None, input(INPUT), MAX_CHARGE, 11);
		assert_ok!(ask);
		assert_ok!(answer(NODE, 0));
		// It has paid all parts but its own.
		let charge = call_charge();
		assert_eq!(total(NODE), WEALTH - charge + (charge - 2 * (charge / 10)) / 2);
	});
}

#[test]
fn an_answer_pays_for_the_attribution_it_has() {
	run(|| {
		request();
		let length = u32::try_from(OUTPUT.len()).unwrap();
		let weight = |a, s| Some(<() as WeightInfo>::fulfil_call(length, a, s));
		assert_eq!(answer(NODE, 0).unwrap().actual_weight, weight(2, 1));
		// This one pays no data, so nobody looks at the attribution.
		let ask = |id| {
			assert_ok!(Requests::request_call(
				origin(CALLER),
				OTHER_MODEL,
				None,
				input(INPUT),
				MAX_CHARGE,
				11
			));
			answer(NODE, id).unwrap().actual_weight
		};
		assert_eq!(ask(1), weight(0, 0));
	});
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	/// Whatever was agreed and however much was used: the caller pays the price of it, or nothing.
	#[test]
	fn the_charge_is_the_price_within_what_was_agreed(
		max_charge in PRICE..20 * PRICE, input_tokens in 0u32..1_000, output_tokens in 0u32..30
	) {
		new_test_ext().execute_with(|| {
			assert_ok!(try_request(None, max_charge, 11));
			let charge = PRICE + Balance::from(input_tokens + output_tokens) * (PRICE / 100);
			let answered = with_storage_layer(|| {
				answer_with(0, input_tokens, output_tokens).map_err(|error| error.error)
			});
			let plausible = output_tokens <= u32::try_from(OUTPUT.len()).unwrap() + 1;
			prop_assert_eq!(answered.is_ok(), plausible && charge <= max_charge);
			let paid = if answered.is_ok() { charge } else { 0 };
			prop_assert_eq!(total(CALLER), WEALTH - paid);
			prop_assert_eq!(Balances::total_issuance(), issuance());
			Requests::do_try_state().unwrap();
			Ok(())
		})?;
	}
}

fn issuance() -> Balance {
	WEALTH * Balance::try_from(PEOPLE.len()).unwrap() + openledger_primitives::MILLI_OPEN
}
