//! Who tries to be paid more than is theirs, or as of a block that suits them better.

use super::*;
use crate::{Error, Lanes, Sessions};
use frame_support::{assert_noop, assert_ok};

fn sources() -> Vec<(u32, u32)> {
	let (header, _) = settled_lanes().pop().unwrap();
	header.sources.iter().map(|source| (source.datanet, source.release)).collect()
}

/// Calls that were held back until a new release is the current one pay the old one all the same.
#[test]
fn calls_held_back_onto_a_later_release() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 20);
		// The node's friend publishes a release that becomes the current one in block 10.
		Releases::set(BTreeMap::from([(0, 1), (10, 2)]));
		System::set_block_number(30);

		// The caller's voucher names the block in which it was made.
		let held_back = Voucher { valid_until: 1, ..book.voucher() };
		assert_ok!(settle(vec![settlement(&held_back, vec![book.records(0..20)])]));
		assert_eq!(sources(), [(0, 1), (1, 1)]);
	});
}

/// Nor can it be held back for longer than the window.
#[test]
fn calls_held_back_for_too_long() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 2);
		let voucher = Voucher { valid_until: 11, ..book.voucher() };
		let held_back = || vec![settlement(&voucher, vec![book.records(0..2)])];
		// What the session was promised stays, whatever the window is by now.
		SettlementWindow::set(5);
		System::set_block_number(52);
		assert_noop!(settle(held_back()), Error::<Test>::SettledTooLate);
		System::set_block_number(51);
		assert_ok!(settle(held_back()));
	});
}

/// Nor does a caller that extends the session shorten the time that the node was promised before.
#[test]
fn calls_that_an_extension_would_leave_unpaid() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 2);
		let voucher = Voucher { valid_until: 11, ..book.voucher() };
		SettlementWindow::set(5);
		assert_ok!(Metering::extend_session(signed(CALLER), session, 140));
		System::set_block_number(30);
		assert_ok!(settle(vec![settlement(&voucher, vec![book.records(0..1)])]));
		System::set_block_number(51);
		assert_ok!(settle(vec![settlement(&voucher, vec![book.records(1..2)])]));
	});
}

/// What is in force in a block is only known when that is over: until then it may be changed, and changed back.
#[test]
fn a_release_that_is_current_for_one_transaction() {
	run(|| {
		let session = open_session(DEPOSIT);
		let mut book = Book::new(session, 0);
		book.agreement.as_of = System::block_number();
		book.call(record(1));
		// The friend's release is made the current one, calls are settled, and it is taken back.
		Releases::set(BTreeMap::from([(0, 1), (1, 2)]));
		assert_noop!(settle(vec![book.settlement()]), Error::<Test>::WrongAsOf);
		Releases::set(BTreeMap::from([(0, 1)]));
		System::set_block_number(2);
		assert_ok!(settle(vec![book.settlement()]));
		assert_eq!(sources(), [(0, 1), (1, 1)]);
	});
}

/// A caller and a node that would rather pay a friend choose the block in which the friend was owner: before
/// the session, to come, or long before somebody else took over.
#[test]
fn a_block_that_was_chosen_for_a_friend() {
	run(|| {
		Models::change(MODEL, |model| {
			model.payees = BTreeMap::from([(0, STRANGER), (20, DEVELOPER), (90, STRANGER)]);
		});
		System::set_block_number(25);
		let session = open_session(DEPOSIT);
		System::set_block_number(60);
		let as_of = |lane, as_of, valid_until| {
			let mut book = Book::new(session, lane);
			book.agreement.as_of = as_of;
			book.call(record(1));
			let voucher = Voucher { valid_until, ..book.voucher() };
			vec![settlement(&voucher, vec![book.records(0..1)])]
		};
		for bad in [0, 19, 23, 60, 61, 95, u32::MAX] {
			assert_noop!(settle(as_of(0, bad, 60)), Error::<Test>::WrongAsOf);
		}
		// In block 90 it will be another's, as everybody knows: 15 blocks longer, and no more.
		assert_noop!(settle(as_of(0, 30, 106)), Error::<Test>::OutlivesTerms);
		assert_noop!(settle(as_of(0, 30, u32::MAX)), Error::<Test>::OutlivesTerms);
		let before = balance(DEVELOPER);
		assert_ok!(settle(as_of(0, 30, 105)));
		assert!(balance(DEVELOPER) > before);

		// From then on, only what could be served by then is paid to the one before.
		System::set_block_number(106);
		let (developer, stranger) = (balance(DEVELOPER), balance(STRANGER));
		assert_noop!(settle(as_of(1, 89, 106)), Error::<Test>::OutlivesTerms);
		assert_ok!(settle(as_of(1, 89, 105)));
		assert_ok!(settle(as_of(2, 90, 1_000)));
		assert!(balance(DEVELOPER) > developer && balance(STRANGER) > stranger);
		let payees: Vec<_> =
			settled_lanes().into_iter().map(|(header, _)| header.developer_payee).collect();
		assert_eq!(payees, [DEVELOPER, DEVELOPER, STRANGER].map(account));
	});
}

/// A voucher outlives a change of release as little as one of owner.
#[test]
fn a_release_that_is_replaced_ends_the_lane() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 1);
		let valid = |valid_until| {
			let voucher = Voucher { valid_until, ..book.voucher() };
			vec![settlement(&voucher, vec![book.records(0..1)])]
		};
		assert_ok!(settle(valid(1_000_000)));
		Releases::set(BTreeMap::from([(0, 1), (10, 2)]));
		let mut book = book.clone();
		book.call(record(2));
		let valid = |valid_until| {
			let voucher = Voucher { valid_until, ..book.voucher() };
			vec![settlement(&voucher, vec![book.records(1..2)])]
		};
		assert_noop!(settle(valid(26)), Error::<Test>::OutlivesTerms);
		assert_ok!(settle(valid(25)));
	});
}

/// Whatever else is agreed on: the first settlement of a lane says for how long as it lives.
#[test]
fn a_lane_settled_under_two_agreements() {
	run(|| {
		let session = open_session(DEPOSIT);
		System::set_block_number(3);
		let first = Book::with_calls(session, 0, 1);
		assert_ok!(settle(vec![first.settlement()]));
		let changes: [fn(&mut Agreement); 6] = [
			|agreement| agreement.model = OTHER_MODEL,
			|agreement| agreement.version = 1,
			|agreement| agreement.price_version = FREE,
			|agreement| agreement.as_of -= 1,
			|agreement| agreement.evidence = Evidence::Sealed,
			|agreement| agreement.own_price = Some(price(PRICE)),
		];
		let agreed = first.agreement.hash();
		for (lane, change) in (1..).zip(changes) {
			let mut other = first.clone();
			change(&mut other.agreement);
			other.call(record(2));
			assert_noop!(settle(vec![other.settlement()]), Error::<Test>::OtherAgreement);
			// Nor within one extrinsic.
			let (one, two) = (Book { lane, ..first.clone() }, Book { lane, ..other });
			System::reset_events();
			assert_ok!(settle(vec![one.settlement(), two.settlement()]));
			let reason = Error::<Test>::OtherAgreement.into();
			System::assert_has_event(Event::LaneRejected { session, lane, reason }.into());
			assert_eq!(settled_lanes().len(), 1);
			assert_eq!(Lanes::<Test>::get(session, lane).unwrap().agreement, agreed);
		}
		assert_eq!(Lanes::<Test>::get(session, 0).unwrap().agreement, agreed);
		assert_eq!(Sessions::<Test>::get(session).unwrap().settled, 7 * call_charge());
	});
}

/// The second time, there is nothing left of it.
#[test]
fn the_same_lane_twice_in_one_extrinsic() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 3);
		assert_ok!(settle(vec![book.settlement(), book.settlement(), book.settlement()]));
		let reason = Error::<Test>::SequenceNotRising.into();
		System::assert_has_event(Event::LaneRejected { session, lane: 0, reason }.into());
		assert_eq!(settled_lanes().len(), 1);
		assert_eq!(held(CALLER), DEPOSIT - 3 * call_charge());
		assert_eq!(held_for_lanes(NODE), LANE_PLACE);

		// The own call does not come twice either, and no earlier voucher takes it back.
		let book = Book::with_calls(session, 1, 3);
		let own = settlement(&book.voucher(), vec![records(vec![record(4)])]);
		System::reset_events();
		assert_ok!(settle(vec![own.clone(), own, book.settlement()]));
		let reason = Error::<Test>::VoucherNotNewer.into();
		System::assert_has_event(Event::LaneRejected { session, lane: 1, reason }.into());
		assert_eq!(settled_lanes().len(), 1);
		assert_eq!(held(CALLER), DEPOSIT - 4 * call_charge());
	});
}

#[test]
fn one_bad_lane_among_64() {
	run(|| {
		let session = open_session(DEPOSIT);
		let mut lanes: Vec<_> =
			(0..64).map(|lane| Book::with_calls(session, lane, 1).settlement()).collect();
		lanes[30].signature = sign(STRANGER, &Book::with_calls(session, 30, 1).voucher());
		assert_ok!(settle(lanes));
		assert_eq!(settled_lanes().len(), 63);
		assert_eq!(held(CALLER), DEPOSIT - 63 * call_charge());
		assert_eq!(held_for_lanes(NODE), 63 * LANE_PLACE);
		assert!(!Lanes::<Test>::contains_key(session, 30));
	});
}

/// Each lane's voucher is good for the whole deposit, and all together for no more than that, in one
/// extrinsic as in many.
#[test]
fn a_session_drained_by_its_lanes() {
	run(|| {
		let charge = call_charge();
		let (session, other) = (open_session(3 * charge + 7), open_session(DEPOSIT));
		let lanes: Vec<_> =
			(0..5).map(|lane| Book::with_calls(session, lane, 2).settlement()).collect();
		assert_ok!(settle(lanes));
		assert_eq!(held(CALLER), 7 + DEPOSIT);
		let paid: Vec<_> =
			settled_lanes().iter().map(|(header, _)| (header.lane, header.items)).collect();
		assert_eq!(paid, [(0, 2), (1, 1)]);
		let reason = RejectReason::DepositExhausted;
		System::assert_has_event(
			Event::RecordRejected { session, lane: 1, sequence: 2, reason }.into(),
		);
		let reason = Error::<Test>::DepositExhausted.into();
		System::assert_has_event(Event::LaneRejected { session, lane: 4, reason }.into());
		assert_eq!(Sessions::<Test>::get(other).unwrap().settled, 0);
	});
}

/// A hot key's limit is that of its session, over however many lanes.
#[test]
fn a_hot_key_that_spends_on_many_lanes() {
	run(|| {
		let charge = call_charge();
		let session = open_session_with_limit(DEPOSIT, 3 * charge);
		let lanes: Vec<_> =
			(0..4).map(|lane| Book::with_calls(session, lane, 2).settlement()).collect();
		assert_ok!(settle(lanes));
		assert_eq!(held(CALLER), DEPOSIT - 3 * charge);
		let reason = Error::<Test>::AboveSpendingLimit.into();
		System::assert_has_event(Event::LaneRejected { session, lane: 3, reason }.into());
		// The caller's own key is not bound by it.
		let book = Book::with_calls(session, 9, 1);
		let own = settlement_by(CALLER, &book.voucher(), vec![book.records(0..1)]);
		assert_ok!(settle(vec![own]));
		assert_eq!(Sessions::<Test>::get(session).unwrap().spent, 3 * charge);
	});
}

/// A planck less than others get of the list price is too little, a planck above it too much.
#[test]
fn an_own_price_at_the_cost_of_others() {
	run(|| {
		let session = open_session(DEPOSIT);
		let list = price(PRICE);
		// The node gets 25% of what the protocol leaves of it, which is 95%.
		let others = |price: Balance| (price * 7_625).div_ceil(10_000);
		let least = PriceSchedule {
			per_call: others(list.per_call),
			per_input_token: others(list.per_input_token),
			per_cached_input_token: others(list.per_cached_input_token),
			per_output_token: others(list.per_output_token),
		};
		let changes: [fn(&mut PriceSchedule); 4] = [
			|price| price.per_call -= 1,
			|price| price.per_input_token -= 1,
			|price| price.per_cached_input_token -= 1,
			|price| price.per_output_token -= 1,
		];
		let at = |lane, own| {
			let mut book = Book::new(session, lane);
			book.agreement.own_price = Some(own);
			book.call(record(1));
			vec![book.settlement()]
		};
		for change in changes {
			let mut own = least;
			change(&mut own);
			assert_noop!(settle(at(0, own)), Error::<Test>::OwnPriceRefused);
		}
		for own in [
			PriceSchedule { per_call: list.per_call + 1, ..list },
			PriceSchedule { per_input_token: list.per_input_token + 1, ..list },
			PriceSchedule { per_cached_input_token: list.per_cached_input_token + 1, ..list },
			PriceSchedule { per_output_token: list.per_output_token + 1, ..list },
			PriceSchedule::default(),
		] {
			assert_noop!(settle(at(0, own)), Error::<Test>::OwnPriceRefused);
		}
		// A cached token that is dearer than another.
		let cached = PriceSchedule { per_cached_input_token: list.per_input_token, ..list };
		Models::change(MODEL, |model| {
			model.prices.insert(CURRENT, Ok(cached));
		});
		let own = PriceSchedule { per_input_token: least.per_input_token, ..cached };
		assert_noop!(settle(at(0, own)), Error::<Test>::OwnPriceRefused);
		Models::change(MODEL, |model| {
			model.prices.insert(CURRENT, Ok(list));
		});
		assert_ok!(settle(at(0, least)));
		assert_ok!(settle(at(1, list)));
	});
}

/// No more can be settled at once than can be disputed.
#[test]
fn more_records_than_disputes_are_kept_of() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 260);
		let parts = |records, run: std::ops::Range<u32>| {
			let parts = vec![book.records(0..records / 2), book.records(records / 2..records)];
			parts.into_iter().chain([book.run(run)]).collect()
		};
		let many = settlement(&book.voucher(), parts(257, 257..258));
		assert_noop!(settle(vec![many.clone()]), Error::<Test>::TooManyRecords);
		// A run is not disputed.
		assert_ok!(settle(vec![settlement(&book.voucher(), parts(256, 256..260))]));
		assert_eq!(settled_lanes()[0].0.items, 257);
		let all = proven();
		assert_eq!(all.len(), 257);
		assert!(all.iter().filter(|of| matches!(of.item, SettledItem::Call(_))).count() <= 256);
		// It is refused alone.
		System::reset_events();
		assert_ok!(settle(vec![many, Book::with_calls(session, 1, 1).settlement()]));
		let reason = Error::<Test>::TooManyRecords.into();
		System::assert_has_event(Event::LaneRejected { session, lane: 0, reason }.into());
	});
}

/// More than its voucher authorises is not paid in parts either.
#[test]
fn parts_that_add_up_to_more() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 4);
		let parts = vec![
			book.records(0..3),
			book.records(0..4),
			book.run(0..4),
			book.run(3..4),
			records(vec![record(5), record(5)]),
			records(vec![record(5)]),
			records(vec![record(6)]),
		];
		assert_ok!(settle(vec![settlement(&book.voucher(), parts)]));
		assert_eq!(held(CALLER), DEPOSIT - 5 * call_charge());
		let (header, _) = settled_lanes().remove(0);
		assert_eq!((header.items, header.rejected), (5, 8));
	});
}
