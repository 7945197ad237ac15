//! Everybody who tries to get more than is theirs, one test each.

mod bonds;
mod disputes;

use super::{lanes::Book, run};
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
	ids::{MILLI_OPEN, OPEN},
	lane::{CallRecord, RejectReason, Voucher},
	price::PriceSchedule,
	Balance, Hash,
};
use sp_runtime::{DispatchError, DispatchResult, TokenError};

fn close(seed: u8, session: u64) -> DispatchResult {
	plain(Metering::close_session(signed(seed), session))
}

/// Neither again as it is, nor in another place, nor by another node, nor after the session.
#[test]
fn a_replayed_voucher() {
	run(|| {
		let (session, other_session) = (open_session(DEPOSIT), open_session(DEPOSIT));
		let charge = call_charge();
		let redeemed = voucher(session, 0, 3, 2 * charge, charge);
		let signature = sign(SIGNER, &redeemed);
		let submit = |seed, voucher: Voucher, calls: Vec<CallRecord>| {
			let mut replayed = settlement(&voucher, vec![records(calls)]);
			replayed.signature = signature.clone();
			plain(Metering::settle_lanes(signed(seed), vec![replayed].try_into().unwrap()))
		};
		let all = || vec![record(1), record(2), record(3)];
		assert_ok!(submit(NODE, redeemed, all()));
		let left = held(CALLER);
		assert_noop!(submit(NODE, redeemed, all()), Error::<Test>::VoucherNotNewer);
		assert_noop!(submit(NODE, redeemed, vec![record(4)]), Error::<Test>::VoucherNotNewer);
		let mut other_terms = redeemed;
		other_terms.agreement.price_version = FREE;
		for elsewhere in [
			Voucher { session: other_session, ..redeemed },
			Voucher { lane: 1, ..redeemed },
			Voucher { sequence: 4, ..redeemed },
			Voucher { lane: 2, ..other_terms },
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
		let book = Book::with_calls(session, 0, 1);
		let at_home = book.settlement();
		let home = System::block_hash(0);
		let agreement = agreement_to_close(session);
		frame_system::BlockHash::<Test>::insert(0, Hash::repeat_byte(0xf0));
		assert_noop!(settle(vec![at_home.clone()]), Error::<Test>::WrongChain);
		let by_sums = settlement(&at_home.voucher.newest(), vec![book.run(0..1)]);
		assert_noop!(settle(vec![by_sums]), Error::<Test>::WrongChain);
		// Nor with the fork's hash written over the signed one.
		let mut rewritten = book.settlement();
		rewritten.signature = at_home.signature.clone();
		assert_noop!(settle(vec![rewritten]), Error::<Test>::BadSignature);
		let closed = close_by_agreement(CALLER, RECEIPTS, agreement);
		assert_eq!(closed, Err(Error::<Test>::WrongChain.into()));

		frame_system::BlockHash::<Test>::insert(0, home);
		assert_ok!(settle(vec![at_home]));
	});
}

/// Each lane's voucher is good for the whole deposit, and all together for no more than that.
#[test]
fn lanes_used_to_overdraw() {
	run(|| {
		let charge = call_charge();
		let (session, other) = (open_session(5 * charge + 7), open_session(DEPOSIT));
		let mut paid = 0;
		for lane in 0..64 {
			let voucher = voucher(session, lane, 2, 2 * charge, charge);
			if settle_calls(&voucher, vec![record(1), record(2)]).is_ok() {
				paid += Lanes::<Test>::get(session, lane).unwrap().settled;
			}
			check_invariants();
		}
		assert_eq!(paid, 5 * charge);
		// Not out of what the caller has on hold for something else, either.
		assert_eq!(held(CALLER), 7 + DEPOSIT);
		let info = Metering::session_info(session).unwrap();
		assert_eq!((info.settled, info.lanes.len()), (5 * charge, 3));
		let book = Book::with_calls(session, 9, 1);
		let by_sums = settlement(&book.voucher(), vec![book.run(0..1)]);
		assert_noop!(settle(vec![by_sums]), Error::<Test>::DepositExhausted);
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
		let book = Book::with_calls(session, 0, 2);
		let by_sums = || vec![settlement(&book.voucher(), vec![book.run(1..2)])];
		assert_noop!(settle(by_sums()), Error::<Test>::UnknownSession);
		// The next session is another one, with lanes of its own.
		let next = open_session(DEPOSIT);
		assert_ne!(next, session);
		assert_noop!(settle(by_sums()), Error::<Test>::UnknownSession);
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
		let early = agreement_to_close(session);
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
		assert_ok!(settle_calls(&served, vec![record(1)]));
		let agreed = close_by_agreement(CALLER, RECEIPTS, early);
		assert_eq!(agreed, Err(Error::<Test>::AgreementOutdated.into()));
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
		let (dearer, cheaper) = (CURRENT + 1, CURRENT + 2);
		Models::change(MODEL, |model| {
			model.prices.insert(dearer, Ok(price(2 * PRICE)));
			model.prices.insert(cheaper, Ok(price(PRICE / 2)));
		});
		let signature = sign(SIGNER, &first);
		let at = |price_version| {
			let mut voucher = voucher(session, 0, 1, 0, charge);
			voucher.agreement.price_version = price_version;
			voucher
		};
		for price_version in [dearer, cheaper] {
			let mut rewritten = settlement(&at(price_version), vec![records(vec![record(1)])]);
			rewritten.signature = signature.clone();
			assert_noop!(settle(vec![rewritten]), Error::<Test>::BadSignature);
		}
		assert_ok!(settle_calls(&first, vec![record(1)]));
		assert_eq!(Metering::session_info(session).unwrap().settled, charge);
		// Nor does the lane go on at another price, whatever the caller signs.
		let second = Voucher { sequence: 2, acknowledged: charge, ..at(dearer) };
		let second = Voucher { authorised: 5 * charge, ..second };
		assert_noop!(settle_calls(&second, vec![record(2)]), Error::<Test>::OtherAgreement);
		// Once the time to settle at the old price is over, nobody is charged at the new one.
		let second = voucher(session, 0, 2, charge, charge);
		Models::change(MODEL, |model| {
			model.prices.insert(CURRENT, Err(RejectReason::PriceExpired));
		});
		assert_noop!(settle_calls(&second, vec![record(2)]), Error::<Test>::PriceExpired);
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
		assert_ok!(settle_calls(&endless, vec![record(1)]));
		let blank = Voucher { acknowledged: 0, authorised: most, ..voucher(session, 1, 1, 0, 0) };
		assert_ok!(settle_calls(&blank, vec![record(1)]));
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
			let mut book = Book::new(session, 2);
			book.agreement.price_version = price_version;
			// What the caller has acknowledged of it may be anything.
			book.call(record(1));
			let own = Voucher { acknowledged: most, authorised: most, ..book.voucher() };
			let by = |part| settle(vec![settlement(&own, vec![part])]);
			(by(records(vec![record(1)])), by(book.run(0..1)))
		};
		let is = |result: DispatchResult, error: Error<Test>| assert_eq!(result, Err(error.into()));
		for (version, of_record) in [
			(10, Error::DepositExhausted),
			(11, Error::Overflow),
			(12, Error::DepositExhausted),
			(13, Error::Overflow),
		] {
			let (one, sums) = costing(version);
			is(one, of_record);
			is(sums, Error::RunPriceMismatch);
		}

		// The last sequence is one like others, and the end of its lane.
		let last = Voucher { sequence: u64::MAX, ..voucher(session, 3, 1, 0, call_charge()) };
		assert_ok!(settle_calls(&last, vec![record(u64::MAX)]));
		assert_noop!(settle_calls(&last, vec![record(u64::MAX)]), Error::<Test>::VoucherNotNewer);

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
		System::set_block_number(2);

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
		settle_calls(&voucher(session, 0, 2, charge, charge), vec![record(1), record(2)]).unwrap();
		assert_eq!(held(CALLER), 0);
		assert_ok!(close(NODE, session));
		assert_eq!(balance(CALLER), OPEN - 2 * charge);

		// A call that costs a planck is paid, if only to those who can take it.
		Models::change(MODEL, |model| {
			let planck = PriceSchedule { per_call: 1, ..Default::default() };
			model.prices.insert(20, Ok(planck));
		});
		let session = open_session(MIN_DEPOSIT);
		let mut cheap = voucher(session, 0, 1, 0, 1);
		cheap.agreement.price_version = 20;
		assert_ok!(settle_calls(&cheap, vec![record(1)]));
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
		assert_eq!(balance(NODE), BOND + LANE_PLACE + MILLI_OPEN);
		assert_eq!(Nodes::<Test>::iter().count(), 0);
	});
}
