//! Answering, and being paid for it.

use crate::{mock::*, Error, Event, WeightInfo};
use frame_support::{
	assert_noop, assert_ok,
	storage::with_storage_layer,
	traits::{LockableCurrency, WithdrawReasons},
};
use openledger_primitives::{
	answer::Evidence,
	lane::{
		payouts, recompute, Agreement, Attribution, AttributionShare, FulfilledCall, LanePayouts,
		Mismatch, RejectReason, Statement,
	},
	on_chain::call_session,
	price::PriceSchedule,
	signing::Signed,
	traits::Role,
	Balance, ContributionId, Signature,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Answers as the node with token counts of its own.
fn answer_with(input_tokens: u32, output_tokens: u32) -> PostInfo {
	answer_attributed(input_tokens, output_tokens, attribution(0))
}

fn answer_attributed(input_tokens: u32, output_tokens: u32, attribution: Attribution) -> PostInfo {
	answer_with_all(NODE, 0, output(OUTPUT), input_tokens, output_tokens, attribution)
}

fn shares(entries: &[(ContributionId, u16)]) -> Attribution {
	let share = |(contribution, basis_points): &(ContributionId, u16)| AttributionShare {
		contribution: *contribution,
		basis_points: *basis_points,
	};
	entries.iter().map(share).collect::<Vec<_>>().try_into().unwrap()
}

/// Everybody's payouts of a call, worked out again from its event.
fn payouts_of(call: &FulfilledCall) -> LanePayouts {
	let (lane, item) = call.as_lane(0);
	payouts(&lane, &[item]).unwrap()
}

#[test]
fn an_answer_is_paid_and_the_rest_released() {
	run(|| {
		Nodes::set_payee(NODE, STRANGER);
		asked();

		assert_ok!(answer(NODE, 0));

		let charge = call_charge();
		assert_eq!(held(CALLER), (0, kept_deposit()));
		assert_eq!(total(CALLER), WEALTH - charge);
		assert!(crate::Requests::<Test>::get(0).is_none());
		let call = fulfilled();
		assert_eq!(call.caller, account(CALLER));
		assert_eq!((&call.node, &call.node_payee), (&account(NODE), &account(STRANGER)));
		let agreement = Agreement {
			model: MODEL,
			version: 0,
			price_version: 0,
			as_of: 1,
			evidence: Evidence::Open,
			own_price: None,
		};
		assert_eq!(call.agreement, agreement);
		let record = &call.call.record;
		assert_eq!((record.input_tokens, record.output_tokens), (INPUT_TOKENS, OUTPUT_TOKENS));
		assert_eq!(record.response_hash, sp_io::hashing::blake2_256(OUTPUT).into());
		assert_eq!((&record.attribution, call.call.charge), (&attribution(2), charge));
		let signature = signature();
		System::assert_last_event(
			Event::CallFulfilled {
				request: 0,
				released: MAX_CHARGE - charge,
				input_hash: sp_io::hashing::blake2_256(INPUT).into(),
				output: output(OUTPUT),
				call: Box::new(call),
				receipt_key: receipt_key(NODE),
				signature,
				deposit: kept_deposit(),
				until: 32,
			}
			.into(),
		);
	});
}

/// The signature that the last event says.
fn signature() -> Signature {
	match System::events().pop().unwrap().event {
		RuntimeEvent::Requests(Event::CallFulfilled { signature, .. }) => signature,
		other => panic!("{other:?}"),
	}
}

/// The event has all that it takes to show what the node has signed.
#[test]
fn an_answer_comes_with_the_statement_of_its_node() {
	run(|| {
		asked();
		assert_ok!(answer(NODE, 0));
		let call = fulfilled();
		let input_hash = sp_io::hashing::blake2_256(INPUT).into();
		let statement = call.statement(System::block_hash(0), 0, input_hash);
		assert!(statement.verify(&signature(), &receipt_key(NODE)));
		let (operator, caller, kept, root) = Nodes::kept(0).unwrap();
		assert_eq!((operator, caller), (account(NODE), account(CALLER)));
		assert_eq!((kept, statement.charge), (statement, call_charge()));
		let (lane, item) = call.as_lane(0);
		assert_eq!((root, lane.session), (lane.root, call_session(0)));
		assert_eq!(item.leaf(), root);
	});
}

#[test]
fn an_answer_without_the_statement_of_its_node_is_refused() {
	run(|| {
		asked();
		let answer_signed = |signature| {
			let (text, entries) = (output(OUTPUT), attribution(0));
			Requests::fulfil_call(origin(NODE), 0, text, 1, 1, entries, signature)
		};
		let honest = statement(0, &output(OUTPUT), 1, 1, &attribution(0));
		let refused = Error::<Test>::BadStatementSignature;
		// Of another node's key, and of another statement: of a lower charge, another answer, or another call.
		assert_noop!(answer_signed(sign(OTHER_NODE, &honest.signing_payload())), refused);
		let lies = [
			Statement { charge: honest.charge - 1, ..honest.clone() },
			Statement { response_hash: Default::default(), ..honest.clone() },
			Statement { session: honest.session + 1, ..honest.clone() },
			Statement { request_hash: Default::default(), ..honest.clone() },
		];
		for lie in lies {
			let refused = Error::<Test>::BadStatementSignature;
			assert_noop!(answer_signed(sign(NODE, &lie.signing_payload())), refused);
		}
		assert_ok!(answer_signed(sign(NODE, &honest.signing_payload())));
	});
}

#[test]
fn every_part_of_a_payment_follows_from_its_event() {
	run(|| {
		Nodes::set_payee(NODE, STRANGER);
		asked();
		let entries = shares(&[(1, 5_000), (FOREIGN, 2_000), (2, 1)]);

		assert_ok!(answer_attributed(INPUT_TOKENS, OUTPUT_TOKENS, entries));

		let paid = payouts_of(&fulfilled());
		let gained = |seed| total(seed) - WEALTH;
		// A tenth is the protocol's; of the rest half is the developer's, and a fifth of that the parent's.
		let rest = call_charge() / 10 * 9;
		assert_eq!((paid.protocol, gained(PROTOCOL)), (call_charge() - rest, paid.protocol));
		let payees = BTreeMap::from([
			((account(STRANGER), Role::Node), gained(STRANGER)),
			((account(DEVELOPER), Role::Developer), gained(DEVELOPER)),
			((account(PARENT), Role::Royalty), gained(PARENT)),
		]);
		assert_eq!(paid.payees, payees);
		assert_eq!((gained(DEVELOPER), gained(PARENT)), (rest / 10 * 4, rest / 10));
		// Of the data part, half of the answer's half, and what one basis point is of it.
		let data = rest / 5;
		let curators = |amount: Balance| amount / 10;
		let direct = [data / 2 / 2, data / 2 / 10_000];
		let expected = [(1, direct[0] - curators(direct[0])), (2, direct[1] - curators(direct[1]))];
		assert_eq!(paid.contributions, BTreeMap::from(expected));
		assert_eq!(paid.releases.keys().copied().collect::<Vec<_>>(), [(0, 1), (1, 1)]);
		let for_data = paid.contributions.values().chain(paid.releases.values());
		let for_data = for_data.chain(paid.curators.values()).sum::<Balance>();
		assert_eq!((for_data, gained(DATA)), (data, data));
	});
}

#[test]
fn no_number_of_an_event_can_be_another_one() {
	run(|| {
		asked();
		assert_ok!(answer(NODE, 0));
		let call = fulfilled();
		let wrong = |change: fn(&mut FulfilledCall)| {
			let mut changed = call.clone();
			change(&mut changed);
			let (lane, item) = changed.as_lane(0);
			recompute(&lane, &[item]).err()
		};

		assert_eq!(wrong(|_| ()), None);
		assert_eq!(wrong(|call| call.call.charge += 1), Some(Mismatch::Charge));
		assert_eq!(wrong(|call| call.price.per_call += 1), Some(Mismatch::Charge));
		assert_eq!(wrong(|call| call.call.record.output_tokens += 1), Some(Mismatch::Charge));
		assert_eq!(wrong(|call| call.call.parts.developer += 1), Some(Mismatch::Parts));
		assert_eq!(wrong(|call| call.lineage = Default::default()), Some(Mismatch::Parts));
		assert_eq!(wrong(|call| call.call.direct[0].amount += 1), Some(Mismatch::Direct));
		assert_eq!(wrong(|call| call.pools[0].amount += 1), Some(Mismatch::Pools));
		assert_eq!(wrong(|call| call.sources[0].weight += 1), Some(Mismatch::Pools));
	});
}

#[test]
fn a_call_is_answered_once() {
	run(|| {
		asked();
		assert_ok!(answer(NODE, 0));
		assert_noop!(answer(OTHER_NODE, 0), Error::<Test>::UnknownRequest);
	});
}

#[test]
fn a_call_is_answered_after_the_block_of_its_request() {
	run(|| {
		request();
		claim(NODE, 0);
		assert_noop!(answer(NODE, 0), Error::<Test>::AnsweredTooSoon);
		go_to(2);
		assert_ok!(answer(NODE, 0));
	});
}

#[test]
fn a_call_is_paid_as_of_its_request() {
	run(|| {
		asked();
		Models::replace(MODEL, 1, 1);

		assert_ok!(answer(NODE, 0));

		assert_eq!(total(CALLER), WEALTH - call_charge());
		let Agreement { version, price_version, as_of, .. } = fulfilled().agreement;
		assert_eq!((version, price_version, as_of), (0, 0, 1));
		// The stand-in's releases are those of that block.
		assert!(fulfilled().sources.iter().all(|source| source.release == 1));
	});
}

#[test]
fn a_call_whose_price_was_replaced_in_its_block_is_not_answered() {
	run(|| {
		request();
		Models::replace(MODEL, 0, 1);
		go_to(2);
		claim(NODE, 0);
		assert_noop!(answer(NODE, 0), Error::<Test>::NotInForce);
	});
}

#[test]
fn a_model_that_was_paused_since_still_answers() {
	run(|| {
		asked();
		Models::change(MODEL, |model| model.callable = false);
		assert_ok!(answer(NODE, 0));
	});
}

#[test]
fn the_last_block_is_the_deadline() {
	run(|| {
		let (first, second) = (request(), request());
		go_to(11);
		claim(NODE, first);
		claim(NODE, second);
		assert_ok!(answer(NODE, first));
		go_to_without_sweep(12);
		assert_noop!(answer(NODE, second), Error::<Test>::DeadlinePassed);
	});
}

#[test]
fn only_the_named_node_answers() {
	run(|| {
		assert_ok!(try_request(Some(NODE), MAX_CHARGE, 11));
		go_to(2);
		assert_noop!(answer(OTHER_NODE, 0), Error::<Test>::NotNamedNode);
		assert_ok!(answer(NODE, 0));
	});
}

#[test]
fn only_active_nodes_that_serve_the_model_answer() {
	run(|| {
		assert_ok!(try_request(Some(NODE), MAX_CHARGE, 11));
		asked();
		assert_noop!(answer(STRANGER, 1), Error::<Test>::NotClaimed);
		Nodes::set(NODE, MODEL, false);
		assert_noop!(answer(NODE, 0), Error::<Test>::ModelNotServed);
		assert_noop!(answer(NODE, 1), Error::<Test>::ModelNotServed);
		Nodes::set(NODE, MODEL, true);
		assert_ok!(answer(NODE, 1));
	});
}

#[test]
fn an_answer_has_no_more_tokens_than_bytes() {
	run(|| {
		asked();
		let most = u32::try_from(OUTPUT.len()).unwrap() + 1;
		assert_noop!(answer_with(1, most + 1), Error::<Test>::TooManyTokens);
		assert_noop!(answer_with(1, u32::MAX), Error::<Test>::TooManyTokens);
		assert_ok!(answer_with(1, most));
	});
}

/// Nobody can prove how many tokens a prompt has. So a node cannot count more than it could have.
#[test]
fn a_prompt_has_no_more_tokens_than_bytes_and_what_the_template_adds() {
	run(|| {
		asked();
		let most = u32::try_from(INPUT.len()).unwrap() + OVERHEAD;
		assert_noop!(answer_with(most + 1, 1), Error::<Test>::TooManyTokens);
		assert_noop!(answer_with(most + 1_024, 1), Error::<Test>::TooManyTokens);
		assert_noop!(answer_with(u32::MAX, 1), Error::<Test>::TooManyTokens);
		assert_ok!(answer_with(most, 1));
	});
}

#[test]
fn the_answer_may_be_as_long_as_an_output() {
	run(|| {
		Models::change(MODEL, |model| model.price.per_output_token = 1);
		asked();
		let longest = vec![b'x'; openledger_primitives::MAX_REQUEST_OUTPUT as usize];
		assert_ok!(answer_with_all(NODE, 0, output(&longest), 0, 8_193, attribution(16)));
		// All of what was held is held for it.
		assert_eq!(held(CALLER), (0, deposit()));
	});
}

#[test]
fn an_attribution_is_of_the_whole_answer_at_most() {
	run(|| {
		asked();
		let invalid: [&[(ContributionId, u16)]; 4] =
			[&[(1, 0)], &[(1, 5_000), (1, 1)], &[(1, 10_001)], &[(1, 5_000), (2, 5_000), (3, 1)]];
		for entries in invalid {
			let answered = || answer_attributed(1, 1, shares(entries));
			assert_noop!(answered(), Error::<Test>::InvalidAttribution);
		}
		assert_ok!(answer_attributed(1, 1, shares(&[(1, 5_000), (2, 5_000)])));
	});
}

#[test]
fn what_cannot_be_paid_is_said() {
	run(|| {
		asked();
		for (reason, error) in [
			(RejectReason::UnknownModel, Error::<Test>::UnknownModel),
			(RejectReason::UnknownVersion, Error::<Test>::NoTerms),
			(RejectReason::UnknownPrice, Error::<Test>::NoTerms),
			(RejectReason::NotInForce, Error::<Test>::NotInForce),
			(RejectReason::VersionExpired, Error::<Test>::VersionExpired),
			(RejectReason::PriceExpired, Error::<Test>::PriceExpired),
			(RejectReason::ModelRetired, Error::<Test>::ModelRetired),
			(RejectReason::TermsForgotten, Error::<Test>::TermsForgotten),
			(RejectReason::AboveAcknowledged, Error::<Test>::NoTerms),
		] {
			Models::change(MODEL, |model| model.refusal = Some(reason));
			assert_noop!(answer(NODE, 0), error);
		}
		Models::change(MODEL, |model| model.refusal = None);
		for (reason, error) in [
			(RejectReason::TermsForgotten, Error::<Test>::TermsForgotten),
			(RejectReason::NoPayableSource, Error::<Test>::NoPayableSource),
		] {
			SplitRefuses::set(Some(reason));
			assert_noop!(answer(NODE, 0), error);
		}
	});
}

#[test]
fn a_charge_must_fit_a_balance() {
	run(|| {
		asked();
		Models::change(MODEL, |model| {
			model.price = PriceSchedule { per_input_token: u128::MAX, ..model.price };
		});
		assert_noop!(answer_with(2, 0), Error::<Test>::ChargeOverflow);
	});
}

#[test]
fn a_caller_never_pays_more_than_agreed() {
	run(|| {
		assert_ok!(try_request(None, call_charge() - 1, 11));
		assert_ok!(try_request(None, call_charge(), 11));
		go_to(2);
		claim(NODE, 0);
		claim(NODE, 1);
		assert_noop!(answer(NODE, 0), Error::<Test>::AboveMaxCharge);
		assert_ok!(answer(NODE, 1));
		assert_eq!(held(CALLER), (call_charge() - 1, deposit() + kept_deposit()));
	});
}

#[test]
fn a_lock_does_not_keep_what_was_promised() {
	run(|| {
		asked();
		Balances::set_lock(*b"purposes", &account(CALLER), u128::MAX, WithdrawReasons::all());
		assert_ok!(answer(NODE, 0));
		assert_eq!(total(CALLER), WEALTH - call_charge());
	});
}

#[test]
fn a_charge_that_is_not_split_is_not_taken() {
	run(|| {
		asked();
		for forgotten in [Forgotten::Lane, Forgotten::Item] {
			Forgets::set(Some(forgotten));
			let result = with_storage_layer(|| answer(NODE, 0).map_err(|error| error.error));
			assert_eq!(result.unwrap_err(), Error::<Test>::NotDistributed.into());
			assert_eq!(total(CALLER), WEALTH);
			assert_eq!(held(CALLER), (MAX_CHARGE, deposit()));
		}
	});
}

#[test]
fn a_node_may_ask_itself() {
	run(|| {
		let ask = Requests::request_call(origin(NODE), MODEL, None, input(INPUT), MAX_CHARGE, 11);
		assert_ok!(ask);
		go_to(2);
		claim(NODE, 0);
		assert_ok!(answer(NODE, 0));
		// It has paid all parts but its own: three tenths of what the protocol leaves.
		let charge = call_charge();
		assert_eq!(total(NODE), WEALTH - charge + charge / 10 * 9 / 10 * 3);
	});
}

#[test]
fn an_answer_pays_for_the_attribution_it_has() {
	run(|| {
		asked();
		let length = u32::try_from(OUTPUT.len()).unwrap();
		let weight = |a, s| Some(<() as WeightInfo>::fulfil_call(length, a, s));
		assert_eq!(answer(NODE, 0).unwrap().actual_weight, weight(2, 2));
		// This one pays no data, so nobody looks at the attribution.
		assert_ok!(Requests::request_call(
			origin(CALLER),
			OTHER_MODEL,
			None,
			input(INPUT),
			MAX_CHARGE,
			11
		));
		go_to(3);
		claim(NODE, 1);
		assert_eq!(answer(NODE, 1).unwrap().actual_weight, weight(0, 0));
	});
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	/// Whatever was agreed and however much was used: the caller pays the price of it, or nothing, and
	/// everybody is paid what the event says.
	#[test]
	fn the_charge_is_the_price_within_what_was_agreed(
		max_charge in PRICE..20 * PRICE,
		input_tokens in 0u32..40,
		output_tokens in 0u32..30,
		points in prop::collection::vec(1u16..600, 0..16),
	) {
		new_test_ext().execute_with(|| {
			assert_ok!(try_request(None, max_charge, 11));
			go_to(2);
			claim(NODE, 0);
			let entries: Vec<_> = (90..).step_by(3).zip(points).collect();
			let charge = PRICE + Balance::from(input_tokens + output_tokens) * (PRICE / 100);
			let answered = with_storage_layer(|| {
				answer_attributed(input_tokens, output_tokens, shares(&entries))
					.map_err(|error| error.error)
			});
			let plausible = output_tokens <= u32::try_from(OUTPUT.len()).unwrap() + 1
				&& input_tokens <= u32::try_from(INPUT.len()).unwrap() + OVERHEAD;
			prop_assert_eq!(answered.is_ok(), plausible && charge <= max_charge);
			let paid = if answered.is_ok() { charge } else { 0 };
			prop_assert_eq!(total(CALLER), WEALTH - paid);
			prop_assert_eq!(Balances::total_issuance(), issuance());
			if answered.is_ok() {
				let paid = payouts_of(&fulfilled());
				prop_assert_eq!(total(PROTOCOL) - WEALTH, paid.protocol);
				let node = paid.payees.get(&(account(NODE), Role::Node));
				prop_assert_eq!(total(NODE) - WEALTH, node.copied().unwrap_or_default());
			}
			Requests::do_try_state().unwrap();
			Ok(())
		})?;
	}
}

fn issuance() -> Balance {
	WEALTH * Balance::try_from(PEOPLE.len()).unwrap() + openledger_primitives::MILLI_OPEN
}
