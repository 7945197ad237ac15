//! Runs of calls that are settled by their sums.

use super::*;
use crate::{Error, Lanes, Roots};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives::lane::SettledRun;

/// Sequences of calls with and without entries, one a call.
fn mixed(session: SessionId, calls: &[bool]) -> Book {
	let mut book = Book::new(session, 0);
	for (sequence, has_entries) in (1..).zip(calls) {
		if *has_entries {
			book.call(attributed(sequence, &[(3, 2_500)]));
		} else {
			book.call(record(sequence));
		}
	}
	book
}

fn rejected_run(first_sequence: Sequence, last_sequence: Sequence, reason: RejectReason) {
	let event = Event::RunRejected { session: 0, lane: 0, first_sequence, last_sequence, reason };
	System::assert_has_event(event.into());
}

#[test]
fn a_run_costs_what_its_calls_do() {
	run(|| {
		let session = open_session(DEPOSIT);
		let mut book = Book::with_calls(session, 0, 100);
		book.call(CallRecord { cached_tokens: 7, retrieved_tokens: 2, ..record(105) });
		let totals = book.list.totals();

		assert_ok!(settle(vec![settlement(&book.voucher(), vec![book.run(0..101)])]));

		let (header, items) = settled_lanes().remove(0);
		let [SettledItem::Run(run)] = items.as_slice() else { panic!("{items:?}") };
		let SettledRun { first_sequence, last_sequence, count, acknowledged_root, .. } = *run;
		assert_eq!((first_sequence, last_sequence, count), (1, 105, 101));
		assert_eq!((run.totals, acknowledged_root), (totals, book.list.root()));
		assert_eq!((header.sequence, header.items, header.charged), (105, 1, totals.charge));
		assert_eq!(held(CALLER), DEPOSIT - totals.charge);
		let root = Roots::<Test>::get((session, 0, 105)).unwrap();
		assert_eq!((root.items, root.charged), (1, totals.charge));
	});
}

/// Calls with entries one by one, the others by their sums, all with one voucher.
#[test]
fn runs_and_records_take_turns() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = mixed(session, &[false, false, true, false, false, false, true, false]);
		let parts = vec![
			book.run(0..2),
			book.records(2..3),
			book.run(3..6),
			book.records(6..7),
			book.run(7..8),
			records(vec![record(9)]),
		];

		assert_ok!(settle(vec![settlement(&book.voucher(), parts)]));

		let (header, items) = settled_lanes().remove(0);
		let sequences: Vec<_> = items.iter().map(SettledItem::last_sequence).collect();
		assert_eq!(sequences, [2, 3, 6, 7, 8, 9]);
		assert_eq!((header.items, header.rejected), (6, 0));
		assert_eq!(Lanes::<Test>::get(session, 0).unwrap().settled, 9 * call_charge());
	});
}

#[test]
fn a_lane_is_settled_in_parts_by_several_vouchers() {
	run(|| {
		let session = open_session(DEPOSIT);
		let mut book = Book::with_calls(session, 0, 3);
		assert_ok!(settle(vec![settlement(&book.voucher(), vec![book.run(0..2)])]));
		for sequence in 4..=9 {
			book.call(record(sequence));
		}
		System::reset_events();
		let twice = || {
			let first = settlement(&book.voucher(), vec![book.run(2..5)]);
			let second = settlement(&book.voucher(), vec![book.run(5..9)]);
			vec![first, second]
		};
		assert_ok!(settle(twice()));

		assert_eq!(settled_lanes().len(), 2);
		assert_eq!(Lanes::<Test>::get(session, 0).unwrap().settled, 9 * call_charge());
		assert_noop!(settle(twice()), Error::<Test>::BadRun);
	});
}

#[test]
fn a_run_in_the_wrong_place_is_rejected_alone() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 6);
		let voucher = book.voucher();
		// What comes before it is missing; it comes again; it overlaps.
		let parts = vec![
			book.run(2..4),
			book.run(0..2),
			book.run(0..2),
			book.run(1..3),
			book.run(2..4),
			book.records(3..5),
			book.run(4..6),
			book.run(5..6),
		];

		assert_ok!(settle(vec![settlement(&voucher, parts)]));

		rejected_run(3, 4, RejectReason::BadRun);
		rejected_run(1, 2, RejectReason::BadRun);
		rejected_run(2, 3, RejectReason::BadRun);
		rejected_run(5, 6, RejectReason::BadRun);
		let (header, items) = settled_lanes().remove(0);
		let sequences: Vec<_> = items.iter().map(SettledItem::last_sequence).collect();
		assert_eq!(sequences, [2, 4, 5, 6]);
		// Four runs, and the record of a call that a run had settled.
		assert_eq!(header.rejected, 5);
		assert_eq!(Lanes::<Test>::get(session, 0).unwrap().settled, 6 * call_charge());
	});
}

/// A leaf that says anything else than what was acknowledged is no leaf of the list.
#[test]
fn a_run_that_differs_by_one_is_refused() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 8);
		let voucher = book.voucher();
		let changes: [fn(&mut AggregateProof); 13] = [
			|proof| proof.to.as_mut().unwrap().totals.charge += 1,
			|proof| proof.to.as_mut().unwrap().totals.charge -= 1,
			|proof| proof.to.as_mut().unwrap().totals.output_tokens += 1,
			|proof| proof.to.as_mut().unwrap().totals.cached_tokens += 1,
			|proof| proof.to.as_mut().unwrap().totals.calls += 1,
			|proof| proof.to.as_mut().unwrap().sequence += 1,
			|proof| proof.to.as_mut().unwrap().statement = Hash::zero(),
			|proof| proof.next.totals.charge -= 1,
			|proof| proof.from = None,
			|proof| proof.from.as_mut().unwrap().totals.charge -= 1,
			|proof| proof.count += 1,
			|proof| proof.peaks = vec![Hash::zero()].try_into().unwrap(),
			|proof| {
				proof.hashes.pop();
			},
		];
		let settled = settlement(&voucher, vec![book.run(0..3)]);
		assert_ok!(settle(vec![settled]));
		for change in changes {
			let mut proof = book.proof(3..7);
			change(&mut proof);
			let bad = settlement(&voucher, vec![Part::Run(proof)]);
			assert_noop!(settle(vec![bad]), Error::<Test>::BadRun);
		}
		assert_ok!(settle(vec![settlement(&voucher, vec![book.run(3..7)])]));
	});
}

/// Even if the caller has acknowledged that a call cost a planck more or less than its tokens do.
#[test]
fn a_run_costs_what_the_lanes_price_gives() {
	run(|| {
		let session = open_session(DEPOSIT);
		let changes: [fn(&mut Totals); 4] = [
			|totals| totals.charge += 1,
			|totals| totals.charge -= 1,
			|totals| totals.output_tokens += 1,
			|totals| totals.cached_tokens += 1,
		];
		for (lane, change) in (0..).zip(changes) {
			let mut book = Book::with_calls(session, lane, 1);
			let mut totals = book.statement(&record(2)).totals();
			change(&mut totals);
			book.call_stated(record(2), totals);
			let voucher = Voucher { authorised: DEPOSIT, ..book.voucher() };
			let bad = settlement(&voucher, vec![book.run(0..2)]);
			assert_noop!(settle(vec![bad]), Error::<Test>::RunPriceMismatch);
			// What of it is right can still be settled.
			assert_ok!(settle(vec![settlement(&voucher, vec![book.run(0..1)])]));
		}
	});
}

#[test]
fn calls_with_entries_are_not_settled_by_sums() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = mixed(session, &[false, true, false, true]);
		let voucher = book.voucher();
		for places in [0..2, 0..3, 0..4] {
			let bad = settlement(&voucher, vec![book.run(places)]);
			assert_noop!(settle(vec![bad]), Error::<Test>::RunHasEntries);
		}
		let parts = vec![book.run(0..1), book.run(1..3), book.records(1..2), book.run(2..3)];
		assert_ok!(settle(vec![settlement(&voucher, parts)]));
		rejected_run(2, 3, RejectReason::RunHasEntries);
		assert_eq!(Lanes::<Test>::get(session, 0).unwrap().sequence, 3);
	});
}

#[test]
fn a_run_is_of_what_this_voucher_acknowledges() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 5);
		let mut more = book.clone();
		more.call(record(6));
		// Of a list that the voucher does not know yet, or does not know any more.
		for (voucher, run) in [(book.voucher(), more.run(0..5)), (more.voucher(), book.run(0..5))] {
			let bad = settlement(&voucher, vec![run]);
			assert_noop!(settle(vec![bad]), Error::<Test>::BadRun);
		}
		let other = Voucher { acknowledged_root: Hash::zero(), ..book.voucher() };
		assert_noop!(settle(vec![settlement(&other, vec![book.run(0..5)])]), Error::<Test>::BadRun);
		// The voucher's own call has not been acknowledged by it.
		let early = Voucher { sequence: 5, ..book.voucher() };
		assert_noop!(
			settle(vec![settlement(&early, vec![book.run(0..5)])]),
			Error::<Test>::SequenceBeyondVoucher
		);
		let less = Voucher { acknowledged: book.charge() - 1, ..book.voucher() };
		assert_noop!(
			settle(vec![settlement(&less, vec![book.run(0..5)])]),
			Error::<Test>::AboveAcknowledged
		);
		assert_ok!(settle(vec![book.settlement()]));
	});
}

/// What was settled for more than was acknowledged of it is missing later.
#[test]
fn records_that_cost_more_leave_less_for_runs() {
	run(|| {
		let session = open_session(DEPOSIT);
		let book = Book::with_calls(session, 0, 4);
		let voucher = book.voucher();
		let dearer = CallRecord { output_tokens: 24, ..record(1) };
		let parts = vec![records(vec![dearer]), book.run(1..4), book.run(1..3)];

		assert_ok!(settle(vec![settlement(&voucher, parts)]));

		rejected_run(2, 4, RejectReason::AboveAcknowledged);
		let lane = Lanes::<Test>::get(session, 0).unwrap();
		assert_eq!(lane.sequence, 3);
		assert!(lane.settled <= voucher.acknowledged);
	});
}

#[test]
fn a_run_fits_what_is_left() {
	run(|| {
		let charge = call_charge();
		let session = open_session_with_limit(5 * charge, 3 * charge);
		let book = Book::with_calls(session, 0, 6);
		let by = |seed, places| settlement_by(seed, &book.voucher(), vec![book.run(places)]);

		assert_noop!(settle(vec![by(SIGNER, 0..4)]), Error::<Test>::AboveSpendingLimit);
		assert_noop!(settle(vec![by(CALLER, 0..6)]), Error::<Test>::DepositExhausted);
		assert_ok!(settle(vec![by(CALLER, 0..1)]));
		assert_ok!(settle(vec![by(SIGNER, 1..4)]));
		assert_noop!(settle(vec![by(SIGNER, 4..5)]), Error::<Test>::AboveSpendingLimit);
		assert_ok!(settle(vec![by(CALLER, 4..5)]));
		assert_eq!(held(CALLER), 0);
	});
}
