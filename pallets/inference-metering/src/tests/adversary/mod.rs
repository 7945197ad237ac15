//! Everybody who tries to get more than is theirs, one test each.

mod bonds;
mod disputes;

use super::run;
use crate::{mock::*, Error, Event, Lanes, Nodes, Sessions, WeightInfo};
use frame_support::{
	assert_noop, assert_ok,
	traits::{
		fungible::{Inspect, Mutate},
		tokens::Preservation,
		Hooks,
	},
	weights::Weight,
};
use openledger_primitives::{
	aggregate::Aggregate,
	closing::CloseAgreement,
	ids::{MILLI_OPEN, OPEN},
	price::PriceSchedule,
	record::{CallRecord, RejectReason},
	signing::Signed,
	voucher::Voucher,
	Balance, Hash, Signature, MAX_LANES,
};
use sp_core::Pair;
use sp_runtime::{DispatchError, DispatchResult, TokenError};

fn close(seed: u8, session: u64) -> DispatchResult {
	Metering::close_session(signed(seed), session).map(|_| ()).map_err(|refused| refused.error)
}

/// Neither again as it is, nor in another place, nor by another node, nor after the session.
#[test]
fn a_replayed_voucher() {
	run(|| {
		let (session, other_session) = (open_session(DEPOSIT), open_session(DEPOSIT));
		let charge = call_charge();
		let redeemed = voucher(session, 0, 3, 2 * charge, charge);
		let signature = sign(SIGNER, &redeemed);
		let submit = |seed, voucher: Voucher, records: Vec<CallRecord>| {
			let records = records.try_into().unwrap();
			Metering::settle(signed(seed), voucher, signature.clone(), records)
				.map(|_| ())
				.map_err(|refused| refused.error)
		};
		let all = || vec![record(1), record(2), record(3)];
		assert_ok!(submit(NODE, redeemed, all()));
		let left = held(CALLER);
		assert_noop!(submit(NODE, redeemed, all()), Error::<Test>::VoucherNotNewer);
		assert_noop!(submit(NODE, redeemed, vec![record(4)]), Error::<Test>::VoucherNotNewer);
		let sums = aggregate(2, 2);
		let as_sums = Metering::settle_aggregate(
			signed(NODE),
			redeemed,
			signature.clone(),
			sums,
			Some(record(3)),
		);
		assert_eq!(as_sums.unwrap_err().error, Error::<Test>::VoucherNotNewer.into());
		for elsewhere in [
			Voucher { session: other_session, ..redeemed },
			Voucher { lane: 1, ..redeemed },
			Voucher { sequence: 4, ..redeemed },
			Voucher { model: OTHER_MODEL, sequence: 4, ..redeemed },
			Voucher { version: 1, sequence: 4, ..redeemed },
			Voucher { price_version: FREE, sequence: 4, ..redeemed },
		] {
			assert_noop!(submit(NODE, elsewhere, all()), Error::<Test>::BadSignature);
		}
		register_node_of(OTHER_NODE);
		assert_noop!(submit(OTHER_NODE, redeemed, all()), Error::<Test>::NotSessionNode);
		assert_ok!(close(NODE, session));
		assert_noop!(submit(NODE, redeemed, all()), Error::<Test>::UnknownSession);
		assert_eq!(held(CALLER), left - (DEPOSIT - 3 * charge));
	});
}

/// A chain with the same state and another genesis: what was signed for one is nothing on the other.
#[test]
fn a_replay_on_a_fork_with_another_genesis_hash() {
	run(|| {
		let session = open_session(DEPOSIT);
		let voucher = voucher(session, 0, 1, 0, call_charge());
		let home = System::block_hash(0);
		let agreement = CloseAgreement { genesis_hash: home, session, settled: 0 };
		let agreed: Signature = pair(RECEIPTS).sign(&agreement.signing_payload()).into();
		frame_system::BlockHash::<Test>::insert(0, Hash::repeat_byte(0xf0));
		assert_noop!(settle(&voucher, vec![record(1)]), Error::<Test>::WrongChain);
		let sums = aggregate(1, 1);
		assert_noop!(settle_sums(&voucher, sums, None), Error::<Test>::WrongChain);
		// Nor with the fork's hash written over the signed one.
		let rewritten = Voucher { genesis_hash: System::block_hash(0), ..voucher };
		let signature = sign(SIGNER, &voucher);
		let records = vec![record(1)].try_into().unwrap();
		let submitted = Metering::settle(signed(NODE), rewritten, signature, records);
		assert_eq!(submitted.unwrap_err().error, Error::<Test>::BadSignature.into());
		let closed = Metering::close_with_agreement(signed(CALLER), session, agreed);
		assert_eq!(closed.unwrap_err().error, Error::<Test>::BadSignature.into());

		frame_system::BlockHash::<Test>::insert(0, home);
		assert_ok!(settle(&voucher, vec![record(1)]));
	});
}

/// Each lane's voucher is good for the whole deposit, and all together for no more than that.
#[test]
fn lanes_used_to_overdraw() {
	run(|| {
		let charge = call_charge();
		let (session, other) = (open_session(5 * charge + 7), open_session(DEPOSIT));
		let mut paid = 0;
		for lane in 0..MAX_LANES {
			let voucher = voucher(session, lane, 2, 2 * charge, charge);
			if settle(&voucher, vec![record(1), record(2)]).is_ok() {
				paid += Lanes::<Test>::get(session, lane).settled;
			}
			check_invariants();
		}
		assert_eq!(paid, 5 * charge);
		// Not out of what the caller has on hold for something else, either.
		assert_eq!(held(CALLER), 7 + DEPOSIT);
		let info = Metering::session_info(session).unwrap();
		assert_eq!((info.settled, info.lanes.len()), (5 * charge, 3));
		let sums = aggregate(1, 1);
		let voucher = voucher(session, 9, 2, charge, charge);
		assert_noop!(settle_sums(&voucher, sums, None), Error::<Test>::DepositExhausted);
		assert_ok!(close(NODE, other));
	});
}

#[test]
fn settle_after_close() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		settle_one(session, 0, 1, 0, charge).unwrap();
		assert_ok!(close(NODE, session));
		let caller = balance(CALLER);
		for lane in [0, 1] {
			assert_noop!(
				settle_one(session, lane, 2, charge, charge),
				Error::<Test>::UnknownSession
			);
		}
		let sums = aggregate(2, 1);
		let voucher = voucher(session, 0, 3, 2 * charge, charge);
		assert_noop!(settle_sums(&voucher, sums, None), Error::<Test>::UnknownSession);
		// The next session is another one, with lanes of its own.
		let next = open_session(DEPOSIT);
		assert_ne!(next, session);
		assert_noop!(settle(&voucher, vec![record(2)]), Error::<Test>::UnknownSession);
		assert_eq!((balance(CALLER), held(CALLER)), (caller - DEPOSIT - PLACE, DEPOSIT));
	});
}

/// A caller who has got the answer and closes in a hurry does not get around paying for it.
#[test]
fn close_before_settle() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let served = voucher(session, 0, 1, 0, charge);
		// An agreement of earlier, from before a call was settled, is void after it.
		let genesis_hash = System::block_hash(0);
		let early = CloseAgreement { genesis_hash, session, settled: 0 };
		let early: Signature = pair(RECEIPTS).sign(&early.signing_payload()).into();
		assert_ok!(Metering::request_close(signed(CALLER), session));
		// Nor does asking again, or by somebody else, or taking the deposit elsewhere.
		for seed in [CALLER, STRANGER] {
			assert_noop!(close(seed, session), Error::<Test>::NotYetClosable);
		}
		assert_noop!(
			Metering::request_close(signed(CALLER), session),
			Error::<Test>::AlreadyClosing
		);
		let all = Balances::total_balance(&account(CALLER));
		assert_noop!(
			Balances::transfer(&account(CALLER), &account(STRANGER), all, Preservation::Expendable),
			TokenError::FundsUnavailable
		);
		System::set_block_number(20);
		assert_ok!(settle(&served, vec![record(1)]));
		let agreed = Metering::close_with_agreement(signed(CALLER), session, early);
		assert_eq!(agreed.unwrap_err().error, Error::<Test>::BadSignature.into());
		System::set_block_number(21);
		assert_ok!(close(CALLER, session));
		System::assert_last_event(
			Event::SessionClosed { session, refunded: DEPOSIT - charge }.into(),
		);
	});
}

/// Neither dearer, for the node, nor cheaper, for a caller who is the developer, than at the price
/// that was signed.
#[test]
fn a_price_change_between_voucher_and_settlement() {
	run(|| {
		let session = open_session(DEPOSIT);
		let charge = call_charge();
		let first = voucher(session, 0, 1, 0, charge);
		let second = voucher(session, 0, 2, charge, 5 * charge);
		let (dearer, cheaper) = (CURRENT + 1, CURRENT + 2);
		Models::change(MODEL, |model| {
			model.prices.insert(dearer, Ok(price(2 * PRICE)));
			model.prices.insert(cheaper, Ok(price(PRICE / 2)));
		});
		for price_version in [dearer, cheaper] {
			let at = CallRecord { price_version, ..record(1) };
			assert_noop!(settle(&first, vec![at]), Error::<Test>::PriceMismatch);
		}
		// Nor was there anything but what the caller had seen, when it signed for what came before.
		let at = |sequence| CallRecord { price_version: dearer, ..record(sequence) };
		assert_noop!(settle(&second, vec![at(1)]), Error::<Test>::PriceMismatch);
		assert_ok!(settle(&second, vec![at(1), record(1), at(2), record(2)]));
		let rejected = |sequence, reason| {
			System::assert_has_event(
				Event::RecordRejected { session, lane: 0, sequence, reason }.into(),
			)
		};
		rejected(1, RejectReason::PriceMismatch);
		rejected(2, RejectReason::PriceMismatch);
		assert_eq!(Metering::session_info(session).unwrap().settled, 2 * charge);
		// Once the time to settle at the old price is over, nobody is charged at the new one.
		let third = voucher(session, 0, 3, 2 * charge, charge);
		Models::change(MODEL, |model| {
			model.prices.insert(CURRENT, Err(RejectReason::PriceExpired));
		});
		assert_noop!(settle(&third, vec![record(3)]), Error::<Test>::PriceExpired);
		assert_noop!(settle(&third, vec![at(3)]), Error::<Test>::PriceExpired);
	});
}

#[test]
fn overflow_at_the_edges_of_u128() {
	run(|| {
		let session = open_session(DEPOSIT);
		let most = Balance::MAX;
		// Vouchers over everything there is pay what a call costs.
		let endless =
			Voucher { acknowledged: most, authorised: most, ..voucher(session, 0, 2, 0, 0) };
		assert_ok!(settle(&endless, vec![record(1)]));
		let blank = Voucher { acknowledged: 0, authorised: most, ..voucher(session, 1, 1, 0, 0) };
		assert_ok!(settle(&blank, vec![record(1)]));
		assert_eq!(held(CALLER), DEPOSIT - 2 * call_charge());

		// Charges that do not fit, that fit by a planck, and whose sum does not fit.
		let dear = |per_call, per_token| PriceSchedule {
			per_call,
			per_input_token: per_token,
			..Default::default()
		};
		let prices = [dear(most, 0), dear(most, 1), dear(most / 2 + 1, 0), dear(0, most)];
		Models::change(MODEL, |model| {
			for (version, price) in (10..).zip(prices) {
				model.prices.insert(version, Ok(price));
			}
		});
		let costing = |price_version: u32| {
			let own = Voucher {
				acknowledged: most,
				authorised: most,
				price_version,
				..voucher(session, 2, 9, 0, 0)
			};
			let records = vec![CallRecord { price_version, ..record(1) }];
			let sums =
				Aggregate { input_tokens: u64::MAX, output_tokens: u64::MAX, ..aggregate(8, 2) };
			let records = settle(&own, records);
			let sums = settle_sums(&own, sums, None);
			(records, sums)
		};
		let is = |result: DispatchResult, error: Error<Test>| assert_eq!(result, Err(error.into()));
		for (version, of_record, of_sum) in [
			(10, Error::DepositExhausted, Error::Overflow),
			(11, Error::Overflow, Error::Overflow),
			(12, Error::DepositExhausted, Error::Overflow),
			(13, Error::Overflow, Error::Overflow),
		] {
			let (records, sums) = costing(version);
			is(records, of_record);
			is(sums, of_sum);
		}

		// The last sequence is one like others, and the end of its lane.
		let last = Voucher { sequence: u64::MAX, ..voucher(session, 3, 1, 0, call_charge()) };
		assert_ok!(settle(&last, vec![record(u64::MAX)]));
		assert_noop!(settle(&last, vec![record(u64::MAX)]), Error::<Test>::VoucherNotNewer);

		// Amounts.
		let top_up = |amount| Metering::top_up(signed(CALLER), session, amount);
		assert_noop!(top_up(most), Error::<Test>::Overflow);
		assert_noop!(top_up(most - DEPOSIT), TokenError::FundsUnavailable);
		assert_noop!(Metering::bond_more(signed(NODE), most), Error::<Test>::Overflow);
		assert_noop!(Metering::bond_more(signed(NODE), most - BOND), TokenError::FundsUnavailable);
		let signer = account(SIGNER);
		assert_noop!(
			Metering::open_session(signed(CALLER), account(NODE), most, signer.clone(), 101),
			TokenError::FundsUnavailable
		);
		let (node, soon) = (account(NODE), u32::MAX);
		let far = Metering::open_session(signed(CALLER), node, DEPOSIT, signer, soon);
		assert_eq!(far, Err(Error::<Test>::ExpiryTooLate.into()));
		assert_ok!(Metering::set_spending_limit(signed(CALLER), session, most - 1));
		assert_ok!(Metering::set_spending_limit(signed(CALLER), session, most));
	});
}

/// Nothing is left to a block to sweep: ten thousand sessions that expire at once cost it nothing,
/// and each can be closed by itself.
#[test]
fn ten_thousand_sessions_expire_in_one_block() {
	run(|| {
		let sessions: Vec<_> = (0..10_000).map(|_| open_session(MIN_DEPOSIT)).collect();
		System::set_block_number(101 + 41);
		let started = Metering::on_initialize(142);
		assert_eq!(started, Weight::zero());
		let idle = Metering::on_idle(142, Weight::MAX);
		assert!(idle.all_lte(<()>::drop_roots(0)));
		assert_eq!(Sessions::<Test>::iter().count(), 10_000);
		let before = balance(STRANGER);
		for session in [0, 5_000, 9_999] {
			assert_ok!(close(STRANGER, sessions[session]));
		}
		assert_eq!(balance(STRANGER), before + 3 * (PLACE * 3 / 10));
		assert_eq!(Metering::node_info(account(NODE)).unwrap().sessions, 9_997);
	});
}

/// Nobody loses what is on hold, or keeps others from theirs, by having next to nothing beside it.
#[test]
fn dust_around_the_existential_deposit() {
	run(|| {
		let caller = account(CALLER);
		let all_but = |left: Balance| balance(CALLER) - left;
		// Nobody can put so much on hold that nothing is left to keep the account.
		let open = |deposit| {
			let signer = account(SIGNER);
			Metering::open_session(signed(CALLER), account(NODE), deposit, signer, 101)
		};
		assert_noop!(open(all_but(PLACE)), TokenError::FundsUnavailable);
		assert_noop!(open(all_but(PLACE + MILLI_OPEN - 1)), TokenError::FundsUnavailable);
		let session = crate::NextSessionId::<Test>::get();
		assert_ok!(open(MIN_DEPOSIT));

		// A caller who gives away all the rest is still charged, and gets the rest back.
		let rest = all_but(MILLI_OPEN);
		let to = account(STRANGER);
		Balances::transfer(&caller, &to, rest, Preservation::Expendable).unwrap();
		assert_eq!(balance(CALLER), MILLI_OPEN);
		assert!(Balances::transfer(&caller, &to, 1, Preservation::Expendable).is_err());
		settle_one(session, 0, 1, 0, call_charge()).unwrap();
		assert_ok!(close(NODE, session));
		assert_eq!(balance(CALLER), MILLI_OPEN + MIN_DEPOSIT - call_charge() + PLACE);
		assert_eq!((held(CALLER), held_for_places(CALLER)), (0, 0));

		// A session is settled to the last planck, and closed with nothing left.
		Balances::set_balance(&caller, OPEN);
		let charge = call_charge();
		let session = open_session(2 * charge);
		settle(&voucher(session, 0, 2, charge, charge), vec![record(1), record(2)]).unwrap();
		assert_eq!(held(CALLER), 0);
		assert_ok!(close(NODE, session));
		assert_eq!(balance(CALLER), OPEN - 2 * charge);

		// A call that costs a planck is paid, if only to those who can take it.
		Models::change(MODEL, |model| {
			let planck = PriceSchedule { per_call: 1, ..Default::default() };
			model.prices.insert(20, Ok(planck));
		});
		let session = open_session(MIN_DEPOSIT);
		let cheap = Voucher { price_version: 20, ..voucher(session, 0, 1, 0, 1) };
		assert_ok!(settle(&cheap, vec![CallRecord { price_version: 20, ..record(1) }]));
		assert_eq!(held(CALLER), MIN_DEPOSIT - 1);

		// Operators, too, keep what an account needs; and an operator who has given away all the rest
		// is paid the bond back.
		let operator = account(NODE);
		let rest = balance(NODE) - MILLI_OPEN;
		assert_eq!(
			Metering::bond_more(signed(NODE), rest + 1),
			Err(DispatchError::from(TokenError::FundsUnavailable))
		);
		Balances::transfer(&operator, &to, rest, Preservation::Expendable).unwrap();
		assert_ok!(close(NODE, session));
		assert_ok!(Metering::start_unbonding(signed(NODE)));
		System::set_block_number(200);
		assert_ok!(Metering::withdraw_bond(signed(NODE)));
		assert_eq!(balance(NODE), BOND + MILLI_OPEN);
		assert_eq!(Nodes::<Test>::iter().count(), 0);
	});
}
